/* Softmax and its relatives along n of (outer, n, inner). A template over lanes.h.
 *
 * Along rows (inner 1) lanes are elements of one row, elsewhere they are neighbouring columns. */

#define LOWEST (-(REAL)__builtin_inf())

static void NAME(softmax_row)(REAL *out, const REAL *x, int64_t n, bool logarithm) {
    REAL top = NAME(row_max)(x, n);
    double sum = NAME(row_exp)(logarithm ? NULL : out, x, n, top);
    if (logarithm) {
        REAL shift = NAME(log)(NAME(all)((REAL)sum))[0];
        for (int64_t i = 0; i < n; i += LANES)
            NAME(put_some)(out + i, NAME(get_some)(x + i, n - i, 0) - top - shift, n - i);
    } else {
        REAL factor = (REAL)(1 / sum);
        for (int64_t i = 0; i < n; i += LANES)
            NAME(put_some)(out + i, NAME(get_some)(out + i, n - i, 0) * factor, n - i);
    }
}

/* `count` columns side by side, n rows that lie `inner` apart. */
static void NAME(softmax_columns)(REAL *out, const REAL *x, int64_t n, int64_t inner, int64_t count,
                                  bool logarithm) {
    VEC top = NAME(all)(LOWEST), sum = NAME(all)(0);
    for (int64_t i = 0; i < n; i++)
        top = NAME(larger)(top, NAME(get_some)(x + i * inner, count, 0));
    for (int64_t i = 0; i < n; i++) {
        VEC e = NAME(exp)(NAME(get_some)(x + i * inner, count, 0) - top);
        if (!logarithm) NAME(put_some)(out + i * inner, e, count);
        sum += e;
    }
    if (logarithm) sum = NAME(log)(sum);
    for (int64_t i = 0; i < n; i++) {
        VEC y = NAME(get_some)((logarithm ? x : out) + i * inner, count, 0);
        y = logarithm ? y - top - sum : y / sum;
        NAME(put_some)(out + i * inner, y, count);
    }
}

TP_ALWAYS_INLINE void NAME(softmax_any)(void *to, const void *from, int64_t outer, int64_t n,
                                        int64_t inner, bool logarithm) {
    REAL *out = to;
    const REAL *x = from;
    for (int64_t o = 0; o < outer; o++, x += n * inner, out += n * inner) {
        if (inner == 1) {
            NAME(softmax_row)(out, x, n, logarithm);
        } else {
            for (int64_t c = 0; c < inner; c += LANES)
                NAME(softmax_columns)(out + c, x + c, n, inner, inner - c, logarithm);
        }
    }
}
static void NAME(softmax)(void *out, const void *x, int64_t outer, int64_t n, int64_t inner) {
    NAME(softmax_any)(out, x, outer, n, inner, false);
}
static void NAME(log_softmax)(void *out, const void *x, int64_t outer, int64_t n, int64_t inner) {
    NAME(softmax_any)(out, x, outer, n, inner, true);
}

/* ln(sum of exp x); an infinite largest element is the answer itself. */
static void NAME(logsumexp)(void *to, const void *from, int64_t outer, int64_t n, int64_t inner) {
    REAL *out = to;
    const REAL *x = from;
    for (int64_t o = 0; o < outer; o++, x += n * inner, out += inner) {
        if (inner == 1) {
            REAL top = NAME(row_max)(x, n);
            if (top == -LOWEST || top == LOWEST)
                out[0] = top;
            else
                out[0] = top + NAME(log)(NAME(all)((REAL)NAME(row_exp)(NULL, x, n, top)))[0];
            continue;
        }
        for (int64_t c = 0; c < inner; c += LANES) {
            VEC top = NAME(all)(LOWEST), sum = NAME(all)(0);
            for (int64_t i = 0; i < n; i++)
                top = NAME(larger)(top, NAME(get_some)(x + i * inner + c, inner - c, 0));
            for (int64_t i = 0; i < n; i++)
                sum += NAME(exp)(NAME(get_some)(x + i * inner + c, inner - c, 0) - top);
            IVEC infinite = NAME(magnitude)(top) == -LOWEST;
            NAME(put_some)(out + c, NAME(pick)(infinite, top, top + NAME(log)(sum)), inner - c);
        }
    }
}

/* Softmax: gx = y (g - sum of g y); log-softmax: gx = g - exp(y) (sum of g). */
TP_ALWAYS_INLINE void NAME(grad_rows)(REAL *gx, const REAL *g, const REAL *y, int64_t n,
                                      bool logarithm) {
    double total = 0;
    VEC sum = NAME(all)(0);
    for (int64_t i = 0; i < n; i += LANES) {
        VEC v = NAME(get_some)(g + i, n - i, 0);
        if (!logarithm) v *= NAME(get_some)(y + i, n - i, 0);
        sum += v;
        if (i / LANES % 64 == 63) total += NAME(lanes_sum)(sum), sum = NAME(all)(0);
    }
    REAL all = (REAL)(total + NAME(lanes_sum)(sum));
    for (int64_t i = 0; i < n; i += LANES) {
        VEC v = NAME(get_some)(g + i, n - i, 0), r = NAME(get_some)(y + i, n - i, 0);
        NAME(put_some)(gx + i, logarithm ? v - NAME(exp)(r) * all : r * (v - all), n - i);
    }
}
TP_ALWAYS_INLINE void NAME(grad_columns)(REAL *gx, const REAL *g, const REAL *y, int64_t n,
                                         int64_t inner, int64_t count, bool logarithm) {
    VEC sum = NAME(all)(0);
    for (int64_t i = 0; i < n; i++) {
        VEC v = NAME(get_some)(g + i * inner, count, 0);
        if (!logarithm) v *= NAME(get_some)(y + i * inner, count, 0);
        sum += v;
    }
    for (int64_t i = 0; i < n; i++) {
        VEC v = NAME(get_some)(g + i * inner, count, 0),
            r = NAME(get_some)(y + i * inner, count, 0);
        NAME(put_some)(gx + i * inner, logarithm ? v - NAME(exp)(r) * sum : r * (v - sum), count);
    }
}
TP_ALWAYS_INLINE void NAME(softmax_grad_any)(void *to, const void *from, const void *result,
                                             int64_t outer, int64_t n, int64_t inner,
                                             bool logarithm) {
    REAL *gx = to;
    const REAL *g = from, *y = result;
    for (int64_t o = 0; o < outer; o++, gx += n * inner, g += n * inner, y += n * inner) {
        if (inner == 1) {
            NAME(grad_rows)(gx, g, y, n, logarithm);
        } else {
            for (int64_t c = 0; c < inner; c += LANES)
                NAME(grad_columns)(gx + c, g + c, y + c, n, inner, inner - c, logarithm);
        }
    }
}
static void NAME(softmax_grad)(void *gx, const void *g, const void *y, int64_t outer, int64_t n,
                               int64_t inner) {
    NAME(softmax_grad_any)(gx, g, y, outer, n, inner, false);
}
static void NAME(log_softmax_grad)(void *gx, const void *g, const void *y, int64_t outer, int64_t n,
                                   int64_t inner) {
    NAME(softmax_grad_any)(gx, g, y, outer, n, inner, true);
}

static void NAME(register_softmax)(tp_reduce_kernels *k, int type) {
    k->softmax[type] = NAME(softmax);
    k->log_softmax[type] = NAME(log_softmax);
    k->logsumexp[type] = NAME(logsumexp);
    k->softmax_grad[type] = NAME(softmax_grad);
    k->log_softmax_grad[type] = NAME(log_softmax_grad);
}

#undef LOWEST
