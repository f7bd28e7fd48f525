/* Forward and input gradient with vectors along rows of results: for few channels, and for so few products an element that it is
 * not worth turning what vectors along channels give. A template, see conv_tmpl.h.
 *
 * A register tile is some channels of some vectors: those of one row of results, or of a few rows where they are short and
 * channels few, so that there are enough sums to hide what a multiply-add waits for. The results of an input gradient with a
 * stride are cut into parts, see conv_axis.h: those of one row are made one after the other and woven on the way to memory. */

typedef struct NAME(pixel_task) {
    const PIXEL_PLAN *plan;
    int64_t image, row, group;
    int64_t height;      /* rows of results; where flat they are one */
    int64_t width, line; /* results of a row: those of its first part, and all */
    REAL *stripe, *aside, *counts;
} NAME(pixel_task);
#define PIXEL_TASK NAME(pixel_task)

/* A tile: rows [i, i + lines) of part_h, vectors from j on, channels [row, row + rows) of those from `first` to `end`. */
typedef struct NAME(pixel_spot) {
    int64_t part_h, i, lines, j, vectors, first, end, row, rows;
} NAME(pixel_spot);
#define PIXEL_SPOT NAME(pixel_spot)

/* The weights of the tile of channels from `row` on. */
static REAL *NAME(pixel_weights)(const PIXEL_PLAN *plan, int64_t part, int64_t group, int64_t row) {
    int64_t tap = plan->groups * plan->rows * plan->depth; /* elements */
    return plan->packed + plan->before[part] * tap +
           (group * plan->rows + row) * plan->depth * NAME(part_taps)(plan, part);
}

static void NAME(pack_pixel)(void *arg, int64_t task, int worker) {
    (void)worker;
    const PIXEL_PLAN *plan = arg;
    int64_t part = task / plan->groups, group = task % plan->groups;
    const conv_axis *h = &plan->h[part / plan->parts_w], *w = &plan->w[part % plan->parts_w];
    int64_t wide = plan->args->shape.kernel_w;
    for (int64_t row = 0; row < plan->rows; row += plan->tile) {
        int64_t rows = conv_least(plan->tile, plan->rows - row);
        const REAL *from = plan->weight + group * plan->weight_group + row * plan->weight_row;
        REAL *to = NAME(pixel_weights)(plan, part, group, row);
        for (int64_t c = 0; c < plan->depth; c++, from += plan->weight_depth) {
            for (int64_t t = 0; t < h->taps * w->taps; t++, to += rows) {
                const REAL *tap = from + h->which[t / w->taps] * wide + w->which[t % w->taps];
                for (int64_t r = 0; r < rows; r++) to[r] = tap[r * plan->weight_row];
            }
        }
    }
}

/* Elements of the buffer that a tile of one part goes through. */
static int64_t NAME(aside_space)(const PIXEL_PLAN *plan) {
    return plan->tile * plan->lines * plan->vectors * LANES;
}

/* Adds n numbers and their squares to counts, (2, LANES). */
static void NAME(count_line)(REAL *counts, const REAL *from, int64_t n) {
    VEC sum = NAME(load)(counts), square = NAME(load)(counts + LANES);
    for (int64_t i = 0; i < n; i += LANES) {
        VEC v = NAME(load_part)(from + i, conv_least(LANES, n - i));
        sum += v;
        square += v * v;
    }
    NAME(store)(counts, sum);
    NAME(store)(counts + LANES, square);
}

/* A vector of results to memory, `count` of its lanes (more than there are: all, fewer than none: none). */
static inline void NAME(finish_vector)(const tp_conv_args *args, REAL *to, VEC v, int64_t count) {
    if (count <= 0) return;
    count = conv_least(count, LANES);
    if (args->activation != TP_EPILOGUE_NONE)
        v = NAME(activate)(args->activation, (REAL)args->slope, v);
    if (args->accumulate) v += NAME(load_part)(to, count);
    NAME(store_part)(to, v, count);
}

/* n results of a row from the buffers of the parts, `next` apart, to memory: one of each part in turn. */
static void NAME(finish_line)(const PIXEL_PLAN *plan, REAL *to, const REAL *from, int64_t next,
                              int64_t n) {
    const tp_conv_args *args = plan->args;
    if (plan->parts_w == 1) {
        for (int64_t i = 0; i < n; i += LANES) NAME(finish_vector)
        (args, to + i, NAME(load)(from + i), n - i);
        return;
    }
    if (plan->parts_w == 2) {
        for (int64_t i = 0; i < n; i += 2 * LANES) {
            VEC x = NAME(load)(from + i / 2), y = NAME(load)(from + next + i / 2);
            NAME(finish_vector)
            (args, to + i, __builtin_shufflevector(x, y, TP_ZIP(LANES, LOW)), n - i);
            NAME(finish_vector)
            (args, to + i + LANES, __builtin_shufflevector(x, y, TP_ZIP(LANES, HIGH)),
             n - i - LANES);
        }
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        REAL v = from[i % plan->parts_w * next + i / plan->parts_w];
        if (args->activation != TP_EPILOGUE_NONE)
            v = NAME(activate)(args->activation, (REAL)args->slope, (VEC){0} + v)[0];
        to[i] = args->accumulate ? to[i] + v : v;
    }
}

