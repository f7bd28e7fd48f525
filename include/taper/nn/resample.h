/** @file nn/resample.h
 *  Other sizes as layers; taper/ops/resample.h says what they compute. Each returns a module that the caller owns, or NULL
 *  after an error.
 */
#ifndef TAPER_NN_RESAMPLE_H
#define TAPER_NN_RESAMPLE_H

#include <taper/ops/resample.h>

TP_BEGIN_DECLS

typedef struct tp_module tp_module;

/** @name Layers for other sizes
 *  @{ */
/** tp_interpolate(): tp_nn_upsample(.scale = 2, .mode = TP_BILINEAR). */
TP_API tp_module *tp_nn_upsample_at(tp_location at, tp_interpolate_args args);
#define tp_nn_upsample(...) \
    tp_nn_upsample_at(TP_HERE, TP_MAKE(tp_interpolate_args, .x = NULL, __VA_ARGS__))
/** tp_pixel_shuffle(). */
TP_API tp_module *tp_nn_pixel_shuffle_at(tp_location at, int64_t upscale_factor);
#define tp_nn_pixel_shuffle(upscale_factor) tp_nn_pixel_shuffle_at(TP_HERE, upscale_factor)
/** tp_pixel_unshuffle(). */
TP_API tp_module *tp_nn_pixel_unshuffle_at(tp_location at, int64_t downscale_factor);
#define tp_nn_pixel_unshuffle(downscale_factor) tp_nn_pixel_unshuffle_at(TP_HERE, downscale_factor)
/** @} */

TP_END_DECLS

#endif
