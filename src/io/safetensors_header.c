/* The header of a safetensors file: parsed strictly, all sizes checked before anything of their size is allocated. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "io/json.h"
#include "io/safetensors.h"

static const struct type {
    const char *name;
    tp_element element; /* TP_ELEMENT_COUNT: Taper has nothing for it */
    int bits;
} types[] = {
    {"BOOL", TP_ELEMENT_BOOL, 8},       {"U8", TP_ELEMENT_U8, 8},
    {"I8", TP_ELEMENT_I8, 8},           {"U16", TP_ELEMENT_U16, 16},
    {"I16", TP_ELEMENT_I16, 16},        {"U32", TP_ELEMENT_U32, 32},
    {"I32", TP_ELEMENT_I32, 32},        {"U64", TP_ELEMENT_U64, 64},
    {"I64", TP_ELEMENT_I64, 64},        {"F8_E4M3", TP_ELEMENT_F8_E4M3, 8},
    {"F8_E5M2", TP_ELEMENT_F8_E5M2, 8}, {"F8_E8M0", TP_ELEMENT_F8_E8M0, 8},
    {"F16", TP_ELEMENT_F16, 16},        {"BF16", TP_ELEMENT_BF16, 16},
    {"F32", TP_ELEMENT_F32, 32},        {"F64", TP_ELEMENT_F64, 64},
    {"F4", TP_ELEMENT_COUNT, 4},        {"F6_E2M3", TP_ELEMENT_COUNT, 6},
    {"F6_E3M2", TP_ELEMENT_COUNT, 6},   {"C64", TP_ELEMENT_COUNT, 64},
};
enum { TYPES = sizeof types / sizeof types[0] };

bool tp_safetensors_type(const char *name, tp_element *element, int *bits) {
    for (int i = 0; i < TYPES; i++)
        if (strcmp(types[i].name, name) == 0) {
            *element = types[i].element;
            *bits = types[i].bits;
            return true;
        }
    return false;
}

const char *tp_safetensors_name_of(tp_element element) {
    for (int i = 0; i < TYPES; i++)
        if (types[i].element == element) return types[i].name;
    return "";
}

static bool bad(const tp_safetensors_reader *r, uint64_t offset, const char *reason) {
    return tp_tensor_file_bad(r->file, offset, reason);
}

static uint64_t offset_of(const tp_safetensors_reader *r, const tp_json *json) {
    return (uint64_t)(json->at - r->file->mapping->data);
}

/* Doubles a table when it is full. */
static bool grow(const tp_safetensors_reader *r, void *table, size_t count, size_t *room,
                 size_t bytes) {
    if (count < *room) return true;
    size_t more = *room ? 2 * *room : 16;
    void *old;
    memcpy(&old, table, sizeof old);
    void *new = tp_resize(old, more * bytes);
    if (!new) {
        tp_fail_memory(r->file->at, r->file->op, more * bytes);
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
    entry->type = name;
    if (tp_safetensors_type(name, &entry->element, &entry->bits)) return true;
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

/* Whether shape, type and bytes agree. */
static const char *size_fault(const tp_safetensors_entry *entry) {
    uint64_t numel = 1, bits;
    bool empty = false;
    for (int i = 0; i < entry->shape.ndim; i++) empty = empty || entry->shape.dims[i] == 0;
    for (int i = 0; i < entry->shape.ndim && !empty; i++)
        if (__builtin_mul_overflow(numel, (uint64_t)entry->shape.dims[i], &numel))
            return "the shape has more elements than can be counted";
    if (empty) numel = 0;
    if (__builtin_mul_overflow(numel, (uint64_t)entry->bits, &bits) || numel > INT64_MAX)
        return "the shape has more elements than can be counted";
    if (bits % 8) return "the elements do not fill whole bytes";
    if (entry->end < entry->begin || (uint64_t)(entry->end - entry->begin) != bits / 8)
        return "data_offsets do not fit shape and dtype";
    return NULL;
}

static bool read_entry(tp_safetensors_reader *r, tp_json *json, const char *name, uint64_t offset) {
    if (!grow(r, &r->entries, r->count, &r->room, sizeof *r->entries)) return false;
    tp_safetensors_entry *entry = &r->entries[r->count];
    *entry = (tp_safetensors_entry){.name = name, .offset = offset};
    if (!read_fields(json, entry)) return bad(r, offset_of(r, json), json->why);
    const char *why = size_fault(entry);
    if (why) return bad(r, offset, tp_text("tensor \"%.80s\": %s", name, why));
    r->count++;
    return true;
}

/* ---- metadata ---- */

static int compare_metadata(const void *a, const void *b) {
    return strcmp(((const tp_metadata *)a)->key, ((const tp_metadata *)b)->key);
}

static bool read_metadata(tp_safetensors_reader *r, tp_json *json, uint64_t offset) {
    tp_tensor_file *file = r->file;
    bool first = true;
    if (file->metadata) return bad(r, offset, "__metadata__ is there twice");
    if (!grow(r, &file->metadata, 0, &r->metadata_room, sizeof *file->metadata)) return false;
    if (!tp_json_expect(json, '{', "__metadata__ must be an object"))
        return bad(r, offset_of(r, json), json->why);
    while (tp_json_member(json, '}', &first)) {
        tp_metadata pair = {.key = tp_json_string(json)};
        if (pair.key && tp_json_expect(json, ':', "a colon is missing"))
            pair.value = tp_json_string(json);
        if (!pair.value) break;
        if (!grow(r, &file->metadata, file->metadata_count, &r->metadata_room, sizeof pair))
            return false;
        file->metadata[file->metadata_count++] = pair;
    }
    if (json->why) return bad(r, offset_of(r, json), json->why);
    qsort(file->metadata, file->metadata_count, sizeof *file->metadata, compare_metadata);
    for (size_t i = 1; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i - 1].key, file->metadata[i].key) == 0)
            return bad(r, offset,
                       tp_text("__metadata__ has \"%.80s\" twice", file->metadata[i].key));
    return true;
}

