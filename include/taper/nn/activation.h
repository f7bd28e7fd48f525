/** @file nn/activation.h
 *  Activations as layers; taper/ops/activation.h has them as operations. Each returns a module that the caller
 *  owns, or NULL after an error.
 */
#ifndef TAPER_NN_ACTIVATION_H
#define TAPER_NN_ACTIVATION_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

typedef struct tp_module tp_module;

/** @name Activation layers
 *  @{ */
/** max(x, 0). */
TP_API tp_module *tp_nn_relu_at(tp_location at);
#define tp_nn_relu() tp_nn_relu_at(TP_HERE)
/** 1 / (1 + exp(-x)). */
TP_API tp_module *tp_nn_sigmoid_at(tp_location at);
#define tp_nn_sigmoid() tp_nn_sigmoid_at(TP_HERE)
/** tanh(x). */
TP_API tp_module *tp_nn_tanh_at(tp_location at);
#define tp_nn_tanh() tp_nn_tanh_at(TP_HERE)
/** x sigmoid(x). */
TP_API tp_module *tp_nn_silu_at(tp_location at);
#define tp_nn_silu() tp_nn_silu_at(TP_HERE)
/** The perceptron's step: 1 where x > 0, else 0. Its gradient is 0 everywhere. */
TP_API tp_module *tp_nn_step_at(tp_location at);
#define tp_nn_step() tp_nn_step_at(TP_HERE)
/** min(max(x, 0), 6). */
TP_API tp_module *tp_nn_relu6_at(tp_location at);
#define tp_nn_relu6() tp_nn_relu6_at(TP_HERE)
/** x min(max(x + 3, 0), 6) / 6 (Howard and others, 2019). */
TP_API tp_module *tp_nn_hardswish_at(tp_location at);
#define tp_nn_hardswish() tp_nn_hardswish_at(TP_HERE)
/** min(max(x + 3, 0), 6) / 6. */
TP_API tp_module *tp_nn_hardsigmoid_at(tp_location at);
#define tp_nn_hardsigmoid() tp_nn_hardsigmoid_at(TP_HERE)
/** tp_selu() (Klambauer and others, 2017). */
TP_API tp_module *tp_nn_selu_at(tp_location at);
#define tp_nn_selu() tp_nn_selu_at(TP_HERE)
/** x / (1 + |x|). */
TP_API tp_module *tp_nn_softsign_at(tp_location at);
#define tp_nn_softsign() tp_nn_softsign_at(TP_HERE)
/** x tanh(log(1 + e^x)) (Misra, 2019). */
TP_API tp_module *tp_nn_mish_at(tp_location at);
#define tp_nn_mish() tp_nn_mish_at(TP_HERE)
/** log(1 / (1 + exp(-x))). */
TP_API tp_module *tp_nn_logsigmoid_at(tp_location at);
#define tp_nn_logsigmoid() tp_nn_logsigmoid_at(TP_HERE)

/** Options of tp_nn_hardtanh. */
typedef struct tp_nn_hardtanh_args {
    int reserved;            /**< 0 */
    double min_val, max_val; /**< both 0 stand for -1 and 1 */
} tp_nn_hardtanh_args;
/** min(max(x, min_val), max_val): tp_nn_hardtanh(.min_val = 0, .max_val = 2). Error: VALUE unless min_val < max_val. */
TP_API tp_module *tp_nn_hardtanh_at(tp_location at, tp_nn_hardtanh_args args);
#define tp_nn_hardtanh(...) \
    tp_nn_hardtanh_at(TP_HERE, TP_MAKE(tp_nn_hardtanh_args, .reserved = 0, __VA_ARGS__))
/** x where x > threshold, else value. */
TP_API tp_module *tp_nn_threshold_at(tp_location at, double threshold, double value);
#define tp_nn_threshold(threshold, value) tp_nn_threshold_at(TP_HERE, threshold, value)

/** Options of tp_nn_leaky_relu. */
typedef struct tp_nn_leaky_relu_args {
    int reserved;          /**< 0 */
    double negative_slope; /**< 0.01 */
} tp_nn_leaky_relu_args;
/** x where x > 0, else negative_slope x: tp_nn_leaky_relu(0.2). */
TP_API tp_module *tp_nn_leaky_relu_at(tp_location at, tp_nn_leaky_relu_args args);
#define tp_nn_leaky_relu(...) \
    tp_nn_leaky_relu_at(TP_HERE, TP_MAKE(tp_nn_leaky_relu_args, .reserved = 0, __VA_ARGS__))
