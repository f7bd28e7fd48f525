/* The direct convolutions against their definition in double: every instruction set, both types, strides, dilations, groups,
 * borders and odd sizes. */
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

static uint64_t state = 1;
static uint32_t next_random(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}
static int64_t below(int64_t n) { return (int64_t)(next_random() % (uint64_t)n); }

/* Numbers of either type, with some NaN behind them that nobody may let into a result. */
enum { GUARD = 64 };
typedef struct block {
    int64_t count;
    int type; /* 0: float, 1: double */
    void *data;
} block;

static double get(const block *b, int64_t i) {
    return b->type ? ((const double *)b->data)[i] : (double)((const float *)b->data)[i];
}
static void set(const block *b, int64_t i, double value) {
    if (b->type)
        ((double *)b->data)[i] = value;
    else
        ((float *)b->data)[i] = (float)value;
}

static block random_block(int type, int64_t count) {
    block b = {count, type, malloc((size_t)(count + GUARD) * sizeof(double))};
    assert_non_null(b.data);
    for (int64_t i = 0; i < count + GUARD; i++)
        set(&b, i, i < count ? (double)next_random() / 1073741824.0 - 1 : NAN);
    return b;
}

typedef struct trial {
    tp_conv_shape shape;
    int type;
    bool bias, accumulate, statistics;
    tp_epilogue activation;
    block x, weight, y, bias_block;
} trial;

static void make_operands(trial *t) {
    const tp_conv_shape *s = &t->shape;
    t->x = random_block(t->type, s->images * s->in_channels * s->in_h * s->in_w);
    t->y = random_block(t->type, s->images * s->out_channels * s->out_h * s->out_w);
    t->weight = random_block(t->type, s->out_channels * (s->in_channels / s->groups) * s->kernel_h *
                                          s->kernel_w);
    t->bias_block = random_block(t->type, s->in_channels + s->out_channels);
}

static void free_operands(trial *t) {
    free(t->x.data);
    free(t->y.data);
    free(t->weight.data);
    free(t->bias_block.data);
}

/* What the definition gives: sums, those of the products' magnitudes, and the sums as the type rounds them, from the bias on. */
typedef struct expected {
    double *sum, *size, *chain;
} expected;

static double rounded(const trial *t, double x) { return t->type ? x : (double)(float)x; }

/* Adds the products of row i of the results of one pair of channels to their places. */
static void add_row(const trial *t, tp_conv_kind d, int64_t n, int64_t o, int64_t c, int64_t i,
                    const expected *e) {
    const tp_conv_shape *s = &t->shape;
    int64_t depth = s->in_channels / s->groups, rows = s->out_channels / s->groups;
    int64_t channel = o / rows * depth + c, taps = s->kernel_h * s->kernel_w;
    for (int64_t j = 0; j < s->out_w; j++) {
        for (int64_t tap = 0; tap < taps; tap++) {
            int64_t r = i * s->stride_h + tap / s->kernel_w * s->dilation_h - s->top;
            int64_t q = j * s->stride_w + tap % s->kernel_w * s->dilation_w - s->left;
            if (r < 0 || r >= s->in_h || q < 0 || q >= s->in_w) continue;
            int64_t y = ((n * s->out_channels + o) * s->out_h + i) * s->out_w + j;
            int64_t x = ((n * s->in_channels + channel) * s->in_h + r) * s->in_w + q;
            int64_t w = (o * depth + c) * taps + tap;
            double left = d == TP_CONV_GRAD_INPUT ? get(&t->y, y) : get(&t->x, x);
            double right = d == TP_CONV_GRAD_WEIGHT ? get(&t->y, y) : get(&t->weight, w);
            int64_t at = d == TP_CONV_FORWARD ? y : d == TP_CONV_GRAD_INPUT ? x : w;
            e->sum[at] += left * right;
            e->size[at] += fabs(left * right);
            e->chain[at] = rounded(t, e->chain[at] + rounded(t, left * right));
        }
    }
}

static void convolve(const trial *t, tp_conv_kind d, const expected *e) {
    const tp_conv_shape *s = &t->shape;
    for (int64_t n = 0; n < s->images; n++)
        for (int64_t o = 0; o < s->out_channels; o++)
            for (int64_t c = 0; c < s->in_channels / s->groups; c++)
                for (int64_t i = 0; i < s->out_h; i++) add_row(t, d, n, o, c, i, e);
}

static double activate(tp_epilogue kind, double x) {
    switch (kind) {
    case TP_EPILOGUE_RELU: return x > 0 ? x : 0;
    case TP_EPILOGUE_LEAKY_RELU: return x > 0 ? x : 0.25 * x;
    case TP_EPILOGUE_TANH: return tanh(x);
    default: return x;
    }
}

