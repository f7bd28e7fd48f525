/* The built-in digits: images of handwritten-looking digits, drawn at run time from stroke models.
 * They are synthetic, and named so wherever they are shown.
 *
 * Image i is a pure function of (seed, i): drawing one never depends on others, so any number of
 * threads may draw in any order. The bytes are the same on every machine and compiler: only
 * operations that IEEE 754 rounds exactly are used (+ - * / and square root). */
#ifndef TP_VISION_DIGITS_DRAW_H
#define TP_VISION_DIGITS_DRAW_H

#include <stdint.h>

enum { TP_DIGITS_SIDE = 28, TP_DIGITS_PIXELS = TP_DIGITS_SIDE * TP_DIGITS_SIDE };

/* The digit that image `index` shows, 0 to 9. Indices 10 k to 10 k + 9 show every digit once, in an
 * order of their own, so any multiple of ten images is balanced. */
int tp_digits_label(uint64_t seed, uint64_t index);

/* Draws image `index` as the digit `label` (0 to 9; tp_digits_label gives the one that data sets
 * use): rows from the top, 0 is paper and 255 ink. */
void tp_digits_draw(uint64_t seed, uint64_t index, int label, uint8_t out[TP_DIGITS_PIXELS]);

#endif
