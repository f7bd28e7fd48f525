/* Trees of values: making and reading them. */
#include "io/values.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

/* ---- memory ---- */

tp_values *tp_values_new(void) { return tp_new(sizeof(tp_values)); }

void tp_values_free(tp_values *values) {
    if (!values) return;
    for (size_t i = 0; i < values->tensor_count; i++) tp_free(values->tensors[i]);
    tp_delete(values->tensors);
    tp_arena_end(&values->arena);
    tp_delete(values);
}

bool tp_values_own(tp_values *values, tp_tensor *x) {
    if (values->tensor_count == values->tensor_room) {
        size_t room = values->tensor_room ? 2 * values->tensor_room : 16;
        tp_tensor **more = tp_resize(values->tensors, room * sizeof(tp_tensor *));
        if (!more) {
            tp_free(x);
            return false;
        }
        values->tensors = more;
        values->tensor_room = room;
    }
    values->tensors[values->tensor_count++] = tp_own(x);
    return true;
}

tp_value *tp_value_new(tp_values *values, int kind) {
    tp_value *value = values ? tp_arena_take(&values->arena, sizeof *value) : NULL;
    if (value) {
        value->values = values;
        value->kind = kind;
    } else if (values) {
        values->failed = true;
    }
    return value;
}

/* ---- making ---- */

tp_value *tp_value_of_none(tp_values *values) { return tp_value_new(values, TP_VALUE_NONE); }

tp_value *tp_value_of_bool(tp_values *values, bool value) {
    tp_value *v = tp_value_new(values, TP_VALUE_BOOL);
    if (v) v->is.truth = value;
    return v;
}

tp_value *tp_value_of_int(tp_values *values, int64_t value) {
    tp_value *v = tp_value_new(values, TP_VALUE_INT);
    if (v) v->is.whole = value;
    return v;
}

tp_value *tp_value_of_float(tp_values *values, double value) {
    tp_value *v = tp_value_new(values, TP_VALUE_FLOAT);
    if (v) v->is.number = value;
    return v;
}

tp_value *tp_value_of_text(tp_values *values, int kind, const void *bytes, size_t n) {
    tp_value *v = tp_value_new(values, kind);
    if (!v) return NULL;
    v->is.text = tp_arena_text(&values->arena, bytes, n);
    v->count = n;
    if (v->is.text) return v;
    values->failed = true;
    return NULL;
}

tp_value *tp_value_of_str(tp_values *values, const char *text) {
    return tp_value_of_text(values, TP_VALUE_STR, text ? text : "", text ? strlen(text) : 0);
}

tp_value *tp_value_of_tensor(tp_values *values, tp_tensor *x) {
    tp_value *v = tp_value_new(values, TP_VALUE_TENSOR);
    if (v) v->tensor = x;
    return v;
}

tp_value *tp_value_list(tp_values *values) { return tp_value_new(values, TP_VALUE_LIST); }
tp_value *tp_value_dict(tp_values *values) { return tp_value_new(values, TP_VALUE_DICT); }

/* Room for one more member; what was outgrown stays in the arena, half of the whole at most. */
static bool grow(tp_value *value, size_t each) {
    if (value->count < value->room) return true;
    size_t room = value->room ? 2 * value->room : 4;
    tp_value **items =
        tp_arena_take(&value->values->arena, room * each * sizeof(struct tp_value *));
    if (!items) {
        value->values->failed = true;
        return false;
    }
    if (value->count) memcpy(items, value->is.items, value->count * each * sizeof(tp_value *));
    value->is.items = items;
    value->room = room;
    return true;
}

bool tp_value_push(tp_value *value, tp_value *member) {
    if (!grow(value, 1)) return false;
    value->is.items[value->count++] = member;
    return true;
}

bool tp_value_push_pair(tp_value *dict, tp_value *key, tp_value *value) {
    if (!grow(dict, 2)) return false;
    dict->is.items[2 * dict->count] = key;
    dict->is.items[2 * dict->count + 1] = value;
    dict->count++;
    return true;
}

void tp_value_append(tp_value *list, tp_value *value) {
    if (!list || list->kind != TP_VALUE_LIST) return;
    if (value)
        tp_value_push(list, value);
    else
        list->values->failed = true;
}

static bool is_key(const tp_value *key, const char *text, size_t length) {
    return key && (key->kind == TP_VALUE_STR || key->kind == TP_VALUE_NAME) &&
           key->count == length && memcmp(key->is.text, text, length) == 0;
}

