/* The calls of the body: one or two for each node. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "io/deploy/deploy.h"

void tp_deploy_refuse(tp_deploy *d, const tp_graph_node *node, const char *why) {
    if (!d->failed)
        tp_fail(
            d->at, "export_c", TP_ERROR_UNSUPPORTED,
            tp_text("%s \"%.120s\": %s", node->op, node->name, why),
            "linear and convolutional layers, pooling, batch norm, activations, flatten, softmax, sums and joins",
            NULL);
    d->failed = true;
}

static void use(tp_deploy *d, tp_deploy_function function) {
    d->functions |= (uint64_t)1 << function;
}

static const char *in(const tp_deploy *d, const tp_graph_node *node, size_t i) {
    return tp_deploy_place(d, node->input[i]);
}

static const char *out(const tp_deploy *d, const tp_graph_node *node) {
    return tp_deploy_place(d, node->output[0]);
}

static const tp_shape *shape_in(const tp_deploy *d, const tp_graph_node *node) {
    return &d->graph->values[node->input[0]].shape;
}

static const tp_shape *shape_out(const tp_deploy *d, const tp_graph_node *node) {
    return &d->graph->values[node->output[0]].shape;
}

static long long size_out(const tp_deploy *d, const tp_graph_node *node) {
    return (long long)tp_deploy_count(d, node->output[0]);
}

/* The node that makes a value; NULL for the input. */
static const tp_graph_node *maker(const tp_deploy *d, int value) {
    for (size_t i = 0; i < d->graph->node_count; i++)
        if (d->graph->nodes[i].output[0] == value) return &d->graph->nodes[i];
    return NULL;
}

/* ---- windows: H and W, H of 1 where there is one dimension ---- */

typedef struct window {
    int64_t c, h, w, oh, ow, kernel[2], stride[2], dilation[2], before[2];
} window;

static void fill(const tp_graph_node *node, const char *name, int dims, int64_t *to) {
    size_t count;
    const int64_t *list = tp_graph_ints(node, name, &count);
    for (int i = 0; list && i < dims; i++) to[2 - dims + i] = list[i];
}

