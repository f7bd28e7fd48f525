/* Views, cutting, joining, repeating: against PyTorch, shared memory, long slices, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/ops.h>

#include "support/op_cases.h"

/* ---- reference vectors ---- */

static int dim_option(const op_call *call) { return (int)golden_integer(call->c, "dim", 0); }
static int int_option(const op_call *call, const char *key) {
    return (int)golden_integer(call->c, key, 0);
}
static int64_t one(op_call *call, tp_tensor *y) {
    call->out[0] = y;
    return 1;
}

static int64_t call_reshape(op_call *k) {
    return one(k, tp_reshape(k->in[0], shape_option(k->c, "sizes")));
}
static int64_t call_view(op_call *k) { /* what has gaps may need a copy */
    tp_tensor *x = k->in[0];
    tp_shape sizes = shape_option(k->c, "sizes");
    return one(k, tp_is_contiguous(x) ? tp_view(x, sizes) : tp_reshape(x, sizes));
}
/* Dimension 0 by name: 0 stands for the default. */
static int from_end(const op_call *k, int dim) { return dim == 0 ? -tp_ndim(k->in[0]) : dim; }
static int64_t call_flatten(op_call *k) {
    return one(k, tp_flatten(k->in[0], .start_dim = from_end(k, int_option(k, "start_dim")),
                             .end_dim = from_end(k, int_option(k, "end_dim"))));
}
static int64_t call_unflatten(op_call *k) {
    return one(k, tp_unflatten(k->in[0], dim_option(k), shape_option(k->c, "sizes")));
}
static int64_t call_squeeze(op_call *k) {
    return one(k, tp_squeeze(k->in[0], .dims = shape_option(k->c, "dims")));
}
static int64_t call_unsqueeze(op_call *k) { return one(k, tp_unsqueeze(k->in[0], dim_option(k))); }
static int64_t call_transpose(op_call *k) {
    return one(k, tp_transpose(k->in[0], int_option(k, "dim0"), int_option(k, "dim1")));
}
static int64_t call_t(op_call *k) { return one(k, tp_t(k->in[0])); }
static int64_t call_permute(op_call *k) {
    return one(k, tp_permute(k->in[0], shape_option(k->c, "dims")));
}
static int64_t call_movedim(op_call *k) {
    return one(k, tp_movedim(k->in[0], int_option(k, "source"), int_option(k, "destination")));
}
static int64_t call_expand(op_call *k) {
    return one(k, tp_expand(k->in[0], shape_option(k->c, "sizes")));
}
static int64_t call_slice(op_call *k) {
    return one(k, tp_slice(k->in[0], dim_option(k), golden_integer(k->c, "start", 0),
                           golden_integer(k->c, "stop", TP_END), golden_integer(k->c, "step", 1)));
}
static int64_t call_select(op_call *k) {
    return one(k, tp_select(k->in[0], dim_option(k), golden_integer(k->c, "index", 0)));
}
static int64_t call_narrow(op_call *k) {
    return one(k, tp_narrow(k->in[0], dim_option(k), golden_integer(k->c, "start", 0),
                            golden_integer(k->c, "length", 0)));
}
static int64_t call_flip(op_call *k) {
    return one(k, tp_flip(k->in[0], shape_option(k->c, "dims")));
}
static int64_t call_diagonal(op_call *k) {
    return one(k, tp_diagonal(k->in[0], .offset = golden_integer(k->c, "offset", 0)));
}
static int64_t call_split(op_call *k) {
    if (golden_find(k->c, "x") && golden_word(k->c, "sizes", NULL))
        return tp_split_sizes(k->in[0], shape_option(k->c, "sizes"), dim_option(k), k->out);
    return tp_split(k->in[0], golden_integer(k->c, "size", 0), dim_option(k), k->out,
                    OP_CASE_RESULTS);
}
static int64_t call_chunk(op_call *k) {
    return tp_chunk(k->in[0], golden_integer(k->c, "chunks", 0), dim_option(k), k->out);
}
static int64_t call_unbind(op_call *k) {
    return tp_unbind(k->in[0], dim_option(k), k->out, OP_CASE_RESULTS);
}
static int64_t call_cat(op_call *k) {
    return one(k, tp_cat(tp_list_of(k->in, (size_t)k->n), dim_option(k)));
}
static int64_t call_stack(op_call *k) {
    return one(k, tp_stack(tp_list_of(k->in, (size_t)k->n), dim_option(k)));
}
static int64_t call_repeat(op_call *k) {
    return one(k, tp_repeat(k->in[0], shape_option(k->c, "sizes")));
}
static int64_t call_repeat_interleave(op_call *k) {
    return one(k,
               tp_repeat_interleave(k->in[0], golden_integer(k->c, "repeats", 0), dim_option(k)));
}
static int64_t call_roll(op_call *k) {
    int64_t dims[TP_MAX_DIMS];
    tp_shape none = {0};
    bool flat = golden_list(k->c, "dims", dims, TP_MAX_DIMS) < 0 ||
                strcmp(golden_word(k->c, "dims", "None"), "None") == 0;
    return one(k, tp_roll(k->in[0], shape_option(k->c, "shifts"),
                          .dims = flat ? none : shape_option(k->c, "dims")));
}
static int64_t call_tril(op_call *k) {
    return one(k, tp_tril(k->in[0], .diagonal = golden_integer(k->c, "diagonal", 0)));
}
static int64_t call_triu(op_call *k) {
    return one(k, tp_triu(k->in[0], .diagonal = golden_integer(k->c, "diagonal", 0)));
}

