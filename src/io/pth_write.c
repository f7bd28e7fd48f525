/* .pth files: a zip archive of a pickle and a record for each storage. */
#include <string.h>

#include "base/fail.h"
#include "io/flat.h"
#include "io/json.h"
#include "io/pickle_write.h"
#include "io/tensor_file.h"
#include "io/zip.h"

/* One storage. *reported is set after an error other than of the file. */
static bool add_storage(tp_zip_writer *zip, tp_tensor *x, size_t number, bool *reported) {
    char name[48];
    tp_flat flat;
    snprintf(name, sizeof name, "archive/data/%zu", number);
    *reported = !tp_flat_begin(&flat, zip->file->at, zip->file->op, x);
    if (*reported) return false;
    bool fine = tp_zip_add(zip, name, flat.data, flat.bytes);
    *reported = zip->failed;
    tp_flat_end(&flat);
    return fine;
}

static bool add_all(tp_zip_writer *zip, const tp_pickle_writer *pickle, bool *reported) {
    bool fine = tp_zip_add(zip, "archive/data.pkl", pickle->bytes, pickle->used) &&
                tp_zip_add(zip, "archive/byteorder", "little", 6);
    for (size_t i = 0; fine && i < pickle->storage_count; i++)
        fine = add_storage(zip, pickle->storages[i], i, reported);
    fine = fine && tp_zip_add(zip, "archive/version", "3\n", 2);
    *reported = *reported || zip->failed;
    return fine;
}

bool tp_pth_write(const char *op, tp_location at, const char *path, const tp_value *value) {
    tp_pickle_writer pickle = {.at = at, .op = op};
    tp_file_writer file;
    bool fine = tp_pickle_write(&pickle, value) && tp_file_write_begin(&file, at, op, path);
    if (fine) {
        tp_zip_writer zip = {.file = &file};
        bool reported = false;
        add_all(&zip, &pickle, &reported);
        tp_zip_finish(&zip);
        fine = !reported && tp_file_write_end(&file);
        if (reported) tp_file_write_abandon(&file);
    }
    tp_pickle_write_end(&pickle);
    return fine;
}

bool tp_save_values_at(tp_location at, const char *path, const tp_value *value) {
    if (path && value) return tp_pth_write("save_values", at, path, value);
    if (path)
        tp_fail_memory(at, "save_values", 0); /* a tree of which not even the root could be made */
    else
        tp_fail(at, "save_values", TP_ERROR_ARGUMENT, "path NULL", "the path of a file", NULL);
    return false;
}

static bool refuse_name(const char *op, tp_location at, const char *name) {
    tp_fail(at, op, TP_ERROR_ARGUMENT,
            name ? tp_text("tensor \"%.80s\" twice, or not in UTF-8", name)
                 : "a tensor without a name",
            "names in UTF-8 that differ", NULL);
    return false;
}

bool tp_pth_write_tensors(const char *op, tp_location at, const tp_save_tensors_args *args) {
    tp_values *values = tp_values_new();
    tp_value *dict = tp_value_dict(values);
    bool fine = true;
    for (size_t i = 0; fine && dict && i < args->count; i++) {
        const tp_named_tensor *item = &args->items[i];
        size_t length = item->name ? strlen(item->name) : 0, count = dict->count;
        if (!item->name || tp_utf8_valid((const unsigned char *)item->name, length) != length)
            fine = refuse_name(op, at, item->name);
        if (fine) tp_value_set(dict, item->name, tp_value_of_tensor(values, item->tensor));
        if (fine && dict->count == count && !values->failed) fine = refuse_name(op, at, item->name);
    }
    if (!dict) tp_fail_memory(at, op, sizeof(tp_value *));
    fine = fine && dict && tp_pth_write(op, at, args->path, dict);
    tp_values_free(values);
    return fine;
}
