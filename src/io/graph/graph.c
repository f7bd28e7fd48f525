#include "io/graph/graph.h"

#include <string.h>

#include "base/alloc.h"
#include "tensor/tensor.h"

enum { FIRST_TABLE = 256 };

tp_graph *tp_graph_new(void) {
    tp_graph *graph = tp_new(sizeof *graph);
    if (graph) graph->name = graph->producer = graph->producer_version = "";
    return graph;
}

void tp_graph_end(tp_graph *graph) {
    if (!graph) return;
    for (size_t i = 0; i < graph->value_count; i++)
        if (graph->values[i].owned) tp_free(graph->values[i].tensor);
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t k = 0; k < graph->nodes[i].attributes; k++)
            tp_free(graph->nodes[i].attribute[k].t);
    tp_delete(graph->values);
    tp_delete(graph->nodes);
    tp_delete(graph->table);
    tp_arena_end(&graph->arena);
    tp_delete(graph);
}

/* ---- values by name ---- */

/* FNV-1a. */
static uint64_t hash_of(const char *name) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return hash;
}

static size_t slot_of(const tp_graph *graph, const char *name) {
    size_t mask = graph->table_size - 1, slot = (size_t)hash_of(name) & mask;
    while (graph->table[slot] >= 0 && strcmp(graph->values[graph->table[slot]].name, name) != 0)
        slot = (slot + 1) & mask;
    return slot;
}

static bool grow_table(tp_graph *graph) {
    if (2 * (graph->value_count + 1) <= graph->table_size) return true;
    size_t size = graph->table_size ? 2 * graph->table_size : FIRST_TABLE;
    int *table = tp_new(size * sizeof *table);
    if (!table) return false;
    for (size_t i = 0; i < size; i++) table[i] = -1;
    tp_delete(graph->table);
    graph->table = table;
    graph->table_size = size;
    for (size_t i = 0; i < graph->value_count; i++)
        table[slot_of(graph, graph->values[i].name)] = (int)i;
    return true;
}

/* Room for one more in a list of `item` bytes each. */
static bool grow(void *list, size_t count, size_t *room, size_t item) {
    if (count < *room) return true;
    size_t more = *room ? 2 * *room : 64;
    void *old, *grown;
    memcpy(&old, list, sizeof old);
    grown = old ? tp_resize(old, more * item) : tp_new(more * item);
    if (!grown) return false;
    memcpy(list, &grown, sizeof grown);
    *room = more;
    return true;
}

int tp_graph_find(const tp_graph *graph, const char *name) {
    return graph->table_size ? graph->table[slot_of(graph, name)] : -1;
}

int tp_graph_value_named(tp_graph *graph, const char *name) {
    int there = tp_graph_find(graph, name);
    if (there >= 0) return there;
    if (!grow(&graph->values, graph->value_count, &graph->value_room, sizeof *graph->values) ||
        !grow_table(graph))
        return -1;
    const char *copy = tp_arena_text(&graph->arena, name, strlen(name));
    if (!copy) return -1;
    int number = (int)graph->value_count++;
    graph->values[number] = (tp_graph_value){.name = copy, .last_use = -1, .shape = {.ndim = -1}};
    graph->table[slot_of(graph, copy)] = number;
    return number;
}

tp_tensor *tp_graph_take(tp_graph *graph, int value, tp_tensor *tensor, tp_graph_role role) {
    tp_graph_value *v = &graph->values[value];
    v->tensor = tp_own(tensor);
    v->owned = true;
    v->role = role;
    return tensor;
}

/* ---- nodes ---- */

tp_graph_node *tp_graph_add_node(tp_graph *graph, const char *op, size_t inputs, size_t outputs,
                                 size_t attributes) {
    tp_graph_node node = {.op = op, .name = "", .domain = ""};
    node.inputs = inputs;
    node.outputs = outputs;
    node.attributes = attributes;
    node.input = tp_arena_take(&graph->arena, (inputs + 1) * sizeof *node.input);
    node.output = tp_arena_take(&graph->arena, (outputs + 1) * sizeof *node.output);
    node.attribute = tp_arena_take(&graph->arena, (attributes + 1) * sizeof *node.attribute);
    if (!node.input || !node.output || !node.attribute ||
        !grow(&graph->nodes, graph->node_count, &graph->node_room, sizeof node))
        return NULL;
    graph->nodes[graph->node_count] = node;
    return &graph->nodes[graph->node_count++];
}

const tp_graph_attribute *tp_graph_attribute_of(const tp_graph_node *node, const char *name) {
    for (size_t i = 0; i < node->attributes; i++)
        if (strcmp(node->attribute[i].name, name) == 0) return &node->attribute[i];
    return NULL;
}

static const tp_graph_attribute *of_kind(const tp_graph_node *node, const char *name,
                                         tp_graph_attribute_kind kind) {
    const tp_graph_attribute *a = tp_graph_attribute_of(node, name);
    return a && a->kind == kind ? a : NULL;
}

int64_t tp_graph_int(const tp_graph_node *node, const char *name, int64_t otherwise) {
    const tp_graph_attribute *a = of_kind(node, name, TP_ATTRIBUTE_INT);
    return a ? a->i : otherwise;
}

double tp_graph_float(const tp_graph_node *node, const char *name, double otherwise) {
    const tp_graph_attribute *a = of_kind(node, name, TP_ATTRIBUTE_FLOAT);
    return a ? (double)a->f : otherwise;
}

const char *tp_graph_text(const tp_graph_node *node, const char *name, const char *otherwise) {
    const tp_graph_attribute *a = of_kind(node, name, TP_ATTRIBUTE_STRING);
    return a ? a->s : otherwise;
}

const int64_t *tp_graph_ints(const tp_graph_node *node, const char *name, size_t *count) {
    const tp_graph_attribute *a = of_kind(node, name, TP_ATTRIBUTE_INTS);
    *count = a ? a->count : 0;
    return a ? a->ints : NULL;
}
