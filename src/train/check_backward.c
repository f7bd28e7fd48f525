/* A backward pass written by hand against autograd, and what its mistake looks like. */
#include <taper/check.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/ops.h>
#include <taper/random.h>

#include "base/fail.h"

enum { MOST_INPUTS = 16, PROBES = 12 };

typedef struct check {
    tp_location at;
    const tp_check_backward_args *args;
    int n;
    int64_t batch;
    double tolerance;
    tp_tensor *inputs[MOST_INPUTS]; /* float64 copies */
    tp_tensor
        *reference[MOST_INPUTS]; /* autograd's gradients, NULL for inputs that are not floating */
    tp_tensor *given[MOST_INPUTS];
    tp_tensor *seed; /* d(target)/d(result) */
} check;

/* ---- comparing ---- */

/* The largest difference of a and factor b, relative to the largest element of b; infinite where shapes differ. */
static double difference(tp_tensor *a, tp_tensor *b, double factor) {
    if (!tp_same_shape(a, b)) return INFINITY;
    if (tp_numel(a) == 0) return 0;
    double largest = fabs(factor) * tp_item(tp_max(tp_abs(b)));
    return tp_item(tp_max(tp_abs(tp_sub(a, tp_mul(b, factor))))) / fmax(largest, 1e-30);
}

static bool same(const check *c, tp_tensor *a, tp_tensor *b, double factor) {
    return difference(a, b, factor) <= c->tolerance;
}

static bool is_zero(tp_tensor *x) { return tp_item(tp_max(tp_abs(x))) == 0; }

/* ---- what a mistake looks like ---- */

static bool transposed(const check *c, tp_tensor *mine, tp_tensor *right) {
    return tp_ndim(mine) == 2 && tp_ndim(right) == 2 && same(c, tp_t(mine), right, 1);
}

/* One gradient for each sample: (N, ...) that sums to the right one. */
static bool unsummed(const check *c, tp_tensor *mine, tp_tensor *right) {
    if (tp_ndim(mine) == 0 || tp_size(mine, 0) != c->batch || tp_same_shape(mine, right))
        return false;
    tp_tensor *sum = tp_sum(mine, .dims = tp_dims(0));
    return tp_numel(sum) == tp_numel(right) &&
           same(c, tp_reshape(sum, tp_shape_of(right)), right, 1);
}

/* The constant that right has to be multiplied by to give mine; NaN where there is none. */
static double factor_of(const check *c, tp_tensor *mine, tp_tensor *right) {
    if (!tp_same_shape(mine, right)) return NAN;
    double square = tp_item(tp_sum(tp_square(right)));
    if (square == 0) return NAN;
    double factor = tp_item(tp_sum(tp_mul(mine, right))) / square;
    return factor != 0 && same(c, mine, right, factor) ? factor : NAN;
}

/* Which input mine is the seed times of, element by element or as a product of matrices; -1 where it is none. */
static int operand_of(const check *c, tp_tensor *mine, char *form, size_t size) {
    for (int j = 0; j < c->n; j++) {
        tp_tensor *x = c->inputs[j], *g = c->seed;
        if (tp_same_shape(x, g) && same(c, mine, tp_mul(g, x), 1)) {
            snprintf(form, size, "the gradient of the result times");
            return j;
        }
        if (tp_ndim(x) != 2 || tp_ndim(g) != 2) continue;
        tp_tensor *forms[4] = {NULL};
        if (tp_size(g, 1) == tp_size(x, 0)) forms[0] = tp_matmul(g, x);
        if (tp_size(g, 1) == tp_size(x, 1)) forms[1] = tp_matmul(g, tp_t(x));
        if (tp_size(x, 0) == tp_size(g, 0)) forms[2] = tp_matmul(tp_t(x), g);
        if (tp_size(x, 1) == tp_size(g, 0)) forms[3] = tp_matmul(x, g);
        for (int f = 0; f < 4; f++) {
            if (!forms[f] || !same(c, mine, forms[f], 1)) continue;
            snprintf(form, size, "a product of the result's gradient and");
            return j;
        }
    }
    return -1;
}

/* ---- the verdict ---- */

static const char *name_of(const check *c, int i) {
    return c->args->names && c->args->names[i] ? c->args->names[i] : NULL;
}

static void conclude(const check *c, int i, tp_backward_verdict *v, tp_backward_fault fault,
                     const char *text) {
    v->fault = fault;
    const char *name = name_of(c, i);
    snprintf(v->text, sizeof v->text, "gradient of input %d%s%s%s: %s", i, name ? " (" : "",
             name ? name : "", name ? ")" : "", text);
}

