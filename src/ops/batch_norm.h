/* Batch normalisation behind a convolution and before a pool: what the fused forms add to tp_batch_norm(). */
#ifndef TP_OPS_BATCH_NORM_H
#define TP_OPS_BATCH_NORM_H

#include <taper/ops/norm.h>

#include "ops/normalise.h"
#include "ops/pool.h"

typedef struct tp_batch_norm_call {
    tp_batch_norm_args args;
    /* (2, C): sum of x and of its squares for each channel, where whoever made x counted on the way; NULL: a pass of its own. */
    const double *sums;
    /* (C), or NULL: the bias that the convolution before left out, because the mean takes it away again. It goes into the running
     * mean, and its gradient is 0. */
    tp_tensor *left_out;
    const tp_window *
        window; /* of a max pool behind the activation, whose input never goes to memory; NULL: none */
    bool ceil_mode;
} tp_batch_norm_call;
tp_tensor *tp_batch_norm_run(tp_location at, tp_batch_norm_call *call);

/* One pass over the planes of x (N, C, H, W), each with its part of a max pool: norm_pool.c. */
typedef struct tp_norm_pool {
    tp_norm_fn norm;        /* of rows, one plane a row */
    tp_normalise_args args; /* x; first, second and y as the pass has them */
    tp_pooling_fn pool;
    tp_pooling_args pooling; /* taps; forward: y. Backward: x, the gradient of the pooled result */
    bool back;
} tp_norm_pool;
/* False when out of memory (reported). */
bool tp_norm_pool_run(tp_location at, const tp_norm_pool *pass, const tp_norm_layout *layout,
                      tp_dtype dtype);

#endif
