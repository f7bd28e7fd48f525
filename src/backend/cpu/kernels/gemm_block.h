/* One part of the result, block by block. A template, see gemm_tmpl.h. */

/* A block of the result, (rows, j_end - j), and what of k is being added to it. */
typedef struct NAME(block) {
    const PLAN *plan;
    REAL *a_space, *b_space, *sums; /* scratch */
    int64_t group, packed;          /* b_space holds the columns from group to packed of b */
    int64_t i, rows, j, j_end;
    int64_t fetched; /* rows of the next group that were asked for */
    int64_t tile;    /* rows of a register tile */
    /* Tiles from the last one to the first, and likewise the rows of each. The processor fetches on in the direction in which it
     * sees rows used: two neighbours that work away from their common border do not take each
     * other's rows of the result out of the cache. */
    bool upwards;
    int64_t p, k;
    /* Those k columns of those rows of a, perhaps copied. Rows of one tile are a_row apart, and the
     * first rows of two tiles are a_step for each row between them. */
    const REAL *a;
    int64_t a_row, a_col, a_step;
} NAME(block);
#define BLOCK NAME(block)

/* Columns of a and rows of b that are copied for x->k steps of the kernels. */
#ifndef COPIED_DEPTH
#define COPIED_DEPTH(x) ((x)->k)
#endif

/* c (+)= sums, (rows, cols) */
static void NAME(merge)(REAL *c, int64_t c_row, const REAL *sums, int64_t ld, int64_t rows,
                        int64_t cols, bool add) {
    for (int64_t i = 0; i < rows; i++, c += c_row, sums += ld) {
        for (int64_t j = 0; j < cols; j++) c[j] = add ? c[j] + sums[j] : sums[j];
    }
}

/* Tiles are of the same height (but the last one): one of a single row at the end would waste most
 * of the machine. */
static int64_t NAME(tile_rows)(int64_t rows, int most) {
    int64_t tiles = (rows + most - 1) / most;
    return (rows + tiles - 1) / tiles;
}

/* Turns the sums of columns j.. of the block into results. */
static void NAME(finish_columns)(const BLOCK *x, REAL *sums, int64_t ld, int64_t j, int64_t cols) {
    const PLAN *plan = x->plan;
    if (plan->swapped)
        NAME(finish_transposed)(plan, sums, ld, j, x->i, cols, x->rows);
    else if (!plan->plain)
        NAME(finish)(&plan->args, plan->read_c, plan->one_bias, sums, ld, x->i, j, x->rows, cols);
}

/* Asks for some rows of the next group of b, while there is other work to do: the first of their
 * lines, which the processor cannot guess. */
static void NAME(fetch_ahead)(BLOCK *x, int64_t rows) {
    const PLAN *plan = x->plan;
    int64_t cols =
        x->j_end - x->packed < plan->group_cols ? x->j_end - x->packed : plan->group_cols;
    int64_t end = x->fetched + rows < x->k ? x->fetched + rows : x->k;
    const REAL *b = plan->b + (x->p + x->fetched) * plan->b_row + x->packed;
    for (; x->fetched < end; x->fetched++, b += plan->b_row) {
        for (int64_t j = 0; j < cols; j += 64 / (int64_t)sizeof(REAL))
            __builtin_prefetch(b + j, 0, 2);
    }
}

/* Row at which the i-th of so many tiles begins. */
static int64_t NAME(tile_begin)(const BLOCK *x, int64_t i, int64_t tiles) {
    return (x->upwards ? tiles - 1 - i : i) * x->tile;
}

/* All the tiles of one panel of b: to (+)= a b. */
static void NAME(outer_tiles)(BLOCK *x, int vectors, const REAL *b, int64_t b_row, REAL *to,
                              int64_t to_row, bool add) {
    const NAME(outer_fn) *kernels = NAME(outer_table)[vectors >= 8 ? 3 : vectors / 2];
    int64_t tiles = (x->rows + x->tile - 1) / x->tile;
    for (int64_t i = 0; i < tiles; i++) {
        int64_t r = NAME(tile_begin)(x, i, tiles);
        int64_t rows = x->rows - r < x->tile ? x->rows - r : x->tile;
        const REAL *next = to + NAME(tile_begin)(x, (i + 1) % tiles, tiles) * to_row;
        if (i + 1 == tiles) next += vectors * LANES; /* of the next panel */
        if (x->plan->fetch_rows) NAME(fetch_ahead)(x, x->plan->fetch_rows);
        const REAL *a = x->a + r * x->a_step;
        REAL *c = to + r * to_row;
        if (x->upwards) {
            int64_t last = rows - 1;
            kernels[last](x->k, a + last * x->a_row, -x->a_row, x->a_col, b, b_row,
                          c + last * to_row, -to_row, add, next + last * to_row);
        } else {
            kernels[rows - 1](x->k, a, x->a_row, x->a_col, b, b_row, c, to_row, add, next);
        }
    }
}

