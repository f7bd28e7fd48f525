/* Tensors of a safetensors file, in the mapped file itself where that can be. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/safetensors.h"
#include "tensor/tensor.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "files of tensors are little-endian, and nothing here turns bytes round"
#endif

static void release_mapping(void *data, void *user) {
    (void)data;
    tp_mapping_release(user);
}

static float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3FF;
    uint32_t bits;
    if (exponent == 31) {
        bits = sign | 0x7F800000 | mantissa << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | mantissa << 13;
    } else { /* 0, or too small for an exponent: mantissa 2^-24, exact in float */
        float value = (float)mantissa * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
        bits |= sign;
    }
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void widen(float *out, const unsigned char *bytes, int64_t n, bool brain) {
    for (int64_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, 2);
        uint32_t bits = (uint32_t)half << 16;
        if (brain)
            memcpy(&out[i], &bits, 4);
        else
            out[i] = half_to_float(half);
    }
}

/* A C bool that is neither 0 nor 1 must not come into being. */
static bool bools_sound(const tp_tensor_file *file, const tp_safetensors_entry *entry,
                        const unsigned char *bytes) {
    for (int64_t i = 0; i < entry->numel; i++)
        if (bytes[i] > 1)
            return tp_safetensors_bad(
                file, 8 + file->header + (uint64_t)(entry->begin + i),
                tp_text("tensor \"%.80s\": a bool that is %d", entry->name, bytes[i]));
    return true;
}

static tp_tensor *in_place(tp_tensor_file *file, const tp_safetensors_entry *entry,
                           unsigned char *bytes) {
    size_t size = (size_t)(entry->end - entry->begin);
    tp_mapping_hold(file->mapping);
    tp_storage *storage = tp_storage_external(bytes, size, release_mapping, file->mapping);
    if (storage)
        return tp_make_over(file->at, file->op, storage, bytes, entry->type->dtype, entry->shape);
    tp_mapping_release(file->mapping);
    return tp_fail_memory(file->at, file->op, sizeof(tp_storage));
}

static tp_tensor *entry_tensor(tp_tensor_file *file, const tp_safetensors_entry *entry) {
    tp_dtype dtype = entry->type->dtype;
    if (dtype == TP_DTYPE_DEFAULT)
        return tp_fail(
            file->at, file->op, TP_ERROR_UNSUPPORTED,
            tp_text("%s: tensor \"%.80s\" of type %s", file->path, entry->name, entry->type->name),
            "BOOL, U8, I32, I64, F16, BF16, F32 or F64", NULL);
    unsigned char *bytes = file->mapping->data + 8 + file->header + entry->begin;
    size_t item = tp_item_size(dtype);
    bool same = entry->type->bits == 8 * (int)item;
    if (dtype == TP_BOOL && !bools_sound(file, entry, bytes)) return tp_poison();
    if (same && entry->numel && (uintptr_t)bytes % item == 0) return in_place(file, entry, bytes);
    tp_tensor *x = tp_make_shape(file->at, file->op, dtype, entry->shape);
    if (tp_is_poison(x) || !entry->numel) return x;
    if (same)
        memcpy(x->data, bytes, (size_t)(entry->end - entry->begin));
    else
        widen((float *)(void *)x->data, bytes, entry->numel, entry->type->name[0] == 'B');
    return x;
}

tp_tensor_file *tp_tensor_file_open(tp_location at, const char *op, const char *path) {
    if (!path) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "the path of a file", NULL);
        return NULL;
    }
    tp_tensor_file *file = tp_new(sizeof *file);
    if (file) {
        *file = (tp_tensor_file){.at = at, .op = op, .path = tp_string_copy(path)};
        file->mapping = file->path ? tp_mapping_open(at, op, path) : NULL;
    }
    if (!file || !file->path) tp_fail_memory(at, op, sizeof *file);
    bool fine = file && file->mapping && tp_safetensors_read_header(file);
    if (fine) {
        file->items = tp_new((file->count + 1) * sizeof *file->items);
        if (!file->items) tp_fail_memory(at, op, (file->count + 1) * sizeof *file->items);
        fine = file->items != NULL;
    }
    for (size_t i = 0; fine && i < file->count; i++) {
        tp_tensor *x = entry_tensor(file, &file->entries[i]);
        fine = !tp_is_poison(x);
        if (fine) {
            file->entries[i].tensor = tp_own(x);
            file->items[i] = (tp_named_tensor){file->entries[i].name, x};
        }
    }
    if (fine) return file;
    tp_tensor_file_close(file);
    return NULL;
}

tp_tensor_file *tp_load_tensors_at(tp_location at, const char *path) {
    return tp_tensor_file_open(at, "load_tensors", path);
}

tp_named_list tp_tensor_file_list(const tp_tensor_file *file) {
    return file ? (tp_named_list){file->count, file->items} : (tp_named_list){0, NULL};
}

tp_tensor *tp_tensor_file_get(const tp_tensor_file *file, const char *name) {
    size_t low = 0, high = file && name ? file->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const tp_named_tensor *item = &file->items[file->by_name[middle]];
        int order = strcmp(name, item->name);
        if (order == 0) return item->tensor;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *tp_tensor_file_metadata(const tp_tensor_file *file, const char *key) {
    for (size_t i = 0; file && key && i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
    return NULL;
}

void tp_tensor_file_close(tp_tensor_file *file) {
    if (!file) return;
    for (size_t i = 0; i < file->count; i++) tp_free(file->entries[i].tensor);
    tp_delete(file->entries);
    tp_delete(file->items);
    tp_delete(file->by_name);
    tp_delete(file->metadata);
    tp_mapping_release(file->mapping);
    tp_delete(file->path);
    tp_delete(file);
}
