/* Vectors of one type for kernels that work along rows: loads, parts of a vector, exp and log.
 *
 * A template: REAL is float or double, REAL_BITS its size and NAME(x) pastes the type's name. Rows are worked in chunks of
 * LANES elements; what is left at the end is a part of a chunk, filled up with a value that changes nothing. */
#include <stdint.h>

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/turn.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#undef VEC
#undef IVEC
#undef INTEGER
#undef LANES
#define VEC  NAME(chunk)
#define IVEC NAME(chunk_bits)
#include "backend/cpu/kernels/lane_count.h"
#if REAL_BITS == 32
#define INTEGER int32_t
#else
#define INTEGER int64_t
#endif

typedef REAL VEC __attribute__((vector_size(TP_VECTOR_BYTES), may_alias));
typedef REAL NAME(chunk_anywhere)
    __attribute__((vector_size(TP_VECTOR_BYTES), may_alias, aligned(sizeof(REAL))));
typedef INTEGER IVEC __attribute__((vector_size(TP_VECTOR_BYTES), may_alias));

TP_ALWAYS_INLINE VEC NAME(all)(REAL value) { return (VEC){0} + value; }
TP_ALWAYS_INLINE VEC NAME(get)(const REAL *p) { return *(const NAME(chunk_anywhere) *)p; }
TP_ALWAYS_INLINE void NAME(put)(REAL *p, VEC v) { *(NAME(chunk_anywhere) *)p = v; }
TP_ALWAYS_INLINE VEC NAME(pick)(IVEC condition, VEC yes, VEC no) {
    return (VEC)((condition & (IVEC)yes) | (~condition & (IVEC)no));
}
TP_ALWAYS_INLINE VEC NAME(magnitude)(VEC x) {
    return (VEC)((IVEC)x & ((IVEC){0} + (INTEGER)(((uint64_t)1 << (REAL_BITS - 1)) - 1)));
}

/* The first `count` elements, `fill` in the other lanes; memory behind them is not touched. */
TP_ALWAYS_INLINE VEC NAME(get_part)(const REAL *p, int64_t count, REAL fill) {
#if defined(__AVX512F__) && REAL_BITS == 32
    return (VEC)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << count) - 1), p);
#elif defined(__AVX512F__)
    return (VEC)_mm512_mask_loadu_pd(_mm512_set1_pd(fill), (__mmask8)((1u << count) - 1), p);
#else
    REAL lanes[LANES];
    for (int l = 0; l < LANES; l++) lanes[l] = l < count ? p[l] : fill;
    return NAME(get)(lanes);
#endif
}
TP_ALWAYS_INLINE void NAME(put_part)(REAL *p, VEC v, int64_t count) {
#if defined(__AVX512F__) && REAL_BITS == 32
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif defined(__AVX512F__)
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << count) - 1), (__m512d)v);
#else
    REAL lanes[LANES];
    NAME(put)(lanes, v);
    for (int l = 0; l < count; l++) p[l] = lanes[l];
#endif
}
/* Whole chunks as they are, the last one as a part. */
TP_ALWAYS_INLINE VEC NAME(get_some)(const REAL *p, int64_t count, REAL fill) {
    return count >= LANES ? NAME(get)(p) : NAME(get_part)(p, count, fill);
}
TP_ALWAYS_INLINE void NAME(put_some)(REAL *p, VEC v, int64_t count) {
    if (count >= LANES)
        NAME(put)(p, v);
    else
        NAME(put_part)(p, v, count);
}

/* NaN wins. */
TP_ALWAYS_INLINE VEC NAME(larger)(VEC a, VEC b) { return NAME(pick)((b > a) | (b != b), b, a); }
TP_ALWAYS_INLINE VEC NAME(smaller)(VEC a, VEC b) { return NAME(pick)((b < a) | (b != b), b, a); }

/* What all lanes come to, in every lane. */
#define STEP_SUM(turn)     v = v + __builtin_shufflevector(v, v, turn);
#define STEP_PRODUCT(turn) v = v * __builtin_shufflevector(v, v, turn);
#define STEP_MAX(turn)     v = NAME(larger)(v, __builtin_shufflevector(v, v, turn));
#define STEP_MIN(turn)     v = NAME(smaller)(v, __builtin_shufflevector(v, v, turn));
TP_ALWAYS_INLINE VEC NAME(every_sum)(VEC v) { TP_HALVES(LANES, STEP_SUM) return v; }
TP_ALWAYS_INLINE VEC NAME(every_product)(VEC v) { TP_HALVES(LANES, STEP_PRODUCT) return v; }
TP_ALWAYS_INLINE VEC NAME(every_max)(VEC v) { TP_HALVES(LANES, STEP_MAX) return v; }
TP_ALWAYS_INLINE VEC NAME(every_min)(VEC v) { TP_HALVES(LANES, STEP_MIN) return v; }
#undef STEP_SUM
#undef STEP_PRODUCT
#undef STEP_MAX
#undef STEP_MIN
TP_ALWAYS_INLINE REAL NAME(lanes_sum)(VEC v) { return NAME(every_sum)(v)[0]; }
TP_ALWAYS_INLINE REAL NAME(lanes_max)(VEC v) { return NAME(every_max)(v)[0]; }
/* 0, 1, 2, ... */
TP_ALWAYS_INLINE IVEC NAME(count_up)(void) {
    IVEC v = {0};
    for (int l = 0; l < LANES; l++) v[l] = l;
    return v;
}

