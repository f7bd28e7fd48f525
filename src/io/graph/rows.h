/* What the rows of ops.def name, declared from there. */
#ifndef TP_IO_GRAPH_ROWS_H
#define TP_IO_GRAPH_ROWS_H

#include "io/graph/run.h"

#define UNARY(name, function)
#define BINARY(name, function)
#define OP(name, run, least, most, attributes, numbers, refuses) \
    tp_tensor *run(const tp_graph_step *step);
#define FOLD OP
#include "io/graph/ops.def"
#undef UNARY
#undef BINARY
#undef OP
#undef FOLD

/* Functions of one and two tensors that have no operation of their own. */
tp_tensor *tp_run_softplus(tp_location at, tp_tensor *x);
tp_tensor *tp_run_divide(tp_location at, tp_tensor *a, tp_tensor *b);
tp_tensor *tp_run_power(tp_location at, tp_tensor *a, tp_tensor *b);
tp_tensor *tp_run_prelu(tp_location at, tp_tensor *x, tp_tensor *slope);

/* Reasons against a node, see tp_graph_op.refuses. */
typedef const char *tp_graph_refuses(const tp_graph *graph, const tp_graph_node *node);
tp_graph_refuses tp_refuse_last_index, tp_refuse_cum_sum, tp_refuse_cast, tp_refuse_constant;
tp_graph_refuses tp_refuse_window, tp_refuse_batch_norm, tp_refuse_resize;

/* The dtype for one of ONNX's numbers of types; TP_DTYPE_DEFAULT where there is none. */
tp_dtype tp_graph_dtype_of(int64_t element);
/* And back. */
int tp_graph_element_of(tp_dtype dtype);

#endif
