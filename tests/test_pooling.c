/* Pooling against PyTorch, its shapes without data, its layers, errors, and the same bits at any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "support/levels.h"
#include "support/op_cases.h"

/* ---- reference vectors ---- */

/* An option of one number or two. */
static void pair(const golden_case *c, const char *key, int64_t *one, int64_t two[2]) {
    int64_t values[2];
    int count = golden_list(c, key, values, 2);
    if (count == 1) *one = values[0];
    if (count == 2) two[0] = values[0], two[1] = values[1];
}

static tp_pool_args pool_args(const op_call *call) {
    const golden_case *c = call->c;
    tp_pool_args args = {.x = call->in[0]};
    pair(c, "kernel", &args.kernel, args.kernel_hw);
    pair(c, "stride", &args.stride, args.stride_hw);
    pair(c, "padding", &args.padding, args.padding_hw);
    pair(c, "dilation", &args.dilation, args.dilation_hw);
    args.ceil_mode = golden_integer(c, "ceil_mode", 0) != 0;
    args.exclude_pad = golden_integer(c, "exclude_pad", 0) != 0;
    args.divisor_override = golden_number(c, "divisor", 0);
    return args;
}

static int64_t one(op_call *call, tp_tensor *y) {
    call->out[0] = y;
    return 1;
}

static int64_t call_max_pool2d(op_call *k) {
    return one(k, tp_max_pool2d_at(TP_HERE, pool_args(k)));
}
static int64_t call_max_pool1d(op_call *k) {
    return one(k, tp_max_pool1d_at(TP_HERE, pool_args(k)));
}
static int64_t call_avg_pool2d(op_call *k) {
    return one(k, tp_avg_pool2d_at(TP_HERE, pool_args(k)));
}
static int64_t call_avg_pool1d(op_call *k) {
    return one(k, tp_avg_pool1d_at(TP_HERE, pool_args(k)));
}
static int64_t call_max_pool2d_indices(op_call *k) {
    tp_pool_args args = pool_args(k);
    args.indices = &k->out[1];
    k->out[0] = tp_max_pool2d_at(TP_HERE, args);
    return 2;
}
static int64_t call_adaptive_avg_pool2d(op_call *k) {
    tp_shape size = shape_option(k->c, "size");
    return one(k, tp_adaptive_avg_pool2d(k->in[0], size.dims[0], size.dims[1]));
}
static int64_t call_adaptive_max_pool2d(op_call *k) {
    tp_shape size = shape_option(k->c, "size");
    return one(k, tp_adaptive_max_pool2d(k->in[0], size.dims[0], size.dims[1]));
}
static int64_t call_adaptive_max_pool2d_indices(op_call *k) {
    tp_shape size = shape_option(k->c, "size");
    k->out[0] = tp_adaptive_max_pool2d(k->in[0], size.dims[0], size.dims[1], .indices = &k->out[1]);
    return 2;
}
static int64_t call_adaptive_avg_pool1d(op_call *k) {
    return one(k, tp_adaptive_avg_pool1d(k->in[0], shape_option(k->c, "size").dims[0]));
}
static int64_t call_adaptive_max_pool1d(op_call *k) {
    return one(k, tp_adaptive_max_pool1d(k->in[0], shape_option(k->c, "size").dims[0]));
}

static int64_t call_lp_pool2d(op_call *k) {
    tp_pool_args args = pool_args(k);
    args.norm_type = golden_number(k->c, "norm", 0);
    return one(k, tp_lp_pool2d_at(TP_HERE, args));
}
static int64_t call_lp_pool1d(op_call *k) {
    tp_pool_args args = pool_args(k);
    args.norm_type = golden_number(k->c, "norm", 0);
    return one(k, tp_lp_pool1d_at(TP_HERE, args));
}
static int64_t call_max_unpool2d(op_call *k) {
    tp_pool_args args = pool_args(k);
    pair(k->c, "size", &args.output_hw[1], args.output_hw);
    return one(k, tp_max_unpool2d_at(TP_HERE, k->in[1], args));
}
static int64_t call_max_unpool1d(op_call *k) {
    return one(k, tp_max_unpool1d_at(TP_HERE, k->in[1], pool_args(k)));
}

