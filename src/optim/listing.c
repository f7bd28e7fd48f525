#include "optim/listing.h"

#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "ops/loop.h"
#include "tensor/access.h"

typedef struct tp_entry {
    tp_entry_kind kind;
    void *place; /* NULL for TP_ENTRY_TENSOR */
} tp_entry;

/* ---- making ---- */

/* Room for one more. */
static bool grow(tp_listing *list) {
    if (list->count < list->room) return true;
    size_t room = list->room ? 2 * list->room : 16;
    tp_named_tensor *items = tp_resize(list->items, room * sizeof *items);
    if (items) list->items = items;
    tp_entry *entries = items ? tp_resize(list->entries, room * sizeof *entries) : NULL;
    if (!entries) return false;
    list->entries = entries;
    list->room = room;
    return true;
}

/* Adds x, which the list owns from now on; NULL and poison stand for out of memory. */
static void add(tp_listing *list, tp_tensor *x, tp_entry entry, const char *format, va_list words) {
    char name[256];
    vsnprintf(name, sizeof name, format, words);
    char *copy = x && !x->poison && grow(list) ? tp_string_copy(name) : NULL;
    if (!copy) {
        list->failed = true;
        if (x && !x->poison) tp_free(x);
        return;
    }
    list->items[list->count] = (tp_named_tensor){copy, x};
    list->entries[list->count++] = entry;
}

/* float64 over a block of its own: (n), or () where n is -1. NULL when out of memory, reported by the caller. */
static tp_tensor *numbers_new(int64_t n) {
    int64_t count = n < 0 ? 1 : n;
    tp_storage *storage = tp_storage_new((size_t)count * sizeof(double));
    if (!storage) return NULL;
    tp_shape shape = {n < 0 ? 0 : 1, {count}};
    return tp_own(tp_make_over(TP_MAKE(tp_location, NULL, 0), "state_dict", storage, storage->data,
                               TP_FLOAT64, shape));
}

void tp_list_tensor(tp_listing *list, tp_tensor *x, const char *format, ...) {
    va_list words;
    va_start(words, format);
    add(list, x, (tp_entry){TP_ENTRY_TENSOR, NULL}, format, words);
    va_end(words);
}

void tp_list_numbers(tp_listing *list, double *place, int64_t n, const char *format, ...) {
    va_list words;
    va_start(words, format);
    add(list, numbers_new(n), (tp_entry){TP_ENTRY_NUMBER, place}, format, words);
    va_end(words);
}

void tp_list_whole(tp_listing *list, int64_t *place, const char *format, ...) {
    va_list words;
    va_start(words, format);
    add(list, numbers_new(-1), (tp_entry){TP_ENTRY_WHOLE, place}, format, words);
    va_end(words);
}

void tp_list_flag(tp_listing *list, bool *place, bool fixed, const char *format, ...) {
    va_list words;
    va_start(words, format);
    add(list, numbers_new(-1), (tp_entry){fixed ? TP_ENTRY_FIXED : TP_ENTRY_FLAG, place}, format,
        words);
    va_end(words);
}

void tp_list_clear(tp_listing *list) {
    for (size_t i = 0; i < list->count; i++) {
        tp_free(list->items[i].tensor);
        tp_delete((void *)(uintptr_t)list->items[i].name);
    }
    tp_delete(list->items);
    tp_delete(list->entries);
    *list = (tp_listing){0};
}

/* ---- showing ---- */

tp_named_list tp_list_show(tp_listing *list) {
    for (size_t i = 0; i < list->count; i++) {
        const tp_entry *entry = &list->entries[i];
        tp_tensor *x = list->items[i].tensor;
        double *to = (double *)(void *)x->data;
        switch (entry->kind) {
        case TP_ENTRY_TENSOR: break;
        case TP_ENTRY_NUMBER:
            if (x->numel) memcpy(to, entry->place, (size_t)x->numel * sizeof *to);
            break;
        case TP_ENTRY_WHOLE: *to = (double)*(const int64_t *)entry->place; break;
        default: *to = *(const bool *)entry->place; break;
        }
    }
    return (tp_named_list){list->count, list->items};
}

