/* repeat and repeat_interleave: copies. Both are, once for each dimension, (outer, inner) written r times as
 * (outer, r, inner). */
#include <taper/ops/shape.h>

#include "ops/loop.h"
#include "ops/shape.h"

static tp_tensor *unrecorded_dense(tp_location at, const char *op, tp_tensor *x) {
    if (x->contiguous) return x;
    tp_tensor *out = tp_make_like(at, op, x);
    if (!out->poison) tp_copy_elements(out, x);
    return out;
}

static tp_tensor *as_blocks(tp_location at, const char *op, tp_tensor *x, int64_t outer, int64_t r,
                            int64_t inner, bool repeated) {
    int64_t stride[3] = {repeated ? inner : r * inner, repeated ? 0 : inner, 1};
    return tp_make_view(at, op, x, (tp_shape){.ndim = 3, .dims = {outer, r, inner}}, stride, 0);
}

/* x, contiguous, as (outer, inner): each block of `inner` elements r times; the result has these sizes. */
static tp_tensor *spread(tp_location at, const char *op, tp_tensor *x, int64_t outer, int64_t r,
                         int64_t inner, tp_shape shape) {
    tp_tensor *out = tp_make_shape(at, op, x->dtype, shape);
    if (out->poison || out->numel == 0) return out;
    tp_tensor *to = as_blocks(at, op, out, outer, r, inner, false);
    tp_tensor *from = as_blocks(at, op, x, outer, r, inner, true);
    if (to->poison || from->poison) return tp_poison();
    tp_copy_elements(to, from);
    tp_free(to);
    tp_free(from);
    return out;
}

/* The other way round: g, contiguous (outer, r, inner), summed over r; the result has these sizes. */
static tp_tensor *gather_up(tp_location at, const char *op, tp_tensor *g, int64_t outer, int64_t r,
                            int64_t inner, tp_shape shape) {
    tp_tensor *out = tp_make_shape(at, op, g->dtype, shape);
    if (out->poison) return out;
    tp_fill_elements(out, 0);
    tp_tensor *blocks = as_blocks(at, op, g, outer, r, inner, false);
    tp_tensor *to = as_blocks(at, op, out, outer, 1, inner, false);
    if (blocks->poison || to->poison) return tp_poison();
    for (int64_t k = 0; k < r; k++) {
        tp_tensor *one = tp_part(at, op, blocks, 1, k, 1);
        if (one->poison) return one;
        tp_accumulate(to, one, 1);
        tp_free(one);
    }
    tp_free(to);
    return out;
}

static int64_t product(tp_shape shape, int from, int to) {
    int64_t result = 1;
    for (int d = from; d < to; d++) result *= shape.dims[d];
    return result;
}

/* ---- repeat ---- */

/* node->integer[d]: how often dimension d of the result was repeated */
static void repeat_backward(tp_node *node, tp_tensor *const *grads) {
    const tp_tensor *x = node->inputs[0];
    tp_tensor *g = unrecorded_dense(node->at, "repeat", grads[0]);
    for (int d = 0; d < grads[0]->ndim && !g->poison; d++) {
        int64_t r = node->integer[d];
        if (r == 1) continue;
        int own = d - (grads[0]->ndim - x->ndim);
        tp_shape shape = tp_shape_copy(g);
        shape.dims[d] = own < 0 ? 1 : x->shape[own];
        int64_t outer = product(shape, 0, d), inner = product(shape, d, shape.ndim);
        g = gather_up(node->at, "repeat", g, outer, r, inner, shape);
    }
    tp_send(node, 0, g->poison ? g : tp_reshape_at(node->at, g, tp_shape_copy(x)));
}

static tp_tensor *repeat_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 1) return tp_repeat(tp_transpose(inputs[0], 0, 1), tp_shape(1, 3));
    if (variant == 2) return tp_repeat(inputs[0], tp_shape(0, 2));
    return tp_repeat(inputs[0], tp_shape(2, 1, 3, 2));
}

