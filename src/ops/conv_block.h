/* The parts of conv_block. */
#ifndef TP_OPS_CONV_BLOCK_H
#define TP_OPS_CONV_BLOCK_H

#include <taper/ops/conv_block.h>

extern const tp_op tp_op_conv_block;
/* A convolution with its activation, and a max pool: conv_pool.c. */
tp_tensor *tp_conv_pool(tp_location at, const tp_conv2d_args *conv, const tp_pool_args *max_pool);

/* Whether the running values of norm go into the weights of conv: evaluation, nothing recorded, sizes and types that fit, and no
 * kernels that promise bits, as rounding is another then. */
bool tp_can_fold(const tp_conv2d_args *conv, const tp_batch_norm_args *norm);
/* Weights and bias that do both in one; the innermost scope owns them. False when out of memory (reported). */
bool tp_fold_batch_norm(tp_location at, const tp_conv2d_args *conv, const tp_batch_norm_args *norm,
                        tp_tensor **weight, tp_tensor **bias);

#endif
