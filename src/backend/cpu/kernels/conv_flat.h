/* The gradient of the weight of few source channels (of a group) with stride 1, for kernels 3 or 5 wide: vectors lie along the pixels of y,
 * across the ends of rows. For that the source is copied once for each column of the kernel, shifted by it and as wide as y: then
 * all rows of y and of a copy are one line, and no lane is empty. A template, see conv_tmpl.h.
 *
 * Lanes are added up once, at the end: between blocks of pixels sums stay vectors. */

enum {
    /* channels of y in a register tile, beside 3 or 5 columns of the kernel */
    NAME(FLAT_ROWS_3) = TP_VECTOR_REGISTERS == 32 ? 8 : 3,
    NAME(FLAT_ROWS_5) = TP_VECTOR_REGISTERS == 32 ? 4 : 2,
};

typedef struct NAME(flat_plan) {
    const tp_conv_args *args;
    tp_pool *pool;
    conv_axis h, w;
    int64_t groups, rows, depth;
    int64_t products; /* elements of the weight for one channel of y */
    int64_t copy;     /* elements of a copy */
    int64_t block_rows, blocks_h, shares;
    REAL *sums; /* (shares, groups, rows, products, LANES) */
    atomic_bool failed;
} NAME(flat_plan);
#define FLAT_PLAN NAME(flat_plan)

/* sums (rows, columns, LANES), with `row` elements between rows, (+)= the sums of y times x over n pixels; y has rows y_row
 * apart, x columns x_column. Meanwhile rows next, next + columns * y_row, ... are fetched into the second-level cache. */
typedef void (*NAME(flat_fn))(int64_t n, const REAL *x, int64_t x_column, const REAL *y,
                              int64_t y_row, REAL *sums, int64_t row, bool add, const REAL *next);

TP_ALWAYS_INLINE void NAME(flat)(const int rows, const int columns, int64_t n, const REAL *x,
                                 int64_t x_column, const REAL *y, int64_t y_row, REAL *sums,
                                 int64_t row, bool add, const REAL *next) {
    VEC sum[8][5];
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < columns; j++) sum[i][j] =
            add ? NAME(load)(sums + i * row + j * LANES) : (VEC){0};
    }
    const REAL *at[3] = {y, y + 3 * y_row, y + 6 * y_row}; /* fewer pointers than rows */
    for (int64_t p = 0; p < n; p += LANES, x += LANES) {
        VEC right[5];
        const bool whole = n - p >= LANES;
        TP_UNROLL for (int j = 0; j < columns; j++) right[j] =
            whole ? NAME(load)(x + j * x_column) : NAME(load_part)(x + j * x_column, n - p);
        TP_UNROLL for (int i = 0; i < rows; i += columns)
            __builtin_prefetch(next + i * y_row + p, 0, CONV_SECOND_LEVEL);
        TP_UNROLL for (int i = 0; i < rows; i++) {
            const REAL *from = at[i / 3] + (i % 3) * y_row + p;
            VEC left = whole ? NAME(load)(from) : NAME(load_part)(from, n - p);
            TP_UNROLL for (int j = 0; j < columns; j++) sum[i][j] += left * right[j];
        }
    }
    TP_UNROLL for (int i = 0; i < rows; i++) {
        TP_UNROLL for (int j = 0; j < columns; j++)
            NAME(store)(sums + i * row + j * LANES, sum[i][j]);
    }
}

#define FLAT(rows, columns)                                                               \
    static void NAME(flat_##rows##x##columns)(int64_t n, const REAL *x, int64_t x_column, \
                                              const REAL *y, int64_t y_row, REAL *sums,   \
                                              int64_t row, bool add, const REAL *next) {  \
        NAME(flat)(rows, columns, n, x, x_column, y, y_row, sums, row, add, next);        \
    }
