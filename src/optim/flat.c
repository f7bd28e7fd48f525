/* Flat blocks: the values, the gradients and each state of a group lie one after the other, so that an update is one pass. */
#include <string.h>

#include "base/alloc.h"
#include "ops/loop.h"
#include "optim/optim.h"

enum { ALIGN = 16 }; /* elements: each parameter starts on a cache line */

static tp_storage *zeroed(int64_t elements, size_t item) {
    tp_storage *block = tp_storage_new((size_t)elements * item);
    if (block) memset(block->data, 0, block->bytes);
    return block;
}

/* Moves a parameter's values into the block. Left where it is when something else looks at its bytes. */
static bool move_values(tp_tensor *x, tp_storage *block, char *place, size_t bytes) {
    if (x->storage->refs != 1 || !x->contiguous || x->storage->external) return true;
    tp_storage *storage = tp_storage_inside(block, place, bytes);
    if (!storage) return false;
    memcpy(place, x->data, bytes);
    storage->version = x->storage->version; /* graphs that saved it see no edit */
    tp_storage_release(x->storage);
    x->storage = storage;
    x->data = place;
    return true;
}

/* Gives a parameter a place for its gradient in the block, with the gradient that it may have. */
static bool place_gradient(tp_location at, const char *op, tp_tensor *x, tp_storage *block,
                           char *place, size_t bytes) {
    tp_storage *storage = tp_storage_inside(block, place, bytes);
    if (!storage) return false;
    tp_tensor *grad = tp_make_over(at, op, storage, place, x->dtype, tp_shape_copy(x));
    if (grad->poison) return false;
    tp_own(grad);
    if (x->grad) {
        if (x->has_grad) tp_copy_elements(grad, x->grad);
        tp_free(x->grad);
    }
    x->grad = grad;
    return true;
}

static void fill_state(tp_optim *optim, tp_optim_group *group) {
    if (optim->kind.update != TP_UPDATE_ADAGRAD || optim->initial == 0) return;
    for (size_t i = 0; i < group->count; i++) {
        int64_t n = group->slots[i].tensor->numel;
        for (int64_t k = 0; k < n; k++) {
            if (group->dtype == TP_FLOAT32)
                ((float *)(void *)group->slots[i].state[0])[k] = (float)optim->initial;
            else
                ((double *)(void *)group->slots[i].state[0])[k] = optim->initial;
        }
    }
}

bool tp_optim_flatten(tp_location at, const char *op, tp_optim *optim, tp_optim_group *group) {
    size_t item = tp_item_size(group->dtype);
    for (size_t i = 0; i < group->count; i++) {
        group->slots[i].offset = group->elements;
        group->elements += (group->slots[i].tensor->numel + ALIGN - 1) / ALIGN * ALIGN;
    }
    group->values = zeroed(group->elements, item);
    group->gradients = zeroed(group->elements, item);
    uint32_t errors_before = tp_ctx()->error.count;
    bool fine = group->values && group->gradients;
    for (int s = 0; fine && s < TP_OPTIM_STATES; s++) {
        if (!optim->kind.state[s]) continue;
        group->state[s] = zeroed(group->elements, item);
        fine = group->state[s] != NULL;
    }
    for (size_t i = 0; fine && i < group->count; i++) {
        tp_optim_slot *slot = &group->slots[i];
        size_t start = (size_t)slot->offset * item, bytes = (size_t)slot->tensor->numel * item;
        for (int s = 0; s < TP_OPTIM_STATES; s++)
            if (group->state[s]) slot->state[s] = (char *)group->state[s]->data + start;
        fine =
            move_values(slot->tensor, group->values, (char *)group->values->data + start, bytes) &&
            place_gradient(at, op, slot->tensor, group->gradients,
                           (char *)group->gradients->data + start, bytes);
        slot->tensor->lazy_allowed = fine && slot->tensor->ndim == 2;
    }
    if (!fine) {
        if (tp_ctx()->error.count == errors_before)
            tp_fail_memory(at, op, (size_t)group->elements * item);
        return false;
    }
    fill_state(optim, group);
    return true;
}