static window window_of(const tp_deploy *d, const tp_graph_node *node) {
    const tp_shape *x = shape_in(d, node), *y = shape_out(d, node);
    int dims = x->ndim - 2;
    window v = {
        .c = x->dims[1], .h = 1, .oh = 1, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    v.w = x->dims[x->ndim - 1];
    v.ow = y->dims[y->ndim - 1];
    if (dims == 2) v.h = x->dims[2], v.oh = y->dims[2];
    fill(node, "kernel_shape", dims, v.kernel);
    fill(node, "strides", dims, v.stride);
    fill(node, "dilations", dims, v.dilation);
    fill(node, "pads", dims, v.before);
    return v;
}

/* Zeros where a layer has no bias, as the library adds them too. NULL after an error. */
static float *bias_of(tp_deploy *d, const tp_graph_node *node, int64_t count) {
    if (node->inputs > 2) return tp_deploy_values(d, node, node->input[2]);
    float *zeros = tp_new((size_t)count * sizeof *zeros + 1);
    if (zeros) return zeros;
    tp_fail_memory(d->at, "export_c", (size_t)count * sizeof *zeros);
    d->failed = true;
    return NULL;
}

/* Weights, bias and the call of a convolution or linear layer; in int8 where that is wanted. */
static void product(tp_deploy *d, tp_deploy_product p, const tp_deploy_function integers,
                    const char *more) {
    float *weight = tp_deploy_values(d, p.node, p.node->input[1]);
    float *bias = weight ? bias_of(d, p.node, p.outputs) : NULL;
    if (weight && bias && d->args->int8) {
        p.weight = weight;
        p.bias = bias;
        use(d, TP_DEPLOY_QUANTIZE);
        use(d, integers);
        tp_deploy_int8(d, &p);
    } else if (weight && bias) {
        int w = tp_deploy_floats(d, weight, p.outputs * p.each);
        int b = tp_deploy_floats(d, bias, p.outputs);
        use(d, p.function);
        fprintf(d->body, "    %s(%s, %s, a%d, a%d, %s%s);\n", p.name, in(d, p.node, 0),
                out(d, p.node), w, b, p.sizes, more);
    }
    tp_delete(weight);
    tp_delete(bias);
}

static void conv(tp_deploy *d, const tp_graph_node *node) {
    window v = window_of(d, node);
    int64_t groups = tp_graph_int(node, "group", 1);
    int64_t outputs = shape_out(d, node)->dims[1], c = v.c / groups;
    const char *sizes = tp_text(
        "%lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld",
        (long long)groups, (long long)c, (long long)v.h, (long long)v.w,
        (long long)(outputs / groups), (long long)v.oh, (long long)v.ow, (long long)v.kernel[0],
        (long long)v.kernel[1], (long long)v.stride[0], (long long)v.stride[1],
        (long long)v.dilation[0], (long long)v.dilation[1], (long long)v.before[0],
        (long long)v.before[1]);
    char kept[400];
    snprintf(kept, sizeof kept, "%s", sizes);
    product(d,
            (tp_deploy_product){.node = node,
                                .outputs = outputs,
                                .each = c * v.kernel[0] * v.kernel[1],
                                .sizes = kept,
                                .function = TP_DEPLOY_CONV,
                                .name = "conv"},
            TP_DEPLOY_CONV_INT8, "");
}

/* Elements of k that the library's product of one row adds up in one go: see gemm_plan.h. 0: all, in one line. */
static int64_t block_of(int64_t n, int64_t k) {
    enum { LANES = 4, SMALL_K = 32, DOT_K = 800 };
    if ((n <= LANES && k <= SMALL_K) || k < LANES) return 0;
    int64_t blocks = (k + DOT_K - 1) / DOT_K;
    return ((k + blocks - 1) / blocks + LANES - 1) / LANES * LANES;
}

static void gemm(tp_deploy *d, const tp_graph_node *node) {
    int64_t k = shape_in(d, node)->dims[1], n = shape_out(d, node)->dims[1];
    if (!tp_graph_int(node, "transB", 0) || tp_graph_int(node, "transA", 0) ||
        shape_in(d, node)->dims[0] != 1) {
        tp_deploy_refuse(d, node, "a product that is no linear layer");
        return;
    }
    char sizes[80], more[32];
    snprintf(sizes, sizeof sizes, "%lld, %lld", (long long)n, (long long)k);
    snprintf(more, sizeof more, ", %lld", (long long)block_of(n, k));
    product(d,
            (tp_deploy_product){.node = node,
                                .outputs = n,
                                .each = k,
                                .sizes = sizes,
                                .function = TP_DEPLOY_DENSE,
                                .name = "dense"},
            TP_DEPLOY_DENSE_INT8, more);
}

static void max_pool(tp_deploy *d, const tp_graph_node *node) {
    window v = window_of(d, node);
    use(d, TP_DEPLOY_MAX_POOL);
    fprintf(
        d->body,
        "    max_pool(%s, %s, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld);\n",
        in(d, node, 0), out(d, node), (long long)v.c, (long long)v.h, (long long)v.w,
        (long long)v.oh, (long long)v.ow, (long long)v.kernel[0], (long long)v.kernel[1],
        (long long)v.stride[0], (long long)v.stride[1], (long long)v.dilation[0],
        (long long)v.dilation[1], (long long)v.before[0], (long long)v.before[1]);
}

static void average_pool(tp_deploy *d, const tp_graph_node *node) {
    window v = window_of(d, node);
    use(d, TP_DEPLOY_AVERAGE_POOL);
    fprintf(
        d->body,
        "    average_pool(%s, %s, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %d);\n",
        in(d, node, 0), out(d, node), (long long)v.c, (long long)v.h, (long long)v.w,
        (long long)v.oh, (long long)v.ow, (long long)v.kernel[0], (long long)v.kernel[1],
        (long long)v.stride[0], (long long)v.stride[1], (long long)v.before[0],
        (long long)v.before[1], tp_graph_int(node, "count_include_pad", 0) == 0);
}

static void global_pool(tp_deploy *d, const tp_graph_node *node) {
    bool largest = strcmp(node->op, "GlobalMaxPool") == 0;
    int64_t c = shape_in(d, node)->dims[1], n = tp_deploy_count(d, node->input[0]) / c;
    use(d, largest ? TP_DEPLOY_GLOBAL_MAX : TP_DEPLOY_GLOBAL_AVERAGE);
    fprintf(d->body, "    %s(%s, %s, %lld, %lld);\n", largest ? "global_max" : "global_average",
            in(d, node, 0), out(d, node), (long long)c, (long long)n);
}

/* ---- batch normalisation: the same table of mean, scale and shift as in ops/batch_norm.c ---- */

static void batch_norm(tp_deploy *d, const tp_graph_node *node) {
    enum { WEIGHT, BIAS, MEAN, VARIANCE };
    int64_t c = shape_in(d, node)->dims[1], n = tp_deploy_count(d, node->input[0]) / c;
    double eps = tp_graph_float(node, "epsilon", 1e-5);
    const tp_graph_attribute *exact = tp_graph_attribute_of(node, "epsilon");
    if (exact) eps = exact->exact;
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
        fprintf(d->body, "    scale_shift(%s, %s, a%d, a%d, a%d, %lld, %lld);\n", in(d, node, 0),
                out(d, node), mean, scale, shift, (long long)c, (long long)n);
    }
    for (int i = 0; i < 4; i++) tp_delete(table[i]);
}

