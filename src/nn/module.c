#include "nn/module.h"

#include <string.h>

#include "base/alloc.h"
#include "nn/fuse.h"

static bool memory_error(tp_location at, const char *op, size_t bytes) {
    tp_fail_memory(at, op, bytes);
    return false;
}

bool tp_grow(void **array, int count, int *capacity, size_t item) {
    if (count < *capacity) return true;
    int wanted = *capacity ? 2 * *capacity : 4;
    void *grown = tp_resize(*array, (size_t)wanted * item);
    if (!grown) return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

bool tp_module_usable(tp_location at, const char *op, const tp_module *module) {
    if (module && module->life == TP_MODULE_ALIVE) return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT,
            module ? "something that is no module" : "NULL where a module is needed", NULL,
            module ? "a module's struct begins with `tp_module base` and comes from tp_module_new()"
                   : "its constructor may have failed");
    return false;
}

/* ---- new and free ---- */

void *tp_layer_new(tp_location at, size_t bytes, const char *type, tp_forward forward) {
    if (bytes < sizeof(tp_module) || !forward) {
        tp_fail(at, "module_new", TP_ERROR_ARGUMENT,
                forward ? "a struct smaller than a module" : "no forward function",
                "a struct that begins with `tp_module base`, and its forward function", NULL);
        return NULL;
    }
    tp_module *module = tp_new(bytes);
    if (!module) {
        memory_error(at, "module_new", bytes);
        return NULL;
    }
    module->life = TP_MODULE_ALIVE;
    module->type = type;
    module->forward = forward;
    return module;
}

void *tp_module_new_at(tp_location at, size_t bytes, const char *type, tp_forward forward) {
    return tp_layer_new(at, bytes, type, forward);
}

static void end_tensors(tp_module *module) {
    for (int i = 0; i < module->tensor_count; i++) {
        tp_tensor *x = module->tensors[i].tensor;
        if (x->life == TP_ALIVE) {
            x->name = NULL;
            tp_free(x);
        }
        tp_drop(x);
        tp_delete(module->tensors[i].name);
    }
    tp_delete(module->tensors);
}

void tp_module_end(tp_module *module) {
    if (!module) return;
    for (int i = 0; i < module->child_count; i++) tp_module_end(module->children[i]);
    if (module->release) module->release(module);
    tp_module_watch_end(module);
    tp_module_lists_end(module);
    end_tensors(module);
    tp_delete(module->children);
    tp_delete(module->name);
    module->life = 0;
    tp_delete(module);
}

void tp_module_free_at(tp_location at, tp_module *module) {
    if (!module || !tp_module_usable(at, "module_free", module)) return;
    if (module->parent) {
        tp_fail(at, "module_free", TP_ERROR_STATE,
                tp_text("\"%s\" (%s), which belongs to a %s", module->name, module->type,
                        module->parent->type),
                NULL, "free the root: it frees everything below it");
        return;
    }
    tp_module_end(module);
}

/* ---- names and paths ---- */

bool tp_join_path(char *out, const char *a, const char *b) {
    size_t length = strlen(a), more = strlen(b);
    if (length + more + 2 > TP_MAX_PATH) return false;
    memcpy(out, a, length);
    if (length && more) out[length++] = '.';
    memcpy(out + length, b, more + 1);
    return true;
}

const char *tp_module_full_path(tp_module *module) {
    if (module->path) return module->path;
    char text[TP_MAX_PATH] = "";
    if (module->parent && !tp_join_path(text, tp_module_full_path(module->parent), module->name))
        return "";
    const char *path = tp_module_intern(text);
    if (!path) return "";
    for (int i = 0; i < module->tensor_count; i++) {
        const char *full =
            tp_join_path(text, path, module->tensors[i].name) ? tp_module_intern(text) : NULL;
        if (!full) return path; /* not kept: tried again at the next call */
        module->tensors[i].tensor->name = full;
    }
    return module->path = path;
}

static void forget_paths(tp_module *module) {
    module->path = NULL;
    for (int i = 0; i < module->child_count; i++) forget_paths(module->children[i]);
}

