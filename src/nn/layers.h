/* Layers that containers know more about than tp_module says, to run several as one operation. */
#ifndef TP_NN_LAYERS_H
#define TP_NN_LAYERS_H

#include <taper/ops/matmul.h>

#include "nn/module.h"

typedef struct tp_linear_layer {
    tp_module base;
    tp_tensor *weight, *bias; /* (out, in), (out) or NULL */
    int64_t in_features, out_features;
    tp_activation activation; /* what the container wants applied in the same pass, for the call
                                 under way only */
    double negative_slope;
} tp_linear_layer;

tp_tensor *tp_linear_layer_forward(tp_module *module, tp_tensor *x);

typedef enum tp_activation_kind {
    TP_LAYER_RELU,
    TP_LAYER_LEAKY_RELU,
    TP_LAYER_ELU,
    TP_LAYER_GELU,
    TP_LAYER_SILU,
    TP_LAYER_SOFTPLUS,
    TP_LAYER_SIGMOID,
    TP_LAYER_TANH,
    TP_LAYER_STEP,
    TP_LAYER_SOFTMAX,
    TP_LAYER_LOG_SOFTMAX
} tp_activation_kind;

typedef struct tp_activation_layer {
    tp_module base;
    tp_activation_kind kind;
    double a, b; /* slope, alpha, or beta and threshold; GELU: a not 0 for the tanh formula */
    int dim;
} tp_activation_layer;

tp_tensor *tp_activation_layer_forward(tp_module *module, tp_tensor *x);

/* Ends an intermediate value that only `next` needed, in a forward function; what backward needs of
 * it stays with the graph. Values that somebody keeps, and `next` itself, stay. */
static inline void tp_let_go(tp_tensor *value, const tp_tensor *next) {
    if (value != next && value->life == TP_ALIVE && value->owner == TP_OWNER_SCOPE) tp_free(value);
}

#endif
