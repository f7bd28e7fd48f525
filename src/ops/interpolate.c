/* interpolate: for each direction a table says which places of x a place of the result is made of, and with what weights. */
#include "ops/interpolate.h"

#include <math.h>

#include "base/alloc.h"
#include "ops/loop.h"
#include "ops/noted.h"
#include "ops/shape.h"

enum { MODE = TP_NOTED_RESIZE_MODE, ALIGN = TP_NOTED_RESIZE_ALIGN }; /* node->integer */
enum {
    SCALE_H = TP_NOTED_RESIZE_SCALE,
    SCALE_W
}; /* node->number: places of x for one of the result */
enum { MOST_TAPS = 4, GRAIN = 1 << 14 };

extern const tp_op tp_op_interpolate;

/* ---- tables ---- */

/* Cubic convolution with a = -0.75 for distances up to 1, and from 1 to 2. */
static double near_weight(double d) { return (1.25 * d - 2.25) * d * d + 1; }
static double far_weight(double d) { return ((-0.75 * d + 3.75) * d - 6) * d + 3; }

static int64_t inside(int64_t i, int64_t n) { return i < 0 ? 0 : i < n ? i : n - 1; }

void tp_interpolate_taps(tp_interpolate_mode mode, bool align, double scale, int64_t in, int64_t o,
                         int32_t *from, double *weight) {
    if (mode == TP_NEAREST) {
        /* in float, as PyTorch: which neighbour wins a draw is decided by its rounding */
        from[0] = (int32_t)inside((int64_t)floorf((float)o * (float)scale), in);
        weight[0] = 1;
        return;
    }
    double place = align ? (double)o * scale : ((double)o + 0.5) * scale - 0.5;
    if (mode != TP_BICUBIC && place < 0) place = 0;
    int64_t left = (int64_t)floor(place);
    double t = place - (double)left;
    if (mode == TP_BICUBIC) {
        double cubic[] = {far_weight(t + 1), near_weight(t), near_weight(1 - t), far_weight(2 - t)};
        for (int k = 0; k < 4; k++) {
            from[k] = (int32_t)inside(left - 1 + k, in);
            weight[k] = cubic[k];
        }
        return;
    }
    from[0] = (int32_t)inside(left, in);
    from[1] = (int32_t)inside(left + 1, in);
    weight[0] = 1 - t;
    weight[1] = t;
}

int tp_interpolate_tap_count(tp_interpolate_mode mode) {
    return mode == TP_NEAREST ? 1 : mode == TP_BICUBIC ? 4 : 2;
}

/* The table of one direction, from memory that `weight` begins; false when out of memory. */
static bool make_axis(tp_resample_axis *axis, tp_interpolate_mode mode, bool align, double scale,
                      int64_t in, int64_t out) {
    int taps = tp_interpolate_tap_count(mode);
    double *weight = tp_new((size_t)(out * taps) * (sizeof(double) + sizeof(int32_t)));
    if (!weight) return false;
    int32_t *from = (int32_t *)(void *)(weight + out * taps);
    for (int64_t o = 0; o < out; o++)
        tp_interpolate_taps(mode, align, scale, in, o, from + o * taps, weight + o * taps);
    *axis = (tp_resample_axis){in, out, taps, from, weight};
    return true;
}

/* ---- running ---- */

typedef struct planes_task {
    tp_resample_args args;
    tp_resample_fn kernel;
    tp_pool *pool;
    size_t x_plane, y_plane, row; /* bytes */
} planes_task;

static void run_planes(void *arg, int64_t begin, int64_t end) {
    const planes_task *task = arg;
    tp_resample_args args = task->args;
    args.planes = end - begin;
    args.x = (const char *)args.x + (size_t)begin * task->x_plane;
    args.y = (char *)args.y + (size_t)begin * task->y_plane;
    args.row = tp_pool_scratch(task->pool, tp_pool_worker(task->pool), task->row);
    task->kernel(&args);
}

