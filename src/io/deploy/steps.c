/* The calls of the body: one or two for each node. */
#include "io/deploy/steps.h"

#include <string.h>

#include "base/alloc.h"

void tp_deploy_refuse(tp_deploy *d, const tp_graph_node *node, const char *why) {
    if (!d->failed)
        tp_fail(d->at, "export_c", TP_ERROR_UNSUPPORTED,
                tp_text("%s \"%.120s\": %s", node->op, node->name, why),
                "layers, activations, sums and joins of one sample", NULL);
    d->failed = true;
}

/* ---- what the steps share ---- */

const char *tp_step_operand(tp_deploy *d, const tp_graph_node *node, size_t i) {
    int value = d->root[node->input[i]];
    if (!tp_deploy_constant(d, value)) return tp_deploy_place(d, value);
    if (d->array[value] < 0) {
        float *values = tp_deploy_values(d, node, value);
        if (!values) return "0";
        d->array[value] = tp_deploy_floats(d, values, d->graph->values[value].tensor->numel);
        tp_delete(values);
    }
    return tp_text("a%d", d->array[value]);
}

double tp_step_exact(const tp_graph_node *node, const char *name, double otherwise) {
    const tp_graph_attribute *a = tp_graph_attribute_of(node, name);
    return a ? a->exact : otherwise;
}

float *tp_step_values_or(tp_deploy *d, const tp_graph_node *node, size_t i, int64_t count,
                         float otherwise) {
    if (node->inputs > i && node->input[i] >= 0) return tp_deploy_values(d, node, node->input[i]);
    float *values = tp_new((size_t)count * sizeof *values + 1);
    if (!values) {
        tp_fail_memory(d->at, "export_c", (size_t)count * sizeof *values);
        d->failed = true;
        return NULL;
    }
    for (int64_t k = 0; k < count; k++) values[k] = otherwise;
    return values;
}

tp_around tp_step_around(const tp_shape *shape, int dim, int end) {
    tp_around a = {1, 1, 1};
    for (int i = 0; i < shape->ndim; i++)
        *(i < dim ? &a.outer : i < end ? &a.n : &a.inner) *= shape->dims[i];
    return a;
}

/* ---- all of them ---- */

static tp_deploy_step *step_of(const char *op) {
    static const struct {
        const char *op;
        tp_deploy_step *step;
    } rows[] = {
#define STEP(op, step) {#op, tp_step_##step},
#include "io/deploy/steps.def"
#undef STEP
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, op) == 0) return rows[i].step;
    return NULL;
}

/* A function of one number. */
static void write_unary(tp_deploy *d, const tp_graph_node *node, int row) {
    const tp_deploy_unary *unary = tp_deploy_unary_at(row);
    d->unaries |= TP_DEPLOY_BIT(row);
    fprintf(d->body, "    %s(%s, %s, ", unary->name, tp_step_operand(d, node, 0), out(d, node));
    static const char *const names[] = {"p0", "p1"};
    for (int i = 0; i < unary->parameters; i++)
        fprintf(d->body, "(float)%.17g, ", tp_step_exact(node, names[i], 0));
    fprintf(d->body, "%lld);\n", size_out(d, node));
}

/* Constants in another shape need no step. */
bool tp_deploy_steps(tp_deploy *d) {
    for (size_t i = 0; !d->failed && i < d->graph->node_count; i++) {
        const tp_graph_node *node = &d->graph->nodes[i];
        int unary = tp_deploy_unary_of(node->op);
        tp_deploy_step *step = step_of(node->op);
        if (unary >= 0)
            write_unary(d, node, unary);
        else if (step)
            step(d, node);
        else
            tp_deploy_refuse(d, node, "an operation that exported C does not have");
    }
    return !d->failed;
}
