/* PNG, by both readers: each may refuse, and where both read a file they agree. */
#include <string.h>

#include "fuzz/picture_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tp_picture fast, slow;
    tp_picture_extra extra = {0};
    tp_why why;
    if (tp_png_read_fast(data, size, &fast)) {
        if (!tp_png_read(data, size, &slow, &extra, &why)) {
            if (tp_picture_bytes(&fast) != tp_picture_bytes(&slow) ||
                memcmp(fast.bytes, slow.bytes, (size_t)tp_picture_bytes(&fast)) != 0)
                abort();
            tp_picture_free(&slow);
        }
        tp_picture_free(&fast);
    }
    return fuzz_picture(data, size);
}

void fuzz_seeds(fuzz_take *take, void *user) {
    fuzz_picture_seeds("png/", take, user);
    fuzz_picture_seeds("orientation/png", take, user);
}
