/* The gradient of the weight. A template, see conv_tmpl.h.
 *
 * weight[o][c][a][b] is a sum over the pixels of all images of y[o] times the element of channel c that tap (a, b) meets. A task
 * has a panel of channels of y, which it turns so that they lie side by side, and sums to [c][a][b][panel] over a block of
 * pixels after the other, in memory that all tasks share; where there are few panels several tasks share the blocks, and their
 * sums are added up in order. Where the source has many channels, those are the rows of a tile, read from where they lie, and
 * pixels whose source falls outside are left out. Where it has few, rows are any elements of the weight, and the source is
 * copied with zeros around it. */

typedef struct NAME(weight_plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    conv_axis h, w;
    int64_t groups, rows, depth, taps;
    int64_t vectors, panel, panels;
    bool padded;                      /* rows are any elements, from a copy with zeros around it */
    int64_t padded_h, padded_w;       /* sizes of that */
    int64_t *offset;                  /* (depth * taps): where each begins in it */
    int64_t block_images, block_rows; /* pixels that are summed in one go */
    int64_t blocks_n, blocks_h, shares; /* of the blocks */
    int64_t turned_space, copy_space;   /* elements of scratch */
    REAL *sums;                         /* (shares, groups, panels, depth * taps, panel) */
    atomic_bool failed;
} NAME(weight_plan);
#define WEIGHT_PLAN NAME(weight_plan)

typedef struct NAME(weight_task) {
    const WEIGHT_PLAN *plan;
    int64_t group, panel, share;
    int64_t image, images, row, height; /* the block */
    REAL *turned;                       /* (images, height, columns, panel) of y */
    REAL *copy;                         /* (images, depth, padded_h, padded_w) */
    const REAL *ahead;                  /* y of the next block */
    REAL *sums;
    bool add;
} NAME(weight_task);
#define WEIGHT_TASK NAME(weight_task)

/* y of the block with its channels side by side, zero behind the last one. */
static void NAME(turn_pixels)(const WEIGHT_TASK *x) {
    const WEIGHT_PLAN *plan = x->plan;
    const tp_conv_shape *s = &plan->args->shape;
    int64_t plane = s->out_h * s->out_w, pixels = x->height * s->out_w;
    int64_t first = x->panel * plan->panel, rows = conv_least(plan->panel, plan->rows - first);
    REAL *to = x->turned;
    for (int64_t n = 0; n < x->images; n++, to += pixels * plan->panel) {
        int64_t channel = ((x->image + n) * plan->groups + x->group) * plan->rows + first;
        const REAL *from = (const REAL *)plan->args->y + channel * plane + x->row * s->out_w;
        for (int64_t p = 0; p < pixels; p += LANES) {
            for (int64_t r = 0; r < plan->panel; r += LANES) NAME(transpose_block)
            (to + p * plan->panel + r, plan->panel, from + r * plane + p, plane,
             conv_most(conv_least(LANES, rows - r), 0), conv_least(LANES, pixels - p));
        }
    }
}

/* The source of the block with zeros around it. */
static void NAME(copy_source)(const WEIGHT_TASK *x) {
    const WEIGHT_PLAN *plan = x->plan;
    const conv_axis *h = &plan->h, *w = &plan->w;
    REAL *to = x->copy;
    for (int64_t n = 0; n < x->images; n++) {
        int64_t channel = ((x->image + n) * plan->groups + x->group) * plan->depth;
        const REAL *from = (const REAL *)plan->args->x + channel * h->source * w->source;
        for (int64_t c = 0; c < plan->depth; c++, from += h->source * w->source) {
            for (int64_t i = 0; i < plan->padded_h; i++, to += plan->padded_w) {
                int64_t row = x->row * h->step + h->at[0] + i;
                bool outside = row < 0 || row >= h->source;
                NAME(copy_row)
                (to, plan->padded_w, from + row * w->source + w->at[0], -w->at[0],
                 outside ? -w->at[0] : w->source - w->at[0], 1);
            }
        }
    }
}

/* Rows are elements of the weight in their order. */
static void NAME(weight_any)(const WEIGHT_TASK *x) {
    const WEIGHT_PLAN *plan = x->plan;
    int64_t k = plan->depth * plan->taps, columns = plan->w.results, panel = plan->panel;
    PIXELS pixels = {.images = x->images,
                     .lines = x->height,
                     .columns = columns,
                     .a_image = plan->depth * plan->padded_h * plan->padded_w,
                     .a_line = plan->h.step * plan->padded_w,
                     .a_column = plan->w.step,
                     .b_image = x->height * columns * panel,
                     .b_line = columns * panel,
                     .b_column = panel,
                     .c_row = panel,
                     .ahead_row = plan->h.results * columns};
    int64_t tile = conv_even(k, MAX_ROWS);
    for (int64_t r = 0; r < k; r += tile) {
        int64_t rows = conv_least(tile, k - r);
        pixels.ahead = x->ahead + r / tile * LANES % panel * pixels.ahead_row;
        pixels.offset = plan->offset + r;
        NAME(grow_fn) grow = NAME(grow_table)[1][plan->vectors - 1][rows - 1];
        grow(&pixels, x->copy, x->turned, x->sums + r * panel, x->add);
    }
}

