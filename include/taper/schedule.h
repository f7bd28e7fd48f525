/** @file schedule.h
 *  Learning-rate schedules, named after those of torch.optim.lr_scheduler.
 *
 *      tp_schedule *s = tp_one_cycle_lr(opt, .max_lr = 0.1, .total_steps = epochs * batches);
 *      ... tp_step(opt); tp_schedule_step(s); ...
 *      tp_schedule_free(s);
 *
 *  A schedule sets its optimiser's learning rates when it is made and at each tp_schedule_step(). It computes them from
 *  the rates that the groups had when their first schedule was made (PyTorch's initial_lr) and from the number of steps,
 *  not from the rates of the step before, so that a resumed run has the very same ones. Only
 *  tp_reduce_lr_on_plateau() scales what it finds.
 */
#ifndef TAPER_SCHEDULE_H
#define TAPER_SCHEDULE_H

#include <taper/optim.h>

TP_BEGIN_DECLS

/** A schedule. Owned by the user; groups that are added to the optimiser later keep a rate of their own. */
typedef struct tp_schedule tp_schedule;

/** Arguments of tp_step_lr. */
typedef struct tp_step_lr_args {
    tp_optim *optim;
    int64_t step_size; /**< required: steps from one fall to the next */
    double gamma;      /**< 0.1 */
} tp_step_lr_args;
/** StepLR: lr gamma^floor(t / step_size). NULL after an error, as all of these. */
TP_API tp_schedule *tp_step_lr_at(tp_location at, tp_step_lr_args args);
#define tp_step_lr(...) tp_step_lr_at(TP_HERE, TP_MAKE(tp_step_lr_args, .optim = __VA_ARGS__))

/** Arguments of tp_multistep_lr. */
typedef struct tp_multistep_lr_args {
    tp_optim *optim;
    const int64_t *milestones; /**< in rising order, repeated ones count again; copied */
    size_t count;              /**< how many */
    double gamma;              /**< 0.1 */
} tp_multistep_lr_args;
/** MultiStepLR: lr gamma^(milestones at or before t). */
TP_API tp_schedule *tp_multistep_lr_at(tp_location at, tp_multistep_lr_args args);
#define tp_multistep_lr(...) \
    tp_multistep_lr_at(TP_HERE, TP_MAKE(tp_multistep_lr_args, .optim = __VA_ARGS__))

/** Arguments of tp_exponential_lr. */
typedef struct tp_exponential_lr_args {
    tp_optim *optim;
    double gamma; /**< required */
} tp_exponential_lr_args;
/** ExponentialLR: lr gamma^t. */
TP_API tp_schedule *tp_exponential_lr_at(tp_location at, tp_exponential_lr_args args);
#define tp_exponential_lr(...) \
    tp_exponential_lr_at(TP_HERE, TP_MAKE(tp_exponential_lr_args, .optim = __VA_ARGS__))

/** Arguments of tp_cosine_annealing_lr. */
typedef struct tp_cosine_annealing_lr_args {
    tp_optim *optim;
    int64_t t_max;  /**< required: steps down to the lowest rate; twice as many are a period */
    double eta_min; /**< the lowest rate: 0 */
} tp_cosine_annealing_lr_args;
/** CosineAnnealingLR: eta_min + (lr - eta_min) (1 + cos(pi t / t_max)) / 2 (Loshchilov and Hutter, 2017, without restarts). */
TP_API tp_schedule *tp_cosine_annealing_lr_at(tp_location at, tp_cosine_annealing_lr_args args);
#define tp_cosine_annealing_lr(...) \
    tp_cosine_annealing_lr_at(TP_HERE, TP_MAKE(tp_cosine_annealing_lr_args, .optim = __VA_ARGS__))

/** Arguments of tp_linear_lr. */
typedef struct tp_linear_lr_args {
    tp_optim *optim;
    double start_factor; /**< 1/3; above 0, at most 1 */
    double end_factor;   /**< 1; TP_ZERO for 0 */
    int64_t total_iters; /**< 5 */
} tp_linear_lr_args;
/** LinearLR: from start_factor lr to end_factor lr in total_iters equal steps, the latter from then on. */
TP_API tp_schedule *tp_linear_lr_at(tp_location at, tp_linear_lr_args args);
#define tp_linear_lr(...) tp_linear_lr_at(TP_HERE, TP_MAKE(tp_linear_lr_args, .optim = __VA_ARGS__))

/** Arguments of tp_constant_lr. */
typedef struct tp_constant_lr_args {
    tp_optim *optim;
    double factor;       /**< 1/3 */
    int64_t total_iters; /**< 5 */
} tp_constant_lr_args;
/** ConstantLR: factor lr for total_iters steps, then lr. */
TP_API tp_schedule *tp_constant_lr_at(tp_location at, tp_constant_lr_args args);
#define tp_constant_lr(...) \
    tp_constant_lr_at(TP_HERE, TP_MAKE(tp_constant_lr_args, .optim = __VA_ARGS__))

/** Arguments of tp_one_cycle_lr. */
typedef struct tp_one_cycle_lr_args {
    tp_optim *optim;
    double max_lr;           /**< required: the highest rate, of every group */
    int64_t total_steps;     /**< of the whole run; or left out and: */
    int64_t epochs;          /**< epochs times */
    int64_t steps_per_epoch; /**< steps per epoch */
    double pct_start;        /**< share of the steps in which the rate rises: 0.3 */
    bool linear;             /**< straight lines instead of half cosines */
    bool three_phase;        /**< up, down by the same way, then down to the end */
    bool
        no_cycle_momentum; /**< leave the momentum alone; by default it falls where the rate rises */
    double base_momentum;  /**< 0.85 */
    double max_momentum;   /**< 0.95 */
    double div_factor;     /**< the first rate is max_lr / div_factor: 25 */
    double final_div_factor; /**< the last one is the first / final_div_factor: 1e4 */
} tp_one_cycle_lr_args;
/** OneCycleLR (Smith and Topin, 2018): for one tp_schedule_step() after each batch. A step beyond total_steps is an error. */
TP_API tp_schedule *tp_one_cycle_lr_at(tp_location at, tp_one_cycle_lr_args args);
#define tp_one_cycle_lr(...) \
    tp_one_cycle_lr_at(TP_HERE, TP_MAKE(tp_one_cycle_lr_args, .optim = __VA_ARGS__))

