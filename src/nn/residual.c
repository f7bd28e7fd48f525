/* A sum of two branches: y = body(x) + shortcut(x). */
#include <taper/ops/arithmetic.h>

#include "nn/layers.h"

static bool is_plain_relu(const tp_module *module) {
    return module && module->forward == tp_activation_layer_forward && !module->watched &&
           ((const tp_activation_layer *)module)->kind == TP_LAYER_RELU;
}

tp_tensor *tp_residual_sum(tp_location at, tp_tensor *a, tp_tensor *b, tp_module *activation) {
    if (is_plain_relu(activation) && !tp_module_state_get()->observer)
        return tp_add_relu_at(at, a, b);
    tp_tensor *sum = tp_add_at(at, a, b);
    if (!activation) return sum;
    tp_tensor *y = tp_call_at(at, activation, sum);
    tp_let_go(sum, y);
    return y;
}

tp_tensor *tp_residual_layer_forward(tp_module *module, tp_tensor *x) {
    const tp_residual_layer *layer = (const tp_residual_layer *)module;
    tp_location at = tp_module_at();
    tp_tensor *y = tp_call_at(at, layer->body, x);
    tp_tensor *side = tp_call_at(at, layer->shortcut, x);
    tp_tensor *sum = layer->activation == TP_ACTIVATION_RELU ? tp_add_relu_at(at, y, side)
                                                             : tp_add_at(at, y, side);
    if (y != x) tp_let_go(y, sum);
    if (side != x && side != y) tp_let_go(side, sum);
    return sum;
}

tp_module *tp_nn_residual_at(tp_location at, tp_module *body, tp_module *shortcut) {
    tp_residual_layer *layer = NULL;
    if (body && shortcut && body != shortcut)
        layer = tp_layer_new(at, sizeof *layer, "Residual", tp_residual_layer_forward);
    else if (body && body == shortcut)
        tp_fail(at, "nn_residual", TP_ERROR_ARGUMENT, "one module as body and as shortcut",
                "two modules", NULL);
    /* tp_child_at frees what it cannot give to anybody. */
    tp_module *own = layer ? &layer->base : NULL;
    bool fine = tp_child_at(at, own, "body", body) != NULL;
    if (body != shortcut) fine = tp_child_at(at, own, "shortcut", shortcut) && fine;
    if (fine) {
        layer->body = body;
        layer->shortcut = shortcut;
        return own;
    }
    tp_module_end(own);
    return NULL;
}
