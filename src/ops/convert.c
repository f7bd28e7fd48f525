/* Conversion and copies: to, clone, contiguous, fill, zero, copy. */
#include "ops/binary.h"

tp_tensor *tp_to_at(tp_location at, tp_tensor *x, tp_dtype dtype) {
    TP_CHECK(at, "to", x);
    if (dtype <= TP_DTYPE_DEFAULT || dtype >= TP_DTYPE_COUNT)
        return tp_fail(at, "to", TP_ERROR_DTYPE, tp_text("type number %d", (int)dtype),
                       "one of the data types", NULL);
    return tp_cast(at, "to", x, dtype);
}

tp_tensor *tp_contiguous_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "contiguous", x);
    return tp_dense(at, "contiguous", x);
}

static void clone_backward(tp_node *node, tp_tensor *const *grads) { tp_send(node, 0, grads[0]); }

static tp_tensor *clone_apply(tp_tensor *const *x, int variant) {
    (void)variant;
    return tp_clone(x[0]);
}

static const tp_op_sample clone_samples[] = {
    {.inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}}, {.inputs = 1, .shape = {TP_SHAPE_OF(2, 0)}}, {0}};
const tp_op tp_op_clone = {"clone", clone_backward, NULL, clone_apply, clone_samples};

tp_tensor *tp_clone_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "clone", x);
    tp_tensor *out = tp_make_like(at, "clone", x);
    if (out->poison) return out;
    tp_copy_elements(out, x);
    tp_record(at, &tp_op_clone, out, 1, &x);
    return out;
}

tp_tensor *tp_fill_at(tp_location at, tp_tensor *x, double value) {
    TP_CHECK(at, "fill", x);
    if (!tp_edit(at, "fill", x, 0, NULL)) return tp_poison();
    tp_fill_elements(x, value);
    return x;
}

tp_tensor *tp_zero_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "zero", x);
    if (!tp_edit(at, "zero", x, 0, NULL)) return tp_poison();
    tp_fill_elements(x, 0);
    return x;
}

tp_tensor *tp_copy_at(tp_location at, tp_tensor *x, tp_tensor *from) {
    TP_CHECK(at, "copy", x);
    TP_CHECK(at, "copy", from);
    tp_shape shape;
    if (!tp_broadcast(at, "copy", 2, (tp_tensor *[]){x, from}, &shape)) return tp_poison();
    bool grows = shape.ndim != x->ndim;
    for (int d = 0; d < x->ndim && !grows; d++) grows = shape.dims[d] != x->shape[d];
    if (grows)
        return tp_fail(at, "copy", TP_ERROR_SHAPE,
                       tp_text("%s into %s", tp_tensor_text(from), tp_tensor_text(x)),
                       "a source that broadcasts to the shape of the target", NULL);
    if (!tp_edit(at, "copy", x, 1, &from)) return tp_poison();
    if (!x->storage || x->storage != from->storage) {
        tp_copy_elements(x, from);
        return x;
    }
    TP_SCOPE { /* both lie in the same memory: what is still to be read must not be overwritten */
        tp_tensor *copy = tp_make_like(at, "copy", from);
        if (copy->poison) return copy;
        tp_copy_elements(copy, from);
        tp_copy_elements(x, copy);
    }
    return x;
}
