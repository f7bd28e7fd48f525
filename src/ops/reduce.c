/* Reducing over any dimensions: which they are, in which passes, and in how many parts. */
#include "ops/reduce.h"

#include <string.h>

enum {
    SPLIT = 1 << 16, /* elements from which on a pass is split into parts */
    SLICE = 64,      /* columns that a part takes at least */
    FEW = 8,         /* fewer results than this are too few to share among threads */
    MAX_RUNS = TP_MAX_DIMS
};

/* ---- dimensions ---- */

bool tp_reduce_mask(tp_location at, const char *op, const tp_tensor *x, tp_shape dims,
                    unsigned *mask) {
    *mask = 0;
    if (dims.ndim == 0) {
        *mask = (1u << x->ndim) - 1;
        return true;
    }
    if (dims.ndim < 0) {
        tp_fail(at, op, TP_ERROR_SHAPE, "more than 8 dimensions", "at most 8", NULL);
        return false;
    }
    for (int i = 0; i < dims.ndim; i++) {
        int d = tp_wrap_dim(at, op, dims.dims[i], x->ndim);
        if (d < 0) return false;
        if (*mask & 1u << d) {
            tp_fail(at, op, TP_ERROR_ARGUMENT,
                    tp_text("dimension %d twice in %s", d, tp_shape_text(dims)),
                    "each dimension once", NULL);
            return false;
        }
        *mask |= 1u << d;
    }
    if (x->ndim == 0) *mask = 0;
    return true;
}

tp_shape tp_reduced_shape(const tp_tensor *x, unsigned mask, bool keepdim) {
    tp_shape shape = {.ndim = 0};
    for (int d = 0; d < x->ndim; d++) {
        bool reduced = mask >> d & 1u;
        if (!reduced || keepdim) shape.dims[shape.ndim++] = reduced ? 1 : x->shape[d];
    }
    return shape;
}

int64_t tp_reduced_count(const tp_tensor *x, unsigned mask) {
    int64_t count = 1;
    for (int d = 0; d < x->ndim; d++)
        if (mask >> d & 1u) count *= x->shape[d];
    return count;
}

bool tp_floats_only(tp_location at, const char *op, const tp_tensor *x) {
    if (TP_LIKELY(tp_is_float_type(x->dtype))) return true;
    tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(x), "float32 or float64",
            "convert it first: tp_to(x, TP_FLOAT32)");
    return false;
}

/* ---- one pass: (outer, n, inner) to (outer, inner) ---- */

typedef struct pass {
    tp_reduce_fn kernel;
    char *out;
    const char *x;
    int64_t outer, n, inner;
    int64_t item_x, item_out;
    int64_t block; /* rows that go into one partial result */
    double divisor;
} pass;

static void run_outer(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    p->kernel(p->out + begin * p->inner * p->item_out, p->x + begin * p->n * p->inner * p->item_x,
              end - begin, p->n, p->inner, p->inner, p->divisor);
}

/* Some of the columns; the last part takes what is left as well. */
static void run_columns(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    int64_t first = begin * SLICE, last = end * SLICE;
    if (p->inner - last < SLICE) last = p->inner;
    for (int64_t o = 0; o < p->outer; o++)
        p->kernel(p->out + (o * p->inner + first) * p->item_out,
                  p->x + (o * p->n * p->inner + first) * p->item_x, 1, p->n, last - first, p->inner,
                  p->divisor);
}

/* Some of the rows, each block to a row of its own. */
static void run_blocks(void *arg, int64_t begin, int64_t end) {
    const pass *p = arg;
    int64_t blocks = (p->n + p->block - 1) / p->block;
    for (int64_t i = begin; i < end; i++) {
        int64_t first = i % blocks * p->block,
                rows = p->n - first < p->block ? p->n - first : p->block;
        p->kernel(p->out + i * p->inner * p->item_out,
                  p->x + (i / blocks * p->n + first) * p->inner * p->item_x, 1, rows, p->inner,
                  p->inner, 1);
    }
}

