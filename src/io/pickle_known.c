/* The functions and classes that a pickle may name, and what a call of each gives. */
#include <string.h>

#include "io/pickle.h"

/* ---- containers and plain types ---- */

/* A container of that kind with the members of the argument; empty without one. */
static tp_value *container(tp_pickle *p, const tp_value *arguments, int kind) {
    const tp_value *from = tp_argument(arguments, 0);
    tp_value *made = tp_value_new(p->values, kind);
    if (!made) return tp_pickle_memory(p);
    if (from && !tp_value_is_list(from))
        return tp_pickle_bad(p, "a container of something that is none");
    for (size_t i = 0; from && i < from->count; i++)
        if (!tp_value_push(made, from->is.items[i])) return tp_pickle_memory(p);
    return made;
}

static tp_value *call_list(tp_pickle *p, const tp_value *a) {
    return container(p, a, TP_VALUE_LIST);
}
static tp_value *call_tuple(tp_pickle *p, const tp_value *a) {
    return container(p, a, TP_VALUE_TUPLE);
}
static tp_value *call_set(tp_pickle *p, const tp_value *a) { return container(p, a, TP_VALUE_SET); }

/* OrderedDict(), or of a list of pairs, or of a dictionary (Counter). */
static tp_value *call_dict(tp_pickle *p, const tp_value *arguments) {
    const tp_value *from = tp_argument(arguments, 0);
    tp_value *made = tp_value_dict(p->values);
    if (!made) return tp_pickle_memory(p);
    bool dict = tp_is(from, TP_VALUE_DICT);
    if (from && !dict && !tp_value_is_list(from))
        return tp_pickle_bad(p, "a dictionary of something that is none");
    for (size_t i = 0; from && i < from->count; i++) {
        tp_value *pair = dict ? NULL : from->is.items[i];
        if (!dict && (!tp_value_is_list(pair) || pair->count != 2))
            return tp_pickle_bad(p, "a dictionary of something that is no pair");
        tp_value **two = dict ? from->is.items + 2 * i : pair->is.items;
        if (!tp_value_push_pair(made, two[0], two[1])) return tp_pickle_memory(p);
    }
    return made;
}

/* defaultdict(factory): what would fill gaps is not kept. */
static tp_value *call_defaultdict(tp_pickle *p, const tp_value *arguments) {
    const tp_value *factory = tp_argument(arguments, 0);
    if (factory && factory->kind != TP_VALUE_CALLABLE && factory->kind != TP_VALUE_NONE)
        return tp_pickle_bad(p, "a defaultdict without a factory");
    tp_value *made = tp_value_dict(p->values);
    return made ? made : tp_pickle_memory(p);
}

/* A class without a constructor of its own, whose state BUILD sets: a dictionary to us. */
static tp_value *call_namespace(tp_pickle *p, const tp_value *arguments) {
    (void)arguments;
    tp_value *made = tp_value_dict(p->values);
    return made ? made : tp_pickle_memory(p);
}

/* copyreg._reconstructor(class, object, None): protocols 0 and 1 make such objects by it. */
static tp_value *call_reconstructor(tp_pickle *p, const tp_value *arguments) {
    const tp_callable *class = tp_callable_of(tp_argument(arguments, 0));
    if (!class || class->call != call_namespace)
        return tp_pickle_refuse(p, "copyreg._reconstructor of an unknown class", NULL);
    return call_namespace(p, arguments);
}

static tp_value *call_object(tp_pickle *p, const tp_value *arguments) {
    (void)arguments;
    return tp_pickle_refuse(p, "an object", NULL);
}

static tp_value *call_bool(tp_pickle *p, const tp_value *arguments) {
    tp_value *made = tp_value_of_bool(p->values, tp_value_int(tp_argument(arguments, 0)) != 0);
    return made ? made : tp_pickle_memory(p);
}

/* int(x) and float(x) of numbers; texts would need Python's rules. */
static tp_value *call_number(tp_pickle *p, const tp_value *arguments) {
    tp_value *x = tp_argument(arguments, 0);
    if (tp_is(x, TP_VALUE_INT) || tp_is(x, TP_VALUE_FLOAT) || tp_is(x, TP_VALUE_BOOL)) return x;
    return tp_pickle_bad(p, "a number of something that is none");
}

/* ---- texts and bytes ---- */

/* _codecs.encode(text, "latin1"): how protocol 2 writes bytes. A character is at most two bytes of UTF-8 then. */
static tp_value *call_encode(tp_pickle *p, const tp_value *arguments) {
    const tp_value *text = tp_argument(arguments, 0);
    if (!tp_is(text, TP_VALUE_STR)) return tp_pickle_bad(p, "bytes of something that is no text");
    const unsigned char *from = (const unsigned char *)text->is.text;
    unsigned char *out = tp_arena_take(&p->values->arena, text->count + 1);
    tp_value *made = tp_value_new(p->values, TP_VALUE_BYTES);
    if (!out || !made) return tp_pickle_memory(p);
    for (size_t i = 0; i < text->count; i++) {
        unsigned char c = from[i];
        if (c >= 0x80) {
            if (c > 0xC3) return tp_pickle_bad(p, "bytes with a character beyond 255");
            c = (unsigned char)(c << 6 | (from[++i] & 0x3F));
        }
        out[made->count++] = c;
    }
    made->is.text = (char *)out;
    return made;
}

