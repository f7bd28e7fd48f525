#include "job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/nearest.h"
#include "precision.h"
#include "words.h"

#define PLACE(field)  offsetof(job, field)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const option job_options[] = {
    {"Data", OPTION_HEADING, NULL, NULL, 0, 0},
    {"data", OPTION_TEXT, "NAME|DIR",
     "digits (synthetic, drawn at run time), mnist, fashion, kmnist,\ncifar10, cifar100; or a folder with IDX or CIFAR files, with a\nfolder of pictures for each class (or train, val and test with\nsuch folders), or with a CSV list of pictures; or such a list, or\nan .npz file (digits)",
     PLACE(data), 0},
    {"image-size", OPTION_COUNT, "N",
     "make pictures of folders and lists N x N\n(as they are; 64 where their sizes differ)",
     PLACE(image_size), 1},
    {"per-class", OPTION_COUNT, "N", "train on N pictures of each class (all)", PLACE(per_class),
     1},
    {"limit", OPTION_COUNT, "N", "train on the first N pictures only (all)", PLACE(limit), 1},
    {"test-limit", OPTION_COUNT, "N", "test on the first N pictures only (all)", PLACE(test_limit),
     1},
    {"val-split", OPTION_NUMBER, "SHARE",
     "share of the training pictures kept for validation, 0 to 1\n(0; 0.1 with --patience)",
     PLACE(val_split), 0},
    {"val-count", OPTION_COUNT, "N", "the same as a number of pictures", PLACE(val_count), 0},
    {"Model", OPTION_HEADING, NULL, NULL, 0, 0},
    {"model", OPTION_TEXT, "NAME|LAYERS",
     "mlp, convnet, resnet18, ... or layers written out:\n\"flatten linear:128 relu linear:10\" (mlp)",
     PLACE(model), 0},
    {"Training", OPTION_HEADING, NULL, NULL, 0, 0},
    {"epochs", OPTION_COUNT, "N", "passes over the training pictures (5)", PLACE(epochs), 1},
    {"batch-size", OPTION_COUNT, "N", "pictures a step (32)", PLACE(batch_size), 1},
    {"optimizer", OPTION_TEXT, "NAME", "sgd, adam, adamw, rmsprop, adagrad (adam)",
     PLACE(optimizer), 0},
    {"lr", OPTION_NUMBER, "X", "learning rate (sgd, rmsprop, adagrad 0.01; adam, adamw 0.001)",
     PLACE(lr), 0},
    {"momentum", OPTION_NUMBER, "X", "of sgd and rmsprop (0)", PLACE(momentum), 0},
    {"nesterov", OPTION_FLAG, NULL, "Nesterov's momentum", PLACE(nesterov), 0},
    {"weight-decay", OPTION_NUMBER, "X", "pull of the weights towards 0 (0; adamw 0.01)",
     PLACE(weight_decay), 0},
    {"label-smoothing", OPTION_NUMBER, "X", "of the cross entropy, 0 to 1 (0)",
     PLACE(label_smoothing), 0},
    {"clip-norm", OPTION_NUMBER, "X", "scale gradients down to this norm (off)", PLACE(clip_norm),
     0},
    {"schedule", OPTION_TEXT, "NAME",
     "of the learning rate: none, step, cosine, onecycle, plateau (none)", PLACE(schedule), 0},
    {"warmup", OPTION_COUNT, "N", "steps in which the learning rate rises to --lr first (0)",
     PLACE(warmup), 1},
    {"step-size", OPTION_COUNT, "N", "epochs between the falls of --schedule step (10)",
     PLACE(step_size), 1},
    {"gamma", OPTION_NUMBER, "X", "factor of each fall of step and plateau (0.1)",
     PLACE(step_gamma), 0},
    {"patience", OPTION_COUNT, "N", "stop after N epochs in a row without progress (off)",
     PLACE(patience), 0},
    {"min-delta", OPTION_NUMBER, "X", "a smaller fall of the loss is no progress (0)",
     PLACE(min_delta), 0},
    {"best", OPTION_FLAG, NULL, "keep the weights of the epoch with the lowest validation loss",
     PLACE(keep_best), 0},
    {"seed", OPTION_COUNT, "N", "of weights and order; the same seed gives the same bytes (0)",
     PLACE(seed), 0},
    {"doctor", OPTION_TEXT, "on|off",
     "hints where training goes wrong, with the reason and what to do (on)", PLACE(doctor), 0},
    {"find-lr", OPTION_FLAG, NULL,
     "do not train: show the loss while the learning rate rises, and\nsuggest one", PLACE(find_lr),
     0},
    {"overfit-one-batch", OPTION_FLAG, NULL,
     "do not train: tell whether the model can learn one batch by heart,\nas any sound one can",
     PLACE(overfit), 0},
    {"Machine", OPTION_HEADING, NULL, NULL, 0, 0},
    {"threads", OPTION_COUNT, "N", "threads of the kernels (all processors)", PLACE(threads), 1},
    PRECISION_OPTION(PLACE(precision)),
    {"workers", OPTION_COUNT, "N",
     "threads that prepare batches ahead (0; 2 for pictures in files)", PLACE(workers), 0},
    {"Output", OPTION_HEADING, NULL, NULL, 0, 0},
    {"out", OPTION_TEXT, "DIR",
     "folder of the run; an older run in it is replaced\n(runs/DATA-MODEL)", PLACE(out), 0},
    {"resume", OPTION_FLAG, NULL,
     "go on from the checkpoint in --out with the options that the run\nbegan with; those given here replace them, say --epochs",
     PLACE(resume), 0},
    {"plots", OPTION_FLAG, NULL, "draw the learning curves and write report.html (on; --no-plots)",
     PLACE(plots), 0},
    {"events", OPTION_FLAG, NULL,
     "TensorBoard's event file in DIR/events: losses, accuracies, weights", PLACE(events), 0},
    {"progress", OPTION_FLAG, NULL, "show progress (on; --no-progress)", PLACE(progress), 0},
    {"quiet", OPTION_FLAG, NULL, "print nothing but errors and the line of --json", PLACE(quiet),
     0},
    {"json", OPTION_FLAG, NULL, "end with one line of JSON for scripts; accuracies are from 0 to 1",
     PLACE(json), 0},
};
const size_t job_option_count = LENGTH(job_options);

