/* The entry points of forward and input gradient. A template, see conv_tmpl.h. */

static conv_sizes NAME(down)(const tp_conv_shape *s) {
    return (conv_sizes){s->in_h, s->out_h, s->kernel_h, s->stride_h, s->dilation_h, s->top};
}
static conv_sizes NAME(across)(const tp_conv_shape *s) {
    return (conv_sizes){s->in_w, s->out_w, s->kernel_w, s->stride_w, s->dilation_w, s->left};
}

/* Takes the memory that all tasks share and computes. prepare sets the axes. */
static bool NAME(compute)(PLAN *plan, tp_pool *pool, int64_t first_h, int64_t first_w) {
    const tp_conv_args *args = plan->args;
    const tp_conv_shape *s = &args->shape;
    conv_sizes down = NAME(down)(s), across = NAME(across)(s);
    int64_t kernel = s->kernel_h * s->kernel_w;
    int64_t integers = conv_axis_space(&down) + conv_axis_space(&across) + 2 * kernel;
    integers = NAME(ceil_div)(integers, 8) * 8;
    int64_t weights = plan->groups * plan->rows * plan->depth * kernel;
    weights = (NAME(ceil_div)(weights, LANES) + 1) * LANES;
    size_t bytes = (size_t)integers * sizeof(int64_t) + (size_t)weights * sizeof(REAL);
    /* for each block, of which there are at most as many as rows of results */
    size_t counts =
        args->statistics ? 2 * sizeof(REAL) * (size_t)(s->images * s->out_h * s->out_channels) : 0;
    plan->pool = pool;
    int64_t *space =
        tp_pool_scratch_slot(pool, tp_pool_worker(pool), TP_SCRATCH_SHARED, bytes + counts);
    if (!space) return false;
    plan->packed = (REAL *)(space + integers);
    plan->counts = plan->packed + weights;
    if (first_h < 0) {
        conv_axis_forward(&plan->h, &down, &space);
        conv_axis_forward(&plan->w, &across, &space);
    } else {
        conv_axis_backward(&plan->h, &down, first_h, &space);
        conv_axis_backward(&plan->w, &across, first_w, &space);
    }
    plan->offset = space;
    plan->steps = space + kernel;
    NAME(choose)(plan);
    if (!NAME(run_plan)(plan)) return false;
    if (args->statistics) NAME(add_counts)(plan);
    return true;
}

/* ---- with vectors along the channels of the result ---- */

/* Axes, tables, weights and counts in one block of memory; then the tasks. backward: the input gradient. */
static bool NAME(compute_wide)(WIDE_PLAN *plan, bool backward) {
    const tp_conv_args *args = plan->args;
    const tp_conv_shape *s = &args->shape;
    conv_sizes down = NAME(down)(s), across = NAME(across)(s);
    plan->parts_h = backward ? s->stride_h : 1;
    plan->parts_w = backward ? s->stride_w : 1;
    int64_t parts = plan->parts_h * plan->parts_w;
    size_t axes = (size_t)(plan->parts_h + plan->parts_w) * sizeof(conv_axis);
    int64_t integers = plan->parts_h * conv_axis_space(&down) +
                       plan->parts_w * conv_axis_space(&across) + parts + 3 * plan->taps;
    size_t counts =
        args->statistics ? 2 * (size_t)(s->images * plan->result_h * plan->rows * plan->groups) : 0;
    int64_t padded = NAME(ceil_div)(plan->rows, 2 * LANES) * 2 * LANES + 2 * LANES; /* at most */
    size_t reals = (size_t)(plan->groups * padded * plan->depth * plan->taps) + counts;
    size_t tables = (axes + (size_t)integers * sizeof(int64_t) + 63) / 64 * 64;
    char *memory = tp_pool_scratch_slot(plan->pool, tp_pool_worker(plan->pool), TP_SCRATCH_SHARED,
                                        tables + reals * sizeof(REAL));
    if (!memory) return false;
    plan->h = (conv_axis *)(void *)memory;
    plan->w = plan->h + plan->parts_h;
    int64_t *space = (int64_t *)(void *)(memory + axes);
    for (int64_t i = 0; i < plan->parts_h; i++)
        if (backward)
            conv_axis_backward(&plan->h[i], &down, i, &space);
        else
            conv_axis_forward(&plan->h[i], &down, &space);
    for (int64_t i = 0; i < plan->parts_w; i++)
        if (backward)
            conv_axis_backward(&plan->w[i], &across, i, &space);
        else
            conv_axis_forward(&plan->w[i], &across, &space);
    plan->before = space;
    plan->part = space + parts, plan->column = plan->part + plan->taps;
    plan->row_tap = plan->column + plan->taps;
    plan->packed = (REAL *)(void *)(memory + tables);
    NAME(wide_places)(plan);
    NAME(wide_blocks)(plan);
    plan->counts = plan->packed + NAME(wide_space)(plan);
    return NAME(run_wide_plan)(plan);
}

