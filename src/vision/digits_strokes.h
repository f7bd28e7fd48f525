/* Stroke models of the ten digits: how people write them, as knots for a smooth curve. */
#ifndef TP_VISION_DIGITS_STROKES_H
#define TP_VISION_DIGITS_STROKES_H

#include <stdint.h>

/* What happens at a knot. */
enum {
    TP_KNOT_SMOOTH, /* the pen goes on */
    TP_KNOT_CORNER, /* it turns sharply */
    TP_KNOT_LIFT    /* it leaves the paper: the last knot of every stroke */
};

/* A knot in a box of 100 by 100, x to the right and y down. A drawing moves all knots of a model by
 * the same random share, from -1 to 1, of (dx, dy): that is how a 0 gets slim or a 9 open. */
typedef struct tp_digit_knot {
    int8_t x, y, dx, dy;
    uint8_t kind;
} tp_digit_knot;

/* One way of writing a digit. */
typedef struct tp_digit_model {
    const tp_digit_knot *knots;
    uint8_t count;
    uint8_t share; /* of 100 people, how many write so */
    uint8_t width; /* of the box, in per cent of its height */
} tp_digit_model;

enum { TP_DIGIT_MODELS = 5, TP_DIGIT_KNOTS = 20 };

/* The models of a digit, 0 to 9; unused places have count 0, the shares sum to 100. */
extern const tp_digit_model tp_digit_models[10][TP_DIGIT_MODELS];

#endif
