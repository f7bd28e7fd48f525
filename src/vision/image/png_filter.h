/* Undoing the filters of PNG, one row at a time. */
#ifndef TP_VISION_IMAGE_PNG_FILTER_H
#define TP_VISION_IMAGE_PNG_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Turns `count` filtered bytes of a row into pixels, in place. `above` is the row before, zeros for the first one; `step` the
 * bytes of a pixel, 1 to 4. Three bytes before each row must be readable and 13 behind it. False for an unknown kind. */
bool tp_png_unfilter(int kind, uint8_t *row, const uint8_t *above, size_t count, size_t step);

/* The same for two rows at once that both have filter 4, which takes hardly longer than one; `next` is the row below. False, with
 * nothing done, where this processor has no way to do that. */
bool tp_png_unfilter_two(uint8_t *row, uint8_t *next, const uint8_t *above, size_t count,
                         size_t step);

#endif
