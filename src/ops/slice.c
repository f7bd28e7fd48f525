/* Parts of a tensor as views: slice, narrow, select, flip, diagonal. */
#include <taper/ops/shape.h>

#include "ops/loop.h"
#include "ops/shape.h"

/* A view on `full`, which has the sizes of the input, as the recorded view is on the input: same strides relative to it. */
static tp_tensor *same_part(const tp_node *node, tp_tensor *full, const tp_tensor *g) {
    const tp_tensor *x = node->inputs[0];
    int64_t start = node->integer[0], step = node->integer[1];
    int dim = (int)node->integer[2];
    tp_shape shape = tp_shape_copy(x);
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++) stride[d] = full->stride[d];
    if (g->ndim < x->ndim) { /* select */
        shape.ndim--;
        for (int d = dim; d < shape.ndim; d++) {
            shape.dims[d] = x->shape[d + 1];
            stride[d] = full->stride[d + 1];
        }
    } else {
        shape.dims[dim] = g->shape[dim];
        stride[dim] *= step;
    }
    int64_t offset = g->numel ? start * full->stride[dim] : 0;
    return tp_make_view(node->at, node->op->name, full, shape, stride, offset);
}

/* Zero outside of the part. */
static void part_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *g = grads[0], *full = tp_make_like(node->at, node->op->name, node->inputs[0]);
    if (!full->poison) {
        tp_fill_elements(full, 0);
        tp_tensor *part = same_part(node, full, g);
        if (part->poison)
            full = part;
        else
            tp_copy_elements(part, g);
        /* full is about to be handed over: nothing else may share its bytes */
        if (!part->poison) tp_free(part);
    }
    tp_send(node, 0, full);
}

static tp_tensor *record_part(tp_location at, const tp_op *op, tp_tensor *x, tp_shape shape,
                              const int64_t *stride, int dim, int64_t start, int64_t step) {
    int64_t offset = tp_shape_numel(shape) > 0 ? start * x->stride[dim] : 0;
    tp_tensor *out = tp_make_view(at, op->name, x, shape, stride, offset);
    if (out->poison) return out;
    tp_node *node = tp_record(at, op, out, 1, &x);
    if (node) {
        node->integer[0] = start;
        node->integer[1] = step;
        node->integer[2] = dim;
    }
    return out;
}

/* ---- slice, narrow ---- */

static tp_tensor *slice_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0];
    switch (variant) {
    case 1: return tp_slice(x, 1, -1, TP_END, -2);
    case 2: return tp_slice(x, 0, 3, 1, 1);
    case 3: return tp_slice(tp_transpose(x, 0, 1), -1, 0, -1, 2);
    default: return tp_slice(x, 0, 1, 3, 1);
    }
}

