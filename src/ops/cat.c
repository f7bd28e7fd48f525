/* cat and stack: tensors one after the other. */
#include <taper/ops/shape.h>

#include "ops/loop.h"
#include "ops/shape.h"

/* A vector without elements joins with anything, as in PyTorch. */
static bool is_nothing(const tp_tensor *x) { return x->ndim == 1 && x->shape[0] == 0; }

static tp_tensor *check_list(tp_location at, const char *op, tp_tensor_list list) {
    if (list.count < 1 || !list.items)
        return tp_fail(at, op, TP_ERROR_ARGUMENT, "an empty list", "at least one tensor", NULL);
    for (int64_t k = 0; k < list.count; k++) TP_CHECK(at, op, list.items[k]);
    return NULL;
}

static tp_tensor *refuse(tp_location at, const char *op, tp_tensor_list list, int64_t k,
                         const tp_tensor *first, const char *want) {
    return tp_fail(at, op, TP_ERROR_SHAPE,
                   tp_text("%s first and %s as number %lld", tp_tensor_text(first),
                           tp_tensor_text(list.items[k]), (long long)k),
                   want, NULL);
}

/* ---- cat ---- */

/* node->integer[0]: the dimension */
static void cat_backward(tp_node *node, tp_tensor *const *grads) {
    int dim = (int)node->integer[0];
    int64_t start = 0;
    for (int i = 0; i < node->n_inputs; i++) {
        const tp_tensor *x = node->inputs[i];
        bool nothing = is_nothing(x) && grads[0]->ndim != 1;
        int64_t size = nothing ? 0 : x->shape[dim];
        if (tp_needs(node, i)) {
            tp_tensor *g = nothing ? tp_make_like(node->at, "cat", x)
                                   : tp_part(node->at, "cat", grads[0], dim, start, size);
            tp_send(node, i, g->poison ? g : tp_cast(node->at, "cat", g, x->dtype));
        }
        start += size;
    }
}

static tp_tensor *cat_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *a = inputs[0], *b = inputs[1];
    if (variant == 1) return tp_cat(tp_list(a, tp_transpose(b, 0, 1), a), -1);
    return tp_cat(tp_list(a, b), 0);
}

static const tp_op_sample cat_samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(1, 3)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(0), TP_SHAPE_OF(1, 3)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(0, 3), TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(4, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_cat = {
    .name = "cat", .backward = cat_backward, .apply = cat_apply, .samples = cat_samples};

/* The shape of the result; poison after reporting, NULL where all is well. */
static tp_tensor *cat_shape(tp_location at, tp_tensor_list list, int dim, int *wrapped,
                            tp_shape *shape) {
    const tp_tensor *first = list.items[0];
    for (int64_t k = 0; k < list.count && is_nothing(first); k++) first = list.items[k];
    if (first->ndim == 0)
        return tp_fail(at, "cat", TP_ERROR_SHAPE, "a scalar", "at least one dimension",
                       "tp_stack() makes a vector of scalars");
    *wrapped = tp_wrap_dim(at, "cat", dim, first->ndim);
    if (*wrapped < 0) return tp_poison();
    *shape = tp_shape_copy(first);
    shape->dims[*wrapped] = 0;
    for (int64_t k = 0; k < list.count; k++) {
        const tp_tensor *x = list.items[k];
        if (is_nothing(x)) continue;
        bool fits = x->ndim == shape->ndim;
        for (int d = 0; d < x->ndim && fits; d++)
            fits = d == *wrapped || x->shape[d] == shape->dims[d];
        if (!fits) {
            const char *want = tp_text("the same sizes except at dimension %d", *wrapped);
            return refuse(at, "cat", list, k, first, want);
        }
        shape->dims[*wrapped] += x->shape[*wrapped];
    }
    return NULL;
}

tp_tensor *tp_cat_at(tp_location at, tp_tensor_list list, int dim) {
    tp_tensor *bad = check_list(at, "cat", list);
    if (bad) return bad;
    tp_shape shape;
    int d = 0;
    bad = cat_shape(at, list, dim, &d, &shape);
    if (bad) return bad;
    tp_tensor *out = tp_make_shape(at, "cat", tp_result_type((int)list.count, list.items), shape);
    if (out->poison) return out;
    int64_t start = 0;
    for (int64_t k = 0; k < list.count; k++) {
        tp_tensor *x = list.items[k];
        if (x->numel == 0) {
            if (x->ndim == shape.ndim) start += x->shape[d];
            continue;
        }
        tp_tensor *part = tp_part(at, "cat", out, d, start, x->shape[d]);
        if (part->poison) return part;
        tp_copy_elements(part, x);
        tp_free(part);
        start += x->shape[d];
    }
    tp_node *node = tp_record(at, &tp_op_cat, out, (int)list.count, list.items);
    if (node) node->integer[0] = d;
    return out;
}

/* ---- stack ---- */

/* Place k along a dimension that it then lacks. */
static tp_tensor *layer(tp_location at, tp_tensor *x, int dim, int64_t k) {
    tp_shape shape = {.ndim = x->ndim - 1};
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < shape.ndim; d++) {
        shape.dims[d] = x->shape[d + (d >= dim)];
        stride[d] = x->stride[d + (d >= dim)];
    }
    return tp_make_view(at, "stack", x, shape, stride, x->numel ? k * x->stride[dim] : 0);
}

static void stack_backward(tp_node *node, tp_tensor *const *grads) {
    for (int i = 0; i < node->n_inputs; i++) {
        if (!tp_needs(node, i)) continue;
        tp_tensor *g = layer(node->at, grads[0], (int)node->integer[0], i);
        tp_send(node, i, g->poison ? g : tp_cast(node->at, "stack", g, node->inputs[i]->dtype));
    }
}

static tp_tensor *stack_apply(tp_tensor *const *inputs, int variant) {
    return tp_stack(tp_list(inputs[0], inputs[1], inputs[0]), variant);
}

static const tp_op_sample stack_samples[] = {
    {0, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {-1, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 2, {TP_SHAPE_OF(2, 0), TP_SHAPE_OF(2, 0)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_stack = {
    .name = "stack", .backward = stack_backward, .apply = stack_apply, .samples = stack_samples};

tp_tensor *tp_stack_at(tp_location at, tp_tensor_list list, int dim) {
    tp_tensor *bad = check_list(at, "stack", list);
    if (bad) return bad;
    const tp_tensor *first = list.items[0];
    int d = tp_wrap_dim(at, "stack", dim, first->ndim + 1);
    if (d < 0) return tp_poison();
    for (int64_t k = 1; k < list.count; k++)
        if (!tp_shapes_equal(first, list.items[k]))
            return refuse(at, "stack", list, k, first, "tensors of one shape");
    tp_shape shape = {.ndim = first->ndim + 1};
    if (shape.ndim > TP_MAX_DIMS)
        return tp_fail(at, "stack", TP_ERROR_SHAPE, tp_tensor_text(first),
                       "fewer than 8 dimensions", NULL);
    for (int i = 0; i < shape.ndim; i++)
        shape.dims[i] = i == d ? list.count : first->shape[i - (i > d)];
    tp_tensor *out = tp_make_shape(at, "stack", tp_result_type((int)list.count, list.items), shape);
    if (out->poison) return out;
    for (int64_t k = 0; k < list.count && out->numel; k++) {
        tp_tensor *part = layer(at, out, d, k);
        if (part->poison) return part;
        tp_copy_elements(part, list.items[k]);
        tp_free(part);
    }
    tp_node *node = tp_record(at, &tp_op_stack, out, (int)list.count, list.items);
    if (node) node->integer[0] = d;
    return out;
}
