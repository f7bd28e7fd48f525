/* Activations, reductions and products in ONNX. */
#include <math.h>
#include <taper/ops/matmul.h>

#include "io/graph/emit.h"
#include "io/graph/rows.h"

/* name(x) as a new value */
static int through(tp_trace *trace, const char *name, int x) {
    int y = tp_trace_between(trace);
    TP_TRACE_ADD(trace, name, y, x);
    return y;
}

/* x op number as a new value */
static int with_number(tp_trace *trace, const char *name, int x, double number) {
    int y = tp_trace_between(trace), other = tp_trace_number(trace, number);
    TP_TRACE_ADD(trace, name, y, x, other);
    return y;
}

/* ---- activations ---- */

/* One parameter of unary.def as an attribute. */
static void one_parameter(tp_trace *trace, const char *name, const char *attribute) {
    double p = tp_trace_real(trace, TP_NOTED_NUMBER);
    tp_trace_float(trace, tp_emit_same(trace, name), attribute, p);
}

void tp_emit_elu(tp_trace *trace) { one_parameter(trace, "Elu", "alpha"); }

void tp_emit_celu(tp_trace *trace) { one_parameter(trace, "Celu", "alpha"); }

/* Beyond +-p0 x, moved towards 0 by the same in the soft form; 0 between. */
void tp_emit_shrink(tp_trace *trace) {
    double p = tp_trace_real(trace, TP_NOTED_NUMBER);
    tp_graph_node *node = tp_emit_same(trace, "Shrink");
    tp_trace_float(trace, node, "lambd", p);
    tp_trace_float(trace, node, "bias", trace->node->op == &tp_op_softshrink ? p : 0);
}

void tp_emit_tanhshrink(tp_trace *trace) {
    int x = tp_trace_in(trace, 0), tanh = through(trace, "Tanh", x);
    TP_TRACE_ADD(trace, "Sub", tp_trace_out(trace, 0), x, tanh);
}

/* x above p0, else p1 */
void tp_emit_threshold(tp_trace *trace) {
    int x = tp_trace_in(trace, 0);
    int above = with_number(trace, "Greater", x, tp_trace_real(trace, TP_NOTED_NUMBER));
    int other = tp_trace_number(trace, tp_trace_real(trace, TP_NOTED_NUMBER + 1));
    TP_TRACE_ADD(trace, "Where", tp_trace_out(trace, 0), above, x, other);
}

/* The weight is already in a shape that broadcasts. */
void tp_emit_prelu(tp_trace *trace) {
    int x = tp_trace_in(trace, 0), weight = tp_trace_in(trace, 1);
    TP_TRACE_ADD(trace, "PRelu", tp_trace_out(trace, 0), x, weight);
}

void tp_emit_add_relu(tp_trace *trace) {
    int a = tp_trace_in(trace, 0), b = tp_trace_in(trace, 1), sum = tp_trace_before_result(trace);
    TP_TRACE_ADD(trace, "Add", sum, a, b);
    TP_TRACE_ADD(trace, "Relu", tp_trace_out(trace, 0), sum);
}

void tp_emit_leaky_relu(tp_trace *trace) { one_parameter(trace, "LeakyRelu", "alpha"); }

/* x / 6 + 1 / 2 between 0 and 1 */
void tp_emit_hard_sigmoid(tp_trace *trace) {
    tp_graph_node *node = tp_emit_same(trace, "HardSigmoid");
    tp_trace_float(trace, node, "alpha", 1.0 / 6);
    tp_trace_float(trace, node, "beta", 0.5);
}

static void clip(tp_trace *trace, double low, double high) {
    int x = tp_trace_in(trace, 0);
    int least = isfinite(low) ? tp_trace_number(trace, low) : -1;
    int most = isfinite(high) ? tp_trace_number(trace, high) : -1;
    TP_TRACE_ADD(trace, "Clip", tp_trace_out(trace, 0), x, least, most);
}

void tp_emit_clip(tp_trace *trace) {
    clip(trace, tp_trace_real(trace, TP_NOTED_NUMBER), tp_trace_real(trace, TP_NOTED_NUMBER + 1));
}

void tp_emit_relu6(tp_trace *trace) { clip(trace, 0, 6); }

