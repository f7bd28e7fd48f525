/* cumsum and cumprod along a dimension. */
#include "ops/reduce.h"

enum { DIM };

static tp_tensor *run(tp_location at, const tp_op *op, tp_along_fn const *kernels, tp_tensor *x,
                      int dim, bool save) {
    dim = tp_wrap_dim(at, op->name, dim, x->ndim);
    if (dim < 0) return tp_poison();
    tp_dtype dtype = tp_is_float_type(x->dtype) ? x->dtype : TP_INT64;
    tp_tensor *out = tp_make(at, op->name, dtype, x->ndim, x->shape),
              *packed = tp_packed(at, op->name, x);
    if (out->poison || packed->poison) return tp_poison();
    tp_along_run(kernels[x->dtype], out, packed, tp_along_dim(x, dim));
    if (packed != x) tp_free(packed);
    tp_node *node = tp_is_float_type(x->dtype) ? tp_record(at, op, out, 1, &x) : NULL;
    if (node) {
        if (save) tp_save(node, x);
        node->integer[DIM] = dim;
    }
    return out;
}

/* x read backwards along dim: a view. */
static tp_tensor *reversed(tp_node *node, tp_tensor *x, int dim) {
    if (x->poison || x->ndim == 0 || x->numel == 0) return x;
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++) stride[d] = d == dim ? -x->stride[d] : x->stride[d];
    return tp_make_view(node->at, node->op->name, x, tp_shape_copy(x), stride,
                        (x->shape[dim] - 1) * x->stride[dim]);
}

/* gx_i = g_i + ... + g_n */
static void cumsum_backward(tp_node *node, tp_tensor *const *grads) {
    int dim = (int)node->integer[DIM];
    tp_tensor *g = tp_packed(node->at, "cumsum", reversed(node, grads[0], dim));
    tp_tensor *sums = g->poison ? g : tp_make_like(node->at, "cumsum", g);
    if (!sums->poison)
        tp_along_run(tp_ctx()->kernels->reduce.cumsum[g->dtype], sums, g, tp_along_dim(g, dim));
    tp_send(node, 0, reversed(node, sums, dim));
}

static void cumprod_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *x = tp_saved(node, 0);
    if (!x) return;
    x = tp_packed(node->at, "cumprod", x);
    tp_tensor *g = tp_packed(node->at, "cumprod", grads[0]);
    tp_tensor *gx = x->poison || g->poison ? tp_poison() : tp_make_like(node->at, "cumprod", x);
    if (!gx->poison)
        tp_along_grad_run(tp_ctx()->kernels->reduce.cumprod_grad[tp_float_index(x->dtype)], gx, g,
                          x, tp_along_dim(x, (int)node->integer[DIM]));
    tp_send(node, 0, gx);
}

static tp_tensor *cumsum_apply(tp_tensor *const *inputs, int variant) {
    return tp_cumsum(inputs[0], variant - 1);
}
static tp_tensor *cumprod_apply(tp_tensor *const *inputs, int variant) {
    return tp_cumprod(inputs[0], variant - 1);
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {1, 1, {{0, {0}}}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(3, 0)}, 0, 0, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_cumsum = {"cumsum", cumsum_backward, NULL, cumsum_apply, samples};
const tp_op tp_op_cumprod = {"cumprod", cumprod_backward, NULL, cumprod_apply, samples};

tp_tensor *tp_cumsum_at(tp_location at, tp_tensor *x, int dim) {
    TP_CHECK(at, "cumsum", x);
    return run(at, &tp_op_cumsum, tp_ctx()->kernels->reduce.cumsum, x, dim, false);
}
tp_tensor *tp_cumprod_at(tp_location at, tp_tensor *x, int dim) {
    TP_CHECK(at, "cumprod", x);
    return run(at, &tp_op_cumprod, tp_ctx()->kernels->reduce.cumprod, x, dim, true);
}
