#include "train/modes.h"

#include "base/alloc.h"
#include "base/fail.h"

static void count(tp_module *module, void *user) {
    (void)module;
    ((tp_modes *)user)->room++;
}

static void note(tp_module *module, void *user) {
    tp_modes *modes = user;
    modes->evaluating[modes->count++] = module->evaluating;
}

static void put_back(tp_module *module, void *user) {
    tp_modes *modes = user;
    if (modes->count < modes->room) module->evaluating = modes->evaluating[modes->count++];
}

bool tp_modes_save(tp_modes *modes, tp_location at, const char *op, tp_module *root) {
    *modes = (tp_modes){.root = root};
    tp_apply_at(at, root, count, modes);
    modes->evaluating = tp_new(modes->room + 1);
    if (!modes->evaluating) {
        tp_fail_memory(at, op, modes->room);
        return false;
    }
    tp_apply_at(at, root, note, modes);
    return true;
}

void tp_modes_restore(tp_modes *modes) {
    if (!modes->evaluating) return;
    modes->count = 0;
    tp_apply_at(TP_HERE, modes->root, put_back, modes);
    tp_delete(modes->evaluating);
    modes->evaluating = NULL;
}
