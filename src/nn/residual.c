/* A sum of two branches: y = body(x) + shortcut(x). */
#include <taper/ops/arithmetic.h>

#include "nn/layers.h"

typedef struct tp_residual {
    tp_module base;
    tp_module *body, *shortcut;
} tp_residual;

static tp_tensor *residual_forward(tp_module *module, tp_tensor *x) {
    const tp_residual *layer = (const tp_residual *)module;
    tp_location at = tp_module_at();
    tp_tensor *y = tp_call_at(at, layer->body, x);
    tp_tensor *side = tp_call_at(at, layer->shortcut, x);
    tp_tensor *sum = tp_add_at(at, y, side);
    if (y != x) tp_let_go(y, sum);
    if (side != x && side != y) tp_let_go(side, sum);
    return sum;
}

tp_module *tp_nn_residual_at(tp_location at, tp_module *body, tp_module *shortcut) {
    tp_residual *layer = NULL;
    if (body && shortcut && body != shortcut)
        layer = tp_layer_new(at, sizeof *layer, "Residual", residual_forward);
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
