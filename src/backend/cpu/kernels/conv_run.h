/* Carries out a plan: forward and input gradient. A template, see conv_tmpl.h. */

/* What a task works on. */
typedef struct NAME(block) {
    const PLAN *plan;
    int64_t image, images, row, height; /* results: images and rows of them */
    int64_t group, channel, channels;   /* channels of the result, in the group */
    int64_t depth, depths;              /* channels of the source that are being summed */
    REAL *stripe, *panel, *sums, *counts;
    const REAL *from; /* the stripe, or the source itself */
} NAME(block);
#define BLOCK NAME(block)

static void NAME(take_stripe)(BLOCK *x) {
    const PLAN *plan = x->plan;
    int64_t channels = plan->groups * plan->depth, first = x->group * plan->depth + x->depth;
    const REAL *source = plan->source + (x->image * channels + first) * plan->source_plane;
    if (plan->bare) {
        x->from = source + x->row * plan->w.source;
        return;
    }
    x->from = x->stripe;
    for (int64_t n = 0; n < x->images; n++, source += channels * plan->source_plane) {
        for (int64_t c = 0; c < x->depths; c++) NAME(copy_channel)
        (plan, x->stripe + n * plan->stripe_image + c * plan->stripe_channel,
         source + c * plan->source_plane, x->row);
    }
    REAL *end = x->stripe + plan->stripe_space - 2 * plan->vectors * LANES;
    for (int64_t i = 0; i < 2 * plan->vectors * LANES; i++) end[i] = 0;
}

/* Rows of a tile for the pixels of a panel go to memory. */
static void NAME(finish_tile)(const BLOCK *x, const REAL *sums, int64_t ld, int64_t row,
                              int64_t rows, const RUN *runs, int count) {
    const PLAN *plan = x->plan;
    int64_t channel = x->group * plan->rows + row;
    for (int64_t r = 0; r < rows; r++, sums += ld) {
        REAL bias = plan->args->bias ? ((const REAL *)plan->args->bias)[channel + r] : 0;
        for (int i = 0; i < count; i++) {
            const RUN *run = &runs[i];
            int64_t plane = (x->image + run->image) * plan->rows * plan->groups + channel + r;
            int64_t down = plan->h.first + (x->row + run->row) * plan->h.stride;
            int64_t across = plan->w.first + run->column * plan->w.stride;
            REAL *to =
                plan->result + plane * plan->result_plane + down * plan->result_width + across;
            NAME(finish_run)(plan->args, to, plan->w.stride, sums + run->place, run->count, bias);
            if (plan->args->statistics) NAME(count_run)
            (x->counts + (row + r - x->channel) * 2 * LANES, sums + run->place, run->count, bias);
        }
    }
}

/* The sums of all rows for one panel of b. at: where they wait for the next block of depth. */
static void NAME(panel_tiles)(BLOCK *x, const REAL *b, const WALK *walk, int vectors, int64_t at,
                              int64_t ld, const RUN *runs, int count) {
    const PLAN *plan = x->plan;
    bool first = x->depth == 0, last = x->depth + x->depths == plan->depth;
    bool whole = first && last;
    WALK tile_walk = *walk;
    for (int64_t row = x->channel; row < x->channel + x->channels; row += plan->tile) {
        int64_t rows = NAME(least)(plan->tile, plan->rows - row);
        REAL *sums = whole ? x->sums : x->sums + (row - x->channel) * ld + at;
        int64_t sums_row = whole ? vectors * LANES : ld;
        tile_walk.a_row = 1;
        tile_walk.a_col = rows;
        NAME(tile_of)
        (rows, vectors)(&tile_walk, NAME(tile_weights)(plan, x->group, row, x->depth, x->depths), b,
                        sums, sums_row, !first);
        if (last) NAME(finish_tile)(x, sums, sums_row, row, rows, runs, count);
    }
}

/* Vectors that the last panel needs: fewer where they are enough. */
static int NAME(vectors_for)(int vectors, int64_t places) {
    while (vectors > 1 && places <= (vectors / 2) * LANES) vectors /= 2;
    return vectors;
}

