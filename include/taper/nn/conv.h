/** @file nn/conv.h
 *  Convolutional layers, with PyTorch's options, keys, and default values from the same seed.
 */
#ifndef TAPER_NN_CONV_H
#define TAPER_NN_CONV_H

#include <taper/nn.h>
#include <taper/ops/pad_mode.h>

TP_BEGIN_DECLS

/** Arguments of tp_nn_conv2d; zero stands for the default. */
typedef struct tp_nn_conv2d_args {
    int64_t in_channels, out_channels;
    int64_t kernel;       /**< rows and columns of the kernel */
    int64_t kernel_hw[2]; /**< where they differ: .kernel_hw = {8, 4} */
    int64_t stride, padding, dilation, groups;
    int64_t stride_hw[2], padding_hw[2], dilation_hw[2];
    bool same; /**< padding="same" */
    bool no_bias;
    tp_pad_mode padding_mode;
    tp_dtype dtype;
} tp_nn_conv2d_args;
/** tp_conv2d() with a weight of its own: (N, in, H, W) to (N, out, H', W'). tp_nn_conv2d(3, 64, 7, .stride = 2, .padding = 3).
 *  Keys: weight (out, in / groups, KH, KW) and bias (out), uniform in +-1/sqrt(in / groups KH KW). In a tp_nn_sequential() the
 *  activation behind it runs in the same pass. NULL after an error: ARGUMENT, DTYPE. */
TP_API tp_module *tp_nn_conv2d_at(tp_location at, tp_nn_conv2d_args args);
#define tp_nn_conv2d(...) \
    tp_nn_conv2d_at(TP_HERE, TP_MAKE(tp_nn_conv2d_args, .in_channels = __VA_ARGS__))

/** Arguments of tp_nn_conv1d. */
typedef struct tp_nn_conv1d_args {
    int64_t in_channels, out_channels, kernel, stride, padding, dilation, groups;
    bool same, no_bias;
    tp_pad_mode padding_mode;
    tp_dtype dtype;
} tp_nn_conv1d_args;
/** tp_conv1d() with a weight (out, in / groups, K): (N, in, L) to (N, out, L'). NULL after an error: ARGUMENT, DTYPE. */
TP_API tp_module *tp_nn_conv1d_at(tp_location at, tp_nn_conv1d_args args);
#define tp_nn_conv1d(...) \
    tp_nn_conv1d_at(TP_HERE, TP_MAKE(tp_nn_conv1d_args, .in_channels = __VA_ARGS__))

/** Arguments of tp_nn_conv_transpose2d. */
typedef struct tp_nn_conv_transpose2d_args {
    int64_t in_channels, out_channels, kernel, kernel_hw[2];
    int64_t stride, padding, output_padding, groups, dilation;
    int64_t stride_hw[2], padding_hw[2], output_padding_hw[2], dilation_hw[2];
    bool no_bias;
    tp_dtype dtype;
} tp_nn_conv_transpose2d_args;
/** tp_conv_transpose2d() with a weight (in, out / groups, KH, KW): (N, in, H, W) to (N, out, H', W'). NULL after an error:
 *  ARGUMENT, DTYPE. */
TP_API tp_module *tp_nn_conv_transpose2d_at(tp_location at, tp_nn_conv_transpose2d_args args);
#define tp_nn_conv_transpose2d(...)    \
    tp_nn_conv_transpose2d_at(TP_HERE, \
                              TP_MAKE(tp_nn_conv_transpose2d_args, .in_channels = __VA_ARGS__))

/** Arguments of tp_nn_conv_transpose1d. */
typedef struct tp_nn_conv_transpose1d_args {
    int64_t in_channels, out_channels, kernel, stride, padding, output_padding, groups, dilation;
    bool no_bias;
    tp_dtype dtype;
} tp_nn_conv_transpose1d_args;
/** tp_conv_transpose1d() with a weight (in, out / groups, K): (N, in, L) to (N, out, L'). NULL after an error: ARGUMENT, DTYPE. */
TP_API tp_module *tp_nn_conv_transpose1d_at(tp_location at, tp_nn_conv_transpose1d_args args);
#define tp_nn_conv_transpose1d(...)    \
    tp_nn_conv_transpose1d_at(TP_HERE, \
                              TP_MAKE(tp_nn_conv_transpose1d_args, .in_channels = __VA_ARGS__))

TP_END_DECLS

#endif
