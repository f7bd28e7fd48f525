/* A run of tp_fit: what its parts share. */
#ifndef TP_TRAIN_RUN_H
#define TP_TRAIN_RUN_H

#include <taper/events.h>
#include <taper/train.h>

#include "base/random.h"
#include "train/history.h"
#include "train/modes.h"
#include "train/progress.h"
#include "train/score.h"

/* While a run goes on. */
#define TP_STOP_NOT_YET ((tp_stop)-1)

typedef struct tp_run {
    tp_location at;
    tp_fit_args args;
    tp_history history; /* .stop is TP_STOP_NOT_YET, .steps counts on */
    tp_history_log log;
    tp_event_writer *events; /* NULL where not wanted */
    tp_modes modes;
    tp_show show;
    tp_doctor *doctor; /* NULL where not wanted */

    int64_t batches; /* in an epoch */
    int64_t epoch;   /* epochs that came to their end */
    int64_t batch;   /* batches of the next one that are done */

    /* The epoch under way. */
    double loss_sum;      /* of the samples */
    int64_t samples;      /* so far */
    tp_score score;       /* likewise */
    double norm_sum;      /* of gradients, over the steps */
    int64_t norms;        /* how many */
    double lr;            /* of the last step */
    double last_loss;     /* of the last batch */
    double seconds;       /* that it took before a resume */
    double started;       /* clock: when this process began it */
    double seconds_run;   /* of the whole run before this process */
    double started_run;   /* clock: when this process began */
    double checkpoint_at; /* clock: when the next one is due */

    /* Early stopping. */
    double reference; /* what the next loss is compared with */
    int64_t waiting;  /* epochs in a row without a fall */

    tp_named_tensor *best; /* copies of the best epoch's state; the user owns them */
    size_t best_count;

    struct tp_generator before; /* the thread's generator as it was before the step */
} tp_run;

/* fit.c */
/* Ends a run that has not ended yet for that reason. False. */
bool tp_run_stop(tp_run *run, tp_stop reason);
/* Calls one of the callbacks of each set; `which` is its place in tp_callback. */
void tp_run_call(tp_run *run, size_t which, const tp_batch *batch, tp_tensor *output);
double tp_run_epoch_seconds(const tp_run *run);
double tp_run_seconds(const tp_run *run);

/* step.c: one step. False when the run stops. */
bool tp_run_step(tp_run *run, const tp_batch *batch);

/* epoch.c: what happens between epochs. */
void tp_run_epoch_end(tp_run *run);
bool tp_run_best_keep(tp_run *run);
void tp_run_best_restore(tp_run *run);
void tp_run_best_free(tp_run *run);

/* resume.c: False after an error, reported. */
bool tp_run_save(tp_run *run);
bool tp_run_resume(tp_run *run);

/* events.c: what TensorBoard gets. False after an error, reported. */
bool tp_run_events_begin(tp_run *run);
bool tp_run_events_add(tp_run *run, const tp_epoch *epoch);
bool tp_run_events_end(tp_run *run);

/* explain.c: reports where a NaN or Inf came from; batch NULL: it was met in validation. */
void tp_run_explain(tp_run *run, const tp_batch *batch, const char *what, double value);

/* interrupt.c */
void tp_interrupt_begin(void);
void tp_interrupt_end(void);
bool tp_interrupted(void);

#endif