static const tp_op_sample slice_samples[] = {
    {0, 1, {TP_SHAPE_OF(4, 3)}, 0, 0, 0}, {1, 1, {TP_SHAPE_OF(2, 5)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(4, 3)}, 0, 0, 0}, {3, 1, {TP_SHAPE_OF(4, 3)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0}, {0},
};
const tp_op tp_op_slice = {
    .name = "slice", .backward = part_backward, .apply = slice_apply, .samples = slice_samples};

static int64_t clamp(int64_t x, int64_t low, int64_t high) {
    return x < low ? low : x > high ? high : x;
}

/* A place as Python reads it: from the end where negative, cut to what a slice in that direction can name. */
static int64_t place(int64_t index, int64_t size, int64_t step) {
    if (index < 0)
        index = index < -size ? -1 : index + size;
    else if (step < 0 && index >= size)
        index = size - 1;
    return step > 0 ? clamp(index, 0, size) : clamp(index, -1, size - 1);
}

tp_tensor *tp_slice_at(tp_location at, tp_tensor *x, int dim, int64_t start, int64_t end,
                       int64_t step) {
    TP_CHECK(at, "slice", x);
    int d = tp_wrap_dim(at, "slice", dim, x->ndim);
    if (d < 0) return tp_poison();
    if (x->ndim == 0)
        return tp_fail(at, "slice", TP_ERROR_SHAPE, "a scalar", "at least one dimension", NULL);
    if (step == 0 || step == INT64_MIN)
        return tp_fail(at, "slice", TP_ERROR_ARGUMENT, tp_text("step %lld", (long long)step),
                       "a step that moves", NULL);
    int64_t size = x->shape[d], first = place(start, size, step);
    int64_t last = end != TP_END ? place(end, size, step) : step > 0 ? size : -1; /* excluded */
    int64_t span = step > 0 ? last - first : first - last, stride_abs = step > 0 ? step : -step;
    int64_t count = span > 0 ? (span - 1) / stride_abs + 1 : 0;
    tp_shape shape = tp_shape_copy(x);
    int64_t stride[TP_MAX_DIMS];
    for (int i = 0; i < x->ndim; i++) stride[i] = x->stride[i];
    shape.dims[d] = count;
    if (count <= 1) step = 1; /* may be too large to multiply by */
    stride[d] *= step;
    return record_part(at, &tp_op_slice, x, shape, stride, d, first, step);
}

tp_tensor *tp_narrow_at(tp_location at, tp_tensor *x, int dim, int64_t start, int64_t length) {
    TP_CHECK(at, "narrow", x);
    int d = tp_wrap_dim(at, "narrow", dim, x->ndim);
    if (d < 0) return tp_poison();
    int64_t size = x->ndim ? x->shape[d] : 0, first = start < 0 ? start + size : start;
    if (x->ndim == 0 || first < 0 || first > size || length < 0 || length > size - first)
        return tp_fail(at, "narrow", TP_ERROR_INDEX,
                       TP_GOT(x, "from %lld, %lld long", (long long)start, (long long)length),
                       tp_text("a part of the %lld places of dimension %d", (long long)size, d),
                       "tp_slice() cuts what lies beyond the end");
    tp_shape shape = tp_shape_copy(x);
    shape.dims[d] = length;
    return record_part(at, &tp_op_slice, x, shape, x->stride, d, first, 1);
}

tp_tensor *tp_part(tp_location at, const char *op, tp_tensor *x, int dim, int64_t start,
                   int64_t length) {
    tp_shape shape = tp_shape_copy(x);
    shape.dims[dim] = length;
    return tp_make_view(at, op, x, shape, x->stride, length ? start * x->stride[dim] : 0);
}

/* ---- select ---- */

static tp_tensor *select_apply(tp_tensor *const *inputs, int variant) {
    return variant ? tp_select(inputs[0], -1, -1) : tp_select(inputs[0], 0, 1);
}

static const tp_op_sample select_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 2, 3)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(3)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(2, 0)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_select = {
    .name = "select", .backward = part_backward, .apply = select_apply, .samples = select_samples};

tp_tensor *tp_select_at(tp_location at, tp_tensor *x, int dim, int64_t index) {
    TP_CHECK(at, "select", x);
    int d = tp_wrap_dim(at, "select", dim, x->ndim);
    if (d < 0) return tp_poison();
    int64_t size = x->ndim ? x->shape[d] : 0;
    if (index < -size || index >= size)
        return tp_fail(at, "select", TP_ERROR_INDEX,
                       TP_GOT(x, "index %lld at dimension %d", (long long)index, d),
                       size ? tp_text("%lld to %lld", (long long)-size, (long long)size - 1) : NULL,
                       size ? NULL : "there is nothing to select");
    tp_shape shape = {.ndim = x->ndim - 1};
    int64_t stride[TP_MAX_DIMS];
    for (int i = 0; i < shape.ndim; i++) {
        shape.dims[i] = x->shape[i + (i >= d)];
        stride[i] = x->stride[i + (i >= d)];
    }
    return record_part(at, &tp_op_select, x, shape, stride, d, index < 0 ? index + size : index, 1);
}

/* ---- flip ---- */

/* node->integer[0]: bits of the reversed dimensions. */
static tp_tensor *flipped(tp_location at, tp_tensor *x, unsigned reversed) {
    int64_t stride[TP_MAX_DIMS], offset = 0;
    for (int d = 0; d < x->ndim; d++) {
        bool turn = (reversed >> d & 1) && x->shape[d] > 1;
        stride[d] = turn ? -x->stride[d] : x->stride[d];
        if (turn && x->numel) offset += (x->shape[d] - 1) * x->stride[d];
    }
    return tp_make_view(at, "flip", x, tp_shape_copy(x), stride, offset);
}

