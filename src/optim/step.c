/* The update: flat where neighbours allow, tile by tile where a weight's gradient still waits. */
#include <math.h>

#include "autograd/lazy.h"
#include "base/fail.h"
#include "ops/loop.h"
#include "optim/optim.h"

enum { GRAIN = 1 << 14 }; /* elements that are worth another thread */

/* A stretch of the flat blocks that is updated alike. */
typedef struct stretch {
    tp_update_fn update;
    const tp_update_args *options;
    size_t item;
    char *value;
    const char *gradient;
    char *state[TP_OPTIM_STATES];
    int64_t row; /* elements from one row to the next, for tiles */
} stretch;

static char *moved(char *start, int64_t elements, size_t item) {
    return start ? start + elements * (int64_t)item : NULL;
}

static void update_range(void *arg, int64_t begin, int64_t end) {
    const stretch *s = arg;
    s->update(end - begin, moved(s->value, begin, s->item), s->gradient + begin * (int64_t)s->item,
              moved(s->state[0], begin, s->item), moved(s->state[1], begin, s->item),
              moved(s->state[2], begin, s->item), s->options);
}

static void update_tile(void *user, int64_t i, int64_t j, int64_t rows, int64_t cols,
                        const void *tile, int64_t ld) {
    const stretch *s = user;
    for (int64_t r = 0; r < rows; r++) {
        int64_t place = (i + r) * s->row + j;
        s->update(cols, moved(s->value, place, s->item),
                  (const char *)tile + r * ld * (int64_t)s->item,
                  moved(s->state[0], place, s->item), moved(s->state[1], place, s->item),
                  moved(s->state[2], place, s->item), s->options);
    }
}

/* The gradient is an outer product that nobody has asked for: each tile of it is used as it is made. It stays noted, so that
 * tp_grad() can still be asked afterwards. */
static bool update_lazily(tp_context *context, stretch *s, tp_tensor *x) {
    const tp_lazy_grad *lazy = x->lazy;
    s->row = x->shape[1];
    tp_gemm_args args = {.m = x->shape[0],
                         .n = x->shape[1],
                         .k = lazy->dy->shape[0],
                         .a = lazy->dy->data,
                         .a_row = 1,
                         .a_col = lazy->dy->shape[1],
                         .b = lazy->x->data,
                         .b_row = lazy->x->shape[1],
                         .b_col = 1,
                         .c = x->grad ? x->grad->data : NULL,
                         .c_row = x->shape[1],
                         .alpha = 1,
                         .beta = x->has_grad,
                         .tile = update_tile,
                         .tile_user = s};
    return context->kernels->gemm[tp_float_index(x->dtype)](tp_context_pool(context), &args);
}

/* The options of this slot's next step. */
static tp_update_args options_of(const tp_optim_group *group, int64_t steps) {
    tp_update_args options = group->options;
    options.lr = group->lr / (1 + (double)steps * group->lr_decay);
    options.first = steps == 0;
    options.correction1 = 1 - pow(options.beta1, (double)steps + 1);
    options.correction2 = 1 - pow(options.beta2, (double)steps + 1);
    return options;
}

/* Whether `next` can be updated in one go with what starts at `slot` and has `run` elements, padding included: values and
 * gradients of both have to lie in flat blocks of ours, as far apart as the states do. */
static bool runs_on(const tp_optim_group *group, const tp_optim_slot *slot, int64_t run,
                    const tp_optim_slot *next) {
    const tp_tensor *x = slot->tensor, *y = next->tensor;
    int64_t bytes = run * (int64_t)tp_item_size(group->dtype);
    return y->has_grad && !y->lazy && y->life == TP_ALIVE && next->steps == slot->steps &&
           next->offset == slot->offset + run && y->contiguous && y->storage->parent &&
           y->storage->parent == x->storage->parent && y->data == x->data + bytes &&
           y->grad->storage->parent && y->grad->storage->parent == x->grad->storage->parent &&
           y->grad->data == x->grad->data + bytes;
}

static void edited(tp_optim_slot *slot) {
    slot->steps++;
    slot->tensor->storage->version++;
}

