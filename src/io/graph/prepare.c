/* What is done once with a graph before it runs: who owns which tensor, and what follows from constants. */
#include <stdio.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/ops.h>

#include "base/alloc.h"
#include "io/graph/module.h"
#include "io/onnx.h"
#include "nn/module.h"

/* ---- what cannot be run ---- */

size_t tp_graph_unsupported(const tp_graph *graph, char *text, size_t size) {
    size_t count = 0, used = 0, listed = 0;
    if (size) text[0] = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const tp_graph_node *node = &graph->nodes[i];
        const char *why = tp_graph_refusal(graph, node);
        if (!why) continue;
        count++;
        char one[160];
        int n = snprintf(one, sizeof one, "%s%.40s \"%.40s\" (%.60s)", listed ? ", " : "", node->op,
                         node->name[0] ? node->name : tp_text("#%zu", i), why);
        if (n < 0 || used + (size_t)n + 24 > size) continue; /* leaves room for the last words */
        memcpy(text + used, one, (size_t)n + 1);
        used += (size_t)n;
        listed++;
    }
    if (listed < count && size > used)
        snprintf(text + used, size - used, " and %zu more", count - listed);
    return count;
}

/* ---- roles ---- */

typedef struct uses {
    bool number, buffer, other;
} uses;

static void note_use(uses *of, const tp_graph_node *node, size_t input) {
    bool number = node->row && input < 32 && (node->row->numbers >> input & 1);
    /* Gather's first operand and others are read as values; running means and variances are saved, not trained. */
    bool buffer = strcmp(node->op, "BatchNormalization") == 0 && input >= 3;
    *(number ? &of->number : buffer ? &of->buffer : &of->other) = true;
}

static tp_graph_role role_of(const tp_tensor *x, const uses *of) {
    bool floating = tp_is_float_type(x->dtype);
    if (of->buffer && floating) return TP_VALUE_BUFFER;
    /* A single number without dimensions is a factor or a limit that was written down, not a weight. */
    if (of->other && floating && x->ndim > 0) return TP_VALUE_PARAMETER;
    return TP_VALUE_CONSTANT;
}

bool tp_graph_assign_roles(tp_location at, tp_graph *graph) {
    uses *of = tp_new((graph->value_count + 1) * sizeof *of);
    if (!of) {
        tp_fail_memory(at, "onnx_load", graph->value_count * sizeof *of);
        return false;
    }
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t k = 0; k < graph->nodes[i].inputs; k++)
            if (graph->nodes[i].input[k] >= 0)
                note_use(&of[graph->nodes[i].input[k]], &graph->nodes[i], k);
    for (size_t v = 0; v < graph->value_count; v++) {
        tp_graph_value *value = &graph->values[v];
        if (value->tensor) value->role = role_of(value->tensor, &of[v]);
    }
    tp_delete(of);
    return true;
}

/* ---- folding ---- */

enum { MOST_FOLDED = 1 << 24 }; /* bound on what a result can have elements */

static bool foldable(const tp_graph *graph, const tp_graph_node *node) {
    double size = 1;
    if (!node->row->folds) return false;
    for (size_t k = 0; k < node->inputs; k++) {
        if (node->input[k] < 0) continue;
        const tp_graph_value *value = &graph->values[node->input[k]];
        if (!value->tensor || value->role != TP_VALUE_CONSTANT) return false;
        if (value->tensor->numel > 1) size *= (double)value->tensor->numel;
    }
    return size <= MOST_FOLDED;
}

static bool fold_node(const tp_graph_step *run, tp_graph *graph, size_t number) {
    tp_graph_node *node = &graph->nodes[number];
    tp_graph_step step = *run;
    bool fine = true;
    step.node = node;
    TP_SCOPE
        TP_NO_GRAD {
            tp_tensor *y = node->row->run(&step);
            fine = y && !tp_is_poison(y);
            if (fine) tp_graph_set(&step, 0, y);
            for (size_t o = 0; fine && o < node->outputs; o++) {
                int v = node->output[o];
                if (v < 0) continue;
                tp_tensor *x = step.values[v] ? tp_clone_at(run->at, step.values[v]) : NULL;
                fine = x && !tp_is_poison(x);
                if (!fine) break;
                tp_graph_take(graph, v, x, TP_VALUE_CONSTANT);
                step.values[v] = x;
            }
        }
    node->folded = fine;
    return fine;
}