/* A line is a picture of one row, which stays as it is. */
static bool is_line(const tp_tensor *x) { return x->ndim == 3; }

/* From x to y, or backward from the gradient y to that of x. False when out of memory (reported). */
static bool resample(tp_location at, tp_tensor *x, tp_tensor *y, tp_interpolate_mode mode,
                     bool align, const double scale[2], bool back) {
    tp_pool *pool = tp_context_pool(tp_ctx());
    bool line = is_line(x);
    int64_t in[2] = {line ? 1 : x->shape[2], x->shape[x->ndim - 1]};
    int64_t out[2] = {line ? 1 : y->shape[2], y->shape[y->ndim - 1]};
    size_t item = tp_item_size(x->dtype), x_plane = (size_t)(in[0] * in[1]) * item,
           y_plane = (size_t)(out[0] * out[1]) * item;
    planes_task task = {.pool = pool, .row = (size_t)in[1] * item};
    tp_resample_args *args = &task.args;
    const tp_resample_kernels *kernels = &tp_ctx()->kernels->resample;
    int kind = tp_float_index(x->dtype);
    bool fine = make_axis(&args->h, line ? TP_NEAREST : mode, align, scale[0], in[0], out[0]) &&
                make_axis(&args->w, mode, align, scale[1], in[1], out[1]);
    for (int w = 0; fine && w < tp_pool_threads(pool); w++)
        fine = tp_pool_scratch(pool, w, task.row) != NULL;
    if (fine) {
        task.kernel = back ? kernels->backward[kind] : kernels->forward[kind];
        args->x = back ? y->data : x->data;
        args->y = back ? x->data : y->data;
        task.x_plane = back ? y_plane : x_plane;
        task.y_plane = back ? x_plane : y_plane;
        int64_t grain = (int64_t)(GRAIN * item / (x_plane + y_plane)) + 1;
        tp_parallel_for(pool, x->shape[0] * x->shape[1], grain, run_planes, &task);
    } else {
        tp_fail_memory(at, "interpolate", task.row);
    }
    tp_delete((void *)(uintptr_t)args->h.weight);
    tp_delete((void *)(uintptr_t)args->w.weight);
    return fine;
}

static void interpolate_backward(tp_node *node, tp_tensor *const *grads) {
    const tp_tensor *x = node->inputs[0];
    tp_tensor *g = tp_dense(node->at, "interpolate", grads[0]);
    tp_tensor *gx = tp_make(node->at, "interpolate", x->dtype, x->ndim, x->shape);
    if (!g->poison && !gx->poison && gx->numel > 0 &&
        !resample(node->at, gx, g, (tp_interpolate_mode)node->integer[MODE],
                  node->integer[ALIGN] != 0, &node->number[SCALE_H], true))
        gx = tp_poison();
    tp_send(node, 0, g->poison ? g : gx);
}

/* ---- forward ---- */

/* Size of the result and places of x for one of its own along direction d; false where it would be below 1. */
static bool one_direction(const tp_interpolate_args *args, int64_t in, int d, int64_t *out,
                          double *scale) {
    double factor = args->scale_hw[d] != 0 ? args->scale_hw[d] : args->scale;
    int64_t size = args->size_hw[d] ? args->size_hw[d] : args->size;
    *out = size ? size : (int64_t)floor((double)in * factor);
    if (*out < 1 || in < 1 || in > INT32_MAX) return false;
    if (args->align_corners && args->mode != TP_NEAREST)
        *scale = *out > 1 ? (double)(in - 1) / (double)(*out - 1) : 0;
    else
        *scale = size ? (double)in / (double)*out : 1 / factor;
    return true;
}

