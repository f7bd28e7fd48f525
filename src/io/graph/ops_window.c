/* Convolutions, pooling, normalisations and padding over one and two dimensions. */
#include <math.h>
#include <string.h>
#include <taper/ops.h>

#include "io/graph/rows.h"
#include "ops/loop.h"

/* ---- windows: kernel, stride, padding of each dimension ---- */

enum { H, W }; /* of two dimensions; one dimension has only W */

typedef struct window {
    int dims; /* 1 or 2 */
    int64_t kernel[2], stride[2], dilation[2], before[2], after[2], extra[2];
    bool ceil;
} window;

/* The number of spatial dimensions: from the kernel, else from a constant weight; 0 where nothing tells before a run. */
static size_t spatial_dims(const tp_graph *graph, const tp_graph_node *node) {
    size_t count;
    if (tp_graph_ints(node, "kernel_shape", &count)) return count;
    if (node->inputs < 2 || node->input[1] < 0) return 0;
    const tp_tensor *weight = graph->values[node->input[1]].tensor;
    return weight && weight->ndim > 2 ? (size_t)weight->ndim - 2 : 0;
}

const char *tp_refuse_window(const tp_graph *graph, const tp_graph_node *node) {
    size_t dims = spatial_dims(graph, node);
    if (dims > 2) return tp_text("%zu spatial dimensions", dims);
    if (tp_graph_int(node, "storage_order", 0)) return "storage_order";
    return NULL;
}

/* Fills `to` from a list of one number each dimension, or two for pads. */
static bool fill(const tp_graph_step *s, const char *name, int dims, int64_t *to, int64_t *second) {
    size_t count, want = (size_t)dims * (second ? 2 : 1);
    const int64_t *list = tp_graph_ints(s->node, name, &count);
    if (!list) return true;
    if (count != want) {
        tp_graph_fail(s, TP_ERROR_SHAPE, tp_text("%zu numbers as %s", count, name),
                      tp_text("%zu", want));
        return false;
    }
    for (int d = 0; d < dims; d++) {
        to[2 - dims + d] = list[d];
        if (second) second[2 - dims + d] = list[dims + d];
    }
    return true;
}

/* SAME: as much padding as makes ceil(in / stride) outputs; the odd one goes to the end (UPPER) or the front. */
static void pad_same(window *w, const tp_tensor *x, bool upper) {
    for (int d = 2 - w->dims; d < 2; d++) {
        int64_t in = x->shape[x->ndim - 2 + d];
        int64_t out = (in + w->stride[d] - 1) / w->stride[d];
        int64_t all = (out - 1) * w->stride[d] + w->dilation[d] * (w->kernel[d] - 1) + 1 - in;
        if (all < 0) all = 0;
        w->before[d] = upper ? all / 2 : all - all / 2;
        w->after[d] = all - w->before[d];
    }
}

static bool sound(const tp_graph_step *s, const window *w) {
    enum { MOST = 1 << 20 };
    bool fine = true;
    for (int d = 0; d < 2; d++) {
        const int64_t all[] = {w->kernel[d], w->stride[d], w->dilation[d]};
        for (int i = 0; i < 3; i++) fine = fine && all[i] >= 1 && all[i] <= MOST;
        fine = fine && w->before[d] >= -MOST && w->before[d] <= MOST && w->after[d] >= -MOST &&
               w->after[d] <= MOST && w->extra[d] >= 0 && w->extra[d] <= MOST;
    }
    if (!fine)
        tp_graph_fail(s, TP_ERROR_VALUE, "kernel_shape, strides, pads or dilations",
                      "numbers from 1 to 2^20, pads from 0");
    return fine;
}