/* ---- taking back ---- */

/* Where `name` stands among the items, looking from `start` on: states are in order, so it is there as a rule. */
static const tp_named_tensor *find(const tp_named_tensor *items, size_t count, size_t start,
                                   const char *name) {
    for (size_t i = 0; i < count; i++) {
        const tp_named_tensor *item = &items[(start + i) % count];
        if (item->name && strcmp(item->name, name) == 0) return item;
    }
    return NULL;
}

/* Why an item does not fit its entry, or NULL. */
static const char *misfit(const tp_entry *entry, const tp_tensor *mine, const tp_tensor *x) {
    if (!tp_shapes_equal(mine, x) || !tp_is_float_type(x->dtype))
        return tp_text("%s instead of %s", tp_tensor_text(x), tp_tensor_text(mine));
    if (entry->kind < TP_ENTRY_WHOLE) return NULL;
    double value = tp_read_element(x->data, x->dtype);
    bool fits = value >= 0 && value < 9e15 && value == (double)(int64_t)value;
    if (entry->kind != TP_ENTRY_WHOLE) fits = value == 0 || value == 1;
    if (entry->kind == TP_ENTRY_FIXED) fits = value == *(const bool *)entry->place;
    return fits ? NULL : tp_text("the value %g", value);
}

/* Whether all of it fits; reports the first thing that does not. */
static bool fits(tp_location at, const char *op, const tp_listing *list,
                 const tp_named_tensor *items, size_t count) {
    const char *hint = "the state is of another kind of object, or of one over other parameters";
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->items[i].name;
        const tp_named_tensor *item = count ? find(items, count, i, name) : NULL;
        const char *problem = item ? NULL : "nothing";
        if (item && !tp_usable(at, op, item->tensor)) {
            if (item->tensor && item->tensor->poison) tp_surface();
            return false;
        }
        if (item) problem = misfit(&list->entries[i], list->items[i].tensor, item->tensor);
        if (!problem) continue;
        tp_fail(at, op, TP_ERROR_STATE, tp_text("%s for %s", problem, name), NULL, hint);
        return false;
    }
    if (count == list->count) return true; /* every name of ours was found, so there is no other */
    for (size_t i = 0; i < count; i++) {
        const char *name = items[i].name ? items[i].name : "NULL";
        const tp_named_tensor *mine = find(list->items, list->count, i, name);
        if (mine && find(items, count, 0, name) == &items[i]) continue;
        tp_fail(at, op, TP_ERROR_STATE,
                tp_text("%s, which is %s", name, mine ? "twice" : "not of it"), NULL, hint);
        return false;
    }
    return true;
}

bool tp_list_load(tp_location at, const char *op, tp_listing *list, const tp_named_tensor *items,
                  size_t count) {
    if (!items) count = 0;
    if (!fits(at, op, list, items, count)) return false;
    for (size_t i = 0; i < list->count; i++) {
        const tp_entry *entry = &list->entries[i];
        tp_tensor *mine = list->items[i].tensor;
        tp_tensor *x = find(items, count, i, list->items[i].name)->tensor;
        if (mine != x) tp_copy_elements(mine, x); /* numbers pass through our own tensor */
        const double *from = (const double *)(const void *)mine->data;
        switch (entry->kind) {
        case TP_ENTRY_TENSOR: break;
        case TP_ENTRY_NUMBER:
            if (mine->numel) memcpy(entry->place, from, (size_t)mine->numel * sizeof *from);
            break;
        case TP_ENTRY_WHOLE: *(int64_t *)entry->place = (int64_t)*from; break;
        case TP_ENTRY_FLAG: *(bool *)entry->place = *from != 0; break;
        case TP_ENTRY_FIXED: break;
        }
    }
    return true;
}
