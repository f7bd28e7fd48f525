/* Losses between probabilities: binary cross entropy, of probabilities or of logits, and the Kullback-Leibler divergence. */
#include "nn/losses/elements.h"

/* Both weights as wide as the input, where they are given; false after reporting. */
static bool widen(tp_location at, tp_elements_args *args, tp_tensor *weight,
                  tp_tensor *pos_weight) {
    const char *op = args->op->name;
    if (weight) args->weight = tp_loss_weight(at, op, weight, args->input, "weight");
    if (pos_weight)
        args->pos_weight = tp_loss_weight(at, op, pos_weight, args->input, "pos_weight");
    return !(args->weight && args->weight->poison) &&
           !(args->pos_weight && args->pos_weight->poison);
}

#define FIRST_OUTSIDE(type)                                                   \
    static int64_t first_outside_##type(const type *x, int64_t n) {           \
        int64_t outside = 0;                                                  \
        for (int64_t i = 0; i < n; i++) outside += !(x[i] >= 0 && x[i] <= 1); \
        if (outside == 0) return -1;                                          \
        int64_t i = 0;                                                        \
        while (x[i] >= 0 && x[i] <= 1) i++;                                   \
        return i;                                                             \
    }
FIRST_OUTSIDE(float)
FIRST_OUTSIDE(double)
#undef FIRST_OUTSIDE

/* False (reported) where x is no probability somewhere. */
static bool are_probabilities(tp_location at, tp_tensor *x) {
    x = tp_packed(at, "binary_cross_entropy", x);
    if (x->poison) return false;
    const void *data = x->data;
    int64_t where = x->dtype == TP_FLOAT32 ? first_outside_float(data, x->numel)
                                           : first_outside_double(data, x->numel);
    if (TP_LIKELY(where < 0)) return true;
    double value = x->dtype == TP_FLOAT32 ? (double)((const float *)data)[where]
                                          : ((const double *)data)[where];
    tp_fail(
        at, "binary_cross_entropy", TP_ERROR_VALUE,
        tp_text("input %g at position %lld of %lld", value, (long long)where, (long long)x->numel),
        "probabilities, 0 to 1", "for logits there is tp_binary_cross_entropy_with_logits()");
    return false;
}

static tp_tensor *bce_apply(tp_tensor *const *inputs, int variant) {
    return tp_binary_cross_entropy(inputs[0], inputs[1],
                                   variant ? tp_full(tp_shape(2), 0.5, TP_FLOAT64) : NULL,
                                   (tp_reduction)variant);
}
static tp_tensor *bce_logits_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *weight = tp_full(tp_shape(2, 1), 0.5, TP_FLOAT64),
              *pos = tp_full(tp_shape(2), 3, TP_FLOAT64);
    return tp_binary_cross_entropy_with_logits(inputs[0], inputs[1], variant == 2 ? weight : NULL,
                                               variant ? pos : NULL, (tp_reduction)variant);
}
static tp_tensor *kl_apply(tp_tensor *const *inputs, int variant) {
    return tp_kl_div(inputs[0], inputs[1], variant % 2 == 1, (tp_reduction)variant);
}
static const tp_op_sample samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 2), TP_SHAPE_OF(2, 2)}, 0.1, 0.9, 0},
    {1, 2, {TP_SHAPE_OF(3, 2), TP_SHAPE_OF(3, 2)}, 0.1, 0.9, 0},
    {2, 2, {TP_SHAPE_OF(2, 2), TP_SHAPE_OF(2, 2)}, 0.1, 0.9, 0},
    {1, 2, {TP_SHAPE_OF(0, 2), TP_SHAPE_OF(0, 2)}, 0.1, 0.9, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
static const tp_op_sample kl_samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 2), TP_SHAPE_OF(2, 2)}, 0.1, 0.9, 0},
    {1, 2, {TP_SHAPE_OF(3, 2), TP_SHAPE_OF(3, 2)}, 0.1, 0.9, 0},
    {2, 2, {TP_SHAPE_OF(2, 2), TP_SHAPE_OF(2, 2)}, 0.1, 0.9, 0},
    {3, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(2, 3)}, 0.1, 0.9, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_binary_cross_entropy = {"binary_cross_entropy", tp_elements_backward, NULL,
                                          bce_apply, samples};
const tp_op tp_op_binary_cross_entropy_with_logits = {
    "binary_cross_entropy_with_logits", tp_elements_backward, NULL, bce_logits_apply, samples};
const tp_op tp_op_kl_div = {"kl_div", tp_elements_backward, NULL, kl_apply, kl_samples};

tp_tensor *tp_binary_cross_entropy_at(tp_location at, tp_binary_cross_entropy_args args) {
    TP_CHECK(at, "binary_cross_entropy", args.input);
    TP_CHECK(at, "binary_cross_entropy", args.target);
    tp_elements_args all = {.op = &tp_op_binary_cross_entropy,
                            .kind = TP_LOSS_BCE,
                            .input = args.input,
                            .target = args.target,
                            .reduction = args.reduction};
    if (!tp_loss_reduction(at, "binary_cross_entropy", args.reduction, false) ||
        !tp_loss_alike(at, "binary_cross_entropy", args.input, args.target) ||
        !are_probabilities(at, args.input) || !widen(at, &all, args.weight, NULL))
        return tp_poison();
    return tp_elements_run(at, &all);
}

tp_tensor *tp_binary_cross_entropy_with_logits_at(tp_location at,
                                                  tp_binary_cross_entropy_with_logits_args args) {
    TP_CHECK(at, "binary_cross_entropy_with_logits", args.input);
    TP_CHECK(at, "binary_cross_entropy_with_logits", args.target);
    tp_elements_args all = {.op = &tp_op_binary_cross_entropy_with_logits,
                            .kind = TP_LOSS_BCE_LOGITS,
                            .input = args.input,
                            .target = args.target,
                            .reduction = args.reduction};
    if (!tp_loss_reduction(at, all.op->name, args.reduction, false) ||
        !tp_loss_alike(at, all.op->name, args.input, args.target) ||
        !widen(at, &all, args.weight, args.pos_weight))
        return tp_poison();
    return tp_elements_run(at, &all);
}

tp_tensor *tp_kl_div_at(tp_location at, tp_kl_div_args args) {
    TP_CHECK(at, "kl_div", args.input);
    TP_CHECK(at, "kl_div", args.target);
    if (!tp_loss_reduction(at, "kl_div", args.reduction, true) ||
        !tp_loss_alike(at, "kl_div", args.input, args.target))
        return tp_poison();
    return tp_elements_run(
        at, &(tp_elements_args){.op = &tp_op_kl_div,
                                .kind = args.log_target ? TP_LOSS_KL_LOG : TP_LOSS_KL,
                                .input = args.input,
                                .target = args.target,
                                .reduction = args.reduction});
}

tp_tensor *(tp_binary_cross_entropy)(tp_tensor *input, tp_tensor *target) {
    return tp_binary_cross_entropy_at(
        TP_MAKE(tp_location, NULL, 0),
        (tp_binary_cross_entropy_args){.input = input, .target = target});
}
tp_tensor *(tp_binary_cross_entropy_with_logits)(tp_tensor *input, tp_tensor *target) {
    return tp_binary_cross_entropy_with_logits_at(
        TP_MAKE(tp_location, NULL, 0),
        (tp_binary_cross_entropy_with_logits_args){.input = input, .target = target});
}
tp_tensor *(tp_kl_div)(tp_tensor *input, tp_tensor *target) {
    return tp_kl_div_at(TP_MAKE(tp_location, NULL, 0),
                        (tp_kl_div_args){.input = input, .target = target});
}