bool tp_graph_fold(tp_location at, const char *path, tp_graph *graph) {
    tp_tensor **values = tp_new((graph->value_count + 1) * sizeof *values);
    if (!values) {
        tp_fail_memory(at, "onnx_load", graph->value_count * sizeof *values);
        return false;
    }
    for (size_t i = 0; i < graph->value_count; i++) values[i] = graph->values[i].tensor;
    tp_graph_step run = {.at = at, .path = path, .graph = graph, .values = values};
    bool fine = true;
    for (size_t i = 0; fine && i < graph->node_count; i++)
        if (foldable(graph, &graph->nodes[i])) fine = fold_node(&run, graph, i);
    tp_delete(values);
    return fine;
}

/* ---- parameters ---- */

static tp_tensor *container_forward(tp_module *module, tp_tensor *x) {
    (void)x;
    return tp_fail(tp_module_at(), module->type, TP_ERROR_STATE, "a part of an ONNX model", NULL,
                   "only the whole model can be run");
}

/* The child of that name, made where there is none; NULL where the name is a tensor's, or after an error. */
static tp_module *child_named(tp_location at, tp_module *parent, const char *name) {
    for (int i = 0; i < parent->child_count; i++)
        if (strcmp(parent->children[i]->name, name) == 0) return parent->children[i];
    for (int i = 0; i < parent->tensor_count; i++)
        if (strcmp(parent->tensors[i].name, name) == 0) return NULL;
    return tp_child_at(at, parent, name,
                       tp_module_new_at(at, sizeof(tp_module), "Module", container_forward));
}

enum { LONGEST_PART = 100, MOST_PARTS = 16 };

/* Whether all parts of "a.b.c" can be names of modules. */
static bool parts_fine(const char *name) {
    int parts = 0;
    for (const char *part = name;; part++) {
        size_t length = strcspn(part, ".");
        if (length == 0 || length > LONGEST_PART || ++parts > MOST_PARTS) return false;
        part += length;
        if (!*part) return strlen(name) < TP_MAX_PATH / 2;
    }
}

/* The module that "a.b.c" stands in; *last is where "c" begins. The module itself where the name cannot be taken apart. */
static tp_module *place_of(tp_location at, tp_module *root, const char *name, const char **last) {
    tp_module *place = root;
    *last = name;
    if (!parts_fine(name)) return root;
    for (const char *dot; place && (dot = strchr(*last, '.')); *last = dot + 1) {
        char part[LONGEST_PART + 1];
        size_t length = (size_t)(dot - *last);
        memcpy(part, *last, length);
        part[length] = 0;
        place = child_named(at, place, part);
    }
    return place;
}

static bool taken(const tp_module *module, const char *name) {
    for (int i = 0; i < module->child_count; i++)
        if (strcmp(module->children[i]->name, name) == 0) return true;
    for (int i = 0; i < module->tensor_count; i++)
        if (strcmp(module->tensors[i].name, name) == 0) return true;
    return false;
}

/* A name without dots that is free, for what cannot have its own. */
static void free_name(const tp_module *module, const char *name, char *out) {
    snprintf(out, LONGEST_PART, "%.80s", name);
    for (char *c = out; *c; c++)
        if (*c == '.') *c = '_';
    size_t length = strlen(out);
    for (int i = 2; !out[0] || taken(module, out); i++)
        snprintf(out + length, LONGEST_PART - length, "_%d", i);
}

static bool adopt(tp_location at, tp_module *root, tp_graph_value *value) {
    const char *last = NULL;
    char other[LONGEST_PART + 1];
    uint32_t errors = tp_ctx()->error.count;
    tp_module *place = place_of(at, root, value->name, &last);
    if (tp_ctx()->error.count != errors) return false;
    if (!place || !parts_fine(value->name) || taken(place, last)) {
        place = root;
        free_name(root, value->name, other);
        last = other;
    }
    tp_set_owner(value->tensor, TP_OWNER_USER); /* from whom a module takes it over */
    tp_tensor *x = value->role == TP_VALUE_PARAMETER
                       ? tp_parameter_at(at, place, last, value->tensor)
                       : tp_buffer_at(at, place, last, value->tensor);
    if (tp_is_poison(x)) return false; /* the graph ends it */
    value->owned = false;
    return true;
}

bool tp_graph_adopt(tp_location at, tp_module *module, tp_graph *graph) {
    for (size_t v = 0; v < graph->value_count; v++) {
        tp_graph_value *value = &graph->values[v];
        bool ours = value->role == TP_VALUE_PARAMETER || value->role == TP_VALUE_BUFFER;
        if (value->tensor && ours && !adopt(at, module, value)) return false;
    }
    return true;
}
