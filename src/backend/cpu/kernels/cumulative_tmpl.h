/* Running sums and products of one type. A template: TYPE of the elements, SUM that of the results, ACCUMULATOR what they are
 * kept in on the way, NAME. */

#define RUNNING(kind, START, JOIN)                                                                \
    static void NAME(kind)(void *to, const void *from, int64_t outer, int64_t n, int64_t inner) { \
        enum { WIDTH = 64 };                                                                      \
        SUM *out = to;                                                                            \
        const TYPE *x = from;                                                                     \
        for (int64_t o = 0; o < outer; o++, x += n * inner, out += n * inner)                     \
            for (int64_t c = 0; c < inner; c += WIDTH) {                                          \
                int64_t width = inner - c < WIDTH ? inner - c : WIDTH;                            \
                ACCUMULATOR total[WIDTH];                                                         \
                for (int64_t l = 0; l < width; l++) total[l] = START;                             \
                for (int64_t i = 0; i < n; i++)                                                   \
                    for (int64_t l = 0; l < width; l++) {                                         \
                        total[l] = total[l] JOIN(ACCUMULATOR) x[i * inner + c + l];               \
                        out[i * inner + c + l] = (SUM)total[l];                                   \
                    }                                                                             \
            }                                                                                     \
    }
RUNNING(cumsum, 0, +)
RUNNING(cumprod, 1, *)
#undef RUNNING

static void NAME(register_cumulative)(tp_reduce_kernels *k, tp_dtype dtype) {
    k->cumsum[dtype] = NAME(cumsum);
    k->cumprod[dtype] = NAME(cumprod);
}

#ifdef TYPE_IS_REAL
/* d(product)/d(x_i) is the product of all the others: what stands before i times what stands behind. Right for zeros too. */
static void NAME(prod_grad)(void *to, const void *from, const void *saved, int64_t outer, int64_t n,
                            int64_t inner) {
    TYPE *gx = to;
    const TYPE *g = from, *x = saved;
    for (int64_t o = 0; o < outer; o++, gx += n * inner, x += n * inner, g += inner)
        for (int64_t c = 0; c < inner; c++) {
            double before = 1, behind = (double)g[c];
            for (int64_t i = 0; i < n; i++) {
                gx[i * inner + c] = (TYPE)before;
                before *= (double)x[i * inner + c];
            }
            for (int64_t i = n - 1; i >= 0; i--) {
                gx[i * inner + c] = (TYPE)((double)gx[i * inner + c] * behind);
                behind *= (double)x[i * inner + c];
            }
        }
}

/* One column of the gradient of cumprod, y_k = x_0 ... x_k. Up to the first zero at z, gx_i = (sum_{k >= i} g_k y_k) / x_i; at z the
 * products without x_z, which end at the next zero; behind it nothing. */
static void NAME(cumprod_grad_column)(TYPE *gx, const TYPE *g, const TYPE *x, int64_t n,
                                      int64_t step) {
    double product = 1, tail = 0;
    int64_t zero = 0;
    for (; zero < n && x[zero * step] != 0; zero++) {
        product *= (double)x[zero * step];
        gx[zero * step] = (TYPE)((double)g[zero * step] * product);
    }
    for (int64_t i = zero - 1; i >= 0; i--) {
        tail += (double)gx[i * step];
        gx[i * step] = (TYPE)(tail / (double)x[i * step]);
    }
    if (zero == n) return;
    double sum = (double)g[zero * step] * product;
    for (int64_t k = zero + 1; k < n && x[k * step] != 0; k++) {
        product *= (double)x[k * step];
        sum += (double)g[k * step] * product;
    }
    gx[zero * step] = (TYPE)sum;
    for (int64_t i = zero + 1; i < n; i++) gx[i * step] = 0;
}
static void NAME(cumprod_grad)(void *to, const void *from, const void *saved, int64_t outer,
                               int64_t n, int64_t inner) {
    TYPE *gx = to;
    const TYPE *g = from, *x = saved;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t c = 0; c < inner; c++) {
            int64_t start = o * n * inner + c;
            NAME(cumprod_grad_column)(gx + start, g + start, x + start, n, inner);
        }
}
#endif

#undef TYPE
#undef SUM
#undef ACCUMULATOR
#undef NAME
#undef TYPE_IS_REAL
