/* Steps over rows: normalisation, softmax, sums. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "io/deploy/steps.h"

/* Batch normalisation: the same table of mean, scale and shift as in ops/batch_norm.c. */

void tp_step_batch_norm(tp_deploy *d, const tp_graph_node *node) {
    enum { WEIGHT, BIAS, MEAN, VARIANCE };
    int64_t c = shape_in(d, node)->dims[1], n = tp_deploy_count(d, node->input[0]) / c;
    double eps = tp_step_exact(node, "epsilon", 1e-5);
    float *table[4] = {NULL};
    bool fine = true;
    for (int i = 0; fine && i < 4; i++) {
        table[i] = tp_deploy_values(d, node, node->input[i + 1]);
        fine = table[i] != NULL;
    }
    for (int64_t i = 0; fine && i < c; i++) {
        double scale = 1 / sqrt((double)table[VARIANCE][i] + eps) * (double)table[WEIGHT][i];
        table[WEIGHT][i] = (float)scale; /* the mean is a float already: nothing of it is lost */
    }
    if (fine) {
        int mean = tp_deploy_floats(d, table[MEAN], c),
            scale = tp_deploy_floats(d, table[WEIGHT], c);
        int shift = tp_deploy_floats(d, table[BIAS], c);
        use(d, TP_DEPLOY_SCALE_SHIFT);
        fprintf(d->body, "    scale_shift(%s, %s, a%d, a%d, a%d, %lld, %lld);\n",
                tp_step_operand(d, node, 0), out(d, node), mean, scale, shift, (long long)c,
                (long long)n);
    }
    for (int i = 0; i < 4; i++) tp_delete(table[i]);
}

/* Arrays of weight and bias (n), ones and zeros where a layer has none. False after an error. */
static bool affine(tp_deploy *d, const tp_graph_node *node, int64_t n, int *weights, int *shifts) {
    float *weight = tp_step_values_or(d, node, 1, n, 1);
    float *bias = weight ? tp_step_values_or(d, node, 2, n, 0) : NULL;
    bool fine = weight && bias;
    if (fine) {
        *weights = tp_deploy_floats(d, weight, n);
        *shifts = tp_deploy_floats(d, bias, n);
    }
    tp_delete(weight);
    tp_delete(bias);
    return fine;
}

/* InstanceNormalization too: each channel is a group. */
void tp_step_group_norm(tp_deploy *d, const tp_graph_node *node) {
    bool alone = strcmp(node->op, "InstanceNormalization") == 0;
    int64_t c = shape_in(d, node)->dims[1], n = tp_deploy_count(d, node->input[0]) / c;
    int64_t groups = alone ? c : tp_graph_int(node, "groups", 1);
    int weights, shifts;
    if (!affine(d, node, c, &weights, &shifts)) return;
    use(d, TP_DEPLOY_GROUP_NORM);
    fprintf(d->body, "    group_norm(%s, %s, a%d, a%d, %lld, %lld, %lld, %.17g);\n",
            tp_step_operand(d, node, 0), out(d, node), weights, shifts, (long long)groups,
            (long long)(c / groups), (long long)n,
            tp_step_exact(node, alone ? "epsilon" : "eps", 1e-5));
}

void tp_step_layer_norm(tp_deploy *d, const tp_graph_node *node) {
    const tp_shape *x = shape_in(d, node);
    int axis = (int)tp_graph_int(node, "axis", -1);
    tp_around a = tp_step_around(x, axis < 0 ? axis + x->ndim : axis, x->ndim);
    int weights, shifts;
    if (!affine(d, node, a.n, &weights, &shifts)) return;
    use(d, TP_DEPLOY_LAYER_NORM);
    fprintf(d->body, "    layer_norm(%s, %s, a%d, a%d, %lld, %lld, %.17g);\n",
            tp_step_operand(d, node, 0), out(d, node), weights, shifts, (long long)a.outer,
            (long long)a.n, tp_step_exact(node, "epsilon", 1e-5));
}

/* ---- softmax and sums ---- */

void tp_step_softmax(tp_deploy *d, const tp_graph_node *node) {
    bool log = strcmp(node->op, "LogSoftmax") == 0;
    const tp_shape *x = shape_in(d, node);
    int axis = (int)tp_graph_int(node, "axis", -1);
    axis = axis < 0 ? axis + x->ndim : axis;
    tp_around a = tp_step_around(x, axis, axis + 1);
    if (a.inner > 1) {
        use(d, TP_DEPLOY_SOFTMAX_COLUMNS);
        fprintf(d->body, "    softmax_columns(%s, %s, %lld, %lld, %lld, %d);\n",
                tp_step_operand(d, node, 0), out(d, node), (long long)a.outer, (long long)a.n,
                (long long)a.inner, log);
        return;
    }
    use(d, log ? TP_DEPLOY_LOG_SOFTMAX : TP_DEPLOY_SOFTMAX);
    fprintf(d->body, "    %s(%s, %s, %lld, %lld);\n", log ? "log_softmax" : "softmax",
            tp_step_operand(d, node, 0), out(d, node), (long long)a.outer, (long long)a.n);
}

/* The dimensions that are reduced, as [*first, *end); false where others of more than one place stand between them. */
static bool reduced_range(const tp_shape *x, const int64_t *axes, size_t count, int *first,
                          int *end) {
    bool reduced[TP_MAX_DIMS] = {false};
    *first = x->ndim;
    *end = 0;
    for (size_t i = 0; i < count; i++) reduced[axes[i] < 0 ? axes[i] + x->ndim : axes[i]] = true;
    for (int i = 0; i < x->ndim; i++) {
        if (!reduced[i] || x->dims[i] == 1) continue;
        if (i < *first) *first = i;
        *end = i + 1;
    }
    for (int i = *first; i < *end; i++)
        if (!reduced[i] && x->dims[i] != 1) return false;
    if (*first >= *end) *first = *end = x->ndim;
    return true;
}

/* The axes: an attribute, or the second input. */
static const int64_t *axes_of(const tp_deploy *d, const tp_graph_node *node, size_t *count) {
    const int64_t *axes = tp_graph_ints(node, "axes", count);
    if (axes || node->inputs < 2) return axes;
    const tp_tensor *list = d->graph->values[node->input[1]].tensor;
    *count = list ? (size_t)list->numel : 0;
    return list ? (const int64_t *)(const void *)list->data : NULL;
}

/* Sums of many numbers are cut into parts in the library (from 2^16 of them on, for fewer than eight results); not so here. */
void tp_step_reduce(tp_deploy *d, const tp_graph_node *node) {
    size_t count = 0;
    int first, end;
    const int64_t *axes = axes_of(d, node, &count);
    const tp_shape *x = shape_in(d, node);
    if (!axes || !reduced_range(x, axes, count, &first, &end)) {
        tp_deploy_refuse(d, node, "a reduction over dimensions that are not neighbours");
        return;
    }
    tp_around a = tp_step_around(x, first, end);
    int kind = strcmp(node->op, "ReduceMax") == 0 ? 1 : strcmp(node->op, "ReduceMin") == 0 ? 2 : 0;
    use(d, TP_DEPLOY_REDUCE);
    fprintf(d->body, "    reduce(%s, %s, %d, %lld, %lld, %lld, %lld);\n",
            tp_step_operand(d, node, 0), out(d, node), kind, (long long)a.outer, (long long)a.n,
            (long long)a.inner, strcmp(node->op, "ReduceMean") == 0 ? (long long)a.n : 1);
}
