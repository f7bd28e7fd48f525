/* tril and triu: one triangle of each matrix, zero elsewhere. Copies. */
#include <string.h>
#include <taper/ops/shape.h>

#include "ops/loop.h"
#include "ops/shape.h"

/* Clears what lies on the other side of the diagonal; x is contiguous (..., n, m). */
static void clear_side(tp_tensor *x, int64_t diagonal, bool keep_lower) {
    int64_t rows = x->shape[x->ndim - 2], columns = x->shape[x->ndim - 1];
    int64_t matrices = x->numel / (rows * columns);
    size_t item = tp_item_size(x->dtype);
    for (int64_t r = 0; r < matrices * rows; r++) {
        int64_t i = r % rows, edge = i + diagonal + (keep_lower ? 1 : 0); /* first column above */
        if (edge < 0) edge = 0;
        if (edge > columns) edge = columns;
        char *row = x->data + (size_t)(r * columns) * item;
        if (keep_lower)
            memset(row + (size_t)edge * item, 0, (size_t)(columns - edge) * item);
        else
            memset(row, 0, (size_t)edge * item);
    }
}

static tp_tensor *triangle(tp_location at, const char *op, tp_tensor *x, int64_t diagonal,
                           bool keep_lower) {
    tp_tensor *out = tp_make_like(at, op, x);
    if (out->poison || out->numel == 0) return out;
    tp_copy_elements(out, x);
    clear_side(out, diagonal, keep_lower);
    return out;
}

/* node->integer: diagonal, whether the lower side is kept */
static void triangle_backward(tp_node *node, tp_tensor *const *grads) {
    tp_send(node, 0,
            triangle(node->at, node->op->name, grads[0], node->integer[0], node->integer[1] != 0));
}

static tp_tensor *record_triangle(tp_location at, const tp_op *op, tp_triangle_args args,
                                  bool keep_lower) {
    tp_tensor *x = args.x;
    TP_CHECK(at, op->name, x);
    if (x->ndim < 2)
        return tp_fail(at, op->name, TP_ERROR_SHAPE, tp_tensor_text(x), "(..., n, m)", NULL);
    int64_t limit = x->shape[x->ndim - 2] + x->shape[x->ndim - 1], diagonal = args.diagonal;
    if (diagonal > limit) diagonal = limit;
    if (diagonal < -limit) diagonal = -limit;
    tp_tensor *out = triangle(at, op->name, x, diagonal, keep_lower);
    if (out->poison) return out;
    tp_node *node = tp_record(at, op, out, 1, &x);
    if (node) {
        node->integer[0] = diagonal;
        node->integer[1] = keep_lower;
    }
    return out;
}

static tp_tensor *tril_apply(tp_tensor *const *inputs, int variant) {
    return tp_tril(inputs[0], .diagonal = variant);
}

static tp_tensor *triu_apply(tp_tensor *const *inputs, int variant) {
    return tp_triu(tp_transpose(inputs[0], -1, -2), .diagonal = variant);
}

static const tp_op_sample triangle_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 4)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3, 3)}, 0, 0, 0},
    {-1, 1, {TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_tril = {.name = "tril",
                          .backward = triangle_backward,
                          .apply = tril_apply,
                          .samples = triangle_samples};
const tp_op tp_op_triu = {.name = "triu",
                          .backward = triangle_backward,
                          .apply = triu_apply,
                          .samples = triangle_samples};

tp_tensor *tp_tril_at(tp_location at, tp_triangle_args args) {
    return record_triangle(at, &tp_op_tril, args, true);
}

tp_tensor *tp_triu_at(tp_location at, tp_triangle_args args) {
    return record_triangle(at, &tp_op_triu, args, false);
}
