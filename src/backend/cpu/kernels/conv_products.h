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

static bool NAME(conv_forward)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t depth = s->in_channels / s->groups, kernel = s->kernel_h * s->kernel_w;
    PLAN plan = {.args = args,
                 .groups = s->groups,
                 .rows = s->out_channels / s->groups,
                 .depth = depth,
                 .source = args->x,
                 .weight = args->weight,
                 .result = args->result,
                 .source_plane = s->in_h * s->in_w,
                 .result_plane = s->out_h * s->out_w,
                 .result_width = s->out_w,
                 .weight_group = s->out_channels / s->groups * depth * kernel,
                 .weight_row = depth * kernel,
                 .weight_depth = kernel};
    return NAME(compute)(&plan, pool, -1, -1);
}

static bool NAME(conv_grad_input)(tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t rows = s->in_channels / s->groups, kernel = s->kernel_h * s->kernel_w;
    for (int64_t first_h = 0; first_h < NAME(least)(s->stride_h, s->in_h); first_h++) {
        for (int64_t first_w = 0; first_w < NAME(least)(s->stride_w, s->in_w); first_w++) {
            PLAN plan = {.args = args,
                         .groups = s->groups,
                         .rows = rows,
                         .depth = s->out_channels / s->groups,
                         .source = args->y,
                         .weight = args->weight,
                         .result = args->result,
                         .source_plane = s->out_h * s->out_w,
                         .result_plane = s->in_h * s->in_w,
                         .result_width = s->in_w,
                         .weight_group = s->out_channels / s->groups * rows * kernel,
                         .weight_row = kernel,
                         .weight_depth = rows * kernel};
            if (!NAME(compute)(&plan, pool, first_h, first_w)) return false;
        }
    }
    return true;
}
