/* Maximum over windows, and its gradient. A template over lanes.h and pairs.h.
 *
 * Windows are read tap by tap in reading order, many windows of a row at a time, so that of equal elements the first wins and of
 * several NaN the last, as in PyTorch. */

TP_ALWAYS_INLINE void NAME(put_tap)(void *taps, int64_t i, int64_t tap, bool small) {
    if (small)
        ((uint8_t *)taps)[i] = (uint8_t)tap;
    else
        ((int32_t *)taps)[i] = (int32_t)tap;
}

/* One window anywhere; its result is number i. */
static void NAME(max_window)(const tp_pooling_args *args, const REAL *plane, tp_pool_window h,
                             tp_pool_window w, int64_t i, bool small) {
    const REAL *corner = plane + h.begin * args->w.in + w.begin;
    int64_t down = args->h.dilation * args->w.in, across = args->w.dilation;
    int64_t tap = h.first * args->w.kernel + w.first;
    REAL best = -(REAL)__builtin_inf();
    for (int64_t r = h.first; r < h.last; r++)
        for (int64_t c = w.first; c < w.last; c++) {
            REAL v = corner[r * down + c * across];
            if (!(v > best || v != v)) continue;
            best = v;
            tap = r * args->w.kernel + c;
        }
    ((REAL *)args->y)[i] = best;
    if (args->taps) NAME(put_tap)(args->taps, i, tap, small);
}

TP_ALWAYS_INLINE VEC NAME(get_stepped)(const REAL *p, int64_t stride, int64_t count) {
    return stride == 1 ? NAME(get_some)(p, count, 0) : NAME(get_evens)(p, count);
}

/* `count` windows of a row side by side, all of whose columns lie in the plane; stride 1 or 2. */
TP_ALWAYS_INLINE void NAME(max_vector)(const tp_pooling_args *args, const REAL *plane,
                                       tp_pool_window h, int64_t column, int64_t i, int64_t count,
                                       int64_t kernel_w, int64_t stride, bool taps, bool small) {
    const REAL *row = plane + (h.begin + h.first * args->h.dilation) * args->w.in + column;
    VEC best = NAME(get_stepped)(row, stride, count);
    IVEC which = (IVEC){0} + (INTEGER)(h.first * kernel_w);
    for (int64_t r = h.first; r < h.last; r++, row += args->h.dilation * args->w.in)
        for (int64_t c = r == h.first; c < kernel_w; c++) {
            VEC v = NAME(get_stepped)(row + c * args->w.dilation, stride, count);
            IVEC better = (v > best) | (v != v);
            best = NAME(pick)(better, v, best);
            if (taps) which = (which & ~better) | (better & (INTEGER)(r * kernel_w + c));
        }
    NAME(put_some)((REAL *)args->y + i, best, count);
    if (!taps) return;
    if (small && count >= LANES) {
        NAME(tap_bytes) bytes = __builtin_convertvector(which, NAME(tap_bytes));
        memcpy((uint8_t *)args->taps + i, &bytes, LANES);
        return;
    }
    for (int l = 0; l < LANES && l < count; l++) NAME(put_tap)(args->taps, i + l, which[l], small);
}

TP_ALWAYS_INLINE void NAME(max_vectors)(const tp_pooling_args *args, const REAL *plane,
                                        tp_pool_window h, int64_t begin, int64_t end, int64_t start,
                                        int64_t kernel_w, int64_t stride, bool taps) {
    bool small = tp_pool_small(args);
    for (int64_t o = begin; o < end; o += LANES) {
        int64_t column = o * stride - args->w.padding;
        NAME(max_vector)(args, plane, h, column, start + o, end - o, kernel_w, stride, taps, small);
    }
}

