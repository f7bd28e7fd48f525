/* The activation layers. */
#include <taper/ops.h>
#include <taper/ops/reduce.h>

#include "nn/layers.h"

tp_tensor *tp_activation_layer_forward(tp_module *module, tp_tensor *x) {
    const tp_activation_layer *layer = (const tp_activation_layer *)module;
    tp_location at = tp_module_at();
    switch (layer->kind) {
    case TP_LAYER_RELU: return tp_relu_at(at, x);
    case TP_LAYER_LEAKY_RELU: return tp_leaky_relu_at(at, (tp_leaky_relu_args){x, layer->a});
    case TP_LAYER_ELU: return tp_elu_at(at, (tp_elu_args){x, layer->a});
    case TP_LAYER_GELU:
        return tp_gelu_at(at, (tp_gelu_args){x, layer->a != 0 ? TP_GELU_TANH : TP_GELU_ERF});
    case TP_LAYER_SILU: return tp_silu_at(at, x);
    case TP_LAYER_SOFTPLUS: return tp_softplus_at(at, (tp_softplus_args){x, layer->a, layer->b});
    case TP_LAYER_SIGMOID: return tp_sigmoid_at(at, x);
    case TP_LAYER_TANH: return tp_tanh_at(at, x);
    case TP_LAYER_STEP: return tp_unit_step_at(at, x);
    case TP_LAYER_SOFTMAX: return tp_softmax_at(at, x, layer->dim);
    case TP_LAYER_LOG_SOFTMAX: return tp_log_softmax_at(at, x, layer->dim);
    case TP_LAYER_HARDTANH: return tp_hardtanh_at(at, (tp_hardtanh_args){x, layer->a, layer->b});
    case TP_LAYER_THRESHOLD: return tp_threshold_at(at, x, layer->a, layer->b);
    case TP_LAYER_SOFTSHRINK: return tp_softshrink_at(at, (tp_shrink_args){x, layer->a});
    case TP_LAYER_HARDSHRINK: return tp_hardshrink_at(at, (tp_shrink_args){x, layer->a});
    case TP_LAYER_CELU: return tp_celu_at(at, (tp_elu_args){x, layer->a});
    case TP_LAYER_GLU: return tp_glu_at(at, x, layer->dim);
    case TP_LAYER_PLAIN: return layer->run(at, x);
    }
    return tp_poison();
}

static int activation_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_activation_layer *layer = (const tp_activation_layer *)module;
    switch (layer->kind) {
    case TP_LAYER_LEAKY_RELU: return snprintf(buffer, size, "negative_slope=%g", layer->a);
    case TP_LAYER_CELU:
    case TP_LAYER_ELU: return snprintf(buffer, size, "alpha=%g", layer->a);
    case TP_LAYER_SOFTSHRINK:
    case TP_LAYER_HARDSHRINK: return snprintf(buffer, size, "%g", layer->a);
    case TP_LAYER_GELU:
        return snprintf(buffer, size, "approximate='%s'", layer->a != 0 ? "tanh" : "none");
    case TP_LAYER_SOFTPLUS:
        return snprintf(buffer, size, "beta=%g, threshold=%g", layer->a, layer->b);
    case TP_LAYER_GLU:
    case TP_LAYER_SOFTMAX:
    case TP_LAYER_LOG_SOFTMAX: return snprintf(buffer, size, "dim=%d", layer->dim);
    case TP_LAYER_HARDTANH:
        return snprintf(buffer, size, "min_val=%g, max_val=%g", layer->a, layer->b);
    case TP_LAYER_THRESHOLD:
        return snprintf(buffer, size, "threshold=%g, value=%g", layer->a, layer->b);
    default: return snprintf(buffer, size, "%s", "");
    }
}

static tp_module *new_layer(tp_location at, const char *type, tp_activation_kind kind, double a,
                            double b, int dim) {
    tp_activation_layer *layer = tp_layer_new(at, sizeof *layer, type, tp_activation_layer_forward);
    if (!layer) return NULL;
    layer->base.describe = activation_describe;
    layer->kind = kind;
    layer->a = a;
    layer->b = b;
    layer->dim = dim;
    return &layer->base;
}

static double or_default(double value, double otherwise) { return value != 0 ? value : otherwise; }

tp_module *tp_nn_relu_at(tp_location at) { return new_layer(at, "ReLU", TP_LAYER_RELU, 0, 0, 0); }

tp_module *tp_nn_sigmoid_at(tp_location at) {
    return new_layer(at, "Sigmoid", TP_LAYER_SIGMOID, 0, 0, 0);
}

tp_module *tp_nn_tanh_at(tp_location at) { return new_layer(at, "Tanh", TP_LAYER_TANH, 0, 0, 0); }

tp_module *tp_nn_silu_at(tp_location at) { return new_layer(at, "SiLU", TP_LAYER_SILU, 0, 0, 0); }

tp_module *tp_nn_step_at(tp_location at) { return new_layer(at, "Step", TP_LAYER_STEP, 0, 0, 0); }