/* Whether `name` can be that of something new in module. */
static bool name_free(tp_location at, const char *op, const tp_module *module, const char *name) {
    const char *problem = NULL;
    if (!name || !name[0])
        problem = "no name";
    else if (strchr(name, '.'))
        problem = tp_text("the name \"%s\"", name);
    else if (strlen(name) >= TP_MAX_PATH / 4)
        problem = "a name of more than 127 characters";
    if (problem) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, problem, "a short name without dots", NULL);
        return false;
    }
    bool taken = false;
    for (int i = 0; i < module->child_count; i++)
        taken |= strcmp(module->children[i]->name, name) == 0;
    for (int i = 0; i < module->tensor_count; i++)
        taken |= strcmp(module->tensors[i].name, name) == 0;
    if (taken)
        tp_fail(at, op, TP_ERROR_ARGUMENT, tp_text("\"%s\" twice in one %s", name, module->type),
                "a name of its own", NULL);
    return !taken;
}

/* ---- children ---- */

static bool may_adopt(tp_location at, const tp_module *parent, const char *name,
                      const tp_module *child) {
    if (!tp_module_usable(at, "child", parent) || !name_free(at, "child", parent, name))
        return false;
    for (const tp_module *above = parent; above; above = above->parent)
        if (above == child) {
            tp_fail(at, "child", TP_ERROR_ARGUMENT, "a module inside itself", NULL, NULL);
            return false;
        }
    return true;
}

tp_module *tp_child_at(tp_location at, tp_module *parent, const char *name, tp_module *child) {
    if (!child) return NULL; /* its constructor has reported why */
    if (!tp_module_usable(at, "child", child)) return NULL;
    if (child->parent) { /* it has an owner already, so nobody frees it here */
        tp_fail(at, "child", TP_ERROR_STATE,
                tp_text("a %s that already belongs to a %s as \"%s\"", child->type,
                        child->parent->type, child->name),
                NULL, "make a module of its own for each place");
        return NULL;
    }
    if (!parent) {
        tp_module_end(child);
        return NULL;
    }
    if (!may_adopt(at, parent, name, child)) {
        if (child != parent) tp_module_end(child);
        return NULL;
    }
    char *copy = tp_string_copy(name);
    if (!copy || !tp_grow((void **)&parent->children, parent->child_count, &parent->child_capacity,
                          sizeof(tp_module *))) {
        memory_error(at, "child", sizeof(tp_module *));
        tp_delete(copy);
        tp_module_end(child);
        return NULL;
    }
    child->name = copy;
    child->parent = parent;
    parent->children[parent->child_count++] = child;
    forget_paths(child);
    tp_module_changed(parent);
    return child;
}

int tp_child_count_at(tp_location at, const tp_module *module) {
    return tp_module_usable(at, "child_count", module) ? module->child_count : 0;
}

tp_module *tp_child_get_at(tp_location at, const tp_module *module, int index) {
    if (!tp_module_usable(at, "child_get", module)) return NULL;
    int wrapped = index < 0 ? index + module->child_count : index;
    if (wrapped >= 0 && wrapped < module->child_count) return module->children[wrapped];
    tp_fail(at, "child_get", TP_ERROR_INDEX,
            tp_text("child %d of a %s that has %d", index, module->type, module->child_count), NULL,
            NULL);
    return NULL;
}

/* The names of the children, for a message. */
static const char *child_names(const tp_module *module) {
    char text[200] = "";
    size_t used = 0;
    for (int i = 0; i < module->child_count; i++) {
        size_t length = strlen(module->children[i]->name);
        if (used + length + 6 > sizeof text) {
            memcpy(text + used, ", ...", 6);
            break;
        }
        if (used) memcpy(text + used, ", ", 2), used += 2;
        memcpy(text + used, module->children[i]->name, length + 1);
        used += length;
    }
    return tp_text("%s", text);
}

