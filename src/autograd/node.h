/* A recorded operation, and what its author needs: record in forward, save, and send in backward.
 *
 *     tp_tensor *out = ...;                                   forward
 *     tp_node *node = tp_record(at, &tp_op_mul, out, 2, (tp_tensor *[]){a, b});
 *     if (node) tp_save(node, a), tp_save(node, b);
 *     return out;
 *
 *     static void mul_backward(tp_node *node, tp_tensor *const *grads) {
 *         tp_tensor *a = tp_saved(node, 0), *b = tp_saved(node, 1);
 *         if (!a || !b) return;                               edited in place since: reported already
 *         if (tp_needs(node, 0)) tp_send(node, 0, tp_mul_at(node->at, grads[0], b));
 *         ...
 *     }
 */
#ifndef TP_AUTOGRAD_NODE_H
#define TP_AUTOGRAD_NODE_H

#include "tensor/tensor.h"

typedef struct tp_node tp_node;

enum { TP_MAX_SAVED = 8, TP_MAX_NUMBERS = 4, TP_MAX_INTEGERS = 12 };

/* A shape as the samples hold it: there are hundreds of them in the library. */
typedef struct tp_sample_shape {
    int16_t ndim, dims[TP_MAX_DIMS];
} tp_sample_shape;
static inline tp_shape tp_sample_shape_of(tp_sample_shape sample) {
    tp_shape shape = {.ndim = sample.ndim};
    for (int i = 0; i < shape.ndim; i++) shape.dims[i] = sample.dims[i];
    return shape;
}

/* One example on which the tests run an op: random inputs of these shapes in [low, high], see tests/test_ops.c. */
typedef struct tp_op_sample {
    int variant;              /* handed to apply, which may build options from it */
    int inputs;               /* how many shapes are used */
    tp_sample_shape shape[3]; /* use TP_SHAPE_OF(...) */
    double low, high;         /* range of the values; both 0: [-1, 1] */
    double apart; /* least distance between any two values (for max, sort, ...); 0: none */
} tp_op_sample;
/* The shape of a tensor without dimensions, which TP_SHAPE_OF() cannot say in C11. */
#define TP_SHAPE_SCALAR \
    {                   \
        0, { 0 }        \
    }
#define TP_SHAPE_OF(...)                                                                 \
    {                                                                                    \
        sizeof((const int64_t[]){0, __VA_ARGS__}) / sizeof(int64_t) - 1, { __VA_ARGS__ } \
    }

/* What is known about an op. ops.def lists all of them. */
typedef struct tp_op {
    const char *name; /* as the user writes it, without the prefix */
    /* Sends d(target)/d(input i) for each input that needs it. grads[k] is that of result k, NULL where nothing
     * came back to it. Runs without recording, in a scope of its own. NULL: not differentiable, for `reason`. */
    void (*backward)(tp_node *node, tp_tensor *const *grads);
    const char *reason;
    /* Runs the op on the inputs of a sample, in the form that `variant` says. */
    tp_tensor *(*apply)(tp_tensor *const *inputs, int variant);
    const tp_op_sample *samples; /* ended by one with inputs = 0 */
} tp_op;

typedef struct tp_saved_value {
    tp_tensor *tensor;
    uint32_t version;
    bool weak; /* a result of the node itself, which holds the node: only its bytes are counted */
} tp_saved_value;

struct tp_node {
    const tp_op *op;
    tp_location at;
    uint64_t sequence;
    struct tp_node *older, *newer; /* on the tape */
    struct tp_node *dying;         /* next in the queue of nodes to be freed */
    int refs;
    int n_inputs, n_outputs, n_saved;
    bool consumed; /* backward ran and gave back what was saved */
    bool shown;    /* graph.c: leads to the tensor that is printed */
    size_t bytes;
    tp_saved_value saved[TP_MAX_SAVED];
    double number[TP_MAX_NUMBERS];
    int64_t integer[TP_MAX_INTEGERS];
    void *extra; /* freed by free_extra */
    void (*free_extra)(void *extra);
    const char *module;  /* path of the layer that ran it, or NULL; lives as long as its model */
    tp_tensor **inputs;  /* held */
    tp_tensor **outputs; /* not held: a result clears its place when it ends */
    tp_tensor **grads;   /* of the results, held, NULL until something comes back */
};

/* Records op on the tape where recording is on and an input wants a gradient. NULL where not, and when out of memory:
 * that is reported, and out becomes poison. */
tp_node *tp_record(tp_location at, const tp_op *op, tp_tensor *out, int n,
                   tp_tensor *const *inputs);
/* For ops with several results. */
tp_node *tp_record_many(tp_location at, const tp_op *op, int n_outputs, tp_tensor *const *outputs,
                        int n, tp_tensor *const *inputs);
/* True where tp_record would record: lets an op save work otherwise. */
bool tp_would_record(int n, tp_tensor *const *inputs);
/* True for what wants a gradient: a leaf that asked or a result of a recorded op. */
static inline bool tp_differentiable(const tp_tensor *x) { return x->requires_grad || x->node; }

/* Keeps x's header and bytes until backward; slots count from 0. */
void tp_save(tp_node *node, tp_tensor *x);
/* What was saved, or NULL where it was edited in place since (reported). */
tp_tensor *tp_saved(tp_node *node, int slot);
/* True where input i wants a gradient. */
static inline bool tp_needs(const tp_node *node, int i) {
    return node->inputs[i] && tp_differentiable(node->inputs[i]);
}
/* Adds grad to that of input i. Shapes and types must match the input's. Poison stops backward. Do not change grad after. */
void tp_send(tp_node *node, int i, tp_tensor *grad);
/* Sums grad (the shape that broadcasting gave) down to the shape of input i, then sends it. */
void tp_send_unbroadcast(tp_node *node, int i, tp_tensor *grad);
/* Where a kernel can write the gradient of input i straight away, saving a pass: the leaf's own gradient buffer.
 * *accumulate says whether it must add to what is there or overwrite. NULL: make a tensor and tp_send it.
 * After a non-NULL answer the caller must write all of it. */
tp_tensor *tp_grad_target(tp_node *node, int i, bool *accumulate);

/* Gives back what was saved, after backward ran. */
void tp_node_consume(tp_node *node);
/* Reports the first NaN or Inf among results, in tp_set_detect_anomaly mode. */
void tp_anomaly_check(tp_location at, const char *op, int n, tp_tensor *const *results);
void tp_node_hold(tp_node *node);
void tp_node_release(tp_node *node);
/* A result ends: it no longer holds its node. */
void tp_node_forget_output(tp_tensor *x);

/* Counts an in-place edit of x; refuses (false, reported) to edit a leaf that wants a gradient while recording. */
bool tp_begin_edit(tp_location at, const char *op, tp_tensor *x);

#endif