static void flip_backward(tp_node *node, tp_tensor *const *grads) {
    tp_send(node, 0, flipped(node->at, grads[0], (unsigned)node->integer[0]));
}

static tp_tensor *flip_apply(tp_tensor *const *inputs, int variant) {
    return variant ? tp_flip(inputs[0], tp_dims(0, -1)) : tp_flip(inputs[0], tp_dims(1));
}

static const tp_op_sample flip_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 1, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_flip = {
    .name = "flip", .backward = flip_backward, .apply = flip_apply, .samples = flip_samples};

tp_tensor *tp_flip_at(tp_location at, tp_tensor *x, tp_shape dims) {
    TP_CHECK(at, "flip", x);
    unsigned reversed = 0;
    for (int i = 0; i < dims.ndim; i++) {
        int d = tp_wrap_dim(at, "flip", dims.dims[i], x->ndim);
        if (d < 0) return tp_poison();
        if (reversed >> d & 1)
            return tp_fail(at, "flip", TP_ERROR_ARGUMENT, tp_text("dimension %d twice", d),
                           "each dimension once", NULL);
        reversed |= 1u << d;
    }
    tp_tensor *out = flipped(at, x, reversed);
    if (out->poison) return out;
    tp_node *node = tp_record(at, &tp_op_flip, out, 1, &x);
    if (node) node->integer[0] = reversed;
    return out;
}

/* ---- diagonal ---- */

/* node->integer[0]: offset */
static tp_tensor *diagonal_of(tp_location at, tp_tensor *x, int64_t offset) {
    int rows = x->ndim - 2, columns = x->ndim - 1;
    int64_t down = offset < 0 ? -offset : 0, right = offset > 0 ? offset : 0;
    int64_t height = x->shape[rows] - down, width = x->shape[columns] - right;
    int64_t length = height < width ? height : width;
    tp_shape shape = {.ndim = x->ndim - 1};
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < rows; d++) {
        shape.dims[d] = x->shape[d];
        stride[d] = x->stride[d];
    }
    shape.dims[rows] = length > 0 ? length : 0;
    stride[rows] = x->stride[rows] + x->stride[columns];
    int64_t start = length > 0 ? down * x->stride[rows] + right * x->stride[columns] : 0;
    return tp_make_view(at, "diagonal", x, shape, stride, start);
}

static void diagonal_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *full = tp_make_like(node->at, "diagonal", node->inputs[0]);
    if (!full->poison) {
        tp_fill_elements(full, 0);
        tp_tensor *part = diagonal_of(node->at, full, node->integer[0]);
        if (part->poison)
            full = part;
        else
            tp_copy_elements(part, grads[0]);
        if (!part->poison) tp_free(part);
    }
    tp_send(node, 0, full);
}

static tp_tensor *diagonal_apply(tp_tensor *const *inputs, int variant) {
    return tp_diagonal(inputs[0], .offset = variant);
}

static const tp_op_sample diagonal_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3, 4)}, 0, 0, 0},
    {-1, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {5, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_diagonal = {.name = "diagonal",
                              .backward = diagonal_backward,
                              .apply = diagonal_apply,
                              .samples = diagonal_samples};

tp_tensor *tp_diagonal_at(tp_location at, tp_diagonal_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, "diagonal", x);
    if (x->ndim < 2)
        return tp_fail(at, "diagonal", TP_ERROR_SHAPE, tp_tensor_text(x), "(..., n, m)", NULL);
    int64_t limit = x->shape[x->ndim - 2] + x->shape[x->ndim - 1];
    int64_t offset = clamp(args.offset, -limit, limit);
    tp_tensor *out = diagonal_of(at, x, offset);
    if (out->poison) return out;
    tp_node *node = tp_record(at, &tp_op_diagonal, out, 1, &x);
    if (node) node->integer[0] = offset;
    return out;
}
