#include "train/trial.h"

#include <math.h>
#include <string.h>
#include <taper/autograd.h>

#include "base/alloc.h"
#include "base/context.h"
#include "base/fail.h"
#include "tensor/tensor.h"
#include "train/score.h"

static void free_copies(tp_named_tensor *copies, size_t count) {
    for (size_t i = 0; copies && i < count; i++) tp_free(copies[i].tensor);
    tp_delete(copies);
}

/* Copies of a list that the user owns; their names stay those of the list. False when out of memory. */
static bool copy_list(const tp_trial *trial, tp_named_list list, tp_named_tensor **out,
                      size_t *count) {
    *count = 0;
    *out = tp_new((list.count + 1) * sizeof **out);
    if (!*out) {
        tp_fail_memory(trial->at, trial->op, list.count * sizeof **out);
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        const tp_tensor *x = list.items[i].tensor;
        tp_tensor *copy = tp_make_like(trial->at, trial->op, x);
        char *name = tp_string_copy(list.items[i].name);
        if (copy->poison || !name || (x->numel && !tp_copy_out_at(trial->at, x, copy->data))) {
            tp_delete(name);
            return false;
        }
        (*out)[(*count)++] = (tp_named_tensor){name, tp_keep(copy)};
    }
    return true;
}

static void free_list(tp_named_tensor *copies, size_t count) {
    for (size_t i = 0; copies && i < count; i++) tp_delete((void *)copies[i].name);
    free_copies(copies, count);
}

static void forget(tp_trial *trial) {
    free_list(trial->weights, trial->weight_count);
    free_list(trial->states, trial->state_count);
    trial->weights = trial->states = NULL;
}

bool tp_trial_begin(tp_trial *trial) {
    if (!trial->module || !trial->loader || !trial->optim) {
        tp_fail(trial->at, trial->op, TP_ERROR_ARGUMENT,
                !trial->module   ? "module NULL"
                : !trial->loader ? "loader NULL"
                                 : "no .optim",
                "a module, a loader and .optim", NULL);
        return false;
    }
    if (!trial->loss) trial->loss = (tp_cross_entropy);
    trial->generator = tp_ctx()->generator;
    tp_loader_save_state(trial->loader, trial->cursor);
    bool fine = copy_list(trial, tp_state_dict_at(trial->at, trial->module), &trial->weights,
                          &trial->weight_count) &&
                copy_list(trial, tp_optim_state_dict_at(trial->at, trial->optim), &trial->states,
                          &trial->state_count) &&
                tp_modes_save(&trial->modes, trial->at, trial->op, trial->module);
    if (fine)
        tp_train_at(trial->at, trial->module);
    else
        forget(trial);
    return fine;
}

bool tp_trial_end(tp_trial *trial) {
    tp_modes_restore(&trial->modes);
    tp_loader_reset(trial->loader);
    tp_zero_grad_at(trial->at, trial->optim);
    bool fine = tp_load_state_at(trial->at, (tp_load_state_args){.module = trial->module,
                                                                 .items = trial->weights,
                                                                 .count = trial->weight_count});
    fine =
        tp_optim_load_state_at(trial->at, trial->optim, trial->states, trial->state_count) && fine;
    fine = tp_loader_load_state_at(trial->at, trial->loader, trial->cursor, sizeof trial->cursor) &&
           fine;
    tp_ctx()->generator = trial->generator;
    forget(trial);
    return fine;
}

double tp_trial_step(tp_trial *trial, const tp_batch *batch, double *accuracy) {
    tp_tensor *target = batch->y ? batch->y : batch->x;
    tp_tensor *output = tp_call_at(trial->at, trial->module, batch->x);
    tp_tensor *loss = trial->loss(output, target);
    bool poisoned = !loss || tp_is_poison(loss);
    double value = tp_item_at(trial->at, loss);
    if (poisoned || !isfinite(value)) return NAN;
    if (accuracy) {
        tp_score score = {0};
        tp_score_batch(&score, trial->loss, output, target);
        *accuracy = tp_score_accuracy(&score);
    }
    tp_zero_grad_at(trial->at, trial->optim);
    bool fine = tp_backward_at(trial->at, (tp_backward_args){.x = loss}) &&
                tp_step_at(trial->at, trial->optim);
    return fine ? value : NAN;
}
