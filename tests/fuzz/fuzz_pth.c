/* PyTorch's files, zip and legacy, and plain pickles. */
#include "fuzz/tensor_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_tensor_file(data, size);
    return 0;
}

void fuzz_seeds(fuzz_take *take, void *user) {
    fuzz_golden_seeds("pth/", take, user);
    fuzz_golden_seeds("legacy/", take, user);
    fuzz_golden_seeds("root/", take, user);
    fuzz_golden_seeds("pickle/", take, user);
    fuzz_golden_seeds("refused/", take, user);
}
