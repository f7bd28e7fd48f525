/* Forward and input gradient with vectors along the channels of the result. A template, see conv_tmpl.h.
 *
 * Source elements are broadcast from where they lie: nothing is copied but the weights. What the zeros around the source would
 * be multiplied with is left out: for each row of results the row taps that fall outside, for each column tap the pixels whose
 * source does. Results grow from the bias on pixel by pixel, channels side by side, in a buffer; what leaves it is turned, gets
 * its activation, and goes to memory once. */

/* ---- one panel of channels for one block of results ---- */

/* Runs of a row of results: `count` pixels a_row apart in the source and c_row in the buffer. Their sums go on from those in the
 * buffer, or begin. */
static void NAME(run_tile)(const WIDE_TASK *x, REACH *reach, int64_t count, const REAL *a,
                           const REAL *b, REAL *c, bool go_on) {
    int64_t lg = x->plan->vectors / 2; /* 1, 2, 4 to 0, 1, 2 */
    NAME(wide_fn) tile = NAME(wide_table)[reach->a_row != 1][lg][count - 1];
    reach->start = go_on ? c : x->bias;
    reach->start_row = go_on ? reach->c_row : 0;
    tile(reach, a, b, c);
}

static void NAME(start_pixels)(const WIDE_TASK *x, REAL *c, int64_t count, int64_t c_row) {
    for (int64_t r = 0; r < count; r++) {
        for (int64_t i = 0; i < x->plan->panel; i++) c[r * c_row + i] = x->bias[i];
    }
}

/* Pixels [from, to) of one row; a and b as for pixel 0 and column tap 0. All column taps at once where all of them meet the
 * source, else one after the other with those pixels that do. */
static void NAME(row_tile)(const WIDE_TASK *x, const conv_axis *w, REACH *reach, int64_t from,
                           int64_t to, const REAL *a, const REAL *b, REAL *c) {
    int64_t begin, end;
    bool go_on = x->channel > 0, inside = reach->taps > 0 && w->taps > 0;
    const int64_t *across = w->at;
    if (inside) {
        conv_axis_meets(w, across[0], &begin, &end);
        inside = begin <= from;
        conv_axis_meets(w, across[w->taps - 1], &begin, &end);
        inside = inside && end >= to;
    }
    reach->across = across;
    reach->columns = w->taps;
    if (inside) {
        NAME(run_tile)(x, reach, to - from, a + from * w->step, b, c + from * reach->c_row, go_on);
        return;
    }
    if (!go_on) NAME(start_pixels)(x, c + from * reach->c_row, to - from, reach->c_row);
    reach->columns = 1;
    for (int64_t q = 0; q < w->taps && reach->taps > 0; q++) {
        conv_axis_meets(w, across[q], &begin, &end);
        int64_t first = conv_most(begin, from), last = conv_least(end, to);
        if (first >= last) continue;
        reach->across = across + q;
        NAME(run_tile)
        (x, reach, last - first, a + first * w->step, b + q * reach->b_across,
         c + first * reach->c_row, true);
    }
}

/* The same in order: neighbours that all meet the same columns at once. */
static void NAME(row_in_order)(const WIDE_TASK *x, const conv_axis *w, REACH *reach, int64_t from,
                               int64_t to, const REAL *a, const REAL *b, REAL *c) {
    for (int64_t last = from; from < to; from = last) {
        int64_t begin, end, next_begin, next_end;
        conv_axis_taps(w, from, &begin, &end);
        do conv_axis_taps(w, ++last, &next_begin, &next_end);
        while (last < to && next_begin == begin && next_end == end);
        reach->across = w->at + begin;
        reach->columns = end - begin;
        NAME(run_tile)
        (x, reach, last - from, a + from * w->step, b + begin * reach->b_across,
         c + from * reach->c_row, x->channel > 0);
    }
}

/* One result column in all images of the block. */
static void NAME(image_tile)(const WIDE_TASK *x, const conv_axis *w, REACH *reach, int64_t j,
                             const REAL *a, const REAL *b, REAL *c) {
    const WIDE_PLAN *plan = x->plan;
    int64_t begin, end, image = plan->groups * plan->depth * plan->source_h * plan->source_w;
    conv_axis_taps(w, j, &begin, &end);
    reach->across = w->at + begin;
    reach->columns = end - begin;
    reach->a_row = image;
    reach->c_row = x->height * plan->result_w * plan->panel;
    int64_t tile = conv_even(x->images, plan->tile);
    for (int64_t n = 0; n < x->images; n += tile) NAME(run_tile)
    (x, reach, conv_least(tile, x->images - n), a + n * image + j * w->step,
     b + begin * reach->b_across, c + n * reach->c_row + j * w->stride * plan->panel,
     x->channel > 0);
}

