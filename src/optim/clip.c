/* Clipping of gradients. */
#include <math.h>
#include <taper/optim.h>

#include "autograd/node.h"
#include "ops/loop.h"

/* Sum of |g|^p in double, in blocks so that the order depends on the sizes alone; or the largest |g|. */
static double power_sum(const tp_tensor *g, double p) {
    double total = 0;
    for (int64_t start = 0; start < g->numel; start += 1024) {
        int64_t end = start + 1024 < g->numel ? start + 1024 : g->numel;
        double sum = 0;
        for (int64_t i = start; i < end; i++) {
            double value = g->dtype == TP_FLOAT32
                               ? (double)((const float *)(const void *)g->data)[i]
                               : ((const double *)(const void *)g->data)[i];
            double size = fabs(value);
            if (isinf(p))
                sum = size > sum || size != size ? size : sum;
            else
                sum += p == 2 ? size * size : p == 1 ? size : pow(size, p);
        }
        if (isinf(p))
            total = sum > total || sum != sum ? sum : total;
        else
            total += sum;
    }
    return total;
}

/* The gradient of a parameter that its owner has not ended, or NULL. */
static tp_tensor *gradient_of(const tp_tensor *x) {
    return x->life == TP_ALIVE ? tp_grad(x) : NULL;
}

double tp_clip_grad_norm_at(tp_location at, tp_clip_args args) {
    double p = args.norm_type != 0 ? args.norm_type : 2;
    if (!args.optim || args.limit < 0 || p < 0) {
        tp_fail(at, "clip_grad_norm", TP_ERROR_ARGUMENT,
                tp_text("limit %g, norm type %g", args.limit, p),
                "an optimiser, a limit of at least 0, a positive norm type", NULL);
        return NAN;
    }
    double total = 0;
    tp_tensor *x;
    for (size_t i = 0; (x = tp_optim_parameter(args.optim, i)); i++) {
        const tp_tensor *g = gradient_of(x);
        if (!g) continue;
        double part = power_sum(g, p);
        if (isinf(p))
            total = part > total || part != part ? part : total;
        else
            total += part;
    }
    double norm = isinf(p) ? total : p == 2 ? sqrt(total) : pow(total, 1 / p);
    double scale = args.limit / (norm + 1e-6);
    if (scale >= 1) return norm;
    for (size_t i = 0; (x = tp_optim_parameter(args.optim, i)); i++) {
        tp_tensor *g = gradient_of(x);
        if (g && tp_begin_edit(at, "clip_grad_norm", g)) tp_scale_elements(g, scale);
    }
    return norm;
}

void tp_clip_grad_value_at(tp_location at, tp_clip_args args) {
    if (!args.optim || args.limit < 0) {
        tp_fail(at, "clip_grad_value", TP_ERROR_ARGUMENT, tp_text("limit %g", args.limit),
                "an optimiser and a limit of at least 0", NULL);
        return;
    }
    tp_tensor *x;
    for (size_t i = 0; (x = tp_optim_parameter(args.optim, i)); i++) {
        tp_tensor *g = gradient_of(x);
        if (!g || !tp_begin_edit(at, "clip_grad_value", g)) continue;
        for (int64_t k = 0; k < g->numel; k++) {
            if (g->dtype == TP_FLOAT32) {
                float *v = (float *)(void *)g->data + k, limit = (float)args.limit;
                *v = *v > limit ? limit : *v < -limit ? -limit : *v;
            } else {
                double *v = (double *)(void *)g->data + k;
                *v = *v > args.limit ? args.limit : *v < -args.limit ? -args.limit : *v;
            }
        }
    }
}
