#include "weights.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report.h"

static bool is_onnx(const char *path) {
    size_t length = strlen(path);
    return length > 5 && strcmp(path + length - 5, ".onnx") == 0;
}

static bool open_onnx(weights *w) {
    w->onnx = tp_onnx_inspect(w->path);
    if (!w->onnx) return false;
    w->items = calloc(w->onnx->weight_count + 1, sizeof *w->items);
    if (!w->items) {
        report_failure("out of memory.");
        return false;
    }
    for (size_t i = 0; i < w->onnx->weight_count; i++)
        w->items[i] = (tp_named_tensor){w->onnx->weights[i].name, w->onnx->weights[i].tensor};
    w->list = (tp_named_list){w->onnx->weight_count, w->items};
    return true;
}

bool weights_open(weights *w, const char *path) {
    struct stat info;
    *w = (weights){.path = path};
    bool there = stat(path, &info) == 0;
    if (there && S_ISDIR(info.st_mode)) {
        w->path = path = run_path(w->folder_path, path, "model.safetensors");
        there = stat(path, &info) == 0;
    }
    if (there) w->bytes = info.st_size;
    if (is_onnx(path)) {
        if (open_onnx(w)) return true;
        weights_close(w);
        return false;
    }
    w->file = tp_load_tensors(path);
    w->list = tp_tensor_file_list(w->file);
    return w->file != NULL;
}

void weights_close(weights *w) {
    tp_tensor_file_close(w->file);
    tp_onnx_model_free(w->onnx);
    free(w->items);
    *w = (weights){0};
}

const char *weights_format(const weights *w) {
    static const char *const names[] = {"", "safetensors", "PyTorch", "npy", "npz"};
    return w->onnx ? "ONNX" : names[tp_tensor_file_format(w->file)];
}

const char *weights_type(const weights *w, size_t i) {
    const char *name = w->file ? tp_tensor_file_type(w->file, w->list.items[i].name) : NULL;
    return name ? name : tp_dtype_name(tp_dtype_of(w->list.items[i].tensor));
}

tp_named_list weights_state(weights *w, const char *prefix) {
    return w->file ? tp_tensor_file_state(w->file, prefix) : w->list;
}

const char *weights_bytes_text(char *buffer, int64_t bytes) {
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    int unit = 0;
    while (value >= 999.5 && unit < 4) value /= 1000, unit++;
    snprintf(buffer, 16, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return buffer;
}

const char *weights_shape_text(char *buffer, const tp_tensor *x) {
    int used = 1;
    strcpy(buffer, "(");
    for (int i = 0; i < tp_ndim(x); i++)
        used += snprintf(buffer + used, 96 - (size_t)used, i ? ", %lld" : "%lld",
                         (long long)tp_size(x, i));
    snprintf(buffer + used, 96 - (size_t)used, ")");
    return buffer;
}
