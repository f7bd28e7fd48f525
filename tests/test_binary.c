/* Element-wise functions of two tensors against PyTorch's: values, gradients, types, integers, numbers, in place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <taper/ops/elementwise.h>

#include "support/tensors.h"
#include "tensor/tensor.h"

typedef tp_tensor *(*two_tensors)(tp_location at, tp_tensor *a, tp_tensor *b);
typedef tp_tensor *(*tensor_number)(tp_location at, tp_tensor *a, tp_number b);

static const struct function {
    const char *name;
    two_tensors tensors;
    tensor_number number;
} functions[] = {
#define ENTRY(name) {#name, tp_##name##_at, tp_##name##_number_at},
    ENTRY(add) ENTRY(sub) ENTRY(mul) ENTRY(div) ENTRY(remainder) ENTRY(fmod) ENTRY(pow) ENTRY(atan2)
        ENTRY(hypot) ENTRY(maximum) ENTRY(minimum) ENTRY(eq) ENTRY(ne) ENTRY(lt) ENTRY(le) ENTRY(gt)
            ENTRY(ge) ENTRY(logical_and) ENTRY(logical_or) ENTRY(logical_xor)};

static const struct function *find(const char *name) {
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, name) == 0) return &functions[i];
    return NULL;
}

/* NULL where there is no such function here */
static tp_tensor *run(const golden_case *c, tp_tensor *a, tp_tensor *b) {
    const char *op = golden_word(c, "op", "");
    double alpha = golden_number(c, "alpha", 1);
    if (strcmp(op, "add") == 0) return tp_add(a, b, .alpha = alpha);
    if (strcmp(op, "sub") == 0) return tp_sub(a, b, .alpha = alpha);
    if (strcmp(op, "div_floor") == 0) return tp_div(a, b, .rounding = TP_ROUND_FLOOR);
    if (strcmp(op, "div_trunc") == 0) return tp_div(a, b, .rounding = TP_ROUND_TRUNC);
    if (strcmp(op, "lerp") == 0) return tp_lerp(a, b, golden_number(c, "weight", 0));
    if (strcmp(op, "add_relu") == 0) return tp_add_relu(a, b);
    const struct function *f = find(op);
    return f ? f->tensors(TP_HERE, a, b) : NULL;
}

static bool check(const golden_case *c, tp_tensor *a, tp_tensor *b) {
    const golden_tensor *want = golden_need(c, "y");
    bool gradients = golden_find(c, "da") != NULL;
    if (gradients) tp_requires_grad(a);
    if (golden_find(c, "db")) tp_requires_grad(b);
    tp_tensor *y = run(c, a, b);
    if (!y) return true;
    bool narrow = strcmp(want->dtype, "float32") == 0;
    if (!same_as_golden(want, y, narrow ? 3e-7 : 1e-14, 0, c->name)) return false;
    if (!gradients) return true;
    if (!tp_backward(y, .gradient = from_golden(golden_need(c, "dy"), TP_DTYPE_DEFAULT)))
        return false;
    if (!same_as_golden(golden_need(c, "da"), tp_grad(a), 1e-12, 1e-14, c->name)) return false;
    return !golden_find(c, "db") ||
           same_as_golden(golden_need(c, "db"), tp_grad(b), 1e-12, 1e-14, c->name);
}

static void test_cases(void **state) {
    golden_file *file = *state;
    int bad = 0, seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "")); seen++) {
        TP_SCOPE {
            tp_tensor *a = from_golden(golden_need(c, "a"), TP_DTYPE_DEFAULT);
            tp_tensor *b = from_golden(golden_need(c, "b"), TP_DTYPE_DEFAULT);
            if (golden_integer(c, "error", 0)) {
                tp_tensor *y = run(c, a, b);
                bool wider =
                    strcmp(golden_word(c, "op", ""), "hypot") == 0; /* takes integers here */
                if (y && !tp_is_poison(y) && !wider)
                    bad++, fprintf(stderr, "%s should be an error\n", c->name);
                take_error();
            } else {
                bad += !check(c, a, b) + !check(c, scattered(a), scattered(b));
            }
        }
        seen_error error = take_error();
        if (error.count) bad++, fprintf(stderr, "%s: %s\n", c->name, error.text);
    }
    assert_true(seen > 200);
    assert_int_equal(bad, 0);
}

/* ---- result types, every pair ---- */

