/* How a forward convolution or an input gradient is computed: as products (rows, depth * taps) x (depth * taps, pixels), one
 * for each block of results. rows are the channels of the result, depth those of the source, in one group. A template, see
 * conv_tmpl.h. Nothing here may depend on the number of threads. */

typedef struct NAME(plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    conv_axis h, w;
    int64_t groups, rows, depth, taps;
    const REAL *source, *weight; /* of the first group */
    REAL *result;
    int64_t source_plane, result_plane, result_width; /* elements */
    int64_t weight_group, weight_row, weight_depth;   /* strides */
    int64_t block_rows, block_images, blocks_h,
        blocks_n;             /* results of a task: rows of some images */
    int64_t parts, part_rows; /* and channels */
    int64_t block_depth;      /* source channels that are summed in one go */
    bool dense;               /* panels of b are copied without the gaps between rows of results */
    bool bare;    /* .. straight from the source, where nothing has to be padded or kept apart */
    int vectors;  /* of a panel */
    int64_t tile; /* rows of a register tile at most */
    /* The part of the source that a task reads, with zeros around it, in the order (image, channel, plane, row, column):
     * strides, and where each tap reads. */
    int64_t pitch, stripe_plane, stripe_channel, stripe_image;
    int64_t *offset, *steps; /* (taps), in a stripe and in a panel */
    int64_t stripe_space, panel_space, sums_space, count_space; /* elements of scratch */
    REAL *packed; /* all weights in the order of use */
    REAL *counts; /* (blocks, channels, 2) for statistics */
    atomic_bool failed;
} NAME(plan);
#define PLAN NAME(plan)

static int64_t NAME(ceil_div)(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t NAME(least)(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t NAME(most)(int64_t a, int64_t b) { return a > b ? a : b; }
/* The size of equal parts of n, each at most `most`. */
static int64_t NAME(even)(int64_t n, int64_t most) {
    return n <= most ? NAME(most)(n, 1) : NAME(ceil_div)(n, NAME(ceil_div)(n, most));
}

/* Whether copying costs less than computing results that nobody wants, between the rows. */
static bool NAME(copying_pays)(const PLAN *plan) {
    double wide = (double)plan->w.results, gaps = (double)plan->pitch / wide;
    double runs = wide < LANES ? LANES / wide : 1;
    return CONV_PACK_COST * runs / (double)plan->rows < gaps - 1;
}

static void NAME(choose_stripe)(PLAN *plan) {
    conv_axis *h = &plan->h, *w = &plan->w;
    plan->pitch = w->results + w->high - w->low;
    plan->dense = NAME(copying_pays)(plan);
    plan->bare = w->step == 1 && h->step == 1 && w->low == 0 && h->low == 0 &&
                 plan->pitch == w->source && h->results + h->high <= h->source && plan->taps > 0;
    plan->dense = plan->dense || plan->bare;
}

static void NAME(choose_blocks)(PLAN *plan) {
    int64_t images = plan->args->shape.images, wide = plan->w.results;
    int64_t pixels = plan->h.results * wide;
    plan->block_images = 1;
    plan->block_rows = plan->h.results;
    if (pixels >= CONV_PIXELS)
        plan->block_rows = NAME(even)(plan->h.results, NAME(most)(CONV_PIXELS / wide, 1));
    else if (pixels < CONV_PIXELS / 2)
        plan->block_images = NAME(even)(images, CONV_PIXELS / NAME(most)(pixels, 1));
    for (;;) {
        plan->blocks_h = NAME(ceil_div)(plan->h.results, plan->block_rows);
        plan->blocks_n = NAME(ceil_div)(images, plan->block_images);
        int64_t have = plan->block_images * plan->block_rows * wide;
        if (plan->blocks_h * plan->blocks_n * plan->groups >= CONV_TASKS ||
            have < 2 * CONV_LEAST_PIXELS)
            break;
        if (plan->block_images > 1)
            plan->block_images = NAME(ceil_div)(plan->block_images, 2);
        else if (plan->block_rows > 1)
            plan->block_rows = NAME(ceil_div)(plan->block_rows, 2);
        else
            break;
    }
    int64_t tasks = plan->blocks_h * plan->blocks_n * plan->groups;
    int64_t parts = NAME(least)(NAME(ceil_div)(CONV_TASKS, NAME(most)(tasks, 1)),
                                NAME(ceil_div)(plan->rows, 4 * plan->tile));
    plan->part_rows =
        NAME(ceil_div)(NAME(even)(plan->rows, NAME(ceil_div)(plan->rows, NAME(most)(parts, 1))),
                       plan->tile) *
        plan->tile;
    plan->parts = NAME(ceil_div)(plan->rows, plan->part_rows);
}

/* Where the taps read, and how much scratch a task needs. */
static void NAME(choose_space)(PLAN *plan) {
    const conv_axis *h = &plan->h, *w = &plan->w;
    plan->block_depth =
        NAME(even)(plan->depth, NAME(most)(CONV_DEPTH / NAME(most)(plan->taps, 1), 1));
    plan->stripe_plane = plan->pitch * (plan->block_rows + h->high - h->low);
    plan->stripe_channel = plan->stripe_plane * h->planes * w->planes;
    if (plan->bare) plan->stripe_channel = plan->source_plane;
    plan->stripe_image = plan->bare ? plan->source_plane * plan->depth * plan->groups
                                    : plan->stripe_channel * plan->block_depth;
    int64_t width = plan->vectors * LANES;
    for (int64_t a = 0, t = 0; a < h->taps; a++) {
        for (int64_t b = 0; b < w->taps; b++, t++) {
            plan->offset[t] = (h->plane[a] * w->planes + w->plane[b]) * plan->stripe_plane +
                              (conv_floor_div(h->at[a], h->step) - h->low) * plan->pitch +
                              conv_floor_div(w->at[b], w->step) - w->low;
            plan->steps[t] = t * width;
        }
    }
    plan->stripe_space = plan->bare ? 0 : plan->stripe_image * plan->block_images + 2 * width;
    plan->panel_space = plan->dense ? plan->block_depth * plan->taps * width + LANES : 0;
    int64_t flat = plan->block_images * plan->block_rows * (plan->dense ? w->results : plan->pitch);
    bool whole = plan->block_depth == plan->depth;
    plan->sums_space =
        whole ? plan->tile * width : plan->part_rows * (flat + width * (plan->block_images + 1));
    plan->count_space = plan->args->statistics ? plan->part_rows * 2 * LANES : 0;
}

/* The sizes that both kinds have in common; the axes are there. False where memory is out. */
static void NAME(choose)(PLAN *plan) {
    plan->taps = plan->h.taps * plan->w.taps;
    plan->vectors = NAME(tile_vectors)(plan->rows);
    plan->tile = NAME(even)(plan->rows, NAME(tile_most)(plan->vectors));
    NAME(choose_stripe)(plan);
    NAME(choose_blocks)(plan);
    NAME(choose_space)(plan);
}
