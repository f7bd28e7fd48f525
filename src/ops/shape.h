/* What the files about shapes and indices share. */
#ifndef TP_OPS_SHAPE_H
#define TP_OPS_SHAPE_H

#include "autograd/node.h"

/* A view of x recorded under op; poison after an error. */
static inline tp_tensor *tp_recorded_view(tp_location at, const tp_op *op, tp_tensor *x,
                                          tp_shape shape, const int64_t *stride, int64_t offset) {
    tp_tensor *out = tp_make_view(at, op->name, x, shape, stride, offset);
    if (!out->poison) tp_record(at, op, out, 1, &x);
    return out;
}

/* Fills `stride` so that the elements of x in reading order have these sizes. False where only a copy can. */
bool tp_view_strides(const tp_tensor *x, tp_shape shape, int64_t *stride);

/* x under other sizes of the same number, recorded under op: a view or a copy. */
tp_tensor *tp_reshaped(tp_location at, const tp_op *op, tp_tensor *x, tp_shape shape);

/* A part of x of `length` places from `start` on along dim, not recorded. */
tp_tensor *tp_part(tp_location at, const char *op, tp_tensor *x, int dim, int64_t start,
                   int64_t length);

/* "(2, 3) float32" of x and then a text: what most errors here show. */
#define TP_GOT(x, ...) tp_text("%s %s", tp_tensor_text(x), tp_text(__VA_ARGS__))

#endif
