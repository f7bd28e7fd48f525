/* Forward and input gradient with vectors along rows of results: for few channels, and for so few products an element that it is
 * not worth turning what vectors along channels give. A template, see conv_tmpl.h.
 *
 * A register tile is some channels of some vectors: those of one row of results, or of a few rows where they are short and
 * channels few, so that there are enough sums to hide what a multiply-add waits for. The results of an input gradient with a
 * stride are cut into parts, see conv_axis.h: those of one row are made one after the other and woven on the way to memory. */

typedef struct NAME(pixel_plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    int64_t parts_h, parts_w; /* 1; for an input gradient the strides */
    conv_axis *h, *w;         /* one for each part */
    int64_t groups, rows, depth;
    const REAL *source, *weight;
    REAL *result;
    int64_t result_h, result_w;
    int64_t weight_group, weight_row, weight_depth;
    int64_t vectors, lines, tile; /* of a register tile: vectors in a row, rows, channels */
    int64_t block_rows, blocks_h;
    STRIPE stripe;
    int64_t *before; /* (parts): taps in all parts before it */
    int64_t *offset; /* (taps of all parts) */
    REAL *packed;    /* [part][group][tile][channel][tap][row] */
    REAL *counts;    /* (images, blocks_h, channels, 2) for statistics */
    /* a tile goes through a buffer: it is more than bias and ReLU that comes, or not one after the other */
    bool aside;
    atomic_bool failed;
} NAME(pixel_plan);
#define PIXEL_PLAN NAME(pixel_plan)

typedef struct NAME(pixel_task) {
    const PIXEL_PLAN *plan;
    int64_t image, row, height, group;
    REAL *stripe, *aside, *counts;
} NAME(pixel_task);
#define PIXEL_TASK NAME(pixel_task)

/* A tile: rows [i, i + lines) of part_h, vectors from j on, channels [row, row + rows) of those from `first` to `end`. */
typedef struct NAME(pixel_spot) {
    int64_t part_h, i, lines, j, vectors, first, end, row, rows;
} NAME(pixel_spot);
#define PIXEL_SPOT NAME(pixel_spot)

static int64_t NAME(part_taps)(const PIXEL_PLAN *plan, int64_t part) {
    return plan->h[part / plan->parts_w].taps * plan->w[part % plan->parts_w].taps;
}

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
    int64_t n = conv_least(width * plan->parts_w, plan->result_w - at->j * plan->parts_w);
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
static void NAME(place_vectors)(const PIXEL_PLAN *plan, LINE *line, const PIXEL_SPOT *at) {
    int64_t results = plan->w[0].results - at->j, width = at->vectors * LANES;
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
    NAME(place_vectors)(plan, line, at);
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
    return (PIXEL_TASK){.plan = plan,
                        .group = number % plan->groups,
                        .image = block / plan->blocks_h,
                        .row = row,
                        .height = conv_least(plan->block_rows, plan->h[0].results - row)};
}

/* The first channel that it reads. */
static const REAL *NAME(pixel_source)(const PIXEL_TASK *x) {
    const PIXEL_PLAN *plan = x->plan;
    return plan->source + (x->image * plan->groups + x->group) * plan->depth * plan->h[0].source *
                              plan->w[0].source;
}

/* All places of the block, for some of the channels. */
static void NAME(pixel_places)(const PIXEL_TASK *x, LINE *line, PIXEL_SPOT at) {
    const PIXEL_PLAN *plan = x->plan;
    for (at.part_h = 0; at.part_h < plan->parts_h; at.part_h++) {
        int64_t height = conv_least(x->height, plan->h[at.part_h].results - x->row);
        int64_t tiles = conv_ceil_div(height, plan->lines);
        for (int64_t k = 0; k < tiles; k++) { /* of nearly equal height */
            at.i = height * k / tiles;
            at.lines = height * (k + 1) / tiles - at.i;
            for (at.j = 0; at.j < plan->w[0].results; at.j += plan->vectors * LANES) {
                at.vectors =
                    conv_least(plan->vectors, conv_ceil_div(plan->w[0].results - at.j, LANES));
                NAME(pixel_tile)(x, line, &at);
            }
        }
    }
}

/* A source that stays in the first-level cache is gone through once for each tile of channels, so that results are written
 * one row after the other; else each of its places is used for all channels at once. */
static void NAME(pixel_block)(const PIXEL_TASK *x) {
    const PIXEL_PLAN *plan = x->plan;
    NAME(copy_channels)(&plan->stripe, x->stripe, NAME(pixel_source)(x), plan->depth, x->row);
    LINE line = {.channels = plan->depth,
                 .channel = plan->stripe.channel,
                 .relu = !plan->aside && plan->args->activation == TP_EPILOGUE_RELU};
    int64_t bytes = NAME(stripe_space)(&plan->stripe, plan->depth) * (int64_t)sizeof(REAL);
    int64_t step = bytes <= CONV_PIXEL_SPACE ? plan->tile : plan->rows;
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

/* ---- sizes ---- */

/* Vectors of a row: so few that rows of results have no empty ones, and as many as few channels leave registers for. Further
 * rows where that leaves room. */
static void NAME(choose_tile)(PIXEL_PLAN *plan) {
    int64_t rows = plan->rows;
    int64_t most = rows <= NAME(pixel_rows)(4) ? 4 : rows <= NAME(pixel_rows)(3) ? 3 : 2;
    plan->vectors = conv_even(conv_ceil_div(plan->w[0].results, LANES), most);
    plan->lines = conv_even(plan->h[0].results, most / plan->vectors);
    plan->tile = conv_even(rows, NAME(pixel_rows)(plan->vectors * plan->lines));
}

static void NAME(choose_pixel)(PIXEL_PLAN *plan) {
    const tp_conv_args *args = plan->args;
    NAME(choose_tile)(plan);
    int64_t results = plan->h[0].results;
    plan->block_rows =
        conv_even(results, conv_most(CONV_PIXELS / conv_most(plan->w[0].results, 1), 1));
    plan->blocks_h = conv_ceil_div(results, plan->block_rows);
    conv_axis_join(plan->h, plan->parts_h);
    conv_axis_join(plan->w, plan->parts_w);
    plan->stripe = NAME(stripe_for)(&plan->h[0], &plan->w[0], plan->block_rows);
    plan->aside = args->accumulate || args->statistics || plan->parts_w != 1 ||
                  (args->activation != TP_EPILOGUE_NONE && args->activation != TP_EPILOGUE_RELU);
    for (int64_t part = 0, k = 0; part < plan->parts_h * plan->parts_w; part++) {
        const conv_axis *h = &plan->h[part / plan->parts_w], *w = &plan->w[part % plan->parts_w];
        plan->before[part] = k;
        for (int64_t t = 0; t < h->taps * w->taps; t++)
            plan->offset[k++] = NAME(stripe_offset)(&plan->stripe, h, w, t / w->taps, t % w->taps);
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
