#include "nn/batch_norm.h"

#include <stdio.h>
#include <taper/nn/norm.h>

#include "nn/layers.h"
#include "nn/pooling.h"
#include "ops/batch_norm.h"

/* 1 / n for the n-th batch where running values are plain means; counts the batch. */
static double next_momentum(tp_batch_norm_layer *layer) {
    int64_t *count = (int64_t *)(void *)layer->num_batches_tracked->data;
    layer->num_batches_tracked->storage->version++;
    ++*count;
    return layer->cumulative ? 1 / (double)*count : layer->momentum;
}

tp_batch_norm_args tp_batch_norm_layer_args(tp_batch_norm_layer *layer, tp_tensor *x) {
    bool training = !layer->base.evaluating;
    tp_batch_norm_args args = {.x = x,
                               .running_mean = layer->running_mean,
                               .running_var = layer->running_var,
                               .weight = layer->weight,
                               .bias = layer->bias,
                               .training = training || !layer->running_mean,
                               .momentum = layer->momentum,
                               .eps = layer->eps,
                               .activation = layer->activation};
    if (training && layer->num_batches_tracked) args.momentum = next_momentum(layer);
    return args;
}

static bool takes(const tp_batch_norm_layer *layer, const tp_tensor *x) {
    if (layer->dims == 2) return x->ndim == 4;
    return x->ndim == 3 || (x->ndim == 2 && !layer->instance);
}

tp_tensor *tp_batch_norm_layer_forward(tp_module *module, tp_tensor *x) {
    tp_batch_norm_layer *layer = (tp_batch_norm_layer *)module;
    tp_location at = tp_module_at();
    if (!takes(layer, x))
        return tp_fail(at, layer->instance ? "instance_norm" : "batch_norm", TP_ERROR_SHAPE,
                       tp_tensor_text(x),
                       layer->dims == 2  ? "(N, C, H, W)"
                       : layer->instance ? "(N, C, L)"
                                         : "(N, C) or (N, C, L)",
                       NULL);
    tp_batch_norm_args args = tp_batch_norm_layer_args(layer, x);
    if (layer->instance) return tp_instance_norm_at(at, args);
    tp_batch_norm_call call = {.args = args};
    if (layer->pool) {
        call.window = &layer->pool->window;
        call.ceil_mode = layer->pool->args.ceil_mode;
    }
    return tp_batch_norm_run(at, &call);
}

static int batch_norm_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_batch_norm_layer *layer = (const tp_batch_norm_layer *)module;
    const char *momentum = layer->cumulative ? "None" : tp_text("%g", layer->momentum);
    return snprintf(buffer, size, "%lld, eps=%g, momentum=%s, affine=%s, track_running_stats=%s",
                    (long long)layer->features, layer->eps, momentum,
                    layer->weight ? "True" : "False", layer->running_mean ? "True" : "False");
}

/* Options of both families. */
typedef struct norm_options {
    int dims;
    bool instance, affine, tracking, cumulative;
    int64_t features;
    double eps, momentum;
    tp_dtype dtype;
} norm_options;

static bool make_tensors(tp_location at, tp_batch_norm_layer *layer, const norm_options *options) {
    tp_module *module = &layer->base;
    tp_shape shape = tp_shape(options->features);
    tp_dtype dtype = options->dtype ? options->dtype : tp_get_default_dtype();
    if (options->affine) {
        layer->weight = tp_make_constant(at, module, "weight", shape, 1, dtype, false);
        layer->bias =
            layer->weight ? tp_make_constant(at, module, "bias", shape, 0, dtype, false) : NULL;
        if (!layer->bias) return false;
    }
    if (!options->tracking) return true;
    layer->running_mean = tp_make_constant(at, module, "running_mean", shape, 0, dtype, true);
    if (layer->running_mean)
        layer->running_var = tp_make_constant(at, module, "running_var", shape, 1, dtype, true);
    if (layer->running_var)
        layer->num_batches_tracked =
            tp_make_constant(at, module, "num_batches_tracked", tp_shape(), 0, TP_INT64, true);
    return layer->num_batches_tracked != NULL;
}

static tp_module *new_layer(tp_location at, const char *type, const norm_options *options) {
    if (options->features < 0 || options->eps < 0 || options->momentum < 0) {
        tp_fail(at, type, TP_ERROR_ARGUMENT,
                tp_text("%lld features, eps %g, momentum %g", (long long)options->features,
                        options->eps, options->momentum),
                "numbers of at least 0", NULL);
        return NULL;
    }
    if (options->dtype && !tp_is_float_type(options->dtype)) {
        tp_fail(at, type, TP_ERROR_DTYPE, tp_dtype_name(options->dtype), "float32 or float64",
                NULL);
        return NULL;
    }
    tp_batch_norm_layer *layer = tp_layer_new(at, sizeof *layer, type, tp_batch_norm_layer_forward);
    if (!layer) return NULL;
    layer->features = options->features;
    layer->eps = options->eps != 0 ? options->eps : 1e-5;
    layer->momentum = options->momentum != 0 ? options->momentum : 0.1;
    layer->cumulative = options->cumulative;
    layer->dims = options->dims;
    layer->instance = options->instance;
    layer->base.describe = batch_norm_describe;
    if (make_tensors(at, layer, options)) return &layer->base;
    tp_module_end(&layer->base);
    return NULL;
}

static norm_options batch_options(int dims, tp_nn_batch_norm_args args) {
    return (norm_options){.dims = dims,
                          .affine = !args.no_affine,
                          .tracking = !args.no_running_stats,
                          .cumulative = args.cumulative,
                          .features = args.features,
                          .eps = args.eps,
                          .momentum = args.momentum,
                          .dtype = args.dtype};
}

static norm_options instance_options(int dims, tp_nn_instance_norm_args args) {
    return (norm_options){.dims = dims,
                          .instance = true,
                          .affine = args.affine,
                          .tracking = args.running_stats,
                          .features = args.features,
                          .eps = args.eps,
                          .momentum = args.momentum,
                          .dtype = args.dtype};
}

tp_module *tp_nn_batch_norm1d_at(tp_location at, tp_nn_batch_norm_args args) {
    norm_options options = batch_options(1, args);
    return new_layer(at, "BatchNorm1d", &options);
}

tp_module *tp_nn_batch_norm2d_at(tp_location at, tp_nn_batch_norm_args args) {
    norm_options options = batch_options(2, args);
    return new_layer(at, "BatchNorm2d", &options);
}

tp_module *tp_nn_instance_norm1d_at(tp_location at, tp_nn_instance_norm_args args) {
    norm_options options = instance_options(1, args);
    return new_layer(at, "InstanceNorm1d", &options);
}

tp_module *tp_nn_instance_norm2d_at(tp_location at, tp_nn_instance_norm_args args) {
    norm_options options = instance_options(2, args);
    return new_layer(at, "InstanceNorm2d", &options);
}
