/* max_pool and adaptive_max_pool: which tap of its window each value was is kept in a byte, so that backward needs neither x nor
 * the result. */
#include "ops/loop.h"
#include "ops/pool.h"

enum { DIMS = TP_NOTED_POOL_DIMS }; /* node->integer: 1 or 2 */

extern const tp_op tp_op_max_pool1d, tp_op_max_pool2d, tp_op_adaptive_max_pool1d,
    tp_op_adaptive_max_pool2d;

static size_t plane_bytes(const tp_pool_axis *h, const tp_pool_axis *w, size_t item, bool out) {
    return (size_t)(out ? h->out * w->out : h->in * w->in) * item;
}

/* Where in its plane each value was, row * W + column. */
static void taps_to_indices(const tp_pooling_args *p, int64_t *index) {
    bool small = tp_pool_small(p);
    int64_t i = 0;
    for (int64_t plane = 0; plane < p->planes; plane++)
        for (int64_t r = 0; r < p->h.out; r++) {
            int64_t top = tp_pool_window_of(&p->h, r).begin;
            for (int64_t c = 0; c < p->w.out; c++, i++) {
                int64_t left = tp_pool_window_of(&p->w, c).begin;
                int64_t tap = small ? ((const uint8_t *)p->taps)[i] : ((const int32_t *)p->taps)[i];
                int64_t row = top + tap / p->w.kernel * p->h.dilation;
                index[i] = row * p->w.in + left + tap % p->w.kernel * p->w.dilation;
            }
        }
}

static void max_pool_backward(tp_node *node, tp_tensor *const *grads) {
    const char *op = node->op->name;
    const tp_tensor *x = node->inputs[0];
    tp_tensor *taps = tp_saved(node, 0), *g = tp_dense(node->at, op, grads[0]);
    if (!taps || !tp_needs(node, 0)) return;
    tp_tensor *gx = tp_make(node->at, op, x->dtype, x->ndim, x->shape);
    if (!g->poison && !gx->poison && gx->numel > 0) {
        size_t item = tp_item_size(x->dtype);
        tp_pooling_run run = {.kernel = tp_ctx()->kernels->pool.max_grad[tp_float_index(x->dtype)]};
        tp_pooling_args *p = &run.args;
        *p = tp_pool_noted(node, x, g, (int)node->integer[DIMS]);
        p->x = g->data;
        p->y = gx->data;
        p->taps = taps->data;
        run.x_plane = plane_bytes(&p->h, &p->w, item, true);
        run.y_plane = plane_bytes(&p->h, &p->w, item, false);
        run.taps_plane = plane_bytes(&p->h, &p->w, tp_item_size(taps->dtype), true);
        tp_pool_planes(node->at, op, &run);
    }
    tp_send(node, 0, g->poison ? g : gx);
}

/* The maximum over windows that fit already. */
static tp_tensor *run_max(tp_location at, const tp_op *op, tp_tensor *x, int dims, tp_shape shape,
                          tp_pooling_args *p, tp_tensor **indices) {
    x = tp_dense(at, op->name, x);
    tp_tensor *out = tp_make_shape(at, op->name, x->dtype, shape), *taps = NULL;
    if (x->poison || out->poison) return tp_poison();
    if (indices || tp_would_record(1, &x)) {
        taps = tp_make_shape(at, op->name, tp_pool_small(p) ? TP_UINT8 : TP_INT32, shape);
        if (taps->poison) return taps;
    }
    size_t item = tp_item_size(x->dtype);
    p->x = x->data;
    p->y = out->data;
    p->taps = taps ? taps->data : NULL;
    tp_pooling_run run = {.kernel = tp_ctx()->kernels->pool.max[tp_float_index(x->dtype)],
                          .args = *p,
                          .x_plane = plane_bytes(&p->h, &p->w, item, false),
                          .y_plane = plane_bytes(&p->h, &p->w, item, true)};
    if (taps) run.taps_plane = plane_bytes(&p->h, &p->w, tp_item_size(taps->dtype), true);
    tp_pool_planes(at, op->name, &run);
    if (indices) {
        *indices = tp_make_shape(at, op->name, TP_INT64, shape);
        if ((*indices)->poison) return tp_poison();
        taps_to_indices(p, (int64_t *)(void *)(*indices)->data);
    }
    tp_node *node = tp_record(at, op, out, 1, &x);
    if (node) {
        tp_save(node, taps);
        tp_pool_note(node, p);
        node->integer[DIMS] = dims;
    }
    if (taps) tp_free(taps); /* the node keeps its bytes */
    return out;
}

static tp_tensor *max_pool(tp_location at, const tp_op *op, int dims, tp_pool_args args) {
    tp_tensor *x = args.x;
    if (args.indices) *args.indices = tp_poison();
    TP_CHECK(at, op->name, x);
    tp_window window;
    tp_pooling_args p = {0};
    if (!tp_pool_types(at, op->name, x) ||
        !tp_window_of(at, op->name, &args, dims, TP_POOL_OF_MAX, &window))
        return tp_poison();
    tp_shape shape = tp_pool_fit(at, op->name, tp_shape_copy(x), dims, &window, args.ceil_mode, &p);
    return shape.ndim < 0 ? tp_poison() : run_max(at, op, x, dims, shape, &p, args.indices);
}

tp_tensor *tp_max_pool2d_at(tp_location at, tp_pool_args args) {
    return max_pool(at, &tp_op_max_pool2d, 2, args);
}

tp_tensor *tp_max_pool1d_at(tp_location at, tp_pool_args args) {
    return max_pool(at, &tp_op_max_pool1d, 1, args);
}

