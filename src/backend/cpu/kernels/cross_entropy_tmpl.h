/* Cross entropy of rows of logits with its gradient. A template over lanes.h.
 *
 * With z = x - max, s = sum of exp z and p = exp(z) / s, a row of label y and weights w costs
 *     (1 - e) w_y (ln s - z_y)  +  e / C sum_c w_c (ln s - z_c)            e: smoothing, C: classes
 * and its gradient is
 *     p_c A - e / C w_c - [c = y] (1 - e) w_y,   A = (1 - e) w_y + e / C sum_c w_c.
 * Logarithms are taken of LANES rows at a time. */

#define LOWEST (-(REAL)__builtin_inf())

/* Whole rows in one chunk without weights: nothing leaves the registers between max and gradient. */
static void NAME(short_rows)(const tp_cross_entropy_rows *r, REAL *loss, int64_t first,
                             int64_t count) {
    int64_t classes = r->classes;
    const REAL *x = (const REAL *)r->logits + first * classes;
    REAL *g = r->gradient ? (REAL *)r->gradient + first * classes : NULL;
    const int64_t *label = r->label + first;
    REAL sum[LANES], rest[LANES];
    const IVEC lane = NAME(count_up)();
    for (int64_t i = 0; i < count; i++, x += classes) {
        bool ignored = label[i] == r->ignore;
        int64_t y = ignored ? 0 : label[i];
        VEC v = NAME(get_some)(x, classes, LOWEST), top = NAME(every_max)(v);
        VEC e = NAME(exp)(v - top), s = NAME(every_sum)(e);
        sum[i] = ignored ? 1 : s[0];
        rest[i] = ignored ? 0 : top[0] - x[y];
        if (!g) continue;
        VEC scale = NAME(all)((REAL)r->scale), nothing = NAME(all)(0);
        VEC slope = e * (scale / s) - NAME(pick)(lane == (INTEGER)y, scale, nothing);
        NAME(put_some)(g, ignored ? nothing : slope, classes);
        g += classes;
    }
    for (int64_t i = count; i < LANES; i++) sum[i] = 1, rest[i] = 0;
    NAME(put_some)(loss + first, NAME(log)(NAME(get)(sum)) + NAME(get)(rest), count);
}

/* Any number of classes, weights, smoothing. weights: their sum. */
static void NAME(label_row)(const tp_cross_entropy_rows *r, int64_t i, double weights, REAL *loss) {
    int64_t classes = r->classes, y = r->label[i];
    const REAL *x = (const REAL *)r->logits + i * classes, *w = r->weight;
    REAL *g = r->gradient ? (REAL *)r->gradient + i * classes : NULL;
    if (y == r->ignore) {
        *loss = 0;
        for (int64_t c = 0; g && c < classes; c++) g[c] = 0;
        return;
    }
    double each = r->smoothing / (double)classes, own = (1 - r->smoothing) * (w ? (double)w[y] : 1);
    REAL top = NAME(row_max)(x, classes);
    double sum = NAME(row_exp)(g, x, classes, top);
    double shift = NAME(log)(NAME(all)((REAL)sum))[0];
    double total = own * (shift - ((double)x[y] - top));
    if (each != 0) {
        double others = 0;
        for (int64_t c = 0; c < classes; c++)
            others += (w ? (double)w[c] : 1) * (shift - ((double)x[c] - top));
        total += each * others;
    }
    *loss = (REAL)total;
    if (!g) return;
    REAL of_p = (REAL)(r->scale * (own + each * weights) / sum), of_all = (REAL)(r->scale * each);
    for (int64_t c = 0; c < classes; c += LANES) {
        VEC v = NAME(get_some)(g + c, classes - c, 0) * of_p;
        VEC share = NAME(all)(of_all);
        if (w) share *= NAME(get_some)(w + c, classes - c, 0);
        if (each != 0) v -= share;
        NAME(put_some)(g + c, v, classes - c);
    }
    g[y] -= (REAL)(r->scale * own);
}

/* Against a distribution t, smoothed to t' = (1 - e) t + e / C: the loss is sum_c w_c t'_c (ln s - z_c), its gradient
 * p_c sum_k w_k t'_k - w_c t'_c, that of t (1 - e) w_c (ln s - z_c). */
static void NAME(probability_row)(const tp_cross_entropy_rows *r, int64_t i, REAL *loss) {
    int64_t classes = r->classes;
    const REAL *x = (const REAL *)r->logits + i * classes,
               *t = (const REAL *)r->probability + i * classes, *w = r->weight;
    REAL *g = r->gradient ? (REAL *)r->gradient + i * classes : NULL;
    REAL *gt = r->target_gradient ? (REAL *)r->target_gradient + i * classes : NULL;
    double keep = 1 - r->smoothing, each = classes ? r->smoothing / (double)classes : 0;
    REAL top = NAME(row_max)(x, classes);
    double sum = NAME(row_exp)(g, x, classes, top), total = 0, mass = 0;
    REAL shift = NAME(log)(NAME(all)((REAL)sum))[0];
    for (int64_t c = 0; c < classes; c++) {
        double weight = w ? (double)w[c] : 1, share = weight * (keep * (double)t[c] + each);
        double cost = (double)shift - ((double)x[c] - top);
        total += share * cost;
        mass += share;
        if (gt) gt[c] = (REAL)(r->scale * keep * weight * cost);
    }
    *loss = (REAL)total;
    for (int64_t c = 0; g && c < classes; c++) {
        double share = (w ? (double)w[c] : 1) * (keep * (double)t[c] + each);
        g[c] = (REAL)(r->scale * ((double)g[c] / sum * mass - share));
    }
}

static void NAME(cross_entropy)(const tp_cross_entropy_rows *r) {
    REAL *loss = r->loss;
    if (r->label && !r->weight && r->smoothing == 0 && r->classes > 0 && r->classes <= LANES) {
        for (int64_t i = 0; i < r->rows; i += LANES)
            NAME(short_rows)(r, loss, i, r->rows - i < LANES ? r->rows - i : LANES);
        return;
    }
    double weights = (double)r->classes;
    if (r->weight) {
        weights = 0;
        for (int64_t c = 0; c < r->classes; c++) weights += (double)((const REAL *)r->weight)[c];
    }
    for (int64_t i = 0; i < r->rows; i++) {
        if (r->label)
            NAME(label_row)(r, i, weights, loss + i);
        else
            NAME(probability_row)(r, i, loss + i);
    }
}

#undef LOWEST
