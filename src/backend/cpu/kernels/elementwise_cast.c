/* Conversion between types, choice by a condition, and y += a x. */
#include "backend/cpu/kernels/elementwise.h"

/* TYPES(X): dtype, C type, what stands before a conversion to it */
#define TYPES(X, ...)              \
    X(BOOL, uint8_t, __VA_ARGS__)  \
    X(UINT8, uint8_t, __VA_ARGS__) \
    X(INT32, int32_t, __VA_ARGS__) \
    X(INT64, int64_t, __VA_ARGS__) \
    X(FLOAT32, float, __VA_ARGS__) \
    X(FLOAT64, double, __VA_ARGS__)

#define CONVERT_BOOL(x) ((x) != 0)
/* Through int64, so that negative numbers wrap around */
#define CONVERT_UINT8(x)   (uint8_t)(int64_t)(x)
#define CONVERT_INT32(x)   (int32_t)(x)
#define CONVERT_INT64(x)   (int64_t)(x)
#define CONVERT_FLOAT32(x) (float)(x)
#define CONVERT_FLOAT64(x) (double)(x)

#define CAST(to, to_type, from, from_type)                                                        \
    static void cast_##to##_##from(int64_t n, void *const *operand, const double *p) {            \
        to_type *out = operand[0];                                                                \
        const from_type *in = operand[1];                                                         \
        (void)p;                                                                                  \
        n &= ~(int64_t)(TP_BLOCK - 1);                                                            \
        TP_VECTORIZE for (int64_t i = 0; i < n; i++) out[i] = CONVERT_##to(in[i]);                \
    }                                                                                             \
    static void cast_##to##_##from##_loop(int64_t n, void *const *pointer, const int64_t *stride, \
                                          const double *p) {                                      \
        static const tp_flat_items items = {{sizeof(to_type), sizeof(from_type)}};                \
        TP_ISA_NAME(tp_flat_run)(cast_##to##_##from, items, 2, n, pointer, stride, p);            \
    }
#define CAST_ALL(to, to_type, ...)    \
    CAST(to, to_type, BOOL, uint8_t)  \
    CAST(to, to_type, UINT8, uint8_t) \
    CAST(to, to_type, INT32, int32_t) \
    CAST(to, to_type, INT64, int64_t) \
    CAST(to, to_type, FLOAT32, float) \
    CAST(to, to_type, FLOAT64, double)
TYPES(CAST_ALL, )

/* out, condition, a, b */
#define WHERE(dtype, type, ...)                                                              \
    static void where_##dtype(int64_t n, void *const *operand, const double *p) {            \
        type *out = operand[0];                                                              \
        const uint8_t *condition = operand[1];                                               \
        const type *a = operand[2], *b = operand[3];                                         \
        (void)p;                                                                             \
        n &= ~(int64_t)(TP_BLOCK - 1);                                                       \
        TP_VECTORIZE for (int64_t i = 0; i < n; i++) {                                       \
            const type yes = a[i], no = b[i];                                                \
            out[i] = condition[i] ? yes : no;                                                \
        }                                                                                    \
    }                                                                                        \
    static void where_##dtype##_loop(int64_t n, void *const *pointer, const int64_t *stride, \
                                     const double *p) {                                      \
        static const tp_flat_items items = {{sizeof(type), 1, sizeof(type), sizeof(type)}};  \
        TP_ISA_NAME(tp_flat_run)(where_##dtype, items, 4, n, pointer, stride, p);            \
    }
TYPES(WHERE, )

/* out += p[0] x. The result is an input as well, so it stands twice among the operands. */
#define AXPY(type, suffix)                                                                   \
    static void axpy_##suffix(int64_t n, void *const *operand, const double *p) {            \
        type *out = operand[0];                                                              \
        const type *in = operand[1], *old = operand[2];                                      \
        const type scale = (type)p[0];                                                       \
        n &= ~(int64_t)(TP_BLOCK - 1);                                                       \
        TP_VECTORIZE for (int64_t i = 0; i < n; i++) out[i] = old[i] + scale * in[i];        \
    }                                                                                        \
    static void axpy_##suffix##_loop(int64_t n, void *const *pointer, const int64_t *stride, \
                                     const double *p) {                                      \
        static const tp_flat_items items = {{sizeof(type), sizeof(type), sizeof(type)}};     \
        void *const operand[] = {pointer[0], pointer[1], pointer[0]};                        \
        const int64_t steps[] = {stride[0], stride[1], stride[0]};                           \
        TP_ISA_NAME(tp_flat_run)(axpy_##suffix, items, 3, n, operand, steps, p);             \
    }
AXPY(float, f32)
AXPY(double, f64)

void TP_ISA_NAME(tp_register_cast)(tp_kernels *table) {
#define ENTER_CAST(to, to_type, ...)                             \
    table->cast[TP_##to][TP_BOOL] = cast_##to##_BOOL_loop;       \
    table->cast[TP_##to][TP_UINT8] = cast_##to##_UINT8_loop;     \
    table->cast[TP_##to][TP_INT32] = cast_##to##_INT32_loop;     \
    table->cast[TP_##to][TP_INT64] = cast_##to##_INT64_loop;     \
    table->cast[TP_##to][TP_FLOAT32] = cast_##to##_FLOAT32_loop; \
    table->cast[TP_##to][TP_FLOAT64] = cast_##to##_FLOAT64_loop; \
    table->where[TP_##to] = where_##to##_loop;
    TYPES(ENTER_CAST, )
    table->axpy[0] = axpy_f32_loop;
    table->axpy[1] = axpy_f64_loop;
}
