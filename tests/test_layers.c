/* Layers and initialisers against PyTorch (tests/golden/nn.txt), and what vectors cannot show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/init.h>
#include <taper/loss.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/ops/reduce.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "support/golden.h"

static golden_file *golden;
static tp_error last;
static int errors;

static void note(const tp_error *error, void *user) {
    (void)user;
    last = *error;
    errors++;
}

static int set_up(void **state) {
    (void)state;
    tp_set_error_handler(note, NULL);
    tp_clear_error();
    errors = 0;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    if (errors) print_error("%s: got %s; want %s; %s\n", last.op, last.got, last.want, last.hint);
    tp_shutdown();
    return errors;
}

/* ---- golden ---- */

/* Random bits are PyTorch's own, so that uniform values are the same to the bit. */
static void check_float(const golden_case *c, const char *key, const tp_tensor *x,
                        double tolerance) {
    const golden_tensor *want = golden_need(c, key);
    assert_int_equal(tp_numel(x), want->count);
    assert_true(golden_close_float(want, tp_data_float(x), want->count, tolerance, 0, key));
}

static void check_next(const golden_case *c) {
    TP_SCOPE { check_float(c, "next", tp_rand(tp_shape(4)), 0); }
}

static void test_linear_starts_like_pytorchs(void **state) {
    (void)state;
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(golden, c, "linear/")) != NULL; cases++) {
        tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
        bool bias = golden_integer(c, "bias", 1) != 0;
        tp_module *m = tp_nn_linear(golden_integer(c, "in_features", 0),
                                    golden_integer(c, "out_features", 0), .no_bias = !bias);
        check_float(c, "weight", tp_get_tensor(m, "weight"), 0);
        if (bias) check_float(c, "bias", tp_get_tensor(m, "bias"), 0);
        assert_int_equal(tp_parameters(m).count, bias ? 2 : 1);
        check_next(c);
        tp_module_free(m);
    }
    assert_int_equal(cases, 6);
}

/* Sum, sum of squares and a weighted sum, as families/family_nn.py has them. */
static void digest(const tp_tensor *x, double out[3]) {
    out[0] = out[1] = out[2] = 0;
    const float *f = tp_dtype_of(x) == TP_FLOAT32 ? tp_data(x) : NULL;
    const double *d = f ? NULL : tp_data(x);
    for (int64_t i = 0; i < tp_numel(x); i++) {
        double v = f ? (double)f[i] : d[i];
        out[0] += v, out[1] += v * v, out[2] += v * (double)(i % 1009 + 1);
    }
}

static void check_digest(const golden_case *c, const char *prefix, const char *name,
                         const tp_tensor *x, double tolerance) {
    char key[64];
    snprintf(key, sizeof key, "%s.%s", prefix, name);
    double got[3];
    digest(x, got);
    assert_true(golden_close_double(golden_need(c, key), got, 3, tolerance, tolerance * 1e-2, key));
}

static tp_module *chain(const int64_t *sizes, int count, tp_dtype dtype) {
    tp_module *m = tp_nn_sequential();
    for (int i = 0; i + 1 < count; i++) {
        tp_sequential_append(m, tp_nn_linear(sizes[i], sizes[i + 1], .dtype = dtype));
        if (i + 2 < count) tp_sequential_append(m, tp_nn_relu());
    }
    return m;
}

/* x[n][i] = ((n + 1) (i mod 31) mod 17) / 16 */
static tp_tensor *network_input(int64_t width) {
    tp_tensor *x = tp_empty(tp_shape(4, width), .dtype = TP_FLOAT64);
    double *v = tp_data(x);
    for (int64_t n = 0; n < 4; n++)
        for (int64_t i = 0; i < width; i++)
            v[n * width + i] = (double)(((n + 1) * (i % 31)) % 17) / 16;
    return x;
}

