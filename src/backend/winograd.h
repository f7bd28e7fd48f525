/* Convolutions by Winograd's minimal filtering: Lavin and Gray, "Fast Algorithms for Convolutional
 * Neural Networks", 2016. docs/convolution.md has the formulas, the errors and the counts. */
#ifndef TP_BACKEND_WINOGRAD_H
#define TP_BACKEND_WINOGRAD_H

#include "backend/conv.h"

/* float32, kernels of 3x3 or 5x5 with stride 1, no dilation and one group; any border. Otherwise as the
 * functions of tp_conv_kernels. */
typedef struct tp_winograd_kernels {
    tp_conv_fn run[TP_CONV_COUNT];
} tp_winograd_kernels;

/* Whether they can make that product, and faster than the others. */
bool tp_winograd_wins(tp_conv_kind kind, const tp_conv_shape *shape);

#endif
