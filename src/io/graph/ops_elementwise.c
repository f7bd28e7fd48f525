/* Operators that work element by element, activations, and products of matrices. */
#include <math.h>
#include <string.h>
#include <taper/ops.h>

#include "io/graph/rows.h"
#include "ops/loop.h"

/* ---- activations ---- */

tp_tensor *tp_run_softplus(tp_location at, tp_tensor *x) {
    return tp_softplus_at(at, (tp_softplus_args){.x = x});
}

/* 0 is an ordinary value of an attribute in a file, but stands for the default in our options. */
static double not_zero(double value) { return value != 0 ? value : 0x1p-1000; }

tp_tensor *tp_run_leaky_relu(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    double slope = tp_graph_float(s->node, "alpha", (double)0.01F);
    if (slope == 0) return tp_relu_at(s->at, x);
    return tp_leaky_relu_at(s->at, (tp_leaky_relu_args){.x = x, .negative_slope = slope});
}

tp_tensor *tp_run_elu(const tp_graph_step *s) {
    double alpha = tp_graph_float(s->node, "alpha", 1);
    return tp_elu_at(s->at, (tp_elu_args){.x = tp_graph_input(s, 0), .alpha = not_zero(alpha)});
}

/* max(0, x) + min(0, alpha (exp(x / alpha) - 1)) */
tp_tensor *tp_run_celu(const tp_graph_step *s) {
    double alpha = not_zero(tp_graph_float(s->node, "alpha", 1));
    tp_tensor *x = tp_mul_real_at(s->at, tp_graph_input(s, 0), 1 / alpha);
    return tp_mul_real_at(s->at, tp_elu_at(s->at, (tp_elu_args){.x = x}), alpha);
}

/* gamma (alpha exp(x) - alpha) below 0, gamma x above */
tp_tensor *tp_run_selu(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    if (!tp_graph_attribute_of(s->node, "alpha") && !tp_graph_attribute_of(s->node, "gamma"))
        return tp_selu_at(s->at, x);
    double alpha = not_zero(tp_graph_float(s->node, "alpha", 1.67326319217681884765625));
    double gamma = tp_graph_float(s->node, "gamma", 1.05070102214813232421875);
    return tp_mul_real_at(s->at, tp_elu_at(s->at, (tp_elu_args){.x = x, .alpha = alpha}), gamma);
}

tp_tensor *tp_run_gelu(const tp_graph_step *s) {
    bool approximate = strcmp(tp_graph_text(s->node, "approximate", "none"), "tanh") == 0;
    return tp_gelu_at(s->at,
                      (tp_gelu_args){.x = tp_graph_input(s, 0),
                                     .approximate = approximate ? TP_GELU_TANH : TP_GELU_ERF});
}

/* max(0, min(1, alpha x + beta)) */
tp_tensor *tp_run_hard_sigmoid(const tp_graph_step *s) {
    double alpha = tp_graph_float(s->node, "alpha", (double)0.2F);
    double beta = tp_graph_float(s->node, "beta", 0.5);
    tp_tensor *line =
        tp_add_real_at(s->at, tp_mul_real_at(s->at, tp_graph_input(s, 0), alpha), beta);
    return tp_clamp_at(s->at, line, 0, 1);
}

tp_tensor *tp_run_thresholded_relu(const tp_graph_step *s) {
    return tp_threshold_at(s->at, tp_graph_input(s, 0), tp_graph_float(s->node, "alpha", 1), 0);
}

/* x - bias above lambd, x + bias below -lambd, else 0 */
tp_tensor *tp_run_shrink(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    double lambd = tp_graph_float(s->node, "lambd", 0.5), bias = tp_graph_float(s->node, "bias", 0);
    tp_tensor *kept =
        tp_mul_at(s->at, tp_sign_at(s->at, x),
                  tp_to_at(s->at, tp_gt_real_at(s->at, tp_abs_at(s->at, x), lambd), x->dtype));
    tp_tensor *beyond = tp_mul_at(s->at, x, tp_abs_at(s->at, kept));
    return bias == 0 ? beyond : tp_sub_at(s->at, beyond, tp_mul_real_at(s->at, kept, bias));
}

