/* Layers that only change the shape, or nothing. */
#include <taper/ops/shape.h>

#include "nn/module.h"

static tp_tensor *flatten_forward(tp_module *module, tp_tensor *x) {
    (void)module;
    tp_location at = tp_module_at();
    if (x->ndim == 0)
        return tp_fail(at, "flatten", TP_ERROR_SHAPE, tp_tensor_text(x), "(N, ...)", NULL);
    int64_t rest = 1;
    for (int i = 1; i < x->ndim; i++) rest *= x->shape[i];
    return x->ndim == 2 ? x : tp_reshape_at(at, x, tp_shape(x->shape[0], rest));
}

static tp_tensor *identity_forward(tp_module *module, tp_tensor *x) {
    (void)module;
    return x;
}

static int flatten_describe(const tp_module *module, char *buffer, size_t size) {
    (void)module;
    return snprintf(buffer, size, "start_dim=1, end_dim=-1");
}

tp_module *tp_nn_flatten_at(tp_location at) {
    tp_module *module = tp_layer_new(at, sizeof *module, "Flatten", flatten_forward);
    if (module) module->describe = flatten_describe;
    return module;
}

tp_module *tp_nn_identity_at(tp_location at) {
    return tp_layer_new(at, sizeof(tp_module), "Identity", identity_forward);
}
