/* Sums across lanes. A template, see gemm_tmpl.h. */

/* Adds up the lanes of four vectors; to[j] (+)= sum of v[j]. */
TP_ALWAYS_INLINE void NAME(sum_lanes)(REAL *to, const VEC *v, bool add) {
    REAL sums[DOT_COLUMNS];
    VEC x = WEAVE(v[0], v[1], 1, LOW) + WEAVE(v[0], v[1], 1, HIGH);
    VEC y = WEAVE(v[2], v[3], 1, LOW) + WEAVE(v[2], v[3], 1, HIGH);
#if LANES == 2
    sums[0] = x[0], sums[1] = x[1], sums[2] = y[0], sums[3] = y[1];
    for (int j = 0; j < DOT_COLUMNS; j++) to[j] = add ? to[j] + sums[j] : sums[j];
#else
    /* groups of four lanes, each with a part of every sum */
    typedef REAL quad
        __attribute__((vector_size(4 * sizeof(REAL)), may_alias, aligned(sizeof(REAL))));
    x = WEAVE(x, y, 2, LOW) + WEAVE(x, y, 2, HIGH);
    (void)sums;
#if LANES == 4
    quad q = (quad)x;
#elif LANES == 8
    quad q = __builtin_shufflevector(x, x, 0, 1, 2, 3) + __builtin_shufflevector(x, x, 4, 5, 6, 7);
#else
    typedef REAL octet __attribute__((vector_size(8 * sizeof(REAL))));
    octet h = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
              __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
    quad q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#endif
    if (add) q += *(const quad *)to;
    *(quad *)to = q;
#endif
}
