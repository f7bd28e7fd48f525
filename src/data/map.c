/* A function on each sample. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "tensor/tensor.h"

typedef struct map {
    tp_dataset base;
    tp_dataset *of;
    tp_map_function function;
    void *user;
    size_t x_bytes, y_bytes; /* of a sample below */
} map;

static size_t sample_bytes(tp_shape shape, tp_dtype dtype) {
    return dtype ? (size_t)tp_shape_numel(shape) * tp_item_size(dtype) : 0;
}

/* Runs on worker threads: its buffer comes from the system, not from the owner's free lists. */
static bool map_get_in_epoch(const tp_dataset *dataset, int64_t index, uint32_t epoch, void *x,
                             void *y, tp_why *why) {
    const map *m = (const map *)dataset;
    enum { SMALL = 4096, ALIGN = 16 };
    _Alignas(ALIGN) unsigned char small[SMALL];
    size_t y_start = (m->x_bytes + ALIGN - 1) / ALIGN * ALIGN, bytes = y_start + m->y_bytes;
    unsigned char *buffer = bytes <= SMALL ? small : malloc(bytes);
    if (!buffer) {
        snprintf(why->text, sizeof why->text, "out of memory");
        return false;
    }
    tp_gather_plan plan = {.dataset = m->of,
                           .epoch = epoch,
                           .x_bytes = m->x_bytes,
                           .y_bytes = m->y_bytes,
                           .y_dtype = m->of->y_dtype};
    bool fine =
        tp_gather(&plan, &index, 1, buffer, m->y_bytes ? buffer + y_start : NULL, NULL, why) &&
        m->function(index, buffer, m->y_bytes ? buffer + y_start : NULL, x, y, m->user, why);
    if (buffer != small) free(buffer);
    return fine;
}

static bool map_get(const tp_dataset *dataset, int64_t index, void *x, void *y, tp_why *why) {
    return map_get_in_epoch(dataset, index, 0, x, y, why);
}

static void map_release(tp_dataset *dataset) { tp_dataset_leave(((map *)dataset)->of); }

tp_dataset *tp_map_at(tp_location at, tp_map_args args) {
    if (!tp_dataset_given(at, "map", args.dataset)) return NULL;
    if (!args.function) {
        tp_fail(at, "map", TP_ERROR_ARGUMENT, "NULL", "a function", NULL);
        tp_dataset_refuse(args.dataset);
        return NULL;
    }
    map *m = tp_dataset_new_at(at, sizeof *m, map_get);
    if (!m) {
        tp_dataset_refuse(args.dataset);
        return NULL;
    }
    const tp_dataset *of = args.dataset;
    m->of = args.dataset;
    m->function = args.function;
    m->user = args.user;
    m->x_bytes = sample_bytes(of->x_shape, tp_dataset_x_dtype(of));
    m->y_bytes = sample_bytes(of->y_shape, of->y_dtype);
    m->base.release = map_release;
    m->base.get_in_epoch = map_get_in_epoch;
    m->base.name = of->name;
    m->base.size = of->size;
    m->base.classes = of->classes;
    m->base.class_count = of->class_count;
    m->base.x_dtype = args.x_dtype ? args.x_dtype : tp_dataset_x_dtype(of);
    m->base.x_shape = args.x_dtype ? args.x_shape : of->x_shape;
    m->base.y_dtype = args.y_dtype ? args.y_dtype : of->y_dtype;
    m->base.y_shape = args.y_dtype ? args.y_shape : of->y_shape;
    m->base.pictures = of->pictures && m->base.x_dtype == TP_UINT8;
    tp_dataset_use(args.dataset);
    if (tp_dataset_usable(at, "map", &m->base)) return &m->base;
    tp_dataset_free(&m->base);
    return NULL;
}
