/** @file doctor.h
 *  The training doctor: watches a run for mistakes that do not crash, and says why and what to do.
 *
 *  tp_fit() asks it by itself (tp_fit_args.doctor); its hints are shown with the progress and kept in the history. In a loop of
 *  your own:
 *
 *      tp_doctor *doctor = tp_doctor_new(net, .optim = opt, .loader = train, .valid = valid);
 *      while (tp_next(train, &b)) {
 *          tp_tensor *y = tp_call(net, b.x), *loss = tp_cross_entropy(y, b.y);
 *          tp_zero_grad(opt); tp_backward(loss);
 *          tp_doctor_step(doctor, &b, y, loss);           // between backward and step
 *          tp_step(opt);
 *      }
 *      tp_doctor_epoch(doctor, train_loss, valid_loss);
 *      tp_doctor_print(doctor, stderr);
 *
 *  It never changes a run: not one bit, no random number. It looks at every step a little, and closely at the first ones and
 *  then rarely. Each kind of hint is given at most once.
 */
#ifndef TAPER_DOCTOR_H
#define TAPER_DOCTOR_H

#include <stdio.h>
#include <taper/data.h>
#include <taper/nn.h>
#include <taper/optim.h>

TP_BEGIN_DECLS

/** What hints are about. The list is an X-macro so that kind and title stand in one place. */
#define TP_HINT_LIST(X)                                               \
    X(INITIAL_LOSS, "the loss is far off at the start")               \
    X(SOFTMAX, "softmax before the cross entropy")                    \
    X(SIGMOID, "sigmoid before binary cross entropy with logits")     \
    X(ZERO_GRAD, "gradients are not cleared")                         \
    X(MODE, "training and evaluation mode are mixed up")              \
    X(DEAD_UNITS, "ReLUs that are always 0")                          \
    X(VANISHING, "gradients vanish on their way to the first layers") \
    X(EXPLODING, "gradients explode")                                 \
    X(RATE_HIGH, "the learning rate is too high")                     \
    X(RATE_LOW, "the learning rate is too low")                       \
    X(RAW_INPUT, "inputs from 0 to 255")                              \
    X(ONE_LABEL, "all labels are the same")                           \
    X(SORTED, "samples are not shuffled")                             \
    X(LEAK, "the same samples in training and validation")            \
    X(OVERFITTING, "overfitting has begun")                           \
    X(NO_GRADIENT, "parameters that never get a gradient")

/** TP_HINT_INITIAL_LOSS, TP_HINT_SOFTMAX, ... */
typedef enum tp_hint_kind {
#define TP_HINT_ENUM(name, title) TP_HINT_##name,
    TP_HINT_LIST(TP_HINT_ENUM)
#undef TP_HINT_ENUM
        TP_HINT_COUNT
} tp_hint_kind;

/** One hint. */
typedef struct tp_hint {
    tp_hint_kind kind;
    int64_t step;      /**< at which it was noticed, 1 for the first */
    const char *title; /**< "softmax before the cross entropy" */
    char reason[320];  /**< what was seen, with its numbers */
    char fix[240];     /**< what to do */
} tp_hint;

/** A doctor at work. */
typedef struct tp_doctor tp_doctor;

/** Arguments of tp_doctor_new. Only the module is required; what is not given is not looked at. */
typedef struct tp_doctor_args {
    tp_module *module;
    tp_optim *optim;
    tp_loader *loader; /**< of the training data: its samples are compared with those of valid */
    tp_loader *valid;
    bool trained_before; /**< the weights are not fresh: the first loss may be anything */
    /** Called with each hint as it is found; may be NULL. */
    void (*on_hint)(const tp_hint *hint, void *user);
    void *user;
} tp_doctor_args;
/** A doctor, owned by the user; NULL after an error (ARGUMENT, MEMORY). Module, optimiser and loaders have to outlive it. */
TP_API tp_doctor *tp_doctor_new_at(tp_location at, tp_doctor_args args);
#define tp_doctor_new(...) \
    tp_doctor_new_at(TP_HERE, TP_MAKE(tp_doctor_args, .module = (tp_module *)__VA_ARGS__))
/** Ends it; NULL is fine. */
TP_API void tp_doctor_free(tp_doctor *doctor);
/** Looks at a step; to be called between tp_backward() and tp_step(). A NULL doctor is fine. */
TP_API void tp_doctor_step(tp_doctor *doctor, const tp_batch *batch, const tp_tensor *output,
                           const tp_tensor *loss);
/** Tells it that the model is about to be evaluated. */
TP_API void tp_doctor_evaluating(tp_doctor *doctor);
/** Looks at an epoch that has ended; valid_loss is NaN where there is none. */
TP_API void tp_doctor_epoch(tp_doctor *doctor, double train_loss, double valid_loss);
/** What it has found so far; good until the next call with this doctor. */
TP_API const tp_hint *tp_doctor_hints(const tp_doctor *doctor, size_t *count);
/** Prints the hints; nothing where there are none. */
TP_API void tp_doctor_print(const tp_doctor *doctor, FILE *stream);

TP_END_DECLS

#endif
