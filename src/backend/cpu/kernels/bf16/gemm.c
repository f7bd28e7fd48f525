/* Matrix products of float32 matrices whose numbers are rounded to bfloat16 as they are copied, with sums in float32. The
 * templates of the float32 products do the work, with pairs (pairs.h) in the place of floats; what is too small or too thin to
 * pay for the copies is left to float32. docs/precision.md says which. */
#include "backend/backend.h"
#include "backend/bf16.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "backend/cpu/kernels/bf16/float32.h"
#include "backend/cpu/kernels/bf16/pairs.h"
#include "backend/cpu/kernels/gemm_config.h"
#include "backend/cpu/kernels/gemm_shuffle.h"

#define REAL      float
#define REAL_BITS 32
#define INTEGER   int32_t
#define UNSIGNED  uint32_t
#define NAME(x)   x##_bf16
#define LANES     16
/* numbers of the pairs of a block; the last one may be alone */
#define COPIED_DEPTH(x) \
    (2 * ((x)->p + (x)->k) > (x)->plan->args.k ? (x)->plan->args.k - 2 * (x)->p : 2 * (x)->k)

#include "backend/cpu/kernels/gemm_vector.h"

#include "backend/cpu/kernels/gemm_outer.h"

#include "backend/cpu/kernels/gemm_math.h"

#include "backend/cpu/kernels/gemm_sizes.h"

#include "gemm_pack.h"

#include "backend/cpu/kernels/gemm_plan.h"

#include "backend/cpu/kernels/gemm_finish.h"

#include "backend/cpu/kernels/gemm_block.h"

#include "gemm_plan.h"

#include "backend/cpu/kernels/gemm_parts.h"

static bool product(tp_pool *pool, const tp_gemm_args *args) {
    PLAN plan;
    make_plan(&plan, args, pool);
    return run_plan_bf16(pool, &plan);
}

static bool gemm_bf16(tp_pool *pool, const tp_gemm_args *args) {
    return tp_gemm_bf16_wins(args) ? product(pool, args) : tp_gemm_float32(pool, args);
}

#include "backend/cpu/kernels/gemm_batch.h"

void tp_register_gemm_bf16(tp_kernels *kernels);

void tp_register_gemm_bf16(tp_kernels *kernels) {
    kernels->gemm[0] = gemm_bf16;
    kernels->gemm_bf16 = product;
    kernels->gemm_batched[0] = gemm_batched_bf16;
    kernels->momentum[0] = NULL;
}
