/* Data sets for the tests. Include behind cmocka.h. */
#ifndef TAPER_TESTS_SAMPLES_H
#define TAPER_TESTS_SAMPLES_H

#include <stdio.h>
#include <taper/data.h>

/* n samples whose x is (2) float32 {i, -i} and whose y is i mod 10; ten times less work than
 * pictures. */
static inline tp_dataset *numbers(int64_t n) {
    tp_dataset *d = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_empty(tp_shape(n, 2)), *y = tp_empty(tp_shape(n), .dtype = TP_INT64);
        float *px = tp_data(x);
        int64_t *py = tp_data(y);
        for (int64_t i = 0; i < n; i++)
            px[2 * i] = (float)i, px[2 * i + 1] = -(float)i, py[i] = i % 10;
        d = tp_tensor_dataset(x, y);
    }
    return d;
}

/* ---- pictures of one's own ---- */

typedef struct pictures {
    tp_dataset base;
    int *released;
    int64_t broken; /* the sample that cannot be had */
} pictures;

enum { CHANNELS = 2, SIDE = 3, PIXELS = CHANNELS * SIDE * SIDE };

static inline uint8_t pixel(int64_t i, int p) { return (uint8_t)((i * 7 + p * 13) % 256); }

static inline bool pictures_get(const tp_dataset *d, int64_t i, void *x, void *y, tp_why *why) {
    if (i == ((const pictures *)d)->broken) {
        snprintf(why->text, sizeof why->text, "picture %lld is torn", (long long)i);
        return false;
    }
    if (x)
        for (int p = 0; p < PIXELS; p++) ((uint8_t *)x)[p] = pixel(i, p);
    if (y) *(int64_t *)y = i % 3;
    return true;
}

static inline void pictures_release(tp_dataset *d) { ++*((pictures *)d)->released; }

static inline pictures *pictures_new(int64_t n, int *released) {
    static const char *const names[] = {"cat", "dog", "fox"};
    pictures *p = tp_dataset_new(pictures, pictures_get);
    p->base.name = "pictures";
    p->base.release = pictures_release;
    p->base.size = n;
    p->base.x_shape = tp_shape(CHANNELS, SIDE, SIDE);
    p->base.x_dtype = TP_UINT8;
    p->base.y_dtype = TP_INT64;
    p->base.pictures = true;
    p->base.classes = names;
    p->base.class_count = 3;
    p->released = released;
    p->broken = -1;
    return p;
}

#endif
