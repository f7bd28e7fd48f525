/* sort, argsort and topk. Rows are sorted where they lie side by side; another dimension is moved last for the while. */
#include <taper/ops/sort.h>

#include "ops/reduce.h"
#include "ops/sort.h"

enum { DIM };
enum { SPLIT = 1 << 13 }; /* elements that are worth another thread */

typedef struct sort_task {
    tp_sort_fn kernel;
    tp_pool *pool;
    char *out;
    int64_t *index;
    const char *x;
    int64_t n, item;
    bool descending;
    bool failed; /* out of memory for scratch */
} sort_task;

static void sort_rows(void *arg, int64_t begin, int64_t end) {
    sort_task *t = arg;
    size_t bytes = (size_t)t->n * ((size_t)t->item + sizeof(int64_t));
    void *scratch = tp_pool_scratch(t->pool, tp_pool_worker(t->pool), bytes);
    if (!scratch) {
        __atomic_store_n(&t->failed, true, __ATOMIC_RELAXED);
        return;
    }
    int64_t from = begin * t->n;
    t->kernel(t->out + from * t->item, t->index + from, t->x + from * t->item, end - begin, t->n,
              t->descending, scratch);
}

bool tp_sort_rows(tp_location at, const char *op, tp_tensor *out, tp_tensor *index,
                  const tp_tensor *x, int64_t n, bool descending) {
    tp_context *context = tp_ctx();
    if (x->numel == 0) return true;
    sort_task task = {.kernel = context->kernels->reduce.sort[x->dtype],
                      .pool = tp_context_pool(context),
                      .out = out->data,
                      .index = (int64_t *)(void *)index->data,
                      .x = x->data,
                      .n = n,
                      .item = (int64_t)tp_item_size(x->dtype),
                      .descending = descending};
    int64_t rows = x->numel / n;
    if (task.pool && x->numel <= SPLIT)
        sort_rows(&task, 0, rows);
    else if (task.pool)
        tp_parallel_for(task.pool, rows, n < SPLIT ? SPLIT / n : 1, sort_rows, &task);
    if (task.pool && !task.failed) return true;
    tp_fail_memory(at, op, (size_t)n * ((size_t)task.item + sizeof(int64_t)));
    return false;
}

/* x with dimension dim last; the same call brings it back where `back`. */
static tp_tensor *moved(tp_location at, const char *op, tp_tensor *x, int dim, bool back) {
    if (x->poison || x->ndim == 0 || dim == x->ndim - 1) return x;
    tp_shape shape = {.ndim = x->ndim};
    int64_t stride[TP_MAX_DIMS];
    int last = x->ndim - 1;
    for (int d = 0; d <= last; d++) {
        int from = d < dim ? d : back ? (d == dim ? last : d - 1) : (d == last ? dim : d + 1);
        shape.dims[d] = x->shape[from];
        stride[d] = x->stride[from];
    }
    return tp_make_view(at, op, x, shape, stride, 0);
}

/* Values and places in order along dim, contiguous; false after reporting. */
static bool sorted(tp_location at, const char *op, tp_tensor *x, int dim, bool descending,
                   tp_tensor **out, tp_tensor **index) {
    tp_tensor *rows = tp_packed(at, op, moved(at, op, x, dim, false));
    if (rows->poison) return false;
    *out = tp_make_like(at, op, rows);
    *index = tp_make(at, op, TP_INT64, rows->ndim, rows->shape);
    int64_t n = rows->ndim ? rows->shape[rows->ndim - 1] : 1;
    if ((*out)->poison || (*index)->poison ||
        !tp_sort_rows(at, op, *out, *index, rows, n, descending))
        return false;
    *out = tp_packed(at, op, moved(at, op, *out, dim, true));
    *index = tp_packed(at, op, moved(at, op, *index, dim, true));
    return !(*out)->poison && !(*index)->poison;
}

/* Sends g, of k rows along dim, back to where its values came from in n. */
#define SCATTER(type)                                                                     \
    static void scatter_##type(type *gx, const type *g, const int64_t *index, tp_along a, \
                               int64_t k) {                                               \
        for (int64_t o = 0; o < a.outer; o++)                                             \
            for (int64_t i = 0; i < k; i++)                                               \
                for (int64_t c = 0; c < a.inner; c++) {                                   \
                    int64_t from = (o * k + i) * a.inner + c;                             \
                    gx[(o * a.n + index[from]) * a.inner + c] = g[from];                  \
                }                                                                         \
    }
SCATTER(float)
SCATTER(double)
#undef SCATTER

