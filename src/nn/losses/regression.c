/* Losses between numbers: mse, l1, smooth l1, Huber. */
#include "nn/losses/elements.h"

static tp_tensor *distance(tp_location at, const tp_op *op, tp_loss_kind kind, tp_tensor *input,
                           tp_tensor *target, double p, tp_reduction reduction) {
    if (!tp_loss_reduction(at, op->name, reduction, false) ||
        !tp_loss_alike(at, op->name, input, target))
        return tp_poison();
    return tp_elements_run(at,
                           &(tp_elements_args){op, kind, input, target, NULL, NULL, p, reduction});
}

static tp_tensor *mse_apply(tp_tensor *const *inputs, int variant) {
    return tp_mse_loss(inputs[0], inputs[1], (tp_reduction)variant);
}
static tp_tensor *l1_apply(tp_tensor *const *inputs, int variant) {
    return tp_l1_loss(inputs[0], inputs[1], (tp_reduction)variant);
}
static tp_tensor *smooth_l1_apply(tp_tensor *const *inputs, int variant) {
    return tp_smooth_l1_loss(inputs[0], inputs[1], variant ? 0.25 : 0, (tp_reduction)variant);
}
static tp_tensor *huber_apply(tp_tensor *const *inputs, int variant) {
    return tp_huber_loss(inputs[0], inputs[1], variant ? 0.5 : 0, (tp_reduction)variant);
}
/* Values apart, so that no central difference straddles a kink at equal inputs. */
static const tp_op_sample samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(2, 3)}, 0, 0, 0.01},
    {1, 2, {TP_SHAPE_OF(4), TP_SHAPE_OF(4)}, 0, 0, 0.01},
    {2, 2, {TP_SHAPE_OF(3, 2), TP_SHAPE_OF(3, 2)}, 0, 0, 0.01},
    {0, 2, {{0, {0}}, {0, {0}}}, 0, 0, 0.01},
    {1, 2, {TP_SHAPE_OF(0, 2), TP_SHAPE_OF(0, 2)}, 0, 0, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_mse_loss = {"mse_loss", tp_elements_backward, NULL, mse_apply, samples};
const tp_op tp_op_l1_loss = {"l1_loss", tp_elements_backward, NULL, l1_apply, samples};
const tp_op tp_op_smooth_l1_loss = {"smooth_l1_loss", tp_elements_backward, NULL, smooth_l1_apply,
                                    samples};
const tp_op tp_op_huber_loss = {"huber_loss", tp_elements_backward, NULL, huber_apply, samples};

tp_tensor *tp_mse_loss_at(tp_location at, tp_mse_loss_args args) {
    TP_CHECK(at, "mse_loss", args.input);
    TP_CHECK(at, "mse_loss", args.target);
    return distance(at, &tp_op_mse_loss, TP_LOSS_MSE, args.input, args.target, 0, args.reduction);
}

tp_tensor *tp_l1_loss_at(tp_location at, tp_mse_loss_args args) {
    TP_CHECK(at, "l1_loss", args.input);
    TP_CHECK(at, "l1_loss", args.target);
    return distance(at, &tp_op_l1_loss, TP_LOSS_L1, args.input, args.target, 0, args.reduction);
}

tp_tensor *tp_smooth_l1_loss_at(tp_location at, tp_smooth_l1_loss_args args) {
    TP_CHECK(at, "smooth_l1_loss", args.input);
    TP_CHECK(at, "smooth_l1_loss", args.target);
    double beta = args.beta == 0 ? 1 : args.beta;
    if (!(beta > 0))
        return tp_fail(at, "smooth_l1_loss", TP_ERROR_ARGUMENT, tp_text(".beta = %g", beta),
                       "more than 0", NULL);
    return distance(at, &tp_op_smooth_l1_loss, TP_LOSS_SMOOTH_L1, args.input, args.target, beta,
                    args.reduction);
}

tp_tensor *tp_huber_loss_at(tp_location at, tp_huber_loss_args args) {
    TP_CHECK(at, "huber_loss", args.input);
    TP_CHECK(at, "huber_loss", args.target);
    double delta = args.delta == 0 ? 1 : args.delta;
    if (!(delta > 0))
        return tp_fail(at, "huber_loss", TP_ERROR_ARGUMENT, tp_text(".delta = %g", delta),
                       "more than 0", NULL);
    return distance(at, &tp_op_huber_loss, TP_LOSS_HUBER, args.input, args.target, delta,
                    args.reduction);
}

tp_tensor *(tp_mse_loss)(tp_tensor *input, tp_tensor *target) {
    return tp_mse_loss_at(TP_MAKE(tp_location, NULL, 0),
                          (tp_mse_loss_args){.input = input, .target = target});
}
tp_tensor *(tp_l1_loss)(tp_tensor *input, tp_tensor *target) {
    return tp_l1_loss_at(TP_MAKE(tp_location, NULL, 0),
                         (tp_mse_loss_args){.input = input, .target = target});
}
tp_tensor *(tp_smooth_l1_loss)(tp_tensor *input, tp_tensor *target) {
    return tp_smooth_l1_loss_at(TP_MAKE(tp_location, NULL, 0),
                                (tp_smooth_l1_loss_args){.input = input, .target = target});
}
tp_tensor *(tp_huber_loss)(tp_tensor *input, tp_tensor *target) {
    return tp_huber_loss_at(TP_MAKE(tp_location, NULL, 0),
                            (tp_huber_loss_args){.input = input, .target = target});
}
