/* maximum and minimum of two tensors, and lerp between them. */
#include "ops/binary.h"

/* The gradient goes to the larger one, and half to each where both are equal. */
static void extreme_backward(tp_node *node, tp_tensor *const *grads, bool maximum) {
    tp_tensor *a = tp_binary_value(node, 0), *b = tp_binary_value(node, 1);
    if (!a || !b || a->poison || b->poison) return;
    for (int i = 0; i < 2; i++) {
        if (!tp_binary_needs(node, i)) continue;
        bool swap = maximum ? i == 1 : i == 0;
        tp_tensor *share = tp_binary_run(node->at, node->op->name, TP_BINARY_larger, swap ? b : a,
                                         swap ? a : b, a->dtype);
        if (share->poison) return;
        tp_binary_send(node, i, tp_mul_at(node->at, grads[0], share));
    }
}

static void maximum_backward(tp_node *node, tp_tensor *const *grads) {
    extreme_backward(node, grads, true);
}
static void minimum_backward(tp_node *node, tp_tensor *const *grads) {
    extreme_backward(node, grads, false);
}

static tp_tensor *maximum_apply(tp_tensor *const *x, int variant) {
    return variant == 0   ? tp_maximum(x[0], x[1])
           : variant == 1 ? tp_maximum(x[0], 2)
                          : tp_maximum(-2, x[0]);
}
static tp_tensor *minimum_apply(tp_tensor *const *x, int variant) {
    return variant == 0   ? tp_minimum(x[0], x[1])
           : variant == 1 ? tp_minimum(x[0], 2)
                          : tp_minimum(-2, x[0]);
}

static const tp_op_sample samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}, .apart = 0.01},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 1)}, .apart = 0.01},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 4), TP_SHAPE_OF(4)}, .apart = 0.01},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {.variant = 2, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {0}};
const tp_op tp_op_maximum = {"maximum", maximum_backward, NULL, maximum_apply, samples};
const tp_op tp_op_minimum = {"minimum", minimum_backward, NULL, minimum_apply, samples};

enum { BOTH = TP_NEED_A | TP_NEED_B };
static const tp_binary_op maximum = {&tp_op_maximum, TP_BINARY_maximum, BOTH, BOTH};
static const tp_binary_op minimum = {&tp_op_minimum, TP_BINARY_minimum, BOTH, BOTH};
TP_BINARY_FUNCTIONS(maximum, maximum)
TP_BINARY_FUNCTIONS(minimum, minimum)

/* The form of which less is lost to rounding: from the nearer end, as PyTorch. */
tp_tensor *tp_lerp_at(tp_location at, tp_tensor *a, tp_tensor *b, double weight) {
    tp_tensor *way = tp_sub_at(at, b, a);
    if (weight < 0.5) return tp_add_at(at, a, tp_mul_number_at(at, way, tp_number_real(weight)));
    return tp_sub_at(at, b, tp_mul_number_at(at, way, tp_number_real(1 - weight)));
}
