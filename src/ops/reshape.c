/* Other sizes for the same elements in reading order: reshape, view, flatten, squeeze, unsqueeze. */
#include <taper/ops/shape.h>

#include "ops/loop.h"
#include "ops/shape.h"

/* ---- strides ---- */

/* Walks both shapes from the last dimension: a block of x's dimensions that run on without a gap takes as many of the new
 * ones as fill it exactly. */
bool tp_view_strides(const tp_tensor *x, tp_shape shape, int64_t *stride) {
    if (x->contiguous || x->numel == 0) {
        tp_contiguous_strides(shape.ndim, shape.dims, stride);
        return true;
    }
    int next = shape.ndim - 1, d = x->ndim - 1;
    while (d >= 0 && x->shape[d] == 1) d--;
    int64_t step = d >= 0 ? x->stride[d] : 1, block = 1, filled = 1;
    for (; d >= 0; d--) {
        block *= x->shape[d];
        int outer = d - 1;
        while (outer >= 0 && x->shape[outer] == 1) outer--;
        if (outer >= 0 && x->stride[outer] == step * block) {
            d = outer + 1;
            continue;
        }
        while (next >= 0 && (filled < block || shape.dims[next] == 1)) {
            stride[next] = step * filled;
            filled *= shape.dims[next--];
        }
        if (filled != block) return false;
        d = outer + 1;
        if (outer >= 0) step = x->stride[outer], block = filled = 1;
    }
    while (next >= 0) stride[next--] = step * filled; /* of size 1, all of them */
    return true;
}

/* Puts in the size that -1 stands for. False (reported) where the sizes do not hold x's elements. */
static bool infer(tp_location at, const char *op, const tp_tensor *x, tp_shape *shape) {
    int unknown = -1;
    int64_t known = 1;
    bool fine = shape->ndim >= 0;
    for (int d = 0; d < shape->ndim && fine; d++) {
        if (shape->dims[d] == -1) {
            fine = unknown < 0;
            unknown = d;
        } else {
            fine = shape->dims[d] >= 0 && !__builtin_mul_overflow(known, shape->dims[d], &known);
        }
    }
    if (fine && unknown >= 0) {
        fine = known > 0 && x->numel % known == 0;
        if (fine) shape->dims[unknown] = x->numel / known;
    } else if (fine) {
        fine = known == x->numel;
    }
    if (TP_LIKELY(fine)) return true;
    const char *into = shape->ndim < 0 ? "more than 8 dimensions" : tp_shape_text(*shape);
    tp_fail(at, op, TP_ERROR_SHAPE, TP_GOT(x, "into %s", into),
            tp_text("sizes with the product %lld, one of them -1 at most", (long long)x->numel),
            NULL);
    return false;
}

tp_tensor *tp_reshaped(tp_location at, const tp_op *op, tp_tensor *x, tp_shape shape) {
    int64_t stride[TP_MAX_DIMS];
    if (TP_UNLIKELY(!tp_view_strides(x, shape, stride))) {
        x = tp_dense(at, op->name, x);
        if (x->poison) return x;
        tp_contiguous_strides(shape.ndim, shape.dims, stride);
    }
    return tp_recorded_view(at, op, x, shape, stride, 0);
}

/* ---- reshape, view ---- */

static void reshape_backward(tp_node *node, tp_tensor *const *grads) {
    tp_send(node, 0, tp_reshape_at(node->at, grads[0], tp_shape_copy(node->inputs[0])));
}

static tp_tensor *reshape_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0];
    if (variant == 1) return tp_reshape(tp_transpose(x, 0, 1), tp_shape(-1));
    return tp_reshape(x, tp_shape(x->numel ? -1 : 0, 2));
}

static const tp_op_sample reshape_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_reshape = {.name = "reshape",
                             .backward = reshape_backward,
                             .apply = reshape_apply,
                             .samples = reshape_samples};

tp_tensor *tp_reshape_at(tp_location at, tp_tensor *x, tp_shape shape) {
    TP_CHECK(at, "reshape", x);
    if (!infer(at, "reshape", x, &shape)) return tp_poison();
    return tp_reshaped(at, &tp_op_reshape, x, shape);
}

static tp_tensor *view_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_view(tp_transpose(inputs[0], 0, 1), tp_shape(2, 2, -1));
}

static const tp_op_sample view_samples[] = {{0, 1, {TP_SHAPE_OF(3, 4)}, 0, 0, 0}, {0}};
const tp_op tp_op_view = {
    .name = "view", .backward = reshape_backward, .apply = view_apply, .samples = view_samples};

tp_tensor *tp_view_at(tp_location at, tp_tensor *x, tp_shape shape) {
    TP_CHECK(at, "view", x);
    int64_t stride[TP_MAX_DIMS];
    if (!infer(at, "view", x, &shape)) return tp_poison();
    if (!tp_view_strides(x, shape, stride))
        return tp_fail(at, "view", TP_ERROR_SHAPE,
                       TP_GOT(x, "with strides that %s does not fit", tp_shape_text(shape)),
                       "sizes that need no copy", "tp_reshape() copies where it must");
    return tp_recorded_view(at, &tp_op_view, x, shape, stride, 0);
}

/* ---- flatten, ravel, unflatten ---- */

static tp_tensor *flatten_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 1) return tp_flatten(inputs[0], .start_dim = -3, .end_dim = -2);
    return tp_flatten(inputs[0]);
}

static const tp_op_sample flatten_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3, 2)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_flatten = {.name = "flatten",
                             .backward = reshape_backward,
                             .apply = flatten_apply,
                             .samples = flatten_samples};

