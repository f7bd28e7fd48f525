#include "nn/state.h"

#include <string.h>
#include <taper/nn.h>

#include "base/alloc.h"
#include "base/fail.h"

tp_module_state *tp_module_state_start(void) {
    tp_context *context = tp_ctx();
    if (context->modules) return context->modules;
    context->modules = tp_new(sizeof(tp_module_state));
    if (context->modules) {
        context->module_path = &context->modules->path;
        context->module_where = tp_module_where;
        context->modules_end = tp_module_state_end;
    }
    return context->modules;
}

const char *tp_module_where(void) {
    const tp_module_state *state = tp_ctx()->modules;
    if (!state || !state->running) return NULL;
    if (!state->path || !state->path[0]) return tp_text("in %s", state->running->type);
    return tp_text("in layer %s (%s)", state->path, state->running->type);
}

const char *tp_module_intern(const char *text) {
    tp_module_state *state = tp_module_state_get();
    if (!state) return NULL;
    for (const tp_interned *one = state->interned; one; one = one->next)
        if (strcmp(one->text, text) == 0) return one->text;
    size_t bytes = strlen(text) + 1;
    tp_interned *one = tp_new(sizeof *one + bytes);
    if (!one) return NULL;
    memcpy(one->text, text, bytes);
    one->next = state->interned;
    state->interned = one;
    return one->text;
}

void tp_module_state_end(void) {
    tp_context *context = tp_ctx();
    tp_module_state *state = context->modules;
    if (!state) return;
    while (state->interned) {
        tp_interned *one = state->interned;
        state->interned = one->next;
        tp_delete(one);
    }
    tp_delete(state);
    context->modules = NULL;
    context->module_where = NULL;
    context->module_path = NULL;
    context->modules_end = NULL;
}
