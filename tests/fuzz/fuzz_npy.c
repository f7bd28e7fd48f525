/* NumPy's arrays. */
#include "fuzz/fuzz.h"
#include "io/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_begin();
    TP_SCOPE {
        tp_mapping *mapping = tp_mapping_copy(TP_HERE, "fuzz", data, size);
        if (mapping) {
            const tp_npy_source source = {.op = "fuzz",
                                          .path = "fuzz.npy",
                                          .bytes = mapping->data,
                                          .size = size,
                                          .mapping = mapping};
            tp_tensor *x = tp_npy_tensor(&source, NULL);
            char text[256];
            if (!tp_is_poison(x)) tp_format(x, text, sizeof text);
        }
        tp_mapping_release(mapping);
    }
    fuzz_end();
    return 0;
}

void fuzz_seeds(fuzz_take *take, void *user) { fuzz_golden_seeds("npy/", take, user); }
