#include "tensor/scope.h"

#include "autograd/lazy.h"
#include "base/alloc.h"

/* Takes x out of the list of its scope. */
static void unlink_tensor(tp_tensor *x) {
    if (x->owner != TP_OWNER_SCOPE) return;
    if (x->previous)
        x->previous->next = x->next;
    else
        tp_ctx()->scope.lists[x->scope].first = x->next;
    if (x->next) x->next->previous = x->previous;
    x->previous = x->next = NULL;
}

/* The owner lets go. Graphs may still hold the header and, where saved, the bytes; to the user it is dead. */
static void end_tensor(tp_tensor *x) {
    unlink_tensor(x);
    x->owner = TP_OWNER_NONE;
    if (x->refs > 1) x->life = TP_HELD;
    tp_drop_data(x);
}

void tp_set_owner(tp_tensor *x, tp_owner owner) {
    unlink_tensor(x);
    x->owner = owner;
}

tp_scope tp_scope_begin(void) {
    tp_scope_stack *stack = &tp_ctx()->scope;
    if (TP_UNLIKELY(stack->depth + 1 >= TP_MAX_SCOPES)) {
        tp_fail(TP_MAKE(tp_location, NULL, 0), "scope_begin", TP_ERROR_STATE,
                tp_text("%d scopes inside one another", TP_MAX_SCOPES), NULL,
                "a scope is opened in a loop or recursion and never ended");
        return (tp_scope){TP_MAX_SCOPES, true}; /* its end closes nothing */
    }
    stack->depth++;
    stack->lists[stack->depth] = (tp_scope_list){NULL, false};
    return (tp_scope){stack->depth, true};
}

void tp_scope_end(tp_scope *scope) {
    if (!scope || !scope->open) return;
    scope->open = false;
    tp_scope_stack *stack = &tp_ctx()->scope;
    while (stack->depth >= scope->depth && stack->depth > 0) {
        tp_scope_list *list = &stack->lists[stack->depth];
        while (list->first) end_tensor(list->first);
        stack->depth--;
    }
}

void tp_scope_clear(int depth) {
    tp_scope_list *list = &tp_ctx()->scope.lists[depth];
    while (list->first) end_tensor(list->first);
}

tp_tensor *tp_keep(tp_tensor *x) {
    if (!x || x->life != TP_ALIVE || x->poison) {
        if (tp_poisoned(x)) return x;
        tp_usable(TP_MAKE(tp_location, NULL, 0), "keep", x);
        return tp_poison();
    }
    if (x->owner == TP_OWNER_SCOPE) tp_set_owner(x, TP_OWNER_USER);
    return x;
}

tp_tensor *tp_escape(tp_tensor *x) {
    if (!x || x->life != TP_ALIVE || x->poison) return tp_keep(x);
    tp_scope_stack *stack = &tp_ctx()->scope;
    if (x->owner != TP_OWNER_SCOPE || x->scope < stack->depth || stack->depth == 0) return x;
    unlink_tensor(x);
    stack->depth--;
    tp_scope_add(x);
    stack->depth++;
    return x;
}

void tp_free(tp_tensor *x) {
    if (!x || tp_poisoned(x)) return;
    if (x->life != TP_ALIVE || x->owner == TP_OWNER_NONE) {
        tp_usable(TP_MAKE(tp_location, NULL, 0), "free", x);
        return;
    }
    end_tensor(x);
}

void tp_shutdown(void) {
    tp_context *context = tp_ctx();
    tp_scope all = {1, true};
    tp_scope_end(&all);
    tp_scope_list *own = &context->scope.lists[0];
    while (own->first) end_tensor(own->first);
    if (context->modules_end) context->modules_end();
    if (context->datasets_end) context->datasets_end();
    tp_lazy_end();
    tp_pool_free(context->pool);
    context->pool = NULL;
    tp_memory_trim();
    context->ready = false; /* the next call starts a fresh one */
}