static void test_networks_start_and_run_like_pytorchs(void **state) {
    (void)state;
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(golden, c, "network/")) != NULL; cases++) {
        int64_t sizes[8];
        int count = golden_list(c, "sizes", sizes, 8);
        tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
        tp_module *m = chain(sizes, count, TP_FLOAT32);
        tp_named_list parameters = tp_parameters(m);
        assert_int_equal(parameters.count, 2 * (count - 1));
        for (size_t i = 0; i < parameters.count; i++)
            check_digest(c, "digest", parameters.items[i].name, parameters.items[i].tensor, 1e-12);
        check_next(c);
        tp_module *m64 = chain(sizes, count, TP_FLOAT64);
        assert_true(tp_load_state(m64, parameters.items, parameters.count));
        TP_SCOPE {
            tp_tensor *y = tp_call(m64, network_input(sizes[0]));
            const golden_tensor *want = golden_need(c, "y");
            assert_true(golden_close_double(want, tp_data(y), want->count, 1e-9, 1e-12, "y"));
            tp_tensor *loss = tp_cross_entropy(y, tp_arange(0, 4));
            double value = tp_item(loss);
            assert_true(golden_close_double(golden_need(c, "loss"), &value, 1, 1e-9, 0, "loss"));
            tp_backward(loss);
            tp_named_list p64 = tp_parameters(m64);
            for (size_t i = 0; i < p64.count; i++)
                check_digest(c, "grad_digest", p64.items[i].name, tp_grad(p64.items[i].tensor),
                             1e-8);
        }
        tp_module_free(m);
        tp_module_free(m64);
    }
    assert_int_equal(cases, 4);
}

static tp_nonlinearity nonlinearity(const char *name) {
    static const char *const names[] = {"",     "linear",     "sigmoid", "tanh",
                                        "relu", "leaky_relu", "selu"};
    for (int i = 1; i < 7; i++)
        if (strcmp(names[i], name) == 0) return (tp_nonlinearity)i;
    return strcmp(name, "conv2d") == 0 ? TP_NONLINEARITY_LINEAR : TP_NONLINEARITY_DEFAULT;
}

/* Applies the initialiser of a case; false for one that we do not have. */
static bool initialise(const golden_case *c, tp_tensor *x) {
    const char *op = golden_word(c, "op", "");
    double a = golden_number(c, "a", 0), gain = golden_number(c, "gain", 0);
    tp_fan_mode mode =
        strcmp(golden_word(c, "mode", "fan_in"), "fan_out") == 0 ? TP_FAN_OUT : TP_FAN_IN;
    tp_nonlinearity next = nonlinearity(golden_word(c, "nonlinearity", "leaky_relu"));
    if (!strcmp(op, "uniform_"))
        tp_init_uniform(x, a, golden_number(c, "b", 0));
    else if (!strcmp(op, "normal_"))
        tp_init_normal(x, golden_number(c, "mean", 0), golden_number(c, "std", 0));
    else if (!strcmp(op, "constant_"))
        tp_init_constant(x, golden_number(c, "value", 0));
    else if (!strcmp(op, "ones_"))
        tp_init_ones(x);
    else if (!strcmp(op, "zeros_"))
        tp_init_zeros(x);
    else if (!strcmp(op, "xavier_uniform_"))
        tp_init_xavier_uniform(x, gain);
    else if (!strcmp(op, "xavier_normal_"))
        tp_init_xavier_normal(x, gain);
    else if (!strcmp(op, "kaiming_uniform_"))
        tp_init_kaiming_uniform(x, a, mode, next);
    else if (!strcmp(op, "kaiming_normal_"))
        tp_init_kaiming_normal(x, a, mode, next);
    else
        return false;
    return true;
}

