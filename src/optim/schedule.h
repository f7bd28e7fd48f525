/* What a schedule is inside. Its numbers, options included, stand in one array, named by its kind: that is its state. */
#ifndef TP_OPTIM_SCHEDULE_H
#define TP_OPTIM_SCHEDULE_H

#include <taper/schedule.h>

#include "optim/optim.h"

enum { TP_SCHEDULE_NUMBERS = 12 };

typedef struct tp_schedule_kind {
    const char *name; /* "StepLR" */
    const char *op;   /* "step_lr" */
    const char *numbers[TP_SCHEDULE_NUMBERS + 1];
    /* The rate of a group at schedule->last_epoch, which starts from `base`. */
    double (*rate)(const tp_schedule *schedule, double base);
    /* The momentum likewise; NULL where it is left alone. */
    double (*momentum)(const tp_schedule *schedule);
} tp_schedule_kind;

struct tp_schedule {
    const tp_schedule_kind *kind;
    tp_optim *optim;   /* NULL once it has ended */
    tp_schedule *next; /* of the same optimiser */
    double last_epoch; /* steps so far */
    int groups;
    double *base;    /* (groups): the rates it starts from */
    double *last_lr; /* (groups): those it gave last */
    double numbers[TP_SCHEDULE_NUMBERS];
    size_t n_milestones, n_parts;
    double *milestones;  /* of MultiStepLR and SequentialLR */
    tp_schedule **parts; /* of SequentialLR */
    tp_listing listing;
};

extern const tp_schedule_kind tp_schedule_kind_plateau, tp_schedule_kind_sequential;

/* A schedule of that kind with its numbers not set. Reports and returns NULL where optim is NULL or memory is out. */
tp_schedule *tp_schedule_new(tp_location at, const tp_schedule_kind *kind, tp_optim *optim);
/* Copies milestones after checking that they rise. False after reporting. */
bool tp_schedule_milestones(tp_location at, tp_schedule *schedule, const int64_t *milestones,
                            size_t count);
/* Gives the optimiser the rates of now. */
void tp_schedule_apply(tp_schedule *schedule);
/* The step of the kinds that are no function of time (plateau.c, sequential.c). */
void tp_schedule_step_plateau(tp_schedule *schedule, double value);
bool tp_schedule_step_sequential(tp_location at, tp_schedule *schedule);
/* Whether one more step is possible; reports where the schedule is over. */
bool tp_schedule_goes_on(tp_location at, const tp_schedule *schedule);

#endif