/* bytes(), bytearray(b"..."), bytearray("...", "latin-1"). */
static tp_value *call_bytes(tp_pickle *p, const tp_value *arguments) {
    tp_value *x = tp_argument(arguments, 0);
    if (tp_is(x, TP_VALUE_BYTES)) return x;
    if (tp_is(x, TP_VALUE_STR)) return call_encode(p, arguments);
    tp_value *made = x ? NULL : tp_value_of_text(p->values, TP_VALUE_BYTES, "", 0);
    return x      ? tp_pickle_bad(p, "bytes of something that has none")
           : made ? made
                  : tp_pickle_memory(p);
}

/* pathlib's classes: the parts joined. A text, never opened. */
static tp_value *call_path(tp_pickle *p, const tp_value *arguments) {
    size_t bytes = 1;
    for (size_t i = 0; i < arguments->count; i++) {
        if (arguments->is.items[i]->kind != TP_VALUE_STR)
            return tp_pickle_bad(p, "a path that is no text");
        bytes += arguments->is.items[i]->count + 1;
    }
    char *text = tp_arena_take(&p->values->arena, bytes), *at = text;
    tp_value *made = tp_value_new(p->values, TP_VALUE_STR);
    if (!text || !made) return tp_pickle_memory(p);
    for (size_t i = 0; i < arguments->count; i++) {
        const tp_value *part = arguments->is.items[i];
        if (at > text && at[-1] != '/') *at++ = '/';
        memcpy(at, part->is.text, part->count);
        at += part->count;
    }
    made->is.text = text;
    made->count = (size_t)(at - text);
    return made;
}

/* torch.device("cuda", 0): a name. */
static tp_value *call_device(tp_pickle *p, const tp_value *arguments) {
    const tp_value *type = tp_argument(arguments, 0), *index = tp_argument(arguments, 1);
    if (!tp_is(type, TP_VALUE_STR)) return tp_pickle_bad(p, "a device without a name");
    const char *name = tp_is(index, TP_VALUE_INT)
                           ? tp_text("%.80s:%lld", type->is.text, (long long)index->is.whole)
                           : type->is.text;
    tp_value *made = tp_value_of_text(p->values, TP_VALUE_NAME, name, strlen(name));
    return made ? made : tp_pickle_memory(p);
}

/* torch.serialization._get_layout("torch.strided"): a name. */
static tp_value *call_layout(tp_pickle *p, const tp_value *arguments) {
    return call_device(p, arguments);
}

/* ---- the table ---- */

#define STORAGE(name, element) \
    { "torch", name "Storage", NULL, element, NULL }
#define NAMED(name) \
    { "torch", name, NULL, 0, "torch." name }

