/* Convolutions, pooling, normalisation and padding in ONNX. */
#include <string.h>
#include <taper/ops/norm.h>
#include <taper/ops/pad.h>

#include "io/graph/emit.h"
#include "ops/conv.h"
#include "ops/pool.h"

/* One direction of a window as ONNX wants it. */
typedef struct axis {
    int64_t kernel, stride, dilation, before, after, extra;
} axis;

/* Attributes of one or two directions, H before W. */
static void add_window(tp_trace *trace, tp_graph_node *node, const axis *axes, int dims) {
    int64_t kernel[2] = {0}, stride[2] = {0}, dilation[2] = {0}, pads[4] = {0}, extra[2] = {0};
    bool dilated = false, extended = false;
    for (int d = 0; d < dims; d++) {
        kernel[d] = axes[d].kernel;
        stride[d] = axes[d].stride;
        dilation[d] = axes[d].dilation;
        pads[d] = axes[d].before;
        pads[dims + d] = axes[d].after;
        extra[d] = axes[d].extra;
        dilated = dilated || dilation[d] != 1;
        extended = extended || extra[d] != 0;
    }
    size_t n = (size_t)dims;
    tp_trace_ints(trace, node, "kernel_shape", kernel, n);
    tp_trace_ints(trace, node, "strides", stride, n);
    tp_trace_ints(trace, node, "pads", pads, 2 * n);
    if (dilated) tp_trace_ints(trace, node, "dilations", dilation, n);
    if (extended) tp_trace_ints(trace, node, "output_padding", extra, n);
}

/* The padding at the end: what makes the size that came out. */
static int64_t padding_after(const axis *a, int64_t in, int64_t out) {
    int64_t after = (out - 1) * a->stride + a->dilation * (a->kernel - 1) + 1 - in - a->before;
    return after > 0 ? after : 0;
}

/* ---- convolutions ---- */

static void fill_conv(axis *a, int64_t in, int64_t out, bool transposed) {
    if (!transposed) {
        a->after = padding_after(a, in, out);
        return;
    }
    a->after = a->before;
    a->extra = in - ((out - 1) * a->stride + a->dilation * (a->kernel - 1) + 1 - 2 * a->before);
}

void tp_emit_conv(tp_trace *trace) {
    const tp_node *node = trace->node;
    const tp_tensor *y = node->outputs[0];
    int dims = node->inputs[1]->ndim - 2;
    bool transposed = node->op == &tp_op_conv_transpose1d || node->op == &tp_op_conv_transpose2d;
    tp_conv_shape s = tp_conv_noted(node, y);
    axis axes[2] = {{s.kernel_h, s.stride_h, s.dilation_h, s.top, 0, 0},
                    {s.kernel_w, s.stride_w, s.dilation_w, s.left, 0, 0}};
    fill_conv(&axes[0], s.in_h, s.out_h, transposed);
    fill_conv(&axes[1], s.in_w, s.out_w, transposed);
    if (node->inputs[0]->ndim != dims + 2) {
        tp_trace_refuse(trace, "a convolution of one picture without the batch dimension");
        return;
    }
    int64_t activation = tp_trace_integer(trace, TP_NOTED_CONV_FUSED);
    int x = tp_trace_in(trace, 0), weight = tp_trace_in(trace, 1), bias = tp_trace_in(trace, 2);
    int out = tp_trace_out(trace, 0), sum = activation ? tp_trace_before_result(trace) : out;
    tp_graph_node *conv =
        TP_TRACE_ADD(trace, transposed ? "ConvTranspose" : "Conv", sum, x, weight, bias);
    add_window(trace, conv, axes + (2 - dims), dims);
    if (s.groups != 1) tp_trace_int(trace, conv, "group", s.groups);
    if (activation) tp_emit_activation(trace, activation, sum, out);
}

/* ---- pooling ---- */

/* Whether the windows are those of rounding up: more than fit when rounded down. */
static bool rounded_up(const tp_pool_axis *a) {
    return a->out > (a->in + 2 * a->padding - a->dilation * (a->kernel - 1) - 1) / a->stride + 1;
}