/* The tile in the buffers to memory, at `result` in the first of its channels. */
static void NAME(finish_aside)(const PIXEL_TASK *x, const PIXEL_SPOT *at, REAL *result) {
    const PIXEL_PLAN *plan = x->plan;
    int64_t width = at->vectors * LANES, next = NAME(aside_space)(plan);
    int64_t n = conv_least(width * plan->parts_w, x->line - at->j * plan->parts_w);
    for (int64_t r = 0; r < at->rows; r++) {
        for (int64_t l = 0; l < at->lines; l++) {
            const REAL *from = x->aside + (r * at->lines + l) * width;
            if (plan->args->statistics)
                NAME(count_line)(x->counts + (at->row + r) * 2 * LANES, from, n);
            REAL *to = result + (r * plan->result_h + l * plan->parts_h) * plan->result_w;
            NAME(finish_line)(plan, to, from, next, n);
        }
    }
}

/* Where the vectors of a tile are. */
static void NAME(place_vectors)(const PIXEL_TASK *x, LINE *line, const PIXEL_SPOT *at) {
    const PIXEL_PLAN *plan = x->plan;
    int64_t results = x->width - at->j, width = at->vectors * LANES;
    line->to_row =
        plan->aside ? at->lines * width : plan->result_h * plan->result_w; /* not in parts */
    for (int64_t l = 0, k = 0; l < at->lines; l++) {
        for (int64_t v = 0; v < at->vectors; v++, k++) {
            line->place[k] = l * plan->stripe.line + v * LANES;
            line->to_place[k] =
                plan->aside ? k * LANES : l * plan->parts_h * plan->result_w + v * LANES;
            line->lanes[k] = plan->aside ? LANES : conv_least(LANES, results - v * LANES);
        }
    }
}

/* The channels from at->first to at->end, tile by tile. */
static void NAME(pixel_tile)(const PIXEL_TASK *x, LINE *line, PIXEL_SPOT *at) {
    const PIXEL_PLAN *plan = x->plan;
    const REAL *from = x->stripe + at->i * plan->stripe.line + at->j;
    int64_t first = (x->image * plan->groups + x->group) * plan->rows;
    int64_t down = at->part_h + (x->row + at->i) * plan->parts_h, across = at->j * plan->parts_w;
    const REAL *bias =
        plan->args->bias ? (const REAL *)plan->args->bias + x->group * plan->rows : NULL;
    NAME(place_vectors)(x, line, at);
    for (at->row = at->first; at->row < at->end; at->row += plan->tile) {
        at->rows = conv_least(plan->tile, at->end - at->row);
        REAL *to =
            plan->result + ((first + at->row) * plan->result_h + down) * plan->result_w + across;
        line->bias = bias ? bias + at->row : NULL;
        NAME(pixel_fn) tile = NAME(pixel_table)[at->lines * at->vectors - 1][at->rows - 1];
        for (int64_t q = 0; q < plan->parts_w; q++) {
            int64_t part = at->part_h * plan->parts_w + q;
            line->taps = NAME(part_taps)(plan, part);
            line->offset = plan->offset + plan->before[part];
            tile(line, NAME(pixel_weights)(plan, part, x->group, at->row), from,
                 plan->aside ? x->aside + q * NAME(aside_space)(plan) : to);
        }
        if (plan->aside) NAME(finish_aside)(x, at, to);
    }
}

/* Which results task `number` makes. */
static PIXEL_TASK NAME(pixel_task_of)(const PIXEL_PLAN *plan, int64_t number) {
    int64_t block = number / plan->groups, row = block % plan->blocks_h * plan->block_rows;
    PIXEL_TASK x = {.plan = plan,
                    .group = number % plan->groups,
                    .image = block / plan->blocks_h,
                    .row = row,
                    .height = conv_least(plan->block_rows, plan->h[0].results - row),
                    .width = plan->w[0].results,
                    .line = plan->result_w};
    if (!plan->flat) return x;
    x.line = x.width *= x.height;
    x.height = 1;
    return x;
}

/* The first channel that it reads. */
static const REAL *NAME(pixel_source)(const PIXEL_TASK *x) {
    const PIXEL_PLAN *plan = x->plan;
    return plan->source + (x->image * plan->groups + x->group) * plan->depth * plan->h[0].source *
                              plan->w[0].source;
}

/* As many whole tiles as a row of a flat block has; returns where they end. */
static int64_t NAME(pixel_runs)(const PIXEL_TASK *x, LINE *line, const PIXEL_SPOT *at) {
    const PIXEL_PLAN *plan = x->plan;
    const int64_t each = plan->vectors * LANES, tiles = x->width / each;
    const int64_t plane = plan->result_h * plan->result_w;
    int64_t first = (x->image * plan->groups + x->group) * plan->rows;
    line->to_row = plane;
    line->taps = NAME(part_taps)(plan, 0);
    line->offset = plan->offset;
    for (int64_t row = at->first; row < at->end; row += plan->tile) {
        line->bias =
            plan->args->bias ? (const REAL *)plan->args->bias + x->group * plan->rows + row : NULL;
        NAME(run_table)
        [conv_least(plan->tile, at->end - row) -
         1](line, NAME(pixel_weights)(plan, 0, x->group, row), x->stripe,
            plan->result + (first + row) * plane + x->row * plan->result_w, tiles);
    }
    return tiles * each;
}

