/** @file nn.h
 *  Modules: layers and networks with named parameters.
 *
 *  A module of your own is a struct whose first member is `tp_module base`:
 *
 *      typedef struct { tp_module base; tp_module *hidden, *out; } net;
 *      static tp_tensor *net_forward(tp_module *m, tp_tensor *x) {
 *          net *n = (net *)m;
 *          return tp_call(n->out, tp_relu(tp_call(n->hidden, x)));
 *      }
 *      net *n = tp_module_new(net, net_forward);
 *      n->hidden = tp_child(n, "hidden", tp_nn_linear(784, 128));
 *      n->out = tp_child(n, "out", tp_nn_linear(128, 10));
 *
 *  A module owns its children, parameters and buffers; tp_module_free() of the root ends them all.
 *  Names of parameters are PyTorch's: "hidden.weight", or "0.weight" inside a tp_nn_sequential().
 *
 *  The macros take any module, also one of your own type, wherever they say `module`.
 */
#ifndef TAPER_NN_H
#define TAPER_NN_H

#include <stdio.h>
#include <taper/tensor.h>

TP_BEGIN_DECLS

/** A layer or a network. */
typedef struct tp_module tp_module;

/** Computes the output of a module for x. Written by whoever writes the module; called through
 *  tp_call(). */
typedef tp_tensor *(*tp_forward)(tp_module *module, tp_tensor *x);

/** The first member of every module. A module's author may set the four functions; all else is
 *  private and has accessors below. */
struct tp_module {
    /** What tp_call() runs. */
    tp_forward forward;
    /** Frees what the author's struct holds beyond children, parameters and buffers; NULL where
     * there is nothing. */
    void (*release)(tp_module *module);
    /** Writes the options as PyTorch shows them, "in_features=784, out_features=128", as snprintf
     * does; may be NULL. */
    int (*describe)(const tp_module *module, char *buffer, size_t size);
    /** Multiply-adds that forward needs for one input and its output, children excluded; NULL
     * stands for 0. */
    int64_t (*multiply_adds)(const tp_module *module, const tp_tensor *x, const tp_tensor *y);

    /** @cond */
    uint32_t life;
    bool evaluating;
    bool watched; /* has hooks or a capture */
    const char *type;
    tp_module *parent;
    char *name;       /* in the parent */
    const char *path; /* from the root, NULL until needed */
    tp_module **children;
    int child_count, child_capacity;
    struct tp_module_tensor *tensors; /* parameters and buffers */
    int tensor_count, tensor_capacity;
    struct tp_module_watch *watch; /* hooks and the captured value */
    struct tp_module_lists *lists; /* what tp_parameters() and tp_state_dict() gave */
    /** @endcond */
};

/** @name Building
 *  @{ */
/** Makes a module of `bytes` bytes, zeroed, with `tp_module base` first; NULL when out of memory.
 *  `type` is shown in reports and must stay where it is. */
TP_API void *tp_module_new_at(tp_location at, size_t bytes, const char *type, tp_forward forward);
/** tp_module_new(net, net_forward): a new module of your own struct type, whose first member must
 *  be `tp_module base`. Owned by the caller until tp_child() or tp_nn_sequential() takes it over.
 *  NULL when out of memory. */
