/* What an optimiser is inside. */
#ifndef TP_OPTIM_OPTIM_H
#define TP_OPTIM_OPTIM_H

#include <taper/optim.h>

#include "backend/backend.h"
#include "optim/listing.h"
#include "tensor/tensor.h"

enum { TP_OPTIM_STATES = 3 };

/* One parameter and its state, which lies in the group's flat blocks. */
typedef struct tp_optim_slot {
    tp_tensor *tensor; /* its header is held; its owner is the module or the user */
    char *state[TP_OPTIM_STATES];
    int64_t offset; /* in the flat blocks, in elements */
    int64_t steps;  /* updates so far: a parameter without a gradient misses some */
} tp_optim_slot;

typedef struct tp_optim_group {
    tp_update_args options; /* correction1, correction2 and first are set at each step */
    double lr;              /* before Adagrad's decay */
    double lr_decay;        /* of Adagrad */
    double initial_lr;      /* what schedules start from; set while the optimiser has any */
    tp_dtype dtype;
    size_t count;
    tp_optim_slot *slots;
    int64_t elements;                   /* of each flat block, padding included */
    tp_storage *values, *gradients;     /* the flat blocks; parameters hold counts of their own */
    tp_storage *state[TP_OPTIM_STATES]; /* NULL where this kind of optimiser has fewer */
} tp_optim_group;

/* What differs between kinds. */
typedef struct tp_optim_kind {
    const char *name; /* "AdamW" */
    const char *op;   /* "adamw", for errors */
    tp_update_kind update;
    const char *state[TP_OPTIM_STATES]; /* PyTorch's names, NULL where there is none */
} tp_optim_kind;

struct tp_optim {
    tp_optim_kind kind;
    double initial; /* value of Adagrad's state at the start */
    int count;
    tp_optim_group **groups;
    tp_listing listing;            /* what tp_optim_state_dict shows, once it was asked */
    struct tp_schedule *schedules; /* those that move its rates */
};

/* Where a first or further group finds its parameters: a module, or a list. */
typedef struct tp_optim_source {
    tp_module *module;
    tp_tensor *const *parameters;
    size_t count;
} tp_optim_source;

/* Makes an optimiser of one group. options: as given by the user with defaults filled in. NULL after reporting. */
tp_optim *tp_optim_new(tp_location at, tp_optim_kind kind, const tp_update_args *options,
                       double initial, double lr_decay, tp_optim_source source);
/* An option that was left out gives its default; TP_ZERO gives 0. */
double tp_or_default(double value, double otherwise);
/* Moves values and gradients of a group into flat blocks and makes its state. False after reporting. */
bool tp_optim_flatten(tp_location at, const char *op, tp_optim *optim, tp_optim_group *group);
void tp_optim_group_free(tp_optim_group *group);
/* Forgets what tp_optim_state_dict listed. */
void tp_optim_unlist(tp_optim *optim);
/* Tells the schedules of an optimiser that it ends (schedule.c). */
void tp_optim_leave_schedules(tp_optim *optim);
/* Checks the options that every kind has; reports the first that is out of range. */
bool tp_optim_options_fit(tp_location at, const char *op, double lr, double weight_decay,
                          double momentum);

#endif
