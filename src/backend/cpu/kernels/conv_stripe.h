/* Copies of the source for kernels whose vectors lie along pixels: some rows of some channels with zeros around them. A template,
 * see conv_tmpl.h.
 *
 * Columns (and rows) are kept apart by their remainder when divided by the step, so that neighbouring results read neighbouring
 * elements: order (channel, row, plane of rows, plane of columns, column), so that the source is read in its order. Every row is
 * written in whole vectors, the last one over the beginning of the next row, which comes later; and where a row is not much longer
 * than vectors are, it ends with one. The last vector of results reads over the end of a row: what it gets there, part of the next
 * row, is for lanes that nobody uses. */

typedef struct NAME(stripe) {
    const conv_axis *h, *w;
    int64_t rows, pitch, plane, line, channel; /* rows of a plane; distances */
} NAME(stripe);
#define STRIPE NAME(stripe)

/* For `rows` rows of results. */
static STRIPE NAME(stripe_for)(const conv_axis *h, const conv_axis *w, int64_t rows) {
    STRIPE s = {.h = h, .w = w, .rows = rows + h->high - h->low};
    int64_t needed = w->results + w->high - w->low;
    int64_t whole = conv_ceil_div(needed, LANES) * LANES;
    s.pitch = 4 * whole <= 5 * needed ? whole : needed;
    s.plane = s.pitch * w->planes;
    s.line = s.plane * h->planes;
    s.channel = s.line * s.rows;
    return s;
}

/* Elements of that many channels, and what the last vectors read behind them. */
static int64_t NAME(stripe_space)(const STRIPE *s, int64_t channels) {
    return s->channel * channels + 4 * LANES;
}

/* Where the taps a of h and b of w read: axes of the stripe, or joined with them. */
static int64_t NAME(stripe_offset)(const STRIPE *s, const conv_axis *h, const conv_axis *w,
                                   int64_t a, int64_t b) {
    return h->plane[a] * s->plane + (conv_floor_div(h->at[a], h->step) - h->low) * s->line +
           w->plane[b] * s->pitch + conv_floor_div(w->at[b], w->step) - w->low;
}

/* n zeros, in whole vectors. */
static void NAME(clear)(REAL *to, int64_t n) {
    for (int64_t i = 0; i < n; i += LANES) NAME(store)(to + i, (VEC){0});
}

/* p[i], ..., zero for elements outside of [begin, end), whose memory is not touched. */
TP_ALWAYS_INLINE VEC NAME(load_inside)(const REAL *p, int64_t i, int64_t begin, int64_t end) {
    int64_t from = conv_least(conv_most(begin - i, 0), LANES);
    return NAME(load_lanes)(p + i, from, conv_most(conv_least(end - i, LANES), from));
}

/* Every other element of p[i], ..., likewise. */
TP_ALWAYS_INLINE VEC NAME(load_even)(const REAL *p, int64_t i, int64_t begin, int64_t end) {
    return __builtin_shufflevector(NAME(load_inside)(p, i, begin, end),
                                   NAME(load_inside)(p, i + LANES, begin, end), TP_EVEN(LANES));
}

/* to[i] = from[i * step] for i < n, zero for elements outside of [begin, end). Writes whole vectors. */
static void NAME(copy_row)(REAL *to, int64_t n, const REAL *from, int64_t begin, int64_t end,
                           int64_t step) {
    int64_t i = 0;
    if (step == 1) {
        for (; i < n && i < begin; i += LANES)
            NAME(store)(to + i, NAME(load_inside)(from, i, begin, end));
        for (; i < n && i + LANES <= end; i += LANES) NAME(store)(to + i, NAME(load)(from + i));
        for (; i < n; i += LANES) NAME(store)(to + i, NAME(load_inside)(from, i, begin, end));
        return;
    }
    if (step == 2) {
        for (; i < n && 2 * i < begin; i += LANES)
            NAME(store)(to + i, NAME(load_even)(from, 2 * i, begin, end));
        for (; i < n && 2 * (i + LANES) <= end; i += LANES) NAME(store)
        (to + i, __builtin_shufflevector(NAME(load)(from + 2 * i), NAME(load)(from + 2 * i + LANES),
                                         TP_EVEN(LANES)));
        for (; i < n; i += LANES) NAME(store)(to + i, NAME(load_even)(from, 2 * i, begin, end));
        return;
    }
    for (; i < n; i++) to[i] = i * step >= begin && i * step < end ? from[i * step] : 0;
}

