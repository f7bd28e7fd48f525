/* Register tiles with vectors along the channels of the result: rows are pixels, whose source elements are broadcast from where
 * they lie in memory. A template, see conv_tmpl.h. */

/* What a tile adds up: for each source channel c, column tap q and row tap t the element at across[q] + c * channel + down[t]
 * of the first pixel, the next pixel's a_row further, times a vector of weights at q * b_across + c * b_channel + t * b_down. */
typedef struct NAME(reach) {
    int64_t columns, channels, taps;
    const int64_t *across, *down;
    int64_t channel, a_row;
    int64_t b_across, b_channel, b_down;
    /* What the sums begin with, and where they go: the distances of the rows. */
    const REAL *start;
    int64_t start_row, c_row;
} NAME(reach);
#define REACH NAME(reach)

typedef void (*NAME(wide_fn))(const REACH *reach, const REAL *a, const REAL *b, REAL *c);

/* side: distance of neighbouring pixels where it is known to the compiler, else 0. Taps of a column follow each other, those of a
 * row in the order of the definition. */
TP_ALWAYS_INLINE void NAME(wide)(const int rows, const int vectors, const int64_t side,
                                 const REACH *reach, const REAL *a, const REAL *b, REAL *c) {
    VEC sum[MAX_ROWS][MAX_VECTORS];
    const int64_t a_row = side ? side : reach->a_row, c_row = reach->c_row;
    const int64_t outer = TP_IN_ORDER ? reach->taps : reach->columns,
                  inner = TP_IN_ORDER ? reach->columns : reach->taps;
    const int64_t *outer_at = TP_IN_ORDER ? reach->down : reach->across,
                  *inner_at = TP_IN_ORDER ? reach->across : reach->down;
    const int64_t b_outer = TP_IN_ORDER ? reach->b_down : reach->b_across,
                  b_inner = TP_IN_ORDER ? reach->b_across : reach->b_down;
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] =
            NAME(load)(reach->start + i * reach->start_row + j * LANES);
    }
    for (int64_t n = 0; n < reach->channels; n++, a += reach->channel, b += reach->b_channel) {
        for (int64_t q = 0; q < outer; q++) {
            const REAL *from = a + outer_at[q], *weight = b + q * b_outer;
            for (int64_t t = 0; t < inner; t++, weight += b_inner) {
                const REAL *base[(MAX_ROWS + 2) / 3];
                VEC right[MAX_VECTORS];
                TP_UNROLL for (int g = 0; g < (rows + 2) / 3; g++) base[g] =
                    from + inner_at[t] + 3 * g * a_row;
                TP_UNROLL for (int j = 0; j < vectors; j++) right[j] =
                    NAME(load)(weight + j * LANES);
                TP_UNROLL for (int i = 0; i < rows; i++) {
                    REAL left = base[i / 3][(i % 3) * a_row];
                    TP_UNROLL for (int j = 0; j < vectors; j++)
                        MULTIPLY_ADD(sum[i][j], left, right[j]);
                }
            }
        }
    }
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++)
            NAME(store)(c + i * c_row + j * LANES, sum[i][j]);
    }
}

#define WIDE(rows, vectors)                                                                     \
    static void NAME(wide_##rows##x##vectors)(const REACH *reach, const REAL *a, const REAL *b, \
                                              REAL *c) {                                        \
        NAME(wide)(rows, vectors, 1, reach, a, b, c);                                           \
    }                                                                                           \
    static void NAME(wide_any_##rows##x##vectors)(const REACH *reach, const REAL *a,            \
                                                  const REAL *b, REAL *c) {                     \
        NAME(wide)(rows, vectors, 0, reach, a, b, c);                                           \
    }
TILES_OF_1(WIDE)
TILES_OF_2(WIDE)
TILES_WIDE_4(WIDE)
#undef WIDE

#define WIDE(rows, vectors)     NAME(wide_##rows##x##vectors),
#define WIDE_ANY(rows, vectors) NAME(wide_any_##rows##x##vectors),
/* [pixels side by side or not][log2 of vectors][rows - 1] */
static const NAME(wide_fn) NAME(wide_table)[2][3][MAX_ROWS] = {
    {{TILES_OF_1(WIDE)}, {TILES_OF_2(WIDE)}, {TILES_WIDE_4(WIDE)}},
    {{TILES_OF_1(WIDE_ANY)}, {TILES_OF_2(WIDE_ANY)}, {TILES_WIDE_4(WIDE_ANY)}},
};
#undef WIDE
#undef WIDE_ANY

/* Rows of a tile of that many vectors at most. */
static int64_t NAME(wide_rows)(int64_t vectors) {
    if (vectors < 4) return MAX_ROWS;
    return TP_VECTOR_REGISTERS == 32 ? 7 : 3;
}
