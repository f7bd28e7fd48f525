/* The passes over (rows, n) with parameters of its own for each column. A template over lanes.h. */

static void NAME(columns_moments)(const tp_normalise_args *args) {
    const REAL *x = args->x;
    int64_t n = args->n;
    for (int64_t c = 0; c < n; c += LANES) {
        VEC sum = NAME(all)(0), near = NAME(all)(0), far = NAME(all)(0);
        for (int64_t r = 0; r < args->rows; r++) sum += NAME(get_some)(x + r * n + c, n - c, 0);
        VEC mean = sum / (REAL)args->rows;
        for (int64_t r = 0; r < args->rows; r++) {
            VEC d = NAME(get_some)(x + r * n + c, n - c, 0) - mean;
            near += d;
            far += d * d;
        }
        for (int l = 0; l < LANES && c + l < n; l++) { /* `near` is what rounding did to the mean */
            double rest = (double)near[l] / (double)args->rows;
            args->first[c + l] = (double)mean[l] + rest;
            args->second[c + l] = (double)far[l] - rest * rest * (double)args->rows;
        }
    }
}

/* The parameters of the columns from c on. */
typedef struct NAME(column_set) {
    VEC mean, scale, shift;
} NAME(column_set);

TP_ALWAYS_INLINE NAME(column_set) NAME(columns_at)(const tp_normalise_args *args, int64_t c) {
    int64_t left = args->n - c;
    return (NAME(column_set)){NAME(get_some)((const REAL *)args->mean + c, left, 0),
                              NAME(get_some)((const REAL *)args->scale + c, left, 0),
                              NAME(get_some)((const REAL *)args->shift + c, left, 0)};
}

static void NAME(columns_apply)(const tp_normalise_args *args) {
    int64_t n = args->n;
    for (int64_t r = 0; r < args->rows; r++)
        for (int64_t c = 0; c < n; c += LANES) {
            NAME(column_set) p = NAME(columns_at)(args, c);
            VEC x = NAME(get_some)((const REAL *)args->x + r * n + c, n - c, 0);
            VEC v = (x - p.mean) * p.scale + p.shift;
            if (args->relu) v = NAME(pick)(v < 0, NAME(all)(0), v);
            NAME(put_some)((REAL *)args->y + r * n + c, v, n - c);
        }
}

static void NAME(columns_grad_sums)(const tp_normalise_args *args) {
    int64_t n = args->n;
    for (int64_t c = 0; c < n; c += LANES) {
        NAME(column_set) p = NAME(columns_at)(args, c);
        VEC sum = NAME(all)(0), product = NAME(all)(0);
        for (int64_t r = 0; r < args->rows; r++) {
            VEC far = NAME(get_some)((const REAL *)args->x + r * n + c, n - c, 0) - p.mean;
            VEC g = NAME(get_some)((const REAL *)args->g + r * n + c, n - c, 0);
            if (args->relu) g = NAME(pick)(far * p.scale + p.shift <= 0, NAME(all)(0), g);
            sum += g;
            product += g * far;
        }
        for (int l = 0; l < LANES && c + l < n; l++) {
            args->first[c + l] = (double)sum[l];
            args->second[c + l] = (double)product[l];
        }
    }
}

static void NAME(columns_grad_apply)(const tp_normalise_args *args) {
    int64_t n = args->n;
    for (int64_t r = 0; r < args->rows; r++)
        for (int64_t c = 0; c < n; c += LANES) {
            NAME(column_set) p = NAME(columns_at)(args, c);
            VEC g = NAME(get_some)((const REAL *)args->g + r * n + c, n - c, 0);
            VEC far = NAME(all)(0);
            if (args->relu || args->slope)
                far = NAME(get_some)((const REAL *)args->x + r * n + c, n - c, 0) - p.mean;
            if (args->relu) g = NAME(pick)(far * p.scale + p.shift <= 0, NAME(all)(0), g);
            VEC d = g * p.scale;
            if (args->slope)
                d += far * NAME(get_some)((const REAL *)args->slope + c, n - c, 0) +
                     NAME(get_some)((const REAL *)args->offset + c, n - c, 0);
            NAME(put_some)((REAL *)args->y + r * n + c, d, n - c);
        }
}
