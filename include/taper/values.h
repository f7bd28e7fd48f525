/** @file values.h
 *  Trees of values: what PyTorch's checkpoints hold beside tensors. Dictionaries, lists, numbers and texts in Python's words.
 *
 *  tp_tensor_file_value() gives the tree of an opened .pth file; tp_values_new() begins one of your own, which tp_save_values() writes so
 *  that torch.load() opens it:
 *
 *      tp_values *values = tp_values_new();
 *      tp_value *d = tp_value_dict(values);
 *      tp_value_set(d, "W1", tp_value_of_tensor(values, W1));
 *      tp_value_set(d, "epoch", tp_value_of_int(values, 23));
 *      tp_save_values("net.pth", d);
 *      tp_values_free(values);
 */
#ifndef TAPER_VALUES_H
#define TAPER_VALUES_H

#include <taper/nn.h>

TP_BEGIN_DECLS

/** One value of a tree. */
typedef struct tp_value tp_value;
/** The memory of a tree. */
typedef struct tp_values tp_values;

/** What a value is. */
typedef enum tp_value_kind {
    TP_VALUE_NONE,
    TP_VALUE_BOOL,
    TP_VALUE_INT,   /**< 64 bits */
    TP_VALUE_FLOAT, /**< also whole numbers that 64 bits cannot hold, rounded */
    TP_VALUE_STR,   /**< UTF-8 */
    TP_VALUE_BYTES,
    TP_VALUE_LIST,
    TP_VALUE_TUPLE,
    TP_VALUE_SET,
    TP_VALUE_DICT, /**< in the order in which it was filled */
    TP_VALUE_TENSOR,
    TP_VALUE_NAME, /**< a Python object that has no more than a name: "torch.float32", "cpu" */
    TP_VALUE_KIND_COUNT
} tp_value_kind;

/** @name Reading
 *  A NULL value is NONE; asking a value for what it is not gives 0, NaN, NULL or false, without an error.
 *  @{ */
/** What it is. */
TP_API tp_value_kind tp_value_kind_of(const tp_value *value);
/** "dict", "int", ... as Python's type. */
TP_API const char *tp_value_kind_name(tp_value_kind kind);
/** A bool. */
TP_API bool tp_value_bool(const tp_value *value);
/** An int or a bool. */
TP_API int64_t tp_value_int(const tp_value *value);
/** A float, an int, a bool or a tensor of one element, as double; NaN for anything else. */
TP_API double tp_value_float(const tp_value *value);
/** A text or a name, ended by 0; lives as long as the tree. */
TP_API const char *tp_value_str(const tp_value *value);
/** Bytes and how many. */
TP_API const void *tp_value_bytes(const tp_value *value, size_t *size);
/** A tensor; it belongs to the tree. */
TP_API tp_tensor *tp_value_tensor(const tp_value *value);
/** Members of a list, tuple or set, pairs of a dict; 0 for anything else. */
TP_API size_t tp_value_count(const tp_value *value);
/** The member, or the value of the pair, at a position from 0. */
TP_API const tp_value *tp_value_item(const tp_value *value, size_t index);
/** The key of a dict's pair at a position. */
TP_API const tp_value *tp_value_key(const tp_value *value, size_t index);
/** The value at a path of keys and positions with dots between them: "optimizer.param_groups.0.lr". Keys may have dots themselves:
 *  "state_dict.conv1.weight" finds "conv1.weight" in "state_dict". NULL where there is none. */
TP_API const tp_value *tp_value_get(const tp_value *value, const char *path);
/** Writes it as Python prints it, tensors as their shape and type; lists of more than 8 members and nesting deeper than 4 are cut. */
TP_API void tp_value_print(const tp_value *value, FILE *stream);
/** @} */

/** @name Making
 *  NULL when out of memory; a NULL value put into another is left out, and tp_save_values() then reports MEMORY.
 *  @{ */
/** A new tree. */
TP_API tp_values *tp_values_new(void);
/** Ends it with all its values; the tensors that were put into it stay. NULL is fine. */
TP_API void tp_values_free(tp_values *values);
/** None. */
TP_API tp_value *tp_value_of_none(tp_values *values);
/** True or False. */
TP_API tp_value *tp_value_of_bool(tp_values *values, bool value);
/** An int. */
TP_API tp_value *tp_value_of_int(tp_values *values, int64_t value);
/** A float. */
TP_API tp_value *tp_value_of_float(tp_values *values, double value);
/** A copy of a text in UTF-8. */
TP_API tp_value *tp_value_of_str(tp_values *values, const char *text);
/** A tensor, which must stay alive until the tree is written. */
TP_API tp_value *tp_value_of_tensor(tp_values *values, tp_tensor *x);
/** An empty list. */
TP_API tp_value *tp_value_list(tp_values *values);
/** An empty dict. */
TP_API tp_value *tp_value_dict(tp_values *values);
/** A dict with the parameters and buffers of a module: PyTorch's module.state_dict(). */
TP_API tp_value *tp_value_state_dict_at(tp_location at, tp_values *values, tp_module *module);
#define tp_value_state_dict(values, module) \
    tp_value_state_dict_at(TP_HERE, values, (tp_module *)(module))
/** Adds a member to a list. */
TP_API void tp_value_append(tp_value *list, tp_value *value);
/** Sets a key of a dict; a key that is there keeps its place. */
TP_API void tp_value_set(tp_value *dict, const char *key, tp_value *value);
/** @} */

/** Writes a tree as a .pth file (a zip archive, as torch.save since 1.6) that torch.load() opens, also with weights_only=True. Tensors
 *  over the same elements are written once and share them again when loaded. False after an error (ARGUMENT, FILE, MEMORY). */
TP_API bool tp_save_values_at(tp_location at, const char *path, const tp_value *value);
#define tp_save_values(path, value) tp_save_values_at(TP_HERE, path, value)

TP_END_DECLS

#endif
