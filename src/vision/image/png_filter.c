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
#define SSE41 __attribute__((target("sse4.1"), always_inline)) static inline

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

/* Rows that are worked on together, each `pitch` bytes behind the one before. */
typedef struct paeth_rows {
    uint8_t *row;
    const uint8_t *above;
    size_t pitch, step;
    __m128i a[4], c[4]; /* of each row: its last pixel, and the one above that */
} paeth_rows;

SSE41 void paeth_at(paeth_rows *p, __m128i *a, __m128i *c, size_t i, int k, size_t step) {
    size_t at = (i - (size_t)k) * step;
    uint8_t *x = p->row + (size_t)k * p->pitch + at;
    __m128i b = k ? a[k - 1] : get_pixel(p->above + at);
    a[k] = paeth_pixel(get_pixel(x), a[k], b, c[k]);
    c[k] = b;
    put_pixel(x, a[k], step);
}

/* Pixel i of the first row, i - 1 of the second, and so on, of those rows from `first` to `last` that have such a pixel. */
__attribute__((target("sse4.1"), noinline)) static void paeth_edge(paeth_rows *p, size_t i,
                                                                   int first, int last) {
    for (int k = last; k >= first; k--) paeth_at(p, p->a, p->c, i, k, p->step);
}

/* n rows, each one pixel behind the one above it, so that none waits for another. `step` is 3 or 4 and n up to 4, constants where this is
 * inlined. */
SSE41 void undo_paeth_rows(uint8_t *row, size_t pitch, const uint8_t *above, size_t pixels,
                           size_t step, int n) {
    paeth_rows p = {.row = row, .above = above, .pitch = pitch, .step = step};
    size_t ahead = (size_t)n - 1;
    __m128i a[4], c[4]; /* in registers */
    for (size_t i = 0; i < ahead; i++)
        paeth_edge(&p, i, i < pixels ? 0 : (int)(i - pixels) + 1, (int)i);
    memcpy(a, p.a, sizeof a);
    memcpy(c, p.c, sizeof c);
    for (size_t i = ahead; i < pixels; i++) {
        if (n > 3) paeth_at(&p, a, c, i, 3, step);
        if (n > 2) paeth_at(&p, a, c, i, 2, step);
        if (n > 1) paeth_at(&p, a, c, i, 1, step);
        paeth_at(&p, a, c, i, 0, step);
    }
    memcpy(p.a, a, sizeof a);
    memcpy(p.c, c, sizeof c);
    for (size_t i = pixels > ahead ? pixels : ahead; i < pixels + ahead; i++)
        paeth_edge(&p, i, (int)(i - pixels) + 1, n - 1);
}

#define PAETH(step, n)                                                     \
    __attribute__((target("sse4.1"))) static void undo_paeth_##step##_##n( \
        uint8_t *row, size_t pitch, const uint8_t *above, size_t pixels) { \
        undo_paeth_rows(row, pitch, above, pixels, step, n);               \
    }
PAETH(3, 1)
PAETH(3, 2)
PAETH(3, 4)
PAETH(4, 1)
PAETH(4, 2)
PAETH(4, 4)
#undef PAETH

static bool has_sse41(void) { return __builtin_cpu_supports("sse4.1"); }
#endif

static void undo_paeth(uint8_t *row, const uint8_t *above, size_t count, size_t step) {
#if HAVE_SSE41_TARGET
    if (step >= 3 && has_sse41()) {
        (step == 3 ? undo_paeth_3_1 : undo_paeth_4_1)(row, 0, above, count / step);
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

int tp_png_unfilter_paeth(uint8_t *row, size_t pitch, const uint8_t *above, size_t count,
                          size_t step, int rows) {
#if HAVE_SSE41_TARGET
    if (step >= 3 && rows > 1 && has_sse41()) {
        size_t pixels = count / step;
        if (rows < 4)
            (step == 3 ? undo_paeth_3_2 : undo_paeth_4_2)(row, pitch, above, pixels);
        else
            (step == 3 ? undo_paeth_3_4 : undo_paeth_4_4)(row, pitch, above, pixels);
        return rows < 4 ? 2 : 4;
    }
#endif
    (void)row, (void)pitch, (void)above, (void)count, (void)step, (void)rows;
    return 0;
}