static const op_case table[] = {
    {"reshape", call_reshape},
    {"view", call_view},
    {"flatten", call_flatten},
    {"unflatten", call_unflatten},
    {"squeeze", call_squeeze},
    {"unsqueeze", call_unsqueeze},
    {"transpose", call_transpose},
    {"t", call_t},
    {"permute", call_permute},
    {"movedim", call_movedim},
    {"expand", call_expand},
    {"slice", call_slice},
    {"select", call_select},
    {"narrow", call_narrow},
    {"flip", call_flip},
    {"diagonal", call_diagonal},
    {"split", call_split},
    {"chunk", call_chunk},
    {"unbind", call_unbind},
    {"cat", call_cat},
    {"stack", call_stack},
    {"repeat", call_repeat},
    {"repeat_interleave", call_repeat_interleave},
    {"roll", call_roll},
    {"tril", call_tril},
    {"triu", call_triu},
};

static void test_index_vectors(void **state) {
    (void)state;
    assert_true(run_op_cases("index", table, sizeof table / sizeof table[0]) >= 80);
}

static void test_view_vectors(void **state) {
    (void)state;
    assert_true(run_op_cases("view", table, sizeof table / sizeof table[0]) >= 40);
}

/* ---- shared memory ---- */

static tp_tensor *counted(tp_shape shape) {
    int64_t numel = 1;
    for (int d = 0; d < shape.ndim; d++) numel *= shape.dims[d];
    return tp_reshape(tp_arange(0, (double)numel, .dtype = TP_FLOAT32), shape);
}

/* Every view shows an edit of what it looks at; nothing was copied. */
static void test_views_share(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = counted(tp_shape(2, 3, 4)), *parts[2];
        assert_int_equal(tp_split(x, 1, 0, parts, 2), 2);
        tp_set(x, 100, 1, 2, 3);
        assert_true(tp_get(tp_reshape(x, tp_shape(-1)), 23) == 100);
        assert_true(tp_get(tp_view(x, tp_shape(6, 4)), 5, 3) == 100);
        assert_true(tp_get(tp_flatten(x), 1, 11) == 100);
        assert_true(tp_get(tp_transpose(x, 0, 2), 3, 2, 1) == 100);
        assert_true(tp_get(tp_permute(x, tp_dims(1, 2, 0)), 2, 3, 1) == 100);
        assert_true(tp_get(tp_select(x, 0, -1), 2, 3) == 100);
        assert_true(tp_get(tp_slice(x, 2, -1, TP_END, -2), 1, 2, 0) == 100);
        assert_true(tp_get(tp_flip(x, tp_dims(0, 1, 2)), 0, 0, 0) == 100);
        assert_true(tp_get(tp_narrow(x, 1, 1, 2), 1, 1, 3) == 100);
        assert_true(tp_get(tp_expand(x, tp_shape(5, 2, 3, 4)), 4, 1, 2, 3) == 100);
        assert_true(tp_get(parts[1], 0, 2, 3) == 100);
        tp_set(tp_transpose(x, 1, 2), -7, 0, 3, 1); /* and the other way round */
        assert_true(tp_get(x, 0, 1, 3) == -7);
        /* merging what runs on needs no copy, though the whole is not contiguous */
        tp_tensor *y = tp_slice(x, 0, TP_END, TP_END, -1);
        assert_ptr_equal(tp_data(tp_view(y, tp_shape(2, 12))), tp_data(y));
        assert_ptr_equal(tp_data(tp_unsqueeze(tp_t(tp_select(x, 0, 0)), 1)), tp_data(x));
    }
}

