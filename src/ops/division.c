/* Rounded division, remainder and fmod. Integers divided by zero are refused, since nothing could be the result. */
#include "ops/binary.h"

/* ---- gradients: the quotients are flat, and the rests follow a - b q with q flat ---- */

static void flat_backward(tp_node *node, tp_tensor *const *grads) {
    for (int i = 0; i < 2; i++) {
        if (!tp_binary_needs(node, i)) continue;
        tp_tensor *zero = tp_make_like(node->at, node->op->name, grads[0]);
        if (!zero->poison) tp_fill_elements(zero, 0);
        tp_binary_send(node, i, zero);
    }
}

/* da = g, db = -g q */
static void rest_backward(tp_node *node, tp_tensor *const *grads, tp_binary_kind quotient) {
    if (tp_binary_needs(node, 0)) tp_binary_send(node, 0, grads[0]);
    if (!tp_binary_needs(node, 1)) return;
    tp_tensor *a = tp_binary_value(node, 0), *b = tp_binary_value(node, 1);
    if (!a || !b || a->poison || b->poison) return;
    tp_tensor *q = tp_binary_run(node->at, node->op->name, quotient, a, b, a->dtype);
    if (!q->poison) tp_binary_send(node, 1, tp_neg_at(node->at, tp_mul_at(node->at, grads[0], q)));
}

static void remainder_backward(tp_node *node, tp_tensor *const *grads) {
    rest_backward(node, grads, TP_BINARY_div_floor);
}

static void fmod_backward(tp_node *node, tp_tensor *const *grads) {
    rest_backward(node, grads, TP_BINARY_div_trunc);
}

/* ---- samples, away from the jumps ---- */

/* Quotients in (0, 0.3) and (-0.6, -0.1) */
static tp_tensor *div_floor_apply(tp_tensor *const *x, int variant) {
    if (variant == 0) return tp_div(x[0], tp_add(x[1], 1.5), .rounding = TP_ROUND_FLOOR);
    return tp_div(x[0], -0.75, .rounding = TP_ROUND_FLOOR);
}

static tp_tensor *div_trunc_apply(tp_tensor *const *x, int variant) {
    if (variant == 0) return tp_div(x[0], tp_add(x[1], 1.5), .rounding = TP_ROUND_TRUNC);
    return tp_div(x[0], -0.75, .rounding = TP_ROUND_TRUNC);
}

/* Quotients in (-1.2, -1.05), (-0.3, -0.1) and (-1.25, -1.15) */
static tp_tensor *remainder_apply(tp_tensor *const *x, int variant) {
    if (variant == 0) return tp_remainder(tp_sub(x[0], 2), tp_add(x[1], 1.5));
    return variant == 1 ? tp_remainder(x[0], -0.75) : tp_remainder(-2, tp_add(x[0], 1.5));
}

static tp_tensor *fmod_apply(tp_tensor *const *x, int variant) {
    if (variant == 0) return tp_fmod(tp_sub(x[0], 2), tp_add(x[1], 1.5));
    return variant == 1 ? tp_fmod(x[0], -0.75) : tp_fmod(-2, tp_add(x[0], 1.5));
}

static const tp_op_sample quotient_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4)}, .low = 0.1, .high = 0.4},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 4), TP_SHAPE_OF(4)}, .low = 0.1, .high = 0.4},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}, .low = 0.1, .high = 0.4},
    {0}};
static const tp_op_sample rest_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 1)}, .low = 0.1, .high = 0.2},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 4), TP_SHAPE_OF(4)}, .low = 0.1, .high = 0.2},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}, .low = 0.1, .high = 0.2},
    {.variant = 2, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}, .low = 0.1, .high = 0.2},
    {0}};
const tp_op tp_op_div_floor = {"div", flat_backward, NULL, div_floor_apply, quotient_samples};
const tp_op tp_op_div_trunc = {"div", flat_backward, NULL, div_trunc_apply, quotient_samples};
const tp_op tp_op_remainder = {"remainder", remainder_backward, NULL, remainder_apply,
                               rest_samples};
const tp_op tp_op_fmod = {"fmod", fmod_backward, NULL, fmod_apply, rest_samples};

