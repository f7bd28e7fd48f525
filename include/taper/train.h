/** @file train.h
 *  Training and evaluating a model.
 *
 *      tp_history h = tp_fit(net, train, .valid = valid, .optim = opt, .loss = tp_cross_entropy, .epochs = 10, .patience = 3);
 *      tp_evaluation e = tp_evaluate(net, test, .loss = tp_cross_entropy);
 *      printf("%.2f %%\n", 100 * e.accuracy);
 *      tp_history_free(&h);
 *
 *  tp_fit() does nothing that a loop of your own could not: it is written on the public functions. It prints nothing unless
 *  .progress asks for it.
 */
#ifndef TAPER_TRAIN_H
#define TAPER_TRAIN_H

#include <stdio.h>
#include <taper/checkpoint.h>
#include <taper/data.h>
#include <taper/doctor.h>
#include <taper/loss.h>
#include <taper/metrics.h>
#include <taper/nn.h>
#include <taper/optim.h>
#include <taper/runtime.h>
#include <taper/schedule.h>

TP_BEGIN_DECLS

/** @name Evaluation
 *  @{ */
/** Arguments of tp_evaluate. */
typedef struct tp_evaluate_args {
    tp_module *module;
    tp_loader *loader;
    tp_loss_function loss; /**< tp_cross_entropy by default */
    int64_t topk;          /**< above 0: top-k accuracy as well */
    bool confusion;        /**< the confusion matrix as well */
} tp_evaluate_args;
/** What tp_evaluate() found. */
typedef struct tp_evaluation {
    bool ok;     /**< false after an error; the numbers are then those of the batches before it */
    double loss; /**< mean over the samples */
    double accuracy;      /**< 0 to 1; NaN where the targets are no labels, see tp_fit_args.loss */
    double topk_accuracy; /**< NaN unless asked for */
    int64_t samples, correct;
    double seconds;
    tp_tensor *
        confusion; /**< (C, C) int64, rows are the labels; owned by the innermost scope; NULL unless asked for */
} tp_evaluation;
/** Runs the model over one epoch of a loader in evaluation mode without recording; the mode is put back afterwards. */
TP_API tp_evaluation tp_evaluate_at(tp_location at, tp_evaluate_args args);
#define tp_evaluate(module_, ...)                                                       \
    tp_evaluate_at(TP_HERE, TP_MAKE(tp_evaluate_args, .module = (tp_module *)(module_), \
                                    .loader = __VA_ARGS__))
/** @} */

/** @name History
 *  @{ */
/** One epoch of a run. What was not measured is NaN. */
typedef struct tp_epoch {
    int64_t epoch;     /**< 1 for the first */
    int64_t steps;     /**< taken by its end, since the start of the run */
    double train_loss; /**< mean over the samples, each as it was when its batch was trained on */
    double train_accuracy; /**< likewise */
    double valid_loss, valid_accuracy;
    double lr; /**< of the first group, in the epoch's last step */
    double
        grad_norm; /**< mean over the steps, before clipping; NaN unless .clip_norm or .grad_norm is set */
    double seconds; /**< of training and validation */
    bool best;      /**< lowest loss so far (of validation, else of training) */
} tp_epoch;
/** Why a run ended. */
typedef enum tp_stop {
    TP_STOP_EPOCHS,      /**< all epochs, or .max_steps, were run */
    TP_STOP_PATIENCE,    /**< early stopping */
    TP_STOP_CALLBACK,    /**< a callback asked for it */
    TP_STOP_INTERRUPTED, /**< Ctrl-C, or tp_fit_interrupt() */
    TP_STOP_NUMBER,      /**< the loss was NaN or Inf; the error says where it came from */
    TP_STOP_ERROR        /**< any other error, which was reported */
} tp_stop;
struct tp_gradient_log;
/** What a run did. */
typedef struct tp_history {
    tp_stop stop;
    tp_epoch *epochs; /**< those that came to their end, of runs before a resume too */
    size_t count;
    int64_t steps;      /**< taken, of runs before a resume too */
    int64_t best_epoch; /**< the one with the lowest loss; 0 while there is none */
    double best_loss;   /**< its loss; NaN while there is none */
    double seconds;     /**< of the whole run, of those before a resume too */
    int64_t
        resumed_step; /**< the step of the checkpoint that the run went on from; 0: it began at the start */
    const tp_hint *hints; /**< what the training doctor noticed */
    size_t hint_count;
    struct tp_gradient_log *gradients; /**< norms that it saw, for the report; NULL without it */
} tp_history;
/** Frees it; twice is fine. */
TP_API void tp_history_free(tp_history *history);
/** "all epochs run", "stopped early", ... */
TP_API const char *tp_stop_text(tp_stop stop);
/** Writes the history as CSV with a line of names first, for any program that reads tables. What is NaN is left empty. */
TP_API bool tp_history_write_csv_at(tp_location at, const tp_history *history, const char *path);
#define tp_history_write_csv(history, path) tp_history_write_csv_at(TP_HERE, history, path)
/** Reads what tp_history_write_csv() or .history_csv wrote. False after an error (FILE, FORMAT); else the history is the caller's. */
TP_API bool tp_history_read_csv_at(tp_location at, const char *path, tp_history *history);
#define tp_history_read_csv(path, history) tp_history_read_csv_at(TP_HERE, path, history)
/** The same as JSON, an object a line; what is NaN is null. */
TP_API bool tp_history_write_jsonl_at(tp_location at, const tp_history *history, const char *path);
#define tp_history_write_jsonl(history, path) tp_history_write_jsonl_at(TP_HERE, history, path)
/** @} */

