/** @file nn/norm.h
 *  Normalisation as layers; taper/ops/norm.h says what they compute. Each returns a module that the caller owns, or NULL after
 *  an error.
 */
#ifndef TAPER_NN_NORM_H
#define TAPER_NN_NORM_H

#include <taper/ops/norm.h>

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

/** Options of tp_nn_layer_norm. */
typedef struct tp_nn_layer_norm_args {
    tp_shape normalized_shape; /**< the last sizes of what comes */
    double eps;                /**< 1e-5 */
    bool no_affine;
    tp_dtype dtype;
} tp_nn_layer_norm_args;
/** tp_layer_norm(): tp_nn_layer_norm(tp_shape(64)). Keys: weight (ones) and bias (zeros) of that shape. */
TP_API tp_module *tp_nn_layer_norm_at(tp_location at, tp_nn_layer_norm_args args);
#define tp_nn_layer_norm(...) \
    tp_nn_layer_norm_at(TP_HERE, TP_MAKE(tp_nn_layer_norm_args, .normalized_shape = __VA_ARGS__))

/** Options of tp_nn_group_norm. */
typedef struct tp_nn_group_norm_args {
    int64_t num_groups, num_channels; /**< the first divides the second */
    double eps;                       /**< 1e-5 */
    bool no_affine;
    tp_dtype dtype;
} tp_nn_group_norm_args;
/** tp_group_norm(): tp_nn_group_norm(8, 64). Keys: weight (ones), bias (zeros). */
TP_API tp_module *tp_nn_group_norm_at(tp_location at, tp_nn_group_norm_args args);
#define tp_nn_group_norm(...) \
    tp_nn_group_norm_at(TP_HERE, TP_MAKE(tp_nn_group_norm_args, .num_groups = __VA_ARGS__))

/** Options of tp_nn_instance_norm1d and tp_nn_instance_norm2d. */
typedef struct tp_nn_instance_norm_args {
    int64_t features;
    double eps;         /**< 1e-5 */
    double momentum;    /**< 0.1 */
    bool affine;        /**< with weight and bias */
    bool running_stats; /**< with running values, used in evaluation */
    tp_dtype dtype;
} tp_nn_instance_norm_args;
/** tp_instance_norm() of (N, C, L). Keys as those of batch norm, as far as there are any. */
TP_API tp_module *tp_nn_instance_norm1d_at(tp_location at, tp_nn_instance_norm_args args);
#define tp_nn_instance_norm1d(...) \
    tp_nn_instance_norm1d_at(TP_HERE, TP_MAKE(tp_nn_instance_norm_args, .features = __VA_ARGS__))
/** The same for (N, C, H, W). */
TP_API tp_module *tp_nn_instance_norm2d_at(tp_location at, tp_nn_instance_norm_args args);
#define tp_nn_instance_norm2d(...) \
    tp_nn_instance_norm2d_at(TP_HERE, TP_MAKE(tp_nn_instance_norm_args, .features = __VA_ARGS__))

/** tp_local_response_norm(): tp_nn_local_response_norm(5, .alpha = 1e-4). */
TP_API tp_module *tp_nn_local_response_norm_at(tp_location at, tp_local_response_norm_args args);
#define tp_nn_local_response_norm(...) \
    tp_nn_local_response_norm_at(TP_HERE, TP_MAKE(tp_local_response_norm_args, .size = __VA_ARGS__))
/** @} */

TP_END_DECLS

#endif
