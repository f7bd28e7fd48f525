/* Products and convolutions in bfloat16 against sums in double of the rounded operands: layouts, odd sizes, every direction,
 * strides, groups, what cannot be rounded, and any number of threads. Skipped where there is no AVX512-BF16. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "backend/bf16.h"
#include "base/cpu.h"

/* Of the sum of the products' magnitudes: sums are rounded to float32 at every step of two products. */
#define BOUND 1e-6

static const tp_kernels *kernels;

static uint64_t state = 1;
static uint32_t next_random(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

/* Random numbers of [-1, 1) with NaN behind them that nobody may let into a result. */
static float *random_block(int64_t count) {
    float *block = malloc((size_t)(count + 64) * sizeof *block);
    assert_non_null(block);
    for (int64_t i = 0; i < count + 64; i++)
        block[i] = i < count ? (float)((double)next_random() / 1073741824.0 - 1) : NAN;
    return block;
}

/* To the nearest number of 8 bits, ties to even, by arithmetic alone. */
static double rounded(float x) {
    if (!isfinite(x) || x == 0) return (double)x;
    if (fabsf(x) < 1.17549435e-38f) return 0;
    int exponent;
    double mantissa = frexp((double)x, &exponent);
    return ldexp(nearbyint(ldexp(mantissa, 8)), exponent - 8);
}

static bool close_to(double got, double want, double size) {
    return isnan(want) ? isnan(got) : fabs(got - want) <= BOUND * size + 1e-30;
}

/* ---- products ---- */

typedef struct product {
    int64_t m, n, k;
    const char *layout; /* is a, is b transposed; S: strides of 2 and 3 */
    bool bias;
    double alpha, beta;
    tp_epilogue activation, mask;
} product;

static void layout_of(char layout, int64_t rows, int64_t cols, int64_t *row, int64_t *col) {
    *row = layout == 'T' ? 1 : layout == 'S' ? 3 * cols : cols;
    *col = layout == 'T' ? rows : layout == 'S' ? 2 : 1;
}

static double activate(tp_epilogue kind, double x) {
    if (kind == TP_EPILOGUE_RELU) return x > 0 ? x : 0;
    if (kind == TP_EPILOGUE_TANH) return tanh(x);
    return x;
}

static void check_product(const product *p) {
    tp_gemm_args args = {.m = p->m, .n = p->n, .k = p->k, .c_row = p->n + 3};
    args.alpha = p->alpha != 0 ? p->alpha : 1, args.beta = p->beta;
    args.activation = p->activation;
    layout_of(p->layout[0], p->m, p->k, &args.a_row, &args.a_col);
    layout_of(p->layout[1], p->k, p->n, &args.b_row, &args.b_col);
    float *a = random_block(6 * p->m * p->k), *b = random_block(6 * p->k * p->n);
    float *c = random_block(p->m * args.c_row), *bias = random_block(p->n);
    float *mask = random_block(p->m * p->n), *before = random_block(p->m * args.c_row);
    memcpy(before, c, (size_t)(p->m * args.c_row) * sizeof *c);
    args.a = a, args.b = b, args.c = c;
    if (p->bias) args.bias = bias;
    if (p->mask) args.mask = mask, args.mask_row = p->n, args.mask_kind = p->mask;
    tp_pool *pool = tp_pool_new(2, NULL);
    assert_true(kernels->gemm_bf16(pool, &args));
    tp_pool_free(pool);
    for (int64_t i = 0; i < p->m * args.c_row; i++) {
        int64_t row = i / args.c_row, col = i % args.c_row;
        double sum = 0, size = 0;
        if (col >= p->n) {
            assert_memory_equal(&c[i], &before[i], sizeof *c);
            continue;
        }
        for (int64_t q = 0; q < p->k; q++) {
            double term = rounded(a[row * args.a_row + q * args.a_col]) *
                          rounded(b[q * args.b_row + col * args.b_col]);
            sum += term, size += fabs(term);
        }
        sum = args.alpha * sum + args.beta * (double)before[i] + (p->bias ? (double)bias[col] : 0);
        size = fabs(args.alpha) * size + fabs(args.beta * (double)before[i]) + 1;
        double want = activate(p->activation, sum);
        if (p->mask == TP_EPILOGUE_RELU && !(mask[row * p->n + col] > 0)) want = 0;
        if (!close_to((double)c[i], want, size))
            fail_msg("%lld x %lld x %lld %s: (%lld, %lld) is %.9g, not %.9g", (long long)p->m,
                     (long long)p->n, (long long)p->k, p->layout, (long long)row, (long long)col,
                     (double)c[i], want);
    }
    free(a), free(b), free(c), free(bias), free(mask), free(before);
}

static void products(void **unused) {
    (void)unused;
    static const char *const layouts[] = {"NN", "NT", "TN", "TT", "SN", "NS", "SS"};
    static const int64_t sizes[][3] = {{1, 1, 1},     {1, 40, 5},     {40, 1, 6},    {2, 3, 1},
                                       {14, 32, 2},   {15, 33, 7},    {32, 64, 64},  {33, 65, 129},
                                       {31, 500, 99}, {100, 17, 801}, {50, 300, 3},  {64, 48, 785},
                                       {7, 257, 31},  {530, 34, 800}, {20, 20, 2000}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t l = 0; l < sizeof layouts / sizeof layouts[0]; l++)
            check_product(&(product){
                .m = sizes[i][0], .n = sizes[i][1], .k = sizes[i][2], .layout = layouts[l]});
    }
}