/* ---- element by element ---- */

static void simple(tp_deploy *d, const tp_graph_node *node, tp_deploy_function function,
                   const char *name) {
    use(d, function);
    fprintf(d->body, "    %s(%s, %s, %lld);\n", name, in(d, node, 0), out(d, node),
            size_out(d, node));
}

static void relu(tp_deploy *d, const tp_graph_node *node) {
    simple(d, node, TP_DEPLOY_RELU, "relu");
}

static void hard_swish(tp_deploy *d, const tp_graph_node *node) {
    simple(d, node, TP_DEPLOY_HARD_SWISH, "hard_swish");
}

static void hard_sigmoid(tp_deploy *d, const tp_graph_node *node) {
    if (fabs(tp_graph_float(node, "alpha", 0.2) - 1.0 / 6) > 1e-6)
        tp_deploy_refuse(d, node, "a slope other than 1/6");
    simple(d, node, TP_DEPLOY_HARD_SIGMOID, "hard_sigmoid");
}

/* The library runs these two in the pass of a linear layer or convolution, by formulas that differ in the last bit. */
static bool behind_product(const tp_deploy *d, const tp_graph_node *node) {
    const tp_graph_node *before = maker(d, node->input[0]);
    return before && (strcmp(before->op, "Gemm") == 0 || strcmp(before->op, "Conv") == 0);
}

static void sigmoid(tp_deploy *d, const tp_graph_node *node) {
    if (behind_product(d, node))
        simple(d, node, TP_DEPLOY_SIGMOID_FUSED, "sigmoid_behind");
    else
        simple(d, node, TP_DEPLOY_SIGMOID, "sigmoid");
}

static void tanh_(tp_deploy *d, const tp_graph_node *node) {
    if (behind_product(d, node))
        simple(d, node, TP_DEPLOY_TANH_FUSED, "tanh_behind");
    else
        simple(d, node, TP_DEPLOY_TANH, "tanh_all");
}

static void leaky_relu(tp_deploy *d, const tp_graph_node *node) {
    use(d, TP_DEPLOY_LEAKY_RELU);
    fprintf(d->body, "    leaky_relu(%s, %s, (float)%.17g, %lld);\n", in(d, node, 0), out(d, node),
            tp_graph_float(node, "alpha", 0.01), size_out(d, node));
}

static void clip(tp_deploy *d, const tp_graph_node *node) {
    double bounds[2] = {-3.4028234663852886e38, 3.4028234663852886e38};
    for (size_t i = 1; i < node->inputs; i++) {
        if (node->input[i] < 0) continue;
        float *bound = tp_deploy_values(d, node, node->input[i]);
        if (!bound) return;
        bounds[i - 1] = (double)bound[0];
        tp_delete(bound);
    }
    use(d, TP_DEPLOY_CLIP);
    fprintf(d->body, "    clip(%s, %s, (float)%.17g, (float)%.17g, %lld);\n", in(d, node, 0),
            out(d, node), bounds[0], bounds[1], size_out(d, node));
}

