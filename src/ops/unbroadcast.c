/* The gradient of broadcasting: what was spread out is summed up again. */
#include <taper/ops/reduce.h>

#include "autograd/node.h"

/* grad, whose shape x was broadcast to, summed to the shape of x. */
static tp_tensor *unbroadcast(tp_location at, tp_tensor *grad, const tp_tensor *x) {
    int shift = grad->ndim - x->ndim;
    tp_shape dims = {0};
    for (int d = 0; d < grad->ndim; d++)
        if (d < shift || (x->shape[d - shift] == 1 && grad->shape[d] != 1))
            dims.dims[dims.ndim++] = d;
    tp_tensor *sum = dims.ndim
                         ? tp_sum_at(at, (tp_reduce_args){.x = grad, .dims = dims, .keepdim = true})
                         : grad;
    if (sum->poison || sum->ndim == x->ndim) return sum;
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++) stride[d] = sum->stride[d + shift];
    return tp_make_view(at, "unbroadcast", sum, tp_shape_copy(x), stride, 0);
}

void tp_send_unbroadcast(tp_node *node, int i, tp_tensor *grad) {
    tp_tensor *x = node->inputs[i];
    if (!tp_needs(node, i)) return;
    if (grad && !grad->poison && !tp_shapes_equal(grad, x)) grad = unbroadcast(node->at, grad, x);
    tp_send(node, i, grad);
}
