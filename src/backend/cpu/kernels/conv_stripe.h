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

/* Which of the lanes of elements i, ... are inside of [begin, end). */
typedef struct NAME(lanes) {
    int64_t begin, end;
} NAME(lanes);
TP_ALWAYS_INLINE NAME(lanes) NAME(lanes_inside)(int64_t i, int64_t begin, int64_t end) {
    int64_t from = conv_least(conv_most(begin - i, 0), LANES);
    return (NAME(lanes)){from, conv_most(conv_least(end - i, LANES), from)};
}

/* p[i], ..., zero for elements outside of [begin, end), whose memory is not touched. */
TP_ALWAYS_INLINE VEC NAME(load_inside)(const REAL *p, int64_t i, int64_t begin, int64_t end) {
    NAME(lanes) lanes = NAME(lanes_inside)(i, begin, end);
    return NAME(load_lanes)(p + i, lanes.begin, lanes.end);
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

/* One channel for results from row i on. */
static void NAME(copy_channel)(const STRIPE *s, REAL *to, const REAL *from, int64_t i) {
    const conv_axis *h = s->h, *w = s->w;
    for (int64_t r = 0; r < s->rows; r++) {
        for (int64_t p = 0; p < h->planes; p++, to += s->plane) {
            int64_t row = (i + r + h->low) * h->step + h->remain[p];
            if (row < 0 || row >= h->source) {
                NAME(clear)(to, s->plane);
                continue;
            }
            for (int64_t q = 0; q < w->planes; q++) {
                int64_t first = w->low * w->step + w->remain[q]; /* column */
                NAME(copy_row)
                (to + q * s->pitch, s->pitch, from + row * w->source + first, -first,
                 w->source - first, w->step);
            }
        }
    }
}

/* A row as copy_whole() reads it: n elements in `vectors` vectors at a time, of which those inside of [begin, end) exist. */
typedef struct NAME(whole_row) {
    int64_t n, begin, end;
    int64_t head, body;    /* the ones between them do not meet the borders */
    NAME(lanes) low, high; /* of the last ones */
    int64_t even, odd;     /* where they are put */
} NAME(whole_row);

TP_ALWAYS_INLINE void NAME(put_row)(const int vectors, const NAME(whole_row) * row, REAL *to,
                                    int64_t e, VEC low, VEC high) {
    if (vectors == 1) {
        NAME(store)(to + e, low);
        return;
    }
    to += e / 2;
    NAME(store)(to + row->even, __builtin_shufflevector(low, high, TP_EVEN(LANES)));
    NAME(store)(to + row->odd, __builtin_shufflevector(low, high, TP_ODD(LANES)));
}

/* Elements [e, end) of a row, some of which may be outside. */
TP_ALWAYS_INLINE int64_t NAME(copy_edge)(const int vectors, const NAME(whole_row) * row, REAL *to,
                                         const REAL *from, int64_t e, int64_t end) {
    for (; e < end; e += vectors * LANES) {
        VEC low = NAME(load_inside)(from, e, row->begin, row->end), high = {0};
        if (vectors == 2) high = NAME(load_inside)(from, e + LANES, row->begin, row->end);
        NAME(put_row)(vectors, row, to, e, low, high);
    }
    return e;
}

TP_ALWAYS_INLINE void NAME(copy_line)(const int vectors, const NAME(whole_row) * row, REAL *to,
                                      const REAL *from) {
    const int64_t read = vectors * LANES, last = row->n - read;
    int64_t e = NAME(copy_edge)(vectors, row, to, from, 0, conv_least(row->head, last));
    VEC high = {0};
    for (; e >= row->head && e < row->body; e += read) {
        if (vectors == 2) high = NAME(load)(from + e + LANES);
        NAME(put_row)(vectors, row, to, e, NAME(load)(from + e), high);
    }
    e = NAME(copy_edge)(vectors, row, to, from, e, last);
    if (e > last) return;
    if (vectors == 2) high = NAME(load_lanes)(from + e + LANES, row->high.begin, row->high.end);
    NAME(put_row)
    (vectors, row, to, e, NAME(load_lanes)(from + e, row->low.begin, row->low.end), high);
}

/* copy_channel() where a row is read once, in whole vectors: for step 1, or for step 2 with both planes of columns, each whole
 * vectors long. `vectors` are read for one of each plane. */
TP_ALWAYS_INLINE void NAME(copy_whole)(const int vectors, const STRIPE *s, REAL *to,
                                       const REAL *from, int64_t i) {
    const conv_axis *h = s->h, *w = s->w;
    const int64_t first = w->low * vectors, read = vectors * LANES, plane = s->plane;
    NAME(whole_row)
    line = {.n = conv_ceil_div(s->pitch, LANES) * read, .begin = -first, .end = w->source - first};
    line.head = conv_ceil_div(conv_most(line.begin, 0), read) * read;
    line.body = conv_most(conv_least(line.end, line.n), 0) / read * read;
    line.low = NAME(lanes_inside)(line.n - read, line.begin, line.end);
    line.high = NAME(lanes_inside)(line.n - LANES, line.begin, line.end);
    line.odd = vectors == 2 && w->remain[0] == 0 ? s->pitch : 0;
    line.even = s->pitch - line.odd;
    for (int64_t r = 0; r < s->rows; r++) {
        for (int64_t p = 0; p < h->planes; p++, to += plane) {
            int64_t row = (i + r + h->low) * h->step + h->remain[p];
            if (row < 0 || row >= h->source)
                NAME(clear)(to, plane);
            else
                NAME(copy_line)(vectors, &line, to, from + row * w->source + first);
        }
    }
}

/* Channels that are `plane` apart in the source. */
static void NAME(copy_channels)(const STRIPE *s, REAL *to, const REAL *from, int64_t channels,
                                int64_t i) {
    const conv_axis *w = s->w;
    bool both = w->step == 2 && w->planes == 2 && s->pitch % LANES == 0;
    for (int64_t c = 0; c < channels; c++, from += s->h->source * w->source, to += s->channel)
        if (both)
            NAME(copy_whole)(2, s, to, from, i);
        else if (w->step == 1)
            NAME(copy_whole)(1, s, to, from, i);
        else
            NAME(copy_channel)(s, to, from, i);
    NAME(clear)(to, 4 * LANES);
}