/* The windows [begin, end) of a row inside of the plane; result 0 of the row is number `start`. */
static void NAME(max_inner)(const tp_pooling_args *args, const REAL *plane, tp_pool_window h,
                            int64_t begin, int64_t end, int64_t start) {
    int64_t kernel = args->w.kernel, stride = args->w.stride;
    bool taps = args->taps != NULL;
    if (stride == 2 && kernel == 2 && taps)
        NAME(max_vectors)(args, plane, h, begin, end, start, 2, 2, true);
    else if (stride == 2 && kernel == 3 && taps)
        NAME(max_vectors)(args, plane, h, begin, end, start, 3, 2, true);
    else
        NAME(max_vectors)(args, plane, h, begin, end, start, kernel, stride, taps);
}

static void NAME(pool_max)(const tp_pooling_args *args) {
    if (NAME(is_two_by_two)(args)) {
        NAME(max_two_by_two)(args);
        return;
    }
    const REAL *plane = args->x;
    int64_t low, high, i = 0;
    bool small = tp_pool_small(args);
    inner_range(&args->w, &low, &high);
    if (args->w.stride > 2) low = high = 0;
    for (int64_t p = 0; p < args->planes; p++, plane += args->h.in * args->w.in)
        for (int64_t o = 0; o < args->h.out; o++, i += args->w.out) {
            tp_pool_window h = tp_pool_window_of(&args->h, o);
            for (int64_t c = 0; c < low; c++)
                NAME(max_window)(args, plane, h, tp_pool_window_of(&args->w, c), i + c, small);
            if (high > low) NAME(max_inner)(args, plane, h, low, high, i);
            for (int64_t c = high; c < args->w.out; c++)
                NAME(max_window)(args, plane, h, tp_pool_window_of(&args->w, c), i + c, small);
        }
}

/* ---- gradient ---- */

TP_ALWAYS_INLINE int64_t NAME(tap_at)(const void *taps, int64_t i, bool small) {
    return small ? ((const uint8_t *)taps)[i] : ((const int32_t *)taps)[i];
}

/* Each element of the gradient goes to the tap that won. place[t]: where tap t lies from the window's corner. */
TP_ALWAYS_INLINE void NAME(max_scatter)(const tp_pooling_args *args, const int64_t *place,
                                        bool small) {
    const REAL *g = args->x;
    REAL *gx = args->y;
    const tp_pool_axis *height = &args->h, *width = &args->w;
    int64_t i = 0;
    for (int64_t p = 0; p < args->planes; p++, gx += height->in * width->in)
        for (int64_t o = 0; o < height->out; o++) {
            REAL *row = gx + tp_pool_window_of(height, o).begin * width->in;
            for (int64_t c = 0; c < width->out; c++, i++) {
                int64_t tap = NAME(tap_at)(args->taps, i, small);
                int64_t column = width->adaptive ? tp_pool_window_of(width, c).begin
                                                 : c * width->stride - width->padding;
                if (small)
                    row[column + place[tap]] += g[i];
                else
                    row[column + tap / width->kernel * height->dilation * width->in +
                        tap % width->kernel * width->dilation] += g[i];
            }
        }
}

static void NAME(pool_max_grad)(const tp_pooling_args *args) {
    if (NAME(is_two_by_two)(args)) {
        NAME(max_grad_two_by_two)(args);
        return;
    }
    int64_t place[TP_POOL_SMALL_WINDOW];
    bool small = tp_pool_small(args);
    for (int64_t t = 0; small && t < args->h.kernel * args->w.kernel; t++)
        place[t] = t / args->w.kernel * args->h.dilation * args->w.in +
                   t % args->w.kernel * args->w.dilation;
    /* Plane by plane, so that what was cleared is still in the cache. */
    tp_pooling_args one = *args;
    one.planes = 1;
    int64_t in = args->h.in * args->w.in, out = args->h.out * args->w.out;
    for (int64_t p = 0; p < args->planes; p++) {
        memset(one.y, 0, sizeof(REAL) * (size_t)in);
        NAME(max_scatter)(&one, place, small);
        one.x = (const REAL *)one.x + out;
        one.y = (REAL *)one.y + in;
        one.taps =
            small ? (void *)((uint8_t *)one.taps + out) : (void *)((int32_t *)one.taps + out);
    }
}
