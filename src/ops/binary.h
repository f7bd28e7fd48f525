/* Element-wise functions of two operands, of which one may be a number. */
#ifndef TP_OPS_BINARY_H
#define TP_OPS_BINARY_H

#include "ops/elementwise.h"

/* What the gradients need: bits. */
enum { TP_NEED_A = 1, TP_NEED_B = 2, TP_NEED_Y = 4 };

/* One function: its kernel and what to save where the gradient of a, or of b, is wanted. */
typedef struct tp_binary_op {
    const tp_op *op;
    tp_binary_kind kind;
    uint8_t for_a, for_b;
} tp_binary_op;

tp_tensor *tp_binary(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_tensor *b);
/* a and a number, or, where `left`, the number and a. */
tp_tensor *tp_binary_number(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_number number,
                            bool left);
tp_tensor *tp_binary_inplace(tp_location at, const tp_binary_op *f, tp_tensor *a, tp_tensor *b);
tp_tensor *tp_binary_number_inplace(tp_location at, const tp_binary_op *f, tp_tensor *a,
                                    tp_number number);

/* Runs the kernel of a kind, not recorded; a and b have one type, the result has the type dtype. */
tp_tensor *tp_binary_run(tp_location at, const char *op, tp_binary_kind kind, tp_tensor *a,
                         tp_tensor *b, tp_dtype dtype);
/* Converts both to the type that the kernel runs in. False (reported) where there is none. */
bool tp_binary_prepare(tp_location at, const char *op, tp_binary_kind kind, tp_tensor **a,
                       tp_tensor **b);
/* The type of a tensor of type dtype combined with a number. */
tp_dtype tp_number_type(tp_dtype dtype, tp_number number);

/* A number dressed as a tensor of no dimensions, for tp_loop_run; the bytes live in it. */
typedef struct tp_number_tensor {
    tp_tensor tensor;
    union {
        double f64;
        float f32;
        int64_t i64;
        int32_t i32;
        uint8_t u8;
    } value;
} tp_number_tensor;
tp_tensor *tp_number_fill(tp_number_tensor *dressed, tp_number number, tp_dtype dtype);

/* ---- in backward: which = 0 for a, 1 for b ---- */

bool tp_binary_needs(const tp_node *node, int which);
/* The value saved of a (0), b (1) or the result (2), or the number; NULL (reported) where it was edited since. */
tp_tensor *tp_binary_value(tp_node *node, int which);
void tp_binary_send(tp_node *node, int which, tp_tensor *grad);

/* The public functions of one line of binary.def; facts is a tp_binary_op */
#define TP_BINARY_FUNCTIONS(name, facts)                                          \
    tp_tensor *tp_##name##_at(tp_location at, tp_tensor *a, tp_tensor *b) {       \
        return tp_binary(at, &(facts), a, b);                                     \
    }                                                                             \
    tp_tensor *tp_##name##_number_at(tp_location at, tp_tensor *a, tp_number b) { \
        return tp_binary_number(at, &(facts), a, b, false);                       \
    }                                                                             \
    tp_tensor *tp_number_##name##_at(tp_location at, tp_number a, tp_tensor *b) { \
        return tp_binary_number(at, &(facts), b, a, true);                        \
    }
#define TP_BINARY_INPLACE(name, facts)                                                    \
    tp_tensor *tp_##name##_inplace_at(tp_location at, tp_tensor *a, tp_tensor *b) {       \
        return tp_binary_inplace(at, &(facts), a, b);                                     \
    }                                                                                     \
    tp_tensor *tp_##name##_number_inplace_at(tp_location at, tp_tensor *a, tp_number b) { \
        return tp_binary_number_inplace(at, &(facts), a, b);                              \
    }

#endif
