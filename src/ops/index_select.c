/* index_select, index, take and index_add: rows by a list of indices. */
#include <taper/ops/index.h>
#include <taper/ops/shape.h>

#include "ops/index.h"
#include "ops/loop.h"
#include "ops/shape.h"

enum {
    OUTER,
    SIZE,
    INNER
}; /* node->integer: how x was cut, see tp_rows; saved value 0: the indices */

/* ---- taking ---- */

static tp_rows rows_of(const tp_node *node, const tp_tensor *index) {
    return (tp_rows){node->integer[OUTER], node->integer[SIZE], node->integer[INNER], index->numel};
}

static void take_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *index = tp_saved(node, 0);
    if (!index) return;
    tp_tensor *g = tp_dense(node->at, node->op->name, grads[0]);
    tp_tensor *gx = g->poison ? g : tp_make_like(node->at, node->op->name, node->inputs[0]);
    if (!gx->poison) {
        tp_rows rows = rows_of(node, index);
        tp_fill_elements(gx, 0);
        tp_rows_add(&rows, gx, g, (const int64_t *)(const void *)index->data);
    }
    tp_send(node, 0, gx);
}

/* x's rows by `index`, already checked; the result has this shape. */
static tp_tensor *take_rows(tp_location at, const tp_op *op, tp_tensor *x, const tp_rows *rows,
                            tp_tensor *index, tp_shape shape) {
    tp_tensor *out = tp_make_shape(at, op->name, x->dtype, shape);
    if (out->poison) return out;
    tp_tensor *dense = x;
    if (!x->contiguous) {
        dense = tp_make_like(at, op->name, x);
        if (dense->poison) return dense;
        tp_copy_elements(dense, x);
    }
    tp_rows_take(rows, out, dense, (const int64_t *)(const void *)index->data);
    if (dense != x) tp_free(dense);
    tp_node *node = tp_record(at, op, out, 1, &x);
    if (node) {
        node->integer[OUTER] = rows->outer;
        node->integer[SIZE] = rows->size;
        node->integer[INNER] = rows->inner;
        tp_save(node, index);
    }
    return out;
}

static int64_t product(const tp_tensor *x, int from, int to) {
    int64_t result = 1;
    for (int d = from; d < to; d++) result *= x->shape[d];
    return result;
}

/* An index tensor for the samples: 0, 2, 1, 0 or in two dimensions. */
static tp_tensor *sample_index(tp_shape shape) {
    static const int64_t values[] = {1, 0, 1, 0};
    return tp_from_data(values, shape, TP_INT64);
}

/* ---- index_select ---- */

static tp_tensor *index_select_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 1)
        return tp_index_select(tp_transpose(inputs[0], 0, 1), 0, sample_index(tp_shape(3)));
    return tp_index_select(inputs[0], variant, sample_index(tp_shape(variant == 0 ? 4 : 3)));
}

static const tp_op_sample index_select_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},  {0, 1, {TP_SHAPE_OF(2)}, 0, 0, 0},
    {-1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {1, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(2, 0)}, 0, 0, 0},  {0},
};
const tp_op tp_op_index_select = {.name = "index_select",
                                  .backward = take_backward,
                                  .apply = index_select_apply,
                                  .samples = index_select_samples};

tp_tensor *tp_index_select_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index) {
    TP_CHECK(at, "index_select", x);
    TP_CHECK(at, "index_select", index);
    int d = tp_wrap_dim(at, "index_select", dim, x->ndim);
    if (d < 0) return tp_poison();
    if (index->ndim > 1 || x->ndim == 0)
        return tp_fail(at, "index_select", TP_ERROR_SHAPE,
                       tp_text("%s and index %s", tp_tensor_text(x), tp_tensor_text(index)),
                       "at least one dimension and an index (n)",
                       index->ndim > 1 ? "tp_index() takes an index of any shape" : NULL);
    index = tp_index_values(at, "index_select", index, x->shape[d], false);
    if (!index) return tp_poison();
    tp_rows rows = {product(x, 0, d), x->shape[d], product(x, d + 1, x->ndim), index->numel};
    tp_shape shape = tp_shape_copy(x);
    shape.dims[d] = index->numel;
    return take_rows(at, &tp_op_index_select, x, &rows, index, shape);
}

