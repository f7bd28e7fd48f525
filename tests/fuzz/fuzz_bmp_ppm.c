/* BMP and PNM. */
#include <string.h>

#include "fuzz/picture_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_picture(data, size); }

/* Run lengths, which Pillow does not write: 4 x 2 pixels of 8 bits. */
static const uint8_t runs[] = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 40, 0, 0, 0, 4, 0,
                               0,   0,   2, 0, 0, 0, 1, 0, 8, 0, 1,  0, 0, 0, 0,  0, 0, 0, 0, 0,
                               0,   0,   0, 0, 0, 0, 2, 0, 0, 0, 0,  0, 0, 0, 1,  2, 3, 0, 4, 5,
                               6,   0,   3, 1, 0, 0, 0, 2, 1, 0, 0,  3, 1, 0, 1,  0, 0, 1};

void fuzz_seeds(fuzz_take *take, void *user) {
    static const char *const texts[] = {"P1\n# bits\n3 2\n101\n010\n", "P2 2 2 15\n0 5 10 15\n",
                                        "P3 1 1 1000\n0 500 1000"};
    fuzz_picture_seeds("bmp/", take, user);
    fuzz_picture_seeds("pnm/", take, user);
    take(runs, sizeof runs, user);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        take(texts[i], strlen(texts[i]), user);
}
