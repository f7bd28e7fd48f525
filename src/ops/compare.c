/* Comparison and logic: bool results, nothing recorded. */
#include <math.h>

#include "ops/binary.h"

static tp_tensor *compare(tp_location at, const tp_op *op, tp_binary_kind kind, tp_tensor *a,
                          tp_tensor *b) {
    TP_CHECK(at, op->name, a);
    TP_CHECK(at, op->name, b);
    if (!tp_binary_prepare(at, op->name, kind, &a, &b)) return tp_poison();
    return tp_binary_run(at, op->name, kind, a, b, TP_BOOL);
}

static tp_tensor *compare_number(tp_location at, const tp_op *op, tp_binary_kind kind, tp_tensor *a,
                                 tp_number number, bool left) {
    TP_CHECK(at, op->name, a);
    tp_dtype dtype = tp_number_type(a->dtype, number);
    if (a->dtype != dtype && (a = tp_cast(at, op->name, a, dtype))->poison) return a;
    tp_tensor *out = tp_make(at, op->name, TP_BOOL, a->ndim, a->shape);
    if (out->poison) return out;
    tp_number_tensor dressed;
    tp_tensor *other = tp_number_fill(&dressed, number, dtype);
    tp_loop_run(tp_ctx()->kernels->binary[kind][dtype], 3,
                left ? (tp_tensor *[]){out, other, a} : (tp_tensor *[]){out, a, other}, NULL);
    return out;
}

static const tp_op_sample samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(3, 4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(3, 1), TP_SHAPE_OF(1, 4)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0), TP_SHAPE_OF(1)}},
    {.variant = 1, .inputs = 1, .shape = {TP_SHAPE_OF(3, 4)}},
    {0}};

#define BINARY(name, types, forward)
#define COMPARE(name, forward)                                                              \
    static tp_tensor *name##_apply(tp_tensor *const *x, int variant) {                      \
        return variant == 0 ? tp_##name(x[0], x[1]) : tp_##name(x[0], 0.5);                 \
    }                                                                                       \
    const tp_op tp_op_##name = {#name, NULL, "its values are true and false", name##_apply, \
                                samples};                                                   \
    tp_tensor *tp_##name##_at(tp_location at, tp_tensor *a, tp_tensor *b) {                 \
        return compare(at, &tp_op_##name, TP_BINARY_##name, a, b);                          \
    }                                                                                       \
    tp_tensor *tp_##name##_number_at(tp_location at, tp_tensor *a, tp_number b) {           \
        return compare_number(at, &tp_op_##name, TP_BINARY_##name, a, b, false);            \
    }                                                                                       \
    tp_tensor *tp_number_##name##_at(tp_location at, tp_number a, tp_tensor *b) {           \
        return compare_number(at, &tp_op_##name, TP_BINARY_##name, b, a, true);             \
    }
#include "ops/binary.def"