/* What joins results of parts. */
static tp_reduce_kind joining_kind(tp_reduce_kind kind) {
    switch (kind) {
    case TP_REDUCE_SUM_SQUARES:
    case TP_REDUCE_SUM_ABS:
    case TP_REDUCE_COUNT_NONZERO: return TP_REDUCE_SUM;
    case TP_REDUCE_MAX_ABS: return TP_REDUCE_MAX;
    case TP_REDUCE_MIN_ABS: return TP_REDUCE_MIN;
    default: return kind;
    }
}

static tp_dtype result_dtype(tp_reduce_kind kind, tp_dtype dtype) {
    if (kind == TP_REDUCE_ANY || kind == TP_REDUCE_ALL) return TP_BOOL;
    if ((kind == TP_REDUCE_SUM || kind == TP_REDUCE_PROD) && !tp_is_float_type(dtype))
        return TP_INT64;
    return dtype;
}

/* How the work is cut depends on the sizes alone, and so do the bits of the result. False when out of memory. */
static bool run_pass(tp_location at, const char *op, tp_reduce_kind kind, tp_dtype dtype, void *out,
                     const void *x, tp_along a, double divisor) {
    tp_context *context = tp_ctx();
    pass p = {.kernel = context->kernels->reduce.reduce[kind][dtype],
              .out = out,
              .x = x,
              .outer = a.outer,
              .n = a.n,
              .inner = a.inner,
              .item_x = (int64_t)tp_item_size(dtype),
              .item_out = (int64_t)tp_item_size(result_dtype(kind, dtype)),
              .divisor = divisor};
    int64_t one = a.n * a.inner; /* elements of one of `outer` */
    if (a.outer * one < SPLIT) {
        p.kernel(out, x, a.outer, a.n, a.inner, a.inner, divisor);
        return true;
    }
    if (a.outer >= FEW || one < SPLIT / FEW) {
        tp_parallel_for(tp_context_pool(context), a.outer, one < SPLIT / 2 ? SPLIT / 2 / one : 1,
                        run_outer, &p);
        return true;
    }
    if (a.n < SLICE) {
        int64_t slices = a.inner / SLICE, grain = SPLIT / 2 / (a.outer * a.n * SLICE);
        tp_parallel_for(tp_context_pool(context), slices, grain > 1 ? grain : 1, run_columns, &p);
        return true;
    }
    p.block = SPLIT / 2 / a.inner > SLICE ? SPLIT / 2 / a.inner : SLICE;
    int64_t blocks = (a.n + p.block - 1) / p.block;
    if (blocks == 1) {
        p.kernel(out, x, a.outer, a.n, a.inner, a.inner, divisor);
        return true;
    }
    tp_dtype type = result_dtype(kind, dtype);
    tp_tensor *part = tp_make(at, op, type, 3, (int64_t[]){a.outer, blocks, a.inner});
    if (part->poison) return false;
    p.out = part->data;
    tp_parallel_for(tp_context_pool(context), a.outer * blocks, 1, run_blocks, &p);
    tp_along rest = {a.outer, blocks, a.inner};
    bool fine = run_pass(at, op, joining_kind(kind), type, out, part->data, rest, divisor);
    tp_free(part);
    return fine;
}

/* ---- any dimensions ---- */

/* Neighbouring dimensions that are both kept or both reduced, as one. */
typedef struct run {
    int64_t size;
    bool reduced;
} run;

static int find_runs(const int64_t *shape, const int *order, int ndim, unsigned mask, run *runs) {
    int count = 0;
    for (int i = 0; i < ndim; i++) {
        int d = order[i];
        bool reduced = mask >> d & 1u;
        if (shape[d] == 1) continue;
        if (count && runs[count - 1].reduced == reduced)
            runs[count - 1].size *= shape[d];
        else
            runs[count++] = (run){shape[d], reduced};
    }
    return count;
}

/* Whether x, its dimensions ordered by stride, lies without gaps and the kept ones are in reading order still: then it can be
 * reduced where it lies. A transposed matrix is the usual case. */
