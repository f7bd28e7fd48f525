/* Widths and strides of what is copied. A template, see gemm_tmpl.h. */

/* Width of the panel that begins with `left` columns to go: full ones, then ever narrower ones. */
static int64_t NAME(panel_width)(int64_t full, int64_t left) {
    while (full > LANES && left <= full - LANES) full /= 2;
    return full;
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

/* Elements that either kind of copy of a needs. */
static int64_t NAME(pack_rows_size)(int64_t rows, int64_t k) {
    return rows * NAME(odd_stride)(k) + (MAX_ROWS + 1) * k + LANES;
}
