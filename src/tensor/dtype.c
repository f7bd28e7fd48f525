#include "base/context.h"
#include "base/fail.h"
#include "tensor/tensor.h"

size_t tp_dtype_size(tp_dtype dtype) {
    return dtype > TP_DTYPE_DEFAULT && dtype < TP_DTYPE_COUNT ? tp_item_size(dtype) : 0;
}

const char *tp_dtype_name(tp_dtype dtype) {
    static const char *const names[] = {"default", "bool",    "uint8",  "int32",
                                        "int64",   "float32", "float64"};
    return dtype >= 0 && dtype < TP_DTYPE_COUNT ? names[dtype] : "unknown";
}

bool tp_dtype_is_floating(tp_dtype dtype) { return dtype == TP_FLOAT32 || dtype == TP_FLOAT64; }

tp_dtype tp_promote_types(tp_dtype a, tp_dtype b) {
    return a > b
               ? a
               : b; /* of the types that we have, none needs a third: the order of the enum is PyTorch's table */
}

tp_dtype tp_get_default_dtype(void) { return tp_ctx()->default_dtype; }

void tp_set_default_dtype(tp_dtype dtype) {
    if (tp_dtype_is_floating(dtype))
        tp_ctx()->default_dtype = dtype;
    else
        tp_fail(TP_MAKE(tp_location, NULL, 0), "set_default_dtype", TP_ERROR_DTYPE,
                tp_dtype_name(dtype), "float32 or float64", NULL);
}
