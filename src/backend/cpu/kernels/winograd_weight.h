/* The gradient of the weight: for each point, the product of the transformed tiles of x and of y's
 * gradient is summed over the tiles, and the sums are transformed once. A template, see winograd.c.
 */

/* Sums of products: for each point, (channels out, channels in), both filled up to whole panels. */
typedef struct NAME(sums) {
    REAL *at;
    int64_t row, step; /* from one channel out to the next, from one point to the next */
} NAME(sums);
#define SUMS NAME(sums)

typedef struct NAME(weights) {
    PLAN plan; /* in is x, out is y */
    tp_pool *pool;
    const tp_conv_args *args;
    int64_t out_parts, in_parts; /* parts of the channels: one of each is a task */
    int64_t chunk;               /* panels of channels out whose sums a task has at a time */
    int64_t x_space, y_space, sums_space;
} NAME(weights);
#define WEIGHTS NAME(weights)

/* Channels [first, first + count) of so many: part t of `parts`, whole panels. */
static void NAME(take_panels)(int64_t channels, int64_t parts, int64_t t, int64_t *first,
                              int64_t *count) {
    int64_t panels = NAME(parts_of)(channels, LANES);
    *first = NAME(part_begin)(panels, parts, t) * LANES;
    *count = NAME(least)(channels, NAME(part_begin)(panels, parts, t + 1) * LANES) - *first;
}

static SUMS NAME(sums_of)(REAL *at, int64_t out, int64_t in) {
    SUMS sums = {.at = at, .row = NAME(parts_of)(in, LANES) * LANES};
    sums.step = NAME(odd_step)(NAME(parts_of)(out, LANES) * LANES * sums.row);
    return sums;
}

static int64_t NAME(weight_space)(const WEIGHTS *run) {
    return run->plan.stage_space + run->x_space + run->y_space + run->sums_space;
}

/* Adds what the tiles of x and of some channels of y give to each point. */
static void NAME(add_products)(const WEIGHTS *run, const PANELS *x, const PANELS *y,
                               const SOURCE *x_source, const SOURCE *y_source, const SUMS *sums,
                               bool add) {
    enum { ROWS = NAME(OUTER_ROWS), VECTORS = NAME(OUTER_VECTORS) };
    const METHOD *method = run->plan.method;
    int64_t panels = NAME(parts_of)(x_source->channels, LANES);
    int64_t parts = NAME(parts_of)(panels, VECTORS), width = NAME(parts_of)(panels, parts);
    for (int point = 0; point < method->points * method->points; point++) {
        const REAL *a = y->at + point * y->step, *b = x->at + point * x->step;
        REAL *c = sums->at + point * sums->step;
        for (int64_t j = 0; j < panels; j += width) {
            int64_t vectors = NAME(least)(width, panels - j);
            NAME(outer_sum_fn) product = NAME(outer_sum_table)[vectors - 1];
            for (int64_t o = 0; o < y_source->channels; o += ROWS) {
                const REAL *rows = a + o / LANES * LANES * y->tiles + o % LANES;
                product(x->tiles, rows, b + j * LANES * x->tiles, x->tiles * LANES,
                        c + o * sums->row + j * LANES, sums->row, add);
            }
        }
    }
}

/* The kernels between LANES channels in, from `in` on, and a channel out, from the sums at `from`.
 */
static void NAME(make_weights)(const WEIGHTS *run, const SUMS *sums, const REAL *from, int64_t out,
                               int64_t in) {
    const METHOD *method = run->plan.method;
    enum { ROW = (NAME(MOST_TAPS) + LANES - 1) / LANES * LANES };
    const int side = method->side, count = side * side;
    REAL taps[ROW * LANES] __attribute__((aligned(64)));
    REAL kernels[LANES * ROW] __attribute__((aligned(64)));
    method->weight(from, method->points * sums->step, sums->step, taps, side * LANES, LANES);
    for (int64_t tap = 0; tap < count; tap += LANES)
        NAME(transpose_block)(kernels + tap, ROW, taps + tap * LANES, LANES, LANES, LANES);
    int64_t lanes = NAME(least)(LANES, run->plan.in.channels - in);
    REAL *to = (REAL *)run->args->result + (out * run->plan.in.channels + in) * count;
    for (int64_t lane = 0; lane < lanes; lane++, to += count) {
        for (int tap = 0; tap < count; tap += LANES) {
            int64_t part = NAME(least)(LANES, count - tap);
            VEC v = NAME(load)(kernels + lane * ROW + tap);
            if (run->args->accumulate) v += NAME(load_part)(to + tap, part);
            NAME(store_part)(to + tap, v, part);
        }
    }
}

/* The weight between the channels of x and y. */
static void NAME(make_weight)(const WEIGHTS *run, const SOURCE *x, const SOURCE *y,
                              const SUMS *sums) {
    for (int64_t o = 0; o < y->channels; o++) {
        for (int64_t c = 0; c < x->channels; c += LANES)
            NAME(make_weights)(run, sums, sums->at + o * sums->row + c, y->first + o, x->first + c);
    }
}

