/* avg_pool and adaptive_avg_pool: nothing is saved but the windows. */
#include "ops/loop.h"
#include "ops/pool.h"

enum {
    DIMS = TP_NOTED_POOL_DIMS,
    EXCLUDE_PAD = TP_NOTED_POOL_EXCLUDE_PAD
};                /* node->integer: 1 or 2; a flag */
enum { DIVISOR }; /* node->number */

extern const tp_op tp_op_avg_pool1d, tp_op_avg_pool2d, tp_op_adaptive_avg_pool1d,
    tp_op_adaptive_avg_pool2d;

/* Over all planes: forward from (in) to (out), backward the other way. */
static bool run_planes(tp_location at, const char *op, tp_pooling_fn kernel, tp_pooling_args *p,
                       const tp_tensor *x, const tp_tensor *y, bool back) {
    size_t item = tp_item_size(x->dtype);
    size_t in = (size_t)(p->h.in * p->w.in) * item, out = (size_t)(p->h.out * p->w.out) * item;
    p->x = x->data;
    p->y = y->data;
    tp_pooling_run run = {.kernel = kernel,
                          .args = *p,
                          .x_plane = back ? out : in,
                          .y_plane = back ? in : out,
                          .row = (size_t)p->w.in * item + 64};
    return tp_pool_planes(at, op, &run);
}

static void avg_pool_backward(tp_node *node, tp_tensor *const *grads) {
    const char *op = node->op->name;
    const tp_tensor *x = node->inputs[0];
    tp_tensor *g = tp_dense(node->at, op, grads[0]);
    tp_tensor *gx = tp_make(node->at, op, x->dtype, x->ndim, x->shape);
    if (!g->poison && !gx->poison && gx->numel > 0) {
        tp_pooling_args p = tp_pool_noted(node, x, g, (int)node->integer[DIMS]);
        p.exclude_pad = node->integer[EXCLUDE_PAD] != 0;
        p.divisor = node->number[DIVISOR];
        if (!run_planes(node->at, op,
                        tp_ctx()->kernels->pool.average_grad[tp_float_index(x->dtype)], &p, g, gx,
                        true))
            gx = tp_poison();
    }
    tp_send(node, 0, g->poison ? g : gx);
}

/* The average over windows that fit already. */
static tp_tensor *run_average(tp_location at, const tp_op *op, tp_tensor *x, int dims,
                              tp_shape shape, tp_pooling_args *p) {
    x = tp_dense(at, op->name, x);
    tp_tensor *out = tp_make_shape(at, op->name, x->dtype, shape);
    if (x->poison || out->poison) return tp_poison();
    if (!run_planes(at, op->name, tp_ctx()->kernels->pool.average[tp_float_index(x->dtype)], p, x,
                    out, false))
        return tp_poison();
    tp_node *node = tp_record(at, op, out, 1, &x);
    if (node) {
        tp_pool_note(node, p);
        node->integer[DIMS] = dims;
        node->integer[EXCLUDE_PAD] = p->exclude_pad;
        node->number[DIVISOR] = p->divisor;
    }
    return out;
}

static tp_tensor *avg_pool(tp_location at, const tp_op *op, int dims, tp_pool_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, op->name, x);
    tp_window window;
    tp_pooling_args p = {.exclude_pad = args.exclude_pad, .divisor = args.divisor_override};
    if (!tp_pool_types(at, op->name, x) ||
        !tp_window_of(at, op->name, &args, dims, TP_POOL_OF_AVERAGE, &window))
        return tp_poison();
    tp_shape shape = tp_pool_fit(at, op->name, tp_shape_copy(x), dims, &window, args.ceil_mode, &p);
    return shape.ndim < 0 ? tp_poison() : run_average(at, op, x, dims, shape, &p);
}

tp_tensor *tp_avg_pool2d_at(tp_location at, tp_pool_args args) {
    return avg_pool(at, &tp_op_avg_pool2d, 2, args);
}

tp_tensor *tp_avg_pool1d_at(tp_location at, tp_pool_args args) {
    return avg_pool(at, &tp_op_avg_pool1d, 1, args);
}

static tp_tensor *adaptive(tp_location at, const tp_op *op, tp_tensor *x, int dims,
                           const int64_t size[2]) {
    TP_CHECK(at, op->name, x);
    if (!tp_pool_types(at, op->name, x)) return tp_poison();
    tp_pooling_args p = {0};
    tp_shape shape = tp_pool_fit_adaptive(at, op->name, tp_shape_copy(x), dims, size, &p);
    return shape.ndim < 0 ? tp_poison() : run_average(at, op, x, dims, shape, &p);
}