/** @name Training
 *  @{ */
/** What a callback sees of a run. Nothing of it may be kept beyond the call. */
typedef struct tp_fit_state {
    tp_module *module;
    tp_optim *optim;
    int64_t epoch, epochs;             /**< 1 for the first, and how many there are to be */
    int64_t step;                      /**< steps taken since the start of the run */
    int64_t batches;                   /**< in an epoch */
    const tp_batch *batch;             /**< the last one; NULL between epochs */
    tp_tensor *output;                 /**< what the model made of it; NULL between epochs */
    double loss;                       /**< of the last batch */
    double train_loss, train_accuracy; /**< over the epoch so far */
    const tp_history *history;         /**< with the epoch that has just ended as its last */
} tp_fit_state;
/** Looks at a run. False asks it to stop: the checkpoint is written, best weights are restored, as at its end. */
typedef bool (*tp_callback_function)(const tp_fit_state *state, void *user);
/** Functions called as a run goes; each may be NULL. */
typedef struct tp_callback {
    tp_callback_function on_start;       /**< before the first step, after a resume */
    tp_callback_function on_epoch_start; /**< also where an epoch is gone on with after a resume */
    tp_callback_function on_step_end;    /**< after the update */
    tp_callback_function on_epoch_end;   /**< after validation */
    tp_callback_function
        on_end; /**< after the last, whatever the reason; the answer is not looked at */
    void *user;
} tp_callback;

/** How a run shows itself. */
typedef enum tp_progress {
    TP_PROGRESS_NONE, /**< not at all: the default of the library */
    TP_PROGRESS_AUTO, /**< a bar where stderr is a terminal, lines elsewhere: the default of the command */
    TP_PROGRESS_BAR, /**< one line that is written over, at most ten times a second, and a line for each epoch */
    TP_PROGRESS_LINES /**< a line for each epoch, and in long epochs one now and then */
} tp_progress;

/** Whether the training doctor watches a run, see doctor.h. */
typedef enum tp_doctor_mode {
    TP_DOCTOR_ON, /**< its hints are shown with the progress and kept in the history */
    TP_DOCTOR_OFF
} tp_doctor_mode;

/** What early stopping compares an epoch's loss with. */
typedef enum tp_stop_rule {
    TP_STOP_RULE_BEST, /**< the lowest that counted as a fall: slow progress over several epochs counts */
    TP_STOP_RULE_PREVIOUS /**< that of the epoch before */
} tp_stop_rule;

