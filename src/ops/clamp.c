/* clamp: between two bounds, of which either may be infinite. */
#include <math.h>

#include "ops/binary.h"

static bool is_whole(double bound) { return isinf(bound) || bound == floor(bound); }

/* Bounds beyond the type of an integer are the same as none. */
static int64_t saturated(double bound) {
    return bound >= 0x1p63 ? INT64_MAX : bound <= -0x1p63 ? INT64_MIN : (int64_t)bound;
}

static tp_number limit(double bound, tp_dtype dtype) {
    int64_t whole = saturated(bound);
    int64_t low = dtype == TP_INT64 ? INT64_MIN : dtype == TP_INT32 ? INT32_MIN : 0;
    int64_t high = dtype == TP_INT64 ? INT64_MAX : dtype == TP_INT32 ? INT32_MAX : UINT8_MAX;
    return tp_number_whole(whole < low ? low : whole > high ? high : whole);
}

static void clamp_integers(tp_tensor *out, tp_tensor *x, double min, double max) {
    const tp_kernels *kernels = tp_ctx()->kernels;
    tp_number_tensor low, high;
    tp_number_fill(&low, limit(min, x->dtype), x->dtype);
    tp_number_fill(&high, limit(max, x->dtype), x->dtype);
    tp_loop_run(kernels->binary[TP_BINARY_maximum][x->dtype], 3,
                (tp_tensor *[]){out, x, &low.tensor}, NULL);
    tp_loop_run(kernels->binary[TP_BINARY_minimum][x->dtype], 3,
                (tp_tensor *[]){out, out, &high.tensor}, NULL);
}

static bool stays_integer(const tp_tensor *x, double min, double max) {
    return !tp_is_float_type(x->dtype) && x->dtype != TP_BOOL && is_whole(min) && is_whole(max);
}

/* A bound that is no number clamps everything to it, as in PyTorch. */
static tp_tensor *checked(tp_location at, tp_tensor *x, double min, double max) {
    TP_CHECK(at, "clamp", x);
    if (isnan(min) || isnan(max))
        return tp_fail(at, "clamp", TP_ERROR_VALUE, tp_text("min %g, max %g", min, max),
                       "numbers as bounds", NULL);
    return x;
}

tp_tensor *tp_clamp_at(tp_location at, tp_tensor *x, double min, double max) {
    if (checked(at, x, min, max) != x) return tp_poison();
    if (x->dtype == TP_BOOL && (x = tp_cast(at, "clamp", x, TP_INT64))->poison) return x;
    if (!stays_integer(x, min, max)) return tp_unary(at, TP_UNARY_clamp, x, min, max);
    tp_tensor *out = tp_make_like(at, "clamp", x);
    if (!out->poison) clamp_integers(out, x, min, max);
    return out;
}

tp_tensor *tp_clamp_inplace_at(tp_location at, tp_tensor *x, double min, double max) {
    if (checked(at, x, min, max) != x) return tp_poison();
    if (!stays_integer(x, min, max)) return tp_unary_inplace(at, TP_UNARY_clamp, x, min, max);
    if (!tp_edit(at, "clamp", x, 0, NULL)) return tp_poison();
    clamp_integers(x, x, min, max);
    return x;
}