/* A parameter whose elements are not in reading order is updated in its place in the flat block, which it does not live in. */
static void update_scattered(const tp_optim_group *group, const tp_optim_slot *slot, stretch *s) {
    tp_tensor *x = slot->tensor, flat = *x;
    flat.data = moved(group->values->data, slot->offset, s->item);
    flat.contiguous = true;
    tp_contiguous_strides(flat.ndim, flat.shape, flat.stride);
    s->value = flat.data;
    tp_copy_elements(&flat, x);
    update_range(s, 0, x->numel);
    tp_copy_elements(x, &flat);
}

/* How far the stretch that starts at slot i reaches; *last becomes the first slot after it. */
static int64_t stretch_from(const tp_optim_group *group, size_t i, size_t *last) {
    const tp_optim_slot *slot = &group->slots[i];
    int64_t run = slot->tensor->numel;
    for (*last = i + 1; *last < group->count; ++*last) {
        const tp_optim_slot *next = &group->slots[*last];
        if (!runs_on(group, slot, next->offset - slot->offset, next)) break;
        run = next->offset - slot->offset + next->tensor->numel;
    }
    return run;
}

/* Updates from slot i on as far as one stretch reaches; returns the first slot after it, or -1. */
static int64_t update_from(tp_context *context, const tp_optim *optim, tp_optim_group *group,
                           size_t i) {
    tp_optim_slot *slot = &group->slots[i];
    tp_tensor *x = slot->tensor;
    /* without a gradient, or ended by its owner before the optimiser */
    if ((!x->has_grad && !x->lazy) || x->numel == 0 || x->life != TP_ALIVE) return (int64_t)i + 1;
    tp_update_args options = options_of(group, slot->steps);
    stretch s = {.update =
                     context->kernels->update[optim->kind.update][tp_float_index(group->dtype)],
                 .options = &options,
                 .item = tp_item_size(group->dtype),
                 .value = x->data,
                 .state = {slot->state[0], slot->state[1], slot->state[2]}};
    /* a group without momentum has no use for the state that another one needs */
    if (optim->kind.update == TP_UPDATE_SGD && options.momentum == 0) s.state[0] = NULL;
    if (optim->kind.update == TP_UPDATE_RMSPROP && options.momentum == 0) s.state[2] = NULL;
    size_t last = i + 1;
    if (x->lazy) {
        if (!update_lazily(context, &s, x)) return -1;
        edited(slot);
        return (int64_t)last;
    }
    s.gradient = x->grad->data;
    if (!x->contiguous) {
        update_scattered(group, slot, &s);
        edited(slot);
        return (int64_t)last;
    }
    int64_t run = stretch_from(group, i, &last);
    for (size_t k = i; k < last; k++) edited(&group->slots[k]);
    if (run < 2 * GRAIN)
        update_range(&s, 0, run);
    else
        tp_parallel_for(tp_context_pool(context), run, GRAIN, update_range, &s);
    return (int64_t)last;
}

/* A gradient that waits may need the values of another parameter: it is computed before they change. */
static void settle(const tp_optim *optim) {
    if (!tp_ctx()->tape.lazies) return;
    for (int g = 0; g < optim->count; g++)
        for (size_t i = 0; i < optim->groups[g]->count; i++)
            tp_lazy_settle(optim->groups[g]->slots[i].tensor->storage);
}

bool tp_step_at(tp_location at, tp_optim *optim) {
    if (!optim) {
        tp_fail(at, "step", TP_ERROR_ARGUMENT, "NULL where an optimiser is needed", NULL, NULL);
        return false;
    }
    tp_context *context = tp_ctx();
    if (context->tape.failed)
        return false; /* gradients are missing or cut short: reported already */
    settle(optim);
    for (int g = 0; g < optim->count; g++) {
        tp_optim_group *group = optim->groups[g];
        for (int64_t i = 0; i < (int64_t)group->count;) {
            i = update_from(context, optim, group, (size_t)i);
            if (i >= 0) continue;
            tp_fail_memory(at, "step", 0);
            return false;
        }
    }
    return true;
}
