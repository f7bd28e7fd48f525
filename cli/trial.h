/* What `taper train` tries before a run instead of running: --find-lr and --overfit-one-batch. */
#ifndef CLI_TRIAL_H
#define CLI_TRIAL_H

#include "job.h"

/* Prints the curve of the loss while the learning rate rises and a suggestion; the picture and its numbers go to the folder.
 * Returns the exit status. */
int trial_find_lr(const job *j, tp_module *model, tp_loader *train, tp_optim *optim,
                  tp_loss_function loss, const char *folder);
/* Prints whether the model can learn one batch by heart. The exit status is EXIT_FAILED where it cannot. */
int trial_overfit(const job *j, tp_module *model, tp_loader *train, tp_optim *optim,
                  tp_loss_function loss);

#endif