tp_tensor *tp_flatten_at(tp_location at, tp_flatten_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, "flatten", x);
    int start = tp_wrap_dim(at, "flatten", args.start_dim ? args.start_dim : 1, x->ndim);
    if (start < 0) return tp_poison();
    int end = tp_wrap_dim(at, "flatten", args.end_dim ? args.end_dim : -1, x->ndim);
    if (end < 0) return tp_poison();
    if (end < start)
        return tp_fail(at, "flatten", TP_ERROR_ARGUMENT,
                       TP_GOT(x, "from dimension %d to %d", start, end), "start_dim before end_dim",
                       NULL);
    tp_shape shape = {.ndim = start};
    for (int d = 0; d < start; d++) shape.dims[d] = x->shape[d];
    int64_t merged = 1;
    for (int d = start; d <= end && d < x->ndim; d++) merged *= x->shape[d];
    shape.dims[shape.ndim++] = merged;
    for (int d = end + 1; d < x->ndim; d++) shape.dims[shape.ndim++] = x->shape[d];
    return tp_reshaped(at, &tp_op_flatten, x, shape);
}

tp_tensor *tp_ravel_at(tp_location at, tp_tensor *x) {
    TP_CHECK(at, "ravel", x);
    return tp_reshaped(at, &tp_op_reshape, x, (tp_shape){.ndim = 1, .dims = {x->numel}});
}

tp_tensor *tp_unflatten_at(tp_location at, tp_tensor *x, int dim, tp_shape sizes) {
    TP_CHECK(at, "unflatten", x);
    int d = tp_wrap_dim(at, "unflatten", dim, x->ndim);
    if (d < 0) return tp_poison();
    int64_t whole = x->ndim ? x->shape[d] : 1, known = 1;
    int unknown = -1;
    bool fine = sizes.ndim >= 1 && x->ndim >= 1 && x->ndim + sizes.ndim - 1 <= TP_MAX_DIMS;
    for (int i = 0; i < sizes.ndim && fine; i++) {
        if (sizes.dims[i] == -1 && unknown < 0)
            unknown = i;
        else
            fine = sizes.dims[i] >= 0 && !__builtin_mul_overflow(known, sizes.dims[i], &known);
    }
    if (fine && unknown >= 0) fine = known > 0 && whole % known == 0;
    if (fine && unknown >= 0) sizes.dims[unknown] = whole / known;
    if (!fine || (unknown < 0 && known != whole))
        return tp_fail(at, "unflatten", TP_ERROR_SHAPE,
                       TP_GOT(x, "dimension %d into %s", d, tp_shape_text(sizes)),
                       tp_text("sizes with the product %lld", (long long)whole), NULL);
    tp_shape shape = {.ndim = d};
    for (int i = 0; i < d; i++) shape.dims[i] = x->shape[i];
    for (int i = 0; i < sizes.ndim; i++) shape.dims[shape.ndim++] = sizes.dims[i];
    for (int i = d + 1; i < x->ndim; i++) shape.dims[shape.ndim++] = x->shape[i];
    return tp_reshaped(at, &tp_op_reshape, x, shape);
}

/* ---- squeeze, unsqueeze ---- */

static tp_tensor *squeeze_apply(tp_tensor *const *inputs, int variant) {
    return variant ? tp_squeeze(inputs[0], .dims = tp_dims(-1, 0)) : tp_squeeze(inputs[0]);
}

static const tp_op_sample squeeze_samples[] = {
    {0, 1, {TP_SHAPE_OF(1, 3, 1)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 1, 1)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_squeeze = {.name = "squeeze",
                             .backward = reshape_backward,
                             .apply = squeeze_apply,
                             .samples = squeeze_samples};

tp_tensor *tp_squeeze_at(tp_location at, tp_squeeze_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, "squeeze", x);
    unsigned drop = args.dims.ndim == 0 ? ~0u : 0;
    for (int i = 0; i < args.dims.ndim; i++) {
        int d = tp_wrap_dim(at, "squeeze", args.dims.dims[i], x->ndim);
        if (d < 0) return tp_poison();
        drop |= 1u << d;
    }
    tp_shape shape = {0};
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++) {
        if (x->shape[d] == 1 && (drop >> d & 1)) continue;
        stride[shape.ndim] = x->stride[d];
        shape.dims[shape.ndim++] = x->shape[d];
    }
    return tp_recorded_view(at, &tp_op_squeeze, x, shape, stride, 0);
}

static tp_tensor *unsqueeze_apply(tp_tensor *const *inputs, int variant) {
    return tp_unsqueeze(inputs[0], variant);
}

static const tp_op_sample unsqueeze_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {-1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_unsqueeze = {.name = "unsqueeze",
                               .backward = reshape_backward,
                               .apply = unsqueeze_apply,
                               .samples = unsqueeze_samples};

tp_tensor *tp_unsqueeze_at(tp_location at, tp_tensor *x, int dim) {
    TP_CHECK(at, "unsqueeze", x);
    int d = tp_wrap_dim(at, "unsqueeze", dim, x->ndim + 1);
    if (d < 0) return tp_poison();
    if (x->ndim == TP_MAX_DIMS)
        return tp_fail(at, "unsqueeze", TP_ERROR_SHAPE, tp_tensor_text(x),
                       "fewer than 8 dimensions", NULL);
    tp_shape shape = {.ndim = x->ndim + 1};
    int64_t stride[TP_MAX_DIMS];
    for (int i = 0; i < shape.ndim; i++) {
        int from = i - (i > d);
        shape.dims[i] = i == d ? 1 : x->shape[from];
        stride[i] = i != d ? x->stride[from] : d < x->ndim ? x->stride[d] * x->shape[d] : 1;
    }
    return tp_recorded_view(at, &tp_op_unsqueeze, x, shape, stride, 0);
}
