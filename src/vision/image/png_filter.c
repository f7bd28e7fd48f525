/* The filters add to each byte a guess from its neighbours: a on the left, b above, c above on the left (PNG, second
 * edition, section 9). Paeth's takes the one that is nearest to a + b - c. */
#include "vision/image/png_filter.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_SSE41_TARGET 1
#include <smmintrin.h>
#else
#define HAVE_SSE41_TARGET 0
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

#if HAVE_SSE41_TARGET
#define SSE41 __attribute__((target("sse4.1"))) static inline

/* Four bytes as 16-bit numbers. */
SSE41 __m128i get_pixel(const uint8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    return _mm_cvtepu8_epi16(_mm_cvtsi32_si128(four));
}

/* The channels of pixel x at once. Each waits for the one before it, so what counts is the way from `a` to the result. */
SSE41 __m128i paeth_pixel(__m128i x, __m128i a, __m128i b, __m128i c) {
    __m128i from_a = _mm_sub_epi16(b, c), rest = _mm_sub_epi16(from_a, c);
    __m128i to_a = _mm_abs_epi16(from_a), to_b = _mm_abs_epi16(_mm_sub_epi16(a, c));
    __m128i to_c = _mm_abs_epi16(_mm_add_epi16(a, rest));
    __m128i b_or_c = _mm_blendv_epi8(b, c, _mm_cmpgt_epi16(to_b, to_c));
    __m128i not_a = _mm_cmpgt_epi16(to_a, _mm_min_epi16(to_b, to_c));
    return _mm_add_epi8(x, _mm_blendv_epi8(a, b_or_c, not_a)); /* upper bytes are 0 and stay so */
}

SSE41 void put_pixel(uint8_t *p, __m128i x, size_t step) {
    int32_t four = _mm_cvtsi128_si32(_mm_packus_epi16(x, x));
    memcpy(p, &four, step);
}

/* `step` is 3 or 4, a constant where these are inlined. */
SSE41 void undo_paeth_pixels(uint8_t *row, const uint8_t *above, size_t count, size_t step) {
    __m128i a = _mm_setzero_si128(), c = a;
    for (size_t i = 0; i < count; i += step) {
        __m128i b = get_pixel(above + i);
        a = paeth_pixel(get_pixel(row + i), a, b, c);
        c = b;
        put_pixel(row + i, a, step);
    }
}

/* Two rows, the second one pixel behind the first: while one waits, the other is worked on. */
SSE41 void undo_paeth_two(uint8_t *row, uint8_t *next, const uint8_t *above, size_t count,
                          size_t step) {
    const __m128i zero = _mm_setzero_si128();
    __m128i c = get_pixel(above), a = paeth_pixel(get_pixel(row), zero, c, zero);
    __m128i next_a = zero, next_c = zero;
    put_pixel(row, a, step);
    for (size_t i = step; i < count; i += step) {
        __m128i b = get_pixel(above + i), x = get_pixel(row + i),
                next_x = get_pixel(next + i - step);
        next_a = paeth_pixel(next_x, next_a, a, next_c);
        next_c = a;
        a = paeth_pixel(x, a, b, c);
        c = b;
        put_pixel(row + i, a, step);
        put_pixel(next + i - step, next_a, step);
    }
    put_pixel(next + count - step, paeth_pixel(get_pixel(next + count - step), next_a, a, next_c),
              step);
}

#define PAETH(step)                                                        \
    __attribute__((target("sse4.1"))) static void undo_paeth_##step(       \
        uint8_t *row, const uint8_t *above, size_t count) {                \
        undo_paeth_pixels(row, above, count, step);                        \
    }                                                                      \
    __attribute__((target("sse4.1"))) static void undo_paeth_two_##step(   \
        uint8_t *row, uint8_t *next, const uint8_t *above, size_t count) { \
        undo_paeth_two(row, next, above, count, step);                     \
    }
PAETH(3)
PAETH(4)
#undef PAETH

static bool has_sse41(void) { return __builtin_cpu_supports("sse4.1"); }
#endif

static void undo_paeth(uint8_t *row, const uint8_t *above, size_t count, size_t step) {
#if HAVE_SSE41_TARGET
    if (step >= 3 && has_sse41()) {
        (step == 3 ? undo_paeth_3 : undo_paeth_4)(row, above, count);
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

bool tp_png_unfilter_two(uint8_t *row, uint8_t *next, const uint8_t *above, size_t count,
                         size_t step) {
#if HAVE_SSE41_TARGET
    if (step >= 3 && count >= step && has_sse41()) {
        (step == 3 ? undo_paeth_two_3 : undo_paeth_two_4)(row, next, above, count);
        return true;
    }
#endif
    (void)row, (void)next, (void)above, (void)count, (void)step;
    return false;
}
