/* BMP: headers of 12 to 124 bytes, 1 to 32 bits a pixel, palettes, masks, run lengths. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vision/image/codec.h"

enum {
    FILE_HEADER = 14,
    OLD_HEADER = 12,
    INFO_HEADER = 40,
    PLAIN = 0,
    RUNS_8 = 1,
    RUNS_4 = 2,
    MASKS = 3,
    MASKS_ALPHA = 6,
    PIXELS_PER_BYTE = 256 /* of run lengths: more cannot be */
};

typedef struct bmp {
    const uint8_t *bytes;
    size_t size, pixels; /* where the pixels begin */
    int64_t width, height;
    bool top_down;
    int bits;
    uint32_t compression, header;
    uint8_t palette[256][3];
    int colours;
    uint32_t mask[4]; /* red, green, blue, alpha */
} bmp;

static uint32_t little(const bmp *b, size_t at, int count) {
    uint32_t value = 0;
    for (int i = count - 1; i >= 0; i--) value = value << 8 | b->bytes[at + (size_t)i];
    return value;
}

static tp_error_code damaged(tp_why *why, size_t at, const char *reason) {
    return tp_picture_problem(why, TP_ERROR_FORMAT, "BMP, at byte %zu: %s", at, reason);
}

/* ---- the header ---- */

static tp_error_code read_sizes(bmp *b, tp_why *why) {
    if (b->size < FILE_HEADER + OLD_HEADER) return damaged(why, b->size, "the file ends too early");
    b->pixels = little(b, 10, 4);
    b->header = little(b, FILE_HEADER, 4);
    if (b->header != OLD_HEADER && (b->header < INFO_HEADER || b->header > 1024))
        return damaged(why, FILE_HEADER, "a header of unknown length");
    if (b->header > b->size - FILE_HEADER) return damaged(why, b->size, "the file ends too early");
    int64_t height;
    if (b->header == OLD_HEADER) {
        b->width = little(b, 18, 2);
        height = little(b, 20, 2);
        b->bits = (int)little(b, 24, 2);
    } else {
        b->width = (int32_t)little(b, 18, 4);
        height = (int32_t)little(b, 22, 4);
        b->bits = (int)little(b, 28, 2);
        b->compression = little(b, 30, 4);
    }
    b->top_down = height < 0;
    b->height = height < 0 ? -height : height;
    if (b->width < 1 || b->height < 1) return damaged(why, 18, "no pixels");
    if (b->pixels > b->size) return damaged(why, 10, "the pixels begin beyond the file's end");
    return TP_ERROR_NONE;
}

static tp_error_code check_kind(const bmp *b, tp_why *why) {
    static const struct {
        uint32_t compression;
        int bits;
    } kinds[] = {{PLAIN, 1},  {PLAIN, 4},  {PLAIN, 8},        {PLAIN, 16},
                 {PLAIN, 24}, {PLAIN, 32}, {RUNS_8, 8},       {RUNS_4, 4},
                 {MASKS, 16}, {MASKS, 32}, {MASKS_ALPHA, 16}, {MASKS_ALPHA, 32}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].compression == b->compression && kinds[i].bits == b->bits)
            return TP_ERROR_NONE;
    return tp_picture_problem(why, TP_ERROR_FORMAT,
                              "BMP, at byte 28: %d bits a pixel with compression %u", b->bits,
                              b->compression);
}

static tp_error_code check_sizes(const bmp *b, tp_why *why) {
    bool runs = b->compression == RUNS_8 || b->compression == RUNS_4;
    int64_t row = (b->width * b->bits + 31) / 32 * 4, have = (int64_t)(b->size - b->pixels);
    bool fits = runs ? b->width <= have * PIXELS_PER_BYTE / b->height : row <= have / b->height;
    if (fits) return TP_ERROR_NONE;
    return tp_picture_problem(why, TP_ERROR_FORMAT,
                              "BMP, at byte 18: %lld x %lld pixels cannot be in %lld bytes",
                              (long long)b->width, (long long)b->height, (long long)have);
}

