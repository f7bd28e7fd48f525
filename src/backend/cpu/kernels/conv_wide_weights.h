/* Weights of one panel of channels of the result in the order of use: [part][source channel][column
 * tap][row tap][panel], or with the column taps outside of the channels. Each
 * task packs its own right before it uses them: they are in the cache then, and turning them costs little beside what is done
 * with them. A template, see conv_tmpl.h. */

/* Where the vector of kernel element `tap` of source channel `channel` goes. */
static REAL *NAME(wide_vector)(const WIDE_TASK *x, int64_t channel, int64_t tap) {
    const WIDE_PLAN *plan = x->plan;
    int64_t vector = plan->start[tap] * plan->depth + channel * plan->size[tap] + plan->place[tap];
    return x->packed + vector * plan->panel;
}

/* LANES channels of the result and at most LANES elements of the weight that lie side by side, turned. */
static void NAME(pack_block)(const WIDE_TASK *x, int64_t row, int64_t channel, int64_t tap,
                             int64_t count) {
    const WIDE_PLAN *plan = x->plan;
    const REAL *from = plan->weight + x->group * plan->weight_group + row * plan->weight_row +
                       channel * plan->weight_depth + tap;
    int64_t rows = conv_least(LANES, plan->rows - row);
    VEC v[LANES];
    if (rows == LANES && count == LANES) {
        for (int64_t r = 0; r < LANES; r++) v[r] = NAME(load)(from + r * plan->weight_row);
    } else {
        for (int64_t r = 0; r < LANES; r++)
            v[r] = r < rows ? NAME(load_part)(from + r * plan->weight_row, count) : (VEC){0};
    }
    NAME(transpose)(v);
    for (int64_t i = 0; i < count; i++) {
        NAME(store)(NAME(wide_vector)(x, channel, tap) + row % plan->panel, v[i]);
        if (++tap == plan->taps) tap = 0, channel++;
    }
}

static void NAME(pack_wide)(const WIDE_TASK *x) {
    const WIDE_PLAN *plan = x->plan;
    int64_t first = x->panel * plan->panel;
    bool joined = plan->weight_depth == plan->taps; /* channels follow each other */
    int64_t length = joined ? plan->depth * plan->taps : plan->taps;
    for (int64_t row = first; row < first + plan->panel; row += LANES) {
        for (int64_t c = 0; c < (joined ? 1 : plan->depth); c++) {
            for (int64_t k = 0; k < length; k += LANES) NAME(pack_block)
            (x, row, c + k / plan->taps, k % plan->taps, conv_least(LANES, length - k));
        }
    }
}
