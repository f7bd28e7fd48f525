/* Checkpoints: a safetensors file with the states of all that takes part in a run. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "io/checkpoint_file.h"
#include "io/safetensors.h"
#include "tensor/tensor.h"

/* ---- writing ---- */

/* All tensors of the file, names built in one block. */
typedef struct collection {
    tp_named_tensor *items;
    size_t count;
    char *names;
    size_t used;
} collection;

typedef struct section {
    const char *prefix;
    tp_named_list list;
} section;

static void add_section(collection *all, const section *s) {
    for (size_t i = 0; i < s->list.count; i++) {
        char *name = all->names + all->used;
        size_t prefix = strlen(s->prefix), length = strlen(s->list.items[i].name);
        memcpy(name, s->prefix, prefix);
        memcpy(name + prefix, s->list.items[i].name, length + 1);
        all->used += prefix + length + 1;
        all->items[all->count++] = (tp_named_tensor){name, s->list.items[i].tensor};
    }
}

static tp_tensor *bytes_tensor(tp_location at, void *bytes, int64_t n) {
    return tp_from_blob_at(at, (tp_data_args){.data = bytes, .shape = {1, {n}}, .dtype = TP_UINT8});
}

/* The states that are bytes: at most three tensors over memory of the caller's. */
typedef struct byte_states {
    unsigned char loader[TP_LOADER_STATE_BYTES], valid[TP_LOADER_STATE_BYTES];
    unsigned char random[TP_GENERATOR_BYTES];
    tp_named_tensor items[3];
    size_t count;
} byte_states;

static void collect_bytes(byte_states *b, tp_location at, const tp_checkpoint_args *args) {
    if (args->loader) {
        tp_loader_save_state(args->loader, b->loader);
        b->items[b->count++] =
            (tp_named_tensor){"loader", bytes_tensor(at, b->loader, TP_LOADER_STATE_BYTES)};
    }
    if (args->valid) {
        tp_loader_save_state(args->valid, b->valid);
        b->items[b->count++] =
            (tp_named_tensor){"valid", bytes_tensor(at, b->valid, TP_LOADER_STATE_BYTES)};
    }
    if (!args->no_random) {
        tp_generator_state_save(&tp_ctx()->generator, b->random);
        b->items[b->count++] =
            (tp_named_tensor){"random", bytes_tensor(at, b->random, TP_GENERATOR_BYTES)};
    }
}

static bool write_sections(tp_location at, const char *path, const section *sections, size_t n) {
    size_t count = 0, bytes = 1;
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < sections[s].list.count; i++, count++)
            bytes += strlen(sections[s].prefix) + strlen(sections[s].list.items[i].name) + 1;
    collection all = {.items = tp_new((count + 1) * sizeof *all.items), .names = tp_new(bytes)};
    bool fine = all.items && all.names;
    if (fine) {
        for (size_t s = 0; s < n; s++) add_section(&all, &sections[s]);
        static const tp_metadata kind = {"taper", "checkpoint 1"};
        fine = tp_tensors_write("checkpoint_save", at,
                                (tp_save_tensors_args){.path = path,
                                                       .items = all.items,
                                                       .count = all.count,
                                                       .metadata = &kind,
                                                       .metadata_count = 1});
    } else {
        tp_fail_memory(at, "checkpoint_save", count * sizeof *all.items + bytes);
    }
    tp_delete(all.items);
    tp_delete(all.names);
    return fine;
}

bool tp_checkpoint_save_at(tp_location at, tp_checkpoint_args args) {
    const tp_named_list none = {0, NULL};
    uint32_t errors = tp_ctx()->error.count;
    byte_states *bytes = tp_new(sizeof *bytes);
    if (!bytes) {
        tp_fail_memory(at, "checkpoint_save", sizeof *bytes);
        return false;
    }
    bool fine = false;
    TP_SCOPE {
        collect_bytes(bytes, at, &args);
        const section sections[] = {
            {"model.", args.module ? tp_state_dict_at(at, args.module) : none},
            {"optim.", args.optim ? tp_optim_state_dict_at(at, args.optim) : none},
            {"schedule.", args.schedule ? tp_schedule_state_dict_at(at, args.schedule) : none},
            {"", {bytes->count, bytes->items}},
            {"", {args.extra_count, args.extra}},
        };
        fine = tp_ctx()->error.count == errors &&
               write_sections(at, args.path, sections, sizeof sections / sizeof *sections);
    }
    tp_delete(bytes);
    return fine;
}

