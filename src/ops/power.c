/* pow, and the functions of two tensors whose gradients have kernels of their own: atan2 and hypot. */
#include <math.h>

#include "ops/binary.h"

/* g times a kernel of a and b that gives the derivative. */
static tp_tensor *times_slope(tp_node *node, tp_tensor *g, tp_binary_kind slope, tp_tensor *a,
                              tp_tensor *b) {
    tp_tensor *d = tp_binary_run(node->at, node->op->name, slope, a, b, a->dtype);
    return d->poison ? d : tp_mul_at(node->at, g, d);
}

/* ---- pow ---- */

/* da = g b a^(b-1), 0 where b is 0; db = g a^b log a, 0 where a is 0 and b is not negative */
static void pow_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *a = tp_binary_value(node, 0), *b = tp_binary_value(node, 1);
    if (!a || !b || a->poison || b->poison) return;
    if (tp_binary_needs(node, 0))
        tp_binary_send(node, 0, times_slope(node, grads[0], TP_BINARY_pow_base, a, b));
    if (tp_binary_needs(node, 1))
        tp_binary_send(node, 1, times_slope(node, grads[0], TP_BINARY_pow_exponent, a, b));
}

static tp_tensor *pow_apply(tp_tensor *const *x, int variant) {
    static const double exponents[] = {0, 2, 3, -1, 0.5, -0.5, 1, 0, 2.5};
    if (variant == 0) return tp_pow(x[0], x[1]);
    if (variant == 9) return tp_pow(2.5, x[0]);
    return tp_pow(x[0], exponents[variant]);
}

#define POW_NUMBER(number) \
    { .variant = (number), .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}, .low = 0.3, .high = 2 }
static const tp_op_sample pow_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}, .low = 0.3, .high = 2},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 1), TP_SHAPE_OF(4)}, .low = 0.3, .high = 2},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 1), TP_SHAPE_OF(4)}, .low = 0.3, .high = 2},
    POW_NUMBER(1),
    POW_NUMBER(2),
    POW_NUMBER(3),
    POW_NUMBER(4),
    POW_NUMBER(5),
    POW_NUMBER(6),
    POW_NUMBER(7),
    POW_NUMBER(8),
    POW_NUMBER(9),
    {0}};
const tp_op tp_op_pow = {"pow", pow_backward, NULL, pow_apply, pow_samples};

enum { BOTH = TP_NEED_A | TP_NEED_B };
static const tp_binary_op power = {&tp_op_pow, TP_BINARY_pow, BOTH, BOTH};

tp_tensor *tp_pow_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    return tp_binary(at, &power, a, b);
}

tp_tensor *tp_number_pow_at(tp_location at, tp_number a, tp_tensor *b) {
    return tp_binary_number(at, &power, b, a, true);
}

tp_tensor *tp_pow_inplace_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    return tp_binary_inplace(at, &power, a, b);
}

/* Integers have no negative powers but those of 1 and -1. */
static bool power_exists(tp_location at, const tp_tensor *a, tp_number b) {
    if (tp_is_float_type(a->dtype) || !b.is_whole || b.whole >= 0) return true;
    tp_fail(at, "pow", TP_ERROR_VALUE,
            tp_text("%s to the power %lld", tp_tensor_text(a), (long long)b.whole),
            "a power of at least 0 for integers", "convert the base with tp_to(x, TP_FLOAT32)");
    return false;
}

/* Exponents that need no logarithm. False where b is none of them. */
static bool simple_kind(double exponent, tp_unary_kind *kind) {
    if (exponent == 2) return *kind = TP_UNARY_square, true;
    if (exponent == 3) return *kind = TP_UNARY_cube, true;
    if (exponent == -1) return *kind = TP_UNARY_reciprocal, true;
    if (exponent == 0.5) return *kind = TP_UNARY_sqrt, true;
    if (exponent == -0.5) return *kind = TP_UNARY_inverse_root, true;
    return false;
}

tp_tensor *tp_pow_number_at(tp_location at, tp_tensor *a, tp_number b) {
    TP_CHECK(at, "pow", a);
    if (!power_exists(at, a, b)) return tp_poison();
    tp_unary_kind kind;
    if (tp_is_float_type(a->dtype) && b.real != 0) {
        if (simple_kind(b.real, &kind)) return tp_unary(at, kind, a, 0, 0);
        return tp_unary(at, TP_UNARY_power, a, b.real, 0);
    }
    return tp_binary_number(at, &power, a, b, false);
}

tp_tensor *tp_pow_number_inplace_at(tp_location at, tp_tensor *a, tp_number b) {
    TP_CHECK(at, "pow", a);
    if (!power_exists(at, a, b)) return tp_poison();
    return tp_binary_number_inplace(at, &power, a, b);
}

/* ---- atan2: da = g b / (a^2 + b^2), db = -g a / (a^2 + b^2) ---- */

static void atan2_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *a = tp_binary_value(node, 0), *b = tp_binary_value(node, 1);
    if (!a || !b || a->poison || b->poison) return;
    if (tp_binary_needs(node, 0))
        tp_binary_send(node, 0, times_slope(node, grads[0], TP_BINARY_atan2_first, a, b));
    if (!tp_binary_needs(node, 1)) return;
    tp_tensor *g = times_slope(node, grads[0], TP_BINARY_atan2_first, b, a);
    tp_binary_send(node, 1, tp_neg_at(node->at, g));
}

static tp_tensor *atan2_apply(tp_tensor *const *x, int variant) {
    return variant == 0   ? tp_atan2(x[0], x[1])
           : variant == 1 ? tp_atan2(x[0], 2)
                          : tp_atan2(2, x[0]);
}

static const tp_op_sample angle_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}, .low = -2, .high = -0.3},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4)}, .low = 0.3, .high = 2},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 4), TP_SHAPE_OF(4)}, .low = 0.3, .high = 2},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {.variant = 2, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}, .low = 0.3, .high = 2},
    {0}};
const tp_op tp_op_atan2 = {"atan2", atan2_backward, NULL, atan2_apply, angle_samples};
static const tp_binary_op atan2_op = {&tp_op_atan2, TP_BINARY_atan2, BOTH, BOTH};
TP_BINARY_FUNCTIONS(atan2, atan2_op)

/* ---- hypot: da = g a / y ---- */

static void hypot_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *y = tp_binary_value(node, 2);
    for (int i = 0; i < 2 && y; i++) {
        if (!tp_binary_needs(node, i)) continue;
        tp_tensor *side = tp_binary_value(node, i);
        if (!side) return;
        tp_binary_send(node, i, tp_mul_at(node->at, grads[0], tp_div_at(node->at, side, y)));
    }
}

static tp_tensor *hypot_apply(tp_tensor *const *x, int variant) {
    return variant == 0   ? tp_hypot(x[0], x[1])
           : variant == 1 ? tp_hypot(x[0], 2)
                          : tp_hypot(2, x[0]);
}

const tp_op tp_op_hypot = {"hypot", hypot_backward, NULL, hypot_apply, angle_samples};
static const tp_binary_op hypot_op = {&tp_op_hypot, TP_BINARY_hypot, TP_NEED_A | TP_NEED_Y,
                                      TP_NEED_B | TP_NEED_Y};
TP_BINARY_FUNCTIONS(hypot, hypot_op)
