/* Loss and metrics of a model over a loader. */
#include <math.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/train.h>

#include "base/alloc.h"
#include "base/context.h"
#include "base/fail.h"
#include "train/clock.h"
#include "train/modes.h"
#include "train/score.h"

typedef struct evaluator {
    tp_location at;
    const tp_evaluate_args *args;
    tp_score score;
    double loss_sum;
    int64_t samples;
} evaluator;

/* The matrix is made when the first batch shows how many classes there are. */
static bool prepare_confusion(evaluator *e, const tp_tensor *output) {
    if (!e->args->confusion || e->score.confusion || tp_ndim(output) != 2) return true;
    int64_t classes = tp_size(output, 1);
    e->score.confusion = tp_new((size_t)(classes * classes) * sizeof(int64_t) + 1);
    e->score.classes = classes;
    if (!e->score.confusion) tp_fail_memory(e->at, "evaluate", (size_t)(classes * classes) * 8);
    return e->score.confusion != NULL;
}

static bool evaluate_batch(evaluator *e, const tp_batch *batch) {
    tp_tensor *target = batch->y ? batch->y : batch->x;
    tp_tensor *output = tp_call_at(e->at, e->args->module, batch->x);
    tp_tensor *loss = e->args->loss(output, target);
    bool poisoned = !loss || tp_is_poison(loss);
    double value = tp_item_at(e->at, loss);
    if (poisoned || tp_numel(loss) != 1 || !prepare_confusion(e, output)) return false;
    e->loss_sum += value * (double)batch->size;
    e->samples += batch->size;
    tp_score_batch(&e->score, e->args->loss, output, target);
    return true;
}

/* False after an error. */
static bool evaluate_all(evaluator *e) {
    const uint32_t *errors = &tp_ctx()->error.count, before = *errors;
    tp_batch batch;
    bool fine = true;
    tp_grad_mode mode = tp_grad_mode_begin(false);
    while (fine && tp_next_at(e->at, e->args->loader, &batch)) fine = evaluate_batch(e, &batch);
    if (!fine) tp_loader_reset(e->args->loader);
    tp_grad_mode_end(&mode);
    return fine && *errors == before;
}

static tp_tensor *confusion_tensor(const evaluator *e) {
    int64_t n = e->score.classes;
    return tp_from_data_at(
        e->at, (tp_data_args){.data = e->score.confusion, .shape = {2, {n, n}}, .dtype = TP_INT64});
}

tp_evaluation tp_evaluate_at(tp_location at, tp_evaluate_args args) {
    tp_evaluation result = {.loss = NAN, .accuracy = NAN, .topk_accuracy = NAN};
    if (!args.module || !args.loader) {
        tp_fail(at, "evaluate", TP_ERROR_ARGUMENT, args.module ? "loader NULL" : "module NULL",
                "a module and a loader", NULL);
        return result;
    }
    if (!args.loss) args.loss = (tp_cross_entropy);
    double started = tp_clock();
    tp_modes modes;
    if (!tp_modes_save(&modes, at, "evaluate", args.module)) return result;
    tp_eval_at(at, args.module);
    evaluator e = {.at = at, .args = &args, .score = {.k = args.topk > 0 ? args.topk : 0}};
    result.ok = evaluate_all(&e);
    tp_modes_restore(&modes);
    result.samples = e.samples;
    result.correct = e.score.correct;
    if (e.samples) result.loss = e.loss_sum / (double)e.samples;
    result.accuracy = tp_score_accuracy(&e.score);
    if (args.topk > 0 && e.score.rows)
        result.topk_accuracy = (double)e.score.among / (double)e.score.rows;
    if (e.score.confusion) {
        result.confusion = confusion_tensor(&e);
        result.ok = result.ok && !tp_is_poison(result.confusion);
    }
    tp_delete(e.score.confusion);
    result.seconds = tp_clock() - started;
    return result;
}
