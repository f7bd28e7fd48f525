/* The larger actions of `taper data`. */
#ifndef CLI_DATA_ACTIONS_H
#define CLI_DATA_ACTIONS_H

#include "job.h"

typedef struct data_settings {
    job job;
    const char *split, *sheet;
    int64_t count, from, per_class;
} data_settings;

/* Pictures on the terminal. */
bool data_show(const data_settings *s, tp_dataset *dataset);
/* A contact sheet: a row for each class. */
bool data_sheet(const data_settings *s, tp_dataset *dataset);
/* Sizes, balance of classes, mean and deviation of each channel. */
bool data_stats(const data_settings *s, tp_dataset *dataset);
/* Pictures that cannot be read, that occur twice, and that stand in two parts. False where there are any. */
bool data_check(const data_settings *s);

/* An error handler that says nothing. */
void data_ignore_error(const tp_error *error, void *user);

#endif
