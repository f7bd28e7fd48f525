/* Winograd convolutions against a direct one in double: every instruction set, direction, border, odd sizes, and any number of
 * threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/levels.h"

static const char *const direction_names[] = {"forward", "input gradient", "weight gradient"};

typedef struct trial {
    int64_t images, in, out, h, w;
    int64_t side;                     /* of the kernel; 0 stands for 3 */
    int64_t top, left, bottom, right; /* zeros beside the image */
    bool bias, accumulate, statistics;
    tp_epilogue activation;
} trial;

static uint64_t state = 1;
static uint32_t next_random(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}
static int64_t below(int64_t n) { return (int64_t)(next_random() % (uint64_t)n); }

/* count random numbers of [-1, 1) with 64 NaN behind them that nobody may let into a result */
static float *random_block(int64_t count) {
    float *block = malloc((size_t)(count + 64) * sizeof *block);
    assert_non_null(block);
    for (int64_t i = 0; i < count + 64; i++)
        block[i] = i < count ? (float)((double)next_random() / 1073741824.0 - 1) : NAN;
    return block;
}

typedef struct operands {
    tp_conv_args args;
    float *x, *weight, *y, *bias;
    int64_t counts[TP_CONV_COUNT]; /* elements of what each direction makes */
} operands;

static int64_t side_of(const trial *t) { return t->side ? t->side : 3; }

static operands make_operands(const trial *t) {
    int64_t side = side_of(t);
    operands o = {
        .args = {.accumulate = t->accumulate, .activation = t->activation, .slope = 0.25}};
    o.args.shape = (tp_conv_shape){.images = t->images,
                                   .groups = 1,
                                   .in_channels = t->in,
                                   .in_h = t->h,
                                   .in_w = t->w,
                                   .out_channels = t->out,
                                   .out_h = t->h + t->top + t->bottom - side + 1,
                                   .out_w = t->w + t->left + t->right - side + 1,
                                   .kernel_h = side,
                                   .kernel_w = side,
                                   .stride_h = 1,
                                   .stride_w = 1,
                                   .dilation_h = 1,
                                   .dilation_w = 1,
                                   .top = t->top,
                                   .left = t->left};
    o.counts[TP_CONV_FORWARD] = t->images * t->out * o.args.shape.out_h * o.args.shape.out_w;
    o.counts[TP_CONV_GRAD_INPUT] = t->images * t->in * t->h * t->w;
    o.counts[TP_CONV_GRAD_WEIGHT] = t->out * t->in * side * side;
    o.args.y = o.y = random_block(o.counts[TP_CONV_FORWARD]);
    o.args.x = o.x = random_block(o.counts[TP_CONV_GRAD_INPUT]);
    o.args.weight = o.weight = random_block(o.counts[TP_CONV_GRAD_WEIGHT]);
    o.bias = random_block(t->out + t->in);
    if (t->bias) o.args.bias = o.bias;
    return o;
}

static void free_operands(operands *o) {
    free(o->x);
    free(o->weight);
    free(o->y);
    free(o->bias);
}

/* Adds every product of the convolution to its place in sum, and its magnitude to the same place in size. */
static void convolve(const operands *of, tp_conv_kind d, double *sum, double *size) {
    const tp_conv_shape *s = &of->args.shape;
    int64_t planes = s->images * s->out_channels, side = s->kernel_w, taps = side * side;
    for (int64_t plane = 0; plane < planes; plane++) {
        int64_t n = plane / s->out_channels, o = plane % s->out_channels;
        for (int64_t row = 0; row < s->in_channels * s->out_h; row++) {
            int64_t c = row / s->out_h, i = row % s->out_h;
            for (int64_t j = 0; j < s->out_w; j++) {
                int64_t y = (plane * s->out_h + i) * s->out_w + j;
                for (int64_t tap = 0; tap < taps; tap++) {
                    int64_t r = i + tap / side - s->top, q = j + tap % side - s->left;
                    if (r < 0 || r >= s->in_h || q < 0 || q >= s->in_w) continue;
                    int64_t x = ((n * s->in_channels + c) * s->in_h + r) * s->in_w + q;
                    int64_t w = (o * s->in_channels + c) * taps + tap;
                    double left = (double)(d == TP_CONV_GRAD_INPUT ? of->y[y] : of->x[x]);
                    double right = (double)(d == TP_CONV_GRAD_WEIGHT ? of->y[y] : of->weight[w]);
                    int64_t at = d == TP_CONV_FORWARD ? y : d == TP_CONV_GRAD_INPUT ? x : w;
                    sum[at] += left * right;
                    size[at] += fabs(left * right);
                }
            }
        }
    }
}