/* `kernel`: the sizes of the weight's last dimensions, or NULL where the attribute has them. False after an error, reported. */
static bool read_window(const tp_graph_step *s, const tp_tensor *x, const tp_tensor *weight,
                        window *w) {
    *w = (window){.dims = x->ndim - 2,
                  .kernel = {1, 1},
                  .stride = {1, 1},
                  .dilation = {1, 1},
                  .ceil = tp_graph_int(s->node, "ceil_mode", 0) != 0};
    if (w->dims != 1 && w->dims != 2) {
        tp_graph_fail(s, TP_ERROR_SHAPE, tp_tensor_text(x), "(N, C, L) or (N, C, H, W)");
        return false;
    }
    int dims = w->dims;
    if (weight && weight->ndim == x->ndim)
        for (int d = 2 - dims; d < 2; d++) w->kernel[d] = weight->shape[weight->ndim - 2 + d];
    if (!fill(s, "kernel_shape", dims, w->kernel, NULL) ||
        !fill(s, "strides", dims, w->stride, NULL) ||
        !fill(s, "dilations", dims, w->dilation, NULL) ||
        !fill(s, "pads", dims, w->before, w->after) ||
        !fill(s, "output_padding", dims, w->extra, NULL) || !sound(s, w))
        return false;
    const char *automatic = tp_graph_text(s->node, "auto_pad", "NOTSET");
    if (strncmp(automatic, "SAME", 4) == 0) pad_same(w, x, strcmp(automatic, "SAME_UPPER") == 0);
    return true;
}

static bool symmetric(const window *w) {
    return w->before[H] == w->after[H] && w->before[W] == w->after[W] && w->before[H] >= 0 &&
           w->before[W] >= 0;
}

/* x with w's padding around it; w then has none. */
static tp_tensor *padded(const tp_graph_step *s, window *w, tp_tensor *x, double value) {
    tp_pad_args args = {.x = x, .value = value};
    args.sides = w->dims == 1 ? tp_shape(w->before[W], w->after[W])
                              : tp_shape(w->before[W], w->after[W], w->before[H], w->after[H]);
    for (int d = 0; d < 2; d++) w->before[d] = w->after[d] = 0;
    return tp_pad_at(s->at, args);
}

/* ---- convolutions ---- */

tp_tensor *tp_run_conv(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0), *weight = tp_graph_input(s, 1);
    int64_t groups = tp_graph_int(s->node, "group", 1);
    window w;
    if (!read_window(s, x, weight, &w)) return tp_poison();
    if (w.dims == 1)
        return tp_conv1d_at(s->at, (tp_conv1d_args){.x = x,
                                                    .weight = weight,
                                                    .bias = tp_graph_input(s, 2),
                                                    .stride = w.stride[W],
                                                    .dilation = w.dilation[W],
                                                    .groups = groups,
                                                    .padding_sides = {w.before[W], w.after[W]}});
    return tp_conv2d_at(s->at, (tp_conv2d_args){.x = x,
                                                .weight = weight,
                                                .bias = tp_graph_input(s, 2),
                                                .stride_hw = {w.stride[H], w.stride[W]},
                                                .dilation_hw = {w.dilation[H], w.dilation[W]},
                                                .groups = groups,
                                                .padding_sides = {w.before[W], w.after[W],
                                                                  w.before[H], w.after[H]}});
}

/* The padding that makes the output_shape that the node asks for. */
static bool fit_output_shape(const tp_graph_step *s, const tp_tensor *x, window *w) {
    int64_t want[2] = {0, 0};
    if (!fill(s, "output_shape", w->dims, want, NULL)) return false;
    bool upper = strcmp(tp_graph_text(s->node, "auto_pad", ""), "SAME_UPPER") == 0;
    for (int d = 2 - w->dims; d < 2; d++) {
        if (!want[d]) continue;
        int64_t all = (x->shape[x->ndim - 2 + d] - 1) * w->stride[d] + w->extra[d] +
                      w->dilation[d] * (w->kernel[d] - 1) + 1 - want[d];
        w->before[d] = upper ? all / 2 : all - all / 2;
        w->after[d] = all - w->before[d];
    }
    return true;
}

