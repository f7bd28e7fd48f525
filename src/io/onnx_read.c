/* ONNX models as graphs. */
#include <string.h>

#include "base/alloc.h"
#include "io/onnx_tensor.h"
#include "io/proto_memory.h"

typedef struct reader {
    tp_onnx_source source;
    tp_graph *graph;
} reader;

static bool bad(const reader *r, const char *reason) {
    tp_fail(r->source.at, r->source.op, TP_ERROR_FORMAT,
            tp_text("%.300s: %s", r->source.path, reason), NULL, NULL);
    return false;
}

static bool no_memory(const reader *r) {
    tp_fail_memory(r->source.at, r->source.op, 0);
    return false;
}

static const char *kept(reader *r, const char *text) {
    return text ? tp_arena_text(&r->graph->arena, text, strlen(text)) : "";
}

static void *kept_list(reader *r, const void *list, size_t count, size_t item) {
    void *copy = tp_arena_take(&r->graph->arena, (count + 1) * item);
    if (copy && count) memcpy(copy, list, count * item);
    return copy;
}

/* ---- attributes ---- */

/* Old files leave the type out: then it is what is there. */
static int kind_of(const TpOnnx__Attribute *a) {
    if (a->has_type && a->type) return a->type;
    if (a->has_f) return TP_ATTRIBUTE_FLOAT;
    if (a->has_i) return TP_ATTRIBUTE_INT;
    if (a->has_s) return TP_ATTRIBUTE_STRING;
    if (a->t) return TP_ATTRIBUTE_TENSOR;
    if (a->n_floats) return TP_ATTRIBUTE_FLOATS;
    if (a->n_ints) return TP_ATTRIBUTE_INTS;
    return a->has_g ? TP_ATTRIBUTE_GRAPH : TP_ATTRIBUTE_STRINGS;
}

static bool read_attribute(reader *r, tp_graph_attribute *out, const TpOnnx__Attribute *a) {
    *out = (tp_graph_attribute){.kind = (tp_graph_attribute_kind)kind_of(a), .f = a->f, .i = a->i};
    out->name = kept(r, a->name);
    out->s = tp_arena_text(&r->graph->arena, a->s.data, a->s.len);
    bool fine = out->name && out->s;
    if (out->kind == TP_ATTRIBUTE_FLOATS) {
        out->count = a->n_floats;
        out->floats = kept_list(r, a->floats, a->n_floats, sizeof *a->floats);
        fine = fine && out->floats;
    } else if (out->kind == TP_ATTRIBUTE_INTS) {
        out->count = a->n_ints;
        out->ints = kept_list(r, a->ints, a->n_ints, sizeof *a->ints);
        fine = fine && out->ints;
    }
    if (!fine) return no_memory(r);
    if (out->kind == TP_ATTRIBUTE_TENSOR) {
        if (!a->t) return bad(r, tp_text("attribute \"%.60s\" without its tensor", out->name));
        tp_tensor *t = tp_onnx_tensor(&r->source, a->t);
        if (tp_is_poison(t)) return false;
        out->t = tp_own(t);
    }
    return true;
}

/* ---- nodes ---- */

/* Numbers for names; "" is -1. */
static bool number_values(reader *r, char **names, size_t count, int *numbers) {
    for (size_t i = 0; i < count; i++) {
        numbers[i] = -1;
        if (!names[i] || !names[i][0]) continue;
        numbers[i] = tp_graph_value_named(r->graph, names[i]);
        if (numbers[i] < 0) return no_memory(r);
    }
    return true;
}

static bool read_node(reader *r, const TpOnnx__Node *n) {
    const char *op = kept(r, n->op_type);
    tp_graph_node *node =
        op ? tp_graph_add_node(r->graph, op, n->n_input, n->n_output, n->n_attribute) : NULL;
    if (!node) return no_memory(r);
    node->name = kept(r, n->name);
    node->domain = kept(r, n->domain);
    if (!node->name || !node->domain) return no_memory(r);
    node->row = tp_graph_op_named(op);
    node->attributes = 0; /* counts on, so that what is there can be freed */
    for (size_t i = 0; i < n->n_attribute; i++, node->attributes++)
        if (!read_attribute(r, &node->attribute[i], n->attribute[i])) return false;
    return number_values(r, n->input, n->n_input, node->input) &&
           number_values(r, n->output, n->n_output, node->output);
}