/* A constant factor, where 1/N and the sign are told apart from others. */
static void conclude_factor(const check *c, int i, tp_backward_verdict *v, double factor) {
    double n = (double)c->batch;
    char text[200];
    if (fabs(factor + 1) < 1e-6) {
        conclude(c, i, v, TP_BACKWARD_SIGN, "right but for its sign");
    } else if (n > 1 && fabs(factor / n - 1) < 1e-6) {
        snprintf(text, sizeof text,
                 "%lld times too large: the 1/N of the mean over the batch is missing",
                 (long long)c->batch);
        conclude(c, i, v, TP_BACKWARD_NO_MEAN, text);
    } else if (n > 1 && fabs(factor * n - 1) < 1e-6) {
        snprintf(text, sizeof text, "%lld times too small: divided by N once too often",
                 (long long)c->batch);
        conclude(c, i, v, TP_BACKWARD_MEAN_TWICE, text);
    } else {
        snprintf(text, sizeof text, "%.6g times what it has to be", factor);
        conclude(c, i, v, TP_BACKWARD_FACTOR, text);
    }
}

/* Mistakes of another kind than a constant factor. False where it is none that is known. */
static bool conclude_form(const check *c, int i, tp_backward_verdict *v) {
    tp_tensor *mine = c->given[i], *right = c->reference[i];
    char text[200], form[64];
    if (transposed(c, mine, right)) {
        conclude(c, i, v, TP_BACKWARD_TRANSPOSED, "the transpose of what it has to be");
        return true;
    }
    if (unsummed(c, mine, right)) {
        conclude(c, i, v, TP_BACKWARD_NO_SUM,
                 "one row for each sample: the sum over the batch is missing");
        return true;
    }
    for (int j = 0; j < c->n; j++) {
        if (j == i || !c->reference[j] || !same(c, mine, c->reference[j], 1)) continue;
        snprintf(text, sizeof text, "it is that of input %d", j);
        conclude(c, i, v, TP_BACKWARD_OTHER_INPUT, text);
        return true;
    }
    int j = operand_of(c, mine, form, sizeof form);
    if (j < 0) return false;
    snprintf(text, sizeof text, "it is %s input %d: the wrong operand", form, j);
    conclude(c, i, v, TP_BACKWARD_OPERAND, text);
    return true;
}

static void judge(const check *c, int i, tp_backward_verdict *v) {
    tp_tensor *mine = c->given[i], *right = c->reference[i];
    char text[200];
    *v = (tp_backward_verdict){.fault = TP_BACKWARD_RIGHT};
    if (!right) return;
    if (!mine) {
        if (c->args->all) conclude(c, i, v, TP_BACKWARD_MISSING, "none was given");
        return;
    }
    bool fits = tp_same_shape(mine, right);
    v->difference = fits ? difference(mine, right, 1) : NAN;
    if (fits && (v->difference <= c->tolerance || (is_zero(mine) && is_zero(right)))) return;
    if (tp_item(tp_all(tp_isfinite(mine))) == 0) {
        conclude(c, i, v, TP_BACKWARD_NOT_FINITE, "NaN or Inf in it");
    } else if (is_zero(mine)) {
        conclude(c, i, v, TP_BACKWARD_ZERO, "0 everywhere");
    } else {
        double factor = factor_of(c, mine, right);
        if (!isnan(factor)) {
            conclude_factor(c, i, v, factor);
        } else if (conclude_form(c, i, v)) {
            return;
        } else if (!fits) {
            conclude(c, i, v, TP_BACKWARD_SHAPE, "its shape is not that of the input");
        } else {
            snprintf(text, sizeof text, "wrong by up to %.3g of its largest element",
                     v->difference);
            conclude(c, i, v, TP_BACKWARD_VALUES, text);
        }
    }
}

/* ---- running both ---- */

/* An uneven gradient of the result, so that mistakes cannot cancel; 1 for a single number. */
static tp_tensor *make_seed(const tp_tensor *y) {
    if (tp_numel(y) == 1) return tp_ones_like(y);
    tp_tensor *at = tp_arange(0, (double)tp_numel(y), .dtype = TP_FLOAT64);
    return tp_reshape(tp_add(tp_mul(tp_sin(tp_add(tp_mul(at, 2.3), 1)), 0.5), 0.75),
                      tp_shape_of(y));
}

