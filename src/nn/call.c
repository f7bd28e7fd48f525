/* Running modules, and those who watch: hooks, captures, the summary's observer. */
#include "base/alloc.h"
#include "nn/module.h"

tp_tensor *tp_call_at(tp_location at, tp_module *module, tp_tensor *x) {
    if (TP_UNLIKELY(!module || module->life != TP_MODULE_ALIVE)) {
        if (!x || !tp_is_poison(x)) tp_module_usable(at, "call", module);
        return tp_poison();
    }
    TP_CHECK(at, module->type, x);
    tp_module_state *state = tp_module_state_get();
    if (TP_UNLIKELY(!state)) return tp_fail_memory(at, "call", sizeof *state);
    const char *path = state->path;
    tp_module *running = state->running;
    tp_location outer = state->at;
    state->path = TP_LIKELY(module->path != NULL) ? module->path : tp_module_full_path(module);
    state->running = module;
    state->at = at;
    tp_tensor *y = module->forward(module, x);
    if (TP_UNLIKELY(!y))
        y = tp_fail(at, module->type, TP_ERROR_ARGUMENT, "NULL from its forward function",
                    "a tensor", NULL);
    if (TP_UNLIKELY(state->observer != NULL))
        state->observer(module, x, y, state->observer_user);
    else if (TP_UNLIKELY(module->watched) && !state->forecasting)
        y = tp_module_watched(module, x, y);
    state->path = path;
    state->running = running;
    state->at = outer;
    return y;
}

static tp_module_watch *watch_of(tp_location at, const char *op, tp_module *module) {
    if (!module->watch) module->watch = tp_new(sizeof(tp_module_watch));
    if (!module->watch) tp_fail_memory(at, op, sizeof(tp_module_watch));
    return module->watch;
}

static void update_watched(tp_module *module) {
    module->watched = module->watch && (module->watch->count || module->watch->capture);
}

/* ---- hooks ---- */

int tp_add_hook_at(tp_location at, tp_module *module, tp_hook hook, void *user) {
    if (!tp_module_usable(at, "add_hook", module)) return 0;
    if (!hook) {
        tp_fail(at, "add_hook", TP_ERROR_ARGUMENT, "NULL", "a function", NULL);
        return 0;
    }
    tp_module_watch *watch = watch_of(at, "add_hook", module);
    if (!watch) return 0;
    if (!tp_grow((void **)&watch->hooks, watch->count, &watch->capacity, sizeof(tp_hook_entry))) {
        tp_fail_memory(at, "add_hook", sizeof(tp_hook_entry));
        return 0;
    }
    watch->hooks[watch->count++] = (tp_hook_entry){hook, user, ++watch->last_number};
    update_watched(module);
    return watch->last_number;
}

bool tp_remove_hook_at(tp_location at, tp_module *module, int number) {
    if (!tp_module_usable(at, "remove_hook", module)) return false;
    tp_module_watch *watch = module->watch;
    for (int i = 0; watch && i < watch->count; i++) {
        if (watch->hooks[i].number != number) continue;
        for (int k = i + 1; k < watch->count; k++) watch->hooks[k - 1] = watch->hooks[k];
        watch->count--;
        update_watched(module);
        return true;
    }
    return false;
}

/* ---- captures ---- */

static void release_captured(tp_module_watch *watch) {
    tp_tensor *x = watch->captured;
    watch->captured = NULL;
    if (!x) return;
    if (x->life == TP_ALIVE && x->owner == TP_OWNER_LIBRARY && watch->owned) tp_free(x);
    tp_drop(x);
}

static void keep_captured(tp_module_watch *watch, tp_tensor *y) {
    if (y == watch->captured) return;
    release_captured(watch);
    if (tp_is_poison(y)) return;
    watch->owned = y->owner == TP_OWNER_SCOPE;
    if (watch->owned) tp_own(y);
    tp_hold(y);
    watch->captured = y;
}

tp_tensor *tp_module_watched(tp_module *module, tp_tensor *x, tp_tensor *y) {
    tp_module_watch *watch = module->watch;
    for (int i = 0; i < watch->count;) {
        int number = watch->hooks[i].number;
        tp_tensor *other = watch->hooks[i].hook(module, x, y, watch->hooks[i].user);
        if (other) y = other;
        /* The hook may have removed itself or others: go on behind its number. */
        for (i = 0; i < watch->count && watch->hooks[i].number <= number;) i++;
    }
    if (watch->capture) keep_captured(watch, y);
    return y;
}

tp_tensor *tp_capture_at(tp_location at, tp_module *module, const char *path) {
    if (!tp_module_usable(at, "capture", module)) return NULL;
    tp_module *layer = tp_get_module_at(at, module, path);
    tp_module_watch *watch = layer ? watch_of(at, "capture", layer) : NULL;
    if (!watch) return NULL;
    watch->capture = true;
    update_watched(layer);
    return watch->captured && watch->captured->life == TP_ALIVE ? watch->captured : NULL;
}

void tp_capture_end_at(tp_location at, tp_module *module, const char *path) {
    if (!tp_module_usable(at, "capture_end", module)) return;
    tp_module *layer = tp_get_module_at(at, module, path);
    if (!layer || !layer->watch) return;
    layer->watch->capture = false;
    release_captured(layer->watch);
    update_watched(layer);
}

void tp_module_watch_end(tp_module *module) {
    tp_module_watch *watch = module->watch;
    if (!watch) return;
    release_captured(watch);
    tp_delete(watch->hooks);
    tp_delete(watch);
    module->watch = NULL;
    module->watched = false;
}
