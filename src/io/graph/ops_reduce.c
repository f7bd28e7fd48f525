/* Operators that reduce dimensions. */
#include <string.h>
#include <taper/ops.h>

#include "io/graph/rows.h"
#include "ops/loop.h"

/* The dimensions of a reduction; all where none are named. */
static bool dims_of(const tp_graph_step *s, tp_reduce_args *args, bool *nothing) {
    tp_graph_list axes = tp_graph_list_of(s, "axes", 1);
    args->x = tp_graph_input(s, 0);
    args->keepdim = tp_graph_int(s->node, "keepdims", 1) != 0;
    *nothing = axes.count == 0 && tp_graph_int(s->node, "noop_with_empty_axes", 0);
    args->dims.ndim = axes.count;
    memcpy(args->dims.dims, axes.of, sizeof axes.of);
    return axes.fine;
}

static tp_tensor *reduce(const tp_graph_step *s,
                         tp_tensor *(*function)(tp_location, tp_reduce_args)) {
    tp_reduce_args args = {0};
    bool nothing;
    if (!dims_of(s, &args, &nothing)) return tp_poison();
    return nothing ? args.x : function(s->at, args);
}

tp_tensor *tp_run_reduce_mean(const tp_graph_step *s) { return reduce(s, tp_mean_at); }

tp_tensor *tp_run_reduce_prod(const tp_graph_step *s) { return reduce(s, tp_prod_at); }

tp_tensor *tp_run_reduce_max(const tp_graph_step *s) { return reduce(s, tp_amax_at); }

tp_tensor *tp_run_reduce_min(const tp_graph_step *s) { return reduce(s, tp_amin_at); }

tp_tensor *tp_run_reduce_logsumexp(const tp_graph_step *s) { return reduce(s, tp_logsumexp_at); }

/* The sum, in the type of x. */
static tp_tensor *sum_same(tp_location at, tp_reduce_args args) {
    return tp_to_at(at, tp_sum_at(at, args), args.x->dtype);
}

static tp_tensor *sum_of_squares(tp_location at, tp_reduce_args args) {
    args.x = tp_mul_at(at, args.x, args.x);
    return tp_is_poison(args.x) ? args.x : sum_same(at, args);
}

static tp_tensor *sum_of_sizes(tp_location at, tp_reduce_args args) {
    args.x = tp_abs_at(at, args.x);
    return tp_is_poison(args.x) ? args.x : sum_same(at, args);
}

static tp_tensor *length(tp_location at, tp_reduce_args args) {
    return tp_norm_at(
        at, (tp_norm_args){.x = args.x, .p = 2, .dims = args.dims, .keepdim = args.keepdim});
}

tp_tensor *tp_run_reduce_sum(const tp_graph_step *s) { return reduce(s, sum_same); }

tp_tensor *tp_run_reduce_sum_square(const tp_graph_step *s) { return reduce(s, sum_of_squares); }

tp_tensor *tp_run_reduce_l1(const tp_graph_step *s) { return reduce(s, sum_of_sizes); }

tp_tensor *tp_run_reduce_l2(const tp_graph_step *s) { return reduce(s, length); }

/* ---- places ---- */

const char *tp_refuse_last_index(const tp_graph *graph, const tp_graph_node *node) {
    (void)graph;
    return tp_graph_int(node, "select_last_index", 0) ? "select_last_index" : NULL;
}

static tp_argmax_args argmax_args(const tp_graph_step *s) {
    return (tp_argmax_args){.x = tp_graph_input(s, 0),
                            .dim = (int)tp_graph_int(s->node, "axis", 0),
                            .keepdim = tp_graph_int(s->node, "keepdims", 1) != 0,
                            .along = true};
}

tp_tensor *tp_run_arg_max(const tp_graph_step *s) { return tp_argmax_at(s->at, argmax_args(s)); }

tp_tensor *tp_run_arg_min(const tp_graph_step *s) { return tp_argmin_at(s->at, argmax_args(s)); }

const char *tp_refuse_cum_sum(const tp_graph *graph, const tp_graph_node *node) {
    (void)graph;
    return tp_graph_int(node, "exclusive", 0) ? "exclusive" : NULL;
}

tp_tensor *tp_run_cum_sum(const tp_graph_step *s) {
    double axis = 0;
    int count;
    if (!tp_graph_numbers(s, 1, &axis, 1, &count)) return tp_poison();
    tp_tensor *x = tp_graph_input(s, 0);
    tp_shape dim = tp_dims(tp_graph_whole(axis));
    if (!tp_graph_int(s->node, "reverse", 0))
        return tp_to_at(s->at, tp_cumsum_at(s->at, x, (int)tp_graph_whole(axis)), x->dtype);
    tp_tensor *sum = tp_cumsum_at(s->at, tp_flip_at(s->at, x, dim), (int)tp_graph_whole(axis));
    return tp_to_at(s->at, tp_flip_at(s->at, sum, dim), x->dtype);
}
