/* Indexing by tensors and masks: against PyTorch, every type, many rows, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/ops.h>
#include <taper/runtime.h>

#include "support/op_cases.h"

/* ---- reference vectors ---- */

/* The input of that name. */
static tp_tensor *input(const op_call *call, const char *key) {
    int n = 0;
    for (int i = 0; i < call->c->n_tensors && n < call->n; i++) {
        const char *name = call->c->tensors[i].key;
        if (name[0] == 'y' || (name[0] == 'd' && name[1])) continue;
        if (strcmp(name, key) == 0) return call->in[n];
        n++;
    }
    return NULL;
}
static int dim_option(const op_call *call) { return (int)golden_integer(call->c, "dim", 0); }
static int64_t one(op_call *call, tp_tensor *y) {
    call->out[0] = y;
    return 1;
}

static int64_t call_index_select(op_call *k) {
    return one(k, tp_index_select(input(k, "x"), dim_option(k), input(k, "index")));
}
static int64_t call_index(op_call *k) { return one(k, tp_index(input(k, "x"), input(k, "index"))); }
static int64_t call_index_mask(op_call *k) {
    return one(k, tp_index(input(k, "x"), input(k, "mask")));
}
static int64_t call_take(op_call *k) {
    return one(k, tp_take(input(k, "input"), input(k, "index")));
}
static int64_t call_index_add(op_call *k) {
    return one(k, tp_index_add(input(k, "x"), dim_option(k), input(k, "index"), input(k, "src")));
}
static int64_t call_gather(op_call *k) {
    return one(k, tp_gather(input(k, "x"), dim_option(k), input(k, "index")));
}
static int64_t call_scatter(op_call *k) {
    tp_tensor *x = input(k, "x"), *index = input(k, "index"), *src = input(k, "src");
    if (src) return one(k, tp_scatter(x, dim_option(k), index, src));
    return one(k, tp_scatter_value(x, dim_option(k), index, golden_number(k->c, "value", 0)));
}
static int64_t call_scatter_add(op_call *k) {
    return one(k, tp_scatter_add(input(k, "x"), dim_option(k), input(k, "index"), input(k, "src")));
}
static int64_t call_masked_select(op_call *k) {
    return one(k, tp_masked_select(input(k, "input"), input(k, "mask")));
}
static int64_t call_masked_scatter(op_call *k) {
    return one(k, tp_masked_scatter(input(k, "x"), input(k, "mask"), input(k, "source")));
}
static int64_t call_nonzero(op_call *k) { return one(k, tp_nonzero(input(k, "x"))); }

static const op_case table[] = {
    {"index_select", call_index_select},
    {"index", call_index},
    {"index_mask", call_index_mask},
    {"take", call_take},
    {"index_add", call_index_add},
    {"gather", call_gather},
    {"scatter", call_scatter},
    {"scatter_add", call_scatter_add},
    {"masked_select", call_masked_select},
    {"masked_scatter", call_masked_scatter},
    {"nonzero", call_nonzero},
};

static void test_vectors(void **state) {
    (void)state;
    size_t count = sizeof table / sizeof table[0];
    assert_true(run_op_cases("index", table, count) >= 30);
    assert_true(run_op_cases("view", table, count) >= 11);
}

/* ---- every type ---- */

static const tp_dtype types[] = {TP_BOOL, TP_UINT8, TP_INT32, TP_INT64, TP_FLOAT32, TP_FLOAT64};

static tp_tensor *typed(const int64_t *values, tp_shape shape, tp_dtype dtype) {
    return tp_to(tp_from_data(values, shape, TP_INT64), dtype);
}

