/* Whether a tree that a file described is a tree: what walks it later may rely on that. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/pickle.h"

static int compare_texts(const void *a, const void *b) {
    const tp_value *x = *(tp_value *const *)a, *y = *(tp_value *const *)b;
    if (x->count != y->count) return x->count < y->count ? -1 : 1;
    return memcmp(x->is.text, y->is.text, x->count);
}

/* Python's dictionaries have each key once; a file that has one twice would show different things to different readers. */
static const char *check_keys(const tp_value *dict) {
    tp_value **texts = tp_new((dict->count + 1) * sizeof(tp_value *));
    if (!texts) {
        dict->values->failed = true;
        return "out of memory";
    }
    size_t count = 0;
    for (size_t i = 0; i < dict->count; i++)
        if (dict->is.items[2 * i]->kind == TP_VALUE_STR) texts[count++] = dict->is.items[2 * i];
    qsort(texts, count, sizeof *texts, compare_texts);
    const char *why = NULL;
    for (size_t i = 1; i < count && !why; i++)
        if (compare_texts(&texts[i - 1], &texts[i]) == 0)
            why = tp_text("a dictionary with the key \"%.80s\" twice", texts[i]->is.text);
    tp_delete(texts);
    return why;
}

/* What is left of the kinds that only a pickle's stack knows becomes a name. */
static const char *settle(tp_value *value) {
    if (value->kind == TP_VALUE_TENSOR && !value->recipe && !value->tensor)
        return "an array without contents";
    if (value->kind < TP_VALUE_KIND_COUNT) return NULL;
    const tp_callable *callable = tp_callable_of(value);
    const char *name = value->kind == TP_VALUE_STORAGE ? "storage" : "numpy.dtype";
    if (callable) name = callable->alias ? callable->alias : callable->name;
    value->kind = TP_VALUE_NAME;
    value->is.text = name;
    value->count = strlen(name);
    return NULL;
}

/* Each value is looked at once, however often it is met; its height and weight tell the rest. */
static const char *check(tp_value *value, int depth, uint64_t most) {
    if (value->height < 0) return "a value that contains itself";
    if (depth + value->height > TP_VALUE_DEPTH)
        return tp_text("values nested more than %d deep", TP_VALUE_DEPTH);
    if (value->weight) return NULL;
    bool dict = value->kind == TP_VALUE_DICT;
    size_t members = dict ? 2 * value->count : tp_value_is_list(value) ? value->count : 0;
    int height = 0;
    uint64_t weight = 1;
    const char *why = dict ? check_keys(value) : settle(value);
    value->height = -1;
    value->tensors = value->kind == TP_VALUE_TENSOR;
    for (size_t i = 0; i < members && !why; i++) {
        const tp_value *member = value->is.items[i];
        why = check(value->is.items[i], depth + 1, most);
        value->tensors = value->tensors || member->tensors;
        if (height < member->height + 1) height = member->height + 1;
        weight += member->weight;
        if (!why && weight > most) why = "members that repeat each other thousands of times";
    }
    value->height = height;
    value->weight = weight;
    return why;
}

/* What walks a tree takes time by its weight, so a few hundred bytes must not describe millions of values. */
const char *tp_value_check(tp_value *value, uint64_t size) {
    enum { LEAST = 1 << 10, TIMES = 64 };
    return check(value, 0, size < UINT64_MAX / (2 * TIMES) ? LEAST + TIMES * size : UINT64_MAX / 2);
}