/* e^x = 2^n e^r with |r| <= ln(2)/2, from the Taylor series of e^r; 2^n in two factors, so that results just below the largest
 * number come out right. What would be nearly denormal is 0: processors take a hundred times as long over such numbers, and the
 * lanes that fill up a part of a vector are of the kind. */
TP_ALWAYS_INLINE VEC NAME(exp)(VEC x) {
#if REAL_BITS == 32
    const REAL low = -87, high = 89, shift = 12582912; /* 1.5 * 2^23 */
    const REAL ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    enum { MANTISSA = 23, BIAS = 127 };
    static const REAL series[] = {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24,
                                  1.0f / 6,    0.5f,       1,          1};
#else
    const REAL low = -708, high = 710, shift = 6755399441055744; /* 1.5 * 2^52 */
    const REAL ln2_high = 0.693145751953125, ln2_low = 1.42860682030941723212e-6;
    enum { MANTISSA = 52, BIAS = 1023 };
    static const REAL series[] = {1.0 / 6227020800,
                                  1.0 / 479001600,
                                  1.0 / 39916800,
                                  1.0 / 3628800,
                                  1.0 / 362880,
                                  1.0 / 40320,
                                  1.0 / 5040,
                                  1.0 / 720,
                                  1.0 / 120,
                                  1.0 / 24,
                                  1.0 / 6,
                                  0.5,
                                  1,
                                  1};
#endif
    IVEC vanishes = x < low;
    x = NAME(pick)(vanishes, NAME(all)(low), x);
    x = NAME(pick)(x > high, NAME(all)(high), x);
    VEC shifted = x * (REAL)1.4426950408889634074 + shift; /* the integer stands in the low bits */
    VEC n = shifted - shift;
    VEC r = x - n * ln2_high - n * ln2_low;
    VEC y = NAME(all)(series[0]);
    TP_UNROLL for (int i = 1; i < (int)(sizeof series / sizeof *series); i++) y = y * r + series[i];
    IVEC power = (IVEC)shifted - (IVEC)NAME(all)(shift);
    IVEC half = power >> 1;
    y = y * (VEC)((half + BIAS) << MANTISSA) * (VEC)((power - half + BIAS) << MANTISSA);
    return NAME(pick)(vanishes, NAME(all)(0), y);
}

/* x = 2^e (1 + f) with 1 + f from sqrt(1/2) to sqrt(2); with s = f / (2 + f), ln(1 + f) = 2 atanh(s) =
 * f - f^2/2 + s (f^2/2 + R(s^2)), R from the series of atanh: the large part f is exact. */
TP_ALWAYS_INLINE VEC NAME(log)(VEC x) {
#if REAL_BITS == 32
    const REAL tiny = 1.17549435e-38f, lift = 8388608, ln2_high = 0.693359375f,
               ln2_low = -2.12194440e-4f;
    enum { MANTISSA = 23, LIFT = 23 };
    const INTEGER middle = 0x3f3504f3; /* sqrt(1/2) */
    enum { TERMS = 5 };
#else
    const REAL tiny = 2.2250738585072014e-308, lift = 18014398509481984.0;
    const REAL ln2_high = 0.693145751953125, ln2_low = 1.42860682030941723212e-6;
    enum { MANTISSA = 52, LIFT = 54 };
    const INTEGER middle = 0x3fe6a09e667f3bcd;
    enum { TERMS = 11 };
#endif
    IVEC small = x < tiny;
    VEC scaled = NAME(pick)(small, x * lift, x);
    IVEC exponent = ((IVEC)scaled - middle) >> MANTISSA;
    VEC f = (VEC)((IVEC)scaled - (exponent << MANTISSA)) - 1;
    VEC e;
    exponent -= small & LIFT;
#if REAL_BITS == 32
    e = __builtin_convertvector(exponent, VEC);
#else
    /* of small integers, without the instruction that only AVX-512 has */
    e = (VEC)(exponent + (INTEGER)0x4338000000000000) - 6755399441055744.0;
#endif
    VEC s = f / (f + 2), z = s * s, half_square = f * f * (REAL)0.5;
    VEC R = NAME(all)((REAL)2 / (2 * TERMS + 1));
    TP_UNROLL for (int i = TERMS - 1; i > 0; i--) R = R * z + (REAL)2 / (2 * i + 1);
    R = R * z;
    VEC y = e * ln2_high + (f - (half_square - (s * (half_square + R) + e * ln2_low)));
    y = NAME(pick)(x == (REAL)__builtin_inf(), x, y);
    y = NAME(pick)(x == 0, NAME(all)(-(REAL)__builtin_inf()), y);
    return NAME(pick)((x < 0) | (x != x), NAME(all)((REAL)__builtin_nan("")), y);
}

/* ln(1 + x) for x in [0, 1], right for tiny x too. */
TP_ALWAYS_INLINE VEC NAME(log_one_plus)(VEC x) {
    VEC u = x + 1;
    return NAME(log)(u) + (x - (u - 1)) / u;
}