/* A maximum is one of the elements; a mean is a sum, in some order. */
static const op_case exact[] = {
    {"max_pool2d", call_max_pool2d},
    {"max_pool1d", call_max_pool1d},
    {"max_pool2d_indices", call_max_pool2d_indices},
    {"adaptive_max_pool2d", call_adaptive_max_pool2d},
    {"adaptive_max_pool2d_indices", call_adaptive_max_pool2d_indices},
    {"adaptive_max_pool1d", call_adaptive_max_pool1d},
    {"max_unpool2d", call_max_unpool2d},
    {"max_unpool1d", call_max_unpool1d},
};
static const op_case close[] = {
    {"avg_pool2d", call_avg_pool2d},
    {"avg_pool1d", call_avg_pool1d},
    {"adaptive_avg_pool2d", call_adaptive_avg_pool2d},
    {"adaptive_avg_pool1d", call_adaptive_avg_pool1d},
    {"lp_pool2d", call_lp_pool2d},
    {"lp_pool1d", call_lp_pool1d},
};

static void test_vectors(void **state) {
    (void)state;
    assert_true(run_op_cases("pooling", exact, sizeof exact / sizeof exact[0]) >= 30);
    assert_true(run_op_cases_close("pooling", close, sizeof close / sizeof close[0], 1e-12, 1e-5) >=
                20);
}

/* ---- what vectors cannot show ---- */

static void test_shapes_without_data(void **state) {
    (void)state;
    tp_shape s = tp_max_pool2d_shape(tp_shape(16, 3, 32, 30), 3, .stride = 2, .padding = 1);
    assert_true(s.ndim == 4 && s.dims[1] == 3 && s.dims[2] == 16 && s.dims[3] == 15);
    s = tp_avg_pool2d_shape(tp_shape(3, 5, 5), 2, .ceil_mode = true);
    assert_true(s.ndim == 3 && s.dims[1] == 3 && s.dims[2] == 3);
    s = tp_max_pool1d_shape(tp_shape(2, 9), 2);
    assert_true(s.ndim == 2 && s.dims[1] == 4);
    s = tp_avg_pool1d_shape(tp_shape(2, 4, 9), 3, .stride = 1);
    assert_true(s.ndim == 3 && s.dims[2] == 7);
    assert_int_equal(take_error().count, 0);
    assert_int_equal(tp_max_pool2d_shape(tp_shape(1, 4, 2), 3).ndim, -1);
    seen_error error = take_error();
    assert_int_equal(error.code, TP_ERROR_SHAPE);
    assert_non_null(strstr(error.text, "width 2"));
}

