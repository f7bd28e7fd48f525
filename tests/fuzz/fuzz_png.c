/* PNG, by both readers: each may refuse, and where both read a file they agree. Every file is read a second time with the
 * checksums of its chunks put right, or nothing that was changed would get past them. */
#include <string.h>

#include "fuzz/picture_file.h"

enum { SIGNATURE = 8, CHUNK = 12 };

static uint32_t checksum(const uint8_t *bytes, size_t count) {
    uint32_t sum = 0xffffffff;
    for (size_t i = 0; i < count; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum;
}

/* A copy with the right signature and checksums. */
static uint8_t *put_right(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size);
    if (!copy) return NULL;
    memcpy(copy, data, size);
    memcpy(copy, "\x89PNG\r\n\x1a\n", SIGNATURE);
    for (size_t at = SIGNATURE; size - at >= CHUNK;) {
        const uint8_t *c = copy + at;
        size_t length = (size_t)c[0] << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3];
        if (length > size - at - CHUNK) break;
        uint32_t sum = checksum(c + 4, length + 4);
        for (int i = 0; i < 4; i++)
            copy[at + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += CHUNK + length;
    }
    return copy;
}

static void read_both_ways(const uint8_t *data, size_t size) {
    tp_picture fast, slow;
    tp_picture_extra extra = {0};
    tp_why why;
    if (tp_png_read_fast(data, size, &fast)) {
        if (!tp_png_read(data, size, &slow, &extra, &why)) {
            if (tp_picture_bytes(&fast) != tp_picture_bytes(&slow) ||
                memcmp(fast.bytes, slow.bytes, (size_t)tp_picture_bytes(&fast)) != 0)
                abort();
            tp_picture_free(&slow);
        }
        tp_picture_free(&fast);
    }
    fuzz_picture(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_both_ways(data, size);
    uint8_t *right = size > SIGNATURE ? put_right(data, size) : NULL;
    if (right) read_both_ways(right, size);
    free(right);
    return 0;
}

void fuzz_seeds(fuzz_take *take, void *user) {
    fuzz_picture_seeds("png/", take, user);
    fuzz_picture_seeds("orientation/png", take, user);
}