tp_module *tp_nn_leaky_relu_at(tp_location at, tp_nn_leaky_relu_args args) {
    return new_layer(at, "LeakyReLU", TP_LAYER_LEAKY_RELU, or_default(args.negative_slope, 0.01), 0,
                     0);
}

tp_module *tp_nn_elu_at(tp_location at, tp_nn_elu_args args) {
    return new_layer(at, "ELU", TP_LAYER_ELU, or_default(args.alpha, 1), 0, 0);
}

tp_module *tp_nn_gelu_at(tp_location at, tp_nn_gelu_args args) {
    return new_layer(at, "GELU", TP_LAYER_GELU, args.approximate_tanh, 0, 0);
}

tp_module *tp_nn_softplus_at(tp_location at, tp_nn_softplus_args args) {
    return new_layer(at, "Softplus", TP_LAYER_SOFTPLUS, or_default(args.beta, 1),
                     or_default(args.threshold, 20), 0);
}

tp_module *tp_nn_softmax_at(tp_location at, int dim) {
    return new_layer(at, "Softmax", TP_LAYER_SOFTMAX, 0, 0, dim);
}

tp_module *tp_nn_log_softmax_at(tp_location at, int dim) {
    return new_layer(at, "LogSoftmax", TP_LAYER_LOG_SOFTMAX, 0, 0, dim);
}

tp_module *tp_nn_hardtanh_at(tp_location at, tp_nn_hardtanh_args args) {
    bool given = args.min_val != 0 || args.max_val != 0;
    double low = given ? args.min_val : -1, high = given ? args.max_val : 1;
    if (low < high) return new_layer(at, "Hardtanh", TP_LAYER_HARDTANH, low, high, 0);
    tp_fail(at, "nn_hardtanh", TP_ERROR_VALUE, tp_text("min_val %g, max_val %g", low, high),
            "min_val < max_val", NULL);
    return NULL;
}

tp_module *tp_nn_threshold_at(tp_location at, double threshold, double value) {
    return new_layer(at, "Threshold", TP_LAYER_THRESHOLD, threshold, value, 0);
}

tp_module *tp_nn_softshrink_at(tp_location at, double lambda) {
    return new_layer(at, "Softshrink", TP_LAYER_SOFTSHRINK, or_default(lambda, 0.5), 0, 0);
}

tp_module *tp_nn_hardshrink_at(tp_location at, double lambda) {
    return new_layer(at, "Hardshrink", TP_LAYER_HARDSHRINK, or_default(lambda, 0.5), 0, 0);
}

tp_module *tp_nn_celu_at(tp_location at, tp_nn_elu_args args) {
    return new_layer(at, "CELU", TP_LAYER_CELU, or_default(args.alpha, 1), 0, 0);
}

tp_module *tp_nn_glu_at(tp_location at, int dim) {
    return new_layer(at, "GLU", TP_LAYER_GLU, 0, 0, dim);
}

/* ---- functions without parameters ---- */

static tp_module *new_plain(tp_location at, const char *type,
                            tp_tensor *(*run)(tp_location at, tp_tensor *x)) {
    tp_module *module = new_layer(at, type, TP_LAYER_PLAIN, 0, 0, 0);
    if (module) ((tp_activation_layer *)module)->run = run;
    return module;
}

#define PLAIN(name, type) \
    tp_module *tp_nn_##name##_at(tp_location at) { return new_plain(at, type, tp_##name##_at); }
PLAIN(relu6, "ReLU6")
PLAIN(hardswish, "Hardswish")
PLAIN(hardsigmoid, "Hardsigmoid")
PLAIN(selu, "SELU")
PLAIN(softsign, "Softsign")
PLAIN(mish, "Mish")
PLAIN(logsigmoid, "LogSigmoid")
PLAIN(tanhshrink, "Tanhshrink")
#undef PLAIN

/* ---- PReLU ---- */

typedef struct prelu_layer {
    tp_module base;
    tp_tensor *weight; /* (1) or (C) */
} prelu_layer;

static tp_tensor *prelu_forward(tp_module *module, tp_tensor *x) {
    return tp_prelu_at(tp_module_at(), x, ((const prelu_layer *)module)->weight);
}

static int prelu_describe(const tp_module *module, char *buffer, size_t size) {
    return snprintf(buffer, size, "num_parameters=%lld",
                    (long long)((const prelu_layer *)module)->weight->numel);
}

tp_module *tp_nn_prelu_at(tp_location at, tp_nn_prelu_args args) {
    prelu_layer *layer = tp_layer_new(at, sizeof *layer, "PReLU", prelu_forward);
    if (!layer) return NULL;
    tp_shape shape = tp_shape(args.num_parameters ? args.num_parameters : 1);
    layer->weight = tp_make_constant(at, &layer->base, "weight", shape, or_default(args.init, 0.25),
                                     args.dtype, false);
    layer->base.describe = prelu_describe;
    if (layer->weight) return &layer->base;
    tp_module_end(&layer->base);
    return NULL;
}
