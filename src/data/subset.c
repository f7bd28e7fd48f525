/* Parts of a data set: by number, at random, so many of each class. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "data/dataset.h"
#include "tensor/tensor.h"

typedef struct subset {
    tp_dataset base;
    tp_dataset_source source;
    int64_t *indices;
    char name[96];
} subset;

static bool subset_get(const tp_dataset *dataset, int64_t index, void *x, void *y, tp_why *why) {
    const subset *set = (const subset *)dataset;
    return set->source.base->get(set->source.base, set->indices[index], x, y, why);
}

static bool subset_get_in_epoch(const tp_dataset *dataset, int64_t index, uint32_t epoch, void *x,
                                void *y, tp_why *why) {
    const subset *set = (const subset *)dataset;
    return set->source.base->get_in_epoch(set->source.base, set->indices[index], epoch, x, y, why);
}

static void subset_release(tp_dataset *dataset) { tp_delete(((subset *)dataset)->indices); }

/* A subset with room for `count` numbers, still to be set. */
static subset *subset_new(tp_location at, tp_dataset *of, int64_t count) {
    subset *set = tp_dataset_new_at(at, sizeof *set, subset_get);
    if (!set) return NULL;
    set->indices = tp_new(sizeof(int64_t) * (size_t)count + 1);
    if (!set->indices) {
        tp_fail_memory(at, "subset", sizeof(int64_t) * (size_t)count);
        tp_dataset_free(&set->base);
        return NULL;
    }
    set->base.release = subset_release;
    if (of->get_in_epoch) set->base.get_in_epoch = subset_get_in_epoch;
    snprintf(set->name, sizeof set->name, "%.60s, %lld of %lld", of->name, (long long)count,
             (long long)of->size);
    set->base.name = set->name;
    set->base.size = count;
    set->base.x_shape = of->x_shape;
    set->base.y_shape = of->y_shape;
    set->base.x_dtype = of->x_dtype;
    set->base.y_dtype = of->y_dtype;
    set->base.pictures = of->pictures;
    set->base.classes = of->classes;
    set->base.class_count = of->class_count;
    set->source = (tp_dataset_source){.base = of, .indices = set->indices};
    set->base.source = &set->source;
    tp_dataset_use(of);
    return set;
}

static tp_dataset *subset_of(tp_location at, tp_dataset *of, const int64_t *indices,
                             int64_t count) {
    subset *set = subset_new(at, of, count);
    if (!set) return NULL;
    if (count) memcpy(set->indices, indices, sizeof(int64_t) * (size_t)count);
    return &set->base;
}

static bool numbers_fit(tp_location at, const tp_dataset *dataset, const int64_t *indices,
                        int64_t count) {
    if (count < 0 || (count && !indices)) {
        tp_fail(at, "subset", TP_ERROR_ARGUMENT,
                count < 0 ? tp_text("%lld numbers", (long long)count) : "NULL",
                "a list of sample numbers", NULL);
        return false;
    }
    for (int64_t i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= dataset->size) {
            tp_fail(at, "subset", TP_ERROR_INDEX,
                    tp_text("sample %lld at position %lld", (long long)indices[i], (long long)i),
                    tp_text("0 to %lld of %s", (long long)dataset->size - 1, dataset->name), NULL);
            return false;
        }
    return true;
}

tp_dataset *tp_subset_at(tp_location at, tp_dataset *dataset, const int64_t *indices,
                         int64_t count) {
    if (!tp_dataset_given(at, "subset", dataset)) return NULL;
    tp_dataset *made = NULL;
    if (numbers_fit(at, dataset, indices, count)) made = subset_of(at, dataset, indices, count);
    if (!made) tp_dataset_refuse(dataset);
    return made;
}

/* ---- random_split ---- */

/* Counts, or fractions that sum to 1, as lengths that sum to the size. */
static bool split_lengths(tp_location at, const tp_random_split_args *args, int64_t *lengths) {
    double sum = 0;
    bool fine = args->count > 0 && args->sizes && args->parts, whole = true;
    for (int i = 0; fine && i < args->count; i++) {
        sum += args->sizes[i];
        whole = whole && args->sizes[i] == floor(args->sizes[i]);
        fine = args->sizes[i] >= 0 && args->sizes[i] <= 0x1p62;
    }
    int64_t size = args->dataset->size;
    if (fine && whole && sum == (double)size) {
        for (int i = 0; i < args->count; i++) lengths[i] = (int64_t)args->sizes[i];
        return true;
    }
    if (fine && tp_random_split_lengths(size, args->sizes, args->count, lengths)) return true;
    tp_fail(at, "random_split", TP_ERROR_ARGUMENT,
            fine ? tp_text("%d sizes that sum to %.10g", args->count, sum)
                 : "no sizes, or a negative one, or nowhere to put the parts",
            tp_text("counts that sum to %lld, or fractions that sum to 1", (long long)size), NULL);
    return false;
}

static bool split(tp_location at, const tp_random_split_args *args, const int64_t *lengths,
                  int64_t *order) {
    tp_generator own, *generator = args->generator ? args->generator : &tp_ctx()->generator;
    if (args->seed) {
        tp_generator_seed(&own, args->seed);
        generator = &own;
    }
    tp_random_split_order(generator, order, args->dataset->size);
    int64_t start = 0;
    for (int i = 0; i < args->count; i++) {
        args->parts[i] = subset_of(at, args->dataset, order + start, lengths[i]);
        if (!args->parts[i]) return false;
        start += lengths[i];
    }
    return true;
}

