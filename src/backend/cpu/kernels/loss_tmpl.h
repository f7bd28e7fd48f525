/* Losses between elements, with their derivatives. A template over lanes.h. Each NAME(kind_terms) gets a chunk of the input x and
 * of the target t and gives the loss and its derivatives with respect to
 * x (slope) and t (back). */

#define TERMS(kind)                                                                     \
    TP_ALWAYS_INLINE void NAME(kind##_terms)(VEC x, VEC t, VEC pos, REAL p, VEC * loss, \
                                             VEC * slope, VEC * back)

TP_ALWAYS_INLINE VEC NAME(sign)(VEC d) {
    VEC one = NAME(all)(1), zero = NAME(all)(0);
    VEC s = NAME(pick)(d > 0, one, NAME(pick)(d < 0, -one, zero));
    return NAME(pick)(d != d, d, s);
}

TERMS(mse) {
    (void)pos, (void)p;
    VEC d = x - t;
    *loss = d * d;
    *slope = d + d;
    *back = -*slope;
}

TERMS(l1) {
    (void)pos, (void)p;
    VEC d = x - t;
    *loss = NAME(magnitude)(d);
    *slope = NAME(sign)(d);
    *back = -*slope;
}

/* d^2 / (2 beta) within beta, |d| - beta / 2 beyond */
TERMS(smooth_l1) {
    (void)pos;
    VEC d = x - t, size = NAME(magnitude)(d);
    IVEC inside = size < p;
    *loss = NAME(pick)(inside, d * d * (REAL)0.5 / p, size - (REAL)0.5 * p);
    *slope = NAME(pick)(inside, d / p, NAME(sign)(d));
    *back = -*slope;
}

/* d^2 / 2 within delta, delta (|d| - delta / 2) beyond */
TERMS(huber) {
    (void)pos;
    VEC d = x - t, size = NAME(magnitude)(d);
    IVEC inside = size <= p;
    *loss = NAME(pick)(inside, d * d * (REAL)0.5, (size - (REAL)0.5 * p) * p);
    *slope = NAME(pick)(inside, d, NAME(sign)(d) * p);
    *back = -*slope;
}

/* -(t ln x + (1 - t) ln(1 - x)), logarithms no lower than -100 */
TERMS(bce) {
    (void)pos, (void)p;
    VEC low = NAME(all)(-100), here = NAME(log)(x), there = NAME(log)(1 - x);
    here = NAME(pick)(here < low, low, here);
    there = NAME(pick)(there < low, low, there);
    *loss = (t - 1) * there - t * here;
    VEC room = (1 - x) * x, least = NAME(all)((REAL)1e-12f);
    *slope = (x - t) / NAME(pick)(room < least, least, room);
    *back = there - here;
}

/* (1 - t) x + q (ln(1 + exp(-|x|)) + max(-x, 0)) with q = 1 + (pos - 1) t */
TERMS(bce_logits) {
    (void)p;
    VEC zero = NAME(all)(0), e = NAME(exp)(-NAME(magnitude)(x)), q = (pos - 1) * t + 1;
    VEC cost = NAME(log_one_plus)(e) + NAME(pick)(x < 0, -x, zero);
    *loss = (1 - t) * x + q * cost;
    *back = (pos - 1) * cost - x;
    VEC opposite = NAME(pick)(x < 0, zero + 1, e) / (e + 1); /* sigmoid(-x) */
    *slope = (1 - t) - q * opposite;
}

/* t (ln t - x), 0 where t is 0 */
TERMS(kl) {
    (void)pos, (void)p;
    VEC zero = NAME(all)(0), logarithm = NAME(log)(t);
    *loss = NAME(pick)(t == 0, zero, t * logarithm) - t * x;
    *slope = -t;
    *back = NAME(pick)(t == 0, zero, logarithm + 1 - x);
}

/* exp(t) (t - x) */
TERMS(kl_log) {
    (void)pos, (void)p;
    VEC e = NAME(exp)(t);
    *loss = e * (t - x);
    *slope = -e;
    *back = e * (t - x + 1);
}

#define LOSS(kind)                                                                              \
    static double NAME(kind##_loss)(const tp_loss_elements *all) {                              \
        const REAL *x = all->input, *t = all->target, *w = all->weight, *pos = all->pos_weight; \
        REAL *to = all->loss, *g = all->gradient, *gt = all->target_gradient;                   \
        REAL p = (REAL)all->p, scale = (REAL)all->scale;                                        \
        double total = 0;                                                                       \
        VEC sum = NAME(all)(0), one = NAME(all)(1);                                             \
        for (int64_t i = 0; i < all->n; i += LANES) {                                           \
            int64_t left = all->n - i;                                                          \
            VEC loss, slope, back;                                                              \
            NAME(kind##_terms)                                                                  \
            (NAME(get_some)(x + i, left, 0), NAME(get_some)(t + i, left, 0),                    \
             pos ? NAME(get_some)(pos + i, left, 0) : one, p, &loss, &slope, &back);            \
            if (w) {                                                                            \
                VEC weight = NAME(get_some)(w + i, left, 0);                                    \
                loss *= weight;                                                                 \
                slope *= weight;                                                                \
                back *= weight;                                                                 \
            }                                                                                   \
            if (to) NAME(put_some)(to + i, loss, left);                                         \
            if (g) NAME(put_some)(g + i, slope * scale, left);                                  \
            if (gt) NAME(put_some)(gt + i, back * scale, left);                                 \
            if (left < LANES) {                                                                 \
                for (int l = 0; l < (int)left; l++) total += loss[l];                           \
                break;                                                                          \
            }                                                                                   \
            sum += loss;                                                                        \
            if (i / LANES % 64 == 63) total += NAME(lanes_sum)(sum), sum = NAME(all)(0);        \
        }                                                                                       \
        return total + NAME(lanes_sum)(sum);                                                    \
    }
LOSS(mse)
LOSS(l1)
LOSS(smooth_l1)
LOSS(huber)
LOSS(bce)
LOSS(bce_logits)
LOSS(kl)
LOSS(kl_log)

static void NAME(register_loss)(tp_loss_kernels *k, int type) {
    k->cross_entropy[type] = NAME(cross_entropy);
    k->elements[TP_LOSS_MSE][type] = NAME(mse_loss);
    k->elements[TP_LOSS_L1][type] = NAME(l1_loss);
    k->elements[TP_LOSS_SMOOTH_L1][type] = NAME(smooth_l1_loss);
    k->elements[TP_LOSS_HUBER][type] = NAME(huber_loss);
    k->elements[TP_LOSS_BCE][type] = NAME(bce_loss);
    k->elements[TP_LOSS_BCE_LOGITS][type] = NAME(bce_logits_loss);
    k->elements[TP_LOSS_KL][type] = NAME(kl_loss);
    k->elements[TP_LOSS_KL_LOG][type] = NAME(kl_log_loss);
}

#undef TERMS
#undef LOSS