/* Views on nothing, on one element, of scalars. */
static void test_edges(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *empty = tp_zeros(tp_shape(0, 3)), *scalar = tp_scalar(4), *parts[3];
        assert_int_equal(tp_numel(tp_reshape(empty, tp_shape(3, 0, 5))), 0);
        assert_int_equal(tp_size(tp_slice(empty, 0, 0, TP_END, -1), 0), 0);
        assert_int_equal(tp_size(tp_select(empty, 1, 2), 0), 0);
        assert_int_equal(tp_chunk(empty, 3, 0, parts), 3);
        assert_int_equal(tp_size(parts[2], 0), 0);
        assert_int_equal(tp_split(empty, 2, 0, parts, 3), 1);
        assert_int_equal(tp_unbind(empty, 0, parts, 3), 0);
        assert_int_equal(tp_ndim(tp_reshape(tp_ones(tp_shape(1, 1)), tp_shape())), 0);
        assert_true(tp_item(tp_expand(scalar, tp_shape(1, 1))) == 4);
        assert_int_equal(tp_numel(tp_expand(scalar, tp_shape(3, 0))), 0);
        assert_true(tp_item(tp_flip(scalar, tp_dims())) == 4);
        assert_true(tp_item(tp_roll(scalar, tp_shape(3))) == 4);
        assert_int_equal(tp_numel(tp_repeat(scalar, tp_shape(2, 3))), 6);
        assert_int_equal(tp_ndim(tp_transpose(scalar, 0, -1)), 0);
        assert_int_equal(tp_ndim(tp_permute(scalar, tp_dims())), 0);
        assert_int_equal(tp_ndim(tp_squeeze(scalar)), 0);
        assert_int_equal(tp_ndim(tp_ravel(scalar)), 1);
        assert_int_equal(tp_numel(tp_cat(tp_list(empty, empty), 0)), 0);
        assert_int_equal(tp_numel(tp_stack(tp_list(empty, empty), 1)), 0);
        assert_int_equal(tp_size(tp_stack(tp_list(scalar, scalar), 0), 0), 2);
        /* ends far away do not run over */
        tp_tensor *x = counted(tp_shape(5));
        assert_int_equal(tp_numel(tp_slice(x, 0, INT64_MIN, INT64_MAX - 1, INT64_MAX)), 1);
        assert_int_equal(tp_numel(tp_slice(x, 0, INT64_MAX - 1, INT64_MIN, -INT64_MAX)), 1);
        assert_int_equal(take_error().count, 0);
    }
}

/* What Python's list would give for x[start:end:step] of five. */
static void check_slice(tp_tensor *x, int start, int end, int step) {
    int first = start < 0 ? start + 5 : start, last = end < 0 ? end + 5 : end;
    int low = step > 0 ? 0 : -1, high = step > 0 ? 5 : 4, n = 0;
    first = first < low ? low : first > high ? high : first;
    last = last < low ? low : last > high ? high : last;
    tp_tensor *y = tp_slice(x, 0, start, end, step);
    for (int i = first; step > 0 ? i < last : i > last; i += step, n++)
        assert_true(n < tp_numel(y) && tp_get(y, n) == i);
    assert_int_equal(tp_numel(y), n);
    tp_free(y);
}

static void test_all_slices(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = counted(tp_shape(5));
        for (int start = -7; start <= 7; start++)
            for (int end = -7; end <= 7; end++)
                for (int step = -3; step <= 3; step++)
                    if (step != 0) check_slice(x, start, end, step);
    }
}

static void test_joined_types(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_arange(0, 3), *b = tp_ones(tp_shape(2), .requires_grad = true);
        tp_tensor *c = tp_ones(tp_shape(1), .dtype = TP_FLOAT64);
        tp_tensor *y = tp_cat(tp_list(a, b, c), 0);
        assert_int_equal(tp_dtype_of(y), TP_FLOAT64);
        assert_true(tp_backward(y, tp_full_like(y, 2)));
        assert_int_equal(tp_dtype_of(tp_grad(b)), TP_FLOAT32);
        assert_true(tp_equal(tp_grad(b), tp_full(tp_shape(2), 2)));
    }
}

