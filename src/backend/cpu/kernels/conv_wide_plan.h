/* Plans for forward and input gradient with vectors along the channels of the result, and their weights. A template, see
 * conv_tmpl.h. */

typedef struct NAME(wide_plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    /* The parts into which an input gradient is cut by its stride; forward has one of each. */
    conv_axis *h, *w;
    int64_t parts_h, parts_w;
    int64_t *before;               /* (parts_h * parts_w): taps of the parts before */
    int64_t *start, *size, *place; /* (taps): of the part in which each element of the kernel stands
                                         before and taps, and where there it stands */
    int64_t groups, rows, depth,
        taps; /* rows: channels of the result, depth: of the source, in one group */
    const REAL *source, *weight;
    REAL *result;
    int64_t source_h, source_w, result_h, result_w;
    int64_t weight_group, weight_row, weight_depth; /* strides */
    int64_t vectors, panel, panels; /* channels of a tile, and tiles that make a group */
    int64_t tile;                   /* pixels of a tile at most */
    bool
        by_column; /* weights of one column tap lie together: most tiles take them one after the other */
    bool across_images; /* pixels of a tile are the same place of several images, not neighbours */
    int64_t block_images, block_rows, blocks_n, blocks_h; /* results of a task, of one panel */
    int64_t strip_images, strip_rows; /* of them, what grows in a buffer at a time */
    int64_t block_depth;
    REAL *counts; /* (blocks, channels, 2) for statistics */
    atomic_bool failed;
} NAME(wide_plan);
#define WIDE_PLAN NAME(wide_plan)

/* ---- sizes ---- */

static void NAME(wide_blocks)(WIDE_PLAN *plan) {
    int64_t images = plan->args->shape.images, longest = plan->w[0].results;
    plan->vectors = plan->rows <= LANES ? 1 : longest <= 7 && plan->rows > 2 * LANES ? 4 : 2;
    plan->across_images = longest <= CONV_NARROW && images >= 4;
    if (plan->across_images && plan->vectors == 4) plan->vectors = 2;
    plan->panel = plan->vectors * LANES;
    plan->panels = conv_ceil_div(plan->rows, plan->panel);
    plan->tile = NAME(wide_rows)(plan->vectors);
    plan->by_column = !plan->across_images && longest <= 2 * plan->tile && plan->w[0].taps > 1;
    /* so few blocks, since each packs the weights for itself */
    int64_t blocks = conv_ceil_div(CONV_TASKS, plan->panels * plan->groups);
    plan->block_images = conv_most(conv_ceil_div(images, blocks), 1);
    plan->blocks_n = conv_ceil_div(images, plan->block_images);
    plan->block_rows = plan->result_h;
    if (images < blocks)
        plan->block_rows =
            conv_ceil_div(plan->result_h, conv_ceil_div(blocks, conv_most(images, 1)));
    plan->blocks_h = conv_ceil_div(plan->result_h, plan->block_rows);
    int64_t strip = conv_most(CONV_PIXELS / plan->result_w, 1);
    plan->strip_rows = conv_even(plan->block_rows, strip);
    plan->strip_images = plan->across_images ? conv_even(plan->block_images, 4 * plan->tile) : 1;
    int64_t depth = CONV_WIDE_DEPTH / (plan->taps * plan->vectors);
    plan->block_depth = conv_even(plan->depth, conv_most(depth, 1));
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
                plan->start[tap] = plan->before[part];
                plan->size[tap] = plan->by_column ? h->taps : h->taps * w->taps;
                plan->place[tap] = q * h->taps * (plan->by_column ? plan->depth : 1) + t;
            }
        }
    }
}

/* What a task works on: a panel of channels for one strip of results after the other. */
typedef struct NAME(wide_task) {
    const WIDE_PLAN *plan;
    int64_t image, images, row, height, group;
    int64_t panel;             /* the channels */
    int64_t channel, channels; /* of the source, being summed */
    REAL *packed;              /* weights of the panel */
    REAL *sums;                /* (images, height, result_w, panel) */
    REAL *counts;              /* (2, panel) for statistics */
    REAL *bias;                /* (panel) */
} NAME(wide_task);
#define WIDE_TASK NAME(wide_task)
