/* Pictures in files as samples: decoded when they are asked for, on whatever thread asks. */
#include "vision/pictures/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "data/dataset.h"
#include "tensor/tensor.h"
#include "vision/pictures/cache.h"
#include "vision/transforms/resize.h"
#include "vision/transforms/transform.h"

static const int64_t usual_cache = (int64_t)1 << 30;

typedef struct files {
    tp_dataset base;
    tp_dataset_source source;
    tp_file_list list;
    tp_picture_set_args args;
    tp_transform *transform; /* NULL: none */
    int kept, steps;         /* steps whose results are kept, and all of them */
    tp_picture_cache *cache;
    bool one_size; /* what is kept has `kept_shape` */
    tp_frame_shape kept_shape, shape;
    const tp_kernels *kernels;
    char name[96];
} files;

/* ---- one sample ---- */

/* From the file up to what is kept. */
static tp_error_code load(const files *f, int64_t index, tp_picture *out, tp_why *why) {
    tp_frame frame = {0};
    const tp_draws none = {0};
    tp_error_code code = tp_picture_load(f->list.path[index], f->args.mode,
                                         f->args.ignore_orientation, &frame.picture, why);
    if (!code && f->args.image_size)
        code = tp_picture_resize(&frame.picture, f->args.image_size, f->args.image_size,
                                 TP_INTERPOLATION_BILINEAR, f->kernels, why);
    if (!code && f->kept)
        code = tp_transform_run(f->transform, 0, f->kept, &frame, &none, f->kernels, why);
    tp_picture *p = &frame.picture;
    const tp_frame_shape *want = &f->kept_shape;
    if (!code && f->one_size &&
        (p->channels != want->channels || p->height != want->height || p->width != want->width))
        code = tp_picture_problem(
            why, TP_ERROR_SHAPE,
            "%d channels of %lld x %lld, where the first picture has %d of %lld x %lld; give "
            ".image_size and .mode",
            p->channels, (long long)p->height, (long long)p->width, want->channels,
            (long long)want->height, (long long)want->width);
    *out = frame.picture;
    if (!code) return code;
    char reason[sizeof why->text];
    memcpy(reason, why->text, sizeof reason);
    snprintf(why->text, sizeof why->text, "%.110s: %.120s", f->list.path[index], reason);
    tp_frame_free(&frame);
    return code;
}

/* Has the sample's bytes in its slot. */
static bool fill_slot(const files *f, int64_t index, uint8_t *slot, tp_why *why) {
    tp_picture picture;
    bool fine = load(f, index, &picture, why) == TP_ERROR_NONE;
    if (fine) {
        memcpy(slot, picture.bytes, (size_t)tp_picture_bytes(&picture));
        tp_picture_free(&picture);
    }
    tp_picture_cache_done(f->cache, index, fine);
    return fine;
}

static bool copy_slot(const files *f, const uint8_t *slot, tp_picture *out, tp_why *why) {
    const tp_frame_shape *s = &f->kept_shape;
    if (tp_picture_new(out, s->channels, s->height, s->width, why)) return false;
    memcpy(out->bytes, slot, (size_t)tp_picture_bytes(out));
    return true;
}

/* A picture of the caller's own, up to what is kept: from the cache, or from the file and into the cache. */
static bool fetch(const files *f, int64_t index, tp_picture *out, tp_why *why) {
    uint8_t *slot;
    if (!f->one_size) {
        if (tp_picture_cache_find(f->cache, index, out)) return true;
        if (load(f, index, out, why)) return false;
        tp_picture_cache_offer(f->cache, index, out);
        return true;
    }
    switch (tp_picture_cache_ask(f->cache, index, &slot)) {
    case TP_CACHE_YOURS:
        if (!fill_slot(f, index, slot, why)) return false;
        return copy_slot(f, slot, out, why);
    case TP_CACHE_HERE: return copy_slot(f, slot, out, why);
    default: return load(f, index, out, why) == TP_ERROR_NONE;
    }
}