/* Every option that an operation has no use for, and sizes out of range. */
static void test_refuses(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(1, 1, 4, 4)), *line = tp_zeros(tp_shape(1, 1, 4)), *where;
        assert_true(tp_is_poison(tp_max_pool2d(x, 2, .exclude_pad = true)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "max_pool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_max_pool2d(x, 2, .divisor_override = 2)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "max_pool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_avg_pool2d(x, 2, .dilation = 2)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "avg_pool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_avg_pool2d(x, 2, .indices = &where)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "avg_pool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_max_pool1d(line, 0, .kernel_hw = {1, 2})));
        assert_true(had_error(TP_ERROR_ARGUMENT, "max_pool1d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_max_pool2d(x, 0)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "max_pool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_max_pool2d(x, 2, .stride = -1)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "max_pool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_max_pool2d(tp_to(x, TP_INT64), 2)));
        assert_true(had_error(TP_ERROR_DTYPE, "max_pool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_max_pool1d(x, 2)));
        assert_true(had_error(TP_ERROR_SHAPE, "max_pool1d", __LINE__ - 1));
        /* a window between the two elements that it could have: PyTorch writes out of bounds */
        assert_true(tp_is_poison(tp_max_pool1d(tp_zeros(tp_shape(1, 3)), 2, .padding = 1,
                                               .dilation = 4, .indices = &where)));
        assert_true(tp_is_poison(where));
        assert_int_equal(take_error().code, TP_ERROR_SHAPE);
        assert_true(tp_is_poison(tp_lp_pool2d(x, 2, .padding = 1)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "lp_pool2d", __LINE__ - 1));
        tp_tensor *y = tp_max_pool2d(x, 2, .indices = &where);
        assert_true(tp_is_poison(tp_max_unpool2d(y, where, 2, .output_hw = {6, 4})));
        assert_true(had_error(TP_ERROR_SHAPE, "max_unpool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_max_unpool2d(x, where, 2)));
        assert_true(had_error(TP_ERROR_SHAPE, "max_unpool2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_adaptive_avg_pool2d(x, -1, 2)));
        assert_true(had_error(TP_ERROR_SHAPE, "adaptive_avg_pool2d", __LINE__ - 1));
    }
}

static bool same(const tp_tensor *a, const tp_tensor *b) {
    return tp_same_shape(a, b) &&
           memcmp(tp_data(a), tp_data(b), (size_t)tp_numel(a) * tp_dtype_size(tp_dtype_of(a))) == 0;
}

static tp_tensor *grad_of(tp_tensor *x, tp_tensor *y) {
    tp_clear_grad(x);
    tp_backward(tp_sum(tp_mul(y, tp_detach(y))));
    return tp_clone(tp_grad(x));
}

static void test_same_bits_at_any_number_of_threads(void **state) {
    (void)state;
    TP_SCOPE {
        tp_manual_seed(1);
        tp_tensor *x = tp_randn(tp_shape(9, 7, 33, 35), .requires_grad = true), *first[4];
        for (int threads = 1; threads <= 7; threads++) {
            tp_set_num_threads(threads);
            tp_tensor *max = tp_max_pool2d(x, 3, .stride = 2, .padding = 1);
            tp_tensor *mean = tp_avg_pool2d(x, 3, .stride = 1, .padding = 1);
            tp_tensor *now[4] = {max, mean, grad_of(x, max), grad_of(x, mean)};
            for (int i = 0; i < 4; i++) {
                if (threads == 1) first[i] = now[i];
                assert_true(same(first[i], now[i]));
            }
        }
        tp_set_num_threads(2);
    }
}

/* A layer gives what its operation gives and describes itself as PyTorch does. */
static void check_layer(tp_module *layer, tp_tensor *x, tp_tensor *want, const char *text) {
    char described[128];
    assert_non_null(layer);
    assert_true(tp_equal(tp_call(layer, x), want));
    layer->describe(layer, described, sizeof described);
    assert_string_equal(described, text);
    tp_module_free(layer);
}

static void test_layers(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 3, 9, 8)), *line = tp_randn(tp_shape(2, 3, 9));
        check_layer(tp_nn_max_pool2d(3, .stride = 2, .padding = 1), x,
                    tp_max_pool2d(x, 3, .stride = 2, .padding = 1),
                    "kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False");
        check_layer(tp_nn_max_pool2d(0, .kernel_hw = {2, 3}, .ceil_mode = true), x,
                    tp_max_pool2d(x, 0, .kernel_hw = {2, 3}, .ceil_mode = true),
                    "kernel_size=(2, 3), stride=(2, 3), padding=0, dilation=1, ceil_mode=True");
        check_layer(tp_nn_avg_pool2d(2), x, tp_avg_pool2d(x, 2),
                    "kernel_size=2, stride=2, padding=0");
        check_layer(tp_nn_max_pool1d(2), line, tp_max_pool1d(line, 2),
                    "kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False");
        check_layer(tp_nn_avg_pool1d(3, .stride = 1), line, tp_avg_pool1d(line, 3, .stride = 1),
                    "kernel_size=3, stride=1, padding=0");
        check_layer(tp_nn_adaptive_avg_pool2d(2, 0), x, tp_adaptive_avg_pool2d(x, 2, 8),
                    "output_size=(2, None)");
        check_layer(tp_nn_adaptive_max_pool2d(2, 3), x, tp_adaptive_max_pool2d(x, 2, 3),
                    "output_size=(2, 3)");
        check_layer(tp_nn_adaptive_avg_pool1d(4), line, tp_adaptive_avg_pool1d(line, 4),
                    "output_size=4");
        check_layer(tp_nn_adaptive_max_pool1d(4), line, tp_adaptive_max_pool1d(line, 4),
                    "output_size=4");
        check_layer(tp_nn_lp_pool2d(2, .norm_type = 3), x, tp_lp_pool2d(x, 2, .norm_type = 3),
                    "norm_type=3, kernel_size=2, stride=2, ceil_mode=False");
        check_layer(tp_nn_lp_pool1d(3, .stride = 1), line, tp_lp_pool1d(line, 3, .stride = 1),
                    "norm_type=2, kernel_size=3, stride=1, ceil_mode=False");
        assert_null(tp_nn_max_pool2d(2, .padding = 2));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
    }
}

/* ---- windows of 2x2, whose kernel reaches beyond rows ---- */

enum { MOST_PLANES = 3, MOST_ROWS = 7, MOST_COLUMNS = 75, GUARD = 64 };
enum { MOST_ELEMENTS = MOST_PLANES * MOST_ROWS * MOST_COLUMNS };

/* The place in x of the largest of window (o, c) of a plane: of equals the first, of several NaN the last. */
static int64_t place_of_largest(const tp_pooling_args *args, const float *plane, int64_t o,
                                int64_t c, uint8_t *tap) {
    int64_t best = 2 * o * args->w.in + 2 * c;
    *tap = 0;
    for (int t = 1; t < 4; t++) {
        int64_t place = (2 * o + t / 2) * args->w.in + 2 * c + t % 2;
        if (!(plane[place] > plane[best]) && !isnan(plane[place])) continue;
        best = place;
        *tap = (uint8_t)t;
    }
    return best;
}

/* Both directions, with memory of exactly the size, against a loop; what lies behind stays. */
static void check_two_by_two(const tp_kernels *kernels, const float *values, int64_t planes,
                             int64_t rows, int64_t columns) {
    static float y[MOST_ELEMENTS + GUARD], g[MOST_ELEMENTS], gx[MOST_ELEMENTS + GUARD];
    static uint8_t taps[MOST_ELEMENTS + GUARD];
    static float want[MOST_ELEMENTS];
    tp_pool_axis axis = {.kernel = 2, .stride = 2, .dilation = 1};
    tp_pooling_args args = {.planes = planes, .h = axis, .w = axis, .taps = taps};
    args.h.in = rows, args.w.in = columns;
    args.h.out = rows / 2, args.w.out = columns / 2;
    int64_t plane = rows * columns, made = planes * args.h.out * args.w.out;
    memset(taps, 77, sizeof taps);
    for (size_t i = 0; i < MOST_ELEMENTS + GUARD; i++) y[i] = gx[i] = -5;
    args.x = values, args.y = y;
    kernels->pool.max[0](&args);
    for (int64_t i = 0; i < planes * plane; i++) want[i] = 0;
    for (int64_t i = 0; i < made; i++) {
        int64_t p = i / (args.h.out * args.w.out), o = i / args.w.out % args.h.out;
        uint8_t tap;
        int64_t place =
            p * plane + place_of_largest(&args, values + p * plane, o, i % args.w.out, &tap);
        assert_int_equal(taps[i], tap);
        assert_memory_equal(&y[i], &values[place], sizeof(float));
        want[place] = g[i] = (float)(i + 1);
    }
    for (int64_t i = made; i < made + GUARD; i++) assert_true(y[i] == -5 && taps[i] == 77);
    args.x = g, args.y = gx;
    kernels->pool.max_grad[0](&args);
    assert_memory_equal(gx, want, (size_t)(planes * plane) * sizeof(float));
    for (int i = 0; i < GUARD; i++) assert_true(gx[planes * plane + i] == -5);
}

static void try_two_by_two(const tp_kernels *kernels, tp_pool *unused) {
    (void)unused;
    static float values[MOST_ELEMENTS];
    for (int i = 0; i < MOST_ELEMENTS; i++) {
        values[i] = (float)(i * 7919 % 11); /* many are equal */
        if (i % 5 == 0) values[i] = NAN;
    }
    for (int64_t planes = 1; planes <= MOST_PLANES; planes++)
        for (int64_t rows = 2; rows <= MOST_ROWS; rows++)
            for (int64_t columns = 2; columns <= MOST_COLUMNS; columns++)
                check_two_by_two(kernels, values, planes, rows, columns);
}
static void test_two_by_two(void **state) {
    (void)state;
    each_level(try_two_by_two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_shapes_without_data),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_same_bits_at_any_number_of_threads),
        cmocka_unit_test(test_layers),  cmocka_unit_test(test_two_by_two),
    };
    watch_errors();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
