/* Views, parts and joins in ONNX. */
#include <string.h>

#include "io/graph/emit.h"
#include "io/graph/rows.h"

void tp_emit_copy(tp_trace *trace) { tp_trace_same(trace, 0, tp_trace_in(trace, 0)); }

void tp_emit_to(tp_trace *trace) {
    tp_graph_node *node = tp_emit_same(trace, "Cast");
    tp_trace_int(trace, node, "to", tp_graph_element_of(trace->node->outputs[0]->dtype));
}

/* ---- shapes ---- */

/* A size that depends on the batch is what is left (-1), of which there can be one; or, in the same place, what was there (0). */
static bool free_sizes(tp_trace *trace, const tp_tensor *x, tp_shape *shape) {
    int unknown = 0;
    for (int d = 0; d < shape->ndim; d++) unknown += shape->dims[d] == TP_SIZE_UNKNOWN;
    for (int d = 0; unknown > 1 && d < shape->ndim && d < x->ndim; d++) {
        bool kept = shape->dims[d] == TP_SIZE_UNKNOWN &&
                    trace->node->outputs[0]->shape[d] == x->shape[d] &&
                    trace->twin->outputs[0]->shape[d] == trace->twin->inputs[0]->shape[d];
        if (kept) shape->dims[d] = 0, unknown--;
    }
    return unknown <= 1;
}

static void reshape(tp_trace *trace, int value, int output, tp_shape shape, const tp_tensor *x) {
    if (!free_sizes(trace, x, &shape)) {
        tp_trace_refuse(trace, "several sizes that depend on the batch");
        return;
    }
    int sizes = tp_trace_list(trace, shape.dims, (size_t)shape.ndim);
    TP_TRACE_ADD(trace, "Reshape", output, value, sizes);
}

void tp_emit_reshape_to(tp_trace *trace, int value, int i) {
    tp_shape shape = tp_trace_shape(trace, trace->node->outputs[i], trace->twin->outputs[i]);
    reshape(trace, value, tp_trace_out(trace, i), shape, trace->node->inputs[0]);
}

/* reshape, view, flatten, squeeze, unsqueeze: (N, ...) to (N, the rest) has an operator of its own. */
void tp_emit_reshape(tp_trace *trace) {
    const tp_tensor *x = trace->node->inputs[0], *y = trace->node->outputs[0];
    if (y->ndim == 2 && x->ndim > 2 && x->shape[0] == y->shape[0] &&
        trace->twin->inputs[0]->shape[0] == trace->twin->outputs[0]->shape[0])
        tp_trace_int(trace, tp_emit_same(trace, "Flatten"), "axis", 1);
    else
        tp_emit_reshape_to(trace, tp_trace_in(trace, 0), 0);
}

void tp_emit_permute(tp_trace *trace) {
    int ndim = trace->node->inputs[0]->ndim;
    int64_t order[TP_MAX_DIMS];
    for (int d = 0; d < ndim; d++) order[d] = tp_trace_integer(trace, TP_NOTED_ORDER + d);
    tp_trace_ints(trace, tp_emit_same(trace, "Transpose"), "perm", order, (size_t)ndim);
}

/* A size of 1 in the list of Expand keeps what is there. */
void tp_emit_expand(tp_trace *trace) {
    const tp_tensor *x = trace->node->inputs[0];
    tp_shape shape = tp_trace_shape(trace, trace->node->outputs[0], trace->twin->outputs[0]);
    int extra = shape.ndim - x->ndim;
    for (int d = 0; d < shape.ndim; d++) {
        if (shape.dims[d] != TP_SIZE_UNKNOWN) continue;
        if (d < extra || x->shape[d - extra] == 1) {
            tp_trace_refuse(trace, "a size that depends on the batch");
            return;
        }
        shape.dims[d] = 1;
    }
    int in = tp_trace_in(trace, 0), sizes = tp_trace_list(trace, shape.dims, (size_t)shape.ndim);
    TP_TRACE_ADD(trace, "Expand", tp_trace_out(trace, 0), in, sizes);
}

/* ---- parts ---- */

int tp_emit_part(tp_trace *trace, int value, int64_t dim, int64_t begin, int64_t end) {
    int starts = tp_trace_list(trace, &begin, 1), ends = tp_trace_list(trace, &end, 1);
    int axes = tp_trace_list(trace, &dim, 1), y = tp_trace_between(trace);
    TP_TRACE_ADD(trace, "Slice", y, value, starts, ends, axes);
    return y;
}