/* Rows are channels: one tap after the other. */
static void NAME(weight_channels)(const WEIGHT_TASK *x, int64_t channel, int64_t rows) {
    const WEIGHT_PLAN *plan = x->plan;
    const conv_axis *h = &plan->h, *w = &plan->w;
    int64_t plane = h->source * w->source, columns = w->results, panel = plan->panel;
    int64_t first = (x->image * plan->groups + x->group) * plan->depth + channel;
    const REAL *source = (const REAL *)plan->args->x + first * plane;
    REAL *sums = x->sums + channel * plan->taps * panel;
    PIXELS pixels = {.images = x->images,
                     .a_image = plan->groups * plan->depth * plane,
                     .a_line = h->step * w->source,
                     .a_column = w->step,
                     .b_image = x->height * columns * panel,
                     .b_line = columns * panel,
                     .b_column = panel,
                     .a_row = plane,
                     .c_row = plan->taps * panel};
    for (int64_t a = 0; a < h->taps; a++) {
        int64_t top, bottom, left, right;
        conv_axis_meets(h, h->at[a], &top, &bottom);
        top = conv_most(top, x->row);
        bottom = conv_least(bottom, x->row + x->height);
        pixels.lines = conv_most(bottom - top, 0);
        for (int64_t b = 0; b < w->taps; b++, sums += panel) {
            conv_axis_meets(w, w->at[b], &left, &right);
            pixels.columns = right - left;
            const REAL *from =
                source + (top * h->step + h->at[a]) * w->source + left * w->step + w->at[b];
            NAME(grow_fn) grow = NAME(grow_table)[0][plan->vectors - 1][rows - 1];
            grow(&pixels, from, x->turned + ((top - x->row) * columns + left) * panel, sums,
                 x->add);
        }
    }
}

static void NAME(weight_block)(WEIGHT_TASK *x) {
    const WEIGHT_PLAN *plan = x->plan;
    x->height = conv_least(plan->block_rows, plan->h.results - x->row);
    x->images = conv_least(plan->block_images, plan->args->shape.images - x->image);
    NAME(turn_pixels)(x);
    if (plan->padded) {
        NAME(copy_source)(x);
        NAME(weight_any)(x);
    } else {
        int64_t tile = conv_even(plan->depth, MAX_ROWS);
        for (int64_t c = 0; c < plan->depth; c += tile)
            NAME(weight_channels)(x, c, conv_least(tile, plan->depth - c));
    }
    x->add = true;
}

/* y of the first channel and image of a block. */
static const REAL *NAME(block_channels)(const WEIGHT_TASK *x, int64_t block) {
    const WEIGHT_PLAN *plan = x->plan;
    int64_t image = block / plan->blocks_h * plan->block_images;
    int64_t row = block % plan->blocks_h * plan->block_rows;
    int64_t channel = (image * plan->groups + x->group) * plan->rows + x->panel * plan->panel;
    return (const REAL *)plan->args->y + (channel * plan->h.results + row) * plan->w.results;
}

static void NAME(run_weight)(void *arg, int64_t task, int worker) {
    WEIGHT_PLAN *plan = arg;
    WEIGHT_TASK x = {.plan = plan};
    x.turned = tp_pool_scratch_slot(plan->pool, worker, TP_SCRATCH_CONV,
                                    (size_t)(plan->turned_space + plan->copy_space) * sizeof(REAL));
    if (!x.turned) {
        atomic_store(&plan->failed, true);
        return;
    }
    x.copy = x.turned + plan->turned_space;
    x.panel = task % plan->panels;
    x.group = task / plan->panels % plan->groups;
    x.share = task / plan->panels / plan->groups;
    x.sums = plan->sums + task * plan->depth * plan->taps * plan->panel;
    int64_t blocks = plan->blocks_n * plan->blocks_h;
    for (int64_t b = blocks * x.share / plan->shares; b < blocks * (x.share + 1) / plan->shares;
         b++) {
        int64_t next = conv_least(b + 1, blocks - 1);
        x.ahead = NAME(block_channels)(&x, next);
        x.image = b / plan->blocks_h * plan->block_images;
        x.row = b % plan->blocks_h * plan->block_rows;
        NAME(weight_block)(&x);
    }
}

/* ---- from sums to the result ---- */

/* weight[r][k] for LANES elements k and channels r: the sums of all shares, turned. */
static void NAME(gather_block)(const WEIGHT_PLAN *plan, int64_t group, int64_t row, int64_t k) {
    int64_t length = plan->depth * plan->taps, count = conv_least(LANES, length - k);
    int64_t place = ((group * plan->panels + row / plan->panel) * length + k) * plan->panel;
    int64_t share = plan->groups * plan->panels * length * plan->panel;
    const REAL *from = plan->sums + place + row % plan->panel;
    REAL *to = (REAL *)plan->args->result + (group * plan->rows + row) * length + k;
    VEC v[LANES];
    for (int64_t i = 0; i < LANES; i++) {
        v[i] = (VEC){0};
        for (int64_t s = 0; s < plan->shares && i < count; s++)
            v[i] += NAME(load)(from + s * share + i * plan->panel);
    }
    NAME(transpose)(v);
    for (int64_t r = 0; r < LANES && row + r < plan->rows; r++, to += length) {
        if (plan->args->accumulate) v[r] += NAME(load_part)(to, count);
        if (count == LANES)
            NAME(store)(to, v[r]);
        else
            NAME(store_part)(to, v[r], count);
    }
}