static void fail_at(const char *who, const trial *t, tp_conv_kind d, int64_t i, double got,
                    double want) {
    const tp_conv_shape *s = &t->shape;
    fail_msg("%s: %s of %s, %lld images, %lld groups, %lldx%lldx%lld to %lldx%lldx%lld, kernel "
             "%lldx%lld, stride %lldx%lld, dilation %lldx%lld, border %lld %lld, bias %d, "
             "activation %d, accumulate %d, statistics %d: element %lld is %.9g, not %.9g",
             who, direction_names[d], t->type ? "double" : "float", (long long)s->images,
             (long long)s->groups, (long long)s->in_channels, (long long)s->in_h,
             (long long)s->in_w, (long long)s->out_channels, (long long)s->out_h,
             (long long)s->out_w, (long long)s->kernel_h, (long long)s->kernel_w,
             (long long)s->stride_h, (long long)s->stride_w, (long long)s->dilation_h,
             (long long)s->dilation_w, (long long)s->top, (long long)s->left, t->bias,
             t->activation, t->accumulate, t->statistics, (long long)i, got, want);
}

/* Sums over images and pixels, and of squares. */
static void check_statistics(const char *who, const trial *t, const double *statistics,
                             const double *sum) {
    const tp_conv_shape *s = &t->shape;
    int64_t plane = s->out_h * s->out_w;
    for (int64_t o = 0; o < s->out_channels; o++) {
        double total = 0, squares = 0, size = 0, bias = 0;
        if (t->bias) bias = get(&t->bias_block, o);
        for (int64_t k = 0; k < s->images * plane; k++) {
            double v = sum[(k / plane * s->out_channels + o) * plane + k % plane] + bias;
            total += v;
            squares += v * v;
            size += fabs(v);
        }
        if (!(fabs(statistics[o] - total) <= 1e-5 * (size + 1)))
            fail_at(who, t, TP_CONV_FORWARD, o, statistics[o], total);
        if (!(fabs(statistics[s->out_channels + o] - squares) <= 1e-5 * (squares + 1)))
            fail_at(who, t, TP_CONV_FORWARD, o, statistics[s->out_channels + o], squares);
    }
}

/* The bias of element i of the result. */
static double bias_of(const trial *t, tp_conv_kind d, int64_t i) {
    const tp_conv_shape *s = &t->shape;
    if (!t->bias || d == TP_CONV_GRAD_WEIGHT) return 0;
    return d == TP_CONV_FORWARD ? get(&t->bias_block, i / (s->out_h * s->out_w) % s->out_channels)
                                : get(&t->bias_block, i / (s->in_h * s->in_w) % s->in_channels);
}

/* What element i of the result has to be, from the sum of its products. */
static double wanted(const trial *t, tp_conv_kind d, int64_t i, double sum, double old) {
    sum += bias_of(t, d, i);
    return old + (d == TP_CONV_FORWARD ? activate(t->activation, sum) : sum);
}

static expected begin(const trial *t, tp_conv_kind d, int64_t count) {
    expected e = {calloc((size_t)count + 1, sizeof(double)),
                  calloc((size_t)count + 1, sizeof(double)),
                  calloc((size_t)count + 1, sizeof(double))};
    assert_true(e.sum && e.size && e.chain);
    for (int64_t i = 0; i < count; i++) e.chain[i] = bias_of(t, d, i);
    return e;
}

static void end(expected *e) {
    free(e->sum);
    free(e->size);
    free(e->chain);
}

/* Where a table promises the bits of the definition and the compiler fuses nothing: elements of the result are the chains. */
static void check_order(const tp_kernels *kernels, const trial *t, tp_conv_kind d,
                        const block *result, const expected *e) {
#ifndef __FP_FAST_FMAF
    bool simple = t->activation == TP_EPILOGUE_NONE || t->activation == TP_EPILOGUE_RELU;
    if (!kernels->conv.in_order || d == TP_CONV_GRAD_WEIGHT || t->accumulate || !simple) return;
    for (int64_t i = 0; i < result->count; i++) {
        double want = t->activation == TP_EPILOGUE_RELU ? fmax(e->chain[i], 0) : e->chain[i];
        if (get(result, i) != want) fail_at(kernels->name, t, d, i, get(result, i), want);
    }
#else
    (void)kernels, (void)t, (void)d, (void)result, (void)e;
#endif
}

