/* Gradients of leaves. */
#ifndef TP_AUTOGRAD_GRAD_H
#define TP_AUTOGRAD_GRAD_H

#include "tensor/tensor.h"

/* Makes sure that x->grad has memory (its contents not set while has_grad is false). False when out of memory, reported. */
bool tp_grad_memory(tp_tensor *x);
/* Adds g to the gradient of x, taking over g where nobody else has it. */
void tp_grad_add(tp_tensor *x, tp_tensor *g);

#endif
