/* What the emitters use: values by tensor, constants, nodes and attributes. */
#include "io/graph/trace.h"

#include <stdio.h>
#include <string.h>
#include <taper/ops.h>

#include "base/alloc.h"
#include "io/graph/run.h"
#include "io/graph/whole.h"
#include "ops/loop.h"

typedef struct tp_trace_place {
    const tp_tensor *tensor;
    int value;
} tp_trace_place;

/* ---- values ---- */

void tp_trace_refuse(tp_trace *trace, const char *why) {
    if (trace->failed) return;
    trace->failed = true;
    const tp_node *node = trace->node;
    tp_fail(trace->args->at, trace->args->op, TP_ERROR_UNSUPPORTED,
            tp_text("%s%s%s: %s", node ? node->op->name : "the model",
                    node && node->module && node->module[0] ? " in layer " : "",
                    node && node->module ? node->module : "", why),
            NULL, NULL);
}

static int no_memory(tp_trace *trace) {
    if (!trace->failed) tp_fail_memory(trace->args->at, trace->args->op, 0);
    trace->failed = true;
    return -1;
}

void tp_trace_put(tp_trace *trace, const tp_tensor *tensor, int value) {
    if (trace->place_count == trace->place_room) {
        size_t more = trace->place_room ? 2 * trace->place_room : 128;
        void *grown = trace->places ? tp_resize(trace->places, more * sizeof *trace->places)
                                    : tp_new(more * sizeof *trace->places);
        if (!grown) {
            no_memory(trace);
            return;
        }
        trace->places = grown;
        trace->place_room = more;
    }
    trace->places[trace->place_count++] = (tp_trace_place){tensor, value};
}

static int find(const tp_trace *trace, const tp_tensor *tensor) {
    for (size_t i = trace->place_count; i > 0; i--)
        if (trace->places[i - 1].tensor == tensor) return trace->places[i - 1].value;
    return -1;
}

/* A value under a name that nothing else has. */
int tp_trace_fresh(tp_trace *trace, const char *stem) {
    const char *name = stem;
    for (int i = 2; tp_graph_find(trace->graph, name) >= 0; i++)
        name = tp_text("%.300s_%d", stem, i);
    int value = tp_graph_value_named(trace->graph, name);
    return value < 0 ? no_memory(trace) : value;
}

static int take_copy(tp_trace *trace, const char *name, tp_tensor *x, tp_graph_role role) {
    int value = tp_trace_fresh(trace, name);
    if (value < 0) return -1;
    tp_tensor *copy = tp_empty_like_at(trace->args->at, (tp_like_args){.x = x});
    if (tp_is_poison(copy)) {
        trace->failed = true;
        return -1;
    }
    if (copy->numel) tp_copy_elements(copy, x);
    tp_graph_take(trace->graph, value, copy, role);
    return value;
}

static bool same_values(const tp_trace *trace, const tp_tensor *x, const tp_tensor *twin) {
    if (x == twin) return true;
    if (x->dtype != twin->dtype || !tp_shapes_equal(x, twin) || !twin->data) return false;
    size_t bytes = (size_t)x->numel * tp_item_size(x->dtype);
    char *a = tp_new(bytes + 1), *b = tp_new(bytes + 1);
    bool same = a && b && tp_copy_out_at(trace->args->at, x, a) &&
                tp_copy_out_at(trace->args->at, twin, b) && memcmp(a, b, bytes) == 0;
    tp_delete(a);
    tp_delete(b);
    return same;
}

/* A tensor that no recorded operation made: the same numbers in both runs, or nobody knows where it comes from. */
static int constant(tp_trace *trace, tp_tensor *x, const tp_tensor *twin) {
    if (x->life != TP_ALIVE || (x->numel && !x->data) || !same_values(trace, x, twin)) {
        tp_trace_refuse(trace,
                        "an input that depends on the data by an operation without gradient");
        return -1;
    }
    int value =
        take_copy(trace, tp_text("constant_%d", ++trace->temporaries), x, TP_VALUE_CONSTANT);
    if (value >= 0) tp_trace_put(trace, x, value);
    return value;
}

