/* Blocks of the dot-product form, and which form a block takes. A template, see gemm_tmpl.h. */

/* Columns j.. (at most DOT_COLUMNS) of the block. */
static void NAME(dot_columns)(const BLOCK *x, int64_t j, REAL *to, int64_t to_row, bool add) {
    const PLAN *plan = x->plan;
    int64_t cols = x->j_end - j < DOT_COLUMNS ? x->j_end - j : DOT_COLUMNS;
    const REAL *b[DOT_COLUMNS];
    for (int q = 0; q < DOT_COLUMNS; q++)
        b[q] = plan->b + (j + (q < cols ? q : 0)) * plan->b_col + x->p;
    REAL aside[DOT_ROWS * DOT_COLUMNS];
    for (int64_t r = 0; r < x->rows; r += x->tile) {
        int64_t rows = x->rows - r < x->tile ? x->rows - r : x->tile;
        NAME(dot_fn) kernel = NAME(dot_table)[rows - 1];
        const REAL *a = x->a + r * x->a_row;
        if (cols == DOT_COLUMNS) {
            kernel(x->k, a, x->a_row, b, to + r * to_row, to_row, add);
        } else {
            kernel(x->k, a, x->a_row, b, aside, DOT_COLUMNS, false);
            NAME(merge)(to + r * to_row, to_row, aside, DOT_COLUMNS, rows, cols, add);
        }
    }
}

static void NAME(dot_block)(BLOCK *x) {
    const PLAN *plan = x->plan;
    REAL *to = x->sums;
    int64_t to_row = plan->block_cols + DOT_COLUMNS;
    if (plan->in_place)
        to = (REAL *)plan->args.c + x->i * plan->args.c_row + x->j, to_row = plan->args.c_row;
    for (x->p = 0; x->p < plan->k; x->p += x->k) {
        x->k = plan->k - x->p < plan->block_k ? plan->k - x->p : plan->block_k;
        x->a = plan->a + x->i * plan->a_row + x->p * plan->a_col;
        x->a_row = plan->a_row;
        if (plan->pack_a) {
            x->a_row = NAME(odd_stride)(plan->block_k);
            NAME(copy_lines)(x->a_space, x->a_row, x->a, plan->a_row, plan->a_col, x->rows, x->k);
            x->a = x->a_space;
        }
        for (int64_t j = x->j; j < x->j_end; j += DOT_COLUMNS)
            NAME(dot_columns)(x, j, to + (j - x->j), to_row, plan->add || x->p > 0);
    }
    NAME(finish_columns)(x, to, to_row, x->j, x->j_end - x->j);
}

static void NAME(make_block)(BLOCK *x) {
    if (x->plan->dot)
        NAME(dot_block)(x);
    else
        NAME(outer_block)(x);
}
