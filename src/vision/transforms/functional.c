/* One change of one picture, as tensors. */
#include <math.h>
#include <string.h>

#include "backend/backend.h"
#include "tensor/tensor.h"
#include "vision/image/tensor.h"
#include "vision/transforms/picture_ops.h"
#include "vision/transforms/resize.h"
#include "vision/transforms/transform.h"

/* A copy of a picture in bytes; false after an error. */
static bool begin(tp_location at, const char *op, const tp_tensor *image, tp_picture *picture) {
    if (!tp_usable(at, op, image)) return false;
    if (image->dtype == TP_UINT8) return tp_picture_from_tensor(at, op, image, picture);
    tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(image), "a picture in bytes, uint8", NULL);
    return false;
}

static tp_tensor *finish(tp_location at, const char *op, tp_picture *picture, tp_error_code code,
                         const tp_why *why) {
    if (!code) return tp_picture_to_tensor(at, op, picture);
    tp_picture_free(picture);
    return tp_fail(at, op, code, why->text, NULL, NULL);
}

/* ---- sizes ---- */

/* Runs a transform that the same arguments make: its constructor checks them. */
static tp_tensor *run_once(tp_location at, const char *op, const tp_tensor *image,
                           tp_transform *transform) {
    tp_picture picture;
    if (!transform || !begin(at, op, image, &picture)) {
        tp_transform_free(transform);
        return tp_poison();
    }
    tp_frame frame = {.picture = picture};
    tp_draws draws = {0};
    tp_why why = {""};
    tp_step_context context = {&draws, tp_ctx()->kernels, &why};
    tp_error_code code = transform->apply(transform, &frame, &context);
    tp_transform_free(transform);
    return finish(at, op, &frame.picture, code, &why);
}

tp_tensor *tp_image_resize_at(tp_location at, tp_image_resize_args args) {
    const char *op = "image_resize";
    tp_transforms_resize_args step = {args.height, args.width, args.max_size, args.interpolation};
    return run_once(at, op, args.image, tp_resize_step(at, op, step));
}

tp_tensor *tp_image_center_crop_at(tp_location at, const tp_tensor *image, int64_t height,
                                   int64_t width) {
    const char *op = "image_center_crop";
    return run_once(at, op, image, tp_centre_crop_step(at, op, height, width));
}

tp_tensor *tp_image_pad_at(tp_location at, tp_image_pad_args args) {
    const char *op = "image_pad";
    tp_transforms_pad_args step = {.left = args.left,
                                   .top = args.top,
                                   .right = args.right,
                                   .bottom = args.bottom,
                                   .padding_mode = args.padding_mode};
    memcpy(step.fill, args.fill, sizeof step.fill);
    return run_once(at, op, args.image, tp_pad_step(at, op, step));
}

tp_tensor *tp_image_to_grayscale_at(tp_location at, const tp_tensor *image, int channels) {
    const char *op = "image_to_grayscale";
    return run_once(at, op, image, tp_grey_step(at, op, channels));
}

tp_tensor *tp_image_crop_at(tp_location at, const tp_tensor *image, int64_t top, int64_t left,
                            int64_t height, int64_t width) {
    const char *op = "image_crop";
    const int64_t most = TP_IMAGE_MOST_BYTES;
    if (height < 1 || width < 1 || height > most || width > most || top > most || left > most ||
        top < -most || left < -most)
        return tp_fail(at, op, TP_ERROR_ARGUMENT,
                       tp_text("top %lld, left %lld, height %lld, width %lld", (long long)top,
                               (long long)left, (long long)height, (long long)width),
                       "sizes of at least 1", NULL);
    tp_picture picture;
    tp_why why = {""};
    if (!begin(at, op, image, &picture)) return tp_poison();
    return finish(at, op, &picture, tp_picture_crop(&picture, top, left, height, width, &why),
                  &why);
}

/* ---- turns ---- */

tp_tensor *tp_image_hflip_at(tp_location at, const tp_tensor *image) {
    tp_picture picture;
    if (!begin(at, "image_hflip", image, &picture)) return tp_poison();
    tp_picture_flip_across(&picture);
    return tp_picture_to_tensor(at, "image_hflip", &picture);
}

