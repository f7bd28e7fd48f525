/* Maximum over windows of 2x2 side by side without padding, and its gradient: no element is in two windows, so all are written
 * once. A template over lanes.h and pairs.h.
 *
 * The planes of a convolution's later layers are narrower than a vector. Therefore vectors reach beyond the end of a row wherever
 * the memory of the call goes on behind it: what they read there is not used, and what they write there is written again with
 * the rows that follow. Only at the end of that memory parts of vectors are used. */

typedef uint8_t NAME(tap_bytes) __attribute__((vector_size(LANES)));

static bool NAME(is_two_by_two)(const tp_pooling_args *args) {
    const tp_pool_axis *axes[2] = {&args->h, &args->w};
    for (int d = 0; d < 2; d++) {
        const tp_pool_axis *a = axes[d];
        if (a->adaptive || a->kernel != 2 || a->stride != 2 || a->padding || a->dilation != 1 ||
            2 * a->out > a->in)
            return false;
    }
    return true;
}

/* The first `count` elements of a row, of which `room` may be read or written. */
TP_ALWAYS_INLINE VEC NAME(get_within)(const REAL *p, int64_t count, int64_t room) {
    if (room >= LANES) return NAME(get)(p);
    return count > 0 ? NAME(get_some)(p, count, 0) : NAME(all)(0);
}
TP_ALWAYS_INLINE void NAME(put_within)(REAL *p, VEC v, int64_t count, int64_t room) {
    if (room >= LANES)
        NAME(put)(p, v);
    else if (count > 0)
        NAME(put_some)(p, v, count);
}
TP_ALWAYS_INLINE NAME(tap_bytes) NAME(get_taps)(const uint8_t *p, int64_t count, int64_t room) {
    NAME(tap_bytes) bytes = {0};
    if (room >= LANES)
        memcpy(&bytes, p, LANES);
    else
        for (int l = 0; l < LANES && l < count; l++) bytes[l] = p[l];
    return bytes;
}
TP_ALWAYS_INLINE void NAME(put_taps)(uint8_t *p, IVEC which, int64_t count, int64_t room) {
    NAME(tap_bytes) bytes = __builtin_convertvector(which, NAME(tap_bytes));
    if (room >= LANES)
        memcpy(p, &bytes, LANES);
    else
        for (int l = 0; l < LANES && l < count; l++) p[l] = bytes[l];
}

/* Takes v where it is larger or NaN: of equal elements the first wins, of several NaN the last. */
TP_ALWAYS_INLINE void NAME(take_larger)(VEC v, INTEGER tap, VEC *best, IVEC *which) {
    IVEC better = (v > *best) | (v != v);
    *best = NAME(pick)(better, v, *best);
    *which = (*which & ~better) | (better & tap);
}

/* What is left of a call's memory behind a place. */
typedef struct NAME(room) {
    int64_t top, bottom, result;
} NAME(room);

/* `count` windows, LANES at most. */
TP_ALWAYS_INLINE void NAME(max_of_four)(const REAL *top, const REAL *bottom, REAL *y, uint8_t *taps,
                                        int64_t count, NAME(room) room) {
    int64_t high = 2 * count - LANES;
    VEC a = NAME(get_within)(top, 2 * count, room.top);
    VEC b = NAME(get_within)(top + LANES, high, room.top - LANES);
    VEC c = NAME(get_within)(bottom, 2 * count, room.bottom);
    VEC d = NAME(get_within)(bottom + LANES, high, room.bottom - LANES);
    VEC best = NAME(evens)(a, b);
    IVEC which = {0};
    NAME(take_larger)(NAME(odds)(a, b), 1, &best, &which);
    NAME(take_larger)(NAME(evens)(c, d), 2, &best, &which);
    NAME(take_larger)(NAME(odds)(c, d), 3, &best, &which);
    NAME(put_within)(y, best, count, room.result);
    if (taps) NAME(put_taps)(taps, which, count, room.result);
}

static void NAME(max_two_by_two)(const tp_pooling_args *args) {
    const int64_t in = args->w.in, out = args->w.out, plane = args->h.in * in;
    const REAL *x = args->x, *x_end = x + args->planes * plane;
    REAL *y = args->y, *y_end = y + args->planes * args->h.out * out;
    uint8_t *taps = args->taps;
    for (int64_t p = 0; p < args->planes; p++, x += plane) {
        for (int64_t o = 0; o < args->h.out; o++, y += out, taps = taps ? taps + out : NULL) {
            const REAL *top = x + 2 * o * in, *bottom = top + in;
            for (int64_t c = 0; c < out; c += LANES) {
                NAME(room) room = {x_end - top - 2 * c, x_end - bottom - 2 * c, y_end - y - c};
                NAME(max_of_four)
                (top + 2 * c, bottom + 2 * c, y + c, taps ? taps + c : NULL, out - c, room);
            }
        }
    }
}

/* ---- gradient ---- */

/* `count` elements of the gradient, LANES at most, to the two rows of their windows. */
TP_ALWAYS_INLINE void NAME(spread_four)(const REAL *g, const uint8_t *taps, REAL *top, REAL *bottom,
                                        int64_t count, NAME(room) room) {
    int64_t high = 2 * count - LANES;
    IVEC tap = __builtin_convertvector(NAME(get_taps)(taps, count, room.result), IVEC);
    VEC zero = NAME(all)(0), v = NAME(get_within)(g, count, room.result), part[4];
    TP_UNROLL for (int t = 0; t < 4; t++) part[t] = NAME(pick)(tap == (INTEGER)t, v, zero);
    NAME(put_within)(top, NAME(zip_low)(part[0], part[1]), 2 * count, room.top);
    NAME(put_within)(top + LANES, NAME(zip_high)(part[0], part[1]), high, room.top - LANES);
    NAME(put_within)(bottom, NAME(zip_low)(part[2], part[3]), 2 * count, room.bottom);
    NAME(put_within)(bottom + LANES, NAME(zip_high)(part[2], part[3]), high, room.bottom - LANES);
}

static void NAME(max_grad_two_by_two)(const tp_pooling_args *args) {
    const int64_t in = args->w.in, out = args->w.out, plane = args->h.in * in;
    const REAL *g = args->x, *g_end = g + args->planes * args->h.out * out;
    REAL *gx = args->y, *gx_end = gx + args->planes * plane;
    const uint8_t *taps = args->taps;
    for (int64_t p = 0; p < args->planes; p++, gx += plane) {
        for (int64_t o = 0; o < args->h.out; o++, g += out, taps += out) {
            REAL *top = gx + 2 * o * in, *bottom = top + in;
            /* from the right, so that a reach from the upper row into the lower one comes first */
            for (int64_t c = (out - 1) / LANES * LANES; c >= 0; c -= LANES) {
                NAME(room) room = {gx_end - top - 2 * c, gx_end - bottom - 2 * c, g_end - g - c};
                NAME(spread_four)(g + c, taps + c, top + 2 * c, bottom + 2 * c, out - c, room);
            }
            for (int64_t c = 2 * out; c < in; c++) top[c] = bottom[c] = 0;
        }
        for (int64_t k = 2 * args->h.out * in; k < plane; k++) gx[k] = 0;
    }
}
