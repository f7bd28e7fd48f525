/* The parts of a product, one for each task, and their scratch. A template, see gemm_tmpl.h. */

static void NAME(run_part)(void *arg, int64_t task, int worker) {
    const PLAN *plan = arg;
    int ti = (int)(task / plan->col_parts), tj = (int)(task % plan->col_parts);
    int64_t unit_cols = plan->dot ? DOT_COLUMNS : plan->vectors * LANES;
    int64_t i0 = tp_gemm_row_border(plan->m, plan->row_parts, ti);
    int64_t i1 = tp_gemm_row_border(plan->m, plan->row_parts, ti + 1);
    int64_t j0 = tp_gemm_border(plan->n, plan->col_parts, tj, unit_cols);
    int64_t j1 = tp_gemm_border(plan->n, plan->col_parts, tj + 1, unit_cols);
    REAL *a_space = plan->scratch[plan->row_parts * plan->col_parts > 1 ? worker : 0];
    REAL *b_space = a_space + plan->a_space;
    BLOCK x = {.plan = plan,
               .a_space = a_space,
               .b_space = b_space,
               .sums = b_space + plan->b_space,
               .upwards = ti % 2 == 0 && ti + 1 < plan->row_parts};
    for (x.j = j0; x.j < j1; x.j = x.j_end) {
        x.j_end = j1 - x.j < plan->block_cols ? j1 : x.j + plan->block_cols;
        for (x.i = i0; x.i < i1; x.i += x.rows) {
            x.rows = i1 - x.i < plan->block_rows ? i1 - x.i : plan->block_rows;
            x.tile = NAME(tile_rows)(x.rows, plan->max_rows);
            NAME(make_block)(&x);
        }
    }
}

/* Scratch for every worker, taken before any of them starts; also for those that sleep or are far this time, so that a training loop does
 * not need memory in the middle when they are there. */
static bool NAME(take_scratch)(tp_pool *pool, PLAN *plan) {
    int64_t elements = plan->a_space + plan->b_space + plan->sum_space;
    int parts = plan->row_parts * plan->col_parts;
    int worker = tp_pool_worker(pool);
    for (int i = 0; i < parts || i < plan->most_parts; i++) {
        int owner = i > 0 || parts > 1 ? i : worker;
        plan->scratch[i] =
            tp_pool_scratch_slot(pool, owner, TP_SCRATCH_GEMM, (size_t)elements * sizeof(REAL));
        if (!plan->scratch[i]) return false;
    }
    return true;
}

/* False where there was no memory for scratch. */
static bool NAME(run_plan)(tp_pool *pool, PLAN *plan) {
    if (!NAME(take_scratch)(pool, plan)) return false;
    tp_pool_run(pool, plan->row_parts * plan->col_parts, NAME(run_part), plan);
    return true;
}