enum { BOTH = TP_NEED_A | TP_NEED_B };
static const tp_binary_op div_floor = {&tp_op_div_floor, TP_BINARY_div_floor, 0, 0};
static const tp_binary_op div_trunc = {&tp_op_div_trunc, TP_BINARY_div_trunc, 0, 0};
static const tp_binary_op true_div = {&tp_op_div, TP_BINARY_div, TP_NEED_B, TP_NEED_B | TP_NEED_Y};
static const tp_binary_op remainder_op = {&tp_op_remainder, TP_BINARY_remainder, 0, BOTH};
static const tp_binary_op fmod_op = {&tp_op_fmod, TP_BINARY_fmod, 0, BOTH};

/* ---- forward ---- */

static tp_tensor *zero_divisor(tp_location at, const char *op) {
    return tp_fail(at, op, TP_ERROR_VALUE, "a divisor of 0 among integers",
                   "integer divisors other than 0", NULL);
}

/* Whether a tensor of integers holds a 0. */
static bool has_zero(tp_location at, const char *op, tp_tensor *x) {
    bool found = false;
    TP_SCOPE {
        tp_tensor *dense = tp_dense(at, op, x);
        size_t item = tp_item_size(x->dtype);
        const char *p = dense->poison ? NULL : dense->data;
        for (int64_t i = 0; p && i < x->numel && !found; i++, p += item)
            found = item == 8   ? *(const int64_t *)p == 0
                    : item == 4 ? *(const int32_t *)p == 0
                                : *p == 0;
    }
    return found;
}

static tp_tensor *divide(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_tensor *b) {
    const char *op = f->op->name;
    TP_CHECK(at, op, a);
    TP_CHECK(at, op, b);
    if (!tp_is_float_type(a->dtype) && !tp_is_float_type(b->dtype) && has_zero(at, op, b))
        return zero_divisor(at, op);
    return tp_binary(at, f, a, b);
}

static tp_tensor *divide_number(tp_location at, const tp_binary_op *f, tp_tensor *a,
                                tp_number number, bool left) {
    const char *op = f->op->name;
    TP_CHECK(at, op, a);
    bool integers = number.is_whole && !tp_is_float_type(a->dtype);
    if (integers && (left ? has_zero(at, op, a) : number.whole == 0)) return zero_divisor(at, op);
    return tp_binary_number(at, f, a, number, left);
}

static const tp_binary_op *rounded(tp_rounding rounding) {
    return rounding == TP_ROUND_FLOOR ? &div_floor : &div_trunc;
}

tp_tensor *tp_div_with_at(tp_location at, tp_tensor *a, tp_tensor *b, tp_div_options options) {
    if (options.rounding == TP_ROUND_NONE) return tp_binary(at, &true_div, a, b);
    return divide(at, rounded(options.rounding), a, b);
}
tp_tensor *tp_div_number_with_at(tp_location at, tp_tensor *a, tp_number b,
                                 tp_div_options options) {
    if (options.rounding == TP_ROUND_NONE) return tp_binary_number(at, &true_div, a, b, false);
    return divide_number(at, rounded(options.rounding), a, b, false);
}

/* The public functions of remainder and fmod */
#define FUNCTIONS(name, facts)                                                                    \
    tp_tensor *tp_##name##_at(tp_location at, tp_tensor *a, tp_tensor *b) {                       \
        return divide(at, &(facts), a, b);                                                        \
    }                                                                                             \
    tp_tensor *tp_##name##_number_at(tp_location at, tp_tensor *a, tp_number b) {                 \
        return divide_number(at, &(facts), a, b, false);                                          \
    }                                                                                             \
    tp_tensor *tp_number_##name##_at(tp_location at, tp_number a, tp_tensor *b) {                 \
        return divide_number(at, &(facts), b, a, true);                                           \
    }                                                                                             \
    tp_tensor *tp_##name##_inplace_at(tp_location at, tp_tensor *a, tp_tensor *b) {               \
        TP_CHECK(at, #name, a);                                                                   \
        TP_CHECK(at, #name, b);                                                                   \
        if (!tp_is_float_type(b->dtype) && !tp_is_float_type(a->dtype) && has_zero(at, #name, b)) \
            return zero_divisor(at, #name);                                                       \
        return tp_binary_inplace(at, &(facts), a, b);                                             \
    }                                                                                             \
    tp_tensor *tp_##name##_number_inplace_at(tp_location at, tp_tensor *a, tp_number b) {         \
        TP_CHECK(at, #name, a);                                                                   \
        if (b.is_whole && b.whole == 0 && !tp_is_float_type(a->dtype))                            \
            return zero_divisor(at, #name);                                                       \
        return tp_binary_number_inplace(at, &(facts), a, b);                                      \
    }
FUNCTIONS(remainder, remainder_op)
FUNCTIONS(fmod, fmod_op)
