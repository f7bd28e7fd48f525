/* max(a + b, 0): the end of a residual block in one pass over memory, with one value to keep for backward. */
#include "ops/binary.h"

/* Where the result is above 0 the gradient goes to both, else to none. */
static void add_relu_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *y = tp_binary_value(node, 2);
    if (!y) return;
    tp_tensor *g = tp_make_like(node->at, "add_relu", y);
    if (g->poison) return;
    tp_loop_run(tp_ctx()->kernels->unary_grad[TP_UNARY_relu][tp_float_index(g->dtype)], 4,
                (tp_tensor *[]){g, grads[0], NULL, y}, NULL);
    for (int i = 0; i < 2; i++)
        if (tp_binary_needs(node, i)) tp_binary_send(node, i, g);
}

static tp_tensor *add_relu_apply(tp_tensor *const *x, int variant) {
    (void)variant;
    return tp_add_relu(x[0], x[1]);
}

static const tp_op_sample add_relu_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(2, 1, 3), TP_SHAPE_OF(4, 1)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 3), TP_SHAPE_OF(1, 3)}},
    {0}};
const tp_op tp_op_add_relu = {"add_relu", add_relu_backward, NULL, add_relu_apply,
                              add_relu_samples};
static const tp_binary_op add_relu = {&tp_op_add_relu, TP_BINARY_add_relu, TP_NEED_Y, TP_NEED_Y};

tp_tensor *tp_add_relu_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    return tp_binary(at, &add_relu, a, b);
}
