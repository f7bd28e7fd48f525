/* Operations that stay one node where a graph is made for our own writer of C: ONNX 17 says them by several operators, or not at
 * all, and their bits would be lost. Such a node is called like the operation, with a small letter, which no operator of ONNX is;
 * it never reaches a file. */
#ifndef TP_IO_GRAPH_WHOLE_H
#define TP_IO_GRAPH_WHOLE_H

#include "io/graph/run.h"
#include "io/graph/trace.h"

/* Emits the recorded node as a whole; false where it is no such operation. Attributes:
 *   functions of unary.def   p0, p1 (floats, exact)
 *   group_norm               groups, eps
 *   adaptive pools           none: sizes are those of input and result; to one value they are global pools
 *   pad                      mode (tp_pad_mode), before (a number a dimension), fill
 *   interpolate              mode, align, places_h, places_w */
bool tp_emit_whole(tp_trace *trace);

/* How such a node is run, or NULL. */
const tp_graph_op *tp_graph_whole_named(const char *name);

#endif
