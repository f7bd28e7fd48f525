/* The gradient of the weight where y has few channels or the weight few elements: vectors lie along rows of pixels of both y and
 * the source, and the lanes of the sums are added up at the end; nothing has to be turned. A template, see conv_tmpl.h.
 *
 * The source is copied with zeros around it (conv_stripe.h); so is y, for each tile by itself: a vector of each of its channels,
 * one beside the other, then the next pixels. */

/* The pixels of a block, as copied. */
typedef struct NAME(dot_pixels) {
    int64_t images, lines, columns;
    int64_t x_image, x_line;
    int64_t c_row; /* from one channel of y to the next in the sums */
} NAME(dot_pixels);
#define DOT_PIXELS NAME(dot_pixels)

/* c (rows, DOT_COLUMNS), with row stride c_row, (+)= the sums over the pixels of y times x at each of the offsets. */
typedef void (*NAME(pixel_dot_fn))(const DOT_PIXELS *p, const REAL *x, const int64_t *offset,
                                   const REAL *y, REAL *c, bool add);

TP_ALWAYS_INLINE void NAME(pixel_dot)(const int rows, const DOT_PIXELS *p, const REAL *x,
                                      const int64_t *offset, const REAL *y, REAL *c, bool add) {
    VEC sum[DOT_ROWS][DOT_COLUMNS], right[DOT_COLUMNS];
    const int64_t rest = p->columns % LANES, whole = p->columns - rest;
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < DOT_COLUMNS; j++) sum[i][j] = (VEC){0};
    }
    for (int64_t n = 0; n < p->images; n++) {
        const REAL *from = x + n * p->x_image;
        for (int64_t l = 0; l < p->lines; l++, from += p->x_line) {
            for (int64_t i = 0; i < whole; i += LANES, y += rows * LANES) {
                TP_UNROLL for (int j = 0; j < DOT_COLUMNS; j++) right[j] =
                    NAME(load)(from + offset[j] + i);
                TP_UNROLL for (int r = 0; r < rows; r++) {
                    VEC v = NAME(load)(y + r * LANES);
                    TP_UNROLL for (int j = 0; j < DOT_COLUMNS; j++)
                        MULTIPLY_ADD_VECTORS(sum[r][j], v, right[j]);
                }
            }
            if (rest == 0) continue;
            /* not beyond: what is there may be infinite */
            TP_UNROLL for (int j = 0; j < DOT_COLUMNS; j++) right[j] =
                NAME(load_part)(from + offset[j] + whole, rest);
            TP_UNROLL for (int r = 0; r < rows; r++) {
                VEC v = NAME(load)(y + r * LANES);
                TP_UNROLL for (int j = 0; j < DOT_COLUMNS; j++)
                    MULTIPLY_ADD_VECTORS(sum[r][j], v, right[j]);
            }
            y += rows * LANES;
        }
    }
    TP_UNROLL for (int i = 0; i < rows; i++) NAME(sum_lanes)(c + i * p->c_row, sum[i], add);
}

#define PIXEL_DOT(rows)                                                                           \
    static void NAME(pixel_dot_##rows)(const DOT_PIXELS *p, const REAL *x, const int64_t *offset, \
                                       const REAL *y, REAL *c, bool add) {                        \
        NAME(pixel_dot)(rows, p, x, offset, y, c, add);                                           \
    }
PIXEL_DOT(1)
PIXEL_DOT(2)
#if TP_VECTOR_REGISTERS == 32
PIXEL_DOT(3)
PIXEL_DOT(4)
PIXEL_DOT(5)
PIXEL_DOT(6)
#endif
#undef PIXEL_DOT

static const NAME(pixel_dot_fn) NAME(pixel_dot_table)[DOT_ROWS] = {
    NAME(pixel_dot_1), NAME(pixel_dot_2),
#if TP_VECTOR_REGISTERS == 32
    NAME(pixel_dot_3), NAME(pixel_dot_4), NAME(pixel_dot_5), NAME(pixel_dot_6),
#endif
};

typedef struct NAME(dot_plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    conv_axis h, w;
    int64_t groups, rows, depth,
        products;   /* products: elements of the weight for one channel of y */
    int64_t padded; /* the same filled up to whole tiles */
    STRIPE stripe;
    int64_t *offset; /* (padded): where each begins in a stripe */
    int64_t block_images, block_rows, blocks_n, blocks_h, shares;
    int64_t tile, vectors; /* channels of y in a tile, vectors of a row */
    REAL *sums;            /* (shares, groups, rows, padded) */
    atomic_bool failed;
} NAME(dot_plan);
#define DOT_PLAN NAME(dot_plan)

