/* Matrix products, float and double from one template. */
#include "backend/backend.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "gemm_config.h"
#include "gemm_shuffle.h"
#include "isa.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define REAL      float
#define REAL_BITS 32
#define INTEGER   int32_t
#define UNSIGNED  uint32_t
#define NAME(x)   x##_f32
#include "gemm_tmpl.h"
#undef REAL
#undef REAL_BITS
#undef INTEGER
#undef UNSIGNED
#undef NAME

#define REAL      double
#define REAL_BITS 64
#define INTEGER   int64_t
#define UNSIGNED  uint64_t
#define NAME(x)   x##_f64
#include "gemm_tmpl.h"

/* For kernels of other types, see bf16/float32.h. */
bool TP_ISA_NAME(tp_gemm_float32)(tp_pool *pool, const tp_gemm_args *args);

bool TP_ISA_NAME(tp_gemm_float32)(tp_pool *pool, const tp_gemm_args *args) {
    return gemm_f32(pool, args);
}

void TP_ISA_NAME(tp_register_gemm)(tp_kernels *kernels);

void TP_ISA_NAME(tp_register_gemm)(tp_kernels *kernels) {
    kernels->gemm[0] = gemm_f32;
    kernels->gemm[1] = gemm_f64;
    kernels->gemm_batched[0] = gemm_batched_f32;
    kernels->gemm_batched[1] = gemm_batched_f64;
}
