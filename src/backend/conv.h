/* Convolutions: what the ops ask of the kernels in cpu/kernels/conv*. */
#ifndef TP_BACKEND_CONV_H
#define TP_BACKEND_CONV_H

#include "backend/gemm.h"

/* The sizes of y = x * weight: x (N, C, H, W), weight (O, C / groups, KH, KW), y (N, O, OH, OW), each contiguous.
 * y[n][o][i][j] = sum over c, a, b of weight[o][c][a][b] x[n][c][i stride_h + a dilation_h - top][j stride_w + b dilation_w - left],
 * where x is zero outside of its borders. What stands behind the last row and column follows from out_h and out_w. */
typedef struct tp_conv_shape {
    int64_t images, groups;
    int64_t in_channels, in_h, in_w;
    int64_t out_channels, out_h, out_w;
    int64_t kernel_h, kernel_w;
    int64_t stride_h, stride_w, dilation_h, dilation_w;
    int64_t top, left; /* zeros before the first row and column; may be negative: cropped */
} tp_conv_shape;

/* One of the three products: the forward one makes y from x and weight, the input gradient x from y and weight, the weight
 * gradient weight from x and y. All are of one type, float or double. */
typedef struct tp_conv_args {
    tp_conv_shape shape;
    const void *x, *weight, *y; /* operands; the one that is made is not read */
    void *result;
    bool accumulate;  /* result += instead of result =; not with an activation */
    const void *bias; /* (channels of the result), added to each; forward and input gradient only */
    tp_epilogue activation; /* applied to the result; forward only */
    double slope;
    /* (2, O): sums of the results before bias and activation over images and pixels, and of their squares; forward
     * only; NULL where not wanted. For batch normalisation. */
    double *statistics;
} tp_conv_args;

/* False where scratch memory was not to be had (or pool is NULL): the result may then be partly written. Its bits depend on
 * the arguments and the instruction set, never on the number of threads. */
typedef bool (*tp_conv_fn)(tp_pool *pool, const tp_conv_args *args);

/* One pass over g, the gradient of y = activation(z), (N, C, P): the gradient of z and its sum over images and pixels. */
typedef struct tp_conv_pass_args {
    int64_t images, channels, pixels;
    const void *g;
    const void *y;   /* needed unless activation is NONE */
    void *gz;        /* g * activation'(z); NULL where it is not wanted; may be g itself */
    void *sum;       /* (channels), NULL where it is not wanted */
    bool accumulate; /* sum += instead of sum = */
    tp_epilogue activation;
    double slope;
} tp_conv_pass_args;
typedef void (*tp_conv_pass_fn)(tp_pool *pool, const tp_conv_pass_args *args);

typedef enum tp_conv_kind {
    TP_CONV_FORWARD,
    TP_CONV_GRAD_INPUT,
    TP_CONV_GRAD_WEIGHT,
    TP_CONV_COUNT
} tp_conv_kind;

typedef struct tp_conv_kernels {
    tp_conv_fn run[TP_CONV_COUNT][2];
    tp_conv_pass_fn pass[2];
    /* Forward and input gradient have the bits of the definition: bias, channels of the source, rows and columns of the kernel
     * in the order in which they meet the source, one product after the other. Nothing else may stand in for them. */
    bool in_order;
} tp_conv_kernels;

#endif
