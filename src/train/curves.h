/* The learning curves of a run as figures. */
#ifndef TP_TRAIN_CURVES_H
#define TP_TRAIN_CURVES_H

#include <taper/train_report.h>

typedef double (*tp_epoch_value)(const tp_epoch *epoch);

/* A number of each epoch, NaN where there is none; NULL when out of memory, reported. Ended by tp_delete(). */
double *tp_epoch_values(tp_location at, const tp_history *history, tp_epoch_value value);
double tp_epoch_number(const tp_epoch *epoch);
double tp_epoch_train_loss(const tp_epoch *epoch);
double tp_epoch_valid_loss(const tp_epoch *epoch);
double tp_epoch_train_accuracy(const tp_epoch *epoch); /* in per cent */
double tp_epoch_valid_accuracy(const tp_epoch *epoch);
double tp_epoch_lr(const tp_epoch *epoch);
double tp_epoch_grad_norm(const tp_epoch *epoch);
double tp_epoch_seconds(const tp_epoch *epoch);

/* Adds a curve over the epochs where any has such a number. False after an error. */
bool tp_curve_add(tp_location at, tp_figure *figure, const tp_history *history, const char *label,
                  tp_epoch_value value);
bool tp_curve_has(const tp_history *history, tp_epoch_value value);
/* Loss; accuracy, NULL where it was not measured. Both with the best epoch marked; NULL after an error too. */
tp_figure *tp_figure_loss(tp_location at, const tp_history *history);
tp_figure *tp_figure_accuracy(tp_location at, const tp_history *history);

#endif
