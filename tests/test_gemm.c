/* Matrix products against a plain triple loop: every instruction set, layout, epilogue, and any
 * number of threads. */
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

/* A product to try: how each operand lies in memory, and what happens to the result. */
typedef struct trial {
    int64_t m, n, k;
    int a_layout, b_layout; /* 0 rows contiguous, 1 columns contiguous, 2 neither */
    int gap;                /* unused elements at the end of each line */
    double alpha, beta;
    bool bias, tile;
    tp_epilogue activation, mask;
} trial;

typedef struct matrices {
    void *a, *b, *c, *bias, *mask;
    int64_t a_row, a_col, b_row, b_col, c_row, mask_row;
} matrices;

static uint64_t state = 1;
static uint32_t next_random(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}
static int64_t below(int64_t n) { return (int64_t)(next_random() % (uint64_t)n); }

static double get(const void *p, bool wide, int64_t i) {
    return wide ? ((const double *)p)[i] : (double)((const float *)p)[i];
}
static void put(void *p, bool wide, int64_t i, double value) {
    if (wide)
        ((double *)p)[i] = value;
    else
        ((float *)p)[i] = (float)value;
}

/* count random numbers of [-1, 1) with 128 NaN behind them that nobody may let into a result */
static void *random_block(int64_t count, bool wide) {
    void *block = malloc((size_t)(count + 128) * (wide ? 8 : 4));
    assert_non_null(block);
    for (int64_t i = 0; i < count; i++)
        put(block, wide, i, (double)next_random() / 1073741824.0 - 1);
    for (int64_t i = count; i < count + 128; i++) put(block, wide, i, NAN);
    return block;
}

/* Strides of a (rows, cols) matrix; returns how many elements it spans. */
static int64_t lay_out(int layout, int64_t rows, int64_t cols, int gap, int64_t *row,
                       int64_t *col) {
    int64_t step = layout == 2 ? 2 : 1;
    *row = layout == 1 ? 1 : (cols + gap) * step;
    *col = layout == 1 ? rows + gap : step;
    return ((rows + gap) * (cols + gap) + 1) * step;
}

static void make_matrices(matrices *x, const trial *t, bool wide) {
    x->a = random_block(lay_out(t->a_layout, t->m, t->k, t->gap, &x->a_row, &x->a_col), wide);
    x->b = random_block(lay_out(t->b_layout, t->k, t->n, t->gap, &x->b_row, &x->b_col), wide);
    x->c_row = t->n + t->gap;
    x->mask_row = t->n + 2 * t->gap;
    x->c = random_block(t->m * x->c_row, wide);
    x->mask = random_block(t->m * x->mask_row, wide);
    x->bias = random_block(t->n, wide);
}

static void free_matrices(matrices *x) {
    free(x->a);
    free(x->b);
    free(x->c);
    free(x->mask);
    free(x->bias);
}

static tp_gemm_args arguments(const matrices *x, const trial *t) {
    return (tp_gemm_args){.m = t->m,
                          .n = t->n,
                          .k = t->k,
                          .a = x->a,
                          .a_row = x->a_row,
                          .a_col = x->a_col,
                          .b = x->b,
                          .b_row = x->b_row,
                          .b_col = x->b_col,
                          .c = x->c,
                          .c_row = x->c_row,
                          .alpha = t->alpha,
                          .beta = t->beta,
                          .bias = t->bias ? x->bias : NULL,
                          .activation = t->activation,
                          .slope = 0.25,
                          .mask = t->mask != TP_EPILOGUE_NONE ? x->mask : NULL,
                          .mask_row = x->mask_row,
                          .mask_kind = t->mask,
                          .mask_slope = 0.125};
}

