/* Products so small that planning would take longer than computing. A template, see gemm_tmpl.h. */

enum { NAME(SMALL_K) = 32, NAME(SMALL_ROWS) = 32 };

static bool NAME(is_small)(const tp_gemm_args *g) {
    if (TP_IN_ORDER && g->b_row == 1) return false; /* see choose_form() */
    return g->n <= LANES && g->k <= NAME(SMALL_K) && g->m <= NAME(SMALL_ROWS);
}

static void NAME(small)(const tp_gemm_args *g) {
    REAL b[NAME(SMALL_K) * LANES] __attribute__((aligned(64)));
    REAL sums[NAME(SMALL_ROWS) * LANES] __attribute__((aligned(64)));
    const REAL *from = g->b;
    NAME(pack_columns)(b, LANES, from, g->b_row, g->b_col, g->k, g->n);
    enum { MOST = TP_VECTOR_REGISTERS == 32 ? 14 : 6 };
    for (int64_t r = 0; r < g->m;) {
        int64_t rows = g->m - r < MOST ? g->m - r : MOST;
        NAME(outer_table)
        [0][rows - 1](g->k, (const REAL *)g->a + r * g->a_row, g->a_row, g->a_col, b, LANES,
                      sums + r * LANES, LANES, false, g->c);
        r += rows;
    }
    NAME(finish)(g, g->beta != 0, false, sums, LANES, 0, 0, g->m, g->n);
}
