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

TP_END_DECLS

#endif