static void epilogues(void **unused) {
    (void)unused;
    static const char *const layouts[] = {"NN", "NT", "TN"};
    for (size_t l = 0; l < sizeof layouts / sizeof layouts[0]; l++) {
        product p = {.m = 37, .n = 70, .k = 1603, .layout = layouts[l], .bias = true};
        check_product(&p);
        p.activation = TP_EPILOGUE_RELU;
        check_product(&p);
        p.alpha = -0.5, p.beta = 1, p.activation = TP_EPILOGUE_TANH;
        check_product(&p);
        p = (product){.m = 60, .n = 33, .k = 70, .layout = layouts[l], .beta = 1};
        check_product(&p);
        p.mask = TP_EPILOGUE_RELU;
        check_product(&p);
    }
}

/* The product with the identity shows what a number is rounded to. */
static void rounding(void **unused) {
    (void)unused;
    enum { N = 32 };
    static const struct {
        float from, to;
    } pairs[] = {{1.0f + 0x1p-8f, 1.0f}, /* ties to even */
                 {1.0f + 3 * 0x1p-8f, 1.0f + 0x1p-6f},
                 {1.0f + 0x1.8p-8f, 1.0f + 0x1p-7f},
                 {-1.0f - 0x1p-8f, -1.0f},
                 {3.0e38f, 0x1.c4p127f},
                 {3.4e38f, INFINITY}, /* nearer to 2^128 */
                 {INFINITY, INFINITY},
                 {-INFINITY, -INFINITY},
                 {0x1p-126f, 0x1p-126f},
                 {1.0e-38f, 0}, /* below the normal numbers */
                 {0, 0}};
    float a[N * N] = {0}, identity[N * N] = {0}, c[N * N];
    int count = (int)(sizeof pairs / sizeof pairs[0]);
    for (int i = 0; i < N; i++) identity[i * N + i] = 1;
    for (int i = 0; i < count; i++) a[i * N + i] = pairs[i].from;
    tp_gemm_args args = {.m = N,
                         .n = N,
                         .k = N,
                         .a = a,
                         .a_row = N,
                         .a_col = 1,
                         .b = identity,
                         .b_row = N,
                         .b_col = 1,
                         .c = c,
                         .c_row = N,
                         .alpha = 1};
    tp_pool *pool = tp_pool_new(1, NULL);
    assert_true(kernels->gemm_bf16(pool, &args));
    for (int i = 0; i < count; i++) {
        if (c[i * N + i] != pairs[i].to)
            fail_msg("%.9g becomes %.9g, not %.9g", (double)pairs[i].from, (double)c[i * N + i],
                     (double)pairs[i].to);
        assert_true((double)pairs[i].to == rounded(pairs[i].from) || isinf(pairs[i].to));
    }
    /* NaN, with any bits, spoils its row and no other, on either side */
    memset(a, 0, sizeof a);
    uint32_t bits = 0x7f800001u; /* would be infinity if the lower bits were cut off */
    memcpy(&a[3 * N + 5], &bits, sizeof bits);
    assert_true(kernels->gemm_bf16(pool, &args));
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) assert_int_equal(isnan(c[i * N + j]) != 0, i == 3);
    tp_pool_free(pool);
}

