/* The passes of layer normalisation: a mean and a scale for each row, a weight and a bias for each column. A template over
 * lanes.h, behind norm_rows.h. */

static void NAME(affine_moments)(const tp_normalise_args *args) { NAME(rows_moments)(args); }

static void NAME(affine_apply)(const tp_normalise_args *args) {
    const REAL *weight = args->weight, *bias = args->bias;
    int64_t n = args->n;
    for (int64_t r = 0; r < args->rows; r++) {
        const REAL *x = (const REAL *)args->x + r * n;
        REAL *y = (REAL *)args->y + r * n;
        int64_t c = args->first_row + r;
        REAL mean = ((const REAL *)args->mean)[c], scale = ((const REAL *)args->scale)[c],
             shift = ((const REAL *)args->shift)[c];
        for (int64_t i = 0; i < n; i += LANES) {
            VEC v = (NAME(get_some)(x + i, n - i, 0) - mean) * scale + shift;
            v = v * NAME(get_some)(weight + i, n - i, 0) + NAME(get_some)(bias + i, n - i, 0);
            NAME(put_some)(y + i, v, n - i);
        }
    }
}

static void NAME(affine_grad_sums)(const tp_normalise_args *args) {
    const REAL *weight = args->weight;
    int64_t n = args->n;
    for (int64_t r = 0; r < args->rows; r++) {
        const REAL *x = (const REAL *)args->x + r * n, *g = (const REAL *)args->g + r * n;
        REAL mean = ((const REAL *)args->mean)[args->first_row + r];
        VEC sum = NAME(all)(0), product = NAME(all)(0);
        for (int64_t i = 0; i < n; i += LANES) {
            VEC d = NAME(get_some)(g + i, n - i, 0) * NAME(get_some)(weight + i, n - i, 0);
            sum += d;
            product += d * (NAME(get_some)(x + i, n - i, mean) - mean);
        }
        args->first[r] = (double)NAME(lanes_sum)(sum);
        args->second[r] = (double)NAME(lanes_sum)(product);
    }
}

static void NAME(affine_grad_apply)(const tp_normalise_args *args) {
    const REAL *weight = args->weight;
    int64_t n = args->n;
    for (int64_t r = 0; r < args->rows; r++) {
        const REAL *x = (const REAL *)args->x + r * n, *g = (const REAL *)args->g + r * n;
        REAL *gx = (REAL *)args->y + r * n;
        int64_t c = args->first_row + r;
        REAL mean = ((const REAL *)args->mean)[c], scale = ((const REAL *)args->scale)[c],
             slope = ((const REAL *)args->slope)[c], offset = ((const REAL *)args->offset)[c];
        for (int64_t i = 0; i < n; i += LANES) {
            VEC d = NAME(get_some)(g + i, n - i, 0) * NAME(get_some)(weight + i, n - i, 0);
            VEC far = NAME(get_some)(x + i, n - i, 0) - mean;
            NAME(put_some)(gx + i, d * scale + (far * slope + offset), n - i);
        }
    }
}

static void NAME(affine_column_grads)(const tp_normalise_args *args) {
    int64_t n = args->n;
    for (int64_t i = 0; i < n; i += LANES) {
        VEC product = NAME(all)(0), sum = NAME(all)(0);
        for (int64_t r = 0; r < args->rows; r++) {
            int64_t c = args->first_row + r;
            VEC g = NAME(get_some)((const REAL *)args->g + r * n + i, n - i, 0);
            VEC far = NAME(get_some)((const REAL *)args->x + r * n + i, n - i, 0) -
                      ((const REAL *)args->mean)[c];
            product += g * (far * ((const REAL *)args->scale)[c] + ((const REAL *)args->shift)[c]);
            sum += g;
        }
        for (int l = 0; l < LANES && i + l < n; l++) {
            args->first[i + l] = (double)product[l];
            args->second[i + l] = (double)sum[l];
        }
    }
}
