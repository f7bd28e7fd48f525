/* Samples out of NumPy's files. */
#include <string.h>
#include <taper/io.h>
#include <taper/ops.h>
#include <taper/vision.h>

#include "tensor/tensor.h"

static const char op[] = "numpy_dataset";

static const char *const x_names[] = {"x", "X", "data", "images", "x_train", "arr_0"};
static const char *const y_names[] = {"y", "y", "target", "labels", "y_train", "arr_1"};
enum { NAMES = sizeof x_names / sizeof x_names[0] };

/* The only array of an .npy file, or the pair in an .npz file. */
static bool choose(tp_location at, const tp_tensor_file *file, const char *path, tp_tensor **x,
                   tp_tensor **y) {
    tp_named_list list = tp_tensor_file_list(file);
    if (list.count == 1) {
        *x = list.items[0].tensor;
        return true;
    }
    for (int i = 0; y && i < NAMES; i++) {
        *x = tp_tensor_file_get(file, x_names[i]);
        *y = tp_tensor_file_get(file, y_names[i]);
        if (*x && *y) return true;
    }
    tp_fail(at, op, TP_ERROR_VALUE, tp_text("%.200s with %zu arrays", path, list.count),
            y ? "arrays x and y, data and target, images and labels, ..." : "one array", NULL);
    return false;
}

static tp_tensor_file *open_file(tp_location at, const char *path) {
    tp_tensor_file *file = tp_load_tensors_at(at, path);
    if (!file) return NULL;
    tp_tensor_format format = tp_tensor_file_format(file);
    if (format == TP_TENSOR_FORMAT_NPY || format == TP_TENSOR_FORMAT_NPZ) return file;
    tp_fail(at, op, TP_ERROR_FORMAT, tp_text("%.200s, which is none of NumPy's files", path),
            ".npy or .npz", NULL);
    tp_tensor_file_close(file);
    return NULL;
}

/* (N, height, width) gets its one channel. */
static tp_tensor *with_channel(tp_location at, tp_tensor *x) {
    if (x->dtype != TP_UINT8 || x->ndim != 3) return x;
    return tp_reshape_at(at, x, tp_shape(x->shape[0], 1, x->shape[1], x->shape[2]));
}

static tp_tensor *as_labels(tp_location at, tp_tensor *y) {
    bool whole = y && y->dtype != TP_INT64 && !tp_is_float_type(y->dtype);
    return whole ? tp_to_at(at, y, TP_INT64) : y;
}

/* Classes are numbered up to the largest label. */
static void count_classes(tp_dataset *set, const tp_tensor *y) {
    if (!y || y->dtype != TP_INT64 || y->numel != y->shape[0]) return;
    const int64_t *label = (const int64_t *)y->data;
    for (int64_t i = 0; i < y->numel; i++) {
        if (label[i] < 0 || label[i] >= 1 << 20) {
            set->class_count = 0;
            return;
        }
        if (label[i] >= set->class_count) set->class_count = (int)label[i] + 1;
    }
}

static tp_dataset *make(tp_location at, tp_tensor *x, tp_tensor *y) {
    x = with_channel(at, x);
    y = as_labels(at, y);
    if (tp_is_poison(x) || (y && tp_is_poison(y))) return NULL;
    tp_dataset *set = tp_tensor_dataset_at(at, x, y);
    if (!set) return NULL;
    set->pictures = x->dtype == TP_UINT8 && x->ndim == 4;
    count_classes(set, y);
    return set;
}

tp_dataset *tp_numpy_dataset_at(tp_location at, const char *x_path, const char *y_path) {
    if (!x_path) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "the path of a file", NULL);
        return NULL;
    }
    tp_dataset *set = NULL;
    tp_tensor *x = NULL, *y = NULL;
    tp_tensor_file *x_file = open_file(at, x_path);
    tp_tensor_file *y_file = x_file && y_path ? open_file(at, y_path) : NULL;
    bool fine = x_file && (!y_path || y_file) &&
                choose(at, x_file, x_path, &x, y_path ? NULL : &y) &&
                (!y_file || choose(at, y_file, y_path, &y, NULL));
    if (fine) {
        tp_grad_mode mode = tp_grad_mode_begin(false);
        tp_scope scope = tp_scope_begin();
        set = make(at, x, y);
        tp_scope_end(&scope);
        tp_grad_mode_end(&mode);
    }
    tp_tensor_file_close(x_file);
    tp_tensor_file_close(y_file);
    return set;
}
