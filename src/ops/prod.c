/* prod: the gradient of an element is the product of all the others. */
#include "ops/reduce.h"

enum { MASK };

/* Back from (kept ..., reduced) to the order of x: rows of tp_reduced_last seen in its shape. */
static tp_tensor *in_order_of(tp_node *node, tp_tensor *rows, const tp_tensor *x, unsigned mask) {
    int64_t stride[TP_MAX_DIMS], step = 1;
    for (int d = x->ndim - 1; d >= 0; d--)
        if (mask >> d & 1u) stride[d] = step, step *= x->shape[d];
    for (int d = x->ndim - 1; d >= 0; d--)
        if (!(mask >> d & 1u)) stride[d] = step, step *= x->shape[d];
    return tp_make_view(node->at, "prod", rows, tp_shape_copy(x), stride, 0);
}

static void prod_backward(tp_node *node, tp_tensor *const *grads) {
    unsigned mask = (unsigned)node->integer[MASK];
    tp_tensor *x = tp_saved(node, 0);
    if (!x) return;
    tp_tensor *g = tp_packed(node->at, "prod", grads[0]),
              *rows = tp_reduced_last(node->at, "prod", x, mask);
    if (g->poison || rows->poison) {
        tp_send(node, 0, tp_poison());
        return;
    }
    tp_tensor *gx = tp_make_like(node->at, "prod", rows);
    if (!gx->poison) {
        tp_along a = {g->numel, tp_reduced_count(x, mask), 1};
        tp_along_grad_run(tp_ctx()->kernels->reduce.prod_grad[tp_float_index(x->dtype)], gx, g,
                          rows, a);
        gx = in_order_of(node, gx, x, mask);
    }
    tp_send(node, 0, gx);
}

static tp_tensor *prod_apply(tp_tensor *const *inputs, int variant) {
    switch (variant) {
    case 1: return tp_prod(inputs[0], .dims = tp_dims(0));
    case 2: return tp_prod(inputs[0], .dims = tp_dims(-1), .keepdim = true);
    case 3: return tp_prod(inputs[0], .dims = tp_dims(0, 2));
    default: return tp_prod(inputs[0]);
    }
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(3, 2, 2)}, 0, 0, 0},
    {3, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {0, 1, {{0, {0}}}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_prod = {"prod", prod_backward, NULL, prod_apply, samples};

tp_tensor *tp_prod_at(tp_location at, tp_reduce_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, "prod", x);
    unsigned mask;
    if (!tp_reduce_mask(at, "prod", x, args.dims, &mask)) return tp_poison();
    tp_tensor *out = tp_reduce_run(at, "prod", TP_REDUCE_PROD, x, mask, args.keepdim, 1);
    if (out->poison || !tp_is_float_type(x->dtype)) return out;
    tp_node *node = tp_record(at, &tp_op_prod, out, 1, &x);
    if (node) {
        tp_save(node, x);
        node->integer[MASK] = mask;
    }
    return out;
}
