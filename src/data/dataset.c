/* Data sets: life, and what can be asked of any. */
#include "data/dataset.h"

#include <string.h>

#include "base/alloc.h"
#include "tensor/tensor.h"

void *tp_dataset_new_at(tp_location at, size_t bytes, tp_sample_function get) {
    if (bytes < sizeof(tp_dataset) || !get) {
        tp_fail(at, "dataset_new", TP_ERROR_ARGUMENT,
                get ? "a struct smaller than a data set" : "no function that gets a sample",
                "a struct that begins with `tp_dataset base`, and its get function", NULL);
        return NULL;
    }
    tp_dataset *dataset = tp_new(bytes);
    if (!dataset) {
        tp_fail_memory(at, "dataset_new", bytes);
        return NULL;
    }
    dataset->life = TP_DATASET_ALIVE;
    dataset->get = get;
    dataset->name = "data set";
    return dataset;
}

static bool described(tp_location at, const char *op, const tp_dataset *dataset) {
    const char *problem = NULL;
    if (dataset->size < 0)
        problem = tp_text("size %lld", (long long)dataset->size);
    else if (tp_shape_numel(dataset->x_shape) < 0 || tp_shape_numel(dataset->y_shape) < 0 ||
             dataset->x_shape.ndim >= TP_MAX_DIMS || dataset->y_shape.ndim >= TP_MAX_DIMS)
        problem = "a sample of impossible shape";
    else if ((unsigned)dataset->x_dtype >= TP_DTYPE_COUNT ||
             (unsigned)dataset->y_dtype >= TP_DTYPE_COUNT)
        problem = "a value that is no type";
    else if (dataset->pictures && dataset->x_dtype != TP_UINT8)
        problem = tp_text("pictures of %s", tp_dtype_name(tp_dataset_x_dtype(dataset)));
    if (problem)
        tp_fail(at, op, TP_ERROR_ARGUMENT, tp_text("%s with %s", dataset->name, problem), NULL,
                "see tp_dataset in taper/data.h");
    return !problem;
}

bool tp_dataset_usable(tp_location at, const char *op, const tp_dataset *dataset) {
    if (dataset && dataset->life == TP_DATASET_ALIVE) return described(at, op, dataset);
    if (!dataset)
        tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL where a data set is needed", NULL, NULL);
    else if (dataset->life == TP_DATASET_ENDED)
        tp_fail(at, op, TP_ERROR_DEAD, "a data set that went away with its last loader or subset",
                NULL, "tp_dataset_keep() it while it is to be used again");
    else
        tp_fail(at, op, TP_ERROR_ARGUMENT, "something that is no data set", NULL,
                "a data set comes from tp_dataset_new()");
    return false;
}

/* ---- life ---- */

static void end_contents(tp_dataset *dataset) {
    dataset->life = TP_DATASET_ENDED;
    if (dataset->release) dataset->release(dataset);
    if (dataset->source && dataset->source->base) tp_dataset_leave(dataset->source->base);
}

void tp_dataset_use(tp_dataset *dataset) { dataset->users++; }

/* The last user leaves: the contents go, and a husk stays behind by which a later use is noticed.
 */
void tp_dataset_leave(tp_dataset *dataset) {
    if (--dataset->users > 0 || dataset->kept) return;
    end_contents(dataset);
    tp_ctx()->datasets_end = tp_datasets_forget;
    tp_dataset **ended = &tp_ctx()->datasets;
    dataset->previous = NULL;
    dataset->next = *ended;
    if (*ended) (*ended)->previous = dataset;
    *ended = dataset;
}

void tp_dataset_refuse(tp_dataset *dataset) {
    if (!dataset || dataset->life != TP_DATASET_ALIVE) return;
    tp_dataset_use(dataset);
    tp_dataset_leave(dataset);
}

static void forget(tp_dataset *husk) {
    if (husk->previous)
        husk->previous->next = husk->next;
    else
        tp_ctx()->datasets = husk->next;
    if (husk->next) husk->next->previous = husk->previous;
    husk->life = 0;
    tp_delete(husk);
}

void tp_datasets_forget(void) {
    while (tp_ctx()->datasets) forget(tp_ctx()->datasets);
}

void tp_dataset_free(tp_dataset *dataset) {
    if (!dataset) return;
    if (dataset->life == TP_DATASET_ENDED) {
        forget(dataset);
        return;
    }
    if (dataset->life != TP_DATASET_ALIVE) return;
    dataset->kept = false;
    if (dataset->users) return;
    end_contents(dataset);
    dataset->life = 0;
    tp_delete(dataset);
}

tp_dataset *tp_dataset_keep_at(tp_location at, tp_dataset *dataset) {
    if (!tp_dataset_given(at, "dataset_keep", dataset)) return NULL;
    dataset->kept = true;
    return dataset;
}

/* ---- contents ---- */

int64_t tp_dataset_size_at(tp_location at, const tp_dataset *dataset) {
    return tp_dataset_usable(at, "dataset_size", dataset) ? dataset->size : 0;
}

const char *tp_dataset_name_at(tp_location at, const tp_dataset *dataset) {
    return tp_dataset_usable(at, "dataset_name", dataset) ? dataset->name : "";
}

const char *tp_class_name_at(tp_location at, const tp_dataset *dataset, int64_t label) {
    if (!tp_dataset_usable(at, "class_name", dataset)) return "";
    if (dataset->classes && label >= 0 && label < dataset->class_count)
        return dataset->classes[label];
    return tp_text("%lld", (long long)label);
}

bool tp_dataset_has_labels(const tp_dataset *dataset) {
    return dataset->y_dtype != TP_DTYPE_DEFAULT && dataset->y_dtype < TP_FLOAT32 &&
           tp_shape_numel(dataset->y_shape) == 1;
}

static int64_t as_integer(const void *y, tp_dtype dtype) {
    switch (dtype) {
    case TP_BOOL:
    case TP_UINT8: return *(const uint8_t *)y;
    case TP_INT32: return *(const int32_t *)y;
    default: return *(const int64_t *)y;
    }
}

tp_tensor *tp_dataset_labels_at(tp_location at, tp_dataset *dataset) {
    if (!tp_dataset_usable(at, "dataset_labels", dataset)) return tp_poison();
    if (!tp_dataset_has_labels(dataset))
        return tp_fail(at, "dataset_labels", TP_ERROR_DTYPE,
                       dataset->y_dtype ? tp_text("%s, whose targets are %s", dataset->name,
                                                  tp_dtype_name(dataset->y_dtype))
                                        : tp_text("%s, which has no targets", dataset->name),
                       "one whole number a sample", NULL);
    tp_gather_plan plan;
    if (!tp_gather_prepare(at, "dataset_labels", &plan, dataset, &(tp_picture_args){.raw = true}))
        return tp_poison();
    tp_tensor *labels = tp_make(at, "dataset_labels", TP_INT64, 1, &dataset->size);
    if (tp_is_poison(labels)) return labels;
    int64_t *out = (int64_t *)labels->data;
    for (int64_t i = 0; i < dataset->size; i++) {
        int64_t y; /* wide enough for any */
        tp_why why = {""};
        if (!tp_gather(&plan, &i, 1, NULL, &y, NULL, &why)) {
            tp_free(labels);
            return tp_fail(at, "dataset_labels", TP_ERROR_VALUE,
                           tp_text("sample %lld of %s: %s", (long long)i, dataset->name, why.text),
                           NULL, NULL);
        }
        out[i] = as_integer(&y, plan.y_dtype);
    }
    return labels;
}