/* Padding here cuts off the result: what is not the same on both sides is cut, or filled, by tp_pad. */
tp_tensor *tp_run_conv_transpose(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0), *weight = tp_graph_input(s, 1);
    int64_t groups = tp_graph_int(s->node, "group", 1);
    window w;
    if (!read_window(s, x, weight, &w) || !fit_output_shape(s, x, &w)) return tp_poison();
    bool whole = symmetric(&w);
    int64_t cut[2] = {whole ? w.before[H] : 0, whole ? w.before[W] : 0};
    tp_tensor *bias = tp_graph_input(s, 2), *y;
    if (w.dims == 1)
        y = tp_conv_transpose1d_at(s->at, (tp_conv_transpose1d_args){.x = x,
                                                                     .weight = weight,
                                                                     .bias = bias,
                                                                     .stride = w.stride[W],
                                                                     .padding = cut[W],
                                                                     .output_padding = w.extra[W],
                                                                     .groups = groups,
                                                                     .dilation = w.dilation[W]});
    else
        y = tp_conv_transpose2d_at(
            s->at, (tp_conv_transpose2d_args){.x = x,
                                              .weight = weight,
                                              .bias = bias,
                                              .groups = groups,
                                              .stride_hw = {w.stride[H], w.stride[W]},
                                              .padding_hw = {cut[H], cut[W]},
                                              .output_padding_hw = {w.extra[H], w.extra[W]},
                                              .dilation_hw = {w.dilation[H], w.dilation[W]}});
    if (whole || y->poison) return y;
    for (int d = 0; d < 2; d++) w.before[d] = -w.before[d], w.after[d] = -w.after[d];
    return padded(s, &w, y, 0);
}

/* ---- pooling ---- */

static tp_pool_args pool_args(const window *w, tp_tensor *x) {
    tp_pool_args args = {.x = x, .ceil_mode = w->ceil};
    if (w->dims == 1) {
        args.kernel = w->kernel[W];
        args.stride = w->stride[W];
        args.padding = w->before[W];
    } else {
        for (int d = 0; d < 2; d++) {
            args.kernel_hw[d] = w->kernel[d];
            args.stride_hw[d] = w->stride[d];
            args.padding_hw[d] = w->before[d];
        }
    }
    return args;
}

/* Padding that tp_max_pool2d takes: the same on both sides, at most half of the kernel. */
static bool pool_takes(const window *w) {
    return symmetric(w) && 2 * w->before[H] <= w->kernel[H] && 2 * w->before[W] <= w->kernel[W];
}

tp_tensor *tp_run_max_pool(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    window w;
    if (!read_window(s, x, NULL, &w)) return tp_poison();
    if (!pool_takes(&w)) x = padded(s, &w, x, -INFINITY);
    tp_pool_args args = pool_args(&w, x);
    if (w.dims == 1) {
        args.dilation = w.dilation[W];
        return tp_max_pool1d_at(s->at, args);
    }
    args.dilation_hw[H] = w.dilation[H];
    args.dilation_hw[W] = w.dilation[W];
    return tp_max_pool2d_at(s->at, args);
}

static tp_tensor *average(const tp_graph_step *s, const window *w, tp_tensor *x, bool exclude) {
    tp_pool_args args = pool_args(w, x);
    args.exclude_pad = exclude;
    return w->dims == 1 ? tp_avg_pool1d_at(s->at, args) : tp_avg_pool2d_at(s->at, args);
}

tp_tensor *tp_run_average_pool(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    bool exclude = tp_graph_int(s->node, "count_include_pad", 0) == 0;
    window w;
    if (!read_window(s, x, NULL, &w)) return tp_poison();
    if (w.dilation[H] != 1 || w.dilation[W] != 1)
        return tp_graph_fail(s, TP_ERROR_UNSUPPORTED, "dilations", "windows without gaps");
    if (pool_takes(&w)) return average(s, &w, x, exclude);
    /* Uneven padding: the mean over what is inside is the mean with zeros divided by that of ones. */
    window once = w;
    tp_tensor *y = average(s, &w, padded(s, &w, x, 0), false);
    if (!exclude || y->poison) return y;
    tp_tensor *ones = tp_ones_like_at(s->at, (tp_like_args){.x = x});
    window bare = once;
    ones = padded(s, &once, ones, 0);
    bare.before[H] = bare.after[H] = bare.before[W] = bare.after[W] = 0;
    return tp_div_at(s->at, y, average(s, &bare, ones, false));
}

/* All dimensions behind the channels become 1. */
static tp_shape spatial(const tp_tensor *x) {
    tp_shape dims = {.ndim = 0};
    for (int d = 2; d < x->ndim; d++) dims.dims[dims.ndim++] = d;
    return dims;
}