static double activate(tp_epilogue kind, double slope, double x) {
    switch (kind) {
    case TP_EPILOGUE_RELU: return x > 0 ? x : 0;
    case TP_EPILOGUE_LEAKY_RELU: return x > 0 ? x : slope * x;
    case TP_EPILOGUE_SIGMOID: return 1 / (1 + exp(-x));
    case TP_EPILOGUE_TANH: return tanh(x);
    default: return x;
    }
}
static double derivative(tp_epilogue kind, double slope, double y) {
    switch (kind) {
    case TP_EPILOGUE_RELU: return y > 0;
    case TP_EPILOGUE_LEAKY_RELU: return y > 0 ? 1 : slope;
    case TP_EPILOGUE_SIGMOID: return y * (1 - y);
    case TP_EPILOGUE_TANH: return 1 - y * y;
    default: return 1;
    }
}

/* What element (i, j) should be, and in *size what the sum of the absolute values is, which errors
 * are in proportion to. */
static double expected(const tp_gemm_args *g, bool wide, int64_t i, int64_t j, double old,
                       double *size) {
    double sum = 0, absolute = 0;
    for (int64_t p = 0; p < g->k; p++) {
        double product = get(g->a, wide, i * g->a_row + p * g->a_col) *
                         get(g->b, wide, p * g->b_row + j * g->b_col);
        sum += product;
        absolute += fabs(product);
    }
    sum = g->alpha * sum;
    if (g->beta != 0) sum += g->beta * old;
    if (g->bias) sum += get(g->bias, wide, j);
    *size = fabs(g->alpha) * absolute + (g->beta != 0 ? fabs(g->beta * old) : 0) + 1;
    double y = activate(g->activation, g->slope, sum);
    return g->mask ? y * derivative(g->mask_kind, g->mask_slope,
                                    get(g->mask, wide, i * g->mask_row + j))
                   : y;
}

static bool is_wide; /* what the tile function is being handed */
typedef struct tile_sink {
    void *to;
    int64_t row;
    int *times; /* (m, n): how often each element came */
    int64_t n;
} tile_sink;

static void take_tile(void *user, int64_t i, int64_t j, int64_t rows, int64_t cols,
                      const void *tile, int64_t ld) {
    tile_sink *sink = user;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t s = 0; s < cols; s++) {
            put(sink->to, is_wide, (i + r) * sink->row + j + s, get(tile, is_wide, r * ld + s));
            sink->times[(i + r) * sink->n + j + s]++;
        }
    }
}

static void fail_at(const trial *t, bool wide, int64_t i, int64_t j, double got, double want,
                    const char *what) {
    fail_msg("%s: m %lld n %lld k %lld a %d b %d gap %d alpha %g beta %g bias %d tile %d "
             "activation %d mask %d %s: "
             "(%lld, %lld) is %.9g, not %.9g",
             what, (long long)t->m, (long long)t->n, (long long)t->k, t->a_layout, t->b_layout,
             t->gap, t->alpha, t->beta, t->bias, t->tile, t->activation, t->mask,
             wide ? "double" : "float", (long long)i, (long long)j, got, want);
}

/* Computes the trial on the pool and compares every element, and that nothing beside the result
 * changed. */