/* (3, 2): 0 1, 2 3, 4 5 (for bool: 0 1, 1 1, 1 1) */
static void check_choosing(tp_dtype dtype) {
    static const int64_t x[] = {0, 1, 2, 3, 4, 5}, rows[] = {2, 0}, places[] = {1, 0, 0, 1};
    static const int64_t picked[] = {4, 5, 0, 1}, gathered[] = {1, 0, 2, 3};
    static const int64_t written[] = {4, 4, 4, 4, 4, 5};
    static const int64_t chosen[] = {1, 2, 5}, mask[] = {0, 1, 1, 0, 0, 1};
    TP_SCOPE {
        tp_tensor *a = typed(x, tp_shape(3, 2), dtype);
        tp_tensor *row = tp_from_data(rows, tp_shape(2), TP_INT64);
        tp_tensor *place = tp_from_data(places, tp_shape(2, 2), TP_INT64);
        tp_tensor *want = typed(picked, tp_shape(2, 2), dtype);
        assert_true(tp_equal(tp_index_select(a, 0, row), want));
        assert_true(tp_equal(tp_index(a, tp_to(row, TP_INT32)), want));
        assert_true(tp_equal(tp_gather(a, 1, place), typed(gathered, tp_shape(2, 2), dtype)));
        tp_tensor *m = typed(mask, tp_shape(3, 2), TP_BOOL);
        assert_true(tp_equal(tp_masked_select(a, m), typed(chosen, tp_shape(3), dtype)));
        /* a place that is written twice in a row keeps the last */
        assert_true(
            tp_equal(tp_scatter_value(a, 1, place, 4), typed(written, tp_shape(3, 2), dtype)));
    }
}

static void check_adding(tp_dtype dtype) {
    static const int64_t x[] = {0, 1, 2, 3, 4, 5}, rows[] = {2, 0}, more[] = {6, 1, 7, 8};
    static const int64_t sum[] = {7, 9, 2, 3, 10, 6}, column[] = {4, 0, 0, 0, 2, 0};
    TP_SCOPE {
        tp_tensor *a = typed(x, tp_shape(3, 2), dtype);
        tp_tensor *row = tp_from_data(rows, tp_shape(2), TP_INT64);
        tp_tensor *y = tp_index_add(a, 0, row, typed(more, tp_shape(2, 2), dtype));
        assert_true(tp_equal(y, typed(sum, tp_shape(3, 2), dtype)));
        tp_tensor *narrow = tp_from_data(rows, tp_shape(2, 1), TP_INT64); /* columns 1.. stay */
        tp_tensor *z = tp_scatter_add(tp_zeros_like(a), 0, narrow, tp_slice(a, 0, 1, TP_END, 1));
        assert_true(tp_equal(z, typed(column, tp_shape(3, 2), dtype)));
    }
}

static void test_types(void **state) {
    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        check_choosing(types[t]);
        if (types[t] != TP_BOOL) check_adding(types[t]);
    }
}

/* ---- many rows, any number of threads ---- */

static void check_rows(int width) {
    enum { ROWS = 500, COUNT = 3000 };
    TP_SCOPE {
        tp_tensor *x = tp_empty(tp_shape(ROWS, width));
        tp_tensor *index = tp_empty(tp_shape(COUNT), .dtype = TP_INT64);
        float *values = tp_data(x);
        int64_t *rows = tp_data(index);
        for (int i = 0; i < ROWS * width; i++) values[i] = (float)i;
        for (int i = 0; i < COUNT; i++) rows[i] = (i * 7919 + 13) % ROWS;
        tp_requires_grad(x);
        tp_tensor *y = tp_index(x, index);
        const float *got = tp_data(y);
        for (int i = 0; i < COUNT; i++)
            for (int j = 0; j < width; j++)
                assert_true(got[i * width + j] == values[rows[i] * width + j]);
        assert_true(tp_backward(y, tp_ones_like(y)));
        const float *g = tp_data(tp_grad(x));
        for (int i = 0; i < ROWS * width; i++) assert_true((int)g[i] == COUNT / ROWS);
    }
}

static void test_many_rows(void **state) {
    (void)state;
    int before = tp_get_num_threads();
    for (int width = 1; width <= 200; width = width * 5 + 1) {
        tp_set_num_threads(1 + width % 3);
        check_rows(width);
    }
    tp_set_num_threads(before);
}

/* An embedding's gradient, in double, where rows repeat and indices have two dimensions. */
static tp_tensor *lookup(tp_tensor *const *in, int n, void *user) {
    static const int64_t words[] = {1, 3, 3, -1, 0, 1};
    (void)n, (void)user;
    return tp_mul(tp_index(in[0], tp_from_data(words, tp_shape(2, 3), TP_INT64)), in[1]);
}

