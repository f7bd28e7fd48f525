/* The convolution itself, which with the weight turned round is the gradient of x as well. A template, see winograd.c. */

/* Where the taps of the kernel between channel k in and channel o out lie: k * in_step + o * out_step + tap. */
typedef struct NAME(taps) {
    const REAL *weight;
    int64_t in_step, out_step;
    bool turned; /* the last tap comes first */
} NAME(taps);

typedef struct NAME(forward) {
    PLAN plan;
    tp_pool *pool;
    NAME(taps) taps;
    const REAL *from;
    REAL *to;
    FINISH finish;
    int64_t blocks;    /* parts of the units .. */
    int64_t out_parts; /* .. and of the channels out: one of each is a task */
    /* elements of scratch for the tiles, the kernels and the products of a task */
    int64_t panels_space, kernels_space, products_space;
} NAME(forward);
#define FORWARD NAME(forward)

/* channels out that are worked on at a time */
#define OUT_WIDTH (NAME(SUM_VECTORS) * LANES)

/* What one task works with. */
typedef struct NAME(work) {
    const FORWARD *run;
    REAL *stage;
    PANELS panels;
    REAL *kernels, *products;
    int64_t kernels_step, products_step; /* from one point to the next */
    int64_t first_tile;                  /* of the block */
    int64_t out;                         /* first channel out .. */
    int vectors;                         /* .. and vectors of them */
} NAME(work);
#define WORK NAME(work)

/* The transformed kernels between all channels in and the channels out of w: (points, k, vectors * LANES). */
static void NAME(make_kernels)(const WORK *w) {
    const FORWARD *run = w->run;
    const METHOD *method = run->plan.method;
    const NAME(taps) *taps = &run->taps;
    REAL taps_of[9 * LANES] __attribute__((aligned(64)));
    int64_t row = taps->turned ? -3 * LANES : 3 * LANES, col = taps->turned ? -LANES : LANES;
    for (int v = 0; v < w->vectors; v++) {
        int64_t out = w->out + v * LANES;
        int64_t lanes = NAME(least)(LANES, run->plan.out.channels - out);
        const REAL *from = taps->weight + out * taps->out_step;
        REAL *to = w->kernels + v * LANES;
        for (int64_t k = 0; k < run->plan.in.channels; k++, from += taps->in_step) {
            for (int64_t tap = 0; tap < 9; tap += LANES) {
                int64_t count = NAME(least)(LANES, 9 - tap);
                REAL *of_lanes = taps_of + tap * LANES;
                NAME(transpose_block)(of_lanes, LANES, from + tap, taps->out_step, lanes, count);
            }
            method->kernel(taps->turned ? taps_of + 8 * LANES : taps_of, row, col, to,
                           method->points * w->kernels_step, w->kernels_step);
            to += w->vectors * LANES;
        }
    }
}

/* For each point, tiles times kernels: (points, tiles, vectors * LANES). */
static void NAME(multiply)(const WORK *w, int64_t tile, int64_t tiles) {
    const METHOD *method = w->run->plan.method;
    int64_t parts = NAME(parts_of)(tiles, NAME(SUM_ROWS)), rows = NAME(parts_of)(tiles, parts);
    for (int point = 0; point < method->points * method->points; point++) {
        const REAL *a = w->panels.at + point * w->panels.step + tile * LANES;
        const REAL *b = w->kernels + point * w->kernels_step;
        REAL *c = w->products + point * w->products_step;
        for (int64_t r = 0; r < tiles; r += rows) {
            int64_t height = NAME(least)(rows, tiles - r);
            NAME(sum_fn) product = NAME(sum_table)[height - 1][w->vectors - 1];
            product(w->run->plan.in.channels, a + r * LANES, w->panels.tiles * LANES, b,
                    c + r * w->vectors * LANES);
        }
    }
}

