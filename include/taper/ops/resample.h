/** @file ops/resample.h
 *  Pictures and lines in another size.
 */
#ifndef TAPER_OPS_RESAMPLE_H
#define TAPER_OPS_RESAMPLE_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** How values between the places of x come about. */
typedef enum tp_interpolate_mode {
    TP_NEAREST, /**< the place that floor(place in the result * scale) names, as PyTorch's "nearest" */
    TP_LINEAR,   /**< lines: between two neighbours */
    TP_BILINEAR, /**< pictures: between two neighbours in each direction */
    TP_BICUBIC /**< pictures: cubic convolution with a = -0.75 through four neighbours (Keys, 1981) */
} tp_interpolate_mode;

/** Arguments of tp_interpolate. Give the size or the scale. */
typedef struct tp_interpolate_args {
    tp_tensor *x;       /**< (N, C, L) or (N, C, H, W); not for layers */
    int64_t size;       /**< of the result, in every direction */
    int64_t size_hw[2]; /**< where the two directions differ */
    double scale;       /**< sizes are multiplied by it and rounded down */
    double scale_hw[2];
    tp_interpolate_mode mode;
    bool
        align_corners; /**< the outermost places of x and of the result coincide, rather than their outer edges; not for NEAREST */
} tp_interpolate_args;
/** x in another size, torch.nn.functional.interpolate: tp_interpolate(x, .scale = 2, .mode = TP_BILINEAR).
 *  Errors: SHAPE, DTYPE (float32, float64), ARGUMENT. */
TP_API tp_tensor *tp_interpolate_at(tp_location at, tp_interpolate_args args);
#define tp_interpolate(...) \
    tp_interpolate_at(TP_HERE, TP_MAKE(tp_interpolate_args, .x = __VA_ARGS__))

/** Channels become pixels: (..., C r r, H, W) to (..., C, H r, W r) (Shi and others, 2016). Errors: SHAPE, ARGUMENT. */
TP_API tp_tensor *tp_pixel_shuffle_at(tp_location at, tp_tensor *x, int64_t upscale_factor);
#define tp_pixel_shuffle(x, upscale_factor) tp_pixel_shuffle_at(TP_HERE, x, upscale_factor)
/** And back: (..., C, H r, W r) to (..., C r r, H, W). Errors: SHAPE, ARGUMENT. */
TP_API tp_tensor *tp_pixel_unshuffle_at(tp_location at, tp_tensor *x, int64_t downscale_factor);
#define tp_pixel_unshuffle(x, downscale_factor) tp_pixel_unshuffle_at(TP_HERE, x, downscale_factor)

TP_END_DECLS

#endif
