/* Layers one after the other. */
#include <stdio.h>

#include "nn/fuse.h"
#include "nn/layers.h"

typedef struct tp_sequential {
    tp_module base;
} tp_sequential;

/* Runs layer i, and those behind it that are one operation with it. *i ends at the last one that
 * ran. */
static tp_tensor *run_layer(tp_location at, tp_module *const *layers, int count, int *i,
                            tp_tensor *x) {
    tp_fusion fusion;
    int together = tp_fusion_find(layers + *i, count - *i, x, &fusion);
    if (together == 1) return tp_call_at(at, layers[*i], x);
    tp_module *layer = layers[*i];
    *i += together - 1;
    tp_fusion_set(layer, &fusion);
    tp_tensor *y = tp_call_at(at, layer, x);
    tp_fusion_set(layer, NULL);
    return y;
}

static tp_tensor *sequential_forward(tp_module *module, tp_tensor *x);

/* Whether a container inside may let go of the value that it gets: nobody looks at it afterwards. */
static bool may_hand_over(const tp_module *layer, const tp_module_state *state) {
    return layer && layer->forward == sequential_forward && !layer->watched && !state->observer;
}

/* Runs layers one after the other. What only the next layer needed goes at once; what backward
 * needs of it stays with the graph. x itself goes only where it was handed over. */
static tp_tensor *run_layers(tp_location at, tp_module *const *layers, int count, tp_tensor *x,
                             bool handed_over) {
    tp_module_state *state = tp_module_state_get();
    tp_tensor *value = x;
    for (int i = 0; i < count && state && !tp_is_poison(value); i++) {
        bool mine = (value != x || handed_over) && value->life == TP_ALIVE &&
                    value->owner == TP_OWNER_SCOPE;
        if (mine && may_hand_over(layers[i], state)) state->handed_over = value;
        tp_hold(value); /* the header: a container inside may end it */
        tp_tensor *next = run_layer(at, layers, count, &i, value);
        state->handed_over = NULL;
        if (mine) tp_let_go(value, next);
        tp_drop(value);
        value = next;
    }
    return state ? value : tp_poison();
}

static tp_tensor *sequential_forward(tp_module *module, tp_tensor *x) {
    tp_module_state *state = tp_module_state_get();
    bool handed_over = state->handed_over == x;
    state->handed_over = NULL;
    return run_layers(tp_module_at(), module->children, module->child_count, x, handed_over);
}

tp_tensor *tp_call_chain_at(tp_location at, tp_tensor *x, size_t count, tp_module *const *layers) {
    TP_CHECK(at, "call_chain", x);
    return run_layers(at, layers, (int)count, x, false);
}

tp_module *tp_sequential_append_at(tp_location at, tp_module *sequential, tp_module *layer) {
    if (!layer) return NULL;
    if (!tp_module_usable(at, "sequential_append", sequential) ||
        sequential->forward != sequential_forward) {
        if (sequential && sequential->life == TP_MODULE_ALIVE)
            tp_fail(at, "sequential_append", TP_ERROR_ARGUMENT, sequential->type, "a Sequential",
                    NULL);
        if (!layer->parent && layer != sequential) tp_module_end(layer);
        return NULL;
    }
    char name[24];
    snprintf(name, sizeof name, "%d", sequential->child_count);
    return tp_child_at(at, sequential, name, layer);
}

tp_module *tp_nn_sequential_at(tp_location at, size_t count, tp_module *const *layers) {
    bool fine = true;
    for (size_t i = 0; i < count; i++) fine = fine && layers[i];
    tp_sequential *sequential =
        fine ? tp_layer_new(at, sizeof *sequential, "Sequential", sequential_forward) : NULL;
    /* Each layer ends in one place: in the Sequential, or freed here. One that stands twice in the
     * list is refused by tp_child and must not be freed twice: its place is the first. */
    for (size_t i = 0; i < count; i++) {
        if (!layers[i]) continue;
        if (sequential) {
            fine = tp_sequential_append_at(at, &sequential->base, layers[i]) && fine;
            continue;
        }
        bool seen = layers[i]->parent != NULL;
        for (size_t k = 0; k < i; k++) seen = seen || layers[k] == layers[i];
        if (!seen) tp_module_end(layers[i]);
    }
    if (fine && sequential) return &sequential->base;
    if (sequential) tp_module_end(&sequential->base);
    return NULL;
}
