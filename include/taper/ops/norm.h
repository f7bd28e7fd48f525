/** @file ops/norm.h
 *  Normalisation: values are brought to mean 0 and deviation 1, then scaled and shifted by trained weights.
 *
 *  float32 and float64; all tensors of a call have one type.
 */
#ifndef TAPER_OPS_NORM_H
#define TAPER_OPS_NORM_H

#include <taper/ops/matmul.h>

TP_BEGIN_DECLS

/** Arguments of tp_batch_norm. */
typedef struct tp_batch_norm_args {
    tp_tensor *x; /**< (N, C) or (N, C, ...) */
    /** (C), or NULL. In training they move towards the batch's mean and unbiased variance; else they are what x is normalised
     *  with. */
    tp_tensor *running_mean, *running_var;
    tp_tensor *weight, *bias; /**< (C), or NULL */
    bool training;            /**< normalise with the batch's own mean and variance */
    double momentum;          /**< how far the running values move: 0.1 */
    double eps;               /**< added to the variance: 1e-5 */
    tp_activation activation; /**< TP_ACTIVATION_RELU: in the same pass */
} tp_batch_norm_args;
/** (x - mean) / sqrt(variance + eps) * weight + bias for each channel, over all other dimensions (Ioffe and Szegedy, 2015).
 *  The variance is the biased one. Errors: SHAPE, also for a single value a channel in training; DTYPE; ARGUMENT without
 *  running values outside of training. */
TP_API tp_tensor *tp_batch_norm_at(tp_location at, tp_batch_norm_args args);
#define tp_batch_norm(...) tp_batch_norm_at(TP_HERE, TP_MAKE(tp_batch_norm_args, .x = __VA_ARGS__))

/** Arguments of tp_layer_norm. */
typedef struct tp_layer_norm_args {
    tp_tensor *x;
    tp_shape normalized_shape; /**< the last sizes of x */
    tp_tensor *weight, *bias;  /**< of that shape, or NULL */
    double eps;                /**< 1e-5 */
} tp_layer_norm_args;
/** (x - mean) / sqrt(variance + eps) * weight + bias, mean and variance taken over the last dimensions (Ba and others, 2016):
 *  tp_layer_norm(x, tp_shape(64), w, b). Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_layer_norm_at(tp_location at, tp_layer_norm_args args);
#define tp_layer_norm(...) tp_layer_norm_at(TP_HERE, TP_MAKE(tp_layer_norm_args, .x = __VA_ARGS__))

/** Arguments of tp_group_norm. */
typedef struct tp_group_norm_args {
    tp_tensor *x;             /**< (N, C, ...) */
    int64_t num_groups;       /**< divides C */
    tp_tensor *weight, *bias; /**< (C), or NULL */
    double eps;               /**< 1e-5 */
} tp_group_norm_args;
/** The same over each group of C / num_groups neighbouring channels of each sample (Wu and He, 2018): tp_group_norm(x, 4, w, b).
 *  Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_group_norm_at(tp_location at, tp_group_norm_args args);
#define tp_group_norm(...) tp_group_norm_at(TP_HERE, TP_MAKE(tp_group_norm_args, .x = __VA_ARGS__))

/** The same over each channel of each sample (Ulyanov and others, 2016). Arguments as for tp_batch_norm(); with .training, or
 *  without running values, x's own mean and variance are used, and the running values, where given, move towards their means
 *  over the batch. No activation. Errors: SHAPE, also for a single value a channel; DTYPE; ARGUMENT. */
TP_API tp_tensor *tp_instance_norm_at(tp_location at, tp_batch_norm_args args);
#define tp_instance_norm(...) \
    tp_instance_norm_at(TP_HERE, TP_MAKE(tp_batch_norm_args, .x = __VA_ARGS__))

/** Arguments of tp_local_response_norm. */
typedef struct tp_local_response_norm_args {
    tp_tensor *x; /**< (N, C, ...) */
    int64_t size; /**< neighbouring channels */
    double alpha; /**< 1e-4 */
    double beta;  /**< 0.75 */
    double k;     /**< 1 */
} tp_local_response_norm_args;
/** x / (k + alpha / size * sum of the squares of `size` channels around it)^beta (Krizhevsky and others, 2012).
 *  Errors: SHAPE, DTYPE, ARGUMENT. */
TP_API tp_tensor *tp_local_response_norm_at(tp_location at, tp_local_response_norm_args args);
#define tp_local_response_norm(...) \
    tp_local_response_norm_at(TP_HERE, TP_MAKE(tp_local_response_norm_args, .x = __VA_ARGS__))

TP_END_DECLS

#endif
