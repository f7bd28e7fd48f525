/* Reading pickles without running them.
 *
 * A pickle is a program for a machine with a stack, and Python runs it by calling whatever functions it names. This reader knows the
 * opcodes of protocols 0 to 5, and beside them a table of the functions that torch.save's own classes, NumPy's arrays and numbers, and
 * plain containers name (pickle_known.c). Each of those is a piece of C that builds a value. Any other name is refused with the name and
 * the offset; nothing is ever called, imported or written. */
#ifndef TP_IO_PICKLE_H
#define TP_IO_PICKLE_H

#include "io/elements.h"
#include "io/values.h"

/* A run of elements that a .pth file holds, as the pickle describes it. */
typedef struct tp_pth_storage {
    struct tp_pth_storage *next;
    const char *key;
    tp_element element;
    bool untyped;   /* bytes, of which each tensor says the type */
    int64_t numel;  /* elements; bytes where untyped */
    int64_t first;  /* of a part of another storage: where it begins there */
    uint64_t place; /* in the pickle, for reports */
} tp_pth_storage;

/* How a tensor is made once the pickle has been read: a view of a storage, or an array of NumPy's that stands in the pickle. */
typedef struct tp_recipe {
    struct tp_recipe *next;
    tp_value *value;               /* that is waiting for it */
    const tp_pth_storage *storage; /* or NULL */
    tp_element element;
    bool big; /* of an array */
    tp_shape shape;
    int64_t stride[TP_MAX_DIMS], offset;
    const char *bytes; /* of an array */
    size_t size;
    uint64_t place; /* in the pickle, for reports */
} tp_recipe;

/* A function or class that the reader knows. */
struct tp_pickle;
typedef struct tp_callable {
    const char *module, *name;
    /* The value of calling it with a tuple, or NULL after tp_pickle_bad(). */
    tp_value *(*call)(struct tp_pickle *p, const tp_value *arguments);
    tp_element element; /* of a storage class */
    const char *alias;  /* what the object is called as a value; NULL: module.name */
} tp_callable;

typedef struct tp_pickle {
    tp_location at;
    const char *op, *path;
    tp_values *values;
    const unsigned char *begin, *next, *end;
    uint64_t offset; /* of begin in the file */
    const unsigned char *opcode;
    tp_value **stack, **memo;
    size_t *marks;
    size_t stack_count, stack_room, mark_count, mark_room, memo_count, memo_room;
    tp_recipe *recipes; /* newest first, as storages */
    tp_pth_storage *storages;
    bool failed; /* an error was reported */
} tp_pickle;

/* Runs the machine until it stops: the value that is left. Afterwards p->next is behind the pickle. NULL after an error. */
tp_value *tp_pickle_read(tp_pickle *p);
/* Frees stack and memo; values and recipes lie in p->values. */
void tp_pickle_end(tp_pickle *p);

/* Reports FORMAT at the opcode that runs; NULL. */
tp_value *tp_pickle_bad(tp_pickle *p, const char *reason);
/* Reports UNSUPPORTED likewise; NULL. */
tp_value *tp_pickle_refuse(tp_pickle *p, const char *what, const char *want);
/* Reports what made p->values fail; NULL. */
tp_value *tp_pickle_memory(tp_pickle *p);
uint64_t tp_pickle_place(const tp_pickle *p);
/* The same three for functions that give a bool: false. */
static inline bool tp_pickle_fail(tp_pickle *p, const char *reason) {
    tp_pickle_bad(p, reason);
    return false;
}
static inline bool tp_pickle_fail_unsupported(tp_pickle *p, const char *what, const char *want) {
    tp_pickle_refuse(p, what, want);
    return false;
}
static inline bool tp_pickle_fail_memory(tp_pickle *p) {
    tp_pickle_memory(p);
    return false;
}

/* ---- what the table of known callables is made of ---- */

/* A CALLABLE, or NULL after an error that names what is not known. */
tp_value *tp_pickle_global(tp_pickle *p, const char *module, const char *name);
tp_value *tp_pickle_call(tp_pickle *p, const tp_value *function, const tp_value *arguments);
/* Gives an object its state, as Python's __setstate__ would. False after an error. */
bool tp_pickle_build(tp_pickle *p, tp_value *object, const tp_value *state);
/* The storage that a persistent id describes. */
tp_value *tp_pickle_storage(tp_pickle *p, const tp_value *id);

/* Families of functions, each in its file. */
tp_value *tp_pickle_rebuild_tensor(tp_pickle *p, const tp_value *arguments);
tp_value *tp_pickle_rebuild_tensor_v2(tp_pickle *p, const tp_value *arguments);
tp_value *tp_pickle_rebuild_tensor_v3(tp_pickle *p, const tp_value *arguments);
tp_value *tp_pickle_rebuild_parameter(tp_pickle *p, const tp_value *arguments);
tp_value *tp_pickle_rebuild_from_type(tp_pickle *p, const tp_value *arguments);
tp_value *tp_pickle_numpy_scalar(tp_pickle *p, const tp_value *arguments);
tp_value *tp_pickle_numpy_reconstruct(tp_pickle *p, const tp_value *arguments);
tp_value *tp_pickle_numpy_frombuffer(tp_pickle *p, const tp_value *arguments);
tp_value *tp_pickle_numpy_dtype(tp_pickle *p, const tp_value *arguments);
bool tp_pickle_build_dtype(tp_pickle *p, tp_value *dtype, const tp_value *state);
bool tp_pickle_build_array(tp_pickle *p, tp_value *array, const tp_value *state);

/* The member at a position; NULL where there are fewer, or where it is no tuple. */
static inline tp_value *tp_argument(const tp_value *arguments, size_t i) {
    return tp_value_is_list(arguments) && i < arguments->count ? arguments->is.items[i] : NULL;
}
/* Whole numbers of a tuple or list; false where it is none, or has too many. */
bool tp_pickle_sizes(const tp_value *value, int64_t *out, int *count);
static inline bool tp_is(const tp_value *value, int kind) { return value && value->kind == kind; }
static inline const tp_callable *tp_callable_of(const tp_value *value) {
    return tp_is(value, TP_VALUE_CALLABLE) ? (const tp_callable *)value->is.other : NULL;
}

#endif