void tp_emit_pool(tp_trace *trace) {
    const tp_node *node = trace->node;
    bool largest = node->op == &tp_op_max_pool1d || node->op == &tp_op_max_pool2d;
    int dims = (int)node->integer[TP_NOTED_POOL_DIMS];
    tp_pooling_args p = tp_pool_noted(node, node->inputs[0], node->outputs[0], dims);
    if (!largest && p.divisor == 0) p.divisor = node->number[TP_NOTED_DIVISOR];
    bool up = rounded_up(&p.w) || (dims == 2 && rounded_up(&p.h));
    if (!largest && p.divisor != 0 && up) {
        tp_trace_refuse(trace, "divisor_override with windows that reach beyond the padding");
        return;
    }
    if (node->inputs[0]->ndim != dims + 2) {
        tp_trace_refuse(trace, "pooling of one picture without the batch dimension");
        return;
    }
    axis axes[2] = {{p.h.kernel, p.h.stride, p.h.dilation, p.h.padding, p.h.padding, 0},
                    {p.w.kernel, p.w.stride, p.w.dilation, p.w.padding, p.w.padding, 0}};
    bool divided = !largest && p.divisor != 0;
    int x = tp_trace_in(trace, 0), y = tp_trace_out(trace, 0);
    int mean = divided ? tp_trace_between(trace) : y;
    tp_graph_node *pool = TP_TRACE_ADD(trace, largest ? "MaxPool" : "AveragePool", mean, x);
    add_window(trace, pool, axes + (2 - dims), dims);
    if (up) tp_trace_int(trace, pool, "ceil_mode", 1);
    if (!largest)
        tp_trace_int(trace, pool, "count_include_pad",
                     divided || !node->integer[TP_NOTED_POOL_EXCLUDE_PAD]);
    if (!divided) return;
    int64_t places = dims == 2 ? p.h.kernel * p.w.kernel : p.w.kernel;
    int factor = tp_trace_number(trace, (double)places / p.divisor);
    TP_TRACE_ADD(trace, "Mul", y, mean, factor);
}

/* conv_block behind its convolution: bias, activation, max pool. */
void tp_emit_conv_block(tp_trace *trace) {
    const tp_node *node = trace->node;
    tp_pooling_args p = tp_pool_noted(node, node->inputs[0], node->outputs[0], 2);
    axis axes[2] = {{p.h.kernel, p.h.stride, p.h.dilation, p.h.padding, p.h.padding, 0},
                    {p.w.kernel, p.w.stride, p.w.dilation, p.w.padding, p.w.padding, 0}};
    int value = tp_trace_in(trace, 0), bias = tp_trace_in(trace, 1);
    if (node->inputs[1]) {
        int sizes = tp_trace_list(trace, (const int64_t[]){-1, 1, 1}, 3);
        int shaped = tp_trace_between(trace), sum = tp_trace_between(trace);
        TP_TRACE_ADD(trace, "Reshape", shaped, bias, sizes);
        TP_TRACE_ADD(trace, "Add", sum, value, shaped);
        value = sum;
    }
    int64_t activation = tp_trace_integer(trace, TP_NOTED_BLOCK_FUSED);
    if (activation) {
        int active = tp_trace_between(trace);
        tp_emit_activation(trace, activation, value, active);
        value = active;
    }
    tp_graph_node *pool = TP_TRACE_ADD(trace, "MaxPool", tp_trace_out(trace, 0), value);
    add_window(trace, pool, axes, 2);
    if (rounded_up(&p.w) || rounded_up(&p.h)) tp_trace_int(trace, pool, "ceil_mode", 1);
}

/* ---- normalisation ---- */

/* A parameter that is not there stands for ones or zeros. */
static int parameter_or(tp_trace *trace, int input, double value) {
    int there = tp_trace_in(trace, input);
    if (there >= 0 || trace->failed) return there;
    int64_t channels = trace->node->inputs[0]->shape[1];
    return tp_trace_filled(trace, tp_shape(channels), value);
}

