/* The one thing of EXIF data that changes a picture: which way up it is. */
#include "vision/image/codec.h"

enum { ORIENTATION = 0x0112, SHORT = 3, ENTRY = 12 };

typedef struct tiff {
    const uint8_t *bytes;
    size_t size;
    bool big;
} tiff;

/* A whole number of `count` bytes at a place that is known to be inside. */
static uint32_t number(const tiff *t, size_t at, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | t->bytes[at + (size_t)(t->big ? i : count - 1 - i)];
    return value;
}

int tp_exif_orientation(const uint8_t *bytes, size_t size) {
    tiff t = {bytes, size, size > 0 && bytes[0] == 'M'};
    if (size < 8 || bytes[0] != bytes[1] || (bytes[0] != 'M' && bytes[0] != 'I') ||
        number(&t, 2, 2) != 42)
        return 0;
    size_t at = number(&t, 4, 4);
    if (at > size || size - at < 2) return 0;
    size_t entries = number(&t, at, 2);
    at += 2;
    if (entries > (size - at) / ENTRY) entries = (size - at) / ENTRY;
    for (size_t i = 0; i < entries; i++, at += ENTRY) {
        if (number(&t, at, 2) != ORIENTATION) continue;
        uint32_t value = number(&t, at + 2, 2) == SHORT ? number(&t, at + 8, 2) : 0;
        return value >= 1 && value <= 8 ? (int)value : 0;
    }
    return 0;
}
