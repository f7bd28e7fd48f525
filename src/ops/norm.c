/* p-norms: 1, 2, the extremes and the count each have a kernel; any other p goes the long way through pow. */
#include <math.h>

#include "ops/reduce.h"

enum { MASK };
enum { P };

static double value_at(const tp_tensor *x, int64_t i) {
    return x->dtype == TP_FLOAT32 ? (double)((const float *)(const void *)x->data)[i]
                                  : ((const double *)(const void *)x->data)[i];
}
static void set_value(tp_tensor *x, int64_t i, double value) {
    if (x->dtype == TP_FLOAT32)
        ((float *)(void *)x->data)[i] = (float)value;
    else
        ((double *)(void *)x->data)[i] = value;
}

static tp_reduce_kind kind_of(double p) {
    if (p == TP_NORM_COUNT) return TP_REDUCE_COUNT_NONZERO;
    if (p == 1) return TP_REDUCE_SUM_ABS;
    if (p == 2) return TP_REDUCE_SUM_SQUARES;
    if (isinf(p)) return p > 0 ? TP_REDUCE_MAX_ABS : TP_REDUCE_MIN_ABS;
    return TP_REDUCE_SUM; /* of |x|^p */
}

/* y = y^power where it stands. */
static void raise(tp_tensor *y, double power) {
    for (int64_t i = 0; i < y->numel; i++) {
        double v = value_at(y, i);
        set_value(y, i, power == 0.5 ? sqrt(v) : pow(v, power));
    }
}

static tp_tensor *powers(tp_location at, tp_tensor *x, double p) {
    tp_tensor *out = tp_make_like(at, "norm", x);
    if (out->poison) return out;
    tp_copy_elements(out, x);
    for (int64_t i = 0; i < out->numel; i++) set_value(out, i, pow(fabs(value_at(out, i)), p));
    return out;
}

/* d|x|_p / dx, given the norm and, for the extremes, how many there are. */
static double slope(double x, double norm, double p, double equals) {
    double sign = x > 0 ? 1 : x < 0 ? -1 : x;
    if (p == TP_NORM_COUNT) return 0;
    if (p == 1) return sign;
    if (isinf(p)) return fabs(x) == norm ? sign / equals : 0;
    if (norm == 0 || (x == 0 && p < 2)) return 0;
    if (p == 2) return x / norm;
    return sign * pow(fabs(x), p - 1) / pow(norm, p - 1);
}

/* How many elements of each reduced group have the size of the norm, seen in the shape of x. */
static tp_tensor *count_equals(tp_node *node, const tp_tensor *x, const tp_tensor *norm,
                               unsigned mask) {
    tp_tensor *equal = tp_make_like(node->at, "norm", x);
    if (equal->poison) return equal;
    for (int64_t i = 0; i < x->numel; i++)
        set_value(equal, i, fabs(value_at(x, i)) == value_at(norm, i));
    tp_tensor *count = tp_reduce_run(node->at, "norm", TP_REDUCE_SUM, equal, mask, true, 1);
    if (count->poison) return count;
    return tp_packed(node->at, "norm", tp_expand_reduced(node->at, "norm", count, x, mask));
}

/* p = 2: x times g / norm, worked out where it is small. */
static tp_tensor *euclidean_grad(tp_node *node, tp_tensor *x, tp_tensor *y, tp_tensor *g,
                                 unsigned mask) {
    tp_tensor *ratio = tp_combine(node->at, "norm", TP_BINARY_div, g, y);
    if (ratio->poison) return ratio;
    tp_tensor *norm = tp_packed(node->at, "norm", y);
    for (int64_t i = 0; i < ratio->numel; i++)
        if (value_at(norm, i) == 0) set_value(ratio, i, 0);
    return tp_combine(node->at, "norm", TP_BINARY_mul, x,
                      tp_expand_reduced(node->at, "norm", ratio, x, mask));
}

