/* Transforms that turn: flips, RandomRotation, RandomAffine. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "vision/transforms/picture_ops.h"
#include "vision/transforms/transform.h"

static tp_interpolation for_turns(tp_interpolation interpolation) {
    return interpolation ? interpolation : TP_INTERPOLATION_NEAREST;
}

/* ---- flips ---- */

typedef struct flip {
    tp_transform base;
    double p;
    bool down;
} flip;

static tp_error_code flip_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const flip *f = (const flip *)t;
    if (tp_draw(x->draws, 0, 1) >= f->p) return TP_ERROR_NONE;
    if (f->down)
        tp_picture_flip_down(&frame->picture);
    else
        tp_picture_flip_across(&frame->picture);
    return TP_ERROR_NONE;
}

static tp_transform *flip_new(tp_location at, const char *name, double p, bool down) {
    if (!(p >= 0 && p <= 1))
        return tp_transform_refuse(at, name, tp_text("p = %g", p), "a probability from 0 to 1");
    flip *t = tp_transform_new(at, sizeof *t, name, true, flip_apply);
    if (!t) return NULL;
    t->p = p;
    t->down = down;
    return &t->base;
}

tp_transform *tp_transforms_random_horizontal_flip_at(tp_location at, double p) {
    return flip_new(at, "transforms_random_horizontal_flip", p, false);
}

tp_transform *tp_transforms_random_vertical_flip_at(tp_location at, double p) {
    return flip_new(at, "transforms_random_vertical_flip", p, true);
}

/* ---- RandomRotation ---- */

typedef struct rotation {
    tp_transform base;
    double low, high, centre[2];
    bool expand, centred;
    tp_warp warp;
} rotation;

static tp_error_code rotation_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const rotation *r = (const rotation *)t;
    return tp_picture_rotate(&frame->picture, tp_draw(x->draws, r->low, r->high), r->expand,
                             r->centred ? r->centre : NULL, r->warp, x->why);
}

static void rotation_shape(const tp_transform *t, tp_frame_shape *shape) {
    if (((const rotation *)t)->expand) shape->height = shape->width = 0;
}

tp_transform *tp_transforms_random_rotation_at(tp_location at,
                                               tp_transforms_random_rotation_args args) {
    rotation made = {.low = args.low, .high = args.high, .expand = args.expand};
    if (args.high == 0) made.low = -fabs(args.low), made.high = fabs(args.low);
    made.warp.interpolation = for_turns(args.interpolation);
    made.centred = args.center != NULL;
    if (args.center) memcpy(made.centre, args.center, sizeof made.centre);
    if (!isfinite(made.low) || !isfinite(made.high) || made.low > made.high ||
        !tp_all_finite(made.centre, 2) || made.warp.interpolation > TP_INTERPOLATION_BICUBIC ||
        !tp_fill_bytes(args.fill, made.warp.fill))
        return tp_transform_refuse(at, "transforms_random_rotation",
                                   tp_text("from %g to %g degrees, interpolation %d", made.low,
                                           made.high, (int)args.interpolation),
                                   "from the smaller to the larger angle; nearest, bilinear or "
                                   "bicubic; fill from 0 to 255");
    rotation *t =
        tp_transform_new(at, sizeof *t, "transforms_random_rotation", true, rotation_apply);
    if (!t) return NULL;
    made.base = t->base;
    *t = made;
    t->base.shape = rotation_shape;
    return &t->base;
}

/* ---- RandomAffine ---- */

typedef struct affine {
    tp_transform base;
    tp_transforms_random_affine_args args;
    tp_warp warp;
} affine;

/* In torchvision's order, so that what is left out draws nothing. */
static tp_error_code affine_apply(const tp_transform *t, tp_frame *frame, tp_step_context *x) {
    const tp_transforms_random_affine_args *a = &((const affine *)t)->args;
    tp_affine map = {.scale = 1};
    map.degrees = tp_draw(x->draws, -a->degrees, a->degrees);
    double most[2] = {a->translate[0] * (double)frame->picture.width,
                      a->translate[1] * (double)frame->picture.height};
    for (int i = 0; i < 2; i++) map.translate[i] = nearbyint(tp_draw(x->draws, -most[i], most[i]));
    if (a->scale[1] > 0) map.scale = tp_draw(x->draws, a->scale[0], a->scale[1]);
    for (int i = 0; i < 2; i++)
        map.shear[i] = tp_draw(x->draws, a->shear[2 * i], a->shear[2 * i + 1]);
    return tp_picture_affine(&frame->picture, &map, ((const affine *)t)->warp, x->why);
}

tp_transform *tp_transforms_random_affine_at(tp_location at,
                                             tp_transforms_random_affine_args args) {
    tp_warp warp = {.interpolation = for_turns(args.interpolation)};
    bool scaled = args.scale[0] != 0 || args.scale[1] != 0;
    bool fine = isfinite(args.degrees) && args.degrees >= 0 && tp_all_finite(args.shear, 4) &&
                args.shear[0] <= args.shear[1] && args.shear[2] <= args.shear[3] &&
                tp_all_finite(args.scale, 2) && args.scale[0] <= args.scale[1] &&
                (!scaled || args.scale[0] > 0);
    for (int i = 0; i < 2; i++) fine = fine && args.translate[i] >= 0 && args.translate[i] <= 1;
    if (!fine || warp.interpolation > TP_INTERPOLATION_BICUBIC ||
        !tp_fill_bytes(args.fill, warp.fill))
        return tp_transform_refuse(at, "transforms_random_affine",
                                   tp_text("degrees %g, translate %g and %g, scale %g to %g",
                                           args.degrees, args.translate[0], args.translate[1],
                                           args.scale[0], args.scale[1]),
                                   "degrees of at least 0, translate from 0 to 1, scale above 0, "
                                   "from the smaller to the larger number, fill from 0 to 255");
    affine *t = tp_transform_new(at, sizeof *t, "transforms_random_affine", true, affine_apply);
    if (!t) return NULL;
    t->args = args;
    t->warp = warp;
    return &t->base;
}
