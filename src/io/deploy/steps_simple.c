/* Steps element by element, and those that move elements. */
#include <math.h>
#include <string.h>
#include <taper/ops/shape.h>

#include "base/alloc.h"
#include "io/deploy/steps.h"

static void simple(tp_deploy *d, const tp_graph_node *node, tp_deploy_function function,
                   const char *name) {
    use(d, function);
    fprintf(d->body, "    %s(%s, %s, %lld);\n", name, tp_step_operand(d, node, 0), out(d, node),
            size_out(d, node));
}

void tp_step_relu(tp_deploy *d, const tp_graph_node *node) {
    simple(d, node, TP_DEPLOY_RELU, "relu");
}

void tp_step_hard_swish(tp_deploy *d, const tp_graph_node *node) {
    simple(d, node, TP_DEPLOY_HARD_SWISH, "hard_swish");
}

void tp_step_hard_sigmoid(tp_deploy *d, const tp_graph_node *node) {
    if (fabs(tp_graph_float(node, "alpha", 0.2) - 1.0 / 6) > 1e-6)
        tp_deploy_refuse(d, node, "a slope other than 1/6");
    simple(d, node, TP_DEPLOY_HARD_SIGMOID, "hard_sigmoid");
}

/* The node that makes a value; NULL for the input. */
static const tp_graph_node *maker(const tp_deploy *d, int value) {
    for (size_t i = 0; i < d->graph->node_count; i++)
        if (d->graph->nodes[i].output[0] == value) return &d->graph->nodes[i];
    return NULL;
}

/* The library runs these two in the pass of a linear layer or convolution, by formulas that differ in the last bit. */
static bool behind_product(const tp_deploy *d, const tp_graph_node *node) {
    const tp_graph_node *before = maker(d, node->input[0]);
    return before && (strcmp(before->op, "Gemm") == 0 || strcmp(before->op, "Conv") == 0);
}

void tp_step_sigmoid(tp_deploy *d, const tp_graph_node *node) {
    if (behind_product(d, node))
        simple(d, node, TP_DEPLOY_SIGMOID_FUSED, "sigmoid_behind");
    else
        simple(d, node, TP_DEPLOY_SIGMOID, "sigmoid");
}

void tp_step_tanh(tp_deploy *d, const tp_graph_node *node) {
    if (behind_product(d, node))
        simple(d, node, TP_DEPLOY_TANH_FUSED, "tanh_behind");
    else
        simple(d, node, TP_DEPLOY_TANH, "tanh_all");
}

void tp_step_leaky_relu(tp_deploy *d, const tp_graph_node *node) {
    use(d, TP_DEPLOY_LEAKY_RELU);
    fprintf(d->body, "    leaky_relu(%s, %s, (float)%.17g, %lld);\n", tp_step_operand(d, node, 0),
            out(d, node), tp_graph_float(node, "alpha", 0.01), size_out(d, node));
}

void tp_step_clip(tp_deploy *d, const tp_graph_node *node) {
    double bounds[2] = {-3.4028234663852886e38, 3.4028234663852886e38};
    for (size_t i = 1; i < node->inputs; i++) {
        if (node->input[i] < 0) continue;
        float *bound = tp_deploy_values(d, node, node->input[i]);
        if (!bound) return;
        bounds[i - 1] = (double)bound[0];
        tp_delete(bound);
    }
    use(d, TP_DEPLOY_CLIP);
    fprintf(d->body, "    clip(%s, %s, (float)%.17g, (float)%.17g, %lld);\n",
            tp_step_operand(d, node, 0), out(d, node), bounds[0], bounds[1], size_out(d, node));
}

/* ---- two operands ---- */

/* How far apart neighbours of each dimension of y lie in an operand: 0 where it is repeated. */
static void steps_of(const tp_shape *x, const tp_shape *y, int64_t *step) {
    int64_t apart = 1;
    for (int i = y->ndim - 1; i >= 0; i--) {
        int k = i - (y->ndim - x->ndim);
        int64_t size = k < 0 ? 1 : x->dims[k];
        step[i] = size == 1 ? 0 : apart;
        apart *= size;
    }
}

/* The shape of an operand, which for a constant is that of its tensor. */
static tp_shape operand_shape(const tp_deploy *d, int value) {
    const tp_graph_value *v = &d->graph->values[value];
    return v->tensor ? tp_shape_copy(v->tensor) : v->shape;
}

