/* Transforms: life, chains, random numbers, applying one to a tensor. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "tensor/tensor.h"
#include "vision/image/tensor.h"
#include "vision/transforms/transform.h"

enum { MOST_STEPS = 64, STEP_WORDS_LOG2 = 28 };

/* ---- frames ---- */

void tp_frame_free(tp_frame *frame) {
    tp_picture_free(&frame->picture);
    free(frame->floats);
    frame->floats = NULL;
}

tp_error_code tp_frame_to_floats(tp_frame *frame, const tp_kernels *kernels, tp_why *why) {
    if (frame->floats) return TP_ERROR_NONE;
    int64_t count = tp_picture_bytes(&frame->picture);
    frame->floats = malloc(sizeof(float) * (size_t)count);
    if (!frame->floats)
        return tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory for %lld floats",
                                  (long long)count);
    kernels->bytes_to_float(frame->floats, frame->picture.bytes, count, 1 / 255.0F, 0);
    free(frame->picture.bytes);
    frame->picture.bytes = NULL;
    return TP_ERROR_NONE;
}

/* ---- random numbers ---- */

double tp_draw(tp_draws *draws, double low, double high) {
    uint32_t word;
    tp_philox_words(draws->seed, draws->epoch, draws->sample, draws->next++, &word, 1);
    return low + (high - low) * ((double)word * 0x1p-32);
}

int64_t tp_draw_integer(tp_draws *draws, int64_t count) {
    int64_t drawn = (int64_t)tp_draw(draws, 0, (double)count);
    return drawn < count ? drawn : count - 1;
}

/* Two at a time (Box and Muller, 1958). */
void tp_draw_normal(tp_draws *draws, float *out, int64_t n) {
    const double turn = 6.28318530717958647693;
    for (int64_t i = 0; i < n; i += 2) {
        double radius = sqrt(-2 * log(1 - tp_draw(draws, 0, 1))), angle = tp_draw(draws, 0, turn);
        out[i] = (float)(radius * cos(angle));
        if (i + 1 < n) out[i + 1] = (float)(radius * sin(angle));
    }
}

/* ---- life ---- */

void *tp_transform_new(tp_location at, size_t bytes, const char *name, bool random,
                       tp_error_code (*apply)(const tp_transform *, tp_frame *,
                                              tp_step_context *)) {
    tp_transform *transform = tp_new(bytes);
    if (!transform) {
        tp_fail_memory(at, name, bytes);
        return NULL;
    }
    transform->name = name;
    transform->random = random;
    transform->apply = apply;
    return transform;
}

void tp_transform_free(tp_transform *transform) {
    if (!transform) return;
    for (int i = 0; i < transform->step_count; i++) tp_transform_free(transform->steps[i]);
    tp_delete(transform->steps);
    tp_delete(transform);
}

tp_transform *tp_transform_refuse(tp_location at, const char *op, const char *got,
                                  const char *want) {
    tp_fail(at, op, TP_ERROR_ARGUMENT, got, want, NULL);
    return NULL;
}

