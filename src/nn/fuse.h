/* Layers that run as one operation with the one before them, where nobody looks at the value in between. */
#ifndef TP_NN_FUSE_H
#define TP_NN_FUSE_H

#include "nn/layers.h"

struct tp_batch_norm_layer;
struct tp_pool_layer;

/* What follows a layer and is computed with it. */
typedef struct tp_fusion {
    struct tp_batch_norm_layer *norm; /* behind a convolution; or NULL */
    tp_activation activation;
    double slope;
    struct tp_pool_layer *pool; /* a max pool at the end; or NULL */
} tp_fusion;

/* How many of `layers`, one at least, are one operation on x, and what those behind the first are. The first may be a Linear,
 * a convolution, a batch norm or a residual block; all others give 1. */
int tp_fusion_find(tp_module *const *layers, int count, const tp_tensor *x, tp_fusion *fusion);
/* Tells the first of them for the call that follows; NULL takes it back. */
void tp_fusion_set(tp_module *layer, const tp_fusion *fusion);

/* A conv2d layer with its norm or pool. */
tp_tensor *tp_fused_conv_forward(tp_conv_layer *layer, tp_tensor *x);
/* Frees the folded weights of a layer. */
void tp_folded_conv_end(tp_conv_layer *layer);
/* The same for any module; returns the bytes that they took. */
int64_t tp_folded_bytes_take(tp_module *module);

#endif