bool tp_random_split_at(tp_location at, tp_random_split_args args) {
    for (int i = 0; args.parts && i < args.count; i++) args.parts[i] = NULL;
    if (!tp_dataset_given(at, "random_split", args.dataset)) return false;
    size_t bytes = sizeof(int64_t) *
                   ((size_t)args.dataset->size + (args.count > 0 ? (size_t)args.count : 0) + 1);
    int64_t *lengths = tp_new(bytes);
    if (!lengths) tp_fail_memory(at, "random_split", bytes);
    tp_dataset_use(args.dataset); /* so that it outlives the parts of a split that fails half way */
    bool fine = lengths && split_lengths(at, &args, lengths) &&
                split(at, &args, lengths, lengths + args.count);
    for (int i = 0; !fine && args.parts && i < args.count; i++) {
        tp_dataset_free(args.parts[i]);
        args.parts[i] = NULL;
    }
    tp_dataset_leave(args.dataset);
    tp_delete(lengths);
    return fine;
}

/* ---- so many of each class ---- */

/* Classes by their labels: those that have names, or 0 to the largest. */
static int64_t class_count(const tp_dataset *dataset, const int64_t *labels) {
    int64_t count = dataset->class_count;
    for (int64_t i = 0; i < dataset->size; i++)
        if (labels[i] >= count) count = labels[i] + 1;
    return count;
}

static bool labels_fit(tp_location at, const tp_dataset *dataset, const int64_t *labels,
                       int64_t classes) {
    for (int64_t i = 0; i < dataset->size; i++)
        if (labels[i] < 0) {
            tp_fail(at, "balanced_subset", TP_ERROR_VALUE,
                    tp_text("label %lld of sample %lld", (long long)labels[i], (long long)i),
                    "labels of at least 0", NULL);
            return false;
        }
    if (classes <= 1 << 20) return true;
    tp_fail(at, "balanced_subset", TP_ERROR_VALUE,
            tp_text("labels up to %lld", (long long)classes - 1), "classes numbered from 0", NULL);
    return false;
}

/* Takes samples in the order given until each class has its share. */
static bool choose(tp_location at, const tp_balanced_subset_args *args, const int64_t *labels,
                   const int64_t *order, int64_t *taken, int64_t classes, int64_t *chosen) {
    int64_t count = 0;
    for (int64_t i = 0; i < args->dataset->size; i++) {
        int64_t sample = order ? order[i] : i;
        if (taken[labels[sample]] < args->per_class) {
            taken[labels[sample]]++;
            chosen[count++] = sample;
        }
    }
    for (int64_t c = 0; c < classes; c++)
        if (taken[c] < args->per_class) {
            tp_fail(at, "balanced_subset", TP_ERROR_VALUE,
                    tp_text("%lld samples of class %s", (long long)taken[c],
                            tp_class_name_at(at, args->dataset, c)),
                    tp_text("%lld of each class", (long long)args->per_class), NULL);
            return false;
        }
    return true;
}

static tp_dataset *balanced(tp_location at, const tp_balanced_subset_args *args,
                            const int64_t *labels) {
    int64_t size = args->dataset->size, classes = class_count(args->dataset, labels);
    if (!labels_fit(at, args->dataset, labels, classes)) return NULL;
    int64_t *order = args->seed ? tp_new(sizeof(int64_t) * (size_t)size + 1) : NULL;
    int64_t *taken = tp_new(sizeof(int64_t) * (size_t)classes + 1);
    int64_t most = size / (classes ? classes : 1); /* no class can give more on average */
    subset *set = (!args->seed || order) && taken
                      ? subset_new(at, args->dataset,
                                   args->per_class <= most ? args->per_class * classes : size)
                      : NULL;
    if (!taken || (args->seed && !order))
        tp_fail_memory(at, "balanced_subset", sizeof(int64_t) * (size_t)size);
    if (set && order) {
        tp_generator generator;
        tp_generator_seed(&generator, args->seed);
        tp_random_permutation(&generator, order, size);
    }
    if (set && !choose(at, args, labels, order, taken, classes, set->indices)) {
        tp_dataset_free(&set->base);
        set = NULL;
    }
    tp_delete(order);
    tp_delete(taken);
    return set ? &set->base : NULL;
}

tp_dataset *tp_balanced_subset_at(tp_location at, tp_balanced_subset_args args) {
    if (!tp_dataset_given(at, "balanced_subset", args.dataset)) return NULL;
    tp_dataset *made = NULL;
    tp_dataset_use(args.dataset);
    if (args.per_class < 0) {
        tp_fail(at, "balanced_subset", TP_ERROR_ARGUMENT,
                tp_text("%lld of each class", (long long)args.per_class), "at least 0", NULL);
    } else {
        tp_tensor *labels = tp_dataset_labels_at(at, args.dataset);
        if (!tp_is_poison(labels)) made = balanced(at, &args, (const int64_t *)labels->data);
        tp_free(labels);
    }
    tp_dataset_leave(args.dataset);
    return made;
}
