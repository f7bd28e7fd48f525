#include "io/graph/whole.h"

#include <string.h>
#include <taper/ops.h>

#include "io/graph/emit.h"
#include "ops/elementwise.h"
#include "ops/pool.h"

/* ---- functions of unary.def ---- */

static const char *const unary_names[TP_UNARY_COUNT] = {
#define UNARY(name, ...)      #name,
#define UNARY_WITH(name, ...) #name,
#define PREDICATE(name, ...)  #name,
#include "ops/unary.def"
};

static tp_tensor *run_unary(const tp_graph_step *s) {
    int kind = 0;
    while (strcmp(unary_names[kind], s->node->op) != 0) kind++;
    return tp_unary(s->at, (tp_unary_kind)kind, tp_graph_input(s, 0),
                    tp_graph_float(s->node, "p0", 0), tp_graph_float(s->node, "p1", 0));
}

static void emit_unary(tp_trace *trace) {
    tp_graph_node *node = tp_emit_same(trace, trace->node->op->name);
    tp_trace_float(trace, node, "p0", tp_trace_real(trace, TP_NOTED_NUMBER));
    tp_trace_float(trace, node, "p1", tp_trace_real(trace, TP_NOTED_NUMBER + 1));
}

/* ---- the others ---- */

static tp_tensor *run_group_norm(const tp_graph_step *s) {
    tp_group_norm_args args = {.x = tp_graph_input(s, 0),
                               .num_groups = tp_graph_int(s->node, "groups", 1),
                               .eps = tp_graph_float(s->node, "eps", 1e-5)};
    if (s->node->inputs > 1) args.weight = tp_graph_input(s, 1);
    if (s->node->inputs > 2) args.bias = tp_graph_input(s, 2);
    return tp_group_norm_at(s->at, args);
}

static void emit_group_norm(tp_trace *trace) {
    int x = tp_trace_in(trace, 0), weight = tp_trace_in(trace, 1), bias = tp_trace_in(trace, 2);
    tp_graph_node *node =
        TP_TRACE_ADD(trace, "group_norm", tp_trace_out(trace, 0), x, weight, bias);
    tp_trace_int(trace, node, "groups", tp_trace_integer(trace, TP_NOTED_GROUPS));
    tp_trace_float(trace, node, "eps", tp_trace_real(trace, TP_NOTED_EPS));
}

/* The shape of the result, as the trace noted it. */
static const tp_shape *result_shape(const tp_graph_step *s) {
    return &s->graph->values[s->node->output[0]].shape;
}

static tp_tensor *run_adaptive(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    const int64_t *size = result_shape(s)->dims;
    bool largest = strstr(s->node->op, "max") != NULL;
    tp_adaptive_max_pool_args args = {.x = x, .h = size[2], .w = size[3]};
    if (x->ndim == 3)
        return largest ? tp_adaptive_max_pool1d_at(s->at, args)
                       : tp_adaptive_avg_pool1d_at(s->at, x, size[2]);
    return largest ? tp_adaptive_max_pool2d_at(s->at, args)
                   : tp_adaptive_avg_pool2d_at(s->at, x, size[2], size[3]);
}

/* To one value there is an operator. */
static void emit_adaptive(tp_trace *trace) {
    const tp_tensor *y = trace->node->outputs[0];
    bool one = y->numel == y->shape[0] * y->shape[1];
    if (one || y->ndim != trace->node->inputs[0]->ndim || y->ndim < 3)
        tp_emit_adaptive_pool(trace);
    else
        tp_emit_same(trace, trace->node->op->name);
}

static tp_tensor *run_pad(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    size_t count;
    const int64_t *before = tp_graph_ints(s->node, "before", &count);
    const int64_t *size = result_shape(s)->dims;
    tp_pad_args args = {.x = x,
                        .sides = {.ndim = 0},
                        .mode = (tp_pad_mode)tp_graph_int(s->node, "mode", 0),
                        .value = tp_graph_float(s->node, "fill", 0)};
    for (int d = x->ndim - 1; d >= 1; d--) { /* the last dimension first */
        args.sides.dims[args.sides.ndim++] = before[d];
        args.sides.dims[args.sides.ndim++] = size[d] - x->shape[d] - before[d];
    }
    return tp_pad_at(s->at, args);
}

