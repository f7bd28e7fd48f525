/* Which form a product takes, with all that follows from it. A template, see gemm_tmpl.h. */

/* (m, k) (k, 1) is better seen as (1, k) (k, m): the result is one contiguous row. */
static void NAME(column_to_row)(PLAN *plan) {
    tp_gemm_args *g = &plan->args;
    if (g->n != 1 || g->m == 1 || g->c_row != 1 || g->tile || (g->mask && g->mask_row != 1)) return;
    const void *a = g->a;
    int64_t a_row = g->a_row, a_col = g->a_col;
    g->n = g->m, g->m = 1;
    g->a = g->b, g->a_row = g->b_col, g->a_col = g->b_row;
    g->b = a, g->b_row = a_col, g->b_col = a_row;
    g->c_row = g->n, g->mask_row = g->n;
    plan->one_bias = true;
}

/* Form and orientation. Where columns of b are contiguous (as in x W^T with W stored row by row),
 * vectors of the outer form need a transposing copy; for few rows the dot form does without, and
 * otherwise the smaller operand is the one to copy. The baseline always takes the dot form: a row of x has the same bits with
 * whatever others it comes, and exported C has them too. */
static void NAME(choose_form)(PLAN *plan) {
    const tp_gemm_args *g = &plan->args;
    plan->m = g->m, plan->n = g->n, plan->k = g->k;
    plan->a = g->a, plan->a_row = g->a_row, plan->a_col = g->a_col;
    plan->b = g->b, plan->b_row = g->b_row, plan->b_col = g->b_col;
    if (g->b_row == 1 && g->b_col != 1) {
        bool rows_of_a = g->a_col == 1 || g->m <= DOT_ROWS;
        bool few = rows_of_a && (g->m < DOT_LIMIT || g->n < DOT_LIMIT);
        plan->dot = g->k >= LANES && (few || TP_IN_ORDER);
        if (plan->dot ? g->n < DOT_COLUMNS && g->m > g->n && g->a_col == 1
                      : g->m < g->n && g->m >= LANES)
            NAME(swap_operands)(plan);
    }
}

static void NAME(choose_dot_blocks)(PLAN *plan) {
    plan->max_rows = DOT_ROWS;
    plan->block_k = NAME(even_block)(plan->k, DOT_K, LANES);
    int64_t m = (plan->m + plan->row_parts - 1) / plan->row_parts,
            n = (plan->n + plan->col_parts - 1) / plan->col_parts;
    int64_t rows = DOT_SPACE / (int64_t)sizeof(REAL) / plan->block_k;
    plan->block_rows = NAME(even_block)(m, rows < DOT_ROWS ? DOT_ROWS : rows, 1);
    int64_t cols = SUM_SPACE / plan->k;
    plan->block_cols = NAME(even_block)(n, cols < 64 ? 64 : cols, DOT_COLUMNS);
    plan->pack_a = plan->a_col != 1 || (NAME(crowded)(plan->a_row) && n >= 32);
    plan->a_space = plan->pack_a ? plan->block_rows * NAME(odd_stride)(plan->block_k) : 0;
    plan->b_space = 0;
    plan->sum_space = plan->block_rows * (plan->block_cols + DOT_COLUMNS);
}

static void NAME(make_plan)(PLAN *plan, const tp_gemm_args *args, const tp_pool *pool) {
    bool alone = tp_pool_inside(pool);
    memset(plan, 0, offsetof(PLAN, scratch));
    plan->args = *args;
    NAME(column_to_row)(plan);
    NAME(choose_form)(plan);
    NAME(choose_finish)(plan);
    int64_t budget = TP_VECTOR_REGISTERS == 32 ? 24 : 12;
    plan->vectors = plan->m * 8 <= budget ? 8 : plan->m * 4 <= budget ? 4 : 2;
    /* Where rows of the result crowd into a few sets of the cache and leave it again soon, fewer of
     * them at a time; a longer sum is better off with the narrower panel of b. */
    if (plan->in_place && plan->vectors == 2 && plan->n >= 4 * LANES && plan->k <= WIDE_K &&
        NAME(crowded)(args->c_row))
        plan->vectors = 4;
    NAME(choose_parts)(plan, NAME(crew_of)(pool, alone));
    if (plan->dot)
        NAME(choose_dot_blocks)(plan);
    else
        NAME(choose_outer_blocks)(plan);
}
