/* Storages become tensors, tensors become views of them, and the tree becomes a list of names. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/pth.h"

static size_t times(uint64_t bytes, size_t factor) {
    return bytes < SIZE_MAX / 4 / factor ? factor * (size_t)bytes : SIZE_MAX / 4;
}

void tp_pth_begin(tp_pth_reader *reader, tp_tensor_file *file, const unsigned char *bytes,
                  uint64_t size, uint64_t packed, uint64_t offset) {
    enum { LEAST = 1 << 20, TIMES = 256, TIMES_PACKED = 4096 };
    *reader = (tp_pth_reader){.file = file};
    reader->pickle = (tp_pickle){.at = file->at,
                                 .op = file->op,
                                 .path = file->path,
                                 .values = file->values,
                                 .begin = bytes,
                                 .next = bytes,
                                 .end = bytes + size,
                                 .offset = offset};
    /* A byte of a pickle is a value of fifty bytes at most, and as much again while its list grows. A pickle shrinks to a tenth when
     * it is packed; one that shrinks to a thousandth has other things in mind. */
    size_t most = times(size, TIMES), most_packed = times(packed, TIMES_PACKED);
    file->values->arena.limit = LEAST + (most < most_packed ? most : most_packed);
    file->format = TP_TENSOR_FORMAT_PTH;
}

void tp_pth_end(tp_pth_reader *reader) {
    tp_pickle_end(&reader->pickle);
    tp_delete(reader->places);
    reader->places = NULL;
}

/* ---- tensors ---- */

/* By storage and type, so that all views of one stand together. */
static int compare_recipes(const void *a, const void *b) {
    const tp_recipe *x = *(const tp_recipe *const *)a, *y = *(const tp_recipe *const *)b;
    int order = strcmp(x->storage->key, y->storage->key);
    if (order) return order;
    if (x->element != y->element) return x->element < y->element ? -1 : 1;
    if (x->storage->first != y->storage->first)
        return x->storage->first < y->storage->first ? -1 : 1;
    return x->storage->numel < y->storage->numel   ? -1
           : x->storage->numel > y->storage->numel ? 1
                                                   : 0;
}

static tp_tensor *make_base(const tp_pth_reader *reader, const tp_recipe *r,
                            const tp_pth_bytes *found) {
    const tp_tensor_file *file = reader->file;
    size_t item = tp_element_size(r->element);
    uint64_t first = (uint64_t)r->storage->first, numel = (uint64_t)r->storage->numel;
    if (r->storage->untyped) numel /= item;
    if (first > found->size / item || numel > found->size / item - first) {
        tp_tensor_file_bad(file, r->place,
                           tp_text("storage \"%.80s\" should have %llu elements of %s, and %llu "
                                   "bytes are there",
                                   r->storage->key, (unsigned long long)numel,
                                   tp_element_name(r->element), (unsigned long long)found->size));
        return tp_poison();
    }
    const tp_elements e = {.at = file->at,
                           .op = file->op,
                           .path = file->path,
                           .name = r->storage->key,
                           .bytes = found->bytes + first * item,
                           .offset = found->offset + first * item,
                           .mapping = found->unpacked ? NULL : file->mapping,
                           .element = r->element,
                           .big = reader->big};
    return tp_elements_tensor(&e, tp_shape((int64_t)numel));
}

static tp_tensor *make_view(const tp_pth_reader *reader, const tp_recipe *r, tp_tensor *base) {
    const tp_tensor_file *file = reader->file;
    if (tp_shape_numel(r->shape) == 0)
        return tp_make_shape(file->at, file->op, tp_element_dtype(r->element), r->shape);
    return tp_make_view(file->at, file->op, base, r->shape, r->stride, r->offset);
}

static bool own(const tp_pth_reader *reader, const tp_recipe *r, tp_tensor *x) {
    if (tp_is_poison(x)) return false;
    r->value->tensor = x;
    if (tp_values_own(reader->file->values, x)) return true;
    tp_fail_memory(reader->file->at, reader->file->op, sizeof(tp_tensor *));
    return false;
}

