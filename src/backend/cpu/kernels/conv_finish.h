/* From sums to results: bias, activation, where they go; and the sums that batch normalisation needs. A template, see
 * conv_tmpl.h. */

/* n results that stand one after the other. */
TP_ALWAYS_INLINE void NAME(finish_line)(tp_epilogue activation, REAL slope, REAL *to,
                                        const REAL *sums, int64_t n, REAL bias, bool add) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        VEC v = NAME(activate)(activation, slope, NAME(load)(sums + i) + bias);
        if (add) v += NAME(load)(to + i);
        NAME(store)(to + i, v);
    }
    if (i == n) return;
    VEC v = NAME(activate)(activation, slope, NAME(load)(sums + i) + bias);
    if (add) v += NAME(load_part)(to + i, n - i);
    NAME(store_part)(to + i, v, n - i);
}

static void NAME(finish_run)(const tp_conv_args *args, REAL *to, int64_t stride, const REAL *sums,
                             int64_t n, REAL bias) {
    REAL slope = (REAL)args->slope;
    if (stride != 1) { /* an input gradient: no activation */
        for (int64_t i = 0; i < n; i++) {
            REAL v = sums[i] + bias;
            to[i * stride] = args->accumulate ? to[i * stride] + v : v;
        }
        return;
    }
    switch (args->activation) {
#define CASE(kind) \
    case kind: NAME(finish_line)(kind, slope, to, sums, n, bias, false); break;
        CASE(TP_EPILOGUE_RELU)
        CASE(TP_EPILOGUE_LEAKY_RELU)
        CASE(TP_EPILOGUE_SIGMOID)
        CASE(TP_EPILOGUE_TANH)
#undef CASE
    default: NAME(finish_line)(TP_EPILOGUE_NONE, slope, to, sums, n, bias, args->accumulate);
    }
}

/* counts[0..] += sums, counts[LANES..] += their squares */
static void NAME(count_run)(REAL *counts, const REAL *sums, int64_t n, REAL bias) {
    VEC sum = NAME(load)(counts), square = NAME(load)(counts + LANES);
    for (int64_t i = 0; i < n; i += LANES) {
        VEC v = NAME(load)(sums + i) + bias;
        if (n - i < LANES) {
            REAL part[LANES] __attribute__((aligned(64))) = {0};
            NAME(store_part)(part, v, n - i);
            v = NAME(load)(part);
        }
        sum += v;
        square += v * v;
    }
    NAME(store)(counts, sum);
    NAME(store)(counts + LANES, square);
}

/* Adds up what the tasks have counted, in their order. */
static void NAME(add_counts)(const PLAN *plan) {
    double *total = plan->args->statistics;
    int64_t channels = plan->rows * plan->groups, blocks = plan->blocks_n * plan->blocks_h;
    for (int64_t i = 0; i < 2 * channels; i++) total[i] = 0;
    for (int64_t block = 0; block < blocks; block++) {
        for (int64_t c = 0; c < channels; c++) {
            const REAL *counts = plan->counts + 2 * (block * channels + c);
            total[c] += (double)counts[0];
            total[channels + c] += (double)counts[1];
        }
    }
}
