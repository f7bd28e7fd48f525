/* Writing named tensors as safetensors. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/flat.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "tensor/tensor.h"

enum { ALIGNMENT = 64 };

/* The header as it grows. */
typedef struct text {
    char *bytes;
    size_t used, room;
    bool failed;
} text;

static void put(text *t, const char *bytes, size_t n) {
    if (t->failed) return;
    if (t->used + n > t->room) {
        size_t room = 2 * (t->used + n) + 256;
        char *more = tp_resize(t->bytes, room);
        if (!more) {
            t->failed = true;
            return;
        }
        t->bytes = more;
        t->room = room;
    }
    memcpy(t->bytes + t->used, bytes, n);
    t->used += n;
}

static void put_string(text *t, const char *string) {
    put(t, "\"", 1);
    for (const char *c = string; *c; c++) {
        char escaped[8];
        int n = *c == '"' || *c == '\\' ? snprintf(escaped, sizeof escaped, "\\%c", *c)
                : (unsigned char)*c < 0x20
                    ? snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*c)
                    : snprintf(escaped, sizeof escaped, "%c", *c);
        put(t, escaped, (size_t)n);
    }
    put(t, "\"", 1);
}

static void put_number(text *t, uint64_t value, char after) {
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%llu%c", (unsigned long long)value, after);
    put(t, digits, (size_t)n);
}

/* Large elements first, so that each begins at a multiple of its size; then by name. */
static int compare_items(const void *a, const void *b) {
    const tp_named_tensor *x = a, *y = b;
    size_t p = tp_item_size(x->tensor->dtype), q = tp_item_size(y->tensor->dtype);
    if (p != q) return p > q ? -1 : 1;
    if (x->tensor->dtype != y->tensor->dtype) return x->tensor->dtype > y->tensor->dtype ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void put_metadata(text *t, const tp_save_tensors_args *args) {
    if (!args->metadata_count) return;
    put_string(t, TP_SAFETENSORS_METADATA);
    for (size_t i = 0; i < args->metadata_count; i++) {
        put(t, i ? "," : ":{", i ? 1 : 2);
        put_string(t, args->metadata[i].key);
        put(t, ":", 1);
        put_string(t, args->metadata[i].value);
    }
    put(t, "}", 1);
}

static void put_tensor(text *t, const tp_named_tensor *item, uint64_t *offset) {
    const tp_tensor *x = item->tensor;
    put_string(t, item->name);
    put(t, ":{\"dtype\":", 10);
    put_string(t, tp_safetensors_name_of(tp_element_of(x->dtype)));
    put(t, ",\"shape\":[", 10);
    for (int i = 0; i < x->ndim; i++) {
        if (i) put(t, ",", 1);
        char digits[32];
        put(t, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)x->shape[i]));
    }
    put(t, "],\"data_offsets\":[", 18);
    put_number(t, *offset, ',');
    *offset += (uint64_t)x->numel * tp_item_size(x->dtype);
    put_number(t, *offset, ']');
    put(t, "}", 1);
}

static void put_header(text *t, const tp_save_tensors_args *args, const tp_named_tensor *items) {
    uint64_t offset = 0;
    put(t, "{", 1);
    put_metadata(t, args);
    for (size_t i = 0; i < args->count; i++) {
        if (i || args->metadata_count) put(t, ",", 1);
        put_tensor(t, &items[i], &offset);
    }
    put(t, "}", 1);
    while (!t->failed && (8 + t->used) % ALIGNMENT) put(t, " ", 1);
}

/* ---- checks ---- */

static bool refuse(const char *op, tp_location at, const char *got, const char *want) {
    tp_fail(at, op, TP_ERROR_ARGUMENT, got, want, NULL);
    return false;
}

static bool is_utf8(const char *string) {
    size_t length = strlen(string);
    return tp_utf8_valid((const unsigned char *)string, length) == length;
}

