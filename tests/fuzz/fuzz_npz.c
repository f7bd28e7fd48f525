/* Archives of NumPy's arrays: the zip directory, and what it leads to. */
#include "fuzz/tensor_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_tensor_file(data, size);
    return 0;
}

void fuzz_seeds(fuzz_take *take, void *user) { fuzz_golden_seeds("npz/", take, user); }
