/* var and std in two passes: the mean first, then what is left of it. */
#include <math.h>

#include "ops/reduce.h"

enum { MASK };
enum { FREEDOM }; /* node->number: what was divided by */

/* x minus its mean, of the shape of x; mean (kept dimensions) is made from the sums. */
static tp_tensor *centered(tp_location at, const char *op, tp_tensor *x, unsigned mask) {
    tp_tensor *mean =
        tp_reduce_run(at, op, TP_REDUCE_SUM, x, mask, true, (double)tp_reduced_count(x, mask));
    return tp_combine(at, op, TP_BINARY_sub, x, mean);
}

static void take_root(tp_tensor *x) {
    if (x->dtype == TP_FLOAT32) {
        float *value = (float *)(void *)x->data;
        for (int64_t i = 0; i < x->numel; i++) value[i] = sqrtf(value[i]);
    } else {
        double *value = (double *)(void *)x->data;
        for (int64_t i = 0; i < x->numel; i++) value[i] = sqrt(value[i]);
    }
}

static tp_tensor *run(tp_location at, const tp_op *op, tp_var_args args, bool root) {
    tp_tensor *x = args.x;
    unsigned mask;
    if (!tp_floats_only(at, op->name, x) || !tp_reduce_mask(at, op->name, x, args.dims, &mask))
        return tp_poison();
    if (args.biased && args.correction)
        return tp_fail(at, op->name, TP_ERROR_ARGUMENT, "both .biased and .correction",
                       "one of them", NULL);
    double freedom = (double)(tp_reduced_count(x, mask) - (args.biased       ? 0
                                                           : args.correction ? args.correction
                                                                             : 1));
    if (freedom < 0) freedom = 0;
    tp_tensor *rest = centered(at, op->name, x, mask);
    if (rest->poison) return rest;
    tp_tensor *out =
        tp_reduce_run(at, op->name, TP_REDUCE_SUM_SQUARES, rest, mask, args.keepdim, freedom);
    tp_free(rest);
    if (out->poison) return out;
    if (root) take_root(out);
    tp_node *node = tp_record(at, op, out, 1, &x);
    if (node) {
        tp_save(node, x);
        if (root) tp_save(node, out);
        node->integer[MASK] = mask;
        node->number[FREEDOM] = freedom;
    }
    return out;
}

/* gx = factor (x - mean), factor in the shape of the result */
static void send(tp_node *node, tp_tensor *x, tp_tensor *factor) {
    const char *name = node->op->name;
    unsigned mask = (unsigned)node->integer[MASK];
    tp_tensor *rest = centered(node->at, name, x, mask);
    if (!factor->poison) factor = tp_expand_reduced(node->at, name, factor, x, mask);
    tp_send(node, 0, tp_combine(node->at, name, TP_BINARY_mul, rest, factor));
}

static tp_tensor *scaled(tp_node *node, tp_tensor *g, double factor) {
    tp_tensor *out = tp_make_like(node->at, node->op->name, g);
    if (out->poison) return out;
    tp_fill_elements(out, 0);
    tp_accumulate(out, g, factor);
    return out;
}

static void var_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *x = tp_saved(node, 0);
    if (x) send(node, x, scaled(node, grads[0], 2 / node->number[FREEDOM]));
}

/* d std = d var / (2 std), 0 where std is 0 */
static void std_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *x = tp_saved(node, 0), *y = tp_saved(node, 1);
    if (!x || !y) return;
    tp_tensor *factor = scaled(node, grads[0], 1 / node->number[FREEDOM]);
    for (int64_t i = 0; !factor->poison && i < factor->numel; i++) {
        if (y->dtype == TP_FLOAT32) {
            float *f = (float *)(void *)factor->data,
                  root = ((const float *)(const void *)y->data)[i];
            f[i] = root == 0 ? 0 : f[i] / root;
        } else {
            double *f = (double *)(void *)factor->data,
                   root = ((const double *)(const void *)y->data)[i];
            f[i] = root == 0 ? 0 : f[i] / root;
        }
    }
    send(node, x, factor);
}

static tp_var_args sample_args(tp_tensor *x, int variant) {
    switch (variant) {
    case 1: return (tp_var_args){.x = x, .dims = tp_dims(0), .biased = true};
    case 2: return (tp_var_args){.x = x, .dims = tp_dims(-1), .keepdim = true};
    case 3: return (tp_var_args){.x = x, .dims = tp_dims(0, 2), .correction = 2};
    default: return (tp_var_args){.x = x};
    }
}
static tp_tensor *var_apply(tp_tensor *const *inputs, int variant) {
    return tp_var_at(TP_HERE, sample_args(inputs[0], variant));
}
static tp_tensor *std_apply(tp_tensor *const *inputs, int variant) {
    return tp_std_at(TP_HERE, sample_args(inputs[0], variant));
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0.01},    {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0.01},
    {2, 1, {TP_SHAPE_OF(3, 2, 2)}, 0, 0, 0.01}, {3, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0.01},
    {2, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},       {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_var = {"var", var_backward, NULL, var_apply, samples};
const tp_op tp_op_std = {"std", std_backward, NULL, std_apply, samples};

tp_tensor *tp_var_at(tp_location at, tp_var_args args) {
    TP_CHECK(at, "var", args.x);
    return run(at, &tp_op_var, args, false);
}
tp_tensor *tp_std_at(tp_location at, tp_var_args args) {
    TP_CHECK(at, "std", args.x);
    return run(at, &tp_op_std, args, true);
}
