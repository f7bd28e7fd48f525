/* Kernels tried on every instruction set that this build and machine have, and with memory that runs out. Include behind cmocka.h. */
#ifndef TAPER_TESTS_LEVELS_H
#define TAPER_TESTS_LEVELS_H

#include <stdlib.h>

#include "backend/backend.h"

/* Runs the function for each instruction set. */
static inline void each_level(void (*fn)(const tp_kernels *, tp_pool *)) {
    tp_pool *pool = tp_pool_new(2, NULL);
    assert_non_null(pool);
    const tp_kernels *last = NULL;
    for (int level = 0; level < TP_CPU_LEVEL_COUNT; level++) {
        if (!tp_cpu_runs((tp_cpu_level)level)) continue;
        const tp_kernels *kernels = tp_kernels_choose((tp_cpu_level)level);
        if (kernels != last) fn(kernels, pool);
        last = kernels;
    }
    tp_pool_free(pool);
}

/* So many more blocks are to be had of limited_memory. */
static int allowed_blocks;

static inline void *limited_allocate(size_t bytes, void *user) {
    (void)user;
    return allowed_blocks-- > 0 ? malloc(bytes) : NULL;
}

static inline void limited_release(void *block, void *user) {
    (void)user;
    free(block);
}

static const tp_pool_memory limited_memory = {limited_allocate, limited_release, NULL};

#endif
