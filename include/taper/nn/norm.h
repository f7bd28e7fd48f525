/** @file nn/norm.h
 *  Normalisation as layers; taper/ops/norm.h says what they compute. Each returns a module that the caller owns, or NULL after
 *  an error.
 */
#ifndef TAPER_NN_NORM_H
#define TAPER_NN_NORM_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

typedef struct tp_module tp_module;

/** @name Normalisation layers
 *  @{ */
/** Options of tp_nn_batch_norm1d and tp_nn_batch_norm2d. */
typedef struct tp_nn_batch_norm_args {
    int64_t features; /**< channels C */
    double eps;       /**< 1e-5 */
    double momentum;  /**< 0.1 */
    bool cumulative;  /**< running values are plain means over all batches so far (momentum=None) */
    bool no_affine;   /**< without weight and bias */
    bool no_running_stats; /**< the batch's own mean and variance in evaluation too */
    tp_dtype dtype;
} tp_nn_batch_norm_args;
/** tp_batch_norm() of (N, C) or (N, C, L): with the batch's mean and variance in training, with the running ones in evaluation.
 *  Keys: weight (ones), bias (zeros), running_mean (zeros), running_var (ones), num_batches_tracked (int64). */
TP_API tp_module *tp_nn_batch_norm1d_at(tp_location at, tp_nn_batch_norm_args args);
#define tp_nn_batch_norm1d(...) \
    tp_nn_batch_norm1d_at(TP_HERE, TP_MAKE(tp_nn_batch_norm_args, .features = __VA_ARGS__))
/** The same for (N, C, H, W). */
TP_API tp_module *tp_nn_batch_norm2d_at(tp_location at, tp_nn_batch_norm_args args);
#define tp_nn_batch_norm2d(...) \
    tp_nn_batch_norm2d_at(TP_HERE, TP_MAKE(tp_nn_batch_norm_args, .features = __VA_ARGS__))
/** @} */

TP_END_DECLS

#endif