/* ---- convolutions ---- */

static const char *const directions[] = {"forward", "input gradient", "weight gradient"};

typedef struct trial {
    int64_t images, groups, in, out, h, w, kernel_h, kernel_w, stride, dilation, padding;
    bool bias, accumulate, statistics;
    tp_epilogue activation;
} trial;

typedef struct operands {
    tp_conv_args args;
    float *x, *weight, *y, *bias;
    int64_t counts[TP_CONV_COUNT]; /* of what each direction makes */
} operands;

static int64_t out_size(int64_t in, int64_t kernel, const trial *t) {
    return (in + 2 * t->padding - t->dilation * (kernel - 1) - 1) / t->stride + 1;
}

static operands make_operands(const trial *t) {
    operands o = {.args = {.accumulate = t->accumulate, .activation = t->activation}};
    o.args.shape = (tp_conv_shape){.images = t->images,
                                   .groups = t->groups,
                                   .in_channels = t->in,
                                   .in_h = t->h,
                                   .in_w = t->w,
                                   .out_channels = t->out,
                                   .out_h = out_size(t->h, t->kernel_h, t),
                                   .out_w = out_size(t->w, t->kernel_w, t),
                                   .kernel_h = t->kernel_h,
                                   .kernel_w = t->kernel_w,
                                   .stride_h = t->stride,
                                   .stride_w = t->stride,
                                   .dilation_h = t->dilation,
                                   .dilation_w = t->dilation,
                                   .top = t->padding,
                                   .left = t->padding};
    const tp_conv_shape *s = &o.args.shape;
    o.counts[TP_CONV_FORWARD] = t->images * t->out * s->out_h * s->out_w;
    o.counts[TP_CONV_GRAD_INPUT] = t->images * t->in * t->h * t->w;
    o.counts[TP_CONV_GRAD_WEIGHT] = t->out * t->in / t->groups * t->kernel_h * t->kernel_w;
    o.args.y = o.y = random_block(o.counts[TP_CONV_FORWARD]);
    o.args.x = o.x = random_block(o.counts[TP_CONV_GRAD_INPUT]);
    o.args.weight = o.weight = random_block(o.counts[TP_CONV_GRAD_WEIGHT]);
    o.bias = random_block(t->out + t->in);
    return o;
}

static void free_operands(operands *o) { free(o->x), free(o->weight), free(o->y), free(o->bias); }

/* Where the products of one element of y go. */
static void convolve_at(const operands *of, tp_conv_kind d, int64_t y, double *sum, double *size) {
    const tp_conv_shape *s = &of->args.shape;
    int64_t j = y % s->out_w, i = y / s->out_w % s->out_h;
    int64_t o = y / s->out_w / s->out_h % s->out_channels,
            n = y / s->out_w / s->out_h / s->out_channels;
    int64_t depth = s->in_channels / s->groups, first = o / (s->out_channels / s->groups) * depth;
    for (int64_t c = 0; c < depth; c++) {
        for (int64_t tap = 0; tap < s->kernel_h * s->kernel_w; tap++) {
            int64_t r = i * s->stride_h + tap / s->kernel_w * s->dilation_h - s->top;
            int64_t q = j * s->stride_w + tap % s->kernel_w * s->dilation_w - s->left;
            if (r < 0 || r >= s->in_h || q < 0 || q >= s->in_w) continue;
            int64_t x = ((n * s->in_channels + first + c) * s->in_h + r) * s->in_w + q;
            int64_t w = (o * depth + c) * s->kernel_h * s->kernel_w + tap;
            double left = rounded(d == TP_CONV_GRAD_INPUT ? of->y[y] : of->x[x]);
            double right = rounded(d == TP_CONV_GRAD_WEIGHT ? of->y[y] : of->weight[w]);
            int64_t at = d == TP_CONV_FORWARD ? y : d == TP_CONV_GRAD_INPUT ? x : w;
            sum[at] += left * right, size[at] += fabs(left * right);
        }
    }
}

