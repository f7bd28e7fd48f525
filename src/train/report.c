/* The report of a training run: what comes in which order. */
#include "train/report.h"

#include <math.h>

#include "base/fail.h"
#include "train/curves.h"
#include "train/doctor.h"

static void add_headlines(tp_location at, const tp_train_report_args *args,
                          const tp_verdict *verdict) {
    const tp_history *h = args->history;
    tp_report *r = args->report;
    if (verdict->classes)
        tp_report_headline(r, args->test ? "Test accuracy" : "Validation accuracy", "%.2f %%",
                           100 * (double)verdict->correct / (double)verdict->samples);
    if (isfinite(verdict->loss))
        tp_report_headline(r, args->test ? "Test loss" : "Validation loss", "%.4g", verdict->loss);
    if (h->best_epoch > 0)
        tp_report_headline(r, "Best epoch", "%lld of %zu", (long long)h->best_epoch, h->count);
    if (args->module)
        tp_report_headline(r, "Parameters", "%s",
                           tp_grouped_text(tp_parameter_count_at(at, args->module)));
    tp_report_headline(r, "Time", h->seconds < 100 ? "%.1f s" : "%.0f s", h->seconds);
}

static bool add_figure(tp_location at, tp_report *report, tp_figure *figure) {
    if (!figure) return true;
    bool fine =
        tp_report_figure_at(at, (tp_report_figure_args){.report = report, .figure = figure});
    tp_figure_free(figure);
    return fine;
}

/* A curve of its own, where there are such numbers. */
static bool add_curve(tp_location at, const tp_train_report_args *args, tp_figure_args figure,
                      tp_epoch_value value) {
    if (!tp_curve_has(args->history, value)) return true;
    figure.x_label = "epoch";
    figure.height = 230;
    tp_figure *f = tp_figure_new_at(at, figure);
    if (!tp_curve_add(at, f, args->history, NULL, value)) {
        tp_figure_free(f);
        return false;
    }
    return add_figure(at, args->report, f);
}

/* Gradient norms as the doctor saw them, of at most six weights from the first to the last. */
static bool add_gradients(tp_location at, const tp_train_report_args *args) {
    enum { MOST = 6 };
    const tp_gradient_log *log = args->history->gradients;
    if (!log || log->looks < 2 || !log->weights) return true;
    tp_figure *f = tp_figure_new_at(at, (tp_figure_args){.title = "Gradient norm by layer",
                                                         .subtitle = "at some steps",
                                                         .x_label = "step",
                                                         .x_scale = TP_AXIS_LOG,
                                                         .y_scale = TP_AXIS_LOG});
    size_t shown = log->weights < MOST ? log->weights : MOST;
    bool fine = f != NULL;
    for (size_t i = 0; fine && i < shown; i++) {
        size_t k = shown > 1 ? i * (log->weights - 1) / (shown - 1) : 0;
        fine = tp_plot_line_at(at, (tp_plot_args){.figure = f,
                                                  .x = log->steps,
                                                  .y = log->norms + k * log->room,
                                                  .count = log->looks,
                                                  .label = log->names[k]});
    }
    if (fine) return add_figure(at, args->report, f);
    tp_figure_free(f);
    return false;
}

static bool add_hints(const tp_train_report_args *args) {
    const tp_history *h = args->history;
    if (!h->hint_count) return true;
    bool fine = tp_report_section(args->report, "Hints");
    for (size_t i = 0; fine && i < h->hint_count; i++)
        fine =
            tp_report_notice(args->report, h->hints[i].title, h->hints[i].reason, h->hints[i].fix);
    return fine;
}

static bool add_curves(tp_location at, const tp_train_report_args *args) {
    if (!args->history->count) return true;
    return tp_report_section(args->report, "Curves") &&
           add_figure(at, args->report, tp_figure_loss(at, args->history)) &&
           add_figure(at, args->report, tp_figure_accuracy(at, args->history)) &&
           add_curve(at, args, (tp_figure_args){.title = "Learning rate"}, tp_epoch_lr) &&
           add_curve(at, args,
                     (tp_figure_args){.title = "Gradient norm", .y_label = "mean over the steps"},
                     tp_epoch_grad_norm) &&
           add_gradients(at, args) &&
           add_curve(at, args, (tp_figure_args){.title = "Time of an epoch", .y_label = "seconds"},
                     tp_epoch_seconds);
}

bool tp_report_training_at(tp_location at, tp_train_report_args args) {
    if (!args.report) return false;
    if (!args.history) {
        tp_fail(at, "report_training", TP_ERROR_ARGUMENT, "no history", "that of a run", NULL);
        return false;
    }
    tp_verdict verdict = {.loss = NAN};
    tp_loader *test = tp_report_test_loader(&args);
    bool fine = true;
    TP_SCOPE {
        if (args.module && test) fine = tp_verdict_make(at, args.module, test, args.loss, &verdict);
        if (fine) add_headlines(at, &args, &verdict);
        fine = fine && add_hints(&args) && tp_report_add_facts(at, &args) &&
               add_curves(at, &args) && tp_report_add_test(at, &args, &verdict) &&
               tp_report_add_mistakes(at, &args, &verdict) && tp_report_add_inside(at, &args) &&
               tp_report_add_layers(at, &args) && tp_report_add_costs(at, &args);
    }
    return fine;
}

bool tp_train_report_at(tp_location at, tp_train_report_args args) {
    args.report =
        tp_report_new_at(at, (tp_report_args){.title = args.title ? args.title : "Training run",
                                              .subtitle = args.subtitle});
    bool fine =
        tp_report_training_at(at, args) &&
        tp_report_write_at(
            at, (tp_report_write_args){.report = args.report, .path = args.path, .pdf = args.pdf});
    tp_report_free(args.report);
    return fine;
}
