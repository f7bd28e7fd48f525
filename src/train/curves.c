/* Learning curves. */
#include "train/curves.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"

double tp_epoch_number(const tp_epoch *epoch) { return (double)epoch->epoch; }
double tp_epoch_train_loss(const tp_epoch *epoch) { return epoch->train_loss; }
double tp_epoch_valid_loss(const tp_epoch *epoch) { return epoch->valid_loss; }
double tp_epoch_train_accuracy(const tp_epoch *epoch) { return 100 * epoch->train_accuracy; }
double tp_epoch_valid_accuracy(const tp_epoch *epoch) { return 100 * epoch->valid_accuracy; }
double tp_epoch_lr(const tp_epoch *epoch) { return epoch->lr; }
double tp_epoch_grad_norm(const tp_epoch *epoch) { return epoch->grad_norm; }
double tp_epoch_seconds(const tp_epoch *epoch) { return epoch->seconds; }

double *tp_epoch_values(tp_location at, const tp_history *history, tp_epoch_value value) {
    size_t bytes = (history->count + 1) * sizeof(double);
    double *values = tp_new(bytes);
    if (!values) tp_fail_memory(at, "plot_history", bytes);
    for (size_t i = 0; values && i < history->count; i++) values[i] = value(&history->epochs[i]);
    return values;
}

bool tp_curve_has(const tp_history *history, tp_epoch_value value) {
    for (size_t i = 0; i < history->count; i++)
        if (isfinite(value(&history->epochs[i]))) return true;
    return false;
}

bool tp_curve_add(tp_location at, tp_figure *figure, const tp_history *history, const char *label,
                  tp_epoch_value value) {
    if (!figure || !tp_curve_has(history, value)) return figure != NULL;
    double *x = tp_epoch_values(at, history, tp_epoch_number);
    double *y = x ? tp_epoch_values(at, history, value) : NULL;
    bool fine =
        y &&
        tp_plot_line_at(
            at, (tp_plot_args){
                    .figure = figure, .x = x, .y = y, .count = history->count, .label = label});
    tp_delete(x);
    tp_delete(y);
    return fine;
}

/* Training and validation, and the best epoch. */
static tp_figure *figure_of(tp_location at, const tp_history *history, tp_figure_args args,
                            tp_epoch_value train, tp_epoch_value valid) {
    args.x_label = "epoch";
    tp_figure *figure = tp_figure_new_at(at, args);
    bool fine = tp_curve_add(at, figure, history, "training", train) &&
                tp_curve_add(at, figure, history, "validation", valid);
    if (fine && history->best_epoch > 0) {
        char label[64];
        snprintf(label, sizeof label, "best epoch: %lld", (long long)history->best_epoch);
        fine = tp_plot_vertical_at(
            at,
            (tp_rule_args){.figure = figure, .value = (double)history->best_epoch, .label = label});
    }
    if (fine) return figure;
    tp_figure_free(figure);
    return NULL;
}

tp_figure *tp_figure_loss(tp_location at, const tp_history *history) {
    return figure_of(at, history, (tp_figure_args){.title = "Loss", .y_label = "mean loss"},
                     tp_epoch_train_loss, tp_epoch_valid_loss);
}

tp_figure *tp_figure_accuracy(tp_location at, const tp_history *history) {
    if (!tp_curve_has(history, tp_epoch_train_accuracy) &&
        !tp_curve_has(history, tp_epoch_valid_accuracy))
        return NULL;
    return figure_of(at, history, (tp_figure_args){.title = "Accuracy", .y_label = "accuracy (%)"},
                     tp_epoch_train_accuracy, tp_epoch_valid_accuracy);
}

bool tp_plot_history_at(tp_location at, tp_plot_history_args args) {
    const char *problem = NULL;
    if (!args.path || !args.history)
        problem = args.path ? "no history" : "no path";
    else if (!tp_curve_has(args.history, tp_epoch_train_loss))
        problem = "a history without epochs";
    if (problem) {
        tp_fail(at, "plot_history", TP_ERROR_ARGUMENT, problem, NULL, NULL);
        return false;
    }
    tp_figure *figures[2] = {tp_figure_loss(at, args.history)};
    if (figures[0]) figures[1] = tp_figure_accuracy(at, args.history);
    bool fine =
        figures[0] && tp_plot_save_panels_at(
                          at, (tp_panels_args){.figures = figures,
                                               .count = figures[1] ? 2 : 1,
                                               .path = args.path,
                                               .title = args.title ? args.title : "Learning curves",
                                               .subtitle = args.subtitle});
    tp_figure_free(figures[0]);
    tp_figure_free(figures[1]);
    return fine;
}
