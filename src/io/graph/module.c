/* Graphs as modules. */
#include "io/graph/module.h"

#include <string.h>

#include "base/alloc.h"
#include "io/onnx.h"
#include "nn/module.h"

/* ---- running ---- */

/* A result that is one of the inputs itself: neither place may end it early. */
static void note_sharing(const tp_graph_step *step, bool *shared) {
    const tp_graph_node *node = step->node;
    for (size_t o = 0; o < node->outputs; o++)
        for (size_t i = 0; node->output[o] >= 0 && i < node->inputs; i++)
            if (node->input[i] >= 0 &&
                step->values[node->input[i]] == step->values[node->output[o]])
                shared[node->input[i]] = shared[node->output[o]] = true;
}

/* Lets go of what this node was the last to read; what backward needs of it stays with the tape. */
static void release_inputs(const tp_graph_step *step, int number, const bool *shared) {
    const tp_graph_node *node = step->node;
    for (size_t i = 0; i < node->inputs; i++) {
        int v = node->input[i];
        if (v < 0 || shared[v] || !step->values[v]) continue;
        const tp_graph_value *value = &step->graph->values[v];
        if (value->role != TP_VALUE_COMPUTED || value->last_use != number) continue;
        tp_tensor *x = step->values[v];
        if (x->life == TP_ALIVE && x->owner == TP_OWNER_SCOPE) tp_free(x);
        step->values[v] = NULL;
    }
}

static bool run_node(tp_graph_step *step, int number, bool *shared) {
    const tp_graph_node *node = step->node;
    for (size_t i = 0; i < node->inputs; i++) {
        tp_tensor *x = tp_graph_input(step, i);
        if (node->input[i] >= 0 && (!x || x->life != TP_ALIVE || x->poison)) {
            if (!x || !x->poison)
                tp_graph_fail(step, TP_ERROR_DEAD, tp_text("input %zu", i), "a value");
            return false;
        }
    }
    tp_tensor *y = node->row->run(step);
    if (!y || tp_is_poison(y)) return false;
    if (node->output[0] >= 0) step->values[node->output[0]] = y;
    for (size_t o = 0; o < node->outputs; o++)
        if (node->output[o] >= 0 && !step->values[node->output[o]]) {
            tp_graph_fail(step, TP_ERROR_UNSUPPORTED, tp_text("output %zu", o),
                          "outputs that Taper computes");
            return false;
        }
    note_sharing(step, shared);
    release_inputs(step, number, shared);
    return true;
}

bool tp_graph_run(const tp_graph_step *run, size_t last) {
    const tp_graph *graph = run->graph;
    tp_graph_step step = *run;
    bool *shared = tp_new(graph->value_count + 1);
    if (!shared) {
        tp_fail_memory(run->at, "onnx_run", graph->value_count);
        return false;
    }
    for (size_t i = 0; i < graph->value_count; i++) {
        shared[i] = graph->values[i].role != TP_VALUE_COMPUTED;
        if (graph->values[i].tensor) step.values[i] = graph->values[i].tensor;
    }
    bool fine = true;
    for (size_t i = 0; fine && i < last; i++) {
        step.node = &graph->nodes[i];
        fine = step.node->folded || run_node(&step, (int)i, shared);
    }
    tp_delete(shared);
    return fine;
}

static bool run_module(tp_location at, tp_graph_module *m, tp_tensor *const *inputs,
                       tp_tensor **outputs, size_t output_count) {
    const tp_graph *graph = m->graph;
    tp_tensor **values = tp_new((graph->value_count + 1) * sizeof *values);
    if (!values) {
        tp_fail_memory(at, "onnx_run", graph->value_count * sizeof *values);
        return false;
    }
    for (size_t i = 0; i < graph->input_count; i++) values[graph->inputs[i]] = inputs[i];
    tp_graph_step step = {.at = at,
                          .path = m->path,
                          .graph = graph,
                          .values = values,
                          .training = tp_is_training_at(at, &m->base)};
    bool fine = tp_graph_run(&step, graph->node_count);
    for (size_t i = 0; fine && i < output_count; i++) outputs[i] = values[graph->outputs[i]];
    tp_delete(values);
    return fine;
}