static tp_tensor *typed(const char *op, tp_tensor *a, tp_tensor *b) {
    if (strcmp(op, "where") == 0) return tp_where(tp_to(tp_ones(tp_shape(1)), TP_BOOL), a, b);
    if (strcmp(op, "div_floor") == 0) return tp_div(a, b, .rounding = TP_ROUND_FLOOR);
    if (strcmp(op, "div_trunc") == 0) return tp_div(a, b, .rounding = TP_ROUND_TRUNC);
    if (strcmp(op, "add_") == 0) return tp_add_(a, b);
    if (strcmp(op, "mul_") == 0) return tp_mul_(a, b);
    if (strcmp(op, "div_") == 0) return tp_div_(a, b);
    const struct function *f = find(op);
    return f ? f->tensors(TP_HERE, a, b) : NULL;
}

static bool right_type(const golden_case *c, const char *key, const tp_tensor *y) {
    const char *want = golden_word(c, key, "");
    const char *got = tp_is_poison(y) ? "error" : tp_dtype_name(tp_dtype_of(y));
    if (strcmp(want, got) == 0) return true;
    fprintf(stderr, "%s, %s: type %s instead of %s\n", c->name, key, got, want);
    return false;
}

static void test_types(void **state) {
    (void)state;
    golden_file *file = golden_load("promote");
    int bad = 0, seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "tensor_"));) {
        const char *op = golden_word(c, "op", ""), *form = golden_word(c, "form", "");
        if (strcmp(form, "tensor_number") == 0) continue;
        tp_shape other = strcmp(form, "tensor_zerodim") == 0 ? tp_shape() : tp_shape(2);
        for (tp_dtype p = TP_BOOL; p < TP_DTYPE_COUNT; p++)
            for (tp_dtype q = TP_BOOL; q < TP_DTYPE_COUNT; q++)
                TP_SCOPE {
                    char key[32];
                    snprintf(key, sizeof key, "%s+%s", tp_dtype_name(p), tp_dtype_name(q));
                    tp_tensor *y =
                        typed(op, tp_ones(tp_shape(2), .dtype = p), tp_ones(other, .dtype = q));
                    if (!y) break;
                    bad += !right_type(c, key, y), seen++;
                    take_error();
                }
    }
    assert_true(seen > 36 * 20);
    golden_free(file);
    assert_int_equal(bad, 0);
}

static void test_types_of_numbers(void **state) {
    (void)state;
    golden_file *file = golden_load("promote");
    int bad = 0, seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "tensor_number/"));)
        for (tp_dtype p = TP_BOOL; p < TP_DTYPE_COUNT; p++)
            for (int whole = 0; whole < 2; whole++)
                TP_SCOPE {
                    char key[32];
                    const char *op = golden_word(c, "op", "");
                    const struct function *f = find(op);
                    tp_number number = whole ? tp_number_whole(2) : tp_number_real(1.5);
                    snprintf(key, sizeof key, "%s+%s", tp_dtype_name(p), whole ? "int" : "float");
                    tp_tensor *x = tp_ones(tp_shape(2), .dtype = p), *y = NULL;
                    if (f) y = f->number(TP_HERE, x, number);
                    if (strcmp(op, "add_") == 0) y = tp_add_number_inplace_at(TP_HERE, x, number);
                    if (strcmp(op, "mul_") == 0) y = tp_mul_number_inplace_at(TP_HERE, x, number);
                    if (strcmp(op, "div_") == 0) y = tp_div_number_inplace_at(TP_HERE, x, number);
                    if (!y) break;
                    bad += !right_type(c, key, y), seen++;
                    take_error();
                }
    assert_true(seen > 12 * 8);
    golden_free(file);
    assert_int_equal(bad, 0);
}

/* ---- numbers ---- */