/* ---- all of them ---- */

static bool read_object(tp_safetensors_reader *r, tp_json *json) {
    bool first = true;
    json->at++; /* the brace, seen already */
    while (tp_json_member(json, '}', &first)) {
        tp_json_skip_space(json);
        uint64_t offset = offset_of(r, json);
        const char *name = tp_json_string(json);
        if (!name || !tp_json_expect(json, ':', "a colon is missing")) break;
        bool fine = strcmp(name, TP_SAFETENSORS_METADATA) == 0 ? read_metadata(r, json, offset)
                                                               : read_entry(r, json, name, offset);
        if (!fine) return false;
    }
    tp_json_skip_space(json);
    if (!json->why && json->at < json->end)
        json->why = "there is something after the header's closing brace";
    if (json->why) return bad(r, offset_of(r, json), json->why);
    return true;
}

typedef struct sorted {
    const tp_safetensors_entry *entry;
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
static bool check_all(const tp_safetensors_reader *r, sorted *order) {
    qsort(order, r->count, sizeof *order, compare_places);
    int64_t next = 0, size = (int64_t)(r->file->mapping->size - 8 - r->header);
    for (size_t i = 0; i < r->count; i++) {
        const tp_safetensors_entry *entry = order[i].entry;
        const char *fault = entry->begin > next   ? "leaves a hole before its bytes"
                            : entry->begin < next ? "overlaps another one"
                            : entry->end > size   ? "ends behind the end of the file"
                                                  : NULL;
        if (fault) return bad(r, entry->offset, tp_text("tensor \"%.80s\" %s", entry->name, fault));
        next = entry->end;
    }
    if (next != size)
        return bad(r, 8 + r->header + (uint64_t)next, "bytes that belong to no tensor");
    qsort(order, r->count, sizeof *order, compare_names);
    for (size_t i = 1; i < r->count; i++)
        if (strcmp(order[i - 1].entry->name, order[i].entry->name) == 0)
            return bad(r, order[i].entry->offset,
                       tp_text("there are two tensors \"%.80s\"", order[i].entry->name));
    return true;
}

static bool check_order(const tp_safetensors_reader *r) {
    sorted *order = tp_new((r->count + 1) * sizeof *order);
    if (!order) {
        tp_fail_memory(r->file->at, r->file->op, r->count * sizeof *order);
        return false;
    }
    for (size_t i = 0; i < r->count; i++) order[i] = (sorted){&r->entries[i]};
    bool fine = check_all(r, order);
    tp_delete(order);
    return fine;
}

bool tp_safetensors_read_header(tp_safetensors_reader *r) {
    const tp_mapping *mapping = r->file->mapping;
    if (mapping->size < 8) return bad(r, mapping->size, "the file ends within the first 8 bytes");
    for (int i = 7; i >= 0; i--) r->header = r->header << 8 | mapping->data[i];
    if (r->header > TP_SAFETENSORS_MAX_HEADER) return bad(r, 0, "a header of more than 100 MB");
    if (r->header > mapping->size - 8)
        return bad(r, mapping->size, "the file ends within the header");
    tp_json json = {
        .begin = mapping->data + 8, .at = mapping->data + 8, .end = mapping->data + 8 + r->header};
    if (r->header == 0 || *json.at != '{') return bad(r, 8, "the header does not begin with '{'");
    return read_object(r, &json) && check_order(r);
}
