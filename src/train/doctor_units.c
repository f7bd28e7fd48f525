/* Units that have died: a ReLU that is 0 for every sample gets no gradient and stays so. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "data/loader.h"
#include "nn/module.h"
#include "train/doctor.h"
#include "train/modes.h"

enum { SAMPLES = 256, FEWEST = 96 };

/* The ReLU layer with the largest share of dead units. */
typedef struct autopsy {
    double share;
    int64_t dead, units;
    char name[96];
} autopsy;

/* y (N, units, ...): a unit lives where any of its values is above 0. */
static int64_t count_dead(const tp_tensor *y) {
    int64_t units = y->shape[1], inner = y->numel / (y->shape[0] * units), dead = 0;
    for (int64_t u = 0; u < units; u++) {
        bool lives = false;
        for (int64_t n = 0; n < y->shape[0] && !lives; n++) {
            const float *values = (const float *)(const void *)y->data + (n * units + u) * inner;
            for (int64_t i = 0; i < inner && !lives; i++) lives = values[i] > 0;
        }
        dead += !lives;
    }
    return dead;
}

static void examine(tp_module *module, tp_tensor *x, tp_tensor *y, void *user) {
    autopsy *a = user;
    (void)x;
    if (strcmp(module->type, "ReLU") != 0 || tp_is_poison(y)) return;
    if (y->dtype != TP_FLOAT32 || y->ndim < 2 || !y->contiguous || !y->numel) return;
    int64_t dead = count_dead(y);
    double share = (double)dead / (double)y->shape[1];
    if (share <= a->share || y->shape[1] < 4) return;
    *a = (autopsy){.share = share, .dead = dead, .units = y->shape[1]};
    snprintf(a->name, sizeof a->name, "%s", tp_module_full_path(module));
}

/* Runs the model on some samples in evaluation mode, with every layer's output seen. */
static bool run(const tp_doctor *doctor, tp_tensor *x, autopsy *a) {
    tp_module_state *state = tp_module_state_get();
    tp_modes modes;
    if (!state || !tp_modes_save(&modes, doctor->at, "doctor", doctor->args.module)) return false;
    tp_module_observer observer = state->observer;
    void *user = state->observer_user;
    tp_eval_at(doctor->at, doctor->args.module);
    state->observer = examine;
    state->observer_user = a;
    bool fine = !tp_is_poison(tp_call_at(doctor->at, doctor->args.module, x));
    state->observer = observer;
    state->observer_user = user;
    tp_modes_restore(&modes);
    return fine;
}

void tp_doctor_look_at_units(tp_doctor *doctor) {
    tp_loader *loader = doctor->args.loader;
    if (!doctor->has_relus || !loader || doctor->given[TP_HINT_DEAD_UNITS]) return;
    int64_t size = tp_dataset_size(loader->args.dataset);
    int64_t count = size < SAMPLES ? size : SAMPLES, indices[SAMPLES];
    if (count < FEWEST) return;
    for (int64_t i = 0; i < count; i++) indices[i] = i * size / count;
    tp_picture_args pictures = {.raw = loader->args.raw};
    memcpy(pictures.mean, loader->args.mean, sizeof pictures.mean);
    memcpy(pictures.std, loader->args.std, sizeof pictures.std);
    tp_batch batch;
    autopsy a = {.share = 0};
    if (!tp_dataset_batch_at(doctor->at, loader->args.dataset, indices, count, pictures, &batch) ||
        !run(doctor, batch.x, &a) || a.share < 0.6)
        return;
    tp_doctor_hint(
        doctor, TP_HINT_DEAD_UNITS,
        "In layer %s %lld of %lld units are 0 for all of %lld samples: they get no gradient and"
        " stay so.\nLower the learning rate, check that biases do not start far below 0, or"
        " use tp_nn_leaky_relu.",
        a.name, (long long)a.dead, (long long)a.units, (long long)count);
}
