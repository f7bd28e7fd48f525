/* binary.def for one type: T, U, NAME, DTYPE and FLOATING or SIGNED, where it is, are set. Division of an integer by zero
 * gives 0 here: binary.c refuses it. */
#ifdef FLOATING

/* The quotient rounded down, as Python has it: exact multiples stay exact. */
static inline T NAME(div_floor_one)(T a, T b) {
    if (b == 0) return a / b;
    T rest = FMOD(a, b);
    T quotient = (a - rest) / b;
    if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
    if (quotient == 0) return COPYSIGN((T)0, a / b);
    T floored = FLOOR(quotient);
    return quotient - floored > C(0.5) ? floored + 1 : floored;
}

/* The rest has the divisor's sign. */
static inline T NAME(remainder_one)(T a, T b) {
    T rest = FMOD(a, b);
    return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
}

#define DIV_FLOOR(a, b) NAME(div_floor_one)(a, b)
#define DIV_TRUNC(a, b) TRUNC((a) / (b))
#define REMAINDER(a, b) NAME(remainder_one)(a, b)

#else

#ifdef SIGNED
/* b that is neither 0 nor, since the smallest number divided by it overflows, -1 */
#define PLAIN_DIVISOR(b) ((b) != 0 && (b) != -1)
#define BY_MINUS_ONE(a)  (T)((U)0 - (U)(a))
#else
#define PLAIN_DIVISOR(b) ((b) != 0)
#define BY_MINUS_ONE(a)  (a)
#endif

static inline T NAME(div_trunc_one)(T a, T b) {
    if (PLAIN_DIVISOR(b)) return (T)(a / b);
    return b == 0 ? 0 : BY_MINUS_ONE(a);
}

static inline T NAME(fmod_one)(T a, T b) { return PLAIN_DIVISOR(b) ? (T)(a % b) : 0; }

static inline T NAME(remainder_one)(T a, T b) {
    T rest = NAME(fmod_one)(a, b);
    return rest != 0 && (b < 0) != (rest < 0) ? (T)(rest + b) : rest;
}

static inline T NAME(div_floor_one)(T a, T b) {
    T quotient = NAME(div_trunc_one)(a, b), rest = NAME(fmod_one)(a, b);
    return rest != 0 && (b < 0) != (rest < 0) ? (T)(quotient - 1) : quotient;
}

/* Wraps around. A negative power is 0 but for bases 1 and -1. */
static inline T NAME(pow_one)(T a, T b) {
    if (b < 0) return a == 1 ? 1 : a == (T)-1 ? (b % 2 ? a : 1) : 0;
    U result = 1, base = (U)a;
    for (U rest = (U)b; rest; rest >>= 1) {
        if (rest & 1) result *= base;
        base *= base;
    }
    return (T)result;
}

#define DIV_FLOOR(a, b) NAME(div_floor_one)(a, b)
#define DIV_TRUNC(a, b) NAME(div_trunc_one)(a, b)
#define REMAINDER(a, b) NAME(remainder_one)(a, b)
#define FMOD(a, b)      NAME(fmod_one)(a, b)
#define POW(a, b)       NAME(pow_one)(a, b)
#define MAXIMUM(a, b)   ((a) > (b) ? (a) : (b))
#define MINIMUM(a, b)   ((a) < (b) ? (a) : (b))

#endif

#define DEFINE(name, type, forward)                                                       \
    static void NAME(name)(int64_t n, void *const *operand, const double *p) {            \
        type *out = operand[0];                                                           \
        const T *first = operand[1], *second = operand[2];                                \
        (void)p;                                                                          \
        n &= ~(int64_t)(TP_BLOCK - 1);                                                    \
        TP_VECTORIZE for (int64_t i = 0; i < n; i++) {                                    \
            const T a = first[i], b = second[i];                                          \
            out[i] = (type)(forward);                                                     \
        }                                                                                 \
    }                                                                                     \
    static void NAME(name##_loop)(int64_t n, void *const *pointer, const int64_t *stride, \
                                  const double *p) {                                      \
        static const tp_flat_items items = {{sizeof(type), sizeof(T), sizeof(T)}};        \
        const int64_t s0 = stride[0], s1 = stride[1], s2 = stride[2];                     \
        bool flat = s0 == 1 && s1 == 1 && s2 == 1;                                        \
        if (!flat && n >= TP_FEW) {                                                       \
            TP_ISA_NAME(tp_flat_run)(NAME(name), items, 3, n, pointer, stride, p);        \
            return;                                                                       \
        }                                                                                 \
        int64_t whole = flat ? n & ~(int64_t)(TP_BLOCK - 1) : 0;                          \
        if (whole) NAME(name)(whole, pointer, p);                                         \
        type *out = pointer[0];                                                           \
        const T *first = pointer[1], *second = pointer[2];                                \
        for (int64_t i = whole; i < n; i++) {                                             \
            TP_ONE_BY_ONE;                                                                \
            const T a = first[i * s1], b = second[i * s2];                                \
            out[i * s0] = (type)(forward);                                                \
        }                                                                                 \
    }
#ifdef FLOATING
#define DEFINE_FLOATS(name, forward) DEFINE(name, T, forward)
#define ENTER_FLOATS(name)           table->binary[TP_BINARY_##name][DTYPE] = NAME(name##_loop);
#else
#define DEFINE_FLOATS(name, forward)
#define ENTER_FLOATS(name)
#endif
#define DEFINE_NUMBERS(name, forward) DEFINE(name, T, forward)
#define DEFINE_ALL(name, forward)     DEFINE(name, T, forward)
#define ENTER_NUMBERS(name)           table->binary[TP_BINARY_##name][DTYPE] = NAME(name##_loop);
#define ENTER_ALL(name)               ENTER_NUMBERS(name)

#define BINARY(name, types, forward) DEFINE_##types(name, forward)
#define COMPARE(name, forward)       DEFINE(name, uint8_t, (forward) ? 1 : 0)
#include "ops/binary.def"

static void NAME(register)(tp_kernels *table) {
#define BINARY(name, types, forward) ENTER_##types(name)
#define COMPARE(name, forward)       ENTER_NUMBERS(name)
#include "ops/binary.def"
}

#undef DEFINE
#undef DEFINE_FLOATS
#undef DEFINE_NUMBERS
#undef DEFINE_ALL
#undef ENTER_FLOATS
#undef ENTER_NUMBERS
#undef ENTER_ALL
#undef DIV_FLOOR
#undef DIV_TRUNC
#undef REMAINDER
#undef FMOD
#undef POW
#undef MAXIMUM
#undef MINIMUM
#undef PLAIN_DIVISOR
#undef BY_MINUS_ONE
#undef T
#undef U
#undef NAME
#undef DTYPE
