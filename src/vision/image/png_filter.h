/* Undoing the filters of PNG, one row at a time. */
#ifndef TP_VISION_IMAGE_PNG_FILTER_H
#define TP_VISION_IMAGE_PNG_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Turns `count` filtered bytes of a row into pixels, in place. `above` is the row before, zeros for the first one; `step` the
 * bytes of a pixel, 1 to 4. Three bytes before each row must be readable and 13 behind it. False for an unknown kind. */
bool tp_png_unfilter(int kind, uint8_t *row, const uint8_t *above, size_t count, size_t step);

/* The same for several rows at once that all have filter 4, each `pitch` bytes behind the one before: four take little longer than one.
 * How many were done: 4, 2, or 0 where this processor has no way to do that. */
int tp_png_unfilter_paeth(uint8_t *row, size_t pitch, const uint8_t *above, size_t count,
                          size_t step, int rows);

#endif