bool tp_all_finite(const double *values, int count) {
    for (int i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

bool tp_fill_bytes(const double fill[TP_MAX_CHANNELS], uint8_t bytes[TP_MAX_CHANNELS]) {
    for (int c = 0; c < TP_MAX_CHANNELS; c++) {
        if (!(fill[c] >= 0 && fill[c] <= 255)) return false;
        bytes[c] = (uint8_t)fill[c];
    }
    return true;
}

/* ---- chains ---- */

static int count_steps(tp_transform *const *transforms, size_t count) {
    int steps = 0;
    for (size_t i = 0; i < count; i++) {
        if (!transforms[i]) return -1;
        steps += tp_transform_steps(transforms[i]);
        if (steps > MOST_STEPS) return steps;
    }
    return steps;
}

/* Moves the steps of a transform into the chain; what is left of an inner chain goes away. */
static void take_steps(tp_transform *chain, tp_transform *from) {
    if (!from->steps) {
        chain->steps[chain->step_count++] = from;
        return;
    }
    for (int i = 0; i < from->step_count; i++) chain->steps[chain->step_count++] = from->steps[i];
    from->step_count = 0;
    tp_transform_free(from);
}

tp_transform *tp_transforms_compose_at(tp_location at, tp_transform *const *transforms,
                                       size_t count) {
    int steps = count_steps(transforms, count);
    tp_transform *chain = NULL;
    if (steps > MOST_STEPS)
        tp_transform_refuse(at, "transforms_compose", tp_text("%d transforms", steps),
                            tp_text("at most %d", MOST_STEPS));
    else if (steps >= 0)
        chain = tp_transform_new(at, sizeof *chain, "transforms_compose", false, NULL);
    if (chain) {
        chain->steps = tp_new(sizeof(tp_transform *) * (size_t)(steps + 1));
        if (!chain->steps) {
            tp_fail_memory(at, "transforms_compose", sizeof(tp_transform *) * (size_t)steps);
            tp_transform_free(chain);
            chain = NULL;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (chain)
            take_steps(chain, transforms[i]);
        else
            tp_transform_free(transforms[i]);
    return chain;
}

int tp_transform_steps(const tp_transform *transform) {
    return transform->steps ? transform->step_count : 1;
}

static const tp_transform *step_at(const tp_transform *transform, int i) {
    return transform->steps ? transform->steps[i] : transform;
}

int tp_transform_fixed_steps(const tp_transform *transform) {
    int i = 0;
    while (i < tp_transform_steps(transform) && step_at(transform, i)->describe) i++;
    return i;
}

void tp_transform_describe(const tp_transform *transform, int count, char *buffer, size_t size) {
    for (int i = 0; i < count; i++) {
        const tp_transform *step = step_at(transform, i);
        char text[160];
        step->describe(step, text, sizeof text);
        size_t length = strlen(buffer);
        snprintf(buffer + length, size - length, "; %s %s", step->name, text);
    }
}

tp_error_code tp_transform_run(const tp_transform *transform, int first, int end, tp_frame *frame,
                               const tp_draws *draws, const tp_kernels *kernels, tp_why *why) {
    for (int i = first; i < end; i++) {
        const tp_transform *step = step_at(transform, i);
        tp_draws own = *draws;
        own.next = (uint64_t)i << STEP_WORDS_LOG2;
        tp_step_context context = {.draws = &own, .kernels = kernels, .why = why};
        tp_error_code code = step->apply(step, frame, &context);
        if (code) {
            char reason[sizeof why->text];
            memcpy(reason, why->text, sizeof reason);
            return tp_picture_problem(why, code, "%s: %.200s", step->name, reason);
        }
    }
    return TP_ERROR_NONE;
}

void tp_transform_shape(const tp_transform *transform, int first, int end, tp_frame_shape *shape) {
    for (int i = first; i < end; i++) {
        const tp_transform *step = step_at(transform, i);
        if (step->shape) step->shape(step, shape);
    }
}

/* ---- applying ---- */

static void release_floats(void *data, void *user) {
    (void)user;
    free(data);
}

static tp_tensor *frame_to_tensor(tp_location at, const char *op, tp_frame *frame) {
    if (!frame->floats) return tp_picture_to_tensor(at, op, &frame->picture);
    tp_picture *p = &frame->picture;
    size_t bytes = sizeof(float) * (size_t)tp_picture_bytes(p);
    tp_storage *storage = tp_storage_external(frame->floats, bytes, release_floats, NULL);
    if (!storage) {
        tp_frame_free(frame);
        return tp_fail_memory(at, op, sizeof *storage);
    }
    return tp_make_over(at, op, storage, frame->floats, TP_FLOAT32,
                        tp_shape(p->channels, p->height, p->width));
}

tp_tensor *tp_transform_apply_at(tp_location at, tp_transform_apply_args args) {
    const char *op = "transform_apply";
    if (!args.transform) return tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "a transform", NULL);
    if (!tp_usable(at, op, args.image)) return tp_poison();
    if (args.image->dtype != TP_UINT8)
        return tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(args.image), "a picture in bytes",
                       NULL);
    tp_frame frame = {0};
    if (!tp_picture_from_tensor(at, op, args.image, &frame.picture)) return tp_poison();
    tp_draws draws = {.seed = args.seed, .epoch = args.epoch, .sample = (uint64_t)args.sample};
    tp_why why = {""};
    tp_error_code code = tp_transform_run(args.transform, 0, tp_transform_steps(args.transform),
                                          &frame, &draws, tp_ctx()->kernels, &why);
    if (!code) return frame_to_tensor(at, op, &frame);
    tp_frame_free(&frame);
    return tp_fail(at, op, code, why.text, NULL, NULL);
}
