/* A network as a graph of operators, with the meaning that ONNX gives them: what an .onnx file holds, what a recorded
 * forward pass is turned into, and what the writers of ONNX and C start from. */
#ifndef TP_IO_GRAPH_H
#define TP_IO_GRAPH_H

#include <taper/nn.h>

#include "io/arena.h"

/* Which form an attribute has; the numbers are ONNX's. */
typedef enum tp_graph_attribute_kind {
    TP_ATTRIBUTE_FLOAT = 1,
    TP_ATTRIBUTE_INT = 2,
    TP_ATTRIBUTE_STRING = 3,
    TP_ATTRIBUTE_TENSOR = 4,
    TP_ATTRIBUTE_GRAPH = 5, /* not read: operators with graphs inside are not supported */
    TP_ATTRIBUTE_FLOATS = 6,
    TP_ATTRIBUTE_INTS = 7,
    TP_ATTRIBUTE_STRINGS = 8 /* likewise */
} tp_graph_attribute_kind;

typedef struct tp_graph_attribute {
    const char *name;
    tp_graph_attribute_kind kind;
    float f;
    double exact; /* of a recorded option, before it became a float */
    int64_t i;
    const char *s;
    const float *floats;
    const int64_t *ints;
    size_t count; /* of floats or ints */
    tp_tensor *t; /* the graph's */
} tp_graph_attribute;

struct tp_graph_op;

typedef struct tp_graph_node {
    const char *op, *name, *domain;
    const struct tp_graph_op *row; /* how it is run; NULL: it cannot be */
    size_t inputs, outputs;
    int *input, *output; /* numbers of values; -1: left out */
    size_t attributes;
    tp_graph_attribute *attribute;
    bool folded; /* its results are constants already */
} tp_graph_node;

/* What a value is to the module. */
typedef enum tp_graph_role {
    TP_VALUE_COMPUTED,
    TP_VALUE_INPUT,
    TP_VALUE_PARAMETER, /* trained */
    TP_VALUE_BUFFER,    /* saved, not trained: running means and variances */
    TP_VALUE_CONSTANT
} tp_graph_role;

/* A size that is not known before a run. */
enum { TP_SIZE_UNKNOWN = -1 };

typedef struct tp_graph_value {
    const char *name;
    tp_graph_role role;
    tp_tensor *
        tensor; /* of parameters, buffers (owned by the module once there is one) and constants (owned by the graph) */
    bool owned; /* the graph ends the tensor */
    int last_use;   /* the last node that reads it; -1: none, or an output of the graph */
    bool described; /* an input or output with type and shape */
    int element;    /* ONNX's number of its type */
    tp_shape shape; /* ndim -1: not given; sizes may be TP_SIZE_UNKNOWN */
} tp_graph_value;

typedef struct tp_graph {
    tp_arena arena; /* texts and lists */
    const char *name, *producer, *producer_version;
    int64_t ir_version, opset;
    size_t value_count, value_room;
    tp_graph_value
        *values; /* numbers of values stay good, pointers to them only until the next is added */
    int *table;  /* of value numbers by hash of their names; -1: free */
    size_t table_size;
    size_t node_count, node_room;
    tp_graph_node *nodes; /* in an order in which they can run */
    size_t input_count, output_count;
    int *inputs, *outputs;
} tp_graph;

tp_graph *tp_graph_new(void); /* NULL when out of memory */
void tp_graph_end(tp_graph *graph);

/* The number of the value of that name, made where there is none; -1 when out of memory. */
int tp_graph_value_named(tp_graph *graph, const char *name);
/* The same without making one: -1 where there is none. */
int tp_graph_find(const tp_graph *graph, const char *name);
/* A node with room for so many inputs, outputs and attributes; NULL when out of memory. */
tp_graph_node *tp_graph_add_node(tp_graph *graph, const char *op, size_t inputs, size_t outputs,
                                 size_t attributes);
/* Makes a tensor the graph's own. */
tp_tensor *tp_graph_take(tp_graph *graph, int value, tp_tensor *tensor, tp_graph_role role);

/* ---- attributes: the value, or what stands for it where it is left out ---- */
const tp_graph_attribute *tp_graph_attribute_of(const tp_graph_node *node, const char *name);
int64_t tp_graph_int(const tp_graph_node *node, const char *name, int64_t otherwise);
double tp_graph_float(const tp_graph_node *node, const char *name, double otherwise);
const char *tp_graph_text(const tp_graph_node *node, const char *name, const char *otherwise);
/* NULL where it is left out. */
const int64_t *tp_graph_ints(const tp_graph_node *node, const char *name, size_t *count);

#endif
