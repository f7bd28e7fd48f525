/* Forward and input gradient with vectors along rows of results: for few channels, and for so few products an element that it is
 * not worth turning what vectors along channels give. A template, see conv_tmpl.h. */

typedef struct NAME(pixel_plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    conv_axis h, w; /* an input gradient with a stride is cut into several plans */
    int64_t groups, rows, depth, taps;
    const REAL *source, *weight;
    REAL *result;
    int64_t result_plane, result_width;
    int64_t weight_group, weight_row, weight_depth;
    int64_t vectors, tile; /* of a register tile: pixels and channels */
    int64_t block_rows, blocks_h;
    STRIPE stripe;
    int64_t *offset; /* (taps) */
    REAL *packed;    /* [group][tile][channel][tap][row] */
    REAL *counts;    /* (images, blocks_h, channels, 2) for statistics */
    bool
        aside; /* a tile goes through a buffer: it is more than bias and ReLU that comes, or not one after the other */
    atomic_bool failed;
} NAME(pixel_plan);
#define PIXEL_PLAN NAME(pixel_plan)

typedef struct NAME(pixel_task) {
    const PIXEL_PLAN *plan;
    int64_t image, row, height, group;
    REAL *stripe, *aside, *counts;
} NAME(pixel_task);
#define PIXEL_TASK NAME(pixel_task)

/* The weights of the tile of channels from `row` on. */
static REAL *NAME(pixel_weights)(const PIXEL_PLAN *plan, int64_t group, int64_t row) {
    return plan->packed + (group * plan->rows + row) * plan->depth * plan->taps;
}