/* All views of one storage, which are `count` recipes side by side. */
static bool make_group(tp_pth_reader *reader, tp_recipe **recipes, size_t count) {
    tp_pth_bytes found = {0};
    if (!reader->find(reader, recipes[0]->storage, &found)) return false;
    tp_tensor *base = make_base(reader, recipes[0], &found);
    bool fine = !tp_is_poison(base);
    for (size_t i = 0; fine && i < count; i++)
        fine = own(reader, recipes[i], make_view(reader, recipes[i], base));
    tp_free(base);
    tp_delete(found.unpacked);
    return fine;
}

/* An array of NumPy's, whose bytes are part of the pickle. */
static bool make_array(tp_pth_reader *reader, const tp_recipe *r) {
    const tp_tensor_file *file = reader->file;
    const tp_elements e = {.at = file->at,
                           .op = file->op,
                           .path = file->path,
                           .bytes = (unsigned char *)(uintptr_t)r->bytes,
                           .offset = r->place,
                           .element = r->element,
                           .big = r->big};
    int64_t numel = tp_shape_numel(r->shape);
    tp_tensor *base = tp_elements_tensor(&e, numel ? tp_shape(numel) : r->shape);
    if (tp_is_poison(base) || !numel) return own(reader, r, base);
    tp_tensor *x = make_view(reader, r, base);
    tp_free(base);
    return own(reader, r, x);
}

static bool make_tensors(tp_pth_reader *reader) {
    size_t count = 0, all = 0;
    bool fine = true;
    for (const tp_recipe *r = reader->pickle.recipes; r; r = r->next) all++;
    tp_recipe **recipes = tp_new((all + 1) * sizeof(tp_recipe *));
    if (!recipes) {
        tp_fail_memory(reader->file->at, reader->file->op, all * sizeof(tp_recipe *));
        return false;
    }
    for (tp_recipe *r = reader->pickle.recipes; fine && r; r = r->next)
        if (r->storage)
            recipes[count++] = r;
        else
            fine = make_array(reader, r);
    qsort(recipes, count, sizeof *recipes, compare_recipes);
    for (size_t i = 0, next; fine && i < count; i = next) {
        next = i + 1;
        while (next < count && compare_recipes(&recipes[i], &recipes[next]) == 0) next++;
        fine = make_group(reader, recipes + i, next - i);
    }
    tp_delete(recipes);
    return fine;
}

/* ---- names ---- */

/* The key of a pair or the position in a list, behind `prefix` and a dot; NULL when out of memory. */
static const char *path_of(tp_values *values, const char *prefix, const tp_value *value, size_t i) {
    const tp_value *key = tp_value_key(value, i);
    const char *last = tp_value_str(key);
    if (!last)
        last = tp_text("%lld",
                       key && key->kind == TP_VALUE_INT ? (long long)key->is.whole : (long long)i);
    size_t before = strlen(prefix), length = strlen(last);
    char *path = tp_arena_take(&values->arena, before + length + 2);
    if (!path) return NULL;
    memcpy(path, prefix, before);
    if (before) path[before++] = '.';
    memcpy(path + before, last, length + 1);
    return path;
}

/* Only where there is a tensor in it at all, paths are made. */
static bool list_tensors(tp_tensor_file *file, const tp_value *value, const char *path) {
    if (value->kind == TP_VALUE_TENSOR)
        return tp_tensor_file_list_add(file, *path ? path : "tensor", value->tensor,
                                       value->recipe->element);
    for (size_t i = 0; i < tp_value_count(value); i++) {
        const tp_value *member = tp_value_item(value, i);
        if (!member->tensors) continue;
        const char *inner = path_of(file->values, path, value, i);
        if (!inner) {
            tp_fail_memory(file->at, file->op, strlen(path));
            return false;
        }
        if (!list_tensors(file, member, inner)) return false;
    }
    return true;
}

bool tp_pth_finish(tp_pth_reader *reader, tp_value *root) {
    if (!root || !make_tensors(reader)) return false;
    reader->file->root = root;
    reader->file->values->arena.limit = 0; /* names are bounded by the tree's weight */
    return list_tensors(reader->file, root, "");
}
