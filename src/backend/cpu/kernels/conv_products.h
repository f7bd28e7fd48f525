/* The entry points of forward and input gradient. A template, see conv_tmpl.h. */

static conv_sizes NAME(down)(const tp_conv_shape *s) {
    return (conv_sizes){s->in_h, s->out_h, s->kernel_h, s->stride_h, s->dilation_h, s->top};
}
static conv_sizes NAME(across)(const tp_conv_shape *s) {
    return (conv_sizes){s->in_w, s->out_w, s->kernel_w, s->stride_w, s->dilation_w, s->left};
}

/* ---- with vectors along pixels ---- */

/* Axes, tables, weights and counts in one block of memory; then the tasks. backward: the input gradient. */
static bool NAME(compute_pixel)(PIXEL_PLAN *plan, bool backward) {
    const tp_conv_args *args = plan->args;
    const tp_conv_shape *s = &args->shape;
    conv_sizes down = NAME(down)(s), across = NAME(across)(s);
    plan->parts_h = backward ? s->stride_h : 1;
    plan->parts_w = backward ? s->stride_w : 1;
    int64_t kernel = s->kernel_h * s->kernel_w, parts = plan->parts_h * plan->parts_w;
    size_t axes = (size_t)(plan->parts_h + plan->parts_w) * sizeof(conv_axis);
    int64_t integers = plan->parts_h * conv_axis_space(&down) +
                       plan->parts_w * conv_axis_space(&across) + parts + kernel;
    size_t tables = (axes + (size_t)integers * sizeof(int64_t) + 63) / 64 * 64;
    int64_t weights = plan->groups * plan->rows * plan->depth * kernel;
    int64_t counts =
        args->statistics ? 2 * s->images * s->out_h * s->out_channels : 0; /* at most */
    char *memory = tp_pool_scratch_slot(plan->pool, tp_pool_worker(plan->pool), TP_SCRATCH_SHARED,
                                        tables + (size_t)(weights + counts) * sizeof(REAL));
    if (!memory) return false;
    plan->h = (conv_axis *)(void *)memory;
    plan->w = plan->h + plan->parts_h;
    int64_t *space = (int64_t *)(void *)(memory + axes);
    conv_axis_parts(plan->h, plan->parts_h, &down, backward, &space);
    conv_axis_parts(plan->w, plan->parts_w, &across, backward, &space);
    plan->before = space;
    plan->offset = space + parts;
    plan->packed = (REAL *)(void *)(memory + tables);
    plan->counts = plan->packed + weights;
    return NAME(run_pixel_plan)(plan);
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
    size_t tables = (axes + (size_t)integers * sizeof(int64_t) + 63) / 64 * 64;
    char *memory = tp_pool_scratch_slot(plan->pool, tp_pool_worker(plan->pool), TP_SCRATCH_SHARED,
                                        tables + counts * sizeof(REAL));
    if (!memory) return false;
    plan->h = (conv_axis *)(void *)memory;
    plan->w = plan->h + plan->parts_h;
    int64_t *space = (int64_t *)(void *)(memory + axes);
    conv_axis_parts(plan->h, plan->parts_h, &down, backward, &space);
    conv_axis_parts(plan->w, plan->parts_w, &across, backward, &space);
    plan->before = space;
    plan->start = space + parts, plan->size = plan->start + plan->taps;
    plan->place = plan->size + plan->taps;
    plan->counts = (REAL *)(void *)(memory + tables);
    NAME(wide_blocks)(plan);
    NAME(wide_places)(plan);
    return NAME(run_wide_plan)(plan);
}

/* Whether vectors along the channels of the result are the better choice: they have empty lanes where the channels do not fill
 * them, and what they make must be turned; vectors along pixels have empty lanes at the end of each row of `results`, 0: one line. */
static bool NAME(wide_pays)(int64_t rows, int64_t products, int64_t results) {
    double full = (double)(products * LANES);
    double wide = full * (double)(conv_ceil_div(rows, LANES) * LANES) / (double)rows;
    double pixel = full;
    if (results > 0) pixel *= (double)(conv_ceil_div(results, LANES) * LANES) / (double)results;
    return wide + CONV_TURN_COST < pixel + CONV_STORE_COST;
}

/* ---- the entry points ---- */

static bool NAME(conv_forward)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t rows = s->out_channels / s->groups, depth = s->in_channels / s->groups;
    int64_t kernel = s->kernel_h * s->kernel_w;
    const bool flat = NAME(flat_pays)(s, rows, depth, s->out_w);
    if (NAME(wide_pays)(rows, depth * kernel, flat ? 0 : s->out_w)) {
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
    PIXEL_PLAN plan = {.args = args,
                       .pool = pool,
                       .flat = flat,
                       .groups = s->groups,
                       .rows = rows,
                       .depth = depth,
                       .source = args->x,
                       .weight = args->weight,
                       .result = args->result,
                       .result_h = s->out_h,
                       .result_w = s->out_w,
                       .weight_group = rows * depth * kernel,
                       .weight_row = depth * kernel,
                       .weight_depth = kernel};
    return NAME(compute_pixel)(&plan, false);
}

static bool NAME(conv_grad_input)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t rows = s->in_channels / s->groups, depth = s->out_channels / s->groups;
    int64_t kernel = s->kernel_h * s->kernel_w;
    int64_t products = depth * kernel / (s->stride_h * s->stride_w);
    const bool flat = NAME(flat_pays)(s, rows, depth, s->in_w);
    if (NAME(wide_pays)(rows, products, flat ? 0 : conv_ceil_div(s->in_w, s->stride_w))) {
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
    PIXEL_PLAN plan = {.args = args,
                       .pool = pool,
                       .flat = flat,
                       .groups = s->groups,
                       .rows = rows,
                       .depth = depth,
                       .source = args->y,
                       .weight = args->weight,
                       .result = args->result,
                       .result_h = s->in_h,
                       .result_w = s->in_w,
                       .weight_group = rows * depth * kernel,
                       .weight_row = kernel,
                       .weight_depth = rows * kernel};
    return NAME(compute_pixel)(&plan, true);
}