/* A block of pixels for one group: where it begins, and what the tiles need to know. */
typedef struct NAME(dot_block) {
    int64_t image, row;
    const REAL *x, *y;
    DOT_PIXELS pixels;
} NAME(dot_block);
#define DOT_BLOCK NAME(dot_block)

static DOT_BLOCK NAME(dot_block_of)(const DOT_PLAN *plan, int64_t group, int64_t block) {
    const tp_conv_shape *s = &plan->args->shape;
    DOT_BLOCK b = {.image = block / plan->blocks_h * plan->block_images,
                   .row = block % plan->blocks_h * plan->block_rows};
    int64_t plane = s->out_h * s->out_w, part = b.image * plan->groups + group;
    b.x = (const REAL *)plan->args->x + part * plan->depth * s->in_h * s->in_w;
    b.y = (const REAL *)plan->args->y + part * plan->rows * plane + b.row * s->out_w;
    b.pixels = (DOT_PIXELS){.images = conv_least(plan->block_images, s->images - b.image),
                            .lines = conv_least(plan->block_rows, s->out_h - b.row),
                            .columns = s->out_w,
                            .x_image = plan->stripe.channel * plan->depth,
                            .x_line = plan->stripe.line,
                            .c_row = plan->padded};
    return b;
}

/* Elements of x from one image to the next. */
static int64_t NAME(dot_image)(const DOT_PLAN *plan) {
    return plan->groups * plan->depth * plan->args->shape.in_h * plan->args->shape.in_w;
}

/* y of one tile of channels, [image][line][vector][row][lane]; lanes behind the end of a line are zero. */
static void NAME(copy_dot)(const DOT_PLAN *plan, const DOT_BLOCK *b, int64_t row, int64_t rows,
                           REAL *to) {
    const tp_conv_shape *s = &plan->args->shape;
    const int64_t plane = s->out_h * s->out_w, line = plan->vectors * rows * LANES;
    for (int64_t k = 0; k < b->pixels.images * rows; k++) {
        int64_t image = k / rows, r = k % rows;
        const REAL *from = b->y + (image * plan->groups * plan->rows + row + r) * plane;
        REAL *at = to + image * b->pixels.lines * line + r * LANES;
        for (int64_t l = 0; l < b->pixels.lines; l++, from += s->out_w) {
            int64_t i = 0;
            for (; i + LANES <= s->out_w; i += LANES, at += rows * LANES)
                NAME(store)(at, NAME(load)(from + i));
            if (i == s->out_w) continue;
            NAME(store)(at, NAME(load_part)(from + i, s->out_w - i));
            at += rows * LANES;
        }
    }
}

static void NAME(run_dot_block)(const DOT_PLAN *plan, const DOT_BLOCK *b, REAL *stripe, REAL *sums,
                                bool add) {
    const DOT_PIXELS *pixels = &b->pixels;
    for (int64_t n = 0; n < pixels->images; n++) NAME(copy_channels)
    (&plan->stripe, stripe + n * pixels->x_image, b->x + n * NAME(dot_image)(plan), plan->depth,
     b->row);
    REAL *y = stripe + plan->block_images * NAME(stripe_space)(&plan->stripe, plan->depth);
    for (int64_t r = 0; r < plan->rows; r += plan->tile) {
        int64_t rows = conv_least(plan->tile, plan->rows - r);
        NAME(copy_dot)(plan, b, r, rows, y);
        NAME(pixel_dot_fn) dot = NAME(pixel_dot_table)[rows - 1];
        for (int64_t k = 0; k < plan->products; k += DOT_COLUMNS)
            dot(pixels, stripe, plan->offset + k, y, sums + r * plan->padded + k, add);
    }
}

static void NAME(run_dot)(void *arg, int64_t task, int worker) {
    DOT_PLAN *plan = arg;
    int64_t group = task % plan->groups, share = task / plan->groups;
    int64_t space = plan->block_images * NAME(stripe_space)(&plan->stripe, plan->depth) +
                    plan->tile * plan->block_images * plan->block_rows * plan->vectors * LANES;
    REAL *stripe =
        tp_pool_scratch_slot(plan->pool, worker, TP_SCRATCH_CONV, (size_t)space * sizeof(REAL));
    if (!stripe) {
        atomic_store(&plan->failed, true);
        return;
    }
    REAL *sums = plan->sums + task * plan->rows * plan->padded;
    int64_t blocks = plan->blocks_n * plan->blocks_h;
    int64_t first = blocks * share / plan->shares, end = blocks * (share + 1) / plan->shares;
    for (int64_t b = first; b < end; b++) {
        DOT_BLOCK block = NAME(dot_block_of)(plan, group, b);
        NAME(run_dot_block)(plan, &block, stripe, sums, b > first);
    }
}

