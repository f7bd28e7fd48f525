/** @file transforms.h
 *  Changing pictures: resizing, cropping, turning, colours, as torchvision.transforms.
 *
 *  A picture here is a tensor (channels, height, width) of bytes, as tp_image_read() gives it.
 */
#ifndef TAPER_TRANSFORMS_H
#define TAPER_TRANSFORMS_H

#include <taper/data.h>
#include <taper/tensor.h>

TP_BEGIN_DECLS

/** How pixels between pixels are made. */
typedef enum tp_interpolation {
    TP_INTERPOLATION_DEFAULT, /**< bilinear for sizes, nearest for rotation and affine, as torchvision */
    TP_INTERPOLATION_NEAREST,
    TP_INTERPOLATION_BILINEAR,
    TP_INTERPOLATION_BICUBIC,
    TP_INTERPOLATION_BOX,
    TP_INTERPOLATION_HAMMING,
    TP_INTERPOLATION_LANCZOS
} tp_interpolation;

/** @name Functions
 *  Each makes a new picture; owned by the innermost scope. Nothing is recorded for backward. Errors: SHAPE, DTYPE,
 *  ARGUMENT.
 *  @{ */

/** Arguments of tp_image_resize. */
typedef struct tp_image_resize_args {
    const tp_tensor *image;
    int64_t height,
        width; /**< width 0: the shorter side becomes `height`, the other keeps the proportion */
    tp_interpolation interpolation;
} tp_image_resize_args;
/** A picture (channels, height, width) of other sizes, by Pillow's method and with its results: where it shrinks, every
 *  pixel counts (antialias). */
TP_API tp_tensor *tp_image_resize_at(tp_location at, tp_image_resize_args args);
#define tp_image_resize(...) \
    tp_image_resize_at(TP_HERE, TP_MAKE(tp_image_resize_args, .image = __VA_ARGS__))
/** @} */

TP_END_DECLS

#endif
