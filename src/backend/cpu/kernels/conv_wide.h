/* Forward and input gradient with vectors along the channels of the result. A template, see conv_tmpl.h.
 *
 * Source elements are broadcast from where they lie: nothing is copied but the weights. What the zeros around the source would
 * be multiplied with is left out: for each row of results the row taps that fall outside, for each column tap the pixels whose
 * source does. Results grow pixel by pixel, channels side by side, in a buffer; what leaves it is turned, gets bias and
 * activation, and goes to memory once. */

/* ---- one panel of channels for one block of results ---- */

/* Results j for which tap `at` meets the source: [*begin, *end). */
static void NAME(meets)(const conv_axis *axis, int64_t at, int64_t *begin, int64_t *end) {
    *begin = at < 0 ? (-at + axis->step - 1) / axis->step : 0;
    *end = axis->source > at ? (axis->source - at + axis->step - 1) / axis->step : 0;
    if (*end > axis->results) *end = axis->results;
    if (*begin > *end) *begin = *end;
}

/* Taps of result i that meet the source: [*begin, *end). */
static void NAME(taps_of)(const conv_axis *axis, int64_t i, int64_t *begin, int64_t *end) {
    *begin = 0, *end = axis->taps;
    while (*begin < *end && i * axis->step + axis->at[*begin] < 0) ++*begin;
    while (*end > *begin && i * axis->step + axis->at[*end - 1] >= axis->source) --*end;
}

/* Runs of a row of results: `count` pixels a_row apart in the source and c_row in the buffer. */
static void NAME(run_tile)(const WIDE_TASK *x, REACH *reach, int64_t count, const REAL *a,
                           const REAL *b, REAL *c, bool add) {
    int64_t lg = x->plan->vectors / 2; /* 1, 2, 4 to 0, 1, 2 */
    NAME(wide_table)[reach->a_row != 1][lg][count - 1](reach, a, b, c, add);
}

static void NAME(clear_pixels)(REAL *c, int64_t count, int64_t c_row, int64_t panel) {
    for (int64_t r = 0; r < count; r++) {
        for (int64_t i = 0; i < panel; i++) c[r * c_row + i] = 0;
    }
}

/* Pixels [from, to) of one row; a and b as for pixel 0 and column tap 0. All column taps at once where all of them meet the
 * source, else one after the other with those pixels that do. */
static void NAME(row_tile)(const WIDE_TASK *x, const conv_axis *w, REACH *reach, int64_t from,
                           int64_t to, const REAL *a, const REAL *b, REAL *c) {
    int64_t begin, end;
    bool add = x->channel > 0, inside = reach->taps > 0 && w->taps > 0;
    const int64_t *across = w->at;
    if (inside) {
        NAME(meets)(w, across[0], &begin, &end);
        inside = begin <= from;
        NAME(meets)(w, across[w->taps - 1], &begin, &end);
        inside = inside && end >= to;
    }
    reach->across = across;
    reach->columns = w->taps;
    if (inside) {
        NAME(run_tile)(x, reach, to - from, a + from * w->step, b, c + from * reach->c_row, add);
        return;
    }
    if (!add) NAME(clear_pixels)(c + from * reach->c_row, to - from, reach->c_row, x->plan->panel);
    reach->columns = 1;
    for (int64_t q = 0; q < w->taps && reach->taps > 0; q++) {
        NAME(meets)(w, across[q], &begin, &end);
        int64_t first = NAME(most)(begin, from), last = NAME(least)(end, to);
        if (first >= last) continue;
        reach->across = across + q;
        NAME(run_tile)
        (x, reach, last - first, a + first * w->step, b + q * reach->b_across,
         c + first * reach->c_row, true);
    }
}

/* One result column in all images of the block. */
static void NAME(image_tile)(const WIDE_TASK *x, const conv_axis *w, REACH *reach, int64_t j,
                             const REAL *a, const REAL *b, REAL *c) {
    const WIDE_PLAN *plan = x->plan;
    int64_t begin, end, image = plan->groups * plan->depth * plan->source_h * plan->source_w;
    NAME(taps_of)(w, j, &begin, &end);
    reach->across = w->at + begin;
    reach->columns = end - begin;
    reach->a_row = image;
    reach->c_row = x->height * plan->result_w * plan->panel;
    int64_t tile = NAME(even)(x->images, plan->tile);
    for (int64_t n = 0; n < x->images; n += tile) NAME(run_tile)
    (x, reach, NAME(least)(tile, x->images - n), a + n * image + j * w->step,
     b + begin * reach->b_across, c + n * reach->c_row + j * w->stride * plan->panel,
     x->channel > 0);
}

