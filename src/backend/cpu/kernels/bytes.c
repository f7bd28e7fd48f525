/* Bytes of images: to floats, and weighted sums of rows, of which resizing is made. */
#include <string.h>

#include "backend/backend.h"
#include "backend/cpu/kernels/isa.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

static void bytes_to_float(float *restrict out, const uint8_t *restrict x, int64_t n, float scale,
                           float shift) {
    for (int64_t i = 0; i < n; i++) out[i] = (float)x[i] * scale + shift;
}

/* As many bytes as a register has 32-bit numbers, and four times as many. Compilers make poor code of conversions between
 * vectors of such different sizes, hence the intrinsics. */
enum { LANES = TP_VECTOR_BYTES / 4, BLOCK = 4 * LANES };
typedef uint8_t narrow __attribute__((vector_size(LANES)));
typedef int32_t wide __attribute__((vector_size(TP_VECTOR_BYTES)));

TP_ALWAYS_INLINE wide widen(const uint8_t *x) {
#if defined(__AVX512F__)
    return (wide)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)x));
#elif defined(__AVX2__)
    return (wide)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)x));
#else
    narrow bytes;
    memcpy(&bytes, x, LANES);
    return __builtin_convertvector(bytes, wide);
#endif
}

TP_ALWAYS_INLINE void narrow_down(uint8_t *out, wide sum) {
    sum >>= TP_BYTE_WEIGHT_BITS;
    sum &= ~(sum < 0);
#if defined(__AVX512F__)
    _mm_storeu_si128((__m128i *)out, _mm512_cvtusepi32_epi8((__m512i)sum));
#elif defined(__AVX2__)
    __m128i low = _mm256_castsi256_si128((__m256i)sum);
    __m128i words = _mm_packus_epi32(low, _mm256_extracti128_si256((__m256i)sum, 1));
    _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
#else
    wide over = sum > 255;
    narrow bytes = __builtin_convertvector((over & 255) | (~over & sum), narrow);
    memcpy(out, &bytes, LANES);
#endif
}

TP_ALWAYS_INLINE void weigh_block(uint8_t *out, const uint8_t *x, int64_t stride,
                                  const int32_t *weight, int count) {
    wide half = (wide){0} + (1 << (TP_BYTE_WEIGHT_BITS - 1)), a = half, b = half, c = half,
         d = half;
    for (int k = 0; k < count; k++, x += stride) {
        wide w = (wide){0} + weight[k];
        a += widen(x) * w;
        b += widen(x + LANES) * w;
        c += widen(x + 2 * LANES) * w;
        d += widen(x + 3 * LANES) * w;
    }
    narrow_down(out, a);
    narrow_down(out + LANES, b);
    narrow_down(out + 2 * LANES, c);
    narrow_down(out + 3 * LANES, d);
}

static void weigh_bytes(uint8_t *out, const uint8_t *x, int64_t stride, int64_t n,
                        const int32_t *weight, int count) {
    int64_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) weigh_block(out + i, x + i, stride, weight, count);
    for (; i < n; i++) {
        int32_t sum = 1 << (TP_BYTE_WEIGHT_BITS - 1);
        for (int k = 0; k < count; k++) sum += x[i + k * stride] * weight[k];
        sum >>= TP_BYTE_WEIGHT_BITS;
        out[i] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
    }
}

void TP_ISA_NAME(tp_register_bytes)(tp_kernels *table);
void TP_ISA_NAME(tp_register_bytes)(tp_kernels *table) {
    table->bytes_to_float = bytes_to_float;
    table->weigh_bytes = weigh_bytes;
}
