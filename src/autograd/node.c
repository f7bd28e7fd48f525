#include "autograd/node.h"

#include <string.h>

#include "autograd/lazy.h"
#include "base/alloc.h"

static void tape_append(tp_tape *tape, tp_node *node) {
    node->older = tape->newest;
    if (tape->newest) tape->newest->newer = node;
    tape->newest = node;
    node->sequence = ++tape->sequence;
}

static void tape_remove(tp_tape *tape, tp_node *node) {
    if (node->older) node->older->newer = node->newer;
    if (node->newer)
        node->newer->older = node->older;
    else
        tape->newest = node->older;
}

bool tp_would_record(int n, tp_tensor *const *inputs) {
    const tp_tape *tape = &tp_ctx()->tape;
    if (TP_UNLIKELY(tape->tracing)) return true;
    if (tape->no_grad) return false;
    for (int i = 0; i < n; i++)
        if (inputs[i] && tp_differentiable(inputs[i])) return true;
    return false;
}

static tp_node *node_new(const tp_op *op, int n_outputs, int n_inputs) {
    size_t bytes = sizeof(tp_node) + sizeof(tp_tensor *) * (size_t)(n_inputs + 2 * n_outputs);
    tp_node *node = tp_block_allocate(bytes);
    if (!node) return NULL;
    memset(node, 0, offsetof(tp_node, saved));
    node->extra = NULL;
    node->free_extra = NULL;
    node->bytes = bytes;
    node->op = op;
    node->n_inputs = n_inputs;
    node->n_outputs = n_outputs;
    node->inputs = (tp_tensor **)(node + 1);
    node->outputs = node->inputs + n_inputs;
    node->grads = node->outputs + n_outputs;
    return node;
}

tp_node *tp_record_many(tp_location at, const tp_op *op, int n_outputs, tp_tensor *const *outputs,
                        int n, tp_tensor *const *inputs) {
    tp_context *context = tp_ctx();
    if (TP_UNLIKELY(context->tape.detect_anomaly))
        tp_anomaly_check(at, op->name, n_outputs, outputs);
    if (!tp_would_record(n, inputs)) return NULL;
    tp_node *node = node_new(op, n_outputs, n);
    if (!node) {
        tp_fail_memory(at, op->name, sizeof *node);
        for (int k = 0; k < n_outputs; k++) outputs[k]->poison = true;
        return NULL;
    }
    node->at = at;
    node->module = context->module_path ? *context->module_path : NULL;
    for (int i = 0; i < n; i++) {
        node->inputs[i] = inputs[i];
        if (inputs[i]) tp_hold(inputs[i]);
    }
    for (int k = 0; k < n_outputs; k++) {
        node->outputs[k] = outputs[k];
        node->grads[k] = NULL;
        outputs[k]->node = node;
        outputs[k]->output = k;
        outputs[k]->requires_grad = false;
    }
    node->refs = n_outputs;
    tape_append(&context->tape, node);
    context->heap.stats.live_nodes++;
    return node;
}

tp_node *tp_record(tp_location at, const tp_op *op, tp_tensor *out, int n,
                   tp_tensor *const *inputs) {
    return tp_record_many(at, op, 1, &out, n, inputs);
}

/* ---- saved values ---- */

void tp_save(tp_node *node, tp_tensor *x) {
    tp_saved_value *saved = &node->saved[node->n_saved++];
    bool weak = x->node == node;
    *saved = (tp_saved_value){x, x->storage ? x->storage->version : 0, weak};
    if (weak)
        x->data_refs++;
    else
        tp_hold_data(x);
}

tp_tensor *tp_saved(tp_node *node, int slot) {
    if (slot < 0 || slot >= node->n_saved) return NULL;
    const tp_saved_value *saved = &node->saved[slot];
    if (!saved->tensor) return NULL;
    if (!saved->tensor->storage || saved->tensor->storage->version == saved->version)
        return saved->tensor;
    tp_fail(node->at, node->op->name, TP_ERROR_MODIFIED,
            tp_text("%s edited %u times after the operation used it", tp_tensor_text(saved->tensor),
                    saved->tensor->storage->version - saved->version),
            NULL, "use the form that makes a new tensor, or edit after tp_backward()");
    return NULL;
}

static void release_saved(tp_node *node) {
    for (int i = 0; i < node->n_saved; i++) {
        tp_tensor *x = node->saved[i].tensor;
        if (!x) continue;
        if (!node->saved[i].weak) {
            tp_drop_data(x);
        } else if (x->node == node && --x->data_refs == 0 && x->storage) {
            tp_storage_release(x->storage);
            x->storage = NULL;
            x->data = NULL;
        }
    }
    node->n_saved = 0;
    if (node->extra && node->free_extra) node->free_extra(node->extra);
    node->extra = NULL;
}

void tp_node_consume(tp_node *node) {
    node->consumed = node->consumed || node->n_saved > 0 || node->extra;
    release_saved(node);
}

/* ---- counting ---- */

static void node_free(tp_node *node) {
    tp_context *context = tp_ctx();
    tape_remove(&context->tape, node);
    release_saved(node);
    for (int i = 0; i < node->n_inputs; i++)
        if (node->inputs[i]) tp_drop(node->inputs[i]);
    for (int k = 0; k < node->n_outputs; k++)
        if (node->grads[k]) tp_drop_data(node->grads[k]);
    context->heap.stats.live_nodes--;
    tp_block_release(node, node->bytes);
}

void tp_node_hold(tp_node *node) { node->refs++; }

void tp_node_release(tp_node *node) {
    if (--node->refs) return;
    /* Freeing a node may free its inputs, their nodes, and so on: a queue instead of a recursion as deep as the graph. */
    tp_tape *tape = &tp_ctx()->tape;
    node->dying = tape->dying;
    tape->dying = node;
    if (tape->freeing) return;
    tape->freeing = true;
    while (tape->dying) {
        tp_node *next = tape->dying;
        tape->dying = next->dying;
        node_free(next);
    }
    tape->freeing = false;
}

void tp_node_forget_output(tp_tensor *x) {
    tp_node *node = x->node;
    x->node = NULL;
    node->outputs[x->output] = NULL;
    for (int i = 0; i < node->n_saved; i++) /* a saved result that ends takes its bytes along */
        if (node->saved[i].weak && node->saved[i].tensor == x) node->saved[i].tensor = NULL;
    tp_node_release(node);
}

/* ---- editing in place ---- */

bool tp_begin_edit(tp_location at, const char *op, tp_tensor *x) {
    tp_tape *tape = &tp_ctx()->tape;
    if (!tape->no_grad && x->requires_grad) {
        tp_fail(at, op, TP_ERROR_GRAPH, "an edit in place of a leaf that wants a gradient", NULL,
                "do it inside TP_NO_GRAD { }, or use the form that makes a new tensor");
        return false;
    }
    if (!x->storage) return true;
    tp_lazy_settle(x->storage);
    x->storage->version++;
    return true;
}