tp_module *tp_get_module_at(tp_location at, tp_module *module, const char *path) {
    if (!tp_module_usable(at, "get_module", module)) return NULL;
    const char *rest = path ? path : "";
    while (rest[0]) {
        size_t length = strcspn(rest, ".");
        tp_module *found = NULL;
        for (int i = 0; i < module->child_count && !found; i++) {
            const char *name = module->children[i]->name;
            if (strlen(name) == length && memcmp(name, rest, length) == 0)
                found = module->children[i];
        }
        if (!found) {
            tp_fail(at, "get_module", TP_ERROR_ARGUMENT, tp_text("no layer \"%s\"", path),
                    module->child_count
                        ? tp_text("below %s one of %s", module->type, child_names(module))
                        : tp_text("%s has none below it", module->type),
                    NULL);
            return NULL;
        }
        module = found;
        rest += length + (rest[length] == '.');
    }
    return module;
}

const char *tp_module_type_at(tp_location at, const tp_module *module) {
    return tp_module_usable(at, "module_type", module) ? module->type : "";
}

const char *tp_module_name_at(tp_location at, const tp_module *module) {
    return tp_module_usable(at, "module_name", module) && module->name ? module->name : "";
}

/* ---- parameters and buffers ---- */

static tp_tensor *add_tensor(tp_location at, const char *op, tp_module *module, const char *name,
                             tp_tensor *x, bool buffer) {
    TP_CHECK(at, op, x);
    if (!tp_module_usable(at, op, module) || !name_free(at, op, module, name)) return tp_poison();
    if (x->owner == TP_OWNER_LIBRARY)
        return tp_fail(
            at, op, TP_ERROR_STATE,
            tp_text("%s, which already belongs to a module or optimiser", tp_tensor_text(x)), NULL,
            "tp_clone() it");
    if (!buffer && (!tp_is_float_type(x->dtype) || x->node))
        return tp_fail(at, op, x->node ? TP_ERROR_GRAPH : TP_ERROR_DTYPE,
                       tp_text("%s%s", tp_tensor_text(x),
                               x->node ? ", the result of recorded operations" : ""),
                       "a leaf of a floating type",
                       x->node ? "make it inside TP_NO_GRAD { }, or tp_detach() it" : NULL);
    char *copy = tp_string_copy(name);
    if (!copy || !tp_grow((void **)&module->tensors, module->tensor_count, &module->tensor_capacity,
                          sizeof(tp_module_tensor))) {
        tp_delete(copy);
        return tp_fail_memory(at, op, sizeof(tp_module_tensor));
    }
    module->tensors[module->tensor_count++] = (tp_module_tensor){copy, x, buffer};
    tp_own(x);
    tp_hold(x);
    x->requires_grad = !buffer;
    module->path = NULL; /* the tensor is still to be named */
    tp_module_changed(module);
    return x;
}

tp_tensor *tp_parameter_at(tp_location at, tp_module *module, const char *name, tp_tensor *x) {
    return add_tensor(at, "parameter", module, name, x, false);
}

tp_tensor *tp_buffer_at(tp_location at, tp_module *module, const char *name, tp_tensor *x) {
    return add_tensor(at, "buffer", module, name, x, true);
}

/* ---- modes and visits ---- */

static void set_mode(tp_module *module, bool evaluating) {
    module->evaluating = evaluating;
    if (!evaluating)
        tp_folded_bytes_take(module); /* training would make them out of date at once */
    for (int i = 0; i < module->child_count; i++) set_mode(module->children[i], evaluating);
}

void tp_train_at(tp_location at, tp_module *module) {
    if (tp_module_usable(at, "train", module)) set_mode(module, false);
}

void tp_eval_at(tp_location at, tp_module *module) {
    if (tp_module_usable(at, "eval", module)) set_mode(module, true);
}

bool tp_is_training_at(tp_location at, const tp_module *module) {
    return tp_module_usable(at, "is_training", module) && !module->evaluating;
}

static void visit(tp_module *module, void (*function)(tp_module *, void *), void *user) {
    for (int i = 0; i < module->child_count; i++) visit(module->children[i], function, user);
    function(module, user);
}

void tp_apply_at(tp_location at, tp_module *module, void (*function)(tp_module *, void *),
                 void *user) {
    if (tp_module_usable(at, "apply", module)) visit(module, function, user);
}