static double target(const check *c) {
    tp_tensor *y = NULL;
    TP_NO_GRAD { y = c->args->forward(c->inputs, c->n, c->args->user); }
    return tp_is_poison(y) ? NAN : tp_item(tp_sum(tp_mul(y, c->seed)));
}

/* Autograd against central differences at some elements of each input: a kink, or a forward that is no function of its inputs,
 * would make the reference worthless. */
static bool reference_holds(const check *c) {
    const double eps = 1e-6;
    for (int i = 0; i < c->n; i++) {
        if (!c->reference[i]) continue;
        double *x = tp_data(c->inputs[i]), *g = tp_data(c->reference[i]);
        int64_t count = tp_numel(c->inputs[i]), step = count > PROBES ? count / PROBES : 1;
        for (int64_t k = 0; k < count; k += step) {
            double middle = x[k];
            x[k] = middle + eps;
            double above = target(c);
            x[k] = middle - eps;
            double below = target(c);
            x[k] = middle;
            double numeric = (above - below) / (2 * eps);
            if (fabs(numeric - g[k]) <= 1e-4 + 1e-3 * fabs(numeric)) continue;
            char got[120];
            snprintf(got, sizeof got,
                     "autograd %.9g, central difference %.9g at element %lld of input %d", g[k],
                     numeric, (long long)k, i);
            tp_fail(c->at, "check_backward", TP_ERROR_VALUE, got, "the same from both",
                    "a kink lies there, or forward gives something else each time");
            return false;
        }
    }
    return true;
}

static bool take_inputs(check *c) {
    const tp_tensor_list *list = &c->args->inputs;
    if (!c->args->forward || !c->args->backward || list->count < 1 || list->count > MOST_INPUTS) {
        tp_fail(c->at, "check_backward", TP_ERROR_ARGUMENT,
                "a function missing, no inputs, or more than 16", NULL, NULL);
        return false;
    }
    c->n = (int)list->count;
    for (int i = 0; i < c->n; i++) {
        tp_tensor *x = list->items[i];
        if (tp_is_poison(x)) return false;
        bool floating = tp_dtype_is_floating(tp_dtype_of(x));
        c->inputs[i] = floating ? tp_clone(tp_to(tp_detach(x), TP_FLOAT64)) : x;
        if (floating) tp_requires_grad(c->inputs[i]);
    }
    const tp_tensor *first = list->items[0];
    c->batch = c->args->batch > 0 ? c->args->batch : tp_ndim(first) > 0 ? tp_size(first, 0) : 1;
    return true;
}

static bool run_both(check *c) {
    const tp_check_backward_args *a = c->args;
    tp_tensor *y = a->forward(c->inputs, c->n, a->user);
    if (!y || tp_is_poison(y)) return false;
    TP_NO_GRAD { c->seed = make_seed(y); }
    if (!tp_backward(y, .gradient = c->seed)) return false;
    for (int i = 0; i < c->n; i++) {
        bool floating = tp_dtype_is_floating(tp_dtype_of(c->inputs[i]));
        tp_tensor *g = floating ? tp_grad(c->inputs[i]) : NULL;
        c->reference[i] = g ? tp_contiguous(g) : floating ? tp_zeros_like(c->inputs[i]) : NULL;
    }
    TP_NO_GRAD { a->backward(c->inputs, c->n, c->seed, c->given, a->user); }
    for (int i = 0; i < c->n; i++) {
        if (!c->given[i]) continue;
        if (tp_is_poison(c->given[i])) return false;
        c->given[i] = tp_to(tp_detach(c->given[i]), TP_FLOAT64);
    }
    return true;
}

bool tp_check_backward_at(tp_location at, tp_check_backward_args args) {
    check c = {.at = at, .args = &args, .tolerance = args.tolerance > 0 ? args.tolerance : 1e-6};
    bool right = false;
    TP_SCOPE {
        right = take_inputs(&c) && run_both(&c) && reference_holds(&c);
        TP_NO_GRAD {
            for (int i = 0; i < c.n && c.seed; i++) {
                tp_backward_verdict v;
                judge(&c, i, &v);
                if (args.verdicts) args.verdicts[i] = v;
                if (v.fault == TP_BACKWARD_RIGHT) continue;
                if (right && !args.quiet)
                    tp_fail(at, "check_backward", TP_ERROR_VALUE, v.text, NULL, NULL);
                right = false;
            }
        }
    }
    return right;
}
