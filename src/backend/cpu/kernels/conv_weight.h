/* The gradient of the weight: (depth * taps, pixels of all images) x (pixels, rows). A template, see conv_tmpl.h.
 *
 * A task has some source channels and some blocks of pixels. For each block it copies what the taps read into rows of pixels and
 * y into columns of channels; sums of (depth * taps, rows) grow in memory that all tasks share, a part for each share of the
 * blocks, and are added up and turned at the end. */

typedef struct NAME(weight_plan) {
    PLAN plan;      /* of the forward product: axes, stripes, blocks of pixels */
    int64_t padded; /* rows up to whole vectors */
    int64_t block_pixels;
    int64_t depths, depth_parts; /* source channels of a task, and how many tasks these make */
    int64_t shares;              /* of the blocks of pixels */
    REAL *sums;                  /* (shares, groups, depth * taps, padded) */
    int64_t vectors;             /* of a tile, along rows */
} NAME(weight_plan);
#define WEIGHT_PLAN NAME(weight_plan)

/* Columns of y, (rows, pixels) with the gaps left out: to[p * padded + r]. */
static void NAME(turn_pixels)(const WEIGHT_PLAN *x, REAL *to, const REAL *from, int64_t pixels) {
    const PLAN *plan = &x->plan;
    for (int64_t p = 0; p < pixels; p += LANES) {
        int64_t width = NAME(least)(LANES, pixels - p);
        for (int64_t r = 0; r < plan->rows; r += LANES) NAME(transpose_block)
        (to + p * x->padded + r, x->padded, from + r * plan->result_plane + p, plan->result_plane,
         NAME(least)(LANES, plan->rows - r), width);
    }
}

/* The rows of pixels of one block and image: to[k * ld + p]. */
static void NAME(spread_pixels)(const PLAN *plan, REAL *to, int64_t ld, const REAL *stripe,
                                int64_t channels, int64_t height) {
    for (int64_t c = 0; c < channels; c++, stripe += plan->stripe_channel) {
        for (int64_t t = 0; t < plan->taps; t++, to += ld) {
            const REAL *from = stripe + plan->offset[t];
            for (int64_t i = 0; i < height; i++)
                memcpy(to + i * plan->w.results, from + i * plan->pitch,
                       (size_t)plan->w.results * sizeof(REAL));
        }
    }
}

typedef struct NAME(weight_task) {
    const WEIGHT_PLAN *x;
    int64_t group, depth, depths; /* source channels */
    REAL *stripe, *pixels, *columns;
    REAL *sums;
    bool add;
} NAME(weight_task);

/* One image's rows from `row` on. */
static void NAME(weight_block)(NAME(weight_task) * task, int64_t image, int64_t row) {
    const WEIGHT_PLAN *x = task->x;
    const PLAN *plan = &x->plan;
    int64_t height = NAME(least)(plan->block_rows, plan->h.results - row);
    int64_t pixels = height * plan->w.results, k = task->depths * plan->taps;
    const REAL *source =
        plan->source +
        ((image * plan->groups + task->group) * plan->depth + task->depth) * plan->source_plane;
    const REAL *y = (const REAL *)plan->args->y +
                    (image * plan->groups + task->group) * plan->rows * plan->result_plane +
                    row * plan->w.results;
    for (int64_t c = 0; c < task->depths; c++) NAME(copy_channel)
    (plan, task->stripe + c * plan->stripe_channel, source + c * plan->source_plane, row);
    int64_t ld = x->block_pixels;
    NAME(spread_pixels)(plan, task->pixels, ld, task->stripe, task->depths, height);
    NAME(turn_pixels)(x, task->columns, y, pixels);
    const int64_t zero = 0;
    WALK walk = {.channels = pixels,
                 .taps = 1,
                 .offset = &zero,
                 .channel = x->padded,
                 .a_row = ld,
                 .a_col = 1};
    for (int64_t j = 0, vectors; j < x->padded; j += vectors * LANES) {
        vectors = NAME(vectors_for)((int)x->vectors, x->padded - j);
        for (int64_t r = 0; r < k; r += plan->tile) {
            int64_t rows = NAME(least)(plan->tile, k - r);
            NAME(tile_of)
            (rows, (int)vectors)(&walk, task->pixels + r * ld, task->columns + j,
                                 task->sums + r * x->padded + j, x->padded, task->add);
        }
    }
    task->add = true;
}

static void NAME(run_weight)(void *arg, int64_t task, int worker) {
    WEIGHT_PLAN *x = arg;
    PLAN *plan = &x->plan;
    NAME(weight_task) run = {.x = x};
    run.depth = task % x->depth_parts * x->depths;
    run.depths = NAME(least)(x->depths, plan->depth - run.depth);
    run.group = task / x->depth_parts % plan->groups;
    int64_t share = task / x->depth_parts / plan->groups;
    run.stripe = tp_pool_scratch_slot(
        plan->pool, worker, TP_SCRATCH_CONV,
        (size_t)(plan->stripe_space + plan->panel_space + plan->sums_space) * sizeof(REAL));
    if (!run.stripe) {
        atomic_store(&plan->failed, true);
        return;
    }
    run.pixels = run.stripe + plan->stripe_space;
    run.columns = run.pixels + plan->panel_space;
    int64_t k = plan->depth * plan->taps;
    run.sums =
        x->sums + ((share * plan->groups + run.group) * k + run.depth * plan->taps) * x->padded;
    int64_t blocks = plan->args->shape.images * plan->blocks_h;
    for (int64_t b = blocks * share / x->shares; b < blocks * (share + 1) / x->shares; b++)
        NAME(weight_block)(&run, b / plan->blocks_h, b % plan->blocks_h * plan->block_rows);
}

