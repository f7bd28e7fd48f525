/* Transforms that change sizes: Resize, CenterCrop, Pad, RandomCrop, RandomResizedCrop. */
#include <math.h>
#include <stdio.h>

#include "base/fail.h"
#include "vision/transforms/picture_ops.h"
#include "vision/transforms/resize.h"
#include "vision/transforms/transform.h"

static bool sizes_fit(int64_t height, int64_t width) {
    return height > 0 && width > 0 && height <= TP_IMAGE_MOST_BYTES && width <= TP_IMAGE_MOST_BYTES;
}

static const char *sizes_text(int64_t height, int64_t width) {
    return tp_text("height %lld, width %lld", (long long)height, (long long)width);
}

static tp_interpolation for_sizes(tp_interpolation interpolation) {
    return interpolation ? interpolation : TP_INTERPOLATION_BILINEAR;
}

/* ---- Resize ---- */

typedef struct resize {
    tp_transform base;
    tp_transforms_resize_args args;
} resize;

static tp_error_code resize_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const tp_transforms_resize_args *a = &((const resize *)t)->args;
    int64_t height = a->height, width = a->width;
    if (!width) tp_size_of_shorter(&frame->picture, a->height, a->max_size, &height, &width);
    return tp_picture_resize(&frame->picture, height, width, a->interpolation, x->kernels, x->why);
}

static void resize_shape(const tp_transform *t, tp_frame_shape *shape) {
    const tp_transforms_resize_args *a = &((const resize *)t)->args;
    int64_t height = a->height, width = a->width;
    if (!width && shape->height && shape->width) {
        tp_picture known = {.height = shape->height, .width = shape->width};
        tp_size_of_shorter(&known, a->height, a->max_size, &height, &width);
    }
    shape->height = width ? height : 0;
    shape->width = width;
}

static void resize_describe(const tp_transform *t, char *buffer, size_t size) {
    const tp_transforms_resize_args *a = &((const resize *)t)->args;
    snprintf(buffer, size, "%lld %lld %lld %d", (long long)a->height, (long long)a->width,
             (long long)a->max_size, (int)a->interpolation);
}

tp_transform *tp_resize_step(tp_location at, const char *op, tp_transforms_resize_args args) {
    args.interpolation = for_sizes(args.interpolation);
    if (!sizes_fit(args.height, args.width ? args.width : 1) || args.max_size < 0 ||
        (args.max_size && (args.width || args.max_size <= args.height)) ||
        args.interpolation > TP_INTERPOLATION_LANCZOS)
        return tp_transform_refuse(
            at, op,
            tp_text("%s, max_size %lld, interpolation %d", sizes_text(args.height, args.width),
                    (long long)args.max_size, (int)args.interpolation),
            "sizes of at least 1; max_size above the height, and with it no width");
    resize *t = tp_transform_new(at, sizeof *t, op, false, resize_apply);
    if (!t) return NULL;
    t->args = args;
    t->base.shape = resize_shape;
    t->base.describe = resize_describe;
    return &t->base;
}

tp_transform *tp_transforms_resize_at(tp_location at, tp_transforms_resize_args args) {
    return tp_resize_step(at, "transforms_resize", args);
}

/* ---- CenterCrop ---- */

typedef struct centre_crop {
    tp_transform base;
    int64_t height, width;
} centre_crop;

static tp_error_code centre_crop_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const centre_crop *c = (const centre_crop *)t;
    return tp_picture_centre_crop(&frame->picture, c->height, c->width, x->why);
}

static void centre_crop_shape(const tp_transform *t, tp_frame_shape *shape) {
    shape->height = ((const centre_crop *)t)->height;
    shape->width = ((const centre_crop *)t)->width;
}

static void centre_crop_describe(const tp_transform *t, char *buffer, size_t size) {
    const centre_crop *c = (const centre_crop *)t;
    snprintf(buffer, size, "%lld %lld", (long long)c->height, (long long)c->width);
}

tp_transform *tp_centre_crop_step(tp_location at, const char *op, int64_t height, int64_t width) {
    if (!sizes_fit(height, width))
        return tp_transform_refuse(at, op, sizes_text(height, width), "sizes of at least 1");
    centre_crop *t = tp_transform_new(at, sizeof *t, op, false, centre_crop_apply);
    if (!t) return NULL;
    t->height = height;
    t->width = width;
    t->base.shape = centre_crop_shape;
    t->base.describe = centre_crop_describe;
    return &t->base;
}