static void NAME(pack_pixel)(void *arg, int64_t group, int worker) {
    (void)worker;
    const PIXEL_PLAN *plan = arg;
    int64_t wide = plan->args->shape.kernel_w;
    for (int64_t row = 0; row < plan->rows; row += plan->tile) {
        int64_t rows = conv_least(plan->tile, plan->rows - row);
        const REAL *from = plan->weight + group * plan->weight_group + row * plan->weight_row;
        REAL *to = NAME(pixel_weights)(plan, group, row);
        for (int64_t c = 0; c < plan->depth; c++, from += plan->weight_depth) {
            for (int64_t t = 0; t < plan->taps; t++, to += rows) {
                const REAL *tap =
                    from + plan->h.which[t / plan->w.taps] * wide + plan->w.which[t % plan->w.taps];
                for (int64_t r = 0; r < rows; r++) to[r] = tap[r * plan->weight_row];
            }
        }
    }
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

/* n results from the buffer to memory, `stride` apart. */
static void NAME(finish_line)(const tp_conv_args *args, REAL *to, int64_t stride, const REAL *from,
                              int64_t n) {
    REAL slope = (REAL)args->slope;
    for (int64_t i = 0; i < n; i += LANES) {
        int64_t count = conv_least(LANES, n - i);
        VEC v = NAME(load_part)(from + i, count);
        if (args->activation != TP_EPILOGUE_NONE) v = NAME(activate)(args->activation, slope, v);
        REAL out[LANES] __attribute__((aligned(64)));
        NAME(store)(out, v);
        for (int64_t p = 0; p < count; p++) {
            REAL *place = to + (i + p) * stride;
            *place = args->accumulate ? *place + out[p] : out[p];
        }
    }
}

/* `count` results of a row, in the buffer, of channels row.. . */
static void NAME(finish_aside)(const PIXEL_TASK *x, REAL *to, int64_t row, int64_t rows,
                               int64_t count) {
    const PIXEL_PLAN *plan = x->plan;
    int64_t width = plan->vectors * LANES;
    for (int64_t r = 0; r < rows; r++) {
        const REAL *from = x->aside + r * width;
        if (plan->args->statistics)
            NAME(count_line)(x->counts + (row + r) * 2 * LANES, from, count);
        NAME(finish_line)(plan->args, to + r * plan->result_plane, plan->w.stride, from, count);
    }
}

/* Results [j, j + count) of one row. */
static void NAME(pixel_chunk)(const PIXEL_TASK *x, LINE *line, int64_t i, int64_t j) {
    const PIXEL_PLAN *plan = x->plan;
    const REAL *from = x->stripe + i * plan->stripe.pitch + j;
    int64_t first = (x->image * plan->groups + x->group) * plan->rows;
    int64_t down = plan->h.first + (x->row + i) * plan->h.stride;
    int64_t across = plan->w.first + j * plan->w.stride;
    REAL *result = plan->result + first * plan->result_plane + down * plan->result_width + across;
    const REAL *bias =
        plan->args->bias ? (const REAL *)plan->args->bias + x->group * plan->rows : NULL;
    int64_t vectors = conv_ceil_div(line->count, LANES);
    for (int64_t row = 0; row < plan->rows; row += plan->tile) {
        int64_t rows = conv_least(plan->tile, plan->rows - row);
        REAL *to = result + row * plan->result_plane;
        line->bias = bias ? bias + row : NULL;
        NAME(pixel_fn) tile = NAME(pixel_table)[vectors - 1][rows - 1];
        tile(line, NAME(pixel_weights)(plan, x->group, row), from, plan->aside ? x->aside : to);
        if (plan->aside) NAME(finish_aside)(x, to, row, rows, line->count);
    }
}

static void NAME(pixel_block)(const PIXEL_TASK *x) {
    const PIXEL_PLAN *plan = x->plan;
    int64_t plane = plan->h.source * plan->w.source, width = plan->vectors * LANES;
    int64_t first = (x->image * plan->groups + x->group) * plan->depth;
    NAME(copy_channels)
    (&plan->stripe, x->stripe, plan->source + first * plane, plan->depth, x->row);
    LINE line = {.channels = plan->depth,
                 .taps = plan->taps,
                 .offset = plan->offset,
                 .channel = plan->stripe.channel,
                 .relu = !plan->aside && plan->args->activation == TP_EPILOGUE_RELU,
                 .to_row = plan->aside ? width : plan->result_plane};
    for (int64_t i = 0; i < x->height; i++) {
        for (int64_t j = 0; j < plan->w.results; j += width) {
            line.count = conv_least(width, plan->w.results - j);
            NAME(pixel_chunk)(x, &line, i, j);
        }
    }
}

static void NAME(run_pixel)(void *arg, int64_t task, int worker) {
    PIXEL_PLAN *plan = arg;
    PIXEL_TASK x = {.plan = plan, .group = task % plan->groups};
    int64_t block = task / plan->groups, width = plan->vectors * LANES;
    int64_t stripe = NAME(stripe_space)(&plan->stripe, plan->depth), aside = plan->tile * width;
    int64_t space = stripe + aside + plan->rows * 2 * LANES;
    x.stripe =
        tp_pool_scratch_slot(plan->pool, worker, TP_SCRATCH_CONV, (size_t)space * sizeof(REAL));
    if (!x.stripe) {
        atomic_store(&plan->failed, true);
        return;
    }
    x.aside = x.stripe + stripe;
    x.counts = x.aside + aside;
    x.image = block / plan->blocks_h;
    x.row = block % plan->blocks_h * plan->block_rows;
    x.height = conv_least(plan->block_rows, plan->h.results - x.row);
    NAME(clear)(x.counts, plan->rows * 2 * LANES);
    NAME(pixel_block)(&x);
    if (!plan->args->statistics) return;
    REAL *to = plan->counts + 2 * (block * plan->groups + x.group) * plan->rows;
    for (int64_t r = 0; r < 2 * plan->rows; r++) {
        to[r] = 0;
        for (int l = 0; l < LANES; l++) to[r] += x.counts[r * LANES + l];
    }
}

/* ---- sizes ---- */

/* Vectors of a tile: so few that rows of results have no empty ones, and as many as few channels leave registers for. */
static int64_t NAME(pixel_vectors)(int64_t rows, int64_t results) {
    int64_t most = rows <= NAME(pixel_rows)(4) ? 4 : rows <= NAME(pixel_rows)(3) ? 3 : 2;
    return conv_even(conv_ceil_div(results, LANES), most);
}

static void NAME(choose_pixel)(PIXEL_PLAN *plan) {
    const tp_conv_args *args = plan->args;
    plan->vectors = NAME(pixel_vectors)(plan->rows, plan->w.results);
    plan->tile = conv_even(plan->rows, NAME(pixel_rows)(plan->vectors));
    plan->block_rows =
        conv_even(plan->h.results, conv_most(CONV_PIXELS / conv_most(plan->w.results, 1), 1));
    plan->blocks_h = conv_ceil_div(plan->h.results, plan->block_rows);
    plan->stripe = NAME(stripe_for)(&plan->h, &plan->w, plan->block_rows);
    plan->aside = args->accumulate || args->statistics || plan->w.stride != 1 ||
                  (args->activation != TP_EPILOGUE_NONE && args->activation != TP_EPILOGUE_RELU);
    for (int64_t t = 0; t < plan->taps; t++)
        plan->offset[t] = NAME(stripe_offset)(&plan->stripe, t / plan->w.taps, t % plan->w.taps);
}

/* The axes are there. */
static bool NAME(run_pixel_plan)(PIXEL_PLAN *plan) {
    plan->taps = plan->h.taps * plan->w.taps;
    NAME(choose_pixel)(plan);
    int64_t blocks = plan->args->shape.images * plan->blocks_h;
    tp_pool_run(plan->pool, plan->groups, NAME(pack_pixel), plan);
    tp_pool_run(plan->pool, blocks * plan->groups, NAME(run_pixel), plan);
    if (plan->args->statistics)
        NAME(add_counts)(plan->args->statistics, plan->counts, plan->rows * plan->groups, blocks);
    return !atomic_load(&plan->failed);
}
