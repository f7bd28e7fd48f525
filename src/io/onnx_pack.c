/* Graphs as ONNX models. */
#include <string.h>
#include <taper/runtime.h>

#include "base/alloc.h"
#include "io/graph/rows.h"
#include "io/onnx.h"
#include "onnx.pb-c.h"
#include "ops/loop.h"

enum { IR_VERSION = 8 }; /* of ONNX 1.12, which brought opset 17 */

/* Everything but the tensors' values lies in the arena. */
typedef struct packer {
    tp_arena arena;
    const tp_graph *graph;
    tp_location at;
    const char *op;
    bool failed;
} packer;

static void *take(packer *p, size_t bytes) {
    void *memory = tp_arena_take(&p->arena, bytes ? bytes : 1);
    if (!memory) p->failed = true;
    return memory;
}

static void *take_list(packer *p, size_t count) { return take(p, (count + 1) * sizeof(void *)); }

/* protobuf-c's strings are not const, although it only reads them. */
static char *text_of(const char *text) {
    char *plain;
    memcpy(&plain, &text, sizeof plain);
    return plain;
}

/* ---- tensors ---- */

static TpOnnx__Tensor *pack_tensor(packer *p, const char *name, tp_tensor *x) {
    TpOnnx__Tensor *t = take(p, sizeof *t);
    int64_t *dims = take(p, sizeof(int64_t) * TP_MAX_DIMS);
    tp_tensor *dense = x->contiguous ? x : tp_dense(p->at, p->op, x);
    if (p->failed || dense->poison) {
        p->failed = true;
        return NULL;
    }
    *t = (TpOnnx__Tensor)TP_ONNX__TENSOR__INIT;
    t->name = text_of(name);
    t->n_dims = (size_t)x->ndim;
    t->dims = dims;
    memcpy(dims, x->shape, (size_t)x->ndim * sizeof *dims);
    t->has_data_type = t->has_raw_data = true;
    t->data_type = tp_graph_element_of(x->dtype);
    t->raw_data.len = (size_t)x->numel * tp_item_size(x->dtype);
    t->raw_data.data = (uint8_t *)dense->data;
    return t;
}

static void pack_initializers(packer *p, TpOnnx__Graph *g) {
    g->initializer = take_list(p, p->graph->value_count);
    for (size_t i = 0; !p->failed && i < p->graph->value_count; i++) {
        const tp_graph_value *value = &p->graph->values[i];
        if (value->tensor)
            g->initializer[g->n_initializer++] = pack_tensor(p, value->name, value->tensor);
    }
}

/* ---- nodes ---- */

static TpOnnx__Attribute *pack_attribute(packer *p, const tp_graph_attribute *a) {
    TpOnnx__Attribute *out = take(p, sizeof *out);
    if (!out) return NULL;
    *out = (TpOnnx__Attribute)TP_ONNX__ATTRIBUTE__INIT;
    out->name = text_of(a->name);
    out->has_type = true;
    out->type = (int32_t)a->kind;
    out->has_f = a->kind == TP_ATTRIBUTE_FLOAT;
    out->f = a->f;
    out->has_i = a->kind == TP_ATTRIBUTE_INT;
    out->i = a->i;
    if (a->kind == TP_ATTRIBUTE_STRING) {
        out->has_s = true;
        out->s.len = strlen(a->s);
        out->s.data = (uint8_t *)text_of(a->s);
    } else if (a->kind == TP_ATTRIBUTE_INTS) {
        out->n_ints = a->count;
        memcpy(&out->ints, &a->ints, sizeof a->ints);
    } else if (a->kind == TP_ATTRIBUTE_FLOATS) {
        out->n_floats = a->count;
        memcpy(&out->floats, &a->floats, sizeof a->floats);
    } else if (a->kind == TP_ATTRIBUTE_TENSOR) {
        out->t = pack_tensor(p, "", a->t);
    }
    return out;
}

static char **value_names(packer *p, const int *numbers, size_t count) {
    char **names = take_list(p, count);
    for (size_t i = 0; names && i < count; i++)
        names[i] = text_of(numbers[i] < 0 ? "" : p->graph->values[numbers[i]].name);
    return names;
}

static TpOnnx__Node *pack_node(packer *p, const tp_graph_node *node) {
    TpOnnx__Node *out = take(p, sizeof *out);
    if (!out) return NULL;
    *out = (TpOnnx__Node)TP_ONNX__NODE__INIT;
    out->op_type = text_of(node->op);
    out->name = text_of(node->name);
    out->n_input = node->inputs;
    out->input = value_names(p, node->input, node->inputs);
    out->n_output = node->outputs;
    out->output = value_names(p, node->output, node->outputs);
    out->attribute = take_list(p, node->attributes);
    for (size_t i = 0; !p->failed && i < node->attributes; i++)
        out->attribute[out->n_attribute++] = pack_attribute(p, &node->attribute[i]);
    return out;
}

