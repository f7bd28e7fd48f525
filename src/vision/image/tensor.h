/* Pictures to tensors and back. */
#ifndef TP_VISION_IMAGE_TENSOR_H
#define TP_VISION_IMAGE_TENSOR_H

#include "base/fail.h"
#include "vision/image/picture.h"

/* (channels, height, width) uint8 over the picture's own bytes, which it takes over. */
tp_tensor *tp_picture_to_tensor(tp_location at, const char *op, tp_picture *picture);
/* A copy of a tensor, floats from 0 to 1 as bytes. False after an error. */
bool tp_picture_from_tensor(tp_location at, const char *op, const tp_tensor *image,
                            tp_picture *out);

#endif