/* x sigmoid(x) */
void tp_emit_silu(tp_trace *trace) {
    int x = tp_trace_in(trace, 0), s = through(trace, "Sigmoid", x);
    TP_TRACE_ADD(trace, "Mul", tp_trace_out(trace, 0), x, s);
}

/* -log(1 + exp(-x)) */
void tp_emit_log_sigmoid(tp_trace *trace) {
    int minus = through(trace, "Neg", tp_trace_in(trace, 0));
    int log = through(trace, "Softplus", minus);
    TP_TRACE_ADD(trace, "Neg", tp_trace_out(trace, 0), log);
}

/* x tanh(log(1 + exp(x))) */
void tp_emit_mish(tp_trace *trace) {
    int x = tp_trace_in(trace, 0), log = through(trace, "Softplus", x);
    int tanh = through(trace, "Tanh", log);
    TP_TRACE_ADD(trace, "Mul", tp_trace_out(trace, 0), x, tanh);
}

/* x / 2 (1 + erf(x / sqrt(2))) */
void tp_emit_gelu(tp_trace *trace) {
    int x = tp_trace_in(trace, 0), scaled = with_number(trace, "Mul", x, 0.70710678118654752440);
    int one_more = with_number(trace, "Add", through(trace, "Erf", scaled), 1);
    int half = with_number(trace, "Mul", x, 0.5);
    TP_TRACE_ADD(trace, "Mul", tp_trace_out(trace, 0), half, one_more);
}

/* x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
void tp_emit_gelu_tanh(tp_trace *trace) {
    int x = tp_trace_in(trace, 0);
    int square = tp_trace_between(trace), cube = tp_trace_between(trace);
    TP_TRACE_ADD(trace, "Mul", square, x, x);
    TP_TRACE_ADD(trace, "Mul", cube, square, x);
    int small = with_number(trace, "Mul", cube, 0.044715), sum = tp_trace_between(trace);
    TP_TRACE_ADD(trace, "Add", sum, x, small);
    int scaled = with_number(trace, "Mul", sum, 0.79788456080286535588);
    int one_more = with_number(trace, "Add", through(trace, "Tanh", scaled), 1);
    int half = with_number(trace, "Mul", x, 0.5);
    TP_TRACE_ADD(trace, "Mul", tp_trace_out(trace, 0), half, one_more);
}

/* log(1 + exp(beta x)) / beta; beyond the threshold both forms agree to the last bit or nearly so */
void tp_emit_softplus(tp_trace *trace) {
    double beta = tp_trace_real(trace, TP_NOTED_NUMBER);
    if (beta == 1) {
        tp_emit_same(trace, "Softplus");
        return;
    }
    int scaled = with_number(trace, "Mul", tp_trace_in(trace, 0), beta);
    int log = through(trace, "Softplus", scaled), over = tp_trace_number(trace, beta);
    TP_TRACE_ADD(trace, "Div", tp_trace_out(trace, 0), log, over);
}

void tp_emit_rsqrt(tp_trace *trace) {
    int root = through(trace, "Sqrt", tp_trace_in(trace, 0));
    TP_TRACE_ADD(trace, "Reciprocal", tp_trace_out(trace, 0), root);
}

void tp_emit_square(tp_trace *trace) {
    int x = tp_trace_in(trace, 0);
    TP_TRACE_ADD(trace, "Mul", tp_trace_out(trace, 0), x, x);
}

void tp_emit_cube(tp_trace *trace) {
    int x = tp_trace_in(trace, 0), square = tp_trace_between(trace);
    TP_TRACE_ADD(trace, "Mul", square, x, x);
    TP_TRACE_ADD(trace, "Mul", tp_trace_out(trace, 0), square, x);
}

void tp_emit_power(tp_trace *trace) {
    int x = tp_trace_in(trace, 0);
    int exponent = tp_trace_number(trace, tp_trace_real(trace, TP_NOTED_NUMBER));
    TP_TRACE_ADD(trace, "Pow", tp_trace_out(trace, 0), x, exponent);
}

/* 1 where x > 0 */
void tp_emit_unit_step(tp_trace *trace) {
    int positive = with_number(trace, "Greater", tp_trace_in(trace, 0), 0);
    tp_graph_node *node = TP_TRACE_ADD(trace, "Cast", tp_trace_out(trace, 0), positive);
    tp_trace_int(trace, node, "to", tp_graph_element_of(trace->node->outputs[0]->dtype));
}

