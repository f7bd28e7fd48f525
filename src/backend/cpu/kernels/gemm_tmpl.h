/* Matrix products of one type. A template: gemm.c includes it with REAL, REAL_BITS, INTEGER,
 * UNSIGNED and NAME(x) defined.
 *
 * The result is cut into register tiles. Two forms of kernel fill them: the outer-product form
 * (gemm_outer.h) multiplies vectors that lie along n with single elements of a; the dot-product
 * form (gemm_dot.h) has vectors along k. gemm_choose.h chooses the form and which operand plays a,
 * gemm_plan.h what is copied (gemm_pack.h), blocks that fit the caches, and parts for the threads;
 * gemm_block.h carries that out; gemm_finish.h turns sums into results. Every element is summed in the same
 * order whatever the tiles, blocks and parts: only form and blocks of k matter, and neither depends
 * on the number of threads. */

#include "lane_count.h"

#include "gemm_vector.h"

#include "gemm_outer.h"

#include "gemm_sum.h"

#include "gemm_dot.h"

#include "gemm_math.h"

#include "gemm_sizes.h"

#include "gemm_pack.h"

#include "gemm_plan.h"

#include "gemm_choose.h"

#include "gemm_finish.h"

#include "gemm_block.h"

#include "gemm_dot_block.h"

#include "gemm_parts.h"

#include "gemm_small.h"

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
    return NAME(run_plan)(pool, &plan);
}

#include "gemm_batch.h"

#undef LANES
#undef VEC
#undef LOOSE
#undef IVEC
#undef UVEC
#undef PLAN
#undef BLOCK
#undef WEAVE
#undef WEAVE_STAGE
