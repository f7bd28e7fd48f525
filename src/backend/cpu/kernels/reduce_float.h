/* All kinds of reductions of one floating type, and where the largest and smallest lie. A template over lanes.h.
 *
 * Long sums stay exact to the last digits: a lane adds up a few elements, what lanes hold is joined in double. */

/* Chunks that are worked at once, and their elements: the same for each instruction set, and so are the sums. */
#define GROUPS ((int)(256 / TP_VECTOR_BYTES))
#define WIDE   (GROUPS * LANES)

#define KIND       sum
#define TAKE(a, x) ((a) + (x))
#include "backend/cpu/kernels/reduce_kind.h"

#define KIND       prod
#define TAKE(a, x) ((a) * (x))
#include "backend/cpu/kernels/reduce_kind.h"

#define KIND       max
#define TAKE(a, x) NAME(larger)(a, x)
#include "backend/cpu/kernels/reduce_kind.h"

#define KIND       min
#define TAKE(a, x) NAME(smaller)(a, x)
#include "backend/cpu/kernels/reduce_kind.h"

#define KIND       sum_squares
#define TAKE(a, x) ((a) + (x) * (x))
#include "backend/cpu/kernels/reduce_kind.h"

#define KIND       sum_abs
#define TAKE(a, x) ((a) + NAME(magnitude)(x))
#include "backend/cpu/kernels/reduce_kind.h"

#define KIND       max_abs
#define TAKE(a, x) NAME(larger)(a, NAME(magnitude)(x))
#include "backend/cpu/kernels/reduce_kind.h"

#define KIND       min_abs
#define TAKE(a, x) NAME(smaller)(a, NAME(magnitude)(x))
#include "backend/cpu/kernels/reduce_kind.h"

#define KIND       count_nonzero
#define TAKE(a, x) ((a) + NAME(pick)((x) != 0, NAME(all)(1), NAME(all)(0)))
#include "backend/cpu/kernels/reduce_kind.h"

typedef struct NAME(reduction) {
    void (*take)(VEC *to, const REAL *x, int64_t rows, int64_t step, int chunks);
    void (*take_part)(VEC *to, const REAL *x, int64_t count, REAL neutral);
    enum join join;
    REAL neutral;
} NAME(reduction);

/* Joins what `count` lanes hold with the totals so far, or begins them. */
TP_ALWAYS_INLINE void NAME(join_lanes)(enum join join, double *total, const VEC *sum, int count,
                                       bool begin) {
    const REAL *lane = (const REAL *)sum;
    if (begin) {
        for (int l = 0; l < count; l++) total[l] = (double)lane[l];
    } else if (join == JOIN_ADD) {
        for (int l = 0; l < count; l++) total[l] += (double)lane[l];
    } else {
        for (int l = 0; l < count; l++) total[l] = join_two(join, total[l], (double)lane[l]);
    }
}

TP_ALWAYS_INLINE VEC NAME(join)(enum join join, VEC a, VEC b) {
    switch (join) {
    case JOIN_ADD: return a + b;
    case JOIN_MULTIPLY: return a * b;
    case JOIN_MAX: return NAME(larger)(a, b);
    default: return NAME(smaller)(a, b);
    }
}

/* What the lanes of `count` chunks come to. */
static REAL NAME(fold)(enum join join, VEC *sum, int count) {
    for (int w = count / 2; w; w /= 2)
        for (int g = 0; g < w; g++) sum[g] = NAME(join)(join, sum[g], sum[g + w]);
    switch (join) {
    case JOIN_ADD: return NAME(every_sum)(sum[0])[0];
    case JOIN_MULTIPLY: return NAME(every_product)(sum[0])[0];
    case JOIN_MAX: return NAME(every_max)(sum[0])[0];
    default: return NAME(every_min)(sum[0])[0];
    }
}

/* n elements that lie side by side. */
static double NAME(row)(const NAME(reduction) * r, const REAL *x, int64_t n) {
    VEC sum[GROUPS];
    double total = (double)r->neutral;
    if (n <= LANES) {
        sum[0] = NAME(all)(r->neutral);
        r->take_part(sum, x, n, r->neutral);
        return (double)NAME(fold)(r->join, sum, 1);
    }
    for (int64_t start = 0; start < n; start += TURNS * WIDE, x += TURNS * WIDE) {
        int64_t count = n - start < TURNS * WIDE ? n - start : TURNS * WIDE,
                whole = count / WIDE * WIDE;
        for (int g = 0; g < GROUPS; g++) sum[g] = NAME(all)(r->neutral);
        if (whole) r->take(sum, x, count / WIDE, WIDE, GROUPS);
        int chunks = (int)(count - whole) / LANES, rest = (int)(count - whole) % LANES;
        if (chunks) r->take(sum, x + whole, 1, 0, chunks);
        if (rest) r->take_part(sum + chunks, x + count - rest, rest, r->neutral);
        total = join_two(r->join, total, (double)NAME(fold)(r->join, sum, GROUPS));
    }
    return total;
}