static void test_numbers(void **state) {
    (void)state;
    TP_SCOPE {
        float values[] = {-2, -0.5F, 1, 4};
        tp_tensor *x = tp_from_data(values, tp_shape(2, 2)), *whole = tp_arange(1, 5);
        tp_tensor *y = tp_add(tp_mul(x, 2), 1);
        for (int i = 0; i < 4; i++)
            assert_true(tp_get(y, i / 2, i % 2) == (double)(2 * values[i] + 1));
        assert_true(tp_get(tp_sub(1, x), 1, 1) == -3);
        assert_true(tp_get(tp_div(2, x), 0, 1) == -4);
        assert_true(tp_get(tp_pow(2, x), 1, 1) == 16);
        assert_true(tp_get(tp_add(x, 1, .alpha = 3), 0, 0) == 1);
        assert_true(tp_dtype_of(tp_mul(whole, 3)) == TP_INT64);
        assert_true(tp_dtype_of(tp_mul(whole, 3.0)) == TP_FLOAT32);
        assert_true(tp_dtype_of(tp_div(whole, 2)) == TP_FLOAT32);
        assert_true(tp_get(tp_div(whole, 2, .rounding = TP_ROUND_FLOOR), 2) == 1);
        assert_true(tp_get(tp_remainder(tp_neg(whole), 3), 0) == 2);
        assert_true(tp_get(tp_gt(x, 0), 1, 0) == 1 && tp_get(tp_gt(x, 0), 0, 0) == 0);
        int64_t big = INT64_C(9007199254740993);
        tp_tensor *exact = tp_add(tp_zeros(tp_shape(1), .dtype = TP_INT64), big);
        assert_true(((const int64_t *)tp_data(exact))[0] == big);
        assert_true(tp_equal(tp_mul(scattered(x), 3), tp_mul(x, 3)));
        assert_true(tp_is_poison(tp_pow(whole, -1)));
        assert_true(had_error(TP_ERROR_VALUE, "pow", __LINE__ - 1));
        assert_true(tp_is_poison(tp_div(whole, 0, .rounding = TP_ROUND_TRUNC)));
        assert_true(had_error(TP_ERROR_VALUE, "div", __LINE__ - 1));
        assert_true(tp_is_poison(tp_remainder(whole, tp_sub(whole, 2))));
        assert_true(had_error(TP_ERROR_VALUE, "remainder", __LINE__ - 1));
    }
}

/* ---- every length and layout takes the same path ---- */

static void test_lengths(void **state) {
    (void)state;
    float first[70], second[70];
    for (int i = 0; i < 70; i++)
        first[i] = (float)(0.05 * i + 0.1), second[i] = (float)(2.9 - 0.04 * i);
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
        TP_SCOPE {
            two_tensors call = functions[f].tensors;
            tp_tensor *a = tp_from_data(first, tp_shape(70)),
                      *b = tp_from_data(second, tp_shape(70));
            tp_tensor *whole = call(TP_HERE, a, b);
            size_t item = tp_dtype_size(tp_dtype_of(whole));
            for (int n = 0; n <= 66; n++) {
                tp_tensor *p = tp_from_data(first + 3, tp_shape(n)),
                          *q = tp_from_data(second + 3, tp_shape(n));
                tp_tensor *parts[] = {call(TP_HERE, p, q), call(TP_HERE, scattered(p), q)};
                for (int k = 0; k < 2 && n > 0; k++)
                    if (memcmp((char *)tp_data(whole) + 3 * item, tp_data(parts[k]),
                               (size_t)n * item) != 0)
                        fail_msg("%s of %d elements differs from the same among 70",
                                 functions[f].name, n);
            }
        }
}

/* ---- shapes ---- */

static void test_wrong_shapes(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_ones(tp_shape(2, 3)), *b = tp_ones(tp_shape(2, 4));
        assert_true(tp_is_poison(tp_add(a, b)));
        assert_true(had_error(TP_ERROR_SHAPE, "add", __LINE__ - 1));
        assert_true(tp_is_poison(tp_lt(a, b)));
        assert_true(had_error(TP_ERROR_SHAPE, "lt", __LINE__ - 1));
        assert_true(tp_is_poison(tp_mul_(a, b)));
        assert_true(had_error(TP_ERROR_SHAPE, "mul", __LINE__ - 1));
        assert_true(tp_is_poison(tp_add_(tp_ones(tp_shape(3)), a)));
        assert_true(had_error(TP_ERROR_SHAPE, "add", __LINE__ - 1));
        assert_true(tp_is_poison(tp_where(tp_gt(a, 0), a, b)));
        assert_true(had_error(TP_ERROR_SHAPE, "where", __LINE__ - 1));
        assert_true(tp_is_poison(tp_where(a, a, a)));
        assert_true(had_error(TP_ERROR_DTYPE, "where", __LINE__ - 1));
        assert_true(tp_is_poison(tp_masked_fill(a, tp_gt(b, 0), 1)));
        assert_true(had_error(TP_ERROR_SHAPE, "masked_fill", __LINE__ - 1));
        assert_true(tp_is_poison(tp_copy_(a, b)));
        assert_true(had_error(TP_ERROR_SHAPE, "copy", __LINE__ - 1));
        assert_false(tp_allclose(a, b));
        assert_true(had_error(TP_ERROR_SHAPE, "allclose", __LINE__ - 1));
        assert_false(tp_equal(a, b)); /* an answer, not an error */
        assert_int_equal(take_error().count, 0);
        assert_true(tp_is_poison(tp_sub(a, NULL)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "sub", __LINE__ - 1));
        tp_tensor *whole = tp_arange(0, 3);
        assert_true(tp_is_poison(tp_add(whole, whole, .alpha = 0.5)));
        assert_true(had_error(TP_ERROR_DTYPE, "add", __LINE__ - 1));
    }
}

