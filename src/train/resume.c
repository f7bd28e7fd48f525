/* What tp_fit adds to a checkpoint, and how it goes on from one. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "io/checkpoint_file.h"
#include "train/run.h"

/* Every number of a run that has to be the same after a break, under its name in the file. */
#define WHOLE(X)                    \
    X("fit.epoch", epoch)           \
    X("fit.batch", batch)           \
    X("fit.steps", history.steps)   \
    X("fit.samples", samples)       \
    X("fit.rows", score.rows)       \
    X("fit.correct", score.correct) \
    X("fit.norms", norms)           \
    X("fit.waiting", waiting)       \
    X("fit.best_epoch", history.best_epoch)
#define NUMBERS(X)                \
    X("fit.loss_sum", loss_sum)   \
    X("fit.norm_sum", norm_sum)   \
    X("fit.lr", lr)               \
    X("fit.last_loss", last_loss) \
    X("fit.reference", reference) \
    X("fit.best_loss", history.best_loss)

enum { FIELDS = 17, COLUMNS = 10 };

static const tp_shape scalar = {0, {0}};

static void add(tp_run *run, tp_named_tensor *items, size_t *count, const char *name,
                const void *value, tp_dtype dtype) {
    tp_tensor *x =
        tp_from_data_at(run->at, (tp_data_args){.data = value, .shape = scalar, .dtype = dtype});
    items[(*count)++] = (tp_named_tensor){name, x};
}

/* (epochs, COLUMNS) float64 */
static tp_tensor *history_tensor(const tp_run *run) {
    int64_t n = (int64_t)run->history.count;
    tp_tensor *x =
        tp_zeros_at(run->at, (tp_create_args){.shape = {2, {n, COLUMNS}}, .dtype = TP_FLOAT64});
    double *row = tp_data(x);
    for (size_t i = 0; row && i < run->history.count; i++, row += COLUMNS) {
        const tp_epoch *e = &run->history.epochs[i];
        const double values[COLUMNS] = {(double)e->epoch,
                                        (double)e->steps,
                                        e->train_loss,
                                        e->train_accuracy,
                                        e->valid_loss,
                                        e->valid_accuracy,
                                        e->lr,
                                        e->grad_norm,
                                        e->seconds,
                                        e->best};
        memcpy(row, values, sizeof values);
    }
    return x;
}

/* The best weights as "best.0.weight"; names are cut from one block. */
static void add_best(tp_run *run, tp_named_tensor *items, size_t *count, char *names) {
    for (size_t i = 0; i < run->best_count; i++) {
        size_t length = strlen(run->best[i].name);
        snprintf(names, length + 6, "best.%s", run->best[i].name);
        items[(*count)++] = (tp_named_tensor){names, run->best[i].tensor};
        names += length + 6;
    }
}

bool tp_run_save(tp_run *run) {
    size_t bytes = 1, count = 0;
    for (size_t i = 0; i < run->best_count; i++) bytes += strlen(run->best[i].name) + 6;
    char *names = tp_new(bytes);
    tp_named_tensor *items = tp_new((FIELDS + 1 + run->best_count) * sizeof *items);
    bool fine = false;
    if (!names || !items)
        tp_fail_memory(run->at, "fit", bytes);
    else
        TP_SCOPE {
            double seconds = tp_run_epoch_seconds(run), all = tp_run_seconds(run);
#define ADD_WHOLE(name, field)  add(run, items, &count, name, &run->field, TP_INT64);
#define ADD_NUMBER(name, field) add(run, items, &count, name, &run->field, TP_FLOAT64);
            WHOLE(ADD_WHOLE)
            NUMBERS(ADD_NUMBER)
            add(run, items, &count, "fit.seconds", &seconds, TP_FLOAT64);
            add(run, items, &count, "fit.seconds_run", &all, TP_FLOAT64);
            items[count++] = (tp_named_tensor){"fit.history", history_tensor(run)};
            add_best(run, items, &count, names);
            fine =
                tp_checkpoint_save_at(run->at, (tp_checkpoint_args){.path = run->args.checkpoint,
                                                                    .module = run->args.module,
                                                                    .optim = run->args.optim,
                                                                    .schedule = run->args.schedule,
                                                                    .loader = run->args.loader,
                                                                    .valid = run->args.valid,
                                                                    .extra = items,
                                                                    .extra_count = count});
        }
    tp_delete(names);
    tp_delete(items);
    return fine;
}

