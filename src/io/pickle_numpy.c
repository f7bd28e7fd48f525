/* NumPy's objects in pickles: types, numbers and arrays. */
#include <string.h>

#include "io/npy.h"
#include "io/pickle.h"

typedef struct array_type {
    tp_element element;
    bool big;
} array_type;

/* dtype("f8", False, True); the byte order comes with its state. */
tp_value *tp_pickle_numpy_dtype(tp_pickle *p, const tp_value *arguments) {
    const tp_value *code = tp_argument(arguments, 0);
    array_type *type = tp_arena_take(&p->values->arena, sizeof *type);
    tp_value *value = tp_value_new(p->values, TP_VALUE_ARRAY_TYPE);
    if (!type || !value) return tp_pickle_memory(p);
    if (!tp_is(code, TP_VALUE_STR)) return tp_pickle_bad(p, "a NumPy type without a name");
    const char *name = code->is.text;
    type->big = *name == '>';
    if (!tp_npy_element(name + (*name && strchr("<>|=", *name) != NULL), &type->element))
        return tp_pickle_refuse(p, tp_text("a NumPy array or number of type %.40s", name),
                                "bool, int8 to int64, uint8 to uint64, float16 to float64");
    value->is.other = type;
    return value;
}

/* (3, byte order, subtype, names, fields, size, alignment, flags [, metadata]) */
bool tp_pickle_build_dtype(tp_pickle *p, tp_value *dtype, const tp_value *state) {
    const tp_value *order = tp_argument(state, 1);
    if (state->kind != TP_VALUE_TUPLE || !tp_is(order, TP_VALUE_STR))
        return tp_pickle_fail(p, "a NumPy type without its state");
    array_type *type = tp_arena_take(&p->values->arena, sizeof *type);
    if (!type) return tp_pickle_fail_memory(p);
    *type = *(const array_type *)dtype->is.other;
    type->big = order->is.text[0] == '>';
    dtype->is.other = type;
    return true;
}

/* ---- numbers ---- */

/* The number of one element, through a tensor of one element. */
static tp_value *number_of(tp_pickle *p, const array_type *type, const char *bytes) {
    tp_elements e = {.at = p->at,
                     .op = p->op,
                     .path = p->path,
                     .bytes = (unsigned char *)(uintptr_t)bytes,
                     .offset = tp_pickle_place(p),
                     .element = type->element,
                     .big = type->big};
    tp_value *value = NULL;
    tp_tensor *x = tp_elements_tensor(&e, tp_shape());
    if (tp_is_poison(x)) {
        p->failed = true;
        return NULL;
    }
    double number = tp_item_at(p->at, x);
    if (x->dtype == TP_BOOL)
        value = tp_value_of_bool(p->values, number != 0);
    else if (x->dtype == TP_INT64)
        value = tp_value_of_int(p->values, *(const int64_t *)(const void *)x->data);
    else if (!tp_is_float_type(x->dtype))
        value = tp_value_of_int(p->values, (int64_t)number);
    else
        value = tp_value_of_float(p->values, number);
    tp_free(x);
    return value ? value : tp_pickle_memory(p);
}

static const array_type *type_of(const tp_value *value) {
    return tp_is(value, TP_VALUE_ARRAY_TYPE) ? (const array_type *)value->is.other : NULL;
}

/* Python 2 wrote bytes as strings. */
static bool has_bytes(const tp_value *value) {
    return tp_is(value, TP_VALUE_BYTES) || tp_is(value, TP_VALUE_STR);
}

/* scalar(dtype, bytes) */
tp_value *tp_pickle_numpy_scalar(tp_pickle *p, const tp_value *arguments) {
    const array_type *type = type_of(tp_argument(arguments, 0));
    const tp_value *bytes = tp_argument(arguments, 1);
    if (!type || !has_bytes(bytes) || bytes->count != tp_element_size(type->element))
        return tp_pickle_bad(p, "a NumPy number without type and bytes");
    return number_of(p, type, bytes->is.text);
}

/* ---- arrays ---- */

/* An array of `bytes`; `fortran`: the first dimension runs fastest. */
static bool set_array(tp_pickle *p, tp_value *array, const tp_value *shape, const array_type *type,
                      bool fortran, const tp_value *bytes) {
    tp_recipe *r = tp_arena_take(&p->values->arena, sizeof *r);
    if (!r) return tp_pickle_fail_memory(p);
    if (!type || !has_bytes(bytes) || !tp_pickle_sizes(shape, r->shape.dims, &r->shape.ndim))
        return tp_pickle_fail(p, "a NumPy array without shape (at most 8), type and bytes");
    int64_t numel = tp_shape_numel(r->shape);
    if (numel < 0 || (uint64_t)numel != bytes->count / tp_element_size(type->element) ||
        bytes->count % tp_element_size(type->element))
        return tp_pickle_fail(p, "a NumPy array with too few or too many bytes");
    r->element = type->element;
    r->big = type->big;
    r->bytes = bytes->is.text;
    r->size = bytes->count;
    r->place = tp_pickle_place(p);
    tp_contiguous_strides(r->shape.ndim, r->shape.dims, r->stride);
    int64_t step = 1;
    for (int i = 0; fortran && numel && i < r->shape.ndim; i++) {
        r->stride[i] = step;
        step *= r->shape.dims[i];
    }
    r->value = array;
    r->next = p->recipes;
    p->recipes = r;
    array->recipe = r;
    return true;
}

/* _reconstruct(ndarray, (0,), b"b"): an array whose contents come with its state. */
tp_value *tp_pickle_numpy_reconstruct(tp_pickle *p, const tp_value *arguments) {
    const tp_callable *class = tp_callable_of(tp_argument(arguments, 0));
    if (!class || strcmp(class->name, "ndarray") != 0)
        return tp_pickle_refuse(p, "a NumPy array of an unknown class", NULL);
    tp_value *value = tp_value_new(p->values, TP_VALUE_TENSOR);
    return value ? value : tp_pickle_memory(p);
}

/* (version, shape, dtype, Fortran order, bytes) */
bool tp_pickle_build_array(tp_pickle *p, tp_value *array, const tp_value *state) {
    if (array->recipe) /* a tensor's attributes, or a second state */
        return state->kind == TP_VALUE_DICT || tp_pickle_fail(p, "a tensor with a state");
    if (state->kind != TP_VALUE_TUPLE || state->count != 5)
        return tp_pickle_fail(p, "a NumPy array without its state");
    return set_array(p, array, tp_argument(state, 1), type_of(tp_argument(state, 2)),
                     tp_value_bool(tp_argument(state, 3)), tp_argument(state, 4));
}

/* Protocol 5: _frombuffer(bytes, dtype, shape, order). */
tp_value *tp_pickle_numpy_frombuffer(tp_pickle *p, const tp_value *arguments) {
    const tp_value *order = tp_argument(arguments, 3);
    tp_value *value = tp_value_new(p->values, TP_VALUE_TENSOR);
    if (!value) return tp_pickle_memory(p);
    bool fortran = tp_is(order, TP_VALUE_STR) && strcmp(order->is.text, "F") == 0;
    return set_array(p, value, tp_argument(arguments, 2), type_of(tp_argument(arguments, 1)),
                     fortran, tp_argument(arguments, 0))
               ? value
               : NULL;
}
