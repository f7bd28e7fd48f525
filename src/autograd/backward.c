#include <math.h>

#include "autograd/grad.h"
#include "autograd/lazy.h"
#include "autograd/node.h"
#include "ops/loop.h"

/* ---- sending ---- */

static bool exclusive(const tp_tensor *g) {
    return g->refs == 1 && g->contiguous && g->storage && g->storage->refs == 1 &&
           !g->storage->external;
}

/* Adds g to what has already come back to a result. False after an error. */
static bool add_pending(tp_location at, tp_tensor **slot, tp_tensor *g) {
    if (!*slot) {
        tp_hold_data(g);
        *slot = g;
        return true;
    }
    if (exclusive(*slot)) {
        tp_accumulate(*slot, g, 1);
        return true;
    }
    tp_tensor *sum = tp_make_like(at, "backward", *slot);
    if (sum->poison) return false;
    tp_copy_elements(sum, *slot);
    tp_accumulate(sum, g, 1);
    tp_hold_data(sum);
    tp_drop_data(*slot);
    *slot = sum;
    return true;
}

static bool fits(const tp_node *node, const tp_tensor *x, const tp_tensor *g) {
    if (tp_shapes_equal(x, g) && x->dtype == g->dtype) return true;
    tp_fail(node->at, node->op->name, TP_ERROR_SHAPE,
            tp_text("a gradient %s from backward", tp_tensor_text(g)), tp_tensor_text(x),
            "backward must give each input a gradient of its own shape and type");
    return false;
}

void tp_send(tp_node *node, int i, tp_tensor *grad) {
    tp_tape *tape = &tp_ctx()->tape;
    tp_tensor *x = node->inputs[i];
    if (tape->failed || !x || !tp_differentiable(x)) return;
    if (!grad || grad->poison || !fits(node, x, grad)) {
        tape->failed = true;
        return;
    }
    if (TP_UNLIKELY(tape->detect_anomaly))
        tp_anomaly_check(node->at, tp_text("%s (backward)", node->op->name), 1, &grad);
    if (!x->node) {
        tp_grad_add(x, grad);
        return;
    }
    tp_node *maker = x->node;
    bool fresh = true;
    for (int k = 0; k < maker->n_outputs; k++) fresh = fresh && !maker->grads[k];
    if (!add_pending(node->at, &maker->grads[x->output], grad))
        tape->failed = true;
    else if (fresh) {
        tp_node_hold(maker); /* until it has been walked */
        tape->pending++;
    }
}

tp_tensor *tp_grad_target(tp_node *node, int i, bool *accumulate) {
    tp_tensor *x = node->inputs[i];
    if (!x || x->node || !x->requires_grad || !x->contiguous) return NULL;
    if (x->lazy && !tp_lazy_compute(x)) return NULL;
    if (!tp_grad_memory(x)) return NULL;
    *accumulate = x->has_grad;
    x->has_grad = true;
    return x->grad;
}

/* ---- the walk ---- */

/* Runs one node's backward in a scope of its own, so that nothing but what was sent outlives it. */
static void run_node(tp_node *node) {
    tp_tape *tape = &tp_ctx()->tape;
    tp_scope scope = tp_scope_begin();
    for (int k = 0; k < node->n_outputs; k++) {
        tp_tensor *out = node->outputs[k];
        if (out && out->retain_grad && node->grads[k]) tp_grad_add(out, node->grads[k]);
    }
    const char **path =
        tp_ctx()->module_path; /* errors in backward name the layer of the forward */
    const char *outer_path = path ? *path : NULL;
    if (path) *path = node->module;
    if (node->consumed) {
        tp_fail(node->at, node->op->name, TP_ERROR_GRAPH,
                "backward a second time through values that the first one gave back", NULL,
                "pass .retain_graph = true to the first tp_backward(), or run the forward again");
        tape->failed = true;
    } else if (node->op->backward) {
        node->op->backward(node, node->grads);
    }
    if (path) *path = outer_path;
    tp_scope_end(&scope);
}

/* Ends the turn of a node: what came back to its results goes to the pool. */
static void leave_node(tp_node *node, bool consume) {
    for (int k = 0; k < node->n_outputs; k++) {
        if (node->grads[k]) tp_drop_data(node->grads[k]);
        node->grads[k] = NULL;
    }
    if (consume) tp_node_consume(node);
}

static bool has_pending(const tp_node *node) {
    for (int k = 0; k < node->n_outputs; k++)
        if (node->grads[k]) return true;
    return false;
}

