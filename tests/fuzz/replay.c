/* replay [--write FOLDER | FILE...]: runs a fuzz target without libFuzzer. Without arguments: on its seeds and on damaged copies of them,
 * always the same ones. With files: on those, as libFuzzer leaves them. --write puts the seeds into a folder for libFuzzer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { COPIES = 150, LARGEST = 1 << 20 };

typedef struct replay {
    const char *folder; /* NULL: run */
    int count;
    uint64_t random;
} replay;

static uint64_t next(replay *r) { /* xorshift64 */
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return r->random;
}

/* A few bytes changed, a piece cut out, doubled, or the end cut off. */
static size_t damage(replay *r, uint8_t *bytes, size_t size) {
    size_t at = size ? next(r) % size : 0, length = 1 + next(r) % 16;
    if (length > size - at) length = size - at;
    switch (next(r) % 5) {
    case 0: return at;
    case 1: memmove(bytes + at, bytes + at + length, size - at - length); return size - length;
    case 2: memmove(bytes + at + length, bytes + at, size - at); return size + length;
    case 3:
        for (size_t i = 0; i < length; i++) bytes[at + i] = (uint8_t)next(r);
        return size;
    default:
        for (int i = 0; i < 3 && size; i++) bytes[next(r) % size] ^= (uint8_t)(1U << next(r) % 8);
        return size;
    }
}

static void run(const uint8_t *bytes,
                size_t size) { /* in a block of its own size: reading past it is seen */
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) return;
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void take(const void *bytes, size_t size, void *user) {
    replay *r = user;
    r->count++;
    if (r->folder) {
        char path[1024];
        snprintf(path, sizeof path, "%s/seed%03d", r->folder, r->count);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
            perror(path);
            exit(1);
        }
        return;
    }
    uint8_t *copy = malloc(size + 64);
    if (!copy) return;
    run(bytes, size);
    for (int i = 0; i < COPIES; i++) {
        memcpy(copy, bytes, size);
        run(copy, damage(r, copy, size));
    }
    free(copy);
}

static int run_file(const char *path) {
    static uint8_t bytes[LARGEST];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    run(bytes, size);
    return 0;
}

int main(int argc, char **argv) {
    replay r = {.random = 88172645463325252};
    if (argc == 3 && strcmp(argv[1], "--write") == 0) r.folder = argv[2];
    for (int i = 1; i < argc && !r.folder; i++)
        if (run_file(argv[i])) return 1;
    if (argc > 1 && !r.folder) return 0;
    fuzz_seeds(take, &r);
    printf("%d seeds\n", r.count);
    return r.count == 0;
}