static tp_tensor *global(const tp_graph_step *s,
                         tp_tensor *(*function)(tp_location, tp_reduce_args)) {
    tp_tensor *x = tp_graph_input(s, 0);
    if (x->ndim < 3) return tp_graph_fail(s, TP_ERROR_SHAPE, tp_tensor_text(x), "(N, C, ...)");
    return function(s->at, (tp_reduce_args){.x = x, .dims = spatial(x), .keepdim = true});
}

tp_tensor *tp_run_global_average_pool(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    if (x->ndim == 4) return tp_adaptive_avg_pool2d_at(s->at, x, 1, 1);
    return global(s, tp_mean_at);
}

tp_tensor *tp_run_global_max_pool(const tp_graph_step *s) { return global(s, tp_amax_at); }

/* ---- normalisations ---- */

const char *tp_refuse_batch_norm(const tp_graph *graph, const tp_graph_node *node) {
    /* Before version 9 spatial = 0 has a mean for each place; nobody wrote such files. */
    if (tp_graph_int(node, "spatial", 1) == 0) return "spatial = 0";
    (void)graph;
    return NULL;
}

tp_tensor *tp_run_batch_norm(const tp_graph_step *s) {
    return tp_batch_norm_at(
        s->at,
        (tp_batch_norm_args){.x = tp_graph_input(s, 0),
                             .weight = tp_graph_input(s, 1),
                             .bias = tp_graph_input(s, 2),
                             .running_mean = tp_graph_input(s, 3),
                             .running_var = tp_graph_input(s, 4),
                             .training = s->training,
                             /* ONNX's momentum is what stays, ours what comes. */
                             .momentum = 1 - tp_graph_float(s->node, "momentum", (double)0.9F),
                             .eps = tp_graph_float(s->node, "epsilon", (double)1e-5F)});
}

/* (x - mean) / sqrt(variance + eps) over some dimensions */
static tp_tensor *normalised(const tp_graph_step *s, tp_tensor *x, tp_shape dims) {
    double eps = tp_graph_float(s->node, "epsilon", (double)1e-5F);
    tp_reduce_args over = {.x = x, .dims = dims, .keepdim = true};
    tp_tensor *centred = tp_sub_at(s->at, x, tp_mean_at(s->at, over));
    over.x = tp_square_at(s->at, centred);
    tp_tensor *variance = tp_mean_at(s->at, over);
    tp_tensor *scale = tp_rsqrt_at(s->at, tp_add_real_at(s->at, variance, eps));
    return tp_mul_at(s->at, centred, scale);
}

/* A parameter (C) as (C, 1, 1). */
static tp_tensor *by_channel(const tp_graph_step *s, tp_tensor *parameter, const tp_tensor *x) {
    for (int d = 2; d < x->ndim; d++) parameter = tp_unsqueeze_at(s->at, parameter, -1);
    return parameter;
}

tp_tensor *tp_run_instance_norm(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    if (x->ndim < 3) return tp_graph_fail(s, TP_ERROR_SHAPE, tp_tensor_text(x), "(N, C, ...)");
    tp_tensor *y =
        tp_mul_at(s->at, normalised(s, x, spatial(x)), by_channel(s, tp_graph_input(s, 1), x));
    return tp_add_at(s->at, y, by_channel(s, tp_graph_input(s, 2), x));
}

tp_tensor *tp_run_layer_norm(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    int first =
        tp_wrap_dim(s->at, "LayerNormalization", tp_graph_int(s->node, "axis", -1), x->ndim);
    if (first < 0) return tp_poison();
    tp_shape dims = {.ndim = 0};
    for (int d = first; d < x->ndim; d++) dims.dims[dims.ndim++] = d;
    tp_tensor *y = tp_mul_at(s->at, normalised(s, x, dims), tp_graph_input(s, 1));
    tp_tensor *bias = tp_graph_input(s, 2);
    return bias ? tp_add_at(s->at, y, bias) : y;
}

