/** @file loss.h
 *  Losses: how far a prediction is from what it should be, as one number to make small.
 *
 *  Options go by name, tp_cross_entropy(logits, labels, .label_smoothing = 0.1). The names without parentheses are plain
 *  functions of (input, target) with default options, for whoever wants a pointer: tp_fit(..., .loss = tp_cross_entropy).
 *
 *  Input and target never broadcast against each other: (32, 1) against (32) is nearly always a mistake and is refused.
 *  Value and gradient are computed in one pass.
 *
 *  Errors of all: SHAPE where sizes differ, DTYPE, INDEX for a label that is no class, ARGUMENT for an option out of range.
 */
#ifndef TAPER_LOSS_H
#define TAPER_LOSS_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** What becomes of the losses of the elements. */
typedef enum tp_reduction {
    TP_REDUCTION_MEAN, /**< their mean: the default */
    TP_REDUCTION_SUM,  /**< their sum */
    TP_REDUCTION_NONE, /**< they stay apart */
    TP_REDUCTION_BATCHMEAN /**< tp_kl_div() only: the sum over the size of dimension 0, the divergence as mathematics has it */
} tp_reduction;

/** What makes a loss out of a prediction and a target. */
typedef tp_tensor *(*tp_loss_function)(tp_tensor *input, tp_tensor *target);

/** For .ignore_index: labels i do not count, i = 0 too. */
#define TP_IGNORE(i) ((i) == 0 ? INT64_MIN : (int64_t)(i))

/** Arguments of tp_cross_entropy. */
typedef struct tp_cross_entropy_args {
    tp_tensor *input; /**< logits, not probabilities: (C), (N, C) or (N, C, d1, ...) */
    tp_tensor *
        target; /**< labels, int64: (), (N) or (N, d1, ...); or probabilities in the shape and type of the input */
    tp_tensor *weight; /**< (C): how much each class counts; may be left out */
    /** Labels of this value do not count: any number, or TP_IGNORE(0) for class 0; left out (or 0) -100. */
    int64_t ignore_index;
    double
        label_smoothing; /**< 0 to 1: the share of the target that is spread evenly over all classes */
    tp_reduction
        reduction; /**< the mean is weighted: divided by the weights of the labels that count */
} tp_cross_entropy_args;
/** Cross entropy of logits against labels or probabilities: -w_y ln softmax(input)_y.
 *  All labels ignored (or none there) gives a mean of NaN. Gradients flow to the input and to probabilities. */
TP_API tp_tensor *tp_cross_entropy_at(tp_location at, tp_cross_entropy_args args);
TP_API tp_tensor *(tp_cross_entropy)(tp_tensor *input, tp_tensor *target);
#define tp_cross_entropy(...) \
    tp_cross_entropy_at(TP_HERE, TP_MAKE(tp_cross_entropy_args, .input = __VA_ARGS__))

/** Arguments of tp_nll_loss. */
typedef struct tp_nll_loss_args {
    tp_tensor *
        input; /**< log-probabilities, as tp_log_softmax() gives them: (C), (N, C) or (N, C, d1, ...) */
    tp_tensor *target;    /**< labels, int64: (), (N) or (N, d1, ...) */
    tp_tensor *weight;    /**< (C) */
    int64_t ignore_index; /**< as for tp_cross_entropy() */
    tp_reduction reduction;
} tp_nll_loss_args;
/** Negative log-likelihood: -w_y input_y. */
TP_API tp_tensor *tp_nll_loss_at(tp_location at, tp_nll_loss_args args);
TP_API tp_tensor *(tp_nll_loss)(tp_tensor *input, tp_tensor *target);
#define tp_nll_loss(...) tp_nll_loss_at(TP_HERE, TP_MAKE(tp_nll_loss_args, .input = __VA_ARGS__))

/** Arguments of tp_binary_cross_entropy. */
typedef struct tp_binary_cross_entropy_args {
    tp_tensor *input;  /**< probabilities, 0 to 1 */
    tp_tensor *target; /**< of the same shape and type, 0 to 1 */
    tp_tensor *weight; /**< of each element; broadcasts to the input's shape; may be left out */
    tp_reduction reduction;
} tp_binary_cross_entropy_args;
/** -(t ln x + (1 - t) ln(1 - x)), logarithms no lower than -100. Errors: VALUE for an input outside of 0 to 1. */
TP_API tp_tensor *tp_binary_cross_entropy_at(tp_location at, tp_binary_cross_entropy_args args);
TP_API tp_tensor *(tp_binary_cross_entropy)(tp_tensor *input, tp_tensor *target);
#define tp_binary_cross_entropy(...) \
    tp_binary_cross_entropy_at(TP_HERE, TP_MAKE(tp_binary_cross_entropy_args, .input = __VA_ARGS__))
