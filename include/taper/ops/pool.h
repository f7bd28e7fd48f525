/** @file ops/pool.h
 *  Pooling: a window moves over each plane of x and gives one number where it stands.
 *
 *  The 2d forms take (N, C, H, W) or (C, H, W), the 1d forms (N, C, L) or (C, L), of float32 or float64, in any strides; the
 *  result is contiguous. One struct holds the options of all of them, of the layers in nn/pool.h and of the functions that
 *  answer for a shape alone; each refuses what it has no use for (ARGUMENT).
 *
 *      tp_max_pool2d(x, 2)                                        2x2, side by side
 *      tp_max_pool2d(x, 3, .stride = 2, .padding = 1)
 *      tp_max_pool2d(x, 0, .kernel_hw = {3, 5}, .stride_hw = {1, 2})
 *
 *  Errors: SHAPE where x has other dimensions or the result would have a side below 1 (the message says which); DTYPE;
 *  ARGUMENT for sizes below 1 and a padding above half of the kernel.
 */
#ifndef TAPER_OPS_POOL_H
#define TAPER_OPS_POOL_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** Arguments of pooling. Where the two directions differ give NAME_hw = {along H, along W} in place of NAME. */
typedef struct tp_pool_args {
    tp_tensor *x; /**< not for layers and shapes */
    int64_t kernel, kernel_hw[2];
    int64_t stride, stride_hw[2];     /**< 0: as the kernel */
    int64_t padding, padding_hw[2];   /**< on both sides: -inf for a maximum, 0 for an average */
    int64_t dilation, dilation_hw[2]; /**< maximum: distance between neighbours in a window; 0: 1 */
    bool ceil_mode;          /**< a last window may reach over the edge: sizes are rounded up */
    bool exclude_pad;        /**< average: do not count the padding (count_include_pad=False) */
    double divisor_override; /**< average: divide by this and not by the number of elements */
    double norm_type;        /**< lp_pool: the power p; 0: 2 */
    tp_tensor *
        *indices; /**< maximum: receives where in the plane each value was, row * W + column, int64;
                            may be left out */
    int64_t output_hw[2]; /**< max_unpool: the size of the result where several are possible */
} tp_pool_args;

/** The largest of each window; of equals the first gets the gradient, and NaN wins: (..., H, W) to (..., OH, OW) with
 *  OH = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, or rounded up with ceil_mode. */
TP_API tp_tensor *tp_max_pool2d_at(tp_location at, tp_pool_args args);
#define tp_max_pool2d(...) tp_max_pool2d_at(TP_HERE, TP_MAKE(tp_pool_args, .x = __VA_ARGS__))
/** tp_max_pool2d() along one direction. */
TP_API tp_tensor *tp_max_pool1d_at(tp_location at, tp_pool_args args);
#define tp_max_pool1d(...) tp_max_pool1d_at(TP_HERE, TP_MAKE(tp_pool_args, .x = __VA_ARGS__))

/** The mean of each window, padding counted as zeros unless told otherwise. */
TP_API tp_tensor *tp_avg_pool2d_at(tp_location at, tp_pool_args args);
#define tp_avg_pool2d(...) tp_avg_pool2d_at(TP_HERE, TP_MAKE(tp_pool_args, .x = __VA_ARGS__))
/** tp_avg_pool2d() along one direction. */
TP_API tp_tensor *tp_avg_pool1d_at(tp_location at, tp_pool_args args);
#define tp_avg_pool1d(...) tp_avg_pool1d_at(TP_HERE, TP_MAKE(tp_pool_args, .x = __VA_ARGS__))

/** Averages over windows chosen so that the result has h rows and w columns whatever the size of x; 0 leaves that side as it
 *  is. Window i of n along a side of s covers floor(i s / n) up to ceil((i + 1) s / n). */
TP_API tp_tensor *tp_adaptive_avg_pool2d_at(tp_location at, tp_tensor *x, int64_t h, int64_t w);
#define tp_adaptive_avg_pool2d(x, h, w) tp_adaptive_avg_pool2d_at(TP_HERE, x, h, w)
/** tp_adaptive_avg_pool2d() along one direction. */
TP_API tp_tensor *tp_adaptive_avg_pool1d_at(tp_location at, tp_tensor *x, int64_t length);
#define tp_adaptive_avg_pool1d(x, length) tp_adaptive_avg_pool1d_at(TP_HERE, x, length)