job job_defaults(void) {
    return (job){.data = "digits",
                 .model = "mlp",
                 .val_split = -1,
                 .val_count = -1,
                 .workers = -1,
                 .epochs = 5,
                 .batch_size = 32,
                 .optimizer = "adam",
                 .schedule = "none",
                 .doctor = "on",
                 .precision = "float32",
                 .lr = -1,
                 .weight_decay = -1,
                 .step_gamma = 0.1,
                 .step_size = 10,
                 .plots = true,
                 .progress = true};
}

void *job_own(job *j, void *block) {
    if (block && j->owned_count < JOB_OWNED) j->owned[j->owned_count++] = block;
    return block;
}

void job_release(job *j) {
    for (int i = 0; i < j->owned_count; i++) free(j->owned[i]);
    j->owned_count = 0;
}

const char *const job_optimizers[JOB_OPTIMIZERS] = {"sgd", "adam", "adamw", "rmsprop", "adagrad"};
const char *const job_schedules[JOB_SCHEDULES] = {"none", "step", "cosine", "onecycle", "plateau"};

bool job_check(const char *verb, const job *j) {
    if (!job_check_data(verb, j->data)) return false;
    if (!word_known(verb, "optimizer", j->optimizer, job_optimizers, JOB_OPTIMIZERS)) return false;
    if (!word_known(verb, "schedule", j->schedule, job_schedules, JOB_SCHEDULES)) return false;
    if (!word_known(verb, "setting of --doctor", j->doctor, (const char *const[]){"on", "off"}, 2))
        return false;
    if (!precision_check(verb, j->precision)) return false;
    const char *wrong = NULL;
    if (j->val_split >= 1) wrong = "--val-split is a share below 1; --val-count takes a number";
    if (j->val_split >= 0 && j->val_count >= 0) wrong = "give --val-split or --val-count, not both";
    if (j->label_smoothing > 1) wrong = "--label-smoothing is at most 1";
    if (j->nesterov && (j->momentum <= 0 || strcmp(j->optimizer, "sgd")))
        wrong = "--nesterov needs --optimizer sgd and a --momentum above 0";
    if (j->momentum > 0 && strcmp(j->optimizer, "sgd") && strcmp(j->optimizer, "rmsprop"))
        wrong = "--momentum is for --optimizer sgd or rmsprop";
    if (j->warmup && (!strcmp(j->schedule, "plateau") || !strcmp(j->schedule, "onecycle")))
        wrong = "--warmup goes with --schedule none, step or cosine";
    if (wrong) fprintf(stderr, "taper %s: %s.\n", verb, wrong);
    return !wrong;
}
