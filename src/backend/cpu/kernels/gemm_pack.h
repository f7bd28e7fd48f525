/* Copies of parts of a and b in the order in which the kernels read them. A template, see
 * gemm_tmpl.h. */

/* Columns of b, (k, cols), in panels of at most `full` columns: to[j * k + p * width + q] is column
 * j + q of the panel of that width that begins with column j. Zero beyond cols. */
static void NAME(pack_columns)(REAL *to, int64_t full, const REAL *b, int64_t b_row, int64_t b_col,
                               int64_t k, int64_t cols) {
    if (b_row == 1 && b_col != 1 && k * cols > 64) {
        for (int64_t j = 0, width; j < cols; j += width) {
            width = NAME(panel_width)(full, cols - j);
            for (int64_t q = 0; q < width; q += LANES) {
                int64_t rows = cols - j - q < LANES ? cols - j - q : LANES;
                for (int64_t p = 0; p < k; p += LANES) NAME(transpose_block)
                (to + j * k + p * width + q, width, b + (j + q) * b_col + p, b_col, rows,
                 k - p < LANES ? k - p : LANES);
            }
        }
        return;
    }
    for (int64_t p = 0; p < k;
         p++, b +=
              b_row) { /* whole rows at a time, for the sake of the processor's own prefetching */
        for (int64_t j = 0, width; j < cols; j += width) {
            width = NAME(panel_width)(full, cols - j);
            REAL *row = to + j * k + p * width;
            int64_t count = cols - j < width ? cols - j : width, q = 0;
            if (b_col == 1) {
                for (; q + LANES <= count; q += LANES) NAME(store)(row + q, NAME(load)(b + j + q));
                if (q < count)
                    NAME(store)(row + q, NAME(load_part)(b + j + q, count - q)), q += LANES;
            } else {
                for (; q < count; q++) row[q] = b[(j + q) * b_col];
            }
            for (; q < width; q++) row[q] = 0;
        }
    }
}

/* to[r * stride + p] = from[r * outer_stride + p * inner_stride] for r < outer and p < inner */
static void NAME(copy_lines)(REAL *to, int64_t stride, const REAL *from, int64_t outer_stride,
                             int64_t inner_stride, int64_t outer, int64_t inner) {
    enum { AHEAD = 4 }; /* rows: they come from afar, and the processor cannot guess the next */
    for (int64_t r = 0; r < outer; r++, to += stride, from += outer_stride) {
        int64_t p = 0;
        if (inner_stride == 1) {
            const REAL *ahead = from + (r + AHEAD < outer ? AHEAD * outer_stride : 0);
            for (; p + LANES <= inner; p += LANES) {
                __builtin_prefetch(ahead + p);
                NAME(store)(to + p, NAME(load)(from + p));
            }
            if (p < inner)
                NAME(store_part)(to + p, NAME(load_part)(from + p, inner - p), inner - p);
        } else {
            for (; p < inner; p++) to[p] = from[p * inner_stride];
        }
    }
}

/* A block of a with contiguous columns, (rows, k), tile after tile: to[r * k + p * tile + q] is row
 * r + q for r a multiple of tile. */
static void NAME(pack_tiles)(REAL *to, int64_t tile, const REAL *a, int64_t a_col, int64_t rows,
                             int64_t k) {
    enum { AT_ONCE = 16 }; /* columns: so few are read side by side and written in long runs */
    for (int64_t p0 = 0; p0 < k; p0 += AT_ONCE) {
        int64_t end = k - p0 < AT_ONCE ? k : p0 + AT_ONCE;
        for (int64_t r = 0; r < rows; r += tile) {
            int64_t height = rows - r < tile ? rows - r : tile;
            /* what whole vectors write too much the next columns overwrite; not so at the end of a
             * run */
            int64_t written = (height + LANES - 1) / LANES * LANES;
            int64_t spoilt = (written - height + tile - 1) / tile; /* columns behind it */
            int64_t whole = r + written <= rows && spoilt < end - p0 ? end - spoilt : p0;
            REAL *out = to + r * k + p0 * tile;
            for (int64_t p = p0; p < whole; p++, out += tile) {
                const REAL *from = a + r + p * a_col;
                for (int64_t q = 0; q < height; q += LANES)
                    NAME(store)(out + q, NAME(load)(from + q));
            }
            for (int64_t p = whole; p < end; p++, out += tile) {
                for (int64_t q = 0; q < height; q++) out[q] = a[r + q + p * a_col];
            }
        }
    }
}