static void check(const tp_kernels *kernels, tp_pool *pool, const trial *t, bool wide) {
    matrices x;
    make_matrices(&x, t, wide);
    tp_gemm_args g = arguments(&x, t);
    int64_t span = t->m * x.c_row + 128;
    size_t item = wide ? 8 : 4;
    void *old = malloc((size_t)span * item);
    assert_non_null(old);
    if (t->beta == 0) {
        for (int64_t i = 0; i < t->m * x.c_row; i++) put(x.c, wide, i, NAN);
    }
    memcpy(old, x.c, (size_t)span * item);
    tile_sink sink = {x.c, x.c_row, calloc((size_t)(t->m * t->n + 1), sizeof(int)), t->n};
    if (t->tile) {
        g.tile = take_tile;
        g.tile_user = &sink;
        is_wide = wide;
    }
    assert_true(kernels->gemm[wide](pool, &g));
    g.c = x.c;
    for (int64_t i = 0; i < t->m; i++) {
        for (int64_t j = 0; j < t->n; j++) {
            double size, want = expected(&g, wide, i, j, get(old, wide, i * x.c_row + j), &size);
            double got = get(x.c, wide, i * x.c_row + j);
            double allowed = size * (wide ? 2.3e-16 : 1.2e-7) * (4 + (double)t->k / 8);
            if (!(fabs(got - want) <= allowed)) fail_at(t, wide, i, j, got, want, kernels->name);
            if (t->tile && sink.times[i * t->n + j] != 1)
                fail_at(t, wide, i, j, sink.times[i * t->n + j], 1, "tiles");
        }
        for (int64_t j = t->n; j < x.c_row; j++) {
            size_t at = (size_t)(i * x.c_row + j) * item;
            if (memcmp((char *)x.c + at, (char *)old + at, item) != 0)
                fail_at(t, wide, i, j, 0, 0, "gap written");
        }
    }
    size_t end = (size_t)(t->m * x.c_row) * item;
    assert_memory_equal((char *)x.c + end, (char *)old + end, 128 * item);
    free(sink.times);
    free(old);
    free_matrices(&x);
}

static trial random_trial(int64_t limit) {
    static const double factors[] = {1, 1, 1, -0.5, 2};
    static const double betas[] = {0, 0, 1, 0.5};
    trial t = {.m = below(limit),
               .n = below(limit),
               .k = below(limit),
               .a_layout = (int)below(3),
               .b_layout = (int)below(3)};
    t.gap = (int)(below(3) * below(4));
    t.alpha = factors[below(5)];
    t.beta = betas[below(4)];
    t.bias = below(3) == 0;
    t.tile = below(4) == 0;
    if (below(2) == 0) t.activation = (tp_epilogue)below(TP_EPILOGUE_COUNT);
    if (below(3) == 0) t.mask = (tp_epilogue)below(TP_EPILOGUE_COUNT);
    return t;
}

/* ThreadSanitizer makes each product dozens of times slower. */
#ifdef __SANITIZE_THREAD__
enum { SMALL_TRIALS = 1000 };
#else
enum { SMALL_TRIALS = 6000 };
#endif

static void try_small(const tp_kernels *kernels, tp_pool *pool) {
    for (int i = 0; i < SMALL_TRIALS; i++) {
        trial t = random_trial(i % 3 ? 71 : 12);
        check(kernels, pool, &t, i % 4 == 3);
    }
}
static void test_small(void **unused) {
    (void)unused;
    each_level(try_small);
}

/* Sizes on both sides of every border between kernels and blocks, in the three layouts of a linear
 * layer and the fourth. */
static void try_borders(const tp_kernels *kernels, tp_pool *pool) {
    static const int64_t shapes[][3] = {
        {32, 128, 784},  {10, 128, 784}, {128, 784, 10}, {128, 784, 32}, {32, 784, 128},
        {100, 96, 784},  {33, 257, 301}, {23, 65, 545},  {24, 64, 1700}, {600, 70, 300},
        {70, 1050, 40},  {520, 40, 600}, {1, 300, 900},  {300, 1, 900},  {2, 900, 300},
        {3, 400, 3},     {7, 130, 1},    {515, 2, 33},   {515, 3, 800},  {64, 64, 801},
        {130, 520, 545}, {17, 1, 4000},  {1, 17, 4000},  {1, 1, 5000},   {5, 4000, 2},
        {4000, 5, 2},    {256, 256, 256}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int layout = 0; layout < 4; layout++) {
            trial t = {.m = shapes[s][0], .n = shapes[s][1], .k = shapes[s][2], .alpha = 1};
            t.a_layout = layout & 1;
            t.b_layout = layout >> 1;
            check(kernels, pool, &t, (s + (size_t)layout) % 3 == 0);
            t.bias = true;
            t.gap = layout == 2 ? 0 : 3;
            t.activation = (tp_epilogue)((s + (size_t)layout) % TP_EPILOGUE_COUNT);
            t.beta = layout == 1 ? 1 : layout == 2 ? 0.5 : 0;
            t.tile = s % 2;
            t.mask = (tp_epilogue)((s / 2) % TP_EPILOGUE_COUNT);
            check(kernels, pool, &t, s % 3 == 1);
        }
    }
}
static void test_borders(void **unused) {
    (void)unused;
    each_level(try_borders);
}

