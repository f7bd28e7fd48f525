/* How one kind of reduction of one floating type takes elements in. A template over lanes.h: KIND is its name, TAKE(a, x) takes
 * vector x into vector a. The rest is the same for all kinds: reduce_float.h. */
#define KINDNAME_(kind, name) NAME(kind##_##name)
#define KINDNAME(kind, name)  KINDNAME_(kind, name)
#define K(name)               KINDNAME(KIND, name)

/* to[c] takes in chunk c of each row; rows lie `step` apart. */
static void K(take)(VEC *to, const REAL *x, int64_t rows, int64_t step, int chunks) {
    if (chunks == GROUPS) {
        VEC sum[GROUPS];
        TP_UNROLL for (int g = 0; g < GROUPS; g++) sum[g] = to[g];
        for (int64_t i = 0; i < rows; i++) {
            TP_UNROLL for (int g = 0; g < GROUPS; g++) {
                VEC v = NAME(get)(x + i * step + g * LANES);
                sum[g] = TAKE(sum[g], v);
            }
        }
        TP_UNROLL for (int g = 0; g < GROUPS; g++) to[g] = sum[g];
        return;
    }
    for (int c = 0; c < chunks; c++) {
        VEC sum = to[c];
        for (int64_t i = 0; i < rows; i++) {
            VEC v = NAME(get)(x + i * step + c * LANES);
            sum = TAKE(sum, v);
        }
        to[c] = sum;
    }
}

/* Takes in less than a chunk. */
static void K(take_part)(VEC *to, const REAL *x, int64_t count, REAL neutral) {
    VEC v = NAME(get_part)(x, count, neutral);
    *to = TAKE(*to, v);
}

#undef KIND
#undef TAKE
#undef KINDNAME
#undef KINDNAME_
#undef K
