/* Register tiles: rows x (vectors * LANES) sums stay in registers while channels and taps run; each step broadcasts one
 * element of a for each row and multiplies it with vectors of b. A template, see conv_tmpl.h. */

/* How a and b are walked. Step (c, t) reads b at c * channel + offset[t], and a one a_col further each time. */
typedef struct NAME(walk) {
    int64_t channels, taps;
    const int64_t *offset;
    int64_t channel;
    int64_t a_row, a_col;
} NAME(walk);
#define WALK NAME(walk)

/* c (rows, vectors * LANES) with row stride c_row, (+)= a b */
typedef void (*NAME(tile_fn))(const WALK *walk, const REAL *a, const REAL *b, REAL *c,
                              int64_t c_row, bool add);

/* Rows are reached as one of five pointers plus 0, 1 or 2 strides: see gemm_outer.h. */
TP_ALWAYS_INLINE void NAME(tile)(const int rows, const int vectors, const WALK *walk, const REAL *a,
                                 const REAL *b, REAL *c, int64_t c_row, bool add) {
    VEC sum[MAX_ROWS][MAX_VECTORS];
    const REAL *base[(MAX_ROWS + 2) / 3];
    int64_t a_row = walk->a_row, a_col = walk->a_col, taps = walk->taps;
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (VEC){0};
    }
    TP_UNROLL for (int g = 0; g < (rows + 2) / 3; g++) base[g] = a + 3 * g * a_row;
    for (int64_t channel = 0; channel < walk->channels; channel++, b += walk->channel) {
        for (int64_t t = 0; t < taps; t++) {
            const REAL *from = b + walk->offset[t];
            VEC right[MAX_VECTORS];
            TP_UNROLL for (int j = 0; j < vectors; j++) right[j] = NAME(load)(from + j * LANES);
            TP_UNROLL for (int i = 0; i < rows; i++) {
                REAL left = base[i / 3][(i % 3) * a_row];
                TP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += left * right[j];
            }
            TP_UNROLL for (int g = 0; g < (rows + 2) / 3; g++) base[g] += a_col;
        }
    }
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) {
            VEC v = sum[i][j];
            if (add) v += NAME(load)(c + i * c_row + j * LANES);
            NAME(store)(c + i * c_row + j * LANES, v);
        }
    }
}

#define TILE(rows, vectors)                                                                   \
    static void NAME(tile_##rows##x##vectors)(const WALK *walk, const REAL *a, const REAL *b, \
                                              REAL *c, int64_t c_row, bool add) {             \
        NAME(tile)(rows, vectors, walk, a, b, c, c_row, add);                                 \
    }
TILE(1, 1)
TILE(2, 1)
TILE(3, 1)
TILE(4, 1)
TILE(5, 1)
TILE(6, 1)
TILE(1, 2)
TILE(2, 2)
TILE(3, 2)
TILE(4, 2)
TILE(5, 2)
TILE(6, 2)
TILE(1, 4)
TILE(2, 4)
TILE(3, 4)
#if TP_VECTOR_REGISTERS == 32
TILE(7, 1)
TILE(8, 1)
TILE(9, 1)
TILE(10, 1)
TILE(11, 1)
TILE(12, 1)
TILE(13, 1)
TILE(14, 1)
TILE(7, 2)
TILE(8, 2)
TILE(9, 2)
TILE(10, 2)
TILE(11, 2)
TILE(12, 2)
TILE(13, 2)
TILE(14, 2)
TILE(4, 4)
TILE(5, 4)
TILE(6, 4)
#endif
#undef TILE

/* [log2 of vectors][rows - 1]; NULL where it would not fit into the registers */
#define TILE(rows, vectors) NAME(tile_##rows##x##vectors)
static const NAME(tile_fn) NAME(tile_table)[3][MAX_ROWS] = {
#if TP_VECTOR_REGISTERS == 32
    {TILE(1, 1), TILE(2, 1), TILE(3, 1), TILE(4, 1), TILE(5, 1), TILE(6, 1), TILE(7, 1), TILE(8, 1),
     TILE(9, 1), TILE(10, 1), TILE(11, 1), TILE(12, 1), TILE(13, 1), TILE(14, 1)},
    {TILE(1, 2), TILE(2, 2), TILE(3, 2), TILE(4, 2), TILE(5, 2), TILE(6, 2), TILE(7, 2), TILE(8, 2),
     TILE(9, 2), TILE(10, 2), TILE(11, 2), TILE(12, 2), TILE(13, 2), TILE(14, 2)},
    {TILE(1, 4), TILE(2, 4), TILE(3, 4), TILE(4, 4), TILE(5, 4), TILE(6, 4)},
#else
    {TILE(1, 1), TILE(2, 1), TILE(3, 1), TILE(4, 1), TILE(5, 1), TILE(6, 1)},
    {TILE(1, 2), TILE(2, 2), TILE(3, 2), TILE(4, 2), TILE(5, 2), TILE(6, 2)},
    {TILE(1, 4), TILE(2, 4), TILE(3, 4)},
#endif
};
#undef TILE

/* Vectors of the widest tile that `rows` rows can use, and rows of a tile of that many vectors at most. */
static int NAME(tile_vectors)(int64_t rows) {
    return rows <= (TP_VECTOR_REGISTERS == 32 ? 6 : 3) ? 4 : 2;
}
static int64_t NAME(tile_most)(int vectors) {
    if (vectors == 4) return TP_VECTOR_REGISTERS == 32 ? 6 : 3;
    return MAX_ROWS;
}
static NAME(tile_fn) NAME(tile_of)(int64_t rows, int vectors) {
    return NAME(tile_table)[vectors / 2][rows - 1];
}
