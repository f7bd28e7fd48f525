/* Whole modules in files: which of a file's tensors are the model's state, and under which names. */
#include <string.h>
#include <taper/io.h>

#include "base/alloc.h"
#include "base/context.h"
#include "io/safetensors.h"

bool tp_save_at(tp_location at, const char *path, tp_module *module) {
    uint32_t errors = tp_ctx()->error.count;
    tp_named_list state = tp_state_dict_at(at, module);
    if (tp_ctx()->error.count != errors) return false;
    static const tp_metadata format = {"format", "pt"}; /* the keys are PyTorch's */
    return tp_tensors_write("save", at,
                            (tp_save_tensors_args){.path = path,
                                                   .items = state.items,
                                                   .count = state.count,
                                                   .metadata = &format,
                                                   .metadata_count = 1});
}

/* ---- where the state stands in a file ---- */

static bool begins(const char *name, const char *prefix) {
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool holds_tensors(const tp_value *value) {
    if (tp_value_kind_of(value) != TP_VALUE_DICT) return false;
    for (size_t i = 0; i < tp_value_count(value); i++)
        if (tp_value_tensor(tp_value_item(value, i))) return true;
    return false;
}

/* The key of a checkpoint under which the model's state stands: one of the usual ones, or the only dictionary that holds tensors; ""
 * where the tree is a state itself. NULL where there is no telling. */
static const char *state_key(const tp_value *root) {
    static const char *const usual[] = {"state_dict", "model_state_dict", "model", "net",
                                        "network",    "weights",          "params"};
    if (holds_tensors(root)) return "";
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        for (size_t k = 0; k < tp_value_count(root); k++) {
            const char *key = tp_value_str(tp_value_key(root, k));
            if (key && strcmp(key, usual[i]) == 0 && holds_tensors(tp_value_item(root, k)))
                return usual[i];
        }
    const char *only = NULL;
    for (size_t k = 0; k < tp_value_count(root); k++)
        if (tp_value_key(root, k) && holds_tensors(tp_value_item(root, k))) {
            if (only) return NULL;
            only = tp_value_str(tp_value_key(root, k));
        }
    return only;
}

/* The prefix that is taken off the file's names: what the caller says, a checkpoint's "model.", or that of the state in a tree. */
static const char *prefix_of(const tp_tensor_file *file, const tp_load_args *args) {
    if (args->prefix) return args->prefix;
    const char *kind = tp_tensor_file_metadata(file, "taper");
    if (kind && begins(kind, "checkpoint")) return "model.";
    if (!file->root) return "";
    const char *key = state_key(file->root);
    return key && *key ? tp_text("%.200s.", key) : key;
}

/* Whether the module has a child of that name. */
static bool has_child(const tp_module *module, const char *name) {
    for (int i = 0; module && i < tp_child_count(module); i++)
        if (strcmp(tp_module_name(tp_child_get(module, i)), name) == 0) return true;
    return false;
}

/* torch.nn.DataParallel puts its only child "module" before all names. */
static size_t parallel_prefix(const tp_named_tensor *items, size_t count, const tp_module *module) {
    static const char name[] = "module.";
    if (!count || has_child(module, "module")) return 0;
    for (size_t i = 0; i < count; i++)
        if (!begins(items[i].name, name)) return 0;
    return sizeof name - 1;
}

/* The tensors below the prefix, without it. */
static size_t take_state(const tp_tensor_file *file, const char *prefix, tp_named_tensor *items) {
    size_t length = strlen(prefix), count = 0;
    for (size_t i = 0; i < file->count; i++)
        if (begins(file->items[i].name, prefix))
            items[count++] = (tp_named_tensor){file->items[i].name + length, file->items[i].tensor};
    return count;
}

static bool load_file(tp_location at, const tp_tensor_file *file, const tp_load_args *args,
                      tp_named_tensor *items) {
    const char *prefix = prefix_of(file, args);
    size_t count = prefix ? take_state(file, prefix, items) : 0;
    if (!prefix || (args->prefix && !count)) {
        tp_fail(at, "load", TP_ERROR_STATE,
                prefix ? tp_text("%s: no tensor below \"%s\"", file->path, prefix)
                       : tp_text("%s: several dictionaries of tensors", file->path),
                file->count ? tp_text("names such as \"%.120s\"", file->items[0].name) : NULL,
                ".prefix = \"state_dict.\" says where the state is");
        return false;
    }
    size_t more = args->prefix ? 0 : parallel_prefix(items, count, args->module);
    for (size_t i = 0; i < count; i++) items[i].name += more;
    return tp_load_state_at(at, (tp_load_state_args){.module = args->module,
                                                     .items = items,
                                                     .count = count,
                                                     .partial = args->partial,
                                                     .skip_mismatched = args->skip_mismatched,
                                                     .report = args->report});
}

bool tp_load_at(tp_location at, tp_load_args args) {
    if (args.report) *args.report = (tp_load_report){0};
    tp_tensor_file *file = tp_tensor_file_open(at, "load", args.path);
    if (!file) return false;
    size_t bytes = (file->count + 1) * sizeof(tp_named_tensor);
    tp_named_tensor *items = tp_new(bytes);
    if (!items) tp_fail_memory(at, "load", bytes);
    bool fine = items && load_file(at, file, &args, items);
    tp_delete(items);
    tp_tensor_file_close(file);
    return fine;
}