/* The same bits at 1, 2, 3 and 7 threads, and from inside a task. */
typedef struct inner_call {
    const tp_kernels *kernels;
    tp_pool *pool;
    tp_gemm_args args;
    bool wide;
} inner_call;
static void call_inside(void *arg, int64_t task, int worker) {
    (void)worker;
    inner_call *call = arg;
    if (task == 1) assert_true(call->kernels->gemm[call->wide](call->pool, &call->args));
}

static void try_threads(const tp_kernels *kernels, tp_pool *unused) {
    (void)unused;
    static const int threads[] = {1, 2, 3, 7};
    for (int round = 0; round < 60; round++) {
        bool wide = round % 3 == 2;
        trial t = random_trial(71);
        t.m = 1 + below(300), t.n = 1 + below(300), t.k = 1 + below(900);
        if (round % 5 == 0) t.m = 1 + below(8);
        if (round % 7 == 0) t.n = 1 + below(8);
        t.tile = false;
        matrices x;
        make_matrices(&x, &t, wide);
        size_t bytes = (size_t)(t.m * x.c_row) * (wide ? 8 : 4);
        void *start = malloc(bytes), *first = malloc(bytes);
        assert_non_null(start);
        assert_non_null(first);
        memcpy(start, x.c, bytes);
        tp_gemm_args g = arguments(&x, &t);
        for (int i = 0; i < 5; i++) {
            tp_pool *pool = tp_pool_new(i < 4 ? threads[i] : 2, NULL);
            memcpy(x.c, start, bytes);
            inner_call call = {kernels, pool, g, wide};
            if (i < 4)
                assert_true(kernels->gemm[wide](pool, &g));
            else
                tp_pool_run(pool, 2, call_inside, &call);
            if (i == 0)
                memcpy(first, x.c, bytes);
            else if (memcmp(first, x.c, bytes) != 0)
                fail_at(&t, wide, 0, 0, i < 4 ? threads[i] : 2, 1, "bits differ with threads");
            tp_pool_free(pool);
        }
        free(start);
        free(first);
        free_matrices(&x);
    }
}
static void test_threads(void **unused) {
    (void)unused;
    each_level(try_threads);
}

/* relu and NaN, saturation, and small arguments of tanh, which must not lose their digits */
static void try_activations(const tp_kernels *kernels, tp_pool *pool) {
    static const double values[] = {0,    -0.0, 1e-30, -1e-30,    1e-4,     -1e-4, 0.1, -0.1, 0.5,
                                    -0.7, 1,    -1,    3,         -3.5,     8,     -9,  20,   -20,
                                    88,   -88,  100,   -INFINITY, INFINITY, 700,   NAN};
    enum { COUNT = sizeof values / sizeof *values };
    for (int wide = 0; wide < 2; wide++) {
        for (int kind = 1; kind < TP_EPILOGUE_COUNT; kind++) {
            double a[8] = {0}, b[8] = {0}, c[COUNT], bias[COUNT];
            put(a, wide, 0, 0);
            put(b, wide, 0, 0);
            for (int i = 0; i < COUNT; i++) put(bias, wide, i, values[i]);
            tp_gemm_args g = {.m = 1,
                              .n = COUNT,
                              .k = 0,
                              .a = a,
                              .b = b,
                              .c = c,
                              .c_row = COUNT,
                              .alpha = 1,
                              .bias = bias};
            g.activation = (tp_epilogue)kind;
            g.slope = 0.25;
            assert_true(kernels->gemm[wide](pool, &g));
            for (int i = 0; i < COUNT; i++) {
                double got = get(c, wide, i);
                if (isnan(values[i])) {
                    assert_true(isnan(got));
                    continue;
                }
                double want = activate(g.activation, g.slope, get(bias, wide, i));
                double tiny =
                    wide ? 1e-300 : 1.3e-38; /* below the smallest normal number digits may go */
                double allowed = fabs(want) * (wide ? 1e-15 : 4e-7) + tiny;
                if (!(got == want || fabs(got - want) <= allowed))
                    fail_msg("%s activation %d of %g: %.17g, not %.17g", kernels->name, kind,
                             values[i], got, want);
            }
        }
    }
}
static void test_activations(void **unused) {
    (void)unused;
    each_level(try_activations);
}

