/** @file check.h
 *  Checking a backward pass written by hand: what is wrong with it, in words.
 *
 *      static tp_tensor *forward(tp_tensor *const *in, int n, void *user) {            // x (N, 3), w (3, 2)
 *          return tp_mean(tp_square(tp_matmul(in[0], in[1])));
 *      }
 *      static void backward(tp_tensor *const *in, int n, tp_tensor *g, tp_tensor **grads, void *user) {
 *          ...                                     // grads[i] = d(loss)/d(in[i]), by tensor operations
 *      }
 *      tp_check_backward(forward, backward, tp_list(x, w));
 */
#ifndef TAPER_CHECK_H
#define TAPER_CHECK_H

#include <taper/ops/shape.h>

TP_BEGIN_DECLS

/** What is wrong with one gradient. */
typedef enum tp_backward_fault {
    TP_BACKWARD_RIGHT,
    TP_BACKWARD_MISSING,     /**< none was given */
    TP_BACKWARD_NOT_FINITE,  /**< NaN or Inf in it */
    TP_BACKWARD_ZERO,        /**< 0 everywhere */
    TP_BACKWARD_SIGN,        /**< right but for its sign */
    TP_BACKWARD_TRANSPOSED,  /**< the transpose of what it has to be */
    TP_BACKWARD_NO_MEAN,     /**< N times too large: 1/N of a mean over the batch is missing */
    TP_BACKWARD_MEAN_TWICE,  /**< N times too small: 1/N is there twice */
    TP_BACKWARD_NO_SUM,      /**< one row a sample: the sum over the batch is missing */
    TP_BACKWARD_FACTOR,      /**< a constant factor off */
    TP_BACKWARD_OTHER_INPUT, /**< that of another input */
    TP_BACKWARD_OPERAND,     /**< a product with the wrong operand */
    TP_BACKWARD_SHAPE,       /**< of a shape that fits none of the above */
    TP_BACKWARD_VALUES       /**< none of the above */
} tp_backward_fault;

/** What was found out about one gradient. */
typedef struct tp_backward_verdict {
    tp_backward_fault fault;
    double
        difference; /**< the largest from autograd's, relative to its largest element; NaN where shapes differ */
    char text[256]; /**< "gradient of input 1 (w): the sum over the batch is missing: ..." */
} tp_backward_verdict;

/** Arguments of tp_check_backward. */
typedef struct tp_check_backward_args {
    /** Any differentiable computation of the inputs by tensor operations. */
    tp_tensor *(*forward)(tp_tensor *const *inputs, int n, void *user);
    /** Puts d(target)/d(inputs[i]) in grads[i], in the shape of the input; `grad` is d(target)/d(result), in the shape of the
     *  result: 1 where that is one number. Runs without recording. What is left NULL is not checked, unless .all. */
    void (*backward)(tp_tensor *const *inputs, int n, tp_tensor *grad, tp_tensor **grads,
                     void *user);
    tp_tensor_list
        inputs; /**< floating ones are checked, in float64 whatever their type; at most 16 */
    void *user; /**< handed to both */
    const char *const *names; /**< of the inputs, for the texts; or NULL */
    int64_t batch; /**< N of a mean over samples; 0: the size of dimension 0 of the first input */
    bool all;      /**< a gradient that was not given is a fault */
    bool quiet;    /**< false: the first fault is an error (VALUE) with its text */
    double tolerance;              /**< of the difference: 1e-6 */
    tp_backward_verdict *verdicts; /**< receives one for each input; or NULL */
} tp_check_backward_args;
/** Compares a backward pass written by hand with autograd, and autograd with central differences, and says in words what is wrong
 *  where it can tell: sign, transpose, missing 1/N, missing sum over the batch, wrong operand. True where all gradients are
 *  right. Other errors: ARGUMENT, and what forward and backward report. */
TP_API bool tp_check_backward_at(tp_location at, tp_check_backward_args args);
#define tp_check_backward(forward_, backward_, ...)                                    \
    tp_check_backward_at(TP_HERE, TP_MAKE(tp_check_backward_args, .forward = forward_, \
                                          .backward = backward_, .inputs = __VA_ARGS__))

TP_END_DECLS

#endif
