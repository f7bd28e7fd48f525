/* The header of a safetensors file: parsed strictly, all sizes checked before anything of their size is allocated. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "io/json.h"
#include "io/safetensors.h"

static const tp_safetensors_type types[] = {
    {"BOOL", TP_BOOL, 8},
    {"U8", TP_UINT8, 8},
    {"I32", TP_INT32, 32},
    {"I64", TP_INT64, 64},
    {"F16", TP_FLOAT32, 16},
    {"BF16", TP_FLOAT32, 16},
    {"F32", TP_FLOAT32, 32},
    {"F64", TP_FLOAT64, 64},
    {"I8", TP_DTYPE_DEFAULT, 8},
    {"I16", TP_DTYPE_DEFAULT, 16},
    {"U16", TP_DTYPE_DEFAULT, 16},
    {"U32", TP_DTYPE_DEFAULT, 32},
    {"U64", TP_DTYPE_DEFAULT, 64},
    {"F8_E4M3", TP_DTYPE_DEFAULT, 8},
    {"F8_E5M2", TP_DTYPE_DEFAULT, 8},
    {"F8_E8M0", TP_DTYPE_DEFAULT, 8},
    {"F6_E2M3", TP_DTYPE_DEFAULT, 6},
    {"F6_E3M2", TP_DTYPE_DEFAULT, 6},
    {"F4", TP_DTYPE_DEFAULT, 4},
    {"C64", TP_DTYPE_DEFAULT, 64},
};

const tp_safetensors_type *tp_safetensors_type_named(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}

const char *tp_safetensors_name_of(tp_dtype dtype) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].dtype == dtype && types[i].bits == 8 * (int)tp_dtype_size(dtype))
            return types[i].name;
    return "";
}

bool tp_safetensors_bad(const tp_tensor_file *file, uint64_t offset, const char *reason) {
    tp_fail(file->at, file->op, TP_ERROR_FORMAT,
            tp_text("%s: at byte %llu: %s", file->path, (unsigned long long)offset, reason),
            "a safetensors file", NULL);
    return false;
}

static uint64_t offset_of(const tp_tensor_file *file, const tp_json *json) {
    return (uint64_t)(json->at - file->mapping->data);
}

/* Doubles a table when it is full. */
static bool grow(const tp_tensor_file *file, void *table, size_t count, size_t *room,
                 size_t bytes) {
    if (count < *room) return true;
    size_t more = *room ? 2 * *room : 16;
    void *old;
    memcpy(&old, table, sizeof old);
    void *new = tp_resize(old, more * bytes);
    if (!new) {
        tp_fail_memory(file->at, file->op, more * bytes);
        return false;
    }
    memcpy(table, &new, sizeof new);
    *room = more;
    return true;
}

/* ---- one tensor ---- */

static bool read_type(tp_json *json, tp_safetensors_entry *entry) {
    const unsigned char *start = json->at;
    const char *name = tp_json_string(json);
    if (!name) return false;
    entry->type = tp_safetensors_type_named(name);
    if (entry->type) return true;
    json->at = (unsigned char *)start;
    json->why = tp_text("a dtype \"%s\" that the format does not have", name);
    return false;
}

/* More dimensions than we can hold are kept count of and refused later, when the rest is known to be sound. */
static bool read_shape(tp_json *json, tp_safetensors_entry *entry) {
    int64_t size;
    bool first = true;
    if (!tp_json_expect(json, '[', "the shape must be a list")) return false;
    for (entry->shape.ndim = 0; tp_json_member(json, ']', &first); entry->shape.ndim++) {
        if (!tp_json_whole(json, &size)) return false;
        if (entry->shape.ndim >= TP_MAX_DIMS) {
            json->why = "more than 8 dimensions";
            return false;
        }
        entry->shape.dims[entry->shape.ndim] = size;
    }
    return !json->why;
}

static bool read_offsets(tp_json *json, tp_safetensors_entry *entry) {
    return tp_json_expect(json, '[', "data_offsets must be a list of two numbers") &&
           tp_json_whole(json, &entry->begin) &&
           tp_json_expect(json, ',', "data_offsets must be a list of two numbers") &&
           tp_json_whole(json, &entry->end) &&
           tp_json_expect(json, ']', "data_offsets must be a list of two numbers");
}

