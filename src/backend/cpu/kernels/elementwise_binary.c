/* The functions of binary.def, for every type that they take. */
#include "backend/cpu/kernels/elementwise.h"

#define C(value) ((T)(value))

#include "backend/cpu/kernels/math_float.h"
#define T        float
#define U        float
#define NAME(x)  x##_f32
#define DTYPE    TP_FLOAT32
#define FLOATING 1
#include "backend/cpu/kernels/elementwise_binary_tmpl.h"
#include "backend/cpu/kernels/math_undef.h"

#include "backend/cpu/kernels/math_double.h"
#define T       double
#define U       double
#define NAME(x) x##_f64
#define DTYPE   TP_FLOAT64
#include "backend/cpu/kernels/elementwise_binary_tmpl.h"
#include "backend/cpu/kernels/math_undef.h"
#undef FLOATING

#if TP_IS_BASELINE

#define T       int64_t
#define U       uint64_t
#define NAME(x) x##_i64
#define DTYPE   TP_INT64
#define SIGNED  1
#include "backend/cpu/kernels/elementwise_binary_tmpl.h"

#define T       int32_t
#define U       uint32_t
#define NAME(x) x##_i32
#define DTYPE   TP_INT32
#include "backend/cpu/kernels/elementwise_binary_tmpl.h"
#undef SIGNED

#define T       uint8_t
#define U       uint32_t
#define NAME(x) x##_u8
#define DTYPE   TP_UINT8
#include "backend/cpu/kernels/elementwise_binary_tmpl.h"

void tp_register_binary_everywhere(tp_kernels *table) {
    register_i64(table);
    register_i32(table);
    register_u8(table);
    /* A bool is a byte that is 0 or 1. */
    tp_loop_fn(*binary)[TP_DTYPE_COUNT] = table->binary;
    for (int kind = TP_BINARY_eq; kind <= TP_BINARY_logical_xor; kind++)
        binary[kind][TP_BOOL] = binary[kind][TP_UINT8];
    binary[TP_BINARY_add][TP_BOOL] = binary[TP_BINARY_logical_or][TP_UINT8];
    binary[TP_BINARY_maximum][TP_BOOL] = binary[TP_BINARY_logical_or][TP_UINT8];
    binary[TP_BINARY_mul][TP_BOOL] = binary[TP_BINARY_logical_and][TP_UINT8];
    binary[TP_BINARY_minimum][TP_BOOL] = binary[TP_BINARY_logical_and][TP_UINT8];
}

#endif

void TP_ISA_NAME(tp_register_binary)(tp_kernels *table) {
    register_f32(table);
    register_f64(table);
    tp_register_binary_everywhere(table);
}
