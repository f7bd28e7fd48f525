#include "vision/image/picture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tp_error_code tp_picture_problem(tp_why *why, tp_error_code code, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(why->text, sizeof why->text, format, list);
    va_end(list);
    return code;
}

tp_error_code tp_picture_new(tp_picture *picture, int channels, int64_t height, int64_t width,
                             tp_why *why) {
    *picture = (tp_picture){.channels = channels, .height = height, .width = width};
    int64_t bytes;
    if (channels < 1 || height < 1 || width < 1 || __builtin_mul_overflow(height, width, &bytes) ||
        __builtin_mul_overflow(bytes, (int64_t)channels, &bytes) || bytes > TP_IMAGE_MOST_BYTES)
        return tp_picture_problem(
            why, TP_ERROR_FORMAT,
            "%lld x %lld pixels in %d channels are more than is read (%lld bytes)",
            (long long)width, (long long)height, channels, (long long)TP_IMAGE_MOST_BYTES);
    picture->bytes = malloc((size_t)bytes);
    if (picture->bytes) return TP_ERROR_NONE;
    return tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for %lld bytes",
                              (long long)bytes);
}

void tp_picture_free(tp_picture *picture) {
    free(picture->bytes);
    *picture = (tp_picture){0};
}

void tp_picture_replace(tp_picture *picture, tp_picture made) {
    free(picture->bytes);
    *picture = made;
}

/* ---- rows ---- */

#if defined(__x86_64__) && defined(__GNUC__)
#include <tmmintrin.h>

/* The first multiple of 16 of the pixels, three bytes each, to three planes; how many that were. */
__attribute__((target("ssse3"))) static int64_t split_three(const uint8_t *pixels, int64_t width,
                                                            uint8_t *const plane[3]) {
    /* which byte of each third of 48 goes to each place; -1: none */
    static const int8_t place[3][3][16] = {
        {{0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13}},
        {{1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14}},
        {{2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15}}};
    int64_t x = 0;
    for (; x + 16 <= width; x += 16) {
        __m128i part[3];
        for (int i = 0; i < 3; i++)
            part[i] = _mm_loadu_si128((const __m128i *)(const void *)(pixels + 3 * x + 16 * i));
        for (int c = 0; c < 3; c++) {
            __m128i all = _mm_setzero_si128();
            for (int i = 0; i < 3; i++) {
                __m128i from = _mm_loadu_si128((const __m128i *)(const void *)place[c][i]);
                all = _mm_or_si128(all, _mm_shuffle_epi8(part[i], from));
            }
            _mm_storeu_si128((__m128i *)(void *)(plane[c] + x), all);
        }
    }
    return x;
}
static int64_t split_fast(const uint8_t *pixels, int64_t width, uint8_t *const plane[3]) {
    return __builtin_cpu_supports("ssse3") ? split_three(pixels, width, plane) : 0;
}
#else
static int64_t split_fast(const uint8_t *pixels, int64_t width, uint8_t *const plane[3]) {
    (void)pixels, (void)width, (void)plane;
    return 0;
}
#endif

void tp_picture_put_row(tp_picture *picture, int64_t y, const uint8_t *pixels) {
    int64_t width = picture->width, plane = picture->height * width;
    uint8_t *restrict a = picture->bytes + y * width, *restrict b = a + plane;
    uint8_t *restrict c = b + plane, *restrict d = c + plane;
    switch (picture->channels) {
    case 1: memcpy(a, pixels, (size_t)width); break;
    case 2:
        for (int64_t x = 0; x < width; x++) a[x] = pixels[2 * x], b[x] = pixels[2 * x + 1];
        break;
    case 3:
        for (int64_t x = split_fast(pixels, width, (uint8_t *const[3]){a, b, c}); x < width; x++)
            a[x] = pixels[3 * x], b[x] = pixels[3 * x + 1], c[x] = pixels[3 * x + 2];
        break;
    default:
        for (int64_t x = 0; x < width; x++)
            a[x] = pixels[4 * x], b[x] = pixels[4 * x + 1], c[x] = pixels[4 * x + 2],
            d[x] = pixels[4 * x + 3];
    }
}