/* ---- back ---- */

static bool bad(const tp_run *run, const char *name) {
    tp_fail(run->at, "fit", TP_ERROR_STATE,
            tp_text("%s: \"%s\" is missing or of another form", run->args.checkpoint, name),
            "a checkpoint that tp_fit() wrote", NULL);
    return false;
}

static bool take(const tp_run *run, const tp_tensor_file *file, const char *name, void *value,
                 tp_dtype dtype) {
    tp_tensor *x = tp_tensor_file_get(file, name);
    if (!x || tp_dtype_of(x) != dtype || tp_ndim(x) != 0) return bad(run, name);
    return tp_copy_out_at(run->at, x, value);
}

static bool take_history(tp_run *run, const tp_tensor_file *file) {
    tp_tensor *x = tp_tensor_file_get(file, "fit.history");
    if (!x || tp_dtype_of(x) != TP_FLOAT64 || tp_ndim(x) != 2 || tp_size(x, 1) != COLUMNS)
        return bad(run, "fit.history");
    const double *row = tp_data(x);
    for (int64_t i = 0; i < tp_size(x, 0); i++, row += COLUMNS) {
        tp_epoch e = {.epoch = (int64_t)row[0],
                      .steps = (int64_t)row[1],
                      .train_loss = row[2],
                      .train_accuracy = row[3],
                      .valid_loss = row[4],
                      .valid_accuracy = row[5],
                      .lr = row[6],
                      .grad_norm = row[7],
                      .seconds = row[8],
                      .best = row[9] != 0};
        if (!tp_history_add(run->at, &run->history, &e)) return false;
    }
    return true;
}

/* Room for the best weights is made by keeping the current ones; then those of the file are put there. */
static bool take_best(tp_run *run, const tp_tensor_file *file) {
    if (!run->args.restore_best || !run->history.best_epoch) return true;
    if (!tp_run_best_keep(run)) return false;
    for (size_t i = 0; i < run->best_count; i++) {
        const char *name = tp_text("best.%s", run->best[i].name);
        tp_tensor *x = tp_tensor_file_get(file, name), *to = run->best[i].tensor;
        if (!x || tp_dtype_of(x) != tp_dtype_of(to) || !tp_same_shape(x, to)) return bad(run, name);
        if (tp_numel(x) && !tp_copy_out_at(run->at, x, tp_data(to))) return false;
    }
    return true;
}

static bool take_all(tp_run *run, const tp_tensor_file *file) {
#define TAKE_WHOLE(name, field) \
    if (!take(run, file, name, &run->field, TP_INT64)) return false;
#define TAKE_NUMBER(name, field) \
    if (!take(run, file, name, &run->field, TP_FLOAT64)) return false;
    WHOLE(TAKE_WHOLE)
    NUMBERS(TAKE_NUMBER)
    if (!take(run, file, "fit.seconds", &run->seconds, TP_FLOAT64) ||
        !take(run, file, "fit.seconds_run", &run->seconds_run, TP_FLOAT64))
        return false;
    if (!take_history(run, file)) return false;
    return tp_checkpoint_apply(run->at, "fit", file,
                               &(tp_checkpoint_args){.module = run->args.module,
                                                     .optim = run->args.optim,
                                                     .schedule = run->args.schedule,
                                                     .loader = run->args.loader,
                                                     .valid = run->args.valid}) &&
           take_best(run, file);
}

bool tp_run_resume(tp_run *run) {
    struct stat status;
    if (stat(run->args.checkpoint, &status) != 0 && errno == ENOENT) return true;
    tp_tensor_file *file = tp_load_tensors_at(run->at, run->args.checkpoint);
    if (!file) return false;
    bool fine = take_all(run, file);
    tp_tensor_file_close(file);
    run->history.resumed_step = run->history.steps;
    return fine;
}
