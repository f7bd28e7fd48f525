#include "nn/batch_norm.h"

#include <stdio.h>
#include <taper/init.h>

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

tp_tensor *tp_batch_norm_layer_forward(tp_module *module, tp_tensor *x) {
    tp_batch_norm_layer *layer = (tp_batch_norm_layer *)module;
    bool fits = layer->dims == 2 ? x->ndim == 4 : x->ndim == 2 || x->ndim == 3;
    if (!fits)
        return tp_fail(tp_module_at(), "batch_norm", TP_ERROR_SHAPE, tp_tensor_text(x),
                       layer->dims == 2 ? "(N, C, H, W)" : "(N, C) or (N, C, L)", NULL);
    return tp_batch_norm_at(tp_module_at(), tp_batch_norm_layer_args(layer, x));
}

static int batch_norm_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_batch_norm_layer *layer = (const tp_batch_norm_layer *)module;
    const char *momentum = layer->cumulative ? "None" : tp_text("%g", layer->momentum);
    return snprintf(buffer, size, "%lld, eps=%g, momentum=%s, affine=%s, track_running_stats=%s",
                    (long long)layer->features, layer->eps, momentum,
                    layer->weight ? "True" : "False", layer->running_mean ? "True" : "False");
}

/* A tensor of one value as parameter or buffer; NULL after an error. */
static tp_tensor *add_tensor(tp_location at, tp_module *module, const char *name, tp_shape shape,
                             double value, tp_dtype dtype, bool buffer) {
    tp_tensor *x = tp_full_at(at, (tp_full_args){shape, value, dtype, false});
    tp_tensor *added =
        buffer ? tp_buffer_at(at, module, name, x) : tp_parameter_at(at, module, name, x);
    if (!tp_is_poison(added)) return added;
    tp_free(x);
    return NULL;
}

static bool make_tensors(tp_location at, tp_batch_norm_layer *layer,
                         const tp_nn_batch_norm_args *args) {
    tp_module *module = &layer->base;
    tp_shape shape = tp_shape(args->features);
    tp_dtype dtype = args->dtype ? args->dtype : tp_get_default_dtype();
    if (!args->no_affine) {
        layer->weight = add_tensor(at, module, "weight", shape, 1, dtype, false);
        layer->bias = layer->weight ? add_tensor(at, module, "bias", shape, 0, dtype, false) : NULL;
        if (!layer->bias) return false;
    }
    if (args->no_running_stats) return true;
    layer->running_mean = add_tensor(at, module, "running_mean", shape, 0, dtype, true);
    if (layer->running_mean)
        layer->running_var = add_tensor(at, module, "running_var", shape, 1, dtype, true);
    if (layer->running_var)
        layer->num_batches_tracked =
            add_tensor(at, module, "num_batches_tracked", tp_shape(), 0, TP_INT64, true);
    return layer->num_batches_tracked != NULL;
}

static tp_module *new_layer(tp_location at, const char *type, int dims,
                            const tp_nn_batch_norm_args *args) {
    if (args->features < 0 || args->eps < 0 || args->momentum < 0) {
        tp_fail(at, type, TP_ERROR_ARGUMENT,
                tp_text("%lld features, eps %g, momentum %g", (long long)args->features, args->eps,
                        args->momentum),
                "numbers of at least 0", NULL);
        return NULL;
    }
    if (args->dtype && !tp_is_float_type(args->dtype)) {
        tp_fail(at, type, TP_ERROR_DTYPE, tp_dtype_name(args->dtype), "float32 or float64", NULL);
        return NULL;
    }
    tp_batch_norm_layer *layer = tp_layer_new(at, sizeof *layer, type, tp_batch_norm_layer_forward);
    if (!layer) return NULL;
    layer->features = args->features;
    layer->eps = args->eps != 0 ? args->eps : 1e-5;
    layer->momentum = args->momentum != 0 ? args->momentum : 0.1;
    layer->cumulative = args->cumulative;
    layer->dims = dims;
    layer->base.describe = batch_norm_describe;
    if (make_tensors(at, layer, args)) return &layer->base;
    tp_module_end(&layer->base);
    return NULL;
}

tp_module *tp_nn_batch_norm1d_at(tp_location at, tp_nn_batch_norm_args args) {
    return new_layer(at, "BatchNorm1d", 1, &args);
}

tp_module *tp_nn_batch_norm2d_at(tp_location at, tp_nn_batch_norm_args args) {
    return new_layer(at, "BatchNorm2d", 2, &args);
}