/* Pixels of a strip from the stage, (rows, cols, LANES), into LANES channels of the result. */
static void NAME(unstage_strip)(const WORK *w, const STRIP *strip, int64_t channel) {
    const FORWARD *run = w->run;
    const IMAGE *out = &run->plan.out;
    const int64_t tile = run->plan.method->tile;
    int64_t cols = strip->cols * tile, y = strip->row * tile, x = strip->col * tile;
    int64_t height = NAME(least)(strip->rows * tile, out->h - y);
    RUN pixels = {.channel_step = out->h * out->w};
    pixels.channels = (int)NAME(least)(LANES, out->channels - channel);
    pixels.width = NAME(least)(cols, out->w - x);
    pixels.gap = (cols - pixels.width) * LANES;
    int64_t rows = pixels.width == out->w ? height : 1; /* whole rows are neighbours */
    pixels.count = rows * pixels.width;
    FINISH finish = run->finish;
    if (finish.bias) finish.bias += channel;
    REAL *to = run->to + ((strip->image * out->channels + channel) * out->h + y) * out->w + x;
    const REAL *from = w->stage;
    for (int64_t i = 0; i < height; i += rows, to += rows * out->w, from += rows * cols * LANES)
        NAME(unstage_run)(&pixels, &finish, from, to);
}

/* From products to the pixels of units [begin, end). */
static void NAME(finish_units)(const WORK *w, int64_t begin, int64_t end) {
    const PLAN *plan = &w->run->plan;
    const METHOD *method = plan->method;
    int64_t width = w->vectors * LANES;
    const REAL *from = w->products;
    while (begin < end) {
        STRIP strip;
        begin = NAME(take_strip)(plan, begin, end, &strip);
        int64_t tile = method->tile, cols = strip.cols * tile, tiles = strip.rows * strip.cols;
        for (int v = 0; v < w->vectors; v++) {
            const REAL *products = from + v * LANES;
            for (int64_t i = 0; i < strip.rows; i++) {
                for (int64_t j = 0; j < strip.cols; j++, products += width)
                    method->output(products, method->points * w->products_step, w->products_step,
                                   w->stage + (i * cols + j) * tile * LANES, cols * LANES, LANES);
            }
            NAME(unstage_strip)(w, &strip, w->out + v * LANES);
        }
        from += tiles * width;
    }
}

/* Units that are multiplied at a time. */
static int64_t NAME(group_units)(const PLAN *plan) {
    return NAME(most)(1, NAME(GROUP_TILES) / plan->segment_cols);
}
static int64_t NAME(products_step)(const PLAN *plan) {
    return NAME(odd_step)(NAME(group_units)(plan) * plan->segment_cols * OUT_WIDTH);
}

/* Every unit of the block for some channels out. */
static void NAME(make_channels)(WORK *w, int64_t begin, int64_t end) {
    const PLAN *plan = &w->run->plan;
    NAME(make_kernels)(w);
    int64_t group = NAME(group_units)(plan);
    for (; begin < end; begin += group) {
        int64_t stop = NAME(least)(end, begin + group);
        int64_t tile = NAME(tiles_before)(plan, begin);
        NAME(multiply)(w, tile - w->first_tile, NAME(tiles_before)(plan, stop) - tile);
        NAME(finish_units)(w, begin, stop);
    }
}

static int64_t NAME(forward_space)(const FORWARD *run) {
    return run->plan.stage_space + run->panels_space + run->kernels_space + run->products_space;
}

static void NAME(forward_task)(void *arg, int64_t task, int worker) {
    const FORWARD *run = arg;
    const PLAN *plan = &run->plan;
    int64_t block = task / run->out_parts, part = task % run->out_parts;
    int64_t begin = NAME(part_begin)(plan->units, run->blocks, block);
    int64_t end = NAME(part_begin)(plan->units, run->blocks, block + 1);
    WORK w = {.run = run, .first_tile = NAME(tiles_before)(plan, begin)};
    w.stage = NAME(scratch)(run->pool, worker, NAME(forward_space)(run));
    w.panels.at = w.stage + plan->stage_space;
    w.panels.tiles = NAME(tiles_before)(plan, end) - w.first_tile;
    w.panels.step = NAME(panels_step)(w.panels.tiles, plan->in.channels);
    w.kernels = w.panels.at + run->panels_space;
    w.products = w.kernels + run->kernels_space;
    w.products_step = NAME(products_step)(plan);
    SOURCE source = {run->from, plan->in,   0, plan->in.channels,
                     plan->top, plan->left, 2, plan->method->input};
    NAME(fill_panels)(plan, &source, begin, end, w.stage, &w.panels);
    int64_t widths = NAME(parts_of)(plan->out.channels, OUT_WIDTH);
    int64_t stop = NAME(part_begin)(widths, run->out_parts, part + 1);
    for (int64_t i = NAME(part_begin)(widths, run->out_parts, part); i < stop; i++) {
        w.out = i * OUT_WIDTH;
        int64_t left = NAME(parts_of)(plan->out.channels - w.out, LANES);
        w.vectors = (int)NAME(least)(left, NAME(SUM_VECTORS));
        w.kernels_step = NAME(odd_step)(plan->in.channels * w.vectors * LANES);
        NAME(make_channels)(&w, begin, end);
    }
}