static void emit_pad(tp_trace *trace) {
    const tp_tensor *x = trace->node->inputs[0];
    int64_t before[TP_MAX_DIMS] = {0};
    int count = (int)tp_trace_integer(trace, TP_NOTED_PAD_COUNT);
    for (int i = 0; i < count; i++)
        before[x->ndim - count + i] = tp_trace_integer(trace, TP_NOTED_PAD_BEFORE + i);
    tp_graph_node *node = tp_emit_same(trace, "pad");
    tp_trace_int(trace, node, "mode", tp_trace_integer(trace, TP_NOTED_PAD_MODE));
    tp_trace_ints(trace, node, "before", before, (size_t)x->ndim);
    tp_trace_float(trace, node, "fill", tp_trace_real(trace, TP_NOTED_FILL));
}

static tp_tensor *run_interpolate(const tp_graph_step *s) {
    const tp_shape *y = result_shape(s);
    tp_interpolate_args args = {.x = tp_graph_input(s, 0),
                                .size_hw = {y->ndim == 4 ? y->dims[2] : 0, y->dims[y->ndim - 1]},
                                .mode = (tp_interpolate_mode)tp_graph_int(s->node, "mode", 0),
                                .align_corners = tp_graph_int(s->node, "align", 0) != 0};
    return tp_interpolate_at(s->at, args);
}

static void emit_interpolate(tp_trace *trace) {
    tp_graph_node *node = tp_emit_same(trace, "interpolate");
    tp_trace_int(trace, node, "mode", tp_trace_integer(trace, TP_NOTED_RESIZE_MODE));
    tp_trace_int(trace, node, "align", tp_trace_integer(trace, TP_NOTED_RESIZE_ALIGN));
    tp_trace_float(trace, node, "places_h", tp_trace_real(trace, TP_NOTED_RESIZE_SCALE));
    tp_trace_float(trace, node, "places_w", tp_trace_real(trace, TP_NOTED_RESIZE_SCALE + 1));
}

/* ---- which ---- */

typedef struct whole_op {
    const tp_op *op;
    void (*emit)(tp_trace *trace);
    tp_graph_op row;
} whole_op;

#define WHOLE(name, emit, run)                                        \
    {                                                                 \
        &tp_op_##name, emit, { #name, run, 1, 3, "", 0, false, NULL } \
    }
#define FUNCTION(name) WHOLE(name, emit_unary, run_unary)
static const whole_op wholes[] = {
    FUNCTION(celu),
    FUNCTION(cube),
    FUNCTION(elu),
    FUNCTION(gelu),
    FUNCTION(gelu_tanh),
    FUNCTION(hardshrink),
    FUNCTION(inverse_root),
    FUNCTION(logsigmoid),
    FUNCTION(mish),
    FUNCTION(power),
    FUNCTION(rsqrt),
    FUNCTION(silu),
    FUNCTION(softplus),
    FUNCTION(softshrink),
    FUNCTION(tanhshrink),
    FUNCTION(threshold),
    FUNCTION(unit_step),
    WHOLE(group_norm, emit_group_norm, run_group_norm),
    WHOLE(adaptive_avg_pool1d, emit_adaptive, run_adaptive),
    WHOLE(adaptive_avg_pool2d, emit_adaptive, run_adaptive),
    WHOLE(adaptive_max_pool1d, emit_adaptive, run_adaptive),
    WHOLE(adaptive_max_pool2d, emit_adaptive, run_adaptive),
    WHOLE(pad, emit_pad, run_pad),
    WHOLE(interpolate, emit_interpolate, run_interpolate),
};
enum { WHOLES = sizeof wholes / sizeof wholes[0] };

bool tp_emit_whole(tp_trace *trace) {
    for (size_t i = 0; i < WHOLES; i++) {
        if (wholes[i].op != trace->node->op) continue;
        wholes[i].emit(trace);
        return true;
    }
    return false;
}

const tp_graph_op *tp_graph_whole_named(const char *name) {
    for (size_t i = 0; i < WHOLES; i++)
        if (strcmp(wholes[i].row.name, name) == 0) return &wholes[i].row;
    return NULL;
}
