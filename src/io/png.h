/* A picture as PNG (RFC 2083) without help: its bytes are stored, not compressed. For small pictures inside other files. */
#ifndef TP_IO_PNG_H
#define TP_IO_PNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `pixels` (height, width, channels), channels of 1, 3 or 4. Freed by tp_delete(); NULL when out of memory. */
void *tp_png_store(const uint8_t *pixels, int64_t height, int64_t width, int channels,
                   size_t *bytes);

#endif