tp_tensor *tp_image_vflip_at(tp_location at, const tp_tensor *image) {
    tp_picture picture;
    if (!begin(at, "image_vflip", image, &picture)) return tp_poison();
    tp_picture_flip_down(&picture);
    return tp_picture_to_tensor(at, "image_vflip", &picture);
}

/* Interpolation and fill of a turn; false after an error. */
static bool warp_fits(tp_location at, const char *op, tp_interpolation interpolation,
                      const double *centre, const double *fill, bool finite, tp_warp *warp) {
    warp->interpolation = interpolation ? interpolation : TP_INTERPOLATION_NEAREST;
    if (finite && warp->interpolation <= TP_INTERPOLATION_BICUBIC &&
        tp_fill_bytes(fill, warp->fill) && (!centre || tp_all_finite(centre, 2)))
        return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT, tp_text("interpolation %d", (int)interpolation),
            "finite numbers; nearest, bilinear or bicubic; scale above 0; fill from 0 to 255",
            NULL);
    return false;
}

tp_tensor *tp_image_rotate_at(tp_location at, tp_image_rotate_args args) {
    const char *op = "image_rotate";
    tp_picture picture;
    tp_warp warp = {0};
    tp_why why = {""};
    if (!warp_fits(at, op, args.interpolation, args.center, args.fill, isfinite(args.angle),
                   &warp) ||
        !begin(at, op, args.image, &picture))
        return tp_poison();
    tp_error_code code =
        tp_picture_rotate(&picture, args.angle, args.expand, args.center, warp, &why);
    return finish(at, op, &picture, code, &why);
}

tp_tensor *tp_image_affine_at(tp_location at, tp_image_affine_args args) {
    const char *op = "image_affine";
    tp_picture picture;
    tp_warp warp = {0};
    tp_why why = {""};
    if (args.scale == 0) args.scale = 1;
    bool finite = isfinite(args.angle) && tp_all_finite(args.translate, 2) &&
                  isfinite(args.scale) && args.scale > 0 && tp_all_finite(args.shear, 2);
    if (!warp_fits(at, op, args.interpolation, args.center, args.fill, finite, &warp) ||
        !begin(at, op, args.image, &picture))
        return tp_poison();
    tp_affine map = {.degrees = args.angle,
                     .translate = {args.translate[0], args.translate[1]},
                     .scale = args.scale,
                     .shear = {args.shear[0], args.shear[1]},
                     .centre = args.center};
    return finish(at, op, &picture, tp_picture_affine(&picture, &map, warp, &why), &why);
}

/* ---- colours ---- */

static tp_tensor *adjust(tp_location at, const char *op, const tp_tensor *image,
                         void (*change)(tp_picture *, double), double factor, double low,
                         double high) {
    tp_picture picture;
    if (!(factor >= low && factor <= high))
        return tp_fail(at, op, TP_ERROR_ARGUMENT, tp_text("factor %g", factor),
                       tp_text("a number from %g to %g", low, high), NULL);
    if (!begin(at, op, image, &picture)) return tp_poison();
    change(&picture, factor);
    return tp_picture_to_tensor(at, op, &picture);
}

tp_tensor *tp_image_adjust_brightness_at(tp_location at, const tp_tensor *image, double factor) {
    return adjust(at, "image_adjust_brightness", image, tp_picture_brightness, factor, 0, 1e6);
}

tp_tensor *tp_image_adjust_contrast_at(tp_location at, const tp_tensor *image, double factor) {
    return adjust(at, "image_adjust_contrast", image, tp_picture_contrast, factor, 0, 1e6);
}

tp_tensor *tp_image_adjust_saturation_at(tp_location at, const tp_tensor *image, double factor) {
    return adjust(at, "image_adjust_saturation", image, tp_picture_saturation, factor, 0, 1e6);
}

tp_tensor *tp_image_adjust_hue_at(tp_location at, const tp_tensor *image, double factor) {
    return adjust(at, "image_adjust_hue", image, tp_picture_hue, factor, -0.5, 0.5);
}