static tp_error_code read_masks(bmp *b, tp_why *why) {
    static const uint32_t five[4] = {0x7c00, 0x03e0, 0x001f, 0},
                          eight[4] = {0xff0000, 0x00ff00, 0x0000ff, 0};
    memcpy(b->mask, b->bits == 16 ? five : eight, sizeof b->mask);
    if (b->compression != MASKS && b->compression != MASKS_ALPHA) return TP_ERROR_NONE;
    size_t at = FILE_HEADER + INFO_HEADER;
    bool alpha = b->compression == MASKS_ALPHA || b->header >= 56;
    if (b->size < at + (alpha ? 16 : 12)) return damaged(why, b->size, "the file ends too early");
    for (int i = 0; i < (alpha ? 4 : 3); i++) b->mask[i] = little(b, at + 4 * (size_t)i, 4);
    return TP_ERROR_NONE;
}

static tp_error_code read_palette(bmp *b, tp_why *why) {
    if (b->bits > 8) return TP_ERROR_NONE;
    size_t at = FILE_HEADER + b->header, each = b->header == OLD_HEADER ? 3 : 4;
    uint32_t most = 1u << b->bits, used = b->header == OLD_HEADER ? 0 : little(b, 46, 4);
    b->colours = (int)(used && used < most ? used : most);
    if (b->pixels < at) return damaged(why, 10, "the pixels begin inside the header");
    /* a file may leave out what it does not use */
    if ((size_t)b->colours > (b->pixels - at) / each) b->colours = (int)((b->pixels - at) / each);
    for (int i = 0; i < b->colours; i++, at += each)
        for (int c = 0; c < 3; c++) b->palette[i][c] = b->bytes[at + 2 - (size_t)c];
    return TP_ERROR_NONE;
}

/* ---- pixels ---- */

static void put_colour(const bmp *b, uint8_t *pixel, unsigned index) {
    memcpy(pixel, b->palette[index & 255], 3);
}

/* The bits under a mask as a byte. */
static uint8_t masked(uint32_t value, uint32_t mask) {
    if (!mask) return 255;
    uint32_t low = mask & (~mask + 1);
    uint64_t most = mask / low, part = (value & mask) / low;
    return (uint8_t)((part * 255 + most / 2) / most);
}

static void plain_row(const bmp *b, const uint8_t *in, int channels, uint8_t *out) {
    for (int64_t x = 0; x < b->width; x++, out += channels) {
        if (b->bits <= 8) {
            int per = 8 / b->bits, shift = (per - 1 - (int)(x % per)) * b->bits;
            put_colour(b, out, in[x / per] >> shift & ((1u << b->bits) - 1));
        } else if (b->bits == 24) {
            for (int c = 0; c < 3; c++) out[c] = in[3 * x + 2 - c];
        } else {
            int bytes = b->bits / 8;
            uint32_t value = 0;
            for (int i = bytes - 1; i >= 0; i--) value = value << 8 | in[bytes * x + i];
            for (int c = 0; c < channels; c++) out[c] = masked(value, b->mask[c]);
        }
    }
}

static void read_plain(const bmp *b, tp_picture *out, uint8_t *row) {
    int64_t stride = (b->width * b->bits + 31) / 32 * 4;
    for (int64_t i = 0; i < b->height; i++) {
        plain_row(b, b->bytes + b->pixels + i * stride, out->channels, row);
        tp_picture_put_row(out, b->top_down ? i : b->height - 1 - i, row);
    }
}

/* Where the next pixel of run lengths goes. */
typedef struct pen {
    const bmp *b;
    uint8_t *plane[3];
    int64_t x, line;
} pen;

static void draw(pen *p, unsigned index) {
    const bmp *b = p->b;
    if (p->x < b->width && p->line < b->height) {
        int64_t y = b->top_down ? p->line : b->height - 1 - p->line;
        for (int c = 0; c < 3; c++) p->plane[c][y * b->width + p->x] = b->palette[index & 255][c];
    }
    p->x++;
}

/* Pixels written out: `count` of them, filled up to 16 bits. 0 where the file ends, else the bytes that they took. */
static size_t draw_literal(pen *p, size_t at, int count) {
    const bmp *b = p->b;
    size_t bytes = b->bits == 8 ? (size_t)count : (size_t)(count + 1) / 2,
           taken = (bytes + 1) / 2 * 2;
    if (bytes > b->size - at) return 0;
    for (int i = 0; i < count; i++)
        draw(p, b->bits == 8 ? b->bytes[at + (size_t)i]
                             : b->bytes[at + (size_t)i / 2] >> (i % 2 ? 0 : 4) & 15);
    return taken <= b->size - at ? taken : bytes;
}

