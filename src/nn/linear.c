#include <stdio.h>

#include "nn/layers.h"

tp_tensor *tp_linear_layer_forward(tp_module *module, tp_tensor *x) {
    const tp_linear_layer *layer = (const tp_linear_layer *)module;
    return tp_linear_at(tp_module_at(), (tp_linear_args){x, layer->weight, layer->bias,
                                                         layer->activation, layer->negative_slope});
}

static int linear_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_linear_layer *layer = (const tp_linear_layer *)module;
    return snprintf(buffer, size, "in_features=%lld, out_features=%lld, bias=%s",
                    (long long)layer->in_features, (long long)layer->out_features,
                    layer->bias ? "True" : "False");
}

static int64_t linear_multiply_adds(const tp_module *module, const tp_tensor *x,
                                    const tp_tensor *y) {
    (void)x;
    return tp_numel(y) * ((const tp_linear_layer *)module)->in_features;
}

static bool make_parameters(tp_location at, tp_linear_layer *layer, const tp_nn_linear_args *args) {
    layer->weight = tp_make_weight(at, &layer->base,
                                   tp_shape(args->out_features, args->in_features), args->dtype);
    if (!layer->weight || args->no_bias) return layer->weight != NULL;
    layer->bias =
        tp_make_bias(at, &layer->base, args->out_features, args->in_features, args->dtype);
    return layer->bias != NULL;
}

tp_module *tp_nn_linear_at(tp_location at, tp_nn_linear_args args) {
    if (args.in_features < 0 || args.out_features < 0) {
        tp_fail(at, "nn_linear", TP_ERROR_ARGUMENT,
                tp_text("%lld features in and %lld out", (long long)args.in_features,
                        (long long)args.out_features),
                "numbers of at least 0", NULL);
        return NULL;
    }
    if (args.dtype && args.dtype != TP_FLOAT32 && args.dtype != TP_FLOAT64) {
        tp_fail(at, "nn_linear", TP_ERROR_DTYPE, tp_dtype_name(args.dtype), "float32 or float64",
                NULL);
        return NULL;
    }
    tp_linear_layer *layer = tp_layer_new(at, sizeof *layer, "Linear", tp_linear_layer_forward);
    if (!layer) return NULL;
    layer->in_features = args.in_features;
    layer->out_features = args.out_features;
    layer->base.describe = linear_describe;
    layer->base.multiply_adds = linear_multiply_adds;
    if (make_parameters(at, layer, &args)) return &layer->base;
    tp_module_end(&layer->base);
    return NULL;
}
