/* The convolution itself, which with the weight turned round is the gradient of x as well. A template, see winograd.c. */

/* Where the taps of the kernel between channel k in and channel o out lie: k * in_step + o * out_step + tap. */
typedef struct NAME(taps) {
    const REAL *weight, *end;
    int64_t side, count; /* of a kernel */
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
    double *statistics;
    REAL *
        counts; /* (units, 2, counts_row) for the statistics: sums over a unit must not depend on the blocks */
    int64_t counts_row;
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

/* (taps * count, LANES) from the taps of `count` kernels, which are neighbours, for each of `lanes` channels out. */
static void NAME(gather_kernels)(const NAME(taps) * taps, const REAL *from, int64_t lanes,
                                 int64_t count, REAL *to) {
    for (int64_t tap = 0; tap < taps->count * count; tap += LANES) {
        int64_t left = taps->count * count - tap;
        const REAL *row = from + tap;
        if (left < LANES && row + (LANES - 1) * taps->out_step + LANES <= taps->end) left = LANES;
        NAME(transpose_block)
        (to + tap * LANES, LANES, row, taps->out_step, lanes, NAME(least)(LANES, left));
    }
}

/* The transformed kernels between all channels in and the channels out of w: (points, k, vectors * LANES). */
static void NAME(make_kernels)(const WORK *w) {
    const FORWARD *run = w->run;
    const METHOD *method = run->plan.method;
    const NAME(taps) *taps = &run->taps;
    REAL gathered[(NAME(MOST_TAPS) * LANES + LANES) * LANES] __attribute__((aligned(64)));
    int64_t col = taps->turned ? -LANES : LANES, row = taps->side * col;
    const int64_t channels = run->plan.in.channels, most = taps->in_step == taps->count ? LANES : 1;
    for (int v = 0; v < w->vectors; v++) {
        int64_t out = w->out + v * LANES;
        int64_t lanes = NAME(least)(LANES, run->plan.out.channels - out);
        const REAL *from = taps->weight + out * taps->out_step;
        REAL *to = w->kernels + v * LANES;
        for (int64_t k = 0; k < channels; k += most, from += most * taps->in_step) {
            int64_t count = NAME(least)(most, channels - k);
            if (most == 1) { /* the next kernels are too far away for the processor to guess */
                for (int64_t i = 0; i < taps->count * lanes; i += 64 / (int64_t)sizeof(REAL))
                    __builtin_prefetch(from + 4 * taps->in_step + i);
            }
            NAME(gather_kernels)(taps, from, lanes, count, gathered);
            const REAL *first = taps->turned ? gathered + (taps->count - 1) * LANES : gathered;
            for (int64_t i = 0; i < count;
                 i++, first += taps->count * LANES, to += w->vectors * LANES)
                method->kernel(first, row, col, to, method->points * w->kernels_step,
                               w->kernels_step);
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

/* The pixels of a strip that lie in the image, as they lie in the stage, (rows, cols, LANES), and in LANES channels of the
 * result. */
static RUN NAME(result_run)(const PLAN *plan, const STRIP *strip, int64_t channel) {
    const IMAGE *out = &plan->out;
    const int64_t tile = plan->method->tile;
    int64_t rows = NAME(least)(strip->rows * tile, out->h - strip->row * tile);
    RUN run = {.channel_step = out->h * out->w};
    run.channels = (int)NAME(least)(LANES, out->channels - channel);
    run.width = NAME(least)(strip->cols * tile, out->w - strip->col * tile);
    run.gap = (strip->cols * tile - run.width) * LANES;
    run.count = rows * run.width;
    return run;
}

static void NAME(unstage_strip)(const WORK *w, const STRIP *strip, int64_t channel) {
    const FORWARD *run = w->run;
    const IMAGE *out = &run->plan.out;
    const int64_t tile = run->plan.method->tile;
    RUN pixels = NAME(result_run)(&run->plan, strip, channel);
    FINISH finish = run->finish;
    if (finish.bias) finish.bias += channel;
    int64_t y = strip->row * tile, x = strip->col * tile, left = pixels.count;
    REAL *to = run->to + ((strip->image * out->channels + channel) * out->h + y) * out->w + x;
    const REAL *from = w->stage;
    if (pixels.width < out->w) pixels.count = pixels.width; /* only whole rows are neighbours */
    for (; left > 0; left -= pixels.count, to += out->w, from += strip->cols * tile * LANES)
        NAME(unstage_run)(&pixels, &finish, from, to);
}

/* Notes the sums of every unit of the strip; `unit` is its first. */
static void NAME(count_strip)(const WORK *w, const STRIP *strip, int64_t unit, int64_t channel) {
    const FORWARD *run = w->run;
    const int64_t tile = run->plan.method->tile;
    const REAL *from = w->stage;
    for (int64_t i = 0; i < strip->rows; i++, unit++, from += tile * tile * strip->cols * LANES) {
        STRIP one = *strip;
        one.row += i;
        one.rows = 1;
        RUN pixels = NAME(result_run)(&run->plan, &one, channel);
        VEC sum = {0}, squares = {0};
        NAME(count_run)(&pixels, from, &sum, &squares);
        REAL *to = run->counts + 2 * unit * run->counts_row + channel;
        NAME(store)(to, sum);
        NAME(store)(to + run->counts_row, squares);
    }
}

/* From products to the pixels of units [begin, end). */
static void NAME(finish_units)(const WORK *w, int64_t begin, int64_t end) {
    const PLAN *plan = &w->run->plan;
    const METHOD *method = plan->method;
    int64_t width = w->vectors * LANES;
    const REAL *from = w->products;
    for (int64_t next; begin < end; begin = next) {
        STRIP strip;
        next = NAME(take_strip)(plan, begin, end, &strip);
        int64_t tile = method->tile, cols = strip.cols * tile, tiles = strip.rows * strip.cols;
        for (int v = 0; v < w->vectors; v++) {
            const REAL *products = from + v * LANES;
            for (int64_t i = 0; i < strip.rows; i++) {
                for (int64_t j = 0; j < strip.cols; j++, products += width)
                    method->output(products, method->points * w->products_step, w->products_step,
                                   w->stage + (i * cols + j) * tile * LANES, cols * LANES, LANES);
            }
            if (w->run->counts) NAME(count_strip)(w, &strip, begin, w->out + v * LANES);
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
    int64_t units = end - begin, groups = NAME(parts_of)(units, NAME(group_units)(plan));
    for (int64_t i = 0; i < groups; i++) {
        int64_t start = begin + NAME(part_begin)(units, groups, i);
        int64_t stop = begin + NAME(part_begin)(units, groups, i + 1);
        int64_t tile = NAME(tiles_before)(plan, start);
        NAME(multiply)(w, tile - w->first_tile, NAME(tiles_before)(plan, stop) - tile);
        NAME(finish_units)(w, start, stop);
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
    SOURCE source = {run->from,         plan->in,           0,
                     plan->in.channels, plan->top,          plan->left,
                     plan->side - 1,    plan->method->input};
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

/* The statistics of some channels. */
static void NAME(add_counts)(void *arg, int64_t begin, int64_t end) {
    const FORWARD *run = arg;
    for (int which = 0; which < 2; which++) {
        double *total = run->statistics + which * run->plan.out.channels;
        for (int64_t channel = begin; channel < end; channel++) total[channel] = 0;
        const REAL *counts = run->counts + which * run->counts_row;
        for (int64_t unit = 0; unit < run->plan.units; unit++, counts += 2 * run->counts_row) {
            for (int64_t channel = begin; channel < end; channel++)
                total[channel] += (double)counts[channel];
        }
    }
}

static bool NAME(run_forward)(FORWARD *run) {
    PLAN *plan = &run->plan;
    if (plan->images <= 0 || plan->out.channels <= 0 || plan->out.h <= 0 || plan->out.w <= 0) {
        size_t count = plan->out.channels > 0 ? 2 * (size_t)plan->out.channels : 0;
        if (run->statistics) memset(run->statistics, 0, count * sizeof *run->statistics);
        return true;
    }
    NAME(cut_up)(plan, plan->in.channels);
    int threads = NAME(threads)(run->pool);
    NAME(share_out)(run, threads);
    int64_t points = plan->method->points * plan->method->points;
    int64_t block_tiles = NAME(parts_of)(plan->units, run->blocks) * plan->segment_cols;
    run->panels_space = points * NAME(panels_step)(block_tiles, plan->in.channels);
    run->kernels_space = points * NAME(odd_step)(plan->in.channels * OUT_WIDTH);
    run->products_space = points * NAME(products_step)(plan);
    run->counts_row = NAME(parts_of)(plan->out.channels, LANES) * LANES;
    int64_t tasks = run->blocks * run->out_parts, own = NAME(forward_space)(run);
    int64_t shared = run->statistics ? 2 * plan->units * run->counts_row : 0;
    if (!NAME(take_scratch)(run->pool, tasks, own, shared)) return false;
    if (shared > 0)
        run->counts = NAME(scratch)(run->pool, tp_pool_worker(run->pool), own + shared) + own;
    tp_pool_run(run->pool, tasks, NAME(forward_task), run);
    if (shared > 0) tp_parallel_for(run->pool, plan->out.channels, 64, NAME(add_counts), run);
    return true;
}

static bool NAME(convolve)(tp_pool *pool, const tp_conv_args *args) {
    FORWARD run = {.pool = pool, .from = args->x, .to = args->result};
    const int64_t side = args->shape.kernel_h, count = side * side;
    run.statistics = args->statistics;
    run.plan.side = (int)side;
    run.plan.images = args->shape.images;
    run.plan.in = (IMAGE){args->shape.in_channels, args->shape.in_h, args->shape.in_w};
    run.plan.out = (IMAGE){args->shape.out_channels, args->shape.out_h, args->shape.out_w};
    run.plan.top = args->shape.top;
    run.plan.left = args->shape.left;
    const REAL *weight = args->weight;
    const REAL *end = weight + count * args->shape.out_channels * args->shape.in_channels;
    run.taps =
        (NAME(taps)){weight, end, side, count, count, count * args->shape.in_channels, false};
    run.finish = (FINISH){args->bias, args->activation, (REAL)args->slope, args->accumulate};
    return NAME(run_forward)(&run);
}

/* x[i] gets weight[a] y[i - a + top]: the taps in reverse order, and the border is what y has to have for it. */
static bool NAME(grad_input)(tp_pool *pool, const tp_conv_args *args) {
    FORWARD run = {.pool = pool, .from = args->y, .to = args->result};
    const int64_t side = args->shape.kernel_h, count = side * side;
    run.plan.side = (int)side;
    run.plan.images = args->shape.images;
    run.plan.in = (IMAGE){args->shape.out_channels, args->shape.out_h, args->shape.out_w};
    run.plan.out = (IMAGE){args->shape.in_channels, args->shape.in_h, args->shape.in_w};
    run.plan.top = side - 1 - args->shape.top;
    run.plan.left = side - 1 - args->shape.left;
    const REAL *weight = args->weight;
    const REAL *end = weight + count * args->shape.out_channels * args->shape.in_channels;
    run.taps = (NAME(taps)){weight, end, side, count, count * args->shape.in_channels, count, true};
    run.finish = (FINISH){args->bias, TP_EPILOGUE_NONE, 0, args->accumulate};
    return NAME(run_forward)(&run);
}