/* Rows of the weight: the sums of all shares in their order. */
static void NAME(gather_dot)(void *arg, int64_t begin, int64_t end) {
    const DOT_PLAN *plan = arg;
    int64_t share = plan->groups * plan->rows * plan->padded;
    for (int64_t row = begin; row < end; row++) {
        const REAL *from = plan->sums + row * plan->padded;
        REAL *to = (REAL *)plan->args->result + row * plan->products;
        for (int64_t k = 0; k < plan->products; k++) {
            REAL sum = from[k];
            for (int64_t s = 1; s < plan->shares; s++) sum += from[s * share + k];
            to[k] = plan->args->accumulate ? to[k] + sum : sum;
        }
    }
}

static void NAME(choose_dot)(DOT_PLAN *plan) {
    const tp_conv_shape *s = &plan->args->shape;
    int64_t plane = s->out_h * s->out_w;
    plan->tile = conv_even(plan->rows, DOT_ROWS);
    /* one channel of the source and the channels of y that a tile has stay in the first-level cache */
    int64_t pixels =
        CONV_DOT_SPACE / ((s->stride_h * s->stride_w + plan->tile) * (int64_t)sizeof(REAL));
    int64_t images = conv_least(pixels / plane, s->images / CONV_TASKS);
    plan->block_images = conv_even(s->images, conv_most(images, 1));
    plan->block_rows = conv_even(s->out_h, conv_most(pixels / s->out_w, 1));
    plan->vectors = conv_ceil_div(s->out_w, LANES);
    plan->blocks_n = conv_ceil_div(s->images, plan->block_images);
    plan->blocks_h = conv_ceil_div(s->out_h, plan->block_rows);
    plan->shares =
        conv_least(conv_ceil_div(CONV_TASKS, plan->groups), plan->blocks_n * plan->blocks_h);
    plan->stripe = NAME(stripe_for)(&plan->h, &plan->w, plan->block_rows);
    for (int64_t k = 0; k < plan->padded; k++) {
        int64_t at = k < plan->products ? k : 0, tap = at % (plan->h.taps * plan->w.taps);
        plan->offset[k] = at / (plan->h.taps * plan->w.taps) * plan->stripe.channel +
                          NAME(stripe_offset)(&plan->stripe, &plan->h, &plan->w, tap / plan->w.taps,
                                              tap % plan->w.taps);
    }
}

/* Whether it takes fewer multiplications of vectors than conv_weight.h, whose channels of y fill vectors and are turned. */
static bool NAME(dot_pays)(const tp_conv_shape *s) {
    int64_t rows = s->out_channels / s->groups, columns = s->in_channels / s->groups;
    double products = (double)(columns * s->kernel_h * s->kernel_w);
    double empty = (double)(conv_ceil_div(s->out_w, LANES) * LANES) / (double)s->out_w;
    double dot = (double)rows * (products * CONV_DOT_COST + CONV_COPY_COST) * empty;
    double turned =
        (double)(conv_ceil_div(rows, LANES) * LANES) * (products + (double)CONV_TURN_COST / LANES);
    return dot < turned;
}

static bool NAME(weight_by_dots)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    conv_sizes down = NAME(down)(s), across = NAME(across)(s);
    DOT_PLAN plan = {.args = args,
                     .pool = pool,
                     .groups = s->groups,
                     .rows = s->out_channels / s->groups,
                     .depth = s->in_channels / s->groups};
    plan.products = plan.depth * s->kernel_h * s->kernel_w;
    plan.padded = conv_ceil_div(plan.products, DOT_COLUMNS) * DOT_COLUMNS;
    int64_t integers = conv_axis_space(&down) + conv_axis_space(&across) + plan.padded;
    integers = conv_ceil_div(integers, 8) * 8;
    int64_t shares = conv_ceil_div(CONV_TASKS, plan.groups); /* at most */
    size_t sums = (size_t)(shares * s->out_channels * plan.padded) * sizeof(REAL);
    int64_t *space = tp_pool_scratch_slot(pool, tp_pool_worker(pool), TP_SCRATCH_SHARED,
                                          (size_t)integers * sizeof *space + sums);
    if (!space) return false;
    plan.sums = (REAL *)(space + integers);
    conv_axis_forward(&plan.h, &down, &space);
    conv_axis_forward(&plan.w, &across, &space);
    plan.offset = space;
    NAME(choose_dot)(&plan);
    tp_pool_run(pool, plan.shares * plan.groups, NAME(run_dot), &plan);
    if (atomic_load(&plan.failed)) return false;
    tp_parallel_for(pool, s->out_channels, conv_ceil_div(4096, plan.padded), NAME(gather_dot),
                    &plan);
    return true;
}
