/* Graphs as C: what the parts share. */
#ifndef TP_IO_DEPLOY_DEPLOY_H
#define TP_IO_DEPLOY_DEPLOY_H

#include <stdio.h>
#include <taper/deploy.h>

#include "io/graph/trace.h"

/* Functions that the file may need, in the order in which they stand in it; see functions.c. */
typedef enum tp_deploy_function {
    TP_DEPLOY_BITS,
    TP_DEPLOY_EXP_MINUS,
    TP_DEPLOY_EXP,
    TP_DEPLOY_EXP_LANES,
    TP_DEPLOY_LOG_LANES,
    TP_DEPLOY_CONV,
    TP_DEPLOY_DENSE,
    TP_DEPLOY_MAX_POOL,
    TP_DEPLOY_AVERAGE_POOL,
    TP_DEPLOY_GLOBAL_AVERAGE,
    TP_DEPLOY_GLOBAL_MAX,
    TP_DEPLOY_SCALE_SHIFT,
    TP_DEPLOY_RELU,
    TP_DEPLOY_LEAKY_RELU,
    TP_DEPLOY_CLIP,
    TP_DEPLOY_HARD_SWISH,
    TP_DEPLOY_HARD_SIGMOID,
    TP_DEPLOY_SIGMOID,
    TP_DEPLOY_SIGMOID_FUSED,
    TP_DEPLOY_TANH,
    TP_DEPLOY_TANH_FUSED,
    TP_DEPLOY_ADD,
    TP_DEPLOY_MULTIPLY,
    TP_DEPLOY_COPY,
    TP_DEPLOY_SOFTMAX,
    TP_DEPLOY_LOG_SOFTMAX,
    TP_DEPLOY_QUANTIZE,
    TP_DEPLOY_CONV_INT8,
    TP_DEPLOY_DENSE_INT8,
    TP_DEPLOY_FUNCTIONS
} tp_deploy_function;

/* Writes those whose bits are set, and those that they need. */
void tp_deploy_functions(FILE *to, uint64_t wanted);

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
    uint64_t functions;
    int arrays;
    bool failed;
} tp_deploy;

/* ---- plan.c ---- */

/* Finds out who shares memory with whom and where everything lies. False after an error. */
bool tp_deploy_plan(tp_deploy *d);
int64_t tp_deploy_count(const tp_deploy *d, int value);
/* "input", "output" or "work + 784"; a tp_text. */
const char *tp_deploy_place(const tp_deploy *d, int value);

/* ---- steps.c ---- */

/* Writes the calls of the body, and the arrays that they need. False after an error. */
bool tp_deploy_steps(tp_deploy *d);
void tp_deploy_refuse(tp_deploy *d, const tp_graph_node *node, const char *why);

/* ---- arrays.c: each gives back the number of the array in the file, "a3" ---- */

int tp_deploy_floats(tp_deploy *d, const float *values, int64_t count);
int tp_deploy_bytes(tp_deploy *d, const int8_t *values, int64_t count);
/* The values of a constant; false where some are not finite. NULL after an error, reported. Freed by tp_delete(). */
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