static bool order_by_stride(const tp_tensor *x, unsigned mask, int *order) {
    for (int d = 0; d < x->ndim; d++) {
        int place = d;
        while (place > 0 && x->stride[order[place - 1]] < x->stride[d]) {
            order[place] = order[place - 1];
            place--;
        }
        order[place] = d;
    }
    int64_t step = 1;
    int last_kept = x->ndim;
    for (int i = x->ndim - 1; i >= 0; i--) {
        int d = order[i];
        if (x->shape[d] == 1) continue;
        if (x->stride[d] != step) return false;
        step *= x->shape[d];
        if (mask >> d & 1u) continue;
        if (d > last_kept) return false;
        last_kept = d;
    }
    return true;
}

tp_tensor *tp_packed(tp_location at, const char *op, tp_tensor *x) {
    if (x->contiguous) return x;
    tp_tensor *copy = tp_make_like(at, op, x);
    if (!copy->poison) tp_copy_elements(copy, x);
    return copy;
}

/* Reduces the last run that is to be reduced, until none is left. */
static bool reduce_runs(tp_location at, const char *op, tp_reduce_kind kind, const tp_tensor *x,
                        run *runs, int count, tp_tensor *out, double divisor) {
    const void *data = x->data;
    tp_dtype dtype = x->dtype;
    tp_tensor *last = NULL;
    for (;;) {
        int left = 0, chosen = -1;
        for (int i = 0; i < count; i++)
            if (runs[i].reduced) left++, chosen = i;
        tp_along a = {1, 1, 1};
        for (int i = 0; i < count; i++)
            *(i < chosen ? &a.outer : i == chosen ? &a.n : &a.inner) *= runs[i].size;
        tp_tensor *next = out;
        tp_dtype type = result_dtype(kind, dtype);
        if (left > 1) next = tp_make(at, op, type, 1, (int64_t[]){a.outer * a.inner});
        bool fine = !next->poison &&
                    run_pass(at, op, kind, dtype, next->data, data, a, left > 1 ? 1 : divisor);
        if (last) tp_free(last);
        if (!fine || left <= 1) return fine;
        runs[chosen].size = 1;
        runs[chosen].reduced = false;
        kind = joining_kind(kind);
        dtype = type;
        data = next->data;
        last = next;
    }
}

tp_tensor *tp_reduce_run(tp_location at, const char *op, tp_reduce_kind kind, tp_tensor *x,
                         unsigned mask, bool keepdim, double divisor) {
    tp_tensor *out =
        tp_make_shape(at, op, result_dtype(kind, x->dtype), tp_reduced_shape(x, mask, keepdim));
    if (out->poison || out->numel == 0) return out;
    int order[TP_MAX_DIMS];
    tp_tensor *copy = NULL;
    if (x->contiguous || !order_by_stride(x, mask, order)) {
        if (!x->contiguous) x = copy = tp_packed(at, op, x);
        if (x->poison) return x;
        for (int d = 0; d < x->ndim; d++) order[d] = d;
    }
    run runs[MAX_RUNS];
    int count = find_runs(x->shape, order, x->ndim, mask, runs);
    bool fine = reduce_runs(at, op, kind, x, runs, count, out, divisor);
    if (copy) tp_free(copy);
    return fine ? out : tp_poison();
}

/* ---- the way back ---- */

tp_tensor *tp_expand_reduced(tp_location at, const char *op, tp_tensor *y, const tp_tensor *x,
                             unsigned mask) {
    if (y->poison) return y;
    tp_shape shape = tp_shape_copy(x);
    int64_t stride[TP_MAX_DIMS] = {0};
    bool kept = y->ndim == x->ndim;
    int from = 0;
    for (int d = 0; d < x->ndim; d++) {
        bool reduced = mask >> d & 1u;
        if (!reduced) stride[d] = y->stride[from];
        if (!reduced || kept) from++;
    }
    return tp_make_view(at, op, y, shape, stride, 0);
}

tp_tensor *tp_combine(tp_location at, const char *op, tp_binary_kind kind, tp_tensor *a,
                      tp_tensor *b) {
    if (a->poison || b->poison) return tp_poison();
    tp_shape shape;
    if (!tp_broadcast(at, op, 2, (tp_tensor *[]){a, b}, &shape)) return tp_poison();
    tp_tensor *out = tp_make_shape(at, op, a->dtype, shape);
    if (out->poison) return out;
    tp_loop_run(tp_ctx()->kernels->binary[kind][a->dtype], 3, (tp_tensor *[]){out, a, b}, NULL);
    return out;
}

