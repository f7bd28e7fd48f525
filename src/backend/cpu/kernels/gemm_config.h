/* Sizes that the product's kernels and plans are tuned to. */
#ifndef TP_BACKEND_CPU_KERNELS_GEMM_CONFIG_H
#define TP_BACKEND_CPU_KERNELS_GEMM_CONFIG_H

#include "isa.h"

enum {
    /* register tiles */
    MAX_ROWS = TP_VECTOR_REGISTERS == 32 ? 14 : 6,
    MAX_VECTORS = 8,
    DOT_ROWS = TP_VECTOR_REGISTERS == 32 ? 6 : 2,
    DOT_COLUMNS = 4,
    /* Elements of k that one panel covers: a panel of two vectors and a tile of a stay in a
     * first-level cache of 48 KiB (32 KiB where registers are shorter). */
    OUTER_K = 264,
    /* Sums of at most so many products may use panels of four vectors. */
    WIDE_K = 128,
    /* Rows of a that one block covers; the block stays in the second-level cache. */
    OUTER_ROWS = TP_VECTOR_BYTES == 64 ? 520 : 240,
    /* The same for the dot form, where the rows of a stay in the first-level cache, in bytes. */
    DOT_K = 800,
    DOT_SPACE = 32768,
    /* The dot form is for fewer rows or columns than this. */
    DOT_LIMIT = 24,
    /* Columns of b that are copied at a time. */
    GROUP_COLUMNS = 256,
    /* Where b is larger than this, in bytes, it is fetched ahead. */
    FETCH_BYTES = 1 << 20,
    /* Elements of sums kept aside, where they cannot grow in the result itself. */
    SUM_SPACE = 131072,
    /* Multiply-adds that are worth waking a thread for. */
    PARALLEL_WORK = 200000,
    /* The same for a thread that is far away: what it reads was written by another. */
    FAR_WORK = 800000,
    /* The same for a thread that is awake and looking for work. */
    AWAKE_WORK = 40000,
    TP_GEMM_MAX_PARTS = 64
};

#endif
