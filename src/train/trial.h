/* A trial: training that leaves no trace. */
#ifndef TP_TRAIN_TRIAL_H
#define TP_TRAIN_TRIAL_H

#include <taper/train.h>

#include "base/random.h"
#include "train/modes.h"

/* What is put back afterwards. */
typedef struct tp_trial {
    tp_location at;
    const char *op;
    tp_module *module;
    tp_loader *loader;
    tp_optim *optim;
    tp_loss_function loss;
    tp_named_tensor *weights, *states; /* copies that the user owns */
    size_t weight_count, state_count;
    tp_modes modes;
    struct tp_generator generator;
    unsigned char cursor[TP_LOADER_STATE_BYTES];
} tp_trial;

/* Notes everything and puts the model in training mode. False after an error; then nothing has to be ended. */
bool tp_trial_begin(tp_trial *trial);
/* Puts everything back. False after an error. */
bool tp_trial_end(tp_trial *trial);
/* One step on a batch. NaN after an error, and where the loss is no number: then the weights are not changed. *accuracy may be
 * NULL. */
double tp_trial_step(tp_trial *trial, const tp_batch *batch, double *accuracy);

#endif
