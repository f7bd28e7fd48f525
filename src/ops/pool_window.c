/* Windows: their options, the sizes that come out, and how planes are dealt to threads. */
#include <string.h>

#include "ops/pool.h"

/* ---- options ---- */

static bool given(const int64_t pair[2]) { return pair[0] != 0 || pair[1] != 0; }

/* One of the options that come as NAME or NAME_hw. */
static void spread(int64_t out[2], int64_t one, const int64_t pair[2], int dims,
                   int64_t otherwise) {
    for (int d = 0; d < 2; d++) out[d] = given(pair) ? pair[d] : one ? one : otherwise;
    if (dims == 1) out[0] = otherwise;
}

static const char *refused_option(const tp_pool_args *args, int dims, unsigned takes) {
    bool pairs = given(args->kernel_hw) || given(args->stride_hw) || given(args->padding_hw) ||
                 given(args->dilation_hw);
    if (dims == 1 && pairs) return "an option ending in _hw";
    if (!(takes & TP_POOL_TAKES_DILATION) && (args->dilation > 1 || given(args->dilation_hw)))
        return "dilation";
    if (!(takes & TP_POOL_TAKES_CEIL) && args->ceil_mode) return "ceil_mode";
    if (!(takes & TP_POOL_TAKES_DIVISOR) && args->exclude_pad) return "exclude_pad";
    if (!(takes & TP_POOL_TAKES_DIVISOR) && args->divisor_override != 0) return "divisor_override";
    if (!(takes & TP_POOL_TAKES_NORM) && args->norm_type != 0) return "norm_type";
    if (!(takes & TP_POOL_TAKES_INDICES) && args->indices) return "indices";
    if (!(takes & TP_POOL_TAKES_OUTPUT) && given(args->output_hw)) return "output_hw";
    return NULL;
}

bool tp_window_of(tp_location at, const char *op, const tp_pool_args *args, int dims,
                  unsigned takes, tp_window *window) {
    const char *refused = refused_option(args, dims, takes);
    if (refused) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, refused, "an option that it has", NULL);
        return false;
    }
    spread(window->kernel, args->kernel, args->kernel_hw, dims, dims == 1);
    for (int d = 0; d < 2; d++) window->stride[d] = window->kernel[d];
    if (args->stride || given(args->stride_hw))
        spread(window->stride, args->stride, args->stride_hw, dims, 1);
    spread(window->padding, args->padding, args->padding_hw, dims, 0);
    spread(window->dilation, args->dilation, args->dilation_hw, dims, 1);
    for (int d = dims == 1; d < 2; d++) {
        int64_t k = window->kernel[d], p = window->padding[d];
        if (k >= 1 && window->stride[d] >= 1 && window->dilation[d] >= 1 && p >= 0 && p <= k / 2)
            continue;
        tp_fail(at, op, TP_ERROR_ARGUMENT,
                tp_text("kernel %lld, stride %lld, padding %lld, dilation %lld%s", (long long)k,
                        (long long)window->stride[d], (long long)p, (long long)window->dilation[d],
                        dims == 1 ? ""
                        : d       ? " along W"
                                  : " along H"),
                "kernel, stride and dilation of at least 1, padding from 0 to half of the kernel",
                NULL);
        return false;
    }
    return true;
}

bool tp_pool_types(tp_location at, const char *op, const tp_tensor *x) {
    if (tp_is_float_type(x->dtype)) return true;
    tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(x), "float32 or float64", "tp_to() converts");
    return false;
}

/* ---- sizes ---- */

static const tp_shape no_shape = {.ndim = -1};

/* Splits a shape into planes of axes h and w, h being one row where dims is 1. */
static bool split_planes(tp_location at, const char *op, tp_shape x, int dims, tp_pooling_args *p) {
    if (x.ndim != dims + 1 && x.ndim != dims + 2) {
        tp_fail(at, op, TP_ERROR_SHAPE, tp_shape_text(x),
                dims == 1 ? "(N, C, L) or (C, L)" : "(N, C, H, W) or (C, H, W)", NULL);
        return false;
    }
    p->planes = 1;
    for (int d = 0; d < x.ndim - dims; d++) p->planes *= x.dims[d];
    p->h.in = dims == 1 ? 1 : x.dims[x.ndim - 2];
    p->w.in = x.dims[x.ndim - 1];
    return true;
}

static int64_t pooled_size(const tp_pool_axis *axis, bool ceil_mode) {
    int64_t room = axis->in + 2 * axis->padding - axis->dilation * (axis->kernel - 1) - 1;
    if (room < 0 && !ceil_mode) return room / axis->stride;
    int64_t out = (room + (ceil_mode ? axis->stride - 1 : 0)) / axis->stride + 1;
    /* The last window has to begin inside of x or of the padding before it. */
    if (ceil_mode && (out - 1) * axis->stride >= axis->in + axis->padding) out--;
    return out;
}

/* True where every window has an element of x. */
static bool windows_filled(const tp_pool_axis *axis) {
    for (int64_t o = 0; o < axis->out; o++) {
        tp_pool_window window = tp_pool_window_of(axis, o);
        if (window.first >= window.last) return false;
    }
    return true;
}

static tp_shape result_shape(tp_shape x, int dims, const tp_pooling_args *p) {
    x.dims[x.ndim - 1] = p->w.out;
    if (dims == 2) x.dims[x.ndim - 2] = p->h.out;
    return x;
}

