/* Adaptive pooling in ONNX, which has global pools and windows of one size. */
#include "io/graph/emit.h"

/* Place o of `out` along a dimension of `in` looks at [*begin, *end), as PyTorch cuts it. */
static void range_of(int64_t in, int64_t out, int64_t o, int64_t *begin, int64_t *end) {
    *begin = o * in / out;
    *end = ((o + 1) * in + out - 1) / out;
}

/* One dimension by itself: a slice for each place, reduced, and all of them joined. The windows of all places are products of
 * ranges, so that means of means are means. */
static int reduce_dim(tp_trace *trace, int value, int dim, int64_t in, int64_t out, bool largest) {
    int *parts = tp_arena_take(&trace->graph->arena, (size_t)out * sizeof *parts);
    int64_t axes[1] = {dim};
    if (!parts) {
        tp_trace_refuse(trace, "out of memory");
        return -1;
    }
    for (int64_t o = 0; o < out; o++) {
        int64_t begin, end;
        range_of(in, out, o, &begin, &end);
        int part = tp_emit_part(trace, value, dim, begin, end);
        parts[o] = end - begin > 1 ? tp_trace_between(trace) : part;
        if (end - begin == 1) continue;
        tp_graph_node *node =
            TP_TRACE_ADD(trace, largest ? "ReduceMax" : "ReduceMean", parts[o], part);
        tp_trace_ints(trace, node, "axes", axes, 1);
        tp_trace_int(trace, node, "keepdims", 1);
    }
    if (out == 1) return parts[0];
    int y = tp_trace_between(trace);
    tp_trace_int(trace, tp_trace_add(trace, "Concat", (size_t)out, parts, y), "axis", dim);
    return y;
}

/* Sizes of the last `dims` dimensions. */
typedef struct sizes {
    int dims;
    int64_t in[2], out[2];
} sizes;

static sizes sizes_of(const tp_node *node, int dims) {
    const tp_tensor *x = node->inputs[0], *y = node->outputs[0];
    sizes s = {.dims = dims};
    for (int d = 0; d < dims; d++) {
        s.in[d] = x->shape[x->ndim - dims + d];
        s.out[d] = y->shape[y->ndim - dims + d];
    }
    return s;
}

/* Windows of equal size, side by side. */
static void even_windows(tp_trace *trace, const sizes *s, bool largest) {
    int64_t size[2] = {0}, pads[4] = {0};
    for (int d = 0; d < s->dims; d++) size[d] = s->in[d] / s->out[d];
    tp_graph_node *node = tp_emit_same(trace, largest ? "MaxPool" : "AveragePool");
    tp_trace_ints(trace, node, "kernel_shape", size, (size_t)s->dims);
    tp_trace_ints(trace, node, "strides", size, (size_t)s->dims);
    tp_trace_ints(trace, node, "pads", pads, 2 * (size_t)s->dims);
}

void tp_emit_adaptive_pool(tp_trace *trace) {
    enum { MOST_PLACES = 256 }; /* nodes of a dimension that does not divide */
    const tp_op *op = trace->node->op;
    bool largest = op == &tp_op_adaptive_max_pool1d || op == &tp_op_adaptive_max_pool2d;
    int dims = op == &tp_op_adaptive_avg_pool1d || op == &tp_op_adaptive_max_pool1d ? 1 : 2;
    int first = trace->node->inputs[0]->ndim - dims;
    sizes s = sizes_of(trace->node, dims);
    bool one = true, even = true, small = true;
    for (int d = 0; d < dims; d++) {
        one = one && s.out[d] == 1;
        even = even && s.out[d] > 0 && s.in[d] % s.out[d] == 0;
        small = small && s.out[d] > 0 && s.out[d] <= MOST_PLACES;
    }
    if (first != 2 || !(even || small)) {
        tp_trace_refuse(trace, first != 2 ? "pooling of one picture without the batch dimension"
                                          : "adaptive pooling to more than 256 uneven windows");
        return;
    }
    if (one) {
        tp_emit_same(trace, largest ? "GlobalMaxPool" : "GlobalAveragePool");
        return;
    }
    if (even) {
        even_windows(trace, &s, largest);
        return;
    }
    int value = tp_trace_in(trace, 0);
    for (int d = dims - 1; d >= 0; d--)
        value = reduce_dim(trace, value, first + d, s.in[d], s.out[d], largest);
    tp_trace_same(trace, 0, value);
}