static tp_tensor *adaptive(tp_location at, const tp_op *op, int dims, const int64_t size[2],
                           const tp_adaptive_max_pool_args *args) {
    tp_tensor *x = args->x;
    if (args->indices) *args->indices = tp_poison();
    TP_CHECK(at, op->name, x);
    if (!tp_pool_types(at, op->name, x)) return tp_poison();
    tp_pooling_args p = {0};
    tp_shape shape = tp_pool_fit_adaptive(at, op->name, tp_shape_copy(x), dims, size, &p);
    return shape.ndim < 0 ? tp_poison() : run_max(at, op, x, dims, shape, &p, args->indices);
}

tp_tensor *tp_adaptive_max_pool2d_at(tp_location at, tp_adaptive_max_pool_args args) {
    return adaptive(at, &tp_op_adaptive_max_pool2d, 2, (int64_t[2]){args.h, args.w}, &args);
}

tp_tensor *tp_adaptive_max_pool1d_at(tp_location at, tp_adaptive_max_pool_args args) {
    return adaptive(at, &tp_op_adaptive_max_pool1d, 1, (int64_t[2]){1, args.h}, &args);
}

/* ---- shapes ---- */

tp_shape tp_max_pool2d_shape_at(tp_location at, tp_shape x, tp_pool_args args) {
    tp_window window;
    if (!tp_window_of(at, "max_pool2d", &args, 2, TP_POOL_OF_MAX, &window))
        return (tp_shape){.ndim = -1};
    return tp_pool_fit(at, "max_pool2d", x, 2, &window, args.ceil_mode, &(tp_pooling_args){0});
}

tp_shape tp_max_pool1d_shape_at(tp_location at, tp_shape x, tp_pool_args args) {
    tp_window window;
    if (!tp_window_of(at, "max_pool1d", &args, 1, TP_POOL_OF_MAX, &window))
        return (tp_shape){.ndim = -1};
    return tp_pool_fit(at, "max_pool1d", x, 1, &window, args.ceil_mode, &(tp_pooling_args){0});
}

/* ---- descriptors ---- */

static tp_tensor *apply_2d(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0];
    switch (variant) {
    case 1: return tp_max_pool2d(x, 3, .stride = 2, .padding = 1);
    case 2: return tp_max_pool2d(x, 2, .stride = 3, .ceil_mode = true);
    case 3: return tp_max_pool2d(x, 0, .kernel_hw = {3, 2}, .stride = 1, .dilation_hw = {1, 2});
    case 4: return tp_max_pool2d(x, 0, .kernel_hw = {17, 16}, .stride = 1); /* taps of four bytes */
    default: return tp_max_pool2d(x, 2);
    }
}

static tp_tensor *apply_1d(tp_tensor *const *inputs, int variant) {
    return variant ? tp_max_pool1d(inputs[0], 3, .stride = 2, .padding = 1, .dilation = 2)
                   : tp_max_pool1d(inputs[0], 2);
}

static tp_tensor *apply_adaptive_2d(tp_tensor *const *inputs, int variant) {
    return tp_adaptive_max_pool2d(inputs[0], variant ? 1 : 3, variant ? 0 : 2);
}

static tp_tensor *apply_adaptive_1d(tp_tensor *const *inputs, int variant) {
    return tp_adaptive_max_pool1d(inputs[0], variant ? 1 : 3);
}

static const tp_op_sample samples_2d[] = {
    {0, 1, {TP_SHAPE_OF(2, 3, 4, 6)}, 0, 0, 0.002},
    {0, 1, {TP_SHAPE_OF(3, 5, 5)}, 0, 0, 0.002},
    {1, 1, {TP_SHAPE_OF(1, 2, 7, 6)}, 0, 0, 0.002},
    {2, 1, {TP_SHAPE_OF(2, 1, 7, 5)}, 0, 0, 0.002},
    {3, 1, {TP_SHAPE_OF(1, 2, 5, 6)}, 0, 0, 0.002},
    {4, 1, {TP_SHAPE_OF(1, 1, 18, 17)}, 0, 0, 0.001},
    {0, 1, {TP_SHAPE_OF(0, 3, 4, 4)}, 0, 0, 0},
    {0},
};
static const tp_op_sample samples_1d[] = {
    {0, 1, {TP_SHAPE_OF(2, 3, 7)}, 0, 0, 0.002},
    {1, 1, {TP_SHAPE_OF(2, 9)}, 0, 0, 0.002},
    {0},
};
static const tp_op_sample adaptive_samples_2d[] = {
    {0, 1, {TP_SHAPE_OF(2, 2, 5, 7)}, 0, 0, 0.002},
    {0, 1, {TP_SHAPE_OF(1, 2, 1)}, 0, 0, 0.002},
    {1, 1, {TP_SHAPE_OF(2, 1, 3, 4)}, 0, 0, 0.002},
    {0},
};
static const tp_op_sample adaptive_samples_1d[] = {
    {0, 1, {TP_SHAPE_OF(2, 2, 7)}, 0, 0, 0.002},
    {1, 1, {TP_SHAPE_OF(2, 4)}, 0, 0, 0.002},
    {0},
};

const tp_op tp_op_max_pool2d = {"max_pool2d", max_pool_backward, NULL, apply_2d, samples_2d};
const tp_op tp_op_max_pool1d = {"max_pool1d", max_pool_backward, NULL, apply_1d, samples_1d};
const tp_op tp_op_adaptive_max_pool2d = {"adaptive_max_pool2d", max_pool_backward, NULL,
                                         apply_adaptive_2d, adaptive_samples_2d};
const tp_op tp_op_adaptive_max_pool1d = {"adaptive_max_pool1d", max_pool_backward, NULL,
                                         apply_adaptive_1d, adaptive_samples_1d};
