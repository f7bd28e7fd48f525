/* Plans for forward and input gradient with vectors along the channels of the result, and their weights. A template, see
 * conv_tmpl.h. */

typedef struct NAME(wide_plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    /* The parts into which an input gradient is cut by its stride; forward has one of each. */
    conv_axis *h, *w;
    int64_t parts_h, parts_w;
    int64_t *before;                  /* (parts_h * parts_w): taps of the parts before */
    int64_t *part, *column, *row_tap; /* (taps): where each element of the kernel stands */
    int64_t groups, rows, depth,
        taps; /* rows: channels of the result, depth: of the source, in one group */
    const REAL *source, *weight;
    REAL *result;
    int64_t source_h, source_w, result_h, result_w;
    int64_t weight_group, weight_row, weight_depth; /* strides */
    int64_t vectors, panel, panels; /* channels of a tile, and tiles that make a group */
    int64_t tile;                   /* pixels of a tile at most */
    bool across_images; /* pixels of a tile are the same place of several images, not neighbours */
    int64_t block_images, block_rows, blocks_n, blocks_h; /* results of a task */
    int64_t shares, share; /* tasks that share its panels, and how many each has */
    int64_t block_depth;
    REAL *packed, *counts;
    atomic_bool failed;
} NAME(wide_plan);
#define WIDE_PLAN NAME(wide_plan)

/* ---- weights: [group][panel][part][block of depth][column tap][channel][row tap][panel] ---- */

static REAL *NAME(wide_weights)(const WIDE_PLAN *plan, int64_t group, int64_t panel, int64_t part,
                                int64_t taps, int64_t channel) {
    int64_t first = (group * plan->panels + panel) * plan->depth * plan->taps;
    return plan->packed + (first + plan->depth * plan->before[part] + channel * taps) * plan->panel;
}

/* Where the vector of kernel element `tap` of source channel `channel` goes. */
static REAL *NAME(wide_vector)(const WIDE_PLAN *plan, int64_t group, int64_t panel, int64_t channel,
                               int64_t tap) {
    int64_t part = plan->part[tap], first = channel / plan->block_depth * plan->block_depth;
    int64_t channels = NAME(least)(plan->block_depth, plan->depth - first);
    int64_t down = plan->h[part / plan->parts_w].taps, across = plan->w[part % plan->parts_w].taps;
    int64_t vector = (plan->column[tap] * channels + channel - first) * down + plan->row_tap[tap];
    return NAME(wide_weights)(plan, group, panel, part, down * across, first) +
           vector * plan->panel;
}

/* LANES channels of the result and at most LANES elements of the weight that lie side by side, turned. */
static void NAME(pack_block)(const WIDE_PLAN *plan, int64_t group, int64_t row, int64_t channel,
                             int64_t tap, int64_t count) {
    const REAL *from = plan->weight + group * plan->weight_group + row * plan->weight_row +
                       channel * plan->weight_depth + tap;
    int64_t rows = NAME(least)(LANES, plan->rows - row), panel = row / plan->panel;
    VEC v[LANES];
    for (int64_t r = 0; r < LANES; r++)
        v[r] = r < rows ? NAME(load_part)(from + r * plan->weight_row, count) : (VEC){0};
    NAME(transpose)(v);
    for (int64_t i = 0; i < count; i++) {
        NAME(store)(NAME(wide_vector)(plan, group, panel, channel, tap) + row % plan->panel, v[i]);
        if (++tap == plan->taps) tap = 0, channel++;
    }
}

/* One panel of one group. */
static void NAME(pack_wide)(void *arg, int64_t task, int worker) {
    (void)worker;
    const WIDE_PLAN *plan = arg;
    int64_t group = task / plan->panels, first = task % plan->panels * plan->panel;
    bool joined = plan->weight_depth == plan->taps; /* channels follow each other */
    int64_t length = joined ? plan->depth * plan->taps : plan->taps;
    for (int64_t row = first; row < first + plan->panel; row += LANES) {
        for (int64_t c = 0; c < (joined ? 1 : plan->depth); c++) {
            for (int64_t k = 0; k < length; k += LANES) NAME(pack_block)
            (plan, group, row, c + k / plan->taps, k % plan->taps, NAME(least)(LANES, length - k));
        }
    }
}

/* ---- sizes ---- */

static void NAME(wide_blocks)(WIDE_PLAN *plan) {
    int64_t images = plan->args->shape.images, wide = plan->result_w;
    int64_t pixels = plan->result_h * wide, longest = plan->w[0].results;
    plan->vectors = plan->rows <= LANES ? 1 : longest <= 7 && plan->rows > 2 * LANES ? 4 : 2;
    plan->across_images = longest <= CONV_NARROW && images >= 4;
    if (plan->across_images && plan->vectors == 4) plan->vectors = 2;
    plan->panel = plan->vectors * LANES;
    plan->panels = NAME(ceil_div)(plan->rows, plan->panel);
    plan->tile = NAME(wide_rows)(plan->vectors);
    plan->block_images = 1;
    plan->block_rows = plan->result_h;
    if (pixels >= CONV_PIXELS)
        plan->block_rows = NAME(even)(plan->result_h, NAME(most)(CONV_PIXELS / wide, 1));
    else
        plan->block_images = NAME(even)(images, NAME(most)(CONV_PIXELS / pixels, 1));
    plan->blocks_h = NAME(ceil_div)(plan->result_h, plan->block_rows);
    plan->blocks_n = NAME(ceil_div)(images, plan->block_images);
    int64_t tasks = NAME(most)(plan->blocks_h * plan->blocks_n * plan->groups, 1);
    plan->shares = NAME(least)(NAME(ceil_div)(CONV_TASKS, tasks), plan->panels);
    plan->share = NAME(ceil_div)(plan->panels, plan->shares);
    plan->shares = NAME(ceil_div)(plan->panels, plan->share);
    int64_t depth = CONV_WIDE_DEPTH / (plan->taps * plan->vectors);
    plan->block_depth = NAME(even)(plan->depth, NAME(most)(depth, 1));
}

/* Where each element of the kernel stands. */
static void NAME(wide_places)(WIDE_PLAN *plan) {
    int64_t before = 0, kernel_w = plan->args->shape.kernel_w;
    for (int64_t part = 0; part < plan->parts_h * plan->parts_w; part++) {
        const conv_axis *h = &plan->h[part / plan->parts_w], *w = &plan->w[part % plan->parts_w];
        plan->before[part] = before;
        before += h->taps * w->taps;
        for (int64_t t = 0; t < h->taps; t++) {
            h->offset[t] = h->at[t] * plan->source_w;
            for (int64_t q = 0; q < w->taps; q++) {
                int64_t tap = h->which[t] * kernel_w + w->which[q];
                plan->part[tap] = part;
                plan->column[tap] = q;
                plan->row_tap[tap] = t;
            }
        }
    }
}

/* Elements of the packed weights. */
static int64_t NAME(wide_space)(const WIDE_PLAN *plan) {
    return plan->groups * plan->panels * plan->depth * plan->taps * plan->panel;
}

/* What a task works on: a panel of channels for one block of results. */
typedef struct NAME(wide_task) {
    const WIDE_PLAN *plan;
    int64_t image, images, row, height, group;
    int64_t panel;             /* the channels */
    int64_t channel, channels; /* of the source, being summed */
    REAL *sums;                /* (images, height, result_w, panel) */
    REAL *counts;              /* (2, panel) for statistics */
} NAME(wide_task);
#define WIDE_TASK NAME(wide_task)
