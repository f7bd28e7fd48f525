/* .pth files of before PyTorch 1.6, and pickles of plain values and NumPy's arrays. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/pth.h"

typedef struct tp_pth_place {
    const char *key;
    unsigned char *bytes;
    uint64_t size; /* in bytes */
} tp_pth_place;

/* What the first pickle of such a file holds: 0x1950a86a20f9469cfc6c. */
static const unsigned char magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
enum { VERSION = 1001 };

static bool is_magic(const tp_value *value) {
    return value && value->digits && value->count == sizeof magic &&
           memcmp(value->digits, magic, sizeof magic) == 0;
}

static int compare_places(const void *a, const void *b) {
    return strcmp(((const tp_pth_place *)a)->key, ((const tp_pth_place *)b)->key);
}

static bool find_storage(tp_pth_reader *reader, const tp_pth_storage *storage,
                         tp_pth_bytes *bytes) {
    const tp_pth_place key = {.key = storage->key};
    const tp_pth_place *place = reader->place_count
                                    ? bsearch(&key, reader->places, reader->place_count,
                                              sizeof *reader->places, compare_places)
                                    : NULL;
    if (!place)
        return tp_tensor_file_bad(reader->file, storage->place,
                                  tp_text("storage \"%.80s\" is missing", storage->key));
    bytes->bytes = place->bytes;
    bytes->size = place->size;
    bytes->offset = (uint64_t)(place->bytes - reader->file->mapping->data);
    return true;
}

/* Storages sorted by key, to know of each key what its elements are. */
static int compare_storages(const void *a, const void *b) {
    return strcmp((*(const tp_pth_storage *const *)a)->key,
                  (*(const tp_pth_storage *const *)b)->key);
}

static const tp_pth_storage **sort_storages(const tp_pth_reader *reader, size_t *count) {
    *count = 0;
    for (const tp_pth_storage *s = reader->pickle.storages; s; s = s->next) ++*count;
    const tp_pth_storage **sorted = tp_new((*count + 1) * sizeof(tp_pth_storage *));
    if (!sorted) {
        tp_fail_memory(reader->file->at, reader->file->op, *count * sizeof(tp_pth_storage *));
        return NULL;
    }
    size_t i = 0;
    for (const tp_pth_storage *s = reader->pickle.storages; s; s = s->next) sorted[i++] = s;
    qsort(sorted, *count, sizeof *sorted, compare_storages);
    return sorted;
}

/* Eight bytes with the number of elements, then those. */
static bool place_one(tp_pth_reader *reader, tp_pth_place *place, tp_element element,
                      unsigned char **at) {
    const tp_tensor_file *file = reader->file;
    uint64_t offset = (uint64_t)(*at - file->mapping->data), left = file->mapping->size - offset;
    uint64_t numel = 0, item = element == TP_ELEMENT_COUNT ? 1 : tp_element_size(element);
    for (int i = 7; left >= 8 && i >= 0; i--) numel = numel << 8 | (*at)[i];
    if (left < 8 || numel > (left - 8) / item)
        return tp_tensor_file_bad(file, offset,
                                  tp_text("storage \"%.80s\" should have %llu elements, and %llu "
                                          "bytes are left",
                                          place->key, (unsigned long long)numel,
                                          (unsigned long long)left));
    place->bytes = *at + 8;
    place->size = numel * item;
    *at += 8 + place->size;
    return true;
}

static bool place_all(tp_pth_reader *reader, const tp_value *keys, const tp_pth_storage **sorted,
                      size_t count) {
    unsigned char *at = reader->file->mapping->data + (reader->pickle.next - reader->pickle.begin);
    for (size_t i = 0; i < keys->count; i++) {
        tp_pth_place *place = &reader->places[i];
        place->key = tp_value_str(keys->is.items[i]);
        if (!place->key)
            return tp_tensor_file_bad(reader->file, 0, "a key of a storage that is no text");
        const tp_pth_storage wanted = {.key = place->key}, *pointer = &wanted;
        const tp_pth_storage **known =
            count ? bsearch(&pointer, sorted, count, sizeof *sorted, compare_storages) : NULL;
        if (!known)
            return tp_tensor_file_bad(reader->file, 0,
                                      tp_text("storage \"%.80s\" of no tensor", place->key));
        if (!place_one(reader, place, (*known)->element, &at)) return false;
    }
    reader->place_count = keys->count;
    qsort(reader->places, reader->place_count, sizeof *reader->places, compare_places);
    return true;
}

/* Behind the object: a list of keys, then the storages in that order. */
static bool read_storages(tp_pth_reader *reader) {
    const tp_value *keys = tp_pickle_read(&reader->pickle);
    if (!keys) return false;
    if (keys->kind != TP_VALUE_LIST)
        return tp_tensor_file_bad(reader->file, tp_pickle_place(&reader->pickle),
                                  "the list of storages is missing");
    size_t count, bytes = (keys->count + 1) * sizeof *reader->places;
    reader->places = tp_new(bytes);
    if (!reader->places) {
        tp_fail_memory(reader->file->at, reader->file->op, bytes);
        return false;
    }
    const tp_pth_storage **sorted = sort_storages(reader, &count);
    bool fine = sorted && place_all(reader, keys, sorted, count);
    tp_delete(sorted);
    return fine;
}

static bool read_legacy(tp_pth_reader *reader) {
    tp_pickle *p = &reader->pickle;
    const tp_value *version = tp_pickle_read(p), *system = version ? tp_pickle_read(p) : NULL;
    if (!system) return false;
    if (tp_value_int(version) != VERSION)
        return tp_tensor_file_bad(
            reader->file, 0,
            tp_text("version %lld of the format", (long long)tp_value_int(version)));
    tp_value *root = tp_pickle_read(p);
    return root && read_storages(reader) && tp_pth_finish(reader, root);
}

static bool no_storages(tp_pth_reader *reader, const tp_pth_storage *storage, tp_pth_bytes *bytes) {
    (void)bytes;
    return tp_tensor_file_bad(reader->file, storage->place, "a tensor without its storage");
}

bool tp_pickle_read_file(tp_tensor_file *file) {
    tp_pth_reader reader;
    tp_pth_begin(&reader, file, file->mapping->data, file->mapping->size, file->mapping->size, 0);
    reader.find = find_storage;
    tp_value *first = tp_pickle_read(&reader.pickle);
    bool legacy = is_magic(first), fine;
    if (!legacy) reader.find = no_storages;
    fine = legacy ? read_legacy(&reader) : tp_pth_finish(&reader, first);
    tp_pth_end(&reader);
    return fine;
}
