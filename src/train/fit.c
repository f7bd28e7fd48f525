/* tp_fit: the loop over epochs and batches. */
#include <math.h>
#include <string.h>
#include <taper/train_report.h>

#include "base/context.h"
#include "base/fail.h"
#include "train/clock.h"
#include "train/doctor.h"
#include "train/run.h"

bool tp_run_stop(tp_run *run, tp_stop reason) {
    if (run->history.stop == TP_STOP_NOT_YET) run->history.stop = reason;
    return false;
}

double tp_run_epoch_seconds(const tp_run *run) {
    return run->seconds + (run->started > 0 ? tp_clock() - run->started : 0);
}

double tp_run_seconds(const tp_run *run) {
    return run->seconds_run + (tp_clock() - run->started_run);
}

void tp_run_call(tp_run *run, size_t which, const tp_batch *batch, tp_tensor *output) {
    const tp_fit_args *args = &run->args;
    if (!args->callbacks) return;
    double samples = (double)run->samples;
    tp_fit_state state = {.module = args->module,
                          .optim = args->optim,
                          .epoch = run->epoch + 1,
                          .epochs = args->epochs,
                          .step = run->history.steps,
                          .batches = run->batches,
                          .batch = batch,
                          .output = output,
                          .loss = run->last_loss,
                          .train_loss = run->samples ? run->loss_sum / samples : NAN,
                          .train_accuracy = tp_score_accuracy(&run->score),
                          .history = &run->history};
    for (size_t i = 0; i < args->callback_count; i++) {
        tp_callback_function function;
        memcpy(&function, (const char *)&args->callbacks[i] + which, sizeof function);
        if (function && !function(&state, args->callbacks[i].user))
            tp_run_stop(run, TP_STOP_CALLBACK);
    }
}

/* ---- one epoch ---- */

/* A checkpoint is due; the clock is read only where something needs it. */
static bool after_step(tp_run *run) {
    const tp_fit_args *args = &run->args;
    double now = 0;
    if (args->checkpoint_seconds > 0 || run->show.kind != TP_PROGRESS_NONE) {
        now = tp_clock();
        tp_show_step(&run->show, run, now);
    }
    bool due = args->checkpoint_steps > 0 && run->history.steps % args->checkpoint_steps == 0;
    if (args->checkpoint_seconds > 0 && now >= run->checkpoint_at) {
        run->checkpoint_at = now + args->checkpoint_seconds;
        due = true;
    }
    if (due && args->checkpoint && !tp_run_save(run)) return tp_run_stop(run, TP_STOP_ERROR);
    if (args->handle_interrupt && tp_interrupted()) return tp_run_stop(run, TP_STOP_INTERRUPTED);
    if (args->max_steps > 0 && run->history.steps >= args->max_steps && run->batch < run->batches)
        return tp_run_stop(run, TP_STOP_EPOCHS);
    return true;
}

static void begin_epoch(tp_run *run) {
    if (run->batch == 0) {
        int64_t k = run->score.k;
        run->score = (tp_score){.k = k};
        run->loss_sum = run->norm_sum = run->seconds = 0;
        run->samples = run->norms = 0;
    }
    run->started = tp_clock();
    tp_show_epoch(&run->show, run);
    tp_run_call(run, offsetof(tp_callback, on_epoch_start), NULL, NULL);
}

/* Steps until the epoch is over or the run stops. */
static void run_epoch(tp_run *run) {
    uint32_t errors = tp_ctx()->error.count;
    tp_batch batch;
    begin_epoch(run);
    if (run->history.stop != TP_STOP_NOT_YET) return;
    while (tp_next_at(run->at, run->args.loader, &batch)) {
        if (tp_run_step(run, &batch) && after_step(run)) continue;
        /* A callback, Ctrl-C or .max_steps end a run that is sound: the checkpoint goes on from here. */
        bool sound = run->history.stop != TP_STOP_ERROR && run->history.stop != TP_STOP_NUMBER;
        if (sound && run->args.checkpoint && !tp_run_save(run)) run->history.stop = TP_STOP_ERROR;
        tp_loader_reset(run->args.loader);
        return;
    }
    if (tp_ctx()->error.count != errors) tp_run_stop(run, TP_STOP_ERROR);
    if (run->history.stop == TP_STOP_NOT_YET) tp_run_epoch_end(run);
}

/* ---- the whole ---- */

static bool refuse(tp_location at, const char *got, const char *want) {
    tp_fail(at, "fit", TP_ERROR_ARGUMENT, got, want, NULL);
    return false;
}