static bool options_fit(tp_location at, const tp_interpolate_args *args) {
    const tp_tensor *x = args->x;
    bool sized = args->size || args->size_hw[0] || args->size_hw[1];
    bool scaled = args->scale != 0 || args->scale_hw[0] != 0 || args->scale_hw[1] != 0;
    if (x->ndim != 3 && x->ndim != 4) {
        tp_fail(at, "interpolate", TP_ERROR_SHAPE, tp_tensor_text(x), "(N, C, L) or (N, C, H, W)",
                NULL);
        return false;
    }
    if (!tp_is_float_type(x->dtype)) {
        tp_fail(at, "interpolate", TP_ERROR_DTYPE, tp_tensor_text(x), "float32 or float64",
                "tp_to() converts; images as bytes must become floats first");
        return false;
    }
    bool of_lines = args->mode == TP_LINEAR,
         of_pictures = args->mode == TP_BILINEAR || args->mode == TP_BICUBIC;
    bool aligned = args->align_corners && args->mode == TP_NEAREST;
    if (sized != scaled && !(is_line(x) && of_pictures) && !(!is_line(x) && of_lines) && !aligned)
        return true;
    tp_fail(at, "interpolate", TP_ERROR_ARGUMENT,
            sized == scaled ? (sized ? "a size and a scale" : "no size and no scale")
            : aligned       ? "align_corners with TP_NEAREST"
                            : tp_text("%s and a mode for %s", tp_tensor_text(x),
                                of_lines ? "lines" : "pictures"),
            "a size or a scale; TP_LINEAR for (N, C, L), TP_BILINEAR or TP_BICUBIC for "
            "(N, C, H, W), TP_NEAREST for both",
            NULL);
    return false;
}

tp_tensor *tp_interpolate_at(tp_location at, tp_interpolate_args args) {
    TP_CHECK(at, "interpolate", args.x);
    if (!options_fit(at, &args)) return tp_poison();
    tp_tensor *x = tp_dense(at, "interpolate", args.x);
    if (x->poison) return x;
    tp_shape shape = tp_shape_copy(x);
    double scale[2] = {1, 1};
    for (int d = is_line(x); d < 2; d++) {
        int dim = x->ndim - 2 + d;
        if (!one_direction(&args, x->shape[dim], d, &shape.dims[dim], &scale[d]))
            return tp_fail(
                at, "interpolate", TP_ERROR_SHAPE,
                TP_GOT(x, "to a size of %lld at dimension %d", (long long)shape.dims[dim], dim),
                "sizes of at least 1", NULL);
    }
    tp_tensor *out = tp_make_shape(at, "interpolate", x->dtype, shape);
    if (out->poison) return out;
    if (out->numel > 0 && !resample(at, x, out, args.mode, args.align_corners, scale, false))
        return tp_poison();
    tp_node *node = tp_record(at, &tp_op_interpolate, out, 1, &x);
    if (node) {
        node->integer[MODE] = (int64_t)args.mode;
        node->integer[ALIGN] = args.align_corners;
        node->number[SCALE_H] = scale[0];
        node->number[SCALE_W] = scale[1];
    }
    return out;
}

/* ---- descriptor ---- */

static tp_tensor *interpolate_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0];
    switch (variant) {
    case 1: return tp_interpolate(x, .scale = 2, .mode = TP_BILINEAR);
    case 2: return tp_interpolate(x, .size_hw = {3, 7}, .mode = TP_BILINEAR, .align_corners = true);
    case 3: return tp_interpolate(x, .size = 5, .mode = TP_BICUBIC);
    case 4: return tp_interpolate(x, .scale = 1.5, .mode = TP_LINEAR);
    default: return tp_interpolate(x, .scale_hw = {2, 0.5});
    }
}

static const tp_op_sample interpolate_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 2, 3, 4)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 2, 3, 4)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(1, 2, 3, 2)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(1, 2, 5, 4)}, 0, 0, 0},
    {3, 1, {TP_SHAPE_OF(1, 1, 3, 4)}, 0, 0, 0},
    {4, 1, {TP_SHAPE_OF(2, 2, 5)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_interpolate = {.name = "interpolate",
                                 .backward = interpolate_backward,
                                 .apply = interpolate_apply,
                                 .samples = interpolate_samples};
