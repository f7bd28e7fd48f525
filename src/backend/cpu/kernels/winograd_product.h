/* Products of the transformed operands, one for each point: small matrices in panels of LANES channels. A template, see
 * winograd.c. */

enum {
    /* tiles and vectors of channels of a register tile in the product that sums over channels */
    NAME(SUM_ROWS) = TP_VECTOR_REGISTERS == 32 ? 14 : 6,
    NAME(SUM_VECTORS) = 2,
    /* channels and vectors of channels in the product that sums over tiles */
    NAME(OUTER_ROWS) = LANES >= 8 && TP_VECTOR_REGISTERS == 32 ? 8 : 4,
    NAME(OUTER_VECTORS) = LANES >= 4 ? 3 : 2
};

/* c = a b for some tiles and `vectors` * LANES channels out. a is (k, tiles) in panels of LANES of the k channels in, each
 * (tiles, LANES), `panel` apart; b is (k, vectors * LANES), c (tiles, vectors * LANES). */
TP_ALWAYS_INLINE void NAME(sum_channels)(const int rows, const int vectors, int64_t k,
                                         const REAL *a, int64_t panel, const REAL *b, REAL *c) {
    VEC sum[NAME(SUM_ROWS)][NAME(SUM_VECTORS)];
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (VEC){0};
    }
    for (; k > 0; k -= LANES, a += panel) {
        int count = k < LANES ? (int)k : LANES;
        /* the next panel is too far away for the processor to guess */
        TP_UNROLL for (int i = 0; i < rows; i++) __builtin_prefetch(a + panel + i * LANES);
        for (int p = 0; p < count; p++) {
            VEC right[NAME(SUM_VECTORS)];
            TP_UNROLL for (int j = 0; j < vectors; j++) right[j] = NAME(load)(b + j * LANES);
            TP_UNROLL for (int i = 0; i < rows; i++) {
                REAL left = a[i * LANES + p];
                TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += left * right[j];
            }
            b += vectors * LANES;
        }
    }
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++)
            NAME(store)(c + (i * vectors + j) * LANES, sum[i][j]);
    }
}

typedef void (*NAME(sum_fn))(int64_t k, const REAL *a, int64_t panel, const REAL *b, REAL *c);
#define SUM(rows, vectors)                                                            \
    static void NAME(sum_##rows##x##vectors)(int64_t k, const REAL *a, int64_t panel, \
                                             const REAL *b, REAL *c) {                \
        NAME(sum_channels)(rows, vectors, k, a, panel, b, c);                         \
    }
#define BOTH(rows) \
    SUM(rows, 1)   \
    SUM(rows, 2)
BOTH(1)
BOTH(2)
BOTH(3)
BOTH(4)
BOTH(5)
BOTH(6)
#if TP_VECTOR_REGISTERS == 32
BOTH(7)
BOTH(8)
BOTH(9)
BOTH(10)
BOTH(11)
BOTH(12)
BOTH(13)
BOTH(14)
#endif
#undef BOTH
#undef SUM

#define BOTH(rows) \
    { NAME(sum_##rows##x1), NAME(sum_##rows##x2) }
/* [rows - 1][vectors - 1] */
static const NAME(sum_fn) NAME(sum_table)[NAME(SUM_ROWS)][NAME(SUM_VECTORS)] = {
    BOTH(1), BOTH(2), BOTH(3), BOTH(4),  BOTH(5),  BOTH(6),
#if TP_VECTOR_REGISTERS == 32
    BOTH(7), BOTH(8), BOTH(9), BOTH(10), BOTH(11), BOTH(12), BOTH(13), BOTH(14),
#endif
};
#undef BOTH

/* c (+)= a^T b for OUTER_ROWS channels out and `vectors` * LANES channels in, summed over the tiles. a is a part of a panel
 * (tiles, LANES); b are panels (tiles, LANES), `panel` apart; c has rows c_row apart. */
TP_ALWAYS_INLINE void NAME(sum_tiles)(const int vectors, int64_t tiles, const REAL *a,
                                      const REAL *b, int64_t panel, REAL *c, int64_t c_row,
                                      bool add) {
    enum { ROWS = NAME(OUTER_ROWS) };
    VEC sum[ROWS][NAME(OUTER_VECTORS)];
    TP_UNROLL for (int i = 0; i < ROWS; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] =
            add ? NAME(load)(c + i * c_row + j * LANES) : (VEC){0};
    }
    for (int64_t t = 0; t < tiles; t++, a += LANES, b += LANES) {
        VEC right[NAME(OUTER_VECTORS)];
        TP_UNROLL for (int j = 0; j < vectors; j++) right[j] = NAME(load)(b + j * panel);
        TP_UNROLL for (int i = 0; i < ROWS; i++) {
            REAL left = a[i];
            TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += left * right[j];
        }
    }
    TP_UNROLL for (int i = 0; i < ROWS; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++)
            NAME(store)(c + i * c_row + j * LANES, sum[i][j]);
    }
}

typedef void (*NAME(outer_sum_fn))(int64_t tiles, const REAL *a, const REAL *b, int64_t panel,
                                   REAL *c, int64_t c_row, bool add);
#define OUTER_SUM(vectors)                                                                   \
    static void NAME(outer_sum_##vectors)(int64_t tiles, const REAL *a, const REAL *b,       \
                                          int64_t panel, REAL *c, int64_t c_row, bool add) { \
        NAME(sum_tiles)(vectors, tiles, a, b, panel, c, c_row, add);                         \
    }
OUTER_SUM(1)
OUTER_SUM(2)
OUTER_SUM(3)
#undef OUTER_SUM
/* [vectors - 1] */
static const NAME(outer_sum_fn)
    NAME(outer_sum_table)[] = {NAME(outer_sum_1), NAME(outer_sum_2), NAME(outer_sum_3)};
