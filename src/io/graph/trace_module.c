/* Running a module to see what it does. */
#include <stdlib.h>
#include <string.h>
#include <taper/ops.h>
#include <taper/random.h>

#include "base/alloc.h"
#include "io/graph/rows.h"
#include "io/graph/trace.h"
#include "io/graph/whole.h"
#include "nn/module.h"

/* One run: its input, output and nodes in the order in which they were recorded. */
typedef struct run {
    tp_tensor *input, *output;
    const tp_node **nodes;
    size_t count, room;
} run;

/* ---- running ---- */

static void ignore(tp_module *module, tp_tensor *x, tp_tensor *y, void *user) {
    (void)module, (void)x, (void)y, (void)user;
}

/* Values for which networks behave: between 0 and 1, of whole numbers 0 and 1. */
static tp_tensor *make_input(const tp_trace_args *args, int64_t batch) {
    tp_shape shape = {.ndim = args->sample.ndim + 1, .dims = {batch}};
    for (int d = 0; d < args->sample.ndim; d++) shape.dims[d + 1] = args->sample.dims[d];
    tp_dtype dtype = args->dtype ? args->dtype : TP_FLOAT32;
    tp_tensor *x = tp_rand_at(args->at, (tp_random_args){.shape = shape, .dtype = TP_FLOAT32});
    if (tp_is_poison(x) || dtype == TP_FLOAT32) return x;
    if (!tp_is_float_type(dtype)) x = tp_round_at(args->at, x);
    return tp_to_at(args->at, x, dtype);
}

/* Runs the module with every operation recorded and nothing fused, which is what an observer asks for. */
static bool run_module(const tp_trace_args *args, int64_t batch, run *r) {
    tp_module_state *state = tp_module_state_get();
    if (!state) return false;
    r->input = make_input(args, batch);
    if (tp_is_poison(r->input)) return false;
    tp_tape *tape = &tp_ctx()->tape;
    tp_module_observer observer = state->observer;
    bool tracing = tape->tracing;
    state->observer = ignore;
    tape->tracing = true;
    r->output = tp_call_at(args->at, args->module, r->input);
    tape->tracing = tracing;
    state->observer = observer;
    return !tp_is_poison(r->output);
}

/* ---- gathering ---- */

static bool gathered(const run *r, const tp_node *node) {
    for (size_t i = r->count; i > 0; i--)
        if (r->nodes[i - 1] == node) return true;
    return false;
}

static bool gather(run *r, const tp_tensor *x) {
    if (!x || !x->node || gathered(r, x->node)) return true;
    if (r->count == r->room) {
        size_t more = r->room ? 2 * r->room : 64;
        void *grown = r->nodes ? tp_resize((void *)r->nodes, more * sizeof *r->nodes)
                               : tp_new(more * sizeof *r->nodes);
        if (!grown) return false;
        r->nodes = grown;
        r->room = more;
    }
    r->nodes[r->count++] = x->node;
    return true;
}

static int by_sequence(const void *a, const void *b) {
    const tp_node *const *x = a, *const *y = b;
    return (*x)->sequence < (*y)->sequence ? -1 : (*x)->sequence > (*y)->sequence;
}

/* All nodes that lead to the output. */
static bool gather_all(run *r) {
    bool fine = gather(r, r->output);
    for (size_t i = 0; fine && i < r->count; i++)
        for (int k = 0; fine && k < r->nodes[i]->n_inputs; k++)
            fine = gather(r, r->nodes[i]->inputs[k]);
    if (fine && r->count) qsort((void *)r->nodes, r->count, sizeof *r->nodes, by_sequence);
    return fine;
}

/* ---- modes ---- */

static size_t count_modules(const tp_module *module) {
    size_t count = 1;
    for (int i = 0; i < module->child_count; i++) count += count_modules(module->children[i]);
    return count;
}

/* Puts all modes into `modes`, or back from there. */
static bool *each_mode(tp_module *module, bool *modes, bool back) {
    if (back)
        module->evaluating = *modes;
    else
        *modes = module->evaluating;
    modes++;
    for (int i = 0; i < module->child_count; i++)
        modes = each_mode(module->children[i], modes, back);
    return modes;
}

/* ---- building ---- */

