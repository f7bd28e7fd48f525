/* masked_select, masked_scatter, nonzero. */
#include <string.h>
#include <taper/ops/index.h>
#include <taper/ops/shape.h>

#include "ops/loop.h"
#include "ops/shape.h"

/* x seen in another shape that it broadcasts to, contiguous; not recorded. */
static tp_tensor *spread_dense(tp_location at, const char *op, tp_tensor *x, tp_shape shape) {
    if (x->contiguous && x->numel == tp_shape_numel(shape)) return x;
    tp_tensor *out = tp_make_shape(at, op, x->dtype, shape);
    if (!out->poison) tp_copy_elements(out, x);
    return out;
}

static int64_t count_true(const tp_tensor *mask) {
    int64_t count = 0;
    const uint8_t *values = (const uint8_t *)mask->data;
    for (int64_t i = 0; i < mask->numel; i++) count += values[i] != 0;
    return count;
}

/* Moves the elements of `full` where mask is true to `few`, one after the other, or back. All contiguous. */
#define MOVE(type)                                                                    \
    do {                                                                              \
        type *wide = (type *)(void *)full->data, *narrow = (type *)(void *)few->data; \
        for (int64_t i = 0; i < mask->numel; i++) {                                   \
            if (!chosen[i]) continue;                                                 \
            if (back)                                                                 \
                wide[i] = *narrow++;                                                  \
            else                                                                      \
                *narrow++ = wide[i];                                                  \
        }                                                                             \
    } while (0)

static void move_masked(tp_tensor *full, tp_tensor *few, const tp_tensor *mask, bool back) {
    const uint8_t *chosen = (const uint8_t *)mask->data;
    size_t item = tp_item_size(full->dtype);
    if (item == 4)
        MOVE(uint32_t);
    else if (item == 8)
        MOVE(uint64_t);
    else
        MOVE(uint8_t);
}

static tp_tensor *not_bool(tp_location at, const char *op, const tp_tensor *mask) {
    return tp_fail(at, op, TP_ERROR_DTYPE, tp_text("a mask %s", tp_tensor_text(mask)), "bool",
                   "comparisons such as tp_gt() make masks; tp_to() converts numbers");
}

/* ---- masked_select ---- */

/* Saved value 0: the mask in the shape that both broadcast to. */
static void masked_select_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *mask = tp_saved(node, 0);
    if (!mask) return;
    tp_tensor *g = tp_dense(node->at, "masked_select", grads[0]);
    tp_tensor *full = tp_make(node->at, "masked_select", g->dtype, mask->ndim, mask->shape);
    if (!g->poison && !full->poison) {
        tp_fill_elements(full, 0);
        move_masked(full, g, mask, true);
    }
    tp_send_unbroadcast(node, 0, g->poison ? g : full);
}

static tp_tensor *sample_mask(tp_shape shape) {
    static const bool values[] = {true, false, true, true, false, true};
    return tp_from_data(values, shape, TP_BOOL);
}

static tp_tensor *masked_select_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 1) return tp_masked_select(inputs[0], sample_mask(tp_shape(3)));
    if (variant == 2)
        return tp_masked_select(tp_transpose(inputs[0], 0, 1), sample_mask(tp_shape(2, 3)));
    return tp_masked_select(inputs[0], sample_mask(tp_shape(2, 3)));
}

