/* The end of an epoch: validation, early stopping, best weights, schedule, history, checkpoint. */
#include <math.h>
#include <taper/autograd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "train/run.h"

/* ---- best weights ---- */

static bool best_prepare(tp_run *run, tp_named_list state) {
    if (run->best) return true;
    size_t bytes = (state.count + 1) * sizeof *run->best;
    run->best = tp_new(bytes);
    if (!run->best) {
        tp_fail_memory(run->at, "fit", bytes);
        return false;
    }
    for (size_t i = 0; i < state.count; i++) {
        tp_tensor *copy = tp_empty_like_at(run->at, (tp_like_args){.x = state.items[i].tensor});
        if (tp_is_poison(copy)) return false;
        run->best[run->best_count++] = (tp_named_tensor){state.items[i].name, tp_keep(copy)};
    }
    return true;
}

bool tp_run_best_keep(tp_run *run) {
    tp_named_list state = tp_state_dict_at(run->at, run->args.module);
    if (!best_prepare(run, state)) return false;
    for (size_t i = 0; i < run->best_count; i++) {
        tp_tensor *to = run->best[i].tensor;
        run->best[i].name = state.items[i].name;
        if (tp_numel(to) && !tp_copy_out_at(run->at, state.items[i].tensor, tp_data(to)))
            return false;
    }
    return true;
}

void tp_run_best_restore(tp_run *run) {
    /* After an error the weights stay as they are, for whoever looks for its cause. */
    if (!run->args.restore_best || !run->best || run->history.stop == TP_STOP_ERROR) return;
    if (!tp_load_state_at(run->at, (tp_load_state_args){.module = run->args.module,
                                                        .items = run->best,
                                                        .count = run->best_count}))
        run->history.stop = TP_STOP_ERROR;
}

void tp_run_best_free(tp_run *run) {
    for (size_t i = 0; i < run->best_count; i++) tp_free(run->best[i].tensor);
    tp_delete(run->best);
    run->best = NULL;
    run->best_count = 0;
}

/* ---- the rest ---- */

/* Fills in what validation says; false where the run stops. */
static bool validate(tp_run *run, tp_epoch *epoch) {
    epoch->valid_loss = epoch->valid_accuracy = NAN;
    if (!run->args.valid) return true;
    tp_evaluation e = tp_evaluate_at(run->at, (tp_evaluate_args){.module = run->args.module,
                                                                 .loader = run->args.valid,
                                                                 .loss = run->args.loss});
    epoch->valid_loss = e.loss;
    epoch->valid_accuracy = e.accuracy;
    if (!e.ok) return tp_run_stop(run, TP_STOP_ERROR);
    if (!e.samples || isfinite(e.loss)) return true;
    tp_run_explain(run, NULL, "a validation loss of", e.loss);
    return tp_run_stop(run, TP_STOP_NUMBER);
}

/* Counts epochs without a fall, and keeps the best weights. */
static bool watch(tp_run *run, tp_epoch *epoch, double loss) {
    const tp_fit_args *args = &run->args;
    bool fell =
        args->min_delta > 0 ? run->reference - loss >= args->min_delta : loss < run->reference;
    run->waiting = fell ? 0 : run->waiting + 1;
    if (fell || args->rule == TP_STOP_RULE_PREVIOUS) run->reference = loss;
    epoch->best = run->history.best_epoch == 0 || loss < run->history.best_loss;
    if (!epoch->best) return true;
    run->history.best_epoch = epoch->epoch;
    run->history.best_loss = loss;
    return !args->restore_best || tp_run_best_keep(run);
}

static bool step_schedule(tp_run *run, double loss) {
    tp_schedule *schedule = run->args.schedule;
    if (!schedule || run->args.schedule_per_step) return true;
    return tp_schedule_needs_metric(schedule) ? tp_schedule_step_metric_at(run->at, schedule, loss)
                                              : tp_schedule_step_at(run->at, schedule);
}

void tp_run_epoch_end(tp_run *run) {
    tp_epoch epoch = {.epoch = run->epoch + 1,
                      .steps = run->history.steps,
                      .train_loss = run->samples ? run->loss_sum / (double)run->samples : NAN,
                      .train_accuracy = tp_score_accuracy(&run->score),
                      .lr = run->lr,
                      .grad_norm = run->norms ? run->norm_sum / (double)run->norms : NAN};
    bool fine = validate(run, &epoch);
    if (run->history.stop != TP_STOP_NOT_YET) return;
    tp_doctor_epoch(run->doctor, epoch.train_loss, epoch.valid_loss);
    double loss = run->args.valid ? epoch.valid_loss : epoch.train_loss;
    fine = fine && watch(run, &epoch, loss) && step_schedule(run, loss);
    epoch.seconds = tp_run_epoch_seconds(run);
    fine = fine && tp_history_add(run->at, &run->history, &epoch) &&
           tp_history_log_add(&run->log, run->at, &epoch) && tp_run_events_add(run, &epoch);
    if (!fine) {
        tp_run_stop(run, TP_STOP_ERROR);
        return;
    }
    tp_show_epoch_end(&run->show, run, &epoch);
    tp_run_call(run, offsetof(tp_callback, on_epoch_end), NULL, NULL);
    run->epoch++;
    run->batch = 0;
    run->started = 0;
    run->seconds = 0;
    if (run->args.handle_interrupt && tp_interrupted()) tp_run_stop(run, TP_STOP_INTERRUPTED);
    if (run->args.checkpoint && !tp_run_save(run)) run->history.stop = TP_STOP_ERROR;
}
