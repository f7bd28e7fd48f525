/* Random tensors, in the streams of PyTorch's CPU generator. */
#include <math.h>
#include <string.h>

#include "autograd/node.h"
#include "base/alloc.h"
#include "ops/elementwise.h"

/* ---- generators ---- */

void tp_manual_seed(uint64_t seed) { tp_generator_seed(&tp_ctx()->generator, seed); }

uint64_t tp_initial_seed(void) { return tp_ctx()->generator.seed; }

tp_generator *tp_generator_new(uint64_t seed) {
    tp_generator *generator = tp_new(sizeof *generator);
    if (generator)
        tp_generator_seed(generator, seed);
    else
        tp_fail_memory((tp_location){0}, "generator", sizeof *generator);
    return generator;
}

void tp_generator_free(tp_generator *generator) { tp_delete(generator); }

void tp_generator_manual_seed(tp_generator *generator, uint64_t seed) {
    tp_generator_seed(generator ? generator : &tp_ctx()->generator, seed);
}

static tp_generator *chosen(tp_generator *generator) {
    return generator ? generator : &tp_ctx()->generator;
}

/* ---- filling ---- */

typedef enum draw_kind { UNIFORM, NORMAL, INTEGERS, BERNOULLI, EACH } draw_kind;

typedef struct draw {
    draw_kind kind;
    double a, b;       /* bounds, mean and deviation, or probability */
    int64_t low, high; /* of integers */
    tp_generator *generator;
    const tp_tensor *p; /* EACH: probabilities of the type of the result, as many, contiguous */
} draw;

static void draw_normals(const draw *d, tp_tensor *out, bool one_by_one) {
    if (!one_by_one && out->dtype == TP_FLOAT32) {
        tp_random_normal_f32(d->generator, (float *)(void *)out->data, out->numel, d->a, d->b);
    } else if (!one_by_one) {
        tp_random_normal_f64(d->generator, (double *)(void *)out->data, out->numel, d->a, d->b);
    } else {
        for (int64_t i = 0; i < out->numel; i++) {
            double value = tp_random_normal_one(d->generator, d->a, d->b);
            if (out->dtype == TP_FLOAT32)
                ((float *)(void *)out->data)[i] = (float)value;
            else
                ((double *)(void *)out->data)[i] = value;
        }
    }
}

static void draw_integers(const draw *d, tp_tensor *out) {
    void *data = out->data;
    int64_t n = out->numel, low = d->low, high = d->high;
    switch (out->dtype) {
    case TP_INT64: tp_random_integers_i64(d->generator, data, n, low, high); break;
    case TP_INT32: tp_random_integers_i32(d->generator, data, n, low, high); break;
    case TP_UINT8: tp_random_integers_u8(d->generator, data, n, low, high); break;
    case TP_BOOL: tp_random_integers_bool(d->generator, data, n, low, high); break;
    case TP_FLOAT32: tp_random_integers_f32(d->generator, data, n, low, high); break;
    default: tp_random_integers_f64(d->generator, data, n, low, high);
    }
}

/* Bytes that are 0 or 1, spread out from the end over elements of another type in the same memory. */
static void widen(tp_tensor *out) {
    const uint8_t *bytes = (const uint8_t *)out->data;
    size_t item = tp_item_size(out->dtype);
    for (int64_t i = out->numel - 1; i >= 0 && item > 1; i--) {
        bool one = bytes[i] != 0;
        char *place = out->data + (size_t)i * item;
        switch (out->dtype) {
        case TP_FLOAT32: memcpy(place, &(float){one}, item); break;
        case TP_FLOAT64: memcpy(place, &(double){one}, item); break;
        case TP_INT32: memcpy(place, &(int32_t){one}, item); break;
        default: memcpy(place, &(int64_t){one}, item);
        }
    }
}

/* Fills a contiguous tensor. */
static void draw_into(const draw *d, tp_tensor *out, bool one_by_one) {
    if (out->numel == 0) return;
    uint8_t *bytes = (uint8_t *)out->data;
    switch (d->kind) {
    case UNIFORM:
        if (out->dtype == TP_FLOAT32)
            tp_random_uniform_f32(d->generator, (float *)(void *)bytes, out->numel, d->a, d->b);
        else
            tp_random_uniform_f64(d->generator, (double *)(void *)bytes, out->numel, d->a, d->b);
        break;
    case NORMAL: draw_normals(d, out, one_by_one); break;
    case INTEGERS: draw_integers(d, out); break;
    case BERNOULLI:
        tp_random_bernoulli_u8(d->generator, bytes, out->numel, d->a);
        widen(out);
        break;
    case EACH:
        if (out->dtype == TP_FLOAT32)
            tp_random_bernoulli_each_f32(d->generator, bytes,
                                         (const float *)(const void *)d->p->data, out->numel);
        else
            tp_random_bernoulli_each_f64(d->generator, bytes,
                                         (const double *)(const void *)d->p->data, out->numel);
        widen(out);
        break;
    }
}

