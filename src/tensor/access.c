/* Single elements and copies out. */
#include <math.h>
#include <string.h>

#include "autograd/lazy.h"
#include "autograd/node.h"
#include "ops/loop.h"
#include "tensor/access.h"
#include "tensor/tensor.h"

double tp_read_element(const void *place, tp_dtype dtype) {
    switch (dtype) {
    case TP_FLOAT32: return (double)*(const float *)place;
    case TP_FLOAT64: return *(const double *)place;
    case TP_INT64: return (double)*(const int64_t *)place;
    case TP_INT32: return *(const int32_t *)place;
    default: return *(const uint8_t *)place;
    }
}

void tp_write_element(void *place, tp_dtype dtype, double value) {
    switch (dtype) {
    case TP_FLOAT32: *(float *)place = (float)value; break;
    case TP_FLOAT64: *(double *)place = value; break;
    case TP_INT64: *(int64_t *)place = (int64_t)value; break;
    case TP_INT32: *(int32_t *)place = (int32_t)value; break;
    case TP_BOOL: *(uint8_t *)place = value != 0; break;
    default: *(uint8_t *)place = (uint8_t)(int64_t)value; break;
    }
}

double tp_item_at(tp_location at, const tp_tensor *x) {
    if (tp_poisoned(x)) {
        tp_surface();
        return NAN;
    }
    if (!tp_usable(at, "item", x)) return NAN;
    if (x->numel == 1) return tp_read_element(x->data, x->dtype);
    tp_fail(at, "item", TP_ERROR_SHAPE, tp_tensor_text(x), "a tensor of one element",
            "tp_get() reads one element of many");
    return NAN;
}

/* The place of an element, or NULL after reporting. */
static void *place_of(tp_location at, const char *op, const tp_tensor *x, tp_shape index) {
    if (index.ndim != x->ndim) {
        tp_fail(at, op, TP_ERROR_INDEX, tp_text("%d indices for %s", index.ndim, tp_tensor_text(x)),
                "as many as dimensions", NULL);
        return NULL;
    }
    int64_t offset = 0;
    for (int d = 0; d < x->ndim; d++) {
        int64_t i = index.dims[d];
        if (i < -x->shape[d] || i >= x->shape[d]) {
            tp_fail(at, op, TP_ERROR_INDEX,
                    tp_text("index %lld at dimension %d of %s", (long long)i, d, tp_tensor_text(x)),
                    NULL, NULL);
            return NULL;
        }
        offset += (i < 0 ? i + x->shape[d] : i) * x->stride[d];
    }
    return x->data + offset * (int64_t)tp_item_size(x->dtype);
}

double tp_get_at(tp_location at, const tp_tensor *x, tp_shape index) {
    if (tp_poisoned(x)) {
        tp_surface();
        return NAN;
    }
    if (!tp_usable(at, "get", x)) return NAN;
    const void *place = place_of(at, "get", x, index);
    return place ? tp_read_element(place, x->dtype) : NAN;
}

void tp_set_at(tp_location at, tp_tensor *x, tp_shape index, double value) {
    if (!x || x->life != TP_ALIVE || x->poison) {
        tp_usable(at, "set", x);
        return;
    }
    void *place = place_of(at, "set", x, index);
    if (place && tp_begin_edit(at, "set", x)) tp_write_element(place, x->dtype, value);
}

bool tp_copy_out_at(tp_location at, const tp_tensor *x, void *out) {
    if (tp_poisoned(x)) {
        tp_surface();
        return false;
    }
    if (!tp_usable(at, "copy_out", x)) return false;
    if (x->numel == 0) return true;
    tp_tensor to = *x; /* a header over the user's memory, for this one copy */
    to.data = out;
    to.contiguous = true;
    tp_contiguous_strides(to.ndim, to.shape, to.stride);
    tp_copy_elements(&to, (tp_tensor *)(uintptr_t)x);
    return true;
}
