/* Bytes as text and pixels as PNG. */
#ifndef TP_PLOT_ENCODE_H
#define TP_PLOT_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Bytes in a block of tp_new. NULL when out of memory. */
typedef struct tp_bytes {
    unsigned char *data;
    size_t size;
} tp_bytes;

/* A PNG of pixels (rows, columns, 3). Grey ones take one byte a pixel. .data is NULL when out of memory; ended by tp_delete(). */
tp_bytes tp_png(const unsigned char *pixels, int columns, int rows);
void tp_write_base64(FILE *stream, const unsigned char *data, size_t size);
/* Nothing is written when out of memory. */
void tp_write_png_base64(FILE *stream, const unsigned char *pixels, int columns, int rows);

/* deflate.c, or its stub without zlib: the bytes as a zlib stream. */
tp_bytes tp_deflate(const unsigned char *data, size_t size);

#endif