/* Walks the tape from `node` towards the oldest, until nothing is left that a gradient came back to. */
static bool walk(tp_node *node, bool retain) {
    tp_tape *tape = &tp_ctx()->tape;
    while (node && tape->pending > 0) {
        if (!has_pending(node)) {
            node = node->older;
            continue;
        }
        uint32_t errors_before = tp_ctx()->error.count;
        if (!tape->failed) run_node(node);
        if (tp_ctx()->error.count != errors_before) tape->failed = true;
        leave_node(node, !retain && !tape->failed);
        tape->pending--;
        tp_node *older = node->older;
        /* Letting go of this node may free older ones, but never one that waits for its turn: those are held. */
        while (older && tape->pending > 0 && !has_pending(older)) older = older->older;
        tp_node_release(node);
        node = older;
    }
    return !tape->failed;
}

/* The gradient to start from: what the user gave, or 1. NULL after reporting. */
static tp_tensor *start_gradient(tp_location at, const tp_backward_args *args) {
    tp_tensor *x = args->x, *g = args->gradient;
    if (g) {
        if (!tp_usable(at, "backward", g)) return NULL;
        if (tp_shapes_equal(x, g) && x->dtype == g->dtype) return g;
        tp_fail(at, "backward", TP_ERROR_SHAPE,
                tp_text("gradient %s for %s", tp_tensor_text(g), tp_tensor_text(x)),
                "the same shape and type", NULL);
        return NULL;
    }
    if (x->numel != 1) {
        tp_fail(at, "backward", TP_ERROR_GRAPH, tp_tensor_text(x),
                "a tensor of one element, or .gradient = of the same shape",
                "backward starts from a scalar such as a loss: take tp_mean() or tp_sum() first");
        return NULL;
    }
    g = tp_make_like(at, "backward", x);
    if (g->poison) return NULL;
    tp_fill_elements(g, 1);
    return g;
}

bool tp_backward_at(tp_location at, tp_backward_args args) {
    tp_tape *tape = &tp_ctx()->tape;
    if (tp_poisoned(args.x)) {
        tp_surface();
        tape->failed = true; /* so that a step on what is left of the gradients does nothing */
        return false;
    }
    if (!tp_usable(at, "backward", args.x)) return false;
    if (tape->walking) {
        tp_fail(at, "backward", TP_ERROR_GRAPH, "a call from inside another backward", NULL, NULL);
        return false;
    }
    if (!tp_differentiable(args.x)) {
        tp_fail(
            at, "backward", TP_ERROR_GRAPH, "a tensor that no recorded operation leads to", NULL,
            "call tp_requires_grad() on a leaf it depends on, and compute it outside TP_NO_GRAD");
        return false;
    }
    tp_scope scope = tp_scope_begin();
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tape->walking = true;
    tape->failed = false;
    tape->pending = 0;
    bool done = false;
    tp_tensor *g = start_gradient(at, &args);
    if (g && !args.x->node) {
        tp_grad_add(args.x, g);
        done = true;
    } else if (g) {
        tp_node *node = args.x->node;
        tp_hold_data(g);
        node->grads[args.x->output] = g;
        tp_node_hold(node);
        tape->pending = 1;
        done = walk(node, args.retain_graph);
    }
    tape->walking = false;
    tp_grad_mode_end(&mode);
    tp_scope_end(&scope);
    return done;
}

/* ---- looking for NaN ---- */

void tp_set_detect_anomaly(bool enabled) { tp_ctx()->tape.detect_anomaly = enabled; }

/* Index of the first NaN or Inf of contiguous values, or -1. */
static int64_t first_bad(const tp_tensor *x) {
    for (int64_t i = 0; i < x->numel; i++) {
        double value = x->dtype == TP_FLOAT32 ? (double)((const float *)x->data)[i]
                                              : ((const double *)x->data)[i];
        if (!isfinite(value)) return i;
    }
    return -1;
}

void tp_anomaly_check(tp_location at, const char *op, int n, tp_tensor *const *results) {
    for (int k = 0; k < n; k++) {
        const tp_tensor *x = results[k];
        if (!x || x->poison || !tp_is_float_type(x->dtype) || !x->contiguous || !x->data) continue;
        int64_t bad = first_bad(x);
        if (bad < 0) continue;
        const char **path = tp_ctx()->module_path;
        const char *layer = path ? *path : NULL;
        tp_fail(
            at, op, TP_ERROR_NUMBER,
            tp_text("a NaN or Inf at element %lld of its result %s%s%s", (long long)bad,
                    tp_tensor_text(x), layer ? " in layer " : "", layer ? layer : ""),
            NULL,
            "the first operation that made one: look at its inputs, the learning rate, and logs or divisions near 0");
        tp_ctx()->tape.detect_anomaly = false;
        return;
    }
}
