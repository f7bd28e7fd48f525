/* Copies of the source: the stripe that a task reads, with zeros around it, and panels of it without gaps. A template, see
 * conv_tmpl.h. */

/* to[i] = from[first + i * step] for 0 <= i < n, zero where that is outside of [0, size). from may be NULL where size is 0. */
static void NAME(copy_row)(REAL *to, int64_t n, const REAL *from, int64_t first, int64_t step,
                           int64_t size) {
    int64_t begin = first < 0 ? (-first + step - 1) / step : 0;
    int64_t end = size > first ? (size - first + step - 1) / step : 0;
    if (begin > n) begin = n;
    if (end > n) end = n;
    if (end < begin) end = begin;
    for (int64_t i = 0; i < begin; i++) to[i] = 0;
    const REAL *at = from + first + begin * step;
    if (step == 1) {
        memcpy(to + begin, at, (size_t)(end - begin) * sizeof(REAL));
    } else {
        for (int64_t i = begin; i < end; i++, at += step) to[i] = *at;
    }
    for (int64_t i = end; i < n; i++) to[i] = 0;
}

/* The planes of one channel for results from row i on. */
static void NAME(copy_channel)(const PLAN *plan, REAL *to, const REAL *from, int64_t i) {
    const conv_axis *h = &plan->h, *w = &plan->w;
    int64_t height = plan->block_rows + h->high - h->low;
    for (int64_t p = 0; p < h->planes; p++) {
        for (int64_t q = 0; q < w->planes; q++) {
            for (int64_t r = 0; r < height; r++, to += plan->pitch) {
                int64_t row = (i + r + h->low) * h->step + h->remain[p];
                bool outside = row < 0 || row >= h->source;
                NAME(copy_row)
                (to, plan->pitch, outside ? from : from + row * w->source,
                 w->low * w->step + w->remain[q], w->step, outside ? 0 : w->source);
            }
        }
    }
}

/* A piece of a row of results: `count` of them from (image, row, column) of the block on stand in a panel from `place` on. */
typedef struct NAME(run) {
    int64_t place, count, image, row, column;
} NAME(run);
#define RUN NAME(run)
enum { NAME(MOST_RUNS) = 4 * LANES };

/* Where the next panel begins. */
typedef struct NAME(place) {
    int64_t image, row, column;
} NAME(place);

/* The runs of the panel that begins at *place, which moves on behind it. Where panels are copied, places are results, one after
 * the other; else they are columns of the stripe, and a panel ends with the image. Returns how many runs there are. */
static int NAME(next_runs)(const PLAN *plan, RUN *runs, NAME(place) * at, int64_t rows,
                           int64_t images) {
    int64_t width = plan->vectors * LANES, columns = plan->w.results;
    int64_t gap = plan->dense ? 0 : plan->pitch - columns;
    int count = 0;
    int64_t place = 0;
    while (place < width && at->image < images) {
        if (at->column < columns) {
            int64_t n = NAME(least)(columns - at->column, width - place);
            runs[count++] = (RUN){place, n, at->image, at->row, at->column};
            at->column += n;
            place += n;
        }
        int64_t skip = NAME(least)(columns + gap - at->column, width - place);
        at->column += skip;
        place += skip;
        if (at->column < columns + gap) break;
        at->column = 0;
        if (++at->row < rows) continue;
        at->row = 0;
        at->image++;
        if (!plan->dense) break;
    }
    return count;
}

/* to[k * width + p]: for each source channel and tap k the elements that the runs meet, zero where there are none. Rows are
 * written in whole vectors, what is too much by the next piece. */
static void NAME(pack_panel)(const PLAN *plan, REAL *to, const REAL *stripe, int64_t channels,
                             const RUN *runs, int count) {
    int64_t width = plan->vectors * LANES;
    const RUN *last = &runs[count - 1];
    int64_t end = last->place + last->count;
    for (int64_t c = 0; c < channels; c++, stripe += plan->stripe_channel) {
        for (int64_t t = 0; t < plan->taps; t++, to += width) {
            const REAL *tap = stripe + plan->offset[t];
            for (int r = 0; r < count; r++) {
                const REAL *from = tap + runs[r].image * plan->stripe_image +
                                   runs[r].row * plan->pitch + runs[r].column;
                int64_t n = runs[r].count, i = 0;
                for (; i + LANES <= n; i += LANES)
                    NAME(store)(to + runs[r].place + i, NAME(load)(from + i));
                if (i < n) /* a bare source may end here */
                    NAME(store)
                (to + runs[r].place + i,
                 plan->bare ? NAME(load_part)(from + i, n - i) : NAME(load)(from + i));
            }
            for (int64_t i = end; i < width; i++) to[i] = 0;
        }
    }
}
