/* Which of a file's tensors are a model's state, and under which names. */
#include <string.h>

#include "base/alloc.h"
#include "io/tensor_file.h"

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
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        for (size_t k = 0; k < tp_value_count(root); k++) {
            const char *key = tp_value_str(tp_value_key(root, k));
            if (key && strcmp(key, usual[i]) == 0 && holds_tensors(tp_value_item(root, k)))
                return usual[i];
        }
    if (holds_tensors(root) || tp_value_kind_of(root) != TP_VALUE_DICT) return "";
    const char *only = NULL;
    for (size_t k = 0; k < tp_value_count(root); k++)
        if (tp_value_key(root, k) && holds_tensors(tp_value_item(root, k))) {
            if (only) return NULL;
            only = tp_value_str(tp_value_key(root, k));
        }
    return only;
}

/* The prefix that is taken off the file's names: what the caller says, a checkpoint's "model.", or that of the state in a tree. */
static const char *prefix_of(const tp_tensor_file *file, const char *prefix) {
    if (prefix) return prefix;
    const char *kind = tp_tensor_file_metadata(file, "taper");
    if (kind && begins(kind, "checkpoint")) return "model.";
    if (!file->root) return "";
    const char *key = state_key(file->root);
    return key && *key ? tp_text("%.200s.", key) : key;
}

/* torch.nn.DataParallel puts its only child "module" before all names. */
static size_t parallel_prefix(const tp_named_tensor *items, size_t count) {
    static const char name[] = "module.";
    if (!count) return 0;
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

bool tp_tensor_file_find_state(tp_location at, tp_tensor_file *file, const char *asked,
                               bool parallel, tp_named_list *state) {
    const char *prefix = prefix_of(file, asked);
    size_t bytes = (file->count + 1) * sizeof *file->state;
    *state = (tp_named_list){0, NULL};
    tp_delete(file->state);
    file->state = tp_new(bytes);
    if (!file->state) {
        tp_fail_memory(at, file->op, bytes);
        return false;
    }
    size_t count = prefix ? take_state(file, prefix, file->state) : 0;
    if (!prefix || (asked && !count)) {
        tp_fail(at, file->op, TP_ERROR_STATE,
                prefix ? tp_text("%s: no tensor below \"%s\"", file->path, prefix)
                       : tp_text("%s: no telling which tensors are the model's", file->path),
                file->count ? tp_text("names such as \"%.120s\"", file->items[0].name) : NULL,
                ".prefix = \"state_dict.\" says where the state is");
        return false;
    }
    size_t more = asked || !parallel ? 0 : parallel_prefix(file->state, count);
    for (size_t i = 0; i < count; i++) file->state[i].name += more;
    *state = (tp_named_list){count, file->state};
    return true;
}

tp_named_list tp_tensor_file_state_at(tp_location at, tp_tensor_file *file, const char *prefix) {
    tp_named_list state = {0, NULL};
    if (file) tp_tensor_file_find_state(at, file, prefix, true, &state);
    return state;
}
