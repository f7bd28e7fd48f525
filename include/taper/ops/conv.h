/** @file ops/conv.h
 *  Convolutions over one and two dimensions, and their transposes.
 *
 *  Options go by name and are 0 where they are left out, which stands for PyTorch's default: stride 1, no padding, dilation 1,
 *  one group. All operands have one type, float32 or float64. A picture may come without the batch dimension: (C, H, W). An
 *  error says which dimension of the result came out below 1, and how. docs/convolution.md has the arithmetic.
 */
#ifndef TAPER_OPS_CONV_H
#define TAPER_OPS_CONV_H

#include <taper/ops/matmul.h>
#include <taper/ops/pad_mode.h>

TP_BEGIN_DECLS

/** @name Convolution
 *  @{ */
/** Arguments of tp_conv2d. */
typedef struct tp_conv2d_args {
    tp_tensor *x;                      /**< (N, C, H, W) or (C, H, W) */
    tp_tensor *weight;                 /**< (O, C / groups, KH, KW) */
    tp_tensor *bias;                   /**< (O), or NULL */
    int64_t stride, padding, dilation; /**< in both directions */
    int64_t groups;                    /**< input and output channels are cut into so many parts */
    int64_t stride_hw[2];              /**< where the two directions differ; {0, 0}: not given */
    int64_t padding_hw[2];             /**< likewise */
    int64_t dilation_hw[2];            /**< likewise */
    int64_t padding_sides[4];          /**< left, right, top, bottom, as F.pad; adds to the above */
    bool same;                         /**< padding="same": the result is as large as x; stride 1 */
    tp_pad_mode padding_mode;
    tp_activation activation; /**< fused: the same values as the op of its own, in one pass */
    double negative_slope;    /**< of the leaky ReLU: 0.01 */
} tp_conv2d_args;
/** Cross-correlation, as everybody calls convolution: (N, C, H, W) and (O, C / groups, KH, KW) give (N, O, H', W') with
 *  H' = (H + padding - dilation (KH - 1) - 1) / stride + 1, rounded down. tp_conv2d(x, w, .bias = b, .padding = 1).
 *  Errors: SHAPE, DTYPE, ARGUMENT. */
TP_API tp_tensor *tp_conv2d_at(tp_location at, tp_conv2d_args args);
#define tp_conv2d(...) tp_conv2d_at(TP_HERE, TP_MAKE(tp_conv2d_args, .x = __VA_ARGS__))

/** Arguments of tp_conv1d. */
typedef struct tp_conv1d_args {
    tp_tensor *x;      /**< (N, C, L) or (C, L) */
    tp_tensor *weight; /**< (O, C / groups, K) */
    tp_tensor *bias;   /**< (O), or NULL */
    int64_t stride, padding, dilation, groups;
    int64_t padding_sides[2]; /**< left, right; adds to padding */
    bool same;
    tp_pad_mode padding_mode;
    tp_activation activation;
    double negative_slope;
} tp_conv1d_args;
/** The same along one dimension: (N, C, L) and (O, C / groups, K) give (N, O, L'). Errors: SHAPE, DTYPE, ARGUMENT. */
TP_API tp_tensor *tp_conv1d_at(tp_location at, tp_conv1d_args args);
#define tp_conv1d(...) tp_conv1d_at(TP_HERE, TP_MAKE(tp_conv1d_args, .x = __VA_ARGS__))

/** Arguments of tp_conv_transpose2d. */
typedef struct tp_conv_transpose2d_args {
    tp_tensor *x;      /**< (N, C, H, W) or (C, H, W) */
    tp_tensor *weight; /**< (C, O / groups, KH, KW) */
    tp_tensor *bias;   /**< (O), or NULL */
    int64_t stride, padding;
    int64_t output_padding; /**< rows and columns more at the end; below stride or dilation */
    int64_t groups, dilation;
    int64_t stride_hw[2], padding_hw[2], output_padding_hw[2], dilation_hw[2];
} tp_conv_transpose2d_args;
/** The gradient of a convolution with regard to its input, as an operation: (N, C, H, W) gives (N, O, H', W') with
 *  H' = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1. Errors: SHAPE, DTYPE, ARGUMENT. */
TP_API tp_tensor *tp_conv_transpose2d_at(tp_location at, tp_conv_transpose2d_args args);
#define tp_conv_transpose2d(...) \
    tp_conv_transpose2d_at(TP_HERE, TP_MAKE(tp_conv_transpose2d_args, .x = __VA_ARGS__))