/* `chunks` chunks of columns, one row below the other. */
static void NAME(columns)(const NAME(reduction) * r, REAL *out, const REAL *x, int64_t n,
                          int64_t step, int chunks, double divisor) {
    double total[256 / sizeof(REAL)] = {0};
    VEC sum[GROUPS];
    int width = chunks * LANES;
    int64_t rows = n <= FEW_ROWS ? n : TURNS;
    for (int64_t start = 0; start < n || start == 0; start += rows) {
        for (int g = 0; g < chunks; g++) sum[g] = NAME(all)(r->neutral);
        r->take(sum, x + start * step, n - start < rows ? n - start : rows, step, chunks);
        if (rows == n && divisor == 1) { /* the usual gradient of a bias */
            for (int g = 0; g < chunks; g++) NAME(put)(out + g * LANES, sum[g]);
            return;
        }
        NAME(join_lanes)(r->join, total, sum, width, start == 0);
        if (n == 0) break;
    }
    for (int l = 0; l < width; l++) out[l] = (REAL)(total[l] / divisor);
}

/* Fewer columns than lanes: LANES rows at a time are `inner` whole chunks. */
static void NAME(narrow)(const NAME(reduction) * r, REAL *out, const REAL *x, int64_t n, int inner,
                         double divisor) {
    double total[LANES];
    VEC sum[LANES];
    const REAL *lane = (const REAL *)sum;
    for (int c = 0; c < inner; c++) total[c] = r->neutral;
    int64_t stride = LANES * inner, turns = n / LANES;
    for (int64_t start = 0; start < turns; start += TURNS) {
        for (int v = 0; v < inner; v++) sum[v] = NAME(all)(r->neutral);
        r->take(sum, x + start * stride, turns - start < TURNS ? turns - start : TURNS, stride,
                inner);
        for (int row = 0; row < LANES; row++)
            for (int c = 0; c < inner; c++)
                total[c] = join_two(r->join, total[c], lane[row * inner + c]);
    }
    for (int64_t i = turns * LANES; i < n; i++) {
        sum[0] = NAME(all)(r->neutral);
        r->take_part(sum, x + i * inner, inner, r->neutral);
        for (int c = 0; c < inner; c++) total[c] = join_two(r->join, total[c], lane[c]);
    }
    for (int c = 0; c < inner; c++) out[c] = (REAL)(total[c] / divisor);
}

static void NAME(reduce)(const NAME(reduction) * r, REAL *out, const REAL *x, int64_t outer,
                         int64_t n, int64_t inner, int64_t step, double divisor) {
    for (int64_t o = 0; o < outer; o++, x += n * step, out += inner) {
        if (step == 1) {
            out[0] = (REAL)(NAME(row)(r, x, n) / divisor);
        } else if (step < LANES) {
            NAME(narrow)(r, out, x, n, (int)step, divisor);
        } else {
            int64_t c = 0;
            for (; c + WIDE <= inner; c += WIDE)
                NAME(columns)(r, out + c, x + c, n, step, GROUPS, divisor);
            int rest = (int)(inner - c) / LANES;
            if (rest) NAME(columns)(r, out + c, x + c, n, step, rest, divisor);
            /* the last few are done together with their neighbours once more, to the same bits */
            if (c + rest * LANES < inner)
                NAME(columns)(r, out + inner - LANES, x + inner - LANES, n, step, 1, divisor);
        }
    }
}