static void check(const tp_kernels *kernels, tp_pool *pool, trial *t, tp_conv_kind d) {
    make_operands(t);
    const block *like = d == TP_CONV_FORWARD ? &t->y : d == TP_CONV_GRAD_INPUT ? &t->x : &t->weight;
    int64_t count = like->count;
    block result = random_block(t->type, count);
    double *old = calloc((size_t)count + 1, sizeof *old);
    assert_non_null(old);
    expected e = begin(t, d, count);
    for (int64_t i = 0; i < count; i++)
        if (t->accumulate)
            old[i] = get(&result, i);
        else
            set(&result, i, NAN);
    double statistics[256];
    tp_conv_args args = {.shape = t->shape,
                         .x = t->x.data,
                         .weight = t->weight.data,
                         .y = t->y.data,
                         .result = result.data,
                         .accumulate = t->accumulate,
                         .bias = t->bias && d != TP_CONV_GRAD_WEIGHT ? t->bias_block.data : NULL,
                         .slope = 0.25};
    if (d == TP_CONV_FORWARD) {
        args.activation = t->activation;
        if (t->statistics) args.statistics = statistics;
    }
    assert_true(kernels->conv.run[d][t->type](pool, &args));
    convolve(t, d, &e);
    if (args.statistics) check_statistics(kernels->name, t, statistics, e.sum);
    double error = t->type ? 1e-14 : 1e-6;
    for (int64_t i = 0; i < count; i++) {
        trial *mine = t;
        if (d != TP_CONV_FORWARD) mine->activation = TP_EPILOGUE_NONE;
        double want = wanted(mine, d, i, e.sum[i], old[i]), got = get(&result, i);
        if (!(fabs(got - want) <= error * (e.size[i] + 2)))
            fail_at(kernels->name, t, d, i, got, want);
    }
    check_order(kernels, t, d, &result, &e);
    for (int64_t i = count; i < count + GUARD; i++) assert_true(isnan(get(&result, i)));
    free(result.data);
    free(old);
    end(&e);
    free_operands(t);
}

