/* Reductions of one integer type, or of bool. A template: TYPE, NAME. Sums and products are int64 and wrap. */

/* TAKE(t, x) takes element x into t, of type RESULT. */
#define REDUCTION(kind, RESULT, NEUTRAL, TAKE)                                                  \
    static void NAME(kind)(void *to, const void *from, int64_t outer, int64_t n, int64_t inner, \
                           int64_t step, double divisor) {                                      \
        (void)divisor;                                                                          \
        RESULT *out = to;                                                                       \
        const TYPE *x = from;                                                                   \
        for (int64_t o = 0; o < outer; o++, x += n * step, out += inner) {                      \
            if (inner == 1 && step == 1) {                                                      \
                RESULT total = NEUTRAL;                                                         \
                for (int64_t i = 0; i < n; i++) TAKE(total, x[i]);                              \
                out[0] = total;                                                                 \
                continue;                                                                       \
            }                                                                                   \
            for (int64_t c = 0; c < inner; c++) out[c] = NEUTRAL;                               \
            for (int64_t i = 0; i < n; i++)                                                     \
                for (int64_t c = 0; c < inner; c++) TAKE(out[c], x[i * step + c]);              \
        }                                                                                       \
    }
#define TAKE_SUM(t, x)  t = (int64_t)((uint64_t)(t) + (uint64_t)(int64_t)(x))
#define TAKE_PROD(t, x) t = (int64_t)((uint64_t)(t) * (uint64_t)(int64_t)(x))
#define TAKE_MAX(t, x)  t = (x) > (t) ? (x) : (t)
#define TAKE_MIN(t, x)  t = (x) < (t) ? (x) : (t)

#ifndef TYPE_IS_REAL
REDUCTION(sum, int64_t, 0, TAKE_SUM)
REDUCTION(prod, int64_t, 1, TAKE_PROD)
REDUCTION(max, TYPE, TYPE_LOWEST, TAKE_MAX)
REDUCTION(min, TYPE, TYPE_HIGHEST, TAKE_MIN)

#define ARG(kind, COMPARE)                                                                        \
    static void NAME(kind)(int64_t * index, void *to, const void *from, int64_t outer, int64_t n, \
                           int64_t inner) {                                                       \
        const TYPE *x = from;                                                                     \
        TYPE *value = to;                                                                         \
        for (int64_t o = 0; o < outer; o++, x += n * inner)                                       \
            for (int64_t c = 0; c < inner; c++) {                                                 \
                int64_t best = 0;                                                                 \
                for (int64_t i = 1; i < n; i++)                                                   \
                    if (x[i * inner + c] COMPARE x[best * inner + c]) best = i;                   \
                index[o * inner + c] = best;                                                      \
                if (value) value[o * inner + c] = x[best * inner + c];                            \
            }                                                                                     \
    }
ARG(argmax, >)
ARG(argmin, <)
#undef ARG
#endif

/* Whether there is a zero, or another value, in the row; looks no further than needed. */
#define LOGIC(kind, FOUND, VALUE)                                                               \
    static void NAME(kind)(void *to, const void *from, int64_t outer, int64_t n, int64_t inner, \
                           int64_t step, double divisor) {                                      \
        (void)divisor;                                                                          \
        bool *out = to;                                                                         \
        const TYPE *x = from;                                                                   \
        for (int64_t o = 0; o < outer; o++, x += n * step, out += inner) {                      \
            if (inner == 1 && step == 1) {                                                      \
                bool found = false;                                                             \
                for (int64_t start = 0; start < n && !found; start += 256) {                    \
                    int64_t end = n - start < 256 ? n : start + 256;                            \
                    for (int64_t i = start; i < end; i++) found |= FOUND(x[i]);                 \
                }                                                                               \
                out[0] = found ? VALUE : !VALUE;                                                \
                continue;                                                                       \
            }                                                                                   \
            for (int64_t c = 0; c < inner; c++) out[c] = !VALUE;                                \
            for (int64_t i = 0; i < n; i++)                                                     \
                for (int64_t c = 0; c < inner; c++)                                             \
                    if (FOUND(x[i * step + c])) out[c] = VALUE;                                 \
        }                                                                                       \
    }
#define IS_TRUE(x)  ((x) != 0)
#define IS_FALSE(x) ((x) == 0)
LOGIC(any, IS_TRUE, true)
LOGIC(all_true, IS_FALSE, false)

static void NAME(register_logic)(tp_reduce_kernels *k, tp_dtype dtype) {
    k->reduce[TP_REDUCE_ANY][dtype] = NAME(any);
    k->reduce[TP_REDUCE_ALL][dtype] = NAME(all_true);
#ifndef TYPE_IS_REAL
    k->reduce[TP_REDUCE_SUM][dtype] = NAME(sum);
    k->reduce[TP_REDUCE_PROD][dtype] = NAME(prod);
    k->reduce[TP_REDUCE_MAX][dtype] = NAME(max);
    k->reduce[TP_REDUCE_MIN][dtype] = NAME(min);
    k->argmax[dtype] = NAME(argmax);
    k->argmin[dtype] = NAME(argmin);
#endif
}

#undef REDUCTION
#undef TAKE_SUM
#undef TAKE_PROD
#undef TAKE_MAX
#undef TAKE_MIN
#undef LOGIC
#undef IS_TRUE
#undef IS_FALSE
#undef TYPE
#undef TYPE_LOWEST
#undef TYPE_HIGHEST
#undef TYPE_IS_REAL
#undef NAME
