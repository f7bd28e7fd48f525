/* How a run shows itself: a bar on a terminal, lines elsewhere. */
#ifndef TP_TRAIN_PROGRESS_H
#define TP_TRAIN_PROGRESS_H

#include <taper/train.h>

typedef struct tp_show {
    tp_progress kind; /* NONE, BAR or LINES */
    bool colour;
    bool open; /* a bar stands on the line */
    void (*sink)(const char *text, size_t length, void *user);
    void *user;
    double next;        /* clock: when to show the next */
    double started;     /* clock */
    int64_t first_step; /* steps before this process */
    double epoch_started;
    int64_t epoch_first; /* samples of the epoch before this process */
} tp_show;

struct tp_run;
void tp_show_begin(tp_show *show, const tp_fit_args *args);
void tp_show_epoch(tp_show *show, const struct tp_run *run);
/* After a step, where the clock says `now`. */
void tp_show_step(tp_show *show, const struct tp_run *run, double now);
void tp_show_epoch_end(tp_show *show, const struct tp_run *run, const tp_epoch *epoch);
/* A hint of the doctor's. */
void tp_show_hint(tp_show *show, const tp_hint *hint);
/* A sentence; nothing for NULL. */
void tp_show_note(tp_show *show, const char *note);
/* The last word: why the run ended, and what that means. */
void tp_show_end(tp_show *show, const struct tp_run *run);

#endif
