/* unary.def for one integer type: T, U, NAME, DTYPE and, where it has negative numbers, SIGNED are set. Lines for floating
 * types only contribute nothing. */
#ifdef SIGNED
#define SIGN(x) ((x) > 0) - ((x) < 0)
#define ABS(x)  ((x) < 0 ? NEG(x) : (x))
#else
#define SIGN(x) ((x) != 0)
#define ABS(x)  (x)
#endif
#define NEG(x)      (T)((U)0 - (U)(x))
#define MUL(a, b)   (T)((U)(a) * (U)(b))
#define FLOOR(x)    (x)
#define CEIL(x)     (x)
#define ROUND(x)    (x)
#define TRUNC(x)    (x)
#define ISNAN(x)    ((void)(x), 0)
#define ISINF(x)    ((void)(x), 0)
#define ISFINITE(x) ((void)(x), 1)

#define DEFINE(name, type, forward)                                                       \
    static void NAME(name)(int64_t n, void *const *operand, const double *p) {            \
        type *out = operand[0];                                                           \
        const T *in = operand[1];                                                         \
        (void)p;                                                                          \
        n &= ~(int64_t)(TP_BLOCK - 1);                                                    \
        TP_VECTORIZE for (int64_t i = 0; i < n; i++) {                                    \
            const T x = in[i];                                                            \
            out[i] = (type)(forward);                                                     \
        }                                                                                 \
    }                                                                                     \
    static void NAME(name##_loop)(int64_t n, void *const *pointer, const int64_t *stride, \
                                  const double *p) {                                      \
        static const tp_flat_items items = {{sizeof(type), sizeof(T)}};                   \
        TP_ISA_NAME(tp_flat_run)(NAME(name), items, 2, n, pointer, stride, p);            \
    }
#define DEFINE_FLOATS(name, forward)
#define DEFINE_NUMBERS(name, forward) DEFINE(name, T, forward)
#define DEFINE_ALL(name, forward)     DEFINE(name, T, forward)

#define UNARY(name, types, forward, ...) DEFINE_##types(name, forward)
#define PREDICATE(name, forward)         DEFINE(name, uint8_t, forward)
#include "ops/unary.def"

#define ENTER_FLOATS(name)
#define ENTER_NUMBERS(name) table->unary[TP_UNARY_##name][DTYPE] = NAME(name##_loop);
#define ENTER_ALL(name)                                       \
    table->unary[TP_UNARY_##name][DTYPE] = NAME(name##_loop); \
    if (DTYPE == TP_UINT8) table->unary[TP_UNARY_##name][TP_BOOL] = NAME(name##_loop);

static void NAME(register)(tp_kernels *table) {
#define UNARY(name, types, ...) ENTER_##types(name)
#define PREDICATE(name, ...)    ENTER_ALL(name)
#include "ops/unary.def"
}

#undef DEFINE
#undef DEFINE_FLOATS
#undef DEFINE_NUMBERS
#undef DEFINE_ALL
#undef ENTER_FLOATS
#undef ENTER_NUMBERS
#undef ENTER_ALL
#undef SIGN
#undef ABS
#undef NEG
#undef MUL
#undef FLOOR
#undef CEIL
#undef ROUND
#undef TRUNC
#undef ISNAN
#undef ISINF
#undef ISFINITE
#undef T
#undef U
#undef NAME
#undef DTYPE
