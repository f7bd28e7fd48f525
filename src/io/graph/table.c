/* The table of operators. */
#include <limits.h>
#include <string.h>
#include <taper/ops.h>

#include "io/graph/rows.h"

/* Before version 7 the second operand is aligned to a dimension of the first by hand. */
static tp_tensor *second(const tp_graph_step *step) {
    tp_tensor *a = tp_graph_input(step, 0), *b = tp_graph_input(step, 1);
    int64_t axis = tp_graph_int(step->node, "axis", -1);
    if (step->graph->opset >= 7 || axis < 0 || !a || !b) return b;
    for (int64_t behind = a->ndim - axis - b->ndim; behind > 0 && !b->poison; behind--)
        b = tp_unsqueeze_at(step->at, b, -1);
    return b;
}

#define UNARY(name, function)                                \
    static tp_tensor *unary_##name(const tp_graph_step *s) { \
        return function(s->at, tp_graph_input(s, 0));        \
    }
#define BINARY(name, function)                                   \
    static tp_tensor *binary_##name(const tp_graph_step *s) {    \
        return function(s->at, tp_graph_input(s, 0), second(s)); \
    }
#define OP(name, run, least, most, attributes, numbers, refuses)
#define FOLD OP
#include "io/graph/ops.def"
#undef UNARY
#undef BINARY
#undef OP
#undef FOLD

static const tp_graph_op rows[] = {
#define UNARY(name, function) {#name, unary_##name, 1, 1, " consumed_inputs ", 0, true, NULL},
#define BINARY(name, function) \
    {#name, binary_##name, 2, 2, " axis broadcast consumed_inputs ", 0, true, NULL},
#define OP(name, run, least, most, attributes, numbers, refuses) \
    {#name, run, least, most, attributes, numbers, false, refuses},
#define FOLD(name, run, least, most, attributes, numbers, refuses) \
    {#name, run, least, most, attributes, numbers, true, refuses},
#include "io/graph/ops.def"
#undef UNARY
#undef BINARY
#undef OP
#undef FOLD
};

size_t tp_graph_op_count(void) { return sizeof rows / sizeof *rows; }

const tp_graph_op *tp_graph_op_at(size_t i) { return i < tp_graph_op_count() ? &rows[i] : NULL; }

const tp_graph_op *tp_graph_op_named(const char *name) {
    for (size_t i = 0; i < tp_graph_op_count(); i++)
        if (strcmp(rows[i].name, name) == 0) return &rows[i];
    return NULL;
}
