/* Resizing pictures of bytes. */
#ifndef TP_VISION_TRANSFORMS_RESIZE_H
#define TP_VISION_TRANSFORMS_RESIZE_H

#include <taper/transforms.h>

#include "backend/backend.h"
#include "vision/image/picture.h"

/* Makes the picture height x width. Nothing happens where it has that size. MEMORY, or FORMAT for a size too large. */
tp_error_code tp_picture_resize(tp_picture *picture, int64_t height, int64_t width,
                                tp_interpolation interpolation, const tp_kernels *kernels,
                                tp_why *why);

/* The sizes at which the shorter side is `size` and the proportions stay, as torchvision rounds them; where `most` is not 0,
 * the longer side is at most that. */
void tp_size_of_shorter(const tp_picture *picture, int64_t size, int64_t most, int64_t *height,
                        int64_t *width);

#endif
