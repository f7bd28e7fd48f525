/* The gradient of the weight: for each point, the product of the transformed tiles of x and of y's gradient is summed over
 * the tiles, and the sums are transformed once. A template, see winograd.c. */

typedef struct NAME(weights) {
    PLAN plan; /* in is x, out is y */
    tp_pool *pool;
    const tp_winograd_args *args;
    int64_t
        groups; /* parts of the units, whose sums are added in their order: the same at any number of threads */
    int64_t out_parts; /* parts of the channels out: one of each is a task */
    int64_t x_space, y_space;
    REAL *
        sums; /* (groups, points, panels of channels out * LANES, sums_row), with a gap after each point */
    int64_t sums_row, sums_step, sums_space; /* of a row, of a point, of a group */
} NAME(weights);
#define WEIGHTS NAME(weights)

/* What each point gets from the tiles of x and those of y for channels out from `out` on. */
static void NAME(add_products)(const WEIGHTS *run, const PANELS *x, const PANELS *y, REAL *sums,
                               int64_t channels, bool add) {
    enum { ROWS = NAME(OUTER_ROWS), VECTORS = NAME(OUTER_VECTORS) };
    const METHOD *method = run->plan.method;
    int64_t panels = NAME(parts_of)(run->plan.in.channels, LANES);
    int64_t parts = NAME(parts_of)(panels, VECTORS), width = NAME(parts_of)(panels, parts);
    for (int point = 0; point < method->points * method->points; point++) {
        const REAL *a = y->at + point * y->step, *b = x->at + point * x->step;
        REAL *c = sums + point * run->sums_step;
        for (int64_t j = 0; j < panels; j += width) {
            int64_t vectors = NAME(least)(width, panels - j);
            NAME(outer_sum_fn) product = NAME(outer_sum_table)[vectors - 1];
            for (int64_t o = 0; o < channels; o += ROWS) {
                const REAL *rows = a + o / LANES * LANES * y->tiles + o % LANES;
                product(x->tiles, rows, b + j * LANES * x->tiles, x->tiles * LANES,
                        c + o * run->sums_row + j * LANES, run->sums_row, add);
            }
        }
    }
}

static void NAME(weight_task)(void *arg, int64_t task, int worker) {
    const WEIGHTS *run = arg;
    const PLAN *plan = &run->plan;
    const tp_winograd_args *args = run->args;
    int64_t group = task / run->out_parts, part = task % run->out_parts;
    int64_t begin = NAME(part_begin)(plan->units, run->groups, group);
    int64_t end = NAME(part_begin)(plan->units, run->groups, group + 1);
    int64_t panels = NAME(parts_of)(plan->out.channels, LANES);
    int64_t first = NAME(part_begin)(panels, run->out_parts, part) * LANES;
    int64_t stop = NAME(part_begin)(panels, run->out_parts, part + 1) * LANES;
    REAL *stage = NAME(scratch)(run->pool, worker, plan->stage_space + run->x_space + run->y_space);
    PANELS x = {.at = stage + plan->stage_space}, y = {.at = x.at + run->x_space};
    SOURCE x_source = {args->x,   plan->in,   0, plan->in.channels,
                       plan->top, plan->left, 2, plan->method->input};
    SOURCE y_source = {args->y, plan->out, first, NAME(least)(stop, plan->out.channels) - first,
                       0,       0,         0,     plan->method->gradient};
    REAL *sums = run->sums + group * run->sums_space + first * run->sums_row;
    for (int64_t unit = begin, next; unit < end; unit = next) {
        next = NAME(least)(end, unit + plan->block_units);
        x.tiles = y.tiles = NAME(tiles_before)(plan, next) - NAME(tiles_before)(plan, unit);
        x.step = NAME(panels_step)(x.tiles, plan->in.channels);
        y.step = NAME(panels_step)(y.tiles, y_source.channels);
        NAME(fill_panels)(plan, &x_source, unit, next, stage, &x);
        NAME(fill_panels)(plan, &y_source, unit, next, stage, &y);
        NAME(add_products)(run, &x, &y, sums, stop - first, unit > begin);
    }
}

