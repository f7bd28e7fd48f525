/* Many products of the same sizes. A template, see gemm_tmpl.h. */

typedef struct NAME(batch) {
    tp_pool *pool;
    const tp_gemm_args *args;
    const tp_gemm_batch *batch;
    atomic_bool failed;
} NAME(batch);

static void NAME(batch_task)(void *arg, int64_t task, int worker) {
    (void)worker;
    NAME(batch) *run = arg;
    const tp_gemm_batch *batch = run->batch;
    tp_gemm_args one = *run->args;
    one.a = (const REAL *)one.a + task * batch->a;
    one.b = (const REAL *)one.b + task * batch->b;
    one.c = (REAL *)one.c + task * batch->c;
    if (one.mask) one.mask = (const REAL *)one.mask + task * batch->mask;
    if (!NAME(gemm)(run->pool, &one)) atomic_store(&run->failed, true);
}

/* Large products are shared out one after the other, small ones go whole to one thread each. */
static bool NAME(gemm_batched)(tp_pool *pool, const tp_gemm_args *args,
                               const tp_gemm_batch *batch) {
    NAME(batch) run = {pool, args, batch, false};
    double work = (double)args->m * (double)args->n * (double)(args->k + 1);
    int threads = tp_pool_inside(pool) ? 1 : tp_pool_threads(pool);
    bool together = work * (double)batch->count >= 2.0 * PARALLEL_WORK &&
                    (batch->count >= 4 * threads || work < PARALLEL_WORK);
    if (together) {
        tp_pool_run(pool, batch->count, NAME(batch_task), &run);
    } else {
        for (int64_t i = 0; i < batch->count; i++) NAME(batch_task)(&run, i, 0);
    }
    return !atomic_load(&run.failed);
}
