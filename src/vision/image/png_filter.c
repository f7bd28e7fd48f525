/* The filters add to each byte a guess from its neighbours: a on the left, b above, c above on the left (PNG, second
 * edition, section 9). Paeth's takes the one that is nearest to a + b - c. */
#include "vision/image/png_filter.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static void undo_sub(uint8_t *row, size_t count, size_t step) {
    for (size_t i = step; i < count; i++) row[i] = (uint8_t)(row[i] + row[i - step]);
}

static void undo_up(uint8_t *restrict row, const uint8_t *restrict above, size_t count) {
    for (size_t i = 0; i < count; i++) row[i] = (uint8_t)(row[i] + above[i]);
}

static void undo_average(uint8_t *row, const uint8_t *above, size_t count, size_t step) {
    for (size_t i = 0; i < step && i < count; i++) row[i] = (uint8_t)(row[i] + above[i] / 2);
    for (size_t i = step; i < count; i++)
        row[i] = (uint8_t)(row[i] + (row[i - step] + above[i]) / 2);
}

static uint8_t paeth(int a, int b, int c) {
    int to_a = abs(b - c), to_b = abs(a - c), to_c = abs(a + b - 2 * c);
    if (to_a <= to_b && to_a <= to_c) return (uint8_t)a;
    return (uint8_t)(to_b <= to_c ? b : c);
}

static void undo_paeth_plain(uint8_t *row, const uint8_t *above, size_t count, size_t step) {
    for (size_t i = 0; i < step && i < count; i++) row[i] = (uint8_t)(row[i] + above[i]);
    for (size_t i = step; i < count; i++)
        row[i] = (uint8_t)(row[i] + paeth(row[i - step], above[i], above[i - step]));
}

#if defined(__SSE2__)
/* Four bytes as 16-bit numbers. */
static inline __m128i get_pixel(const uint8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    return _mm_unpacklo_epi8(_mm_cvtsi32_si128(four), _mm_setzero_si128());
}

static inline __m128i magnitude(__m128i x) {
    return _mm_max_epi16(x, _mm_sub_epi16(_mm_setzero_si128(), x));
}

static inline __m128i choose(__m128i condition, __m128i yes, __m128i no) {
    return _mm_or_si128(_mm_and_si128(condition, yes), _mm_andnot_si128(condition, no));
}

/* The channels of a pixel at once; `step` is 3 or 4, a constant where this is inlined. */
static inline void undo_paeth_pixels(uint8_t *row, const uint8_t *above, size_t count,
                                     size_t step) {
    __m128i a = _mm_setzero_si128(), c = a, low = _mm_set1_epi16(255);
    for (size_t i = 0; i < count; i += step) {
        __m128i b = get_pixel(above + i), x = get_pixel(row + i);
        __m128i from_a = _mm_sub_epi16(b, c), from_b = _mm_sub_epi16(a, c);
        __m128i to_c = magnitude(_mm_add_epi16(from_a, from_b));
        __m128i to_a = magnitude(from_a), to_b = magnitude(from_b);
        __m128i least = _mm_min_epi16(to_c, _mm_min_epi16(to_a, to_b));
        __m128i guess =
            choose(_mm_cmpeq_epi16(least, to_a), a, choose(_mm_cmpeq_epi16(least, to_b), b, c));
        a = _mm_and_si128(_mm_add_epi16(x, guess), low);
        c = b;
        int32_t four = _mm_cvtsi128_si32(_mm_packus_epi16(a, a));
        memcpy(row + i, &four, step);
    }
}
#endif

static void undo_paeth(uint8_t *row, const uint8_t *above, size_t count, size_t step) {
#if defined(__SSE2__)
    if (step == 3) {
        undo_paeth_pixels(row, above, count, 3);
        return;
    }
    if (step == 4) {
        undo_paeth_pixels(row, above, count, 4);
        return;
    }
#endif
    undo_paeth_plain(row, above, count, step);
}

bool tp_png_unfilter(int kind, uint8_t *row, const uint8_t *above, size_t count, size_t step) {
    switch (kind) {
    case 0: return true;
    case 1: undo_sub(row, count, step); return true;
    case 2: undo_up(row, above, count); return true;
    case 3: undo_average(row, above, count, step); return true;
    case 4: undo_paeth(row, above, count, step); return true;
    default: return false;
    }
}
