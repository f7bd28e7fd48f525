/* The batch normalisation layers, for containers that run them together with their neighbours. */
#ifndef TP_NN_BATCH_NORM_H
#define TP_NN_BATCH_NORM_H

#include <taper/ops/norm.h>

#include "nn/module.h"

typedef struct tp_batch_norm_layer {
    tp_module base;
    tp_tensor *weight, *bias;              /* (C), or NULL */
    tp_tensor *running_mean, *running_var; /* (C), or NULL */
    tp_tensor *num_batches_tracked;        /* int64, or NULL */
    int64_t features;
    double eps, momentum;
    bool cumulative;
    int dims;      /* 1: (N, C) and (N, C, L); 2: (N, C, H, W) */
    bool instance; /* normalises each sample by itself */
    tp_activation
        activation; /* what the container wants applied in the same pass, for the call under way only */
    struct tp_pool_layer *pool; /* likewise: a max pool behind it */
} tp_batch_norm_layer;

tp_tensor *tp_batch_norm_layer_forward(tp_module *module, tp_tensor *x);

/* The arguments of the operation for this call; in training a call counts as one more batch. */
tp_batch_norm_args tp_batch_norm_layer_args(tp_batch_norm_layer *layer, tp_tensor *x);

#endif
