/* What the multiply-add units of one core do on registers alone. */
#ifndef TAPER_BENCH_PEAK_H
#define TAPER_BENCH_PEAK_H

#include "backend/cpu/kernels/isa.h"
#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { CHAINS = 12, PEAK_STEPS = 40000 };

/* Every peak function runs CHAINS independent chains of multiply-adds and returns the operations
 * done. */
#if defined(__x86_64__)
#define PEAK(name, isa, vector, set, fma, add, first)                                \
    __attribute__((target(isa), noinline)) static double name(volatile float *out) { \
        vector x[CHAINS], a = set(0.999f), b = set(0.001f);                          \
        for (int i = 0; i < CHAINS; i++) x[i] = set((float)i);                       \
        for (int p = 0; p < PEAK_STEPS; p++) {                                       \
            TP_UNROLL for (int i = 0; i < CHAINS; i++) x[i] = fma(x[i], a, b);       \
        }                                                                            \
        for (int i = 1; i < CHAINS; i++) x[0] = add(x[0], x[i]);                     \
        *out = first(x[0]);                                                          \
        int lanes = sizeof(vector) / sizeof(float);                                  \
        return 2.0 * PEAK_STEPS * CHAINS * lanes;                                    \
    }
#define SSE_FMA(x, a, b) _mm_add_ps(_mm_mul_ps(x, a), b)
PEAK(peak_avx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps,
     _mm512_cvtss_f32)
PEAK(peak_avx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps,
     _mm256_cvtss_f32)
PEAK(peak_baseline, "sse2", __m128, _mm_set1_ps, SSE_FMA, _mm_add_ps, _mm_cvtss_f32)
#else
typedef float quad __attribute__((vector_size(16)));
static double peak_baseline(volatile float *out) {
    quad x[CHAINS] = {{0}}, a = {0.999f, 0.999f, 0.999f, 0.999f};
    for (int p = 0; p < PEAK_STEPS; p++) {
        TP_UNROLL for (int i = 0; i < CHAINS; i++) x[i] = x[i] * a + a;
    }
    for (int i = 1; i < CHAINS; i++) x[0] += x[i];
    *out = x[0][0];
    return 2.0 * PEAK_STEPS * CHAINS * 4;
}
#endif

/* Multiply-adds of the instruction set for about half a millisecond; returns the operations done. */
static double run_peak(tp_cpu_level level) {
    volatile float out;
#if defined(__x86_64__)
    if (level == TP_CPU_AVX512) return peak_avx512(&out);
    if (level == TP_CPU_AVX2) return peak_avx2(&out);
#endif
    (void)level;
    return peak_baseline(&out);
}

#endif
