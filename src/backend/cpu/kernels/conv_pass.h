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

/* One channel of all images. */
static void NAME(pass_channel)(const tp_conv_pass_args *x, int64_t channel) {
    VEC sum = {0};
    for (int64_t n = 0; n < x->images; n++) {
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
    if (!x->sum) return;
    REAL total = 0;
    for (int l = 0; l < LANES; l++) total += sum[l];
    REAL *to = (REAL *)x->sum + channel;
    *to = x->accumulate ? *to + total : total;
}

static void NAME(pass_channels)(void *arg, int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c++) NAME(pass_channel)(arg, c);
}

static void NAME(conv_pass)(tp_pool *pool, const tp_conv_pass_args *args) {
    int64_t each = args->images * args->pixels;
    int64_t grain = each > 0 ? 16384 / each + 1 : args->channels + 1;
    tp_parallel_for(pool, args->channels, grain, NAME(pass_channels), (void *)args);
}