static double activate(tp_epilogue kind, double slope, double x) {
    if (kind == TP_EPILOGUE_RELU) return x > 0 ? x : 0;
    if (kind == TP_EPILOGUE_LEAKY_RELU) return x > 0 ? x : slope * x;
    return x;
}

static void fail_at(const trial *t, tp_conv_kind d, int64_t i, double got, double want,
                    const char *what) {
    fail_msg("%s: %s of %lld images, %lld to %lld channels, %lldx%lld, border %lld %lld %lld %lld, "
             "bias %d, activation %d, accumulate %d: element %lld is %.9g, not %.9g",
             what, direction_names[d], (long long)t->images, (long long)t->in, (long long)t->out,
             (long long)t->h, (long long)t->w, (long long)t->top, (long long)t->left,
             (long long)t->bottom, (long long)t->right, t->bias, t->activation, t->accumulate,
             (long long)i, got, want);
}

/* What batch normalisation wants: sums over images and pixels, and of squares. */
static void check_statistics(const trial *t, const double *statistics, const double *sum,
                             int64_t count, int64_t plane) {
    for (int64_t o = 0; o < t->out; o++) {
        double total = 0, squares = 0, size = 0;
        for (int64_t i = o * plane; i < count; i += t->out * plane) {
            for (int64_t j = i; j < i + plane; j++) {
                total += sum[j];
                squares += sum[j] * sum[j];
                size += fabs(sum[j]);
            }
        }
        if (!(fabs(statistics[o] - total) <= 1e-5 * (size + 1)))
            fail_at(t, TP_CONV_FORWARD, o, statistics[o], total, "sum");
        if (!(fabs(statistics[t->out + o] - squares) <= 1e-5 * (squares + 1)))
            fail_at(t, TP_CONV_FORWARD, o, statistics[t->out + o], squares, "squares");
    }
}

/* An error spreads over a tile, so that it is in proportion to what is largest there: of the pixels of one channel, or the taps of
 * one kernel, that whose products have the largest sum of magnitudes. Where a picture lies within one tile of 5x5, points that nearly
 * cancel meet few products, and it is up to three times as large. */
static double transform_error(const trial *t) {
    bool tiny = t->h < 4 || t->w < 4;
    return side_of(t) == 5 && tiny ? 1.2e-5 : 4e-6;
}

static double largest(const double *size, int64_t count) {
    double most = 0;
    for (int64_t i = 0; i < count; i++) most = fmax(most, size[i]);
    return most;
}