#define FLAT_NAME(rows, columns) NAME(flat_##rows##x##columns),
/* clang-format off */
#if TP_VECTOR_REGISTERS == 32
#define FLAT_TILES_3(X) X(1, 3) X(2, 3) X(3, 3) X(4, 3) X(5, 3) X(6, 3) X(7, 3) X(8, 3)
#define FLAT_TILES_5(X) X(1, 5) X(2, 5) X(3, 5) X(4, 5)
#else
#define FLAT_TILES_3(X) X(1, 3) X(2, 3) X(3, 3)
#define FLAT_TILES_5(X) X(1, 5) X(2, 5)
#endif
/* clang-format on */
FLAT_TILES_3(FLAT)
FLAT_TILES_5(FLAT)
/* [rows - 1] */
static const NAME(flat_fn) NAME(flat_table_3)[] = {FLAT_TILES_3(FLAT_NAME)};
static const NAME(flat_fn) NAME(flat_table_5)[] = {FLAT_TILES_5(FLAT_NAME)};
#undef FLAT
#undef FLAT_NAME
#undef FLAT_TILES_3
#undef FLAT_TILES_5

/* ---- blocks ---- */

/* All channels of y against the copies of one channel of x, over `height` rows; sums begin with that channel's. */
static void NAME(flat_channel)(const FLAT_PLAN *plan, int64_t height, const REAL *copies,
                               const REAL *y, REAL *sums, bool add) {
    const conv_axis *h = &plan->h, *w = &plan->w;
    const int64_t columns = w->taps, plane = h->results * w->results, row = plan->products * LANES;
    const NAME(flat_fn) *table = columns == 3 ? NAME(flat_table_3) : NAME(flat_table_5);
    int64_t tile = conv_even(plan->rows, columns == 3 ? NAME(FLAT_ROWS_3) : NAME(FLAT_ROWS_5));
    for (int64_t r = 0; r < plan->rows; r += tile) {
        NAME(flat_fn) flat = table[conv_least(tile, plan->rows - r) - 1];
        REAL *to = sums + r * row;
        for (int64_t a = 0; a < h->taps; a++, to += columns * LANES)
            flat(height * w->results, copies + (h->at[a] - h->at[0]) * w->results, plan->copy,
                 y + r * plane, plane, to, row, add, y + (r + tile + a) * plane);
    }
}

static void NAME(flat_block)(const FLAT_PLAN *plan, int64_t group, int64_t block, REAL *copies,
                             REAL *sums, bool add) {
    const conv_axis *h = &plan->h, *w = &plan->w;
    const int64_t row = block % plan->blocks_h * plan->block_rows, source = h->source * w->source;
    const int64_t height = conv_least(plan->block_rows, h->results - row);
    const int64_t reach = h->at[h->taps - 1] - h->at[0];
    const int64_t place = block / plan->blocks_h * plan->groups + group; /* image and group */
    const REAL *x = (const REAL *)plan->args->x + place * plan->depth * source;
    const REAL *y =
        (const REAL *)plan->args->y + (place * plan->rows * h->results + row) * w->results;
    for (int64_t c = 0; c < plan->depth; c++, x += source, sums += h->taps * w->taps * LANES) {
        for (int64_t b = 0; b < w->taps; b++)
            NAME(copy_shifted)(h, w, x, row + h->at[0], height + reach, b, copies + b * plan->copy);
        NAME(flat_channel)(plan, height, copies, y, sums, add);
    }
}

static void NAME(run_flat)(void *arg, int64_t task, int worker) {
    FLAT_PLAN *plan = arg;
    int64_t group = task % plan->groups, share = task / plan->groups;
    int64_t space = plan->w.taps * plan->copy;
    REAL *copies =
        tp_pool_scratch_slot(plan->pool, worker, TP_SCRATCH_CONV, (size_t)space * sizeof(REAL));
    if (!copies) {
        atomic_store(&plan->failed, true);
        return;
    }
    REAL *sums = plan->sums + task * plan->rows * plan->products * LANES;
    int64_t blocks = plan->args->shape.images * plan->blocks_h;
    int64_t first = blocks * share / plan->shares, end = blocks * (share + 1) / plan->shares;
    for (int64_t b = first; b < end; b++) NAME(flat_block)(plan, group, b, copies, sums, b > first);
}

