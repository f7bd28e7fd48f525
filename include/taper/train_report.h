/** @file train_report.h
 *  What a training run looks like: its curves as a picture, and a report of all there is to see.
 */
#ifndef TAPER_TRAIN_REPORT_H
#define TAPER_TRAIN_REPORT_H

#include <taper/report.h>
#include <taper/train.h>

TP_BEGIN_DECLS

/** Arguments of tp_plot_history. */
typedef struct tp_plot_history_args {
    const char *path; /**< ends in .svg or .png */
    const tp_history *history;
    const char *title;    /**< "Learning curves" */
    const char *subtitle; /**< a smaller line below it, what was trained; may be NULL */
} tp_plot_history_args;
/** Draws the learning curves of a run: loss and accuracy over the epochs, of training and validation, with the best epoch
 *  marked. False after an error: ARGUMENT for another ending or a history without epochs, FILE. */
TP_API bool tp_plot_history_at(tp_location at, tp_plot_history_args args);
#define tp_plot_history(path_, ...) \
    tp_plot_history_at(TP_HERE,     \
                       TP_MAKE(tp_plot_history_args, .path = path_, .history = __VA_ARGS__))

/** Arguments of tp_train_report and tp_report_training. All but the history may be left out: what is not there is not shown. */
typedef struct tp_train_report_args {
    const char *path;  /**< of the page; only tp_train_report() */
    tp_report *report; /**< to add to; only tp_report_training() */
    const tp_history *history;
    const char *title; /**< "Training run" */
    const char *subtitle;
    const char *command; /**< how the run is repeated */
    const char *pdf;     /**< print it there as well */
    tp_module *
        module; /**< shown as a table of layers; filters and activations where it has convolutions */
    tp_optim *optim;
    tp_loader *train, *valid; /**< named and counted */
    tp_loader *
        test; /**< evaluated: confusion matrix, scores by class, most confident mistakes. NULL: valid is. */
    tp_loss_function loss; /**< as for tp_fit() */
    int64_t sample;        /**< of the test data, whose activations are shown: 0 */
    uint64_t seed;         /**< shown where has_seed */
    bool has_seed;
} tp_train_report_args;
/** Writes the report of a run: tp_train_report("report.html", .history = &h, .module = net, .test = test). */
TP_API bool tp_train_report_at(tp_location at, tp_train_report_args args);
#define tp_train_report(...) \
    tp_train_report_at(TP_HERE, TP_MAKE(tp_train_report_args, .path = __VA_ARGS__))
/** Adds the same sections to a report of your own. */
TP_API bool tp_report_training_at(tp_location at, tp_train_report_args args);
#define tp_report_training(report_, ...)                                                          \
    tp_report_training_at(TP_HERE, TP_MAKE(tp_train_report_args, .path = NULL, .report = report_, \
                                           .history = __VA_ARGS__))

TP_END_DECLS

#endif
