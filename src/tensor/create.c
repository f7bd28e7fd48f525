#include <math.h>
#include <string.h>

#include "autograd/node.h"
#include "ops/loop.h"
#include "tensor/tensor.h"

/* The last step of each function here. */
static tp_tensor *finish(tp_location at, tp_tensor *x, bool requires_grad) {
    return requires_grad && !x->poison ? tp_set_requires_grad_at(at, x, true) : x;
}

static tp_dtype or_default(tp_dtype dtype) { return dtype ? dtype : tp_ctx()->default_dtype; }

static bool known(tp_location at, const char *op, tp_dtype dtype) {
    if (dtype >= TP_DTYPE_DEFAULT && dtype < TP_DTYPE_COUNT) return true;
    tp_fail(at, op, TP_ERROR_DTYPE, tp_text("dtype %d", (int)dtype), "one of tp_dtype", NULL);
    return false;
}

static tp_tensor *filled(tp_location at, const char *op, tp_shape shape, double value,
                         tp_dtype dtype, bool requires_grad) {
    if (!known(at, op, dtype)) return tp_poison();
    tp_tensor *x = tp_make_shape(at, op, or_default(dtype), shape);
    if (x->poison) return x;
    tp_fill_elements(x, value);
    return finish(at, x, requires_grad);
}

tp_tensor *tp_empty_at(tp_location at, tp_create_args args) {
    if (!known(at, "empty", args.dtype)) return tp_poison();
    return finish(at, tp_make_shape(at, "empty", or_default(args.dtype), args.shape),
                  args.requires_grad);
}

tp_tensor *tp_zeros_at(tp_location at, tp_create_args args) {
    return filled(at, "zeros", args.shape, 0, args.dtype, args.requires_grad);
}

tp_tensor *tp_ones_at(tp_location at, tp_create_args args) {
    return filled(at, "ones", args.shape, 1, args.dtype, args.requires_grad);
}

tp_tensor *tp_full_at(tp_location at, tp_full_args args) {
    return filled(at, "full", args.shape, args.value, args.dtype, args.requires_grad);
}

tp_tensor *tp_scalar_at(tp_location at, tp_scalar_args args) {
    return filled(at, "scalar", (tp_shape){0}, args.value, args.dtype, args.requires_grad);
}

/* Writes value(i) = start + i * step in dtype. Whole types step in integers, so that large ones stay exact. */
static void fill_steps(tp_tensor *x, double start, double step) {
    for (int64_t i = 0; i < x->numel; i++) {
        double value = start + (double)i * step;
        switch (x->dtype) {
        case TP_FLOAT32: ((float *)(void *)x->data)[i] = (float)value; break;
        case TP_FLOAT64: ((double *)(void *)x->data)[i] = value; break;
        case TP_INT64: ((int64_t *)(void *)x->data)[i] = (int64_t)start + i * (int64_t)step; break;
        case TP_INT32:
            ((int32_t *)(void *)x->data)[i] = (int32_t)((int64_t)start + i * (int64_t)step);
            break;
        case TP_UINT8:
            ((uint8_t *)x->data)[i] = (uint8_t)((int64_t)start + i * (int64_t)step);
            break;
        default: ((uint8_t *)x->data)[i] = value != 0; break;
        }
    }
}

tp_tensor *tp_arange_at(tp_location at, tp_arange_args args) {
    if (args.end == 0 && args.start > 0 &&
        args.step >= 0) { /* tp_arange(5): from 0, as in PyTorch */
        args.end = args.start;
        args.start = 0;
    }
    double step = args.step != 0 ? args.step : 1;
    if (!known(at, "arange", args.dtype)) return tp_poison();
    if (!isfinite(args.start) || !isfinite(args.end) || !isfinite(step) ||
        (args.end - args.start) / step < 0)
        return tp_fail(at, "arange", TP_ERROR_VALUE,
                       tp_text("start %g, end %g, step %g", args.start, args.end, step),
                       "finite values, and a step that leads from start to end", NULL);
    double count = ceil((args.end - args.start) / step);
    if (count > 9e15) return tp_fail_memory(at, "arange", SIZE_MAX);
    bool whole =
        args.start == floor(args.start) && args.end == floor(args.end) && step == floor(step);
    tp_dtype dtype = args.dtype ? args.dtype : whole ? TP_INT64 : tp_ctx()->default_dtype;
    tp_tensor *x = tp_make(at, "arange", dtype, 1, (int64_t[]){(int64_t)count});
    if (x->poison) return x;
    fill_steps(x, args.start, step);
    return finish(at, x, args.requires_grad);
}