/** The short name. */
#define tp_bce_loss tp_binary_cross_entropy

/** Arguments of tp_binary_cross_entropy_with_logits. */
typedef struct tp_binary_cross_entropy_with_logits_args {
    tp_tensor *input;      /**< logits */
    tp_tensor *target;     /**< of the same shape and type, 0 to 1 */
    tp_tensor *weight;     /**< of each element; broadcasts to the input's shape */
    tp_tensor *pos_weight; /**< what the positive part counts; broadcasts likewise */
    tp_reduction reduction;
} tp_binary_cross_entropy_with_logits_args;
/** The same of sigmoid(input), right for logits of any size. */
TP_API tp_tensor *tp_binary_cross_entropy_with_logits_at(
    tp_location at, tp_binary_cross_entropy_with_logits_args args);
TP_API tp_tensor *(tp_binary_cross_entropy_with_logits)(tp_tensor *input, tp_tensor *target);
#define tp_binary_cross_entropy_with_logits(...) \
    tp_binary_cross_entropy_with_logits_at(      \
        TP_HERE, TP_MAKE(tp_binary_cross_entropy_with_logits_args, .input = __VA_ARGS__))
/** The short name. */
#define tp_bce_with_logits_loss tp_binary_cross_entropy_with_logits

/** Arguments of tp_mse_loss and tp_l1_loss. */
typedef struct tp_mse_loss_args {
    tp_tensor *input;
    tp_tensor *target; /**< of the same shape and type */
    tp_reduction reduction;
} tp_mse_loss_args;
/** (x - t)^2 */
TP_API tp_tensor *tp_mse_loss_at(tp_location at, tp_mse_loss_args args);
TP_API tp_tensor *(tp_mse_loss)(tp_tensor *input, tp_tensor *target);
#define tp_mse_loss(...) tp_mse_loss_at(TP_HERE, TP_MAKE(tp_mse_loss_args, .input = __VA_ARGS__))
/** |x - t| */
TP_API tp_tensor *tp_l1_loss_at(tp_location at, tp_mse_loss_args args);
TP_API tp_tensor *(tp_l1_loss)(tp_tensor *input, tp_tensor *target);
#define tp_l1_loss(...) tp_l1_loss_at(TP_HERE, TP_MAKE(tp_mse_loss_args, .input = __VA_ARGS__))

/** Arguments of tp_smooth_l1_loss. */
typedef struct tp_smooth_l1_loss_args {
    tp_tensor *input;
    tp_tensor *target; /**< of the same shape and type */
    double beta; /**< where the square ends; left out (or 0) 1. The limit for 0 is tp_l1_loss(). */
    tp_reduction reduction;
} tp_smooth_l1_loss_args;
/** d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, with d = x - t */
TP_API tp_tensor *tp_smooth_l1_loss_at(tp_location at, tp_smooth_l1_loss_args args);
TP_API tp_tensor *(tp_smooth_l1_loss)(tp_tensor *input, tp_tensor *target);
#define tp_smooth_l1_loss(...) \
    tp_smooth_l1_loss_at(TP_HERE, TP_MAKE(tp_smooth_l1_loss_args, .input = __VA_ARGS__))

/** Arguments of tp_huber_loss. */
typedef struct tp_huber_loss_args {
    tp_tensor *input;
    tp_tensor *target; /**< of the same shape and type */
    double delta;      /**< where the square ends; left out (or 0) 1 */
    tp_reduction reduction;
} tp_huber_loss_args;
/** d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = x - t (P. J. Huber, 1964) */
TP_API tp_tensor *tp_huber_loss_at(tp_location at, tp_huber_loss_args args);
TP_API tp_tensor *(tp_huber_loss)(tp_tensor *input, tp_tensor *target);
#define tp_huber_loss(...) \
    tp_huber_loss_at(TP_HERE, TP_MAKE(tp_huber_loss_args, .input = __VA_ARGS__))

/** Arguments of tp_kl_div. */
typedef struct tp_kl_div_args {
    tp_tensor *input;       /**< log-probabilities */
    tp_tensor *target;      /**< probabilities of the same shape and type */
    bool log_target;        /**< the target holds logarithms too */
    tp_reduction reduction; /**< TP_REDUCTION_BATCHMEAN is the one that mathematics means */
} tp_kl_div_args;
/** Kullback-Leibler divergence, element by element: t (ln t - x), 0 where t is 0. */
TP_API tp_tensor *tp_kl_div_at(tp_location at, tp_kl_div_args args);
TP_API tp_tensor *(tp_kl_div)(tp_tensor *input, tp_tensor *target);
#define tp_kl_div(...) tp_kl_div_at(TP_HERE, TP_MAKE(tp_kl_div_args, .input = __VA_ARGS__))

TP_END_DECLS

#endif
