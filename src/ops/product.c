#include "ops/product.h"

#include <string.h>

#include "autograd/node.h"
#include "backend/backend.h"

/* ---- fewer batch dimensions ---- */

static void remove_batch(tp_product *p, int d) {
    p->batch_dims--;
    for (int i = d; i < p->batch_dims; i++) {
        p->batch[i] = p->batch[i + 1];
        p->a.batch[i] = p->a.batch[i + 1];
        p->b.batch[i] = p->b.batch[i + 1];
        p->c.batch[i] = p->c.batch[i + 1];
    }
}

/* Rows of a shared b: (batch, m, k)(k, n) is (batch m, k)(k, n). */
static bool fold_into_rows(tp_product *p, int d) {
    if (p->b.batch[d] != 0 || p->c.batch[d] == 0) return false;
    if (p->m == 1) {
        p->a.row = p->a.batch[d];
        p->c.row = p->c.batch[d];
    } else if (p->a.batch[d] != p->a.row * p->m || p->c.batch[d] != p->c.row * p->m) {
        return false;
    }
    p->m *= p->batch[d];
    return true;
}

/* A sum of products is one product with a longer inner dimension. */
static bool fold_into_sum(tp_product *p, int d) {
    if (p->c.batch[d] != 0) return false;
    if (p->k == 1) {
        p->a.col = p->a.batch[d];
        p->b.row = p->b.batch[d];
    } else if (p->a.batch[d] != p->a.col * p->k || p->b.batch[d] != p->b.row * p->k) {
        return false;
    }
    p->k *= p->batch[d];
    return true;
}

static bool merge_with_next(tp_product *p, int d) {
    int64_t next = p->batch[d + 1];
    if (p->a.batch[d] != p->a.batch[d + 1] * next || p->b.batch[d] != p->b.batch[d + 1] * next ||
        p->c.batch[d] != p->c.batch[d + 1] * next)
        return false;
    p->batch[d + 1] *= p->batch[d];
    return true;
}

static void simplify(tp_product *p) {
    for (int d = p->batch_dims - 1; d >= 0; d--)
        if (p->batch[d] == 1) remove_batch(p, d);
    /* From the innermost dimension outwards, as long as the strides let it fold into the matrices. */
    while (p->batch_dims > 0 &&
           (fold_into_rows(p, p->batch_dims - 1) || fold_into_sum(p, p->batch_dims - 1)))
        p->batch_dims--;
    for (int d = p->batch_dims - 2; d >= 0; d--)
        if (merge_with_next(p, d)) remove_batch(p, d);
}

/* The largest dimension that is not summed over goes last, where one call runs all of it. */
static void largest_last(tp_product *p) {
    int best = -1, last = p->batch_dims - 1;
    for (int d = 0; d <= last; d++)
        if (p->c.batch[d] != 0 && (best < 0 || p->batch[d] >= p->batch[best])) best = d;
    if (best < 0 || best == last) return;
    int64_t size = p->batch[best], a = p->a.batch[best], b = p->b.batch[best], c = p->c.batch[best];
    remove_batch(p, best);
    p->batch[last] = size;
    p->a.batch[last] = a;
    p->b.batch[last] = b;
    p->c.batch[last] = c;
    p->batch_dims++;
}

/* ---- running ---- */

static tp_gemm_args plain_args(const tp_product *p) {
    return (tp_gemm_args){.m = p->m,
                          .n = p->n,
                          .k = p->k,
                          .a = p->a.data,
                          .a_row = p->a.row,
                          .a_col = p->a.col,
                          .b = p->b.data,
                          .b_row = p->b.row,
                          .b_col = p->b.col,
                          .c = p->c.data,
                          .c_row = p->c.row,
                          .alpha = p->alpha,
                          .beta = p->beta};
}

static bool run_batched(tp_product *p) {
    tp_context *context = tp_ctx();
    tp_pool *pool = tp_context_pool(context);
    int index = tp_float_index(p->dtype), outer = p->batch_dims - 1;
    int64_t item = (int64_t)tp_item_size(p->dtype);
    tp_gemm_batch inner = {.count = p->batch[outer],
                           .a = p->a.batch[outer],
                           .b = p->b.batch[outer],
                           .c = p->c.batch[outer]};
    if (inner.c == 0) { /* all that is left is summed over: one product after the other */
        outer++;
        inner = (tp_gemm_batch){.count = 1};
    }
    int64_t place[TP_MAX_DIMS] = {0};
    for (;;) {
        tp_gemm_args args = plain_args(p);
        int64_t a = 0, b = 0, c = 0;
        for (int d = 0; d < outer; d++) {
            a += place[d] * p->a.batch[d];
            b += place[d] * p->b.batch[d];
            c += place[d] * p->c.batch[d];
            if (p->c.batch[d] == 0 && place[d] > 0) args.beta = 1; /* written before */
        }
        args.a = p->a.data + a * item;
        args.b = p->b.data + b * item;
        args.c = p->c.data + c * item;
        const tp_kernels *kernels = context->kernels;
        bool fine = inner.count == 1 ? kernels->gemm[index](pool, &args)
                                     : kernels->gemm_batched[index](pool, &args, &inner);
        if (!fine) return false;
        int d = outer - 1;
        while (d >= 0 && ++place[d] == p->batch[d]) place[d--] = 0;
        if (d < 0) return true;
    }
}

bool tp_product_run(tp_product *p) {
    for (int d = 0; d < p->batch_dims; d++) {
        if (p->batch[d] > 0) continue;
        if (p->c.batch[d] != 0) return true; /* no results */
        p->batch[d] = 1;                     /* results that are sums of nothing */
        p->k = 0;
    }
    if (!tp_is_float_type(p->dtype)) {
        tp_product_run_integer(p);
        return true;
    }
    if (p->batch_dims > 0) simplify(p);
    if (p->batch_dims > 0) {
        largest_last(p);
        return run_batched(p);
    }
    tp_context *context = tp_ctx();
    tp_gemm_args args = plain_args(p);
    return context->kernels->gemm[tp_float_index(p->dtype)](tp_context_pool(context), &args);
}

/* ---- what callers share ---- */

bool tp_product_types(tp_location at, const char *op, const tp_tensor *a, const tp_tensor *b) {
    if (TP_LIKELY(a->dtype == b->dtype && a->dtype != TP_BOOL)) return true;
    bool same = a->dtype == b->dtype;
    tp_fail(at, op, TP_ERROR_DTYPE, tp_text("%s and %s", tp_tensor_text(a), tp_tensor_text(b)),
            "two tensors of one type, not bool",
            same ? "tp_to() converts a mask to numbers" : "tp_to() converts one of them");
    return false;
}

tp_tensor *tp_product_target(tp_node *node, int i, double *beta, bool *direct) {
    bool accumulate = false;
    tp_tensor *target = tp_grad_target(node, i, &accumulate);
    *direct = target != NULL;
    *beta = accumulate;
    if (target) return target;
    target = tp_make_like(node->at, "backward", node->inputs[i]);
    return target->poison ? NULL : target;
}
