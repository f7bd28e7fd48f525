#include "train/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "train/doctor.h"

/* Every number of an epoch with its name in files, in the order of columns. */
#define COLUMNS(X)            \
    X(train_loss, "%.9g")     \
    X(train_accuracy, "%.6g") \
    X(valid_loss, "%.9g")     \
    X(valid_accuracy, "%.6g") \
    X(lr, "%.9g")             \
    X(grad_norm, "%.6g")      \
    X(seconds, "%.6f")

bool tp_history_add(tp_location at, tp_history *history, const tp_epoch *epoch) {
    size_t bytes = (history->count + 1) * sizeof *epoch;
    tp_epoch *more = history->epochs ? tp_resize(history->epochs, bytes) : tp_new(bytes);
    if (!more) {
        tp_fail_memory(at, "fit", bytes);
        return false;
    }
    history->epochs = more;
    history->epochs[history->count++] = *epoch;
    return true;
}

void tp_history_free(tp_history *history) {
    if (!history) return;
    tp_delete(history->epochs);
    tp_delete((void *)history->hints);
    tp_gradient_log_free(history->gradients);
    history->epochs = NULL;
    history->hints = NULL;
    history->gradients = NULL;
    history->count = history->hint_count = 0;
}

const char *tp_stop_text(tp_stop stop) {
    switch (stop) {
    case TP_STOP_EPOCHS: return "all epochs run";
    case TP_STOP_PATIENCE: return "stopped early";
    case TP_STOP_CALLBACK: return "stopped by a callback";
    case TP_STOP_INTERRUPTED: return "interrupted";
    case TP_STOP_NUMBER: return "stopped by a NaN or Inf";
    default: return "stopped by an error";
    }
}

/* ---- lines ---- */

void tp_history_csv_names(FILE *stream) {
    fputs("epoch,steps", stream);
#define NAME(field, format) fputs("," #field, stream);
    COLUMNS(NAME)
#undef NAME
    fputs(",best\n", stream);
}

static void put_csv(FILE *stream, const char *format, double value) {
    fputc(',', stream);
    if (isfinite(value)) fprintf(stream, format, value);
}

void tp_history_csv_line(FILE *stream, const tp_epoch *epoch) {
    fprintf(stream, "%lld,%lld", (long long)epoch->epoch, (long long)epoch->steps);
#define VALUE(field, format) put_csv(stream, format, epoch->field);
    COLUMNS(VALUE)
#undef VALUE
    fprintf(stream, ",%d\n", epoch->best);
}

static void put_json(FILE *stream, const char *name, const char *format, double value) {
    fprintf(stream, ", \"%s\": ", name);
    if (isfinite(value))
        fprintf(stream, format, value);
    else
        fputs("null", stream);
}

void tp_history_json_line(FILE *stream, const tp_epoch *epoch) {
    fprintf(stream, "{\"epoch\": %lld, \"steps\": %lld", (long long)epoch->epoch,
            (long long)epoch->steps);
#define VALUE(field, format) put_json(stream, #field, format, epoch->field);
    COLUMNS(VALUE)
#undef VALUE
    fprintf(stream, ", \"best\": %s}\n", epoch->best ? "true" : "false");
}

/* ---- files ---- */

typedef void (*line_writer)(FILE *stream, const tp_epoch *epoch);

static bool failed(tp_location at, const char *op, const char *path) {
    tp_fail(at, op, TP_ERROR_FILE, tp_text("%s: %s", path, strerror(errno ? errno : EIO)), NULL,
            NULL);
    return false;
}

/* A new file with the history so far; NULL after an error, reported. */
static FILE *begin_file(tp_location at, const char *op, const char *path, line_writer line,
                        const tp_history *history) {
    errno = 0;
    FILE *stream = fopen(path, "w");
    if (!stream) {
        failed(at, op, path);
        return NULL;
    }
    if (line == tp_history_csv_line) tp_history_csv_names(stream);
    for (size_t i = 0; i < history->count; i++) line(stream, &history->epochs[i]);
    if (fflush(stream) == 0 && !ferror(stream)) return stream;
    failed(at, op, path);
    fclose(stream);
    return NULL;
}

