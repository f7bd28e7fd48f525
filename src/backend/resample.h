/* The part of the table of kernels that changes the size of planes: each place of the result is a weighted sum of a few places,
 * in one direction after the other. */
#ifndef TP_BACKEND_RESAMPLE_H
#define TP_BACKEND_RESAMPLE_H

#include <stdint.h>

/* One direction: place o of the result is the sum over k < taps of weight[o * taps + k] times place from[o * taps + k]. */
typedef struct tp_resample_axis {
    int64_t in, out;
    int taps;
    const int32_t *from;
    const double *weight;
} tp_resample_axis;

typedef struct tp_resample_args {
    int64_t planes;
    tp_resample_axis h, w;
    const void *x; /* forward: (planes, h.in, w.in); backward: the gradient of the result */
    void *y;       /* forward: (planes, h.out, w.out); backward: the gradient of x */
    void *row;     /* scratch of w.in elements */
} tp_resample_args;
typedef void (*tp_resample_fn)(const tp_resample_args *args);

typedef struct tp_resample_kernels {
    tp_resample_fn forward[2], backward[2]; /* float32, float64 */
} tp_resample_kernels;

#endif
