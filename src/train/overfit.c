/* Learning a single batch by heart: the first experiment with any model. */
#include <math.h>
#include <taper/tune.h>

#include "base/context.h"
#include "train/trial.h"

enum { ROUNDS_RIGHT = 3 };

/* Goes on until the loss is a twentieth of the first, or all samples were right a few times in a row. */
static bool run(tp_trial *trial, const tp_overfit_args *args, tp_overfit_result *result) {
    uint32_t errors = tp_ctx()->error.count;
    tp_batch batch;
    if (!tp_next_at(trial->at, trial->loader, &batch)) return false;
    int right = 0;
    while (result->steps < args->steps && !result->learned) {
        tp_scope scope = tp_scope_begin();
        double loss = tp_trial_step(trial, &batch, &result->accuracy);
        tp_scope_end(&scope);
        if (!isfinite(loss)) break;
        if (result->steps++ == 0) result->first_loss = loss;
        result->last_loss = loss;
        right = result->accuracy >= 1 ? right + 1 : 0;
        result->learned = loss <= 0.05 * result->first_loss ||
                          (right >= ROUNDS_RIGHT && loss < 0.5 * result->first_loss);
    }
    return tp_ctx()->error.count == errors;
}

tp_overfit_result tp_overfit_batch_at(tp_location at, tp_overfit_args args) {
    tp_overfit_result result = {.first_loss = NAN, .last_loss = NAN, .accuracy = NAN};
    tp_trial trial = {.at = at,
                      .op = "overfit_batch",
                      .module = args.module,
                      .loader = args.loader,
                      .optim = args.optim,
                      .loss = args.loss};
    if (args.steps < 1) args.steps = 300;
    if (!tp_trial_begin(&trial)) return result;
    result.ok = run(&trial, &args, &result);
    result.ok = tp_trial_end(&trial) && result.ok;
    return result;
}