/* ---- in place ---- */

static void test_in_place(void **state) {
    (void)state;
    TP_SCOPE {
        float values[] = {1, 2, 3, 4};
        static const double halves[] = {1.5, 3.5, 3.5, 5.5};
        tp_tensor *x = tp_from_data(values, tp_shape(2, 2)),
                  *row = tp_from_data(values, tp_shape(2));
        assert_ptr_equal(tp_add_(x, row), x); /* 2 4 / 4 6 */
        tp_mul_(x, 2);                        /* 4 8 / 8 12 */
        tp_sub_(x, tp_ones(tp_shape(2, 1)));  /* 3 7 / 7 11 */
        tp_div_(x, tp_full(tp_shape(), 2));
        for (int i = 0; i < 4; i++) assert_true(tp_get(x, i / 2, i % 2) == halves[i]);
        tp_pow_(x, 2);
        assert_true(tp_get(x, 1, 1) == 30.25);
        tp_remainder_(x, 4), tp_fmod_(x, 2);
        assert_true(tp_get(x, 1, 1) == 0.25);
        tp_fill_(x, 7);
        assert_true(tp_get(x, 1, 0) == 7);
        tp_copy_(x, tp_arange(0, 2)); /* broadcast and converted */
        assert_true(tp_get(x, 1, 1) == 1 && tp_get(x, 1, 0) == 0);
        tp_zero_(x);
        assert_true(tp_get(x, 0, 1) == 0);
        tp_tensor *whole = tp_arange(0, 3);
        tp_add_(whole, 2);
        assert_true(tp_get(whole, 2) == 4 && tp_dtype_of(whole) == TP_INT64);
        assert_true(tp_is_poison(tp_mul_(whole, 1.5)));
        assert_true(had_error(TP_ERROR_DTYPE, "mul", __LINE__ - 1));
        assert_true(tp_is_poison(tp_div_(whole, 2)));
        assert_true(had_error(TP_ERROR_DTYPE, "div", __LINE__ - 1));
        tp_add_(x, tp_ones(tp_shape(2, 2), .dtype = TP_FLOAT64)); /* stays float32 */
        assert_true(tp_dtype_of(x) == TP_FLOAT32 && tp_get(x, 0, 0) == 1);
    }
}

/* x += its own transpose: what is still to be read must not have been overwritten. */
static void test_overlap(void **state) {
    (void)state;
    TP_SCOPE {
        float values[9];
        for (int i = 0; i < 9; i++) values[i] = (float)(i * i);
        tp_tensor *x = tp_from_data(values, tp_shape(3, 3));
        tp_tensor *turned = tp_make_view(TP_HERE, "t", x, tp_shape(3, 3), (int64_t[]){1, 3}, 0);
        tp_add_(x, turned);
        for (int i = 0; i < 9; i++)
            assert_true(tp_get(x, i / 3, i % 3) == (double)(values[i] + values[i % 3 * 3 + i / 3]));
        tp_tensor *line = tp_arange(0, 6);
        tp_tensor *ahead = tp_make_view(TP_HERE, "v", line, tp_shape(5), (int64_t[]){1}, 1);
        tp_tensor *behind = tp_make_view(TP_HERE, "v", line, tp_shape(5), (int64_t[]){1}, 0);
        tp_copy_(ahead, behind);
        for (int i = 1; i < 6; i++) assert_true(tp_get(line, i) == i - 1);
        tp_add_(line, line);
        assert_true(tp_get(line, 5) == 8);
    }
}

static void test_edits_and_graphs(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *w = tp_requires_grad(tp_ones(tp_shape(2))), *x = tp_ones(tp_shape(2));
        assert_true(tp_is_poison(tp_add_(w, 1)));
        assert_true(had_error(TP_ERROR_GRAPH, "add", __LINE__ - 1));
        assert_true(tp_is_poison(tp_add_(x, w))); /* would have to be recorded */
        assert_true(had_error(TP_ERROR_GRAPH, "add", __LINE__ - 1));
        tp_tensor *y = tp_mul(w, x);
        tp_add_(x, 1); /* mul saved it */
        assert_int_equal(take_error().count, 0);
        assert_false(tp_backward(y, .gradient = tp_ones(tp_shape(2))));
        assert_int_equal(take_error().code, TP_ERROR_MODIFIED);
        TP_NO_GRAD { assert_ptr_equal(tp_sub_(w, 0.5), w); }
        assert_true(tp_get(w, 0) == 0.5);
    }
}

