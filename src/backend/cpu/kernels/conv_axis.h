/* One of the two directions of a convolution.
 *
 * Forward and input gradient are the same thing: result i is a sum over taps t of weight[which[t]] times the source at
 * i * step + at[t], zero outside of it. Forward has a tap for each element of the kernel and step is the stride. The input
 * gradient is cut into stride many parts: input h = first + i * stride meets only the elements of the kernel that reach it,
 * and its source, y, is walked one by one. So neither multiplies by zeros that a stride or a dilation puts in. */
#ifndef TP_BACKEND_CPU_KERNELS_CONV_AXIS_H
#define TP_BACKEND_CPU_KERNELS_CONV_AXIS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct conv_axis {
    int64_t source, results; /* sizes */
    int64_t step;
    int64_t first, stride; /* where in memory: result i is element first + i * stride */
    int64_t taps;
    int64_t *which, *at; /* at rises from tap to tap */
    int64_t *offset;     /* at in elements of memory: set by whoever needs it */
    /* Source elements are kept apart by their remainder when divided by step, so that the next result's element is the
     * next one in memory: a tap reads in the plane of its remainder at i + shift, low <= shift <= high. */
    int64_t low, high;
    int64_t planes;  /* remainders that occur */
    int64_t *plane;  /* of each tap: number of its plane */
    int64_t *remain; /* of each plane: the remainder */
} conv_axis;

/* One direction as tp_conv_shape says it. */
typedef struct conv_sizes {
    int64_t in, out, kernel, stride, dilation, before;
} conv_sizes;

/* Integers that an axis needs. */
static int64_t conv_axis_space(const conv_sizes *s) { return 5 * s->kernel; }

static inline int64_t conv_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t conv_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t conv_most(int64_t a, int64_t b) { return a > b ? a : b; }
/* The size of equal parts of n, each at most `most` and at least 1. */
static inline int64_t conv_even(int64_t n, int64_t most) {
    return n <= most ? conv_most(n, 1) : conv_ceil_div(n, conv_ceil_div(n, most));
}
static int64_t conv_floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static void conv_axis_tap(conv_axis *axis, int64_t which, int64_t at) {
    axis->which[axis->taps] = which;
    axis->at[axis->taps++] = at;
}

/* Results j for which a tap at `at` meets the source: [*begin, *end). */
static void conv_axis_meets(const conv_axis *axis, int64_t at, int64_t *begin, int64_t *end) {
    *begin = at < 0 ? (-at + axis->step - 1) / axis->step : 0;
    *end = axis->source > at ? (axis->source - at + axis->step - 1) / axis->step : 0;
    if (*end > axis->results) *end = axis->results;
    if (*begin > *end) *begin = *end;
}

/* Taps of result i that meet the source: [*begin, *end). */
static void conv_axis_taps(const conv_axis *axis, int64_t i, int64_t *begin, int64_t *end) {
    *begin = 0, *end = axis->taps;
    while (*begin < *end && i * axis->step + axis->at[*begin] < 0) ++*begin;
    while (*end > *begin && i * axis->step + axis->at[*end - 1] >= axis->source) --*end;
}

/* Sorts the taps into planes. */
static void conv_axis_finish(conv_axis *axis) {
    if (axis->taps == 0) axis->planes = 1, axis->remain[0] = 0; /* others may read its copy */
    for (int64_t t = 0; t < axis->taps; t++) {
        int64_t shift = conv_floor_div(axis->at[t], axis->step);
        int64_t remain = axis->at[t] - shift * axis->step, p = 0;
        if (t == 0 || shift < axis->low) axis->low = shift;
        if (t == 0 || shift > axis->high) axis->high = shift;
        while (p < axis->planes && axis->remain[p] != remain) p++;
        if (p == axis->planes) axis->remain[axis->planes++] = remain;
        axis->plane[t] = p;
    }
}

/* Axes that read one copy: all of them get the widest reach. */
static void conv_axis_join(conv_axis *axes, int64_t count) {
    int64_t low = axes[0].low, high = axes[0].high;
    for (int64_t i = 1; i < count; i++) {
        low = conv_least(low, axes[i].low);
        high = conv_most(high, axes[i].high);
    }
    for (int64_t i = 0; i < count; i++) axes[i].low = low, axes[i].high = high;
}

static int64_t *conv_axis_take(conv_axis *axis, const conv_sizes *s, int64_t *space) {
    axis->which = space;
    axis->at = space + s->kernel;
    axis->plane = space + 2 * s->kernel;
    axis->remain = space + 3 * s->kernel;
    axis->offset = space + 4 * s->kernel;
    return space + conv_axis_space(s);
}

/* Results y from x. Takes its arrays from *space. */
static void conv_axis_forward(conv_axis *axis, const conv_sizes *s, int64_t **space) {
    *axis = (conv_axis){.source = s->in, .results = s->out, .step = s->stride, .stride = 1};
    *space = conv_axis_take(axis, s, *space);
    for (int64_t a = 0; a < s->kernel; a++) conv_axis_tap(axis, a, a * s->dilation - s->before);
    conv_axis_finish(axis);
}

/* Results x from y: those x at first, first + stride, ... */
static void conv_axis_backward(conv_axis *axis, const conv_sizes *s, int64_t first,
                               int64_t **space) {
    *axis = (conv_axis){.source = s->out,
                        .results = s->in > first ? (s->in - first + s->stride - 1) / s->stride : 0,
                        .step = 1,
                        .first = first,
                        .stride = s->stride};
    *space = conv_axis_take(axis, s, *space);
    for (int64_t a = s->kernel - 1; a >= 0; a--) {
        int64_t from = first + s->before - a * s->dilation;
        int64_t at = conv_floor_div(from, s->stride);
        if (from == at * s->stride) conv_axis_tap(axis, a, at);
    }
    conv_axis_finish(axis);
}

/* The axes of all parts of the results: one forward, one for each remainder backward. */
static void conv_axis_parts(conv_axis *axes, int64_t parts, const conv_sizes *s, bool backward,
                            int64_t **space) {
    for (int64_t i = 0; i < parts; i++)
        if (backward)
            conv_axis_backward(&axes[i], s, i, space);
        else
            conv_axis_forward(&axes[i], s, space);
}

#endif
