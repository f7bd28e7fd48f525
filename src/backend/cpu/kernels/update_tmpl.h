/* Optimiser steps for one type T (float or double): NAME(x) makes the names. One pass over memory each. */

static void NAME(sgd)(int64_t n, void *restrict parameter, const void *restrict gradient,
                      void *restrict momentum, void *restrict unused2, void *restrict unused3,
                      const tp_update_args *args) {
    (void)unused2;
    (void)unused3;
    T *restrict p = parameter;
    const T *restrict g = gradient;
    T *restrict m = momentum;
    const T lr = (T)args->lr, decay = (T)args->weight_decay, mu = (T)args->momentum;
    const T keep = (T)(1 - args->dampening), sign = args->maximize ? -(T)1 : (T)1;
    if (!m) {
        if (decay == 0) {
            for (int64_t i = 0; i < n; i++) p[i] -= lr * (sign * g[i]);
        } else {
            for (int64_t i = 0; i < n; i++) p[i] -= lr * (sign * g[i] + decay * p[i]);
        }
    } else if (args->first) { /* the buffer starts as the gradient itself, undamped */
        for (int64_t i = 0; i < n; i++) {
            T d = sign * g[i] + decay * p[i];
            m[i] = d;
            p[i] -= lr * (args->nesterov ? d + mu * d : d);
        }
    } else if (args->nesterov) {
        for (int64_t i = 0; i < n; i++) {
            T d = sign * g[i] + decay * p[i];
            m[i] = mu * m[i] + keep * d;
            p[i] -= lr * (d + mu * m[i]);
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            T d = sign * g[i] + decay * p[i];
            m[i] = mu * m[i] + keep * d;
            p[i] -= lr * m[i];
        }
    }
}

/* Adam, Kingma and Ba 2014; decoupled decay: AdamW, Loshchilov and Hutter 2017. correction1 = 1 - beta1^t,
 * correction2 = 1 - beta2^t. */
static void NAME(adam)(int64_t n, void *restrict parameter, const void *restrict gradient,
                       void *restrict mean, void *restrict square, void *restrict largest,
                       const tp_update_args *args) {
    T *restrict p = parameter;
    const T *restrict g = gradient;
    T *restrict m = mean;
    T *restrict v = square;
    T *restrict top = largest;
    const T beta1 = (T)args->beta1, rest1 = (T)(1 - args->beta1), beta2 = (T)args->beta2,
            rest2 = (T)(1 - args->beta2);
    const T step = (T)(args->lr / args->correction1), scale = (T)(1 / SQRT(args->correction2)),
            eps = (T)args->eps;
    const T decay = args->decoupled ? 0 : (T)args->weight_decay;
    const T shrink = args->decoupled ? (T)(1 - args->lr * args->weight_decay) : 1;
    const T sign = args->maximize ? -(T)1 : (T)1;
    if (!top) {
        for (int64_t i = 0; i < n; i++) {
            T q = p[i] * shrink, d = sign * g[i] + decay * p[i];
            m[i] = beta1 * m[i] + rest1 * d;
            v[i] = beta2 * v[i] + rest2 * d * d;
            p[i] = q - step * m[i] / (ROOT(v[i]) * scale + eps);
        }
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        T q = p[i] * shrink, d = sign * g[i] + decay * p[i];
        m[i] = beta1 * m[i] + rest1 * d;
        v[i] = beta2 * v[i] + rest2 * d * d;
        top[i] = top[i] > v[i] ? top[i] : v[i];
        p[i] = q - step * m[i] / (ROOT(top[i]) * scale + eps);
    }
}

/* Tieleman and Hinton 2012; centered: Graves 2013. */
static void NAME(rmsprop)(int64_t n, void *restrict parameter, const void *restrict gradient,
                          void *restrict square, void *restrict mean, void *restrict momentum,
                          const tp_update_args *args) {
    T *restrict p = parameter;
    const T *restrict g = gradient;
    T *restrict v = square;
    T *restrict a = mean;
    T *restrict m = momentum;
    const T alpha = (T)args->alpha, rest = (T)(1 - args->alpha), lr = (T)args->lr,
            eps = (T)args->eps;
    const T decay = (T)args->weight_decay, mu = (T)args->momentum,
            sign = args->maximize ? -(T)1 : (T)1;
    for (int64_t i = 0; i < n; i++) {
        T d = sign * g[i] + decay * p[i];
        v[i] = alpha * v[i] + rest * d * d;
        T spread = v[i];
        if (a) {
            a[i] = alpha * a[i] + rest * d;
            spread -= a[i] * a[i];
        }
        T change = d / (ROOT(spread) + eps);
        if (m) {
            m[i] = mu * m[i] + change;
            change = m[i];
        }
        p[i] -= lr * change;
    }
}

/* Duchi, Hazan and Singer 2011. lr is already decayed. */
static void NAME(adagrad)(int64_t n, void *restrict parameter, const void *restrict gradient,
                          void *restrict sum, void *restrict unused2, void *restrict unused3,
                          const tp_update_args *args) {
    (void)unused2;
    (void)unused3;
    T *restrict p = parameter;
    const T *restrict g = gradient;
    T *restrict v = sum;
    const T lr = (T)args->lr, eps = (T)args->eps, decay = (T)args->weight_decay,
            sign = args->maximize ? -(T)1 : (T)1;
    for (int64_t i = 0; i < n; i++) {
        T d = sign * g[i] + decay * p[i];
        v[i] += d * d;
        p[i] -= lr * d / (ROOT(v[i]) + eps);
    }
}
