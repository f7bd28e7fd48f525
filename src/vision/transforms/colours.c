/* Transforms of colours: ColorJitter, Grayscale, RandomGrayscale. */
#include <math.h>
#include <stdio.h>

#include "base/fail.h"
#include "vision/transforms/picture_ops.h"
#include "vision/transforms/transform.h"

/* ---- ColorJitter ---- */

typedef struct jitter {
    tp_transform base;
    tp_transforms_color_jitter_args args;
} jitter;

static void change(tp_picture *picture, int which, double factor) {
    switch (which) {
    case 0: tp_picture_brightness(picture, factor); break;
    case 1: tp_picture_contrast(picture, factor); break;
    case 2: tp_picture_saturation(picture, factor); break;
    default: tp_picture_hue(picture, factor);
    }
}

static tp_error_code jitter_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const tp_transforms_color_jitter_args *a = &((const jitter *)t)->args;
    const double far[4] = {a->brightness, a->contrast, a->saturation, a->hue};
    int order[4] = {0, 1, 2, 3};
    for (int i = 3; i > 0; i--) {
        int j = (int)tp_draw_integer(x->draws, i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    double factor[4];
    for (int i = 0; i < 4; i++) {
        double centre = i < 3 ? 1 : 0, low = centre - far[i];
        factor[i] = tp_draw(x->draws, i < 3 && low < 0 ? 0 : low, centre + far[i]);
    }
    for (int i = 0; i < 4; i++)
        if (far[order[i]] > 0) change(&frame->picture, order[i], factor[order[i]]);
    return TP_ERROR_NONE;
}

tp_transform *tp_transforms_color_jitter_at(tp_location at, tp_transforms_color_jitter_args args) {
    if (!(args.brightness >= 0 && args.contrast >= 0 && args.saturation >= 0 && args.hue >= 0 &&
          args.hue <= 0.5 && isfinite(args.brightness) && isfinite(args.contrast) &&
          isfinite(args.saturation)))
        return tp_transform_refuse(at, "transforms_color_jitter",
                                   tp_text("brightness %g, contrast %g, saturation %g, hue %g",
                                           args.brightness, args.contrast, args.saturation,
                                           args.hue),
                                   "numbers of at least 0, hue of at most 0.5");
    jitter *t = tp_transform_new(at, sizeof *t, "transforms_color_jitter", true, jitter_apply);
    if (!t) return NULL;
    t->args = args;
    return &t->base;
}

/* ---- Grayscale, RandomGrayscale ---- */

typedef struct grey {
    tp_transform base;
    int channels; /* 0: as many as there are */
    double p;
} grey;

static tp_error_code grey_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const grey *g = (const grey *)t;
    if (t->random && tp_draw(x->draws, 0, 1) >= g->p) return TP_ERROR_NONE;
    if (g->channels) return tp_picture_grey(&frame->picture, g->channels, x->why);
    tp_picture_saturation(&frame->picture, 0);
    return TP_ERROR_NONE;
}

static void grey_shape(const tp_transform *t, tp_frame_shape *shape) {
    if (((const grey *)t)->channels) shape->channels = ((const grey *)t)->channels;
}

static void grey_describe(const tp_transform *t, char *buffer, size_t size) {
    snprintf(buffer, size, "%d", ((const grey *)t)->channels);
}

static tp_transform *grey_new(tp_location at, const char *name, int channels, double p,
                              bool random) {
    grey *t = tp_transform_new(at, sizeof *t, name, random, grey_apply);
    if (!t) return NULL;
    t->channels = channels;
    t->p = p;
    t->base.shape = grey_shape;
    if (!random) t->base.describe = grey_describe;
    return &t->base;
}

tp_transform *tp_grey_step(tp_location at, const char *op, int channels) {
    if (channels != 1 && channels != 3)
        return tp_transform_refuse(at, op, tp_text("%d channels", channels), "1 or 3");
    return grey_new(at, op, channels, 1, false);
}

tp_transform *tp_transforms_grayscale_at(tp_location at, int channels) {
    return tp_grey_step(at, "transforms_grayscale", channels);
}

tp_transform *tp_transforms_random_grayscale_at(tp_location at, double p) {
    if (!(p >= 0 && p <= 1))
        return tp_transform_refuse(at, "transforms_random_grayscale", tp_text("p = %g", p),
                                   "a probability from 0 to 1");
    return grey_new(at, "transforms_random_grayscale", 0, p, true);
}