static void test_initialisers(void **state) {
    (void)state;
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(golden, c, "init/")) != NULL;) {
        const golden_tensor *want = golden_need(c, "weight");
        tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
        TP_SCOPE {
            tp_tensor *x = tp_requires_grad(
                tp_full_at(TP_HERE, (tp_full_args){tp_shape_make((size_t)want->ndim, want->shape),
                                                   9, TP_DTYPE_DEFAULT, false}));
            if (initialise(c, x)) {
                cases++;
                bool normal = strstr(c->name, "normal") != NULL;
                check_float(c, "weight", x, normal ? 3e-7 : 0);
                assert_true(tp_is_leaf(x));
            }
        }
    }
    assert_int_equal(cases, 40);
    for (golden_case *c = NULL; (c = golden_next(golden, c, "calculate_gain/")) != NULL;) {
        double got = tp_calculate_gain(nonlinearity(golden_word(c, "nonlinearity", "")),
                                       golden_number(c, "param", 0.01));
        assert_true(golden_close_double(golden_need(c, "y"), &got, 1, 1e-15, 0, c->name));
    }
    assert_true(isnan(tp_calculate_gain((tp_nonlinearity)99, 0)));
}

static void test_initialisers_refuse(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(4));
        assert_true(tp_is_poison(tp_init_kaiming_normal(x)));
        assert_int_equal(last.code, TP_ERROR_SHAPE);
        assert_string_equal(last.op, "init_kaiming_normal");
        assert_true(
            tp_is_poison(tp_init_xavier_uniform(tp_zeros(tp_shape(2, 2), .dtype = TP_INT32))));
        assert_int_equal(last.code, TP_ERROR_DTYPE);
        assert_true(tp_is_poison(tp_init_uniform(x, 2, 1)));
        assert_int_equal(last.code, TP_ERROR_ARGUMENT);
        assert_true(tp_is_poison(tp_init_normal(x, 0, -1)));
        assert_int_equal(last.code, TP_ERROR_ARGUMENT);
        assert_int_equal(errors, 4);
        errors = 0;
        tp_tensor *none = tp_zeros(tp_shape(0, 3));
        assert_ptr_equal(tp_init_kaiming_uniform(none), none);
        assert_ptr_equal(tp_init_xavier_normal(none), none);
    }
}

/* ---- layers are their operations ---- */

static bool same(tp_tensor *a, tp_tensor *b) { return tp_same_shape(a, b) && tp_equal(a, b); }

/* A layer alone (never fused), then freed. */
static tp_tensor *once(tp_module *m, tp_tensor *x) {
    assert_non_null(m);
    tp_tensor *y = tp_call(m, x);
    tp_module_free(m);
    return y;
}