/* ---- index ---- */

static tp_tensor *index_apply(tp_tensor *const *inputs, int variant) {
    static const bool mask[] = {true, false, true};
    if (variant == 1) return tp_index(inputs[0], tp_from_data(mask, tp_shape(3), TP_BOOL));
    return tp_index(inputs[0], sample_index(tp_shape(2, 2)));
}

static const tp_op_sample index_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(2)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_index = {
    .name = "index", .backward = take_backward, .apply = index_apply, .samples = index_samples};

/* The places in reading order where a bool tensor is true, as a vector. */
static tp_tensor *true_places(tp_location at, tp_tensor *mask) {
    tp_tensor *dense = tp_dense(at, "index", mask);
    if (dense->poison) return dense;
    const bool *values = (const bool *)(const void *)dense->data;
    int64_t count = 0;
    for (int64_t i = 0; i < dense->numel; i++) count += values[i];
    tp_tensor *places = tp_make(at, "index", TP_INT64, 1, &count);
    int64_t *out = (int64_t *)(void *)places->data;
    for (int64_t i = 0, k = 0; i < dense->numel && !places->poison; i++)
        if (values[i]) out[k++] = i;
    return places;
}

static tp_tensor *index_by_mask(tp_location at, tp_tensor *x, tp_tensor *mask) {
    bool fits = mask->ndim <= x->ndim;
    for (int d = 0; d < mask->ndim && fits; d++) fits = mask->shape[d] == x->shape[d];
    if (!fits)
        return tp_fail(at, "index", TP_ERROR_SHAPE,
                       tp_text("%s and a mask %s", tp_tensor_text(x), tp_tensor_text(mask)),
                       "a mask of the first sizes of x", "tp_masked_select() broadcasts its mask");
    tp_tensor *places = true_places(at, mask);
    if (places->poison) return places;
    tp_rows rows = {1, mask->numel, product(x, mask->ndim, x->ndim), places->numel};
    tp_shape shape = {.ndim = 1, .dims = {places->numel}};
    for (int d = mask->ndim; d < x->ndim && shape.ndim < TP_MAX_DIMS; d++)
        shape.dims[shape.ndim++] = x->shape[d];
    return take_rows(at, &tp_op_index, x, &rows, places, shape);
}

tp_tensor *tp_index_at(tp_location at, tp_tensor *x, tp_tensor *indices) {
    TP_CHECK(at, "index", x);
    TP_CHECK(at, "index", indices);
    if (indices->dtype == TP_BOOL) return index_by_mask(at, x, indices);
    tp_shape shape = tp_shape_copy(indices);
    if (x->ndim == 0 || indices->ndim + x->ndim - 1 > TP_MAX_DIMS)
        return tp_fail(at, "index", TP_ERROR_SHAPE,
                       tp_text("%s and indices %s", tp_tensor_text(x), tp_tensor_text(indices)),
                       "at least one dimension, and a result of at most 8", NULL);
    indices = tp_index_values(at, "index", indices, x->shape[0], true);
    if (!indices) return tp_poison();
    tp_rows rows = {1, x->shape[0], product(x, 1, x->ndim), indices->numel};
    for (int d = 1; d < x->ndim; d++) shape.dims[shape.ndim++] = x->shape[d];
    return take_rows(at, &tp_op_index, x, &rows, indices, shape);
}

/* ---- take ---- */

static tp_tensor *take_apply(tp_tensor *const *inputs, int variant) {
    static const int64_t values[] = {5, 0, -1, 5};
    tp_tensor *x = variant ? tp_transpose(inputs[0], 0, 1) : inputs[0];
    return tp_take(x, tp_from_data(values, tp_shape(2, 2), TP_INT64));
}

static const tp_op_sample take_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {0}};
const tp_op tp_op_take = {
    .name = "take", .backward = take_backward, .apply = take_apply, .samples = take_samples};