static tp_error_code read_runs(const bmp *b, tp_picture *out, tp_why *why) {
    int64_t plane = b->width * b->height;
    pen p = {.b = b, .plane = {out->bytes, out->bytes + plane, out->bytes + 2 * plane}};
    for (int c = 0; c < 3; c++) memset(p.plane[c], b->palette[0][c], (size_t)plane);
    for (size_t at = b->pixels;;) {
        if (p.line >= b->height) return TP_ERROR_NONE;
        if (b->size - at < 2) return damaged(why, b->size, "the file ends too early");
        int count = b->bytes[at], value = b->bytes[at + 1];
        at += 2;
        if (count) {
            for (int i = 0; i < count; i++)
                draw(&p, b->bits == 8 ? (unsigned)value : (unsigned)value >> (i % 2 ? 0 : 4) & 15);
        } else if (value == 0) {
            p.x = 0, p.line++;
        } else if (value == 1) {
            return TP_ERROR_NONE;
        } else if (value == 2) {
            if (b->size - at < 2) return damaged(why, b->size, "the file ends too early");
            p.x += b->bytes[at], p.line += b->bytes[at + 1];
            at += 2;
        } else {
            size_t taken = draw_literal(&p, at, value);
            if (!taken) return damaged(why, b->size, "the file ends too early");
            at += taken;
        }
    }
}

tp_error_code tp_bmp_read(const uint8_t *bytes, size_t size, tp_picture *out, tp_why *why) {
    *out = (tp_picture){0};
    bmp b = {.bytes = bytes, .size = size};
    tp_error_code code = read_sizes(&b, why);
    if (!code) code = check_kind(&b, why);
    if (!code) code = check_sizes(&b, why);
    if (!code) code = read_masks(&b, why);
    if (!code) code = read_palette(&b, why);
    bool alpha = b.bits > 8 && b.mask[3];
    if (!code) code = tp_picture_new(out, alpha ? 4 : 3, b.height, b.width, why);
    if (code) return code;
    if (b.compression == RUNS_8 || b.compression == RUNS_4) {
        code = read_runs(&b, out, why);
    } else {
        uint8_t *row = malloc((size_t)out->channels * (size_t)b.width);
        if (row)
            read_plain(&b, out, row);
        else
            code = tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for a row");
        free(row);
    }
    if (code) tp_picture_free(out);
    return code;
}

/* ---- writing: 24 bits a pixel, or 8 with a palette of greys ---- */

static void put_little(uint8_t *at, uint32_t value, int count) {
    for (int i = 0; i < count; i++) at[i] = (uint8_t)(value >> (8 * i));
}

tp_error_code tp_bmp_write(const tp_picture *picture, tp_picture_file *out, tp_why *why) {
    bool grey = picture->channels == 1;
    int64_t row = (picture->width * picture->channels + 3) / 4 * 4;
    uint32_t begin = FILE_HEADER + INFO_HEADER + (grey ? 256 * 4 : 0);
    uint8_t head[FILE_HEADER + INFO_HEADER] = {'B', 'M'};
    put_little(head + 2, begin + (uint32_t)(row * picture->height), 4);
    put_little(head + 10, begin, 4);
    put_little(head + 14, INFO_HEADER, 4);
    put_little(head + 18, (uint32_t)picture->width, 4);
    put_little(head + 22, (uint32_t)picture->height, 4);
    put_little(head + 26, 1, 2);
    put_little(head + 28, grey ? 8 : 24, 2);
    put_little(head + 34, (uint32_t)(row * picture->height), 4);
    tp_picture_file_put(out, head, sizeof head);
    for (int i = 0; grey && i < 256; i++)
        tp_picture_file_put(out, (uint8_t[]){(uint8_t)i, (uint8_t)i, (uint8_t)i, 0}, 4);
    uint8_t *pixels = calloc(1, (size_t)row);
    for (int64_t y = picture->height - 1; pixels && y >= 0; y--) {
        tp_picture_get_row(picture, y, pixels);
        for (int64_t x = 0; !grey && x < picture->width; x++) {
            uint8_t red = pixels[3 * x];
            pixels[3 * x] = pixels[3 * x + 2];
            pixels[3 * x + 2] = red;
        }
        tp_picture_file_put(out, pixels, (size_t)row);
    }
    bool fine = pixels && !out->failed;
    free(pixels);
    return fine ? TP_ERROR_NONE : tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory");
}