tp_shape tp_pool_fit(tp_location at, const char *op, tp_shape x, int dims, const tp_window *window,
                     bool ceil_mode, tp_pooling_args *p) {
    if (!split_planes(at, op, x, dims, p)) return no_shape;
    tp_pool_axis *axes[2] = {&p->h, &p->w};
    for (int d = 0; d < 2; d++) {
        tp_pool_axis *axis = axes[d];
        *axis = (tp_pool_axis){.in = axis->in,
                               .kernel = window->kernel[d],
                               .stride = window->stride[d],
                               .padding = window->padding[d],
                               .dilation = window->dilation[d]};
        axis->out = axis->in < 1 ? 0 : pooled_size(axis, ceil_mode);
        if (axis->out >= 1 && windows_filled(axis)) continue;
        const char *side = dims == 1 ? "length" : d ? "width" : "height";
        tp_fail(at, op, TP_ERROR_SHAPE,
                tp_text("%s, whose %s %lld is too small for a kernel of %lld with padding %lld and "
                        "dilation %lld",
                        tp_shape_text(x), side, (long long)axis->in, (long long)axis->kernel,
                        (long long)axis->padding, (long long)axis->dilation),
                tp_text("a %s that gives at least 1", side),
                "earlier layers may have shrunk it: tp_summary() shows the sizes");
        return no_shape;
    }
    return result_shape(x, dims, p);
}

/* The longest window of an adaptive axis. */
static int64_t longest_window(const tp_pool_axis *axis) {
    int64_t longest = 0;
    for (int64_t o = 0; o < axis->out; o++) {
        int64_t length = tp_pool_window_of(axis, o).last;
        if (length > longest) longest = length;
    }
    return longest;
}

tp_shape tp_pool_fit_adaptive(tp_location at, const char *op, tp_shape x, int dims,
                              const int64_t out[2], tp_pooling_args *p) {
    if (!split_planes(at, op, x, dims, p)) return no_shape;
    tp_pool_axis *axes[2] = {&p->h, &p->w};
    for (int d = 0; d < 2; d++) {
        tp_pool_axis *axis = axes[d];
        int64_t size = out[d] ? out[d] : axis->in;
        if (size < 1 || axis->in < 1) {
            tp_fail(at, op, TP_ERROR_SHAPE,
                    tp_text("%s and a result of %lld x %lld", tp_shape_text(x), (long long)out[0],
                            (long long)out[1]),
                    "sides of at least 1, 0 for a side that stays as it is", NULL);
            return no_shape;
        }
        *axis = (tp_pool_axis){
            .in = axis->in, .out = size, .stride = 1, .dilation = 1, .adaptive = true};
        axis->kernel = longest_window(axis);
    }
    return result_shape(x, dims, p);
}

/* ---- windows on the tape ---- */

void tp_pool_note(tp_node *node, const tp_pooling_args *p) {
    const tp_pool_axis *axes[2] = {&p->h, &p->w};
    int64_t *to = node->integer;
    for (int d = 0; d < 2; d++) {
        *to++ = axes[d]->kernel;
        *to++ = axes[d]->stride;
        *to++ = axes[d]->padding;
        *to++ = axes[d]->dilation;
    }
    *to = p->w.adaptive;
}

tp_pooling_args tp_pool_noted(const tp_node *node, const tp_tensor *x, const tp_tensor *y,
                              int dims) {
    tp_pooling_args p = {.planes = 1};
    tp_pool_axis *axes[2] = {&p.h, &p.w};
    const int64_t *from = node->integer;
    for (int d = 0; d < 2; d++) {
        int at = x->ndim - 2 + d;
        bool row = dims == 1 && d == 0; /* 1d: the plane has one row */
        *axes[d] = (tp_pool_axis){.in = row ? 1 : x->shape[at], .out = row ? 1 : y->shape[at]};
        axes[d]->kernel = *from++;
        axes[d]->stride = *from++;
        axes[d]->padding = *from++;
        axes[d]->dilation = *from++;
    }
    p.h.adaptive = p.w.adaptive = *from != 0;
    for (int d = 0; d < x->ndim - dims; d++) p.planes *= x->shape[d];
    return p;
}

/* ---- running ---- */

enum { GRAIN = 1 << 14 }; /* elements worth a thread */

typedef struct planes_task {
    const tp_pooling_run *run;
    tp_pool *pool;
} planes_task;

static void run_planes(void *arg, int64_t begin, int64_t end) {
    const planes_task *task = arg;
    const tp_pooling_run *run = task->run;
    tp_pooling_args args = run->args;
    args.planes = end - begin;
    args.x = (const char *)args.x + (size_t)begin * run->x_plane;
    args.y = (char *)args.y + (size_t)begin * run->y_plane;
    if (args.taps) args.taps = (char *)args.taps + (size_t)begin * run->taps_plane;
    if (run->row) args.row = tp_pool_scratch(task->pool, tp_pool_worker(task->pool), run->row);
    run->kernel(&args);
}

bool tp_pool_planes(tp_location at, const char *op, tp_pooling_run *run) {
    const tp_pooling_args *args = &run->args;
    tp_pool *pool = tp_context_pool(tp_ctx());
    if (run->row) { /* now, so that no task can fail */
        for (int w = 0; w < tp_pool_threads(pool); w++)
            if (!tp_pool_scratch(pool, w, run->row)) {
                tp_fail_memory(at, op, run->row);
                return false;
            }
    }
    int64_t plane = args->h.in * args->w.in + args->h.out * args->w.out;
    int64_t grain = plane ? (GRAIN + plane - 1) / plane : 1;
    planes_task task = {run, pool};
    if (args->planes > 0) tp_parallel_for(pool, args->planes, grain, run_planes, &task);
    return true;
}