tp_tensor *tp_run_identity(const tp_graph_step *s) { return tp_graph_input(s, 0); }

/* One number: an attribute up to version 10, an input later. */
static bool bound(const tp_graph_step *s, const char *attribute, size_t input, double *value) {
    *value = tp_graph_float(s->node, attribute, *value);
    double number;
    int count;
    if (!tp_graph_numbers(s, input, &number, 1, &count)) return false;
    if (count) *value = number;
    return true;
}

tp_tensor *tp_run_clip(const tp_graph_step *s) {
    double low = -INFINITY, high = INFINITY;
    if (!bound(s, "min", 1, &low) || !bound(s, "max", 2, &high)) return tp_poison();
    return tp_clamp_at(s->at, tp_graph_input(s, 0), low, high);
}

tp_tensor *tp_run_dropout(const tp_graph_step *s) {
    tp_tensor *x = tp_graph_input(s, 0);
    double ratio = 0.5;
    if (!bound(s, "ratio", 1, &ratio)) return tp_poison();
    tp_tensor *y = s->training && ratio > 0 ? tp_dropout_at(s->at, x, ratio) : x;
    if (tp_graph_wants(s, 1))
        tp_graph_set(s, 1, tp_ones_like_at(s->at, (tp_like_args){.x = x, .dtype = TP_BOOL}));
    return y;
}

/* Before version 13 all dimensions from `axis` on are one. */
static tp_tensor *along(const tp_graph_step *s,
                        tp_tensor *(*function)(tp_location, tp_tensor *, int)) {
    tp_tensor *x = tp_graph_input(s, 0);
    bool new_form = s->graph->opset >= 13;
    int64_t axis = tp_graph_int(s->node, "axis", new_form ? -1 : 1);
    if (new_form || x->ndim == 0) return function(s->at, x, (int)axis);
    if (axis < -x->ndim || axis >= x->ndim)
        return tp_graph_fail(s, TP_ERROR_INDEX, tp_text("axis %lld", (long long)axis),
                             tp_text("an axis of %s", tp_tensor_text(x)));
    if (axis < 0) axis += x->ndim;
    if (axis == x->ndim - 1) return function(s->at, x, -1);
    int64_t rows = 1;
    for (int d = 0; d < axis; d++) rows *= x->shape[d];
    int64_t columns = rows ? x->numel / rows : 0;
    tp_tensor *flat = tp_reshape_at(s->at, x, tp_shape(rows, columns));
    return tp_reshape_at(s->at, function(s->at, flat, 1), tp_shape_copy(x));
}

tp_tensor *tp_run_softmax(const tp_graph_step *s) { return along(s, tp_softmax_at); }

tp_tensor *tp_run_log_softmax(const tp_graph_step *s) { return along(s, tp_log_softmax_at); }

/* ---- arithmetic ---- */

/* Whole numbers are divided towards 0. */
tp_tensor *tp_run_divide(tp_location at, tp_tensor *a, tp_tensor *b) {
    TP_CHECK(at, "Div", a);
    TP_CHECK(at, "Div", b);
    if (tp_is_float_type(a->dtype) || tp_is_float_type(b->dtype)) return tp_div_at(at, a, b);
    return tp_div_with_at(at, a, b, (tp_div_options){.rounding = TP_ROUND_TRUNC});
}

/* The result has the type of the base. */
tp_tensor *tp_run_power(tp_location at, tp_tensor *a, tp_tensor *b) {
    TP_CHECK(at, "Pow", a);
    TP_CHECK(at, "Pow", b);
    return tp_to_at(at, tp_pow_at(at, a, b), a->dtype);
}