static void check(const tp_kernels *kernels, tp_pool *pool, const trial *t, tp_conv_kind d) {
    operands o = make_operands(t);
    int64_t count = o.counts[d];
    double *sum = calloc((size_t)count + 1, sizeof *sum), *size = calloc((size_t)count + 1, 8);
    float *result = random_block(count), *old = malloc((size_t)(count + 64) * sizeof *old);
    assert_true(sum && size && old);
    if (!t->accumulate) {
        for (int64_t i = 0; i < count; i++) result[i] = NAN;
    }
    memcpy(old, result, (size_t)(count + 64) * sizeof *old);
    convolve(&o, d, sum, size);
    double statistics[256];
    assert_true(2 * t->out <= 256);
    o.args.result = result;
    if (t->statistics && d == TP_CONV_FORWARD) o.args.statistics = statistics;
    assert_true(kernels->winograd.run[d](pool, &o.args));
    int64_t plane = d == TP_CONV_FORWARD      ? o.args.shape.out_h * o.args.shape.out_w
                    : d == TP_CONV_GRAD_INPUT ? o.args.shape.in_h * o.args.shape.in_w
                                              : side_of(t) * side_of(t);
    if (o.args.statistics) check_statistics(t, statistics, sum, count, plane);
    double most = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i % plane == 0) most = largest(size + i, plane);
        double want = sum[i] + (t->accumulate ? (double)old[i] : 0);
        double bias = 0;
        if (d != TP_CONV_GRAD_WEIGHT && t->bias)
            bias = (double)o.bias[i / plane % (d == TP_CONV_FORWARD ? t->out : t->in)];
        want += bias;
        if (d == TP_CONV_FORWARD) want = activate(t->activation, 0.25, want);
        double allowed = transform_error(t) * most + 3e-7 * (1 + fabs(bias));
        if (!(fabs((double)result[i] - want) <= allowed))
            fail_at(t, d, i, (double)result[i], want, kernels->name);
    }
    assert_memory_equal(result + count, old + count, 64 * sizeof *old);
    free(sum);
    free(size);
    free(result);
    free(old);
    free_operands(&o);
}

static trial plain(int64_t images, int64_t in, int64_t out, int64_t h, int64_t w, int64_t border) {
    return (trial){.images = images,
                   .in = in,
                   .out = out,
                   .h = h,
                   .w = w,
                   .top = border,
                   .left = border,
                   .bottom = border,
                   .right = border};
}

/* Sizes on both sides of tiles, vectors and segments, each with every border that leaves an image. */
static void try_sizes(const tp_kernels *kernels, tp_pool *pool) {
    static const int64_t sizes[][5] = {{1, 1, 1, 1, 1},   {5, 3, 17, 1, 1},    {1, 17, 3, 3, 3},
                                       {5, 65, 17, 5, 7}, {1, 3, 65, 2, 2},    {5, 16, 32, 4, 4},
                                       {5, 33, 16, 7, 7}, {1, 1, 3, 5, 7},     {3, 17, 48, 14, 14},
                                       {1, 8, 40, 9, 30}, {1, 3, 5, 3, 300},   {1, 2, 3, 300, 3},
                                       {0, 3, 4, 5, 5},   {2, 33, 40, 28, 28}, {1, 5, 2, 12, 301},
                                       {33, 4, 4, 2, 2},  {2, 0, 3, 4, 4},     {2, 3, 0, 4, 4}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (int64_t way = 0; way <= 6; way++) { /* 3x3 with three borders, 5x5 with four */
            const int64_t *size = sizes[s];
            int64_t side = way < 3 ? 3 : 5, border = way < 3 ? way : way - 2;
            if (size[3] + 2 * border < side || size[4] + 2 * border < side) continue;
            trial t = plain(size[0], size[1], size[2], size[3], size[4], border);
            t.side = side;
            t.bias = border != 0;
            t.statistics = border == 1;
            t.activation = (tp_epilogue)((s + (size_t)border) % 3);
            for (int d = 0; d < TP_CONV_COUNT; d++) check(kernels, pool, &t, (tp_conv_kind)d);
        }
    }
}
static void test_sizes(void **unused) {
    (void)unused;
    each_level(try_sizes);
}

/* Any sizes, with borders that differ from side to side. */
static void try_random(const tp_kernels *kernels, tp_pool *pool) {
    for (int i = 0; i < 80; i++) {
        trial t = {.images = 1 + below(4), .in = 1 + below(40), .out = 1 + below(70)};
        t.h = 1 + below(20), t.w = 1 + below(20);
        int64_t side = t.side = below(3) ? 3 : 5;
        t.top = below(side), t.left = below(side), t.bottom = below(side), t.right = below(side);
        if (t.h + t.top + t.bottom < side || t.w + t.left + t.right < side) continue;
        t.bias = below(2);
        t.accumulate = below(3) == 0;
        t.statistics = !t.accumulate && below(2);
        if (!t.accumulate) t.activation = (tp_epilogue)below(3);
        check(kernels, pool, &t, (tp_conv_kind)below(TP_CONV_COUNT));
    }
}
static void test_random(void **unused) {
    (void)unused;
    each_level(try_random);
}