static void test_choices(void **state) {
    (void)state;
    TP_SCOPE {
        float values[] = {-1, 2, -3, 4};
        tp_tensor *x = tp_from_data(values, tp_shape(4)), *mask = tp_lt(x, 0);
        tp_tensor *y = tp_where(mask, x, tp_zeros(tp_shape()));
        tp_tensor *z = tp_masked_fill(x, mask, 9);
        for (int i = 0; i < 4; i++) {
            assert_true(tp_get(y, i) == (double)(values[i] < 0 ? values[i] : 0));
            assert_true(tp_get(z, i) == (double)(values[i] < 0 ? 9 : values[i]));
        }
        assert_ptr_equal(tp_masked_fill_(x, mask, 9), x);
        assert_true(tp_equal(x, z));
        assert_true(tp_dtype_of(tp_where(mask, tp_arange(0, 4), tp_ones(tp_shape(4)))) ==
                    TP_FLOAT32);
    }
}

static void test_close(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_full(tp_shape(3), 1), *b = tp_full(tp_shape(3), 1 + 5e-6),
                  *c = tp_full(tp_shape(3), 1 + 5e-5);
        tp_tensor *n = tp_full(tp_shape(3), NAN), *inf = tp_full(tp_shape(3), INFINITY);
        assert_true(tp_allclose(a, b) && !tp_allclose(a, c) && tp_allclose(a, c, .rtol = 1e-3));
        assert_true(!tp_allclose(n, n) && tp_allclose(n, n, .equal_nan = true) &&
                    !tp_allclose(a, n, .equal_nan = true));
        assert_true(tp_allclose(inf, inf) && !tp_allclose(inf, tp_neg(inf)) &&
                    !tp_allclose(a, inf));
        assert_true(tp_allclose(a, tp_ones(tp_shape())));
        assert_true(tp_equal(a, a) && !tp_equal(a, b) && !tp_equal(n, n) &&
                    tp_equal(tp_ones(tp_shape(2)), tp_to(tp_ones(tp_shape(2)), TP_INT32)));
        assert_true(tp_equal(tp_zeros(tp_shape(0)), tp_zeros(tp_shape(0))));
    }
}

static void test_conversions(void **state) {
    (void)state;
    TP_SCOPE {
        double values[] = {-1.75, 0, 0.5, 3.9};
        tp_tensor *x = tp_from_data(values, tp_shape(4), .dtype = TP_FLOAT64);
        static const double want[][4] = {[TP_BOOL] = {1, 0, 1, 1},
                                         [TP_UINT8] = {255, 0, 0, 3},
                                         [TP_INT32] = {-1, 0, 0, 3},
                                         [TP_INT64] = {-1, 0, 0, 3},
                                         [TP_FLOAT32] = {-1.75, 0, 0.5, 3.9F},
                                         [TP_FLOAT64] = {-1.75, 0, 0.5, 3.9}};
        for (tp_dtype dtype = TP_BOOL; dtype < TP_DTYPE_COUNT; dtype++) {
            tp_tensor *y = tp_to(x, dtype), *z = tp_to(scattered(x), dtype);
            assert_int_equal(tp_dtype_of(y), dtype);
            for (int i = 0; i < 4; i++) assert_true(tp_get(y, i) == want[dtype][i]);
            assert_true(tp_equal(y, z));
        }
        assert_ptr_equal(tp_to(x, TP_FLOAT64), x);
        assert_true(tp_is_poison(tp_to(x, TP_DTYPE_DEFAULT)));
        assert_true(had_error(TP_ERROR_DTYPE, "to", __LINE__ - 1));
        tp_tensor *copy = tp_clone(x);
        assert_true(tp_data(copy) != tp_data(x) && tp_equal(copy, x));
        tp_tensor *spread = scattered(x);
        assert_true(!tp_is_contiguous(spread) && tp_is_contiguous(tp_clone(spread)) &&
                    tp_is_contiguous(tp_contiguous(spread)));
        assert_true(tp_equal(tp_contiguous(spread), x));
        assert_ptr_equal(tp_contiguous(x), x);
    }
}

static int load(void **state) {
    watch_errors();
    *state = golden_load("binary");
    return 0;
}

static int unload(void **state) {
    golden_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_types_of_numbers),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_edits_and_graphs),
        cmocka_unit_test(test_wrong_shapes),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_conversions),
    };
    return cmocka_run_group_tests_name("binary", tests, load, unload);
}