tp_transform *tp_transforms_center_crop_at(tp_location at, int64_t height, int64_t width) {
    return tp_centre_crop_step(at, "transforms_center_crop", height, width);
}

/* ---- Pad ---- */

typedef struct pad {
    tp_transform base;
    tp_padding padding;
} pad;

static tp_error_code pad_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    return tp_picture_pad(&frame->picture, &((const pad *)t)->padding, x->why);
}

static void pad_shape(const tp_transform *t, tp_frame_shape *shape) {
    const tp_padding *p = &((const pad *)t)->padding;
    if (shape->height) shape->height += p->top + p->bottom;
    if (shape->width) shape->width += p->left + p->right;
}

static void pad_describe(const tp_transform *t, char *buffer, size_t size) {
    const tp_padding *p = &((const pad *)t)->padding;
    snprintf(buffer, size, "%lld %lld %lld %lld %d %d %d %d %d", (long long)p->left,
             (long long)p->top, (long long)p->right, (long long)p->bottom, (int)p->mode, p->fill[0],
             p->fill[1], p->fill[2], p->fill[3]);
}

tp_transform *tp_pad_step(tp_location at, const char *op, tp_transforms_pad_args args) {
    tp_padding padding = {args.left, args.top, args.right, args.bottom, args.padding_mode, {0}};
    if (args.left < 0 || args.top < 0 || args.right < 0 || args.bottom < 0 ||
        args.left > TP_IMAGE_MOST_BYTES || args.top > TP_IMAGE_MOST_BYTES ||
        args.right > TP_IMAGE_MOST_BYTES || args.bottom > TP_IMAGE_MOST_BYTES ||
        args.padding_mode > TP_PADDING_SYMMETRIC || !tp_fill_bytes(args.fill, padding.fill))
        return tp_transform_refuse(at, op,
                                   tp_text("left %lld, top %lld, right %lld, bottom %lld",
                                           (long long)args.left, (long long)args.top,
                                           (long long)args.right, (long long)args.bottom),
                                   "margins of at least 0 and a fill from 0 to 255");
    pad *t = tp_transform_new(at, sizeof *t, op, false, pad_apply);
    if (!t) return NULL;
    t->padding = padding;
    t->base.shape = pad_shape;
    t->base.describe = pad_describe;
    return &t->base;
}

tp_transform *tp_transforms_pad_at(tp_location at, tp_transforms_pad_args args) {
    return tp_pad_step(at, "transforms_pad", args);
}

/* ---- RandomCrop ---- */

typedef struct random_crop {
    tp_transform base;
    tp_transforms_random_crop_args args;
    tp_padding padding;
} random_crop;

static tp_error_code random_crop_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const random_crop *r = (const random_crop *)t;
    const tp_transforms_random_crop_args *a = &r->args;
    tp_picture *p = &frame->picture;
    tp_padding more = r->padding;
    if (a->pad_if_needed && p->width + 2 * a->padding < a->width)
        more.left = more.right = a->width - p->width - a->padding;
    if (a->pad_if_needed && p->height + 2 * a->padding < a->height)
        more.top = more.bottom = a->height - p->height - a->padding;
    tp_error_code code = tp_picture_pad(p, &more, x->why);
    if (code) return code;
    if (p->height < a->height || p->width < a->width)
        return tp_picture_problem(
            x->why, TP_ERROR_SHAPE, "a picture of %lld x %lld is smaller than %lld x %lld",
            (long long)p->height, (long long)p->width, (long long)a->height, (long long)a->width);
    int64_t top = tp_draw_integer(x->draws, p->height - a->height + 1);
    int64_t left = tp_draw_integer(x->draws, p->width - a->width + 1);
    return tp_picture_crop(p, top, left, a->height, a->width, x->why);
}

static void random_crop_shape(const tp_transform *t, tp_frame_shape *shape) {
    shape->height = ((const random_crop *)t)->args.height;
    shape->width = ((const random_crop *)t)->args.width;
}

tp_transform *tp_transforms_random_crop_at(tp_location at, tp_transforms_random_crop_args args) {
    tp_padding padding = {args.padding, args.padding,      args.padding,
                          args.padding, args.padding_mode, {0}};
    if (!sizes_fit(args.height, args.width) || args.padding < 0 ||
        args.padding > TP_IMAGE_MOST_BYTES || args.padding_mode > TP_PADDING_SYMMETRIC ||
        !tp_fill_bytes(args.fill, padding.fill))
        return tp_transform_refuse(
            at, "transforms_random_crop",
            tp_text("%s, padding %lld", sizes_text(args.height, args.width),
                    (long long)args.padding),
            "sizes of at least 1, padding of at least 0, fill from 0 to 255");
    random_crop *t =
        tp_transform_new(at, sizeof *t, "transforms_random_crop", true, random_crop_apply);
    if (!t) return NULL;
    t->args = args;
    t->padding = padding;
    t->base.shape = random_crop_shape;
    return &t->base;
}