static bool write_out(const files *f, int64_t index, const tp_frame *frame, void *x, tp_why *why) {
    const tp_picture *p = &frame->picture;
    const tp_frame_shape *want = &f->shape;
    if (p->channels != want->channels || p->height != want->height || p->width != want->width) {
        tp_picture_problem(why, TP_ERROR_SHAPE,
                           "%.110s: %d channels of %lld x %lld come out of the transforms, where "
                           "the first picture gave %d of %lld x %lld",
                           f->list.path[index], p->channels, (long long)p->height,
                           (long long)p->width, want->channels, (long long)want->height,
                           (long long)want->width);
        return false;
    }
    size_t count = (size_t)tp_picture_bytes(p);
    if (frame->floats)
        memcpy(x, frame->floats, count * sizeof(float));
    else
        memcpy(x, p->bytes, count);
    return true;
}

static bool files_get_in_epoch(const tp_dataset *dataset, int64_t index, uint32_t epoch, void *x,
                               void *y, tp_why *why) {
    const files *f = (const files *)dataset;
    if (y) memcpy(y, &f->list.label[index], sizeof f->list.label[index]);
    if (!x) return true;
    tp_frame frame = {0};
    if (!fetch(f, index, &frame.picture, why)) return false;
    tp_draws draws = {.seed = f->args.seed, .epoch = epoch, .sample = (uint64_t)index};
    bool fine = f->steps == f->kept ||
                !tp_transform_run(f->transform, f->kept, f->steps, &frame, &draws, f->kernels, why);
    fine = fine && write_out(f, index, &frame, x, why);
    tp_frame_free(&frame);
    return fine;
}

static bool files_get(const tp_dataset *dataset, int64_t index, void *x, void *y, tp_why *why) {
    return files_get_in_epoch(dataset, index, 0, x, y, why);
}

/* Where every picture has its place in the row and nothing is done to it afterwards. */
static bool files_prepare(const tp_dataset *dataset, int64_t index, tp_why *why) {
    const files *f = (const files *)dataset;
    uint8_t *slot;
    if (tp_picture_cache_ask(f->cache, index, &slot) == TP_CACHE_HERE) return true;
    return fill_slot(f, index, slot, why);
}

static void files_release(tp_dataset *dataset) {
    files *f = (files *)dataset;
    tp_picture_cache_free(f->cache);
    tp_transform_free(f->transform);
    tp_file_list_free(&f->list);
}

/* ---- shapes ---- */

static void run_shape(const files *f, tp_frame_shape *shape, int end) {
    if (f->transform) tp_transform_shape(f->transform, 0, end, shape);
}

static bool is_known(const tp_frame_shape *shape) {
    return shape->channels && shape->height && shape->width;
}

/* Finds out what pictures become, from the first one where the options do not say it. */
static bool find_shapes(tp_location at, const char *op, files *f) {
    int64_t size = f->args.image_size;
    tp_frame_shape unknown = {tp_image_mode_channels(f->args.mode), size, size, false};
    f->kept_shape = f->shape = unknown;
    run_shape(f, &f->kept_shape, f->kept);
    run_shape(f, &f->shape, f->steps);
    bool ends_known = is_known(&f->shape);
    f->one_size = is_known(&f->kept_shape) || !ends_known;
    if (is_known(&f->kept_shape) && ends_known) return true;
    tp_picture first;
    tp_why why = {""};
    tp_error_code code =
        tp_picture_load(f->list.path[0], f->args.mode, f->args.ignore_orientation, &first, &why);
    if (code) {
        tp_fail(at, op, code, tp_text("%.200s: %s", f->list.path[0], why.text), NULL, NULL);
        return false;
    }
    tp_frame_shape known = {first.channels, size ? size : first.height, size ? size : first.width,
                            false};
    tp_picture_free(&first);
    f->kept_shape = f->shape = known;
    run_shape(f, &f->kept_shape, f->kept);
    run_shape(f, &f->shape, f->steps);
    if (is_known(&f->shape)) return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT, "transforms that give pictures of changing sizes", NULL,
            "let a resize or a crop be the last of them");
    return false;
}

/* ---- the cache ---- */

static uint64_t hash(uint64_t h, const void *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) h = (h ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return h;
}