/* weight[r][k] (+)= the sum over shares of sums[k][r], for one group and some of k */
static void NAME(gather_weight)(void *arg, int64_t begin, int64_t end) {
    const WEIGHT_PLAN *x = arg;
    const PLAN *plan = &x->plan;
    int64_t k = plan->depth * plan->taps, share = plan->groups * k * x->padded;
    for (int64_t at = begin; at < end; at++) {
        REAL *sums = x->sums + at * x->padded;
        for (int64_t s = 1; s < x->shares; s++)
            for (int64_t r = 0; r < x->padded; r += LANES)
                NAME(store)(sums + r, NAME(load)(sums + r) + NAME(load)(sums + s * share + r));
    }
    for (int64_t at = begin; at < end; at++) {
        REAL *to = (REAL *)plan->args->result + at / k * plan->rows * k + at % k;
        const REAL *sums = x->sums + at * x->padded;
        for (int64_t r = 0; r < plan->rows; r++)
            to[r * k] = plan->args->accumulate ? to[r * k] + sums[r] : sums[r];
    }
}

static void NAME(choose_weight)(WEIGHT_PLAN *x) {
    PLAN *plan = &x->plan;
    const tp_conv_shape *s = &plan->args->shape;
    plan->taps = plan->h.taps * plan->w.taps;
    x->padded = NAME(ceil_div)(plan->rows, LANES) * LANES;
    x->vectors = 2;
    plan->tile = MAX_ROWS;
    plan->pitch = plan->w.results + plan->w.high - plan->w.low;
    plan->block_images = 1;
    plan->block_rows = NAME(even)(
        plan->h.results, NAME(most)(CONV_WEIGHT_PIXELS / NAME(most)(plan->w.results, 1), 1));
    plan->blocks_h = NAME(ceil_div)(plan->h.results, plan->block_rows);
    plan->vectors = 2;
    NAME(choose_space)(plan);
    x->depths = NAME(even)(plan->depth, NAME(most)(CONV_WEIGHT_DEPTH / plan->taps, 1));
    x->depth_parts = NAME(ceil_div)(plan->depth, x->depths);
    x->shares = NAME(least)(NAME(ceil_div)(CONV_TASKS, x->depth_parts * s->groups),
                            s->images * plan->blocks_h);
    x->block_pixels = NAME(ceil_div)(plan->block_rows * plan->w.results, LANES) * LANES + LANES;
    plan->stripe_space = plan->stripe_channel * x->depths + 2 * LANES;
    plan->panel_space = x->depths * plan->taps * x->block_pixels + LANES;
    plan->sums_space = (x->block_pixels + LANES) * x->padded;
}

static bool NAME(conv_grad_weight)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    conv_sizes down = NAME(down)(s), across = NAME(across)(s);
    int64_t depth = s->in_channels / s->groups, kernel = s->kernel_h * s->kernel_w;
    WEIGHT_PLAN x = {.plan = {.args = args,
                              .pool = pool,
                              .groups = s->groups,
                              .rows = s->out_channels / s->groups,
                              .depth = depth,
                              .source = args->x,
                              .source_plane = s->in_h * s->in_w,
                              .result_plane = s->out_h * s->out_w}};
    PLAN *plan = &x.plan;
    int64_t results = s->out_channels * depth * kernel;
    if (s->images * s->out_h * s->out_w == 0 || results == 0) {
        for (int64_t i = 0; i < results && !args->accumulate; i++) ((REAL *)args->result)[i] = 0;
        return true;
    }
    int64_t integers = conv_axis_space(&down) + conv_axis_space(&across) + 2 * kernel;
    integers = NAME(ceil_div)(integers, 8) * 8;
    int64_t sums = s->groups * depth * kernel * NAME(ceil_div)(plan->rows, LANES) * LANES;
    size_t bytes = (size_t)integers * sizeof(int64_t) + (size_t)(sums * CONV_TASKS) * sizeof(REAL);
    int64_t *space = tp_pool_scratch_slot(pool, tp_pool_worker(pool), TP_SCRATCH_SHARED, bytes);
    if (!space) return false;
    x.sums = (REAL *)(space + integers);
    conv_axis_forward(&plan->h, &down, &space);
    conv_axis_forward(&plan->w, &across, &space);
    plan->offset = space;
    plan->steps = space + kernel;
    NAME(choose_weight)(&x);
    tp_pool_run(pool, x.shares * s->groups * x.depth_parts, NAME(run_weight), &x);
    if (atomic_load(&plan->failed)) return false;
    tp_parallel_for(pool, s->groups * depth * kernel, 64, NAME(gather_weight), &x);
    return true;
}
