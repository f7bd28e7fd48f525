/* What a run trains, and with what: from names and numbers to objects. */
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "job.h"
#include "report.h"
#include "words.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef struct named_model {
    const char *name, *layers; /* the layers before the last linear one */
} named_model;
static const named_model models[] = {{"mlp", "flatten linear:128 relu linear:64 relu"},
                                     {"logistic", "flatten"}};

/* Remembers an error of the parser so that it can be shown with a caret. */
static void remember(const tp_error *error, void *user) { tp_error_format(error, user, 512); }

/* "nn_from_text: ...: got "linaer:1" at column 9: ..." with the text and a caret under the word. */
static void show_caret(const char *line, const char *layers) {
    const char *column = strstr(line, "at column ");
    fprintf(stderr, "taper: --model is not understood.\n  %s\n", layers);
    if (column) fprintf(stderr, "  %*s^\n", atoi(column + 10) - 1, "");
    const char *what = column ? strchr(column, ':') : NULL;
    fprintf(stderr, "  %s\n", what ? what + 2 : line);
}

tp_module *job_model(const job *j, tp_shape sample, int classes) {
    char layers[512];
    snprintf(layers, sizeof layers, "%s", j->model);
    for (size_t i = 0; i < LENGTH(models); i++) {
        if (strcmp(j->model, models[i].name)) continue;
        snprintf(layers, sizeof layers, "%s linear:%d", models[i].layers, classes);
    }
    char line[512] = "";
    tp_set_error_handler(remember, line);
    tp_module *model = tp_nn_from_text(layers, sample);
    tp_clear_error();
    report_errors();
    if (model) return model;
    const char *names[] = {models[0].name, models[1].name};
    const char *near = strpbrk(layers, " :")
                           ? NULL
                           : tp_nearest_word(layers, strlen(layers), names, LENGTH(names));
    if (near)
        fprintf(
            stderr,
            "taper: there is no model \"%s\"; did you mean %s? (Or layers: \"flatten linear:128 relu linear:10\")\n",
            layers, near);
    else
        show_caret(line, layers);
    return NULL;
}

tp_optim *job_optim(const job *j, tp_module *model) {
    double lr = j->lr < 0 ? 0 : j->lr == 0 ? TP_ZERO : j->lr;
    double decay = j->weight_decay < 0 ? 0 : j->weight_decay == 0 ? TP_ZERO : j->weight_decay;
    switch (word_index(j->optimizer, job_optimizers, JOB_OPTIMIZERS)) {
    case 0:
        return tp_sgd(model, .lr = j->lr < 0 ? 0.01 : lr, .momentum = j->momentum,
                      .weight_decay = decay, .nesterov = j->nesterov);
    case 2: return tp_adamw(model, .lr = lr, .weight_decay = decay);
    case 3: return tp_rmsprop(model, .lr = lr, .momentum = j->momentum, .weight_decay = decay);
    case 4: return tp_adagrad(model, .lr = lr, .weight_decay = decay);
    default: return tp_adam(model, .lr = lr, .weight_decay = decay);
    }
}

/* The schedule proper, in units of `steps` steps (an epoch, or 1 where it goes by epochs). */
static tp_schedule *plain_schedule(const job *j, tp_optim *optim, int kind, int64_t steps) {
    switch (kind) {
    case 1: return tp_step_lr(optim, .step_size = j->step_size * steps, .gamma = j->step_gamma);
    case 2: return tp_cosine_annealing_lr(optim, .t_max = j->epochs * steps - j->warmup);
    case 3:
        return tp_one_cycle_lr(optim, .max_lr = tp_optim_lr(optim, 0),
                               .total_steps = j->epochs * steps);
    default: return tp_reduce_lr_on_plateau(optim, .factor = j->step_gamma);
    }
}

bool job_schedule(const job *j, tp_optim *optim, int64_t steps, tp_schedule **schedule,
                  bool *per_step) {
    int kind = word_index(j->schedule, job_schedules, JOB_SCHEDULES);
    *per_step = j->warmup > 0 || kind == 3;
    *schedule = NULL;
    if (kind == 0 && !j->warmup) return true;
    if (j->warmup >= j->epochs * steps) {
        fprintf(stderr, "taper train: --warmup %lld, but the run has %lld steps.\n",
                (long long)j->warmup, (long long)(j->epochs * steps));
        return false;
    }
    if (kind) *schedule = plain_schedule(j, optim, kind, *per_step ? steps : 1);
    if (kind && !*schedule) return false;
    if (j->warmup) *schedule = tp_warmup_lr(optim, .steps = j->warmup, .next = *schedule);
    return *schedule != NULL;
}
