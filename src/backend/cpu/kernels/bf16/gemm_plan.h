/* How a product of pairs is to be computed. A template, see gemm.c. Nothing here that changes the order of additions may
 * depend on the number of threads. */

/* What is in use here is always the outer form with copies of both operands: they are rounded as they are copied. */
static void make_block_bf16(BLOCK *x) { outer_block_bf16(x); }

/* Which operand plays a. Copying b is cheap where its columns are contiguous; where its rows are, it is turned on the way, and then
 * the smaller operand is the one to turn. */
static void choose_operands(PLAN *plan) {
    const tp_gemm_args *g = &plan->args;
    plan->m = g->m, plan->n = g->n;
    plan->a = g->a, plan->a_row = g->a_row, plan->a_col = g->a_col;
    plan->b = g->b, plan->b_row = g->b_row, plan->b_col = g->b_col;
    if (g->b_col != 1 && g->m < g->n && g->m >= LANES) swap_operands_bf16(plan);
}

/* From here on k counts pairs. */
static void count_pairs(PLAN *plan) {
    plan->k = (plan->args.k + 1) / 2;
    plan->a_col *= 2;
    plan->b_row *= 2;
}

/* Everything is copied, whatever the plan for float32 would copy. */
static void copy_both(PLAN *plan) {
    int64_t width = plan->vectors * LANES;
    int64_t n = (plan->n + plan->col_parts - 1) / plan->col_parts;
    plan->pack_a = plan->pack_b = true;
    plan->fetch_rows = 0;
    plan->group_cols = n < GROUP_COLUMNS ? (n + width - 1) / width * width : GROUP_COLUMNS;
    plan->a_space = pack_rows_size_bf16(plan->block_rows, plan->block_k);
    plan->b_space = (plan->block_k + LANES) * plan->group_cols;
}

static void make_plan(PLAN *plan, const tp_gemm_args *args, const tp_pool *pool) {
    bool alone = tp_pool_inside(pool);
    memset(plan, 0, offsetof(PLAN, scratch));
    plan->args = *args;
    choose_operands(plan);
    count_pairs(plan);
    choose_finish_bf16(plan);
    plan->vectors = 2;
    choose_parts_bf16(plan, crew_of_bf16(pool, alone));
    choose_outer_blocks_bf16(plan);
    copy_both(plan);
}