/* A parameter or buffer under its own name; the module keeps it. */
static int of_module(tp_trace *trace, const tp_tensor *x) {
    for (size_t i = 0; i < trace->state.count; i++) {
        if (trace->state.items[i].tensor != x) continue;
        int value = tp_trace_fresh(trace, trace->state.items[i].name);
        if (value < 0) return -1;
        trace->graph->values[value].tensor = trace->state.items[i].tensor;
        trace->graph->values[value].role = TP_VALUE_PARAMETER;
        tp_trace_put(trace, x, value);
        return value;
    }
    return -1;
}

int tp_trace_in(tp_trace *trace, int i) {
    if (trace->failed || i >= trace->node->n_inputs || !trace->node->inputs[i]) return -1;
    tp_tensor *x = trace->node->inputs[i];
    int value = find(trace, x);
    if (value < 0) value = of_module(trace, x);
    if (value >= 0) return value;
    if (!x->node) return constant(trace, x, trace->twin->inputs[i]);
    tp_trace_refuse(trace, "an input that was not recorded");
    return -1;
}

/* "features.0/conv2d" */
static const char *stem_of(const tp_node *node) {
    const char *path = node->module;
    return path && path[0] ? tp_text("%.300s/%s", path, node->op->name) : node->op->name;
}

int tp_trace_out(tp_trace *trace, int i) {
    if (trace->failed || !trace->node->outputs[i]) return -1;
    int value = find(trace, trace->node->outputs[i]);
    if (value >= 0) return value;
    value = tp_trace_fresh(trace, stem_of(trace->node));
    if (value < 0) return value;
    tp_trace_put(trace, trace->node->outputs[i], value);
    trace->graph->values[value].shape =
        tp_trace_shape(trace, trace->node->outputs[i], trace->twin->outputs[i]);
    return value;
}

int tp_trace_between(tp_trace *trace) {
    return trace->failed ? -1 : tp_trace_fresh(trace, tp_text("%s_part", stem_of(trace->node)));
}

int tp_trace_before_result(tp_trace *trace) {
    int value = tp_trace_between(trace);
    if (value >= 0)
        trace->graph->values[value].shape =
            tp_trace_shape(trace, trace->node->outputs[0], trace->twin->outputs[0]);
    return value;
}

void tp_trace_same(tp_trace *trace, int i, int value) {
    if (trace->failed || value < 0) return;
    int there = find(trace, trace->node->outputs[i]);
    if (there >= 0)
        TP_TRACE_ADD(trace, "Identity", there, value);
    else
        tp_trace_put(trace, trace->node->outputs[i], value);
}

static int list_of(tp_trace *trace, const void *numbers, size_t count, tp_dtype dtype) {
    if (trace->failed) return -1;
    int value = -1;
    TP_SCOPE {
        tp_tensor *list = tp_from_data_at(
            trace->args->at,
            (tp_data_args){.data = numbers, .shape = tp_shape((int64_t)count), .dtype = dtype});
        if (!tp_is_poison(list))
            value =
                take_copy(trace, tp_text("list_%d", ++trace->temporaries), list, TP_VALUE_CONSTANT);
        else
            trace->failed = true;
    }
    return value;
}

int tp_trace_list(tp_trace *trace, const int64_t *numbers, size_t count) {
    return list_of(trace, numbers, count, TP_INT64);
}

int tp_trace_reals(tp_trace *trace, const float *numbers, size_t count) {
    return list_of(trace, numbers, count, TP_FLOAT32);
}

int tp_trace_filled(tp_trace *trace, tp_shape shape, double number) {
    if (trace->failed) return -1;
    int value = -1;
    tp_full_args args = {shape, number, .dtype = trace->node->inputs[0]->dtype};
    TP_SCOPE {
        tp_tensor *x = tp_full_at(trace->args->at, args);
        if (!tp_is_poison(x))
            value =
                take_copy(trace, tp_text("number_%d", ++trace->temporaries), x, TP_VALUE_CONSTANT);
        else
            trace->failed = true;
    }
    return value;
}

