/* Schedules that are a function of the number of steps. */
#include <math.h>

#include "optim/schedule.h"

static const double pi = 3.14159265358979323846;

/* Reports an option that does not fit. */
static bool fits(tp_location at, const tp_schedule_kind *kind, bool fine, const char *name,
                 double value, const char *want) {
    if (fine) return true;
    tp_fail(at, kind->op, TP_ERROR_VALUE, tp_text("%s = %g", name, value), want, NULL);
    return false;
}

/* Sets the numbers and the rates of the start. */
static tp_schedule *start(tp_location at, const tp_schedule_kind *kind, tp_optim *optim, int n,
                          const double *numbers) {
    tp_schedule *s = tp_schedule_new(at, kind, optim);
    if (!s) return NULL;
    for (int i = 0; i < n; i++) s->numbers[i] = numbers[i];
    tp_schedule_apply(s);
    return s;
}
#define START(at, kind, optim, ...)                                                    \
    start(at, &(kind), optim, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), \
          (double[]){__VA_ARGS__})

/* ---- falls ---- */

static double step_rate(const tp_schedule *s, double base) {
    return base * pow(s->numbers[1], floor(s->last_epoch / s->numbers[0]));
}
static const tp_schedule_kind step_kind = {
    .name = "StepLR", .op = "step_lr", .numbers = {"step_size", "gamma"}, .rate = step_rate};

tp_schedule *tp_step_lr_at(tp_location at, tp_step_lr_args args) {
    double size = (double)args.step_size, gamma = tp_or_default(args.gamma, 0.1);
    if (!fits(at, &step_kind, size > 0, "step_size", size, "at least 1")) return NULL;
    return START(at, step_kind, args.optim, size, gamma);
}

static double multistep_rate(const tp_schedule *s, double base) {
    int passed = 0;
    for (size_t i = 0; i < s->n_milestones; i++) passed += s->milestones[i] <= s->last_epoch;
    return base * pow(s->numbers[0], passed);
}
static const tp_schedule_kind multistep_kind = {
    .name = "MultiStepLR", .op = "multistep_lr", .numbers = {"gamma"}, .rate = multistep_rate};

tp_schedule *tp_multistep_lr_at(tp_location at, tp_multistep_lr_args args) {
    tp_schedule *s = tp_schedule_new(at, &multistep_kind, args.optim);
    if (!s) return NULL;
    if (!tp_schedule_milestones(at, s, args.milestones, args.count)) {
        tp_schedule_free(s);
        return NULL;
    }
    s->numbers[0] = tp_or_default(args.gamma, 0.1);
    tp_schedule_apply(s);
    return s;
}

static double exponential_rate(const tp_schedule *s, double base) {
    return base * pow(s->numbers[0], s->last_epoch);
}
static const tp_schedule_kind exponential_kind = {.name = "ExponentialLR",
                                                  .op = "exponential_lr",
                                                  .numbers = {"gamma"},
                                                  .rate = exponential_rate};

tp_schedule *tp_exponential_lr_at(tp_location at, tp_exponential_lr_args args) {
    if (!fits(at, &exponential_kind, args.gamma > 0, "gamma", args.gamma, "a number above 0"))
        return NULL;
    return START(at, exponential_kind, args.optim, args.gamma);
}

static double cosine_rate(const tp_schedule *s, double base) {
    double t_max = s->numbers[0], eta_min = s->numbers[1];
    return eta_min + (base - eta_min) * (1 + cos(pi * s->last_epoch / t_max)) / 2;
}
static const tp_schedule_kind cosine_kind = {.name = "CosineAnnealingLR",
                                             .op = "cosine_annealing_lr",
                                             .numbers = {"T_max", "eta_min"},
                                             .rate = cosine_rate};

tp_schedule *tp_cosine_annealing_lr_at(tp_location at, tp_cosine_annealing_lr_args args) {
    double t_max = (double)args.t_max;
    if (!fits(at, &cosine_kind, t_max > 0, "t_max", t_max, "at least 1")) return NULL;
    return START(at, cosine_kind, args.optim, t_max, args.eta_min);
}

/* ---- short ones ---- */

static double linear_rate(const tp_schedule *s, double base) {
    double first = s->numbers[0], last = s->numbers[1], total = s->numbers[2];
    double share = s->last_epoch < total ? s->last_epoch / total : 1;
    return base * (first + (last - first) * share);
}
static const tp_schedule_kind linear_kind = {
    .name = "LinearLR",
    .op = "linear_lr",
    .numbers = {"start_factor", "end_factor", "total_iters"},
    .rate = linear_rate};

tp_schedule *tp_linear_lr_at(tp_location at, tp_linear_lr_args args) {
    double first = tp_or_default(args.start_factor, 1.0 / 3);
    double last = tp_or_default(args.end_factor, 1);
    double total = args.total_iters ? (double)args.total_iters : 5;
    if (!fits(at, &linear_kind, first > 0 && first <= 1, "start_factor", first,
              "above 0, at most 1") ||
        !fits(at, &linear_kind, last >= 0 && last <= 1, "end_factor", last, "0 to 1") ||
        !fits(at, &linear_kind, total > 0, "total_iters", total, "at least 1"))
        return NULL;
    return START(at, linear_kind, args.optim, first, last, total);
}

static double constant_rate(const tp_schedule *s, double base) {
    return s->last_epoch < s->numbers[1] ? base * s->numbers[0] : base;
}
static const tp_schedule_kind constant_kind = {.name = "ConstantLR",
                                               .op = "constant_lr",
                                               .numbers = {"factor", "total_iters"},
                                               .rate = constant_rate};