static void test_layers_are_their_operations(void **state) {
    (void)state;
    tp_manual_seed(3);
    TP_SCOPE {
        tp_tensor *x = tp_mul(tp_randn(tp_shape(5, 6)), tp_scalar(4));
        assert_true(same(once(tp_nn_relu(), x), tp_relu(x)));
        assert_true(same(once(tp_nn_sigmoid(), x), tp_sigmoid(x)));
        assert_true(same(once(tp_nn_tanh(), x), tp_tanh(x)));
        assert_true(same(once(tp_nn_silu(), x), tp_silu(x)));
        assert_true(same(once(tp_nn_step(), x), tp_unit_step(x)));
        assert_true(same(once(tp_nn_leaky_relu(), x), tp_leaky_relu(x)));
        assert_true(same(once(tp_nn_leaky_relu(.negative_slope = 0.3), x), tp_leaky_relu(x, 0.3)));
        assert_true(same(once(tp_nn_elu(), x), tp_elu(x)));
        assert_true(same(once(tp_nn_elu(2), x), tp_elu(x, 2)));
        assert_true(same(once(tp_nn_gelu(), x), tp_gelu(x)));
        assert_true(same(once(tp_nn_gelu(.approximate_tanh = true), x), tp_gelu(x, TP_GELU_TANH)));
        assert_false(same(tp_gelu(x), tp_gelu(x, TP_GELU_TANH)));
        assert_true(same(once(tp_nn_softplus(), x), tp_softplus(x)));
        assert_true(same(once(tp_nn_softplus(.beta = 2, .threshold = 3), x), tp_softplus(x, 2, 3)));
        assert_true(same(once(tp_nn_relu6(), x), tp_relu6(x)));
        assert_true(same(once(tp_nn_hardswish(), x), tp_hardswish(x)));
        assert_true(same(once(tp_nn_hardsigmoid(), x), tp_hardsigmoid(x)));
        assert_true(same(once(tp_nn_selu(), x), tp_selu(x)));
        assert_true(same(once(tp_nn_softsign(), x), tp_softsign(x)));
        assert_true(same(once(tp_nn_mish(), x), tp_mish(x)));
        assert_true(same(once(tp_nn_logsigmoid(), x), tp_logsigmoid(x)));
        assert_true(same(once(tp_nn_hardtanh(), x), tp_hardtanh(x)));
        assert_true(same(once(tp_nn_hardtanh(.max_val = 2), x), tp_hardtanh(x, 0, 2)));
        assert_true(same(once(tp_nn_threshold(0.5, -1), x), tp_threshold(x, 0.5, -1)));
        assert_true(same(once(tp_nn_softmax(1), x), tp_softmax(x, 1)));
        assert_true(same(once(tp_nn_log_softmax(0), x), tp_log_softmax(x, 0)));
        assert_ptr_equal(once(tp_nn_identity(), x), x);
        tp_tensor *image = tp_reshape(x, tp_shape(5, 1, 2, 3));
        assert_true(same(once(tp_nn_flatten(), image), x));
        assert_true(same(
            once(tp_nn_flatten(), tp_transpose(tp_reshape(x, tp_shape(2, 3, 5)), 1, 2)),
            tp_reshape(tp_transpose(tp_reshape(x, tp_shape(2, 3, 5)), 1, 2), tp_shape(2, 15))));
        tp_tensor *empty = once(tp_nn_flatten(), tp_zeros(tp_shape(0, 2, 3)));
        assert_true(tp_size(empty, 0) == 0 && tp_size(empty, 1) == 6);
    }
}

static void test_linear_takes_any_leading_shape(void **state) {
    (void)state;
    tp_module *m = tp_nn_linear(3, 2);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 5, 3));
        tp_tensor *y = tp_call(m, x), *flat = tp_call(m, tp_reshape(x, tp_shape(10, 3)));
        assert_true(tp_ndim(y) == 3 && tp_size(y, -1) == 2);
        assert_true(same(tp_reshape(y, tp_shape(10, 2)), flat));
        assert_int_equal(tp_ndim(tp_call(m, tp_randn(tp_shape(3)))), 1);
        assert_int_equal(tp_numel(tp_call(m, tp_randn(tp_shape(0, 3)))), 0);
    }
    tp_module_free(m);
    m = tp_nn_linear(0, 2); /* only a bias is left, and PyTorch makes it zero */
    TP_SCOPE { assert_true(same(tp_call(m, tp_zeros(tp_shape(4, 0))), tp_zeros(tp_shape(4, 2)))); }
    tp_module_free(m);
}

/* ---- dropout ---- */

static void test_dropout_statistics(void **state) {
    (void)state;
    tp_manual_seed(11);
    tp_module *m = tp_nn_dropout(0.25);
    TP_SCOPE {
        int64_t n = 100000;
        tp_tensor *x = tp_requires_grad(tp_ones(tp_shape(n)));
        tp_tensor *y = tp_call(m, x);
        const float *v = tp_data(y);
        int64_t zeros = 0, others = 0;
        for (int64_t i = 0; i < n; i++)
            zeros += v[i] == 0, others += v[i] != 0 && v[i] != (float)(1 / 0.75);
        assert_int_equal(others, 0);
        assert_true(fabs((double)zeros - 0.25 * (double)n) < 5 * sqrt(0.25 * 0.75 * (double)n));
        tp_backward(tp_sum(y));
        assert_true(same(tp_grad(x), tp_detach(y))); /* the same mask both ways */
        assert_false(same(tp_call(m, x), y));        /* another one each time */
        tp_eval(m);
        assert_ptr_equal(tp_call(m, x), x);
        assert_ptr_equal(tp_dropout(x, 0), x);
        assert_true(same(tp_dropout(x, 1), tp_zeros(tp_shape(n))));
        tp_tensor *odd = tp_full(tp_shape(3), INFINITY);
        assert_true(same(tp_dropout(odd, 1), tp_zeros(tp_shape(3))));
        assert_int_equal(tp_numel(tp_dropout(tp_zeros(tp_shape(3, 0)), 0.5)), 0);
        /* PyTorch's evaluation mode */
        golden_case *c = golden_need_case(golden, "dropout/eval");
        tp_tensor *three = tp_empty(tp_shape(3));
        golden_copy_float(golden_need(c, "x"), tp_data(three));
        check_float(c, "y", tp_call(m, three), 0);
    }
    tp_module_free(m);
}

