/** @file transforms.h
 *  Changing pictures: sizes, parts, turns, colours, as torchvision.transforms does it on Pillow's pictures, byte for byte
 *  where nothing is random.
 *
 *      tp_transform *t = tp_transforms_compose(tp_transforms_random_crop(32, 32, .padding = 4),
 *                                              tp_transforms_random_horizontal_flip(0.5),
 *                                              tp_transforms_to_float(),
 *                                              tp_transforms_normalize({0.49, 0.48, 0.45}, {0.25, 0.24, 0.26}));
 *      tp_dataset *d = tp_image_folder("train", .image_size = 36, .transform = t);
 *
 *  Random transforms draw from a counter keyed by (seed, epoch, sample): what a sample becomes never depends on batches,
 *  on the order, or on the number of workers.
 *
 *  A picture is a tensor (channels, height, width) of bytes, 1 to 4 channels, as tp_image_read() gives it.
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
    TP_INTERPOLATION_BOX, /**< sizes only, and so are those below */
    TP_INTERPOLATION_HAMMING,
    TP_INTERPOLATION_LANCZOS
} tp_interpolation;

/** What a margin shows, as torchvision's padding_mode. */
typedef enum tp_padding_mode {
    TP_PADDING_CONSTANT, /**< .fill */
    TP_PADDING_EDGE,     /**< the outermost pixel */
    TP_PADDING_REFLECT,  /**< the picture mirrored at its outermost pixel */
    TP_PADDING_SYMMETRIC /**< the picture mirrored at its edge */
} tp_padding_mode;

/** @name Functions
 *  As torchvision.transforms.functional. Each makes a new picture of one of bytes; owned by the innermost scope; nothing is
 *  recorded for backward. Errors: SHAPE, DTYPE, ARGUMENT, FORMAT for a result beyond TP_IMAGE_MOST_BYTES, MEMORY.
 *  @{ */

/** Arguments of tp_image_resize. */
typedef struct tp_image_resize_args {
    const tp_tensor *image;
    int64_t height,
        width; /**< width 0: the shorter side becomes `height`, the other keeps the proportion */
    int64_t max_size; /**< with width 0: the longer side is at most this; 0: no limit */
    tp_interpolation interpolation;
} tp_image_resize_args;
/** The picture in another size, by Pillow's method and with its results: where it shrinks, every pixel counts (antialias). */
TP_API tp_tensor *tp_image_resize_at(tp_location at, tp_image_resize_args args);
#define tp_image_resize(...) \
    tp_image_resize_at(TP_HERE, TP_MAKE(tp_image_resize_args, .image = __VA_ARGS__))

/** The part with its upper left corner at (top, left); what lies outside the picture is 0. */
TP_API tp_tensor *tp_image_crop_at(tp_location at, const tp_tensor *image, int64_t top,
                                   int64_t left, int64_t height, int64_t width);
#define tp_image_crop(image, top, left, height, width) \
    tp_image_crop_at(TP_HERE, image, top, left, height, width)

/** The middle; a smaller picture gets a margin of 0. */
TP_API tp_tensor *tp_image_center_crop_at(tp_location at, const tp_tensor *image, int64_t height,
                                          int64_t width);
#define tp_image_center_crop(image, height, width) \
    tp_image_center_crop_at(TP_HERE, image, height, width)

/** Arguments of tp_image_pad. */
typedef struct tp_image_pad_args {
    const tp_tensor *image;
    int64_t left, top, right, bottom; /**< pixels, at least 0 */
    tp_padding_mode padding_mode;
    double fill[TP_MAX_CHANNELS]; /**< 0 to 255, a channel each */
} tp_image_pad_args;
/** With margins. */
TP_API tp_tensor *tp_image_pad_at(tp_location at, tp_image_pad_args args);
#define tp_image_pad(...) tp_image_pad_at(TP_HERE, TP_MAKE(tp_image_pad_args, .image = __VA_ARGS__))

/** Mirrored: left and right change places. */
TP_API tp_tensor *tp_image_hflip_at(tp_location at, const tp_tensor *image);
#define tp_image_hflip(image) tp_image_hflip_at(TP_HERE, image)
/** Upside down: top and bottom change places. */
TP_API tp_tensor *tp_image_vflip_at(tp_location at, const tp_tensor *image);
#define tp_image_vflip(image) tp_image_vflip_at(TP_HERE, image)

