/* Transforms inside: a chain of steps over a frame, each of which may draw random numbers of its own. Nothing that a step
 * does touches the context of the thread. */
#ifndef TP_VISION_TRANSFORMS_TRANSFORM_H
#define TP_VISION_TRANSFORMS_TRANSFORM_H

#include <taper/transforms.h>

#include "backend/backend.h"
#include "vision/image/picture.h"

/* What steps work on: bytes, or after some step floats; then picture.bytes is NULL and its sizes count. */
typedef struct tp_frame {
    tp_picture picture;
    float *floats; /* (channels, height, width), from malloc */
} tp_frame;
void tp_frame_free(tp_frame *frame);
/* Makes floats of bytes, byte / 255. */
tp_error_code tp_frame_to_floats(tp_frame *frame, const tp_kernels *kernels, tp_why *why);

/* What is known of a frame before there is one; sizes that differ from picture to picture are 0. */
typedef struct tp_frame_shape {
    int channels;
    int64_t height, width;
    bool floats;
} tp_frame_shape;

/* Where a step's random numbers come from. */
typedef struct tp_draws {
    uint64_t seed;
    uint32_t epoch;
    uint64_t sample, next; /* next: the word of the stream that comes next */
} tp_draws;
double tp_draw(tp_draws *draws, double low, double high); /* uniform in [low, high) */
int64_t tp_draw_integer(tp_draws *draws, int64_t count);  /* 0 .. count-1 */
void tp_draw_normal(tp_draws *draws, float *out, int64_t n);

/* What a step is given beside the frame. */
typedef struct tp_step_context {
    tp_draws *draws;
    const tp_kernels *kernels;
    tp_why *why;
} tp_step_context;

/* The first member of every kind of step. */
struct tp_transform {
    const char *name; /* torchvision's */
    bool random;
    tp_error_code (*apply)(const tp_transform *transform, tp_frame *frame,
                           tp_step_context *context);
    /* What becomes of the shape; NULL: it stays. */
    void (*shape)(const tp_transform *transform, tp_frame_shape *shape);
    /* Its arguments as text, by which a cache of its results is known again; for those that are not random and give bytes. */
    void (*describe)(const tp_transform *transform, char *buffer, size_t size);
    /* A chain's steps, owned; NULL for a step. */
    tp_transform **steps;
    int step_count;
};

/* A step of `bytes` bytes with tp_transform first; NULL and reported when out of memory. */
void *tp_transform_new(tp_location at, size_t bytes, const char *name, bool random,
                       tp_error_code (*apply)(const tp_transform *, tp_frame *, tp_step_context *));
/* Reports a bad argument of a constructor; returns NULL. */
tp_transform *tp_transform_refuse(tp_location at, const char *op, const char *got,
                                  const char *want);
/* Whether all of them are finite. */
bool tp_all_finite(const double *values, int count);
/* As bytes: fills are from 0 to 255. False where one is not. */
bool tp_fill_bytes(const double fill[TP_MAX_CHANNELS], uint8_t bytes[TP_MAX_CHANNELS]);

/* Steps that serve as functions too: errors name `op`. */
tp_transform *tp_resize_step(tp_location at, const char *op, tp_transforms_resize_args args);
tp_transform *tp_centre_crop_step(tp_location at, const char *op, int64_t height, int64_t width);
tp_transform *tp_pad_step(tp_location at, const char *op, tp_transforms_pad_args args);
tp_transform *tp_grey_step(tp_location at, const char *op, int channels);

/* Steps of a transform: its own, or itself. */
int tp_transform_steps(const tp_transform *transform);
/* How many of its first steps always give the same bytes for the same picture: what a cache may hold. */
int tp_transform_fixed_steps(const tp_transform *transform);
/* Appends the names and arguments of the first `count` steps. */
void tp_transform_describe(const tp_transform *transform, int count, char *buffer, size_t size);
/* The steps [first, end). Each draws from a stretch of its own of the stream (seed, epoch, sample). */
tp_error_code tp_transform_run(const tp_transform *transform, int first, int end, tp_frame *frame,
                               const tp_draws *draws, const tp_kernels *kernels, tp_why *why);
void tp_transform_shape(const tp_transform *transform, int first, int end, tp_frame_shape *shape);

#endif
