#include "support/tensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/loop.h"
#include "tensor/tensor.h"

tp_dtype dtype_of_name(const char *name) {
    for (tp_dtype dtype = TP_BOOL; dtype < TP_DTYPE_COUNT; dtype++)
        if (strcmp(tp_dtype_name(dtype), name) == 0) return dtype;
    fprintf(stderr, "no data type is called %s\n", name);
    exit(1);
}

tp_tensor *from_golden(const golden_tensor *t, tp_dtype dtype) {
    tp_dtype own = dtype_of_name(t->dtype);
    if (dtype == TP_DTYPE_DEFAULT || !tp_dtype_is_floating(own)) dtype = own;
    tp_tensor *x =
        tp_make_shape(TP_HERE, "from_golden", dtype, tp_shape_make((size_t)t->ndim, t->shape));
    if (x->poison || t->count == 0) return x;
    if (dtype == TP_FLOAT32)
        golden_copy_float(t, (float *)tp_data(x));
    else if (dtype == TP_FLOAT64)
        golden_copy_double(t, (double *)tp_data(x));
    else
        golden_copy(t, tp_data(x));
    return x;
}

bool same_as_golden(const golden_tensor *want, const tp_tensor *x, double rtol, double atol,
                    const char *what) {
    if (tp_is_poison(x)) {
        fprintf(stderr, "%s: %s: poison: %s\n", what, want->owner->name, tp_last_error()->got);
        return false;
    }
    tp_dtype dtype = dtype_of_name(want->dtype);
    bool both_floating = tp_dtype_is_floating(dtype) && tp_dtype_is_floating(tp_dtype_of(x));
    if (tp_dtype_of(x) != dtype && !both_floating) {
        fprintf(stderr, "%s: %s: type %s instead of %s\n", what, want->owner->name,
                tp_dtype_name(tp_dtype_of(x)), want->dtype);
        return false;
    }
    tp_shape shape = tp_shape_of(x);
    if (!golden_same_shape(want, shape.ndim, shape.dims, what)) return false;
    size_t count = (size_t)tp_numel(x);
    void *values = malloc(count * 8 + 8);
    if (!values || !tp_copy_out(x, values)) {
        free(values);
        return false;
    }
    bool same =
        tp_dtype_of(x) == TP_FLOAT32   ? golden_close_float(want, values, count, rtol, atol, what)
        : tp_dtype_of(x) == TP_FLOAT64 ? golden_close_double(want, values, count, rtol, atol, what)
                                       : golden_close(want, values, count, rtol, atol, what);
    free(values);
    return same;
}

tp_tensor *scattered(tp_tensor *x) {
    tp_shape room = tp_shape_of(x);
    int64_t stride[TP_MAX_DIMS], offset = 0, step = 3;
    for (int d = 0; d < room.ndim;
         d++) { /* first dimension runs fastest; every other one backwards */
        stride[d] = d % 2 ? -step : step;
        if (d % 2 && room.dims[d] > 0) offset += step * (room.dims[d] - 1);
        step *= room.dims[d] + 1;
    }
    tp_tensor *memory = tp_zeros(tp_shape(step + 1), .dtype = tp_dtype_of(x));
    tp_tensor *view =
        tp_make_view(TP_HERE, "scattered", memory, room, stride, x->numel ? offset : 0);
    if (!view->poison) tp_copy_elements(view, x);
    return view;
}

static _Thread_local seen_error seen;

static void count_error(const tp_error *error, void *user) {
    (void)user;
    if (seen.count++ > 0) return;
    seen.code = error->code;
    seen.line = error->at.line;
    snprintf(seen.op, sizeof seen.op, "%s", error->op);
    tp_error_format(error, seen.text, sizeof seen.text);
}

void watch_errors(void) {
    seen = (seen_error){0};
    tp_set_error_handler(count_error, NULL);
}

seen_error take_error(void) {
    seen_error taken = seen;
    seen = (seen_error){0};
    tp_clear_error();
    return taken;
}

bool had_error(tp_error_code code, const char *op, int line) {
    seen_error error = take_error();
    if (error.count == 1 && error.code == code && strcmp(error.op, op) == 0 && error.line == line)
        return true;
    fprintf(stderr, "wanted one error \"%s\" of %s at line %d, had %d: %s\n", tp_error_text(code),
            op, line, error.count, error.count ? error.text : "none");
    return false;
}
