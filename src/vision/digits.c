/* The built-in digits as a data set. */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <taper/vision.h>

#include "base/alloc.h"
#include "data/dataset.h"
#include "tensor/tensor.h"
#include "vision/digits_draw.h"

enum { BLANK, DRAWING, DRAWN };

typedef struct digits {
    tp_dataset base;
    tp_dataset_source source;
    uint64_t seed, first;   /* picture i of the set is picture first + i of the seed */
    uint8_t *pixels;        /* (size, 784) */
    uint8_t *labels;        /* (size) */
    _Atomic uint8_t *drawn; /* of each picture */
    char name[64];
} digits;

static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

/* Draws a picture the first time that anybody wants it; whoever comes second waits for the first.
 */
static bool digits_prepare(const tp_dataset *dataset, int64_t index, tp_why *why) {
    (void)why;
    const digits *set = (const digits *)dataset;
    _Atomic uint8_t *state = &set->drawn[index];
    if (TP_LIKELY(atomic_load_explicit(state, memory_order_acquire) == DRAWN)) return true;
    uint8_t expected = BLANK;
    if (atomic_compare_exchange_strong(state, &expected, DRAWING)) {
        tp_digits_draw(set->seed, set->first + (uint64_t)index, set->labels[index],
                       set->pixels + index * TP_DIGITS_PIXELS);
        atomic_store_explicit(state, DRAWN, memory_order_release);
        return true;
    }
    while (atomic_load_explicit(state, memory_order_acquire) != DRAWN) sched_yield();
    return true;
}

static bool digits_get(const tp_dataset *dataset, int64_t index, void *x, void *y, tp_why *why) {
    (void)dataset, (void)index, (void)x, (void)y, (void)why;
    return false; /* everything lies in a row: see tp_gather */
}

static size_t bytes_of(int64_t count) { return (size_t)count * (TP_DIGITS_PIXELS + 2) + 1; }

static void digits_release(tp_dataset *dataset) {
    digits *set = (digits *)dataset;
    tp_block_release(set->pixels, bytes_of(dataset->size));
}

tp_dataset *tp_digits_at(tp_location at, tp_digits_args args) {
    bool test = args.split && strcmp(args.split, "test") == 0;
    if (!test && (!args.split || strcmp(args.split, "train") != 0)) {
        tp_fail(at, "digits", TP_ERROR_ARGUMENT,
                tp_text("split \"%.60s\"", args.split ? args.split : "NULL"),
                "\"train\" or \"test\"", NULL);
        return NULL;
    }
    if (args.count < 0 || args.count > 1 << 30) {
        tp_fail(at, "digits", TP_ERROR_ARGUMENT, tp_text("%lld pictures", (long long)args.count),
                "at most 2^30", NULL);
        return NULL;
    }
    int64_t count = args.count ? args.count : test ? 10000 : 60000;
    digits *set = tp_dataset_new_at(at, sizeof *set, digits_get);
    if (!set) return NULL;
    set->pixels = tp_block_allocate(bytes_of(count));
    if (!set->pixels) {
        tp_fail_memory(at, "digits", bytes_of(count));
        tp_dataset_free(&set->base);
        return NULL;
    }
    set->labels = set->pixels + count * TP_DIGITS_PIXELS;
    set->drawn = (_Atomic uint8_t *)(set->labels + count);
    set->seed = args.seed;
    set->first =
        test ? (uint64_t)1 << 40
             : 0; /* no training set is that large; a multiple of ten, so classes stay balanced */
    for (int64_t i = 0; i < count; i++) {
        set->labels[i] = (uint8_t)tp_digits_label(set->seed, set->first + (uint64_t)i);
        atomic_init(&set->drawn[i], BLANK);
    }
    snprintf(set->name, sizeof set->name, "synthetic digits, %s", args.split);
    set->base.release = digits_release;
    set->base.name = set->name;
    set->base.size = count;
    set->base.x_shape = tp_shape(1, TP_DIGITS_SIDE, TP_DIGITS_SIDE);
    set->base.x_dtype = TP_UINT8;
    set->base.y_dtype = TP_INT64;
    set->base.pictures = true;
    set->base.classes = names;
    set->base.class_count = 10;
    set->source = (tp_dataset_source){
        .x = set->pixels, .y = set->labels, .y_stored = TP_UINT8, .prepare = digits_prepare};
    set->base.source = &set->source;
    return &set->base;
}
