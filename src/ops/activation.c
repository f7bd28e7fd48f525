/* The functions of unary.def whose public form takes parameters: defaults and checks stand here, the rest there. */
#include <math.h>

#include <taper/ops/arithmetic.h>
#include <taper/ops/shape.h>

#include "ops/elementwise.h"

tp_tensor *tp_leaky_relu_at(tp_location at, tp_leaky_relu_args args) {
    double slope = args.negative_slope != 0 ? args.negative_slope : 0.01;
    return tp_unary(at, TP_UNARY_leaky_relu, args.x, slope, 0);
}

tp_tensor *tp_elu_at(tp_location at, tp_elu_args args) {
    return tp_unary(at, TP_UNARY_elu, args.x, args.alpha != 0 ? args.alpha : 1, 0);
}

tp_tensor *tp_gelu_at(tp_location at, tp_gelu_args args) {
    return tp_unary(at, args.approximate == TP_GELU_TANH ? TP_UNARY_gelu_tanh : TP_UNARY_gelu,
                    args.x, 0, 0);
}

tp_tensor *tp_softplus_at(tp_location at, tp_softplus_args args) {
    double beta = args.beta != 0 ? args.beta : 1,
           threshold = args.threshold != 0 ? args.threshold : 20;
    return tp_unary(at, TP_UNARY_softplus, args.x, beta, threshold);
}

tp_tensor *tp_hardtanh_at(tp_location at, tp_hardtanh_args args) {
    bool given = args.min_val != 0 || args.max_val != 0;
    double low = given ? args.min_val : -1, high = given ? args.max_val : 1;
    if (!(low <= high))
        return tp_fail(at, "hardtanh", TP_ERROR_VALUE, tp_text("min_val %g, max_val %g", low, high),
                       "min_val <= max_val", NULL);
    return tp_unary(at, TP_UNARY_hardtanh, args.x, low, high);
}

tp_tensor *tp_threshold_at(tp_location at, tp_tensor *x, double threshold, double value) {
    return tp_unary(at, TP_UNARY_threshold, x, threshold, value);
}

tp_tensor *tp_logit_at(tp_location at, tp_logit_args args) {
    if (!(args.eps >= 0 && args.eps <= 0.5))
        return tp_fail(at, "logit", TP_ERROR_VALUE, tp_text("eps %g", args.eps), "0 <= eps <= 0.5",
                       NULL);
    bool clamped = args.eps > 0;
    return tp_unary(at, TP_UNARY_logit, args.x, clamped ? args.eps : -INFINITY,
                    clamped ? 1 - args.eps : INFINITY);
}

static double lambda_of(tp_shrink_args args) { return args.lambda != 0 ? args.lambda : 0.5; }

tp_tensor *tp_softshrink_at(tp_location at, tp_shrink_args args) {
    return tp_unary(at, TP_UNARY_softshrink, args.x, lambda_of(args), 0);
}

tp_tensor *tp_hardshrink_at(tp_location at, tp_shrink_args args) {
    return tp_unary(at, TP_UNARY_hardshrink, args.x, lambda_of(args), 0);
}

tp_tensor *tp_celu_at(tp_location at, tp_elu_args args) {
    return tp_unary(at, TP_UNARY_celu, args.x, args.alpha != 0 ? args.alpha : 1, 0);
}

/* ---- of several operations ---- */

tp_tensor *tp_glu_at(tp_location at, tp_tensor *x, int dim) {
    TP_CHECK(at, "glu", x);
    int d = tp_wrap_dim(at, "glu", dim, x->ndim);
    if (d < 0) return tp_poison();
    int64_t half = x->shape[d] / 2;
    if (x->shape[d] % 2)
        return tp_fail(at, "glu", TP_ERROR_SHAPE, tp_text("%s, dimension %d", tp_tensor_text(x), d),
                       "an even size", NULL);
    tp_tensor *a = tp_narrow_at(at, x, d, 0, half), *b = tp_narrow_at(at, x, d, half, half);
    return tp_mul_at(at, a, tp_sigmoid_at(at, b));
}