/** Arguments of tp_fit. Only the first two and .optim are required. */
typedef struct tp_fit_args {
    tp_module *module;
    tp_loader *loader;
    tp_loader *valid; /**< evaluated after each epoch */
    tp_optim *optim;  /**< required */
    /** tp_cross_entropy by default; any function of (output, target) that gives one number. Accuracy is measured where it can be:
     *  output (N, C) with labels (N); and with tp_binary_cross_entropy or its form with logits, output and target of the same shape. */
    tp_loss_function loss;
    int64_t epochs;    /**< 1 */
    int64_t max_steps; /**< above 0: stop after so many steps */

    tp_schedule *schedule;  /**< stepped after each epoch; one on a plateau with the epoch's loss */
    bool schedule_per_step; /**< stepped after each batch instead, as tp_one_cycle_lr() wants it */
    double clip_norm;       /**< above 0: gradients are scaled down to this norm */
    double clip_value;      /**< above 0: their elements are limited to it, after clip_norm */
    bool grad_norm;         /**< measure the norm without clipping */

    /** Early stopping: after so many epochs in a row in which the loss (of validation, else of training) did not fall by
     *  min_delta or more. 1: the first time that it falls by less. 0: never. */
    int64_t patience;
    double min_delta;  /**< 0: any fall counts, standing still does not */
    tp_stop_rule rule; /**< what it falls from */
    bool restore_best; /**< at the end put back the weights of the epoch with the lowest loss */

    const char *
        checkpoint; /**< where to write checkpoints: after each epoch, when the run is interrupted, and: */
    int64_t checkpoint_steps;  /**< above 0: after so many steps */
    double checkpoint_seconds; /**< above 0: after so many seconds */
    bool
        resume; /**< go on from the checkpoint where there is one; the same bytes come out as without the break */
    bool
        handle_interrupt; /**< Ctrl-C (or SIGTERM) finishes the step, writes the checkpoint and returns; a second one ends the program */

    /** How to go on, shown when the run is interrupted: "taper train --out run --resume"; NULL: in words. */
    const char *resume_hint;

    const char *history_csv;   /**< a file that gets a line after each epoch */
    const char *history_jsonl; /**< likewise */

    /** A folder that gets a TensorBoard event file (see taper/events.h): after each epoch "loss/train", "loss/valid",
     *  "accuracy/train", "accuracy/valid", "lr" and "grad_norm" where they are measured, and how the run was set. */
    const char *events;
    bool events_histograms; /**< each parameter's values after each epoch as well */

    const char *
        report; /**< a page with all there is to see of the run, "report.html"; see train_report.h */
    tp_loader *report_test; /**< what it tests the model on at the end; NULL: .valid */

    tp_doctor_mode doctor; /**< on unless switched off; it never changes a run */

    /** Of products, see tp_set_float32_matmul_precision(); put back at the end. A checkpoint does not hold it. */
    tp_precision precision;

    tp_progress progress;
    /** Where progress goes; NULL stands for stderr. `text` ends with 0 too. */
    void (*sink)(const char *text, size_t length, void *user);
    void *sink_user;

    const tp_callback *callbacks;
    size_t callback_count; /**< 0 stands for 1 where callbacks is given */
} tp_fit_args;
/** Trains a model. It is in training mode meanwhile, and then in the mode it had. Every error ends the run and is reported; the
 *  history then says TP_STOP_ERROR and has what was done before. A poisoned output or loss makes its first error surface.
 *
 *  A loss or gradient norm that is NaN or Inf ends the run before the weights are touched: the batch is run again with the same random
 *  numbers under tp_set_detect_anomaly(), and the error (NUMBER) names the operation and layer that made the first such
 *  value, the step, and the samples. */
TP_API tp_history tp_fit_at(tp_location at, tp_fit_args args);
#define tp_fit(module_, ...) \
    tp_fit_at(TP_HERE,       \
              TP_MAKE(tp_fit_args, .module = (tp_module *)(module_), .loader = __VA_ARGS__))
/** Asks the run of this process that handles interrupts to stop after its step, as Ctrl-C does. May be called from a signal handler
 *  and from any thread. */
TP_API void tp_fit_interrupt(void);
/** @} */

TP_END_DECLS

#endif
