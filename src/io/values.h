/* What a tree of values is inside, and the kinds that stand on a pickle's stack only. */
#ifndef TP_IO_VALUES_H
#define TP_IO_VALUES_H

#include <taper/values.h>

#include "io/arena.h"
#include "tensor/tensor.h"

enum {
    TP_VALUE_CALLABLE = TP_VALUE_KIND_COUNT, /* a function or class that the reader knows */
    TP_VALUE_STORAGE,                        /* elements of a .pth file */
    TP_VALUE_ARRAY_TYPE                      /* NumPy's dtype */
};

struct tp_value {
    tp_values *values;
    int kind;           /* tp_value_kind or one of the above */
    int height;         /* levels below it, once checked; -1 while that is going on */
    uint64_t weight;    /* values in it, each as often as it is met; 0 until checked */
    bool tensors;       /* whether it is a tensor or holds one, once checked */
    size_t count, room; /* members or pairs; bytes of a text */
    union {
        bool truth;
        int64_t whole;
        double number;
        const char *text;        /* STR, NAME, BYTES */
        struct tp_value **items; /* keys and values of a dict in turn */
        const void *other;       /* of the kinds above */
    } is;
    tp_tensor *tensor;              /* of a TENSOR; made after all was read */
    const struct tp_recipe *recipe; /* what it is made from, see pickle.h */
    const unsigned char *digits;    /* a whole number too long for 64 bits, little-endian */
};

struct tp_values {
    tp_arena arena;
    bool failed; /* out of memory, or over the arena's limit */
    size_t tensor_count, tensor_room;
    tp_tensor **tensors; /* that the tree owns */
};

/* NULL, with `failed` set, when out of memory. */
tp_value *tp_value_new(tp_values *values, int kind);
tp_value *tp_value_of_text(tp_values *values, int kind, const void *bytes, size_t n);
/* Appends a member, or key and value of a pair. False when out of memory. */
bool tp_value_push(tp_value *value, tp_value *member);
bool tp_value_push_pair(tp_value *dict, tp_value *key, tp_value *value);
/* Makes the tree own a tensor. False, after tp_free(x), when out of memory. */
bool tp_values_own(tp_values *values, tp_tensor *x);

static inline bool tp_value_is_list(const tp_value *value) {
    return value && (value->kind == TP_VALUE_LIST || value->kind == TP_VALUE_TUPLE ||
                     value->kind == TP_VALUE_SET);
}

/* No value may contain itself, and nesting, counted from here, may be no deeper than this: what walks trees later may then recurse. */
enum { TP_VALUE_DEPTH = 64 };
/* NULL, or what is wrong: a cycle, nesting that is too deep, a key twice, or members that repeat each other so that a walk meets more
 * values than the `size` bytes that described them account for. */
const char *tp_value_check(tp_value *value, uint64_t size);

#endif
