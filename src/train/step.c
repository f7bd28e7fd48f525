/* One step of training. */
#include <math.h>
#include <taper/autograd.h>

#include "base/context.h"
#include "train/run.h"

static bool clip(tp_run *run, const tp_batch *batch) {
    const tp_fit_args *args = &run->args;
    if (args->clip_norm > 0 || args->grad_norm) {
        double limit = args->clip_norm > 0 ? args->clip_norm : INFINITY;
        double norm =
            tp_clip_grad_norm_at(run->at, (tp_clip_args){.optim = args->optim, .limit = limit});
        if (!isfinite(norm)) {
            tp_run_explain(run, batch, "a gradient whose norm is", norm);
            return tp_run_stop(run, TP_STOP_NUMBER);
        }
        run->norm_sum += norm;
        run->norms++;
    }
    if (args->clip_value > 0)
        tp_clip_grad_value_at(run->at,
                              (tp_clip_args){.optim = args->optim, .limit = args->clip_value});
    return true;
}

/* The loss as a number; false where the run stops for it. */
static bool read_loss(tp_run *run, const tp_batch *batch, tp_tensor *loss) {
    bool poisoned = !loss || tp_is_poison(loss);
    double value =
        tp_item_at(run->at, loss); /* poison surfaces here; so does a loss of several elements */
    if (poisoned || tp_numel(loss) != 1) return tp_run_stop(run, TP_STOP_ERROR);
    run->last_loss = value;
    if (isfinite(value)) return true;
    tp_run_explain(run, batch, "a loss of", value);
    return tp_run_stop(run, TP_STOP_NUMBER);
}

bool tp_run_step(tp_run *run, const tp_batch *batch) {
    const tp_fit_args *args = &run->args;
    run->before = tp_ctx()->generator; /* should this step have to be run again, see explain.c */
    tp_tensor *target = batch->y ? batch->y : batch->x;
    tp_tensor *output = tp_call_at(run->at, args->module, batch->x);
    tp_tensor *loss = args->loss(output, target);
    if (!read_loss(run, batch, loss)) return false;
    run->loss_sum += run->last_loss * (double)batch->size;
    run->samples += batch->size;
    tp_score_batch(&run->score, args->loss, output, target);

    tp_zero_grad_at(run->at, args->optim);
    if (!tp_backward_at(run->at, (tp_backward_args){.x = loss}))
        return tp_run_stop(run, TP_STOP_ERROR);
    tp_doctor_step(run->doctor, batch, output, loss);
    if (!clip(run, batch)) return false;
    if (!tp_step_at(run->at, args->optim)) return tp_run_stop(run, TP_STOP_ERROR);
    run->lr = tp_optim_lr(args->optim, 0);
    if (args->schedule && args->schedule_per_step && !tp_schedule_step_at(run->at, args->schedule))
        return tp_run_stop(run, TP_STOP_ERROR);
    run->batch++;
    run->history.steps++;
    if (args->callbacks) {
        tp_run_call(run, offsetof(tp_callback, on_step_end), batch, output);
        return run->history.stop == TP_STOP_NOT_YET;
    }
    return true;
}