/* ---- inputs, outputs, initialisers ---- */

static bool describe(const reader *r, int number, const TpOnnx__ValueInfo *info) {
    tp_graph_value *value = &r->graph->values[number];
    const TpOnnx__TensorType *type = info->type ? info->type->tensor_type : NULL;
    value->described = type != NULL;
    if (!type) return true;
    value->element = type->elem_type;
    const TpOnnx__TensorShape *shape = type->shape;
    if (!shape || shape->n_dim > TP_MAX_DIMS) return true;
    value->shape.ndim = (int)shape->n_dim;
    for (size_t d = 0; d < shape->n_dim; d++) {
        const TpOnnx__Dimension *dim = shape->dim[d];
        value->shape.dims[d] =
            dim->has_dim_value && dim->dim_value >= 0 ? dim->dim_value : TP_SIZE_UNKNOWN;
    }
    return true;
}

static bool read_initializers(reader *r, const TpOnnx__Graph *g) {
    if (g->n_sparse_initializer) return bad(r, "sparse initialisers, which Taper does not read");
    for (size_t i = 0; i < g->n_initializer; i++) {
        const TpOnnx__Tensor *t = g->initializer[i];
        if (!t->name || !t->name[0]) return bad(r, "an initialiser without a name");
        int number = tp_graph_value_named(r->graph, t->name);
        if (number < 0) return no_memory(r);
        if (r->graph->values[number].tensor)
            return bad(r, tp_text("two initialisers of the name \"%.80s\"", t->name));
        tp_tensor *x = tp_onnx_tensor(&r->source, t);
        if (tp_is_poison(x)) return false;
        tp_graph_take(r->graph, number, x, TP_VALUE_CONSTANT);
    }
    return true;
}

/* Before version 4 of the format initialisers are listed among the inputs too. */
static bool read_inputs(reader *r, const TpOnnx__Graph *g) {
    tp_graph *graph = r->graph;
    graph->inputs = tp_arena_take(&graph->arena, (g->n_input + 1) * sizeof *graph->inputs);
    if (!graph->inputs) return no_memory(r);
    for (size_t i = 0; i < g->n_input; i++) {
        const char *name = g->input[i]->name;
        int number = name && name[0] ? tp_graph_value_named(graph, name) : -1;
        if (number < 0) return name && name[0] ? no_memory(r) : bad(r, "an input without a name");
        if (graph->values[number].tensor) continue;
        if (graph->values[number].role == TP_VALUE_INPUT)
            return bad(r, tp_text("two inputs of the name \"%.80s\"", name));
        graph->values[number].role = TP_VALUE_INPUT;
        describe(r, number, g->input[i]);
        graph->inputs[graph->input_count++] = number;
    }
    return true;
}

static bool read_outputs(reader *r, const TpOnnx__Graph *g) {
    tp_graph *graph = r->graph;
    graph->outputs = tp_arena_take(&graph->arena, (g->n_output + 1) * sizeof *graph->outputs);
    if (!graph->outputs) return no_memory(r);
    for (size_t i = 0; i < g->n_output; i++) {
        const char *name = g->output[i]->name;
        int number = name ? tp_graph_find(graph, name) : -1;
        if (number < 0)
            return bad(r, tp_text("nothing computes the output \"%.80s\"", name ? name : ""));
        describe(r, number, g->output[i]);
        graph->outputs[graph->output_count++] = number;
    }
    if (graph->output_count == 0) return bad(r, "a graph without outputs");
    return true;
}

/* ---- checks ---- */

