/* npz: a zip archive with an npy file for each array. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/flat.h"
#include "io/npy.h"
#include "io/tensor_file.h"
#include "io/zip.h"

static bool is_npy(const char *name) {
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".npy") == 0;
}

bool tp_npy_read_file(tp_tensor_file *file) {
    file->format = TP_TENSOR_FORMAT_NPY;
    const tp_npy_source source = {.at = file->at,
                                  .op = file->op,
                                  .path = file->path,
                                  .bytes = file->mapping->data,
                                  .size = file->mapping->size,
                                  .mapping = file->mapping};
    tp_element element = TP_ELEMENT_F32;
    tp_tensor *x = tp_npy_tensor(&source, &element);
    return tp_tensor_file_add(file, "array", x, element);
}

/* ---- reading ---- */

static tp_tensor *entry_array(const tp_zip *zip, const tp_zip_entry *entry, tp_mapping *mapping,
                              tp_element *element) {
    void *unpacked;
    unsigned char *bytes = tp_zip_bytes(zip, entry, &unpacked);
    if (!bytes) return tp_poison();
    const tp_npy_source source = {.at = zip->at,
                                  .op = zip->op,
                                  .path = zip->path,
                                  .name = entry->name,
                                  .bytes = bytes,
                                  .size = (size_t)entry->size,
                                  .offset = unpacked ? 0 : entry->offset,
                                  .mapping = unpacked ? NULL : mapping};
    tp_tensor *x = tp_npy_tensor(&source, element);
    tp_delete(unpacked);
    return x;
}

static int compare_places(const void *a, const void *b) {
    const tp_zip_entry *x = *(const tp_zip_entry *const *)a, *y = *(const tp_zip_entry *const *)b;
    return x->header < y->header ? -1 : x->header > y->header;
}

bool tp_npz_read_entries(tp_tensor_file *file, const tp_zip *zip) {
    file->format = TP_TENSOR_FORMAT_NPZ;
    const tp_zip_entry **order = tp_new((zip->count + 1) * sizeof(tp_zip_entry *));
    if (!order) {
        tp_fail_memory(file->at, file->op, zip->count * sizeof(tp_zip_entry *));
        return false;
    }
    for (size_t i = 0; i < zip->count; i++) order[i] = &zip->entries[i];
    qsort(order, zip->count, sizeof *order, compare_places); /* as they were written */
    bool fine = true;
    for (size_t i = 0; fine && i < zip->count; i++) {
        if (!is_npy(order[i]->name)) continue;
        const char *name =
            tp_arena_text(&file->values->arena, order[i]->name, strlen(order[i]->name) - 4);
        if (!name) tp_fail_memory(file->at, file->op, strlen(order[i]->name));
        tp_element element = TP_ELEMENT_F32;
        tp_tensor *x = name ? entry_array(zip, order[i], file->mapping, &element) : tp_poison();
        fine = tp_tensor_file_add(file, name, x, element);
    }
    tp_delete(order);
    return fine;
}

/* The entry "x.npy" or "x"; NULL after an error that lists what is there. */
static const tp_zip_entry *find_array(const tp_zip *zip, const char *name) {
    const char *full = tp_text("%.400s.npy", name);
    const tp_zip_entry *entry = tp_zip_find(zip, full);
    if (!entry && is_npy(name)) entry = tp_zip_find(zip, name);
    if (entry) return entry;
    char names[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < zip->count && used < sizeof names; i++)
        if (is_npy(zip->entries[i].name))
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", used ? ", " : "",
                                     (int)strlen(zip->entries[i].name) - 4, zip->entries[i].name);
    tp_fail(zip->at, zip->op, TP_ERROR_ARGUMENT,
            tp_text("no array \"%.80s\" in %s", name, zip->path),
            used ? tp_text("one of %s", names) : "an .npz file with arrays", NULL);
    return NULL;
}

tp_tensor *tp_npz_read_at(tp_location at, const char *path, const char *name) {
    if (!path || !name)
        return tp_fail(at, "npz_read", TP_ERROR_ARGUMENT, "NULL",
                       "the path of a file and the name of an array", NULL);
    tp_mapping *mapping = tp_mapping_open(at, "npz_read", path);
    if (!mapping) return tp_poison();
    tp_zip zip;
    const tp_zip_entry *entry =
        tp_zip_open(&zip, at, "npz_read", path, mapping) ? find_array(&zip, name) : NULL;
    tp_tensor *x = entry ? entry_array(&zip, entry, mapping, NULL) : tp_poison();
    tp_zip_close(&zip);
    tp_mapping_release(mapping);
    return x;
}

/* ---- writing ---- */

static bool check_items(const char *op, tp_location at, const tp_npz_write_args *args) {
    const char *why = args->path ? NULL : "path NULL";
    for (size_t i = 0; !why && i < args->count; i++) {
        const char *name = args->items[i].name;
        if (!name || !*name || strlen(name) > 4096)
            why = "an array without a name, or a very long one";
        if (!why && !tp_writable(at, op, args->items[i].tensor)) return false;
        for (size_t j = 0; !why && j < i; j++)
            if (strcmp(args->items[j].name, name) == 0) why = tp_text("two arrays \"%.80s\"", name);
    }
    if (why)
        tp_fail(at, op, TP_ERROR_ARGUMENT, why, "a path, and arrays with names that differ", NULL);
    return !why;
}

/* One array: the header and the elements, which have to be one run of bytes for the archive. */
static bool add_array(tp_zip_writer *writer, const tp_named_tensor *item, bool *reported) {
    tp_location at = writer->file->at;
    const char *op = writer->file->op;
    char header[TP_NPY_HEADER_ROOM];
    size_t length = tp_npy_put_header(header, item->tensor);
    size_t bytes = length + (size_t)item->tensor->numel * tp_item_size(item->tensor->dtype);
    size_t name_bytes = strlen(item->name) + sizeof ".npy";
    unsigned char *whole = tp_block_allocate(bytes);
    char *name = tp_new(name_bytes);
    if (!whole || !name) tp_fail_memory(at, op, bytes);
    *reported = !whole || !name;
    bool fine = !*reported;
    if (fine) {
        snprintf(name, name_bytes, "%s.npy", item->name);
        memcpy(whole, header, length);
        fine = !item->tensor->numel || tp_copy_out_at(at, item->tensor, whole + length);
        *reported = !fine;
        fine = fine && tp_zip_add(writer, name, whole, bytes);
        *reported = *reported || writer->failed;
    }
    tp_block_release(whole, bytes);
    tp_delete(name);
    return fine;
}

bool tp_npz_write_file(const char *op, tp_location at, tp_npz_write_args args) {
    if (!check_items(op, at, &args)) return false;
    tp_file_writer file;
    if (!tp_file_write_begin(&file, at, op, args.path)) return false;
    tp_zip_writer writer = {.file = &file, .compress = args.compressed};
    bool fine = true, reported = false;
    for (size_t i = 0; fine && i < args.count; i++)
        fine = add_array(&writer, &args.items[i], &reported);
    tp_zip_finish(&writer);
    if (!reported) return tp_file_write_end(&file);
    tp_file_write_abandon(&file);
    return false;
}

bool tp_npz_write_at(tp_location at, tp_npz_write_args args) {
    return tp_npz_write_file("npz_write", at, args);
}
