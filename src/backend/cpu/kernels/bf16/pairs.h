/* Pairs of bfloat16 numbers in the place of one float: what turns the templates for float32 into kernels for bfloat16.
 *
 * Two neighbours of a sum (of k, of the channels, of the images) are rounded to bfloat16 and lie in the 32 bits of one float, the
 * first one in the lower half. Whatever copies, turns or broadcasts floats does so with pairs; only the multiply-add differs:
 * one instruction multiplies both numbers and adds both products to a sum in float32. Include before the templates.
 *
 * Rounding is to nearest, ties to even; NaN stays NaN. Numbers below the smallest normal one (1.18e-38) count as zero, in
 * operands and in sums: that is how the instructions are. */
#ifndef TP_BACKEND_CPU_KERNELS_BF16_PAIRS_H
#define TP_BACKEND_CPU_KERNELS_BF16_PAIRS_H

#include <immintrin.h>
#include <stdint.h>

#include "backend/cpu/kernels/isa.h"

#define TP_PAIRS 1
#define MULTIPLY_ADD_VECTORS(sum, left, right) \
    ((sum) = (VEC)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)(left), (__m512bh)(right)))
#define MULTIPLY_ADD(sum, left, right) MULTIPLY_ADD_VECTORS(sum, _mm512_set1_ps(left), right)

/* Pairs (first[i], second[i]). */
TP_ALWAYS_INLINE __m512 pair_across(__m512 first, __m512 second) {
    const __m512i weave =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    return (__m512)_mm512_permutexvar_epi16(weave, both);
}

/* Pairs of neighbours: (first[0], first[1]), ..., (second[14], second[15]). */
TP_ALWAYS_INLINE __m512 pair_along(__m512 first, __m512 second) {
    return (__m512)_mm512_cvtne2ps_pbh(second, first);
}

#endif