/* x / (bias + alpha / size sum x^2)^beta, the sum over `size` neighbouring channels */
tp_tensor *tp_run_lrn(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    int64_t size = tp_graph_int(s->node, "size", 1);
    double alpha = tp_graph_float(s->node, "alpha", (double)1e-4F);
    double beta = tp_graph_float(s->node, "beta", 0.75), bias = tp_graph_float(s->node, "bias", 1);
    if (x->ndim < 2 || x->ndim > 4 || size < 1 || size > 4096)
        return tp_graph_fail(s, TP_ERROR_SHAPE, tp_tensor_text(x), "(N, C, ...) and a size from 1");
    /* Channels as rows of a picture (N, 1, C, everything else), over which a window of height `size` runs. */
    int64_t n = x->shape[0], c = x->shape[1], rest = n * c > 0 ? x->numel / (n * c) : 0;
    tp_tensor *rows = tp_reshape_at(s->at, tp_square_at(s->at, x), tp_shape(n, 1, c, rest));
    tp_pad_args pad = {.x = rows, .sides = tp_shape(0, 0, (size - 1) / 2, size / 2)};
    tp_pool_args pool = {.x = tp_pad_at(s->at, pad), .kernel_hw = {size, 1}, .stride = 1};
    tp_tensor *mean = tp_reshape_at(s->at, tp_avg_pool2d_at(s->at, pool), tp_shape_copy(x));
    tp_tensor *base = tp_add_real_at(s->at, tp_mul_real_at(s->at, mean, alpha), bias);
    return tp_div_at(s->at, x, tp_pow_real_at(s->at, base, beta));
}

/* ---- padding ---- */

static bool pad_mode(const tp_graph_step *s, tp_pad_mode *mode) {
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    static const tp_pad_mode modes[] = {TP_PAD_ZEROS, TP_PAD_REFLECT, TP_PAD_REPLICATE,
                                        TP_PAD_CIRCULAR};
    const char *name = tp_graph_text(s->node, "mode", "constant");
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0) {
            *mode = modes[i];
            return true;
        }
    tp_graph_fail(s, TP_ERROR_ARGUMENT, tp_text("mode %.40s", name),
                  "constant, reflect, edge or wrap");
    return false;
}

/* All the starts, then all the ends, of each dimension or of `axes`; attributes up to version 10. */
tp_tensor *tp_run_pad(const tp_graph_step *s) {
    enum { MOST = 2 * TP_MAX_DIMS };
    tp_tensor *x = tp_graph_input(s, 0);
    double pads[MOST], value = tp_graph_float(s->node, "value", 0);
    int count, ignored;
    size_t listed;
    const int64_t *list = tp_graph_ints(s->node, "pads", &listed);
    if (!list) list = tp_graph_ints(s->node, "paddings", &listed);
    tp_graph_list axes = tp_graph_list_of(s, "", 3);
    tp_pad_args args = {.x = x};
    if (!tp_graph_numbers(s, 1, pads, MOST, &count) ||
        !tp_graph_numbers(s, 2, &value, 1, &ignored) || !axes.fine || !pad_mode(s, &args.mode))
        return tp_poison();
    for (size_t i = 0; list && i < listed && i < MOST; i++) pads[i] = (double)list[i];
    if (list) count = (int)listed;
    if (!axes.given)
        for (int d = 0; d < x->ndim; d++) axes.of[axes.count++] = d;
    if (count != 2 * axes.count)
        return tp_graph_fail(s, TP_ERROR_SHAPE, tp_text("%d numbers as pads", count),
                             tp_text("%d for %s", 2 * axes.count, tp_tensor_text(x)));
    args.value = value;
    double sides[MOST] = {
        0}; /* as tp_pad wants them: last dimension first, start and end side by side */
    int deepest = 0;
    for (int i = 0; i < axes.count; i++) {
        int dim = tp_wrap_dim(s->at, "Pad", axes.of[i], x->ndim);
        if (dim < 0) return tp_poison();
        int place = x->ndim - 1 - dim;
        sides[2 * place] = pads[i];
        sides[2 * place + 1] = pads[axes.count + i];
        if ((pads[i] != 0 || pads[axes.count + i] != 0) && place + 1 > deepest) deepest = place + 1;
    }
    if (2 * deepest > TP_MAX_DIMS)
        return tp_graph_fail(s, TP_ERROR_UNSUPPORTED, tp_text("%d padded dimensions", deepest),
                             "the last four");
    args.sides.ndim = 2 * deepest;
    for (int i = 0; i < 2 * deepest; i++) args.sides.dims[i] = tp_graph_whole(sides[i]);
    return deepest ? tp_pad_at(s->at, args) : x;
}