#define tp_module_new(type, forward) \
    ((type *)tp_module_new_at(       \
        TP_HERE, sizeof(type) + 0 * sizeof(char[offsetof(type, base) ? -1 : 1]), #type, forward))
/** Ends a root module with everything below it. NULL is fine. Error: STATE for a module that has a
 *  parent. */
TP_API void tp_module_free_at(tp_location at, tp_module *module);
#define tp_module_free(module) tp_module_free_at(TP_HERE, (tp_module *)(module))

/** Makes `child` part of `parent` under a name without dots and returns it. Where the child is NULL
 *  (its constructor has failed and reported it), or the parent is, or the name is taken, the child
 *  is freed and NULL comes back. */
TP_API tp_module *tp_child_at(tp_location at, tp_module *parent, const char *name,
                              tp_module *child);
#define tp_child(parent, name, child) \
    tp_child_at(TP_HERE, (tp_module *)(parent), name, (tp_module *)(child))
/** Makes a floating tensor a parameter: the module owns it and its gradient is wanted. Returns x,
 *  or poison after an error. */
TP_API tp_tensor *tp_parameter_at(tp_location at, tp_module *module, const char *name,
                                  tp_tensor *x);
#define tp_parameter(module, name, x) tp_parameter_at(TP_HERE, (tp_module *)(module), name, x)
/** Makes a tensor a buffer: part of the state that is saved, but not trained. Returns x, or poison
 *  after an error. */
TP_API tp_tensor *tp_buffer_at(tp_location at, tp_module *module, const char *name, tp_tensor *x);
#define tp_buffer(module, name, x) tp_buffer_at(TP_HERE, (tp_module *)(module), name, x)
/** @} */

/** @name Running
 *  @{ */
/** Runs a module. Errors inside name this line and the layer in which they arose. */
TP_API tp_tensor *tp_call_at(tp_location at, tp_module *module, tp_tensor *x);
#define tp_call(module, x) tp_call_at(TP_HERE, (tp_module *)(module), x)
/** Runs layers one after the other as a Sequential does: intermediate values go away as soon as
 *  nothing needs them, and neighbours that can be one operation are. For the forward function of a
 *  module of your own: y = tp_call_chain(x, n->conv1, n->bn1, n->relu). x stays the caller's. */
TP_API tp_tensor *tp_call_chain_at(tp_location at, tp_tensor *x, size_t count,
                                   tp_module *const *layers);
#ifndef __cplusplus
#define tp_call_chain(x, ...)                                                                   \
    tp_call_chain_at(TP_HERE, x,                                                                \
                     sizeof((tp_module *const[]){NULL, __VA_ARGS__}) / sizeof(tp_module *) - 1, \
                     (tp_module *const[]){NULL, __VA_ARGS__} + 1)
#endif
/** Training mode for the module and all below it: dropout drops. A new module is in training mode.
 */
TP_API void tp_train_at(tp_location at, tp_module *module);
#define tp_train(module) tp_train_at(TP_HERE, (tp_module *)(module))
/** Evaluation mode. */
TP_API void tp_eval_at(tp_location at, tp_module *module);
#define tp_eval(module) tp_eval_at(TP_HERE, (tp_module *)(module))
/** True in training mode. */
TP_API bool tp_is_training_at(tp_location at, const tp_module *module);
#define tp_is_training(module) tp_is_training_at(TP_HERE, (const tp_module *)(module))

/** Sees a module's output right after it was made. Returns NULL to leave it, or what takes its
 *  place. A value that is to outlive the forward needs tp_keep(): containers drop what they no
 *  longer need. */
typedef tp_tensor *(*tp_hook)(tp_module *module, tp_tensor *x, tp_tensor *y, void *user);
/** Adds a hook, run after those that are there; returns its number (from 1), or 0 after an error.
 */
TP_API int tp_add_hook_at(tp_location at, tp_module *module, tp_hook hook, void *user);
#define tp_add_hook(module, hook, user) tp_add_hook_at(TP_HERE, (tp_module *)(module), hook, user)
/** Removes it; false where there is none of that number. */
TP_API bool tp_remove_hook_at(tp_location at, tp_module *module, int number);
#define tp_remove_hook(module, number) tp_remove_hook_at(TP_HERE, (tp_module *)(module), number)

/** The value that the layer `path` ("features.3"; "" is the module itself) gave in its last
 *  forward; NULL where it did not run since the first call of tp_capture() with this path, which is
 *  what makes the layer keep its values: call it once before the forward. The value is the tensor
 *  in the graph, owned by the layer until its next forward; tp_keep(tp_detach(value)) has its values
 *  for longer. Error: ARGUMENT where there is no such layer. */
TP_API tp_tensor *tp_capture_at(tp_location at, tp_module *module, const char *path);
#define tp_capture(module, path) tp_capture_at(TP_HERE, (tp_module *)(module), path)
/** Ends it, and the value with it. */
TP_API void tp_capture_end_at(tp_location at, tp_module *module, const char *path);
#define tp_capture_end(module, path) tp_capture_end_at(TP_HERE, (tp_module *)(module), path)
/** @} */

/** @name Looking inside
 *  @{ */
/** Number of children. */
TP_API int tp_child_count_at(tp_location at, const tp_module *module);
#define tp_child_count(module) tp_child_count_at(TP_HERE, (const tp_module *)(module))
/** A child by position, negative from the end. */
TP_API tp_module *tp_child_get_at(tp_location at, const tp_module *module, int index);
#define tp_child_get(module, index) tp_child_get_at(TP_HERE, (const tp_module *)(module), index)
/** The module at a path such as "features.3"; "" is the module itself. ARGUMENT, with the names
 *  that are there, and NULL where there is none. */
TP_API tp_module *tp_get_module_at(tp_location at, tp_module *module, const char *path);
#define tp_get_module(module, path) tp_get_module_at(TP_HERE, (tp_module *)(module), path)
/** "Linear", or the name of your struct type. */
TP_API const char *tp_module_type_at(tp_location at, const tp_module *module);
#define tp_module_type(module) tp_module_type_at(TP_HERE, (const tp_module *)(module))
/** The name in the parent; "" for a root. */
TP_API const char *tp_module_name_at(tp_location at, const tp_module *module);
#define tp_module_name(module) tp_module_name_at(TP_HERE, (const tp_module *)(module))
/** The parameter or buffer of this name, "features.0.weight". ARGUMENT and poison where there is
 *  none. */
TP_API tp_tensor *tp_get_tensor_at(tp_location at, tp_module *module, const char *name);
#define tp_get_tensor(module, name) tp_get_tensor_at(TP_HERE, (tp_module *)(module), name)

/** A tensor and its name. */
typedef struct tp_named_tensor {
    const char *name; /**< "features.0.weight", from the module that was asked */
    tp_tensor *tensor;
} tp_named_tensor;
/** A list that belongs to the module; good until a module, parameter or buffer is added below it,
 *  or it ends. */
typedef struct tp_named_list {
    size_t count;
    const tp_named_tensor *items;
} tp_named_list;
/** The parameters, in PyTorch's order: a module's own as they were added, then those of each child.
 *  Empty after an error. */
TP_API tp_named_list tp_parameters_at(tp_location at, tp_module *module);
#define tp_parameters(module) tp_parameters_at(TP_HERE, (tp_module *)(module))
/** Parameters and buffers, in the order and with the keys of PyTorch's state_dict. */
TP_API tp_named_list tp_state_dict_at(tp_location at, tp_module *module);
#define tp_state_dict(module) tp_state_dict_at(TP_HERE, (tp_module *)(module))
/** How many elements all parameters have together. */
TP_API int64_t tp_parameter_count_at(tp_location at, tp_module *module);
#define tp_parameter_count(module) tp_parameter_count_at(TP_HERE, (tp_module *)(module))

/** What fitted and what did not when a state was loaded: PyTorch's missing and unexpected keys, and the shapes that differ. Names are
 *  copies; tp_load_report_free() ends them. */
typedef struct tp_load_report {
    size_t loaded;           /**< tensors that were copied; 0 where the call failed */
    size_t missing_count;    /**< keys of the model that the state lacks */
    size_t unexpected_count; /**< keys of the state that the model lacks */
    size_t mismatched_count; /**< keys of both whose shapes differ */
    char **missing;
    char **unexpected;
    char **
        mismatched; /**< "fc.weight (1000, 512) for (2, 512)": the state's shape, then the model's */
} tp_load_report;
/** Frees the names and clears the report. NULL is fine. */
TP_API void tp_load_report_free(tp_load_report *report);

/** Arguments of tp_load_state. */
typedef struct tp_load_state_args {
    tp_module *module;
    const tp_named_tensor *items;
    size_t count;
    bool partial; /**< missing and unexpected keys are no error (PyTorch's strict=False) */
    bool
        skip_mismatched; /**< keys whose shapes differ are left alone, as a new last layer wants it when a model is fine-tuned */
    tp_load_report
        *report; /**< filled in any case; the caller frees it with tp_load_report_free() */
} tp_load_state_args;
/** Copies values into the parameters and buffers of those names, converting types. All or nothing:
 *  where keys are missing or unexpected or shapes differ, one STATE error lists them and nothing
 *  changes. */
TP_API bool tp_load_state_at(tp_location at, tp_load_state_args args);
#define tp_load_state(...) \
    tp_load_state_at(TP_HERE, TP_MAKE(tp_load_state_args, .module = (tp_module *)__VA_ARGS__))

/** Runs a function on every module below `module`, children before parents, and on itself last. */
TP_API void tp_apply_at(tp_location at, tp_module *module,
                        void (*function)(tp_module *module, void *user), void *user);
#define tp_apply(module, function, user) tp_apply_at(TP_HERE, (tp_module *)(module), function, user)

/** Turns off the gradient of every parameter below `path` ("features", "0.weight"; NULL: all) and
 *  drops gradients that are there. Returns how many tensors that is; 0 and ARGUMENT where there is
 *  nothing of that path. */
TP_API int tp_freeze_at(tp_location at, tp_module *module, const char *path);
#define tp_freeze(module, path) tp_freeze_at(TP_HERE, (tp_module *)(module), path)
/** Turns it on again. */
TP_API int tp_unfreeze_at(tp_location at, tp_module *module, const char *path);
#define tp_unfreeze(module, path) tp_unfreeze_at(TP_HERE, (tp_module *)(module), path)
/** @} */

/** @name Summary
 *  @{ */
/** One layer of a summary. */
typedef struct tp_summary_row {
    const char *path;      /**< "features.0"; "" is the model itself */
    const char *type;      /**< "Linear" */
    int depth;             /**< 0 for the model itself */
    bool leaf;             /**< has no children */
    tp_shape output;       /**< for one sample */
    int64_t parameters;    /**< its own, not those of its children */
    int64_t trainable;     /**< of these, the elements that are trained */
    int64_t multiply_adds; /**< for one sample, without its children's */
    int64_t output_bytes;
} tp_summary_row;
/** What tp_summarize() found. */
typedef struct tp_summary_table {
    size_t count;
    tp_summary_row
        *rows; /**< in the order in which the layers ran, a container before what it contains */
    int64_t parameters, trainable, multiply_adds;
    int64_t parameter_bytes; /**< parameters and buffers */
    int64_t output_bytes;    /**< outputs of all layers without children */
} tp_summary_table;
/** Runs the model once on zeros of shape (1, sample...) in evaluation mode, without recording, and
 *  notes each layer. `sample` is the shape of one sample without the batch dimension: tp_shape(1,
 *  28, 28). Hooks do not run. NULL after an error; end it with tp_summary_free(). */
TP_API tp_summary_table *tp_summarize_at(tp_location at, tp_module *module, tp_shape sample);
#define tp_summarize(module, sample) tp_summarize_at(TP_HERE, (tp_module *)(module), sample)
/** Ends it; NULL is fine. */
TP_API void tp_summary_free(tp_summary_table *table);
/** Arguments of tp_predict_memory. */
typedef struct tp_predict_memory_args {
    tp_module *module;
    tp_shape sample;    /**< shape of one sample, without the batch dimension */
    int64_t batch_size; /**< 32 */
    /** Numbers that the optimiser keeps for each parameter: 2 as Adam; -1 for none, as plain SGD. */
    int64_t optimizer_values;
} tp_predict_memory_args;
/** The most memory in use at once, in bytes, with parameters, buffers and the batch; -1 where the
 *  model does not run, or has no gradient. */
typedef struct tp_memory_forecast {
    int64_t inference; /**< in evaluation, without recording */
    int64_t training;  /**< in a training step, with gradients and the optimiser's values */
} tp_memory_forecast;
/** Tells what a model will need, as tp_memory_get_stats() would measure it: runs two small batches
 *  of zeros both ways, notes the blocks that are taken and given back, and lets each grow with the
 *  batch. Whatever the runs change is put back; hooks rest. */
TP_API tp_memory_forecast tp_predict_memory_at(tp_location at, tp_predict_memory_args args);
#define tp_predict_memory(model, ...) \
    tp_predict_memory_at(             \
        TP_HERE, TP_MAKE(tp_predict_memory_args, (tp_module *)(model), .sample = __VA_ARGS__))

/** Arguments of tp_summary. */
typedef struct tp_summary_args {
    tp_module *module;
    tp_shape sample;
    FILE *stream;
    int64_t batch_size; /**< of the training step whose memory is foretold: 32 */
} tp_summary_args;
/** Prints it as a table, with what tp_predict_memory() says of training with Adam:
 *  tp_summary(model, tp_shape(1, 28, 28), stdout). False after an error. */
TP_API bool tp_summary_at(tp_location at, tp_summary_args args);
#define tp_summary(model, sample_, ...)                                                      \
    tp_summary_at(TP_HERE, TP_MAKE(tp_summary_args, (tp_module *)(model), .sample = sample_, \
                                   .stream = __VA_ARGS__))
/** Prints the structure as PyTorch's print(model). */
TP_API void tp_print_module_at(tp_location at, const tp_module *module, FILE *stream);
#define tp_print_module(module, stream) \
    tp_print_module_at(TP_HERE, (const tp_module *)(module), stream)
/** @} */

/** @name Layers
 *  Each returns a module that the caller owns, or NULL after an error.
 *  @{ */
/** Runs its children "0", "1", ... one after the other. Takes over all of them, also when one is
 *  NULL because its constructor failed: then the others are freed and NULL comes back. Intermediate
 *  values go away as soon as nothing needs them; to see one use tp_capture() or a hook. Layers
 *  that can be one operation with those before them are: docs/fusion.md says which. */
TP_API tp_module *tp_nn_sequential_at(tp_location at, size_t count, tp_module *const *layers);
#ifndef __cplusplus
#define tp_nn_sequential(...)                                                                      \
    tp_nn_sequential_at(TP_HERE,                                                                   \
                        sizeof((tp_module *const[]){NULL, __VA_ARGS__}) / sizeof(tp_module *) - 1, \
                        (tp_module *const[]){NULL, __VA_ARGS__} + 1)
#endif
/** Adds a layer at the end of a Sequential under the next number; returns it. Frees it and returns
 *  NULL after an error. */
TP_API tp_module *tp_sequential_append_at(tp_location at, tp_module *sequential, tp_module *layer);
#define tp_sequential_append(sequential, layer) \
    tp_sequential_append_at(TP_HERE, sequential, (tp_module *)(layer))

/** Arguments of tp_nn_linear. */
typedef struct tp_nn_linear_args {
    int64_t in_features, out_features;
    bool no_bias;
    tp_dtype dtype;
} tp_nn_linear_args;
/** y = x W^T + b: (..., in) to (..., out). weight (out, in) and bias (out) are uniform in
 *  +-1/sqrt(in) from the thread's generator, as PyTorch draws them. */
TP_API tp_module *tp_nn_linear_at(tp_location at, tp_nn_linear_args args);
#define tp_nn_linear(...) \
    tp_nn_linear_at(TP_HERE, TP_MAKE(tp_nn_linear_args, .in_features = __VA_ARGS__))

/** A residual block (He and others, 2016): body(x) + shortcut(x), whose shapes must be equal. Takes
 *  over both modules, as children "body" and "shortcut"; tp_nn_identity() as the shortcut adds x as
 *  it is. Where one is NULL the other is freed and NULL comes back. */
TP_API tp_module *tp_nn_residual_at(tp_location at, tp_module *body, tp_module *shortcut);
#define tp_nn_residual(body, shortcut) \
    tp_nn_residual_at(TP_HERE, (tp_module *)(body), (tp_module *)(shortcut))

/** (N, ...) to (N, all the rest). */
TP_API tp_module *tp_nn_flatten_at(tp_location at);
#define tp_nn_flatten() tp_nn_flatten_at(TP_HERE)
/** Gives back what it gets. */
TP_API tp_module *tp_nn_identity_at(tp_location at);
#define tp_nn_identity() tp_nn_identity_at(TP_HERE)

/** @} */

/** @name Layers as text
 *  @{ */
/** A Sequential from a text: layers separated by spaces, each a word with its settings behind a
 *  colon, "conv:8,k=5,p=2 relu maxpool:2 flatten linear:10". "(...)" is a Sequential inside,
 *  "3*(...)" three of them, "(...)+" a residual block that adds what went in, and "(...)+(...)" one
 *  that adds what the second group makes of it: docs/layer-text.md has it all. `sample` is the shape
 *  of one sample, tp_shape(1, 28, 28): the sizes of inputs follow from it. Errors: ARGUMENT with the
 *  word, its column, and what would be right; then NULL. Owned by the caller. */
TP_API tp_module *tp_nn_from_text_at(tp_location at, const char *text, tp_shape sample);
#define tp_nn_from_text(text, sample) tp_nn_from_text_at(TP_HERE, text, sample)
/** How the i-th word is written, "linear:OUT"; NULL past the last. */
TP_API const char *tp_layer_text_usage(size_t i);
/** @} */

TP_END_DECLS

#include <taper/nn/activation.h>
#include <taper/nn/dropout.h>
#include <taper/nn/embedding.h>
#include <taper/nn/norm.h>
#include <taper/nn/pad.h>
#include <taper/nn/pool.h>
#include <taper/nn/resample.h>

#ifdef __cplusplus
#include <initializer_list>
inline tp_module *tp_nn_sequential_list(tp_location at, std::initializer_list<tp_module *> layers) {
    return tp_nn_sequential_at(at, layers.size(), layers.begin());
}
#define tp_nn_sequential(...) tp_nn_sequential_list(TP_HERE, {__VA_ARGS__})
inline tp_tensor *tp_call_chain_list(tp_location at, tp_tensor *x,
                                     std::initializer_list<tp_module *> layers) {
    return tp_call_chain_at(at, x, layers.size(), layers.begin());
}
#define tp_call_chain(x, ...) tp_call_chain_list(TP_HERE, x, {__VA_ARGS__})
#endif

#include <taper/nn/conv.h>

#endif
