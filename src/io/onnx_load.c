/* Opening ONNX files. */
#include <string.h>

#include "base/alloc.h"
#include "io/file.h"
#include "io/graph/rows.h"
#include "io/onnx.h"

static bool has_path(tp_location at, const char *op, const char *path) {
    if (path) return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "the path of a file", NULL);
    return false;
}

static tp_graph *load_graph(tp_location at, const char *op, const char *path) {
    tp_mapping *mapping = has_path(at, op, path) ? tp_mapping_open(at, op, path) : NULL;
    if (!mapping) return NULL;
    tp_graph *graph = tp_onnx_parse(at, op, path, mapping->data, mapping->size);
    tp_mapping_release(mapping);
    return graph;
}

tp_module *tp_onnx_load_at(tp_location at, const char *path) {
    tp_graph *graph = load_graph(at, "onnx_load", path);
    return graph ? tp_graph_to_module(at, "onnx_load", path, graph) : NULL;
}

tp_tensor *tp_onnx_load_tensor_at(tp_location at, const char *path) {
    const char *op = "onnx_load_tensor";
    tp_mapping *mapping = has_path(at, op, path) ? tp_mapping_open(at, op, path) : NULL;
    if (!mapping) return tp_poison();
    tp_tensor *x = tp_onnx_parse_tensor(at, op, path, mapping->data, mapping->size);
    tp_mapping_release(mapping);
    return x;
}

const char *tp_onnx_operator(size_t i) {
    const tp_graph_op *row = tp_graph_op_at(i);
    return row ? row->name : NULL;
}

/* ---- inspecting ---- */

typedef struct inspection {
    tp_onnx_model shown;
    tp_graph *graph;
} inspection;

static const tp_onnx_value *list_values(tp_graph *graph, const int *numbers, size_t count) {
    tp_onnx_value *list = tp_arena_take(&graph->arena, (count + 1) * sizeof *list);
    for (size_t i = 0; list && i < count; i++) {
        const tp_graph_value *value = &graph->values[numbers[i]];
        list[i] = (tp_onnx_value){value->name, tp_graph_dtype_of(value->element), value->shape};
    }
    return list;
}

static const tp_onnx_node *list_nodes(tp_graph *graph) {
    tp_onnx_node *list = tp_arena_take(&graph->arena, (graph->node_count + 1) * sizeof *list);
    for (size_t i = 0; list && i < graph->node_count; i++) {
        const tp_graph_node *node = &graph->nodes[i];
        const char *problem = tp_graph_refusal(graph, node);
        if (problem) problem = tp_arena_text(&graph->arena, problem, strlen(problem));
        list[i] = (tp_onnx_node){node->op, node->name, problem};
    }
    return list;
}

static const tp_onnx_weight *list_weights(tp_graph *graph, size_t *count) {
    tp_onnx_weight *list = tp_arena_take(&graph->arena, (graph->value_count + 1) * sizeof *list);
    *count = 0;
    for (size_t i = 0; list && i < graph->value_count; i++)
        if (graph->values[i].tensor)
            list[(*count)++] = (tp_onnx_weight){graph->values[i].name, graph->values[i].tensor};
    return list;
}

tp_onnx_model *tp_onnx_inspect_at(tp_location at, const char *path) {
    tp_graph *graph = load_graph(at, "onnx_inspect", path);
    if (!graph) return NULL;
    inspection *i = tp_new(sizeof *i);
    if (i) {
        i->graph = graph;
        i->shown = (tp_onnx_model){.name = graph->name,
                                   .producer = graph->producer,
                                   .producer_version = graph->producer_version,
                                   .ir_version = graph->ir_version,
                                   .opset = graph->opset,
                                   .input_count = graph->input_count,
                                   .output_count = graph->output_count,
                                   .node_count = graph->node_count};
        i->shown.inputs = list_values(graph, graph->inputs, graph->input_count);
        i->shown.outputs = list_values(graph, graph->outputs, graph->output_count);
        i->shown.nodes = list_nodes(graph);
        i->shown.weights = list_weights(graph, &i->shown.weight_count);
        if (i->shown.inputs && i->shown.outputs && i->shown.nodes && i->shown.weights)
            return &i->shown;
    }
    tp_fail_memory(at, "onnx_inspect", sizeof *i);
    tp_graph_end(graph);
    tp_delete(i);
    return NULL;
}

void tp_onnx_model_free(tp_onnx_model *model) {
    if (!model) return;
    inspection *i = (inspection *)(void *)model;
    tp_graph_end(i->graph);
    tp_delete(i);
}
