/* The kernels of the outer-product form: a tile of rows x (vectors * LANES) of the result stays in
 * registers while k runs; each step broadcasts one element of a for each row and multiplies it with
 * a row of b. A template, see gemm_tmpl.h. */

/* k, a with its strides, b (k rows of whole vectors) with its row stride, the tile of the result
 * with its row stride, whether to add to what is there, and the tile of the result that comes next:
 * it is fetched a row a step, for all of them at once would wait for one another. */
typedef void (*NAME(outer_fn))(int64_t k, const REAL *a, int64_t a_row, int64_t a_col,
                               const REAL *b, int64_t b_row, REAL *c, int64_t c_row, bool add,
                               const REAL *next);

/* Rows are reached as one of five pointers plus 0, 1 or 2 strides: that is what an x86 address can
 * say, so that fourteen rows of any stride need few registers and no arithmetic but five additions
 * a step. */
TP_ALWAYS_INLINE void NAME(outer)(const int rows, const int vectors, int64_t k, const REAL *a,
                                  int64_t a_row, int64_t a_col, const REAL *b, int64_t b_row,
                                  REAL *c, int64_t c_row, bool add, const REAL *next) {
    VEC sum[MAX_ROWS][MAX_VECTORS];
    const REAL *base[(MAX_ROWS + 2) / 3];
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) { sum[i][j] = (VEC){0}; }
    }
    TP_UNROLL for (int g = 0; g < (rows + 2) / 3; g++) base[g] = a + 3 * g * a_row;
    for (int64_t p = 0; p < k; p++) {
        VEC right[MAX_VECTORS];
        TP_UNROLL for (int j = 0; j < vectors; j++) right[j] = NAME(load)(b + j * LANES);
        TP_UNROLL for (int i = 0; i < rows; i++) {
            REAL left = base[i / 3][(i % 3) * a_row];
            TP_UNROLL for (int j = 0; j < vectors; j++) MULTIPLY_ADD(sum[i][j], left, right[j]);
        }
        TP_UNROLL for (int g = 0; g < (rows + 2) / 3; g++) base[g] += a_col;
        b += b_row;
        TP_UNROLL for (int j = 0; j < vectors; j++) __builtin_prefetch(next + j * LANES, 1);
        next += p + 1 < rows ? c_row : 0;
    }
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < vectors; j++) {
            VEC v = sum[i][j];
            if (add) v += NAME(load)(c + i * c_row + j * LANES);
            NAME(store)(c + i * c_row + j * LANES, v);
        }
    }
}

#define OUTER(rows, vectors)                                                                  \
    static void NAME(outer_##rows##x##vectors)(                                               \
        int64_t k, const REAL *a, int64_t a_row, int64_t a_col, const REAL *b, int64_t b_row, \
        REAL *c, int64_t c_row, bool add, const REAL *next) {                                 \
        NAME(outer)(rows, vectors, k, a, a_row, a_col, b, b_row, c, c_row, add, next);        \
    }

/* Every number of rows with as many vectors (powers of two) as registers allow. */
OUTER(1, 1)
OUTER(2, 1)
OUTER(3, 1)
OUTER(4, 1)
OUTER(5, 1)
OUTER(6, 1)
OUTER(1, 2)
OUTER(2, 2)
OUTER(3, 2)
OUTER(4, 2)
OUTER(5, 2)
OUTER(6, 2)
OUTER(1, 4)
OUTER(2, 4)
OUTER(3, 4)
OUTER(1, 8)
#if TP_VECTOR_REGISTERS == 32
OUTER(7, 1)
OUTER(8, 1)
OUTER(9, 1)
OUTER(10, 1)
OUTER(11, 1)
OUTER(12, 1)
OUTER(13, 1)
OUTER(14, 1)
OUTER(7, 2)
OUTER(8, 2)
OUTER(9, 2)
OUTER(10, 2)
OUTER(11, 2)
OUTER(12, 2)
OUTER(13, 2)
OUTER(14, 2)
OUTER(4, 4)
OUTER(5, 4)
OUTER(6, 4)
OUTER(7, 4)
OUTER(2, 8)
OUTER(3, 8)
#endif
#undef OUTER

/* [log2 of vectors][rows - 1]; NULL where it would not fit into the registers */
#define OUTER(rows, vectors) NAME(outer_##rows##x##vectors)
static const NAME(outer_fn) NAME(outer_table)[4][MAX_ROWS] = {
#if TP_VECTOR_REGISTERS == 32
    {OUTER(1, 1), OUTER(2, 1), OUTER(3, 1), OUTER(4, 1), OUTER(5, 1), OUTER(6, 1), OUTER(7, 1),
     OUTER(8, 1), OUTER(9, 1), OUTER(10, 1), OUTER(11, 1), OUTER(12, 1), OUTER(13, 1),
     OUTER(14, 1)},
    {OUTER(1, 2), OUTER(2, 2), OUTER(3, 2), OUTER(4, 2), OUTER(5, 2), OUTER(6, 2), OUTER(7, 2),
     OUTER(8, 2), OUTER(9, 2), OUTER(10, 2), OUTER(11, 2), OUTER(12, 2), OUTER(13, 2),
     OUTER(14, 2)},
    {OUTER(1, 4), OUTER(2, 4), OUTER(3, 4), OUTER(4, 4), OUTER(5, 4), OUTER(6, 4), OUTER(7, 4)},
    {OUTER(1, 8), OUTER(2, 8), OUTER(3, 8)},
#else
    {OUTER(1, 1), OUTER(2, 1), OUTER(3, 1), OUTER(4, 1), OUTER(5, 1), OUTER(6, 1)},
    {OUTER(1, 2), OUTER(2, 2), OUTER(3, 2), OUTER(4, 2), OUTER(5, 2), OUTER(6, 2)},
    {OUTER(1, 4), OUTER(2, 4), OUTER(3, 4)},
    {OUTER(1, 8)},
#endif
};
#undef OUTER
