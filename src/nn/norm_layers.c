/* LayerNorm, GroupNorm, LocalResponseNorm. (Batch and instance normalisation: batch_norm.c.) */
#include <stdio.h>
#include <taper/nn/norm.h>

#include "nn/layers.h"

typedef struct norm_layer {
    tp_module base;
    tp_tensor *weight, *bias; /* or NULL */
    tp_shape shape;           /* LayerNorm */
    int64_t groups, channels; /* GroupNorm */
    double eps;
} norm_layer;

/* Ones and zeros; false after an error. */
static bool make_affine(tp_location at, norm_layer *layer, tp_shape shape, tp_dtype dtype) {
    layer->weight = tp_make_constant(at, &layer->base, "weight", shape, 1, dtype, false);
    if (layer->weight)
        layer->bias = tp_make_constant(at, &layer->base, "bias", shape, 0, dtype, false);
    return layer->bias != NULL;
}

static tp_module *finish(tp_location at, norm_layer *layer, tp_shape shape, double eps,
                         bool no_affine, tp_dtype dtype) {
    layer->eps = eps != 0 ? eps : 1e-5;
    if (no_affine || make_affine(at, layer, shape, dtype)) return &layer->base;
    tp_module_end(&layer->base);
    return NULL;
}

/* ---- LayerNorm ---- */

static tp_tensor *layer_norm_forward(tp_module *module, tp_tensor *x) {
    const norm_layer *layer = (const norm_layer *)module;
    return tp_layer_norm_at(tp_module_at(), (tp_layer_norm_args){x, layer->shape, layer->weight,
                                                                 layer->bias, layer->eps});
}

static int layer_norm_describe(const tp_module *module, char *buffer, size_t size) {
    const norm_layer *layer = (const norm_layer *)module;
    const char *shape = layer->shape.ndim == 1 ? tp_text("(%lld,)", (long long)layer->shape.dims[0])
                                               : tp_shape_text(layer->shape);
    return snprintf(buffer, size, "%s, eps=%g, elementwise_affine=%s", shape, layer->eps,
                    layer->weight ? "True" : "False");
}

tp_module *tp_nn_layer_norm_at(tp_location at, tp_nn_layer_norm_args args) {
    if (args.normalized_shape.ndim < 1) {
        tp_fail(at, "nn_layer_norm", TP_ERROR_ARGUMENT, "no normalized_shape",
                "the last sizes of x, tp_shape(64)", NULL);
        return NULL;
    }
    norm_layer *layer = tp_layer_new(at, sizeof *layer, "LayerNorm", layer_norm_forward);
    if (!layer) return NULL;
    layer->shape = args.normalized_shape;
    layer->base.describe = layer_norm_describe;
    return finish(at, layer, args.normalized_shape, args.eps, args.no_affine, args.dtype);
}

/* ---- GroupNorm ---- */

static tp_tensor *group_norm_forward(tp_module *module, tp_tensor *x) {
    const norm_layer *layer = (const norm_layer *)module;
    return tp_group_norm_at(tp_module_at(), (tp_group_norm_args){x, layer->groups, layer->weight,
                                                                 layer->bias, layer->eps});
}

static int group_norm_describe(const tp_module *module, char *buffer, size_t size) {
    const norm_layer *layer = (const norm_layer *)module;
    return snprintf(buffer, size, "%lld, %lld, eps=%g, affine=%s", (long long)layer->groups,
                    (long long)layer->channels, layer->eps, layer->weight ? "True" : "False");
}

tp_module *tp_nn_group_norm_at(tp_location at, tp_nn_group_norm_args args) {
    if (args.num_groups < 1 || args.num_channels < 0 || args.num_channels % args.num_groups) {
        tp_fail(at, "nn_group_norm", TP_ERROR_ARGUMENT,
                tp_text("%lld groups of %lld channels", (long long)args.num_groups,
                        (long long)args.num_channels),
                "a number of groups that divides the channels", NULL);
        return NULL;
    }
    norm_layer *layer = tp_layer_new(at, sizeof *layer, "GroupNorm", group_norm_forward);
    if (!layer) return NULL;
    layer->groups = args.num_groups;
    layer->channels = args.num_channels;
    layer->base.describe = group_norm_describe;
    return finish(at, layer, tp_shape(args.num_channels), args.eps, args.no_affine, args.dtype);
}

/* ---- LocalResponseNorm ---- */

typedef struct response_layer {
    tp_module base;
    tp_local_response_norm_args args; /* x is set for the call */
} response_layer;

static tp_tensor *response_forward(tp_module *module, tp_tensor *x) {
    tp_local_response_norm_args args = ((const response_layer *)module)->args;
    args.x = x;
    return tp_local_response_norm_at(tp_module_at(), args);
}

static int response_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_local_response_norm_args *args = &((const response_layer *)module)->args;
    return snprintf(buffer, size, "%lld, alpha=%g, beta=%g, k=%g", (long long)args->size,
                    args->alpha, args->beta, args->k);
}

tp_module *tp_nn_local_response_norm_at(tp_location at, tp_local_response_norm_args args) {
    if (args.size < 1) {
        tp_fail(at, "nn_local_response_norm", TP_ERROR_ARGUMENT,
                tp_text("size %lld", (long long)args.size), "at least 1", NULL);
        return NULL;
    }
    response_layer *layer = tp_layer_new(at, sizeof *layer, "LocalResponseNorm", response_forward);
    if (!layer) return NULL;
    if (args.alpha == 0) args.alpha = 1e-4;
    if (args.beta == 0) args.beta = 0.75;
    if (args.k == 0) args.k = 1;
    layer->args = args;
    layer->base.describe = response_describe;
    return &layer->base;
}