#define HUGE_REAL ((REAL)__builtin_inf())
#define REDUCTION(kind, how, start)                                                       \
    static const NAME(reduction)                                                          \
        NAME(kind##_reduction) = {NAME(kind##_take), NAME(kind##_take_part), how, start}; \
    static void NAME(kind##_reduce)(void *out, const void *x, int64_t outer, int64_t n,   \
                                    int64_t inner, int64_t step, double divisor) {        \
        NAME(reduce)(&NAME(kind##_reduction), out, x, outer, n, inner, step, divisor);    \
    }
REDUCTION(sum, JOIN_ADD, 0)
REDUCTION(prod, JOIN_MULTIPLY, 1)
REDUCTION(max, JOIN_MAX, -HUGE_REAL)
REDUCTION(min, JOIN_MIN, HUGE_REAL)
REDUCTION(sum_squares, JOIN_ADD, 0)
REDUCTION(sum_abs, JOIN_ADD, 0)
REDUCTION(max_abs, JOIN_MAX, 0)
REDUCTION(min_abs, JOIN_MIN, HUGE_REAL)
REDUCTION(count_nonzero, JOIN_ADD, 0)

/* The first place of the value that a reduction found; NaN is looked for as such. */
static int64_t NAME(find)(const REAL *x, int64_t n, REAL value) {
    int64_t i = 0;
    if (value != value) {
        while (i < n - 1 && x[i] == x[i]) i++;
        return i;
    }
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        IVEC found = {0};
        TP_UNROLL for (int g = 0; g < 4; g++) found |= NAME(get)(x + i + g * LANES) == value;
        INTEGER any = 0;
        for (int l = 0; l < LANES; l++) any |= found[l];
        if (any) break;
    }
    while (i < n - 1 && x[i] != value) i++;
    return i;
}

/* Whole rows in one chunk: the largest lane, then the first lane that holds it. */
TP_ALWAYS_INLINE int64_t NAME(arg_short)(const REAL *x, int64_t n, bool largest, REAL *best) {
    const REAL huge = (REAL)__builtin_inf();
    VEC v = NAME(get_some)(x, n, largest ? -huge : huge),
        every = largest ? NAME(every_max)(v) : NAME(every_min)(v);
    IVEC found = (v == every) | ((v != v) & (every != every));
    IVEC lane = (found & NAME(count_up)()) | (~found & ((IVEC){0} + LANES));
#define STEP_FIRST(turn)                                        \
    {                                                           \
        IVEC other = __builtin_shufflevector(lane, lane, turn); \
        IVEC less = other < lane;                               \
        lane = (less & other) | (~less & lane);                 \
    }
    TP_HALVES(LANES, STEP_FIRST)
#undef STEP_FIRST
    *best = every[0];
    return lane[0];
}

/* Down the columns, a chunk of them at a time. */
static void NAME(arg_columns)(int64_t *index, REAL *value, const REAL *x, int64_t n, int64_t inner,
                              bool largest) {
    enum { WIDTH = 32 };
    for (int64_t c = 0; c < inner; c += WIDTH) {
        int64_t width = inner - c < WIDTH ? inner - c : WIDTH;
        REAL best[WIDTH];
        int64_t place[WIDTH];
        for (int64_t l = 0; l < width; l++) best[l] = x[c + l], place[l] = 0;
        for (int64_t i = 1; i < n; i++) {
            const REAL *row = x + i * inner + c;
            for (int64_t l = 0; l < width; l++) {
                bool better = largest ? row[l] > best[l] : row[l] < best[l];
                better = (better || row[l] != row[l]) && best[l] == best[l];
                best[l] = better ? row[l] : best[l];
                place[l] = better ? i : place[l];
            }
        }
        for (int64_t l = 0; l < width; l++) index[c + l] = place[l];
        if (value)
            for (int64_t l = 0; l < width; l++) value[c + l] = best[l];
    }
}

static void NAME(arg)(int64_t *index, void *to, const void *from, int64_t outer, int64_t n,
                      int64_t inner, bool largest) {
    const REAL *x = from;
    REAL *value = to;
    for (int64_t o = 0; o < outer; o++, x += n * inner, index += inner) {
        if (inner == 1) {
            REAL best =
                (REAL)NAME(row)(largest ? &NAME(max_reduction) : &NAME(min_reduction), x, n);
            index[0] = NAME(find)(x, n, best);
            if (value) value[0] = best;
        } else {
            NAME(arg_columns)(index, value, x, n, inner, largest);
        }
        if (value) value += inner;
    }
}
static void NAME(argmax)(int64_t *index, void *value, const void *x, int64_t outer, int64_t n,
                         int64_t inner) {
    NAME(arg)(index, value, x, outer, n, inner, true);
}
static void NAME(argmin)(int64_t *index, void *value, const void *x, int64_t outer, int64_t n,
                         int64_t inner) {
    NAME(arg)(index, value, x, outer, n, inner, false);
}

static void NAME(register_reduce)(tp_reduce_kernels *k, tp_dtype dtype) {
    k->reduce[TP_REDUCE_SUM][dtype] = NAME(sum_reduce);
    k->reduce[TP_REDUCE_PROD][dtype] = NAME(prod_reduce);
    k->reduce[TP_REDUCE_MAX][dtype] = NAME(max_reduce);
    k->reduce[TP_REDUCE_MIN][dtype] = NAME(min_reduce);
    k->reduce[TP_REDUCE_SUM_SQUARES][dtype] = NAME(sum_squares_reduce);
    k->reduce[TP_REDUCE_SUM_ABS][dtype] = NAME(sum_abs_reduce);
    k->reduce[TP_REDUCE_MAX_ABS][dtype] = NAME(max_abs_reduce);
    k->reduce[TP_REDUCE_MIN_ABS][dtype] = NAME(min_abs_reduce);
    k->reduce[TP_REDUCE_COUNT_NONZERO][dtype] = NAME(count_nonzero_reduce);
    k->argmax[dtype] = NAME(argmax);
    k->argmin[dtype] = NAME(argmin);
}
#undef HUGE_REAL
#undef REDUCTION
#undef GROUPS
#undef WIDE
