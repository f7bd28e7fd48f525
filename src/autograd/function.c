/* Functions with a backward of the user's own. */
#include "autograd/node.h"
#include "base/alloc.h"

enum { MAX_INPUTS = 16 };

struct tp_function_context {
    tp_function function; /* a copy: the user's may be gone by backward */
    tp_op op;
    void *user;
    tp_node *node; /* in backward */
    tp_location at;
    int n_saved;
    tp_tensor *saved[TP_MAX_SAVED]; /* in forward: noted, held by the node afterwards */
    unsigned needs;                 /* bit i: input i wants a gradient */
};

static void function_backward(tp_node *node, tp_tensor *const *grads) {
    tp_function_context *context = node->extra;
    tp_tensor *back[MAX_INPUTS] = {NULL};
    context->node = node;
    context->function.backward(context, grads[0], back, node->n_inputs, context->user);
    for (int i = 0; i < node->n_inputs; i++)
        if (back[i] && tp_needs(node, i)) tp_send(node, i, back[i]);
}

void tp_save_for_backward(tp_function_context *context, tp_tensor *x) {
    if (!tp_usable(context->at, "save_for_backward", x)) return;
    if (context->node || context->n_saved == TP_MAX_SAVED) {
        tp_fail(context->at, context->function.name, TP_ERROR_ARGUMENT,
                context->node ? "tp_save_for_backward in backward" : "more than 8 tensors to save",
                "at most 8, in forward", NULL);
        return;
    }
    context->saved[context->n_saved++] = x;
}

tp_tensor *tp_saved_tensor(tp_function_context *context, int i) {
    if (context->node && i >= 0 && i < context->node->n_saved) return tp_saved(context->node, i);
    tp_fail(context->at, context->function.name, TP_ERROR_INDEX,
            tp_text("saved tensor %d of %d", i, context->n_saved), NULL, NULL);
    return NULL;
}

bool tp_needs_input_grad(const tp_function_context *context, int i) {
    return i >= 0 && i < MAX_INPUTS && (context->needs >> i & 1u);
}

/* Forward gave back an input or a view of the graph: a result needs a header of its own. */
static tp_tensor *own_header(tp_location at, const char *name, tp_tensor *out, int n,
                             tp_tensor *const *inputs) {
    bool given = out->node != NULL || out->requires_grad;
    for (int i = 0; i < n; i++) given = given || out == inputs[i];
    return given ? tp_make_view(at, name, out, tp_shape_copy(out), out->stride, 0) : out;
}

tp_tensor *tp_function_apply_at(tp_location at, const tp_function *f, tp_tensor *const *inputs,
                                int n, void *user) {
    if (!f || !f->forward || n < 0 || n > MAX_INPUTS)
        return tp_fail(at, f && f->name ? f->name : "function_apply", TP_ERROR_ARGUMENT,
                       tp_text("%d inputs", n), "a forward, and at most 16 inputs", NULL);
    const char *name = f->name ? f->name : "function";
    for (int i = 0; i < n; i++) TP_CHECK(at, name, inputs[i]);
    tp_function_context *context = tp_new(sizeof *context);
    if (!context) return tp_fail_memory(at, name, sizeof *context);
    *context = (tp_function_context){.function = *f, .user = user, .at = at};
    context->function.name = name;
    context->op = (tp_op){.name = name, .backward = f->backward ? function_backward : NULL};
    for (int i = 0; i < n; i++) context->needs |= (unsigned)tp_differentiable(inputs[i]) << i;
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_tensor *out = f->forward(context, inputs, n, user);
    tp_grad_mode_end(&mode);
    tp_node *node = NULL;
    if (!out) {
        out = tp_fail(at, name, TP_ERROR_ARGUMENT, "NULL from forward", "a tensor", NULL);
    } else if (!out->poison && f->backward && tp_would_record(n, inputs)) {
        out = own_header(at, name, out, n, inputs);
        if (!out->poison) node = tp_record(at, &context->op, out, n, inputs);
    }
    if (!node) {
        tp_delete(context);
        return out;
    }
    for (int i = 0; i < context->n_saved; i++) tp_save(node, context->saved[i]);
    node->extra = context;
    node->free_extra = tp_delete;
    return out;
}
