/* Sizes of a convolution with vectors along pixels, see conv_pixel.h. A template, see conv_tmpl.h. */

typedef struct NAME(pixel_plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    int64_t parts_h, parts_w; /* 1; for an input gradient the strides */
    conv_axis *h, *w;         /* one for each part */
    int64_t groups, rows, depth;
    const REAL *source, *weight;
    REAL *result;
    int64_t result_h, result_w;
    int64_t weight_group, weight_row, weight_depth;
    int64_t vectors, lines, tile; /* of a register tile: vectors in a row, rows, channels */
    bool flat;    /* all rows of a block are one row of a tile, see conv_shifted.h */
    int64_t copy; /* elements of a shifted copy, where flat */
    int64_t block_rows, blocks_h;
    STRIPE stripe;
    int64_t *before; /* (parts): taps in all parts before it */
    int64_t *offset; /* (taps of all parts) */
    REAL *packed;    /* [part][group][tile][channel][tap][row] */
    REAL *counts;    /* (images, blocks_h, channels, 2) for statistics */
    /* a tile goes through a buffer: it is more than bias and ReLU that comes, or not one after the other */
    bool aside;
    atomic_bool failed;
} NAME(pixel_plan);
#define PIXEL_PLAN NAME(pixel_plan)

static int64_t NAME(part_taps)(const PIXEL_PLAN *plan, int64_t part) {
    return plan->h[part / plan->parts_w].taps * plan->w[part % plan->parts_w].taps;
}

/* ---- rows of results as one line ---- */

/* Rows of results whose shifted copies fit into CONV_LINE_SPACE. */
static int64_t NAME(flat_height)(int64_t depth, int64_t columns, int64_t reach, int64_t width) {
    int64_t row = conv_most(depth * columns * width, 1) * (int64_t)sizeof(REAL);
    return CONV_LINE_SPACE / row - reach;
}

/* Whether all rows of a block are one line: more copies (conv_shifted.h), but no lanes that nobody uses and longer lines to write. Rows are
 * channels of the result, which is `width` wide. */
static bool NAME(flat_pays)(const tp_conv_shape *s, int64_t rows, int64_t depth, int64_t width) {
    int64_t reach = (s->kernel_h - 1) * s->dilation_h;
    if (s->stride_h != 1 || s->stride_w != 1 || width == 0) return false;
    if (NAME(flat_height)(depth, s->kernel_w, reach, width) < conv_most(reach, 1)) return false;
    if (rows >= CONV_LINE_ROWS) return true;
    int64_t empty = conv_ceil_div(width, LANES) * LANES - width;
    return 2 * rows * s->kernel_h * empty > 5 * width;
}

/* ---- sizes ---- */

/* Vectors of a row: so few that rows of results have no empty ones, and as many as few channels leave registers for. Further
 * rows where that leaves room. */
static void NAME(choose_tile)(PIXEL_PLAN *plan) {
    int64_t rows = plan->rows;
    if (plan->flat) {
        plan->vectors = NAME(RUN_VECTORS);
        plan->lines = 1;
        plan->tile = conv_even(rows, NAME(pixel_rows)(plan->vectors));
        return;
    }
    int64_t most = rows <= NAME(pixel_rows)(4) ? 4 : rows <= NAME(pixel_rows)(3) ? 3 : 2;
    plan->vectors = conv_even(conv_ceil_div(plan->w[0].results, LANES), most);
    plan->lines = conv_even(plan->h[0].results, most / plan->vectors);
    plan->tile = conv_even(rows, NAME(pixel_rows)(plan->vectors * plan->lines));
}

/* The stripe of a flat block: shifted copies of each channel. */
static void NAME(lay_flat)(PIXEL_PLAN *plan) {
    STRIPE *s = &plan->stripe;
    plan->copy = s->rows * plan->w[0].results;
    s->pitch = s->plane = s->line = plan->w[0].results;
    s->channel = plan->w[0].taps * plan->copy;
}

static void NAME(choose_pixel)(PIXEL_PLAN *plan) {
    const tp_conv_args *args = plan->args;
    const int64_t results = plan->h[0].results, width = conv_most(plan->w[0].results, 1);
    conv_axis_join(plan->h, plan->parts_h);
    conv_axis_join(plan->w, plan->parts_w);
    int64_t rows = CONV_PIXELS / width;
    if (plan->flat) {
        const conv_axis *h = plan->h;
        int64_t most = NAME(flat_height)(plan->depth, plan->w->taps, h->high - h->low, width);
        rows = conv_least(CONV_LINE_PIXELS / width, most);
        rows = conv_least(rows, conv_ceil_div(results * plan->args->shape.images, CONV_TASKS));
    }
    plan->block_rows = conv_even(results, conv_most(rows, 1));
    plan->blocks_h = conv_ceil_div(results, plan->block_rows);
    NAME(choose_tile)(plan);
    plan->stripe = NAME(stripe_for)(&plan->h[0], &plan->w[0], plan->block_rows);
    if (plan->flat) NAME(lay_flat)(plan);
    plan->aside = args->accumulate || args->statistics || plan->parts_w != 1 ||
                  (args->activation != TP_EPILOGUE_NONE && args->activation != TP_EPILOGUE_RELU);
    for (int64_t part = 0, k = 0; part < plan->parts_h * plan->parts_w; part++) {
        const conv_axis *h = &plan->h[part / plan->parts_w], *w = &plan->w[part % plan->parts_w];
        plan->before[part] = k;
        for (int64_t t = 0; t < h->taps * w->taps; t++)
            plan->offset[k++] =
                plan->flat ? t % w->taps * plan->copy + (h->at[t / w->taps] - h->low) * w->results
                           : NAME(stripe_offset)(&plan->stripe, h, w, t / w->taps, t % w->taps);
    }
}
