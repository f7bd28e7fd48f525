/* Element-wise functions of one tensor against PyTorch's: values in both precisions, gradients, integers, layouts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <taper/ops/elementwise.h>

#include "support/tensors.h"

/* ---- running a case by the name of its function ---- */

typedef tp_tensor *(*plain_function)(tp_location at, tp_tensor *x);

static const struct {
    const char *name;
    plain_function function;
} plain[] = {
#define UNARY(name, ...) {#name, tp_##name##_at},
#define UNARY_WITH(name, ...)
#define PREDICATE(name, ...) {#name, tp_##name##_at},
#include "ops/unary.def"
};

static tp_tensor *run(const golden_case *c, tp_tensor *x) {
    const char *op = golden_word(c, "op", "");
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(plain[i].name, op) == 0) return plain[i].function(TP_HERE, x);
    bool integers = !tp_dtype_is_floating(tp_dtype_of(x));
    if (strcmp(op, "leaky_relu") == 0)
        return tp_leaky_relu(x, .negative_slope = golden_number(c, "negative_slope", 0));
    if (strcmp(op, "elu") == 0) return tp_elu(x, .alpha = golden_number(c, "alpha", 0));
    if (strcmp(op, "gelu") == 0)
        return tp_gelu(x, .approximate = strcmp(golden_word(c, "approximate", ""), "tanh") == 0
                                             ? TP_GELU_TANH
                                             : TP_GELU_ERF);
    if (strcmp(op, "softplus") == 0)
        return tp_softplus(x, .beta = golden_number(c, "beta", 0),
                           .threshold = golden_number(c, "threshold", 0));
    if (strcmp(op, "hardtanh") == 0)
        return tp_hardtanh(x, .min_val = golden_number(c, "min_val", 0),
                           .max_val = golden_number(c, "max_val", 0));
    if (strcmp(op, "clamp") == 0 && integers) return tp_clamp(x, 1, 3);
    if (strcmp(op, "clamp") == 0)
        return tp_clamp(x, golden_number(c, "min", -INFINITY), golden_number(c, "max", INFINITY));
    if (strcmp(op, "threshold") == 0)
        return tp_threshold(x, golden_number(c, "threshold", 0), golden_number(c, "value", 0));
    if (strcmp(op, "softshrink") == 0) return tp_softshrink(x, golden_number(c, "lambd", 0));
    if (strcmp(op, "hardshrink") == 0) return tp_hardshrink(x, golden_number(c, "lambd", 0));
    if (strcmp(op, "celu") == 0) return tp_celu(x, .alpha = golden_number(c, "alpha", 0));
    if (strcmp(op, "logit") == 0) return tp_logit(x, .eps = golden_number(c, "eps", 0));
    if (strcmp(op, "pow2") == 0) return tp_pow(x, 2);
    if (strcmp(op, "pow0.5") == 0) return tp_pow(x, 0.5);
    if (strcmp(op, "pow") == 0) return tp_pow(x, golden_number(c, "exponent", NAN));
    return NULL;
}

/* ---- values and gradients ---- */

/* Largest relative error of a float32 result, where it is not the default. */
static double tolerance(const char *op) {
    /* sums of terms that cancel, in PyTorch as here */
    static const char *const loose[] = {"gelu",       "mish", "logit", "silu", "softplus",
                                        "logsigmoid", "erfc", "tan",   "frac"};
    for (size_t i = 0; i < sizeof loose / sizeof loose[0]; i++)
        if (strcmp(loose[i], op) == 0) return 1e-6;
    return 3e-7;
}

static bool check_values(const golden_case *c, tp_dtype dtype, tp_tensor *(*lay)(tp_tensor *)) {
    bool narrow = dtype == TP_FLOAT32;
    tp_tensor *x = lay(from_golden(golden_need(c, "x"), dtype));
    tp_tensor *y = run(c, x);
    double relative = narrow ? tolerance(golden_word(c, "op", "")) : 1e-14;
    const golden_tensor *want = golden_need(c, narrow ? "y32" : "y64");
    return y && same_as_golden(want, y, relative, narrow ? 3e-7 : 1e-15, "value");
}

static bool check_gradient(const golden_case *c, tp_tensor *(*lay)(tp_tensor *)) {
    if (!golden_find(c, "dx64")) return true;
    tp_tensor *x = tp_requires_grad(lay(from_golden(golden_need(c, "x"), TP_FLOAT64)));
    tp_tensor *y = run(c, x);
    if (!tp_backward(y, .gradient = from_golden(golden_need(c, "dy"), TP_FLOAT64))) return false;
    /* PyTorch has 1/6 in float32 there */
    double relative = strcmp(golden_word(c, "op", ""), "hardsigmoid") == 0 ? 1e-7 : 1e-13;
    return same_as_golden(golden_need(c, "dx64"), tp_grad(x), relative, 1e-15, "gradient");
}

static tp_tensor *as_it_is(tp_tensor *x) { return x; }

static bool is_float_case(const golden_case *c) { return golden_find(c, "y32") != NULL; }

static void test_float_cases(void **state) {
    golden_file *file = *state;
    int bad = 0, seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, ""));) {
        if (!is_float_case(c) || strcmp(golden_word(c, "op", ""), "nan_to_num") == 0) continue;
        seen++;
        TP_SCOPE {
            bad += !check_values(c, TP_FLOAT32, as_it_is) + !check_values(c, TP_FLOAT64, as_it_is);
            bad +=
                !check_values(c, TP_FLOAT32, scattered) + !check_values(c, TP_FLOAT64, scattered);
            bad += !check_gradient(c, as_it_is) + !check_gradient(c, scattered);
        }
        if (take_error().count) bad++;
    }
    assert_true(seen > 60);
    assert_int_equal(bad, 0);
}