void tp_emit_softmax(tp_trace *trace) {
    bool log = trace->node->op == &tp_op_log_softmax;
    tp_graph_node *node = tp_emit_same(trace, log ? "LogSoftmax" : "Softmax");
    tp_trace_int(trace, node, "axis", tp_trace_integer(trace, TP_NOTED_DIM));
}

void tp_emit_activation(tp_trace *trace, int64_t activation, int value, int output) {
    static const char *const names[] = {"Identity", "Relu", "LeakyRelu", "Sigmoid", "Tanh"};
    tp_graph_node *node = TP_TRACE_ADD(trace, names[activation], output, value);
    if (activation == TP_ACTIVATION_LEAKY_RELU)
        tp_trace_float(trace, node, "alpha", tp_trace_real(trace, TP_NOTED_SLOPE));
}

/* ---- reductions ---- */

void tp_emit_reduce(tp_trace *trace) {
    const tp_op *op = trace->node->op;
    const char *name = op == &tp_op_mean   ? "ReduceMean"
                       : op == &tp_op_sum  ? "ReduceSum"
                       : op == &tp_op_amax ? "ReduceMax"
                       : op == &tp_op_amin ? "ReduceMin"
                                           : "ReduceLogSumExp";
    const tp_tensor *x = trace->node->inputs[0], *y = trace->node->outputs[0];
    int64_t mask = tp_trace_integer(trace, TP_NOTED_MASK), axes[TP_MAX_DIMS];
    size_t count = 0;
    for (int d = 0; d < x->ndim; d++)
        if (mask >> d & 1) axes[count++] = d;
    int in = tp_trace_in(trace, 0);
    bool as_input = op == &tp_op_sum; /* from version 13 on; the others from 18 on */
    int list = as_input ? tp_trace_list(trace, axes, count) : -1;
    tp_graph_node *node = TP_TRACE_ADD(trace, name, tp_trace_out(trace, 0), in, list);
    if (!as_input) tp_trace_ints(trace, node, "axes", axes, count);
    tp_trace_int(trace, node, "keepdims", x->ndim == y->ndim);
}

/* ---- products ---- */

void tp_emit_matmul(tp_trace *trace) {
    int a = tp_trace_in(trace, 0), b = tp_trace_in(trace, 1);
    TP_TRACE_ADD(trace, "MatMul", tp_trace_out(trace, 0), a, b);
}

void tp_emit_addmm(tp_trace *trace) {
    int c = tp_trace_in(trace, 0), a = tp_trace_in(trace, 1), b = tp_trace_in(trace, 2);
    tp_graph_node *node = TP_TRACE_ADD(trace, "Gemm", tp_trace_out(trace, 0), a, b, c);
    tp_trace_float(trace, node, "alpha", tp_trace_real(trace, TP_NOTED_ALPHA));
    tp_trace_float(trace, node, "beta", tp_trace_real(trace, TP_NOTED_BETA));
}

/* x W^T + b: a Gemm where x is a matrix, which Gemm insists on. */
void tp_emit_linear(tp_trace *trace) {
    int64_t activation = tp_trace_integer(trace, TP_NOTED_LINEAR_FORM);
    int x = tp_trace_in(trace, 0), weight = tp_trace_in(trace, 1), bias = tp_trace_in(trace, 2);
    int y = tp_trace_out(trace, 0), sum = activation ? tp_trace_before_result(trace) : y;
    if (trace->node->inputs[0]->ndim == 2) {
        tp_graph_node *node = TP_TRACE_ADD(trace, "Gemm", sum, x, weight, bias);
        tp_trace_int(trace, node, "transB", 1);
    } else {
        int turned = tp_trace_between(trace), product = bias >= 0 ? tp_trace_between(trace) : sum;
        tp_trace_ints(trace, TP_TRACE_ADD(trace, "Transpose", turned, weight), "perm",
                      (const int64_t[]){1, 0}, 2);
        TP_TRACE_ADD(trace, "MatMul", product, x, turned);
        if (bias >= 0) TP_TRACE_ADD(trace, "Add", sum, product, bias);
    }
    if (activation) tp_emit_activation(trace, activation, sum, y);
}