/* A direction of a picture: 0 where no place is left for a result. */
static int64_t results(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t before,
                       int64_t after) {
    int64_t room = in + before + after - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

/* Few and many channels, narrow and wide pictures, strides below and above the kernel. */
static bool random_trial(trial *t) {
    static const int64_t widths[] = {1, 2, 7, 15, 16, 17, 30, 31, 33, 64, 65};
    int64_t groups = below(5) == 0 ? 1 + below(3) : 1;
    *t = (trial){.type = below(4) == 0};
    tp_conv_shape *s = &t->shape;
    *s = (tp_conv_shape){.images = below(10) == 0 ? 0 : 1 + below(3),
                         .groups = groups,
                         .in_channels = groups * (1 + below(below(3) ? 7 : 20)),
                         .out_channels = groups * (1 + below(below(3) ? 11 : 36)),
                         .in_h = 1 + below(18),
                         .in_w = widths[below(11)],
                         .kernel_h = 1 + below(5),
                         .kernel_w = 1 + below(6),
                         .stride_h = 1 + below(3),
                         .stride_w = below(4) ? 1 + below(2) : 1 + below(4),
                         .dilation_h = below(4) ? 1 : 2,
                         .dilation_w = below(4) ? 1 : 1 + below(3),
                         .top = below(4) - below(2),
                         .left = below(30) ? below(4) - below(2) : 20};
    s->out_h =
        results(s->in_h, s->kernel_h, s->stride_h, s->dilation_h, s->top, below(4) - below(2));
    s->out_w =
        results(s->in_w, s->kernel_w, s->stride_w, s->dilation_w, s->left, below(4) - below(2));
    t->bias = below(2);
    t->accumulate = below(4) == 0;
    t->statistics = !t->accumulate && below(3) == 0;
    if (!t->accumulate) t->activation = (tp_epilogue)below(5);
    if (t->activation == TP_EPILOGUE_SIGMOID) t->activation = TP_EPILOGUE_NONE;
    return s->out_h > 0 && s->out_w > 0 && 2 * s->out_channels <= 256;
}

static void try_random(const tp_kernels *kernels, tp_pool *pool) {
    trial t;
    for (int i = 0; i < 600; i++)
        if (random_trial(&t)) check(kernels, pool, &t, (tp_conv_kind)below(TP_CONV_COUNT));
}
static void test_random(void **unused) {
    (void)unused;
    each_level(try_random);
}

/* Layers of networks: side and channels as they are, fewer images. */
static void try_layers(const tp_kernels *kernels, tp_pool *pool) {
    static const int64_t layers[][6] = {
        /* channels in and out, size, kernel, border, stride */
        {3, 6, 64, 5, 0, 2},
        {6, 10, 30, 5, 0, 2},
        {3, 64, 64, 7, 3, 2},
        {64, 128, 16, 3, 1, 2},
        {40, 72, 9, 1, 0, 2},
        {1, 8, 28, 5, 2, 2},
        {16, 33, 15, 3, 1, 2},
        {64, 3, 16, 4, 1, 2},
        /* rows of results as one line: full tiles and rests, several blocks, borders or none, a strip */
        {1, 16, 28, 5, 2, 1},
        {1, 6, 28, 5, 0, 1},
        {3, 40, 33, 3, 1, 1},
        {1, 11, 130, 3, 1, 1},
        {3, 20, 19, 7, 3, 1},
        {7, 64, 30, 1, 0, 1},
        {2, 9, 2, 3, 4, 1},
    };
    for (size_t l = 0; l < sizeof layers / sizeof *layers; l++) {
        const int64_t *v = layers[l];
        int64_t out = results(v[2], v[3], v[5], 1, v[4], v[4]);
        for (int i = 0; i < 2 * TP_CONV_COUNT; i++) {
            trial t = {.shape = {.images = 2,
                                 .groups = 1,
                                 .in_channels = v[0],
                                 .in_h = v[2],
                                 .in_w = v[2],
                                 .out_channels = v[1],
                                 .out_h = out,
                                 .out_w = out,
                                 .kernel_h = v[3],
                                 .kernel_w = v[3],
                                 .stride_h = v[5],
                                 .stride_w = v[5],
                                 .dilation_h = 1,
                                 .dilation_w = 1,
                                 .top = v[4],
                                 .left = v[4]},
                       .bias = i < TP_CONV_COUNT,
                       .statistics = i >= TP_CONV_COUNT && v[1] <= 64,
                       .activation = i < TP_CONV_COUNT ? TP_EPILOGUE_RELU : TP_EPILOGUE_LEAKY_RELU};
            check(kernels, pool, &t, (tp_conv_kind)(i % TP_CONV_COUNT));
        }
    }
}
static void test_layers(void **unused) {
    (void)unused;
    each_level(try_layers);
}

/* ---- the pass over the gradient of an activated convolution ---- */

/* The bits that one thread gives have to come from any number. */
static void run_pass(const tp_kernels *kernels, int type, tp_conv_pass_args *args, double *sums,
                     int threads) {
    block got = random_block(type, args->channels);
    for (int64_t c = 0; c < args->channels && args->accumulate; c++) set(&got, c, 1);
    tp_pool *pool = tp_pool_new(threads, NULL);
    assert_non_null(pool);
    args->sum = got.data;
    kernels->conv.pass[type](pool, args);
    tp_pool_free(pool);
    for (int64_t c = 0; c < args->channels; c++) {
        if (threads > 1) assert_true(get(&got, c) == sums[c]);
        sums[c] = get(&got, c);
    }
    free(got.data);
}

/* Images that threads share, and so few of them that they share the channels; with a gradient or the sums alone. */
static void check_pass(const tp_kernels *kernels, int type, int64_t images, int64_t pixels,
                       tp_epilogue activation, bool accumulate) {
    enum { CHANNELS = 3 };
    int64_t count = images * CHANNELS * pixels;
    block g = random_block(type, count), y = random_block(type, count);
    block gz = random_block(type, count);
    tp_conv_pass_args args = {.images = images,
                              .channels = CHANNELS,
                              .pixels = pixels,
                              .g = g.data,
                              .y = y.data,
                              .gz = activation == TP_EPILOGUE_NONE ? NULL : gz.data,
                              .accumulate = accumulate,
                              .activation = activation};
    double sums[CHANNELS];
    static const int threads[] = {1, 2, 3, 7};
    for (int i = 0; i < 4; i++) run_pass(kernels, type, &args, sums, threads[i]);
    for (int64_t c = 0; c < CHANNELS; c++) {
        double want = accumulate, size = 1;
        for (int64_t i = 0; i < images * pixels; i++) {
            int64_t at = (i / pixels * CHANNELS + c) * pixels + i % pixels;
            bool passes = activation == TP_EPILOGUE_NONE || get(&y, at) > 0;
            want += passes ? get(&g, at) : 0;
            size += fabs(get(&g, at));
            if (args.gz) assert_true(get(&gz, at) == (passes ? get(&g, at) : 0));
        }
        double error = type ? 1e-14 : 1e-6;
        assert_true(fabs(sums[c] - want) <= error * size);
    }
    free(g.data), free(y.data), free(gz.data);
}

static void try_pass(const tp_kernels *kernels, tp_pool *unused) {
    (void)unused;
    static const int64_t sizes[][2] = {{19, 401}, {16, 342}, {16, 340}, {3, 4000}, {40, 7}, {1, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int k = 0; k < 8; k++)
            check_pass(kernels, k & 1, sizes[i][0], sizes[i][1],
                       k & 2 ? TP_EPILOGUE_RELU : TP_EPILOGUE_NONE, k & 4);
}
static void test_pass(void **unused) {
    (void)unused;
    each_level(try_pass);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