/* Elements of the weight: the sums of all shares in their order, then of the lanes. */
static void NAME(gather_flat)(void *arg, int64_t begin, int64_t end) {
    const FLAT_PLAN *plan = arg;
    int64_t share = plan->groups * plan->rows * plan->products * LANES;
    for (int64_t i = begin; i < end; i++) {
        REAL *to = (REAL *)plan->args->result + i, lanes[LANES], sum = 0;
        VEC v = NAME(load)(plan->sums + i * LANES);
        for (int64_t s = 1; s < plan->shares; s++)
            v += NAME(load)(plan->sums + s * share + i * LANES);
        NAME(store)(lanes, v);
        for (int l = 0; l < LANES; l++) sum += lanes[l];
        *to = plan->args->accumulate ? *to + sum : sum;
    }
}

/* ---- the plan ---- */

/* Whether it is for that convolution: few channels, and planes so large that loading and storing sums does not matter. Of several
 * channels kernels 5 wide gain; those 3 wide have to read y too often for few products, unless many lanes of panels of y (conv_weight.h)
 * were empty. */
static bool NAME(flat_fits)(const tp_conv_shape *s) {
    int64_t depth = s->in_channels / s->groups, rows = s->out_channels / s->groups;
    if ((s->kernel_w != 3 && s->kernel_w != 5) || s->stride_h != 1 || s->stride_w != 1)
        return false;
    if (rows < CONV_FLAT_ROWS || s->out_h * s->out_w < CONV_FLAT_PLANE) return false;
    if (depth == 1 || s->kernel_w == 5) return depth <= CONV_FLAT_CHANNELS;
    int64_t panels = conv_ceil_div(rows, LANES) * LANES;
    if (rows > LANES) panels = conv_ceil_div(rows, 2 * LANES) * 2 * LANES;
    return depth <= CONV_FLAT_CHANNELS && 5 * rows < 4 * panels;
}

static bool NAME(weight_by_lines)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    conv_sizes down = NAME(down)(s), across = NAME(across)(s);
    FLAT_PLAN plan = {.args = args,
                      .pool = pool,
                      .groups = s->groups,
                      .rows = s->out_channels / s->groups,
                      .depth = s->in_channels / s->groups};
    plan.products = plan.depth * s->kernel_h * s->kernel_w;
    plan.block_rows = conv_even(s->out_h, conv_most(CONV_FLAT_PIXELS / s->out_w, 1));
    plan.blocks_h = conv_ceil_div(s->out_h, plan.block_rows);
    plan.shares = conv_least(conv_ceil_div(CONV_TASKS, plan.groups), s->images * plan.blocks_h);
    int64_t integers = conv_axis_space(&down) + conv_axis_space(&across);
    integers = conv_ceil_div(integers, 8) * 8;
    size_t sums = (size_t)(plan.shares * s->out_channels * plan.products * LANES) * sizeof(REAL);
    int64_t *space = tp_pool_scratch_slot(pool, tp_pool_worker(pool), TP_SCRATCH_SHARED,
                                          (size_t)integers * sizeof *space + sums);
    if (!space) return false;
    plan.sums = (REAL *)(space + integers);
    conv_axis_forward(&plan.h, &down, &space);
    conv_axis_forward(&plan.w, &across, &space);
    int64_t reach = plan.h.at[plan.h.taps - 1] - plan.h.at[0];
    plan.copy = (plan.block_rows + reach) * s->out_w;
    tp_pool_run(pool, plan.shares * plan.groups, NAME(run_flat), &plan);
    if (atomic_load(&plan.failed)) return false;
    tp_parallel_for(pool, s->out_channels * plan.products, 64, NAME(gather_flat), &plan);
    return true;
}
