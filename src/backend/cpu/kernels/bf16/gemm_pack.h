/* Copies of parts of a and b as pairs along k, in the order in which the kernels read them. A template, see gemm.c.
 *
 * k counts numbers; where it is odd, zero is the other half of the last pair. Strides along k are those from one pair to the
 * next, twice what they are between numbers. */

/* `count` numbers, at most LANES, that far apart, and zeros behind them. */
TP_ALWAYS_INLINE __m512 load_apart(const float *p, int64_t stride, int64_t count) {
    if (count <= 0) return _mm512_setzero_ps();
    if (stride == 1) return (__m512)load_part_bf16(p, count < LANES ? count : LANES);
    float numbers[LANES] __attribute__((aligned(64))) = {0};
    for (int64_t i = 0; i < count && i < LANES; i++) numbers[i] = p[i * stride];
    return (__m512)load_bf16(numbers);
}

/* LANES pairs from the numbers of a line, of which `count` are left. */
TP_ALWAYS_INLINE __m512 load_pairs(const float *p, int64_t stride, int64_t count) {
    return pair_along(load_apart(p, stride, count),
                      load_apart(p + LANES * stride, stride, count - LANES));
}

/* LANES columns of b, whose numbers along k are neighbours or anywhere, turned: rows of pairs, `width` apart. */
static void turn_columns(float *to, int64_t width, const float *b, int64_t b_row, int64_t b_col,
                         int64_t k, int64_t cols) {
    for (int64_t p = 0; p < k; p += 2 * LANES, to += LANES * width, b += 2 * LANES * b_row) {
        VEC v[LANES];
        if (cols >= LANES && b_row == 1 && k - p >= 2 * LANES) {
            TP_UNROLL for (int q = 0; q < LANES; q++) v[q] = (VEC)pair_along(
                (__m512)load_bf16(b + q * b_col), (__m512)load_bf16(b + q * b_col + LANES));
        } else {
            for (int q = 0; q < LANES; q++)
                v[q] = q < cols ? (VEC)load_pairs(b + q * b_col, b_row, k - p) : (VEC){0};
        }
        transpose_bf16(v);
        int64_t pairs = (k - p + 1) / 2;
        for (int64_t i = 0; i < LANES && i < pairs; i++) store_bf16(to + i * width, v[i]);
    }
}

/* Columns of b, (k, cols), in panels as those of gemm_pack.h, of pairs: to[j * pairs + p * width + q]. */
static void pack_columns_bf16(float *to, int64_t full, const float *b, int64_t b_row, int64_t b_col,
                              int64_t k, int64_t cols) {
    int64_t pairs = (k + 1) / 2, apart = b_row / 2;
    if (b_col != 1) {
        for (int64_t j = 0, width; j < cols; j += width) {
            width = panel_width_bf16(full, cols - j);
            for (int64_t q = 0; q < width; q += LANES)
                turn_columns(to + j * pairs + q, width, b + (j + q) * b_col, apart, b_col, k,
                             cols - j - q);
        }
        return;
    }
    for (int64_t p = 0; p < pairs; p++, b += b_row) {
        bool single = 2 * p + 1 == k;
        for (int64_t j = 0, width; j < cols; j += width) {
            width = panel_width_bf16(full, cols - j);
            for (int64_t q = 0; q < width; q += LANES) {
                int64_t left = cols - j - q;
                __m512 first = load_apart(b + j + q, 1, left);
                __m512 second = load_apart(b + apart + j + q, 1, single ? 0 : left);
                store_bf16(to + j * pairs + p * width + q, (VEC)pair_across(first, second));
            }
        }
    }
}

/* Rows of a: to[r * stride + p] is pair p of row r. */
static void copy_lines_bf16(float *to, int64_t stride, const float *from, int64_t outer_stride,
                            int64_t inner_stride, int64_t outer, int64_t inner) {
    int64_t apart = inner_stride / 2;
    for (int64_t r = 0; r < outer; r++, to += stride, from += outer_stride) {
        int64_t p = 0;
        if (apart == 1) {
            for (; p + 2 * LANES <= inner; p += 2 * LANES)
                store_bf16(to + p / 2, (VEC)pair_along((__m512)load_bf16(from + p),
                                                       (__m512)load_bf16(from + p + LANES)));
        }
        for (; p < inner; p += 2 * LANES) {
            int64_t pairs = (inner - p + 1) / 2;
            store_part_bf16(to + p / 2, (VEC)load_pairs(from + p * apart, apart, inner - p),
                            pairs < LANES ? pairs : LANES);
        }
    }
}

/* Rows of a that are neighbours in memory, tile after tile: to[r * pairs + p * tile + q] is pair p of row r + q, for r a multiple
 * of tile. */
static void pack_tiles_bf16(float *to, int64_t tile, const float *a, int64_t a_col, int64_t rows,
                            int64_t k) {
    enum { AT_ONCE = 8 }; /* pairs: so few are read side by side and written in long runs */
    int64_t pairs = (k + 1) / 2, apart = a_col / 2;
    for (int64_t p0 = 0; p0 < pairs; p0 += AT_ONCE) {
        int64_t end = pairs - p0 < AT_ONCE ? pairs : p0 + AT_ONCE;
        for (int64_t r = 0; r < rows; r += tile) {
            int64_t height = rows - r < tile ? rows - r : tile;
            for (int64_t p = p0; p < end; p++) {
                const float *from = a + r + p * a_col;
                __m512 first = load_apart(from, 1, height);
                __m512 second = load_apart(from + apart, 1, 2 * p + 1 == k ? 0 : height);
                store_part_bf16(to + r * pairs + p * tile, (VEC)pair_across(first, second), height);
            }
        }
    }
}