tp_tensor *tp_adaptive_avg_pool2d_at(tp_location at, tp_tensor *x, int64_t h, int64_t w) {
    return adaptive(at, &tp_op_adaptive_avg_pool2d, x, 2, (int64_t[2]){h, w});
}

tp_tensor *tp_adaptive_avg_pool1d_at(tp_location at, tp_tensor *x, int64_t length) {
    return adaptive(at, &tp_op_adaptive_avg_pool1d, x, 1, (int64_t[2]){1, length});
}

/* ---- shapes ---- */

tp_shape tp_avg_pool2d_shape_at(tp_location at, tp_shape x, tp_pool_args args) {
    tp_window window;
    if (!tp_window_of(at, "avg_pool2d", &args, 2, TP_POOL_OF_AVERAGE, &window))
        return (tp_shape){.ndim = -1};
    return tp_pool_fit(at, "avg_pool2d", x, 2, &window, args.ceil_mode, &(tp_pooling_args){0});
}

tp_shape tp_avg_pool1d_shape_at(tp_location at, tp_shape x, tp_pool_args args) {
    tp_window window;
    if (!tp_window_of(at, "avg_pool1d", &args, 1, TP_POOL_OF_AVERAGE, &window))
        return (tp_shape){.ndim = -1};
    return tp_pool_fit(at, "avg_pool1d", x, 1, &window, args.ceil_mode, &(tp_pooling_args){0});
}

/* ---- descriptors ---- */

static tp_tensor *apply_2d(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0];
    switch (variant) {
    case 1: return tp_avg_pool2d(x, 3, .stride = 2, .padding = 1);
    case 2: return tp_avg_pool2d(x, 3, .stride = 1, .padding = 1, .exclude_pad = true);
    case 3: return tp_avg_pool2d(x, 3, .stride = 2, .ceil_mode = true);
    case 4: return tp_avg_pool2d(x, 0, .kernel_hw = {2, 3}, .divisor_override = 5);
    default: return tp_avg_pool2d(x, 2);
    }
}

static tp_tensor *apply_1d(tp_tensor *const *inputs, int variant) {
    return variant ? tp_avg_pool1d(inputs[0], 3, .stride = 2, .padding = 1)
                   : tp_avg_pool1d(inputs[0], 2);
}

static tp_tensor *apply_adaptive_2d(tp_tensor *const *inputs, int variant) {
    return tp_adaptive_avg_pool2d(inputs[0], variant ? 1 : 3, variant ? 1 : 2);
}

static tp_tensor *apply_adaptive_1d(tp_tensor *const *inputs, int variant) {
    return tp_adaptive_avg_pool1d(inputs[0], variant ? 1 : 3);
}

static const tp_op_sample samples_2d[] = {
    {0, 1, {TP_SHAPE_OF(2, 3, 4, 6)}, 0, 0, 0}, {0, 1, {TP_SHAPE_OF(3, 5, 5)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(1, 2, 7, 6)}, 0, 0, 0}, {2, 1, {TP_SHAPE_OF(2, 1, 4, 5)}, 0, 0, 0},
    {3, 1, {TP_SHAPE_OF(1, 2, 6, 8)}, 0, 0, 0}, {4, 1, {TP_SHAPE_OF(1, 2, 4, 7)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3, 4, 4)}, 0, 0, 0}, {0},
};
static const tp_op_sample samples_1d[] = {
    {0, 1, {TP_SHAPE_OF(2, 3, 7)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 9)}, 0, 0, 0},
    {0},
};
static const tp_op_sample adaptive_samples_2d[] = {
    {0, 1, {TP_SHAPE_OF(2, 2, 5, 7)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(1, 2, 1)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 1, 3, 4)}, 0, 0, 0},
    {0},
};
static const tp_op_sample adaptive_samples_1d[] = {
    {0, 1, {TP_SHAPE_OF(2, 2, 7)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 4)}, 0, 0, 0},
    {0},
};

const tp_op tp_op_avg_pool2d = {"avg_pool2d", avg_pool_backward, NULL, apply_2d, samples_2d};
const tp_op tp_op_avg_pool1d = {"avg_pool1d", avg_pool_backward, NULL, apply_1d, samples_1d};
const tp_op tp_op_adaptive_avg_pool2d = {"adaptive_avg_pool2d", avg_pool_backward, NULL,
                                         apply_adaptive_2d, adaptive_samples_2d};
const tp_op tp_op_adaptive_avg_pool1d = {"adaptive_avg_pool1d", avg_pool_backward, NULL,
                                         apply_adaptive_1d, adaptive_samples_1d};
