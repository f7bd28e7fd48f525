/* The optimisers: their options, defaults and names. What a step computes stands in backend/cpu/kernels/update_tmpl.h. */
#include <math.h>

#include "base/fail.h"
#include "optim/optim.h"

double tp_or_default(double value, double otherwise) {
    if (value != 0) return value;
    return signbit(value) ? 0 : otherwise;
}

/* Reports an option outside of its range. */
static bool option_fits(tp_location at, const char *op, const char *name, double value, bool fits,
                        const char *want) {
    if (fits) return true;
    tp_fail(at, op, TP_ERROR_VALUE, tp_text("%s = %g", name, value), want, NULL);
    return false;
}

bool tp_optim_options_fit(tp_location at, const char *op, double lr, double weight_decay,
                          double momentum) {
    return option_fits(at, op, "lr", lr, lr >= 0 && isfinite(lr), "at least 0") &&
           option_fits(at, op, "weight_decay", weight_decay,
                       weight_decay >= 0 && isfinite(weight_decay), "at least 0") &&
           option_fits(at, op, "momentum", momentum, momentum >= 0 && isfinite(momentum),
                       "at least 0");
}

tp_optim *tp_sgd_at(tp_location at, tp_sgd_args args) {
    if (args.lr == 0 && !signbit(args.lr)) {
        tp_fail(at, "sgd", TP_ERROR_ARGUMENT, "no learning rate", ".lr = a number above 0", NULL);
        return NULL;
    }
    if (!tp_optim_options_fit(at, "sgd", args.lr, args.weight_decay, args.momentum)) return NULL;
    if (args.nesterov && (args.momentum <= 0 || args.dampening != 0)) {
        tp_fail(
            at, "sgd", TP_ERROR_ARGUMENT,
            tp_text("nesterov with momentum %g and dampening %g", args.momentum, args.dampening),
            "a momentum and no dampening", NULL);
        return NULL;
    }
    tp_optim_kind kind = {.name = "SGD",
                          .op = "sgd",
                          .update = TP_UPDATE_SGD,
                          .state = {args.momentum != 0 ? "momentum_buffer" : NULL}};
    tp_update_args options = {.lr = args.lr,
                              .momentum = args.momentum,
                              .dampening = args.dampening,
                              .weight_decay = args.weight_decay,
                              .nesterov = args.nesterov,
                              .maximize = args.maximize};
    return tp_optim_new(at, kind, &options, 0, 0,
                        (tp_optim_source){args.module, args.parameters, args.count});
}

static tp_optim *adam(tp_location at, const char *op, const char *name, const tp_adam_args *args,
                      bool decoupled) {
    tp_update_args options = {.lr = tp_or_default(args->lr, 1e-3),
                              .beta1 = tp_or_default(args->beta1, 0.9),
                              .beta2 = tp_or_default(args->beta2, 0.999),
                              .eps = tp_or_default(args->eps, 1e-8),
                              .weight_decay =
                                  tp_or_default(args->weight_decay, decoupled ? 1e-2 : 0),
                              .decoupled = decoupled,
                              .amsgrad = args->amsgrad,
                              .maximize = args->maximize};
    if (!tp_optim_options_fit(at, op, options.lr, options.weight_decay, 0)) return NULL;
    if (!option_fits(at, op, "beta1", options.beta1, options.beta1 >= 0 && options.beta1 < 1,
                     "0 <= beta1 < 1") ||
        !option_fits(at, op, "beta2", options.beta2, options.beta2 >= 0 && options.beta2 < 1,
                     "0 <= beta2 < 1") ||
        !option_fits(at, op, "eps", options.eps, options.eps >= 0, "at least 0"))
        return NULL;
    tp_optim_kind kind = {
        .name = name,
        .op = op,
        .update = TP_UPDATE_ADAM,
        .state = {"exp_avg", "exp_avg_sq", args->amsgrad ? "max_exp_avg_sq" : NULL}};
    return tp_optim_new(at, kind, &options, 0, 0,
                        (tp_optim_source){args->module, args->parameters, args->count});
}

tp_optim *tp_adam_at(tp_location at, tp_adam_args args) {
    return adam(at, "adam", "Adam", &args, false);
}

tp_optim *tp_adamw_at(tp_location at, tp_adam_args args) {
    return adam(at, "adamw", "AdamW", &args, true);
}

tp_optim *tp_rmsprop_at(tp_location at, tp_rmsprop_args args) {
    tp_update_args options = {.lr = tp_or_default(args.lr, 1e-2),
                              .alpha = tp_or_default(args.alpha, 0.99),
                              .eps = tp_or_default(args.eps, 1e-8),
                              .weight_decay = args.weight_decay,
                              .momentum = args.momentum,
                              .centered = args.centered,
                              .maximize = args.maximize};
    if (!tp_optim_options_fit(at, "rmsprop", options.lr, options.weight_decay, options.momentum))
        return NULL;
    if (!option_fits(at, "rmsprop", "alpha", options.alpha, options.alpha >= 0, "at least 0"))
        return NULL;
    tp_optim_kind kind = {.name = "RMSprop",
                          .op = "rmsprop",
                          .update = TP_UPDATE_RMSPROP,
                          .state = {"square_avg", args.centered ? "grad_avg" : NULL,
                                    args.momentum > 0 ? "momentum_buffer" : NULL}};
    return tp_optim_new(at, kind, &options, 0, 0,
                        (tp_optim_source){args.module, args.parameters, args.count});
}

tp_optim *tp_adagrad_at(tp_location at, tp_adagrad_args args) {
    tp_update_args options = {.lr = tp_or_default(args.lr, 1e-2),
                              .eps = tp_or_default(args.eps, 1e-10),
                              .weight_decay = args.weight_decay,
                              .maximize = args.maximize};
    if (!tp_optim_options_fit(at, "adagrad", options.lr, options.weight_decay, 0)) return NULL;
    if (!option_fits(at, "adagrad", "lr_decay", args.lr_decay, args.lr_decay >= 0, "at least 0") ||
        !option_fits(at, "adagrad", "initial_accumulator_value", args.initial_accumulator_value,
                     args.initial_accumulator_value >= 0, "at least 0"))
        return NULL;
    tp_optim_kind kind = {
        .name = "Adagrad", .op = "adagrad", .update = TP_UPDATE_ADAGRAD, .state = {"sum"}};
    return tp_optim_new(at, kind, &options, args.initial_accumulator_value, args.lr_decay,
                        (tp_optim_source){args.module, args.parameters, args.count});
}
