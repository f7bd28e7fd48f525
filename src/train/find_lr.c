/* The loss while the learning rate rises (Smith, "Cyclical learning rates for training neural networks", 2017). */
#include <math.h>
#include <taper/tune.h>

#include "base/alloc.h"
#include "base/context.h"
#include "base/fail.h"
#include "train/trial.h"

/* How much of a smoothed loss is the last one. */
#define NEW_SHARE 0.1
/* The loss has left all bounds at so many times its lowest. */
#define BOUND 4

void tp_rate_curve_free(tp_rate_curve *curve) {
    if (!curve) return;
    tp_delete(curve->rates);
    tp_delete(curve->losses);
    tp_delete(curve->smoothed);
    curve->rates = curve->losses = curve->smoothed = NULL;
    curve->count = 0;
}

static bool make_room(tp_location at, tp_rate_curve *curve, int64_t steps) {
    size_t bytes = (size_t)steps * sizeof(double);
    curve->rates = tp_new(bytes);
    curve->losses = tp_new(bytes);
    curve->smoothed = tp_new(bytes);
    if (curve->rates && curve->losses && curve->smoothed) return true;
    tp_rate_curve_free(curve);
    tp_fail_memory(at, "find_lr", bytes);
    return false;
}

/* Adds a step; false where the loss has left all bounds. */
static bool note(tp_rate_curve *curve, double rate, double loss, double *mean, double *lowest) {
    size_t i = curve->count;
    if (!isfinite(loss)) return false;
    *mean += NEW_SHARE * (loss - *mean);
    curve->rates[i] = rate;
    curve->losses[i] = loss;
    /* a mean that begins at 0 is too low at first */
    curve->smoothed[i] = *mean / (1 - pow(1 - NEW_SHARE, (double)i + 1));
    curve->count++;
    *lowest = fmin(*lowest, curve->smoothed[i]);
    return i < 10 || curve->smoothed[i] < BOUND * *lowest;
}

/* Where the smoothed loss falls fastest, over a window of a tenth of the curve; before the lowest point. */
static double suggest(const tp_rate_curve *curve) {
    size_t lowest = 0, window = curve->count / 10 + 1, best = 0;
    double steepest = 0;
    for (size_t i = 1; i < curve->count; i++)
        if (curve->smoothed[i] < curve->smoothed[lowest]) lowest = i;
    for (size_t i = 0; i + window <= lowest; i++) {
        double fall = curve->smoothed[i] - curve->smoothed[i + window];
        if (fall > steepest) steepest = fall, best = i + window / 2;
    }
    if (steepest < 0.01 * fabs(curve->smoothed[0])) return NAN;
    /* two digits are all that the curve can tell */
    double rate = curve->rates[best], power = pow(10, floor(log10(rate)) - 1);
    return round(rate / power) * power;
}

static bool run(tp_trial *trial, const tp_find_lr_args *args, tp_rate_curve *curve) {
    uint32_t errors = tp_ctx()->error.count;
    double mean = 0, lowest = INFINITY,
           factor = pow(args->end / args->start, 1.0 / (double)args->steps);
    double rate = args->start;
    tp_batch batch;
    for (int64_t i = 0; i < args->steps; i++, rate *= factor) {
        /* the end of an epoch: the next call begins another */
        if (!tp_next_at(trial->at, trial->loader, &batch) &&
            (tp_ctx()->error.count != errors || !tp_next_at(trial->at, trial->loader, &batch)))
            break;
        tp_optim_set_lr(trial->optim, -1, rate);
        double loss = tp_trial_step(trial, &batch, NULL);
        if (!note(curve, rate, loss, &mean, &lowest)) break;
    }
    return tp_ctx()->error.count == errors;
}

tp_rate_curve tp_find_lr_at(tp_location at, tp_find_lr_args args) {
    tp_rate_curve curve = {.suggestion = NAN};
    tp_trial trial = {.at = at,
                      .op = "find_lr",
                      .module = args.module,
                      .loader = args.loader,
                      .optim = args.optim,
                      .loss = args.loss};
    if (!(args.start > 0)) args.start = 1e-6;
    if (!(args.end > args.start)) args.end = fmax(10, 100 * args.start);
    if (args.steps < 1) args.steps = 200;
    if (!tp_trial_begin(&trial)) return curve;
    curve.ok = make_room(at, &curve, args.steps) && run(&trial, &args, &curve);
    curve.ok = tp_trial_end(&trial) && curve.ok;
    if (curve.count > 10) curve.suggestion = suggest(&curve);
    return curve;
}

tp_figure *tp_rate_curve_figure_at(tp_location at, const tp_rate_curve *curve) {
    if (!curve || !curve->count) {
        tp_fail(at, "rate_curve_figure", TP_ERROR_ARGUMENT, "a curve without steps",
                "what tp_find_lr gave", NULL);
        return NULL;
    }
    double lowest = INFINITY, first = curve->smoothed[0];
    for (size_t i = 0; i < curve->count; i++) lowest = fmin(lowest, curve->smoothed[i]);
    tp_figure *figure =
        tp_figure_new_at(at, (tp_figure_args){.title = "Loss while the learning rate rises",
                                              .x_label = "learning rate",
                                              .y_label = "loss",
                                              .x_scale = TP_AXIS_LOG,
                                              .y_min = fmin(0, lowest),
                                              .y_max = 1.5 * fmax(first, lowest)});
    bool fine = tp_plot_line_at(at, (tp_plot_args){.figure = figure,
                                                   .x = curve->rates,
                                                   .y = curve->smoothed,
                                                   .count = curve->count,
                                                   .label = "smoothed loss"});
    char label[64];
    snprintf(label, sizeof label, "suggestion: %g", curve->suggestion);
    if (fine && isfinite(curve->suggestion))
        fine = tp_plot_vertical_at(
            at, (tp_rule_args){.figure = figure, .value = curve->suggestion, .label = label});
    if (fine) return figure;
    tp_figure_free(figure);
    return NULL;
}