/* One panel of one group. */
static void NAME(gather_weight)(void *arg, int64_t task, int worker) {
    (void)worker;
    const WEIGHT_PLAN *plan = arg;
    int64_t first = task % plan->panels * plan->panel;
    for (int64_t row = first; row < conv_least(first + plan->panel, plan->rows); row += LANES) {
        for (int64_t k = 0; k < plan->depth * plan->taps; k += LANES)
            NAME(gather_block)(plan, task / plan->panels, row, k);
    }
}

/* ---- sizes ---- */

static void NAME(choose_weight)(WEIGHT_PLAN *plan) {
    const conv_axis *h = &plan->h, *w = &plan->w;
    int64_t images = plan->args->shape.images, pixels = h->results * w->results;
    plan->block_images = 1;
    plan->block_rows = h->results;
    if (pixels >= CONV_PIXELS)
        plan->block_rows = conv_even(h->results, conv_most(CONV_PIXELS / w->results, 1));
    else
        plan->block_images = conv_even(images, conv_most(CONV_PIXELS / pixels, 1));
    plan->blocks_h = conv_ceil_div(h->results, plan->block_rows);
    plan->blocks_n = conv_ceil_div(images, plan->block_images);
    plan->shares = conv_least(conv_ceil_div(CONV_TASKS, plan->panels * plan->groups),
                              plan->blocks_n * plan->blocks_h);
    plan->turned_space =
        plan->block_images * plan->block_rows * w->results * plan->panel + LANES * plan->panel;
    if (!plan->padded) return;
    plan->padded_h = (plan->block_rows - 1) * h->step + h->at[h->taps - 1] - h->at[0] + 1;
    plan->padded_w = (w->results - 1) * w->step + w->at[w->taps - 1] - w->at[0] + 1;
    plan->copy_space = plan->block_images * plan->depth * plan->padded_h * plan->padded_w + LANES;
    int64_t k = 0;
    for (int64_t c = 0; c < plan->depth; c++) {
        for (int64_t a = 0; a < h->taps; a++) {
            for (int64_t b = 0; b < w->taps; b++)
                plan->offset[k++] = (c * plan->padded_h + h->at[a] - h->at[0]) * plan->padded_w +
                                    w->at[b] - w->at[0];
        }
    }
}

static bool NAME(conv_grad_weight)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    conv_sizes down = NAME(down)(s), across = NAME(across)(s);
    int64_t kernel = s->kernel_h * s->kernel_w, depth = s->in_channels / s->groups;
    int64_t results = s->out_channels * depth * kernel;
    if (s->images * results == 0) {
        for (int64_t i = 0; i < results && !args->accumulate; i++) ((REAL *)args->result)[i] = 0;
        return true;
    }
    if (NAME(flat_fits)(s)) return NAME(weight_by_lines)(pool, args);
    if (NAME(dot_pays)(s)) return NAME(weight_by_dots)(pool, args);
    WEIGHT_PLAN plan = {.args = args,
                        .pool = pool,
                        .groups = s->groups,
                        .rows = s->out_channels / s->groups,
                        .depth = depth,
                        .taps = kernel};
    plan.vectors = plan.rows <= LANES ? 1 : 2;
    plan.panel = plan.vectors * LANES;
    plan.panels = conv_ceil_div(plan.rows, plan.panel);
    plan.padded = depth < CONV_FEW_CHANNELS;
    int64_t integers = conv_axis_space(&down) + conv_axis_space(&across) + depth * kernel;
    integers = conv_ceil_div(integers, 8) * 8;
    int64_t shares = conv_ceil_div(CONV_TASKS, plan.panels * plan.groups); /* at most */
    size_t sums = (size_t)(shares * s->groups * plan.panels * depth * kernel * plan.panel);
    int64_t *space = tp_pool_scratch_slot(pool, tp_pool_worker(pool), TP_SCRATCH_SHARED,
                                          (size_t)integers * sizeof *space + sums * sizeof(REAL));
    if (!space) return false;
    plan.sums = (REAL *)(space + integers);
    conv_axis_forward(&plan.h, &down, &space);
    conv_axis_forward(&plan.w, &across, &space);
    plan.offset = space;
    NAME(choose_weight)(&plan);
    tp_pool_run(pool, plan.shares * s->groups * plan.panels, NAME(run_weight), &plan);
    if (atomic_load(&plan.failed)) return false;
    tp_pool_run(pool, s->groups * plan.panels, NAME(gather_weight), &plan);
    return true;
}
