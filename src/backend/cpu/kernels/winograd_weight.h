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
    int64_t groups;    /* parts of the units, whose sums are added in their order: the same at any
                          number of threads */
    int64_t out_parts; /* parts of the channels out: one of each is a task */
    int64_t chunk;     /* panels of channels out whose sums a task has at a time */
    int64_t x_space, y_space, sums_space;
    REAL *shared; /* the sums of all groups, where there are several */
} NAME(weights);
#define WEIGHTS NAME(weights)

static SUMS NAME(sums_at)(const WEIGHTS *run, REAL *at, int64_t channels) {
    SUMS sums = {.at = at, .row = NAME(parts_of)(run->plan.in.channels, LANES) * LANES};
    sums.step = NAME(odd_step)(NAME(parts_of)(channels, LANES) * LANES * sums.row);
    return sums;
}

/* Adds what the tiles of x and of some channels of y give to each point. */
static void NAME(add_products)(const WEIGHTS *run, const PANELS *x, const PANELS *y,
                               int64_t channels, const SUMS *sums, bool add) {
    enum { ROWS = NAME(OUTER_ROWS), VECTORS = NAME(OUTER_VECTORS) };
    const METHOD *method = run->plan.method;
    int64_t panels = NAME(parts_of)(run->plan.in.channels, LANES);
    int64_t parts = NAME(parts_of)(panels, VECTORS), width = NAME(parts_of)(panels, parts);
    for (int point = 0; point < method->points * method->points; point++) {
        const REAL *a = y->at + point * y->step, *b = x->at + point * x->step;
        REAL *c = sums->at + point * sums->step;
        for (int64_t j = 0; j < panels; j += width) {
            int64_t vectors = NAME(least)(width, panels - j);
            NAME(outer_sum_fn) product = NAME(outer_sum_table)[vectors - 1];
            for (int64_t o = 0; o < channels; o += ROWS) {
                const REAL *rows = a + o / LANES * LANES * y->tiles + o % LANES;
                product(x->tiles, rows, b + j * LANES * x->tiles, x->tiles * LANES,
                        c + o * sums->row + j * LANES, sums->row, add);
            }
        }
    }
}

/* The kernels between LANES channels in, from `in` on, and a channel out, from the sums at `from`;
 * those of the other groups follow. */
static void NAME(make_weights)(const WEIGHTS *run, const SUMS *sums, const REAL *from, int64_t out,
                               int64_t in) {
    const METHOD *method = run->plan.method;
    const int points = method->points * method->points;
    enum { ROW = (9 + LANES - 1) / LANES * LANES };
    REAL total[NAME(MOST_POINTS) * LANES] __attribute__((aligned(64)));
    REAL taps[ROW * LANES] __attribute__((aligned(64)));
    REAL kernels[LANES * ROW] __attribute__((aligned(64)));
    if (run->groups > 1) {
        for (int point = 0; point < points; point++) {
            VEC sum = NAME(load)(from + point * sums->step);
            for (int64_t group = 1; group < run->groups; group++)
                sum += NAME(load)(from + group * run->sums_space + point * sums->step);
            NAME(store)(total + point * LANES, sum);
        }
        method->weight(total, method->points * LANES, LANES, taps, 3 * LANES, LANES);
    } else {
        method->weight(from, method->points * sums->step, sums->step, taps, 3 * LANES, LANES);
    }
    int64_t lanes = NAME(least)(LANES, run->plan.in.channels - in);
    for (int64_t tap = 0; tap < 9; tap += LANES)
        NAME(transpose_block)(kernels + tap, ROW, taps + tap * LANES, LANES, LANES, LANES);
    REAL *to = (REAL *)run->args->result + (out * run->plan.in.channels + in) * 9;
    for (int64_t lane = 0; lane < lanes; lane++, to += 9) {
        TP_UNROLL for (int tap = 0; tap < 9; tap += LANES) {
            int64_t count = tap + LANES < 9 ? LANES : 9 - tap;
            VEC v = NAME(load)(kernels + lane * ROW + tap);
            if (run->args->accumulate) v += NAME(load_part)(to + tap, count);
            NAME(store_part)(to + tap, v, count);
        }
    }
}

/* The kernels of channels out [first, stop), whose sums begin at sums->at. */
static void NAME(make_rows)(const WEIGHTS *run, const SUMS *sums, int64_t first, int64_t stop) {
    for (int64_t out = first; out < stop; out++) {
        for (int64_t in = 0; in < run->plan.in.channels; in += LANES)
            NAME(make_weights)(run, sums, sums->at + (out - first) * sums->row + in, out, in);
    }
}

static void NAME(make_shared_rows)(void *arg, int64_t begin, int64_t end) {
    const WEIGHTS *run = arg;
    SUMS sums = NAME(sums_at)(run, run->shared, run->plan.out.channels);
    sums.at += begin * sums.row;
    NAME(make_rows)(run, &sums, begin, end);
}