/* The sums of squares and their sizes are those of the channel's results. */
static void check_statistics(const trial *t, const tp_conv_shape *s, const double *got,
                             const double *sum, const double *size) {
    int64_t plane = s->out_h * s->out_w;
    for (int64_t o = 0; o < t->out; o++) {
        double total = 0, squares = 0, most = 0;
        for (int64_t i = 0; i < t->images * t->out * plane; i++) {
            if (i / plane % t->out != o) continue;
            total += sum[i], squares += sum[i] * sum[i], most += size[i] + size[i] * size[i];
        }
        assert_true(close_to(got[o], total, most));
        assert_true(close_to(got[t->out + o], squares, 4 * most));
    }
}

static void check_direction(const trial *t, tp_conv_kind d) {
    operands o = make_operands(t);
    int64_t count = o.counts[d];
    double *sum = calloc((size_t)count, sizeof *sum), *size = calloc((size_t)count, sizeof *size);
    double *statistics = calloc((size_t)(2 * t->out), sizeof *statistics);
    float *result = random_block(count), *before = random_block(count);
    assert_true(sum && size && statistics);
    memcpy(before, result, (size_t)count * sizeof *before);
    for (int64_t y = 0; y < o.counts[TP_CONV_FORWARD]; y++) convolve_at(&o, d, y, sum, size);
    o.args.result = result;
    if (t->bias && d != TP_CONV_GRAD_WEIGHT) o.args.bias = o.bias;
    if (d != TP_CONV_FORWARD) o.args.activation = TP_EPILOGUE_NONE;
    if (t->statistics && d == TP_CONV_FORWARD) o.args.statistics = statistics;
    tp_pool *pool = tp_pool_new(2, NULL);
    assert_true(kernels->conv_bf16[d](pool, &o.args));
    tp_pool_free(pool);
    if (o.args.statistics) check_statistics(t, &o.args.shape, statistics, sum, size);
    int64_t plane = d == TP_CONV_FORWARD ? o.args.shape.out_h * o.args.shape.out_w : t->h * t->w;
    int64_t channels = d == TP_CONV_FORWARD ? t->out : t->in;
    for (int64_t i = 0; i < count; i++) {
        double want = sum[i] + (o.args.bias ? (double)o.bias[i / plane % channels] : 0);
        want = activate(o.args.activation, want) + (t->accumulate ? (double)before[i] : 0);
        if (!close_to((double)result[i], want, size[i] + 1))
            fail_msg("%s of %lld images, %lld to %lld channels in %lld groups, %lldx%lld, kernel "
                     "%lldx%lld, stride %lld: element %lld is %.9g, not %.9g",
                     directions[d], (long long)t->images, (long long)t->in, (long long)t->out,
                     (long long)t->groups, (long long)t->h, (long long)t->w, (long long)t->kernel_h,
                     (long long)t->kernel_w, (long long)t->stride, (long long)i, (double)result[i],
                     want);
    }
    free(sum), free(size), free(statistics), free(result), free(before);
    free_operands(&o);
}

