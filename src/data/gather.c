/* From samples to the bytes of a batch, in one pass over memory. */
#include <stdio.h>
#include <string.h>

#include "backend/backend.h"
#include "data/dataset.h"
#include "tensor/tensor.h"

enum { LINE = 64 };

tp_shape tp_batch_shape(int64_t n, tp_shape sample) {
    tp_shape shape = {.ndim = sample.ndim + 1, .dims = {n}};
    memcpy(shape.dims + 1, sample.dims, sizeof(int64_t) * (size_t)sample.ndim);
    return shape;
}

static bool plan_pictures(tp_location at, const char *op, tp_gather_plan *plan,
                          const tp_picture_args *pictures) {
    const tp_dataset *dataset = plan->dataset;
    bool several = dataset->x_shape.ndim == 3 && dataset->x_shape.dims[0] > 0 &&
                   dataset->x_shape.dims[0] <= TP_MAX_CHANNELS;
    plan->channels = several ? (int)dataset->x_shape.dims[0] : 1;
    bool asked = false;
    for (int c = 0; c < TP_MAX_CHANNELS; c++) {
        double std = pictures->std[c] != 0 ? pictures->std[c] : 1, mean = pictures->mean[c];
        asked = asked || std != 1 || mean != 0;
        if (!(std > 0) || !(mean - mean == 0)) {
            tp_fail(at, op, TP_ERROR_ARGUMENT,
                    tp_text("mean %g and std %g", mean, pictures->std[c]),
                    "finite numbers, and std > 0", NULL);
            return false;
        }
        plan->scale[c] = (float)(1 / (255 * std));
        plan->shift[c] = (float)(-mean / std);
    }
    plan->convert = dataset->pictures && !pictures->raw;
    if (!asked || plan->convert) return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT,
            tp_text("mean and std for %s%s", dataset->name,
                    dataset->pictures ? " left in bytes" : ", which are no pictures in bytes"),
            NULL, "use tp_map() to change samples of other kinds");
    return false;
}

bool tp_gather_prepare(tp_location at, const char *op, tp_gather_plan *plan,
                       const tp_dataset *dataset, const tp_picture_args *pictures) {
    *plan =
        (tp_gather_plan){.dataset = dataset, .bytes_to_float = tp_ctx()->kernels->bytes_to_float};
    if (!plan_pictures(at, op, plan, pictures)) return false;
    tp_dtype stored = tp_dataset_x_dtype(dataset);
    plan->x_count = tp_shape_numel(dataset->x_shape);
    plan->x_dtype = plan->convert ? TP_FLOAT32 : stored;
    plan->x_bytes = (size_t)plan->x_count * tp_item_size(plan->x_dtype);
    plan->y_dtype = dataset->y_dtype;
    plan->y_bytes = dataset->y_dtype
                        ? (size_t)tp_shape_numel(dataset->y_shape) * tp_item_size(dataset->y_dtype)
                        : 0;
    plan->scratch_bytes = plan->convert ? (size_t)plan->x_count : 0;
    return true;
}

/* The data set that really holds the sample, and its number there. */
static const tp_dataset *resolve(const tp_dataset *dataset, int64_t *index) {
    while (dataset->source && dataset->source->base) {
        *index = dataset->source->indices[*index];
        dataset = dataset->source->base;
    }
    return dataset;
}

static void convert(const tp_gather_plan *plan, float *out, const uint8_t *picture) {
    int64_t plane = plan->x_count / plan->channels;
    for (int c = 0; c < plan->channels; c++)
        plan->bytes_to_float(out + c * plane, picture + c * plane, plane, plan->scale[c],
                             plan->shift[c]);
}

static void copy_target(const tp_gather_plan *plan, const tp_dataset_source *source, int64_t index,
                        void *y) {
    if (source->y_stored == TP_UINT8 && plan->y_dtype == TP_INT64)
        *(int64_t *)y = source->y[index];
    else
        memcpy(y, source->y + (size_t)index * plan->y_bytes, plan->y_bytes);
}

static bool gather_one(const tp_gather_plan *plan, int64_t index, uint8_t *x, uint8_t *y,
                       void *scratch, tp_why *why) {
    const tp_dataset *holder = resolve(plan->dataset, &index);
    const tp_dataset_source *source = holder->source;
    if (!source || !source->x) {
        void *to = x && plan->convert ? scratch : x;
        if (!(holder->get_in_epoch ? holder->get_in_epoch(holder, index, plan->epoch, to, y, why)
                                   : holder->get(holder, index, to, y, why)))
            return false;
        if (x && plan->convert) convert(plan, (float *)x, scratch);
        return true;
    }
    if (x) {
        if (source->prepare && !source->prepare(holder, index, why)) return false;
        const uint8_t *from =
            source->x + (size_t)index * (plan->convert ? (size_t)plan->x_count : plan->x_bytes);
        if (plan->convert)
            convert(plan, (float *)x, from);
        else
            memcpy(x, from, plan->x_bytes);
    }
    if (y) copy_target(plan, source, index, y);
    return true;
}

bool tp_gather(const tp_gather_plan *plan, const int64_t *indices, int64_t count, void *x, void *y,
               void *scratch, tp_why *why) {
    uint8_t *to_x = x, *to_y = plan->y_dtype ? y : NULL;
    for (int64_t i = 0; i < count; i++) {
        if (!gather_one(plan, indices[i], to_x, to_y, scratch, why)) {
            char reason[sizeof why->text];
            memcpy(reason, why->text, sizeof reason);
            reason[sizeof reason - 1] = 0;
            snprintf(why->text, sizeof why->text, "sample %lld: %.200s", (long long)indices[i],
                     reason[0] ? reason : "its function gave none");
            return false;
        }
        if (to_x) to_x += plan->x_bytes;
        if (to_y) to_y += plan->y_bytes;
    }
    return true;
}

void tp_gather_announce(const tp_gather_plan *plan, const int64_t *indices, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        int64_t index = indices[i];
        const tp_dataset *holder = resolve(plan->dataset, &index);
        const tp_dataset_source *source = holder->source;
        if (!source || !source->x) return;
        size_t bytes = plan->convert ? (size_t)plan->x_count : plan->x_bytes;
        const uint8_t *from = source->x + (size_t)index * bytes;
        for (size_t at = 0; at < bytes && at < 64 * LINE; at += LINE) __builtin_prefetch(from + at);
        __builtin_prefetch(source->y ? source->y + (size_t)index : from);
    }
}
