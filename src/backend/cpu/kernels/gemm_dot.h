/* The kernels of the dot-product form, for a with contiguous rows and b with contiguous columns:
 * vectors run along k, and the lanes are added up at the end. Nothing needs to be packed. A
 * template, see gemm_tmpl.h. */

/* k, a and its row stride, four columns of b, c and its row stride, whether to add to what is
 * there. */
typedef void (*NAME(dot_fn))(int64_t k, const REAL *a, int64_t a_row, const REAL *const *b, REAL *c,
                             int64_t c_row, bool add);

TP_ALWAYS_INLINE void NAME(dot)(const int rows, int64_t k, const REAL *a, int64_t a_row,
                                const REAL *const *b, REAL *c, int64_t c_row, bool add) {
    VEC sum[DOT_ROWS][DOT_COLUMNS];
    const REAL *base[2] = {a, a + 3 * a_row};
    const REAL *b0 = b[0], *b1 = b[1], *b2 = b[2], *b3 = b[3];
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < DOT_COLUMNS; j++) sum[i][j] = (VEC){0};
    }
    int64_t p = 0;
    for (; p + LANES <= k; p += LANES) {
        VEC right[DOT_COLUMNS] = {NAME(load)(b0 + p), NAME(load)(b1 + p), NAME(load)(b2 + p),
                                  NAME(load)(b3 + p)};
        TP_UNROLL for (int i = 0; i < rows; i++) {
            VEC left = NAME(load)(base[i / 3] + (i % 3) * a_row + p);
            TP_UNROLL for (int j = 0; j < DOT_COLUMNS; j++) sum[i][j] += left * right[j];
        }
    }
    if (p < k) {
        VEC right[DOT_COLUMNS] = {NAME(load_part)(b0 + p, k - p), NAME(load_part)(b1 + p, k - p),
                                  NAME(load_part)(b2 + p, k - p), NAME(load_part)(b3 + p, k - p)};
        TP_UNROLL for (int i = 0; i < rows; i++) {
            VEC left = NAME(load_part)(base[i / 3] + (i % 3) * a_row + p, k - p);
            TP_UNROLL for (int j = 0; j < DOT_COLUMNS; j++) sum[i][j] += left * right[j];
        }
    }
    TP_UNROLL for (int i = 0; i < rows; i++) NAME(sum_lanes)(c + i * c_row, sum[i], add);
}

#define DOT(rows)                                                                               \
    static void NAME(dot_##rows)(int64_t k, const REAL *a, int64_t a_row, const REAL *const *b, \
                                 REAL *c, int64_t c_row, bool add) {                            \
        NAME(dot)(rows, k, a, a_row, b, c, c_row, add);                                         \
    }
DOT(1)
DOT(2)
#if TP_VECTOR_REGISTERS == 32
DOT(3)
DOT(4)
DOT(5)
DOT(6)
#endif
#undef DOT

static const NAME(dot_fn) NAME(dot_table)[DOT_ROWS] = {
    NAME(dot_1), NAME(dot_2),
#if TP_VECTOR_REGISTERS == 32
    NAME(dot_3), NAME(dot_4), NAME(dot_5), NAME(dot_6),
#endif
};