/* Enough tasks for the threads: blocks of fewer tiles, or parts of the channels out. */
static void NAME(share_out)(FORWARD *run, int threads) {
    const PLAN *plan = &run->plan;
    run->blocks = NAME(parts_of)(plan->units, plan->block_units);
    run->out_parts = 1;
    if (threads == 1) return;
    int64_t tiles = NAME(tiles_before)(plan, plan->units);
    int64_t blocks = NAME(parts_of)(run->blocks, threads) * threads;
    if (blocks <= plan->units && tiles / blocks >= NAME(FEW_TILES)) {
        run->blocks = blocks;
    } else if (run->blocks < threads) {
        int64_t widths = NAME(parts_of)(plan->out.channels, OUT_WIDTH);
        run->out_parts = NAME(least)(NAME(parts_of)(threads, run->blocks), widths);
    }
}

static bool NAME(run_forward)(FORWARD *run) {
    PLAN *plan = &run->plan;
    if (plan->images <= 0 || plan->out.channels <= 0 || plan->out.h <= 0 || plan->out.w <= 0)
        return true;
    NAME(cut_up)(plan, plan->in.channels);
    int threads = NAME(threads)(run->pool);
    NAME(share_out)(run, threads);
    int64_t points = plan->method->points * plan->method->points;
    int64_t block_tiles = NAME(parts_of)(plan->units, run->blocks) * plan->segment_cols;
    run->panels_space = points * NAME(panels_step)(block_tiles, plan->in.channels);
    run->kernels_space = points * NAME(odd_step)(plan->in.channels * OUT_WIDTH);
    run->products_space = points * NAME(products_step)(plan);
    int64_t tasks = run->blocks * run->out_parts;
    if (!NAME(take_scratch)(run->pool, tasks, NAME(forward_space)(run), 0)) return false;
    tp_pool_run(run->pool, tasks, NAME(forward_task), run);
    return true;
}

static bool NAME(convolve)(tp_pool *pool, const tp_winograd_args *args) {
    FORWARD run = {.pool = pool, .from = args->x, .to = args->result};
    run.plan.images = args->images;
    run.plan.in = (IMAGE){args->in_channels, args->in_h, args->in_w};
    run.plan.out = (IMAGE){args->out_channels, args->out_h, args->out_w};
    run.plan.top = args->top;
    run.plan.left = args->left;
    run.taps = (NAME(taps)){args->weight, 9, 9 * args->in_channels, false};
    run.finish = (FINISH){args->bias, args->activation, (REAL)args->slope, args->accumulate};
    return NAME(run_forward)(&run);
}

/* x[i] gets weight[a] y[i - a + top]: the taps in reverse order, and the border is what y has to have for it. */
static bool NAME(grad_input)(tp_pool *pool, const tp_winograd_args *args) {
    FORWARD run = {.pool = pool, .from = args->y, .to = args->result};
    run.plan.images = args->images;
    run.plan.in = (IMAGE){args->out_channels, args->out_h, args->out_w};
    run.plan.out = (IMAGE){args->in_channels, args->in_h, args->in_w};
    run.plan.top = 2 - args->top;
    run.plan.left = 2 - args->left;
    run.taps = (NAME(taps)){args->weight, 9 * args->in_channels, 9, true};
    run.finish = (FINISH){NULL, TP_EPILOGUE_NONE, 0, args->accumulate};
    return NAME(run_forward)(&run);
}
