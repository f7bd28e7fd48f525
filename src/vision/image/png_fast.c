/* The PNG files that most data sets are made of, 8 bits a channel, not interlaced, without transparent colours, in less than
 * half the time: libdeflate inflates all at once, and rows go from there to planes. Nothing is reported from here: whatever
 * is unusual or wrong is left to libpng, which then says what it is. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "vision/image/codec.h"
#include "vision/image/png_filter.h"

enum {
    SIGNATURE = 8,
    CHUNK = 12, /* length, name and checksum */
    HEADER = 13,
    GREY = 0,
    RGB = 2,
    PALETTE = 3,
    GREY_ALPHA = 4,
    RGBA = 6,
    DEFLATE_MOST = 1032,
    PAD = 16 /* readable bytes around rows */
};

typedef struct png {
    const uint8_t *bytes;
    size_t size;
    int64_t width, height;
    int kind, step; /* step: bytes of a pixel */
    const uint8_t *palette;
    uint32_t colours;
    const uint8_t *packed; /* the first IDAT, which is all where there is but one */
    size_t packed_size;    /* of all */
    int packed_count;
} png;

static uint32_t big_endian(const uint8_t *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool is(const uint8_t *chunk, const char *name) { return memcmp(chunk + 4, name, 4) == 0; }

static bool read_header(png *p, const uint8_t *chunk, uint32_t length) {
    static const int steps[] = {[GREY] = 1, [RGB] = 3, [PALETTE] = 1, [GREY_ALPHA] = 2, [RGBA] = 4};
    if (length != HEADER || !is(chunk, "IHDR")) return false;
    const uint8_t *h = chunk + 8;
    p->width = big_endian(h);
    p->height = big_endian(h + 4);
    p->kind = h[9];
    bool plain = h[8] == 8 && h[10] == 0 && h[11] == 0 && h[12] == 0;
    p->step = p->kind <= RGBA ? steps[p->kind] : 0;
    if (!plain || !p->step || p->width < 1 || p->height < 1 || p->width > 1 << 24) return false;
    return (p->width * p->step + 1) <= (int64_t)(p->size + 64) * DEFLATE_MOST / p->height;
}

/* What a chunk after the header says. False for what is left to libpng. */
static bool note_chunk(png *p, const uint8_t *chunk, uint32_t length) {
    if (is(chunk, "IDAT")) {
        if (!p->packed) p->packed = chunk + 8;
        p->packed_size += length;
        p->packed_count++;
    } else if (is(chunk, "PLTE") && p->kind == PALETTE) {
        p->palette = chunk + 8;
        p->colours = length / 3;
    } else if (is(chunk, "tRNS") || is(chunk, "eXIf")) {
        return false;
    } else {
        return chunk[4] & 32 || is(chunk, "PLTE"); /* small letters may be left out */
    }
    return true;
}

/* Walks over the chunks up to the end. */
static bool read_chunks(png *p) {
    bool first = true;
    if (p->size < SIGNATURE || memcmp(p->bytes, "\x89PNG\r\n\x1a\n", SIGNATURE) != 0) return false;
    for (size_t at = SIGNATURE; p->size - at >= CHUNK; first = false) {
        const uint8_t *chunk = p->bytes + at;
        uint32_t length = big_endian(chunk);
        if (length > p->size - at - CHUNK) return false;
        if (libdeflate_crc32(0, chunk + 4, length + 4) != big_endian(chunk + 8 + length))
            return false;
        if (is(chunk, "IEND")) return p->packed && (p->kind != PALETTE || p->palette);
        if (!(first ? read_header(p, chunk, length) : note_chunk(p, chunk, length))) return false;
        at += CHUNK + length;
    }
    return false;
}

/* All IDAT chunks in a row, from malloc. They follow one another, or libpng has to see to it. */
static uint8_t *join_chunks(const png *p) {
    uint8_t *all = malloc(p->packed_size);
    size_t done = 0;
    const uint8_t *chunk = p->packed - 8;
    for (int i = 0; all && i < p->packed_count; i++) {
        uint32_t length = big_endian(chunk);
        if (!is(chunk, "IDAT")) {
            free(all);
            return NULL;
        }
        memcpy(all + done, chunk + 8, length);
        done += length;
        chunk += CHUNK + length;
    }
    return all;
}

static bool inflate_rows(const png *p, uint8_t *rows, size_t size) {
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    uint8_t *joined = p->packed_count > 1 ? join_chunks(p) : NULL;
    const uint8_t *packed = p->packed_count > 1 ? joined : p->packed;
    /* NULL for the size that comes out: another one than expected is refused */
    bool fine = decompressor && packed &&
                libdeflate_zlib_decompress(decompressor, packed, p->packed_size, rows, size,
                                           NULL) == LIBDEFLATE_SUCCESS;
    free(joined);
    if (decompressor) libdeflate_free_decompressor(decompressor);
    return fine;
}

static bool put_palette_row(const png *p, const uint8_t *row, int64_t y, tp_picture *out) {
    int64_t plane = p->width * p->height;
    uint8_t *to = out->bytes + y * p->width;
    for (int64_t x = 0; x < p->width; x++) {
        if (row[x] >= p->colours) return false;
        for (int c = 0; c < 3; c++) to[c * plane + x] = p->palette[3 * row[x] + c];
    }
    return true;
}

/* How many rows from here on have Paeth's filter, up to four. */
static int paeth_rows(const uint8_t *rows, size_t pitch, int64_t left) {
    enum { PAETH = 4, MOST = 4 };
    int count = 0;
    while (count < MOST && count < left && rows[(size_t)count * pitch] == PAETH) count++;
    return count;
}

/* Each row begins with the kind of its filter. */
static bool put_rows(const png *p, uint8_t *rows, tp_picture *out) {
    size_t count = (size_t)(p->width * p->step);
    uint8_t *zeros = calloc(1, count + 2 * PAD), *above = zeros ? zeros + PAD : NULL;
    bool fine = zeros != NULL;
    int ready = 0; /* rows that are done */
    size_t step = (size_t)p->step;
    for (int64_t y = 0; fine && y < p->height; y++, ready--, rows += count + 1) {
        if (ready == 0) {
            int same = paeth_rows(rows, count + 1, p->height - y);
            ready = tp_png_unfilter_paeth(rows + 1, count + 1, above, count, step, same);
        }
        if (ready == 0) {
            fine = tp_png_unfilter(rows[0], rows + 1, above, count, step);
            ready = 1;
        }
        above = rows + 1;
        if (fine && p->kind == PALETTE)
            fine = put_palette_row(p, rows + 1, y, out);
        else if (fine)
            tp_picture_put_row(out, y, rows + 1);
    }
    free(zeros);
    return fine;
}

bool tp_png_read_fast(const uint8_t *bytes, size_t size, tp_picture *out) {
    *out = (tp_picture){0};
    png p = {.bytes = bytes, .size = size};
    tp_why why;
    if (!read_chunks(&p) ||
        tp_picture_new(out, p.kind == PALETTE ? 3 : p.step, p.height, p.width, &why))
        return false;
    size_t row_bytes = (size_t)(p.width * p.step + 1) * (size_t)p.height;
    uint8_t *rows = malloc(row_bytes + 2 * PAD);
    if (rows) memset(rows + PAD + row_bytes, 0, PAD);
    bool fine = rows && inflate_rows(&p, rows + PAD, row_bytes) && put_rows(&p, rows + PAD, out);
    free(rows);
    if (!fine) tp_picture_free(out);
    return fine;
}