static const tp_op_sample masked_select_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {0, 1, {TP_SHAPE_OF(3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {2, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0}, {0},
};
const tp_op tp_op_masked_select = {.name = "masked_select",
                                   .backward = masked_select_backward,
                                   .apply = masked_select_apply,
                                   .samples = masked_select_samples};

tp_tensor *tp_masked_select_at(tp_location at, tp_tensor *x, tp_tensor *mask) {
    TP_CHECK(at, "masked_select", x);
    TP_CHECK(at, "masked_select", mask);
    if (mask->dtype != TP_BOOL) return not_bool(at, "masked_select", mask);
    tp_shape shape;
    if (!tp_broadcast(at, "masked_select", 2, (tp_tensor *[]){x, mask}, &shape)) return tp_poison();
    tp_tensor *chosen = spread_dense(at, "masked_select", mask, shape);
    tp_tensor *full = chosen->poison ? chosen : spread_dense(at, "masked_select", x, shape);
    if (full->poison) return full;
    int64_t count = count_true(chosen);
    tp_tensor *out = tp_make(at, "masked_select", x->dtype, 1, &count);
    if (out->poison) return out;
    move_masked(full, out, chosen, false);
    if (!tp_would_record(1, &x)) return out;
    /* backward reads the mask in the common shape, whose dimensions a mask of as many elements may lack */
    if (chosen->ndim != shape.ndim || chosen == mask) {
        int64_t stride[TP_MAX_DIMS];
        tp_contiguous_strides(shape.ndim, shape.dims, stride);
        chosen = tp_make_view(at, "masked_select", chosen, shape, stride, 0);
        if (chosen->poison) return chosen;
    }
    tp_node *node = tp_record(at, &tp_op_masked_select, out, 1, &x);
    if (node) tp_save(node, chosen);
    return out;
}

/* ---- masked_scatter ---- */

static void masked_scatter_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *mask = tp_saved(node, 0);
    tp_tensor *g = mask ? tp_dense(node->at, "masked_scatter", grads[0]) : tp_poison();
    if (g->poison) return;
    if (tp_needs(node, 0)) {
        tp_tensor *gx = tp_make_like(node->at, "masked_scatter", g);
        if (!gx->poison) {
            tp_copy_elements(gx, g);
            size_t item = tp_item_size(gx->dtype);
            for (int64_t i = 0; i < mask->numel; i++)
                if (mask->data[i]) memset(gx->data + (size_t)i * item, 0, item);
        }
        tp_send(node, 0, gx);
    }
    if (tp_needs(node, 1)) {
        tp_tensor *gs = tp_make_like(node->at, "masked_scatter", node->inputs[1]);
        if (!gs->poison) {
            tp_fill_elements(gs, 0);
            move_masked(g, gs, mask, false);
        }
        tp_send(node, 1, gs);
    }
}

static tp_tensor *masked_scatter_apply(tp_tensor *const *inputs, int variant) {
    return tp_masked_scatter(inputs[0], sample_mask(variant ? tp_shape(3) : tp_shape(2, 3)),
                             inputs[1]);
}

static const tp_op_sample masked_scatter_samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(4)}, 0, 0, 0},
    {1, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_masked_scatter = {.name = "masked_scatter",
                                    .backward = masked_scatter_backward,
                                    .apply = masked_scatter_apply,
                                    .samples = masked_scatter_samples};

tp_tensor *tp_masked_scatter_at(tp_location at, tp_tensor *x, tp_tensor *mask, tp_tensor *source) {
    TP_CHECK(at, "masked_scatter", x);
    TP_CHECK(at, "masked_scatter", mask);
    TP_CHECK(at, "masked_scatter", source);
    if (mask->dtype != TP_BOOL) return not_bool(at, "masked_scatter", mask);
    if (x->dtype != source->dtype)
        return tp_fail(at, "masked_scatter", TP_ERROR_DTYPE,
                       tp_text("x %s and source %s", tp_tensor_text(x), tp_tensor_text(source)),
                       "one type", "tp_to() converts one of them");
    tp_shape shape;
    if (!tp_broadcast(at, "masked_scatter", 2, (tp_tensor *[]){x, mask}, &shape))
        return tp_poison();
    bool grows = shape.ndim != x->ndim;
    for (int d = 0; d < x->ndim && !grows; d++) grows = shape.dims[d] != x->shape[d];
    if (grows)
        return tp_fail(at, "masked_scatter", TP_ERROR_SHAPE,
                       tp_text("%s and a mask %s", tp_tensor_text(x), tp_tensor_text(mask)),
                       "a mask that broadcasts to the shape of x", NULL);
    tp_tensor *chosen = spread_dense(at, "masked_scatter", mask, shape);
    if (chosen->poison) return chosen;
    int64_t count = count_true(chosen);
    if (count > source->numel)
        return tp_fail(
            at, "masked_scatter", TP_ERROR_SHAPE,
            tp_text("source %s for %lld chosen elements", tp_tensor_text(source), (long long)count),
            "at least as many", NULL);
    tp_tensor *out = tp_make_like(at, "masked_scatter", x);
    if (out->poison) return out;
    tp_copy_elements(out, x);
    tp_tensor *from = spread_dense(at, "masked_scatter", source, tp_shape_copy(source));
    if (from->poison) return from;
    move_masked(out, from, chosen, true);
    tp_node *node = tp_record(at, &tp_op_masked_scatter, out, 2, (tp_tensor *[]){x, source});
    if (node) tp_save(node, chosen);
    return out;
}

/* ---- nonzero ---- */

static tp_tensor *nonzero_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_nonzero(inputs[0]);
}

static const tp_op_sample nonzero_samples[] = {{0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0}, {0}};
const tp_op tp_op_nonzero = {.name = "nonzero",
                             .reason = "its results are places, not values",
                             .apply = nonzero_apply,
                             .samples = nonzero_samples};

tp_tensor *tp_nonzero_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "nonzero", x);
    tp_tensor *mask = x;
    if (x->dtype != TP_BOOL || !x->contiguous) {
        mask = tp_make(at, "nonzero", TP_BOOL, x->ndim, x->shape);
        if (mask->poison) return mask;
        tp_copy_elements(mask, x);
    }
    int64_t shape[2] = {count_true(mask), x->ndim}, place[TP_MAX_DIMS] = {0};
    tp_tensor *out = tp_make(at, "nonzero", TP_INT64, 2, shape);
    if (out->poison) return out;
    int64_t *row = (int64_t *)(void *)out->data;
    for (int64_t i = 0; i < mask->numel; i++) {
        if (mask->data[i]) {
            for (int d = 0; d < x->ndim; d++) *row++ = place[d];
        }
        for (int d = x->ndim - 1; d >= 0 && ++place[d] == x->shape[d]; d--) place[d] = 0;
    }
    return out;
}
