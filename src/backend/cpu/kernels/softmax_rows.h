/* The two passes over a row that softmax and cross entropy share. A template over lanes.h. */
#define LOWEST (-(REAL)__builtin_inf())

static REAL NAME(row_max)(const REAL *x, int64_t n) {
    VEC top = NAME(all)(LOWEST);
    for (int64_t i = 0; i < n; i += LANES)
        top = NAME(larger)(top, NAME(get_some)(x + i, n - i, LOWEST));
    return NAME(lanes_max)(top);
}

/* The sum of exp(x - top); the terms go to out unless it is NULL. Lanes are joined in double after each block. Those behind the
 * end add exp(-inf), which is 0 unless the row holds nothing finite: it comes to NaN then in any case. */
static double NAME(row_exp)(REAL *out, const REAL *x, int64_t n, REAL top) {
    enum { BLOCK = 64 };
    double total = 0;
    for (int64_t start = 0; start < n; start += BLOCK * LANES) {
        int64_t end = n - start < BLOCK * LANES ? n : start + BLOCK * LANES;
        VEC sum = NAME(all)(0);
        for (int64_t i = start; i < end; i += LANES) {
            VEC e = NAME(exp)(NAME(get_some)(x + i, n - i, LOWEST) - top);
            if (out) NAME(put_some)(out + i, e, n - i);
            sum += e;
        }
        total += NAME(lanes_sum)(sum);
    }
    return total;
}

#undef LOWEST
