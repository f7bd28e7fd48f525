/* Making tensors, reading and writing their elements, and what is known about them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <taper/ops.h>

#include "support/clean.h"

/* Whether x has exactly these values, in reading order. */
static bool holds(const tp_tensor *x, int64_t n, const double *want) {
    double got[64];
    if (tp_is_poison(x) || tp_numel(x) != n) return false;
    TP_SCOPE {
        tp_tensor *wide = tp_to((tp_tensor *)(uintptr_t)x, TP_FLOAT64);
        if (!tp_copy_out(wide, got)) return false;
    }
    for (int64_t i = 0; i < n; i++)
        if (got[i] != want[i]) return false;
    return true;
}
#define HOLDS(x, ...) \
    holds(x, (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

static void test_filled(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(2, 3));
        assert_true(tp_dtype_of(x) == TP_FLOAT32 && tp_ndim(x) == 2 && tp_numel(x) == 6);
        assert_true(tp_size(x, 0) == 2 && tp_size(x, -1) == 3);
        assert_true(tp_stride(x, 0) == 3 && tp_stride(x, -1) == 1 && tp_is_contiguous(x));
        assert_true(HOLDS(x, 0, 0, 0, 0, 0, 0));
        for (tp_dtype dtype = TP_BOOL; dtype < TP_DTYPE_COUNT; dtype++) {
            tp_tensor *y = tp_ones(tp_shape(3), .dtype = dtype);
            assert_true(tp_dtype_of(y) == dtype && HOLDS(y, 1, 1, 1));
            assert_true(HOLDS(tp_full(tp_shape(2), dtype == TP_BOOL ? 1 : 7, .dtype = dtype),
                              dtype == TP_BOOL ? 1 : 7, dtype == TP_BOOL ? 1 : 7));
            assert_true(tp_dtype_of(tp_zeros_like(y)) == dtype);
            assert_true(tp_dtype_of(tp_empty_like(y, .dtype = TP_FLOAT64)) == TP_FLOAT64);
            assert_true(HOLDS(tp_ones_like(y), 1, 1, 1));
        }
        assert_true(HOLDS(tp_full_like(tp_zeros(tp_shape(2), .dtype = TP_INT32), -3.9), -3, -3));
        assert_true(tp_item(tp_full_like(tp_ones(tp_shape()), 4)) == 4);
        tp_tensor *s = tp_scalar(2.5, .dtype = TP_FLOAT64);
        assert_true(tp_ndim(s) == 0 && tp_numel(s) == 1 && tp_item(s) == 2.5);
        assert_true(tp_wants_grad(tp_ones(tp_shape(1), .requires_grad = true)));
        assert_true(tp_same_shape(tp_ones(tp_shape(2, 0)), tp_zeros(tp_shape(2, 0))));
        assert_false(tp_same_shape(tp_ones(tp_shape(2)), tp_zeros(tp_shape(2, 1))));
    }
}

static void test_empty_sizes(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(3, 0, 2), .requires_grad = true);
        assert_true(tp_numel(x) == 0 && tp_ndim(x) == 3 && tp_data(x) == NULL);
        assert_true(tp_wants_grad(x) && tp_is_contiguous(x));
        assert_true(tp_copy_out(x, NULL));
        assert_true(tp_numel(tp_arange(5, 5)) == 0);
        assert_true(tp_numel(tp_linspace(0, 1, 0)) == 0);
        assert_true(tp_numel(tp_eye(0)) == 0);
        assert_true(tp_wants_grad(tp_eye(0, .requires_grad = true)));
        assert_true(tp_wants_grad(tp_linspace(0, 1, 0, .requires_grad = true)));
        assert_true(tp_numel(tp_from_data(NULL, tp_shape(0))) == 0);
    }
}

static void test_ranges(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_arange(0, 5);
        assert_true(tp_dtype_of(x) == TP_INT64 && HOLDS(x, 0, 1, 2, 3, 4));
        assert_true(HOLDS(tp_arange(5, 0, -2), 5, 3, 1));
        x = tp_arange(0, 1, 0.25);
        assert_true(tp_dtype_of(x) == TP_FLOAT32 && HOLDS(x, 0, 0.25, 0.5, 0.75));
        assert_true(HOLDS(tp_arange(1, 4, .dtype = TP_FLOAT64), 1, 2, 3));
        assert_true(HOLDS(tp_arange(250, 255, .dtype = TP_UINT8), 250, 251, 252, 253, 254));
        assert_true(HOLDS(tp_linspace(0, 1, 5), 0, 0.25, 0.5, 0.75, 1));
        assert_true(HOLDS(tp_linspace(3, 9, 1), 3));
        assert_true(HOLDS(tp_linspace(0, 10, 4, .dtype = TP_INT64), 0, 3, 6, 10));
        assert_true(HOLDS(tp_eye(2), 1, 0, 0, 1));
        assert_true(HOLDS(tp_eye(2, 3), 1, 0, 0, 0, 1, 0));
        assert_true(HOLDS(tp_eye(3, 2, .dtype = TP_INT64), 1, 0, 0, 1, 0, 0));
    }
}

