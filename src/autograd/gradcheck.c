/* Backward against central differences. */
#include <math.h>

#include "autograd/node.h"
#include "ops/loop.h"

typedef struct check {
    tp_location at;
    const tp_gradcheck_args *args;
    double eps, atol, rtol;

} check;

/* A fixed, uneven weight for each element of the result, so that errors cannot cancel. */
static double weight_of(int64_t i) { return 0.5 + 0.5 * sin(1.0 + 2.3 * (double)i); }

/* sum of weight * f(inputs), computed without the library's own sums. */
static bool target(const check *c, double *value) {
    const tp_gradcheck_args *a = c->args;
    bool fine = true;
    tp_scope scope = tp_scope_begin();
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_tensor *y = a->function(a->inputs, a->n, a->user);
    fine = y && !y->poison;
    if (fine) y = tp_dense(c->at, "gradcheck", y);
    fine = fine && !y->poison && y->dtype == TP_FLOAT64;
    *value = 0;
    for (int64_t i = 0; fine && i < y->numel; i++)
        *value += weight_of(i) * ((const double *)(const void *)y->data)[i];
    tp_grad_mode_end(&mode);
    tp_scope_end(&scope);
    return fine;
}

/* Runs forward and backward once, leaving the gradients in the inputs. */
static bool backward_once(const check *c) {
    const tp_gradcheck_args *a = c->args;
    for (int i = 0; i < a->n; i++) tp_clear_grad(a->inputs[i]);
    tp_scope scope = tp_scope_begin();
    tp_tensor *y = a->function(a->inputs, a->n, a->user);
    bool fine = y && !y->poison;
    if (fine && y->dtype != TP_FLOAT64) {
        tp_fail(c->at, "gradcheck", TP_ERROR_DTYPE, tp_tensor_text(y), "a float64 result",
                "central differences need double precision");
        fine = false;
    }
    if (fine && tp_differentiable(y)) {
        tp_tensor *g = tp_make_like(c->at, "gradcheck", y);
        fine = !g->poison;
        for (int64_t i = 0; fine && i < g->numel; i++)
            ((double *)(void *)g->data)[i] = weight_of(i);
        fine = fine && tp_backward_at(c->at, (tp_backward_args){.x = y, .gradient = g});
    }
    tp_scope_end(&scope);
    return fine;
}

/* The place of element k in reading order. */
static double *element(tp_tensor *x, int64_t k) {
    int64_t offset = 0;
    for (int d = x->ndim - 1; d >= 0; d--) {
        offset += k % x->shape[d] * x->stride[d];
        k /= x->shape[d];
    }
    return (double *)(void *)x->data + offset;
}

static bool check_element(const check *c, int i, int64_t k) {
    tp_tensor *x = c->args->inputs[i];
    double *place = element(x, k), middle = *place, above, below;
    *place = middle + c->eps;
    bool fine = target(c, &above);
    *place = middle - c->eps;
    fine = fine && target(c, &below);
    *place = middle;
    if (!fine) return false;
    double numeric = (above - below) / (2 * c->eps);
    double analytic = x->has_grad ? *element(x->grad, k) : 0;
    if (fabs(numeric - analytic) <= c->atol + c->rtol * fabs(numeric)) return true;
    if (!c->args->quiet)
        tp_fail(
            c->at, "gradcheck", TP_ERROR_VALUE,
            tp_text("%.9g from backward for element %lld of input %d", analytic, (long long)k, i),
            tp_text("%.9g (central difference)", numeric), NULL);
    return false;
}

bool tp_gradcheck_at(tp_location at, tp_gradcheck_args args) {
    if (!args.function) {
        tp_fail(at, "gradcheck", TP_ERROR_ARGUMENT, "no function", NULL, NULL);
        return false;
    }
    check c = {.at = at,
               .args = &args,
               .eps = args.eps > 0 ? args.eps : 1e-6,
               .atol = args.atol > 0 ? args.atol : 1e-5,
               .rtol = args.rtol > 0 ? args.rtol : 1e-3};
    for (int i = 0; i < args.n; i++) {
        tp_tensor *x = args.inputs[i];
        if (!tp_usable(at, "gradcheck", x)) return false;
        if (!x->requires_grad || x->dtype == TP_FLOAT64) continue;
        tp_fail(at, "gradcheck", TP_ERROR_DTYPE, tp_text("input %d %s", i, tp_tensor_text(x)),
                "float64", "central differences need double precision");
        return false;
    }
    if (!backward_once(&c)) return false;
    for (int i = 0; i < args.n; i++) {
        if (!args.inputs[i]->requires_grad) continue;
        tp_grad(args.inputs[i]);
        for (int64_t k = 0; k < args.inputs[i]->numel; k++)
            if (!check_element(&c, i, k)) return false;
    }
    return true;
}