static void NAME(weight_task)(void *arg, int64_t task, int worker) {
    const WEIGHTS *run = arg;
    const PLAN *plan = &run->plan;
    const tp_conv_args *args = run->args;
    int64_t group = task / run->out_parts, part = task % run->out_parts;
    int64_t begin = NAME(part_begin)(plan->units, run->groups, group);
    int64_t end = NAME(part_begin)(plan->units, run->groups, group + 1);
    int64_t panels = NAME(parts_of)(plan->out.channels, LANES);
    int64_t last = NAME(part_begin)(panels, run->out_parts, part + 1);
    int64_t space = plan->stage_space + run->x_space + run->y_space;
    REAL *stage = NAME(scratch)(run->pool, worker, space + (run->shared ? 0 : run->sums_space));
    PANELS x = {.at = stage + plan->stage_space}, y = {.at = x.at + run->x_space};
    SOURCE x_source = {args->x,   plan->in,   0, plan->in.channels,
                       plan->top, plan->left, 2, plan->method->input};
    SOURCE y_source = {args->y, plan->out, 0, 0, 0, 0, 0, plan->method->gradient};
    bool filled = false; /* with the tiles of x, which serve every chunk where they are one block */
    for (int64_t p = NAME(part_begin)(panels, run->out_parts, part); p < last; p += run->chunk) {
        y_source.first = p * LANES;
        int64_t stop = NAME(least)(NAME(least)(last, p + run->chunk) * LANES, plan->out.channels);
        y_source.channels = stop - y_source.first;
        SUMS sums = NAME(sums_at)(run, stage + space, y_source.channels);
        if (run->shared) sums.at = run->shared + group * run->sums_space;
        for (int64_t unit = begin, next; unit < end; unit = next) {
            next = NAME(least)(end, unit + plan->block_units);
            x.tiles = y.tiles = NAME(tiles_before)(plan, next) - NAME(tiles_before)(plan, unit);
            x.step = NAME(panels_step)(x.tiles, plan->in.channels);
            y.step = NAME(panels_step)(y.tiles, y_source.channels);
            if (!filled) NAME(fill_panels)(plan, &x_source, unit, next, stage, &x);
            filled = next - unit == end - begin;
            NAME(fill_panels)(plan, &y_source, unit, next, stage, &y);
            NAME(add_products)(run, &x, &y, y_source.channels, &sums, unit > begin);
        }
        if (!run->shared) NAME(make_rows)(run, &sums, y_source.first, stop);
    }
}

/* Where the sums are small, four groups of tiles keep up to four threads busy without making any
 * tile twice; their number must not depend on that of the threads. Elsewhere threads take parts of
 * the channels out, each in chunks whose sums fit a cache: the second where the tiles of x stay,
 * the third where they have to be made again for every chunk. */
static void NAME(share_weights)(WEIGHTS *run, int threads) {
    enum { GROUPS = 4, SMALL = 1 << 19, LARGE = 1 << 21 };
    const PLAN *plan = &run->plan;
    int64_t panels = NAME(parts_of)(plan->out.channels, LANES);
    int64_t points = plan->method->points * plan->method->points;
    int64_t tiles = NAME(tiles_before)(plan, plan->units);
    int64_t space = points * NAME(sums_at)(run, NULL, plan->out.channels).step;
    bool small = space <= SMALL && plan->units >= GROUPS;
    run->groups = small && tiles >= GROUPS * NAME(FEW_TILES) ? GROUPS : 1;
    run->chunk = panels;
    if (run->groups == 1) {
        int64_t budget = plan->units <= plan->block_units ? SMALL : LARGE;
        int64_t most = NAME(most)(1, budget / (points * NAME(sums_at)(run, NULL, LANES).step));
        int64_t share = NAME(parts_of)(panels, NAME(least)(threads, panels));
        run->chunk = NAME(parts_of)(share, NAME(parts_of)(share, most));
        space = points * NAME(sums_at)(run, NULL, run->chunk * LANES).step;
    }
    run->sums_space = space;
    run->out_parts = run->groups > 1 ? 1 : NAME(least)(panels, threads);
}

static bool NAME(grad_weight)(tp_pool *pool, const tp_conv_args *args) {
    WEIGHTS run = {.pool = pool, .args = args};
    PLAN *plan = &run.plan;
    const tp_conv_shape *shape = &args->shape;
    int64_t count = shape->out_channels * shape->in_channels * 9;
    if (count == 0) return true;
    if (shape->images <= 0 || shape->out_h <= 0 || shape->out_w <= 0) {
        if (!args->accumulate) memset(args->result, 0, (size_t)count * sizeof(REAL));
        return true;
    }
    plan->images = shape->images;
    plan->in = (IMAGE){shape->in_channels, shape->in_h, shape->in_w};
    plan->out = (IMAGE){shape->out_channels, shape->out_h, shape->out_w};
    plan->top = shape->top;
    plan->left = shape->left;
    NAME(cut_up)(plan, shape->in_channels + NAME(least)(shape->out_channels, 128));
    NAME(share_weights)(&run, NAME(threads)(pool));
    int64_t points = plan->method->points * plan->method->points;
    int64_t tiles = NAME(least)(plan->block_units, plan->units) * plan->segment_cols;
    run.x_space = points * NAME(panels_step)(tiles, shape->in_channels);
    run.y_space = points * NAME(panels_step)(tiles, run.chunk * LANES);
    int64_t own = plan->stage_space + run.x_space + run.y_space, shared = 0;
    if (run.groups > 1)
        shared = run.groups * run.sums_space;
    else
        own += run.sums_space;
    int64_t tasks = run.groups * run.out_parts;
    if (!NAME(take_scratch)(pool, tasks, own, shared)) return false;
    if (shared > 0) run.shared = NAME(scratch)(pool, tp_pool_worker(pool), own + shared) + own;
    tp_pool_run(pool, tasks, NAME(weight_task), &run);
    if (shared > 0) tp_parallel_for(pool, shape->out_channels, 8, NAME(make_shared_rows), &run);
    return true;
}
