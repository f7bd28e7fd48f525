#include <stdio.h>
#include <string.h>
#include <taper/init.h>
#include <taper/nn/embedding.h>

#include "nn/module.h"

typedef struct embedding_layer {
    tp_module base;
    tp_tensor *weight; /* (n, d) */
    bool has_padding;
    int64_t padding_idx; /* 0 <= padding_idx < n */
} embedding_layer;

static tp_tensor *embedding_forward(tp_module *module, tp_tensor *x) {
    const embedding_layer *layer = (const embedding_layer *)module;
    return tp_embedding_at(tp_module_at(), (tp_embedding_args){x, layer->weight, layer->has_padding,
                                                               layer->padding_idx});
}

static int embedding_describe(const tp_module *module, char *buffer, size_t size) {
    const embedding_layer *layer = (const embedding_layer *)module;
    const int64_t *shape = layer->weight->shape;
    const char *padding =
        layer->has_padding ? tp_text(", padding_idx=%lld", (long long)layer->padding_idx) : "";
    return snprintf(buffer, size, "%lld, %lld%s", (long long)shape[0], (long long)shape[1],
                    padding);
}

/* Normal, the row of the padding zero; NULL after an error. */
static tp_tensor *make_table(tp_location at, embedding_layer *layer,
                             const tp_nn_embedding_args *args) {
    tp_shape shape = tp_shape(args->num_embeddings, args->embedding_dim);
    tp_tensor *weight = tp_empty_at(at, (tp_create_args){shape, args->dtype, false});
    bool drawn = !tp_is_poison(tp_init_normal_at(at, (tp_init_normal_args){.x = weight}));
    size_t row = drawn ? (size_t)args->embedding_dim * tp_item_size(weight->dtype) : 0;
    if (layer->has_padding && row > 0)
        memset(weight->data + (size_t)layer->padding_idx * row, 0, row);
    if (drawn && tp_add_parameter(at, &layer->base, "weight", weight)) return weight;
    tp_free(weight);
    return NULL;
}

tp_module *tp_nn_embedding_at(tp_location at, tp_nn_embedding_args args) {
    int64_t n = args.num_embeddings, i = args.padding_idx;
    bool padding_fits = !args.has_padding || (i >= -n && i < n);
    if (n < 1 || args.embedding_dim < 0 || !padding_fits) {
        tp_fail(at, "nn_embedding", TP_ERROR_ARGUMENT,
                tp_text("%lld rows of %lld, padding_idx %lld", (long long)n,
                        (long long)args.embedding_dim, (long long)i),
                "at least one row, and padding_idx one of them", NULL);
        return NULL;
    }
    embedding_layer *layer = tp_layer_new(at, sizeof *layer, "Embedding", embedding_forward);
    if (!layer) return NULL;
    layer->has_padding = args.has_padding;
    layer->padding_idx = i < 0 ? i + n : i;
    layer->base.describe = embedding_describe;
    layer->weight = make_table(at, layer, &args);
    if (layer->weight) return &layer->base;
    tp_module_end(&layer->base);
    return NULL;
}