void tp_emit_batch_norm(tp_trace *trace) {
    enum { WEIGHT = 1, BIAS, MEAN, VARIANCE };
    if (!trace->node->inputs[MEAN] || !trace->node->inputs[VARIANCE]) {
        tp_trace_refuse(trace, "batch norm without running values");
        return;
    }
    int64_t flags = tp_trace_integer(trace, TP_NOTED_NORM_FLAGS);
    bool relu = (flags & TP_NOTED_NORM_RELU) != 0;
    if (flags & TP_NOTED_NORM_POOLED) {
        tp_trace_refuse(trace, "batch norm and a max pool as one operation of training");
        return;
    }
    int x = tp_trace_in(trace, 0), weight = parameter_or(trace, WEIGHT, 1);
    int bias = parameter_or(trace, BIAS, 0), mean = tp_trace_in(trace, MEAN);
    int variance = tp_trace_in(trace, VARIANCE), y = tp_trace_out(trace, 0);
    int sum = relu ? tp_trace_before_result(trace) : y;
    tp_graph_node *node =
        TP_TRACE_ADD(trace, "BatchNormalization", sum, x, weight, bias, mean, variance);
    tp_trace_float(trace, node, "epsilon", tp_trace_real(trace, TP_NOTED_EPS));
    if (relu) TP_TRACE_ADD(trace, "Relu", y, sum);
}

/* ---- padding ---- */

/* One dimension of circular padding: the end goes before the beginning, and the beginning behind the end. */
static int wrap_dim(tp_trace *trace, int value, int dim, int64_t before, int64_t after) {
    int64_t size = trace->node->inputs[0]->shape[dim];
    int parts[3], count = 0, y = tp_trace_between(trace);
    /* a negative border cuts */
    int64_t from = before < 0 ? -before : 0, to = after < 0 ? size + after : size;
    if (before > 0) parts[count++] = tp_emit_part(trace, value, dim, size - before, size);
    parts[count++] = from > 0 || to < size ? tp_emit_part(trace, value, dim, from, to) : value;
    if (after > 0) parts[count++] = tp_emit_part(trace, value, dim, 0, after);
    tp_trace_int(trace, tp_trace_add(trace, "Concat", (size_t)count, parts, y), "axis", dim);
    return y;
}

static void wrap(tp_trace *trace, const int64_t *before, const int64_t *after) {
    int value = tp_trace_in(trace, 0);
    for (int d = 0; d < trace->node->inputs[0]->ndim; d++)
        if (before[d] || after[d]) value = wrap_dim(trace, value, d, before[d], after[d]);
    tp_trace_same(trace, 0, value);
}

void tp_emit_pad(tp_trace *trace) {
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    int64_t mode = tp_trace_integer(trace, TP_NOTED_PAD_MODE);
    int count = (int)tp_trace_integer(trace, TP_NOTED_PAD_COUNT);
    const tp_tensor *x = trace->node->inputs[0], *y = trace->node->outputs[0];
    int64_t pads[2 * TP_MAX_DIMS] = {0};
    for (int i = 0; i < count; i++) {
        int d = x->ndim - count + i;
        pads[d] = tp_trace_integer(trace, TP_NOTED_PAD_BEFORE + i);
        pads[x->ndim + d] = y->shape[d] - x->shape[d] - pads[d];
    }
    if (mode == TP_PAD_CIRCULAR) { /* from version 19 on */
        wrap(trace, pads, pads + x->ndim);
        return;
    }
    int in = tp_trace_in(trace, 0), list = tp_trace_list(trace, pads, 2 * (size_t)x->ndim);
    double fill = tp_trace_real(trace, TP_NOTED_FILL);
    int value = mode == TP_PAD_ZEROS && fill != 0 ? tp_trace_number(trace, fill) : -1;
    tp_graph_node *node = TP_TRACE_ADD(trace, "Pad", tp_trace_out(trace, 0), in, list, value);
    if (mode != TP_PAD_ZEROS) tp_trace_text(trace, node, "mode", modes[mode]);
}