static bool emit_all(tp_trace *trace, const run *first, const run *second) {
    if (first->count != second->count) {
        tp_trace_refuse(trace, "operations that depend on the size of the batch");
        return false;
    }
    for (size_t i = 0; !trace->failed && i < first->count; i++) {
        trace->node = first->nodes[i];
        trace->twin = second->nodes[i];
        tp_emitter emit = tp_emitter_of(trace->node->op);
        if (trace->node->op != trace->twin->op || trace->node->n_inputs != trace->twin->n_inputs)
            tp_trace_refuse(trace, "operations that depend on the size of the batch");
        else if (trace->args->whole && tp_emit_whole(trace))
            continue;
        else if (!emit)
            tp_trace_refuse(trace, "an operation that ONNX has no form for here");
        else
            emit(trace);
    }
    return !trace->failed;
}

/* An input or output: its value, described. */
static int *describe(tp_trace *trace, const tp_tensor *x, const tp_tensor *twin, int value) {
    tp_graph *graph = trace->graph;
    int *list = tp_arena_take(&graph->arena, sizeof *list);
    if (!list || value < 0) return NULL;
    *list = value;
    graph->values[value].described = true;
    graph->values[value].element = tp_graph_element_of(x->dtype);
    graph->values[value].shape = tp_trace_shape(trace, x, twin);
    return list;
}

static bool build(tp_trace *trace, const run *first, const run *second) {
    const tp_trace_args *args = trace->args;
    tp_graph *graph = trace->graph;
    int input = tp_trace_fresh(trace, args->input_name ? args->input_name : "input");
    int output = tp_trace_fresh(trace, args->output_name ? args->output_name : "output");
    if (input < 0 || output < 0) return false;
    graph->values[input].role = TP_VALUE_INPUT;
    tp_trace_put(trace, first->input, input);
    if (!first->output->node) {
        tp_trace_refuse(trace, "its output does not come from recorded operations");
        return false;
    }
    tp_trace_put(trace, first->output, output);
    graph->inputs = describe(trace, first->input, second->input, input);
    graph->outputs = describe(trace, first->output, second->output, output);
    graph->input_count = graph->output_count = 1;
    if (!graph->inputs || !graph->outputs) {
        if (!trace->failed) tp_fail_memory(args->at, args->op, 0);
        return false;
    }
    return emit_all(trace, first, second);
}

static bool run_twice(const tp_trace_args *args, run *first, run *second) {
    int64_t batch = args->batch > 0 ? args->batch : 2;
    if (!run_module(args, batch, first) ||
        !run_module(args, args->batch > 0 ? batch : batch + 1, second))
        return false;
    if (gather_all(first) && gather_all(second)) return true;
    tp_fail_memory(args->at, args->op, 0);
    return false;
}

static bool trace_in_scope(tp_trace *trace) {
    run first = {0}, second = {0};
    bool fine = false;
    TP_SCOPE { fine = run_twice(trace->args, &first, &second) && build(trace, &first, &second); }
    tp_delete((void *)first.nodes);
    tp_delete((void *)second.nodes);
    tp_delete(trace->places);
    return fine;
}

tp_graph *tp_trace_module(const tp_trace_args *args) {
    if (!tp_module_usable(args->at, args->op, args->module)) return NULL;
    if (args->sample.ndim < 0 || args->sample.ndim >= TP_MAX_DIMS) {
        tp_fail(args->at, args->op, TP_ERROR_ARGUMENT, tp_shape_text(args->sample),
                "the shape of one sample, such as tp_shape(1, 28, 28)", NULL);
        return NULL;
    }
    bool *modes = tp_new(count_modules(args->module));
    tp_trace trace = {.args = args, .graph = tp_graph_new()};
    if (!modes || !trace.graph) {
        tp_fail_memory(args->at, args->op, sizeof *trace.graph);
        tp_delete(modes);
        tp_graph_end(trace.graph);
        return NULL;
    }
    trace.state = tp_state_dict_at(args->at, args->module);
    trace.graph->opset = 17;
    struct tp_generator generator =
        tp_ctx()->generator; /* the user's numbers go on as if nothing had been */
    each_mode(args->module, modes, false);
    tp_eval_at(args->at, args->module);
    bool fine = trace_in_scope(&trace);
    each_mode(args->module, modes, true);
    tp_ctx()->generator = generator;
    tp_delete(modes);
    if (fine) return trace.graph;
    tp_graph_end(trace.graph);
    return NULL;
}

tp_tensor *tp_trace_evaluate(tp_location at, tp_module *module, tp_tensor *x) {
    bool *modes = tp_new(count_modules(module));
    if (!modes) return tp_fail_memory(at, "call", count_modules(module));
    each_mode(module, modes, false);
    tp_eval_at(at, module);
    tp_tensor *y = tp_call_at(at, module, x);
    each_mode(module, modes, true);
    tp_delete(modes);
    return y;
}