/** Arguments of tp_conv_transpose1d. */
typedef struct tp_conv_transpose1d_args {
    tp_tensor *x;      /**< (N, C, L) or (C, L) */
    tp_tensor *weight; /**< (C, O / groups, K) */
    tp_tensor *bias;   /**< (O), or NULL */
    int64_t stride, padding, output_padding, groups, dilation;
} tp_conv_transpose1d_args;
/** The same along one dimension: (N, C, L) gives (N, O, L'). Errors: SHAPE, DTYPE, ARGUMENT. */
TP_API tp_tensor *tp_conv_transpose1d_at(tp_location at, tp_conv_transpose1d_args args);
#define tp_conv_transpose1d(...) \
    tp_conv_transpose1d_at(TP_HERE, TP_MAKE(tp_conv_transpose1d_args, .x = __VA_ARGS__))
/** @} */

/** @name Sizes without data
 *  @{ */
/** Arguments of tp_conv2d_shape: the options of tp_conv2d, and sizes in place of tensors. */
typedef struct tp_conv2d_shape_args {
    tp_shape x; /**< (N, C, H, W) or (C, H, W) */
    int64_t out_channels;
    int64_t kernel;       /**< in both directions */
    int64_t kernel_hw[2]; /**< where they differ */
    int64_t stride, padding, dilation, groups;
    int64_t stride_hw[2], padding_hw[2], dilation_hw[2], padding_sides[4];
    bool same;
} tp_conv2d_shape_args;
/** The shape that tp_conv2d gives: tp_conv2d_shape(tp_shape(1, 3, 224, 224), 64, 7, .stride = 2, .padding = 3) is
 *  (1, 64, 112, 112). ndim is -1 after an error: SHAPE, ARGUMENT. */
TP_API tp_shape tp_conv2d_shape_at(tp_location at, tp_conv2d_shape_args args);
#define tp_conv2d_shape(...) \
    tp_conv2d_shape_at(TP_HERE, TP_MAKE(tp_conv2d_shape_args, .x = __VA_ARGS__))

/** Arguments of tp_conv1d_shape. */
typedef struct tp_conv1d_shape_args {
    tp_shape x; /**< (N, C, L) or (C, L) */
    int64_t out_channels, kernel, stride, padding, dilation, groups;
    int64_t padding_sides[2];
    bool same;
} tp_conv1d_shape_args;
/** The shape that tp_conv1d gives; ndim is -1 after an error: SHAPE, ARGUMENT. */
TP_API tp_shape tp_conv1d_shape_at(tp_location at, tp_conv1d_shape_args args);
#define tp_conv1d_shape(...) \
    tp_conv1d_shape_at(TP_HERE, TP_MAKE(tp_conv1d_shape_args, .x = __VA_ARGS__))

/** Arguments of tp_conv_transpose2d_shape. */
typedef struct tp_conv_transpose2d_shape_args {
    tp_shape x; /**< (N, C, H, W) or (C, H, W) */
    int64_t out_channels, kernel, kernel_hw[2];
    int64_t stride, padding, output_padding, groups, dilation;
    int64_t stride_hw[2], padding_hw[2], output_padding_hw[2], dilation_hw[2];
} tp_conv_transpose2d_shape_args;
/** The shape that tp_conv_transpose2d gives; ndim is -1 after an error: SHAPE, ARGUMENT. */
TP_API tp_shape tp_conv_transpose2d_shape_at(tp_location at, tp_conv_transpose2d_shape_args args);
#define tp_conv_transpose2d_shape(...) \
    tp_conv_transpose2d_shape_at(TP_HERE, TP_MAKE(tp_conv_transpose2d_shape_args, .x = __VA_ARGS__))

/** Arguments of tp_conv_transpose1d_shape. */
typedef struct tp_conv_transpose1d_shape_args {
    tp_shape x; /**< (N, C, L) or (C, L) */
    int64_t out_channels, kernel, stride, padding, output_padding, groups, dilation;
} tp_conv_transpose1d_shape_args;
/** The shape that tp_conv_transpose1d gives; ndim is -1 after an error: SHAPE, ARGUMENT. */
TP_API tp_shape tp_conv_transpose1d_shape_at(tp_location at, tp_conv_transpose1d_shape_args args);
#define tp_conv_transpose1d_shape(...) \
    tp_conv_transpose1d_shape_at(TP_HERE, TP_MAKE(tp_conv_transpose1d_shape_args, .x = __VA_ARGS__))
/** @} */

TP_END_DECLS

#endif
