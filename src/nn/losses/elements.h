/* Losses that are a sum over elements: one kernel pass for value and gradients. */
#ifndef TP_NN_LOSSES_ELEMENTS_H
#define TP_NN_LOSSES_ELEMENTS_H

#include "nn/losses/loss.h"

typedef struct tp_elements_args {
    const tp_op *op;
    tp_loss_kind kind;
    tp_tensor *input, *target;
    tp_tensor *weight, *pos_weight; /* like the input, contiguous, or NULL: tp_loss_weight */
    double p;
    tp_reduction reduction;
} tp_elements_args;

/* Runs the loss over two tensors of one shape and type, checked, and records it. */
tp_tensor *tp_elements_run(tp_location at, const tp_elements_args *args);
void tp_elements_backward(tp_node *node, tp_tensor *const *grads);

#endif