/* Gradients of several pieces and views of one tensor meet. */
static void test_gradients_meet(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_requires_grad(counted(tp_shape(4, 2))), *parts[4];
        tp_requires_grad(x = tp_detach(x));
        assert_int_equal(tp_unbind(x, 0, parts, 4), 4);
        tp_tensor *y = tp_add(tp_mul(parts[0], parts[2]), tp_select(x, 0, 0));
        assert_true(tp_backward(y, tp_ones_like(y)));
        static const float want[] = {5, 6, 0, 0, 0, 1, 0, 0};
        assert_true(tp_equal(tp_grad(x), tp_from_data(want, tp_shape(4, 2))));
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
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(2, 3)), *parts[2];
        REFUSED(SHAPE, "reshape", tp_reshape(x, tp_shape(4, 2)));
        REFUSED(SHAPE, "reshape", tp_reshape(x, tp_shape(-1, -1)));
        REFUSED(SHAPE, "reshape", tp_reshape(x, tp_shape(-2, 3)));
        REFUSED(SHAPE, "reshape", tp_reshape(tp_zeros(tp_shape(0)), tp_shape(-1, 0)));
        REFUSED(SHAPE, "view", tp_view(tp_t(x), tp_shape(6)));
        REFUSED(INDEX, "flatten", tp_flatten(x, .start_dim = 2));
        REFUSED(INDEX, "flatten", tp_flatten(tp_ones(tp_shape(3))));
        REFUSED(SHAPE, "unflatten", tp_unflatten(x, 1, tp_shape(2, 2)));
        REFUSED(INDEX, "squeeze", tp_squeeze(x, .dims = tp_dims(2)));
        REFUSED(INDEX, "unsqueeze", tp_unsqueeze(x, 3));
        REFUSED(INDEX, "transpose", tp_transpose(x, 0, 2));
        REFUSED(SHAPE, "t", tp_t(tp_ones(tp_shape(1, 2, 3))));
        REFUSED(ARGUMENT, "permute", tp_permute(x, tp_dims(0)));
        REFUSED(ARGUMENT, "permute", tp_permute(x, tp_dims(0, 0)));
        REFUSED(SHAPE, "expand", tp_expand(x, tp_shape(3)));
        REFUSED(SHAPE, "expand", tp_expand(x, tp_shape(-1, 2, 3)));
        REFUSED(SHAPE, "broadcast_to", tp_broadcast_to(x, tp_shape(2, 4)));
        REFUSED(ARGUMENT, "slice", tp_slice(x, 0, 0, 1, 0));
        REFUSED(INDEX, "slice", tp_slice(x, 5, 0, 1, 1));
        REFUSED(SHAPE, "slice", tp_slice(tp_scalar(1), 0, 0, 1, 1));
        REFUSED(INDEX, "select", tp_select(x, 0, 2));
        REFUSED(INDEX, "narrow", tp_narrow(x, 1, 2, 2));
        REFUSED(ARGUMENT, "flip", tp_flip(x, tp_dims(0, -2)));
        REFUSED(SHAPE, "diagonal", tp_diagonal(tp_ones(tp_shape(3))));
        REFUSED(ARGUMENT, "split", assert_int_equal(tp_split(x, 0, 0, parts, 2), -1));
        REFUSED(ARGUMENT, "split", assert_int_equal(tp_split(x, 1, 1, parts, 2), -1));
        assert_true(tp_is_poison(parts[0]) && tp_is_poison(parts[1]));
        REFUSED(SHAPE, "split", assert_int_equal(tp_split_sizes(x, tp_shape(1, 3), 0, parts), -1));
        REFUSED(ARGUMENT, "chunk", assert_int_equal(tp_chunk(x, 0, 0, parts), -1));
        REFUSED(ARGUMENT, "unbind", assert_int_equal(tp_unbind(x, 1, parts, 2), -1));
        REFUSED(SHAPE, "cat", tp_cat(tp_list(x, tp_ones(tp_shape(2, 2))), 0));
        REFUSED(INDEX, "cat", tp_cat(tp_list(x, x), 2));
        REFUSED(ARGUMENT, "cat", tp_cat(tp_list_of(NULL, 0), 0));
        REFUSED(SHAPE, "cat", tp_cat(tp_list(tp_scalar(1)), 0));
        REFUSED(ARGUMENT, "cat", tp_cat(tp_list(x, NULL), 0));
        REFUSED(SHAPE, "stack", tp_stack(tp_list(x, tp_ones(tp_shape(3, 2))), 0));
        REFUSED(SHAPE, "repeat", tp_repeat(x, tp_shape(2)));
        REFUSED(ARGUMENT, "repeat_interleave", tp_repeat_interleave(x, -1, 0));
        REFUSED(ARGUMENT, "roll", tp_roll(x, tp_shape(1, 2), .dims = tp_dims(0)));
        REFUSED(SHAPE, "tril", tp_tril(tp_ones(tp_shape(3))));
        REFUSED(ARGUMENT, "triu", tp_triu(NULL));
        REFUSED(MEMORY, "repeat", tp_repeat(x, tp_shape(INT64_MAX, 1)));
        tp_expand(tp_scalar(1), tp_shape(INT64_MAX, INT64_MAX));
        assert_int_equal(take_error().code, TP_ERROR_MEMORY);
    }
}

int main(void) {
    watch_errors();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index_vectors),  cmocka_unit_test(test_view_vectors),
        cmocka_unit_test(test_views_share),    cmocka_unit_test(test_edges),
        cmocka_unit_test(test_all_slices),     cmocka_unit_test(test_joined_types),
        cmocka_unit_test(test_gradients_meet), cmocka_unit_test(test_errors),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tp_shutdown();
    return failed;
}