void tp_emit_slice(tp_trace *trace) {
    int64_t start = tp_trace_integer(trace, TP_NOTED_START);
    int64_t step = tp_trace_integer(trace, TP_NOTED_STEP);
    int64_t dim = tp_trace_integer(trace, TP_NOTED_SLICED);
    const tp_tensor *x = trace->node->inputs[0], *y = trace->node->outputs[0];
    const tp_tensor *x2 = trace->twin->inputs[0], *y2 = trace->twin->outputs[0];
    int64_t end = start + y->shape[dim] * step, end2 = start + y2->shape[dim] * step;
    if (step > 0 && end >= x->shape[dim] && end2 >= x2->shape[dim]) end = end2 = INT64_MAX;
    if (step < 0 && end < 0 && end2 < 0) end = end2 = INT64_MIN + 1;
    if (end != end2) tp_trace_refuse(trace, "an end that depends on the size of the batch");
    int in = tp_trace_in(trace, 0), starts = tp_trace_list(trace, &start, 1);
    int ends = tp_trace_list(trace, &end, 1), axes = tp_trace_list(trace, &dim, 1);
    int steps = step != 1 ? tp_trace_list(trace, &step, 1) : -1;
    TP_TRACE_ADD(trace, "Slice", tp_trace_out(trace, 0), in, starts, ends, axes, steps);
}

void tp_emit_select(tp_trace *trace) {
    int64_t index = tp_trace_integer(trace, TP_NOTED_START);
    int64_t dim = tp_trace_integer(trace, TP_NOTED_SLICED);
    int in = tp_trace_in(trace, 0), place = tp_trace_list(trace, &index, 1);
    int part = tp_trace_between(trace);
    tp_trace_int(trace, TP_TRACE_ADD(trace, "Gather", part, in, place), "axis", dim);
    int axes = tp_trace_list(trace, &dim, 1);
    TP_TRACE_ADD(trace, "Squeeze", tp_trace_out(trace, 0), part, axes);
}

/* Each part that somebody wants is a Slice; those of unbind lose the dimension. */
void tp_emit_split(tp_trace *trace) {
    int64_t dim = tp_trace_integer(trace, TP_NOTED_DIM);
    bool unbound = tp_trace_integer(trace, TP_NOTED_UNBOUND) != 0;
    const int64_t *sizes = trace->node->extra, *sizes2 = trace->twin->extra;
    if (trace->node->n_outputs != trace->twin->n_outputs) {
        tp_trace_refuse(trace, "as many parts as the batch has samples");
        return;
    }
    int in = tp_trace_in(trace, 0), axes = tp_trace_list(trace, &dim, 1);
    int64_t start = 0;
    for (int i = 0; i < trace->node->n_outputs; start += sizes[i++]) {
        int64_t end = start + sizes[i];
        if (sizes[i] != sizes2[i]) tp_trace_refuse(trace, "sizes that depend on the batch");
        if (!trace->node->outputs[i]) continue;
        int out = tp_trace_out(trace, i), part = unbound ? tp_trace_between(trace) : out;
        int starts = tp_trace_list(trace, &start, 1), ends = tp_trace_list(trace, &end, 1);
        TP_TRACE_ADD(trace, "Slice", part, in, starts, ends, axes);
        if (unbound) TP_TRACE_ADD(trace, "Squeeze", out, part, axes);
    }
}

/* Rows by indices of any shape: an embedding whose indices are the model's input, or constants. */
void tp_emit_index(tp_trace *trace) {
    tp_tensor *index = trace->node->saved[0].tensor;
    int x = tp_trace_in(trace, 0),
        rows = tp_trace_index(trace, index, trace->twin->saved[0].tensor);
    TP_TRACE_ADD(trace, "Gather", tp_trace_out(trace, 0), x, rows);
}

/* ---- joins ---- */

static tp_graph_node *join(tp_trace *trace, const int *values, int output) {
    tp_graph_node *node =
        tp_trace_add(trace, "Concat", (size_t)trace->node->n_inputs, values, output);
    tp_trace_int(trace, node, "axis", tp_trace_integer(trace, TP_NOTED_DIM));
    return node;
}

static void join_all(tp_trace *trace, bool stacked) {
    int n = trace->node->n_inputs, axes = -1;
    int *values = tp_arena_take(&trace->graph->arena, ((size_t)n + 1) * sizeof *values);
    if (!values) {
        tp_trace_refuse(trace, "out of memory");
        return;
    }
    int64_t dim = tp_trace_integer(trace, TP_NOTED_DIM);
    if (stacked) axes = tp_trace_list(trace, &dim, 1);
    for (int i = 0; i < n; i++) {
        values[i] = tp_trace_in(trace, i);
        if (!stacked) continue;
        int more = tp_trace_between(trace);
        TP_TRACE_ADD(trace, "Unsqueeze", more, values[i], axes);
        values[i] = more;
    }
    join(trace, values, tp_trace_out(trace, 0));
}

void tp_emit_cat(tp_trace *trace) { join_all(trace, false); }

void tp_emit_stack(tp_trace *trace) { join_all(trace, true); }
