/* max, min, amax, amin: the gradient is shared among equals. */
#include <math.h>

#include "ops/reduce.h"

extern const tp_op tp_op_max, tp_op_min;

enum { MASK, WHOLE };

static tp_tensor *run(tp_location at, const tp_op *op, tp_reduce_kind kind, tp_reduce_args args) {
    tp_tensor *x = args.x;
    unsigned mask;
    if (!tp_reduce_mask(at, op->name, x, args.dims, &mask)) return tp_poison();
    if (tp_reduced_count(x, mask) == 0)
        return tp_fail(at, op->name, TP_ERROR_SHAPE, tp_tensor_text(x),
                       "at least one element to choose from", NULL);
    tp_tensor *out = tp_reduce_run(at, op->name, kind, x, mask, args.keepdim, 1);
    if (out->poison || !tp_is_float_type(x->dtype)) return out;
    tp_node *node = tp_record(at, op, out, 1, &x);
    if (node) {
        tp_save(node, x);
        tp_save(node, out);
        node->integer[MASK] = mask;
        node->integer[WHOLE] = op == &tp_op_max || op == &tp_op_min;
    }
    return out;
}

/* Marks the elements of x that are equal to the extreme y. Of the whole, NaN is found as such, as PyTorch has it. */
static void mark_equals(tp_node *node, tp_tensor *equal, tp_tensor *x, tp_tensor *y,
                        tp_tensor *whole) {
    tp_binary_kind kind = TP_BINARY_eq;
    bool nan = x->dtype == TP_FLOAT32 ? isnan(*(const float *)(const void *)y->data)
                                      : isnan(*(const double *)(const void *)y->data);
    if (node->integer[WHOLE] && nan) {
        kind = TP_BINARY_ne;
        whole = x;
    }
    tp_loop_run(tp_ctx()->kernels->binary[kind][x->dtype], 3, (tp_tensor *[]){equal, x, whole},
                NULL);
}

/* gx = g / count where x is the extreme, 0 elsewhere. */
static void extreme_backward(tp_node *node, tp_tensor *const *grads) {
    const char *name = node->op->name;
    unsigned mask = (unsigned)node->integer[MASK];
    tp_tensor *x = tp_saved(node, 0), *y = tp_saved(node, 1);
    if (!x || !y) return;
    tp_tensor *whole = tp_expand_reduced(node->at, name, y, x, mask);
    tp_tensor *equal = tp_make(node->at, name, TP_BOOL, x->ndim, x->shape);
    if (equal->poison || whole->poison) {
        tp_send(node, 0, tp_poison());
        return;
    }
    if (x->numel > 0) mark_equals(node, equal, x, y, whole);
    tp_tensor *chosen = tp_cast(node->at, name, equal, x->dtype);
    if (chosen->poison) {
        tp_send(node, 0, chosen);
        return;
    }
    tp_tensor *count =
        tp_reduce_run(node->at, name, TP_REDUCE_SUM, chosen, mask, grads[0]->ndim == x->ndim, 1);
    tp_tensor *share = tp_combine(node->at, name, TP_BINARY_div, grads[0], count);
    if (!share->poison) share = tp_expand_reduced(node->at, name, share, x, mask);
    tp_send(node, 0, tp_combine(node->at, name, TP_BINARY_mul, chosen, share));
}

static tp_reduce_args sample_args(tp_tensor *x, int variant) {
    switch (variant) {
    case 1: return (tp_reduce_args){.x = x, .dims = tp_dims(0)};
    case 2: return (tp_reduce_args){.x = x, .dims = tp_dims(-1), .keepdim = true};
    case 3: return (tp_reduce_args){.x = x, .dims = tp_dims(0, 2)};
    default: return (tp_reduce_args){.x = x};
    }
}
static tp_tensor *max_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_max(inputs[0]);
}
static tp_tensor *min_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_min(inputs[0]);
}
static tp_tensor *amax_apply(tp_tensor *const *inputs, int variant) {
    return tp_amax_at(TP_HERE, sample_args(inputs[0], variant));
}
static tp_tensor *amin_apply(tp_tensor *const *inputs, int variant) {
    return tp_amin_at(TP_HERE, sample_args(inputs[0], variant));
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0.01},
    {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0.01},
    {2, 1, {TP_SHAPE_OF(3, 2, 2)}, 0, 0, 0.01},
    {3, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0.01},
    {0, 1, {{0, {0}}}, 0, 0, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_max = {"max", extreme_backward, NULL, max_apply, samples};
const tp_op tp_op_min = {"min", extreme_backward, NULL, min_apply, samples};
const tp_op tp_op_amax = {"amax", extreme_backward, NULL, amax_apply, samples};
const tp_op tp_op_amin = {"amin", extreme_backward, NULL, amin_apply, samples};

tp_tensor *tp_max_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "max", x);
    return run(at, &tp_op_max, TP_REDUCE_MAX, (tp_reduce_args){.x = x});
}
tp_tensor *tp_min_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "min", x);
    return run(at, &tp_op_min, TP_REDUCE_MIN, (tp_reduce_args){.x = x});
}
tp_tensor *tp_amax_at(tp_location at, tp_reduce_args args) {
    TP_CHECK(at, "amax", args.x);
    return run(at, &tp_op_amax, TP_REDUCE_MAX, args);
}
tp_tensor *tp_amin_at(tp_location at, tp_reduce_args args) {
    TP_CHECK(at, "amin", args.x);
    return run(at, &tp_op_amin, TP_REDUCE_MIN, args);
}