static bool check_arguments(const char *op, tp_location at, const tp_save_tensors_args *args) {
    if (!args->path) return refuse(op, at, "path NULL", "the path of a file");
    for (size_t i = 0; i < args->count; i++) {
        const tp_named_tensor *item = &args->items[i];
        if (!item->name || !is_utf8(item->name) || strcmp(item->name, TP_SAFETENSORS_METADATA) == 0)
            return refuse(op, at, item->name ? item->name : "a tensor without a name",
                          "names in UTF-8, other than \"" TP_SAFETENSORS_METADATA "\"");
        if (!tp_writable(at, op, item->tensor)) return false;
    }
    for (size_t i = 0; i < args->metadata_count; i++)
        if (!args->metadata[i].key || !args->metadata[i].value || !is_utf8(args->metadata[i].key) ||
            !is_utf8(args->metadata[i].value))
            return refuse(op, at, "metadata that is NULL or not UTF-8", "pairs of texts in UTF-8");
    return true;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const tp_named_tensor *)a)->name, ((const tp_named_tensor *)b)->name);
}

static int compare_keys(const void *a, const void *b) {
    return strcmp(((const tp_metadata *)a)->key, ((const tp_metadata *)b)->key);
}

static bool check_unique(const char *op, tp_location at, const tp_save_tensors_args *args,
                         tp_named_tensor *items, tp_metadata *pairs) {
    qsort(items, args->count, sizeof *items, compare_names);
    for (size_t i = 1; i < args->count; i++)
        if (strcmp(items[i - 1].name, items[i].name) == 0)
            return refuse(op, at, tp_text("two tensors \"%.80s\"", items[i].name),
                          "names that differ");
    if (args->metadata_count) qsort(pairs, args->metadata_count, sizeof *pairs, compare_keys);
    for (size_t i = 1; i < args->metadata_count; i++)
        if (strcmp(pairs[i - 1].key, pairs[i].key) == 0)
            return refuse(op, at, tp_text("metadata \"%.80s\" twice", pairs[i].key),
                          "keys that differ");
    return true;
}

/* ---- bytes ---- */

/* False where writing failed, which tp_file_write_end() reports, and, with *reported set, after any other error. */
static bool write_tensor(tp_file_writer *writer, tp_tensor *x, bool *reported) {
    tp_flat flat;
    *reported = !tp_flat_begin(&flat, writer->at, writer->op, x);
    bool fine = !*reported && tp_file_write(writer, flat.data, flat.bytes);
    tp_flat_end(&flat);
    return fine;
}

static bool write_file(const char *op, tp_location at, const char *path, const text *header,
                       const tp_named_tensor *items, size_t count) {
    tp_file_writer writer;
    if (!tp_file_write_begin(&writer, at, op, path)) return false;
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header->used >> (8 * i));
    bool reported = false;
    bool fine =
        tp_file_write(&writer, length, 8) && tp_file_write(&writer, header->bytes, header->used);
    for (size_t i = 0; fine && i < count; i++)
        fine = write_tensor(&writer, items[i].tensor, &reported);
    if (!reported) return tp_file_write_end(&writer);
    tp_file_write_abandon(&writer);
    return false;
}

bool tp_safetensors_write(const char *op, tp_location at, tp_save_tensors_args args) {
    if (!check_arguments(op, at, &args)) return false;
    size_t bytes = (args.count + 1) * sizeof(tp_named_tensor);
    size_t metadata_bytes = (args.metadata_count + 1) * sizeof(tp_metadata);
    tp_named_tensor *items = tp_new(bytes);
    tp_metadata *pairs = tp_new(metadata_bytes);
    text header = {0};
    bool fine = items && pairs;
    if (!fine) tp_fail_memory(at, op, bytes + metadata_bytes);
    if (fine) {
        if (args.count) memcpy(items, args.items, args.count * sizeof *items);
        if (args.metadata_count) memcpy(pairs, args.metadata, args.metadata_count * sizeof *pairs);
        args.metadata = pairs;
        fine = check_unique(op, at, &args, items, pairs);
    }
    if (fine) {
        if (args.count) qsort(items, args.count, sizeof *items, compare_items);
        put_header(&header, &args, items);
        if (header.failed) tp_fail_memory(at, op, header.room);
        fine = !header.failed;
    }
    if (fine && header.used > TP_SAFETENSORS_MAX_HEADER)
        fine = refuse(op, at, "names and shapes of more than 100 MB", "what the format can hold");
    if (fine) fine = write_file(op, at, args.path, &header, items, args.count);
    tp_delete(header.bytes);
    tp_delete(pairs);
    tp_delete(items);
    return fine;
}