static bool read_fields(tp_json *json, tp_safetensors_entry *entry) {
    static const char *const names[] = {"dtype", "shape", "data_offsets"};
    static bool (*const readers[])(tp_json *, tp_safetensors_entry *) = {read_type, read_shape,
                                                                         read_offsets};
    bool seen[3] = {false, false, false}, first = true;
    if (!tp_json_expect(json, '{', "a tensor must be described by an object")) return false;
    while (tp_json_member(json, '}', &first)) {
        unsigned char *start = json->at;
        const char *name = tp_json_string(json);
        if (!name) return false;
        int field = 0;
        while (field < 3 && strcmp(names[field], name) != 0) field++;
        if (field == 3 || seen[field]) {
            json->at = start;
            json->why = tp_text("a field \"%.80s\" that %s", name,
                                field == 3 ? "the format does not have" : "is there twice");
            return false;
        }
        seen[field] = true;
        if (!tp_json_expect(json, ':', "a colon is missing") || !readers[field](json, entry))
            return false;
    }
    for (int field = 0; field < 3 && !json->why; field++)
        if (!seen[field]) json->why = tp_text("%s is missing", names[field]);
    return !json->why;
}

/* Whether shape, type and bytes agree; sets numel. */
static const char *size_fault(tp_safetensors_entry *entry) {
    uint64_t numel = 1, bits;
    bool empty = false;
    for (int i = 0; i < entry->shape.ndim; i++) empty = empty || entry->shape.dims[i] == 0;
    for (int i = 0; i < entry->shape.ndim && !empty; i++)
        if (__builtin_mul_overflow(numel, (uint64_t)entry->shape.dims[i], &numel))
            return "the shape has more elements than can be counted";
    if (empty) numel = 0;
    if (__builtin_mul_overflow(numel, (uint64_t)entry->type->bits, &bits) || numel > INT64_MAX)
        return "the shape has more elements than can be counted";
    if (bits % 8) return "the elements do not fill whole bytes";
    if (entry->end < entry->begin || (uint64_t)(entry->end - entry->begin) != bits / 8)
        return "data_offsets do not fit shape and dtype";
    entry->numel = (int64_t)numel;
    return NULL;
}

static bool read_entry(tp_tensor_file *file, tp_json *json, const char *name, uint64_t offset) {
    if (!grow(file, &file->entries, file->count, &file->room, sizeof *file->entries)) return false;
    tp_safetensors_entry *entry = &file->entries[file->count];
    *entry = (tp_safetensors_entry){.name = name, .offset = offset};
    if (!read_fields(json, entry))
        return tp_safetensors_bad(file, offset_of(file, json), json->why);
    const char *why = size_fault(entry);
    if (why) return tp_safetensors_bad(file, offset, tp_text("tensor \"%.80s\": %s", name, why));
    file->count++;
    return true;
}

/* ---- metadata ---- */

static int compare_metadata(const void *a, const void *b) {
    return strcmp(((const tp_metadata *)a)->key, ((const tp_metadata *)b)->key);
}

static bool read_metadata(tp_tensor_file *file, tp_json *json, uint64_t offset) {
    bool first = true;
    if (file->metadata) return tp_safetensors_bad(file, offset, "__metadata__ is there twice");
    if (!grow(file, &file->metadata, 0, &file->metadata_room, sizeof *file->metadata)) return false;
    if (!tp_json_expect(json, '{', "__metadata__ must be an object"))
        return tp_safetensors_bad(file, offset_of(file, json), json->why);
    while (tp_json_member(json, '}', &first)) {
        tp_metadata pair = {.key = tp_json_string(json)};
        if (pair.key && tp_json_expect(json, ':', "a colon is missing"))
            pair.value = tp_json_string(json);
        if (!pair.value) break;
        if (!grow(file, &file->metadata, file->metadata_count, &file->metadata_room, sizeof pair))
            return false;
        file->metadata[file->metadata_count++] = pair;
    }
    if (json->why) return tp_safetensors_bad(file, offset_of(file, json), json->why);
    qsort(file->metadata, file->metadata_count, sizeof *file->metadata, compare_metadata);
    for (size_t i = 1; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i - 1].key, file->metadata[i].key) == 0)
            return tp_safetensors_bad(
                file, offset, tp_text("__metadata__ has \"%.80s\" twice", file->metadata[i].key));
    return true;
}