static void sort_backward(tp_node *node, tp_tensor *const *grads) {
    const char *op = node->op->name;
    tp_tensor *index = tp_saved(node, 0), *x = node->inputs[0],
              *g = tp_packed(node->at, op, grads[0]);
    if (!index) return;
    index = tp_packed(node->at, op, index);
    tp_tensor *gx = tp_make_like(node->at, op, x);
    if (g->poison || index->poison || gx->poison) {
        tp_send(node, 0, tp_poison());
        return;
    }
    tp_fill_elements(gx, 0);
    int dim = (int)node->integer[DIM];
    int64_t k = g->ndim ? g->shape[dim] : 1;
    void *to = gx->data, *from = g->data, *where = index->data;
    if (x->dtype == TP_FLOAT32)
        scatter_float(to, from, where, tp_along_dim(x, dim), k);
    else
        scatter_double(to, from, where, tp_along_dim(x, dim), k);
    tp_send(node, 0, gx);
}

static tp_tensor *sort_apply(tp_tensor *const *inputs, int variant) {
    return tp_sort(inputs[0], variant - 1, .descending = variant == 1);
}
static tp_tensor *topk_apply(tp_tensor *const *inputs, int variant) {
    return tp_topk(inputs[0], variant ? 2 : 1, variant - 1, .smallest = variant == 1);
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0.01},    {1, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0.01},
    {2, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0.01}, {0, 1, {{0, {0}}}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},       {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_sort = {"sort", sort_backward, NULL, sort_apply, samples};
const tp_op tp_op_topk = {"topk", sort_backward, NULL, topk_apply, samples};

/* Records a result that holds values of x from `index` along dim. */
static tp_tensor *record(tp_location at, const tp_op *op, tp_tensor *out, tp_tensor *x,
                         tp_tensor *index, int dim) {
    tp_node *node = tp_is_float_type(x->dtype) ? tp_record(at, op, out, 1, &x) : NULL;
    if (!node) return out;
    tp_save(node, index);
    node->integer[DIM] = dim;
    return out;
}

tp_tensor *tp_sort_at(tp_location at, tp_sort_args args) {
    if (args.indices) *args.indices = tp_poison();
    TP_CHECK(at, "sort", args.x);
    int dim = tp_wrap_dim(at, "sort", args.dim, args.x->ndim);
    tp_tensor *out, *index;
    if (dim < 0 || !sorted(at, "sort", args.x, dim, args.descending, &out, &index))
        return tp_poison();
    if (args.indices) *args.indices = index;
    return record(at, &tp_op_sort, out, args.x, index, dim);
}

tp_tensor *tp_argsort_at(tp_location at, tp_sort_args args) {
    if (args.indices) *args.indices = tp_poison();
    TP_CHECK(at, "argsort", args.x);
    int dim = tp_wrap_dim(at, "argsort", args.dim, args.x->ndim);
    tp_tensor *out, *index;
    if (dim < 0 || !sorted(at, "argsort", args.x, dim, args.descending, &out, &index))
        return tp_poison();
    tp_free(out);
    if (args.indices) *args.indices = index;
    return index;
}

/* The first k along dim, copied. */
static tp_tensor *first(tp_location at, tp_tensor *x, int dim, int64_t k) {
    if (x->ndim == 0) return x; /* k is 1 */
    tp_shape shape = tp_shape_copy(x);
    shape.dims[dim] = k;
    tp_tensor *out = tp_make_shape(at, "topk", x->dtype, shape);
    if (!out->poison) tp_copy_elements(out, tp_make_view(at, "topk", x, shape, x->stride, 0));
    tp_free(x);
    return out;
}

tp_tensor *tp_topk_at(tp_location at, tp_topk_args args) {
    tp_tensor *x = args.x, *out, *index;
    if (args.indices) *args.indices = tp_poison();
    TP_CHECK(at, "topk", x);
    int dim = tp_wrap_dim(at, "topk", args.dim, x->ndim);
    if (dim < 0) return tp_poison();
    int64_t n = x->ndim ? x->shape[dim] : 1;
    if (args.k < 0 || args.k > n || (x->ndim == 0 && args.k != 1))
        return tp_fail(at, "topk", TP_ERROR_SHAPE,
                       tp_text("k = %lld of %s", (long long)args.k, tp_tensor_text(x)),
                       tp_text("k from 0 to %lld, the size of dimension %d", (long long)n, dim),
                       NULL);
    if (!sorted(at, "topk", x, dim, !args.smallest, &out, &index)) return tp_poison();
    out = first(at, out, dim, args.k);
    index = first(at, index, dim, args.k);
    if (out->poison || index->poison) return tp_poison();
    if (args.indices) *args.indices = index;
    return record(at, &tp_op_topk, out, x, index, dim);
}