/** Options of tp_nn_elu. */
typedef struct tp_nn_elu_args {
    int reserved; /**< 0 */
    double alpha; /**< 1 */
} tp_nn_elu_args;
/** x where x > 0, else alpha (exp(x) - 1) (Clevert and others, 2016). */
TP_API tp_module *tp_nn_elu_at(tp_location at, tp_nn_elu_args args);
#define tp_nn_elu(...) tp_nn_elu_at(TP_HERE, TP_MAKE(tp_nn_elu_args, .reserved = 0, __VA_ARGS__))
/** Options of tp_nn_gelu. */
typedef struct tp_nn_gelu_args {
    int reserved;          /**< 0 */
    bool approximate_tanh; /**< the tanh formula instead of erf */
} tp_nn_gelu_args;
/** x times the probability of a normal variable below x (Hendrycks and Gimpel, 2016). */
TP_API tp_module *tp_nn_gelu_at(tp_location at, tp_nn_gelu_args args);
#define tp_nn_gelu(...) tp_nn_gelu_at(TP_HERE, TP_MAKE(tp_nn_gelu_args, .reserved = 0, __VA_ARGS__))
/** Options of tp_nn_softplus. */
typedef struct tp_nn_softplus_args {
    int reserved;     /**< 0 */
    double beta;      /**< 1 */
    double threshold; /**< 20 */
} tp_nn_softplus_args;
/** log(1 + exp(beta x)) / beta, and x where beta x > threshold. */
TP_API tp_module *tp_nn_softplus_at(tp_location at, tp_nn_softplus_args args);
#define tp_nn_softplus(...) \
    tp_nn_softplus_at(TP_HERE, TP_MAKE(tp_nn_softplus_args, .reserved = 0, __VA_ARGS__))
/** x - tanh(x). */
TP_API tp_module *tp_nn_tanhshrink_at(tp_location at);
#define tp_nn_tanhshrink() tp_nn_tanhshrink_at(TP_HERE)
/** tp_softshrink(); 0 stands for 0.5. */
TP_API tp_module *tp_nn_softshrink_at(tp_location at, double lambda);
#define tp_nn_softshrink(lambda) tp_nn_softshrink_at(TP_HERE, lambda)
/** tp_hardshrink(); 0 stands for 0.5. */
TP_API tp_module *tp_nn_hardshrink_at(tp_location at, double lambda);
#define tp_nn_hardshrink(lambda) tp_nn_hardshrink_at(TP_HERE, lambda)
/** tp_celu(): tp_nn_celu(2). */
TP_API tp_module *tp_nn_celu_at(tp_location at, tp_nn_elu_args args);
#define tp_nn_celu(...) tp_nn_celu_at(TP_HERE, TP_MAKE(tp_nn_elu_args, .reserved = 0, __VA_ARGS__))
/** tp_glu(): halves a dimension. */
TP_API tp_module *tp_nn_glu_at(tp_location at, int dim);
#define tp_nn_glu(dim) tp_nn_glu_at(TP_HERE, dim)
/** Options of tp_nn_prelu. */
typedef struct tp_nn_prelu_args {
    int64_t num_parameters; /**< 1, or the channels of (N, C, ...); 0 stands for 1 */
    double init;            /**< 0.25 */
    tp_dtype dtype;
} tp_nn_prelu_args;
/** tp_prelu() with a trained weight (He and others, 2015): tp_nn_prelu(64). Key: weight. */
TP_API tp_module *tp_nn_prelu_at(tp_location at, tp_nn_prelu_args args);
#define tp_nn_prelu(...) \
    tp_nn_prelu_at(TP_HERE, TP_MAKE(tp_nn_prelu_args, .num_parameters = __VA_ARGS__))

/** exp(x) / sum exp(x) along a dimension. */
TP_API tp_module *tp_nn_softmax_at(tp_location at, int dim);
#define tp_nn_softmax(dim) tp_nn_softmax_at(TP_HERE, dim)
/** Its logarithm. */
TP_API tp_module *tp_nn_log_softmax_at(tp_location at, int dim);
#define tp_nn_log_softmax(dim) tp_nn_log_softmax_at(TP_HERE, dim)
/** @} */

TP_END_DECLS

#endif