/* One row of results in one image, or in all of them. */
static void NAME(wide_row)(const WIDE_TASK *x, int64_t image, int64_t row) {
    const WIDE_PLAN *plan = x->plan;
    int64_t at = x->row + row, plane = plan->source_h * plan->source_w;
    const conv_axis *h = &plan->h[at % plan->parts_h];
    int64_t i = at / plan->parts_h, begin, end;
    NAME(taps_of)(h, i, &begin, &end);
    int64_t first = ((x->image + image) * plan->groups + x->group) * plan->depth + x->channel;
    const REAL *a = plan->source + first * plane + i * h->step * plan->source_w;
    REAL *c = x->sums + (image * x->height + row) * plan->result_w * plan->panel;
    for (int64_t part = 0; part < plan->parts_w; part++, c += plan->panel) {
        const conv_axis *w = &plan->w[part];
        int64_t number = at % plan->parts_h * plan->parts_w + part;
        const REAL *b =
            NAME(wide_weights)(plan, x->group, x->panel, number, h->taps * w->taps, x->channel);
        REACH reach = {.channels = x->channels,
                       .taps = end - begin,
                       .down = h->offset + begin,
                       .channel = plane,
                       .a_row = w->step,
                       .b_across = x->channels * h->taps * plan->panel,
                       .b_channel = h->taps * plan->panel,
                       .b_down = plan->panel,
                       .c_row = plan->parts_w * plan->panel};
        b += begin * plan->panel;
        int64_t tile = NAME(even)(w->results, plan->tile);
        for (int64_t j = 0; j < w->results; j += plan->across_images ? 1 : tile) {
            if (plan->across_images)
                NAME(image_tile)(x, w, &reach, j, a, b, c);
            else
                NAME(row_tile)(x, w, &reach, j, NAME(least)(j + tile, w->results), a, b, c);
        }
    }
}

/* ---- tasks ---- */

static void NAME(wide_panel)(WIDE_TASK *x, int64_t block) {
    const WIDE_PLAN *plan = x->plan;
    x->channel = 0;
    do {
        x->channels = NAME(least)(plan->block_depth, plan->depth - x->channel);
        for (int64_t n = 0; n < (plan->across_images ? 1 : x->images); n++) {
            for (int64_t i = 0; i < x->height; i++) NAME(wide_row)(x, n, i);
        }
        x->channel += x->channels;
    } while (x->channel < plan->depth);
    for (int64_t n = 0; n < x->images; n++) NAME(wide_finish)(x, n);
    if (!plan->args->statistics) return;
    for (int64_t i = 0; i < 2 * plan->panel; i++) x->counts[i] = 0;
    for (int64_t n = 0; n < x->images; n++) NAME(wide_count)(x, n);
    int64_t first = x->panel * plan->panel;
    REAL *to = plan->counts + 2 * ((block * plan->groups + x->group) * plan->rows + first);
    for (int64_t r = 0; r < plan->panel && first + r < plan->rows; r++) {
        to[2 * r] = x->counts[r];
        to[2 * r + 1] = x->counts[plan->panel + r];
    }
}

static void NAME(run_wide)(void *arg, int64_t task, int worker) {
    WIDE_PLAN *plan = arg;
    WIDE_TASK x = {.plan = plan};
    int64_t share = task % plan->shares, rest = task / plan->shares;
    x.group = rest % plan->groups, rest /= plan->groups;
    x.row = rest % plan->blocks_h * plan->block_rows;
    x.image = rest / plan->blocks_h * plan->block_images;
    x.height = NAME(least)(plan->block_rows, plan->result_h - x.row);
    x.images = NAME(least)(plan->block_images, plan->args->shape.images - x.image);
    int64_t space = plan->block_images * plan->block_rows * plan->result_w * plan->panel;
    x.sums = tp_pool_scratch_slot(plan->pool, worker, TP_SCRATCH_CONV,
                                  (size_t)(space + 2 * plan->panel) * sizeof(REAL));
    if (!x.sums) {
        atomic_store(&plan->failed, true);
        return;
    }
    x.counts = x.sums + space;
    int64_t end = NAME(least)((share + 1) * plan->share, plan->panels);
    for (x.panel = share * plan->share; x.panel < end; x.panel++) NAME(wide_panel)(&x, rest);
}

/* Adds up what the tasks have counted, in their order. */
static void NAME(add_wide_counts)(const WIDE_PLAN *plan) {
    double *total = plan->args->statistics;
    int64_t channels = plan->rows * plan->groups, blocks = plan->blocks_n * plan->blocks_h;
    for (int64_t i = 0; i < 2 * channels; i++) total[i] = 0;
    for (int64_t block = 0; block < blocks; block++) {
        for (int64_t c = 0; c < channels; c++) {
            total[c] += (double)plan->counts[2 * (block * channels + c)];
            total[channels + c] += (double)plan->counts[2 * (block * channels + c) + 1];
        }
    }
}

/* Packs the weights and runs the tasks. */
static bool NAME(run_wide_plan)(WIDE_PLAN *plan) {
    int64_t tasks = plan->blocks_n * plan->blocks_h * plan->groups * plan->shares;
    if (tasks > 0) {
        tp_pool_run(plan->pool, plan->groups * plan->panels, NAME(pack_wide), plan);
        tp_pool_run(plan->pool, tasks, NAME(run_wide), plan);
    }
    if (plan->args->statistics) NAME(add_wide_counts)(plan);
    return !atomic_load(&plan->failed);
}