/** Arguments of tp_reduce_lr_on_plateau. */
typedef struct tp_reduce_lr_on_plateau_args {
    tp_optim *optim;
    bool max;        /**< the value should rise instead of fall */
    bool absolute;   /**< threshold is a difference instead of a share of the best value */
    double factor;   /**< 0.1; below 1 */
    double patience; /**< steps without a better value that are put up with: 10; TP_ZERO for none */
    double threshold; /**< how much better counts: 1e-4; TP_ZERO for any */
    double min_lr;    /**< 0 */
    double eps;       /**< a change smaller than this is not made: 1e-8 */
    int64_t cooldown; /**< steps after a change that are not counted: 0 */
} tp_reduce_lr_on_plateau_args;
/** ReduceLROnPlateau: multiplies the rates by factor once a value has not become better for more than `patience` steps. Stepped
 *  by tp_schedule_step_metric(). */
TP_API tp_schedule *tp_reduce_lr_on_plateau_at(tp_location at, tp_reduce_lr_on_plateau_args args);
#define tp_reduce_lr_on_plateau(...) \
    tp_reduce_lr_on_plateau_at(TP_HERE, TP_MAKE(tp_reduce_lr_on_plateau_args, .optim = __VA_ARGS__))

/** Arguments of tp_sequential_lr. */
typedef struct tp_sequential_lr_args {
    tp_optim *optim;
    tp_schedule *const *schedules; /**< of the same optimiser, none on a plateau; taken over */
    size_t count;                  /**< how many */
    const int64_t *
        milestones; /**< count - 1 steps in rising order, each the first of the next schedule; copied */
} tp_sequential_lr_args;
/** SequentialLR: one schedule after the other; each counts its steps from 0. Takes over the schedules, also after an error, as
 *  when one of them is NULL because it could not be made. */
TP_API tp_schedule *tp_sequential_lr_at(tp_location at, tp_sequential_lr_args args);
#define tp_sequential_lr(...) \
    tp_sequential_lr_at(TP_HERE, TP_MAKE(tp_sequential_lr_args, .optim = __VA_ARGS__))

/** Arguments of tp_warmup_lr. */
typedef struct tp_warmup_lr_args {
    tp_optim *optim;
    int64_t steps;       /**< required: of the warm-up */
    tp_schedule *next;   /**< what comes after it, taken over; or NULL: the rate stays */
    double start_factor; /**< 0.01 */
} tp_warmup_lr_args;
/** Linear warm-up from start_factor lr to lr, then another schedule:
 *  tp_warmup_lr(opt, .steps = 500, .next = tp_cosine_annealing_lr(opt, .t_max = 5000)). */
TP_API tp_schedule *tp_warmup_lr_at(tp_location at, tp_warmup_lr_args args);
#define tp_warmup_lr(...) tp_warmup_lr_at(TP_HERE, TP_MAKE(tp_warmup_lr_args, .optim = __VA_ARGS__))

/** Goes on by one step, after tp_step(). False after an error: of a schedule that needs a value, one that is over, or one whose
 *  optimiser has ended. */
TP_API bool tp_schedule_step_at(tp_location at, tp_schedule *schedule);
#define tp_schedule_step(schedule) tp_schedule_step_at(TP_HERE, schedule)
/** The same with the value that a plateau looks at, such as the validation loss; others take no notice of it. */
TP_API bool tp_schedule_step_metric_at(tp_location at, tp_schedule *schedule, double value);
#define tp_schedule_step_metric(schedule, value) \
    tp_schedule_step_metric_at(TP_HERE, schedule, value)
/** True for tp_reduce_lr_on_plateau. */
TP_API bool tp_schedule_needs_metric(const tp_schedule *schedule);
/** Steps so far. */
TP_API int64_t tp_schedule_last_epoch(const tp_schedule *schedule);
/** The rate that it gave a group last; NaN where there is no such group. */
TP_API double tp_schedule_last_lr(const tp_schedule *schedule, int group);
/** "StepLR", "OneCycleLR", ... */
TP_API const char *tp_schedule_name(const tp_schedule *schedule);
/** Ends it; rates stay as they are. Before or after its optimiser. NULL is fine. */
TP_API void tp_schedule_free(tp_schedule *schedule);

/** Its state, options included, as float64 tensors: "last_epoch", "base_lrs", "gamma", "schedules.0.last_epoch", ... The list
 *  belongs to the schedule; good until its next step or the next call. The optimiser's state has the rates. */
TP_API tp_named_list tp_schedule_state_dict_at(tp_location at, tp_schedule *schedule);
#define tp_schedule_state_dict(schedule) tp_schedule_state_dict_at(TP_HERE, schedule)
/** Takes over a state that tp_schedule_state_dict() gave, of a schedule of the same kind over as many groups. All or nothing:
 *  otherwise STATE, and nothing changes. */
TP_API bool tp_schedule_load_state_at(tp_location at, tp_schedule *schedule,
                                      const tp_named_tensor *items, size_t count);
#define tp_schedule_load_state(schedule, items, count) \
    tp_schedule_load_state_at(TP_HERE, schedule, items, count)

TP_END_DECLS

#endif
