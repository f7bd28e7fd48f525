/* A graph from a forward pass: the model is run twice, on batches of different sizes, with every operation recorded. Sizes that differ
 * between the runs are those that depend on the batch; a number that differs otherwise comes from something that was not recorded,
 * and is refused. */
#ifndef TP_IO_GRAPH_TRACE_H
#define TP_IO_GRAPH_TRACE_H

#include "autograd/node.h"
#include "io/graph/graph.h"

/* Options of tp_trace_module. */
typedef struct tp_trace_args {
    tp_location at;
    const char *op; /* for errors */
    tp_module *module;
    tp_shape sample; /* of the input without the batch */
    tp_dtype dtype;  /* of the input; zero: float32 */
    int64_t batch;   /* above 0: this size alone, which the graph then insists on */
    bool whole;      /* for our own writer: operations that ONNX lacks stay one node, see whole.h */
    const char *input_name, *output_name;
} tp_trace_args;

/* The graph of the module in evaluation mode; parameters and buffers stay the module's own, so that it must not outlive it. NULL after an error: ARGUMENT, UNSUPPORTED, MEMORY. */
tp_graph *tp_trace_module(const tp_trace_args *args);

/* What the module gives for x in evaluation mode; its modes are afterwards as they were. */
tp_tensor *tp_trace_evaluate(tp_location at, tp_module *module, tp_tensor *x);

/* ---- for the emitters: one recorded node at a time becomes one or several of the graph ---- */

typedef struct tp_trace {
    const tp_trace_args *args;
    tp_graph *graph;
    const tp_node *node, *twin;    /* of the first run, and the same in the second */
    tp_named_list state;           /* of the module */
    struct tp_trace_place *places; /* values by tensor of the first run */
    size_t place_count, place_room;
    int temporaries;
    bool failed; /* reported */
} tp_trace;

/* Turns trace->node into nodes of the graph. */
typedef void (*tp_emitter)(tp_trace *trace);
/* NULL where this operation cannot be said. */
tp_emitter tp_emitter_of(const tp_op *op);

/* A value under this name, or one like it that is free; -1 after an error. */
int tp_trace_fresh(tp_trace *trace, const char *stem);
/* Notes that a tensor of the first run is that value. */
void tp_trace_put(tp_trace *trace, const tp_tensor *tensor, int value);
/* The value of an input or result of the node; -1 for an input that is not there, and after an error. */
int tp_trace_in(tp_trace *trace, int i);
int tp_trace_out(tp_trace *trace, int i);
/* A value between two nodes of the graph; and one of the shape of the first result. */
int tp_trace_between(tp_trace *trace);
int tp_trace_before_result(tp_trace *trace);
/* Says that a result is the same as a value that is there. */
void tp_trace_same(tp_trace *trace, int i, int value);
/* Constants: a list of whole numbers (n), or one number in the type of the node's first input. */
int tp_trace_list(tp_trace *trace, const int64_t *numbers, size_t count);
int tp_trace_number(tp_trace *trace, double number);
/* A list of float32 (n). */
int tp_trace_reals(tp_trace *trace, const float *numbers, size_t count);
/* The same number everywhere, in the type of the node's first input. */
int tp_trace_filled(tp_trace *trace, tp_shape shape, double number);
/* A tensor of indices that the node saved: the model's input, or constants. */
int tp_trace_index(tp_trace *trace, tp_tensor *index, const tp_tensor *twin);
/* node->integer[i] and number[i], which must not depend on the batch. */
int64_t tp_trace_integer(tp_trace *trace, int i);
double tp_trace_real(tp_trace *trace, int i);
/* The shape of a tensor, sizes that depend on the batch being -1. */
tp_shape tp_trace_shape(tp_trace *trace, const tp_tensor *x, const tp_tensor *twin);
/* Reports that the node cannot be said, once. */
void tp_trace_refuse(tp_trace *trace, const char *why);

/* Adds a node with these inputs (-1 at the end are left out) and one result. NULL after an error. */
tp_graph_node *tp_trace_add(tp_trace *trace, const char *op, size_t inputs, const int *input,
                            int output);
#define TP_TRACE_ADD(trace, op, output, ...)                                  \
    tp_trace_add(trace, op, sizeof((const int[]){__VA_ARGS__}) / sizeof(int), \
                 (const int[]){__VA_ARGS__}, output)
/* Adds an attribute; does nothing where node is NULL. */
void tp_trace_int(tp_trace *trace, tp_graph_node *node, const char *name, int64_t value);
void tp_trace_float(tp_trace *trace, tp_graph_node *node, const char *name, double value);
void tp_trace_text(tp_trace *trace, tp_graph_node *node, const char *name, const char *value);
void tp_trace_ints(tp_trace *trace, tp_graph_node *node, const char *name, const int64_t *values,
                   size_t count);

#endif
