/** @file init.h
 *  Initialisers: fill a tensor in place, as torch.nn.init. Nothing is recorded, so they may fill
 *  leaves that want a gradient; the same seed draws the same numbers as PyTorch. A tensor without
 *  elements is left as it is.
 *
 *  Each returns x. Errors: DTYPE where x is not floating, SHAPE where fans are needed and x has
 *  fewer than two dimensions, ARGUMENT for bounds that make no sense.
 */
#ifndef TAPER_INIT_H
#define TAPER_INIT_H

#include <taper/random.h>
#include <taper/tensor.h>

TP_BEGIN_DECLS

/** What follows the layer; it decides the gain. */
typedef enum tp_nonlinearity {
    TP_NONLINEARITY_DEFAULT,    /**< what the initialiser takes when none is named: leaky ReLU */
    TP_NONLINEARITY_LINEAR,     /**< none, or a convolution: 1 */
    TP_NONLINEARITY_SIGMOID,    /**< 1 */
    TP_NONLINEARITY_TANH,       /**< 5 / 3 */
    TP_NONLINEARITY_RELU,       /**< sqrt(2) */
    TP_NONLINEARITY_LEAKY_RELU, /**< sqrt(2 / (1 + slope^2)) */
    TP_NONLINEARITY_SELU        /**< 3 / 4 */
} tp_nonlinearity;

/** Which side's deviation Kaiming's rule keeps: that of the values going forward or of the
 *  gradients going back. */
typedef enum tp_fan_mode { TP_FAN_IN, TP_FAN_OUT } tp_fan_mode;

/** The recommended gain. `slope` is that of a leaky ReLU (PyTorch takes 0.01 when none is given)
 *  and is ignored by the others. NaN for a value that is no tp_nonlinearity. */
TP_API double tp_calculate_gain(tp_nonlinearity nonlinearity, double slope);

/** Arguments of tp_init_uniform. */
typedef struct tp_init_uniform_args {
    tp_tensor *x;
    double a, b; /**< the interval [a, b); [0, 1) where both are left out */
    tp_generator *generator;
} tp_init_uniform_args;
/** Uniform. */
TP_API tp_tensor *tp_init_uniform_at(tp_location at, tp_init_uniform_args args);
#define tp_init_uniform(...) \
    tp_init_uniform_at(TP_HERE, TP_MAKE(tp_init_uniform_args, .x = __VA_ARGS__))

/** Arguments of tp_init_normal. */
typedef struct tp_init_normal_args {
    tp_tensor *x;
    double mean;
    double std; /**< 1 */
    tp_generator *generator;
} tp_init_normal_args;
/** Normal. */
TP_API tp_tensor *tp_init_normal_at(tp_location at, tp_init_normal_args args);
#define tp_init_normal(...) \
    tp_init_normal_at(TP_HERE, TP_MAKE(tp_init_normal_args, .x = __VA_ARGS__))

/** All `value`. Any type. */
TP_API tp_tensor *tp_init_constant_at(tp_location at, tp_tensor *x, double value);
#define tp_init_constant(x, value) tp_init_constant_at(TP_HERE, x, value)
/** All 0. */
#define tp_init_zeros(x) tp_init_constant_at(TP_HERE, x, 0)
/** All 1. */
#define tp_init_ones(x) tp_init_constant_at(TP_HERE, x, 1)

/** Arguments of tp_init_xavier_uniform and tp_init_xavier_normal. */
typedef struct tp_init_xavier_args {
    tp_tensor *x; /**< (out, in, ...) */
    double gain;  /**< 1 */
    tp_generator *generator;
} tp_init_xavier_args;
/** Uniform in [-a, a) with a = gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010). */
TP_API tp_tensor *tp_init_xavier_uniform_at(tp_location at, tp_init_xavier_args args);
#define tp_init_xavier_uniform(...) \
    tp_init_xavier_uniform_at(TP_HERE, TP_MAKE(tp_init_xavier_args, .x = __VA_ARGS__))
/** Normal with deviation gain sqrt(2 / (fan_in + fan_out)). */
TP_API tp_tensor *tp_init_xavier_normal_at(tp_location at, tp_init_xavier_args args);
#define tp_init_xavier_normal(...) \
    tp_init_xavier_normal_at(TP_HERE, TP_MAKE(tp_init_xavier_args, .x = __VA_ARGS__))

/** Arguments of tp_init_kaiming_uniform and tp_init_kaiming_normal. */
typedef struct tp_init_kaiming_args {
    tp_tensor *x; /**< (out, in, ...) */
    double a;     /**< negative slope of the leaky ReLU that follows: 0 */
    tp_fan_mode mode;
    tp_nonlinearity nonlinearity; /**< leaky ReLU */
    tp_generator *generator;
} tp_init_kaiming_args;
/** Uniform in [-b, b) with b = gain sqrt(3 / fan) (He and others, 2015). */
TP_API tp_tensor *tp_init_kaiming_uniform_at(tp_location at, tp_init_kaiming_args args);
#define tp_init_kaiming_uniform(...) \
    tp_init_kaiming_uniform_at(TP_HERE, TP_MAKE(tp_init_kaiming_args, .x = __VA_ARGS__))
/** Normal with deviation gain / sqrt(fan). */
TP_API tp_tensor *tp_init_kaiming_normal_at(tp_location at, tp_init_kaiming_args args);
#define tp_init_kaiming_normal(...) \
    tp_init_kaiming_normal_at(TP_HERE, TP_MAKE(tp_init_kaiming_args, .x = __VA_ARGS__))

TP_END_DECLS

#endif