/* Of all that kept pictures depend on: the files and what is done to them (FNV-1a). */
static uint64_t cache_key(const files *f) {
    char text[1024];
    snprintf(text, sizeof text, "%lld %d %d", (long long)f->args.image_size, (int)f->args.mode,
             (int)f->args.ignore_orientation);
    if (f->transform) tp_transform_describe(f->transform, f->kept, text, sizeof text);
    uint64_t h = hash(0xcbf29ce484222325u, text, strlen(text));
    for (int64_t i = 0; i < f->list.count; i++) {
        struct stat info = {0};
        if (stat(f->list.path[i], &info) != 0) info.st_size = -1;
        int64_t numbers[2] = {(int64_t)info.st_size, (int64_t)info.st_mtime};
        h = hash(h, f->list.path[i], strlen(f->list.path[i]) + 1);
        h = hash(h, numbers, sizeof numbers);
    }
    return h;
}

static bool make_cache(tp_location at, const char *op, files *f) {
    const tp_frame_shape *s = &f->kept_shape;
    if (f->args.cache_file && !f->one_size) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "a cache_file for pictures of different sizes", NULL,
                "give .image_size, or begin .transform with a resize");
        return false;
    }
    int64_t limit = f->args.cache_bytes ? f->args.cache_bytes : usual_cache;
    tp_picture_cache_args args = {
        .samples = f->list.count,
        .bytes = f->one_size ? (size_t)(s->channels * s->height * s->width) : 0,
        .limit = limit > 0 ? limit : 0,
        .file = f->args.cache_file,
        .key = f->args.cache_file ? cache_key(f) : 0};
    tp_why why = {""};
    tp_error_code code;
    f->cache = tp_picture_cache_new(&args, &code, &why);
    if (!f->cache) tp_fail(at, op, code, why.text, NULL, NULL);
    return f->cache != NULL;
}

/* ---- making ---- */

static bool options_fit(tp_location at, const char *op, const tp_picture_set_args *args) {
    if (args->image_size >= 0 && args->image_size <= 1 << 16 &&
        (args->mode == TP_IMAGE_UNCHANGED || tp_image_mode_channels(args->mode)))
        return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT,
            tp_text("image_size %lld, mode %d", (long long)args->image_size, (int)args->mode),
            "image_size from 0 to 65536, and one of the modes in taper/image.h", NULL);
    return false;
}

static void describe(files *f) {
    tp_dataset *base = &f->base;
    base->size = f->list.count;
    base->x_shape = tp_shape(f->shape.channels, f->shape.height, f->shape.width);
    base->x_dtype = f->shape.floats ? TP_FLOAT32 : TP_UINT8;
    base->y_dtype = TP_INT64;
    base->pictures = !f->shape.floats;
    base->classes = (const char *const *)f->list.classes;
    base->class_count = f->list.class_count;
    const uint8_t *row = tp_picture_cache_row(f->cache);
    if (!row || f->steps != f->kept) {
        base->get_in_epoch = files_get_in_epoch;
        return;
    }
    f->source = (tp_dataset_source){.x = row,
                                    .y = (const uint8_t *)f->list.label,
                                    .y_stored = TP_INT64,
                                    .prepare = files_prepare};
    base->source = &f->source;
}

tp_dataset *tp_picture_files_new(tp_location at, const char *op, const char *name,
                                 tp_file_list *list, const tp_picture_set_args *options) {
    files *f = tp_dataset_new_at(at, sizeof *f, files_get);
    if (!f) {
        tp_file_list_free(list);
        tp_transform_free(options->transform);
        return NULL;
    }
    f->base.release = files_release;
    f->list = *list;
    *list = (tp_file_list){0};
    f->args = *options;
    f->transform = options->transform;
    f->steps = f->transform ? tp_transform_steps(f->transform) : 0;
    f->kept = f->transform ? tp_transform_fixed_steps(f->transform) : 0;
    f->kernels = tp_ctx()->kernels;
    snprintf(f->name, sizeof f->name, "%s", name);
    f->base.name = f->name;
    if (options_fit(at, op, options) && find_shapes(at, op, f) && make_cache(at, op, f)) {
        describe(f);
        return &f->base;
    }
    tp_dataset_free(&f->base);
    return NULL;
}

const char *tp_picture_file_path(const tp_dataset *dataset, int64_t index) {
    while (dataset->source && dataset->source->base) {
        index = dataset->source->indices[index];
        dataset = dataset->source->base;
    }
    return dataset->get == files_get ? ((const files *)dataset)->list.path[index] : NULL;
}
