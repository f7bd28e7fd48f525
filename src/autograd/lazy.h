/* Weight gradients that wait.
 *
 * The gradient of a linear layer's weight is an outer product dy^T x: writing it to memory and reading it again costs more
 * than computing it where it is used. So backward notes dy and x, and whoever needs the gradient settles it: an optimiser
 * while it updates the weight, tile by tile, tp_grad() and everything else by computing it into memory first. Nobody can
 * tell the difference but by the clock. Edits in place of x or dy settle before they happen. */
#ifndef TP_AUTOGRAD_LAZY_H
#define TP_AUTOGRAD_LAZY_H

#include "autograd/node.h"
#include "backend/gemm.h"

typedef struct tp_lazy_grad {
    struct tp_lazy_grad *previous, *next; /* in the context's list */
    tp_tensor *leaf;                      /* (out, in), not held: it drops this when it ends */
    tp_tensor *dy;                        /* (n, out), held, contiguous */
    tp_tensor *x;                         /* (n, in), held, rows contiguous */
} tp_lazy_grad;

/* Notes that the gradient of input i grows by dy^T x. False where it must be computed now (not a leaf with an optimiser that
 * can use this, memory of the user's, or not plain matrices). */
bool tp_lazy_defer(tp_node *node, int i, tp_tensor *dy, tp_tensor *x);
/* The product dy^T x that waits on a leaf, with this dy (its own, or a multiple); c, beta and tile are left to set. */
tp_gemm_args tp_lazy_product(const tp_tensor *leaf, const tp_tensor *dy);
/* Computes it into leaf->grad. False when out of memory (reported). */
bool tp_lazy_compute(tp_tensor *leaf);
/* Forgets it. */
void tp_lazy_drop(tp_tensor *leaf);
/* Computes those that still need these bytes, before somebody writes to them. */
void tp_lazy_settle_storage(const tp_storage *storage);
static inline void tp_lazy_settle(const tp_storage *storage) {
    if (TP_UNLIKELY(tp_ctx()->tape.lazies != NULL)) tp_lazy_settle_storage(storage);
}
/* Forgets all of them. */
void tp_lazy_end(void);

#endif
