/* What the verbs have in common: which data, which model, which optimiser, which folder. */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include <taper/taper.h>

#include "options.h"

enum { JOB_OWNED = 8 };

/* The settings of a run, as the options give them; -1 or NULL where an option was left out and its default depends on others. */
typedef struct job {
    const char *data, *model, *out;
    int64_t limit, test_limit, per_class, val_count, image_size;
    double val_split;
    int64_t epochs, batch_size, patience, seed, threads, workers;
    double min_delta;
    const char *optimizer, *schedule, *doctor, *precision;
    double lr, momentum, weight_decay, step_gamma, clip_norm, label_smoothing;
    int64_t step_size, warmup;
    bool no_init;    /* the weights are loaded or not needed, so they are not drawn */
    tp_shape sample; /* of the trained model, with its number of classes; empty where unknown */
    int64_t classes;
    const char *const *names; /* of the classes, where the file of weights has them; else NULL */
    bool nesterov, resume, quiet, json, progress, plots, events, keep_best, find_lr, overfit;
    void *owned[JOB_OWNED]; /* blocks in which texts of above lie, freed by job_release() */
    int owned_count;
} job;

extern const option job_options[];
extern const size_t job_option_count;

job job_defaults(void);
/* Hands over a block, to be freed with the job; returns it. */
void *job_own(job *j, void *block);
void job_release(job *j);
enum { JOB_OPTIMIZERS = 5, JOB_SCHEDULES = 5 };
extern const char *const job_optimizers[JOB_OPTIMIZERS];
extern const char *const job_schedules[JOB_SCHEDULES];

/* The data sets that are known by name. */
typedef struct job_known {
    const char *name, *title, *line;
} job_known;
extern const job_known job_known_data[];
extern const int job_known_count;
/* Whether it is one of them; else a sentence on stderr. */
bool job_check_known(const char *verb, const char *kind, const char *data);
/* Whether there is such a data set, folder or file; else a sentence on stderr. */
bool job_check_data(const char *verb, const char *data);
/* Whether it is "train", "valid" or "test"; else a sentence on stderr. */
bool job_check_split(const char *verb, const char *split);
/* Sentences on stderr for values that make no sense together or name nothing. */
bool job_check(const char *verb, const job *j);

/* Where the pictures come from. */
typedef struct job_data {
    tp_dataset *train, *valid, *test; /* valid NULL without a validation part */
    char name[96];                    /* as shown: "synthetic digits" */
} job_data;
/* Opens what --data names and cuts it up. False after an error, reported. */
bool job_open_data(const job *j, job_data *data);
/* Sets --image-size where it was left out and the pictures of a folder or list have different sizes. */
void job_settle_size(job *j);
/* The threads that prepare batches: --workers, or 2 where pictures in files have to be decoded and it was left out. */
int job_workers(const job *j);
/* Whether the data have such a part of their own. */
bool job_has_split(const job *j, const char *split);
/* "train", "valid" or "test" of what --data names, whole; pictures in files in the shape of the model where that is known. */
tp_dataset *job_open_split(const job *j, const char *split);
/* The first `count` samples; all of them for 0. NULL after an error, and for NULL. */
tp_dataset *job_first(tp_dataset *dataset, int64_t count);
/* "synthetic digits", "MNIST", or the folder. */
const char *job_data_name(const job *j);

/* The model that --model names or writes out. Named ones end in `classes` outputs; without a shape or a number of classes
 * they are as published. NULL after an error, reported with a caret under the word. */
tp_module *job_model(const job *j, tp_shape sample, int classes);
/* What is known of the model that the text names; NULL where it is written out. */
const tp_model_info *job_model_info(const char *text);
/* "1x28x28"; false where it is no shape. */
bool job_read_shape(const char *text, tp_shape *shape);
/* The other way. */
const char *job_shape_text(tp_shape shape, char *buffer, size_t size);
tp_optim *job_optim(const job *j, tp_module *model);
/* *schedule stays NULL where none is wanted; *per_step says when it is stepped. False after an error. `steps` are those of an epoch. */
bool job_schedule(const job *j, tp_optim *optim, int64_t steps, tp_schedule **schedule,
                  bool *per_step);

#endif