static void NAME(block_panels)(BLOCK *x) {
    const PLAN *plan = x->plan;
    int64_t width = plan->vectors * LANES, columns = plan->w.results;
    int64_t gap = plan->dense ? 0 : plan->pitch - columns;
    int64_t ld =
        plan->block_images * plan->block_rows * (columns + gap) + width * (plan->block_images + 1);
    WALK walk = {.channels = x->depths, .taps = plan->taps};
    walk.offset = plan->dense ? plan->steps : plan->offset;
    walk.channel = plan->dense ? plan->taps * width : plan->stripe_channel;
    RUN runs[NAME(MOST_RUNS)];
    NAME(place) place = {0};
    for (int64_t at = 0; place.image < x->images; at += width) {
        NAME(place) begin = place;
        int count = NAME(next_runs)(plan, runs, &place, x->height, x->images);
        if (!count) continue;
        const RUN *end = &runs[count - 1];
        const REAL *b = x->panel;
        int vectors = NAME(vectors_for)(plan->vectors, end->place + end->count);
        if (plan->dense)
            NAME(pack_panel)(plan, x->panel, x->from, x->depths, runs, count);
        else
            b = x->from + begin.image * plan->stripe_image + begin.row * plan->pitch + begin.column;
        NAME(panel_tiles)(x, b, &walk, vectors, at, ld, runs, count);
    }
}

/* What this task has counted goes where add_counts() finds it. */
static void NAME(note_counts)(const BLOCK *x, int64_t block) {
    const PLAN *plan = x->plan;
    int64_t first = (block * plan->groups + x->group) * plan->rows + x->channel;
    for (int64_t r = 0; r < 2 * x->channels; r++) {
        REAL sum = 0;
        for (int l = 0; l < LANES; l++) sum += x->counts[r * LANES + l];
        plan->counts[2 * first + r] = sum;
    }
}

static void NAME(run_block)(void *arg, int64_t task, int worker) {
    PLAN *plan = arg;
    int64_t space = plan->stripe_space + plan->panel_space + plan->sums_space + plan->count_space;
    space += 4 * LANES;
    BLOCK x = {.plan = plan,
               .stripe = tp_pool_scratch_slot(plan->pool, worker, TP_SCRATCH_CONV,
                                              (size_t)space * sizeof(REAL))};
    if (!x.stripe) {
        atomic_store(&plan->failed, true);
        return;
    }
    x.panel = x.stripe + plan->stripe_space;
    x.sums = x.panel + plan->panel_space;
    x.counts = x.sums + plan->sums_space;
    int64_t part = task % plan->parts, rest = task / plan->parts;
    x.group = rest % plan->groups, rest /= plan->groups;
    x.row = rest % plan->blocks_h * plan->block_rows;
    x.image = rest / plan->blocks_h * plan->block_images;
    x.height = NAME(least)(plan->block_rows, plan->h.results - x.row);
    x.images = NAME(least)(plan->block_images, plan->args->shape.images - x.image);
    x.channel = part * plan->part_rows;
    x.channels = NAME(least)(plan->part_rows, plan->rows - x.channel);
    for (int64_t i = 0; i < plan->count_space; i++) x.counts[i] = 0;
    for (; x.depth < plan->depth || x.depth == 0; x.depth += NAME(most)(x.depths, 1)) {
        x.depths = NAME(least)(plan->block_depth, plan->depth - x.depth);
        NAME(take_stripe)(&x);
        NAME(block_panels)(&x);
    }
    if (plan->args->statistics) NAME(note_counts)(&x, rest);
}

/* Packs the weights and runs the tasks. */
static bool NAME(run_plan)(PLAN *plan) {
    int64_t tasks = plan->blocks_n * plan->blocks_h * plan->groups * plan->parts;
    if (tasks <= 0) return true;
    tp_pool_run(plan->pool, plan->groups * NAME(ceil_div)(plan->depth, plan->block_depth),
                NAME(pack_weights), plan);
    tp_pool_run(plan->pool, tasks, NAME(run_block), plan);
    return !atomic_load(&plan->failed);
}