/* ---- reading ---- */

typedef struct loading {
    tp_location at;
    const char *op;
    const tp_tensor_file *file;
    tp_named_tensor *items; /* room for all of the file's */
} loading;

/* The tensors of a prefix, without it. */
static tp_named_list without_prefix(const loading *l, const char *prefix) {
    tp_named_list all = tp_tensor_file_list(l->file);
    size_t length = strlen(prefix), count = 0;
    for (size_t i = 0; i < all.count; i++)
        if (strncmp(all.items[i].name, prefix, length) == 0)
            l->items[count++] = (tp_named_tensor){all.items[i].name + length, all.items[i].tensor};
    return (tp_named_list){count, l->items};
}

/* The bytes under a name; NULL after reporting that there are none. */
static const unsigned char *state_bytes(const loading *l, const char *name, size_t *size) {
    const tp_tensor *x = tp_tensor_file_get(l->file, name);
    if (x && x->dtype == TP_UINT8 && x->ndim == 1 && x->numel) {
        *size = (size_t)x->numel;
        return (const unsigned char *)x->data;
    }
    tp_fail(l->at, l->op, TP_ERROR_STATE, tp_text("%s: no \"%s\"", l->file->path, name),
            "a checkpoint that was saved with it", NULL);
    return NULL;
}

static bool load_cursor(const loading *l, const char *name, tp_loader *loader) {
    size_t size = 0;
    const unsigned char *bytes = state_bytes(l, name, &size);
    return bytes && tp_loader_load_state_at(l->at, loader, bytes, size);
}

static bool load_random(const loading *l) {
    size_t size = 0;
    const unsigned char *bytes = state_bytes(l, "random", &size);
    if (!bytes) return false;
    if (tp_generator_state_load(&tp_ctx()->generator, bytes, size)) return true;
    tp_fail(l->at, l->op, TP_ERROR_STATE,
            tp_text("%s: \"random\" is no state of a generator", l->file->path), NULL, NULL);
    return false;
}

static bool apply(const loading *l, const tp_checkpoint_args *args) {
    if (args->loader && !load_cursor(l, "loader", args->loader)) return false;
    if (args->valid && !load_cursor(l, "valid", args->valid)) return false;
    if (args->module) {
        tp_named_list list = without_prefix(l, "model.");
        if (!tp_load_state_at(l->at, (tp_load_state_args){.module = args->module,
                                                          .items = list.items,
                                                          .count = list.count}))
            return false;
    }
    if (args->optim) {
        tp_named_list list = without_prefix(l, "optim.");
        if (!tp_optim_load_state_at(l->at, args->optim, list.items, list.count)) return false;
    }
    if (args->schedule) {
        tp_named_list list = without_prefix(l, "schedule.");
        if (!tp_schedule_load_state_at(l->at, args->schedule, list.items, list.count)) return false;
    }
    return args->no_random || load_random(l);
}

bool tp_checkpoint_apply(tp_location at, const char *op, const tp_tensor_file *file,
                         const tp_checkpoint_args *args) {
    size_t bytes = (file->count + 1) * sizeof(tp_named_tensor);
    loading l = {.at = at, .op = op, .file = file, .items = tp_new(bytes)};
    if (!l.items) {
        tp_fail_memory(at, op, bytes);
        return false;
    }
    bool fine = apply(&l, args);
    tp_delete(l.items);
    return fine;
}

bool tp_checkpoint_load_at(tp_location at, tp_checkpoint_args args) {
    tp_tensor_file *file = tp_tensor_file_open(at, "checkpoint_load", args.path);
    if (!file) return false;
    bool fine = tp_checkpoint_apply(at, "checkpoint_load", file, &args);
    tp_tensor_file_close(file);
    return fine;
}
