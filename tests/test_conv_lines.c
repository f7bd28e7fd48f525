/* The gradient of the weight of few channels (conv_flat.h), on every instruction set: against double, and the same bits at any
 * number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/levels.h"

static uint32_t state_of_random = 7;
static int64_t below(int64_t n) {
    state_of_random = state_of_random * 1664525u + 1013904223u;
    return (int64_t)(state_of_random >> 8) % n;
}

/* Exactly so many numbers from -1 to 1, in memory of their own. */
static float *numbers(int64_t count) {
    float *p = malloc((size_t)(count > 0 ? count : 1) * sizeof *p);
    assert_non_null(p);
    for (int64_t i = 0; i < count; i++) p[i] = (float)below(2001) * 1e-3f - 1;
    return p;
}

/* One element of the gradient and, in *size, the sum of its products' magnitudes. */
static double wanted(const tp_conv_args *args, int64_t element, double *size) {
    const tp_conv_shape *s = &args->shape;
    const float *x = args->x, *y = args->y;
    int64_t depth = s->in_channels / s->groups, rows = s->out_channels / s->groups;
    int64_t b = element % s->kernel_w, a = element / s->kernel_w % s->kernel_h;
    int64_t o = element / (s->kernel_w * s->kernel_h) / depth;
    int64_t c = o / rows * depth + element / (s->kernel_w * s->kernel_h) % depth;
    double sum = 0;
    *size = 0;
    for (int64_t i = 0; i < s->images * s->out_h * s->out_w; i++) {
        int64_t column = i % s->out_w, row = i / s->out_w % s->out_h, n = i / s->out_w / s->out_h;
        int64_t r = row + a * s->dilation_h - s->top, q = column + b * s->dilation_w - s->left;
        if (r < 0 || q < 0 || r >= s->in_h || q >= s->in_w) continue;
        double product =
            (double)x[((n * s->in_channels + c) * s->in_h + r) * s->in_w + q] *
            (double)y[((n * s->out_channels + o) * s->out_h + row) * s->out_w + column];
        sum += product;
        *size += fabs(product);
    }
    return sum;
}

static void check(const tp_kernels *kernels, const tp_conv_shape *s, bool accumulate) {
    int64_t count = s->out_channels * s->in_channels / s->groups * s->kernel_h * s->kernel_w;
    float *x = numbers(s->images * s->in_channels * s->in_h * s->in_w);
    float *y = numbers(s->images * s->out_channels * s->out_h * s->out_w);
    float *before = numbers(count), *first = numbers(count), *result = numbers(count);
    tp_conv_args args = {.shape = *s, .x = x, .y = y, .accumulate = accumulate};
    static const int threads[] = {1, 2, 3, 7};
    for (int i = 0; i < 4; i++) {
        tp_pool *pool = tp_pool_new(threads[i], NULL);
        assert_non_null(pool);
        args.result = i == 0 ? first : result;
        memcpy(args.result, before, (size_t)count * sizeof *before);
        assert_true(kernels->conv.run[TP_CONV_GRAD_WEIGHT][0](pool, &args));
        tp_pool_free(pool);
        assert_memory_equal(args.result, first, (size_t)count * sizeof *first);
    }
    for (int64_t i = 0; i < count; i++) {
        double size, want = wanted(&args, i, &size) + (accumulate ? (double)before[i] : 0);
        if (!(fabs((double)first[i] - want) <= 1e-6 * (size + 1)))
            fail_msg(
                "%s: %lld images, %lld channels to %lld, %lldx%lld: element %lld is %g, not %g",
                kernels->name, (long long)s->images, (long long)s->in_channels,
                (long long)s->out_channels, (long long)s->in_h, (long long)s->in_w, (long long)i,
                (double)first[i], want);
    }
    free(x), free(y), free(before), free(first), free(result);
}

/* Pictures of h x w with `depth` channels a group, and a border as wide on both sides of each direction. */
static tp_conv_shape shape(int64_t images, int64_t groups, int64_t depth, int64_t out, int64_t h,
                           int64_t w, int64_t side, int64_t border) {
    return (tp_conv_shape){.images = images,
                           .groups = groups,
                           .in_channels = groups * depth,
                           .in_h = h,
                           .in_w = w,
                           .out_channels = out,
                           .out_h = h + 2 * border - side + 1,
                           .out_w = w + 2 * border - side + 1,
                           .kernel_h = side,
                           .kernel_w = side,
                           .stride_h = 1,
                           .stride_w = 1,
                           .dilation_h = 1,
                           .dilation_w = 1,
                           .top = border,
                           .left = border};
}

static void try_sizes(const tp_kernels *kernels, tp_pool *unused) {
    (void)unused;
    static const int64_t sizes[][8] = {
        {3, 1, 1, 16, 28, 28, 5, 2}, {2, 1, 1, 11, 28, 28, 3, 1}, {9, 1, 1, 4, 15, 15, 3, 1},
        {1, 1, 1, 5, 70, 31, 5, 2},  {2, 1, 1, 9, 19, 17, 5, 0},  {2, 1, 1, 9, 17, 19, 3, 2},
        {1, 1, 1, 7, 3, 300, 3, 1},  {1, 1, 1, 4, 300, 2, 5, 3},  {2, 3, 1, 24, 16, 18, 3, 1},
        {3, 1, 3, 24, 33, 31, 3, 1}, {2, 1, 2, 16, 28, 28, 5, 2}, {2, 2, 3, 14, 17, 18, 5, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int64_t *v = sizes[i];
        tp_conv_shape s = shape(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
        check(kernels, &s, false);
        check(kernels, &s, true);
    }
}
static void test_sizes(void **unused) {
    (void)unused;
    each_level(try_sizes);
}

/* Kernels that are not square, apart, and with borders that differ or crop. */
static void try_random(const tp_kernels *kernels, tp_pool *unused) {
    (void)unused;
    for (int i = 0; i < 40; i++) {
        tp_conv_shape s = shape(1 + below(4), 1, 1 + below(3), 4 + below(14), 12 + below(30),
                                12 + below(30), 3, 1);
        s.kernel_h = 1 + below(5);
        s.kernel_w = below(2) ? 3 : 5;
        s.dilation_h = 1 + below(2), s.dilation_w = 1 + below(2);
        s.top = below(6) - 2, s.left = below(6) - 2;
        s.out_h = s.in_h - below(3), s.out_w = s.in_w - below(3);
        check(kernels, &s, below(2) == 0);
    }
}
static void test_random(void **unused) {
    (void)unused;
    each_level(try_random);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes), cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
