/* PyTorch's own objects in pickles: storages and the tensors over them. */
#include <string.h>

#include "io/pickle.h"

/* ---- storages ---- */

/* ("storage", class, key, device, numel [, (key, offset, numel) of a part]). */
tp_value *tp_pickle_storage(tp_pickle *p, const tp_value *id) {
    const tp_value *kind = tp_argument(id, 0), *key = tp_argument(id, 2),
                   *numel = tp_argument(id, 4);
    const tp_callable *class = tp_callable_of(tp_argument(id, 1));
    if (id->kind != TP_VALUE_TUPLE || !tp_is(kind, TP_VALUE_STR) ||
        strcmp(kind->is.text, "storage") != 0)
        return tp_pickle_refuse(p, "a persistent id that is no storage's", NULL);
    bool storage = class && strstr(class->name, "Storage");
    if (!storage || !(tp_is(key, TP_VALUE_STR) || tp_is(key, TP_VALUE_INT)) ||
        !tp_is(numel, TP_VALUE_INT) || numel->is.whole < 0)
        return tp_pickle_bad(p, "a storage without class, key or size");
    tp_pth_storage *s = tp_arena_take(&p->values->arena, sizeof *s);
    tp_value *value = tp_value_new(p->values, TP_VALUE_STORAGE);
    if (!s || !value) return tp_pickle_memory(p);
    *s = (tp_pth_storage){.element = class->element,
                          .untyped = class->element == TP_ELEMENT_COUNT,
                          .numel = numel->is.whole,
                          .place = tp_pickle_place(p)};
    const char *text =
        key->kind == TP_VALUE_STR ? key->is.text : tp_text("%lld", (long long)key->is.whole);
    s->key = tp_arena_text(&p->values->arena, text, strlen(text));
    if (!s->key) return tp_pickle_memory(p);
    const tp_value *part = tp_argument(id, 5);
    if (part && part->kind != TP_VALUE_NONE) { /* of the legacy format */
        const tp_value *first = tp_argument(part, 1), *size = tp_argument(part, 2);
        if (part->kind != TP_VALUE_TUPLE || !tp_is(first, TP_VALUE_INT) ||
            !tp_is(size, TP_VALUE_INT) || first->is.whole < 0 || size->is.whole < 0)
            return tp_pickle_bad(p, "a part of a storage without place or size");
        s->first = first->is.whole;
        s->numel = size->is.whole;
    }
    s->next = p->storages;
    p->storages = s;
    value->is.other = s;
    return value;
}

/* ---- tensors ---- */

bool tp_pickle_sizes(const tp_value *value, int64_t *out, int *count) {
    if (!tp_value_is_list(value) || value->count > TP_MAX_DIMS) return false;
    *count = (int)value->count;
    for (size_t i = 0; i < value->count; i++) {
        if (!tp_is(value->is.items[i], TP_VALUE_INT) || value->is.items[i]->is.whole < 0)
            return false;
        out[i] = value->is.items[i]->is.whole;
    }
    return true;
}

/* Whether every element of the view lies in the storage. An expanded tensor (stride 0) may have more elements than its storage, but not
 * so many that counting them takes forever. */
static const char *view_fault(const tp_recipe *r, int64_t numel) {
    int64_t last = r->offset, count = tp_shape_numel(r->shape);
    if (count < 0) return "a tensor with more elements than can be counted";
    if (count == 0) return NULL;
    for (int i = 0; i < r->shape.ndim; i++) {
        int64_t step;
        if (__builtin_mul_overflow(r->shape.dims[i] - 1, r->stride[i], &step) ||
            __builtin_add_overflow(last, step, &last))
            return "a tensor that goes past the end of its storage";
    }
    if (last >= numel) return "a tensor that goes past the end of its storage";
    if (count > numel && count > INT32_MAX) return "a tensor that repeats its storage too often";
    return NULL;
}

static tp_value *rebuild(tp_pickle *p, const tp_value *arguments, const tp_element *element) {
    const tp_value *storage = tp_argument(arguments, 0), *offset = tp_argument(arguments, 1);
    tp_recipe *r = tp_arena_take(&p->values->arena, sizeof *r);
    tp_value *value = tp_value_new(p->values, TP_VALUE_TENSOR);
    if (!r || !value) return tp_pickle_memory(p);
    int strides = 0;
    if (!tp_is(storage, TP_VALUE_STORAGE) || !tp_is(offset, TP_VALUE_INT) || offset->is.whole < 0 ||
        !tp_pickle_sizes(tp_argument(arguments, 2), r->shape.dims, &r->shape.ndim) ||
        !tp_pickle_sizes(tp_argument(arguments, 3), r->stride, &strides) ||
        strides != r->shape.ndim)
        return tp_pickle_bad(p, "a tensor without storage, offset, sizes (at most 8) and strides");
    r->storage = storage->is.other;
    r->offset = offset->is.whole;
    r->element = element ? *element : r->storage->element;
    r->place = tp_pickle_place(p);
    r->value = value;
    if (r->element == TP_ELEMENT_COUNT)
        return tp_pickle_bad(p, "an untyped storage without a type");
    int64_t numel = r->storage->numel;
    if (r->storage->untyped) numel /= (int64_t)tp_element_size(r->element);
    const char *why = view_fault(r, numel);
    if (why) return tp_pickle_bad(p, why);
    r->next = p->recipes;
    p->recipes = r;
    value->recipe = r;
    return value;
}

tp_value *tp_pickle_rebuild_tensor(tp_pickle *p, const tp_value *arguments) {
    return rebuild(p, arguments, NULL);
}

/* (storage, offset, size, stride, requires_grad, backward_hooks [, metadata]) */
tp_value *tp_pickle_rebuild_tensor_v2(tp_pickle *p, const tp_value *arguments) {
    return rebuild(p, arguments, NULL);
}

/* The same with a dtype before the metadata, for types that have no class of storage. */
tp_value *tp_pickle_rebuild_tensor_v3(tp_pickle *p, const tp_value *arguments) {
    const tp_callable *dtype = tp_callable_of(tp_argument(arguments, 6));
    for (int e = 0; dtype && e < TP_ELEMENT_COUNT; e++) {
        tp_element element = (tp_element)e;
        if (strcmp(dtype->name, tp_element_name(element)) == 0)
            return rebuild(p, arguments, &element);
    }
    return tp_pickle_refuse(p, tp_text("a tensor of type %s", dtype ? dtype->name : "unknown"),
                            NULL);
}

/* (tensor, requires_grad, hooks [, state]) */
tp_value *tp_pickle_rebuild_parameter(tp_pickle *p, const tp_value *arguments) {
    tp_value *x = tp_argument(arguments, 0);
    return tp_is(x, TP_VALUE_TENSOR) ? x : tp_pickle_bad(p, "a parameter without a tensor");
}

/* (function, class, arguments, state): a tensor with attributes of its own, which are not kept. */
tp_value *tp_pickle_rebuild_from_type(tp_pickle *p, const tp_value *arguments) {
    const tp_value *inner = tp_argument(arguments, 2);
    if (!tp_callable_of(tp_argument(arguments, 0)) || !tp_is(inner, TP_VALUE_TUPLE))
        return tp_pickle_bad(p, "a tensor without function and arguments");
    const tp_callable *function = tp_callable_of(tp_argument(arguments, 0));
    if (function->call == tp_pickle_rebuild_from_type)
        return tp_pickle_bad(p, "a tensor that is rebuilt from itself");
    return tp_pickle_call(p, tp_argument(arguments, 0), inner);
}