/* The kernels between LANES channels in, from `in` on, and a channel out. */
static void NAME(make_weights)(const WEIGHTS *run, int64_t out, int64_t in) {
    const METHOD *method = run->plan.method;
    const int points = method->points * method->points;
    REAL sums[36 * LANES] __attribute__((aligned(64)));
    enum { ROW = (9 + LANES - 1) / LANES * LANES };
    REAL taps[ROW * LANES] __attribute__((aligned(64)));
    REAL kernels[LANES * ROW] __attribute__((aligned(64)));
    const REAL *from = run->sums + out * run->sums_row + in;
    for (int point = 0; point < points; point++, from += run->sums_step) {
        VEC sum = NAME(load)(from);
        for (int64_t group = 1; group < run->groups; group++)
            sum += NAME(load)(from + group * run->sums_space);
        NAME(store)(sums + point * LANES, sum);
    }
    method->weight(sums, method->points * LANES, LANES, taps, 3 * LANES, LANES);
    int64_t lanes = NAME(least)(LANES, run->plan.in.channels - in);
    for (int64_t tap = 0; tap < 9; tap += LANES) {
        int64_t count = NAME(least)(LANES, 9 - tap);
        NAME(transpose_block)(kernels + tap, ROW, taps + tap * LANES, LANES, count, lanes);
    }
    REAL *to = run->args->result + (out * run->plan.in.channels + in) * 9;
    for (int64_t lane = 0; lane < lanes; lane++) {
        const REAL *kernel = kernels + lane * ROW;
        for (int tap = 0; tap < 9; tap++, to++)
            *to = run->args->accumulate ? *to + kernel[tap] : kernel[tap];
    }
}

static void NAME(weight_rows)(void *arg, int64_t begin, int64_t end) {
    const WEIGHTS *run = arg;
    for (int64_t out = begin; out < end; out++) {
        for (int64_t in = 0; in < run->plan.in.channels; in += LANES)
            NAME(make_weights)(run, out, in);
    }
}

/* Where the sums are small, four groups of tiles keep up to four threads busy without making any tile twice; their number
 * must not depend on that of the threads. Elsewhere threads take parts of the channels out. */
static void NAME(share_weights)(WEIGHTS *run, int threads) {
    enum { GROUPS = 4, SMALL = 1 << 19 };
    const PLAN *plan = &run->plan;
    int64_t tiles = NAME(tiles_before)(plan, plan->units);
    bool small = run->sums_space <= SMALL && plan->units >= GROUPS;
    run->groups = small && tiles >= GROUPS * NAME(FEW_TILES) ? GROUPS : 1;
    int64_t panels = NAME(parts_of)(plan->out.channels, LANES);
    run->out_parts = NAME(least)(panels, NAME(parts_of)(threads, run->groups));
}

static bool NAME(grad_weight)(tp_pool *pool, const tp_winograd_args *args) {
    WEIGHTS run = {.pool = pool, .args = args};
    PLAN *plan = &run.plan;
    size_t count = (size_t)(args->out_channels * args->in_channels * 9);
    if (count == 0) return true;
    if (args->images <= 0 || args->out_h <= 0 || args->out_w <= 0) {
        if (!args->accumulate) memset(args->result, 0, count * sizeof(REAL));
        return true;
    }
    plan->images = args->images;
    plan->in = (IMAGE){args->in_channels, args->in_h, args->in_w};
    plan->out = (IMAGE){args->out_channels, args->out_h, args->out_w};
    plan->top = args->top;
    plan->left = args->left;
    NAME(cut_up)(plan, args->in_channels + args->out_channels);
    int64_t points = plan->method->points * plan->method->points;
    int64_t rows = NAME(parts_of)(args->out_channels, LANES) * LANES;
    run.sums_row = NAME(parts_of)(args->in_channels, LANES) * LANES;
    run.sums_step = NAME(odd_step)(rows * run.sums_row);
    run.sums_space = points * run.sums_step;
    NAME(share_weights)(&run, NAME(threads)(pool));
    int64_t tiles = plan->block_units * plan->segment_cols;
    run.x_space = points * NAME(panels_step)(tiles, args->in_channels);
    run.y_space = points * NAME(panels_step)(tiles, args->out_channels);
    int64_t own = plan->stage_space + run.x_space + run.y_space, tasks = run.groups * run.out_parts;
    if (!NAME(take_scratch)(pool, tasks, own, run.groups * run.sums_space)) return false;
    run.sums = NAME(scratch)(pool, tp_pool_worker(pool), own) + own;
    tp_pool_run(pool, tasks, NAME(weight_task), &run);
    tp_parallel_for(pool, args->out_channels, 8, NAME(weight_rows), &run);
    return true;
}