static void NAME(weight_task)(void *arg, int64_t task, int worker) {
    const WEIGHTS *run = arg;
    const PLAN *plan = &run->plan;
    const tp_conv_args *args = run->args;
    REAL *stage = NAME(scratch)(run->pool, worker, NAME(weight_space)(run));
    PANELS x = {.at = stage + plan->stage_space}, y = {.at = x.at + run->x_space};
    SOURCE from_x = {args->x,        plan->in,           0, 0, plan->top, plan->left,
                     plan->side - 1, plan->method->input};
    SOURCE from_y = {args->y, plan->out, 0, 0, 0, 0, 0, plan->method->gradient};
    int64_t first, count;
    NAME(take_panels)
    (plan->in.channels, run->in_parts, task % run->in_parts, &from_x.first, &from_x.channels);
    NAME(take_panels)
    (plan->out.channels, run->out_parts, task / run->in_parts, &first, &count);
    bool filled = false; /* with the tiles of x, which serve every chunk where they are one block */
    for (int64_t o = 0; o < count; o += from_y.channels) {
        from_y.first = first + o;
        from_y.channels = NAME(least)(count - o, run->chunk * LANES);
        SUMS sums = NAME(sums_of)(y.at + run->y_space, from_y.channels, from_x.channels);
        for (int64_t unit = 0, next; unit < plan->units; unit = next) {
            next = NAME(least)(plan->units, unit + plan->block_units);
            x.tiles = y.tiles = NAME(tiles_before)(plan, next) - NAME(tiles_before)(plan, unit);
            x.step = NAME(panels_step)(x.tiles, from_x.channels);
            y.step = NAME(panels_step)(y.tiles, from_y.channels);
            if (!filled) NAME(fill_panels)(plan, &from_x, unit, next, stage, &x);
            filled = next - unit == plan->units;
            NAME(fill_panels)(plan, &from_y, unit, next, stage, &y);
            NAME(add_products)(run, &x, &y, &from_x, &from_y, &sums, unit > 0);
        }
        NAME(make_weight)(run, &from_x, &from_y, &sums);
    }
}

/* Every task takes parts of the channels and all tiles, so that the order of the sums does not
 * depend on the threads. Its channels out come in chunks whose sums fit a cache: the second-level
 * one where the tiles of x are one block and stay, the third where they are made again for every
 * chunk. */
static void NAME(share_weights)(WEIGHTS *run, int threads) {
    enum { SMALL = 1 << 19, LARGE = 1 << 21 };
    PLAN *plan = &run->plan;
    int64_t outs = NAME(parts_of)(plan->out.channels, LANES);
    int64_t ins = NAME(parts_of)(plan->in.channels, LANES);
    run->out_parts = NAME(least)(outs, threads);
    run->in_parts = NAME(least)(ins, threads / run->out_parts);
    int64_t x_channels = NAME(parts_of)(ins, run->in_parts) * LANES;
    int64_t points = plan->method->points * plan->method->points;
    int64_t tiles = NAME(tiles_before)(plan, plan->units);
    int64_t one = points * NAME(sums_of)(NULL, LANES, x_channels).step; /* of a panel */
    int64_t most = NAME(most)(1, SMALL / one);
    int64_t channels = x_channels + NAME(least)(most, outs) * LANES;
    if (points * NAME(panels_step)(tiles, channels) <= 2 * NAME(BLOCK))
        plan->block_units = plan->units; /* one block, even if it is a large one */
    else
        most = NAME(most)(1, LARGE / one);
    int64_t share = NAME(parts_of)(outs, run->out_parts);
    run->chunk = NAME(parts_of)(share, NAME(parts_of)(share, most));
    tiles = NAME(least)(plan->block_units, plan->units) * plan->segment_cols;
    run->x_space = points * NAME(panels_step)(tiles, x_channels);
    run->y_space = points * NAME(panels_step)(tiles, run->chunk * LANES);
    run->sums_space = points * NAME(sums_of)(NULL, run->chunk * LANES, x_channels).step;
}

static bool NAME(grad_weight)(tp_pool *pool, const tp_conv_args *args) {
    WEIGHTS run = {.pool = pool, .args = args};
    PLAN *plan = &run.plan;
    const tp_conv_shape *shape = &args->shape;
    int64_t count = shape->out_channels * shape->in_channels * shape->kernel_h * shape->kernel_w;
    if (count == 0) return true;
    if (shape->images <= 0 || shape->out_h <= 0 || shape->out_w <= 0) {
        if (!args->accumulate) memset(args->result, 0, (size_t)count * sizeof(REAL));
        return true;
    }
    plan->side = (int)shape->kernel_h;
    plan->images = shape->images;
    plan->in = (IMAGE){shape->in_channels, shape->in_h, shape->in_w};
    plan->out = (IMAGE){shape->out_channels, shape->out_h, shape->out_w};
    plan->top = shape->top;
    plan->left = shape->left;
    NAME(cut_up)(plan, shape->in_channels + NAME(least)(shape->out_channels, 128));
    NAME(share_weights)(&run, NAME(threads)(pool));
    int64_t tasks = run.out_parts * run.in_parts;
    if (!NAME(take_scratch)(pool, tasks, NAME(weight_space)(&run), 0)) return false;
    tp_pool_run(pool, tasks, NAME(weight_task), &run);
    return true;
}
