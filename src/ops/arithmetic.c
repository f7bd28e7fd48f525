/* add, sub, mul and div of tensors and numbers. */
#include "ops/binary.h"

/* ---- add, sub ---- */

static void add_backward(tp_node *node, tp_tensor *const *grads) {
    for (int i = 0; i < 2; i++)
        if (tp_binary_needs(node, i)) tp_binary_send(node, i, grads[0]);
}

static void sub_backward(tp_node *node, tp_tensor *const *grads) {
    if (tp_binary_needs(node, 0)) tp_binary_send(node, 0, grads[0]);
    if (tp_binary_needs(node, 1)) tp_binary_send(node, 1, tp_neg_at(node->at, grads[0]));
}

static tp_tensor *add_apply(tp_tensor *const *x, int variant) {
    return variant == 0   ? tp_add(x[0], x[1])
           : variant == 1 ? tp_add(x[0], 2.5)
                          : tp_add(x[0], x[1], .alpha = -0.5);
}

static tp_tensor *sub_apply(tp_tensor *const *x, int variant) {
    return variant == 0   ? tp_sub(x[0], x[1])
           : variant == 1 ? tp_sub(x[0], 2.5)
           : variant == 2 ? tp_sub(x[0], x[1], .alpha = -0.5)
                          : tp_sub(2, x[0]);
}

static const tp_op_sample add_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(2, 1, 3), TP_SHAPE_OF(4, 1)}},
    {.inputs = 2, .shape = {TP_SHAPE_SCALAR, TP_SHAPE_OF(2, 2)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 3), TP_SHAPE_OF(1, 3)}},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {.variant = 2, .inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 1)}},
    {0}};
static const tp_op_sample sub_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 1), TP_SHAPE_OF(1, 4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(1), TP_SHAPE_OF(3, 2, 2)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(2, 0), TP_SHAPE_OF(2, 1)}},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {.variant = 2, .inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4)}},
    {.variant = 3, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {0}};
const tp_op tp_op_add = {"add", add_backward, NULL, add_apply, add_samples};
const tp_op tp_op_sub = {"sub", sub_backward, NULL, sub_apply, sub_samples};

static const tp_binary_op add = {&tp_op_add, TP_BINARY_add, 0, 0};
static const tp_binary_op sub = {&tp_op_sub, TP_BINARY_sub, 0, 0};
TP_BINARY_FUNCTIONS(add, add)
TP_BINARY_INPLACE(add, add)
TP_BINARY_FUNCTIONS(sub, sub)
TP_BINARY_INPLACE(sub, sub)

/* alpha as a number that keeps integers what they are; false (reported) where it cannot */
static bool scale_number(tp_location at, const char *op, const tp_tensor *b, double alpha,
                         tp_number *number) {
    *number = tp_number_real(alpha);
    if (tp_is_float_type(b->dtype)) return true;
    *number = tp_number_whole((int64_t)alpha);
    if (number->real == alpha) return true;
    tp_fail(at, op, TP_ERROR_DTYPE, tp_text("alpha %g for %s", alpha, tp_tensor_text(b)),
            "a whole alpha for integers", NULL);
    return false;
}

static tp_tensor *scaled(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_tensor *b,
                         double alpha) {
    tp_number number;
    TP_CHECK(at, f->op->name, a);
    TP_CHECK(at, f->op->name, b);
    if (alpha == 0 || alpha == 1) return tp_binary(at, f, a, b);
    if (!scale_number(at, f->op->name, b, alpha, &number)) return tp_poison();
    return tp_binary(at, f, a, tp_mul_number_at(at, b, number));
}

static tp_tensor *scaled_number(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_number b,
                                double alpha) {
    if (alpha == 0 || alpha == 1) return tp_binary_number(at, f, a, b, false);
    tp_number product = tp_number_real(b.real * alpha);
    if (b.is_whole && alpha == (double)(int64_t)alpha)
        product = tp_number_whole(b.whole * (int64_t)alpha);
    return tp_binary_number(at, f, a, product, false);
}

tp_tensor *tp_add_with_at(tp_location at, tp_tensor *a, tp_tensor *b, tp_add_options options) {
    return scaled(at, &add, a, b, options.alpha);
}
tp_tensor *tp_add_number_with_at(tp_location at, tp_tensor *a, tp_number b,
                                 tp_add_options options) {
    return scaled_number(at, &add, a, b, options.alpha);
}
tp_tensor *tp_sub_with_at(tp_location at, tp_tensor *a, tp_tensor *b, tp_add_options options) {
    return scaled(at, &sub, a, b, options.alpha);
}
tp_tensor *tp_sub_number_with_at(tp_location at, tp_tensor *a, tp_number b,
                                 tp_add_options options) {
    return scaled_number(at, &sub, a, b, options.alpha);
}

/* ---- mul, div ---- */

static void mul_backward(tp_node *node, tp_tensor *const *grads) {
    for (int i = 0; i < 2; i++) {
        if (!tp_binary_needs(node, i)) continue;
        tp_tensor *other = tp_binary_value(node, 1 - i);
        if (!other) return;
        tp_binary_send(node, i, tp_mul_at(node->at, grads[0], other));
    }
}

/* da = g / b, db = -g a / b^2 = -(g / b) y */
static void div_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *b = tp_binary_value(node, 1);
    if (!b) return;
    tp_tensor *quotient = tp_div_at(node->at, grads[0], b);
    if (tp_binary_needs(node, 0)) tp_binary_send(node, 0, quotient);
    if (!tp_binary_needs(node, 1)) return;
    tp_tensor *y = tp_binary_value(node, 2);
    if (y) tp_binary_send(node, 1, tp_neg_at(node->at, tp_mul_at(node->at, quotient, y)));
}

static tp_tensor *mul_apply(tp_tensor *const *x, int variant) {
    return variant == 0 ? tp_mul(x[0], x[1]) : variant == 1 ? tp_mul(x[0], -2.5) : tp_mul(3, x[0]);
}

static tp_tensor *div_apply(tp_tensor *const *x, int variant) {
    return variant == 0 ? tp_div(x[0], x[1]) : variant == 1 ? tp_div(x[0], -2.5) : tp_div(3, x[0]);
}

static const tp_op_sample mul_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 1), TP_SHAPE_OF(1, 4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(2, 2), TP_SHAPE_SCALAR}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 3), TP_SHAPE_OF(1, 3)}},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {.variant = 2, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {0}};
static const tp_op_sample div_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}, .low = 0.5, .high = 2},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 1)}, .low = 0.5, .high = 2},
    {.inputs = 2, .shape = {TP_SHAPE_SCALAR, TP_SHAPE_OF(2, 2)}, .low = 0.5, .high = 2},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 3), TP_SHAPE_OF(1, 3)}, .low = 0.5, .high = 2},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {.variant = 2, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}, .low = 0.5, .high = 2},
    {0}};
const tp_op tp_op_mul = {"mul", mul_backward, NULL, mul_apply, mul_samples};
const tp_op tp_op_div = {"div", div_backward, NULL, div_apply, div_samples};

static const tp_binary_op mul = {&tp_op_mul, TP_BINARY_mul, TP_NEED_B, TP_NEED_A};
static const tp_binary_op true_div = {&tp_op_div, TP_BINARY_div, TP_NEED_B, TP_NEED_B | TP_NEED_Y};
TP_BINARY_FUNCTIONS(mul, mul)
TP_BINARY_INPLACE(mul, mul)
TP_BINARY_FUNCTIONS(div, true_div)
TP_BINARY_INPLACE(div, true_div)
