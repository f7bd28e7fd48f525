/* What several benchmarks need: the time, operands, square convolutions. */
#ifndef TAPER_BENCH_COMMON_H
#define TAPER_BENCH_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend/conv.h"
#include "base/alloc.h"

/* Seconds. */
static inline double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static inline double now(void) { return seconds_of(CLOCK_MONOTONIC); }

/* Numbers from -1 to 1, in memory as tensors get it: whole cache lines, huge pages for megabytes. The caller frees them. Ends the
 * program without memory. */
static inline float *filled(int64_t count) {
    float *p = tp_system_allocate((size_t)count * sizeof(float) + 64);
    if (!p) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    for (int64_t i = 0; i < count; i++)
        p[i] = (float)((i * 2654435761u >> 7) % 2001) / 1000.0f - 1.0f;
    return p;
}

/* A convolution of square pictures by a square kernel. */
static inline tp_conv_shape square_conv(int images, int in, int out, int size, int kernel,
                                        int stride, int padding) {
    int64_t results = (size + 2 * padding - kernel) / stride + 1;
    return (tp_conv_shape){.images = images,
                           .groups = 1,
                           .in_channels = in,
                           .in_h = size,
                           .in_w = size,
                           .out_channels = out,
                           .out_h = results,
                           .out_w = results,
                           .kernel_h = kernel,
                           .kernel_w = kernel,
                           .stride_h = stride,
                           .stride_w = stride,
                           .dilation_h = 1,
                           .dilation_w = 1,
                           .top = padding,
                           .left = padding};
}

static inline double conv_operations(const tp_conv_shape *s) {
    return 2.0 * (double)(s->images * s->out_channels * s->out_h * s->out_w) *
           (double)(s->in_channels * s->kernel_h * s->kernel_w);
}

#endif
