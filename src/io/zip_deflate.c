/* Compressed entries of zip archives, through zlib. */
#include <limits.h>
#include <zlib.h>

#include "io/zip.h"

enum { RAW = -MAX_WBITS, MEMORY_LEVEL = 8 };

/* zlib counts in 32 bits: longer streams are handed over in pieces. */
static uInt piece_of(size_t left) { return left < INT_MAX ? (uInt)left : INT_MAX; }

const char *tp_zip_inflate(const unsigned char *packed, size_t packed_size, unsigned char *out,
                           size_t size) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed, .next_out = out};
    if (inflateInit2(&z, RAW) != Z_OK) return "zlib is out of memory";
    int status = Z_OK;
    while (status == Z_OK) {
        size_t in = packed_size - (size_t)(z.next_in - packed),
               room = size - (size_t)(z.next_out - out);
        z.avail_in = piece_of(in);
        z.avail_out = piece_of(room);
        status = inflate(&z, Z_NO_FLUSH);
        if (status == Z_BUF_ERROR || (!in && !room)) break;
    }
    size_t made = (size_t)(z.next_out - out);
    inflateEnd(&z);
    if (status == Z_STREAM_END && made == size) return NULL;
    return status == Z_DATA_ERROR ? "its compressed bytes are damaged"
                                  : "its compressed bytes do not give the size that it promises";
}

int64_t tp_zip_deflate(const void *bytes, size_t size, unsigned char *out, size_t room) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .next_out = out};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    int status = Z_OK;
    while (status == Z_OK) {
        size_t in = size - (size_t)(z.next_in - (const unsigned char *)bytes);
        size_t left = room - (size_t)(z.next_out - out);
        if (!left) break;
        z.avail_in = piece_of(in);
        z.avail_out = piece_of(left);
        status = deflate(&z, in <= INT_MAX ? Z_FINISH : Z_NO_FLUSH);
    }
    int64_t made = z.next_out - out;
    deflateEnd(&z);
    return status == Z_STREAM_END ? made : 0;
}