static const tp_op_sample repeat_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {0, 1, {TP_SHAPE_OF(2, 1, 2)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0}, {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {0},
};
const tp_op tp_op_repeat = {.name = "repeat",
                            .backward = repeat_backward,
                            .apply = repeat_apply,
                            .samples = repeat_samples};

tp_tensor *tp_repeat_at(tp_location at, tp_tensor *x, tp_shape times) {
    TP_CHECK(at, "repeat", x);
    bool fits = times.ndim >= x->ndim;
    for (int d = 0; d < times.ndim; d++) fits = fits && times.dims[d] >= 0;
    if (!fits)
        return tp_fail(at, "repeat", TP_ERROR_SHAPE,
                       TP_GOT(x, "%s times", times.ndim < 0 ? "more than 8" : tp_shape_text(times)),
                       "a number of times, at least 0, for each dimension", NULL);
    tp_shape shape = {.ndim = times.ndim};
    for (int d = 0; d < shape.ndim; d++) {
        int own = d - (shape.ndim - x->ndim);
        shape.dims[d] = own < 0 ? 1 : x->shape[own];
    }
    tp_tensor *out = unrecorded_dense(at, "repeat", x);
    for (int d = shape.ndim - 1; d >= 0 && !out->poison; d--) {
        if (times.dims[d] == 1) continue;
        int64_t outer = product(shape, 0, d), inner = product(shape, d, shape.ndim);
        if (__builtin_mul_overflow(shape.dims[d], times.dims[d], &shape.dims[d]))
            return tp_fail_memory(at, "repeat", SIZE_MAX);
        out = spread(at, "repeat", out, outer, times.dims[d], inner, shape);
    }
    if (out == x)
        out = spread(at, "repeat", x, 1, 1, x->numel, shape);
    else if (!out->poison && out->ndim != shape.ndim)
        out = spread(at, "repeat", out, 1, 1, x->numel, shape);
    if (out->poison) return out;
    tp_node *node = tp_record(at, &tp_op_repeat, out, 1, &x);
    for (int d = 0; node && d < times.ndim; d++) node->integer[d] = times.dims[d];
    return out;
}

/* ---- repeat_interleave ---- */

/* node->integer: repeats, dimension */
static void repeat_interleave_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *g = unrecorded_dense(node->at, "repeat_interleave", grads[0]);
    if (!g->poison) {
        tp_shape shape = tp_shape_copy(node->inputs[0]);
        int after = (int)node->integer[1] + 1;
        int64_t outer = product(shape, 0, after), inner = product(shape, after, shape.ndim);
        g = gather_up(node->at, "repeat_interleave", g, outer, node->integer[0], inner, shape);
    }
    tp_send(node, 0, g);
}

static tp_tensor *repeat_interleave_apply(tp_tensor *const *inputs, int variant) {
    return tp_repeat_interleave(inputs[0], variant, -2);
}

static const tp_op_sample repeat_interleave_samples[] = {
    {2, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {3, 1, {TP_SHAPE_OF(2, 2, 2)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(2, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_repeat_interleave = {.name = "repeat_interleave",
                                       .backward = repeat_interleave_backward,
                                       .apply = repeat_interleave_apply,
                                       .samples = repeat_interleave_samples};

tp_tensor *tp_repeat_interleave_at(tp_location at, tp_tensor *x, int64_t repeats, int dim) {
    TP_CHECK(at, "repeat_interleave", x);
    int d = tp_wrap_dim(at, "repeat_interleave", dim, x->ndim);
    if (d < 0) return tp_poison();
    if (repeats < 0 || x->ndim == 0)
        return tp_fail(at, "repeat_interleave", repeats < 0 ? TP_ERROR_ARGUMENT : TP_ERROR_SHAPE,
                       TP_GOT(x, "%lld times", (long long)repeats),
                       "at least one dimension and 0 or more times", NULL);
    tp_shape shape = tp_shape_copy(x);
    int64_t outer = product(shape, 0, d + 1), inner = product(shape, d + 1, shape.ndim);
    if (__builtin_mul_overflow(shape.dims[d], repeats, &shape.dims[d]))
        return tp_fail_memory(at, "repeat_interleave", SIZE_MAX);
    tp_tensor *out = unrecorded_dense(at, "repeat_interleave", x);
    if (!out->poison) out = spread(at, "repeat_interleave", out, outer, repeats, inner, shape);
    if (out->poison) return out;
    tp_node *node = tp_record(at, &tp_op_repeat_interleave, out, 1, &x);
    if (node) {
        node->integer[0] = repeats;
        node->integer[1] = d;
    }
    return out;
}