void tp_step_two(tp_deploy *d, const tp_graph_node *node) {
    static const char *const names[] = {"Add", "Sub", "Mul", "Div", "Max", "Min"};
    int op = 0;
    while (strcmp(names[op], node->op) != 0) op++;
    tp_shape a = operand_shape(d, node->input[0]), b = operand_shape(d, node->input[1]);
    const tp_shape *y = shape_out(d, node);
    const char *first = tp_step_operand(d, node, 0), *second = tp_step_operand(d, node, 1);
    bool same = tp_shape_numel(a) == tp_shape_numel(*y) && tp_shape_numel(b) == tp_shape_numel(*y);
    if (same && (op == 0 || op == 2)) {
        use(d, op ? TP_DEPLOY_MULTIPLY : TP_DEPLOY_ADD);
        fprintf(d->body, "    %s(%s, %s, %s, %lld);\n", op ? "multiply" : "add", first, second,
                out(d, node), size_out(d, node));
        return;
    }
    int64_t step_a[TP_MAX_DIMS], step_b[TP_MAX_DIMS];
    steps_of(&a, y, step_a);
    steps_of(&b, y, step_b);
    int size = tp_deploy_ints(d, y->dims, y->ndim), at = tp_deploy_ints(d, step_a, y->ndim);
    int other = tp_deploy_ints(d, step_b, y->ndim);
    use(d, TP_DEPLOY_PAIRWISE);
    fprintf(d->body, "    pairwise(%d, %s, %s, %s, %lld, %d, a%d, a%d, a%d);\n", op, first, second,
            out(d, node), size_out(d, node), y->ndim, size, at, other);
}

/* The slopes come in the shape that broadcasts. */
void tp_step_prelu(tp_deploy *d, const tp_graph_node *node) {
    const tp_shape *x = shape_in(d, node);
    if (!tp_deploy_constant(d, node->input[1])) {
        tp_deploy_refuse(d, node, "slopes that are computed");
        return;
    }
    int64_t slopes = d->graph->values[d->root[node->input[1]]].tensor->numel;
    int64_t c = x->ndim > 1 ? x->dims[1] : 1, n = tp_deploy_count(d, node->input[0]) / c;
    use(d, TP_DEPLOY_PRELU);
    fprintf(d->body, "    prelu(%s, %s, %s, %d, %lld, %lld);\n", tp_step_operand(d, node, 0),
            out(d, node), tp_step_operand(d, node, 1), slopes > 1, (long long)c, (long long)n);
}

/* ---- parts and views ---- */

void tp_step_concat(tp_deploy *d, const tp_graph_node *node) {
    const tp_shape *y = shape_out(d, node);
    int axis = (int)tp_graph_int(node, "axis", 1);
    axis = axis < 0 ? axis + y->ndim : axis;
    tp_around whole = tp_step_around(y, axis, axis + 1);
    int64_t at = 0, step = whole.n * whole.inner;
    use(d, TP_DEPLOY_JOIN);
    for (size_t i = 0; i < node->inputs; i++) {
        int64_t n = tp_deploy_count(d, node->input[i]) / whole.outer;
        fprintf(d->body, "    join(%s, %s + %lld, %lld, %lld, %lld);\n",
                tp_step_operand(d, node, i), out(d, node), (long long)at, (long long)whole.outer,
                (long long)n, (long long)step);
        at += n;
    }
}

/* y in reading order by steps through x, from element `first` on. */
static void take(tp_deploy *d, const tp_graph_node *node, int64_t first, const int64_t *steps) {
    const tp_shape *y = shape_out(d, node);
    int size = tp_deploy_ints(d, y->dims, y->ndim), step = tp_deploy_ints(d, steps, y->ndim);
    use(d, TP_DEPLOY_TAKE);
    fprintf(d->body, "    take(%s + %lld, %s, %lld, %d, a%d, a%d);\n", tp_step_operand(d, node, 0),
            (long long)first, out(d, node), size_out(d, node), y->ndim, size, step);
}

void tp_step_transpose(tp_deploy *d, const tp_graph_node *node) {
    size_t count;
    const int64_t *order = tp_graph_ints(node, "perm", &count);
    int64_t steps[TP_MAX_DIMS], turned[TP_MAX_DIMS];
    steps_of(shape_in(d, node), shape_in(d, node), steps);
    for (size_t i = 0; i < count; i++) turned[i] = steps[order[i]];
    take(d, node, 0, turned);
}

void tp_step_expand(tp_deploy *d, const tp_graph_node *node) {
    int64_t steps[TP_MAX_DIMS];
    steps_of(shape_in(d, node), shape_out(d, node), steps);
    take(d, node, 0, steps);
}

/* A slice along one dimension, as the trace makes them. */
void tp_step_slice(tp_deploy *d, const tp_graph_node *node) {
    enum { START = 1, AXIS = 3, STEP };
    int64_t number[STEP + 1] = {0, 0, 0, 0, 1}, steps[TP_MAX_DIMS];
    for (size_t i = START; i < node->inputs; i++) {
        const tp_tensor *list = d->graph->values[node->input[i]].tensor;
        if (!list || list->numel != 1 || list->dtype != TP_INT64) {
            tp_deploy_refuse(d, node, "a slice along several dimensions");
            return;
        }
        number[i] = *(const int64_t *)(const void *)list->data;
    }
    steps_of(shape_in(d, node), shape_in(d, node), steps);
    int64_t apart = steps[number[AXIS]];
    steps[number[AXIS]] = apart * number[STEP];
    take(d, node, apart * number[START], steps);
}

/* Shares its operand's memory, but for the model's input. */
void tp_step_alias(tp_deploy *d, const tp_graph_node *node) {
    if (d->root[node->output[0]] == d->graph->inputs[0] &&
        node->output[0] == d->graph->outputs[0]) {
        use(d, TP_DEPLOY_COPY);
        fprintf(d->body, "    copy(input, output, %lld);\n", size_out(d, node));
    }
}