static void test_embedding(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *in[2] = {tp_reshape(tp_arange(0, 8, .dtype = TP_FLOAT64), tp_shape(4, 2)),
                            tp_arange(1, 3, .dtype = TP_FLOAT64)};
        tp_requires_grad(in[0]), tp_requires_grad(in[1]);
        assert_true(tp_gradcheck(lookup, in, 2));
    }
}

/* The index is kept as it was: an edit before backward is found. */
static void test_modified_index(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(3, 2), .requires_grad = true);
        tp_tensor *index = tp_arange(0, 2);
        tp_tensor *y = tp_index_select(x, 0, index);
        tp_set(index, 2, 0);
        assert_false(tp_backward(tp_sum(y)));
        assert_int_equal(take_error().code, TP_ERROR_MODIFIED);
    }
}

/* ---- errors ---- */

/* The call must report exactly one error of that kind, operation and line. */
#define REFUSED(code, op, ...)                                 \
    do {                                                       \
        (void)(__VA_ARGS__);                                   \
        assert_true(had_error(TP_ERROR_##code, op, __LINE__)); \
    } while (0)

static void test_errors(void **state) {
    (void)state;
    static const int64_t bad[] = {0, 1, 5, 1};
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(3, 2)), *f = tp_ones(tp_shape(2));
        tp_tensor *i = tp_from_data(bad, tp_shape(4), TP_INT64);
        tp_tensor *square = tp_from_data(bad, tp_shape(2, 2), TP_INT64);
        tp_tensor *fine = tp_zeros(tp_shape(2, 2), .dtype = TP_INT64);
        assert_true(tp_is_poison(tp_index_select(x, 0, i)));
        seen_error error = take_error();
        assert_int_equal(error.code, TP_ERROR_INDEX);
        assert_non_null(strstr(error.text, "index 5 at position (2,)"));
        assert_non_null(strstr(error.text, "0 to 2"));
        tp_gather(x, 0, square);
        error = take_error();
        assert_int_equal(error.code, TP_ERROR_INDEX);
        assert_non_null(strstr(error.text, "index 5 at position (1, 0)"));
        REFUSED(SHAPE, "index_select", tp_index_select(x, 0, fine));
        REFUSED(DTYPE, "index_select", tp_index_select(x, 0, f));
        REFUSED(INDEX, "index_select", tp_index_select(x, 2, i));
        REFUSED(DTYPE, "index", tp_index(x, f));
        REFUSED(SHAPE, "index", tp_index(x, tp_to(f, TP_BOOL)));
        REFUSED(SHAPE, "index", tp_index(tp_scalar(1), i));
        REFUSED(INDEX, "index", tp_index(tp_zeros(tp_shape(0, 2)), i));
        REFUSED(INDEX, "take", tp_take(x, tp_full(tp_shape(1), 6, .dtype = TP_INT64)));
        REFUSED(SHAPE, "index_add", tp_index_add(x, 0, i, x));
        REFUSED(SHAPE, "gather", tp_gather(x, 0, i));
        REFUSED(SHAPE, "gather", tp_gather(tp_ones(tp_shape(3, 1)), 0, fine));
        REFUSED(SHAPE, "scatter", tp_scatter(x, 0, fine, f));
        REFUSED(DTYPE, "scatter", tp_scatter(x, 0, fine, tp_to(x, TP_FLOAT64)));
        REFUSED(INDEX, "scatter_add", tp_scatter_add(x, 0, square, x));
        REFUSED(ARGUMENT, "scatter", tp_scatter_value(x, 0, NULL, 1));
        REFUSED(DTYPE, "masked_select", tp_masked_select(x, x));
        REFUSED(SHAPE, "masked_select", tp_masked_select(x, tp_to(tp_ones(tp_shape(3)), TP_BOOL)));
        REFUSED(SHAPE, "masked_scatter", tp_masked_scatter(f, tp_to(x, TP_BOOL), x));
        REFUSED(SHAPE, "masked_scatter", tp_masked_scatter(x, tp_to(x, TP_BOOL), f));
        REFUSED(ARGUMENT, "nonzero", tp_nonzero(NULL));
    }
}

int main(void) {
    watch_errors();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_types),
        cmocka_unit_test(test_many_rows),      cmocka_unit_test(test_embedding),
        cmocka_unit_test(test_modified_index), cmocka_unit_test(test_errors),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tp_shutdown();
    return failed;
}
