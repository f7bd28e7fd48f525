/* Shows the recorded graph. */
#include "autograd/node.h"

/* Marks what leads to x, from x's node to the oldest: the tape is in order, so one walk is enough. */
static tp_node *mark(const tp_tensor *x) {
    tp_node *newest = x && x->life == TP_ALIVE && !x->poison ? x->node : NULL;
    if (newest) newest->shown = true;
    for (tp_node *node = newest; node; node = node->older)
        for (int i = 0; node->shown && i < node->n_inputs; i++)
            if (node->inputs[i] && node->inputs[i]->node) node->inputs[i]->node->shown = true;
    return newest;
}

/* The next marked node, `node` itself included. */
static tp_node *next_shown(tp_node *node) {
    while (node && !node->shown) node = node->older;
    return node;
}

static void input_name(const tp_tensor *x, char *text, size_t size) {
    if (!x)
        snprintf(text, size, "-");
    else if (x->node)
        snprintf(text, size, "#%llu", (unsigned long long)x->node->sequence);
    else if (x->name)
        snprintf(text, size, "%s", x->name);
    else
        snprintf(text, size, "%s %s", x->requires_grad ? "leaf" : "constant",
                 tp_shape_text(tp_shape_copy(x)));
}

static void print_node(FILE *stream, const tp_node *node) {
    const tp_tensor *out = node->outputs[0];
    fprintf(stream, "#%-4llu %-16s %-18s <-", (unsigned long long)node->sequence, node->op->name,
            out ? tp_shape_text(tp_shape_copy(out)) : "");
    for (int i = 0; i < node->n_inputs; i++) {
        char text[64];
        input_name(node->inputs[i], text, sizeof text);
        fprintf(stream, " %s%s", text, i + 1 < node->n_inputs ? "," : "");
    }
    if (node->at.file) fprintf(stream, "   %s:%d", node->at.file, node->at.line);
    fprintf(stream, "%s\n", node->consumed ? "   (consumed by backward)" : "");
}

void tp_graph_print(FILE *stream, const tp_tensor *x) {
    tp_node *node = mark(x);
    if (!node) fprintf(stream, "(no recorded operation leads to this tensor)\n");
    for (; (node = next_shown(node)); node = node->older) {
        print_node(stream, node);
        node->shown = false;
    }
}

static void dot_node(FILE *stream, const tp_node *node) {
    const tp_tensor *out = node->outputs[0];
    unsigned long long number = node->sequence;
    fprintf(stream, "    n%llu [shape=box, style=rounded, label=\"%s\\n%s\"];\n", number,
            node->op->name, out ? tp_shape_text(tp_shape_copy(out)) : "");
    for (int i = 0; i < node->n_inputs; i++) {
        const tp_tensor *input = node->inputs[i];
        if (!input) continue;
        if (input->node) {
            fprintf(stream, "    n%llu -> n%llu;\n", (unsigned long long)input->node->sequence,
                    number);
            continue;
        }
        char text[64];
        input_name(input, text, sizeof text);
        const void *id = input;
        fprintf(stream, "    t%p [shape=ellipse, label=\"%s\"];\n    t%p -> n%llu;\n", id, text, id,
                number);
    }
}

void tp_graph_dot(FILE *stream, const tp_tensor *x) {
    fprintf(stream, "digraph taper {\n    rankdir=BT;\n    node [fontname=\"sans-serif\"];\n");
    for (tp_node *node = mark(x); (node = next_shown(node)); node = node->older) {
        dot_node(stream, node);
        node->shown = false;
    }
    fprintf(stream, "}\n");
}