/* Copies the columns of b from j on, as many as fit, panel after panel; x->packed is the first
 * column that was left out. */
static void NAME(pack_group)(BLOCK *x, int64_t j) {
    const PLAN *plan = x->plan;
    x->group = j;
    x->fetched = 0;
    x->packed = x->j_end - j < plan->group_cols ? x->j_end : j + plan->group_cols;
    int64_t panel = plan->vectors * LANES;
    NAME(pack_columns)
    (x->b_space, panel, plan->b + x->p * plan->b_row + j * plan->b_col, plan->b_row, plan->b_col,
     COPIED_DEPTH(x), x->packed - j);
}

/* The panel of columns j.. of the block. Sums, unless they grow in the result, are at `sums`. */
static void NAME(outer_panel)(BLOCK *x, int64_t j, int vectors, REAL *sums, int64_t ld) {
    const PLAN *plan = x->plan;
    int64_t width = vectors * LANES, left = x->j_end - j, cols = left < width ? left : width;
    const REAL *b = plan->b + x->p * plan->b_row + j * plan->b_col;
    int64_t b_row = plan->b_row;
    if (plan->pack_b || cols < width) {
        if (j >= x->packed) NAME(pack_group)(x, j);
        b = x->b_space + (j - x->group) * x->k;
        b_row = width;
    }
    bool first = x->p == 0, last = x->p + x->k == plan->k;
    if (!plan->in_place) {
        NAME(outer_tiles)(x, vectors, b, b_row, sums, ld, !first);
    } else {
        REAL *c = (REAL *)plan->args.c + x->i * plan->args.c_row + j;
        bool add = plan->add || !first;
        if (cols == width) {
            NAME(outer_tiles)(x, vectors, b, b_row, c, plan->args.c_row, add);
        } else { /* whole vectors would run over the end of the row */
            NAME(outer_tiles)(x, vectors, b, b_row, x->sums, width, false);
            NAME(merge)(c, plan->args.c_row, x->sums, width, x->rows, cols, add);
        }
        sums = c, ld = plan->args.c_row;
    }
    if (last) NAME(finish_columns)(x, sums, ld, j, cols);
}

static void NAME(take_outer_rows)(BLOCK *x) {
    const PLAN *plan = x->plan;
    x->a = plan->a + x->i * plan->a_row + x->p * plan->a_col;
    x->a_row = x->a_step = plan->a_row;
    x->a_col = plan->a_col;
    if (!plan->pack_a) return;
    if (plan->a_row == 1 && plan->a_col != 1) {
        NAME(pack_tiles)(x->a_space, x->tile, x->a, plan->a_col, x->rows, COPIED_DEPTH(x));
        x->a_row = 1, x->a_col = x->tile, x->a_step = x->k;
    } else {
        x->a_row = x->a_step = NAME(odd_stride)(plan->block_k);
        x->a_col = 1;
        NAME(copy_lines)
        (x->a_space, x->a_row, x->a, plan->a_row, plan->a_col, x->rows, COPIED_DEPTH(x));
    }
    x->a = x->a_space;
}

static void NAME(outer_block)(BLOCK *x) {
    const PLAN *plan = x->plan;
    bool aside = plan->k > plan->block_k && !plan->in_place; /* sums wait for the next part of k */
    x->p = 0;
    do {
        x->k = plan->k - x->p < plan->block_k ? plan->k - x->p : plan->block_k;
        NAME(take_outer_rows)(x);
        int vectors;
        x->packed = x->j;
        for (int64_t j = x->j; j < x->j_end; j += vectors * LANES) {
            vectors = (int)(NAME(panel_width)(plan->vectors * LANES, x->j_end - j) / LANES);
            if (aside) NAME(outer_panel)
            (x, j, vectors, x->sums + (j - x->j), plan->block_cols + plan->vectors * LANES);
            else NAME(outer_panel)(x, j, vectors, x->sums, vectors * LANES);
        }
        x->p += x->k;
    } while (x->p < plan->k);
}
