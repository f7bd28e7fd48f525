/* The functions of unary.def and their gradients, for every type that they take. */
#include "backend/cpu/kernels/elementwise.h"

/* What the gradient loads */
#define LOAD_NONE const T x = 0, y = 0
#define LOAD_X    const T x = ((const T *)operand[2])[i], y = 0
#define LOAD_Y    const T x = 0, y = ((const T *)operand[3])[i]

#define C(value) ((T)(value))

#include "backend/cpu/kernels/math_float.h"
#define T       float
#define NAME(x) x##_f32
#define DTYPE   TP_FLOAT32
#include "backend/cpu/kernels/elementwise_unary_tmpl.h"
#include "backend/cpu/kernels/math_undef.h"

#if TP_IS_BASELINE

#include "backend/cpu/kernels/math_double.h"
#define T       double
#define NAME(x) x##_f64
#define DTYPE   TP_FLOAT64
#include "backend/cpu/kernels/elementwise_unary_tmpl.h"
#include "backend/cpu/kernels/math_undef.h"

#define SIGNED  1
#define T       int64_t
#define U       uint64_t
#define NAME(x) x##_i64
#define DTYPE   TP_INT64
#include "backend/cpu/kernels/elementwise_unary_int.h"

#define T       int32_t
#define U       uint32_t
#define NAME(x) x##_i32
#define DTYPE   TP_INT32
#include "backend/cpu/kernels/elementwise_unary_int.h"
#undef SIGNED

#define T       uint8_t
#define U       uint8_t
#define NAME(x) x##_u8
#define DTYPE   TP_UINT8
#include "backend/cpu/kernels/elementwise_unary_int.h"

void tp_register_unary_everywhere(tp_kernels *table) {
    register_f64(table);
    register_i64(table);
    register_i32(table);
    register_u8(table);
}

#endif

void TP_ISA_NAME(tp_register_unary)(tp_kernels *table) {
    register_f32(table);
    tp_register_unary_everywhere(table);
}
