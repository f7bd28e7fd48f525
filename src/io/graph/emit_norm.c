/* Normalisations with their own means, embeddings and resizing in ONNX. */
#include <math.h>
#include <taper/ops/resample.h>

#include "io/graph/emit.h"

void tp_emit_embedding(tp_trace *trace) {
    int index = tp_trace_in(trace, 0), weight = tp_trace_in(trace, 1);
    TP_TRACE_ADD(trace, "Gather", tp_trace_out(trace, 0), weight, index);
}

/* The last dimensions of x that hold `count` elements. */
static tp_shape last_dims(const tp_tensor *x, int64_t count) {
    tp_shape shape = {.ndim = 0};
    int64_t product = 1;
    int first = x->ndim;
    while (first > 0 && (product < count || first == x->ndim)) product *= x->shape[--first];
    for (int d = first; d < x->ndim; d++) shape.dims[shape.ndim++] = x->shape[d];
    return shape;
}

/* ONNX insists on a weight: ones where there is none. */
void tp_emit_layer_norm(tp_trace *trace) {
    enum { SAVED_WEIGHT = 2 }; /* flat, and there in any case */
    const tp_tensor *weight = trace->node->inputs[1], *in = trace->node->inputs[0];
    tp_shape shape = weight ? tp_shape_copy(weight)
                            : last_dims(in, trace->node->saved[SAVED_WEIGHT].tensor->numel);
    int x = tp_trace_in(trace, 0), bias = tp_trace_in(trace, 2);
    int scale = weight ? tp_trace_in(trace, 1) : tp_trace_filled(trace, shape, 1);
    tp_graph_node *node =
        TP_TRACE_ADD(trace, "LayerNormalization", tp_trace_out(trace, 0), x, scale, bias);
    tp_trace_int(trace, node, "axis", -shape.ndim);
    tp_trace_float(trace, node, "epsilon", tp_trace_real(trace, TP_NOTED_EPS));
}

/* A parameter (C) as (C, 1, ...), to go with x. */
static int by_channel(tp_trace *trace, int parameter, const tp_tensor *x) {
    int64_t shape[TP_MAX_DIMS];
    for (int d = 1; d < x->ndim; d++) shape[d - 1] = d == 1 ? x->shape[1] : 1;
    int sizes = tp_trace_list(trace, shape, (size_t)x->ndim - 1), out = tp_trace_between(trace);
    TP_TRACE_ADD(trace, "Reshape", out, parameter, sizes);
    return out;
}

/* Every channel a group of its own: the operator for that. */
static void instance_norm(tp_trace *trace, int64_t channels) {
    int x = tp_trace_in(trace, 0), weight = tp_trace_in(trace, 1), bias = tp_trace_in(trace, 2);
    if (weight < 0) weight = tp_trace_filled(trace, tp_shape(channels), 1);
    if (bias < 0) bias = tp_trace_filled(trace, tp_shape(channels), 0);
    tp_graph_node *node =
        TP_TRACE_ADD(trace, "InstanceNormalization", tp_trace_out(trace, 0), x, weight, bias);
    tp_trace_float(trace, node, "epsilon", tp_trace_real(trace, TP_NOTED_EPS));
}

/* Groups of channels as channels (N, G, everything else), each normalised by itself; then weight and bias of each channel. */
void tp_emit_group_norm(tp_trace *trace) {
    const tp_tensor *x = trace->node->inputs[0];
    int64_t groups = tp_trace_integer(trace, TP_NOTED_GROUPS);
    if (groups == x->shape[1] && x->ndim > 2) {
        instance_norm(trace, groups);
        return;
    }
    int64_t apart[3] = {0, groups, -1};
    tp_shape whole = tp_trace_shape(trace, x, trace->twin->inputs[0]);
    whole.dims[0] = 0;
    int in = tp_trace_in(trace, 0), weight = tp_trace_in(trace, 1), bias = tp_trace_in(trace, 2);
    int parts = tp_trace_between(trace), normal = tp_trace_between(trace);
    TP_TRACE_ADD(trace, "Reshape", parts, in, tp_trace_list(trace, apart, 3));
    int ones = tp_trace_filled(trace, tp_shape(groups), 1);
    int zeros = tp_trace_filled(trace, tp_shape(groups), 0);
    tp_graph_node *node = TP_TRACE_ADD(trace, "InstanceNormalization", normal, parts, ones, zeros);
    tp_trace_float(trace, node, "epsilon", tp_trace_real(trace, TP_NOTED_EPS));
    int y = tp_trace_out(trace, 0), value = weight >= 0 || bias >= 0 ? tp_trace_between(trace) : y;
    TP_TRACE_ADD(trace, "Reshape", value, normal,
                 tp_trace_list(trace, whole.dims, (size_t)whole.ndim));
    if (weight >= 0) {
        int scaled = bias >= 0 ? tp_trace_between(trace) : y;
        TP_TRACE_ADD(trace, "Mul", scaled, value, by_channel(trace, weight, x));
        value = scaled;
    }
    if (bias >= 0) TP_TRACE_ADD(trace, "Add", y, value, by_channel(trace, bias, x));
}

/* A factor whose product with the size, rounded down in float32, is the size that came out. */
static float factor_of(double places, int64_t in, int64_t out) {
    float factor = (float)(1 / places);
    if ((int64_t)floorf((float)in * factor) == out) return factor;
    factor = (float)((double)out / (double)in);
    return (int64_t)floorf((float)in * factor) == out ? factor : nextafterf(factor, INFINITY);
}

void tp_emit_interpolate(tp_trace *trace) {
    static const char *const modes[] = {"nearest", "linear", "linear", "cubic"};
    const tp_tensor *x = trace->node->inputs[0], *y = trace->node->outputs[0];
    int64_t mode = tp_trace_integer(trace, TP_NOTED_RESIZE_MODE);
    bool align = tp_trace_integer(trace, TP_NOTED_RESIZE_ALIGN) != 0;
    float factors[4] = {1, 1, 1, 1};
    for (int d = 2; d < x->ndim; d++) {
        int side = TP_NOTED_RESIZE_SCALE + (x->ndim == 3 ? 1 : d - 2);
        double places =
            align ? (double)x->shape[d] / (double)y->shape[d] : tp_trace_real(trace, side);
        factors[d] = factor_of(places, x->shape[d], y->shape[d]);
    }
    int in = tp_trace_in(trace, 0), scales = tp_trace_reals(trace, factors, (size_t)x->ndim);
    tp_graph_node *node = TP_TRACE_ADD(trace, "Resize", tp_trace_out(trace, 0), in, -1, scales);
    tp_trace_text(trace, node, "mode", modes[mode]);
    tp_trace_text(trace, node, "coordinate_transformation_mode",
                  mode == TP_NEAREST ? "asymmetric"
                  : align            ? "align_corners"
                                     : "half_pixel");
    if (mode == TP_NEAREST) tp_trace_text(trace, node, "nearest_mode", "floor");
    if (mode == TP_BICUBIC) tp_trace_float(trace, node, "cubic_coeff_a", -0.75);
}
