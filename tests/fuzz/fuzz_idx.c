/* IDX files, plain and gzipped. The reader takes a path, so the bytes go through a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef TP_HAVE_ZLIB
#include <zlib.h>
#endif

#include "fuzz/fuzz.h"
#include "vision/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[64];
    if (!path[0]) snprintf(path, sizeof path, "/tmp/taper-fuzz-idx-%ld", (long)getpid());
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) abort();
    fuzz_begin();
    for (int dims = 1; dims <= 3; dims += 2) {
        tp_idx idx;
        unsigned sum = 0;
        if (!tp_idx_read((tp_location){"fuzz", 1}, "fuzz", path, dims, &idx)) continue;
        for (int64_t i = 0; i < idx.count; i++) sum += idx.bytes[i];
        if (sum == 12345678) abort();
        tp_idx_free(&idx);
    }
    fuzz_end();
    unlink(path);
    return 0;
}

static void take_gzipped(const void *bytes, size_t size, fuzz_take *take, void *user) {
#ifdef TP_HAVE_ZLIB
    uint8_t packed[512];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes,
                  .avail_in = (uInt)size,
                  .next_out = packed,
                  .avail_out = sizeof packed};
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return;
    deflate(&z, Z_FINISH);
    take(packed, z.total_out, user);
    deflateEnd(&z);
#else
    (void)bytes, (void)size, (void)take, (void)user;
#endif
}

void fuzz_seeds(fuzz_take *take, void *user) {
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4};
    static const uint8_t pictures[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 9, 8, 7, 6};
    take(labels, sizeof labels, user);
    take(pictures, sizeof pictures, user);
    take_gzipped(labels, sizeof labels, take, user);
    take_gzipped(pictures, sizeof pictures, take, user);
}
