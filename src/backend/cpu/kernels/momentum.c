/* Descent with momentum where the gradient is an outer product, float and double from one template. */
#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"
#include "gemm_shuffle.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define REAL      float
#define REAL_BITS 32
#define INTEGER   int32_t
#define UNSIGNED  uint32_t
#define NAME(x)   x##_f32
#include "momentum_tmpl.h"
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
#include "momentum_tmpl.h"

void TP_ISA_NAME(tp_register_momentum)(tp_kernels *kernels);
void TP_ISA_NAME(tp_register_momentum)(tp_kernels *kernels) {
    kernels->momentum[0] = momentum_f32;
    kernels->momentum[1] = momentum_f64;
}
