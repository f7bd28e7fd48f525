/* Copies of a plane of the source for kernels whose vectors lie along the pixels of a result, across the ends of its rows: one for each
 * column of the kernel, shifted by it and as wide as the result, with zeros for what lies outside. Then all rows of a copy are one
 * line, and a row of the kernel is a whole number of rows further. For stride 1. A template, see conv_tmpl.h. */

/* Exactly n zeros: what lies behind is another copy's. */
static void NAME(clear_shifted)(REAL *to, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = 0;
}

/* Rows [first, first + rows) of a plane, shifted for column `tap` of the kernel. */
static void NAME(copy_shifted)(const conv_axis *h, const conv_axis *w, const REAL *from,
                               int64_t first, int64_t rows, int64_t tap, REAL *to) {
    const int64_t height = h->source, source = w->source, width = w->results, at = w->at[tap];
    int64_t begin = conv_least(conv_most(-first, 0), rows);
    int64_t end = conv_most(conv_least(height - first, rows), begin);
    NAME(clear_shifted)(to, begin * width);
    NAME(clear_shifted)(to + end * width, (rows - end) * width);
    from += (first + begin) * source + at;
    to += begin * width;
    for (int64_t j = 0; j < width; j += LANES) {
        const NAME(lanes) inside = NAME(lanes_inside)(at + j, 0, source);
        const int64_t count = conv_least(LANES, width - j);
        for (int64_t r = 0; r < end - begin; r++) NAME(store_part)
        (to + r * width + j, NAME(load_lanes)(from + r * source + j, inside.begin, inside.end),
         count);
    }
}
