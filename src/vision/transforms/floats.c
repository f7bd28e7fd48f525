/* Transforms that give floats: ToTensor, Normalize, RandomErasing. */
#include <math.h>

#include "base/fail.h"
#include "vision/transforms/transform.h"

static void floats_shape(const tp_transform *t, tp_frame_shape *shape) {
    (void)t;
    shape->floats = true;
}

/* ---- ToTensor ---- */

static tp_error_code to_float_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    (void)t;
    return tp_frame_to_floats(frame, x->kernels, x->why);
}

tp_transform *tp_transforms_to_float_at(tp_location at) {
    tp_transform *t = tp_transform_new(at, sizeof *t, "transforms_to_float", false, to_float_apply);
    if (t) t->shape = floats_shape;
    return t;
}

/* ---- Normalize ---- */

typedef struct normalise {
    tp_transform base;
    tp_transforms_normalize_args args;
} normalise;

static tp_error_code normalise_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const tp_transforms_normalize_args *a = &((const normalise *)t)->args;
    tp_error_code code = tp_frame_to_floats(frame, x->kernels, x->why);
    if (code) return code;
    int64_t plane = frame->picture.height * frame->picture.width;
    for (int c = 0; c < frame->picture.channels; c++) {
        float mean = (float)a->mean[c], std = (float)(a->std[c] != 0 ? a->std[c] : 1);
        float *values = frame->floats + c * plane;
        for (int64_t i = 0; i < plane; i++) values[i] = (values[i] - mean) / std;
    }
    return TP_ERROR_NONE;
}

tp_transform *tp_transforms_normalize_at(tp_location at, tp_transforms_normalize_args args) {
    bool fine =
        tp_all_finite(args.mean, TP_MAX_CHANNELS) && tp_all_finite(args.std, TP_MAX_CHANNELS);
    for (int c = 0; c < TP_MAX_CHANNELS; c++) fine = fine && args.std[c] >= 0;
    if (!fine)
        return tp_transform_refuse(at, "transforms_normalize",
                                   tp_text("mean %g, %g, ..., std %g, %g, ...", args.mean[0],
                                           args.mean[1], args.std[0], args.std[1]),
                                   "finite numbers, and std > 0");
    normalise *t = tp_transform_new(at, sizeof *t, "transforms_normalize", false, normalise_apply);
    if (!t) return NULL;
    t->args = args;
    t->base.shape = floats_shape;
    return &t->base;
}

/* ---- RandomErasing ---- */

typedef struct erasing {
    tp_transform base;
    tp_transforms_random_erasing_args args;
} erasing;

static void erase(const tp_transforms_random_erasing_args *a, tp_frame *frame, tp_draws *draws,
                  const int64_t place[4]) {
    int64_t height = frame->picture.height, width = frame->picture.width;
    for (int c = 0; c < frame->picture.channels; c++)
        for (int64_t y = place[0]; y < place[0] + place[2]; y++) {
            float *row = frame->floats + (c * height + y) * width + place[1];
            if (a->random)
                tp_draw_normal(draws, row, place[3]);
            else
                for (int64_t x = 0; x < place[3]; x++) row[x] = (float)a->value[c];
        }
}

static tp_error_code erasing_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    enum { TRIES = 10 };
    const tp_transforms_random_erasing_args *a = &((const erasing *)t)->args;
    tp_error_code code = tp_frame_to_floats(frame, x->kernels, x->why);
    if (code || tp_draw(x->draws, 0, 1) >= a->p) return code;
    int64_t most_height = frame->picture.height, most_width = frame->picture.width;
    double area = (double)most_height * (double)most_width;
    for (int i = 0; i < TRIES; i++) {
        double target = area * tp_draw(x->draws, a->scale[0], a->scale[1]);
        double ratio = exp(tp_draw(x->draws, log(a->ratio[0]), log(a->ratio[1])));
        double height = nearbyint(sqrt(target * ratio)), width = nearbyint(sqrt(target / ratio));
        if (!(height < (double)most_height && width < (double)most_width)) continue;
        int64_t place[4] = {0, 0, (int64_t)height, (int64_t)width};
        place[0] = tp_draw_integer(x->draws, most_height - place[2] + 1);
        place[1] = tp_draw_integer(x->draws, most_width - place[3] + 1);
        erase(a, frame, x->draws, place);
        break;
    }
    return TP_ERROR_NONE;
}

tp_transform *tp_transforms_random_erasing_at(tp_location at,
                                              tp_transforms_random_erasing_args args) {
    if (args.p == 0) args.p = 0.5;
    if (args.scale[0] == 0 && args.scale[1] == 0) args.scale[0] = 0.02, args.scale[1] = 0.33;
    if (args.ratio[0] == 0 && args.ratio[1] == 0) args.ratio[0] = 0.3, args.ratio[1] = 3.3;
    if (!(args.p > 0 && args.p <= 1 && args.scale[0] >= 0 && args.scale[1] >= args.scale[0] &&
          args.scale[1] <= 1 && args.ratio[0] > 0 && args.ratio[1] >= args.ratio[0]) ||
        !isfinite(args.ratio[1]) || !tp_all_finite(args.value, TP_MAX_CHANNELS))
        return tp_transform_refuse(at, "transforms_random_erasing",
                                   tp_text("p %g, scale %g to %g, ratio %g to %g", args.p,
                                           args.scale[0], args.scale[1], args.ratio[0],
                                           args.ratio[1]),
                                   "a probability, shares from 0 to 1 and ratios above 0, each "
                                   "from the smaller to the larger");
    erasing *t = tp_transform_new(at, sizeof *t, "transforms_random_erasing", true, erasing_apply);
    if (!t) return NULL;
    t->args = args;
    t->base.shape = floats_shape;
    return &t->base;
}