static void try_batches(const tp_kernels *kernels, tp_pool *pool) {
    static const int64_t shapes[][4] = {
        {7, 5, 6, 4}, {100, 20, 30, 16}, {3, 130, 120, 90}, {0, 5, 5, 5}, {40, 33, 50, 64}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int shared = 0; shared < 2; shared++) {
            int64_t count = shapes[s][0];
            trial t = {.m = shapes[s][1],
                       .n = shapes[s][2],
                       .k = shapes[s][3],
                       .alpha = 1,
                       .bias = true,
                       .mask = TP_EPILOGUE_TANH};
            tp_gemm_batch batch = {count, t.m * t.k, shared ? 0 : t.k * t.n, t.m * t.n, t.m * t.n};
            void *a = random_block(count * t.m * t.k, false),
                 *b = random_block((count + 1) * t.k * t.n, false);
            float *c = random_block(count * t.m * t.n, false);
            void *mask = random_block(count * t.m * t.n, false), *bias = random_block(t.n, false);
            matrices x = {a, b, c, bias, mask, t.k, 1, t.n, 1, t.n, t.n};
            tp_gemm_args g = arguments(&x, &t);
            assert_true(kernels->gemm_batched[0](pool, &g, &batch));
            for (int64_t q = 0; q < count; q++) {
                tp_gemm_args one = g;
                one.a = (const float *)a + q * batch.a;
                one.b = (const float *)b + q * batch.b;
                one.mask = (const float *)mask + q * batch.mask;
                for (int64_t i = 0; i < t.m * t.n; i++) {
                    double size, want = expected(&one, false, i / t.n, i % t.n, 0, &size);
                    assert_true(fabs((double)c[q * batch.c + i] - want) <= size * 1e-6);
                }
            }
            free_matrices(&x);
        }
    }
}
static void test_batches(void **unused) {
    (void)unused;
    each_level(try_batches);
}

/* Memory that runs out: an answer, no crash, and the next product works. */
static void try_memory(const tp_kernels *kernels, tp_pool *unused) {
    (void)unused;
    allowed_blocks = 1;
    tp_pool *pool = tp_pool_new(2, &limited_memory);
    assert_non_null(pool);
    trial t = {.m = 200, .n = 200, .k = 200, .alpha = 1, .activation = TP_EPILOGUE_RELU};
    matrices x;
    make_matrices(&x, &t, false);
    tp_gemm_args g = arguments(&x, &t);
    assert_false(kernels->gemm[0](pool, &g));
    allowed_blocks = 1;
    assert_false(kernels->gemm[0](pool, &g)); /* enough for the first worker only */
    allowed_blocks = 100;
    assert_true(kernels->gemm[0](pool, &g));
    assert_false(kernels->gemm[0](NULL, &g));
    free_matrices(&x);
    tp_pool_free(pool);
}
static void test_memory(void **unused) {
    (void)unused;
    each_level(try_memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),   cmocka_unit_test(test_borders),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_activations),
        cmocka_unit_test(test_batches), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
