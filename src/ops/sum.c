/* sum and mean: the gradient of every element is that of the result, divided by the count for the mean. */
#include "ops/reduce.h"

static tp_tensor *run(tp_location at, const tp_op *op, tp_reduce_args args, bool mean) {
    unsigned mask;
    if (!tp_reduce_mask(at, op->name, args.x, args.dims, &mask)) return tp_poison();
    double count = mean ? (double)tp_reduced_count(args.x, mask) : 1;
    tp_tensor *out = tp_reduce_run(at, op->name, TP_REDUCE_SUM, args.x, mask, args.keepdim, count);
    if (out->poison || !tp_is_float_type(args.x->dtype)) return out;
    tp_node *node = tp_record(at, op, out, 1, &args.x);
    if (node) {
        node->integer[0] = mask;
        node->number[0] = 1 / count;
    }
    return out;
}

static void sum_backward(tp_node *node, tp_tensor *const *grads) {
    const tp_tensor *x = node->inputs[0];
    tp_send(node, 0, tp_expand_reduced(node->at, "sum", grads[0], x, (unsigned)node->integer[0]));
}

static void mean_backward(tp_node *node, tp_tensor *const *grads) {
    const tp_tensor *x = node->inputs[0];
    tp_tensor *share = tp_make_like(node->at, "mean", grads[0]);
    if (!share->poison) {
        tp_fill_elements(share, 0);
        tp_accumulate(share, grads[0], node->number[0]);
        share = tp_expand_reduced(node->at, "mean", share, x, (unsigned)node->integer[0]);
    }
    tp_send(node, 0, share);
}

/* A sample's variant: what to reduce. */
static tp_reduce_args sample_args(tp_tensor *x, int variant) {
    switch (variant) {
    case 1: return (tp_reduce_args){.x = x, .dims = tp_dims(0)};
    case 2: return (tp_reduce_args){.x = x, .dims = tp_dims(-1), .keepdim = true};
    case 3: return (tp_reduce_args){.x = x, .dims = tp_dims(0, 2)};
    default: return (tp_reduce_args){.x = x};
    }
}
static tp_tensor *sum_apply(tp_tensor *const *inputs, int variant) {
    return tp_sum_at(TP_HERE, sample_args(inputs[0], variant));
}
static tp_tensor *mean_apply(tp_tensor *const *inputs, int variant) {
    return tp_mean_at(TP_HERE, sample_args(inputs[0], variant));
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

const tp_op tp_op_sum = {"sum", sum_backward, NULL, sum_apply, samples};
const tp_op tp_op_mean = {"mean", mean_backward, NULL, mean_apply, samples};

tp_tensor *tp_sum_at(tp_location at, tp_reduce_args args) {
    TP_CHECK(at, "sum", args.x);
    return run(at, &tp_op_sum, args, false);
}

tp_tensor *tp_mean_at(tp_location at, tp_reduce_args args) {
    TP_CHECK(at, "mean", args.x);
    if (!tp_floats_only(at, "mean", args.x)) return tp_poison();
    return run(at, &tp_op_mean, args, true);
}