void tp_value_set(tp_value *dict, const char *key, tp_value *value) {
    if (!dict || dict->kind != TP_VALUE_DICT || !key) return;
    if (!value) {
        dict->values->failed = true;
        return;
    }
    for (size_t i = 0; i < dict->count; i++)
        if (is_key(dict->is.items[2 * i], key, strlen(key))) {
            dict->is.items[2 * i + 1] = value;
            return;
        }
    tp_value *text = tp_value_of_str(dict->values, key);
    if (text) tp_value_push_pair(dict, text, value);
}

tp_value *tp_value_state_dict_at(tp_location at, tp_values *values, tp_module *module) {
    uint32_t errors = tp_ctx()->error.count;
    tp_named_list state = tp_state_dict_at(at, module);
    tp_value *dict = tp_ctx()->error.count == errors ? tp_value_dict(values) : NULL;
    for (size_t i = 0; dict && i < state.count; i++) {
        tp_value *key = tp_value_of_str(values, state.items[i].name);
        tp_value *value = tp_value_of_tensor(values, state.items[i].tensor);
        if (!key || !value || !tp_value_push_pair(dict, key, value)) return NULL;
    }
    return dict;
}

/* ---- reading ---- */

tp_value_kind tp_value_kind_of(const tp_value *value) {
    return value && value->kind < TP_VALUE_KIND_COUNT ? (tp_value_kind)value->kind : TP_VALUE_NONE;
}

const char *tp_value_kind_name(tp_value_kind kind) {
    static const char *const names[] = {"None", "bool",  "int", "float", "str",    "bytes",
                                        "list", "tuple", "set", "dict",  "Tensor", "name"};
    return kind >= 0 && kind < TP_VALUE_KIND_COUNT ? names[kind] : "unknown";
}

bool tp_value_bool(const tp_value *value) {
    return value && value->kind == TP_VALUE_BOOL && value->is.truth;
}

int64_t tp_value_int(const tp_value *value) {
    if (value && value->kind == TP_VALUE_INT) return value->is.whole;
    return tp_value_bool(value);
}

double tp_value_float(const tp_value *value) {
    switch (value ? value->kind : TP_VALUE_NONE) {
    case TP_VALUE_FLOAT: return value->is.number;
    case TP_VALUE_INT: return (double)value->is.whole;
    case TP_VALUE_BOOL: return value->is.truth;
    case TP_VALUE_TENSOR: return tp_numel(value->tensor) == 1 ? tp_item(value->tensor) : NAN;
    default: return NAN;
    }
}

const char *tp_value_str(const tp_value *value) {
    return value && (value->kind == TP_VALUE_STR || value->kind == TP_VALUE_NAME) ? value->is.text
                                                                                  : NULL;
}

const void *tp_value_bytes(const tp_value *value, size_t *size) {
    bool fine = value && value->kind == TP_VALUE_BYTES;
    *size = fine ? value->count : 0;
    return fine ? value->is.text : NULL;
}

tp_tensor *tp_value_tensor(const tp_value *value) {
    return value && value->kind == TP_VALUE_TENSOR ? value->tensor : NULL;
}

size_t tp_value_count(const tp_value *value) {
    return tp_value_is_list(value) || (value && value->kind == TP_VALUE_DICT) ? value->count : 0;
}

const tp_value *tp_value_item(const tp_value *value, size_t index) {
    if (index >= tp_value_count(value)) return NULL;
    return value->kind == TP_VALUE_DICT ? value->is.items[2 * index + 1] : value->is.items[index];
}

const tp_value *tp_value_key(const tp_value *value, size_t index) {
    return value && value->kind == TP_VALUE_DICT && index < value->count
               ? value->is.items[2 * index]
               : NULL;
}

/* The member of that name: a text key, a whole-number key, or a position. */
static const tp_value *member(const tp_value *value, const char *name, size_t length) {
    int64_t number = 0;
    bool is_number = length > 0 && length < 18;
    for (size_t i = 0; i < length && is_number; i++) {
        is_number = name[i] >= '0' && name[i] <= '9';
        number = number * 10 + (name[i] - '0');
    }
    if (tp_value_is_list(value)) return is_number ? tp_value_item(value, (size_t)number) : NULL;
    for (size_t i = tp_value_count(value); i-- > 0;) {
        const tp_value *key = value->is.items[2 * i];
        bool same_number = is_number && key->kind == TP_VALUE_INT && key->is.whole == number;
        if (same_number || is_key(key, name, length)) return value->is.items[2 * i + 1];
    }
    return NULL;
}

const tp_value *tp_value_get(const tp_value *value, const char *path) {
    if (!value || !path) return NULL;
    if (!*path) return value;
    for (size_t length = strlen(path); length > 0; length--) {
        if (path[length] != 0 && path[length] != '.') continue;
        const tp_value *inner = member(value, path, length);
        if (inner && !path[length]) return inner;
        if (inner) inner = tp_value_get(inner, path + length + 1);
        if (inner) return inner;
    }
    return NULL;
}
