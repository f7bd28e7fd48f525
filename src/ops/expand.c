/* Views that repeat an element without a copy: strides of 0. */
#include <taper/ops/shape.h>

#include "ops/shape.h"

static void expand_backward(tp_node *node, tp_tensor *const *grads) {
    tp_send_unbroadcast(node, 0, grads[0]);
}

static tp_tensor *expand_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 1) return tp_expand(inputs[0], tp_shape(0, 3));
    return tp_expand(inputs[0], tp_shape(2, -1, 4));
}

static const tp_op_sample expand_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 1)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(2, 3, 4)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(1, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_expand = {.name = "expand",
                            .backward = expand_backward,
                            .apply = expand_apply,
                            .samples = expand_samples};

static tp_tensor *expanded(tp_location at, const char *op, tp_tensor *x, tp_shape shape) {
    int64_t stride[TP_MAX_DIMS];
    int extra = shape.ndim - x->ndim;
    tp_shape out = shape;
    bool fits = extra >= 0;
    for (int d = 0; d < shape.ndim && fits; d++) {
        int64_t size = d < extra ? 1 : x->shape[d - extra];
        if (shape.dims[d] == -1 && d >= extra) out.dims[d] = size;
        stride[d] = size == 1 && out.dims[d] != 1 ? 0 : d < extra ? 0 : x->stride[d - extra];
        fits = out.dims[d] >= 0 && (size == 1 || size == out.dims[d]);
    }
    if (!fits)
        return tp_fail(
            at, op, TP_ERROR_SHAPE,
            TP_GOT(x, "to %s", shape.ndim < 0 ? "more than 8 dimensions" : tp_shape_text(shape)),
            "the same sizes from the last dimension on, except where x has 1",
            extra < 0 ? NULL : "new dimensions come in front: tp_unsqueeze() puts one elsewhere");
    return tp_recorded_view(at, &tp_op_expand, x, out, stride, 0);
}

tp_tensor *tp_expand_at(tp_location at, tp_tensor *x, tp_shape shape) {
    TP_CHECK(at, "expand", x);
    return expanded(at, "expand", x, shape);
}

tp_tensor *tp_broadcast_to_at(tp_location at, tp_tensor *x, tp_shape shape) {
    TP_CHECK(at, "broadcast_to", x);
    return expanded(at, "broadcast_to", x, shape);
}

tp_tensor *tp_expand_as_at(tp_location at, tp_tensor *x, const tp_tensor *other) {
    TP_CHECK(at, "expand_as", x);
    TP_CHECK(at, "expand_as", other);
    return expanded(at, "expand_as", x, tp_shape_copy(other));
}
