/* What a model makes of each sample of a data set. */
#include <math.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/ops.h>

#include "base/alloc.h"
#include "base/context.h"
#include "base/fail.h"
#include "train/modes.h"
#include "train/report.h"

/* Keeps the surest mistakes, sorted. */
static void note_mistake(tp_verdict *verdict, tp_mistake mistake) {
    int place = verdict->mistakes;
    while (place > 0 && verdict->worst[place - 1].share < mistake.share) place--;
    if (place == TP_MISTAKES) return;
    if (verdict->mistakes < TP_MISTAKES) verdict->mistakes++;
    memmove(&verdict->worst[place + 1], &verdict->worst[place],
            (size_t)(verdict->mistakes - place - 1) * sizeof mistake);
    verdict->worst[place] = mistake;
}

/* Counts a batch of outputs (n, C); false after an error. */
static bool judge(tp_location at, tp_verdict *verdict, int64_t *cells, const tp_batch *batch,
                  tp_tensor *output) {
    int64_t classes = tp_size(output, 1);
    tp_tensor *wide = tp_to_at(at, tp_softmax_at(at, output, 1), TP_FLOAT64);
    if (tp_is_poison(wide)) return false;
    const double *shares = tp_data(wide);
    const int64_t *labels = tp_data(batch->y);
    for (int64_t i = 0; shares && labels && i < batch->size; i++) {
        const double *row = shares + i * classes;
        int64_t taken = 0, label = labels[i];
        for (int64_t k = 1; k < classes; k++)
            if (row[k] > row[taken]) taken = k;
        if (label < 0 || label >= classes) continue;
        cells[label * classes + taken]++;
        verdict->correct += taken == label;
        if (taken != label)
            note_mistake(verdict, (tp_mistake){batch->index[i], label, taken, row[taken]});
    }
    return true;
}

static bool is_classes(const tp_batch *batch, const tp_tensor *output) {
    return batch->y && tp_dtype_of(batch->y) == TP_INT64 && tp_ndim(batch->y) == 1 &&
           tp_ndim(output) == 2 && tp_dtype_is_floating(tp_dtype_of(output)) &&
           tp_size(output, 1) > 1;
}

typedef struct judging {
    tp_location at;
    tp_module *module;
    tp_loss_function loss;
    tp_verdict *verdict;
    int64_t *cells, classes;
    double loss_sum;
} judging;

static bool judge_batch(judging *j, const tp_batch *batch) {
    tp_tensor *output = tp_call_at(j->at, j->module, batch->x);
    tp_tensor *loss = j->loss(output, batch->y ? batch->y : batch->x);
    double value = tp_item_at(j->at, loss);
    if (!loss || tp_is_poison(loss)) return false;
    j->loss_sum += value * (double)batch->size;
    j->verdict->samples += batch->size;
    if (!is_classes(batch, output)) return true;
    if (!j->cells) {
        j->classes = tp_size(output, 1);
        j->cells = tp_new((size_t)(j->classes * j->classes) * sizeof(int64_t));
        if (!j->cells) tp_fail_memory(j->at, "train_report", 0);
        j->verdict->classes = j->cells != NULL;
    }
    return j->cells && tp_size(output, 1) == j->classes &&
           judge(j->at, j->verdict, j->cells, batch, output);
}

static bool judge_all(judging *j, tp_loader *loader) {
    uint32_t before = tp_ctx()->error.count;
    tp_batch batch;
    bool fine = true;
    tp_grad_mode mode = tp_grad_mode_begin(false);
    while (fine && tp_next_at(j->at, loader, &batch)) fine = judge_batch(j, &batch);
    if (!fine) tp_loader_reset(loader);
    tp_grad_mode_end(&mode);
    return fine && tp_ctx()->error.count == before;
}

bool tp_verdict_make(tp_location at, tp_module *module, tp_loader *loader, tp_loss_function loss,
                     tp_verdict *verdict) {
    *verdict = (tp_verdict){.loss = NAN};
    tp_modes modes;
    if (!tp_modes_save(&modes, at, "train_report", module)) return false;
    tp_eval_at(at, module);
    judging j = {
        .at = at, .module = module, .loss = loss ? loss : (tp_cross_entropy), .verdict = verdict};
    bool fine = judge_all(&j, loader);
    tp_modes_restore(&modes);
    if (verdict->samples) verdict->loss = j.loss_sum / (double)verdict->samples;
    if (fine && j.cells) {
        verdict->confusion = tp_from_data_at(
            at, (tp_data_args){
                    .data = j.cells, .shape = {2, {j.classes, j.classes}}, .dtype = TP_INT64});
        fine = !tp_is_poison(verdict->confusion);
    }
    tp_delete(j.cells);
    return fine;
}
