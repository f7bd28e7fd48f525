/* Learning curves: what is shown, and which way of drawing a file name asks for. */
#include "plot/curves.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"

static double loss_of(const tp_epoch *e, bool valid) {
    return valid ? e->valid_loss : e->train_loss;
}

static double accuracy_of(const tp_epoch *e, bool valid) {
    return 100 * (valid ? e->valid_accuracy : e->train_accuracy);
}

const tp_panel tp_panels[TP_PANELS] = {{"Loss", "mean loss", loss_of},
                                       {"Accuracy", "accuracy (%)", accuracy_of}};

bool tp_panel_has(const tp_panel *panel, const tp_history *history, bool valid) {
    for (size_t i = 0; i < history->count; i++)
        if (isfinite(panel->value(&history->epochs[i], valid))) return true;
    return false;
}

void tp_panel_range(const tp_panel *panel, const tp_history *history, double *low, double *high) {
    *low = INFINITY, *high = -INFINITY;
    for (size_t i = 0; i < 2 * history->count; i++) {
        double value = panel->value(&history->epochs[i / 2], i % 2);
        if (!isfinite(value)) continue;
        if (value < *low) *low = value;
        if (value > *high) *high = value;
    }
}

static bool ends_in(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

bool tp_plot_history_at(tp_location at, tp_plot_history_args args) {
    if (!args.title) args.title = "Learning curves";
    const char *problem = NULL;
    if (!args.path || !args.history)
        problem = args.path ? "no history" : "no path";
    else if (!tp_panel_has(&tp_panels[0], args.history, false))
        problem = "a history without epochs";
    if (problem) {
        tp_fail(at, "plot_history", TP_ERROR_ARGUMENT, problem, NULL, NULL);
        return false;
    }
    if (ends_in(args.path, ".svg")) return tp_plot_svg(at, &args);
    if (ends_in(args.path, ".png")) return tp_plot_gnuplot(at, &args);
    tp_fail(at, "plot_history", TP_ERROR_ARGUMENT, args.path, "a path that ends in .svg or .png",
            NULL);
    return false;
}
