/* Loading a state by name: what fits is copied, and what does not is told. */
#include <string.h>

#include "autograd/node.h"
#include "base/alloc.h"
#include "nn/module.h"
#include "ops/loop.h"

/* ---- the report ---- */

/* The three lists of a report, so that each step is written once. */
typedef enum list_kind { MISSING, UNEXPECTED, MISMATCHED, LISTS } list_kind;

typedef struct loading {
    tp_location at;
    const tp_load_state_args *args;
    const tp_module_lists *lists;
    char **names[LISTS];
    size_t count[LISTS], room[LISTS];
    bool failed; /* out of memory, reported */
} loading;

static void add_name(loading *l, list_kind kind, const char *name) {
    if (l->failed) return;
    if (l->count[kind] == l->room[kind]) {
        size_t room = l->room[kind] ? 2 * l->room[kind] : 8;
        char **more = tp_resize(l->names[kind], room * sizeof(char *));
        l->failed = !more;
        if (more) {
            l->names[kind] = more;
            l->room[kind] = room;
        }
    }
    char *copy = l->failed ? NULL : tp_string_copy(name);
    l->failed = !copy;
    if (copy)
        l->names[kind][l->count[kind]++] = copy;
    else
        tp_fail_memory(l->at, "load_state", strlen(name));
}

static void free_names(char **names, size_t count) {
    for (size_t i = 0; i < count; i++) tp_delete(names[i]);
    tp_delete(names);
}

void tp_load_report_free(tp_load_report *report) {
    if (!report) return;
    free_names(report->missing, report->missing_count);
    free_names(report->unexpected, report->unexpected_count);
    free_names(report->mismatched, report->mismatched_count);
    *report = (tp_load_report){0};
}

static void hand_out(loading *l, size_t loaded) {
    if (l->args->report) {
        *l->args->report = (tp_load_report){.loaded = loaded,
                                            .missing = l->names[MISSING],
                                            .missing_count = l->count[MISSING],
                                            .unexpected = l->names[UNEXPECTED],
                                            .unexpected_count = l->count[UNEXPECTED],
                                            .mismatched = l->names[MISMATCHED],
                                            .mismatched_count = l->count[MISMATCHED]};
        return;
    }
    for (int kind = 0; kind < LISTS; kind++) free_names(l->names[kind], l->count[kind]);
}

/* ---- comparing ---- */

static tp_tensor *find(const tp_module_lists *lists, const char *name) {
    for (size_t i = 0; i < lists->state_count; i++)
        if (strcmp(lists->state[i].name, name) == 0) return lists->state[i].tensor;
    return NULL;
}

/* The last of that name: later keys of a dictionary win. */
static const tp_named_tensor *item_named(const tp_load_state_args *args, const char *name) {
    for (size_t i = args->count; i-- > 0;)
        if (strcmp(args->items[i].name, name) == 0) return &args->items[i];
    return NULL;
}

static void compare(loading *l) {
    for (size_t i = 0; i < l->lists->state_count; i++) {
        const tp_named_tensor *mine = &l->lists->state[i],
                              *theirs = item_named(l->args, mine->name);
        if (!theirs)
            add_name(l, MISSING, mine->name);
        else if (!tp_shapes_equal(mine->tensor, theirs->tensor))
            add_name(l, MISMATCHED,
                     tp_text("%s %s for %s", mine->name,
                             tp_shape_text(tp_shape_copy(theirs->tensor)),
                             tp_shape_text(tp_shape_copy(mine->tensor))));
    }
    for (size_t i = 0; i < l->args->count; i++)
        if (!find(l->lists, l->args->items[i].name))
            add_name(l, UNEXPECTED, l->args->items[i].name);
}

/* "missing a, b, ..." into text, cut where it becomes long; a semicolon before it where something stands there already. */
static void describe(const loading *l, list_kind kind, char *text, size_t size) {
    static const char *const titles[LISTS] = {"missing ", "unexpected ", "shapes differ: "};
    enum { PART = 170 };
    size_t used = strlen(text), start = used;
    for (size_t i = 0; i < l->count[kind]; i++) {
        const char *before = i ? ", " : titles[kind], *name = l->names[kind][i];
        bool full = i && used - start + strlen(name) > PART;
        used += (size_t)snprintf(text + used, size - used, "%s%s%.160s", i || !start ? "" : "; ",
                                 before, full ? "..." : name);
        if (full || used >= size) return;
    }
}

static bool state_fits(const loading *l) {
    const tp_load_state_args *args = l->args;
    bool keys = args->partial || (!l->count[MISSING] && !l->count[UNEXPECTED]);
    bool shapes = args->skip_mismatched || !l->count[MISMATCHED];
    if (keys && shapes) return true;
    char text[TP_TEXT_BYTES] = "";
    if (!args->partial) {
        describe(l, MISSING, text, sizeof text);
        describe(l, UNEXPECTED, text, sizeof text);
    }
    if (!args->skip_mismatched) describe(l, MISMATCHED, text, sizeof text);
    tp_fail(l->at, "load_state", TP_ERROR_STATE, text,
            tp_text("the %zu tensors of this %s", l->lists->state_count, args->module->type),
            !shapes
                ? "the state is that of a model with other layer sizes; .skip_mismatched = true "
                  "leaves those alone"
                : ".partial = true loads what is there");
    return false;
}

/* ---- loading ---- */

static bool items_usable(tp_location at, const tp_load_state_args *args) {
    for (size_t i = 0; i < args->count; i++) {
        const tp_named_tensor *item = &args->items[i];
        if (!item->name || !item->tensor) {
            tp_fail(at, "load_state", TP_ERROR_ARGUMENT,
                    tp_text("item %zu without a name or tensor", i), NULL, NULL);
            return false;
        }
        if (tp_is_poison(item->tensor)) {
            tp_surface();
            return false;
        }
        if (!tp_usable(at, "load_state", item->tensor)) return false;
    }
    return true;
}

/* A loaded value must not want a gradient of what it came from, so nothing is recorded. */
static bool copy_value(tp_location at, tp_tensor *to, tp_tensor *from) {
    tp_grad_mode mode = tp_grad_mode_begin(false);
    bool fine = tp_begin_edit(at, "load_state", to);
    if (fine) tp_copy_elements(to, from);
    tp_grad_mode_end(&mode);
    return fine;
}

static bool copy_all(const loading *l, size_t *loaded) {
    for (size_t i = 0; i < l->lists->state_count; i++) {
        const tp_named_tensor *mine = &l->lists->state[i],
                              *theirs = item_named(l->args, mine->name);
        if (!theirs || !tp_shapes_equal(mine->tensor, theirs->tensor)) continue;
        if (!copy_value(l->at, mine->tensor, theirs->tensor)) return false;
        ++*loaded;
    }
    return true;
}

bool tp_load_state_at(tp_location at, tp_load_state_args args) {
    if (args.report) *args.report = (tp_load_report){0};
    loading l = {
        .at = at, .args = &args, .lists = tp_module_lists_of(at, "load_state", args.module)};
    if (!l.lists || !items_usable(at, &args)) return false;
    compare(&l);
    size_t loaded = 0;
    bool fine = !l.failed && state_fits(&l) && copy_all(&l, &loaded);
    hand_out(&l, fine ? loaded : 0);
    return fine;
}