/* One row of results in one image, or in all of them. */
static void NAME(wide_row)(const WIDE_TASK *x, int64_t image, int64_t row) {
    const WIDE_PLAN *plan = x->plan;
    int64_t at = x->row + row, plane = plan->source_h * plan->source_w;
    const conv_axis *h = &plan->h[at % plan->parts_h];
    int64_t i = at / plan->parts_h, begin, end;
    conv_axis_taps(h, i, &begin, &end);
    int64_t first = ((x->image + image) * plan->groups + x->group) * plan->depth + x->channel;
    const REAL *a = plan->source + first * plane + i * h->step * plan->source_w;
    REAL *c = x->sums + (image * x->height + row) * plan->result_w * plan->panel;
    for (int64_t part = 0; part < plan->parts_w; part++, c += plan->panel) {
        const conv_axis *w = &plan->w[part];
        int64_t number = at % plan->parts_h * plan->parts_w + part;
        int64_t together = plan->by_column ? h->taps : h->taps * w->taps; /* of a channel */
        const REAL *b =
            x->packed + (plan->before[number] * plan->depth + x->channel * together) * plan->panel;
        REACH reach = {.channels = x->channels,
                       .taps = end - begin,
                       .down = h->offset + begin,
                       .channel = plane,
                       .a_row = w->step,
                       .b_across = h->taps * plan->panel * (plan->by_column ? plan->depth : 1),
                       .b_channel = together * plan->panel,
                       .b_down = plan->panel,
                       .c_row = plan->parts_w * plan->panel};
        b += begin * plan->panel;
        int64_t tile = conv_even(w->results, plan->tile);
        for (int64_t j = 0; j < w->results; j += plan->across_images ? 1 : tile) {
            if (plan->across_images)
                NAME(image_tile)(x, w, &reach, j, a, b, c);
            else if (TP_IN_ORDER)
                NAME(row_in_order)(x, w, &reach, j, conv_least(j + tile, w->results), a, b, c);
            else
                NAME(row_tile)(x, w, &reach, j, conv_least(j + tile, w->results), a, b, c);
        }
    }
}

/* ---- tasks ---- */

/* Some rows of some images: sums, then results. */
static void NAME(wide_strip)(WIDE_TASK *x) {
    const WIDE_PLAN *plan = x->plan;
    x->channel = 0;
    do {
        x->channels = conv_least(plan->block_depth, plan->depth - x->channel);
        for (int64_t n = 0; n < (plan->across_images ? 1 : x->images); n++) {
            for (int64_t i = 0; i < x->height; i++) NAME(wide_row)(x, n, i);
        }
        x->channel += x->channels;
    } while (x->channel < plan->depth);
    for (int64_t n = 0; n < x->images; n++) {
        NAME(wide_finish)(x, n);
        if (plan->args->statistics) NAME(wide_count)(x, n);
    }
}

/* What the sums of the panel's channels begin with: 0 is added, as in conv_pixel_tile.h, so that no sum is -0. */
static void NAME(load_bias)(const WIDE_TASK *x) {
    const WIDE_PLAN *plan = x->plan;
    int64_t first = x->panel * plan->panel, channel = x->group * plan->rows + first;
    for (int64_t r = 0; r < plan->panel; r += LANES) {
        VEC bias = {0};
        if (plan->args->bias && first + r < plan->rows)
            bias += NAME(load_part)((const REAL *)plan->args->bias + channel + r,
                                    conv_least(LANES, plan->rows - first - r));
        NAME(store)(x->bias + r, bias);
    }
}

/* What the block has counted goes where add_counts() finds it. */
static void NAME(note_counts)(const WIDE_TASK *x, int64_t block) {
    const WIDE_PLAN *plan = x->plan;
    int64_t first = x->panel * plan->panel;
    REAL *to = plan->counts + 2 * ((block * plan->groups + x->group) * plan->rows + first);
    for (int64_t r = 0; r < plan->panel && first + r < plan->rows; r++) {
        to[2 * r] = x->counts[r];
        to[2 * r + 1] = x->counts[plan->panel + r];
    }
}

static void NAME(run_wide)(void *arg, int64_t task, int worker) {
    WIDE_PLAN *plan = arg;
    int64_t block = task / plan->panels / plan->groups;
    WIDE_TASK x = {
        .plan = plan, .panel = task % plan->panels, .group = task / plan->panels % plan->groups};
    int64_t sums = plan->strip_images * plan->strip_rows * plan->result_w * plan->panel;
    int64_t space = sums + (3 + plan->depth * plan->taps) * plan->panel;
    x.sums =
        tp_pool_scratch_slot(plan->pool, worker, TP_SCRATCH_CONV, (size_t)space * sizeof(REAL));
    if (!x.sums) {
        atomic_store(&plan->failed, true);
        return;
    }
    x.counts = x.sums + sums;
    x.bias = x.counts + 2 * plan->panel;
    x.packed = x.bias + plan->panel;
    NAME(clear)(x.counts, 2 * plan->panel);
    NAME(load_bias)(&x);
    NAME(pack_wide)(&x);
    int64_t image = block / plan->blocks_h * plan->block_images;
    int64_t row = block % plan->blocks_h * plan->block_rows;
    int64_t images_end = conv_least(image + plan->block_images, plan->args->shape.images);
    int64_t rows_end = conv_least(row + plan->block_rows, plan->result_h);
    for (x.image = image; x.image < images_end; x.image += plan->strip_images) {
        x.images = conv_least(plan->strip_images, images_end - x.image);
        for (x.row = row; x.row < rows_end; x.row += plan->strip_rows) {
            x.height = conv_least(plan->strip_rows, rows_end - x.row);
            NAME(wide_strip)(&x);
        }
    }
    if (plan->args->statistics) NAME(note_counts)(&x, block);
}

static bool NAME(run_wide_plan)(WIDE_PLAN *plan) {
    int64_t blocks = plan->blocks_n * plan->blocks_h;
    tp_pool_run(plan->pool, blocks * plan->groups * plan->panels, NAME(run_wide), plan);
    if (plan->args->statistics)
        NAME(add_counts)(plan->args->statistics, plan->counts, plan->rows * plan->groups, blocks);
    return !atomic_load(&plan->failed);
}
