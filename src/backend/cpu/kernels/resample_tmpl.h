/* Included once for each type by resample.c: REAL and the names NAME(x). */

/* to += weight * from */
static void NAME(add_scaled)(REAL *restrict to, const REAL *restrict from, REAL weight, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] += weight * from[i];
}

static void NAME(resample)(const tp_resample_args *args) {
    const tp_resample_axis *h = &args->h, *w = &args->w;
    const REAL *x = args->x;
    REAL *y = args->y, *row = args->row;
    for (int64_t p = 0; p < args->planes; p++, x += h->in * w->in)
        for (int64_t o = 0; o < h->out; o++, y += w->out) {
            memset(row, 0, sizeof(REAL) * (size_t)w->in);
            for (int64_t k = o * h->taps; k < (o + 1) * h->taps; k++)
                NAME(add_scaled)(row, x + h->from[k] * w->in, (REAL)h->weight[k], w->in);
            for (int64_t c = 0; c < w->out; c++) {
                REAL sum = 0;
                for (int64_t k = c * w->taps; k < (c + 1) * w->taps; k++)
                    sum += (REAL)w->weight[k] * row[w->from[k]];
                y[c] = sum;
            }
        }
}

static void NAME(resample_grad)(const tp_resample_args *args) {
    const tp_resample_axis *h = &args->h, *w = &args->w;
    const REAL *g = args->x;
    REAL *gx = args->y, *row = args->row;
    for (int64_t p = 0; p < args->planes; p++, gx += h->in * w->in) {
        memset(gx, 0, sizeof(REAL) * (size_t)(h->in * w->in));
        for (int64_t o = 0; o < h->out; o++, g += w->out) {
            memset(row, 0, sizeof(REAL) * (size_t)w->in);
            for (int64_t c = 0; c < w->out; c++)
                for (int64_t k = c * w->taps; k < (c + 1) * w->taps; k++)
                    row[w->from[k]] += (REAL)w->weight[k] * g[c];
            for (int64_t k = o * h->taps; k < (o + 1) * h->taps; k++)
                NAME(add_scaled)(gx + h->from[k] * w->in, row, (REAL)h->weight[k], w->in);
        }
    }
}
