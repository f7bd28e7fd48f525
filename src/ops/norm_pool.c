/* Batch normalisation with a max pool behind it, plane by plane: the normalised plane, or the gradient spread out again, lives in
 * scratch memory of the thread that needs it and never leaves the cache. */
#include "ops/batch_norm.h"

enum { GRAIN = 1 << 14 }; /* elements worth a thread */

typedef struct planes_task {
    const tp_norm_pool *pass;
    tp_pool *pool;
    size_t plane, pooled, taps; /* bytes of one plane of each kind */
} planes_task;

/* Normalises plane p into scratch and pools it from there. */
static void pool_plane(const planes_task *task, int64_t p, char *scratch) {
    const tp_norm_pool *pass = task->pass;
    tp_normalise_args args = pass->args;
    tp_pooling_args pooling = pass->pooling;
    args.x = (const char *)args.x + (size_t)p * task->plane;
    args.y = scratch;
    args.first_row = p;
    pass->norm(&args);
    pooling.x = scratch;
    pooling.y = (char *)pooling.y + (size_t)p * task->pooled;
    if (pooling.taps) pooling.taps = (char *)pooling.taps + (size_t)p * task->taps;
    pass->pool(&pooling);
}

/* Spreads the gradient of plane p out into scratch and runs the pass with it. */
static void unpool_plane(const planes_task *task, int64_t p, char *scratch) {
    const tp_norm_pool *pass = task->pass;
    tp_normalise_args args = pass->args;
    tp_pooling_args pooling = pass->pooling;
    pooling.x = (const char *)pooling.x + (size_t)p * task->pooled;
    pooling.taps = (char *)pooling.taps + (size_t)p * task->taps;
    pooling.y = scratch;
    pass->pool(&pooling);
    args.x = (const char *)args.x + (size_t)p * task->plane;
    args.g = scratch;
    args.first_row = p;
    if (args.y) args.y = (char *)args.y + (size_t)p * task->plane;
    if (args.first) args.first += p;
    if (args.second) args.second += p;
    pass->norm(&args);
}

static void run_planes(void *arg, int64_t begin, int64_t end) {
    const planes_task *task = arg;
    char *scratch = tp_pool_scratch(task->pool, tp_pool_worker(task->pool), task->plane);
    for (int64_t p = begin; p < end; p++) {
        if (task->pass->back)
            unpool_plane(task, p, scratch);
        else
            pool_plane(task, p, scratch);
    }
}

bool tp_norm_pool_run(tp_location at, const tp_norm_pool *pass, const tp_norm_layout *layout,
                      tp_dtype dtype) {
    tp_norm_pool one = *pass;
    tp_pool *pool = tp_context_pool(tp_ctx());
    size_t item = tp_item_size(dtype);
    size_t out = (size_t)(pass->pooling.h.out * pass->pooling.w.out);
    one.args.rows = one.pooling.planes = 1;
    one.args.n = layout->n;
    one.args.period = layout->period;
    planes_task task = {.pass = &one,
                        .pool = pool,
                        .plane = (size_t)layout->n * item,
                        .pooled = out * item,
                        .taps = out * (tp_pool_small(&one.pooling) ? 1 : sizeof(int32_t))};
    for (int w = 0; w < tp_pool_threads(pool); w++)
        if (!tp_pool_scratch(pool, w, task.plane)) {
            tp_fail_memory(at, "batch_norm", task.plane);
            return false;
        }
    tp_parallel_for(pool, layout->rows, (GRAIN + layout->n - 1) / layout->n, run_planes, &task);
    return true;
}
