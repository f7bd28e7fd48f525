/** @file ops/conv_block.h
 *  A convolution with what usually stands behind it, in as few passes over memory as possible: docs/fusion.md.
 */
#ifndef TAPER_OPS_CONV_BLOCK_H
#define TAPER_OPS_CONV_BLOCK_H

#include <taper/ops/conv.h>
#include <taper/ops/norm.h>
#include <taper/ops/pool.h>

TP_BEGIN_DECLS

/** Arguments of tp_conv_block. */
typedef struct tp_conv_block_args {
    tp_conv2d_args conv;      /**< with x and weight; its own activation must be left out */
    bool batch_norm;          /**< whether `norm` counts */
    tp_batch_norm_args norm;  /**< without x and activation */
    tp_activation activation; /**< of all, with batch norm TP_ACTIVATION_RELU only */
    double negative_slope;    /**< of the leaky ReLU: 0.01 */
    tp_pool_args max_pool;    /**< kernel 0: no pooling */
} tp_conv_block_args;
/** tp_conv2d(), then tp_batch_norm() where asked, the activation, and tp_max_pool2d() where a kernel is given: the same values and
 *  gradients as one after the other, up to rounding.
 *
 *      tp_conv_block(.conv = {x, w, .padding = 1}, .batch_norm = true,
 *                    .norm = {.weight = g, .bias = b, .training = true},
 *                    .activation = TP_ACTIVATION_RELU, .max_pool = {.kernel = 2})
 *
 *  In training the sums that batch norm needs are gathered while the convolution is computed, and what pooling reads never goes
 *  to memory. In evaluation without recording batch norm becomes part of the weights.
 *  Errors: those of the operations, and ARGUMENT for an activation that does not fit. */
TP_API tp_tensor *tp_conv_block_at(tp_location at, tp_conv_block_args args);
#define tp_conv_block(...) tp_conv_block_at(TP_HERE, TP_MAKE(tp_conv_block_args, __VA_ARGS__))

TP_END_DECLS

#endif
