/* Matrix products: what a caller asks of the kernels in cpu/kernels/gemm*. */
#ifndef TP_BACKEND_GEMM_H
#define TP_BACKEND_GEMM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"

/* Activations that a product can apply on its way out, or whose derivative it can multiply by. */
typedef enum tp_epilogue {
    TP_EPILOGUE_NONE,
    TP_EPILOGUE_RELU,       /* x > 0 ? x : 0, NaN stays; derivative from the output y: y > 0 */
    TP_EPILOGUE_LEAKY_RELU, /* x > 0 ? x : slope x; y > 0 ? 1 : slope */
    TP_EPILOGUE_SIGMOID,    /* 1 / (1 + exp(-x)); y (1 - y) */
    TP_EPILOGUE_TANH,       /* tanh(x); 1 - y y */
    TP_EPILOGUE_COUNT
} tp_epilogue;

/* Called with finished tiles of the result instead of storing them: rows i.. and columns j..,
 * (rows, cols) with row stride ld. Every element comes in exactly one tile; calls come from worker
 * threads, at most one at a time under one worker. */
typedef void (*tp_gemm_tile_fn)(void *user, int64_t i, int64_t j, int64_t rows, int64_t cols,
                                const void *tile, int64_t ld);

/* c = activation(alpha a b + beta c + bias) * derivative(mask)
 *
 * a is (m, k), b is (k, n), c is (m, n), all of one type, float or double. Strides are in elements
 * and may be anything that the memory allows, zero and negative included; it is fast when one of
 * the two is 1. c must not overlap the inputs, except that mask may be c itself. Where k is 0 the
 * product is 0. Zero means default: only m, n, k, a, b, c with their strides and alpha need to be
 * set. */
typedef struct tp_gemm_args {
    int64_t m, n, k;
    const void *a;
    int64_t a_row, a_col;
    const void *b;
    int64_t b_row, b_col;
    void *c;
    int64_t c_row;      /* columns are contiguous */
    double alpha, beta; /* beta 0: c is never read, so NaN in it does no harm */
    const void *bias;   /* (n), added to every row, or NULL */
    tp_epilogue activation;
    double slope;     /* of a leaky activation */
    const void *mask; /* (m, n), outputs y of an activation: the result is multiplied by its
                         derivative there; or NULL */
    int64_t mask_row;
    tp_epilogue mask_kind;
    double mask_slope;
    tp_gemm_tile_fn tile; /* not NULL: gets the result instead of c, which is then read where beta
                             is not 0, else unused */
    void *tile_user;
} tp_gemm_args;

/* False where scratch memory was not to be had (or pool is NULL and scratch was needed): c may then
 * be partly written. The result's bits depend on the arguments and the instruction set, never on
 * the number of threads. Called from inside a task of the pool it runs on the worker that called
 * it. */
typedef bool (*tp_gemm_fn)(tp_pool *pool, const tp_gemm_args *args);

/* `batch` products: the i-th takes a, b, c and mask i strides further (elements; 0 shares the
 * matrix, not for c). bias is shared. tile is not supported. */
typedef struct tp_gemm_batch {
    int64_t count, a, b, c, mask;
} tp_gemm_batch;
typedef bool (*tp_gemm_batched_fn)(tp_pool *pool, const tp_gemm_args *args,
                                   const tp_gemm_batch *batch);

/* The border before part t of `parts` of n: a multiple of unit. */
static inline int64_t tp_gemm_border(int64_t n, int parts, int t, int64_t unit) {
    if (t >= parts) return n;
    int64_t units = (n + unit - 1) / unit;
    int64_t at = (units / parts * t + units % parts * t / parts) * unit;
    return at < n ? at : n;
}

/* The same for rows of the result. What is to meet the rows of a weight in the cache of the thread
 * that has them cuts it in the same way. */
static inline int64_t tp_gemm_row_border(int64_t rows, int parts, int t) {
    return tp_gemm_border(rows, parts, t, rows >= 8 * parts ? 4 : 1);
}

#endif
