/** @file ops/activation.h
 *  Activations, element by element. Integers are converted to the default floating type first, except by tp_relu().
 */
#ifndef TAPER_OPS_ACTIVATION_H
#define TAPER_OPS_ACTIVATION_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** @name Activations
 *  @{ */
/** max(x, 0). */
TP_API tp_tensor *tp_relu_at(tp_location at, tp_tensor *x);
#define tp_relu(x) tp_relu_at(TP_HERE, x)
/** tp_relu() in place. */
TP_API tp_tensor *tp_relu_inplace_at(tp_location at, tp_tensor *x);
#define tp_relu_(x) tp_relu_inplace_at(TP_HERE, x)
/** min(max(x, 0), 6). */
TP_API tp_tensor *tp_relu6_at(tp_location at, tp_tensor *x);
#define tp_relu6(x) tp_relu6_at(TP_HERE, x)
/** tp_relu6() in place. */
TP_API tp_tensor *tp_relu6_inplace_at(tp_location at, tp_tensor *x);
#define tp_relu6_(x) tp_relu6_inplace_at(TP_HERE, x)
/** 1 / (1 + e^-x). */
TP_API tp_tensor *tp_sigmoid_at(tp_location at, tp_tensor *x);
#define tp_sigmoid(x) tp_sigmoid_at(TP_HERE, x)
/** tp_sigmoid() in place. */
TP_API tp_tensor *tp_sigmoid_inplace_at(tp_location at, tp_tensor *x);
#define tp_sigmoid_(x) tp_sigmoid_inplace_at(TP_HERE, x)
/** x sigmoid(x), also called swish. */
TP_API tp_tensor *tp_silu_at(tp_location at, tp_tensor *x);
#define tp_silu(x) tp_silu_at(TP_HERE, x)
/** tp_silu() in place. */
TP_API tp_tensor *tp_silu_inplace_at(tp_location at, tp_tensor *x);
#define tp_silu_(x) tp_silu_inplace_at(TP_HERE, x)
/** log(sigmoid(x)). */
TP_API tp_tensor *tp_logsigmoid_at(tp_location at, tp_tensor *x);
#define tp_logsigmoid(x) tp_logsigmoid_at(TP_HERE, x)
/** tp_logsigmoid() in place. */
TP_API tp_tensor *tp_logsigmoid_inplace_at(tp_location at, tp_tensor *x);
#define tp_logsigmoid_(x) tp_logsigmoid_inplace_at(TP_HERE, x)
/** x tanh(log(1 + e^x)). */
TP_API tp_tensor *tp_mish_at(tp_location at, tp_tensor *x);
#define tp_mish(x) tp_mish_at(TP_HERE, x)
/** tp_mish() in place. */
TP_API tp_tensor *tp_mish_inplace_at(tp_location at, tp_tensor *x);
#define tp_mish_(x) tp_mish_inplace_at(TP_HERE, x)
/** x / (1 + |x|). */
TP_API tp_tensor *tp_softsign_at(tp_location at, tp_tensor *x);
#define tp_softsign(x) tp_softsign_at(TP_HERE, x)
/** tp_softsign() in place. */
TP_API tp_tensor *tp_softsign_inplace_at(tp_location at, tp_tensor *x);
#define tp_softsign_(x) tp_softsign_inplace_at(TP_HERE, x)
/** min(max(x / 6 + 1/2, 0), 1). */
TP_API tp_tensor *tp_hardsigmoid_at(tp_location at, tp_tensor *x);
#define tp_hardsigmoid(x) tp_hardsigmoid_at(TP_HERE, x)
/** tp_hardsigmoid() in place. */
TP_API tp_tensor *tp_hardsigmoid_inplace_at(tp_location at, tp_tensor *x);
#define tp_hardsigmoid_(x) tp_hardsigmoid_inplace_at(TP_HERE, x)
/** x hardsigmoid(x). */
TP_API tp_tensor *tp_hardswish_at(tp_location at, tp_tensor *x);
#define tp_hardswish(x) tp_hardswish_at(TP_HERE, x)
/** tp_hardswish() in place. */
TP_API tp_tensor *tp_hardswish_inplace_at(tp_location at, tp_tensor *x);
#define tp_hardswish_(x) tp_hardswish_inplace_at(TP_HERE, x)
/** Self-normalising exponential unit: 1.0507 (x above 0, 1.6733 (e^x - 1) below). */
TP_API tp_tensor *tp_selu_at(tp_location at, tp_tensor *x);
#define tp_selu(x) tp_selu_at(TP_HERE, x)
/** tp_selu() in place. */
TP_API tp_tensor *tp_selu_inplace_at(tp_location at, tp_tensor *x);
#define tp_selu_(x) tp_selu_inplace_at(TP_HERE, x)
/** 1 above 0, else 0: the activation of the perceptron. Its gradient is 0. */
TP_API tp_tensor *tp_unit_step_at(tp_location at, tp_tensor *x);
#define tp_unit_step(x) tp_unit_step_at(TP_HERE, x)
/** tp_unit_step() in place. */
TP_API tp_tensor *tp_unit_step_inplace_at(tp_location at, tp_tensor *x);
#define tp_unit_step_(x) tp_unit_step_inplace_at(TP_HERE, x)
/** Arguments of tp_leaky_relu. */
typedef struct tp_leaky_relu_args {
    tp_tensor *x;
    double negative_slope; /**< 0 stands for 0.01 */
} tp_leaky_relu_args;
/** x above 0, slope x below. */
TP_API tp_tensor *tp_leaky_relu_at(tp_location at, tp_leaky_relu_args args);
#define tp_leaky_relu(...) tp_leaky_relu_at(TP_HERE, TP_MAKE(tp_leaky_relu_args, .x = __VA_ARGS__))
/** Arguments of tp_elu. */
typedef struct tp_elu_args {
    tp_tensor *x;
    double alpha; /**< 0 stands for 1 */
} tp_elu_args;
/** x above 0, alpha (e^x - 1) below. */
TP_API tp_tensor *tp_elu_at(tp_location at, tp_elu_args args);
#define tp_elu(...) tp_elu_at(TP_HERE, TP_MAKE(tp_elu_args, .x = __VA_ARGS__))
/** Forms of tp_gelu. */
typedef enum tp_gelu_form {
    TP_GELU_ERF, /**< exact */
    TP_GELU_TANH /**< 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
} tp_gelu_form;
/** Arguments of tp_gelu. */
typedef struct tp_gelu_args {
    tp_tensor *x;
    tp_gelu_form approximate; /**< TP_GELU_TANH for the approximation */
} tp_gelu_args;
/** x times the normal distribution function of x. */
TP_API tp_tensor *tp_gelu_at(tp_location at, tp_gelu_args args);
#define tp_gelu(...) tp_gelu_at(TP_HERE, TP_MAKE(tp_gelu_args, .x = __VA_ARGS__))
/** Arguments of tp_softplus. */
typedef struct tp_softplus_args {
    tp_tensor *x;
    double beta;      /**< 0 stands for 1 */
    double threshold; /**< where beta x is above it the result is x; 0 stands for 20 */
} tp_softplus_args;
/** log(1 + exp(beta x)) / beta. */
TP_API tp_tensor *tp_softplus_at(tp_location at, tp_softplus_args args);
#define tp_softplus(...) tp_softplus_at(TP_HERE, TP_MAKE(tp_softplus_args, .x = __VA_ARGS__))
/** Arguments of tp_hardtanh. */
typedef struct tp_hardtanh_args {
    tp_tensor *x;
    double min_val, max_val; /**< both 0 stand for -1 and 1 */
} tp_hardtanh_args;
/** x between two bounds. Errors: VALUE where min_val > max_val. */
TP_API tp_tensor *tp_hardtanh_at(tp_location at, tp_hardtanh_args args);
#define tp_hardtanh(...) tp_hardtanh_at(TP_HERE, TP_MAKE(tp_hardtanh_args, .x = __VA_ARGS__))
/** Arguments of tp_softshrink and tp_hardshrink. */
typedef struct tp_shrink_args {
    tp_tensor *x;
    double lambda; /**< 0 stands for 0.5 */
} tp_shrink_args;
/** x - lambda above lambda, x + lambda below -lambda, 0 between. */
TP_API tp_tensor *tp_softshrink_at(tp_location at, tp_shrink_args args);
#define tp_softshrink(...) tp_softshrink_at(TP_HERE, TP_MAKE(tp_shrink_args, .x = __VA_ARGS__))
/** x outside of [-lambda, lambda], 0 in it. */
TP_API tp_tensor *tp_hardshrink_at(tp_location at, tp_shrink_args args);
#define tp_hardshrink(...) tp_hardshrink_at(TP_HERE, TP_MAKE(tp_shrink_args, .x = __VA_ARGS__))
/** x - tanh(x). */
TP_API tp_tensor *tp_tanhshrink_at(tp_location at, tp_tensor *x);
#define tp_tanhshrink(x) tp_tanhshrink_at(TP_HERE, x)
/** tp_tanhshrink() in place. */
TP_API tp_tensor *tp_tanhshrink_inplace_at(tp_location at, tp_tensor *x);
#define tp_tanhshrink_(x) tp_tanhshrink_inplace_at(TP_HERE, x)
/** x above 0, alpha (e^(x / alpha) - 1) below (Barron, 2017); .alpha as for tp_elu(). */
TP_API tp_tensor *tp_celu_at(tp_location at, tp_elu_args args);
#define tp_celu(...) tp_celu_at(TP_HERE, TP_MAKE(tp_elu_args, .x = __VA_ARGS__))
/** x above 0, weight x below: weight has one element, or one for each channel of x (N, C, ...). Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_prelu_at(tp_location at, tp_tensor *x, tp_tensor *weight);
#define tp_prelu(x, weight) tp_prelu_at(TP_HERE, x, weight)
/** a sigmoid(b), a and b being the first and second half of x along dim (Dauphin and others, 2017). Errors: INDEX; SHAPE for an
 *  odd size. */
TP_API tp_tensor *tp_glu_at(tp_location at, tp_tensor *x, int dim);
#define tp_glu(x, dim) tp_glu_at(TP_HERE, x, dim)
/** x above the threshold, else value. */
TP_API tp_tensor *tp_threshold_at(tp_location at, tp_tensor *x, double threshold, double value);
#define tp_threshold(x, threshold, value) tp_threshold_at(TP_HERE, x, threshold, value)
/** @} */

TP_END_DECLS

#endif