tp_schedule *tp_constant_lr_at(tp_location at, tp_constant_lr_args args) {
    double factor = tp_or_default(args.factor, 1.0 / 3);
    double total = args.total_iters ? (double)args.total_iters : 5;
    if (!fits(at, &constant_kind, factor >= 0 && factor <= 1, "factor", factor, "0 to 1") ||
        !fits(at, &constant_kind, total > 0, "total_iters", total, "at least 1"))
        return NULL;
    return START(at, constant_kind, args.optim, factor, total);
}

/* ---- one cycle ---- */

enum {
    CYCLE_MAX_LR,
    CYCLE_TOTAL,
    CYCLE_RISE,
    CYCLE_LINEAR,
    CYCLE_THREE,
    CYCLE_MOMENTUM,
    CYCLE_LOW_MOMENTUM,
    CYCLE_HIGH_MOMENTUM,
    CYCLE_DIV,
    CYCLE_FINAL_DIV
};

/* The value at the present step on the way low, high, low (or high, low, high) and on to `end`. */
static double cycle_value(const tp_schedule *s, double first, double top, double end) {
    const double *n = s->numbers;
    double total = n[CYCLE_TOTAL], rise = n[CYCLE_RISE];
    bool three = n[CYCLE_THREE] != 0;
    double ends[3] = {rise * total - 1, three ? 2 * rise * total - 2 : total - 1, total - 1};
    double values[4] = {first, top, three ? first : end, end};
    int phase = 0, last = three ? 2 : 1;
    while (phase < last && s->last_epoch > ends[phase]) phase++;
    double begin = phase ? ends[phase - 1] : 0;
    /* The step after the last batch goes no further. */
    double share =
        s->last_epoch < ends[phase] ? (s->last_epoch - begin) / (ends[phase] - begin) : 1;
    double from = values[phase], to = values[phase + 1];
    if (n[CYCLE_LINEAR] != 0) return from + (to - from) * share;
    return to + (from - to) / 2 * (1 + cos(pi * share));
}

static double cycle_rate(const tp_schedule *s, double base) {
    (void)base; /* the highest rate says it all */
    double top = s->numbers[CYCLE_MAX_LR], first = top / s->numbers[CYCLE_DIV];
    return cycle_value(s, first, top, first / s->numbers[CYCLE_FINAL_DIV]);
}

static double cycle_momentum(const tp_schedule *s) {
    double low = s->numbers[CYCLE_LOW_MOMENTUM], high = s->numbers[CYCLE_HIGH_MOMENTUM];
    return s->numbers[CYCLE_MOMENTUM] != 0 ? cycle_value(s, high, low, high) : NAN;
}

static const tp_schedule_kind cycle_kind = {
    .name = "OneCycleLR",
    .op = "one_cycle_lr",
    .numbers = {"max_lr", "total_steps", "pct_start", "linear", "three_phase", "cycle_momentum",
                "base_momentum", "max_momentum", "div_factor", "final_div_factor"},
    .rate = cycle_rate,
    .momentum = cycle_momentum};

/* Whether this optimiser has a momentum to move, as PyTorch demands. */
static bool has_momentum(tp_location at, const tp_optim *optim) {
    if (!optim) return true; /* reported when the schedule is made */
    bool cycles = optim->kind.update == TP_UPDATE_ADAM ||
                  (optim->kind.update == TP_UPDATE_SGD && optim->kind.state[0]) ||
                  (optim->kind.update == TP_UPDATE_RMSPROP && optim->kind.state[2]);
    if (!cycles)
        tp_fail(at, "one_cycle_lr", TP_ERROR_ARGUMENT,
                tp_text("%s without momentum", optim->kind.name), "a momentum to cycle",
                "pass .no_cycle_momentum = true, or give the optimiser a momentum");
    return cycles;
}

tp_schedule *tp_one_cycle_lr_at(tp_location at, tp_one_cycle_lr_args args) {
    const tp_schedule_kind *kind = &cycle_kind;
    double total = args.total_steps ? (double)args.total_steps
                                    : (double)args.epochs * (double)args.steps_per_epoch;
    double rise = tp_or_default(args.pct_start, 0.3);
    double div = tp_or_default(args.div_factor, 25),
           last = tp_or_default(args.final_div_factor, 1e4);
    double low = tp_or_default(args.base_momentum, 0.85);
    double high = tp_or_default(args.max_momentum, 0.95);
    if (!fits(at, kind, args.max_lr > 0, "max_lr", args.max_lr, "a number above 0") ||
        !fits(at, kind, total > 0, "total_steps", total,
              "at least 1, or .epochs and .steps_per_epoch") ||
        !fits(at, kind, rise >= 0 && rise <= 1, "pct_start", rise, "0 to 1") ||
        !fits(at, kind, div > 0, "div_factor", div, "a number above 0") ||
        !fits(at, kind, last > 0, "final_div_factor", last, "a number above 0") ||
        !fits(at, kind, low >= 0 && low < 1, "base_momentum", low, "0 <= base_momentum < 1") ||
        !fits(at, kind, high >= 0 && high < 1, "max_momentum", high, "0 <= max_momentum < 1"))
        return NULL;
    if (!args.no_cycle_momentum && !has_momentum(at, args.optim)) return NULL;
    return START(at, cycle_kind, args.optim, args.max_lr, total, rise, args.linear,
                 args.three_phase, !args.no_cycle_momentum, low, high, div, last);
}

bool tp_schedule_goes_on(tp_location at, const tp_schedule *s) {
    if (s->kind != &cycle_kind || s->last_epoch < s->numbers[CYCLE_TOTAL]) return true;
    tp_fail(at, "schedule_step", TP_ERROR_VALUE,
            tp_text("step %g of a cycle of %g", s->last_epoch + 1, s->numbers[CYCLE_TOTAL]), NULL,
            "step it once a batch, and make total_steps epochs times batches");
    return false;
}
