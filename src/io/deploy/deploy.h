/* Graphs as C: what the parts share. */
#ifndef TP_IO_DEPLOY_DEPLOY_H
#define TP_IO_DEPLOY_DEPLOY_H

#include <stdio.h>
#include <taper/deploy.h>

#include "io/deploy/functions.h"
#include "io/graph/trace.h"

typedef struct tp_deploy {
    tp_location at;
    const tp_export_c_args *args;
    const tp_graph *graph;
    int *root;       /* by value: the one whose memory it shares */
    int64_t *offset; /* by root: in the buffer; -1: not there, -2: the input, -3: the output */
    int64_t room;    /* elements of the buffer */
    int64_t bytes;   /* of the int8 buffer */
    float *scale;    /* by value: of its int8 form; 0: not needed */
    FILE *data, *body;
    uint64_t functions, unaries; /* that are needed: bits */
    int arrays;
    int *array; /* by value: the array that holds a constant; -1: none yet */
    bool failed;
} tp_deploy;

/* ---- plan.c ---- */

/* Finds out who shares memory with whom and where everything lies. False after an error. */
bool tp_deploy_plan(tp_deploy *d);
int64_t tp_deploy_count(const tp_deploy *d, int value);
/* "input", "output" or "work + 784"; a tp_text. */
const char *tp_deploy_place(const tp_deploy *d, int value);

/* Whether a value is a constant: a parameter, a number, or such a thing in another shape. */
bool tp_deploy_constant(const tp_deploy *d, int value);

/* ---- steps.c ---- */

/* Writes the calls of the body, and the arrays that they need. False after an error. */
bool tp_deploy_steps(tp_deploy *d);
void tp_deploy_refuse(tp_deploy *d, const tp_graph_node *node, const char *why);

/* ---- arrays.c: each gives back the number of the array in the file, "a3" ---- */

int tp_deploy_floats(tp_deploy *d, const float *values, int64_t count);
int tp_deploy_bytes(tp_deploy *d, const int8_t *values, int64_t count);
int tp_deploy_ints(tp_deploy *d, const int64_t *values, int64_t count);
/* The values of a constant. NULL after an error, reported: some are not finite, or it is no constant. Freed by tp_delete(). */
float *tp_deploy_values(tp_deploy *d, const tp_graph_node *node, int value);
void tp_deploy_print_floats(FILE *to, const float *values, int64_t count);

/* ---- int8.c ---- */

/* Runs the calibration and fills scale. False after an error. */
bool tp_deploy_calibrate(tp_deploy *d);
/* A Conv or Gemm in int8, already checked: `call` is printed between the quantised input and the scales. */
typedef struct tp_deploy_product {
    const tp_graph_node *node;
    const float *weight, *bias;
    int64_t outputs, each; /* weights (outputs, each) */
    const char *sizes;     /* arguments of the function behind the arrays */
    tp_deploy_function function;
    const char *name;
} tp_deploy_product;
void tp_deploy_int8(tp_deploy *d, const tp_deploy_product *p);

#endif
