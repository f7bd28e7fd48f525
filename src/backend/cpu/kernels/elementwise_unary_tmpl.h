/* unary.def for one floating type: T, NAME, DTYPE and the functions in capitals are set. */
#define UNARY(name, types, forward, gradient, saves, low, high, parameters, ...)               \
    static void NAME(name)(int64_t n, void *const *operand, const double *p) {                 \
        T *out = operand[0];                                                                   \
        const T *in = operand[1];                                                              \
        const T p0 = (T)p[0], p1 = (T)p[1];                                                    \
        (void)p0, (void)p1;                                                                    \
        n &= ~(int64_t)(TP_BLOCK - 1);                                                         \
        TP_VECTORIZE for (int64_t i = 0; i < n; i++) {                                         \
            const T x = in[i];                                                                 \
            out[i] = (T)(forward);                                                             \
        }                                                                                      \
    }                                                                                          \
    static void NAME(name##_grad)(int64_t n, void *const *operand, const double *p) {          \
        T *out = operand[0];                                                                   \
        const T *in = operand[1];                                                              \
        const T p0 = (T)p[0], p1 = (T)p[1];                                                    \
        (void)p0, (void)p1;                                                                    \
        n &= ~(int64_t)(TP_BLOCK - 1);                                                         \
        TP_VECTORIZE for (int64_t i = 0; i < n; i++) {                                         \
            const T g = in[i];                                                                 \
            LOAD_##saves;                                                                      \
            (void)g, (void)x, (void)y;                                                         \
            out[i] = (T)(gradient);                                                            \
        }                                                                                      \
    }                                                                                          \
    static void NAME(name##_loop)(int64_t n, void *const *pointer, const int64_t *stride,      \
                                  const double *p) {                                           \
        static const tp_flat_items items = {{sizeof(T), sizeof(T)}};                           \
        TP_ISA_NAME(tp_flat_run)(NAME(name), items, 2, n, pointer, stride, p);                 \
    }                                                                                          \
    static void NAME(name##_grad_loop)(int64_t n, void *const *pointer, const int64_t *stride, \
                                       const double *p) {                                      \
        static const tp_flat_items items = {{sizeof(T), sizeof(T), sizeof(T), sizeof(T)}};     \
        TP_ISA_NAME(tp_flat_run)(NAME(name##_grad), items, 4, n, pointer, stride, p);          \
    }
#define PREDICATE(name, forward)                                                          \
    static void NAME(name)(int64_t n, void *const *operand, const double *p) {            \
        uint8_t *out = operand[0];                                                        \
        const T *in = operand[1];                                                         \
        (void)p;                                                                          \
        n &= ~(int64_t)(TP_BLOCK - 1);                                                    \
        TP_VECTORIZE for (int64_t i = 0; i < n; i++) {                                    \
            const T x = in[i];                                                            \
            out[i] = (forward) ? 1 : 0;                                                   \
        }                                                                                 \
    }                                                                                     \
    static void NAME(name##_loop)(int64_t n, void *const *pointer, const int64_t *stride, \
                                  const double *p) {                                      \
        static const tp_flat_items items = {{1, sizeof(T)}};                              \
        TP_ISA_NAME(tp_flat_run)(NAME(name), items, 2, n, pointer, stride, p);            \
    }
#include "ops/unary.def"

static void NAME(register)(tp_kernels *table) {
#define UNARY(name, ...)                                      \
    table->unary[TP_UNARY_##name][DTYPE] = NAME(name##_loop); \
    table->unary_grad[TP_UNARY_##name][DTYPE == TP_FLOAT64] = NAME(name##_grad_loop);
#define PREDICATE(name, ...) table->unary[TP_UNARY_##name][DTYPE] = NAME(name##_loop);
#include "ops/unary.def"
}

#undef T
#undef NAME
#undef DTYPE
