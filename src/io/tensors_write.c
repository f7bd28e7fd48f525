/* Named tensors into a file whose name says the format. */
#include <string.h>

#include "base/fail.h"
#include "io/npy.h"
#include "io/safetensors.h"

static bool ends_in(const char *path, const char *end) {
    size_t length = strlen(path), n = strlen(end);
    return length > n && strcmp(path + length - n, end) == 0;
}

tp_tensor_format tp_tensor_format_of(const char *path) {
    if (ends_in(path, ".pth") || ends_in(path, ".pt") || ends_in(path, ".pth.tar"))
        return TP_TENSOR_FORMAT_PTH;
    if (ends_in(path, ".npz")) return TP_TENSOR_FORMAT_NPZ;
    if (ends_in(path, ".npy")) return TP_TENSOR_FORMAT_NPY;
    return TP_TENSOR_FORMAT_SAFETENSORS;
}

static bool refuse(const char *op, tp_location at, const char *got, const char *want) {
    tp_fail(at, op, TP_ERROR_ARGUMENT, got, want, NULL);
    return false;
}

bool tp_tensors_write(const char *op, tp_location at, tp_save_tensors_args args) {
    tp_tensor_format format = args.path ? tp_tensor_format_of(args.path) : TP_TENSOR_FORMAT_NONE;
    switch (format) {
    case TP_TENSOR_FORMAT_NONE: return refuse(op, at, "path NULL", "the path of a file");
    case TP_TENSOR_FORMAT_PTH: return tp_pth_write_tensors(op, at, &args);
    case TP_TENSOR_FORMAT_NPZ:
        return tp_npz_write_file(
            op, at,
            (tp_npz_write_args){.path = args.path, .items = args.items, .count = args.count});
    case TP_TENSOR_FORMAT_NPY:
        return refuse(op, at, tp_text("%.200s for named tensors", args.path),
                      "a .safetensors, .pth or .npz file; tp_npy_write() writes one array");
    default: return tp_safetensors_write(op, at, args);
    }
}

bool tp_save_tensors_at(tp_location at, tp_save_tensors_args args) {
    return tp_tensors_write("save_tensors", at, args);
}