/* Each value has one origin, and is there before it is used. Each result's last use is noted on the way. */
static bool check_order(const reader *r) {
    tp_graph *graph = r->graph;
    bool *made = tp_new(graph->value_count + 1);
    if (!made) return no_memory(r);
    for (size_t i = 0; i < graph->value_count; i++)
        made[i] = graph->values[i].tensor || graph->values[i].role == TP_VALUE_INPUT;
    const char *wrong = NULL;
    for (size_t i = 0; !wrong && i < graph->node_count; i++) {
        const tp_graph_node *node = &graph->nodes[i];
        for (size_t k = 0; !wrong && k < node->inputs; k++) {
            if (node->input[k] < 0) continue;
            graph->values[node->input[k]].last_use = (int)i;
            if (!made[node->input[k]])
                wrong =
                    tp_text("node %zu, %.40s, reads \"%.80s\", which nothing before it computes", i,
                            node->op, graph->values[node->input[k]].name);
        }
        for (size_t k = 0; !wrong && k < node->outputs; k++) {
            if (node->output[k] < 0) continue;
            if (made[node->output[k]])
                wrong = tp_text("\"%.80s\" is computed twice", graph->values[node->output[k]].name);
            made[node->output[k]] = true;
        }
    }
    for (size_t i = 0; !wrong && i < graph->output_count; i++) {
        graph->values[graph->outputs[i]].last_use = -1;
        if (!made[graph->outputs[i]])
            wrong = tp_text("nothing computes the output \"%.80s\"",
                            graph->values[graph->outputs[i]].name);
    }
    tp_delete(made);
    return wrong ? bad(r, wrong) : true;
}

static bool read_versions(reader *r, const TpOnnx__Model *model) {
    tp_graph *graph = r->graph;
    graph->ir_version = model->ir_version;
    graph->producer = kept(r, model->producer_name);
    graph->producer_version = kept(r, model->producer_version);
    graph->name = kept(r, model->graph->name);
    graph->opset = 1; /* of files older than the field */
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (!domain || !domain[0] || strcmp(domain, "ai.onnx") == 0)
            graph->opset = model->opset_import[i]->version;
    }
    return (graph->producer && graph->producer_version && graph->name) || no_memory(r);
}

static bool read_graph(reader *r, const TpOnnx__Model *model) {
    const TpOnnx__Graph *g = model->graph;
    if (!g) return bad(r, "no graph in it: this is no ONNX model");
    if (!read_versions(r, model) || !read_initializers(r, g) || !read_inputs(r, g)) return false;
    for (size_t i = 0; i < g->n_node; i++)
        if (!read_node(r, g->node[i])) return false;
    return read_outputs(r, g) && check_order(r);
}

tp_graph *tp_onnx_parse(tp_location at, const char *op, const char *path, const void *data,
                        size_t size) {
    bool memory = false, fine = false;
    ProtobufCAllocator allocator = TP_PROTO_ALLOCATOR(&memory);
    reader r = {{at, op, path}, tp_graph_new()};
    TpOnnx__Model *model = r.graph ? tp_onnx__model__unpack(&allocator, size, data) : NULL;
    if (model)
        TP_SCOPE { fine = read_graph(&r, model); }
    else if (!r.graph || memory)
        no_memory(&r);
    else
        bad(&r, "not the protocol buffer of an ONNX model");
    if (model) tp_onnx__model__free_unpacked(model, &allocator);
    if (fine) return r.graph;
    tp_graph_end(r.graph);
    return NULL;
}

tp_tensor *tp_onnx_parse_tensor(tp_location at, const char *op, const char *path, const void *data,
                                size_t size) {
    bool memory = false;
    ProtobufCAllocator allocator = TP_PROTO_ALLOCATOR(&memory);
    tp_onnx_source source = {at, op, path};
    TpOnnx__Tensor *t = tp_onnx__tensor__unpack(&allocator, size, data);
    if (!t && memory) return tp_fail_memory(at, op, size);
    if (!t)
        return tp_fail(at, op, TP_ERROR_FORMAT,
                       tp_text("%.300s: not the protocol buffer of a tensor", path), NULL, NULL);
    tp_tensor *x = tp_onnx_tensor(&source, t);
    tp_onnx__tensor__free_unpacked(t, &allocator);
    return x;
}
