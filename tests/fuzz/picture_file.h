/* The targets that decode pictures: every mode of channels in turn, so that all conversions and turns are run too. */
#ifndef TAPER_TESTS_FUZZ_PICTURE_FILE_H
#define TAPER_TESTS_FUZZ_PICTURE_FILE_H

#include <stdlib.h>
#include <taper/image.h>

#include "fuzz/fuzz.h"
#include "support/golden.h"
#include "vision/image/codec.h"

/* Runs a reader of one kind of file, and then decodes as tp_image_decode() does. */
static inline int fuzz_picture(const uint8_t *data, size_t size) {
    fuzz_begin();
    tp_picture picture;
    tp_why why;
    tp_image_mode mode = (tp_image_mode)(size % 5);
    if (!tp_picture_decode(data, size, mode, size % 2, &picture, &why)) {
        unsigned sum = 0; /* every byte must have been set */
        for (int64_t i = 0; i < tp_picture_bytes(&picture); i++) sum += picture.bytes[i];
        if (sum == 12345678) abort();
        tp_picture_free(&picture);
    }
    fuzz_end();
    return 0;
}

/* The files of tests/golden/image.txt whose case begins with `prefix`. */
static inline void fuzz_picture_seeds(const char *prefix, fuzz_take *take, void *user) {
    golden_file *file = golden_load("image");
    for (golden_case *c = NULL; (c = golden_next(file, c, prefix)) != NULL;) {
        const golden_tensor *t = golden_need(c, "file");
        uint8_t *bytes = malloc(t->count + 1);
        if (!bytes) break;
        golden_copy(t, bytes);
        take(bytes, t->count, user);
        free(bytes);
    }
    golden_free(file);
}

#endif
