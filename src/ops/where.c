/* where and masked_fill: choice by a condition. */
#include "ops/binary.h"

/* da = g where the condition holds, else 0; db the other way round */
static void where_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *condition = tp_saved(node, 0);
    if (!condition) return;
    tp_loop_fn kernel = tp_ctx()->kernels->where[grads[0]->dtype];
    tp_number_tensor dressed;
    tp_tensor *zero = tp_number_fill(&dressed, tp_number_real(0), grads[0]->dtype);
    for (int i = 0; i < 2; i++) {
        if (!tp_needs(node, i)) continue;
        tp_tensor *g = tp_make_like(node->at, "where", grads[0]);
        if (!g->poison)
            tp_loop_run(kernel, 4,
                        i == 0 ? (tp_tensor *[]){g, condition, grads[0], zero}
                               : (tp_tensor *[]){g, condition, zero, grads[0]},
                        NULL);
        tp_send_unbroadcast(node, i, g);
    }
}

static tp_tensor *where_apply(tp_tensor *const *x, int variant) {
    return variant == 0 ? tp_where(tp_gt(tp_detach(x[0]), 0), x[0], x[1])
                        : tp_where(tp_gt(tp_detach(x[2]), 0), x[0], x[1]);
}

static const tp_op_sample where_samples[] = {
    {.variant = 1,
     .inputs = 3,
     .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)},
     .apart = 0.01},
    {.variant = 1,
     .inputs = 3,
     .shape = {TP_SHAPE_OF(4), TP_SHAPE_OF(3, 1), TP_SHAPE_OF(2, 3, 1)},
     .apart = 0.01},
    {.variant = 1, .inputs = 3, .shape = {TP_SHAPE_OF(0, 4), TP_SHAPE_OF(1, 4), TP_SHAPE_OF(1, 1)}},
    {0}};
const tp_op tp_op_where = {"where", where_backward, NULL, where_apply, where_samples};

static tp_tensor *need_bool(tp_location at, const char *op, tp_tensor *mask) {
    if (mask->dtype == TP_BOOL) return mask;
    return tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(mask), "a bool tensor as the condition",
                   "comparisons such as tp_gt(x, 0) give one, and tp_to(x, TP_BOOL) converts");
}

tp_tensor *tp_where_at(tp_location at, tp_tensor *condition, tp_tensor *a, tp_tensor *b) {
    TP_CHECK(at, "where", condition);
    TP_CHECK(at, "where", a);
    TP_CHECK(at, "where", b);
    if (need_bool(at, "where", condition)->poison) return tp_poison();
    tp_dtype dtype = tp_result_type(2, (tp_tensor *[]){a, b});
    if ((a = tp_cast(at, "where", a, dtype))->poison) return a;
    if ((b = tp_cast(at, "where", b, dtype))->poison) return b;
    tp_shape shape;
    if (!tp_broadcast(at, "where", 3, (tp_tensor *[]){condition, a, b}, &shape)) return tp_poison();
    tp_tensor *out = tp_make_shape(at, "where", dtype, shape);
    if (out->poison) return out;
    tp_loop_run(tp_ctx()->kernels->where[dtype], 4, (tp_tensor *[]){out, condition, a, b}, NULL);
    tp_node *node = tp_record(at, &tp_op_where, out, 2, (tp_tensor *[]){a, b});
    if (node) tp_save(node, condition);
    return out;
}

/* ---- masked_fill ---- */

static void masked_fill_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *mask = tp_saved(node, 0);
    if (mask) tp_send(node, 0, tp_masked_fill_at(node->at, grads[0], mask, 0));
}

static tp_tensor *masked_fill_apply(tp_tensor *const *x, int variant) {
    (void)variant;
    return tp_masked_fill(x[0], tp_gt(tp_detach(x[1]), 0), 3);
}

static const tp_op_sample masked_fill_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}, .apart = 0.01},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 1)}, .apart = 0.01},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 4), TP_SHAPE_OF(4)}, .apart = 0.01},
    {0}};
const tp_op tp_op_masked_fill = {"masked_fill", masked_fill_backward, NULL, masked_fill_apply,
                                 masked_fill_samples};

/* Whether mask is bool and broadcasts to the shape of x; reports where not. */
static bool mask_fits(tp_location at, tp_tensor *x, tp_tensor *mask) {
    tp_shape shape;
    if (need_bool(at, "masked_fill", mask)->poison) return false;
    if (!tp_broadcast(at, "masked_fill", 2, (tp_tensor *[]){x, mask}, &shape)) return false;
    bool grows = shape.ndim != x->ndim;
    for (int d = 0; d < x->ndim && !grows; d++) grows = shape.dims[d] != x->shape[d];
    if (grows)
        tp_fail(at, "masked_fill", TP_ERROR_SHAPE,
                tp_text("x %s and mask %s", tp_tensor_text(x), tp_tensor_text(mask)),
                "a mask that broadcasts to the shape of x", NULL);
    return !grows;
}

static void fill_where(tp_tensor *out, tp_tensor *x, tp_tensor *mask, double value) {
    tp_number_tensor dressed;
    tp_tensor *number = tp_number_fill(&dressed, tp_number_real(value), x->dtype);
    tp_loop_run(tp_ctx()->kernels->where[x->dtype], 4, (tp_tensor *[]){out, mask, number, x}, NULL);
}

tp_tensor *tp_masked_fill_at(tp_location at, tp_tensor *x, tp_tensor *mask, double value) {
    TP_CHECK(at, "masked_fill", x);
    TP_CHECK(at, "masked_fill", mask);
    if (!mask_fits(at, x, mask)) return tp_poison();
    tp_tensor *out = tp_make_like(at, "masked_fill", x);
    if (out->poison) return out;
    fill_where(out, x, mask, value);
    tp_node *node = tp_record(at, &tp_op_masked_fill, out, 1, &x);
    if (node) tp_save(node, mask);
    return out;
}

tp_tensor *tp_masked_fill_inplace_at(tp_location at, tp_tensor *x, tp_tensor *mask, double value) {
    TP_CHECK(at, "masked_fill", x);
    TP_CHECK(at, "masked_fill", mask);
    if (!mask_fits(at, x, mask) || !tp_edit(at, "masked_fill", x, 0, NULL)) return tp_poison();
    fill_where(x, x, mask, value);
    return x;
}
