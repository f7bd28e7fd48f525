/* Convolutions with kernels of 3x3, stride 1, no dilation and one group by Winograd's minimal filtering: Lavin and Gray,
 * "Fast Algorithms for Convolutional Neural Networks", 2016. Float32 only; docs/convolution.md has the formulas, the errors
 * and the counts. */
#ifndef TP_BACKEND_WINOGRAD_H
#define TP_BACKEND_WINOGRAD_H

#include "backend/gemm.h"

/* x is (N, C, H, W), weight (O, C, 3, 3), y (N, O, OH, OW), each contiguous:
 * y[n][o][i][j] = sum over c, a, b of weight[o][c][a][b] x[n][c][i + a - top][j + b - left], where x is zero outside of its
 * borders. What stands behind the last row and column follows from out_h and out_w. */
typedef struct tp_winograd_args {
    int64_t images, in_channels, in_h, in_w, out_channels, out_h, out_w;
    int64_t top, left; /* zeros before the first row and column; may be negative: cropped */
    const float *x, *weight, *y; /* operands; the one that is made is not read */
    float *result;
    bool accumulate;        /* result += instead of result =; not with an activation */
    const float *bias;      /* (O), forward only, or NULL */
    tp_epilogue activation; /* forward only */
    double slope;           /* of a leaky activation */
} tp_winograd_args;

/* False where scratch memory was not to be had (or pool is NULL): the result may then be partly written. Its bits depend
 * on the arguments and the instruction set, never on the number of threads. */
typedef bool (*tp_winograd_fn)(tp_pool *pool, const tp_winograd_args *args);

typedef struct tp_winograd_kernels {
    tp_winograd_fn forward;     /* y from x and weight */
    tp_winograd_fn grad_input;  /* x from y and weight */
    tp_winograd_fn grad_weight; /* weight from x and y */
} tp_winograd_kernels;

#endif