/* ---- inputs and outputs ---- */

static TpOnnx__Dimension *pack_size(packer *p, int64_t size, int d) {
    TpOnnx__Dimension *dim = take(p, sizeof *dim);
    if (!dim) return NULL;
    *dim = (TpOnnx__Dimension)TP_ONNX__DIMENSION__INIT;
    dim->has_dim_value = size != TP_SIZE_UNKNOWN;
    dim->dim_value = size;
    if (size == TP_SIZE_UNKNOWN) dim->dim_param = text_of(d == 0 ? "batch" : "free");
    return dim;
}

static TpOnnx__ValueInfo *pack_info(packer *p, const tp_graph_value *value) {
    TpOnnx__ValueInfo *info = take(p, sizeof *info);
    TpOnnx__Type *type = take(p, sizeof *type);
    TpOnnx__TensorType *tensor = take(p, sizeof *tensor);
    TpOnnx__TensorShape *shape = take(p, sizeof *shape);
    TpOnnx__Dimension **dims = take_list(p, TP_MAX_DIMS);
    if (p->failed) return NULL;
    *info = (TpOnnx__ValueInfo)TP_ONNX__VALUE_INFO__INIT;
    *type = (TpOnnx__Type)TP_ONNX__TYPE__INIT;
    *tensor = (TpOnnx__TensorType)TP_ONNX__TENSOR_TYPE__INIT;
    *shape = (TpOnnx__TensorShape)TP_ONNX__TENSOR_SHAPE__INIT;
    info->name = text_of(value->name);
    info->type = type;
    type->tensor_type = tensor;
    tensor->has_elem_type = true;
    tensor->elem_type = value->element;
    tensor->shape = shape;
    shape->dim = dims;
    for (int d = 0; d < value->shape.ndim; d++)
        dims[shape->n_dim++] = pack_size(p, value->shape.dims[d], d);
    return info;
}

static TpOnnx__ValueInfo **pack_infos(packer *p, const int *numbers, size_t count) {
    TpOnnx__ValueInfo **list = take_list(p, count);
    for (size_t i = 0; list && i < count; i++)
        list[i] = pack_info(p, &p->graph->values[numbers[i]]);
    return list;
}

/* ---- the model ---- */

static void pack_graph(packer *p, TpOnnx__Graph *g) {
    const tp_graph *graph = p->graph;
    g->name = text_of(graph->name[0] ? graph->name : "taper");
    pack_initializers(p, g);
    g->n_input = graph->input_count;
    g->input = pack_infos(p, graph->inputs, graph->input_count);
    g->n_output = graph->output_count;
    g->output = pack_infos(p, graph->outputs, graph->output_count);
    g->node = take_list(p, graph->node_count);
    for (size_t i = 0; !p->failed && i < graph->node_count; i++)
        g->node[g->n_node++] = pack_node(p, &graph->nodes[i]);
}

/* Bytes go straight to the file. */
typedef struct sink {
    ProtobufCBuffer base;
    tp_file_writer *writer;
} sink;

static void append(ProtobufCBuffer *buffer, size_t bytes, const uint8_t *data) {
    tp_file_write(((sink *)(void *)buffer)->writer, data, bytes); /* remembers an error */
}

bool tp_onnx_pack(tp_location at, const char *op, const tp_graph *graph, tp_file_writer *writer) {
    packer p = {.graph = graph, .at = at, .op = op};
    TpOnnx__OperatorSet opset = TP_ONNX__OPERATOR_SET__INIT, *opsets = &opset;
    TpOnnx__Graph g = TP_ONNX__GRAPH__INIT;
    TpOnnx__Model model = TP_ONNX__MODEL__INIT;
    opset.domain = text_of("");
    opset.has_version = model.has_ir_version = true;
    opset.version = graph->opset;
    model.ir_version = IR_VERSION;
    model.producer_name = text_of("taper");
    model.producer_version = text_of(tp_version());
    model.n_opset_import = 1;
    model.opset_import = &opsets;
    model.graph = &g;
    TP_SCOPE {
        pack_graph(&p, &g);
        sink out = {{.append = append}, writer};
        if (!p.failed) tp_onnx__model__pack_to_buffer(&model, &out.base);
    }
    tp_arena_end(&p.arena);
    if (p.failed) tp_fail_memory(at, op, 0);
    return !p.failed;
}
