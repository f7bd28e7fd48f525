/* Where the largest and smallest lie, and what they are: argmax, argmin, and max and min along a dimension. */
#include "ops/reduce.h"

typedef struct arg_task {
    tp_arg_fn kernel;
    int64_t *index;
    char *value;
    const char *x;
    tp_along a;
    int64_t item;
} arg_task;

static void run_outer(void *arg, int64_t begin, int64_t end) {
    const arg_task *t = arg;
    int64_t from = begin * t->a.inner;
    t->kernel(t->index + from, t->value ? t->value + from * t->item : NULL,
              t->x + from * t->a.n * t->item, end - begin, t->a.n, t->a.inner);
}

/* value NULL: not wanted. False when out of memory. */
static bool find(tp_location at, const char *op, tp_arg_fn const *kernels, tp_tensor *index,
                 tp_tensor *value, tp_tensor *x, tp_along a) {
    tp_tensor *packed = tp_packed(at, op, x);
    if (packed->poison) return false;
    arg_task task = {kernels[x->dtype],
                     (int64_t *)(void *)index->data,
                     value ? value->data : NULL,
                     packed->data,
                     a,
                     (int64_t)tp_item_size(x->dtype)};
    int64_t one = a.n * a.inner, grain = one ? (1 << 15) / one : 1;
    if (index->numel > 0) {
        if (a.outer <= grain)
            run_outer(&task, 0, a.outer);
        else
            tp_parallel_for(tp_context_pool(tp_ctx()), a.outer, grain > 1 ? grain : 1, run_outer,
                            &task);
    }
    if (packed != x) tp_free(packed);
    return true;
}

/* False (reported) where there is nothing to choose from. */
static bool something(tp_location at, const char *op, const tp_tensor *x, int64_t n) {
    if (TP_LIKELY(n > 0)) return true;
    tp_fail(at, op, TP_ERROR_SHAPE, tp_tensor_text(x), "at least one element to choose from", NULL);
    return false;
}

static tp_tensor *arg(tp_location at, const char *op, tp_arg_fn const *kernels,
                      tp_argmax_args args) {
    tp_tensor *x = args.x;
    unsigned mask;
    tp_shape dims = {.ndim = args.along ? 1 : 0, .dims = {args.dim}};
    if (!tp_reduce_mask(at, op, x, dims, &mask)) return tp_poison();
    tp_along a = {1, x->numel, 1};
    if (args.along) a = tp_along_dim(x, tp_wrap_dim(at, op, args.dim, x->ndim));
    if (!something(at, op, x, a.n)) return tp_poison();
    tp_tensor *index = tp_make_shape(at, op, TP_INT64, tp_reduced_shape(x, mask, args.keepdim));
    if (index->poison || !find(at, op, kernels, index, NULL, x, a)) return tp_poison();
    return index;
}

tp_tensor *tp_argmax_at(tp_location at, tp_argmax_args args) {
    TP_CHECK(at, "argmax", args.x);
    return arg(at, "argmax", tp_ctx()->kernels->reduce.argmax, args);
}

tp_tensor *tp_argmin_at(tp_location at, tp_argmax_args args) {
    TP_CHECK(at, "argmin", args.x);
    return arg(at, "argmin", tp_ctx()->kernels->reduce.argmin, args);
}

/* ---- max and min along a dimension ---- */

enum { DIM };

static tp_tensor *extreme(tp_location at, const tp_op *op, tp_arg_fn const *kernels,
                          tp_max_dim_args args) {
    tp_tensor *x = args.x;
    if (args.indices) *args.indices = tp_poison();
    int dim = tp_wrap_dim(at, op->name, args.dim, x->ndim);
    if (dim < 0) return tp_poison();
    tp_along a = tp_along_dim(x, dim);
    if (!something(at, op->name, x, a.n)) return tp_poison();
    tp_shape shape = tp_reduced_shape(x, 1u << dim, args.keepdim);
    tp_tensor *value = tp_make_shape(at, op->name, x->dtype, shape);
    tp_tensor *index = tp_make_shape(at, op->name, TP_INT64, shape);
    if (value->poison || index->poison || !find(at, op->name, kernels, index, value, x, a))
        return tp_poison();
    tp_node *node = tp_is_float_type(x->dtype) ? tp_record(at, op, value, 1, &x) : NULL;
    if (node) {
        tp_save(node, index);
        node->integer[DIM] = dim;
    }
    if (args.indices)
        *args.indices = index;
    else
        tp_free(index);
    return value;
}

#define SCATTER(type)                                                                       \
    static void scatter_##type(type *gx, const type *g, const int64_t *index, tp_along a) { \
        for (int64_t o = 0; o < a.outer; o++)                                               \
            for (int64_t i = 0; i < a.inner; i++)                                           \
                gx[(o * a.n + index[o * a.inner + i]) * a.inner + i] = g[o * a.inner + i];  \
    }
SCATTER(float)
SCATTER(double)
#undef SCATTER

static void extreme_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *index = tp_saved(node, 0), *x = node->inputs[0],
              *g = tp_packed(node->at, node->op->name, grads[0]);
    if (!index) return;
    tp_tensor *gx = tp_make_like(node->at, node->op->name, x);
    if (!gx->poison && !g->poison) {
        tp_fill_elements(gx, 0);
        tp_along a = tp_along_dim(x, (int)node->integer[DIM]);
        void *to = gx->data, *from = g->data, *where = index->data;
        if (x->dtype == TP_FLOAT32)
            scatter_float(to, from, where, a);
        else
            scatter_double(to, from, where, a);
    }
    tp_send(node, 0, g->poison ? g : gx);
}

static tp_tensor *max_dim_apply(tp_tensor *const *inputs, int variant) {
    return tp_max_dim(inputs[0], variant % 2 ? -2 : -1, .keepdim = variant == 2);
}
static tp_tensor *min_dim_apply(tp_tensor *const *inputs, int variant) {
    return tp_min_dim(inputs[0], variant % 2 ? -2 : -1, .keepdim = variant == 2);
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0.01},
    {1, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0.01},
    {2, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0.01},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_max_dim = {"max_dim", extreme_backward, NULL, max_dim_apply, samples};
const tp_op tp_op_min_dim = {"min_dim", extreme_backward, NULL, min_dim_apply, samples};

tp_tensor *tp_max_dim_at(tp_location at, tp_max_dim_args args) {
    TP_CHECK(at, "max_dim", args.x);
    return extreme(at, &tp_op_max_dim, tp_ctx()->kernels->reduce.argmax, args);
}

tp_tensor *tp_min_dim_at(tp_location at, tp_max_dim_args args) {
    TP_CHECK(at, "min_dim", args.x);
    return extreme(at, &tp_op_min_dim, tp_ctx()->kernels->reduce.argmin, args);
}
