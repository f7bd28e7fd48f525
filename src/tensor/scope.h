/* Scopes: who ends what. */
#ifndef TP_TENSOR_SCOPE_H
#define TP_TENSOR_SCOPE_H

#include "tensor/tensor.h"

/* The innermost scope becomes the owner of a fresh tensor. */
static inline void tp_scope_add(tp_tensor *x) {
    tp_scope_stack *stack = &tp_ctx()->scope;
    tp_scope_list *list = &stack->lists[stack->depth];
    x->owner = TP_OWNER_SCOPE;
    x->previous = NULL;
    x->next = list->first;
    if (list->first) list->first->previous = x;
    list->first = x;
    x->scope = (int16_t)stack->depth;
}

/* Ends what the scope at this depth owns, and leaves it open. */
void tp_scope_clear(int depth);

#endif