/** Arguments of tp_image_rotate. */
typedef struct tp_image_rotate_args {
    const tp_tensor *image;
    double angle; /**< degrees, counter-clockwise */
    tp_interpolation interpolation;
    bool expand;          /**< make room for the corners */
    const double *center; /**< (x, y) in pixels; NULL: the middle */
    double fill[TP_MAX_CHANNELS];
} tp_image_rotate_args;
/** Turned. */
TP_API tp_tensor *tp_image_rotate_at(tp_location at, tp_image_rotate_args args);
#define tp_image_rotate(...) \
    tp_image_rotate_at(TP_HERE, TP_MAKE(tp_image_rotate_args, .image = __VA_ARGS__))

/** Arguments of tp_image_affine. */
typedef struct tp_image_affine_args {
    const tp_tensor *image;
    double angle;        /**< degrees, clockwise */
    double translate[2]; /**< pixels, (x, y) */
    double scale;        /**< 0 stands for 1 */
    double shear[2];     /**< degrees, (x, y) */
    tp_interpolation interpolation;
    const double *center;
    double fill[TP_MAX_CHANNELS];
} tp_image_affine_args;
/** Turned, scaled, sheared and moved, in its old size. */
TP_API tp_tensor *tp_image_affine_at(tp_location at, tp_image_affine_args args);
#define tp_image_affine(...) \
    tp_image_affine_at(TP_HERE, TP_MAKE(tp_image_affine_args, .image = __VA_ARGS__))

/** Brighter for a factor above 1; 0 is black. */
TP_API tp_tensor *tp_image_adjust_brightness_at(tp_location at, const tp_tensor *image,
                                                double factor);
#define tp_image_adjust_brightness(image, factor) \
    tp_image_adjust_brightness_at(TP_HERE, image, factor)
/** More contrast for a factor above 1; 0 is the mean grey. */
TP_API tp_tensor *tp_image_adjust_contrast_at(tp_location at, const tp_tensor *image,
                                              double factor);
#define tp_image_adjust_contrast(image, factor) tp_image_adjust_contrast_at(TP_HERE, image, factor)
/** More colour for a factor above 1; 0 is grey. */
TP_API tp_tensor *tp_image_adjust_saturation_at(tp_location at, const tp_tensor *image,
                                                double factor);
#define tp_image_adjust_saturation(image, factor) \
    tp_image_adjust_saturation_at(TP_HERE, image, factor)
/** Other colours: `factor` is the part of the colour circle to go on, -0.5 to 0.5. */
TP_API tp_tensor *tp_image_adjust_hue_at(tp_location at, const tp_tensor *image, double factor);
#define tp_image_adjust_hue(image, factor) tp_image_adjust_hue_at(TP_HERE, image, factor)
/** Grey in `channels` equal channels, 1 or 3. */
TP_API tp_tensor *tp_image_to_grayscale_at(tp_location at, const tp_tensor *image, int channels);
#define tp_image_to_grayscale(image, channels) tp_image_to_grayscale_at(TP_HERE, image, channels)
/** @} */

/** Something that is done to each picture of a data set. Owned by the user until tp_transforms_compose() or a data set
 *  takes it over. */
typedef struct tp_transform tp_transform;

/** @name Transforms
 *  As the classes of torchvision.transforms. Each gives NULL after an error (ARGUMENT, MEMORY).
 *  @{ */

/** One after the other: tp_transforms_compose(a, b, c). Takes them over; where one is NULL, because its constructor has
 *  failed and reported it, the others are freed and NULL comes back. */
TP_API tp_transform *tp_transforms_compose_at(tp_location at, tp_transform *const *transforms,
                                              size_t count);
#define tp_transforms_compose(...)                                          \
    tp_transforms_compose_at(TP_HERE, (tp_transform *const[]){__VA_ARGS__}, \
                             sizeof((tp_transform *const[]){__VA_ARGS__}) / \
                                 sizeof(tp_transform *))
/** Ends a transform that nobody took over. NULL is fine. */
TP_API void tp_transform_free(tp_transform *transform);

/** Arguments of tp_transforms_resize. */
typedef struct tp_transforms_resize_args {
    int64_t height,
        width; /**< width 0: the shorter side becomes `height`, the other keeps the proportion */
    int64_t max_size;
    tp_interpolation interpolation; /**< bilinear */
} tp_transforms_resize_args;
/** Resize: tp_transforms_resize(256) or tp_transforms_resize(64, 64). */
TP_API tp_transform *tp_transforms_resize_at(tp_location at, tp_transforms_resize_args args);
#define tp_transforms_resize(...) \
    tp_transforms_resize_at(TP_HERE, TP_MAKE(tp_transforms_resize_args, .height = __VA_ARGS__))

