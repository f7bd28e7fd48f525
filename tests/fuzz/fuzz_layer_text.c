/* Networks written as text. */
#include <string.h>
#include <taper/taper.h>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[256];
    if (size >= sizeof text) return 0; /* longer ones only repeat layers */
    fuzz_begin();
    memcpy(text, data, size);
    text[size] = 0;
    TP_SCOPE { tp_module_free(tp_nn_from_text(text, tp_shape(1, 8, 8))); }
    fuzz_end();
    return 0;
}

void fuzz_seeds(fuzz_take *take, void *user) {
    static const char *const texts[] = {
        "flatten linear:16 relu linear:10",
        "conv:8,k=5,p=2 relu maxpool:2 flatten linear:10",
        "conv:4 batchnorm relu 2*(conv:4 relu) + avgpool:2 flatten linear:3",
        "(conv:4,k=3,p=1 relu)+(conv:4,k=1) flatten dropout:0.5 linear:2 softmax",
        "flatten 3*(linear:8 tanh) linear:2",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        take(texts[i], strlen(texts[i]), user);
}
