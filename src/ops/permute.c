/* Views with the dimensions in another order. */
#include <taper/ops/shape.h>

#include "ops/shape.h"

/* node->integer[i] is the dimension of the input that dimension i of the result is. */
static void permute_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *g = grads[0];
    tp_shape shape = {.ndim = g->ndim};
    int64_t stride[TP_MAX_DIMS];
    for (int i = 0; i < g->ndim; i++) {
        shape.dims[node->integer[i]] = g->shape[i];
        stride[node->integer[i]] = g->stride[i];
    }
    tp_send(node, 0, tp_make_view(node->at, node->op->name, g, shape, stride, 0));
}

static tp_tensor *permuted(tp_location at, const tp_op *op, tp_tensor *x, const int *order) {
    tp_shape shape = {.ndim = x->ndim};
    int64_t stride[TP_MAX_DIMS];
    for (int i = 0; i < x->ndim; i++) {
        shape.dims[i] = x->shape[order[i]];
        stride[i] = x->stride[order[i]];
    }
    tp_tensor *out = tp_make_view(at, op->name, x, shape, stride, 0);
    if (out->poison) return out;
    tp_node *node = tp_record(at, op, out, 1, &x);
    for (int i = 0; node && i < x->ndim; i++) node->integer[i] = order[i];
    return out;
}

static tp_tensor *transpose_apply(tp_tensor *const *inputs, int variant) {
    return variant ? tp_transpose(inputs[0], -1, 0) : tp_transpose(inputs[0], 0, 1);
}

static const tp_op_sample transpose_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3, 4)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_transpose = {.name = "transpose",
                               .backward = permute_backward,
                               .apply = transpose_apply,
                               .samples = transpose_samples};

static tp_tensor *swapped(tp_location at, const tp_op *op, tp_tensor *x, int dim0, int dim1) {
    int order[TP_MAX_DIMS] = {0};
    for (int i = 0; i < x->ndim; i++) order[i] = i;
    order[dim0] = dim1;
    order[dim1] = dim0;
    return permuted(at, op, x, order);
}

tp_tensor *tp_transpose_at(tp_location at, tp_tensor *x, int dim0, int dim1) {
    TP_CHECK(at, "transpose", x);
    int a = tp_wrap_dim(at, "transpose", dim0, x->ndim);
    if (a < 0) return tp_poison();
    int b = tp_wrap_dim(at, "transpose", dim1, x->ndim);
    if (b < 0) return tp_poison();
    return swapped(at, &tp_op_transpose, x, a, b);
}

static tp_tensor *t_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_t(inputs[0]);
}

static const tp_op_sample t_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {0, 1, {TP_SHAPE_OF(3)}, 0, 0, 0}, {0}};
const tp_op tp_op_t = {
    .name = "t", .backward = permute_backward, .apply = t_apply, .samples = t_samples};

tp_tensor *tp_t_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "t", x);
    if (x->ndim > 2)
        return tp_fail(at, "t", TP_ERROR_SHAPE, tp_tensor_text(x), "at most two dimensions",
                       "tp_transpose() swaps any two, for instance -2 and -1");
    return swapped(at, &tp_op_t, x, 0, x->ndim == 2);
}

static tp_tensor *permute_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_permute(inputs[0], tp_dims(1, -1, 0));
}

static const tp_op_sample permute_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3, 4)}, 0, 0, 0}, {0, 1, {TP_SHAPE_OF(2, 0, 4)}, 0, 0, 0}, {0}};
const tp_op tp_op_permute = {.name = "permute",
                             .backward = permute_backward,
                             .apply = permute_apply,
                             .samples = permute_samples};

tp_tensor *tp_permute_at(tp_location at, tp_tensor *x, tp_shape dims) {
    TP_CHECK(at, "permute", x);
    int order[TP_MAX_DIMS] = {0};
    unsigned seen = 0;
    for (int i = 0; i < dims.ndim && dims.ndim == x->ndim; i++) {
        order[i] = tp_wrap_dim(at, "permute", dims.dims[i], x->ndim);
        if (order[i] < 0) return tp_poison();
        seen |= 1u << order[i];
    }
    if (dims.ndim != x->ndim || seen != (1u << x->ndim) - 1)
        return tp_fail(
            at, "permute", TP_ERROR_ARGUMENT,
            TP_GOT(x, "in the order %s", dims.ndim < 0 ? "of too many" : tp_shape_text(dims)),
            "each dimension once", NULL);
    return permuted(at, &tp_op_permute, x, order);
}

tp_tensor *tp_movedim_at(tp_location at, tp_tensor *x, int source, int destination) {
    TP_CHECK(at, "movedim", x);
    int from = tp_wrap_dim(at, "movedim", source, x->ndim);
    if (from < 0) return tp_poison();
    int to = tp_wrap_dim(at, "movedim", destination, x->ndim);
    if (to < 0) return tp_poison();
    int order[TP_MAX_DIMS] = {0}, next = 0;
    for (int i = 0; i < x->ndim; i++) {
        if (next == from) next++;
        order[i] = i == to ? from : next++;
    }
    return permuted(at, &tp_op_permute, x, order);
}