/* The dimensions of x from the largest stride to the smallest: the order in which PyTorch fills. Those of size 1 come first,
 * where they do not matter. */
static void memory_order(const tp_tensor *x, int *order) {
    int count = 0;
    for (int d = 0; d < x->ndim; d++)
        if (x->shape[d] == 1) order[count++] = d;
    int first = count;
    for (int d = 0; d < x->ndim; d++) {
        if (x->shape[d] == 1) continue;
        int place = count++;
        for (; place > first && x->stride[order[place - 1]] < x->stride[d]; place--)
            order[place] = order[place - 1];
        order[place] = d;
    }
}

static tp_tensor *permuted(tp_location at, tp_tensor *x, const int *order) {
    tp_shape shape = {.ndim = x->ndim};
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        shape.dims[d] = x->shape[order[d]], stride[d] = x->stride[order[d]];
    return tp_make_view(at, "random", x, shape, stride, 0);
}

/* Fills out in the order of memory of `like`, which has its sizes and may be out. False when out of memory. */
static bool fill(tp_location at, const draw *d, tp_tensor *out, const tp_tensor *like) {
    bool fine = true;
    if (like->contiguous && out->contiguous) {
        draw_into(d, out, false);
        return true;
    }
    TP_SCOPE {
        int order[TP_MAX_DIMS];
        memory_order(like, order);
        tp_tensor *view = permuted(at, out, order);
        fine = !view->poison;
        if (!fine) break;
        tp_tensor *values = tp_make_like(at, "random", view);
        fine = !values->poison;
        if (!fine) break;
        draw_into(d, values, true);
        tp_copy_elements(view, values);
    }
    return fine;
}

/* ---- new tensors ---- */

static tp_tensor *random_tensor(tp_location at, const char *op, const tp_random_args *args,
                                draw_kind kind) {
    tp_dtype dtype = args->dtype ? args->dtype : tp_ctx()->default_dtype;
    if (!tp_is_float_type(dtype))
        return tp_fail(at, op, TP_ERROR_DTYPE, tp_dtype_name(dtype), "a floating type",
                       "tp_randint() makes whole numbers");
    tp_tensor *out = tp_make_shape(at, op, dtype, args->shape);
    if (out->poison) return out;
    draw d = {.kind = kind, .a = 0, .b = 1, .generator = chosen(args->generator)};
    draw_into(&d, out, false);
    return args->requires_grad ? tp_requires_grad_at(at, out) : out;
}

tp_tensor *tp_rand_at(tp_location at, tp_random_args args) {
    return random_tensor(at, "rand", &args, UNIFORM);
}

tp_tensor *tp_randn_at(tp_location at, tp_random_args args) {
    return random_tensor(at, "randn", &args, NORMAL);
}

static tp_tensor *random_like(tp_location at, const char *op, const tp_tensor *x, draw_kind kind) {
    TP_CHECK(at, op, x);
    if (!tp_is_float_type(x->dtype))
        return tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(x), "a floating type", NULL);
    tp_tensor *out = tp_make_like(at, op, x);
    if (out->poison) return out;
    draw d = {.kind = kind, .a = 0, .b = 1, .generator = chosen(NULL)};
    return fill(at, &d, out, x) ? out : tp_poison();
}

tp_tensor *tp_rand_like_at(tp_location at, const tp_tensor *x) {
    return random_like(at, "rand_like", x, UNIFORM);
}

tp_tensor *tp_randn_like_at(tp_location at, const tp_tensor *x) {
    return random_like(at, "randn_like", x, NORMAL);
}

/* The numbers from `least` to `most` are all in the type exactly, as PyTorch demands. */
static void whole_limits(tp_dtype dtype, int64_t *least, int64_t *most) {
    switch (dtype) {
    case TP_BOOL: *least = 0, *most = 1; break;
    case TP_UINT8: *least = 0, *most = UINT8_MAX; break;
    case TP_INT32: *least = INT32_MIN, *most = INT32_MAX; break;
    default: *least = INT64_MIN, *most = INT64_MAX;
    }
}

tp_tensor *tp_randint_at(tp_location at, tp_randint_args args) {
    tp_dtype dtype = args.dtype ? args.dtype : TP_INT64;
    int64_t least, most;
    if (args.low >= args.high)
        return tp_fail(at, "randint", TP_ERROR_VALUE,
                       tp_text("low %lld, high %lld", (long long)args.low, (long long)args.high),
                       "low < high", NULL);
    whole_limits(dtype, &least, &most);
    if (args.low < least || args.high - 1 > most)
        return tp_fail(at, "randint", TP_ERROR_VALUE,
                       tp_text("low %lld, high %lld", (long long)args.low, (long long)args.high),
                       tp_text("numbers that %s holds", tp_dtype_name(dtype)), NULL);
    tp_tensor *out = tp_make_shape(at, "randint", dtype, args.shape);
    if (out->poison) return out;
    draw d = {
        .kind = INTEGERS, .low = args.low, .high = args.high, .generator = chosen(args.generator)};
    draw_into(&d, out, false);
    return out;
}

