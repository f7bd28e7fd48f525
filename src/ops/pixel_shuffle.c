/* pixel_shuffle and its inverse: two reshapes with a permutation between them. */
#include <taper/ops/resample.h>
#include <taper/ops/shape.h>

#include "ops/shape.h"

/* x as (planes, ...); false where it has fewer than three dimensions or the factor is below 1. */
static bool fits(tp_location at, const char *op, const tp_tensor *x, int64_t r, int64_t *planes) {
    *planes = 1;
    for (int d = 0; d < x->ndim - 3; d++) *planes *= x->shape[d];
    if (x->ndim >= 3 && r >= 1) return true;
    tp_fail(at, op, r < 1 ? TP_ERROR_ARGUMENT : TP_ERROR_SHAPE,
            TP_GOT(x, "and a factor of %lld", (long long)r),
            "(..., C, H, W) and a factor of at least 1", NULL);
    return false;
}

tp_tensor *tp_pixel_shuffle_at(tp_location at, tp_tensor *x, int64_t upscale_factor) {
    TP_CHECK(at, "pixel_shuffle", x);
    int64_t planes, r = upscale_factor;
    if (!fits(at, "pixel_shuffle", x, r, &planes)) return tp_poison();
    tp_shape shape = tp_shape_copy(x);
    int64_t *dims = shape.dims + x->ndim - 3, h = dims[1], w = dims[2];
    if (dims[0] % (r * r))
        return tp_fail(at, "pixel_shuffle", TP_ERROR_SHAPE,
                       TP_GOT(x, "and a factor of %lld", (long long)r),
                       "channels that its square divides", NULL);
    dims[0] /= r * r;
    dims[1] *= r;
    dims[2] *= r;
    tp_tensor *parts = tp_reshape_at(at, x, tp_shape(planes * dims[0], r, r, h, w));
    tp_tensor *mixed = tp_permute_at(at, parts, tp_dims(0, 3, 1, 4, 2));
    return tp_reshape_at(at, mixed, shape);
}

tp_tensor *tp_pixel_unshuffle_at(tp_location at, tp_tensor *x, int64_t downscale_factor) {
    TP_CHECK(at, "pixel_unshuffle", x);
    int64_t planes, r = downscale_factor;
    if (!fits(at, "pixel_unshuffle", x, r, &planes)) return tp_poison();
    tp_shape shape = tp_shape_copy(x);
    int64_t *dims = shape.dims + x->ndim - 3;
    if (dims[1] % r || dims[2] % r)
        return tp_fail(at, "pixel_unshuffle", TP_ERROR_SHAPE,
                       TP_GOT(x, "and a factor of %lld", (long long)r),
                       "a height and a width that it divides", NULL);
    dims[1] /= r;
    dims[2] /= r;
    tp_tensor *parts = tp_reshape_at(at, x, tp_shape(planes * dims[0], dims[1], r, dims[2], r));
    tp_tensor *mixed = tp_permute_at(at, parts, tp_dims(0, 2, 4, 1, 3));
    dims[0] *= r * r;
    return tp_reshape_at(at, mixed, shape);
}