/* Whether the channels of the result fill vectors well enough. */
static bool NAME(wide_fits)(int64_t rows) {
    return 10 * rows >= 6 * LANES * NAME(ceil_div)(rows, LANES) && rows >= LANES - 2;
}

/* ---- the entry points ---- */

static bool NAME(conv_forward)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t rows = s->out_channels / s->groups, depth = s->in_channels / s->groups,
            kernel = s->kernel_h * s->kernel_w;
    if (NAME(wide_fits)(rows)) {
        WIDE_PLAN plan = {.args = args,
                          .pool = pool,
                          .groups = s->groups,
                          .rows = rows,
                          .depth = depth,
                          .taps = kernel,
                          .source = args->x,
                          .weight = args->weight,
                          .result = args->result,
                          .source_h = s->in_h,
                          .source_w = s->in_w,
                          .result_h = s->out_h,
                          .result_w = s->out_w,
                          .weight_group = rows * depth * kernel,
                          .weight_row = depth * kernel,
                          .weight_depth = kernel};
        return NAME(compute_wide)(&plan, false);
    }
    PLAN plan = {.args = args,
                 .groups = s->groups,
                 .rows = rows,
                 .depth = depth,
                 .source = args->x,
                 .weight = args->weight,
                 .result = args->result,
                 .source_plane = s->in_h * s->in_w,
                 .result_plane = s->out_h * s->out_w,
                 .result_width = s->out_w,
                 .weight_group = rows * depth * kernel,
                 .weight_row = depth * kernel,
                 .weight_depth = kernel};
    return NAME(compute)(&plan, pool, -1, -1);
}

static bool NAME(conv_grad_input)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t rows = s->in_channels / s->groups, depth = s->out_channels / s->groups,
            kernel = s->kernel_h * s->kernel_w;
    if (NAME(wide_fits)(rows)) {
        WIDE_PLAN plan = {.args = args,
                          .pool = pool,
                          .groups = s->groups,
                          .rows = rows,
                          .depth = depth,
                          .taps = kernel,
                          .source = args->y,
                          .weight = args->weight,
                          .result = args->result,
                          .source_h = s->out_h,
                          .source_w = s->out_w,
                          .result_h = s->in_h,
                          .result_w = s->in_w,
                          .weight_group = rows * depth * kernel,
                          .weight_row = kernel,
                          .weight_depth = rows * kernel};
        return NAME(compute_wide)(&plan, true);
    }
    for (int64_t first_h = 0; first_h < NAME(least)(s->stride_h, s->in_h); first_h++) {
        for (int64_t first_w = 0; first_w < NAME(least)(s->stride_w, s->in_w); first_w++) {
            PLAN plan = {.args = args,
                         .groups = s->groups,
                         .rows = rows,
                         .depth = depth,
                         .source = args->y,
                         .weight = args->weight,
                         .result = args->result,
                         .source_plane = s->out_h * s->out_w,
                         .result_plane = s->in_h * s->in_w,
                         .result_width = s->in_w,
                         .weight_group = rows * depth * kernel,
                         .weight_row = kernel,
                         .weight_depth = rows * kernel};
            if (!NAME(compute)(&plan, pool, first_h, first_w)) return false;
        }
    }
    return true;
}
