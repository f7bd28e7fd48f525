/* outer: a column times a row. */
#include <taper/ops/matmul.h>

#include "autograd/node.h"
#include "ops/product.h"

/* da = g b, db = g^T a */
static void outer_backward(tp_node *node, tp_tensor *const *grads) {
    const tp_tensor *g = grads[0];
    for (int i = 0; i < 2; i++) {
        if (!tp_needs(node, i)) continue;
        tp_tensor *other = tp_saved(node, (int)node->integer[1 - i]);
        if (!other) return;
        bool direct;
        double beta;
        tp_tensor *target = tp_product_target(node, i, &beta, &direct);
        if (!target) {
            tp_send(node, i, tp_poison());
            return;
        }
        tp_product p = {.dtype = g->dtype,
                        .m = g->shape[i],
                        .n = 1,
                        .k = g->shape[1 - i],
                        .alpha = 1,
                        .beta = beta,
                        .a = {.data = g->data, .row = g->stride[i], .col = g->stride[1 - i]},
                        .b = {.data = other->data, .row = other->stride[0], .col = 1},
                        .c = {.data = target->data, .row = 1, .col = 1}};
        if (!tp_product_run(&p)) {
            tp_send(node, i, tp_fail_memory(node->at, "outer", 0));
            return;
        }
        if (!direct) tp_send(node, i, target);
    }
}

static tp_tensor *outer_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_outer(inputs[0], inputs[1]);
}

static const tp_op_sample outer_samples[] = {
    {0, 2, {TP_SHAPE_OF(3), TP_SHAPE_OF(4)}, 0, 0, 0},
    {0, 2, {TP_SHAPE_OF(0), TP_SHAPE_OF(2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_outer = {
    .name = "outer", .backward = outer_backward, .apply = outer_apply, .samples = outer_samples};

tp_tensor *tp_outer_at(tp_location at, tp_tensor *a, tp_tensor *b) {
    TP_CHECK(at, "outer", a);
    TP_CHECK(at, "outer", b);
    if (a->ndim != 1 || b->ndim != 1)
        return tp_fail(at, "outer", TP_ERROR_SHAPE,
                       tp_text("%s and %s", tp_tensor_text(a), tp_tensor_text(b)), "(n) and (m)",
                       NULL);
    if (!tp_product_types(at, "outer", a, b)) return tp_poison();
    tp_tensor *out = tp_make(at, "outer", a->dtype, 2, (const int64_t[]){a->shape[0], b->shape[0]});
    if (out->poison) return out;
    tp_product p = {.dtype = a->dtype,
                    .m = a->shape[0],
                    .n = b->shape[0],
                    .k = 1,
                    .alpha = 1,
                    .a = {.data = a->data, .row = a->stride[0], .col = 1},
                    .b = {.data = b->data, .row = 0, .col = b->stride[0]},
                    .c = {.data = out->data, .row = b->shape[0], .col = 1}};
    if (!tp_product_run(&p)) return tp_fail_memory(at, "outer", 0);
    tp_node *node = tp_record(at, &tp_op_outer, out, 2, (tp_tensor *[]){a, b});
    if (node) {
        node->integer[0] = node->integer[1] = -1;
        if (tp_needs(node, 1)) node->integer[0] = node->n_saved, tp_save(node, a);
        if (tp_needs(node, 0)) node->integer[1] = node->n_saved, tp_save(node, b);
    }
    return out;
}
