/* The part of the table of kernels that pools: each element of the result stands for a window of a plane (H, W). */
#ifndef TP_BACKEND_POOL_H
#define TP_BACKEND_POOL_H

#include <stdbool.h>
#include <stdint.h>

/* One direction of a plane. The taps of window o stand at o * stride - padding + tap * dilation; adaptive windows begin at
 * floor(o in / out) and end before ceil((o + 1) in / out), and `kernel` is then the longest of them. */
typedef struct tp_pool_axis {
    int64_t in, out;
    int64_t kernel, stride, padding, dilation;
    bool adaptive;
} tp_pool_axis;

/* The taps [first, last) of a window lie inside of the plane; tap t stands at begin + t * dilation. */
typedef struct tp_pool_window {
    int64_t begin, first, last;
} tp_pool_window;

static inline tp_pool_window tp_pool_window_of(const tp_pool_axis *axis, int64_t o) {
    if (axis->adaptive) {
        int64_t begin = o * axis->in / axis->out;
        int64_t end = ((o + 1) * axis->in + axis->out - 1) / axis->out;
        return (tp_pool_window){begin, 0, end - begin};
    }
    int64_t begin = o * axis->stride - axis->padding, step = axis->dilation;
    int64_t first = begin < 0 ? (-begin + step - 1) / step : 0;
    int64_t last = begin < axis->in ? (axis->in - begin + step - 1) / step : 0;
    return (tp_pool_window){begin, first, last < axis->kernel ? last : axis->kernel};
}

/* Where a tap is one byte: in windows of at most this many. Larger ones take an int32_t. */
enum { TP_POOL_SMALL_WINDOW = 256 };

typedef struct tp_pooling_args {
    int64_t planes;
    tp_pool_axis h, w;
    const void *x; /* forward: (planes, h.in, w.in). Backward: the gradient of the result */
    void *y;       /* forward: (planes, h.out, w.out). Backward: the gradient of x */
    /* Maximum: which tap of the window it was, row * w.kernel + column, the first of equals; uint8_t or int32_t in the
     * shape of the result. NULL in forward where nobody asks. */
    void *taps;
    /* Average: what the sum is divided by, 0 for the number of elements, with or without those of the padding. */
    double divisor;
    bool exclude_pad;
    void *row; /* average: scratch of w.in elements and 64 bytes */
} tp_pooling_args;
typedef void (*tp_pooling_fn)(const tp_pooling_args *args);

/* For float32 and float64. Results depend on the plane alone: planes may be split among threads in any way. */
typedef struct tp_pool_kernels {
    tp_pooling_fn max[2], max_grad[2], average[2], average_grad[2];
} tp_pool_kernels;

static inline bool tp_pool_small(const tp_pooling_args *args) {
    return args->h.kernel * args->w.kernel <= TP_POOL_SMALL_WINDOW;
}

#endif