/* The same bits at 1, 2, 3 and 7 threads, and from inside a task. */
typedef struct inner_call {
    tp_conv_fn fn;
    tp_pool *pool;
    const tp_conv_args *args;
} inner_call;
static void call_inside(void *arg, int64_t task, int worker) {
    (void)worker;
    inner_call *call = arg;
    if (task == 1) assert_true(call->fn(call->pool, call->args));
}

static void compare_threads(const tp_kernels *kernels, const trial *t, tp_conv_kind d) {
    static const int threads[] = {1, 2, 3, 7, 2};
    operands o = make_operands(t);
    size_t bytes = (size_t)o.counts[d] * sizeof(float);
    float *first = random_block(o.counts[d]), *result = random_block(o.counts[d]);
    double statistics[2][512];
    assert_true(2 * t->out <= 512);
    for (int i = 0; i < 5; i++) {
        tp_pool *pool = tp_pool_new(threads[i], NULL);
        assert_non_null(pool);
        o.args.result = i == 0 ? first : result;
        if (d == TP_CONV_FORWARD) o.args.statistics = statistics[i > 0];
        inner_call call = {kernels->winograd.run[d], pool, &o.args};
        if (i < 4)
            assert_true(call.fn(pool, &o.args));
        else
            tp_pool_run(pool, 2, call_inside, &call);
        size_t counts = d == TP_CONV_FORWARD ? (size_t)(2 * t->out) * sizeof(double) : 0;
        if (i > 0 && (memcmp(first, result, bytes) != 0 ||
                      memcmp(statistics[0], statistics[1], counts) != 0))
            fail_at(t, d, 0, threads[i], 1, "bits differ with threads");
        tp_pool_free(pool);
    }
    free(first);
    free(result);
    free_operands(&o);
}

static void try_threads(const tp_kernels *kernels, tp_pool *unused) {
    (void)unused;
    static const int64_t sizes[][5] = {
        {24, 64, 64, 14, 14}, {8, 128, 128, 7, 7}, {1, 40, 100, 30, 30}, {16, 70, 130, 2, 2},
        {9, 33, 17, 28, 28},  {1, 16, 16, 9, 500}, {2, 256, 64, 5, 5}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int64_t *size = sizes[s];
        trial t = plain(size[0], size[1], size[2], size[3], size[4], 1);
        t.bias = true;
        t.side = s % 3 ? 3 : 5;
        t.activation = TP_EPILOGUE_RELU;
        for (int d = 0; d < TP_CONV_COUNT; d++) compare_threads(kernels, &t, (tp_conv_kind)d);
    }
}
static void test_threads(void **unused) {
    (void)unused;
    each_level(try_threads);
}

/* Memory that runs out: an answer, no crash, and the next convolution works. */
static void try_memory(const tp_kernels *kernels, tp_pool *unused) {
    (void)unused;
    trial t = plain(8, 32, 32, 14, 14, 1);
    for (int d = 0; d < TP_CONV_COUNT; d++) {
        operands o = make_operands(&t);
        o.args.result = random_block(o.counts[d]);
        tp_conv_fn fn = kernels->winograd.run[d];
        assert_false(fn(NULL, &o.args));
        allowed_blocks = 1;
        tp_pool *pool = tp_pool_new(2, &limited_memory);
        assert_non_null(pool);
        assert_false(fn(pool, &o.args));
        allowed_blocks = 1;
        assert_false(fn(pool, &o.args)); /* enough for the first worker only */
        allowed_blocks = 100;
        assert_true(fn(pool, &o.args));
        tp_pool_free(pool);
        free(o.args.result);
        free_operands(&o);
    }
}
static void test_memory(void **unused) {
    (void)unused;
    each_level(try_memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
