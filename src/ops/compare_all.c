/* equal and allclose: one answer about two tensors. */
#include <math.h>

#include "ops/binary.h"

static bool all_true(const tp_tensor *bools) {
    const uint8_t *value = (const uint8_t *)bools->data;
    for (int64_t i = 0; i < bools->numel; i++)
        if (!value[i]) return false;
    return true;
}

bool tp_equal_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    if (!tp_usable(at, "equal", a) || !tp_usable(at, "equal", b)) return false;
    if (!tp_shapes_equal(a, b)) return false;
    bool same = false;
    TP_SCOPE {
        TP_NO_GRAD {
            tp_tensor *equal = tp_eq_at(at, a, b);
            same = !equal->poison && all_true(equal);
        }
    }
    return same;
}

static bool close_enough(double a, double b, const tp_allclose_args *args) {
    if (a == b) return true;
    if (isnan(a) || isnan(b)) return args->equal_nan && isnan(a) && isnan(b);
    return isfinite(b) && fabs(a - b) <= args->atol + args->rtol * fabs(b);
}

bool tp_allclose_at(tp_location at, tp_allclose_args args) {
    if (!tp_usable(at, "allclose", args.a) || !tp_usable(at, "allclose", args.b)) return false;
    if (args.rtol == 0) args.rtol = 1e-5;
    if (args.atol == 0) args.atol = 1e-8;
    tp_shape shape;
    if (!tp_broadcast(at, "allclose", 2, (tp_tensor *[]){args.a, args.b}, &shape)) return false;
    bool close = true;
    TP_SCOPE {
        tp_tensor *a = tp_make_shape(at, "allclose", TP_FLOAT64, shape);
        tp_tensor *b = tp_make_shape(at, "allclose", TP_FLOAT64, shape);
        if (a->poison || b->poison) return false;
        tp_copy_elements(a, args.a);
        tp_copy_elements(b, args.b);
        const double *p = (const double *)a->data, *q = (const double *)b->data;
        for (int64_t i = 0; i < a->numel && close; i++) close = close_enough(p[i], q[i], &args);
    }
    return close;
}