void tp_picture_get_row(const tp_picture *picture, int64_t y, uint8_t *pixels) {
    int64_t width = picture->width, plane = picture->height * width;
    for (int c = 0; c < picture->channels; c++) {
        const uint8_t *row = picture->bytes + c * plane + y * width;
        for (int64_t x = 0; x < width; x++) pixels[x * picture->channels + c] = row[x];
    }
}

/* ---- channels ---- */

int tp_image_mode_channels(tp_image_mode mode) {
    switch (mode) {
    case TP_IMAGE_GRAY: return 1;
    case TP_IMAGE_GRAY_ALPHA: return 2;
    case TP_IMAGE_RGB: return 3;
    case TP_IMAGE_RGB_ALPHA: return 4;
    default: return 0;
    }
}

static void make_grey(const tp_picture *from, uint8_t *out) {
    int64_t plane = from->height * from->width;
    const uint8_t *r = from->bytes, *g = r + plane, *b = g + plane;
    for (int64_t i = 0; i < plane; i++) out[i] = tp_grey(r[i], g[i], b[i]);
}

tp_error_code tp_picture_to_mode(tp_picture *picture, tp_image_mode mode, tp_why *why) {
    int want = tp_image_mode_channels(mode), have = picture->channels;
    if (!want || want == have) return TP_ERROR_NONE;
    tp_picture made;
    tp_error_code code = tp_picture_new(&made, want, picture->height, picture->width, why);
    if (code) return code;
    size_t plane = (size_t)(picture->height * picture->width);
    bool colour_wanted = want >= 3, colour = have >= 3;
    if (colour && !colour_wanted)
        make_grey(picture, made.bytes);
    else if (colour)
        memcpy(made.bytes, picture->bytes, 3 * plane);
    else
        for (int c = 0; c < (colour_wanted ? 3 : 1); c++)
            memcpy(made.bytes + (size_t)c * plane, picture->bytes, plane);
    bool alpha_wanted = want % 2 == 0, alpha = have % 2 == 0;
    uint8_t *last = made.bytes + (size_t)(want - 1) * plane;
    if (alpha_wanted && alpha)
        memcpy(last, picture->bytes + (size_t)(have - 1) * plane, plane);
    else if (alpha_wanted)
        memset(last, 255, plane);
    tp_picture_replace(picture, made);
    return TP_ERROR_NONE;
}

/* ---- orientation ---- */

/* From 5 on rows and columns change places; then, counted in the new picture, mirrored across and upside down. */
static const struct turn {
    bool transposed, across, down;
} turns[9] = {{0, 0, 0}, {0, 0, 0}, {0, 1, 0}, {0, 1, 1}, {0, 0, 1},
              {1, 0, 0}, {1, 1, 0}, {1, 1, 1}, {1, 0, 1}};

tp_error_code tp_picture_orient(tp_picture *picture, int orientation, tp_why *why) {
    if (orientation < 2 || orientation > 8) return TP_ERROR_NONE;
    struct turn t = turns[orientation];
    int64_t height = picture->height, width = picture->width;
    tp_picture made;
    tp_error_code code = tp_picture_new(&made, picture->channels, t.transposed ? width : height,
                                        t.transposed ? height : width, why);
    if (code) return code;
    int64_t down = t.transposed ? 1 : width,
            across = t.transposed ? width : 1; /* steps in the old picture */
    for (int c = 0; c < made.channels; c++)
        for (int64_t y = 0; y < made.height; y++) {
            int64_t from_y = t.down ? made.height - 1 - y : y;
            const uint8_t *in = picture->bytes + c * height * width + from_y * down;
            uint8_t *out = made.bytes + (c * made.height + y) * made.width;
            for (int64_t x = 0; x < made.width; x++)
                out[x] = in[(t.across ? made.width - 1 - x : x) * across];
        }
    tp_picture_replace(picture, made);
    return TP_ERROR_NONE;
}