static void test_refused(void **state) {
    (void)state;
    TP_SCOPE {
        assert_true(tp_is_poison(tp_zeros(tp_shape(2, -1))));
        assert_true(had_error(TP_ERROR_SHAPE, "zeros", __LINE__ - 1));
        assert_true(tp_is_poison(tp_ones(tp_shape(1, 1, 1, 1, 1, 1, 1, 1, 1))));
        assert_true(had_error(TP_ERROR_SHAPE, "ones", __LINE__ - 1));
        assert_true(tp_is_poison(tp_empty(tp_shape(INT64_MAX / 2, 8))));
        assert_true(had_error(TP_ERROR_MEMORY, "empty", __LINE__ - 1));
        assert_true(tp_is_poison(tp_full(tp_shape(2), 1, .dtype = (tp_dtype)99)));
        assert_true(had_error(TP_ERROR_DTYPE, "full", __LINE__ - 1));
        assert_true(tp_is_poison(tp_arange(0, 5, -1)));
        assert_true(had_error(TP_ERROR_VALUE, "arange", __LINE__ - 1));
        assert_true(tp_is_poison(tp_arange(0, INFINITY)));
        assert_true(had_error(TP_ERROR_VALUE, "arange", __LINE__ - 1));
        assert_true(tp_is_poison(tp_linspace(0, 1, -2)));
        assert_true(had_error(TP_ERROR_VALUE, "linspace", __LINE__ - 1));
        assert_true(tp_is_poison(tp_eye(-1)));
        assert_true(had_error(TP_ERROR_SHAPE, "eye", __LINE__ - 1));
        assert_true(tp_is_poison(tp_from_data(NULL, tp_shape(2))));
        assert_true(had_error(TP_ERROR_ARGUMENT, "from_data", __LINE__ - 1));
        assert_true(tp_is_poison(tp_zeros(tp_shape(2), .dtype = TP_INT64, .requires_grad = true)));
        assert_int_equal(take_error().code, TP_ERROR_DTYPE);
        assert_true(tp_is_poison(tp_zeros_like(NULL)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "zeros_like", __LINE__ - 1));
    }
}

/* ---- C data ---- */

static int deleted;
static void count_deleted(void *data, void *user) {
    assert_ptr_equal(user, &deleted);
    assert_non_null(data);
    deleted++;
}

static void test_c_data(void **state) {
    (void)state;
    float values[] = {1, 2, 3, 4, 5, 6};
    TP_SCOPE {
        tp_tensor *copy = tp_from_data(values, tp_shape(2, 3));
        tp_tensor *here = tp_from_blob(values, tp_shape(3, 2));
        values[0] = 9;
        assert_true(tp_get(copy, 0, 0) == 1 && tp_get(here, 0, 0) == 9);
        assert_ptr_equal(tp_data(here), values);
        tp_set(here, 7, -1, -1);
        assert_true(values[5] == 7);
        int64_t whole[] = {1, INT64_MAX};
        tp_tensor *y = tp_from_data(whole, tp_shape(2), .dtype = TP_INT64);
        int64_t out[2];
        assert_true(tp_copy_out(y, out) && out[1] == INT64_MAX);
    }
    deleted = 0;
    tp_tensor *view = NULL;
    TP_SCOPE {
        tp_tensor *x =
            tp_from_blob(values, tp_shape(6), .deleter = count_deleted, .user = &deleted);
        view = tp_keep(tp_narrow(x, 0, 2, 2));
    }
    assert_int_equal(deleted, 0); /* a view still looks at it */
    assert_true(tp_get(view, 0) == 3);
    tp_free(view);
    assert_int_equal(deleted, 1);
    assert_true(tp_is_poison(
        tp_from_blob(values, tp_shape(-1), .deleter = count_deleted, .user = &deleted)));
    assert_int_equal(take_error().code, TP_ERROR_SHAPE);
    assert_int_equal(deleted, 1); /* after an error the memory is still the caller's */
}