tp_tensor *tp_take_at(tp_location at, tp_tensor *x, tp_tensor *index) {
    TP_CHECK(at, "take", x);
    TP_CHECK(at, "take", index);
    tp_shape shape = tp_shape_copy(index);
    index = tp_index_values(at, "take", index, x->numel, true);
    if (!index) return tp_poison();
    tp_rows rows = {1, x->numel, 1, index->numel};
    return take_rows(at, &tp_op_take, x, &rows, index, shape);
}

/* ---- index_add ---- */

static void index_add_backward(tp_node *node, tp_tensor *const *grads) {
    tp_send(node, 0, grads[0]);
    if (!tp_needs(node, 1)) return;
    tp_tensor *index = tp_saved(node, 0);
    if (!index) return;
    tp_tensor *g = tp_dense(node->at, "index_add", grads[0]);
    tp_tensor *out = g->poison ? g : tp_make_like(node->at, "index_add", node->inputs[1]);
    if (!out->poison) {
        tp_rows rows = rows_of(node, index);
        tp_rows_take(&rows, out, g, (const int64_t *)(const void *)index->data);
    }
    tp_send(node, 1, out);
}

static tp_tensor *index_add_apply(tp_tensor *const *inputs, int variant) {
    return tp_index_add(inputs[0], variant, sample_index(tp_shape(4)), inputs[1]);
}

static const tp_op_sample index_add_samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(4, 3)}, 0, 0, 0},
    {-1, 2, {TP_SHAPE_OF(3, 2), TP_SHAPE_OF(3, 4)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_index_add = {.name = "index_add",
                               .backward = index_add_backward,
                               .apply = index_add_apply,
                               .samples = index_add_samples};

/* index_add's shapes; false after reporting. */
static bool index_add_fits(tp_location at, const tp_tensor *x, int dim, const tp_tensor *index,
                           const tp_tensor *source) {
    bool fits = x->ndim > 0 && index->ndim <= 1 && source->ndim == x->ndim;
    for (int d = 0; d < x->ndim && fits; d++)
        fits = source->shape[d] == (d == dim ? index->numel : x->shape[d]);
    if (!fits)
        tp_fail(at, "index_add", TP_ERROR_SHAPE,
                tp_text("x %s, index %s and source %s", tp_tensor_text(x), tp_tensor_text(index),
                        tp_tensor_text(source)),
                tp_text("a source with x's sizes except at dimension %d, where it has the index's",
                        dim),
                NULL);
    else if (x->dtype != source->dtype)
        tp_fail(at, "index_add", TP_ERROR_DTYPE,
                tp_text("x %s and source %s", tp_tensor_text(x), tp_tensor_text(source)),
                "one type", "tp_to() converts one of them");
    return fits && x->dtype == source->dtype;
}

tp_tensor *tp_index_add_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index,
                           tp_tensor *source) {
    TP_CHECK(at, "index_add", x);
    TP_CHECK(at, "index_add", index);
    TP_CHECK(at, "index_add", source);
    int d = tp_wrap_dim(at, "index_add", dim, x->ndim);
    if (d < 0 || !index_add_fits(at, x, d, index, source)) return tp_poison();
    index = tp_index_values(at, "index_add", index, x->shape[d], false);
    if (!index) return tp_poison();
    tp_rows rows = {product(x, 0, d), x->shape[d], product(x, d + 1, x->ndim), index->numel};
    tp_tensor *out = tp_make_like(at, "index_add", x), *dense = source;
    if (out->poison) return out;
    tp_copy_elements(out, x);
    if (!source->contiguous) {
        dense = tp_make_like(at, "index_add", source);
        if (dense->poison) return dense;
        tp_copy_elements(dense, source);
    }
    tp_rows_add(&rows, out, dense, (const int64_t *)(const void *)index->data);
    if (dense != source) tp_free(dense);
    tp_node *node = tp_record(at, &tp_op_index_add, out, 2, (tp_tensor *[]){x, source});
    if (node) {
        node->integer[OUTER] = rows.outer;
        node->integer[SIZE] = rows.size;
        node->integer[INNER] = rows.inner;
        tp_save(node, index);
    }
    return out;
}
