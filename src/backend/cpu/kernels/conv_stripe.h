/* Copies of the source for kernels whose vectors lie along pixels: some rows of some channels with zeros around them. A template,
 * see conv_tmpl.h.
 *
 * Columns (and rows) are kept apart by their remainder when divided by the step, so that neighbouring results read neighbouring
 * elements: order (channel, plane of rows, plane of columns, row, column). Rows are so long that the last vector of results reads
 * zeros. */

typedef struct NAME(stripe) {
    const conv_axis *h, *w;
    int64_t rows, pitch, plane, channel; /* rows of a plane; distances */
} NAME(stripe);
#define STRIPE NAME(stripe)

/* For `rows` rows of results. */
static STRIPE NAME(stripe_for)(const conv_axis *h, const conv_axis *w, int64_t rows) {
    STRIPE s = {.h = h, .w = w, .rows = rows + h->high - h->low};
    s.pitch = conv_ceil_div(w->results, LANES) * LANES + w->high - w->low;
    s.plane = s.rows * s.pitch;
    s.channel = s.plane * h->planes * w->planes;
    return s;
}

/* Elements of that many channels, and what the last vectors read behind them. */
static int64_t NAME(stripe_space)(const STRIPE *s, int64_t channels) {
    return s->channel * channels + 4 * LANES;
}

/* Where the taps (a, b) read. */
static int64_t NAME(stripe_offset)(const STRIPE *s, int64_t a, int64_t b) {
    return (s->h->plane[a] * s->w->planes + s->w->plane[b]) * s->plane +
           (conv_floor_div(s->h->at[a], s->h->step) - s->h->low) * s->pitch +
           conv_floor_div(s->w->at[b], s->w->step) - s->w->low;
}

/* to[i] = from[i * step] for i < n; nothing else is read, what is written behind n is overwritten later. */
static void NAME(copy_steps)(REAL *to, const REAL *from, int64_t n, int64_t step) {
    int64_t i = 0;
    if (step == 1) {
        for (; i + LANES <= n; i += LANES) NAME(store)(to + i, NAME(load)(from + i));
        if (i < n) NAME(store_part)(to + i, NAME(load_part)(from + i, n - i), n - i);
        return;
    }
    if (step == 2) { /* one element short, since the last vector reads one too many */
        for (; i + LANES < n; i += LANES) NAME(store)
        (to + i, __builtin_shufflevector(NAME(load)(from + 2 * i), NAME(load)(from + 2 * i + LANES),
                                         TP_EVEN(LANES)));
        if (i < n) {
            int64_t left = 2 * (n - i) - 1; /* elements still to be read */
            VEC low = NAME(load_part)(from + 2 * i, conv_least(left, LANES));
            VEC high =
                left > LANES ? NAME(load_part)(from + 2 * i + LANES, left - LANES) : (VEC){0};
            NAME(store_part)(to + i, __builtin_shufflevector(low, high, TP_EVEN(LANES)), n - i);
        }
        return;
    }
    for (; i < n; i++) to[i] = from[i * step];
}

static void NAME(clear)(REAL *to, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = 0;
}

/* to[i] = from[first + i * step] for 0 <= i < n, zero where that is outside of [0, size). */
static void NAME(copy_row)(REAL *to, int64_t n, const REAL *from, int64_t first, int64_t step,
                           int64_t size) {
    int64_t begin = first < 0 ? (-first + step - 1) / step : 0;
    int64_t end = size > first ? (size - first + step - 1) / step : 0;
    begin = conv_least(begin, n);
    end = conv_most(conv_least(end, n), begin);
    NAME(clear)(to, begin);
    if (end > begin) NAME(copy_steps)(to + begin, from + first + begin * step, end - begin, step);
    NAME(clear)(to + end, n - end);
}

/* One channel for results from row i on. */
static void NAME(copy_channel)(const STRIPE *s, REAL *to, const REAL *from, int64_t i) {
    const conv_axis *h = s->h, *w = s->w;
    for (int64_t p = 0; p < h->planes; p++) {
        for (int64_t q = 0; q < w->planes; q++) {
            for (int64_t r = 0; r < s->rows; r++, to += s->pitch) {
                int64_t row = (i + r + h->low) * h->step + h->remain[p];
                bool outside = row < 0 || row >= h->source;
                NAME(copy_row)
                (to, s->pitch, outside ? from : from + row * w->source,
                 w->low * w->step + w->remain[q], w->step, outside ? 0 : w->source);
            }
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