/* ---- elements ---- */

static void test_elements(void **state) {
    (void)state;
    TP_SCOPE {
        for (tp_dtype dtype = TP_UINT8; dtype < TP_DTYPE_COUNT; dtype++) {
            tp_tensor *x = tp_zeros(tp_shape(2, 3), .dtype = dtype);
            tp_set(x, 5, 1, -3);
            assert_true(HOLDS(x, 0, 0, 0, 5, 0, 0));
            assert_true(tp_get(x, -1, 0) == 5);
        }
        tp_tensor *x = tp_arange(0, 6, .dtype = TP_FLOAT32), *m = tp_reshape(x, tp_shape(2, 3));
        tp_tensor *t = tp_transpose(m, 0, 1);
        assert_true(tp_get(t, 2, 1) == 5 && !tp_is_contiguous(t));
        float out[6];
        assert_true(tp_copy_out(t, out));
        assert_memory_equal(out, ((float[]){0, 3, 1, 4, 2, 5}), sizeof out);
        assert_null(tp_data_float(tp_arange(0, 3)));
        assert_int_equal(take_error().code, TP_ERROR_DTYPE);
        assert_true(isnan(tp_get(m, 2, 0)));
        assert_true(had_error(TP_ERROR_INDEX, "get", __LINE__ - 1));
        assert_true(isnan(tp_get(m, 1)));
        assert_true(had_error(TP_ERROR_INDEX, "get", __LINE__ - 1));
        tp_set(m, 1, 0, -4);
        assert_true(had_error(TP_ERROR_INDEX, "set", __LINE__ - 1));
        assert_true(isnan(tp_item(m)));
        assert_true(had_error(TP_ERROR_SHAPE, "item", __LINE__ - 1));
        assert_true(tp_size(m, 2) == 0);
        assert_int_equal(take_error().code, TP_ERROR_INDEX);
        assert_int_equal(tp_ndim(NULL), 0);
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
    }
}

/* ---- types ---- */

static void test_dtypes(void **state) {
    (void)state;
    static const size_t sizes[TP_DTYPE_COUNT] = {0, 1, 1, 4, 8, 4, 8};
    for (int d = 0; d < TP_DTYPE_COUNT; d++) assert_int_equal(tp_dtype_size((tp_dtype)d), sizes[d]);
    assert_int_equal(tp_dtype_size((tp_dtype)77), 0);
    assert_string_equal(tp_dtype_name(TP_FLOAT64), "float64");
    assert_string_equal(tp_dtype_name(TP_BOOL), "bool");
    assert_non_null(tp_dtype_name((tp_dtype)77));
    assert_true(tp_dtype_is_floating(TP_FLOAT32) && !tp_dtype_is_floating(TP_INT64));
    TP_SCOPE {
        tp_set_default_dtype(TP_FLOAT64);
        assert_true(tp_dtype_of(tp_ones(tp_shape(1))) == TP_FLOAT64);
        assert_true(tp_dtype_of(tp_arange(0, 1, 0.5)) == TP_FLOAT64);
        tp_set_default_dtype(TP_INT64);
        assert_int_equal(take_error().code, TP_ERROR_DTYPE);
        assert_true(tp_get_default_dtype() == TP_FLOAT64);
        tp_set_default_dtype(TP_FLOAT32);
    }
}

/* Promotion of whole types, as the file says torch does it. */
static void test_promotion(void **state) {
    (void)state;
    golden_file *file = golden_load("promote");
    const golden_case *c = golden_need_case(file, "tensor_tensor/add");
    int pairs = 0;
    for (int i = 0; i < c->n_options; i++) {
        const char *key = c->options[i].key, *plus = strchr(key, '+');
        if (!plus) continue;
        char first[16] = "";
        memcpy(first, key, (size_t)(plus - key));
        tp_dtype want = dtype_of_name(c->options[i].value);
        if (tp_promote_types(dtype_of_name(first), dtype_of_name(plus + 1)) != want)
            fail_msg("%s is not %s", key, c->options[i].value);
        pairs++;
    }
    assert_int_equal(pairs, 36);
    golden_free(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_filled),  CLEAN_TEST(test_empty_sizes), CLEAN_TEST(test_ranges),
        CLEAN_TEST(test_refused), CLEAN_TEST(test_c_data),      CLEAN_TEST(test_elements),
        CLEAN_TEST(test_dtypes),  CLEAN_TEST(test_promotion),
    };
    return cmocka_run_group_tests_name("tensor", tests, NULL, NULL);
}
