#include "io/tensor_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/npy.h"
#include "io/zip.h"

bool tp_tensor_file_bad(const tp_tensor_file *file, uint64_t offset, const char *reason) {
    return tp_file_bad(file->at, file->op, file->path, offset, reason,
                       "a .safetensors, .pth, .npy or .npz file");
}

/* ---- filling ---- */

static bool grow(tp_tensor_file *file) {
    size_t room = file->room ? 2 * file->room : 16;
    tp_named_tensor *items = tp_resize(file->items, room * sizeof *items);
    if (items) file->items = items;
    tp_element *elements = items ? tp_resize(file->elements, room * sizeof *elements) : NULL;
    if (!elements) {
        tp_fail_memory(file->at, file->op, room * sizeof *items);
        return false;
    }
    file->elements = elements;
    file->room = room;
    return true;
}

bool tp_tensor_file_list_add(tp_tensor_file *file, const char *name, tp_tensor *x,
                             tp_element element) {
    if (file->count == file->room && !grow(file)) return false;
    file->items[file->count] = (tp_named_tensor){name, x};
    file->elements[file->count++] = element;
    return true;
}

bool tp_tensor_file_add(tp_tensor_file *file, const char *name, tp_tensor *x, tp_element element) {
    if (tp_is_poison(x)) return false;
    if (tp_values_own(file->values, x)) return tp_tensor_file_list_add(file, name, x, element);
    tp_fail_memory(file->at, file->op, sizeof(tp_tensor *));
    return false;
}

typedef struct sorted {
    const char *name;
    size_t number;
} sorted;

static int compare(const void *a, const void *b) {
    const sorted *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

static bool sort_names(tp_tensor_file *file) {
    sorted *order = tp_new((file->count + 1) * sizeof *order);
    file->by_name = tp_new((file->count + 1) * sizeof *file->by_name);
    bool fine = order && file->by_name;
    if (!fine) tp_fail_memory(file->at, file->op, file->count * sizeof *order);
    for (size_t i = 0; fine && i < file->count; i++) order[i] = (sorted){file->items[i].name, i};
    if (fine) qsort(order, file->count, sizeof *order, compare);
    for (size_t i = 0; fine && i < file->count; i++) file->by_name[i] = order[i].number;
    tp_delete(order);
    return fine;
}

/* ---- opening ---- */

/* The formats that people have and that we do not read, so that the message can say more than "damaged". */
static const char *foreign(const tp_mapping *m) {
    static const struct sign {
        size_t at;
        const char *bytes, *what;
    } signs[] = {
        {0, "\x89HDF\r\n\x1a\n", "an HDF5 file (Keras): save the weights as .npz there"},
        {0, "GGUF", "a GGUF file"},
        {0, "\x1f\x8b", "a gzip file: unpack it first"},
        {257, "ustar", "a tar archive (PyTorch before 0.1.10): unpack it, or save it again"},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t length = strlen(signs[i].bytes);
        if (m->size >= signs[i].at + length &&
            memcmp(m->data + signs[i].at, signs[i].bytes, length) == 0)
            return signs[i].what;
    }
    return NULL;
}

/* The content decides, not the name. */
static bool read_content(tp_tensor_file *file) {
    const tp_mapping *m = file->mapping;
    if (tp_zip_is(m)) return tp_zip_read_file(file);
    if (tp_npy_is(m->data, m->size)) return tp_npy_read_file(file);
    const char *what = foreign(m);
    if (what) {
        tp_fail(file->at, file->op, TP_ERROR_UNSUPPORTED, tp_text("%s: %s", file->path, what),
                "a .safetensors, .pth, .npy or .npz file", NULL);
        return false;
    }
    /* A pickle from protocol 2 on; as the length of a safetensors header this would need '{' further on. */
    bool pickle = m->size > 2 && m->data[0] == 0x80 && m->data[1] <= 5;
    if (pickle && (m->size < 9 || m->data[8] != '{' || m->data[7] != 0))
        return tp_pickle_read_file(file);
    return tp_safetensors_read(file);
}

tp_tensor_file *tp_tensor_file_read(tp_location at, const char *op, const char *path,
                                    tp_mapping *mapping) {
    tp_tensor_file *file = tp_new(sizeof *file);
    bool fine = file != NULL;
    if (fine) {
        *file = (tp_tensor_file){.at = at,
                                 .op = op,
                                 .path = tp_string_copy(path),
                                 .mapping = mapping,
                                 .values = tp_values_new()};
        fine = file->path && file->values;
    } else {
        tp_mapping_release(mapping);
    }
    if (!fine) tp_fail_memory(at, op, sizeof *file);
    if (fine && read_content(file) && sort_names(file)) return file;
    tp_tensor_file_close(file);
    return NULL;
}

tp_tensor_file *tp_tensor_file_open(tp_location at, const char *op, const char *path) {
    if (!path) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "the path of a file", NULL);
        return NULL;
    }
    tp_mapping *mapping = tp_mapping_open(at, op, path);
    return mapping ? tp_tensor_file_read(at, op, path, mapping) : NULL;
}

tp_tensor_file *tp_load_tensors_at(tp_location at, const char *path) {
    return tp_tensor_file_open(at, "load_tensors", path);
}

/* ---- reading ---- */

tp_tensor_format tp_tensor_file_format(const tp_tensor_file *file) {
    return file ? file->format : TP_TENSOR_FORMAT_NONE;
}

tp_named_list tp_tensor_file_list(const tp_tensor_file *file) {
    return file ? (tp_named_list){file->count, file->items} : (tp_named_list){0, NULL};
}

/* The number of the item of that name, -1 where there is none. */
static int64_t number_of(const tp_tensor_file *file, const char *name) {
    size_t low = 0, high = file && name ? file->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, file->items[file->by_name[middle]].name);
        if (order == 0) return (int64_t)file->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

tp_tensor *tp_tensor_file_get(const tp_tensor_file *file, const char *name) {
    int64_t number = number_of(file, name);
    return number < 0 ? NULL : file->items[number].tensor;
}

const char *tp_tensor_file_type(const tp_tensor_file *file, const char *name) {
    int64_t number = number_of(file, name);
    return number < 0 ? NULL : tp_element_name(file->elements[number]);
}

const tp_value *tp_tensor_file_value(const tp_tensor_file *file) {
    return file ? file->root : NULL;
}

const char *tp_tensor_file_metadata(const tp_tensor_file *file, const char *key) {
    for (size_t i = 0; file && key && i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
    return NULL;
}

const tp_metadata *tp_tensor_file_metadata_list(const tp_tensor_file *file, size_t *count) {
    *count = file ? file->metadata_count : 0;
    return file ? file->metadata : NULL;
}

void tp_tensor_file_close(tp_tensor_file *file) {
    if (!file) return;
    tp_values_free(file->values);
    tp_delete(file->items);
    tp_delete(file->elements);
    tp_delete(file->state);
    tp_delete(file->by_name);
    tp_delete(file->metadata);
    tp_mapping_release(file->mapping);
    tp_delete(file->path);
    tp_delete(file);
}
