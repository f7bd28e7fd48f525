/* The emitters that emit.def names. */
#ifndef TP_IO_GRAPH_EMIT_H
#define TP_IO_GRAPH_EMIT_H

#include "io/graph/trace.h"
#include "ops/noted.h"

#define OP(name) extern const tp_op tp_op_##name;
#include "ops/ops.def"
#undef OP
extern const tp_op tp_op_contiguous;

#define SAME(op, name)
#define PAIR(op, name)
#define EMIT(op, function) void tp_##function(tp_trace *trace);
#include "io/graph/emit.def"
#undef SAME
#undef PAIR
#undef EMIT

/* The recorded node's first result, from its first input, by an operator of one input. */
tp_graph_node *tp_emit_same(tp_trace *trace, const char *name);
/* What an activation of tp_linear or tp_conv2d does to `value`, in the same pass, written to `output`. */
void tp_emit_activation(tp_trace *trace, int64_t activation, int value, int output);
/* A slice [begin, end) of dimension `dim`, as a new value. */
int tp_emit_part(tp_trace *trace, int value, int64_t dim, int64_t begin, int64_t end);
/* A Reshape of value to the shape of result i. */
void tp_emit_reshape_to(tp_trace *trace, int value, int i);

#endif
