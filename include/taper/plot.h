/** @file plot.h
 *  Pictures of a run.
 */
#ifndef TAPER_PLOT_H
#define TAPER_PLOT_H

#include <taper/train.h>

TP_BEGIN_DECLS

/** Arguments of tp_plot_history. */
typedef struct tp_plot_history_args {
    const char *path; /**< ends in .svg, drawn without help, or .png, drawn by gnuplot */
    const tp_history *history;
    const char *title;    /**< "Learning curves" */
    const char *subtitle; /**< a smaller line below it, what was trained; may be NULL */
} tp_plot_history_args;
/** Draws the learning curves of a run: loss and accuracy over the epochs, of training and validation, with the best epoch
 *  marked. False after an error: ARGUMENT for another ending or a history without epochs, FILE, and UNSUPPORTED for .png where
 *  gnuplot is not installed. */
TP_API bool tp_plot_history_at(tp_location at, tp_plot_history_args args);
#define tp_plot_history(path_, ...) \
    tp_plot_history_at(TP_HERE,     \
                       TP_MAKE(tp_plot_history_args, .path = path_, .history = __VA_ARGS__))
/** Whether gnuplot can be run. */
TP_API bool tp_plot_has_gnuplot(void);

TP_END_DECLS

#endif
