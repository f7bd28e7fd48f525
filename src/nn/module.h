/* What the files of nn/ know about modules. */
#ifndef TP_NN_MODULE_H
#define TP_NN_MODULE_H

#include <taper/nn.h>

#include "nn/state.h"
#include "tensor/tensor.h"

enum { TP_MODULE_ALIVE = 0x6d0d01e5, TP_MAX_PATH = 512 };

/* A parameter or buffer: the module owns the tensor and holds its header, so that it notices when
 * someone ended it. */
typedef struct tp_module_tensor {
    char *name;
    tp_tensor *tensor;
    bool buffer;
} tp_module_tensor;

typedef struct tp_hook_entry {
    tp_hook hook;
    void *user;
    int number;
} tp_hook_entry;

/* Who wants to see the outputs of a module. */
typedef struct tp_module_watch {
    tp_hook_entry *hooks;
    int count, capacity, last_number;
    bool capture;
    bool owned;          /* captured was a scope's before */
    tp_tensor *captured; /* header held */
} tp_module_watch;

/* The lists handed out, made when asked for. */
typedef struct tp_module_lists {
    tp_named_tensor *parameters, *state;
    size_t parameter_count, state_count;
    char *names; /* the names of both */
} tp_module_lists;

/* True where module can be used; else NULL or something that is no module, reported. */
bool tp_module_usable(tp_location at, const char *op, const tp_module *module);
/* A new module of ours: `type` is PyTorch's name. */
void *tp_layer_new(tp_location at, size_t bytes, const char *type, tp_forward forward);
/* Ends a module that nobody owns yet, or with its parent. */
void tp_module_end(tp_module *module);

/* The path from the root, interned; "" where memory is out. Also names the tensors for reports. */
const char *tp_module_full_path(tp_module *module);
/* Joins "a" and "b" to "a.b"; "" and "b" to "b". False where the result would be too long. */
bool tp_join_path(char *out, const char *a, const char *b);

/* The lists of all below module; NULL after an error. */
const tp_module_lists *tp_module_lists_of(tp_location at, const char *op, tp_module *module);
/* Forgets the lists of module and of all above it. */
void tp_module_changed(tp_module *module);
/* Runs the hooks and keeps the value; returns what stands for y from now on. */
tp_tensor *tp_module_watched(tp_module *module, tp_tensor *x, tp_tensor *y);
void tp_module_watch_end(tp_module *module);
void tp_module_lists_end(tp_module *module);

/* Adds a floating tensor that was just made as a parameter; false after an error. */
static inline bool tp_add_parameter(tp_location at, tp_module *module, const char *name,
                                    tp_tensor *x) {
    return !tp_is_poison(tp_parameter_at(at, module, name, x));
}

/* Room for one more in an array of `item` bytes each; false when out of memory. */
bool tp_grow(void **array, int count, int *capacity, size_t item);

#endif
