/* JPEG. */
#include "fuzz/picture_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_picture(data, size); }

void fuzz_seeds(fuzz_take *take, void *user) {
    fuzz_picture_seeds("jpeg/", take, user);
    fuzz_picture_seeds("orientation/jpeg", take, user);
}