static void test_dropout_repeats(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(300, 301)); /* several chunks, not a multiple of anything */
        tp_tensor *made[3];
        for (int threads = 1; threads <= 3; threads++) {
            tp_set_num_threads(threads);
            tp_manual_seed(5);
            made[threads - 1] = tp_dropout(x, 0.5);
        }
        assert_true(same(made[0], made[1]) && same(made[0], made[2]));
        tp_manual_seed(5);
        assert_true(
            same(tp_dropout(tp_transpose(tp_ones(tp_shape(301, 300)), 0, 1), 0.5), made[0]));
        tp_manual_seed(6);
        assert_false(same(tp_dropout(x, 0.5), made[0]));
    }
    tp_set_num_threads(2);
}

/* Whole channels go or stay. */
static void test_dropout2d(void **state) {
    (void)state;
    tp_manual_seed(4);
    tp_module *m = tp_nn_dropout2d(0.5);
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(20, 30, 2, 3)), *y = tp_call(m, x);
        const float *v = tp_data(y);
        int gone = 0;
        for (int c = 0; c < 600; c++, v += 6) {
            assert_true(v[0] == 0 || v[0] == 2);
            for (int i = 1; i < 6; i++) assert_true(v[i] == v[0]);
            gone += v[0] == 0;
        }
        assert_in_range(gone, 240, 360);
        assert_true(same(tp_dropout2d(x, 1), tp_zeros(tp_shape(20, 30, 2, 3))));
        assert_ptr_equal(tp_dropout2d(x, 0), x);
        tp_eval(m);
        assert_ptr_equal(tp_call(m, x), x);
        assert_true(tp_is_poison(tp_dropout2d(tp_ones(tp_shape(3)), 0.5)));
        assert_int_equal(last.code, TP_ERROR_SHAPE);
        assert_int_equal(errors, 1);
        errors = 0;
    }
    tp_module_free(m);
}

static void test_dropout_refuses(void **state) {
    (void)state;
    TP_SCOPE {
        assert_true(tp_is_poison(tp_dropout(tp_ones(tp_shape(2)), NAN)));
        assert_int_equal(last.code, TP_ERROR_VALUE);
        assert_true(tp_is_poison(tp_dropout(tp_arange(0, 4), 0.5)));
        assert_int_equal(last.code, TP_ERROR_DTYPE);
        assert_string_equal(last.op, "dropout");
    }
    assert_int_equal(errors, 2);
    errors = 0;
}

static int load(void **state) {
    (void)state;
    golden = golden_load("nn");
    return 0;
}

static int unload(void **state) {
    (void)state;
    golden_free(golden);
    return 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_linear_starts_like_pytorchs),
        TEST(test_networks_start_and_run_like_pytorchs),
        TEST(test_initialisers),
        TEST(test_initialisers_refuse),
        TEST(test_layers_are_their_operations),
        TEST(test_linear_takes_any_leading_shape),
        TEST(test_dropout_statistics),
        TEST(test_dropout_repeats),
        TEST(test_dropout2d),
        TEST(test_dropout_refuses),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
