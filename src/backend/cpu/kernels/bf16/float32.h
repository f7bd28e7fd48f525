/* What the bfloat16 kernels leave to those of float32, compiled for AVX-512. */
#ifndef TP_BACKEND_CPU_KERNELS_BF16_FLOAT32_H
#define TP_BACKEND_CPU_KERNELS_BF16_FLOAT32_H

#include "backend/gemm.h"

bool tp_gemm_float32_avx512(tp_pool *pool, const tp_gemm_args *args);
#define tp_gemm_float32 tp_gemm_float32_avx512

#endif