/* ---- RandomResizedCrop ---- */

typedef struct resized_crop {
    tp_transform base;
    tp_transforms_random_resized_crop_args args;
} resized_crop;

typedef struct rectangle {
    int64_t top, left, height, width;
} rectangle;

/* The largest part in the middle whose proportion is allowed. */
static rectangle middle_part(const tp_picture *p, const double ratio[2]) {
    rectangle r = {0, 0, p->height, p->width};
    double proportion = (double)p->width / (double)p->height;
    if (proportion < ratio[0]) r.height = (int64_t)nearbyint((double)p->width / ratio[0]);
    if (proportion > ratio[1]) r.width = (int64_t)nearbyint((double)p->height * ratio[1]);
    if (r.height < 1) r.height = 1;
    if (r.width < 1) r.width = 1;
    r.top = (p->height - r.height) / 2;
    r.left = (p->width - r.width) / 2;
    return r;
}

static rectangle random_part(const tp_picture *p, const tp_transforms_random_resized_crop_args *a,
                             tp_draws *draws) {
    enum { TRIES = 10 };
    double area = (double)p->height * (double)p->width;
    for (int i = 0; i < TRIES; i++) {
        double target = area * tp_draw(draws, a->scale[0], a->scale[1]);
        double ratio = exp(tp_draw(draws, log(a->ratio[0]), log(a->ratio[1])));
        double width = nearbyint(sqrt(target * ratio)), height = nearbyint(sqrt(target / ratio));
        if (!(width > 0 && width <= (double)p->width && height > 0 && height <= (double)p->height))
            continue;
        rectangle r = {.height = (int64_t)height, .width = (int64_t)width};
        r.top = tp_draw_integer(draws, p->height - r.height + 1);
        r.left = tp_draw_integer(draws, p->width - r.width + 1);
        return r;
    }
    return middle_part(p, a->ratio);
}

static tp_error_code resized_crop_apply(const tp_transform *t, tp_frame *frame,
                                        tp_step_context *x) {
    const tp_transforms_random_resized_crop_args *a = &((const resized_crop *)t)->args;
    rectangle r = random_part(&frame->picture, a, x->draws);
    tp_error_code code = tp_picture_crop(&frame->picture, r.top, r.left, r.height, r.width, x->why);
    if (code) return code;
    return tp_picture_resize(&frame->picture, a->height, a->width, a->interpolation, x->kernels,
                             x->why);
}

static void resized_crop_shape(const tp_transform *t, tp_frame_shape *shape) {
    shape->height = ((const resized_crop *)t)->args.height;
    shape->width = ((const resized_crop *)t)->args.width;
}

tp_transform *tp_transforms_random_resized_crop_at(tp_location at,
                                                   tp_transforms_random_resized_crop_args args) {
    if (args.scale[0] == 0 && args.scale[1] == 0) args.scale[0] = 0.08, args.scale[1] = 1;
    if (args.ratio[0] == 0 && args.ratio[1] == 0) args.ratio[0] = 3.0 / 4, args.ratio[1] = 4.0 / 3;
    args.interpolation = for_sizes(args.interpolation);
    if (!sizes_fit(args.height, args.width) || !(args.scale[0] >= 0) ||
        !(args.scale[1] >= args.scale[0]) || !(args.ratio[0] > 0) ||
        !(args.ratio[1] >= args.ratio[0]) || !tp_all_finite(args.scale, 2) ||
        !tp_all_finite(args.ratio, 2) || args.interpolation > TP_INTERPOLATION_LANCZOS)
        return tp_transform_refuse(
            at, "transforms_random_resized_crop",
            tp_text("%s, scale %g to %g, ratio %g to %g", sizes_text(args.height, args.width),
                    args.scale[0], args.scale[1], args.ratio[0], args.ratio[1]),
            "sizes of at least 1, and from the smaller to the larger number");
    resized_crop *t =
        tp_transform_new(at, sizeof *t, "transforms_random_resized_crop", true, resized_crop_apply);
    if (!t) return NULL;
    t->args = args;
    t->base.shape = resized_crop_shape;
    return &t->base;
}
