/* Average over windows, and its gradient. A template over lanes.h and pairs.h.
 *
 * First the rows of the window are added up, then stretches of that one row; the gradient goes the other way. */

/* What the sum of window (h, w) is divided by. */
static double NAME(divisor_of)(const tp_pooling_args *args, tp_pool_window h, tp_pool_window w) {
    if (args->divisor != 0) return args->divisor;
    if (args->exclude_pad || args->h.adaptive)
        return (double)((h.last - h.first) * (w.last - w.first));
    /* What lies behind the padding does not count, where ceil_mode made a window reach so far. */
    int64_t down = args->h.in + args->h.padding - h.begin,
            across = args->w.in + args->w.padding - w.begin;
    if (down > args->h.kernel) down = args->h.kernel;
    if (across > args->w.kernel) across = args->w.kernel;
    return (double)(down * across);
}

static void NAME(add_rows)(REAL *sum, const REAL *x, int64_t rows, int64_t width) {
    for (int64_t c = 0; c < width; c += LANES) {
        VEC total = NAME(get_some)(x + c, width - c, 0);
        for (int64_t r = 1; r < rows; r++) total += NAME(get_some)(x + r * width + c, width - c, 0);
        NAME(put_some)(sum + c, total, width - c);
    }
}

static REAL NAME(stretch_sum)(const REAL *row, int64_t count) {
    REAL sum = 0;
    for (int64_t c = 0; c < count; c++) sum += row[c];
    return sum;
}

/* True where the one window of each plane is the whole plane. */
static bool NAME(is_global)(const tp_pooling_args *args) {
    if (args->h.out != 1 || args->w.out != 1) return false;
    tp_pool_window h = tp_pool_window_of(&args->h, 0), w = tp_pool_window_of(&args->w, 0);
    return h.last - h.first == args->h.in && w.last - w.first == args->w.in;
}

static void NAME(average_global)(const tp_pooling_args *args) {
    double divisor =
        NAME(divisor_of)(args, tp_pool_window_of(&args->h, 0), tp_pool_window_of(&args->w, 0));
    int64_t n = args->h.in * args->w.in;
    const REAL *x = args->x;
    REAL *y = args->y;
    for (int64_t p = 0; p < args->planes; p++, x += n) {
        VEC sum = NAME(all)(0);
        for (int64_t i = 0; i < n; i += LANES) sum += NAME(get_some)(x + i, n - i, 0);
        y[p] = (REAL)(NAME(lanes_sum)(sum) / (REAL)divisor);
    }
}

/* The windows [begin, end) of a row, all of whose columns lie in the plane; stride 1 or 2. */
static void NAME(average_inner)(const tp_pooling_args *args, const REAL *row, REAL *y,
                                int64_t begin, int64_t end, double divisor) {
    int64_t stride = args->w.stride;
    for (int64_t o = begin; o < end; o += LANES) {
        const REAL *p = row + o * stride - args->w.padding;
        VEC sum = NAME(all)(0);
        for (int64_t c = 0; c < args->w.kernel; c++)
            sum +=
                stride == 1 ? NAME(get_some)(p + c, end - o, 0) : NAME(get_evens)(p + c, end - o);
        NAME(put_some)(y + o, sum / (REAL)divisor, end - o);
    }
}

/* The windows [begin, end) wherever they lie. */
static void NAME(average_edge)(const tp_pooling_args *args, const REAL *row, REAL *y,
                               tp_pool_window h, int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; o++) {
        tp_pool_window w = tp_pool_window_of(&args->w, o);
        y[o] = NAME(stretch_sum)(row + w.begin + w.first, w.last - w.first) /
               (REAL)NAME(divisor_of)(args, h, w);
    }
}

static void NAME(pool_average)(const tp_pooling_args *args) {
    const REAL *plane = args->x;
    REAL *y = args->y, *row = args->row;
    int64_t low, high, width = args->w.in;
    if (NAME(is_global)(args)) {
        NAME(average_global)(args);
        return;
    }
    inner_range(&args->w, &low, &high);
    if (args->w.stride > 2) low = high = 0;
    for (int64_t p = 0; p < args->planes; p++, plane += args->h.in * width)
        for (int64_t o = 0; o < args->h.out; o++, y += args->w.out) {
            tp_pool_window h = tp_pool_window_of(&args->h, o);
            NAME(add_rows)(row, plane + (h.begin + h.first) * width, h.last - h.first, width);
            double divisor = NAME(divisor_of)(args, h, tp_pool_window_of(&args->w, low));
            if (high > low) NAME(average_inner)(args, row, y, low, high, divisor);
            NAME(average_edge)(args, row, y, h, 0, low);
            NAME(average_edge)(args, row, y, h, high, args->w.out);
        }
}

/* ---- gradient ---- */

/* What one row of the gradient gives to each row of the windows. */
static void NAME(spread_row)(const tp_pooling_args *args, const REAL *g, REAL *row,
                             tp_pool_window h) {
    memset(row, 0, sizeof(REAL) * (size_t)args->w.in);
    for (int64_t c = 0; c < args->w.out; c++) {
        tp_pool_window w = tp_pool_window_of(&args->w, c);
        REAL share = g[c] / (REAL)NAME(divisor_of)(args, h, w);
        for (int64_t t = w.first; t < w.last; t++) row[w.begin + t] += share;
    }
}

static void NAME(add_row)(REAL *to, const REAL *row, int64_t width) {
    for (int64_t c = 0; c < width; c += LANES) {
        VEC sum = NAME(get_some)(to + c, width - c, 0) + NAME(get_some)(row + c, width - c, 0);
        NAME(put_some)(to + c, sum, width - c);
    }
}

static void NAME(pool_average_grad)(const tp_pooling_args *args) {
    const REAL *g = args->x;
    REAL *gx = args->y, *row = args->row;
    int64_t width = args->w.in, size = args->h.in * width;
    for (int64_t p = 0; p < args->planes; p++, gx += size) {
        memset(gx, 0, sizeof(REAL) * (size_t)size);
        for (int64_t o = 0; o < args->h.out; o++, g += args->w.out) {
            tp_pool_window h = tp_pool_window_of(&args->h, o);
            NAME(spread_row)(args, g, row, h);
            for (int64_t r = h.first; r < h.last; r++)
                NAME(add_row)(gx + (h.begin + r) * width, row, width);
        }
    }
}