tp_tensor *tp_randperm_at(tp_location at, tp_randperm_args args) {
    if (args.n < 0)
        return tp_fail(at, "randperm", TP_ERROR_VALUE, tp_text("n = %lld", (long long)args.n),
                       "n >= 0", NULL);
    tp_tensor *out = tp_make(at, "randperm", TP_INT64, 1, &args.n);
    if (!out->poison && args.n > 0)
        tp_random_permutation(chosen(args.generator), (int64_t *)(void *)out->data, args.n);
    return out;
}

/* Whether every element lies in [0, 1]; reports where not. */
static bool are_probabilities(tp_location at, const tp_tensor *p) {
    bool fine = true;
    TP_SCOPE {
        tp_tensor *dense = tp_dense(at, "bernoulli", (tp_tensor *)(uintptr_t)p);
        if (dense->poison) return false;
        for (int64_t i = 0; i < p->numel && fine; i++) {
            double value = p->dtype == TP_FLOAT32
                               ? (double)((const float *)(const void *)dense->data)[i]
                               : ((const double *)(const void *)dense->data)[i];
            if (value >= 0 && value <= 1) continue;
            fine = false;
            tp_fail(at, "bernoulli", TP_ERROR_VALUE,
                    tp_text("p = %g at element %lld", value, (long long)i),
                    "probabilities from 0 to 1", NULL);
        }
    }
    return fine;
}

tp_tensor *tp_bernoulli_at(tp_location at, tp_bernoulli_args args) {
    const tp_tensor *p = args.p;
    TP_CHECK(at, "bernoulli", p);
    if (!tp_is_float_type(p->dtype))
        return tp_fail(at, "bernoulli", TP_ERROR_DTYPE, tp_tensor_text(p), "floating probabilities",
                       NULL);
    if (!are_probabilities(at, p)) return tp_poison();
    tp_tensor *out = tp_make_like(at, "bernoulli", p);
    if (out->poison) return out;
    TP_SCOPE { /* in reading order, wherever p lies */
        tp_tensor *dense = tp_dense(at, "bernoulli", (tp_tensor *)(uintptr_t)p);
        if (dense->poison) return dense;
        draw_into(&(draw){.kind = EACH, .generator = chosen(args.generator), .p = dense}, out,
                  false);
    }
    return out;
}

/* ---- in place ---- */

static tp_tensor *fill_inplace(tp_location at, const char *op, tp_tensor *x, const draw *d) {
    if (!tp_edit(at, op, x, 0, NULL)) return tp_poison();
    return fill(at, d, x, x) ? x : tp_poison();
}

static tp_tensor *need_float(tp_location at, const char *op, tp_tensor *x) {
    TP_CHECK(at, op, x);
    if (tp_is_float_type(x->dtype)) return x;
    return tp_fail(at, op, TP_ERROR_DTYPE, tp_tensor_text(x), "a floating type", NULL);
}

tp_tensor *tp_uniform_at(tp_location at, tp_tensor *x, double low, double high,
                         tp_generator *generator) {
    if (need_float(at, "uniform", x) != x) return tp_poison();
    if (!(low <= high) || !isfinite(high - low))
        return tp_fail(at, "uniform", TP_ERROR_VALUE, tp_text("low %g, high %g", low, high),
                       "low <= high, both finite", NULL);
    return fill_inplace(
        at, "uniform", x,
        &(draw){.kind = UNIFORM, .a = low, .b = high, .generator = chosen(generator)});
}

tp_tensor *tp_normal_at(tp_location at, tp_tensor *x, double mean, double std,
                        tp_generator *generator) {
    if (need_float(at, "normal", x) != x) return tp_poison();
    if (!(std >= 0))
        return tp_fail(at, "normal", TP_ERROR_VALUE, tp_text("std %g", std),
                       "a deviation of at least 0", NULL);
    return fill_inplace(
        at, "normal", x,
        &(draw){.kind = NORMAL, .a = mean, .b = std, .generator = chosen(generator)});
}

tp_tensor *tp_bernoulli_fill_at(tp_location at, tp_tensor *x, double p, tp_generator *generator) {
    TP_CHECK(at, "bernoulli", x);
    if (!(p >= 0 && p <= 1))
        return tp_fail(at, "bernoulli", TP_ERROR_VALUE, tp_text("p = %g", p),
                       "a probability from 0 to 1", NULL);
    return fill_inplace(at, "bernoulli", x,
                        &(draw){.kind = BERNOULLI, .a = p, .generator = chosen(generator)});
}
