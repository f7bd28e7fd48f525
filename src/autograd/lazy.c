#include "autograd/lazy.h"

#include "autograd/grad.h"
#include "backend/backend.h"
#include "base/alloc.h"

/* Above this a product is better blocked along the samples as well, which the block by block update does not do: what it
 * reads of x for each block would no longer stay in the cache. */
enum { MAX_SAMPLES = 256 };

static bool plain_matrix(const tp_tensor *x) {
    return x->ndim == 2 && x->contiguous && x->storage && !x->storage->deleter &&
           !(x->storage->external && !x->storage->parent);
}

/* x, or where an operation made it a view of its bytes: what waits must not keep the graph. NULL when out of memory, reported. */
static tp_tensor *held_without_graph(tp_tensor *x) {
    if (x->node) {
        x = tp_make_view(TP_MAKE(tp_location, NULL, 0), "backward", x, tp_shape_copy(x), x->stride,
                         0);
        return x->poison ? NULL : tp_own(x);
    }
    tp_hold_data(x);
    return x;
}

bool tp_lazy_defer(tp_node *node, int i, tp_tensor *dy, tp_tensor *x) {
    tp_tensor *leaf = node->inputs[i];
    if (!leaf->lazy_allowed || leaf->node || !leaf->requires_grad || !leaf->contiguous)
        return false;
    if (!plain_matrix(dy) || !plain_matrix(x) || dy->dtype != leaf->dtype ||
        x->dtype != leaf->dtype || dy->shape[0] > MAX_SAMPLES)
        return false;
    if (leaf->lazy && !tp_lazy_compute(leaf)) return false;
    tp_lazy_grad *lazy = tp_new(sizeof *lazy);
    if (!lazy) return false; /* the direct way may still have the memory */
    x = held_without_graph(x);
    if (!x) {
        tp_delete(lazy);
        return false;
    }
    tp_hold_data(dy);
    tp_tape *tape = &tp_ctx()->tape;
    *lazy = (tp_lazy_grad){.next = tape->lazies, .leaf = leaf, .dy = dy, .x = x};
    if (tape->lazies) tape->lazies->previous = lazy;
    tape->lazies = lazy;
    leaf->lazy = lazy;
    return true;
}

void tp_lazy_drop(tp_tensor *leaf) {
    tp_lazy_grad *lazy = leaf->lazy;
    if (!lazy) return;
    if (lazy->previous)
        lazy->previous->next = lazy->next;
    else
        tp_ctx()->tape.lazies = lazy->next;
    if (lazy->next) lazy->next->previous = lazy->previous;
    leaf->lazy = NULL;
    tp_drop_data(lazy->dy);
    tp_drop_data(lazy->x);
    tp_delete(lazy);
}

tp_gemm_args tp_lazy_product(const tp_tensor *leaf, const tp_tensor *dy) {
    const tp_tensor *x = leaf->lazy->x;
    return (tp_gemm_args){.m = leaf->shape[0],
                          .n = leaf->shape[1],
                          .k = dy->shape[0],
                          .a = dy->data,
                          .a_row = 1,
                          .a_col = dy->shape[1],
                          .b = x->data,
                          .b_row = x->shape[1],
                          .b_col = 1,
                          .c_row = leaf->shape[1],
                          .alpha = 1};
}

bool tp_lazy_compute(tp_tensor *leaf) {
    tp_lazy_grad *lazy = leaf->lazy;
    if (!lazy) return true;
    tp_context *context = tp_ctx();
    bool accumulate = leaf->has_grad;
    if (!tp_grad_memory(leaf)) return false;
    tp_gemm_args args = tp_lazy_product(leaf, lazy->dy);
    args.c = leaf->grad->data;
    args.beta = accumulate;
    if (!context->kernels->gemm[tp_float_index(leaf->dtype)](tp_context_pool(context), &args)) {
        tp_fail_memory(TP_MAKE(tp_location, NULL, 0), "backward", 0);
        return false;
    }
    leaf->has_grad = true;
    tp_lazy_drop(leaf);
    return true;
}

void tp_lazy_settle_storage(const tp_storage *storage) {
    tp_lazy_grad *next;
    for (tp_lazy_grad *lazy = tp_ctx()->tape.lazies; lazy; lazy = next) {
        next = lazy->next;
        if (lazy->x->storage == storage || lazy->dy->storage == storage)
            tp_lazy_compute(lazy->leaf);
    }
}

void tp_lazy_end(void) {
    while (tp_ctx()->tape.lazies) tp_lazy_drop(tp_ctx()->tape.lazies->leaf);
}