tp_tensor *tp_linspace_at(tp_location at, tp_linspace_args args) {
    if (!known(at, "linspace", args.dtype)) return tp_poison();
    if (args.steps < 0)
        return tp_fail(at, "linspace", TP_ERROR_VALUE, tp_text("%lld steps", (long long)args.steps),
                       "at least 0", NULL);
    tp_tensor *x = tp_make(at, "linspace", or_default(args.dtype), 1, &args.steps);
    if (x->poison) return x;
    double step = args.steps > 1 ? (args.end - args.start) / (double)(args.steps - 1) : 0;
    /* From both ends towards the middle, as PyTorch: the last value is `end` itself. */
    for (int64_t i = 0; i < args.steps; i++) {
        double value = i < args.steps / 2 || args.steps == 1
                           ? args.start + step * (double)i
                           : args.end - step * (double)(args.steps - 1 - i);
        if (x->dtype == TP_FLOAT32)
            ((float *)(void *)x->data)[i] = (float)value;
        else if (x->dtype == TP_FLOAT64)
            ((double *)(void *)x->data)[i] = value;
        else if (x->dtype == TP_INT64)
            ((int64_t *)(void *)x->data)[i] = (int64_t)value;
        else if (x->dtype == TP_INT32)
            ((int32_t *)(void *)x->data)[i] = (int32_t)value;
        else
            ((uint8_t *)x->data)[i] = x->dtype == TP_BOOL ? value != 0 : (uint8_t)value;
    }
    return finish(at, x, args.requires_grad);
}

tp_tensor *tp_eye_at(tp_location at, tp_eye_args args) {
    int64_t m = args.m > 0 ? args.m : args.n;
    tp_tensor *x = filled(at, "eye", tp_shape(args.n, m), 0, args.dtype, false);
    if (x->poison || x->numel == 0) return finish(at, x, args.requires_grad);
    int64_t k = args.n < m ? args.n : m;
    tp_tensor *diagonal = tp_make_view(at, "eye", x, tp_shape(k), (int64_t[]){m + 1}, 0);
    if (diagonal->poison) return diagonal;
    tp_fill_elements(diagonal, 1);
    tp_free(diagonal);
    return finish(at, x, args.requires_grad);
}

/* What both forms of C data need checked. */
static bool data_fits(tp_location at, const char *op, const tp_data_args *args) {
    if (!known(at, op, args->dtype)) return false;
    if (args->data || tp_shape_numel(args->shape) == 0) return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL data", NULL, NULL);
    return false;
}

tp_tensor *tp_from_data_at(tp_location at, tp_data_args args) {
    if (!data_fits(at, "from_data", &args)) return tp_poison();
    tp_tensor *x = tp_make_shape(at, "from_data", args.dtype ? args.dtype : TP_FLOAT32, args.shape);
    if (x->poison) return x;
    if (x->numel) memcpy(x->data, args.data, (size_t)x->numel * tp_item_size(x->dtype));
    return finish(at, x, args.requires_grad);
}

tp_tensor *tp_from_blob_at(tp_location at, tp_data_args args) {
    if (!data_fits(at, "from_blob", &args)) return tp_poison();
    tp_dtype dtype = args.dtype ? args.dtype : TP_FLOAT32;
    int64_t numel = tp_shape_numel(args.shape);
    void *data = (void *)(uintptr_t)args.data;
    tp_storage *storage =
        tp_storage_external(data, numel > 0 ? (size_t)numel * tp_item_size(dtype) : 0, NULL, NULL);
    if (!storage) return tp_fail_memory(at, "from_blob", sizeof(tp_storage));
    tp_tensor *x = tp_make_over(at, "from_blob", storage, data, dtype, args.shape);
    if (x->poison) return x; /* the memory is still the caller's */
    storage->deleter = args.deleter;
    storage->user = args.user;
    return finish(at, x, args.requires_grad);
}

static tp_tensor *filled_like(tp_location at, const char *op, const tp_like_args *args,
                              double value) {
    TP_CHECK(at, op, args->x);
    return filled(at, op, tp_shape_copy(args->x), value, args->dtype ? args->dtype : args->x->dtype,
                  args->requires_grad);
}

tp_tensor *tp_empty_like_at(tp_location at, tp_like_args args) {
    TP_CHECK(at, "empty_like", args.x);
    tp_create_args create = {tp_shape_copy(args.x), args.dtype ? args.dtype : args.x->dtype,
                             args.requires_grad};
    return tp_empty_at(at, create);
}

tp_tensor *tp_zeros_like_at(tp_location at, tp_like_args args) {
    return filled_like(at, "zeros_like", &args, 0);
}

tp_tensor *tp_ones_like_at(tp_location at, tp_like_args args) {
    return filled_like(at, "ones_like", &args, 1);
}

tp_tensor *tp_full_like_at(tp_location at, const tp_tensor *x, double value) {
    tp_like_args args = {.x = x};
    return filled_like(at, "full_like", &args, value);
}
