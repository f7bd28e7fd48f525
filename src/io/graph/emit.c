/* Which emitter an operation has, and those of one and two operands. */
#include "io/graph/emit.h"

tp_graph_node *tp_emit_same(tp_trace *trace, const char *name) {
    int x = tp_trace_in(trace, 0);
    return TP_TRACE_ADD(trace, name, tp_trace_out(trace, 0), x);
}

/* The operand that is a number stands on the side that was noted. */
static void pair(tp_trace *trace, const char *name) {
    int64_t side = tp_trace_integer(trace, TP_NOTED_SIDE);
    int first = tp_trace_in(trace, 0), second;
    if (side == TP_BOTH_TENSORS)
        second = tp_trace_in(trace, 1);
    else
        second = tp_trace_number(trace, tp_trace_real(trace, TP_NOTED_NUMBER));
    int y = tp_trace_out(trace, 0);
    if (side == TP_NUMBER_LEFT)
        TP_TRACE_ADD(trace, name, y, second, first);
    else
        TP_TRACE_ADD(trace, name, y, first, second);
}

#define SAME(op, name) \
    static void same_##op(tp_trace *trace) { tp_emit_same(trace, #name); }
#define PAIR(op, name) \
    static void pair_##op(tp_trace *trace) { pair(trace, #name); }
#define EMIT(op, function)
#include "io/graph/emit.def"
#undef SAME
#undef PAIR
#undef EMIT

tp_emitter tp_emitter_of(const tp_op *op) {
    static const struct {
        const tp_op *op;
        tp_emitter emit;
    } rows[] = {
#define SAME(op, name)     {&tp_op_##op, same_##op},
#define PAIR(op, name)     {&tp_op_##op, pair_##op},
#define EMIT(op, function) {&tp_op_##op, tp_##function},
#include "io/graph/emit.def"
#undef SAME
#undef PAIR
#undef EMIT
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].op == op) return rows[i].emit;
    return NULL;
}
