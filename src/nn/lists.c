/* Parameters and state by name: lists and freezing. */
#include <string.h>

#include "autograd/node.h"
#include "base/alloc.h"
#include "nn/module.h"

/* ---- lists ---- */

void tp_module_lists_end(tp_module *module) {
    tp_module_lists *lists = module->lists;
    if (!lists) return;
    tp_delete(lists->parameters);
    tp_delete(lists->state);
    tp_delete(lists->names);
    tp_delete(lists);
    module->lists = NULL;
}

void tp_module_changed(tp_module *module) {
    for (; module; module = module->parent) tp_module_lists_end(module);
}

/* Counts the tensors below module and the bytes of their names, `prefix` characters of path before
 * them. */
static void measure(const tp_module *module, size_t prefix, size_t *count, size_t *bytes) {
    for (int i = 0; i < module->tensor_count; i++) {
        *count += 1;
        *bytes += prefix + strlen(module->tensors[i].name) + 1;
    }
    for (int i = 0; i < module->child_count; i++)
        measure(module->children[i], prefix + strlen(module->children[i]->name) + 1, count, bytes);
}

typedef struct collector {
    tp_module_lists *lists;
    char *names;
} collector;

/* PyTorch's order: parameters, then buffers, then the children. */
static void collect(collector *c, const tp_module *module, const char *prefix) {
    size_t length = strlen(prefix);
    for (int buffers = 0; buffers < 2; buffers++)
        for (int i = 0; i < module->tensor_count; i++) {
            const tp_module_tensor *one = &module->tensors[i];
            if (one->buffer != (buffers == 1)) continue;
            const char *name = c->names;
            memcpy(c->names, prefix, length);
            strcpy(c->names + length, one->name);
            c->names += length + strlen(one->name) + 1;
            tp_named_tensor item = {name, one->tensor};
            c->lists->state[c->lists->state_count++] = item;
            if (!one->buffer) c->lists->parameters[c->lists->parameter_count++] = item;
        }
    char below[TP_MAX_PATH];
    for (int i = 0; i < module->child_count; i++) {
        const char *name = module->children[i]->name;
        size_t more = strlen(name);
        if (length + more + 2 > sizeof below) continue; /* refused before: see tp_module_lists_of */
        memcpy(below, prefix, length);
        memcpy(below + length, name, more);
        memcpy(below + length + more, ".", 2);
        collect(c, module->children[i], below);
    }
}

/* The longest path below module, in characters. */
static size_t depth_of(const tp_module *module) {
    size_t most = 0;
    for (int i = 0; i < module->child_count; i++) {
        size_t here = strlen(module->children[i]->name) + 1 + depth_of(module->children[i]);
        if (here > most) most = here;
    }
    return most;
}

const tp_module_lists *tp_module_lists_of(tp_location at, const char *op, tp_module *module) {
    if (!tp_module_usable(at, op, module)) return NULL;
    if (module->lists) return module->lists;
    if (depth_of(module) + 2 > TP_MAX_PATH) {
        tp_fail(at, op, TP_ERROR_ARGUMENT,
                "layers inside layers whose path has more than 500 characters", NULL, NULL);
        return NULL;
    }
    size_t count = 0, bytes = 0;
    measure(module, 0, &count, &bytes);
    tp_module_lists *lists = tp_new(sizeof *lists);
    if (lists) {
        lists->parameters = tp_new((count + 1) * sizeof(tp_named_tensor));
        lists->state = tp_new((count + 1) * sizeof(tp_named_tensor));
        lists->names = tp_new(bytes + 1);
    }
    module->lists = lists;
    if (!lists || !lists->parameters || !lists->state || !lists->names) {
        tp_module_lists_end(module);
        tp_fail_memory(at, op, count * sizeof(tp_named_tensor) + bytes);
        return NULL;
    }
    collector c = {lists, lists->names};
    collect(&c, module, "");
    return lists;
}

tp_named_list tp_parameters_at(tp_location at, tp_module *module) {
    const tp_module_lists *lists = tp_module_lists_of(at, "parameters", module);
    return lists ? (tp_named_list){lists->parameter_count, lists->parameters}
                 : (tp_named_list){0, NULL};
}

tp_named_list tp_state_dict_at(tp_location at, tp_module *module) {
    const tp_module_lists *lists = tp_module_lists_of(at, "state_dict", module);
    return lists ? (tp_named_list){lists->state_count, lists->state} : (tp_named_list){0, NULL};
}

int64_t tp_parameter_count_at(tp_location at, tp_module *module) {
    const tp_module_lists *lists = tp_module_lists_of(at, "parameter_count", module);
    int64_t sum = 0;
    for (size_t i = 0; lists && i < lists->parameter_count; i++)
        sum += lists->parameters[i].tensor->numel;
    return sum;
}

static tp_tensor *find(const tp_module_lists *lists, const char *name) {
    for (size_t i = 0; i < lists->state_count; i++)
        if (strcmp(lists->state[i].name, name) == 0) return lists->state[i].tensor;
    return NULL;
}

tp_tensor *tp_get_tensor_at(tp_location at, tp_module *module, const char *name) {
    const tp_module_lists *lists = tp_module_lists_of(at, "get_tensor", module);
    if (!lists) return tp_poison();
    tp_tensor *x = name ? find(lists, name) : NULL;
    if (x) return x;
    return tp_fail(at, "get_tensor", TP_ERROR_ARGUMENT,
                   tp_text("no tensor \"%s\" in %s", name ? name : "", module->type),
                   lists->state_count ? tp_text("for instance \"%s\"", lists->state[0].name) : NULL,
                   NULL);
}

/* ---- freezing ---- */

/* Whether `name` is `path` or lies below it. */
static bool below(const char *name, const char *path) {
    if (!path || !path[0]) return true;
    size_t length = strlen(path);
    return strncmp(name, path, length) == 0 && (name[length] == '.' || name[length] == 0);
}

static int set_wanted(tp_location at, const char *op, tp_module *module, const char *path,
                      bool wanted) {
    const tp_module_lists *lists = tp_module_lists_of(at, op, module);
    int count = 0;
    for (size_t i = 0; lists && i < lists->parameter_count; i++) {
        if (!below(lists->parameters[i].name, path)) continue;
        tp_tensor *x = lists->parameters[i].tensor;
        count++;
        if (x->requires_grad == wanted) continue;
        tp_set_requires_grad_at(at, x, wanted);
        if (!wanted) tp_clear_grad(x);
    }
    if (lists && !count && path && path[0])
        tp_fail(at, op, TP_ERROR_ARGUMENT, tp_text("no parameters below \"%s\"", path),
                lists->parameter_count ? tp_text("for instance \"%s\"", lists->parameters[0].name)
                                       : NULL,
                NULL);
    return count;
}

int tp_freeze_at(tp_location at, tp_module *module, const char *path) {
    return set_wanted(at, "freeze", module, path, false);
}

int tp_unfreeze_at(tp_location at, tp_module *module, const char *path) {
    return set_wanted(at, "unfreeze", module, path, true);
}
