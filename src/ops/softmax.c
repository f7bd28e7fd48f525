/* softmax and log_softmax along a dimension. */
#include "ops/reduce.h"

enum { DIM };

static tp_tensor *run(tp_location at, const tp_op *op, tp_along_fn kernel, tp_tensor *x, int dim) {
    if (!tp_floats_only(at, op->name, x)) return tp_poison();
    dim = tp_wrap_dim(at, op->name, dim, x->ndim);
    if (dim < 0) return tp_poison();
    tp_tensor *out = tp_make_like(at, op->name, x), *packed = tp_packed(at, op->name, x);
    if (out->poison || packed->poison) return tp_poison();
    tp_along_run(kernel, out, packed, tp_along_dim(x, dim));
    if (packed != x) tp_free(packed);
    tp_node *node = tp_record(at, op, out, 1, &x);
    if (node) {
        tp_save(node, out);
        node->integer[DIM] = dim;
    }
    return out;
}

static void back(tp_node *node, tp_tensor *g, tp_along_grad_fn kernel) {
    tp_tensor *y = tp_saved(node, 0);
    if (!y) return;
    g = tp_packed(node->at, node->op->name, g);
    tp_tensor *gx = tp_make_like(node->at, node->op->name, y);
    if (!g->poison && !gx->poison)
        tp_along_grad_run(kernel, gx, g, y, tp_along_dim(y, (int)node->integer[DIM]));
    tp_send(node, 0, g->poison ? g : gx);
}

static void softmax_backward(tp_node *node, tp_tensor *const *grads) {
    back(node, grads[0], tp_ctx()->kernels->reduce.softmax_grad[tp_float_index(grads[0]->dtype)]);
}
static void log_softmax_backward(tp_node *node, tp_tensor *const *grads) {
    back(node, grads[0],
         tp_ctx()->kernels->reduce.log_softmax_grad[tp_float_index(grads[0]->dtype)]);
}

static tp_tensor *softmax_apply(tp_tensor *const *inputs, int variant) {
    return tp_softmax(inputs[0], variant - 1);
}
static tp_tensor *log_softmax_apply(tp_tensor *const *inputs, int variant) {
    return tp_log_softmax(inputs[0], variant - 1);
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
const tp_op tp_op_softmax = {"softmax", softmax_backward, NULL, softmax_apply, samples};
const tp_op tp_op_log_softmax = {"log_softmax", log_softmax_backward, NULL, log_softmax_apply,
                                 samples};

tp_tensor *tp_softmax_at(tp_location at, tp_tensor *x, int dim) {
    TP_CHECK(at, "softmax", x);
    return run(at, &tp_op_softmax, tp_ctx()->kernels->reduce.softmax[x->dtype == TP_FLOAT64], x,
               dim);
}

tp_tensor *tp_log_softmax_at(tp_location at, tp_tensor *x, int dim) {
    TP_CHECK(at, "log_softmax", x);
    return run(at, &tp_op_log_softmax,
               tp_ctx()->kernels->reduce.log_softmax[x->dtype == TP_FLOAT64], x, dim);
}
