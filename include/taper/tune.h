/** @file tune.h
 *  Two experiments before a long run: which learning rate, and whether the model can learn at all. Both leave weights, optimiser,
 *  loader and random numbers as they were.
 */
#ifndef TAPER_TUNE_H
#define TAPER_TUNE_H

#include <taper/plot.h>
#include <taper/train.h>

TP_BEGIN_DECLS

/** Arguments of tp_find_lr. */
typedef struct tp_find_lr_args {
    tp_module *module;
    tp_loader *loader;
    tp_optim *optim;       /**< required; its learning rate is put back afterwards */
    tp_loss_function loss; /**< tp_cross_entropy by default */
    double start, end;     /**< rates to go through: 1e-6 to 10 */
    int64_t steps;         /**< 200; the batches are gone through again where there are fewer */
} tp_find_lr_args;
/** The loss while the learning rate rises from step to step (Smith, 2017). */
typedef struct tp_rate_curve {
    bool ok;          /**< false after an error */
    size_t count;     /**< steps until the loss left all bounds, or all of them */
    double *rates;    /**< (count) */
    double *losses;   /**< (count) */
    double *smoothed; /**< (count) means that forget slowly */
    double
        suggestion; /**< the rate at which the smoothed loss falls fastest; NaN where it never falls */
} tp_rate_curve;
/** Trains with ever higher rates: tp_find_lr(net, train, .optim = opt). End it with tp_rate_curve_free(). */
TP_API tp_rate_curve tp_find_lr_at(tp_location at, tp_find_lr_args args);
#define tp_find_lr(module_, ...)                                                      \
    tp_find_lr_at(TP_HERE, TP_MAKE(tp_find_lr_args, .module = (tp_module *)(module_), \
                                   .loader = __VA_ARGS__))
/** Ends it; twice is fine. */
TP_API void tp_rate_curve_free(tp_rate_curve *curve);
/** The curve as a figure, the suggestion marked; NULL after an error. Owned by the user. */
TP_API tp_figure *tp_rate_curve_figure_at(tp_location at, const tp_rate_curve *curve);
#define tp_rate_curve_figure(curve) tp_rate_curve_figure_at(TP_HERE, curve)

/** Arguments of tp_overfit_batch. */
typedef struct tp_overfit_args {
    tp_module *module;
    tp_loader *loader;
    tp_optim *optim;       /**< required */
    tp_loss_function loss; /**< tp_cross_entropy by default */
    int64_t steps;         /**< 300 */
} tp_overfit_args;
/** Whether a model can learn a single batch by heart. */
typedef struct tp_overfit_result {
    bool ok; /**< false after an error */
    bool
        learned; /**< the loss fell to a twentieth of the first, or every sample of the batch is right */
    double first_loss, last_loss;
    double accuracy; /**< at the end; NaN where the targets are no labels */
    int64_t steps;   /**< that it took */
} tp_overfit_result;
/** Trains on the first batch alone. A model that cannot learn even that has a mistake: in the loss, the labels, the layers or the
 *  learning rate. */
TP_API tp_overfit_result tp_overfit_batch_at(tp_location at, tp_overfit_args args);
#define tp_overfit_batch(module_, ...)                                                      \
    tp_overfit_batch_at(TP_HERE, TP_MAKE(tp_overfit_args, .module = (tp_module *)(module_), \
                                         .loader = __VA_ARGS__))

TP_END_DECLS

#endif
