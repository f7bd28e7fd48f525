/* A zlib stream without zlib (RFC 1950, 1951): blocks that store the bytes as they are. */
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "plot/encode.h"

enum { BLOCK = 65535 };

static uint32_t adler_of(const unsigned char *data, size_t size) {
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

tp_bytes tp_deflate(const unsigned char *data, size_t size) {
    size_t blocks = size / BLOCK + 1;
    tp_bytes out = {tp_new(size + 5 * blocks + 6), 0};
    if (!out.data) return out;
    unsigned char *to = out.data;
    *to++ = 0x78;
    *to++ = 0x01;
    for (size_t i = 0; i < blocks; i++) {
        size_t length = i + 1 < blocks ? BLOCK : size - i * BLOCK;
        *to++ = i + 1 == blocks;
        *to++ = (unsigned char)length;
        *to++ = (unsigned char)(length >> 8);
        *to++ = (unsigned char)~length;
        *to++ = (unsigned char)(~length >> 8);
        memcpy(to, data + i * BLOCK, length);
        to += length;
    }
    uint32_t sum = adler_of(data, size);
    for (int shift = 24; shift >= 0; shift -= 8) *to++ = (unsigned char)(sum >> shift);
    out.size = (size_t)(to - out.data);
    return out;
}
