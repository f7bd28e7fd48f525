/* The learning curves as panels, before they become a picture. */
#ifndef TP_PLOT_CURVES_H
#define TP_PLOT_CURVES_H

#include <taper/plot.h>

/* Colours that people with colour-blindness tell apart, and that differ in brightness too (Okabe and Ito, 2008). */
#define TP_PLOT_TRAIN "#0072B2"
#define TP_PLOT_VALID "#D55E00"

/* One panel: a number of each epoch for training and for validation. */
typedef struct tp_panel {
    const char *title, *axis;
    double (*value)(const tp_epoch *epoch, bool valid); /* NaN where there is none */
} tp_panel;

enum { TP_PANELS = 2 };
extern const tp_panel tp_panels[TP_PANELS];

/* Whether any epoch has a number for the panel; for its validation. */
bool tp_panel_has(const tp_panel *panel, const tp_history *history, bool valid);
/* The lowest and highest number in it. */
void tp_panel_range(const tp_panel *panel, const tp_history *history, double *low, double *high);

/* Each draws into a file. False after an error, reported for `at`. */
bool tp_plot_svg(tp_location at, const tp_plot_history_args *args);
bool tp_plot_gnuplot(tp_location at, const tp_plot_history_args *args);

#endif