static void convolutions(void **unused) {
    (void)unused;
    static const trial trials[] = {
        {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, false, false, false, TP_EPILOGUE_NONE},
        {2, 1, 3, 5, 7, 9, 3, 3, 1, 1, 1, true, false, false, TP_EPILOGUE_RELU},
        {3, 1, 16, 33, 8, 8, 3, 3, 1, 1, 1, false, false, true, TP_EPILOGUE_NONE},
        {5, 1, 5, 40, 11, 6, 5, 3, 2, 1, 2, true, false, false, TP_EPILOGUE_RELU},
        {4, 1, 17, 64, 14, 14, 5, 5, 1, 1, 2, false, true, false, TP_EPILOGUE_NONE},
        {8, 1, 32, 48, 2, 2, 3, 3, 1, 1, 1, true, false, false, TP_EPILOGUE_RELU},
        {2, 1, 64, 96, 9, 9, 1, 1, 1, 1, 0, false, false, true, TP_EPILOGUE_NONE},
        {3, 1, 10, 20, 13, 17, 3, 2, 3, 2, 3, false, false, false, TP_EPILOGUE_NONE},
        {2, 2, 6, 10, 8, 8, 3, 3, 1, 1, 1, true, false, false, TP_EPILOGUE_NONE},
        {2, 3, 9, 48, 8, 10, 3, 3, 2, 1, 1, false, true, false, TP_EPILOGUE_NONE},
        {3, 4, 4, 4, 6, 6, 3, 3, 1, 1, 1, true, false, false, TP_EPILOGUE_RELU},
        {7, 1, 3, 64, 20, 20, 7, 7, 2, 1, 3, false, false, true, TP_EPILOGUE_NONE},
        {1, 1, 40, 70, 5, 5, 3, 3, 1, 1, 1, false, false, false, TP_EPILOGUE_NONE}};
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        for (int d = 0; d < TP_CONV_COUNT; d++) check_direction(&trials[i], (tp_conv_kind)d);
    }
}

/* ---- threads ---- */

static const int thread_counts[] = {1, 2, 3, 7};
enum { THREADS = sizeof thread_counts / sizeof thread_counts[0] };

static void same_bits(const float *a, const float *b, int64_t count, int threads,
                      const char *what) {
    for (int64_t i = 0; i < count; i++)
        if (memcmp(&a[i], &b[i], sizeof *a))
            fail_msg("%s: element %lld is %.9g with one thread, %.9g with %d", what, (long long)i,
                     (double)a[i], (double)b[i], threads);
}

static void products_have_the_same_bits(void **unused) {
    (void)unused;
    static const int64_t sizes[][3] = {
        {32, 500, 1568}, {500, 131, 33}, {129, 700, 801}, {2000, 40, 70}};
    static const char *const layouts[] = {"NN", "NT", "TN"};
    for (int i = 0; i < 12; i++) {
        const int64_t *s = sizes[i / 3];
        tp_gemm_args args = {.m = s[0], .n = s[1], .k = s[2], .c_row = s[1], .alpha = 1};
        layout_of(layouts[i % 3][0], args.m, args.k, &args.a_row, &args.a_col);
        layout_of(layouts[i % 3][1], args.k, args.n, &args.b_row, &args.b_col);
        float *a = random_block(args.m * args.k), *b = random_block(args.k * args.n);
        float *c[THREADS];
        args.a = a, args.b = b;
        for (int t = 0; t < THREADS; t++) {
            args.c = c[t] = random_block(args.m * args.n);
            tp_pool *pool = tp_pool_new(thread_counts[t], NULL);
            assert_true(kernels->gemm[0](pool, &args));
            tp_pool_free(pool);
            same_bits(c[0], c[t], args.m * args.n, thread_counts[t], layouts[i % 3]);
        }
        for (int t = 0; t < THREADS; t++) free(c[t]);
        free(a), free(b);
    }
}