static const tp_callable known[] = {
    {"collections", "OrderedDict", call_dict, 0, NULL},
    {"collections", "defaultdict", call_defaultdict, 0, NULL},
    {"collections", "Counter", call_dict, 0, NULL},
    {"builtins", "list", call_list, 0, "list"},
    {"builtins", "tuple", call_tuple, 0, "tuple"},
    {"builtins", "set", call_set, 0, "set"},
    {"builtins", "frozenset", call_set, 0, "frozenset"},
    {"builtins", "dict", call_dict, 0, "dict"},
    {"builtins", "bool", call_bool, 0, "bool"},
    {"builtins", "int", call_number, 0, "int"},
    {"builtins", "float", call_number, 0, "float"},
    {"builtins", "bytes", call_bytes, 0, "bytes"},
    {"builtins", "bytearray", call_bytes, 0, "bytearray"},
    {"builtins", "object", call_object, 0, "object"},
    {"_codecs", "encode", call_encode, 0, NULL},
    {"copyreg", "_reconstructor", call_reconstructor, 0, NULL},
    {"argparse", "Namespace", call_namespace, 0, NULL},
    {"types", "SimpleNamespace", call_namespace, 0, NULL},
    {"pathlib", "PosixPath", call_path, 0, NULL},
    {"pathlib", "WindowsPath", call_path, 0, NULL},
    {"pathlib", "PurePosixPath", call_path, 0, NULL},
    {"pathlib", "PureWindowsPath", call_path, 0, NULL},
    {"torch._utils", "_rebuild_tensor", tp_pickle_rebuild_tensor, 0, NULL},
    {"torch._utils", "_rebuild_tensor_v2", tp_pickle_rebuild_tensor_v2, 0, NULL},
    {"torch._utils", "_rebuild_tensor_v3", tp_pickle_rebuild_tensor_v3, 0, NULL},
    {"torch._utils", "_rebuild_parameter", tp_pickle_rebuild_parameter, 0, NULL},
    {"torch._utils", "_rebuild_parameter_with_state", tp_pickle_rebuild_parameter, 0, NULL},
    {"torch._tensor", "_rebuild_from_type_v2", tp_pickle_rebuild_from_type, 0, NULL},
    {"torch", "Tensor", NULL, 0, "torch.Tensor"},
    {"torch.nn.parameter", "Parameter", NULL, 0, "torch.nn.Parameter"},
    {"torch.nn.parameter", "Buffer", NULL, 0, "torch.nn.Buffer"},
    {"torch", "Size", call_tuple, 0, "torch.Size"},
    {"torch", "device", call_device, 0, "torch.device"},
    {"torch.serialization", "_get_layout", call_layout, 0, NULL},
    STORAGE("Bool", TP_ELEMENT_BOOL),
    STORAGE("Byte", TP_ELEMENT_U8),
    STORAGE("Char", TP_ELEMENT_I8),
    STORAGE("Short", TP_ELEMENT_I16),
    STORAGE("Int", TP_ELEMENT_I32),
    STORAGE("Long", TP_ELEMENT_I64),
    STORAGE("Half", TP_ELEMENT_F16),
    STORAGE("BFloat16", TP_ELEMENT_BF16),
    STORAGE("Float", TP_ELEMENT_F32),
    STORAGE("Double", TP_ELEMENT_F64),
    STORAGE("Untyped", TP_ELEMENT_COUNT),
    {"torch.storage", "UntypedStorage", NULL, TP_ELEMENT_COUNT, NULL},
    NAMED("bool"),
    NAMED("uint8"),
    NAMED("int8"),
    NAMED("uint16"),
    NAMED("int16"),
    NAMED("uint32"),
    NAMED("int32"),
    NAMED("uint64"),
    NAMED("int64"),
    NAMED("float16"),
    NAMED("bfloat16"),
    NAMED("float32"),
    NAMED("float64"),
    NAMED("float8_e4m3fn"),
    NAMED("float8_e5m2"),
    NAMED("float8_e8m0fnu"),
    NAMED("complex64"),
    NAMED("complex128"),
    NAMED("strided"),
    {"numpy", "dtype", tp_pickle_numpy_dtype, 0, NULL},
    {"numpy", "ndarray", NULL, 0, "numpy.ndarray"},
    {"numpy.core.multiarray", "scalar", tp_pickle_numpy_scalar, 0, NULL},
    {"numpy.core.multiarray", "_reconstruct", tp_pickle_numpy_reconstruct, 0, NULL},
    {"numpy.core.numeric", "_frombuffer", tp_pickle_numpy_frombuffer, 0, NULL},
};

/* Names that later versions gave to the same modules. */
static const char *usual_module(const char *module) {
    static const char *const other[][2] = {
        {"__builtin__", "builtins"},
        {"copy_reg", "copyreg"},
        {"numpy._core.multiarray", "numpy.core.multiarray"},
        {"numpy._core.numeric", "numpy.core.numeric"},
        {"pathlib._local", "pathlib"},
        {"torch.cuda", "torch"}, /* storages that were on a GPU */
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (strcmp(module, other[i][0]) == 0) return other[i][1];
    return module;
}

tp_value *tp_pickle_global(tp_pickle *p, const char *module, const char *name) {
    const char *usual = usual_module(module);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const tp_callable *one = &known[i];
        if (strcmp(one->module, usual) != 0 || strcmp(one->name, name) != 0) continue;
        tp_value *value = tp_value_new(p->values, TP_VALUE_CALLABLE);
        if (!value) return tp_pickle_memory(p);
        value->is.other = one;
        return value;
    }
    return tp_pickle_refuse(p, tp_text("the object %.100s.%.100s", module, name),
                            "tensors, containers, numbers and texts");
}

tp_value *tp_pickle_call(tp_pickle *p, const tp_value *function, const tp_value *arguments) {
    const tp_callable *one = tp_callable_of(function);
    if (!one) return tp_pickle_bad(p, "a call of something that is no function");
    if (!one->call)
        return tp_pickle_refuse(p, tp_text("a call of %s.%s", one->module, one->name), NULL);
    return one->call(p, arguments);
}

/* ---- state ---- */

bool tp_pickle_build(tp_pickle *p, tp_value *object, const tp_value *state) {
    if (object->kind == TP_VALUE_ARRAY_TYPE) return tp_pickle_build_dtype(p, object, state);
    if (object->kind == TP_VALUE_TENSOR) return tp_pickle_build_array(p, object, state);
    if (object->kind != TP_VALUE_DICT || state->kind != TP_VALUE_DICT)
        return tp_pickle_fail(p, "a state for something that has none");
    /* An OrderedDict's own attributes: state dicts have _metadata, with the versions of their layers. Only a namespace, which is
     * made empty and has nothing but attributes, takes them as members. */
    bool attributes = tp_value_get(state, "_metadata") != NULL || object->count > 0;
    for (size_t i = 0; !attributes && i < state->count; i++)
        if (!tp_value_push_pair(object, state->is.items[2 * i], state->is.items[2 * i + 1]))
            return tp_pickle_fail_memory(p);
    return true;
}