/* Before version 7 a slope of one dimension is one for each channel, the second dimension of x. */
tp_tensor *tp_run_prelu(tp_location at, tp_tensor *x, tp_tensor *slope) {
    TP_CHECK(at, "PRelu", x);
    TP_CHECK(at, "PRelu", slope);
    if (slope->ndim == 1 && slope->numel > 1 && x->ndim > 2 && slope->numel == x->shape[1])
        for (int d = 2; d < x->ndim; d++) slope = tp_unsqueeze_at(at, slope, -1);
    tp_tensor *below = tp_mul_at(at, tp_clamp_at(at, x, -INFINITY, 0), slope);
    return tp_add_at(at, tp_relu_at(at, x), below);
}

tp_tensor *tp_run_mod(const tp_graph_step *s) {
    tp_tensor *a = tp_graph_input(s, 0), *b = tp_graph_input(s, 1);
    return tp_graph_int(s->node, "fmod", 0) ? tp_fmod_at(s->at, a, b)
                                            : tp_remainder_at(s->at, a, b);
}

/* Any number of inputs, one after the other. */
static tp_tensor *chain(const tp_graph_step *s,
                        tp_tensor *(*function)(tp_location, tp_tensor *, tp_tensor *)) {
    tp_tensor *y = tp_graph_input(s, 0);
    for (size_t i = 1; i < s->node->inputs; i++) y = function(s->at, y, tp_graph_input(s, i));
    return y;
}

tp_tensor *tp_run_sum(const tp_graph_step *s) { return chain(s, tp_add_at); }

tp_tensor *tp_run_max(const tp_graph_step *s) { return chain(s, tp_maximum_at); }

tp_tensor *tp_run_min(const tp_graph_step *s) { return chain(s, tp_minimum_at); }

tp_tensor *tp_run_mean(const tp_graph_step *s) {
    return tp_mul_real_at(s->at, chain(s, tp_add_at), 1 / (double)s->node->inputs);
}

tp_tensor *tp_run_where(const tp_graph_step *s) {
    return tp_where_at(s->at, tp_graph_input(s, 0), tp_graph_input(s, 1), tp_graph_input(s, 2));
}

/* ---- products ---- */

tp_tensor *tp_run_matmul(const tp_graph_step *s) {
    return tp_matmul_at(s->at, tp_graph_input(s, 0), tp_graph_input(s, 1));
}

/* alpha a b + beta c: a linear layer where it is one. */
tp_tensor *tp_run_gemm(const tp_graph_step *s) {
    tp_tensor *a = tp_graph_input(s, 0), *b = tp_graph_input(s, 1), *c = tp_graph_input(s, 2);
    double alpha = tp_graph_float(s->node, "alpha", 1), beta = tp_graph_float(s->node, "beta", 1);
    bool turn_a = tp_graph_int(s->node, "transA", 0), turn_b = tp_graph_int(s->node, "transB", 0);
    if (a->ndim != 2 || b->ndim != 2)
        return tp_graph_fail(s, TP_ERROR_SHAPE,
                             tp_text("%s and %s", tp_tensor_text(a), tp_tensor_text(b)),
                             "two matrices");
    if (turn_a) a = tp_transpose_at(s->at, a, 0, 1);
    bool plain = alpha == 1 && beta == 1 && tp_is_float_type(a->dtype);
    if (plain && turn_b && (!c || (c->ndim == 1 && c->shape[0] == b->shape[0])))
        return tp_linear_at(s->at, (tp_linear_args){.x = a, .weight = b, .bias = c});
    if (turn_b) b = tp_transpose_at(s->at, b, 0, 1);
    if (c) return tp_addmm_at(s->at, c, a, b, beta, alpha);
    tp_tensor *product = tp_matmul_at(s->at, a, b);
    return alpha == 1 ? product : tp_mul_real_at(s->at, product, alpha);
}