static tp_tensor *general_grad(tp_node *node, tp_tensor *x, tp_tensor *y, tp_tensor *g,
                               unsigned mask) {
    double p = node->number[P];
    x = tp_packed(node->at, "norm", x);
    if (x->poison) return x;
    tp_tensor *norm = tp_packed(node->at, "norm", tp_expand_reduced(node->at, "norm", y, x, mask));
    tp_tensor *incoming =
        tp_packed(node->at, "norm", tp_expand_reduced(node->at, "norm", g, x, mask));
    tp_tensor *gx = tp_make_like(node->at, "norm", x);
    if (norm->poison || incoming->poison || gx->poison) return tp_poison();
    tp_tensor *equals = isinf(p) ? count_equals(node, x, norm, mask) : norm;
    if (equals->poison) return equals;
    for (int64_t i = 0; i < x->numel; i++)
        set_value(gx, i,
                  value_at(incoming, i) *
                      slope(value_at(x, i), value_at(norm, i), p, value_at(equals, i)));
    return gx;
}

static void norm_backward(tp_node *node, tp_tensor *const *grads) {
    unsigned mask = (unsigned)node->integer[MASK];
    tp_tensor *x = tp_saved(node, 0), *y = tp_saved(node, 1);
    if (!x || !y) return;
    if (node->number[P] == 2)
        tp_send(node, 0, euclidean_grad(node, x, y, grads[0], mask));
    else
        tp_send(node, 0, general_grad(node, x, y, grads[0], mask));
}

static tp_tensor *norm_apply(tp_tensor *const *inputs, int variant) {
    static const double p[] = {0, 1, 3, INFINITY, -INFINITY, TP_NORM_COUNT, 0.5};
    if (variant >= 10) return tp_norm(inputs[0], p[variant - 10]);
    return tp_norm(inputs[0], p[variant], .dims = tp_dims(0, -1), .keepdim = variant % 2 == 1);
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3, 2)}, 0.1, 1, 0.01},
    {1, 1, {TP_SHAPE_OF(2, 3, 2)}, 0.1, 1, 0.01},
    {2, 1, {TP_SHAPE_OF(2, 3, 2)}, -1, -0.1, 0.01},
    {3, 1, {TP_SHAPE_OF(2, 3, 2)}, 0.1, 1, 0.01},
    {4, 1, {TP_SHAPE_OF(2, 3, 2)}, 0.1, 1, 0.01},
    {5, 1, {TP_SHAPE_OF(2, 3, 2)}, 0.1, 1, 0.01},
    {6, 1, {TP_SHAPE_OF(2, 3, 2)}, 0.1, 1, 0.01},
    {10, 1, {TP_SHAPE_OF(2, 3)}, 0.1, 1, 0.01},
    {10, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {12, 1, {TP_SHAPE_OF(3)}, 0.1, 1, 0.01},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_norm = {"norm", norm_backward, NULL, norm_apply, samples};

tp_tensor *tp_norm_at(tp_location at, tp_norm_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, "norm", x);
    double p = args.p == 0 ? 2 : args.p;
    unsigned mask;
    if (!tp_floats_only(at, "norm", x) || !tp_reduce_mask(at, "norm", x, args.dims, &mask))
        return tp_poison();
    if (isnan(p)) return tp_fail(at, "norm", TP_ERROR_ARGUMENT, ".p = nan", "a number", NULL);
    if ((isinf(p) || p < 0) && tp_reduced_count(x, mask) == 0)
        return tp_fail(at, "norm", TP_ERROR_SHAPE, tp_tensor_text(x),
                       "at least one element to choose from", NULL);
    tp_reduce_kind kind = kind_of(p);
    tp_tensor *terms = kind == TP_REDUCE_SUM ? powers(at, x, p) : x;
    if (terms->poison) return terms;
    tp_tensor *out = tp_reduce_run(at, "norm", kind, terms, mask, args.keepdim, 1);
    if (terms != x) tp_free(terms);
    if (out->poison) return out;
    if (kind == TP_REDUCE_SUM || kind == TP_REDUCE_SUM_SQUARES) raise(out, 1 / p);
    tp_node *node = tp_record(at, &tp_op_norm, out, 1, &x);
    if (node) {
        tp_save(node, x);
        tp_save(node, out);
        node->integer[MASK] = mask;
        node->number[P] = p;
    }
    return out;
}