/** Arguments of the adaptive maximum. */
typedef struct tp_adaptive_max_pool_args {
    tp_tensor *x;
    int64_t h, w;        /**< rows and columns of the result; 0: as x. 1d: h is the length */
    tp_tensor **indices; /**< receives where in the plane each value was, int64; may be left out */
} tp_adaptive_max_pool_args;
/** The largest of each of the windows of tp_adaptive_avg_pool2d(): tp_adaptive_max_pool2d(x, 7, 7). */
TP_API tp_tensor *tp_adaptive_max_pool2d_at(tp_location at, tp_adaptive_max_pool_args args);
#define tp_adaptive_max_pool2d(...) \
    tp_adaptive_max_pool2d_at(TP_HERE, TP_MAKE(tp_adaptive_max_pool_args, .x = __VA_ARGS__))
/** tp_adaptive_max_pool2d() along one direction: tp_adaptive_max_pool1d(x, 7). */
TP_API tp_tensor *tp_adaptive_max_pool1d_at(tp_location at, tp_adaptive_max_pool_args args);
#define tp_adaptive_max_pool1d(...) \
    tp_adaptive_max_pool1d_at(TP_HERE, TP_MAKE(tp_adaptive_max_pool_args, .x = __VA_ARGS__))

/** (sum of x^p over each window)^(1/p), p being .norm_type: tp_lp_pool2d(x, 2, .norm_type = 1). No padding. */
TP_API tp_tensor *tp_lp_pool2d_at(tp_location at, tp_pool_args args);
#define tp_lp_pool2d(...) tp_lp_pool2d_at(TP_HERE, TP_MAKE(tp_pool_args, .x = __VA_ARGS__))
/** tp_lp_pool2d() along one direction. */
TP_API tp_tensor *tp_lp_pool1d_at(tp_location at, tp_pool_args args);
#define tp_lp_pool1d(...) tp_lp_pool1d_at(TP_HERE, TP_MAKE(tp_pool_args, .x = __VA_ARGS__))

/** The other way round: every value goes to where `indices` says that the maximum was, all else is 0. The options are those of
 *  the tp_max_pool2d() that gave the indices; where x of several sizes pools to this one, .output_hw says which.
 *  Errors: SHAPE, INDEX, and those above. */
TP_API tp_tensor *tp_max_unpool2d_at(tp_location at, tp_tensor *indices, tp_pool_args args);
#define tp_max_unpool2d(input, indices, ...) \
    tp_max_unpool2d_at(TP_HERE, indices, TP_MAKE(tp_pool_args, .x = input, .kernel = __VA_ARGS__))
/** tp_max_unpool2d() along one direction; .output_hw[1] is the length. */
TP_API tp_tensor *tp_max_unpool1d_at(tp_location at, tp_tensor *indices, tp_pool_args args);
#define tp_max_unpool1d(input, indices, ...) \
    tp_max_unpool1d_at(TP_HERE, indices, TP_MAKE(tp_pool_args, .x = input, .kernel = __VA_ARGS__))

/** @name Shapes without data
 *  What pooling would make of a shape: tp_max_pool2d_shape(tp_shape(16, 3, 32, 32), 3, .stride = 2). ndim is -1 after an error.
 *  @{ */
/** Of tp_max_pool2d(). */
TP_API tp_shape tp_max_pool2d_shape_at(tp_location at, tp_shape x, tp_pool_args args);
#define tp_max_pool2d_shape(shape, ...) \
    tp_max_pool2d_shape_at(TP_HERE, shape, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** Of tp_max_pool1d(). */
TP_API tp_shape tp_max_pool1d_shape_at(tp_location at, tp_shape x, tp_pool_args args);
#define tp_max_pool1d_shape(shape, ...) \
    tp_max_pool1d_shape_at(TP_HERE, shape, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** Of tp_avg_pool2d(). */
TP_API tp_shape tp_avg_pool2d_shape_at(tp_location at, tp_shape x, tp_pool_args args);
#define tp_avg_pool2d_shape(shape, ...) \
    tp_avg_pool2d_shape_at(TP_HERE, shape, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** Of tp_avg_pool1d(). */
TP_API tp_shape tp_avg_pool1d_shape_at(tp_location at, tp_shape x, tp_pool_args args);
#define tp_avg_pool1d_shape(shape, ...) \
    tp_avg_pool1d_shape_at(TP_HERE, shape, TP_MAKE(tp_pool_args, .kernel = __VA_ARGS__))
/** @} */

TP_END_DECLS

#endif