/** CenterCrop. */
TP_API tp_transform *tp_transforms_center_crop_at(tp_location at, int64_t height, int64_t width);
#define tp_transforms_center_crop(height, width) \
    tp_transforms_center_crop_at(TP_HERE, height, width)

/** Arguments of tp_transforms_pad. */
typedef struct tp_transforms_pad_args {
    int64_t left, top, right, bottom;
    tp_padding_mode padding_mode;
    double fill[TP_MAX_CHANNELS];
} tp_transforms_pad_args;
/** Pad: tp_transforms_pad(left, top, right, bottom). */
TP_API tp_transform *tp_transforms_pad_at(tp_location at, tp_transforms_pad_args args);
#define tp_transforms_pad(...) \
    tp_transforms_pad_at(TP_HERE, TP_MAKE(tp_transforms_pad_args, .left = __VA_ARGS__))

/** Arguments of tp_transforms_random_crop. */
typedef struct tp_transforms_random_crop_args {
    int64_t height, width;
    int64_t padding; /**< a margin all around first */
    bool
        pad_if_needed; /**< and more of it where the picture is still too small; else that is an error */
    tp_padding_mode padding_mode;
    double fill[TP_MAX_CHANNELS];
} tp_transforms_random_crop_args;
/** RandomCrop: tp_transforms_random_crop(32, 32, .padding = 4). */
TP_API tp_transform *tp_transforms_random_crop_at(tp_location at,
                                                  tp_transforms_random_crop_args args);
#define tp_transforms_random_crop(...)    \
    tp_transforms_random_crop_at(TP_HERE, \
                                 TP_MAKE(tp_transforms_random_crop_args, .height = __VA_ARGS__))

/** Arguments of tp_transforms_random_resized_crop. */
typedef struct tp_transforms_random_resized_crop_args {
    int64_t height, width;
    double scale[2];                /**< share of the picture's area: {0.08, 1} */
    double ratio[2];                /**< width / height: {3/4, 4/3} */
    tp_interpolation interpolation; /**< bilinear */
} tp_transforms_random_resized_crop_args;
/** RandomResizedCrop: a random part, resized. */
TP_API tp_transform *tp_transforms_random_resized_crop_at(
    tp_location at, tp_transforms_random_resized_crop_args args);
#define tp_transforms_random_resized_crop(...) \
    tp_transforms_random_resized_crop_at(      \
        TP_HERE, TP_MAKE(tp_transforms_random_resized_crop_args, .height = __VA_ARGS__))

/** RandomHorizontalFlip with probability p. */
TP_API tp_transform *tp_transforms_random_horizontal_flip_at(tp_location at, double p);
#define tp_transforms_random_horizontal_flip(p) tp_transforms_random_horizontal_flip_at(TP_HERE, p)
/** RandomVerticalFlip with probability p. */
TP_API tp_transform *tp_transforms_random_vertical_flip_at(tp_location at, double p);
#define tp_transforms_random_vertical_flip(p) tp_transforms_random_vertical_flip_at(TP_HERE, p)

/** Arguments of tp_transforms_random_rotation. */
typedef struct tp_transforms_random_rotation_args {
    double low, high;               /**< degrees; high left out: from -low to low */
    tp_interpolation interpolation; /**< nearest */
    bool expand;
    const double *center; /**< (x, y); copied; NULL: the middle */
    double fill[TP_MAX_CHANNELS];
} tp_transforms_random_rotation_args;
/** RandomRotation: tp_transforms_random_rotation(15). */
TP_API tp_transform *tp_transforms_random_rotation_at(tp_location at,
                                                      tp_transforms_random_rotation_args args);
#define tp_transforms_random_rotation(...) \
    tp_transforms_random_rotation_at(      \
        TP_HERE, TP_MAKE(tp_transforms_random_rotation_args, .low = __VA_ARGS__))

/** Arguments of tp_transforms_random_affine. */
typedef struct tp_transforms_random_affine_args {
    double degrees;                 /**< from -degrees to degrees */
    double translate[2];            /**< at most this share of width and height, either way */
    double scale[2];                /**< from, to; {0, 0}: no scaling */
    double shear[4];                /**< degrees: x from, to, y from, to */
    tp_interpolation interpolation; /**< nearest */
    double fill[TP_MAX_CHANNELS];
} tp_transforms_random_affine_args;
/** RandomAffine: tp_transforms_random_affine(10, .translate = {0.1, 0.1}, .scale = {0.9, 1.1}). */
TP_API tp_transform *tp_transforms_random_affine_at(tp_location at,
                                                    tp_transforms_random_affine_args args);
