/* From the buffer in which results grow to memory. A template, see conv_tmpl.h. */

/* LANES channels of LANES pixels. */
static void NAME(wide_store)(const WIDE_PLAN *plan, REAL *to, const REAL *from, int64_t pixels,
                             int64_t rows) {
    int64_t plane = plan->result_h * plan->result_w;
    const tp_conv_args *args = plan->args;
    VEC v[LANES];
    for (int64_t p = 0; p < LANES; p++)
        v[p] = p < pixels ? NAME(load)(from + p * plan->panel) : (VEC){0};
    NAME(transpose)(v);
    for (int64_t r = 0; r < rows; r++, to += plane) {
        VEC y = v[r];
        switch (args->activation) {
        case TP_EPILOGUE_NONE: break;
        case TP_EPILOGUE_RELU: y = NAME(activate)(TP_EPILOGUE_RELU, 0, y); break;
        default: y = NAME(activate)(args->activation, (REAL)args->slope, y);
        }
        if (args->accumulate) y += NAME(load_part)(to, pixels);
        if (pixels == LANES)
            NAME(store)(to, y);
        else
            NAME(store_part)(to, y, pixels);
    }
}

static void NAME(wide_finish)(const WIDE_TASK *x, int64_t image) {
    const WIDE_PLAN *plan = x->plan;
    int64_t pixels = x->height * plan->result_w, plane = plan->result_h * plan->result_w;
    int64_t first = x->panel * plan->panel, rows = conv_least(plan->panel, plan->rows - first);
    int64_t channel = x->group * plan->rows + first;
    const REAL *from = x->sums + image * pixels * plan->panel;
    REAL *to = plan->result + ((x->image + image) * plan->groups * plan->rows + channel) * plane +
               x->row * plan->result_w;
    for (int64_t r = 0; r < rows; r += LANES) {
        for (int64_t p = 0; p < pixels; p += LANES) NAME(wide_store)
        (plan, to + r * plane + p, from + p * plan->panel + r, conv_least(LANES, pixels - p),
         conv_least(LANES, rows - r));
    }
}

/* Adds the results of an image to the sums and sums of squares. */
static void NAME(wide_count)(const WIDE_TASK *x, int64_t image) {
    const WIDE_PLAN *plan = x->plan;
    int64_t pixels = x->height * plan->result_w, first = x->panel * plan->panel;
    const REAL *from = x->sums + image * pixels * plan->panel;
    for (int64_t r = 0; r < plan->panel && first + r < plan->rows; r += LANES) {
        VEC sum = NAME(load)(x->counts + r), square = NAME(load)(x->counts + plan->panel + r);
        for (int64_t p = 0; p < pixels; p++) {
            VEC v = NAME(load)(from + p * plan->panel + r);
            sum += v;
            square += v * v;
        }
        NAME(store)(x->counts + r, sum);
        NAME(store)(x->counts + plan->panel + r, square);
    }
}
