/* The descriptors of the convolutions, with the samples that the tests run. */
#include "ops/conv.h"

static tp_tensor *conv2d_apply(tp_tensor *const *in, int variant) {
    tp_tensor *x = in[0], *w = in[1], *b = in[2];
    switch (variant) {
    case 1: return tp_conv2d(x, w, .stride = 2, .padding = 1);
    case 2: return tp_conv2d(x, w, .bias = b, .groups = 2, .dilation_hw = {2, 1}, .same = true);
    case 3: return tp_conv2d(x, w, .bias = b, .padding_sides = {1, 0, -1, 2}, .stride_hw = {1, 3});
    case 4: return tp_conv2d(x, w, .padding = 1, .padding_mode = TP_PAD_REFLECT);
    case 5: return tp_conv2d(x, w, .padding = 2, .padding_mode = TP_PAD_REPLICATE);
    case 6: return tp_conv2d(x, w, .padding_hw = {1, 2}, .padding_mode = TP_PAD_CIRCULAR);
    case 7: return tp_conv2d(x, w, .bias = b, .activation = TP_ACTIVATION_RELU);
    case 8:
        return tp_conv2d(x, w, .bias = b, .activation = TP_ACTIVATION_LEAKY_RELU,
                         .negative_slope = 0.2);
    case 9: return tp_conv2d(x, w, .bias = b, .activation = TP_ACTIVATION_TANH);
    default: return tp_conv2d(x, w, .bias = b);
    }
}

static const tp_op_sample conv2d_samples[] = {
    {0, 3, {TP_SHAPE_OF(2, 3, 5, 4), TP_SHAPE_OF(4, 3, 3, 2), TP_SHAPE_OF(4)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(3, 5, 4), TP_SHAPE_OF(4, 3, 3, 2), TP_SHAPE_OF(4)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(0, 3, 5, 4), TP_SHAPE_OF(4, 3, 3, 2), TP_SHAPE_OF(4)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(2, 3, 1, 1), TP_SHAPE_OF(4, 3, 1, 1), TP_SHAPE_OF(4)}, 0, 0, 0},
    {1, 2, {TP_SHAPE_OF(2, 2, 5, 6), TP_SHAPE_OF(3, 2, 3, 3)}, 0, 0, 0},
    {2, 3, {TP_SHAPE_OF(1, 4, 5, 6), TP_SHAPE_OF(6, 2, 3, 2), TP_SHAPE_OF(6)}, 0, 0, 0},
    {3, 3, {TP_SHAPE_OF(2, 1, 5, 6), TP_SHAPE_OF(2, 1, 2, 2), TP_SHAPE_OF(2)}, 0, 0, 0},
    {4, 2, {TP_SHAPE_OF(1, 2, 3, 4), TP_SHAPE_OF(2, 2, 3, 3)}, 0, 0, 0},
    {5, 2, {TP_SHAPE_OF(1, 1, 2, 3), TP_SHAPE_OF(2, 1, 3, 3)}, 0, 0, 0},
    {6, 2, {TP_SHAPE_OF(1, 1, 3, 3), TP_SHAPE_OF(2, 1, 3, 3)}, 0, 0, 0},
    {7, 3, {TP_SHAPE_OF(2, 2, 4, 4), TP_SHAPE_OF(3, 2, 3, 3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {8, 3, {TP_SHAPE_OF(2, 2, 4, 4), TP_SHAPE_OF(3, 2, 3, 3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {9, 3, {TP_SHAPE_OF(1, 2, 4, 4), TP_SHAPE_OF(3, 2, 3, 3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {0},
};

static tp_tensor *conv1d_apply(tp_tensor *const *in, int variant) {
    if (variant == 1) return tp_conv1d(in[0], in[1], .stride = 2, .padding_sides = {1, 2});
    return tp_conv1d(in[0], in[1], .bias = in[2], .dilation = 2, .padding = 1);
}

static const tp_op_sample conv1d_samples[] = {
    {0, 3, {TP_SHAPE_OF(2, 3, 7), TP_SHAPE_OF(4, 3, 3), TP_SHAPE_OF(4)}, 0, 0, 0},
    {1, 2, {TP_SHAPE_OF(3, 7), TP_SHAPE_OF(4, 3, 3)}, 0, 0, 0},
    {0},
};

static tp_tensor *conv_transpose2d_apply(tp_tensor *const *in, int variant) {
    tp_tensor *x = in[0], *w = in[1], *b = in[2];
    switch (variant) {
    case 1:
        return tp_conv_transpose2d(x, w, .bias = b, .stride = 2, .padding = 1, .output_padding = 1);
    case 2: return tp_conv_transpose2d(x, w, .stride_hw = {3, 1}, .groups = 2, .dilation = 2);
    default: return tp_conv_transpose2d(x, w, .bias = b);
    }
}

static const tp_op_sample conv_transpose2d_samples[] = {
    {0, 3, {TP_SHAPE_OF(2, 3, 3, 4), TP_SHAPE_OF(3, 2, 3, 2), TP_SHAPE_OF(2)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(2, 3, 3, 2), TP_SHAPE_OF(3, 2, 3, 3), TP_SHAPE_OF(2)}, 0, 0, 0},
    {2, 2, {TP_SHAPE_OF(4, 2, 3), TP_SHAPE_OF(4, 1, 2, 2)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(0, 3, 3, 4), TP_SHAPE_OF(3, 2, 3, 2), TP_SHAPE_OF(2)}, 0, 0, 0},
    {0},
};

static tp_tensor *conv_transpose1d_apply(tp_tensor *const *in, int variant) {
    (void)variant;
    return tp_conv_transpose1d(in[0], in[1], .bias = in[2], .stride = 2, .output_padding = 1);
}

static const tp_op_sample conv_transpose1d_samples[] = {
    {0, 3, {TP_SHAPE_OF(2, 3, 4), TP_SHAPE_OF(3, 2, 3), TP_SHAPE_OF(2)}, 0, 0, 0},
    {0},
};

#define DESCRIPTOR(op) \
    const tp_op tp_op_##op = {#op, tp_conv_backward, NULL, op##_apply, op##_samples};
DESCRIPTOR(conv2d)
DESCRIPTOR(conv1d)
DESCRIPTOR(conv_transpose2d)
DESCRIPTOR(conv_transpose1d)
