/* Where values lie: aliases share the memory of what they are made from, and memory is used again when nobody reads it any more. */
#include <string.h>

#include "base/alloc.h"
#include "io/deploy/deploy.h"

enum { NOWHERE = -1, INPUT = -2, OUTPUT = -3 };

static bool is_alias(const tp_graph_node *node) {
    static const char *const names[] = {"Flatten", "Reshape", "Identity", "Squeeze", "Unsqueeze"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(node->op, names[i]) == 0) return true;
    return false;
}

int64_t tp_deploy_count(const tp_deploy *d, int value) {
    const tp_shape *shape = &d->graph->values[value].shape;
    int64_t count = shape->ndim < 0 ? -1 : 1;
    for (int i = 0; i < shape->ndim; i++) count *= shape->dims[i];
    return count;
}

bool tp_deploy_constant(const tp_deploy *d, int value) {
    return d->graph->values[d->root[value]].tensor != NULL;
}

const char *tp_deploy_place(const tp_deploy *d, int value) {
    int64_t at = d->offset[d->root[value]];
    if (at == INPUT) return "input";
    if (at == OUTPUT) return "output";
    return at ? tp_text("work + %lld", (long long)at) : "work";
}

/* Whether [at, at + count) is free of all values that live while the new one does. */
typedef struct life {
    int first, last; /* nodes */
} life;

static bool free_at(const tp_deploy *d, const life *lives, int value, int64_t at, int64_t count,
                    int64_t *next) {
    for (int v = 0; v < (int)d->graph->value_count; v++) {
        if (v == value || d->root[v] != v || d->offset[v] < 0) continue;
        bool together = lives[v].first <= lives[value].last && lives[value].first <= lives[v].last;
        int64_t end = d->offset[v] + tp_deploy_count(d, v);
        if (!together || end <= at || d->offset[v] >= at + count) continue;
        *next = end;
        return false;
    }
    return true;
}

/* The lowest place that is free. */
static void give_place(tp_deploy *d, const life *lives, int value) {
    int64_t count = (tp_deploy_count(d, value) + 3) / 4 * 4, at = 0;
    while (!free_at(d, lives, value, at, count, &at)) {}
    d->offset[value] = at;
    if (at + count > d->room) d->room = at + count;
}

static void find_roots(tp_deploy *d) {
    const tp_graph *graph = d->graph;
    for (size_t v = 0; v < graph->value_count; v++) {
        d->root[v] = (int)v;
        d->offset[v] = NOWHERE;
        d->array[v] = -1;
    }
    for (size_t i = 0; i < graph->node_count; i++)
        if (is_alias(&graph->nodes[i]))
            d->root[graph->nodes[i].output[0]] = d->root[graph->nodes[i].input[0]];
}

static void find_lives(const tp_deploy *d, life *lives) {
    const tp_graph *graph = d->graph;
    for (size_t v = 0; v < graph->value_count; v++) lives[v] = (life){-1, -1};
    for (size_t i = 0; i < graph->node_count; i++) {
        const tp_graph_node *node = &graph->nodes[i];
        for (size_t k = 0; k < node->inputs; k++)
            if (node->input[k] >= 0) lives[d->root[node->input[k]]].last = (int)i;
        int made = d->root[node->output[0]];
        if (lives[made].first < 0) lives[made].first = (int)i;
        if (lives[made].last < (int)i) lives[made].last = (int)i;
    }
}

bool tp_deploy_plan(tp_deploy *d) {
    const tp_graph *graph = d->graph;
    life *lives = tp_new((graph->value_count + 1) * sizeof *lives);
    d->root = tp_new((graph->value_count + 1) * sizeof *d->root);
    d->offset = tp_new((graph->value_count + 1) * sizeof *d->offset);
    d->scale = tp_new((graph->value_count + 1) * sizeof *d->scale);
    d->array = tp_new((graph->value_count + 1) * sizeof *d->array);
    bool fine = lives && d->root && d->offset && d->scale && d->array;
    if (!fine) tp_fail_memory(d->at, "export_c", graph->value_count * sizeof *lives);
    if (fine) {
        find_roots(d);
        find_lives(d, lives);
        d->offset[graph->inputs[0]] = INPUT;
        int output = d->root[graph->outputs[0]];
        if (d->offset[output] == NOWHERE) d->offset[output] = OUTPUT;
    }
    for (size_t i = 0; fine && i < graph->node_count; i++) {
        int value = d->root[graph->nodes[i].output[0]];
        if (tp_deploy_count(d, graph->nodes[i].output[0]) < 0) {
            tp_deploy_refuse(d, &graph->nodes[i], "a result whose size is not known");
            fine = false;
        } else if (d->offset[value] == NOWHERE && !tp_deploy_constant(d, value)) {
            give_place(d, lives, value);
        }
    }
    tp_delete(lives);
    return fine;
}