int tp_trace_number(tp_trace *trace, double number) {
    return tp_trace_filled(trace, (tp_shape){.ndim = 0}, number);
}

int tp_trace_index(tp_trace *trace, tp_tensor *index, const tp_tensor *twin) {
    if (trace->failed) return -1;
    int value = find(trace, index);
    return value >= 0 ? value : constant(trace, index, twin);
}

int64_t tp_trace_integer(tp_trace *trace, int i) {
    if (trace->node->integer[i] != trace->twin->integer[i])
        tp_trace_refuse(trace, "an option that depends on the size of the batch");
    return trace->node->integer[i];
}

double tp_trace_real(tp_trace *trace, int i) {
    double a = trace->node->number[i], b = trace->twin->number[i];
    if (memcmp(&a, &b, sizeof a) != 0) tp_trace_refuse(trace, "a number that depends on the data");
    return a;
}

tp_shape tp_trace_shape(tp_trace *trace, const tp_tensor *x, const tp_tensor *twin) {
    tp_shape shape = tp_shape_copy(x);
    if (x->ndim != twin->ndim) {
        tp_trace_refuse(trace, "a number of dimensions that depends on the size of the batch");
        return shape;
    }
    for (int d = 0; d < shape.ndim; d++)
        if (x->shape[d] != twin->shape[d]) shape.dims[d] = TP_SIZE_UNKNOWN;
    return shape;
}

/* ---- nodes ---- */

enum { MOST_ATTRIBUTES = 10 };

tp_graph_node *tp_trace_add(tp_trace *trace, const char *op, size_t inputs, const int *input,
                            int output) {
    while (inputs > 0 && input[inputs - 1] < 0) inputs--;
    if (trace->failed) return NULL;
    tp_graph_node *node = tp_graph_add_node(trace->graph, op, inputs, 1, MOST_ATTRIBUTES);
    if (!node) {
        no_memory(trace);
        return NULL;
    }
    node->attributes = 0;
    memcpy(node->input, input, inputs * sizeof *input);
    node->output[0] = output;
    node->name = trace->graph->values[output].name;
    node->row = tp_graph_op_named(op);
    if (!node->row) node->row = tp_graph_whole_named(op);
    return node;
}

static tp_graph_attribute *attribute(tp_graph_node *node, const char *name,
                                     tp_graph_attribute_kind kind) {
    if (!node || node->attributes == MOST_ATTRIBUTES) return NULL;
    tp_graph_attribute *a = &node->attribute[node->attributes++];
    *a = (tp_graph_attribute){.name = name, .kind = kind};
    return a;
}

void tp_trace_int(tp_trace *trace, tp_graph_node *node, const char *name, int64_t value) {
    (void)trace;
    tp_graph_attribute *a = attribute(node, name, TP_ATTRIBUTE_INT);
    if (a) a->i = value;
}

void tp_trace_float(tp_trace *trace, tp_graph_node *node, const char *name, double value) {
    (void)trace;
    tp_graph_attribute *a = attribute(node, name, TP_ATTRIBUTE_FLOAT);
    if (!a) return;
    a->f = (float)value;
    a->exact = value;
}

void tp_trace_text(tp_trace *trace, tp_graph_node *node, const char *name, const char *value) {
    (void)trace;
    tp_graph_attribute *a = attribute(node, name, TP_ATTRIBUTE_STRING);
    if (a) a->s = value;
}

void tp_trace_ints(tp_trace *trace, tp_graph_node *node, const char *name, const int64_t *values,
                   size_t count) {
    tp_graph_attribute *a = attribute(node, name, TP_ATTRIBUTE_INTS);
    int64_t *copy = a ? tp_arena_take(&trace->graph->arena, (count + 1) * sizeof *copy) : NULL;
    if (a && !copy) no_memory(trace);
    if (!copy) return;
    memcpy(copy, values, count * sizeof *copy);
    a->ints = copy;
    a->count = count;
}