static void convolutions_have_the_same_bits(void **unused) {
    (void)unused;
    static const trial trials[] = {
        {5, 1, 5, 40, 31, 16, 5, 3, 2, 1, 2, false, false, true, TP_EPILOGUE_RELU},
        {16, 1, 33, 70, 14, 14, 3, 3, 1, 1, 1, false, false, true, TP_EPILOGUE_NONE},
        {9, 1, 17, 64, 14, 14, 5, 5, 1, 1, 2, false, false, false, TP_EPILOGUE_NONE}};
    for (int i = 0; i < 3 * TP_CONV_COUNT; i++) {
        const trial *of = &trials[i / TP_CONV_COUNT];
        int d = i % TP_CONV_COUNT;
        operands o = make_operands(of);
        double statistics[THREADS][2 * 70];
        float *result[THREADS];
        if (d != TP_CONV_FORWARD) o.args.activation = TP_EPILOGUE_NONE;
        for (int t = 0; t < THREADS; t++) {
            o.args.result = result[t] = random_block(o.counts[d]);
            bool counted = of->statistics && d == TP_CONV_FORWARD;
            o.args.statistics = counted ? statistics[t] : NULL;
            tp_pool *pool = tp_pool_new(thread_counts[t], NULL);
            assert_true(kernels->conv_bf16[d](pool, &o.args));
            tp_pool_free(pool);
            same_bits(result[0], result[t], o.counts[d], thread_counts[t], directions[d]);
            if (counted)
                assert_memory_equal(statistics[0], statistics[t],
                                    (size_t)(2 * of->out) * sizeof(double));
        }
        for (int t = 0; t < THREADS; t++) free(result[t]);
        free_operands(&o);
    }
}

/* ---- where ---- */

/* What the table does is one of the two, bit for bit, as the rule says. */
static void small_products_stay_float32(void **unused) {
    (void)unused;
    static const int64_t sizes[][3] = {{10, 64, 128}, {1, 500, 784}, {32, 128, 784}, {100, 10, 64}};
    const tp_kernels *plain = tp_kernels_choose(TP_CPU_AVX512);
    tp_pool *pool = tp_pool_new(1, NULL);
    int chosen = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int64_t *s = sizes[i];
        tp_gemm_args args = {.m = s[0], .n = s[1], .k = s[2], .c_row = s[1], .alpha = 1};
        layout_of('N', args.m, args.k, &args.a_row, &args.a_col);
        layout_of('T', args.k, args.n, &args.b_row, &args.b_col);
        float *a = random_block(args.m * args.k), *b = random_block(args.k * args.n);
        float *got = random_block(args.m * args.n), *want = random_block(args.m * args.n);
        args.a = a, args.b = b, args.c = got;
        assert_true(kernels->gemm[0](pool, &args));
        args.c = want;
        bool wins = tp_gemm_bf16_wins(&args);
        chosen += wins;
        assert_true(wins ? kernels->gemm_bf16(pool, &args) : plain->gemm[0](pool, &args));
        assert_memory_equal(got, want, (size_t)(args.m * args.n) * sizeof *got);
        free(a), free(b), free(got), free(want);
    }
    assert_int_equal(chosen, 1); /* the third */
    tp_pool_free(pool);
}

static void nothing_to_do(void **unused) {
    (void)unused;
    float c[4] = {7, 7, 7, 7};
    tp_gemm_args args = {
        .m = 2, .n = 2, .k = 0, .a_row = 0, .b_row = 2, .b_col = 1, .c = c, .c_row = 2, .alpha = 1};
    tp_pool *pool = tp_pool_new(1, NULL);
    assert_true(kernels->gemm[0](pool, &args));
    for (int i = 0; i < 4; i++) assert_true(c[i] == 0);
    args.m = 0, args.k = 64;
    assert_true(kernels->gemm[0](pool, &args));
    tp_pool_free(pool);
}

int main(void) {
    kernels = tp_kernels_bf16(tp_cpu_choose(NULL));
    if (!kernels) return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(epilogues),
        cmocka_unit_test(rounding),
        cmocka_unit_test(convolutions),
        cmocka_unit_test(products_have_the_same_bits),
        cmocka_unit_test(convolutions_have_the_same_bits),
        cmocka_unit_test(small_products_stay_float32),
        cmocka_unit_test(nothing_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
