/* The padding layers. */
#include <stdio.h>
#include <taper/nn.h>

#include "nn/module.h"

typedef struct pad_layer {
    tp_module base;
    tp_shape sides;
    tp_pad_mode mode;
    double value;
    bool shows_value;
} pad_layer;

static tp_tensor *pad_forward(tp_module *module, tp_tensor *x) {
    const pad_layer *layer = (const pad_layer *)module;
    return tp_pad_at(tp_module_at(), (tp_pad_args){x, layer->sides, layer->mode, layer->value});
}

static int pad_describe(const tp_module *module, char *buffer, size_t size) {
    const pad_layer *layer = (const pad_layer *)module;
    const char *sides = tp_shape_text(layer->sides);
    if (layer->shows_value)
        return snprintf(buffer, size, "padding=%s, value=%g", sides, layer->value);
    return snprintf(buffer, size, "%s", sides);
}

/* For the last `dims` dimensions. */
static tp_module *new_layer(tp_location at, const char *type, int dims, tp_shape sides,
                            tp_pad_mode mode, double value) {
    if (sides.ndim == 1)
        for (sides.ndim = 2 * dims; dims > 0; dims--)
            sides.dims[2 * dims - 1] = sides.dims[2 * dims - 2] = sides.dims[0];
    else if (sides.ndim != 2 * dims) {
        tp_fail(at, type, TP_ERROR_ARGUMENT, tp_text("%d sides", sides.ndim),
                tp_text("1 or %d numbers", 2 * dims), NULL);
        return NULL;
    }
    pad_layer *layer = tp_layer_new(at, sizeof *layer, type, pad_forward);
    if (!layer) return NULL;
    layer->sides = sides;
    layer->mode = mode;
    layer->value = value;
    layer->base.describe = pad_describe;
    return &layer->base;
}

static tp_module *new_constant(tp_location at, const char *type, int dims, tp_shape sides,
                               double value) {
    tp_module *module = new_layer(at, type, dims, sides, TP_PAD_ZEROS, value);
    if (module) ((pad_layer *)module)->shows_value = true;
    return module;
}

tp_module *tp_nn_zero_pad2d_at(tp_location at, tp_shape sides) {
    return new_layer(at, "ZeroPad2d", 2, sides, TP_PAD_ZEROS, 0);
}

tp_module *tp_nn_constant_pad2d_at(tp_location at, tp_shape sides, double value) {
    return new_constant(at, "ConstantPad2d", 2, sides, value);
}

tp_module *tp_nn_constant_pad1d_at(tp_location at, tp_shape sides, double value) {
    return new_constant(at, "ConstantPad1d", 1, sides, value);
}

tp_module *tp_nn_reflection_pad2d_at(tp_location at, tp_shape sides) {
    return new_layer(at, "ReflectionPad2d", 2, sides, TP_PAD_REFLECT, 0);
}

tp_module *tp_nn_reflection_pad1d_at(tp_location at, tp_shape sides) {
    return new_layer(at, "ReflectionPad1d", 1, sides, TP_PAD_REFLECT, 0);
}

tp_module *tp_nn_replication_pad2d_at(tp_location at, tp_shape sides) {
    return new_layer(at, "ReplicationPad2d", 2, sides, TP_PAD_REPLICATE, 0);
}

tp_module *tp_nn_replication_pad1d_at(tp_location at, tp_shape sides) {
    return new_layer(at, "ReplicationPad1d", 1, sides, TP_PAD_REPLICATE, 0);
}

tp_module *tp_nn_circular_pad2d_at(tp_location at, tp_shape sides) {
    return new_layer(at, "CircularPad2d", 2, sides, TP_PAD_CIRCULAR, 0);
}