/* even[i] = from[2 i] and odd[i] = from[2 i + 1], likewise. */
static void NAME(copy_both)(REAL *even, REAL *odd, int64_t n, const REAL *from, int64_t begin,
                            int64_t end) {
    for (int64_t i = 0; i < n; i += LANES) {
        VEC low, high;
        if (2 * i >= begin && 2 * (i + LANES) <= end) {
            low = NAME(load)(from + 2 * i), high = NAME(load)(from + 2 * i + LANES);
        } else {
            low = NAME(load_inside)(from, 2 * i, begin, end);
            high = NAME(load_inside)(from, 2 * i + LANES, begin, end);
        }
        NAME(store)(even + i, __builtin_shufflevector(low, high, TP_EVEN(LANES)));
        NAME(store)(odd + i, __builtin_shufflevector(low, high, TP_ODD(LANES)));
    }
}

/* All planes of a row of the source. */
static void NAME(copy_planes)(const STRIPE *s, REAL *to, const REAL *from) {
    const conv_axis *w = s->w;
    int64_t first = w->low * w->step; /* column */
    if (w->step == 2 && w->planes == 2 && s->pitch % LANES == 0) {
        int64_t odd = w->remain[0] == 0 ? s->pitch : 0;
        NAME(copy_both)
        (to + s->pitch - odd, to + odd, s->pitch, from + first, -first, w->source - first);
        return;
    }
    for (int64_t q = 0; q < w->planes; q++) {
        int64_t at = first + w->remain[q];
        NAME(copy_row)(to + q * s->pitch, s->pitch, from + at, -at, w->source - at, w->step);
    }
}

/* One channel for results from row i on. */
static void NAME(copy_channel)(const STRIPE *s, REAL *to, const REAL *from, int64_t i) {
    const conv_axis *h = s->h, *w = s->w;
    for (int64_t r = 0; r < s->rows; r++) {
        for (int64_t p = 0; p < h->planes; p++, to += s->plane) {
            int64_t row = (i + r + h->low) * h->step + h->remain[p];
            if (row < 0 || row >= h->source)
                NAME(clear)(to, s->plane);
            else
                NAME(copy_planes)(s, to, from + row * w->source);
        }
    }
}

/* Channels that are `plane` apart in the source. */
static void NAME(copy_channels)(const STRIPE *s, REAL *to, const REAL *from, int64_t channels,
                                int64_t i) {
    for (int64_t c = 0; c < channels; c++)
        NAME(copy_channel)(s, to + c * s->channel, from + c * s->h->source * s->w->source, i);
    NAME(clear)(to + channels * s->channel, 4 * LANES);
}

/* Asks the second-level cache for part k of n of what copy_channels() with the same arguments will read. The source comes in
 * pieces too short for caches to foresee. */
static void NAME(fetch_channels)(const STRIPE *s, const REAL *from, int64_t channels, int64_t i,
                                 int64_t k, int64_t n) {
    const conv_axis *h = s->h;
    const int64_t width = s->w->source, per_line = 64 / (int64_t)sizeof(REAL);
    int64_t top = conv_most((i + h->low) * h->step, 0);
    int64_t bottom = conv_least((i + s->rows + h->low) * h->step, h->source);
    int64_t begin = top * width + (bottom - top) * width * k / n;
    int64_t end = top * width + (bottom - top) * width * (k + 1) / n;
    for (int64_t c = 0; c < channels; c++, from += h->source * width)
        for (int64_t e = begin; e < end; e += per_line) __builtin_prefetch(from + e, 0, 2);
}