static tp_tensor *graph_forward(tp_module *module, tp_tensor *x) {
    tp_graph_module *m = (tp_graph_module *)module;
    tp_location at = tp_module_at();
    if (m->graph->input_count != 1)
        return tp_fail(at, "onnx", TP_ERROR_ARGUMENT,
                       tp_text("1 input for a model of %zu", m->graph->input_count), NULL,
                       "tp_onnx_run() takes several");
    tp_tensor *y = NULL;
    return run_module(at, m, &x, &y, 1) ? y : tp_poison();
}

bool tp_onnx_run_at(tp_location at, tp_module *module, tp_tensor *const *inputs, size_t input_count,
                    tp_tensor **outputs, size_t output_count) {
    if (!tp_module_usable(at, "onnx_run", module)) return false;
    const tp_graph *graph = tp_graph_of(module);
    const char *got = NULL;
    if (!graph)
        got = tp_text("a %s", module->type);
    else if (input_count != graph->input_count || output_count > graph->output_count)
        got = tp_text("%zu inputs and %zu outputs for a model with %zu and %zu", input_count,
                      output_count, graph->input_count, graph->output_count);
    for (size_t i = 0; !got && i < input_count; i++)
        if (!inputs[i]) got = tp_text("input %zu NULL", i);
    if (got) {
        tp_fail(at, "onnx_run", TP_ERROR_ARGUMENT, got, "a model of tp_onnx_load() and its inputs",
                NULL);
        return false;
    }
    return run_module(at, (tp_graph_module *)module, inputs, outputs, output_count);
}

/* ---- building ---- */

static void graph_release(tp_module *module) {
    tp_graph_module *m = (tp_graph_module *)module;
    tp_graph_end(m->graph);
    tp_delete(m->path);
}

static int graph_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_graph *graph = ((const tp_graph_module *)module)->graph;
    return snprintf(buffer, size, "%zu nodes, opset %lld", graph->node_count,
                    (long long)graph->opset);
}

const tp_graph *tp_graph_of(const tp_module *module) {
    return module && module->forward == graph_forward ? ((const tp_graph_module *)module)->graph
                                                      : NULL;
}

static bool all_supported(tp_location at, const char *op, const char *path, const tp_graph *graph) {
    char text[400];
    size_t count = tp_graph_unsupported(graph, text, sizeof text);
    if (!count) return true;
    tp_fail(at, op, TP_ERROR_UNSUPPORTED,
            tp_text("%.80s: %zu of %zu nodes that Taper cannot run: %s", path, count,
                    graph->node_count, text),
            NULL, NULL);
    return false;
}

static tp_module *module_new(tp_location at, const char *path, tp_graph *graph) {
    tp_graph_module *m = tp_layer_new(at, sizeof *m, "OnnxGraph", graph_forward);
    if (!m) {
        tp_graph_end(graph);
        return NULL;
    }
    m->base.release = graph_release;
    m->base.describe = graph_describe;
    m->graph = graph;
    m->path = tp_string_copy(path);
    if (path && !m->path) {
        tp_fail_memory(at, "onnx_load", strlen(path));
        tp_module_end(&m->base);
        return NULL;
    }
    return &m->base;
}

tp_module *tp_graph_to_module(tp_location at, const char *op, const char *path, tp_graph *graph) {
    if (!graph) return NULL;
    bool fine = all_supported(at, op, path ? path : graph->name, graph);
    fine = fine && tp_graph_assign_roles(at, graph) && tp_graph_fold(at, path, graph);
    if (!fine) {
        tp_graph_end(graph);
        return NULL;
    }
    tp_module *module = module_new(at, path, graph);
    if (!module) return NULL;
    if (tp_graph_adopt(at, module, graph)) {
        tp_eval_at(at, module);
        return module;
    }
    tp_module_end(module);
    return NULL;
}
