/* Copies of parts of a and b in the order in which the kernels read them. A template, see
 * gemm_tmpl.h. */

/* Columns of b, (k, cols), to rows of `width` elements, zero beyond cols. */
static void NAME(pack_columns)(REAL *to, int64_t width, const REAL *b, int64_t b_row, int64_t b_col,
                               int64_t k, int64_t cols) {
    if (b_row == 1 && b_col != 1 && k * cols > 64) {
        for (int64_t j = 0; j < width; j += LANES) {
            int64_t rows = cols - j < LANES ? cols - j : LANES;
            for (int64_t p = 0; p < k; p += LANES) NAME(transpose_block)
            (to + p * width + j, width, b + j * b_col + p, b_col, rows,
             k - p < LANES ? k - p : LANES);
        }
        return;
    }
    for (int64_t p = 0; p < k; p++, to += width, b += b_row) {
        int64_t j = 0;
        if (b_col == 1) {
            for (; j + LANES <= cols; j += LANES) NAME(store)(to + j, NAME(load)(b + j));
            if (j < cols) NAME(store)(to + j, NAME(load_part)(b + j, cols - j)), j += LANES;
        } else {
            for (; j < cols; j++) to[j] = b[j * b_col];
        }
        for (; j < width; j++) to[j] = 0;
    }
}

/* The smallest stride of at least n elements that is an odd number of cache lines: then
 * neighbouring rows never compete for the same sets of the cache. */
static int64_t NAME(odd_stride)(int64_t n) {
    const int64_t line = 64 / (int64_t)sizeof(REAL);
    int64_t lines = (n + line - 1) / line;
    return (lines | 1) * line;
}

/* Whether rows of that stride would crowd into a few sets of the cache. */
static bool NAME(crowded)(int64_t stride) {
    int64_t bytes = (stride < 0 ? -stride : stride) * (int64_t)sizeof(REAL);
    return bytes >= 1024 && (bytes & 1023) < 64;
}

/* to[r * stride + p] = from[r * outer_stride + p * inner_stride] for r < outer and p < inner */
static void NAME(copy_lines)(REAL *to, int64_t stride, const REAL *from, int64_t outer_stride,
                             int64_t inner_stride, int64_t outer, int64_t inner) {
    for (int64_t r = 0; r < outer; r++, to += stride, from += outer_stride) {
        int64_t p = 0;
        if (inner_stride == 1) {
            for (; p + LANES <= inner; p += LANES) NAME(store)(to + p, NAME(load)(from + p));
            if (p < inner)
                NAME(store_part)(to + p, NAME(load_part)(from + p, inner - p), inner - p);
        } else {
            for (; p < inner; p++) to[p] = from[p * inner_stride];
        }
    }
}

/* A block of a, (rows, k): rows stay rows where they are contiguous (or nothing is), columns stay
 * columns. The strides of the copy come back in *row and *col; it takes at most pack_rows_size
 * elements. */
static void NAME(pack_rows)(REAL *to, int64_t *row, int64_t *col, const REAL *a, int64_t a_row,
                            int64_t a_col, int64_t rows, int64_t k) {
    if (a_row == 1 && a_col != 1) {
        *row = 1;
        *col = NAME(odd_stride)(rows);
        NAME(copy_lines)(to, *col, a, a_col, 1, k, rows);
    } else {
        *row = NAME(odd_stride)(k);
        *col = 1;
        NAME(copy_lines)(to, *row, a, a_row, a_col, rows, k);
    }
}
static int64_t NAME(pack_rows_size)(int64_t rows, int64_t k) {
    int64_t by_rows = rows * NAME(odd_stride)(k), by_columns = k * NAME(odd_stride)(rows);
    return by_rows > by_columns ? by_rows : by_columns;
}
