/* logsumexp over any dimensions: its gradient is softmax, exp(x - y). */
#include "ops/reduce.h"

enum { MASK };

/* True where the dimensions in mask are neighbours: then x need not be put in another order. */
static bool neighbours(const tp_tensor *x, unsigned mask, tp_along *a) {
    int first = -1, last = -1;
    for (int d = 0; d < x->ndim; d++)
        if (mask >> d & 1u) {
            if (last >= 0 && d != last + 1) return false;
            if (first < 0) first = d;
            last = d;
        }
    *a = (tp_along){1, 1, 1};
    for (int d = 0; d < x->ndim; d++)
        *(d < first ? &a->outer : d <= last ? &a->n : &a->inner) *= x->shape[d];
    return true;
}

static void logsumexp_backward(tp_node *node, tp_tensor *const *grads) {
    unsigned mask = (unsigned)node->integer[MASK];
    tp_tensor *x = tp_saved(node, 0), *y = tp_saved(node, 1);
    if (!x || !y) return;
    tp_tensor *share = tp_combine(node->at, "logsumexp", TP_BINARY_sub, x,
                                  tp_expand_reduced(node->at, "logsumexp", y, x, mask));
    if (!share->poison)
        tp_loop_run(tp_ctx()->kernels->unary[TP_UNARY_exp][x->dtype], 2,
                    (tp_tensor *[]){share, share}, NULL);
    tp_tensor *g = tp_expand_reduced(node->at, "logsumexp", grads[0], x, mask);
    tp_send(node, 0, tp_combine(node->at, "logsumexp", TP_BINARY_mul, share, g));
}

static tp_tensor *logsumexp_apply(tp_tensor *const *inputs, int variant) {
    switch (variant) {
    case 1: return tp_logsumexp(inputs[0], .dims = tp_dims(0));
    case 2: return tp_logsumexp(inputs[0], .dims = tp_dims(-1), .keepdim = true);
    case 3: return tp_logsumexp(inputs[0], .dims = tp_dims(0, 2));
    default: return tp_logsumexp(inputs[0]);
    }
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},    {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(3, 2, 2)}, 0, 0, 0}, {3, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_logsumexp = {"logsumexp", logsumexp_backward, NULL, logsumexp_apply, samples};

tp_tensor *tp_logsumexp_at(tp_location at, tp_reduce_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, "logsumexp", x);
    unsigned mask;
    if (!tp_floats_only(at, "logsumexp", x) ||
        !tp_reduce_mask(at, "logsumexp", x, args.dims, &mask))
        return tp_poison();
    tp_tensor *out =
        tp_make_shape(at, "logsumexp", x->dtype, tp_reduced_shape(x, mask, args.keepdim));
    if (out->poison) return out;
    tp_along a;
    tp_tensor *packed;
    if (neighbours(x, mask, &a)) {
        packed = tp_packed(at, "logsumexp", x);
    } else {
        packed = tp_reduced_last(at, "logsumexp", x, mask);
        a = (tp_along){out->numel, tp_reduced_count(x, mask), 1};
    }
    if (packed->poison) return packed;
    tp_along_run(tp_ctx()->kernels->reduce.logsumexp[tp_float_index(x->dtype)], out, packed, a);
    tp_node *node = tp_record(at, &tp_op_logsumexp, out, 1, &x);
    if (node) {
        tp_save(node, x);
        tp_save(node, out);
        node->integer[MASK] = mask;
    }
    return out;
}
