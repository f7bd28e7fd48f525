#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>

#include "base/alloc.h"
#include "support/golden.h"

enum { MOST = 64 << 20 };

static void ignore(const tp_error *error, void *user) { (void)error, (void)user; }

static void *allocate(size_t bytes, void *user) {
    (void)user;
    return bytes <= MOST ? tp_system_allocate(bytes) : NULL;
}

static void release(void *block, size_t bytes, void *user) {
    (void)bytes, (void)user;
    tp_system_release(block);
}

void fuzz_begin(void) {
    static const tp_allocator small = {.allocate = allocate, .release = release};
    static _Thread_local int begun;
    if (!begun++) tp_set_allocator(&small);
    tp_set_error_handler(ignore, NULL);
}

void fuzz_end(void) {
    tp_clear_error();
    tp_memory_stats stats = tp_memory_get_stats();
    if (stats.live_tensors || stats.live_bytes > 1 << 20) {
        fprintf(stderr, "%lld tensors and %zu bytes are left\n", (long long)stats.live_tensors,
                stats.live_bytes);
        abort();
    }
    if (stats.cached_bytes > MOST) tp_memory_trim();
}

/* The bytes of two hexadecimal digits each; newlines between them do not count. */
static size_t decode(const char *digits, unsigned char *out) {
    size_t n = 0;
    unsigned value;
    for (; sscanf(digits, " %2x", &value) == 1; digits += 2) {
        while (*digits == '\n') digits++;
        out[n++] = (unsigned char)value;
    }
    return n;
}

void fuzz_golden_seeds(const char *prefix, fuzz_take *take, void *user) {
    golden_file *file = golden_load("files");
    for (golden_case *c = NULL; (c = golden_next(file, c, prefix)) != NULL;) {
        const char *text = golden_text(c, "file");
        unsigned char *bytes = malloc(strlen(text));
        if (!bytes) break;
        take(bytes, decode(text, bytes), user);
        free(bytes);
    }
    golden_free(file);
}
