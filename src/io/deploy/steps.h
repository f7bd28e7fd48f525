/* What the writers of single steps share: one step is the call, or the few calls, of one node. */
#ifndef TP_IO_DEPLOY_STEPS_H
#define TP_IO_DEPLOY_STEPS_H

#include "io/deploy/deploy.h"

typedef void tp_deploy_step(tp_deploy *d, const tp_graph_node *node);
#define STEP(op, step) tp_deploy_step tp_step_##step;
#include "io/deploy/steps.def"
#undef STEP

/* Notes that the file needs a function. */
static inline void use(tp_deploy *d, tp_deploy_function function) {
    d->functions |= TP_DEPLOY_BIT(function);
}

/* "input", "work + 784" or, for a constant, "a3", which is written at its first use. */
const char *tp_step_operand(tp_deploy *d, const tp_graph_node *node, size_t i);

static inline const char *out(const tp_deploy *d, const tp_graph_node *node) {
    return tp_deploy_place(d, node->output[0]);
}

static inline const tp_shape *shape_in(const tp_deploy *d, const tp_graph_node *node) {
    return &d->graph->values[node->input[0]].shape;
}

static inline const tp_shape *shape_out(const tp_deploy *d, const tp_graph_node *node) {
    return &d->graph->values[node->output[0]].shape;
}

static inline long long size_out(const tp_deploy *d, const tp_graph_node *node) {
    return (long long)tp_deploy_count(d, node->output[0]);
}

/* An option with all its digits. */
double tp_step_exact(const tp_graph_node *node, const char *name, double otherwise);
/* The values of input i, or the same number everywhere where there is none; freed by tp_delete(). NULL after an error, reported. */
float *tp_step_values_or(tp_deploy *d, const tp_graph_node *node, size_t i, int64_t count,
                         float otherwise);
/* (outer, n, inner) around dimension `dim` to `end` of a shape. */
typedef struct tp_around {
    int64_t outer, n, inner;
} tp_around;
tp_around tp_step_around(const tp_shape *shape, int dim, int end);

#endif
