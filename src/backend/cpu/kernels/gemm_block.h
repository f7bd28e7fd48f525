/* One part of the result, block by block. A template, see gemm_tmpl.h. */

typedef struct NAME(part) {
    const PLAN *plan;
    int64_t i_end, j_end;
    REAL *a_space, *b_space, *sums; /* scratch */
} NAME(part);
#define PART NAME(part)

/* c (+)= sums, (rows, cols) */
static void NAME(merge)(REAL *c, int64_t c_row, const REAL *sums, int64_t ld, int64_t rows,
                        int64_t cols, bool add) {
    for (int64_t i = 0; i < rows; i++, c += c_row, sums += ld) {
        for (int64_t j = 0; j < cols; j++) c[j] = add ? c[j] + sums[j] : sums[j];
    }
}

/* Heights of register tiles differ by at most one row: a last tile of a single row would waste most
 * of the machine. */
static int64_t NAME(tile_rows)(int64_t left, int most) {
    int64_t tiles = (left + most - 1) / most;
    return (left + tiles - 1) / tiles;
}

static int NAME(log2)(int vectors) {
    return vectors >= 8 ? 3 : vectors >= 4 ? 2 : vectors >= 2 ? 1 : 0;
}

static void NAME(finish_block)(const PLAN *plan, REAL *sums, int64_t ld, int64_t i, int64_t j,
                               int64_t rows, int64_t cols) {
    if (plan->swapped)
        NAME(finish_transposed)(plan, sums, ld, j, i, cols, rows);
    else if (!plan->plain)
        NAME(finish)(&plan->args, plan->read_c, plan->one_bias, sums, ld, i, j, rows, cols);
}

/* A panel of columns j.. of the block of rows i..: multiplies k columns of a (from a, with its
 * strides) from p on. */
static void NAME(outer_panel)(const PART *part, const REAL *a, int64_t a_row, int64_t a_col,
                              int64_t i, int64_t rows, int64_t j, int vectors, int64_t p, int64_t k,
                              REAL *sums, int64_t ld) {
    const PLAN *plan = part->plan;
    int64_t width = vectors * LANES, cols = part->j_end - j < width ? part->j_end - j : width;
    const REAL *b = plan->b + p * plan->b_row + j * plan->b_col;
    int64_t b_row = plan->b_row;
    if (plan->pack_b || cols < width) {
        NAME(pack_columns)(part->b_space, width, b, b_row, plan->b_col, k, cols);
        b = part->b_space;
        b_row = width;
    }
    bool first = p == 0, last = p + k == plan->k, add = !first;
    REAL *to = sums;
    REAL *c = NULL;
    int64_t to_row = ld;
    if (plan->in_place) {
        c = (REAL *)plan->args.c + i * plan->args.c_row + j;
        add = plan->add || !first;
        if (cols == width) to = c, to_row = plan->args.c_row;
    }
    bool aside = plan->in_place && to != c; /* whole vectors would run over the end of the row */
    const NAME(outer_fn) *kernels = NAME(outer_table)[NAME(log2)(vectors)];
    for (int64_t r = 0; r < rows;) {
        int64_t height = NAME(tile_rows)(rows - r, plan->max_rows);
        kernels[height - 1](k, a + r * a_row, a_row, a_col, b, b_row, to + r * to_row, to_row,
                            add && !aside);
        r += height;
    }
    if (aside) {
        NAME(merge)(c, plan->args.c_row, to, to_row, rows, cols, add);
        to = c;
        to_row = plan->args.c_row;
    }
    if (last) NAME(finish_block)(plan, to, to_row, i, j, rows, cols);
}

static void NAME(outer_block)(const PART *part, int64_t i, int64_t rows, int64_t j0, int64_t j1) {
    const PLAN *plan = part->plan;
    int64_t p = 0;
    bool many = plan->k > plan->block_k;
    do {
        int64_t k = plan->k - p < plan->block_k ? plan->k - p : plan->block_k;
        const REAL *a = plan->a + i * plan->a_row + p * plan->a_col;
        int64_t a_row = plan->a_row, a_col = plan->a_col;
        if (plan->pack_a) {
            NAME(pack_rows)(part->a_space, &a_row, &a_col, a, plan->a_row, plan->a_col, rows, k);
            a = part->a_space;
        }
        for (int64_t j = j0; j < j1;) {
            int vectors = plan->vectors;
            while (vectors > 1 && (vectors - 1) * LANES >= j1 - j) vectors /= 2;
            int64_t width = vectors * LANES;
            REAL *sums = many && !plan->in_place ? part->sums + (j - j0) : part->sums;
            NAME(outer_panel)
            (part, a, a_row, a_col, i, rows, j, vectors, p, k, sums,
             many && !plan->in_place ? plan->block_cols + plan->vectors * LANES : width);
            j += width;
        }
        p += k;
    } while (p < plan->k);
}

