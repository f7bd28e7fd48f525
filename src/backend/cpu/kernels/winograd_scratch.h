/* Scratch memory of the workers. A template, see winograd.c. The slot is that of the matrix products: neither calls the
 * other. */

/* Threads that a run from here has. */
static int NAME(threads)(const tp_pool *pool) {
    return tp_pool_inside(pool) ? 1 : tp_pool_threads(pool);
}

/* The caller's may be larger: what all tasks share lies behind its own. */
static REAL *NAME(scratch)(tp_pool *pool, int worker, int64_t elements) {
    return tp_pool_scratch_slot(pool, worker, TP_SCRATCH_GEMM, (size_t)elements * sizeof(REAL));
}

/* Takes so many elements for every worker of a run of so many tasks, before any of them starts, and `shared` ones more for
 * the caller. False where they were not to be had. */
static bool NAME(take_scratch)(tp_pool *pool, int64_t tasks, int64_t elements, int64_t shared) {
    int caller = tp_pool_worker(pool);
    if (!NAME(scratch)(pool, caller, elements + shared)) return false;
    int threads = NAME(threads)(pool);
    for (int i = 0; i < threads && i < tasks; i++) {
        if (threads > 1 && i != caller && !NAME(scratch)(pool, i, elements)) return false;
    }
    return true;
}
