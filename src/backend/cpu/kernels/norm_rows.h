/* The passes over rows that have one set of parameters each. A template over lanes.h. */

/* Mean and sum of squared distances of a piece, in two looks at it. The second one also finds what rounding did to the mean of
 * the first. */
static void NAME(piece_moments)(const REAL *x, int64_t n, double *mean, double *square) {
    VEC sum[CHAINS] = {0}, near[CHAINS] = {0}, far[CHAINS] = {0};
    int64_t whole = n - n % (CHAINS * LANES), i = 0;
    for (; i < whole; i += CHAINS * LANES)
        TP_UNROLL for (int k = 0; k < CHAINS; k++) sum[k] += NAME(get)(x + i + k * LANES);
    for (; i < n; i += LANES) sum[0] += NAME(get_some)(x + i, n - i, 0);
    REAL middle = NAME(lanes_sum)((sum[0] + sum[1]) + (sum[2] + sum[3])) / (REAL)n;
    for (i = 0; i < whole; i += CHAINS * LANES) TP_UNROLL for (int k = 0; k < CHAINS; k++) {
            VEC d = NAME(get)(x + i + k * LANES) - middle;
            near[k] += d;
            far[k] += d * d;
        }
    for (; i < n; i += LANES) {
        VEC d = NAME(get_some)(x + i, n - i, middle) - middle;
        near[0] += d;
        far[0] += d * d;
    }
    double rest = (double)NAME(lanes_sum)((near[0] + near[1]) + (near[2] + near[3])) / (double)n;
    *mean = (double)middle + rest;
    *square =
        (double)NAME(lanes_sum)((far[0] + far[1]) + (far[2] + far[3])) - rest * rest * (double)n;
}

static void NAME(rows_moments)(const tp_normalise_args *args) {
    const REAL *x = args->x;
    for (int64_t r = 0; r < args->rows; r++, x += args->n) {
        double mean = 0, square = 0;
        for (int64_t i = 0; i < args->n; i += PIECE) {
            int64_t count = args->n - i < PIECE ? args->n - i : PIECE;
            double m, s;
            NAME(piece_moments)(x + i, count, &m, &s);
            double far = m - mean, share = (double)count / (double)(i + count);
            mean += far * share;
            square += s + far * far * share * (double)i;
        }
        args->first[r] = mean;
        args->second[r] = square;
    }
}

TP_ALWAYS_INLINE void NAME(apply_row)(const tp_normalise_args *args, const REAL *x, REAL *y,
                                      int64_t c, bool relu) {
    REAL mean = ((const REAL *)args->mean)[c], scale = ((const REAL *)args->scale)[c],
         shift = ((const REAL *)args->shift)[c];
    for (int64_t i = 0; i < args->n; i += LANES) {
        VEC v = (NAME(get_some)(x + i, args->n - i, 0) - mean) * scale + shift;
        if (relu) v = NAME(pick)(v < 0, NAME(all)(0), v);
        NAME(put_some)(y + i, v, args->n - i);
    }
}

static void NAME(rows_apply)(const tp_normalise_args *args) {
    for (int64_t r = 0; r < args->rows; r++) {
        const REAL *x = (const REAL *)args->x + r * args->n;
        REAL *y = (REAL *)args->y + r * args->n;
        int64_t c = (args->first_row + r) % args->period;
        if (args->relu)
            NAME(apply_row)(args, x, y, c, true);
        else
            NAME(apply_row)(args, x, y, c, false);
    }
}

/* The gradient behind the activation: 0 where the result was cut off, as far as `far` = x - mean tells. */
TP_ALWAYS_INLINE VEC NAME(masked)(VEC g, VEC far, REAL scale, REAL shift, bool relu) {
    return relu ? NAME(pick)(far * scale + shift <= 0, NAME(all)(0), g) : g;
}

TP_ALWAYS_INLINE void NAME(sums_of_piece)(const tp_normalise_args *args, const REAL *x,
                                          const REAL *g, int64_t n, int64_t c, bool relu,
                                          double *first, double *second) {
    REAL mean = ((const REAL *)args->mean)[c], scale = ((const REAL *)args->scale)[c],
         shift = ((const REAL *)args->shift)[c];
    VEC sum = NAME(all)(0), product = NAME(all)(0);
    for (int64_t i = 0; i < n; i += LANES) {
        VEC far = NAME(get_some)(x + i, n - i, mean) - mean;
        VEC d = NAME(masked)(NAME(get_some)(g + i, n - i, 0), far, scale, shift, relu);
        sum += d;
        product += d * far;
    }
    *first += (double)NAME(lanes_sum)(sum);
    *second += (double)NAME(lanes_sum)(product);
}

static void NAME(rows_grad_sums)(const tp_normalise_args *args) {
    for (int64_t r = 0; r < args->rows; r++) {
        const REAL *x = (const REAL *)args->x + r * args->n,
                   *g = (const REAL *)args->g + r * args->n;
        int64_t c = (args->first_row + r) % args->period;
        double first = 0, second = 0;
        for (int64_t i = 0; i < args->n; i += PIECE) {
            int64_t count = args->n - i < PIECE ? args->n - i : PIECE;
            if (args->relu)
                NAME(sums_of_piece)(args, x + i, g + i, count, c, true, &first, &second);
            else
                NAME(sums_of_piece)(args, x + i, g + i, count, c, false, &first, &second);
        }
        args->first[r] = first;
        args->second[r] = second;
    }
}

TP_ALWAYS_INLINE void NAME(grad_row)(const tp_normalise_args *args, int64_t r, bool relu,
                                     bool sloped) {
    int64_t n = args->n, c = (args->first_row + r) % args->period;
    const REAL *g = (const REAL *)args->g + r * n,
               *x = relu || sloped ? (const REAL *)args->x + r * n : g;
    REAL *gx = (REAL *)args->y + r * n;
    REAL mean = ((const REAL *)args->mean)[c], scale = ((const REAL *)args->scale)[c],
         shift = ((const REAL *)args->shift)[c];
    REAL slope = sloped ? ((const REAL *)args->slope)[c] : 0,
         offset = sloped ? ((const REAL *)args->offset)[c] : 0;
    for (int64_t i = 0; i < n; i += LANES) {
        VEC far = NAME(get_some)(x + i, n - i, mean) - mean;
        VEC d = NAME(masked)(NAME(get_some)(g + i, n - i, 0), far, scale, shift, relu) * scale;
        if (sloped) d += far * slope + offset;
        NAME(put_some)(gx + i, d, n - i);
    }
}

static void NAME(rows_grad_apply)(const tp_normalise_args *args) {
    for (int64_t r = 0; r < args->rows; r++) {
        if (args->slope) {
            if (args->relu)
                NAME(grad_row)(args, r, true, true);
            else
                NAME(grad_row)(args, r, false, true);
        } else if (args->relu) {
            NAME(grad_row)(args, r, true, false);
        } else {
            NAME(grad_row)(args, r, false, false);
        }
    }
}
