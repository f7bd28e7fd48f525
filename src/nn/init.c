/* Initialisers. */
#include <taper/init.h>

#include <math.h>

#include "autograd/node.h"
#include "nn/state.h"
#include "ops/loop.h"

double tp_calculate_gain(tp_nonlinearity nonlinearity, double slope) {
    switch (nonlinearity) {
    case TP_NONLINEARITY_LINEAR:
    case TP_NONLINEARITY_SIGMOID: return 1;
    case TP_NONLINEARITY_TANH: return 5.0 / 3;
    case TP_NONLINEARITY_RELU: return sqrt(2);
    case TP_NONLINEARITY_DEFAULT:
    case TP_NONLINEARITY_LEAKY_RELU: return sqrt(2 / (1 + slope * slope));
    case TP_NONLINEARITY_SELU: return 3.0 / 4;
    }
    return NAN;
}

static tp_tensor *not_floating(tp_location at, const char *op, const tp_tensor *x) {
    return tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(x), "a floating type", NULL);
}

/* A model that is loaded next needs no values. */
static bool skipping(void) {
    const tp_module_state *state = tp_ctx()->modules;
    return state && state->skip_init;
}

static tp_tensor *fill_uniform(tp_location at, tp_tensor *x, double low, double high,
                               tp_generator *generator) {
    if (skipping()) return x;
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_tensor *result = tp_uniform_at(at, x, low, high, generator);
    tp_grad_mode_end(&mode);
    return result;
}

static tp_tensor *fill_normal(tp_location at, tp_tensor *x, double mean, double std,
                              tp_generator *generator) {
    if (skipping()) return x;
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_tensor *result = tp_normal_at(at, x, mean, std, generator);
    tp_grad_mode_end(&mode);
    return result;
}

tp_tensor *tp_init_uniform_at(tp_location at, tp_init_uniform_args args) {
    TP_CHECK(at, "init_uniform", args.x);
    if (!tp_is_float_type(args.x->dtype)) return not_floating(at, "init_uniform", args.x);
    double high = args.a == 0 && args.b == 0 ? 1 : args.b;
    if (!(args.a <= high) || !isfinite(high - args.a))
        return tp_fail(at, "init_uniform", TP_ERROR_ARGUMENT, tp_text("[%g, %g)", args.a, high),
                       "finite bounds a <= b", NULL);
    return fill_uniform(at, args.x, args.a, high, args.generator);
}

tp_tensor *tp_init_normal_at(tp_location at, tp_init_normal_args args) {
    TP_CHECK(at, "init_normal", args.x);
    if (!tp_is_float_type(args.x->dtype)) return not_floating(at, "init_normal", args.x);
    if (!(args.std >= 0))
        return tp_fail(at, "init_normal", TP_ERROR_ARGUMENT, tp_text("deviation %g", args.std),
                       "at least 0", NULL);
    return fill_normal(at, args.x, args.mean, args.std != 0 || signbit(args.std) ? args.std : 1,
                       args.generator);
}

tp_tensor *tp_init_constant_at(tp_location at, tp_tensor *x, double value) {
    TP_CHECK(at, "init_constant", x);
    tp_grad_mode mode = tp_grad_mode_begin(false);
    if (tp_begin_edit(at, "init_constant", x))
        tp_fill_elements(x, value);
    else
        x = tp_poison();
    tp_grad_mode_end(&mode);
    return x;
}

/* How many values one output sees, and how many outputs one input reaches; false (reported) below
 * two dimensions. */
static bool fans(tp_location at, const char *op, const tp_tensor *x, double *fan_in,
                 double *fan_out) {
    if (!tp_is_float_type(x->dtype)) {
        not_floating(at, op, x);
        return false;
    }
    if (x->ndim < 2) {
        tp_fail(at, op, TP_ERROR_SHAPE, tp_tensor_text(x), "(out, in, ...)",
                "a bias has no fans: use tp_init_zeros or tp_init_uniform");
        return false;
    }
    double field = 1;
    for (int i = 2; i < x->ndim; i++) field *= (double)x->shape[i];
    *fan_in = (double)x->shape[1] * field;
    *fan_out = (double)x->shape[0] * field;
    return true;
}

static tp_tensor *xavier(tp_location at, const char *op, const tp_init_xavier_args *args,
                         bool normal) {
    TP_CHECK(at, op, args->x);
    double fan_in, fan_out;
    if (!fans(at, op, args->x, &fan_in, &fan_out)) return tp_poison();
    if (!args->x->numel) return args->x;
    double std =
        (args->gain != 0 || signbit(args->gain) ? args->gain : 1) * sqrt(2 / (fan_in + fan_out));
    if (normal) return fill_normal(at, args->x, 0, std, args->generator);
    double bound = sqrt(3) * std;
    return fill_uniform(at, args->x, -bound, bound, args->generator);
}

tp_tensor *tp_init_xavier_uniform_at(tp_location at, tp_init_xavier_args args) {
    return xavier(at, "init_xavier_uniform", &args, false);
}

tp_tensor *tp_init_xavier_normal_at(tp_location at, tp_init_xavier_args args) {
    return xavier(at, "init_xavier_normal", &args, true);
}

static tp_tensor *kaiming(tp_location at, const char *op, const tp_init_kaiming_args *args,
                          bool normal) {
    TP_CHECK(at, op, args->x);
    double fan_in, fan_out;
    if (!fans(at, op, args->x, &fan_in, &fan_out)) return tp_poison();
    if (!args->x->numel) return args->x;
    double gain = tp_calculate_gain(args->nonlinearity, args->a);
    if (isnan(gain))
        return tp_fail(at, op, TP_ERROR_ARGUMENT,
                       tp_text("nonlinearity %d", (int)args->nonlinearity), "a tp_nonlinearity",
                       NULL);
    double std = gain / sqrt(args->mode == TP_FAN_OUT ? fan_out : fan_in);
    if (normal) return fill_normal(at, args->x, 0, std, args->generator);
    double bound = sqrt(3) * std;
    return fill_uniform(at, args->x, -bound, bound, args->generator);
}

tp_tensor *tp_init_kaiming_uniform_at(tp_location at, tp_init_kaiming_args args) {
    return kaiming(at, "init_kaiming_uniform", &args, false);
}

tp_tensor *tp_init_kaiming_normal_at(tp_location at, tp_init_kaiming_args args) {
    return kaiming(at, "init_kaiming_normal", &args, true);
}
