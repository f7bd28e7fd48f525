/* What the files of the convolutions share. */
#ifndef TP_OPS_CONV_H
#define TP_OPS_CONV_H

#include <taper/ops/conv.h>

#include "autograd/node.h"
#include "backend/conv.h"

/* One direction. For a transposed convolution in is the smaller side, and before and after are cut off. */
typedef struct tp_conv_direction {
    int64_t in, kernel, stride, dilation, before, after, extra /* output_padding */, out;
} tp_conv_direction;

/* A convolution without its data; one over a line is one over a picture of height 1. */
typedef struct tp_conv_form {
    const char *name; /* of the op, for errors */
    int dims;         /* 1 or 2 */
    bool transposed, batched, same;
    tp_pad_mode mode;
    int64_t images, in_channels, out_channels, groups;
    tp_conv_direction h, w;
} tp_conv_form;

/* The options as users write them, those of one line in [1]. */
typedef struct tp_conv_options {
    int64_t stride, padding, dilation, extra, groups;
    const int64_t *stride_hw, *padding_hw, *dilation_hw, *extra_hw; /* two each, or NULL */
    const int64_t *sides;                                           /* 2 * dims, or NULL */
    bool same;
    tp_pad_mode mode;
} tp_conv_options;

/* Fills the form (name, dims, transposed and out_channels are there) from the shape of x and the kernel's one or two sizes and
 * checks it; false where the result would have no elements, or an option makes no sense: reported. */
bool tp_conv_form_fill(tp_location at, tp_conv_form *form, tp_shape x, const int64_t *kernel,
                       const tp_conv_options *options);
/* Its result's shape. */
tp_shape tp_conv_form_shape(const tp_conv_form *form);
/* As the kernels want it. */
tp_conv_shape tp_conv_kernel_shape(const tp_conv_form *form);

/* x with the padding of a mode other than zeros around it, recorded; the form then has none. */
tp_tensor *tp_conv_padded(tp_location at, tp_conv_form *form, tp_tensor *x);

/* tp_conv2d() that also counts: statistics (2, O) receives the sum of the result's elements before bias and activation, for each
 * channel, and of their squares. NULL: no counting. */
tp_tensor *tp_conv2d_counted(tp_location at, tp_conv2d_args a, double *statistics);

/* tp_conv2d() of which the bare convolution alone is recorded: whoever calls records bias and activation. */
tp_tensor *tp_conv2d_hidden(tp_location at, tp_conv2d_args a);

extern const tp_op tp_op_conv1d, tp_op_conv2d, tp_op_conv_transpose1d, tp_op_conv_transpose2d;
void tp_conv_backward(tp_node *node, tp_tensor *const *grads);

/* A recorded convolution again; y has the shape of its result. */
tp_conv_shape tp_conv_noted(const tp_node *node, const tp_tensor *y);

#endif