static bool check(tp_location at, tp_fit_args *args) {
    if (!args->module || !args->loader || !args->optim)
        return refuse(at,
                      !args->module   ? "module NULL"
                      : !args->loader ? "loader NULL"
                                      : "no .optim",
                      "a module, a loader and .optim");
    if (args->epochs < 0 || args->patience < 0 || !(args->min_delta >= 0))
        return refuse(at, "a negative number", ".epochs, .patience and .min_delta of at least 0");
    if (args->schedule && args->schedule_per_step && tp_schedule_needs_metric(args->schedule))
        return refuse(at, ".schedule_per_step with a schedule on a plateau",
                      "a plateau is looked for after each epoch");
    if (args->resume && !args->checkpoint)
        return refuse(at, ".resume without .checkpoint", "the path of the checkpoint");
    if (!args->epochs) args->epochs = 1;
    if (!args->loss) args->loss = (tp_cross_entropy);
    if (args->callbacks && !args->callback_count) args->callback_count = 1;
    return true;
}

static void show_hint(const tp_hint *hint, void *user) {
    tp_run *run = user;
    tp_show_hint(&run->show, hint);
}

/* False after an error. */
static bool call_doctor(tp_run *run) {
    const tp_fit_args *args = &run->args;
    if (args->doctor == TP_DOCTOR_OFF) return true;
    run->doctor =
        tp_doctor_new_at(run->at, (tp_doctor_args){.module = args->module,
                                                   .optim = args->optim,
                                                   .loader = args->loader,
                                                   .valid = args->valid,
                                                   .trained_before = run->history.steps > 0,
                                                   .on_hint = show_hint,
                                                   .user = run});
    return run->doctor != NULL;
}

/* False after an error. */
static bool begin(tp_run *run) {
    tp_fit_args *args = &run->args;
    if (!check(run->at, args)) return false;
    run->batches = tp_loader_batches(args->loader);
    run->lr = tp_optim_lr(args->optim, 0);
    if (!tp_modes_save(&run->modes, run->at, "fit", args->module)) return false;
    if (!tp_is_training_at(run->at, args->module)) tp_train_at(run->at, args->module);
    if (args->resume && !tp_run_resume(run)) return false;
    if (!call_doctor(run)) return false;
    if (args->checkpoint_seconds > 0) run->checkpoint_at = tp_clock() + args->checkpoint_seconds;
    return tp_history_log_open(&run->log, run->at, args, &run->history) && tp_run_events_begin(run);
}

static void run_epochs(tp_run *run) {
    const tp_fit_args *args = &run->args;
    while (run->history.stop == TP_STOP_NOT_YET) {
        bool all = run->epoch >= args->epochs ||
                   (args->max_steps > 0 && run->history.steps >= args->max_steps);
        if (all)
            tp_run_stop(run, TP_STOP_EPOCHS);
        else if (args->patience > 0 && run->waiting >= args->patience)
            tp_run_stop(run, TP_STOP_PATIENCE);
        else
            run_epoch(run);
    }
}

/* The page is about what the run did, so it is written last; that it cannot be written is an error of its own. */
static void write_report(const tp_run *run) {
    const tp_fit_args *args = &run->args;
    const tp_history *h = &run->history;
    if (!args->report || h->stop == TP_STOP_ERROR || h->stop == TP_STOP_NUMBER) return;
    tp_train_report_at(run->at, (tp_train_report_args){.path = args->report,
                                                       .history = h,
                                                       .module = args->module,
                                                       .optim = args->optim,
                                                       .train = args->loader,
                                                       .valid = args->valid,
                                                       .test = args->report_test,
                                                       .loss = args->loss});
}

static tp_history fit(tp_location at, tp_fit_args args) {
    tp_run run = {.at = at,
                  .args = args,
                  .history = {.stop = TP_STOP_NOT_YET, .best_loss = NAN},
                  .reference = INFINITY,
                  .last_loss = NAN,
                  .started_run = tp_clock()};
    if (args.handle_interrupt) tp_interrupt_begin();
    if (begin(&run)) {
        tp_show_begin(&run.show, &run.args);
        tp_show_note(&run.show, tp_precision_fallback(args.precision));
        run.show.first_step = run.history.steps;
        tp_run_call(&run, offsetof(tp_callback, on_start), NULL, NULL);
        run_epochs(&run);
        tp_run_call(&run, offsetof(tp_callback, on_end), NULL, NULL);
        tp_run_best_restore(&run);
        run.history.seconds = tp_run_seconds(&run);
        tp_show_end(&run.show, &run);
    } else {
        run.history.stop = TP_STOP_ERROR;
    }
    if (args.handle_interrupt) tp_interrupt_end();
    tp_history_log_close(&run.log);
    if (!tp_run_events_end(&run)) run.history.stop = TP_STOP_ERROR;
    tp_doctor_discharge(run.doctor, &run.history);
    tp_doctor_free(run.doctor);
    tp_modes_restore(&run.modes);
    tp_run_best_free(&run);
    write_report(&run);
    return run.history;
}

tp_history tp_fit_at(tp_location at, tp_fit_args args) {
    if (args.precision == TP_PRECISION_UNCHANGED) return fit(at, args);
    tp_precision before = tp_get_float32_matmul_precision();
    tp_set_float32_matmul_precision(args.precision);
    tp_history history = fit(at, args);
    tp_set_float32_matmul_precision(before);
    return history;
}
