/* Matrix products of one type. A template: gemm.c includes it with REAL, REAL_BITS, INTEGER,
 * UNSIGNED and NAME(x) defined.
 *
 * The result is cut into register tiles. Two forms of kernel fill them: the outer-product form
 * (gemm_outer.h) multiplies vectors that lie along n with single elements of a; the dot-product
 * form (gemm_dot.h) has vectors along k. gemm_plan.h chooses the form, which operand plays a, what
 * is copied (gemm_pack.h), blocks that fit the caches, and parts for the threads; gemm_block.h
 * carries that out; gemm_finish.h turns sums into results. Every element is summed in the same
 * order whatever the tiles, blocks and parts: only form and blocks of k matter, and neither depends
 * on the number of threads. */

/* a plain number: names are made of it */
#if TP_VECTOR_BYTES * 8 / REAL_BITS == 16
#define LANES 16
#elif TP_VECTOR_BYTES * 8 / REAL_BITS == 8
#define LANES 8
#elif TP_VECTOR_BYTES * 8 / REAL_BITS == 4
#define LANES 4
#else
#define LANES 2
#endif

#include "gemm_vector.h"

#include "gemm_outer.h"

#include "gemm_sum.h"

#include "gemm_dot.h"

#include "gemm_math.h"

#include "gemm_pack.h"

#include "gemm_plan.h"

#include "gemm_finish.h"

#include "gemm_block.h"

#include "gemm_small.h"

/* Scratch for every worker, taken before any of them starts. */
static bool NAME(take_scratch)(tp_pool *pool, PLAN *plan) {
    int64_t elements = plan->a_space + plan->b_space + plan->sum_space;
    int parts = plan->row_parts * plan->col_parts;
    int worker = tp_pool_worker(pool);
    for (int i = 0; i < parts; i++) {
        plan->scratch[i] = tp_pool_scratch_slot(pool, parts > 1 ? i : worker, TP_SCRATCH_GEMM,
                                                (size_t)elements * sizeof(REAL));
        if (!plan->scratch[i]) return false;
    }
    return true;
}

static bool NAME(gemm)(tp_pool *pool, const tp_gemm_args *args) {
    if (args->m <= 0 || args->n <= 0) return true;
    if (args->k <= 0 && (args->a_row | args->a_col | args->b_row | args->b_col)) {
        /* nothing to multiply, and perhaps no memory to point into */
        static const REAL nothing;
        tp_gemm_args empty = *args;
        empty.k = 0, empty.a = empty.b = &nothing;
        empty.a_row = empty.a_col = empty.b_row = empty.b_col = 0;
        return NAME(gemm)(pool, &empty);
    }
    if (NAME(is_small)(args)) {
        NAME(small)(args);
        return true;
    }
    PLAN plan;
    NAME(make_plan)(&plan, args, pool);
    if (!NAME(take_scratch)(pool, &plan)) return false;
    tp_pool_run(pool, plan.row_parts * plan.col_parts, NAME(run_part), &plan);
    return true;
}

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

#undef LANES
#undef VEC
#undef LOOSE
#undef IVEC
#undef UVEC
#undef PLAN
#undef BLOCK
#undef WEAVE
#undef WEAVE_STAGE
