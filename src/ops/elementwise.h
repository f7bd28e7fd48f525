/* What the element-wise families share. */
#ifndef TP_OPS_ELEMENTWISE_H
#define TP_OPS_ELEMENTWISE_H

#include <taper/ops/elementwise.h>

#include "autograd/node.h"
#include "ops/loop.h"

/* The descriptors that the lists above and several files name. */
#define UNARY(name, ...) extern const tp_op tp_op_##name;
#include "ops/unary.def"
extern const tp_op tp_op_div;

/* What a gradient needs of the forward pass, as unary.def spells it. */
typedef enum tp_saves { TP_SAVES_NONE, TP_SAVES_X, TP_SAVES_Y } tp_saves;

/* Runs a function of unary.def; p0 and p1 are its parameters. */
tp_tensor *tp_unary(tp_location at, tp_unary_kind kind, tp_tensor *x, double p0, double p1);
/* The same in place. */
tp_tensor *tp_unary_inplace(tp_location at, tp_unary_kind kind, tp_tensor *x, double p0, double p1);
/* f'(x) g, not recorded: for gradients. */
tp_tensor *tp_unary_slope(tp_location at, tp_unary_kind kind, tp_tensor *g, tp_tensor *x, double p0,
                          double p1);

/* Whether op may write into x from the inputs: refuses (false, reported) leaves that want a gradient and tensors of
 * a recorded graph while recording, since in-place operations are not recorded. Counts the edit. */
bool tp_edit(tp_location at, const char *op, tp_tensor *x, int n, tp_tensor *const *inputs);

#endif
