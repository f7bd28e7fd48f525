/* What the rows of ops.def have in common. */
#include "io/graph/run.h"

#include <string.h>
#include <taper/ops.h>

#include "ops/loop.h"

tp_tensor *tp_graph_input(const tp_graph_step *step, size_t i) {
    const tp_graph_node *node = step->node;
    if (i >= node->inputs || node->input[i] < 0) return NULL;
    return step->values[node->input[i]];
}

bool tp_graph_wants(const tp_graph_step *step, size_t i) {
    return i < step->node->outputs && step->node->output[i] >= 0;
}

void tp_graph_set(const tp_graph_step *step, size_t i, tp_tensor *x) {
    if (tp_graph_wants(step, i)) step->values[step->node->output[i]] = x;
}

tp_tensor *tp_graph_fail(const tp_graph_step *step, tp_error_code code, const char *got,
                         const char *want) {
    const tp_graph_node *node = step->node;
    return tp_fail(step->at, node->op, code, got, want,
                   tp_text("node \"%.120s\"%s%.200s", node->name, step->path ? " of " : "",
                           step->path ? step->path : ""));
}

const char *tp_graph_refusal(const tp_graph *graph, const tp_graph_node *node) {
    if (node->domain[0] && strcmp(node->domain, "ai.onnx") != 0)
        return tp_text("domain %.40s", node->domain);
    const tp_graph_op *row = node->row;
    if (!row) return "unknown operator";
    if (node->inputs < (size_t)row->least || node->inputs > (size_t)row->most)
        return tp_text("%zu inputs", node->inputs);
    for (int i = 0; i < row->least; i++)
        if (node->input[i] < 0) return "a required input is left out";
    if (node->outputs == 0) return "no output";
    for (size_t i = 0; i < node->attributes; i++) {
        const char *name = tp_text(" %.60s ", node->attribute[i].name);
        if (!strstr(row->attributes, name)) return tp_text("attribute%.62s", name);
    }
    return row->refuses ? row->refuses(graph, node) : NULL;
}

bool tp_graph_numbers(const tp_graph_step *step, size_t i, double *out, int most, int *count) {
    tp_tensor *x = tp_graph_input(step, i);
    *count = 0;
    if (!x) return true;
    if (x->poison) return false;
    if (x->numel > most || x->ndim > 1) {
        tp_graph_fail(step, TP_ERROR_SHAPE, tp_text("%s as input %zu", tp_tensor_text(x), i),
                      tp_text("a list of at most %d numbers", most));
        return false;
    }
    *count = (int)x->numel;
    for (int k = 0; k < *count; k++)
        out[k] = x->ndim ? tp_get_at(step->at, x, tp_shape(k)) : tp_item_at(step->at, x);
    return true;
}

tp_graph_list tp_graph_list_of(const tp_graph_step *step, const char *attribute, size_t input) {
    tp_graph_list list = {.fine = true};
    size_t count;
    const int64_t *ints = tp_graph_ints(step->node, attribute, &count);
    if (ints) {
        list.given = true;
        if (count > TP_MAX_DIMS) {
            tp_graph_fail(step, TP_ERROR_SHAPE, tp_text("%zu numbers as %s", count, attribute),
                          "at most 8");
            return (tp_graph_list){.fine = false};
        }
        list.count = (int)count;
        memcpy(list.of, ints, count * sizeof *ints);
        return list;
    }
    double numbers[TP_MAX_DIMS];
    list.given = tp_graph_input(step, input) != NULL;
    list.fine = tp_graph_numbers(step, input, numbers, TP_MAX_DIMS, &list.count);
    for (int i = 0; list.fine && i < list.count; i++) list.of[i] = tp_graph_whole(numbers[i]);
    return list;
}
