/* Parameters and state by name: lists, loading, freezing. */
#include <string.h>

#include "autograd/node.h"
#include "base/alloc.h"
#include "nn/module.h"
#include "ops/loop.h"

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
        if (length + more + 2 > sizeof below) continue; /* refused before: see lists_of */
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

static const tp_module_lists *lists_of(tp_location at, const char *op, tp_module *module) {
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
    const tp_module_lists *lists = lists_of(at, "parameters", module);
    return lists ? (tp_named_list){lists->parameter_count, lists->parameters}
                 : (tp_named_list){0, NULL};
}

tp_named_list tp_state_dict_at(tp_location at, tp_module *module) {
    const tp_module_lists *lists = lists_of(at, "state_dict", module);
    return lists ? (tp_named_list){lists->state_count, lists->state} : (tp_named_list){0, NULL};
}

int64_t tp_parameter_count_at(tp_location at, tp_module *module) {
    const tp_module_lists *lists = lists_of(at, "parameter_count", module);
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
    const tp_module_lists *lists = lists_of(at, "get_tensor", module);
    if (!lists) return tp_poison();
    tp_tensor *x = name ? find(lists, name) : NULL;
    if (x) return x;
    return tp_fail(at, "get_tensor", TP_ERROR_ARGUMENT,
                   tp_text("no tensor \"%s\" in %s", name ? name : "", module->type),
                   lists->state_count ? tp_text("for instance \"%s\"", lists->state[0].name) : NULL,
                   NULL);
}

/* ---- loading ---- */

/* Names gathered for one message, cut where they become too many. */
typedef struct name_list {
    char text[160];
    size_t used, count;
} name_list;

static void add_name(name_list *list, const char *name) {
    size_t length = strlen(name);
    list->count++;
    if (list->used + length + 8 > sizeof list->text) {
        if (list->used && list->text[list->used - 1] != '.') {
            memcpy(list->text + list->used, ", ...", 6);
            list->used += 5;
        }
        return;
    }
    if (list->used && list->text[list->used - 1] == '.') return;
    if (list->used) memcpy(list->text + list->used, ", ", 2), list->used += 2;
    memcpy(list->text + list->used, name, length + 1);
    list->used += length;
}

typedef struct load_report {
    name_list missing, unexpected, misshaped;
} load_report;

static const tp_named_tensor *item_named(const tp_load_state_args *args, const char *name) {
    for (size_t i = args->count; i-- > 0;)
        if (strcmp(args->items[i].name, name) == 0) return &args->items[i];
    return NULL;
}

static void compare_state(const tp_load_state_args *args, const tp_module_lists *lists,
                          load_report *report) {
    for (size_t i = 0; i < lists->state_count; i++) {
        const tp_named_tensor *mine = &lists->state[i], *theirs = item_named(args, mine->name);
        if (!theirs) {
            if (!args->partial) add_name(&report->missing, mine->name);
        } else if (!tp_shapes_equal(mine->tensor, theirs->tensor)) {
            add_name(&report->misshaped, tp_text("%s %s for %s", mine->name,
                                                 tp_shape_text(tp_shape_copy(theirs->tensor)),
                                                 tp_shape_text(tp_shape_copy(mine->tensor))));
        }
    }
    for (size_t i = 0; i < args->count && !args->partial; i++)
        if (!find(lists, args->items[i].name)) add_name(&report->unexpected, args->items[i].name);
}

static bool state_fits(tp_location at, const tp_load_state_args *args,
                       const tp_module_lists *lists) {
    load_report report = {0};
    compare_state(args, lists, &report);
    if (!report.missing.count && !report.unexpected.count && !report.misshaped.count) return true;
    const char *got = tp_text(
        "%s%s%s%s%s%s%s%s", report.missing.count ? "missing " : "", report.missing.text,
        report.missing.count && report.unexpected.count ? "; " : "",
        report.unexpected.count ? "unexpected " : "", report.unexpected.text,
        (report.missing.count || report.unexpected.count) && report.misshaped.count ? "; " : "",
        report.misshaped.count ? "shapes differ: " : "", report.misshaped.text);
    tp_fail(at, "load_state", TP_ERROR_STATE, got,
            tp_text("the %zu tensors of this %s", lists->state_count, args->module->type),
            report.misshaped.count ? "the state is that of a model with other layer sizes"
                                   : ".partial = true loads what is there");
    return false;
}

/* A loaded value must not want a gradient of what it came from, so nothing is recorded. */
static bool copy_value(tp_location at, tp_tensor *to, tp_tensor *from) {
    tp_grad_mode mode = tp_grad_mode_begin(false);
    bool fine = tp_begin_edit(at, "load_state", to);
    if (fine) tp_copy_elements(to, from);
    tp_grad_mode_end(&mode);
    return fine;
}

bool tp_load_state_at(tp_location at, tp_load_state_args args) {
    const tp_module_lists *lists = lists_of(at, "load_state", args.module);
    if (!lists) return false;
    for (size_t i = 0; i < args.count; i++) {
        if (!args.items[i].name || !args.items[i].tensor) {
            tp_fail(at, "load_state", TP_ERROR_ARGUMENT,
                    tp_text("item %zu without a name or tensor", i), NULL, NULL);
            return false;
        }
        if (tp_is_poison(args.items[i].tensor)) {
            tp_surface();
            return false;
        }
        if (!tp_usable(at, "load_state", args.items[i].tensor)) return false;
    }
    if (!state_fits(at, &args, lists)) return false;
    for (size_t i = 0; i < lists->state_count; i++) {
        const tp_named_tensor *theirs = item_named(&args, lists->state[i].name);
        if (theirs && !copy_value(at, lists->state[i].tensor, theirs->tensor)) return false;
    }
    return true;
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
    const tp_module_lists *lists = lists_of(at, op, module);
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