tp_tensor *tp_reduced_last(tp_location at, const char *op, tp_tensor *x, unsigned mask) {
    tp_shape shape = {.ndim = 0};
    int64_t stride[TP_MAX_DIMS];
    for (int pass_kept = 1; pass_kept >= 0; pass_kept--)
        for (int d = 0; d < x->ndim; d++)
            if ((mask >> d & 1u) != (unsigned)pass_kept) {
                stride[shape.ndim] = x->stride[d];
                shape.dims[shape.ndim++] = x->shape[d];
            }
    tp_tensor *ordered = tp_packed(at, op, tp_make_view(at, op, x, shape, stride, 0));
    if (ordered->poison) return ordered;
    tp_shape merged = tp_reduced_shape(x, mask, false);
    if (merged.ndim == TP_MAX_DIMS) return ordered; /* nothing is reduced: the caller's n is 1 */
    merged.dims[merged.ndim++] = tp_reduced_count(x, mask);
    tp_contiguous_strides(merged.ndim, merged.dims, stride);
    return tp_make_view(at, op, ordered, merged, stride, 0);
}

/* ---- along one dimension ---- */

tp_along tp_along_dim(const tp_tensor *x, int dim) {
    tp_along a = {1, 1, 1};
    for (int d = 0; d < x->ndim; d++)
        *(d < dim ? &a.outer : d == dim ? &a.n : &a.inner) *= x->shape[d];
    return a;
}

typedef struct along_task {
    tp_along_fn kernel;
    tp_along_grad_fn grad;
    char *out;
    const char *x, *saved;
    tp_along a;
    int64_t item_out, item_x, rows_out; /* rows of inner in one of outer */
} along_task;

static void run_along(void *arg, int64_t begin, int64_t end) {
    const along_task *t = arg;
    int64_t whole = t->a.n * t->a.inner;
    t->kernel(t->out + begin * t->rows_out * t->a.inner * t->item_out,
              t->x + begin * whole * t->item_x, end - begin, t->a.n, t->a.inner);
}

static void run_along_grad(void *arg, int64_t begin, int64_t end) {
    const along_task *t = arg;
    int64_t whole = t->a.n * t->a.inner * t->item_x;
    t->grad(t->out + begin * whole, t->x + begin * t->rows_out * t->a.inner * t->item_x,
            t->saved + begin * whole, end - begin, t->a.n, t->a.inner);
}

static void split_outer(tp_along a, tp_range_fn fn, along_task *task) {
    int64_t one = a.n * a.inner;
    if (a.outer == 0 || a.inner == 0) return;
    if (a.outer * one < SPLIT / 2)
        fn(task, 0, a.outer);
    else
        tp_parallel_for(tp_context_pool(tp_ctx()), a.outer, one < SPLIT / 4 ? SPLIT / 4 / one : 1,
                        fn, task);
}

void tp_along_run(tp_along_fn kernel, tp_tensor *out, const tp_tensor *x, tp_along a) {
    along_task task = {.kernel = kernel,
                       .out = out->data,
                       .x = x->data,
                       .a = a,
                       .item_out = (int64_t)tp_item_size(out->dtype),
                       .item_x = (int64_t)tp_item_size(x->dtype),
                       .rows_out =
                           a.outer > 0 && a.inner > 0 ? out->numel / (a.outer * a.inner) : 0};
    split_outer(a, run_along, &task);
}

void tp_along_grad_run(tp_along_grad_fn kernel, tp_tensor *gx, const tp_tensor *g,
                       const tp_tensor *saved, tp_along a) {
    along_task task = {.grad = kernel,
                       .out = gx->data,
                       .x = g->data,
                       .saved = saved->data,
                       .a = a,
                       .item_x = (int64_t)tp_item_size(gx->dtype),
                       .rows_out = a.outer > 0 && a.inner > 0 ? g->numel / (a.outer * a.inner) : 0};
    split_outer(a, run_along_grad, &task);
}
