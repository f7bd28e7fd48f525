/* What transforms do to pictures of bytes, with all numbers given. Each gives Pillow's results. */
#ifndef TP_VISION_TRANSFORMS_PICTURE_OPS_H
#define TP_VISION_TRANSFORMS_PICTURE_OPS_H

#include <taper/transforms.h>

#include "vision/image/picture.h"

/* A part of a picture; what lies outside of it is 0. */
tp_error_code tp_picture_crop(tp_picture *picture, int64_t top, int64_t left, int64_t height,
                              int64_t width, tp_why *why);

typedef struct tp_padding {
    int64_t left, top, right, bottom; /* at least 0 */
    tp_padding_mode mode;
    uint8_t fill[TP_MAX_CHANNELS];
} tp_padding;
tp_error_code tp_picture_pad(tp_picture *picture, const tp_padding *padding, tp_why *why);
/* The middle; a picture that is smaller gets a margin of 0 first. */
tp_error_code tp_picture_centre_crop(tp_picture *picture, int64_t height, int64_t width,
                                     tp_why *why);

/* Left and right, top and bottom change places. */
void tp_picture_flip_across(tp_picture *picture);
void tp_picture_flip_down(tp_picture *picture);

/* New pixel (x, y) is what lies at (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]) of the old picture, centres of pixels
 * being at halves; fill where that is outside. Nearest, bilinear or bicubic. */
typedef struct tp_warp {
    double matrix[6];
    int64_t height, width; /* of the result */
    tp_interpolation interpolation;
    uint8_t fill[TP_MAX_CHANNELS];
} tp_warp;
tp_error_code tp_picture_warp(tp_picture *picture, const tp_warp *warp, tp_why *why);
/* Counter-clockwise around a centre (x, y), or the middle where that is NULL. `expand` makes room for the corners. */
tp_error_code tp_picture_rotate(tp_picture *picture, double degrees, bool expand,
                                const double *centre, tp_warp warp, tp_why *why);
/* Turned clockwise by `degrees`, scaled, sheared by degrees (x, y) and moved by (x, y) pixels around a centre (x, y), or the
 * middle where that is NULL. */
typedef struct tp_affine {
    double degrees, translate[2], scale, shear[2];
    const double *centre;
} tp_affine;
tp_error_code tp_picture_affine(tp_picture *picture, const tp_affine *affine, tp_warp warp,
                                tp_why *why);

/* Colours; alpha stays. A factor of 1 changes nothing; of hue, 0, and a whole turn is 1. */
void tp_picture_brightness(tp_picture *picture, double factor);
void tp_picture_contrast(tp_picture *picture, double factor);
void tp_picture_saturation(tp_picture *picture, double factor);
void tp_picture_hue(tp_picture *picture, double turn);
/* Grey in one channel, or in three that are equal. Alpha is left out. */
tp_error_code tp_picture_grey(tp_picture *picture, int channels, tp_why *why);

#endif
