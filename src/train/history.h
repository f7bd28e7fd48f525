/* Growing a history and writing it as the run goes. */
#ifndef TP_TRAIN_HISTORY_H
#define TP_TRAIN_HISTORY_H

#include <taper/train.h>

/* Adds an epoch. False when out of memory, reported. */
bool tp_history_add(tp_location at, tp_history *history, const tp_epoch *epoch);
/* One line of each form, and the names before those of CSV. */
void tp_history_csv_names(FILE *stream);
void tp_history_csv_line(FILE *stream, const tp_epoch *epoch);
void tp_history_json_line(FILE *stream, const tp_epoch *epoch);

/* Files that get a line after each epoch; NULL where not wanted. */
typedef struct tp_history_log {
    FILE *csv, *jsonl;
    const char *csv_path, *jsonl_path;
} tp_history_log;
/* Begins the files with the epochs that there are already. False after an error (FILE). */
bool tp_history_log_open(tp_history_log *log, tp_location at, const tp_fit_args *args,
                         const tp_history *history);
bool tp_history_log_add(tp_history_log *log, tp_location at, const tp_epoch *epoch);
void tp_history_log_close(tp_history_log *log);

#endif