#define tp_transforms_random_affine(...) \
    tp_transforms_random_affine_at(      \
        TP_HERE, TP_MAKE(tp_transforms_random_affine_args, .degrees = __VA_ARGS__))

/** Arguments of tp_transforms_color_jitter: how far each factor may be from 1 (hue: from 0, at most 0.5). */
typedef struct tp_transforms_color_jitter_args {
    double brightness, contrast, saturation, hue;
} tp_transforms_color_jitter_args;
/** ColorJitter: the four changes in a random order; tp_transforms_color_jitter(.brightness = 0.2). */
TP_API tp_transform *tp_transforms_color_jitter_at(tp_location at,
                                                   tp_transforms_color_jitter_args args);
#define tp_transforms_color_jitter(...) \
    tp_transforms_color_jitter_at(TP_HERE, TP_MAKE(tp_transforms_color_jitter_args, __VA_ARGS__))

/** Grayscale: 1 or 3 channels. */
TP_API tp_transform *tp_transforms_grayscale_at(tp_location at, int channels);
#define tp_transforms_grayscale(channels) tp_transforms_grayscale_at(TP_HERE, channels)
/** RandomGrayscale with probability p; the number of channels stays. */
TP_API tp_transform *tp_transforms_random_grayscale_at(tp_location at, double p);
#define tp_transforms_random_grayscale(p) tp_transforms_random_grayscale_at(TP_HERE, p)

/** ToTensor: byte / 255 as float32. (A loader does that by itself to what is still in bytes at the end.) */
TP_API tp_transform *tp_transforms_to_float_at(tp_location at);
#define tp_transforms_to_float() tp_transforms_to_float_at(TP_HERE)

/** Arguments of tp_transforms_normalize. */
typedef struct tp_transforms_normalize_args {
    double mean[TP_MAX_CHANNELS]; /**< a channel each */
    double std[TP_MAX_CHANNELS];  /**< 0 stands for 1 */
} tp_transforms_normalize_args;
/** Normalize: (x - mean) / std of floats; bytes become floats first. */
TP_API tp_transform *tp_transforms_normalize_at(tp_location at, tp_transforms_normalize_args args);
#define tp_transforms_normalize(...) \
    tp_transforms_normalize_at(TP_HERE, TP_MAKE(tp_transforms_normalize_args, .mean = __VA_ARGS__))

/** Arguments of tp_transforms_random_erasing. */
typedef struct tp_transforms_random_erasing_args {
    double p;                      /**< probability: 0 stands for 0.5 */
    double scale[2];               /**< share of the area: {0.02, 0.33} */
    double ratio[2];               /**< height / width: {0.3, 3.3} */
    double value[TP_MAX_CHANNELS]; /**< a channel each */
    bool random;                   /**< normal values instead */
} tp_transforms_random_erasing_args;
/** RandomErasing: a random rectangle is wiped out; bytes become floats first (Zhong and others, 2017). */
TP_API tp_transform *tp_transforms_random_erasing_at(tp_location at,
                                                     tp_transforms_random_erasing_args args);
#define tp_transforms_random_erasing(...)    \
    tp_transforms_random_erasing_at(TP_HERE, \
                                    TP_MAKE(tp_transforms_random_erasing_args, __VA_ARGS__))
/** @} */

/** Arguments of tp_transform_apply. */
typedef struct tp_transform_apply_args {
    const tp_transform *transform;
    const tp_tensor *image; /**< (channels, height, width) uint8 */
    uint64_t seed;          /**< what random transforms draw from ... */
    uint32_t epoch;
    int64_t sample; /**< ... as in a data set of that seed, in that epoch, at that number */
} tp_transform_apply_args;
/** Applies a transform to one picture: uint8, or float32 after to_float and the like. Errors: SHAPE, DTYPE, ARGUMENT, MEMORY. */
TP_API tp_tensor *tp_transform_apply_at(tp_location at, tp_transform_apply_args args);
#define tp_transform_apply(transform, ...) \
    tp_transform_apply_at(TP_HERE,         \
                          TP_MAKE(tp_transform_apply_args, transform, .image = __VA_ARGS__))

TP_END_DECLS

#endif