static bool write_whole(tp_location at, const char *op, const char *path, line_writer line,
                        const tp_history *history) {
    if (!history || !path) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "a history and a path", NULL);
        return false;
    }
    FILE *stream = begin_file(at, op, path, line, history);
    if (!stream) return false;
    return fclose(stream) == 0 || failed(at, op, path);
}

bool tp_history_write_csv_at(tp_location at, const tp_history *history, const char *path) {
    return write_whole(at, "history_write_csv", path, tp_history_csv_line, history);
}

bool tp_history_write_jsonl_at(tp_location at, const tp_history *history, const char *path) {
    return write_whole(at, "history_write_jsonl", path, tp_history_json_line, history);
}

bool tp_history_log_open(tp_history_log *log, tp_location at, const tp_fit_args *args,
                         const tp_history *history) {
    *log = (tp_history_log){.csv_path = args->history_csv, .jsonl_path = args->history_jsonl};
    if (log->csv_path)
        log->csv = begin_file(at, "fit", log->csv_path, tp_history_csv_line, history);
    if (log->csv_path && !log->csv) return false;
    if (log->jsonl_path)
        log->jsonl = begin_file(at, "fit", log->jsonl_path, tp_history_json_line, history);
    return !log->jsonl_path || log->jsonl;
}

static bool add_line(FILE *stream, line_writer line, const tp_epoch *epoch) {
    if (!stream) return true;
    errno = 0;
    line(stream, epoch);
    return fflush(stream) == 0 && !ferror(stream);
}

bool tp_history_log_add(tp_history_log *log, tp_location at, const tp_epoch *epoch) {
    if (!add_line(log->csv, tp_history_csv_line, epoch)) return failed(at, "fit", log->csv_path);
    if (!add_line(log->jsonl, tp_history_json_line, epoch))
        return failed(at, "fit", log->jsonl_path);
    return true;
}

void tp_history_log_close(tp_history_log *log) {
    if (log->csv) fclose(log->csv);
    if (log->jsonl) fclose(log->jsonl);
    log->csv = log->jsonl = NULL;
}

/* ---- reading ---- */

/* The next number of a line, and past the comma behind it; NaN for an empty place. */
static double next_number(const char **at, bool *fine) {
    if (!**at || **at == '\n') *fine = false;
    char *end = NULL;
    double value = **at == ',' ? NAN : strtod(*at, &end);
    if (end) {
        if (end == *at) *fine = false;
        *at = end;
    }
    if (**at == ',') ++*at;
    return value;
}

static bool read_line(const char *line, tp_epoch *epoch) {
    bool fine = true;
    epoch->epoch = (int64_t)next_number(&line, &fine);
    epoch->steps = (int64_t)next_number(&line, &fine);
#define VALUE(field, format) epoch->field = next_number(&line, &fine);
    COLUMNS(VALUE)
#undef VALUE
    epoch->best = next_number(&line, &fine) == 1;
    return fine && epoch->epoch > 0;
}

/* What the epochs say about the whole. */
static bool add_read(tp_location at, tp_history *history, const tp_epoch *epoch) {
    if (!tp_history_add(at, history, epoch)) return false;
    history->steps = epoch->steps;
    if (isfinite(epoch->seconds)) history->seconds += epoch->seconds;
    if (!epoch->best) return true;
    history->best_epoch = epoch->epoch;
    history->best_loss = isfinite(epoch->valid_loss) ? epoch->valid_loss : epoch->train_loss;
    return true;
}

bool tp_history_read_csv_at(tp_location at, const char *path, tp_history *history) {
    *history = (tp_history){.best_loss = NAN};
    FILE *stream = fopen(path, "r");
    if (!stream) return failed(at, "history_read_csv", path);
    char line[512];
    bool fine = fgets(line, sizeof line, stream) && strncmp(line, "epoch,steps,", 12) == 0;
    int number = 1;
    while (fine && fgets(line, sizeof line, stream)) {
        tp_epoch epoch = {0};
        number++;
        fine = read_line(line, &epoch);
        if (fine && !add_read(at, history, &epoch)) break;
    }
    fclose(stream);
    if (fine) return true;
    tp_fail(at, "history_read_csv", TP_ERROR_FORMAT, tp_text("%s: line %d", path, number),
            "what tp_history_write_csv wrote", NULL);
    tp_history_free(history);
    return false;
}