static void test_integer_cases(void **state) {
    golden_file *file = *state;
    int bad = 0, seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, ""));) {
        if (is_float_case(c)) continue;
        seen++;
        TP_SCOPE {
            const golden_tensor *y = golden_need(c, "y");
            tp_tensor *x = from_golden(golden_need(c, "x"), TP_DTYPE_DEFAULT),
                      *spread = scattered(x);
            bad += !same_as_golden(y, run(c, x), 3e-7, 0, c->name);
            bad += !same_as_golden(y, run(c, spread), 3e-7, 0, c->name);
        }
        if (take_error().count) bad++;
    }
    assert_true(seen > 60);
    assert_int_equal(bad, 0);
}

/* ---- every length takes the same path: no element depends on its place ---- */

static void test_lengths(void **state) {
    (void)state;
    float values[70];
    for (int i = 0; i < 70; i++) values[i] = (float)(0.05 * i - 1.7);
    for (size_t f = 0; f < sizeof plain / sizeof plain[0]; f++) {
        TP_SCOPE {
            tp_tensor *whole = plain[f].function(TP_HERE, tp_from_data(values, tp_shape(70)));
            for (int n = 0; n <= 36; n++) {
                tp_tensor *part = plain[f].function(TP_HERE, tp_from_data(values + 3, tp_shape(n)));
                size_t item = tp_dtype_size(tp_dtype_of(whole));
                if (n > 0 &&
                    memcmp((char *)tp_data(whole) + 3 * item, tp_data(part), (size_t)n * item) != 0)
                    fail_msg("%s of %d elements differs from the same among 70", plain[f].name, n);
            }
        }
    }
}

static void test_in_place(void **state) {
    (void)state;
    TP_SCOPE {
        float values[] = {-2, -0.5F, 0, 0.5F, 2};
        tp_tensor *x = tp_from_data(values, tp_shape(5)), *y = tp_relu(x);
        assert_ptr_equal(tp_relu_(x), x);
        assert_true(tp_equal(x, y));
        y = tp_exp(x);
        assert_true(tp_equal(tp_exp_(x), y));
        y = tp_clamp(x, 0.5, 2);
        assert_true(tp_equal(tp_clamp_(x, 0.5, 2), y));
        tp_tensor *spread = scattered(x);
        y = tp_sqrt(x);
        assert_true(tp_equal(tp_sqrt_(spread), y));
        tp_tensor *whole = tp_arange(-3, 4);
        assert_true(tp_equal(tp_abs_(whole), tp_abs(tp_arange(-3, 4))));
        assert_true(tp_is_poison(tp_exp_(whole)));
        assert_true(had_error(TP_ERROR_DTYPE, "exp", __LINE__ - 1));
        assert_true(tp_equal(tp_clamp_(whole, 1, 2), tp_clamp(tp_abs(tp_arange(-3, 4)), 1, 2)));
    }
}

static void test_edits_and_graphs(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *w = tp_requires_grad(tp_ones(tp_shape(2)));
        assert_true(tp_is_poison(tp_relu_(w)));
        assert_true(had_error(TP_ERROR_GRAPH, "relu", __LINE__ - 1));
        tp_tensor *y = tp_exp(w);
        assert_true(tp_is_poison(tp_neg_(y)));
        assert_true(had_error(TP_ERROR_GRAPH, "neg", __LINE__ - 1));
        TP_NO_GRAD { assert_ptr_equal(tp_neg_(y), y); }
        assert_false(tp_backward(y, .gradient = tp_ones(tp_shape(2)))); /* exp needs its result */
        assert_int_equal(take_error().code, TP_ERROR_MODIFIED);
    }
}

static void test_wrong_arguments(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *bools = tp_zeros(tp_shape(2), .dtype = TP_BOOL);
        assert_true(tp_is_poison(tp_neg(bools)));
        assert_true(had_error(TP_ERROR_DTYPE, "neg", __LINE__ - 1));
        assert_true(tp_is_poison(tp_exp(NULL)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "exp", __LINE__ - 1));
        tp_tensor *x = tp_zeros(tp_shape(2));
        assert_true(tp_is_poison(tp_hardtanh(x, .min_val = 2, .max_val = 1)));
        assert_true(had_error(TP_ERROR_VALUE, "hardtanh", __LINE__ - 1));
        assert_true(tp_is_poison(tp_logit(x, .eps = 0.7)));
        assert_true(had_error(TP_ERROR_VALUE, "logit", __LINE__ - 1));
        assert_true(tp_is_poison(tp_clamp(x, NAN, 1)));
        assert_true(had_error(TP_ERROR_VALUE, "clamp", __LINE__ - 1));
        assert_true(tp_is_poison(tp_exp(tp_neg(bools)))); /* one error, not two */
        assert_true(had_error(TP_ERROR_DTYPE, "neg", __LINE__ - 1));
    }
}

/* Far more elements than a chunk: threads, odd tails, and the strided path. */
static void test_large(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_linspace(-5, 5, 100003), *y = tp_sigmoid(x);
        const float *in = tp_data(x), *out = tp_data(y);
        for (int i = 0; i < 100003; i++)
            assert_true(fabs(out[i] - 1 / (1 + exp(-(double)in[i]))) < 1e-7);
        assert_true(tp_equal(tp_sigmoid(scattered(x)), y));
    }
}

static int load(void **state) {
    watch_errors();
    *state = golden_load("unary");
    return 0;
}

static int unload(void **state) {
    golden_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float_cases),
        cmocka_unit_test(test_integer_cases),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_edits_and_graphs),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests_name("unary", tests, load, unload);
}