/* All places of the block, for some of the channels. */
static void NAME(pixel_places)(const PIXEL_TASK *x, LINE *line, PIXEL_SPOT at) {
    const PIXEL_PLAN *plan = x->plan;
    const bool direct = plan->flat && !plan->aside;
    for (at.part_h = 0; at.part_h < plan->parts_h; at.part_h++) {
        int64_t height = conv_least(x->height, plan->h[at.part_h].results - x->row);
        int64_t tiles = conv_ceil_div(height, plan->lines);
        for (int64_t k = 0; k < tiles; k++) { /* of nearly equal height */
            at.i = height * k / tiles;
            at.lines = height * (k + 1) / tiles - at.i;
            at.j = direct ? NAME(pixel_runs)(x, line, &at) : 0;
            for (; at.j < x->width; at.j += plan->vectors * LANES) {
                at.vectors = conv_least(plan->vectors, conv_ceil_div(x->width - at.j, LANES));
                NAME(pixel_tile)(x, line, &at);
            }
        }
    }
}

/* The copy that tiles read. */
static void NAME(pixel_copy)(const PIXEL_TASK *x) {
    const PIXEL_PLAN *plan = x->plan;
    const conv_axis *h = &plan->h[0], *w = &plan->w[0];
    const REAL *from = NAME(pixel_source)(x);
    if (!plan->flat) {
        NAME(copy_channels)(&plan->stripe, x->stripe, from, plan->depth, x->row);
        return;
    }
    REAL *to = x->stripe;
    for (int64_t c = 0; c < plan->depth; c++, from += h->source * w->source)
        for (int64_t b = 0; b < w->taps; b++, to += plan->copy)
            NAME(copy_shifted)(h, w, from, x->row + h->low, plan->stripe.rows, b, to);
    NAME(clear)(to, 4 * LANES);
}

/* A source that stays in the first-level cache is gone through once for each tile of channels, so that results are written
 * one row after the other; else each of its places is used for all channels at once. */
static void NAME(pixel_block)(const PIXEL_TASK *x) {
    const PIXEL_PLAN *plan = x->plan;
    NAME(pixel_copy)(x);
    LINE line = {.channels = plan->depth,
                 .channel = plan->stripe.channel,
                 .relu = !plan->aside && plan->args->activation == TP_EPILOGUE_RELU};
    int64_t bytes = NAME(stripe_space)(&plan->stripe, plan->depth) * (int64_t)sizeof(REAL);
    int64_t step = plan->flat || bytes <= CONV_PIXEL_SPACE ? plan->tile : plan->rows;
    for (int64_t row = 0; row < plan->rows; row += step) {
        NAME(pixel_places)
        (x, &line, (PIXEL_SPOT){.first = row, .end = conv_least(row + step, plan->rows)});
    }
}

static void NAME(run_pixel)(void *arg, int64_t task, int worker) {
    PIXEL_PLAN *plan = arg;
    PIXEL_TASK x = NAME(pixel_task_of)(plan, task);
    int64_t stripe = NAME(stripe_space)(&plan->stripe, plan->depth);
    int64_t aside = plan->parts_w * NAME(aside_space)(plan);
    int64_t space = stripe + aside + plan->rows * 2 * LANES;
    x.stripe =
        tp_pool_scratch_slot(plan->pool, worker, TP_SCRATCH_CONV, (size_t)space * sizeof(REAL));
    if (!x.stripe) {
        atomic_store(&plan->failed, true);
        return;
    }
    x.aside = x.stripe + stripe;
    x.counts = x.aside + aside;
    if (plan->args->statistics) NAME(clear)(x.counts, plan->rows * 2 * LANES);
    NAME(pixel_block)(&x);
    if (!plan->args->statistics) return;
    REAL *to = plan->counts + 2 * task * plan->rows;
    for (int64_t r = 0; r < 2 * plan->rows; r++) {
        to[r] = 0;
        for (int l = 0; l < LANES; l++) to[r] += x.counts[r * LANES + l];
    }
}

/* The axes are there. */
static bool NAME(run_pixel_plan)(PIXEL_PLAN *plan) {
    NAME(choose_pixel)(plan);
    int64_t blocks = plan->args->shape.images * plan->blocks_h;
    tp_pool_run(plan->pool, plan->parts_h * plan->parts_w * plan->groups, NAME(pack_pixel), plan);
    tp_pool_run(plan->pool, blocks * plan->groups, NAME(run_pixel), plan);
    if (plan->args->statistics)
        NAME(add_counts)(plan->args->statistics, plan->counts, plan->rows * plan->groups, blocks);
    return !atomic_load(&plan->failed);
}
