/* Layers that containers know more about than tp_module says, to run several as one operation. */
#ifndef TP_NN_LAYERS_H
#define TP_NN_LAYERS_H

#include <taper/ops/conv.h>

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

/* conv1d, conv2d and their transposes. */
typedef struct tp_conv_layer {
    tp_module base;
    tp_tensor *weight,
        *bias; /* (out, in / groups, kernel), transposed (in, out / groups, kernel); (out) or NULL */
    int dims;
    int64_t in_channels, out_channels, groups;
    /* [0] is the height, [1] the width; a line has the latter only */
    int64_t kernel[2], stride[2], padding[2], dilation[2], output_padding[2];
    bool same;
    tp_pad_mode padding_mode;
    tp_activation activation; /* as in tp_linear_layer */
    double negative_slope;
    /* What else the container wants done in the same passes, for the call under way only: fuse.h. */
    struct tp_batch_norm_layer *norm;
    struct tp_pool_layer *pool;
    struct tp_folded_conv
        *folded; /* weights with a batch norm in them, see fused_conv.c; or NULL */
} tp_conv_layer;

/* Of the layers that can apply an activation in their own pass. */
tp_tensor *tp_conv_layer_forward(tp_module *module, tp_tensor *x);
/* The arguments of the operation for a conv2d layer. */
tp_conv2d_args tp_conv_layer_args(const tp_conv_layer *layer, tp_tensor *x);

/* Parameters "weight" and "bias" with PyTorch's default values: uniform in +-1/sqrt(fan_in), drawn from the thread's generator.
 * NULL after an error; then nothing is left of them. */
tp_tensor *tp_make_weight(tp_location at, tp_module *module, tp_shape shape, tp_dtype dtype);
tp_tensor *tp_make_bias(tp_location at, tp_module *module, int64_t features, int64_t fan_in,
                        tp_dtype dtype);

/* A tensor of one value as a parameter or a buffer; NULL after an error, and then nothing is left of it. */
tp_tensor *tp_make_constant(tp_location at, tp_module *module, const char *name, tp_shape shape,
                            double value, tp_dtype dtype, bool buffer);

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
    TP_LAYER_LOG_SOFTMAX,
    TP_LAYER_HARDTANH,
    TP_LAYER_THRESHOLD,
    TP_LAYER_SOFTSHRINK,
    TP_LAYER_HARDSHRINK,
    TP_LAYER_CELU,
    TP_LAYER_GLU,
    TP_LAYER_PLAIN /* a function without parameters: `run` */
} tp_activation_kind;

typedef struct tp_activation_layer {
    tp_module base;
    tp_activation_kind kind;
    double a, b; /* slope, alpha, or beta and threshold; GELU: a not 0 for the tanh formula */
    int dim;
    tp_tensor *(*run)(tp_location at, tp_tensor *x);
} tp_activation_layer;

tp_tensor *tp_activation_layer_forward(tp_module *module, tp_tensor *x);

/* a + b, and the activation behind it: in one operation where that can be and nobody looks at the sum. `activation` may be
 * NULL. */
tp_tensor *tp_residual_sum(tp_location at, tp_tensor *a, tp_tensor *b, tp_module *activation);

/* A sum of two branches; `activation` is what the container wants applied with the sum, for the call under way only. */
typedef struct tp_residual_layer {
    tp_module base;
    tp_module *body, *shortcut;
    tp_activation activation;
} tp_residual_layer;

tp_tensor *tp_residual_layer_forward(tp_module *module, tp_tensor *x);

/* Ends an intermediate value that only `next` needed, in a forward function; what backward needs of
 * it stays with the graph. Values that somebody keeps, and `next` itself, stay. */
static inline void tp_let_go(tp_tensor *value, const tp_tensor *next) {
    if (value != next && value->life == TP_ALIVE && value->owner == TP_OWNER_SCOPE) tp_free(value);
}

#endif
