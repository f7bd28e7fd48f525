/* Steps with weights: convolutions and linear layers. */
#include "base/alloc.h"
#include "io/deploy/window.h"

/* Bias as the convolutions of the library begin with it: 0 for -0. */
static int bias_array(tp_deploy *d, float *bias, int64_t n) {
    for (int64_t i = 0; i < n; i++) bias[i] += 0;
    return tp_deploy_floats(d, bias, n);
}

/* Weights, bias and the call of a convolution or linear layer; in int8 where that is wanted. */
static void product(tp_deploy *d, tp_deploy_product p, tp_deploy_function integers,
                    const char *more) {
    float *weight = tp_deploy_values(d, p.node, p.node->input[1]);
    float *bias = weight ? tp_step_values_or(d, p.node, 2, p.outputs, 0) : NULL;
    if (weight && bias && d->args->int8) {
        p.weight = weight;
        p.bias = bias;
        use(d, TP_DEPLOY_QUANTIZE);
        use(d, integers);
        tp_deploy_int8(d, &p);
    } else if (weight && bias) {
        int w = tp_deploy_floats(d, weight, p.outputs * p.each);
        int b = bias_array(d, bias, p.outputs);
        use(d, p.function);
        fprintf(d->body, "    %s(%s, %s, a%d, a%d, %s%s);\n", p.name, tp_step_operand(d, p.node, 0),
                out(d, p.node), w, b, p.sizes, more);
    }
    tp_delete(weight);
    tp_delete(bias);
}

/* The last arguments of conv and conv_transpose: c and o are channels of one group. */
static void conv_sizes(const window *v, int64_t groups, int64_t c, int64_t o, char *text,
                       size_t size) {
    snprintf(
        text, size,
        "%lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld",
        (long long)groups, (long long)c, (long long)v->h, (long long)v->w, (long long)o,
        (long long)v->oh, (long long)v->ow, (long long)v->kernel[0], (long long)v->kernel[1],
        (long long)v->stride[0], (long long)v->stride[1], (long long)v->dilation[0],
        (long long)v->dilation[1], (long long)v->before[0], (long long)v->before[1]);
}

void tp_step_conv(tp_deploy *d, const tp_graph_node *node) {
    window v = tp_step_window(d, node);
    int64_t groups = tp_graph_int(node, "group", 1);
    int64_t outputs = shape_out(d, node)->dims[1], c = v.c / groups;
    char sizes[400];
    conv_sizes(&v, groups, c, outputs / groups, sizes, sizeof sizes);
    product(d,
            (tp_deploy_product){.node = node,
                                .outputs = outputs,
                                .each = c * v.kernel[0] * v.kernel[1],
                                .sizes = sizes,
                                .function = TP_DEPLOY_CONV,
                                .name = "conv"},
            TP_DEPLOY_CONV_INT8, "");
}

/* In float, in a file of whole numbers too. */
void tp_step_conv_transpose(tp_deploy *d, const tp_graph_node *node) {
    window v = tp_step_window(d, node);
    int64_t groups = tp_graph_int(node, "group", 1);
    int64_t outputs = shape_out(d, node)->dims[1], o = outputs / groups, c = v.c / groups;
    char sizes[400];
    conv_sizes(&v, groups, c, o, sizes, sizeof sizes);
    float *weight = tp_deploy_values(d, node, node->input[1]);
    float *bias = weight ? tp_step_values_or(d, node, 2, outputs, 0) : NULL;
    if (weight && bias) {
        int w = tp_deploy_floats(d, weight, v.c * o * v.kernel[0] * v.kernel[1]);
        int b = bias_array(d, bias, outputs);
        use(d, TP_DEPLOY_CONV_TRANSPOSE);
        fprintf(d->body, "    conv_transpose(%s, %s, a%d, a%d, %s);\n", tp_step_operand(d, node, 0),
                out(d, node), w, b, sizes);
    }
    tp_delete(weight);
    tp_delete(bias);
}

/* Elements of k that the baseline adds up in one go: see gemm_plan.h. 0: all, in one line. */
static int64_t block_of(int64_t k) {
    enum { LANES = 4, DOT_K = 800 };
    if (k < LANES) return 0;
    int64_t blocks = (k + DOT_K - 1) / DOT_K;
    return ((k + blocks - 1) / blocks + LANES - 1) / LANES * LANES;
}

void tp_step_gemm(tp_deploy *d, const tp_graph_node *node) {
    int64_t k = shape_in(d, node)->dims[1], n = shape_out(d, node)->dims[1];
    if (!tp_graph_int(node, "transB", 0) || tp_graph_int(node, "transA", 0) ||
        shape_in(d, node)->dims[0] != 1) {
        tp_deploy_refuse(d, node, "a product that is no linear layer");
        return;
    }
    char sizes[80], more[32];
    snprintf(sizes, sizeof sizes, "%lld, %lld", (long long)n, (long long)k);
    snprintf(more, sizeof more, ", %lld", (long long)block_of(k));
    product(d,
            (tp_deploy_product){.node = node,
                                .outputs = n,
                                .each = k,
                                .sizes = sizes,
                                .function = TP_DEPLOY_DENSE,
                                .name = "dense"},
            TP_DEPLOY_DENSE_INT8, more);
}
