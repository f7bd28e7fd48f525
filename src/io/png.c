#include "io/png.h"

#include <string.h>

#include "base/alloc.h"

enum { STORED = 65535 }; /* most bytes in one stored block of deflate (RFC 1951) */

typedef struct writer {
    unsigned char *at;
    uint32_t adler_a, adler_b; /* of zlib's checksum (RFC 1950) */
} writer;

static void put(writer *w, const void *data, size_t bytes) {
    memcpy(w->at, data, bytes);
    w->at += bytes;
}

static void put_32(writer *w, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) *w->at++ = (unsigned char)(value >> shift);
}

static uint32_t crc32_of(const unsigned char *data, const unsigned char *end) {
    uint32_t crc = ~(uint32_t)0;
    for (; data < end; data++) {
        crc ^= *data;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Ends a chunk that began at `type` with its length before it. */
static void end_chunk(writer *w, unsigned char *type) {
    writer length = {.at = type - 4};
    put_32(&length, (uint32_t)(w->at - type - 4));
    put_32(w, crc32_of(type, w->at));
}

static unsigned char *begin_chunk(writer *w, const char *type) {
    w->at += 4;
    unsigned char *begin = w->at;
    put(w, type, 4);
    return begin;
}

/* One line of the picture: filter 0 and its bytes, in stored blocks. */
static void put_line(writer *w, const uint8_t *line, size_t bytes, bool last_line) {
    unsigned char filter = 0;
    const unsigned char *part = &filter;
    for (size_t left = bytes + 1; left > 0;) {
        size_t n = part == &filter ? 1 : left < STORED ? left : STORED;
        bool last = last_line && n == left;
        unsigned char head[5] = {last, n & 255, (unsigned char)(n >> 8), ~n & 255,
                                 (unsigned char)(~n >> 8 & 255)};
        put(w, head, sizeof head);
        put(w, part, n);
        for (size_t i = 0; i < n; i++) {
            w->adler_a = (w->adler_a + part[i]) % 65521;
            w->adler_b = (w->adler_b + w->adler_a) % 65521;
        }
        part = part == &filter ? line : part + n;
        left -= n;
    }
}

void *tp_png_store(const uint8_t *pixels, int64_t height, int64_t width, int channels,
                   size_t *bytes) {
    static const unsigned char signature[] = {137, 80, 78, 71, 13, 10, 26, 10};
    static const unsigned char colour[] = {0, 0, 0, 2, 6}; /* by channels */
    size_t line = (size_t)width * (size_t)channels;
    size_t room = (size_t)height * (1 + line + 5 * (2 + line / STORED)) + 128;
    unsigned char *png = tp_new(room);
    if (!png) return NULL;
    writer w = {.at = png, .adler_a = 1};
    put(&w, signature, sizeof signature);
    unsigned char *chunk = begin_chunk(&w, "IHDR");
    put_32(&w, (uint32_t)width);
    put_32(&w, (uint32_t)height);
    put(&w, (unsigned char[]){8, colour[channels], 0, 0, 0}, 5);
    end_chunk(&w, chunk);
    chunk = begin_chunk(&w, "IDAT");
    put(&w, (unsigned char[]){0x78, 0x01}, 2);
    for (int64_t y = 0; y < height; y++)
        put_line(&w, pixels + (size_t)y * line, line, y == height - 1);
    put_32(&w, w.adler_b << 16 | w.adler_a);
    end_chunk(&w, chunk);
    end_chunk(&w, begin_chunk(&w, "IEND"));
    *bytes = (size_t)(w.at - png);
    return png;
}
