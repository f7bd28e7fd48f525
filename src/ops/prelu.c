/* prelu: x above 0, weight x elsewhere (He et al., 2015), in one node, so that whoever reads the graph sees what it is. */
#include <taper/ops/activation.h>
#include <taper/ops/arithmetic.h>
#include <taper/ops/shape.h>

#include "autograd/node.h"
#include "ops/loop.h"

enum { X, WEIGHT };
extern const tp_op tp_op_prelu;

/* dx = g above 0, else g weight; dweight = 0 above 0, else the sum of g x. The slope at 0 is the weight, as in PyTorch. */
static void prelu_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *x = tp_saved(node, X), *weight = tp_saved(node, WEIGHT);
    if (!x || !weight) return;
    tp_tensor *above = tp_gt_real_at(node->at, x, 0), *g = grads[0];
    if (tp_needs(node, X))
        tp_send(node, X, tp_where_at(node->at, above, g, tp_mul_at(node->at, g, weight)));
    if (tp_needs(node, WEIGHT))
        tp_send_unbroadcast(node, WEIGHT,
                            tp_masked_fill_at(node->at, tp_mul_at(node->at, g, x), above, 0));
}

/* weight already in a shape that broadcasts to x's. */
static tp_tensor *prelu_of(tp_location at, tp_tensor *x, tp_tensor *weight) {
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_tensor *above = tp_gt_real_at(at, x, 0), *below = tp_mul_at(at, x, weight);
    tp_grad_mode_end(&mode);
    tp_tensor *out = tp_make_like(at, "prelu", x);
    if (above->poison || below->poison || out->poison) return tp_poison();
    tp_loop_run(tp_ctx()->kernels->where[x->dtype], 4, (tp_tensor *[]){out, above, x, below}, NULL);
    tp_free(above);
    tp_free(below);
    tp_node *node = tp_record(at, &tp_op_prelu, out, 2, (tp_tensor *[]){x, weight});
    if (node) {
        tp_save(node, x);
        tp_save(node, weight);
    }
    return out;
}

tp_tensor *tp_prelu_at(tp_location at, tp_tensor *x, tp_tensor *weight) {
    TP_CHECK(at, "prelu", x);
    TP_CHECK(at, "prelu", weight);
    int64_t channels = x->ndim < 2 ? 1 : x->shape[1];
    bool fits = weight->ndim == 1 && (weight->shape[0] == 1 || weight->shape[0] == channels);
    if (!fits || weight->dtype != x->dtype)
        return tp_fail(at, "prelu", fits ? TP_ERROR_DTYPE : TP_ERROR_SHAPE,
                       tp_text("x %s and weight %s", tp_tensor_text(x), tp_tensor_text(weight)),
                       "x (N, C, ...) and a weight of 1 or C elements of its type", NULL);
    tp_shape shape = {.ndim = x->ndim};
    for (int d = 0; d < shape.ndim; d++) shape.dims[d] = 1;
    if (x->ndim > 0) shape.dims[x->ndim < 2 ? 0 : 1] = weight->shape[0];
    return prelu_of(at, x, tp_reshape_at(at, weight, shape));
}

static tp_tensor *prelu_apply(tp_tensor *const *inputs, int variant) {
    (void)variant;
    return tp_prelu(inputs[0], inputs[1]);
}

static const tp_op_sample prelu_samples[] = {
    {.inputs = 2, .shape = {TP_SHAPE_OF(2, 3, 4), TP_SHAPE_OF(3)}, .apart = 0.001},
    {.inputs = 2, .shape = {TP_SHAPE_OF(2, 3, 2, 2), TP_SHAPE_OF(1)}, .apart = 0.001},
    {.inputs = 2, .shape = {TP_SHAPE_OF(5), TP_SHAPE_OF(1)}},
    {.inputs = 2, .shape = {TP_SHAPE_OF(0, 3), TP_SHAPE_OF(3)}},
    {0}};
const tp_op tp_op_prelu = {"prelu", prelu_backward, NULL, prelu_apply, prelu_samples};