static void two(tp_deploy *d, const tp_graph_node *node) {
    bool sum = strcmp(node->op, "Add") == 0;
    int64_t n = tp_deploy_count(d, node->output[0]);
    if (d->graph->values[node->input[0]].tensor || d->graph->values[node->input[1]].tensor ||
        tp_deploy_count(d, node->input[0]) != n || tp_deploy_count(d, node->input[1]) != n) {
        tp_deploy_refuse(d, node, "operands of different shapes, or constants");
        return;
    }
    use(d, sum ? TP_DEPLOY_ADD : TP_DEPLOY_MULTIPLY);
    fprintf(d->body, "    %s(%s, %s, %s, %lld);\n", sum ? "add" : "multiply", in(d, node, 0),
            in(d, node, 1), out(d, node), (long long)n);
}

/* One sample: parts along the channels lie one after the other. */
static void concat(tp_deploy *d, const tp_graph_node *node) {
    if (tp_graph_int(node, "axis", 1) != 1) {
        tp_deploy_refuse(d, node, "a join along another dimension than the channels");
        return;
    }
    int64_t at = 0;
    use(d, TP_DEPLOY_COPY);
    for (size_t i = 0; i < node->inputs; i++) {
        int64_t n = tp_deploy_count(d, node->input[i]);
        fprintf(d->body, "    copy(%s, %s + %lld, %lld);\n", in(d, node, i), out(d, node),
                (long long)at, (long long)n);
        at += n;
    }
}

static void softmax(tp_deploy *d, const tp_graph_node *node) {
    bool log = strcmp(node->op, "LogSoftmax") == 0;
    const tp_shape *x = shape_in(d, node);
    int64_t axis = tp_graph_int(node, "axis", -1), n = x->dims[x->ndim - 1];
    if (axis != -1 && axis != x->ndim - 1) {
        tp_deploy_refuse(d, node, "a softmax along another dimension than the last");
        return;
    }
    use(d, log ? TP_DEPLOY_LOG_SOFTMAX : TP_DEPLOY_SOFTMAX);
    fprintf(d->body, "    %s(%s, %s, %lld, %lld);\n", log ? "log_softmax" : "softmax",
            in(d, node, 0), out(d, node), size_out(d, node) / (long long)n, (long long)n);
}

/* Shares its operand's memory, but for the model's input. */
static void alias(tp_deploy *d, const tp_graph_node *node) {
    if (d->root[node->output[0]] == d->graph->inputs[0] &&
        node->output[0] == d->graph->outputs[0]) {
        use(d, TP_DEPLOY_COPY);
        fprintf(d->body, "    copy(input, output, %lld);\n", size_out(d, node));
    }
}

typedef void (*emitter)(tp_deploy *d, const tp_graph_node *node);

static emitter emitter_of(const char *op) {
    static const struct {
        const char *op;
        emitter emit;
    } rows[] = {{"Conv", conv},
                {"Gemm", gemm},
                {"MaxPool", max_pool},
                {"AveragePool", average_pool},
                {"GlobalAveragePool", global_pool},
                {"GlobalMaxPool", global_pool},
                {"BatchNormalization", batch_norm},
                {"Relu", relu},
                {"LeakyRelu", leaky_relu},
                {"Clip", clip},
                {"HardSwish", hard_swish},
                {"HardSigmoid", hard_sigmoid},
                {"Sigmoid", sigmoid},
                {"Tanh", tanh_},
                {"Add", two},
                {"Mul", two},
                {"Concat", concat},
                {"Softmax", softmax},
                {"LogSoftmax", softmax},
                {"Flatten", alias},
                {"Reshape", alias},
                {"Identity", alias},
                {"Squeeze", alias},
                {"Unsqueeze", alias}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, op) == 0) return rows[i].emit;
    return NULL;
}

bool tp_deploy_steps(tp_deploy *d) {
    for (size_t i = 0; !d->failed && i < d->graph->node_count; i++) {
        const tp_graph_node *node = &d->graph->nodes[i];
        emitter emit = emitter_of(node->op);
        if (emit)
            emit(d, node);
        else
            tp_deploy_refuse(d, node, "an operation that exported C does not have");
    }
    return !d->failed;
}
