/* Where zlib is absent: stored entries are still read and written. */
#include "io/zip.h"

const char *tp_zip_inflate(const unsigned char *packed, size_t packed_size, unsigned char *out,
                           size_t size) {
    (void)packed, (void)packed_size, (void)out, (void)size;
    return "it is compressed, and this build has no zlib";
}

int64_t tp_zip_deflate(const void *bytes, size_t size, unsigned char *out, size_t room) {
    (void)bytes, (void)size, (void)out, (void)room;
    return -1;
}