/* ---- all of them ---- */

static bool read_object(tp_tensor_file *file, tp_json *json) {
    bool first = true;
    json->at++; /* the brace, seen already */
    while (tp_json_member(json, '}', &first)) {
        tp_json_skip_space(json);
        uint64_t offset = offset_of(file, json);
        const char *name = tp_json_string(json);
        if (!name || !tp_json_expect(json, ':', "a colon is missing")) break;
        bool fine = strcmp(name, TP_SAFETENSORS_METADATA) == 0
                        ? read_metadata(file, json, offset)
                        : read_entry(file, json, name, offset);
        if (!fine) return false;
    }
    tp_json_skip_space(json);
    if (!json->why && json->at < json->end)
        json->why = "there is something after the header's closing brace";
    if (json->why) return tp_safetensors_bad(file, offset_of(file, json), json->why);
    return true;
}

/* An entry and its place, sorted without the state that qsort cannot hand on. */
typedef struct sorted {
    const tp_safetensors_entry *entry;
    size_t number;
} sorted;

static int compare_names(const void *a, const void *b) {
    return strcmp(((const sorted *)a)->entry->name, ((const sorted *)b)->entry->name);
}

static int compare_places(const void *a, const void *b) {
    const tp_safetensors_entry *x = ((const sorted *)a)->entry, *y = ((const sorted *)b)->entry;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* No two of one name, no holes, no overlaps, and as many bytes as the file has. */
static bool check_all(tp_tensor_file *file, sorted *order) {
    qsort(order, file->count, sizeof *order, compare_places);
    int64_t next = 0, size = (int64_t)(file->mapping->size - 8 - file->header);
    for (size_t i = 0; i < file->count; i++) {
        const tp_safetensors_entry *entry = order[i].entry;
        const char *fault = entry->begin > next   ? "leaves a hole before its bytes"
                            : entry->begin < next ? "overlaps another one"
                            : entry->end > size   ? "ends behind the end of the file"
                                                  : NULL;
        if (fault)
            return tp_safetensors_bad(file, entry->offset,
                                      tp_text("tensor \"%.80s\" %s", entry->name, fault));
        next = entry->end;
    }
    if (next != size)
        return tp_safetensors_bad(file, 8 + file->header + (uint64_t)next,
                                  "bytes that belong to no tensor");
    qsort(order, file->count, sizeof *order, compare_names);
    for (size_t i = 0; i < file->count; i++) {
        file->by_name[i] = order[i].number;
        if (i > 0 && strcmp(order[i - 1].entry->name, order[i].entry->name) == 0)
            return tp_safetensors_bad(
                file, order[i].entry->offset,
                tp_text("there are two tensors \"%.80s\"", order[i].entry->name));
    }
    return true;
}

static bool check_order(tp_tensor_file *file) {
    sorted *order = tp_new((file->count + 1) * sizeof *order);
    file->by_name = tp_new((file->count + 1) * sizeof *file->by_name);
    bool fine = order && file->by_name;
    if (fine) {
        for (size_t i = 0; i < file->count; i++) order[i] = (sorted){&file->entries[i], i};
        fine = check_all(file, order);
    } else {
        tp_fail_memory(file->at, file->op, file->count * sizeof *order);
    }
    tp_delete(order);
    return fine;
}

bool tp_safetensors_read_header(tp_tensor_file *file) {
    const tp_mapping *mapping = file->mapping;
    if (mapping->size < 8)
        return tp_safetensors_bad(file, mapping->size, "the file ends within the first 8 bytes");
    for (int i = 7; i >= 0; i--) file->header = file->header << 8 | mapping->data[i];
    if (file->header > TP_SAFETENSORS_MAX_HEADER)
        return tp_safetensors_bad(file, 0, "a header of more than 100 MB");
    if (file->header > mapping->size - 8)
        return tp_safetensors_bad(file, mapping->size, "the file ends within the header");
    tp_json json = {.begin = mapping->data + 8,
                    .at = mapping->data + 8,
                    .end = mapping->data + 8 + file->header};
    if (file->header == 0 || *json.at != '{')
        return tp_safetensors_bad(file, 8, "the header does not begin with '{'");
    return read_object(file, &json) && check_order(file);
}
