/* From sums of products to results: scale, beta c, bias, activation, mask, and where the result
 * goes. Every element takes the same operations in the same order wherever in a tile it lies, so
 * that tiling never shows in the bits. A template, see gemm_tmpl.h. */

/* A row of n elements; c, bias and mask are NULL where there is nothing to take from. */
TP_ALWAYS_INLINE VEC NAME(finish_vector)(const tp_gemm_args *args, tp_epilogue activation, VEC v,
                                         VEC c, VEC bias, VEC mask, bool has_c, bool has_mask) {
    if (args->alpha != 1) v = TP_OPAQUE(v * (REAL)args->alpha);
    if (has_c) v += c * (REAL)args->beta;
    v = NAME(activate)(activation, (REAL)args->slope, v + bias);
    return has_mask ? NAME(derive)(args->mask_kind, (REAL)args->mask_slope, v, mask) : v;
}

TP_ALWAYS_INLINE void NAME(finish_row)(const tp_gemm_args *args, tp_epilogue activation, int64_t n,
                                       REAL *to, const REAL *sums, const REAL *c, const REAL *bias,
                                       bool one_bias, const REAL *mask) {
    VEC zero = {0};
    VEC constant = zero;
    if (bias && one_bias) {
        constant += *bias;
        bias = NULL;
    }
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        VEC v = NAME(finish_vector)(
            args, activation, NAME(load)(sums + j), c ? NAME(load)(c + j) : zero,
            bias ? NAME(load)(bias + j) : constant, mask ? NAME(load)(mask + j) : zero, c, mask);
        NAME(store)(to + j, v);
    }
    if (j < n) {
        int64_t rest = n - j;
        VEC v = NAME(finish_vector)(args, activation, NAME(load_part)(sums + j, rest),
                                    c ? NAME(load_part)(c + j, rest) : zero,
                                    bias ? NAME(load_part)(bias + j, rest) : constant,
                                    mask ? NAME(load_part)(mask + j, rest) : zero, c, mask);
        NAME(store_part)(to + j, v, rest);
    }
}

/* Rows i.., columns j.. of the result, from sums (rows, cols) with row stride ld: they may lie in c
 * itself; they are overwritten when they go to a tile function. */
static void NAME(finish)(const tp_gemm_args *args, bool read_c, bool one_bias, REAL *sums,
                         int64_t ld, int64_t i, int64_t j, int64_t rows, int64_t cols) {
    for (int64_t r = 0; r < rows; r++) {
        REAL *from = sums + r * ld, *to = from;
        REAL *c = args->c ? (REAL *)args->c + (i + r) * args->c_row + j : NULL;
        if (!args->tile) to = c;
        const REAL *old = read_c ? c : NULL;
        const REAL *bias = args->bias ? (const REAL *)args->bias + (one_bias ? 0 : j) : NULL;
        const REAL *mask =
            args->mask ? (const REAL *)args->mask + (i + r) * args->mask_row + j : NULL;
        switch (args->activation) {
#define CASE(kind) \
    case kind: NAME(finish_row)(args, kind, cols, to, from, old, bias, one_bias, mask); break;
            CASE(TP_EPILOGUE_RELU)
            CASE(TP_EPILOGUE_LEAKY_RELU)
            CASE(TP_EPILOGUE_SIGMOID)
            CASE(TP_EPILOGUE_TANH)
        default:
            NAME(finish_row)(args, TP_EPILOGUE_NONE, cols, to, from, old, bias, one_bias, mask);
#undef CASE
        }
    }
    if (args->tile) args->tile(args->tile_user, i, j, rows, cols, sums, ld);
}

/* The same for sums that hold the transposed result: sums[c * ld + r]. (rows, cols) are those of
 * the result. */
static void NAME(finish_transposed)(const PLAN *plan, const REAL *sums, int64_t ld, int64_t i,
                                    int64_t j, int64_t rows, int64_t cols) {
    enum { WIDTH = 8 * LANES };
    REAL block[LANES * WIDTH] __attribute__((aligned(64)));
    for (int64_t r = 0; r < rows; r += LANES) {
        int64_t height = rows - r < LANES ? rows - r : LANES;
        for (int64_t s = 0; s < cols; s += WIDTH) {
            int64_t width = cols - s < WIDTH ? cols - s : WIDTH;
            for (int64_t q = 0; q < width; q += LANES) {
                NAME(transpose_block)
                (block + q, WIDTH, sums + (s + q) * ld + r, ld,
                 width - q < LANES ? width - q : LANES, height);
            }
            NAME(finish)
            (&plan->args, plan->read_c, plan->one_bias, block, WIDTH, i + r, j + s, height, width);
        }
    }
}
