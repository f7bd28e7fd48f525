/* One pass over the gradient of an activated convolution: the activation's derivative and the sum for the bias. A template, see
 * conv_tmpl.h. */

TP_ALWAYS_INLINE VEC NAME(pass_line)(tp_epilogue activation, REAL slope, REAL *to, const REAL *g,
                                     const REAL *y, int64_t n) {
    VEC sum = {0};
    for (int64_t i = 0; i < n; i += LANES) {
        int64_t left = n - i;
        bool whole = left >= LANES;
        VEC v = whole ? NAME(load)(g + i) : NAME(load_part)(g + i, left);
        if (activation != TP_EPILOGUE_NONE)
            v = NAME(derive)(activation, slope, v,
                             whole ? NAME(load)(y + i) : NAME(load_part)(y + i, left));
        sum += v;
        if (!to) continue;
        if (whole)
            NAME(store)(to + i, v);
        else
            NAME(store_part)(to + i, v, left);
    }
    return sum;
}

/* Images [begin, end) of one channel; returns the sum. */
static REAL NAME(pass_planes)(const tp_conv_pass_args *x, int64_t channel, int64_t begin,
                              int64_t end) {
    VEC sum = {0};
    for (int64_t n = begin; n < end; n++) {
        int64_t at = (n * x->channels + channel) * x->pixels;
        const REAL *g = (const REAL *)x->g + at, *y = x->y ? (const REAL *)x->y + at : NULL;
        REAL *to = x->gz ? (REAL *)x->gz + at : NULL;
        switch (x->activation) {
#define CASE(kind) \
    case kind: sum += NAME(pass_line)(kind, (REAL)x->slope, to, g, y, x->pixels); break;
            CASE(TP_EPILOGUE_RELU)
            CASE(TP_EPILOGUE_LEAKY_RELU)
            CASE(TP_EPILOGUE_SIGMOID)
            CASE(TP_EPILOGUE_TANH)
#undef CASE
        default: sum += NAME(pass_line)(TP_EPILOGUE_NONE, 0, to, g, y, x->pixels);
        }
    }
    REAL total = 0;
    for (int l = 0; l < LANES; l++) total += sum[l];
    return total;
}

static void NAME(keep_sum)(const tp_conv_pass_args *x, int64_t channel, REAL total) {
    REAL *to = (REAL *)x->sum + channel;
    *to = x->accumulate ? *to + total : total;
}

static void NAME(pass_channels)(void *arg, int64_t begin, int64_t end) {
    const tp_conv_pass_args *x = arg;
    for (int64_t c = begin; c < end; c++) {
        REAL total = NAME(pass_planes)(x, c, 0, x->images);
        if (x->sum) NAME(keep_sum)(x, c, total);
    }
}

/* Parts of the images. */
typedef struct NAME(pass_parts) {
    const tp_conv_pass_args *args;
    int64_t parts;
    REAL *sums; /* (parts, channels) */
} NAME(pass_parts);

static void NAME(pass_images)(void *arg, int64_t part, int worker) {
    (void)worker;
    const NAME(pass_parts) *all = arg;
    const tp_conv_pass_args *x = all->args;
    int64_t begin = x->images * part / all->parts, end = x->images * (part + 1) / all->parts;
    for (int64_t c = 0; c < x->channels; c++)
        all->sums[part * x->channels + c] = NAME(pass_planes)(x, c, begin, end);
}

/* Threads share the images, as they do in what made g and will read gz, so that it stays in their caches; the channels where images are
 * few. */
static void NAME(conv_pass)(tp_pool *pool, const tp_conv_pass_args *args) {
    enum { PARTS = CONV_PASS_PARTS };
    const int64_t channels = args->channels, each = args->images * args->pixels;
    NAME(pass_parts) all = {.args = args, .parts = PARTS};
    if (args->images >= PARTS && channels * each > CONV_PASS_GRAIN)
        all.sums = tp_pool_scratch_slot(pool, tp_pool_worker(pool), TP_SCRATCH_SHARED,
                                        (size_t)(PARTS * channels) * sizeof(REAL));
    if (!all.sums) {
        int64_t grain = each > 0 ? CONV_PASS_GRAIN / each + 1 : channels + 1;
        tp_parallel_for(pool, channels, grain, NAME(pass_channels), (void *)args);
        return;
    }
    tp_pool_run(pool, PARTS, NAME(pass_images), &all);
    for (int64_t c = 0; c < channels && args->sum; c++) {
        REAL total = 0;
        for (int64_t p = 0; p < PARTS; p++) total += all.sums[p * channels + c];
        NAME(keep_sum)(args, c, total);
    }
}