/* Columns j.. (at most DOT_COLUMNS) of the block: k elements from p on. */
static void NAME(dot_columns)(const PART *part, const REAL *a, int64_t a_row, int64_t rows,
                              int64_t j, int64_t p, int64_t k, REAL *to, int64_t to_row, bool add) {
    const PLAN *plan = part->plan;
    int64_t cols = part->j_end - j < DOT_COLUMNS ? part->j_end - j : DOT_COLUMNS;
    const REAL *b[DOT_COLUMNS];
    for (int q = 0; q < DOT_COLUMNS; q++)
        b[q] = plan->b + (j + (q < cols ? q : 0)) * plan->b_col + p;
    REAL aside[DOT_ROWS * DOT_COLUMNS];
    for (int64_t r = 0; r < rows;) {
        int64_t height = NAME(tile_rows)(rows - r, plan->max_rows);
        NAME(dot_fn) kernel = NAME(dot_table)[height - 1];
        REAL *tile = to + r * to_row;
        if (cols == DOT_COLUMNS) {
            kernel(k, a + r * a_row, a_row, b, tile, to_row, add);
        } else {
            kernel(k, a + r * a_row, a_row, b, aside, DOT_COLUMNS, false);
            NAME(merge)(tile, to_row, aside, DOT_COLUMNS, height, cols, add);
        }
        r += height;
    }
}

static void NAME(dot_block)(const PART *part, int64_t i, int64_t rows, int64_t j0, int64_t j1) {
    const PLAN *plan = part->plan;
    REAL *to = part->sums;
    int64_t to_row = plan->block_cols + DOT_COLUMNS;
    if (plan->in_place)
        to = (REAL *)plan->args.c + i * plan->args.c_row + j0, to_row = plan->args.c_row;
    for (int64_t p = 0; p < plan->k;) {
        int64_t k = plan->k - p < plan->block_k ? plan->k - p : plan->block_k;
        const REAL *a = plan->a + i * plan->a_row + p * plan->a_col;
        int64_t a_row = plan->a_row;
        if (plan->pack_a) {
            a_row = NAME(odd_stride)(plan->block_k);
            NAME(copy_lines)(part->a_space, a_row, a, plan->a_row, plan->a_col, rows, k);
            a = part->a_space;
        }
        for (int64_t j = j0; j < j1; j += DOT_COLUMNS) NAME(dot_columns)
        (part, a, a_row, rows, j, p, k, to + (j - j0), to_row, plan->add || p > 0);
        p += k;
    }
    NAME(finish_block)(plan, to, to_row, i, j0, rows, j1 - j0);
}

/* The border before part t of `parts` of n: a multiple of unit. */
static int64_t NAME(border)(int64_t n, int parts, int t, int64_t unit) {
    if (t >= parts) return n;
    int64_t units = (n + unit - 1) / unit;
    int64_t at = (units / parts * t + units % parts * t / parts) * unit;
    return at < n ? at : n;
}

static void NAME(run_part)(void *arg, int64_t task, int worker) {
    const PLAN *plan = arg;
    int ti = (int)(task / plan->col_parts), tj = (int)(task % plan->col_parts);
    int64_t unit_rows = plan->m >= 8 * plan->row_parts ? 4 : 1;
    int64_t unit_cols = plan->dot ? DOT_COLUMNS : plan->vectors * LANES;
    int64_t i0 = NAME(border)(plan->m, plan->row_parts, ti, unit_rows);
    int64_t i1 = NAME(border)(plan->m, plan->row_parts, ti + 1, unit_rows);
    int64_t j0 = NAME(border)(plan->n, plan->col_parts, tj, unit_cols);
    int64_t j1 = NAME(border)(plan->n, plan->col_parts, tj + 1, unit_cols);
    REAL *a_space = plan->scratch[plan->row_parts * plan->col_parts > 1 ? worker : 0],
         *b_space = a_space + plan->a_space;
    PART part = {plan, i1, j1, a_space, b_space, b_space + plan->b_space};
    for (int64_t j = j0; j < j1; j += plan->block_cols) {
        int64_t end = j1 - j < plan->block_cols ? j1 : j + plan->block_cols;
        for (int64_t i = i0; i < i1; i += plan->block_rows) {
            int64_t rows = i1 - i < plan->block_rows ? i1 - i : plan->block_rows;
            if (plan->dot)
                NAME(dot_block)(&part, i, rows, j, end);
            else
                NAME(outer_block)(&part, i, rows, j, end);
        }
    }
}
