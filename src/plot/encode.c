/* PNG and base64. Pictures of a report are small, so the file is made in memory. */
#include "plot/encode.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

/* ---- PNG (ISO/IEC 15948) ---- */

static uint32_t crc_of(uint32_t crc, const unsigned char *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320U : crc >> 1;
    }
    return crc;
}

static unsigned char *put_32(unsigned char *to, uint32_t value) {
    for (int i = 0; i < 4; i++) *to++ = (unsigned char)(value >> (24 - 8 * i));
    return to;
}

/* Length, name, content, checksum of name and content. */
static unsigned char *put_chunk(unsigned char *to, const char *name, const unsigned char *content,
                                size_t size) {
    to = put_32(to, (uint32_t)size);
    memcpy(to, name, 4);
    if (size) memcpy(to + 4, content, size);
    return put_32(to + 4 + size, ~crc_of(0xffffffffU, to, 4 + size));
}

static bool all_grey(const unsigned char *pixels, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (pixels[3 * i] != pixels[3 * i + 1] || pixels[3 * i] != pixels[3 * i + 2]) return false;
    return true;
}

/* Rows as PNG has them: a byte that names the filter (0, none), then the pixels. */
static tp_bytes filtered_rows(const unsigned char *pixels, int columns, int rows, bool grey) {
    size_t width = (size_t)columns * (grey ? 1 : 3) + 1;
    tp_bytes raw = {tp_new(width * (size_t)rows + 1), width * (size_t)rows};
    for (int y = 0; raw.data && y < rows; y++) {
        unsigned char *to = raw.data + (size_t)y * width + 1;
        const unsigned char *from = pixels + (size_t)y * (size_t)columns * 3;
        if (!grey) memcpy(to, from, width - 1);
        for (int x = 0; grey && x < columns; x++) to[x] = from[3 * x];
    }
    return raw;
}

tp_bytes tp_png(const unsigned char *pixels, int columns, int rows) {
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    bool grey = all_grey(pixels, (size_t)columns * (size_t)rows);
    tp_bytes none = {NULL, 0}, raw = filtered_rows(pixels, columns, rows, grey);
    tp_bytes packed = raw.data ? tp_deflate(raw.data, raw.size) : none;
    tp_delete(raw.data);
    if (!packed.data) return none;
    unsigned char header[13] = {0};
    put_32(put_32(header, (uint32_t)columns), (uint32_t)rows);
    header[8] = 8; /* bits */
    header[9] = grey ? 0 : 2;
    tp_bytes out = {tp_new(packed.size + 8 + 3 * 12 + sizeof header), 0};
    if (out.data) {
        memcpy(out.data, signature, 8);
        unsigned char *to = put_chunk(out.data + 8, "IHDR", header, sizeof header);
        to = put_chunk(to, "IDAT", packed.data, packed.size);
        to = put_chunk(to, "IEND", NULL, 0);
        out.size = (size_t)(to - out.data);
    }
    tp_delete(packed.data);
    return out;
}

/* ---- base64 (RFC 4648) ---- */

void tp_write_base64(FILE *stream, const unsigned char *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)data[i] << 16;
        if (i + 1 < size) three |= (uint32_t)data[i + 1] << 8;
        if (i + 2 < size) three |= data[i + 2];
        fputc(digits[three >> 18], stream);
        fputc(digits[(three >> 12) & 63], stream);
        fputc(i + 1 < size ? digits[(three >> 6) & 63] : '=', stream);
        fputc(i + 2 < size ? digits[three & 63] : '=', stream);
    }
}

void tp_write_png_base64(FILE *stream, const unsigned char *pixels, int columns, int rows) {
    tp_bytes png = tp_png(pixels, columns, rows);
    if (png.data) tp_write_base64(stream, png.data, png.size);
    tp_delete(png.data);
}
