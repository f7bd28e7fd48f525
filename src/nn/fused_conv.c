/* A convolution layer with what follows it, and the weights that have a batch norm in them. */
#include <string.h>

#include "base/alloc.h"
#include "nn/batch_norm.h"
#include "nn/fuse.h"
#include "nn/pooling.h"
#include "ops/conv_block.h"

/* Weights in which the running values of a batch norm are contained, and what they were made from: each tensor's bytes and the
 * number of edits to them. */
enum { SOURCES = 6 };
typedef struct folded_source {
    const tp_storage *storage;
    uint32_t version;
} folded_source;
typedef struct tp_folded_conv {
    tp_tensor *weight, *bias;
    folded_source sources[SOURCES];
    double eps;
} tp_folded_conv;

void tp_folded_conv_end(tp_conv_layer *layer) {
    tp_folded_conv *folded = layer->folded;
    layer->folded = NULL;
    if (!folded) return;
    if (folded->weight) tp_free(folded->weight);
    if (folded->bias) tp_free(folded->bias);
    tp_delete(folded);
}

static int64_t block_bytes(const tp_tensor *x) {
    return (int64_t)tp_block_size((size_t)x->numel * tp_item_size(x->dtype));
}

int64_t tp_folded_bytes_take(tp_module *module) {
    if (module->forward != tp_conv_layer_forward) return 0;
    tp_conv_layer *layer = (tp_conv_layer *)module;
    const tp_folded_conv *folded = layer->folded;
    int64_t bytes = folded ? block_bytes(folded->weight) + block_bytes(folded->bias) : 0;
    tp_folded_conv_end(layer);
    return bytes;
}

/* Notes what the weights would be made from. False where somebody holds a pointer into it: edits through that are not counted. */
static bool note_sources(const tp_conv_layer *layer, folded_source *sources) {
    const tp_batch_norm_layer *norm = layer->norm;
    const tp_tensor *from[SOURCES] = {layer->weight, layer->bias,        norm->weight,
                                      norm->bias,    norm->running_mean, norm->running_var};
    memset(sources, 0, SOURCES * sizeof *sources);
    for (int i = 0; i < SOURCES; i++) {
        if (!from[i] || !from[i]->storage) continue;
        bool foreign = from[i]->storage->external && !from[i]->storage->parent;
        if (from[i]->storage->exposed || foreign) return false;
        sources[i] = (folded_source){from[i]->storage, from[i]->storage->version};
    }
    return true;
}

/* Weights with the norm in them, made again only where something was edited. False after an error. */
static bool refold(tp_location at, tp_conv_layer *layer, const tp_conv2d_args *conv,
                   const tp_batch_norm_args *norm, const folded_source *sources) {
    tp_folded_conv *folded = layer->folded;
    if (folded && folded->eps == norm->eps &&
        memcmp(folded->sources, sources, sizeof folded->sources) == 0)
        return true;
    tp_folded_conv_end(layer);
    folded = tp_new(sizeof *folded);
    if (!folded) {
        tp_fail_memory(at, "conv_block", sizeof *folded);
        return false;
    }
    layer->folded = folded;
    tp_tensor *weight, *bias;
    if (!tp_fold_batch_norm(at, conv, norm, &weight, &bias)) {
        tp_folded_conv_end(layer);
        return false;
    }
    folded->weight = tp_own(weight);
    folded->bias = tp_own(bias);
    folded->eps = norm->eps;
    memcpy(folded->sources, sources, sizeof folded->sources);
    return true;
}

static tp_tensor *run_block(tp_location at, const tp_conv_layer *layer, tp_conv_block_args *args) {
    args->activation = layer->activation;
    args->negative_slope = layer->negative_slope;
    if (layer->pool) args->max_pool = layer->pool->args;
    return tp_conv_block_at(at, *args);
}

tp_tensor *tp_fused_conv_forward(tp_conv_layer *layer, tp_tensor *x) {
    tp_location at = tp_module_at();
    tp_conv_block_args args = {.conv = tp_conv_layer_args(layer, x),
                               .batch_norm = layer->norm != NULL};
    args.conv.activation = TP_ACTIVATION_NONE;
    folded_source sources[SOURCES];
    if (layer->norm) {
        args.norm = tp_batch_norm_layer_args(layer->norm, NULL);
        if (args.norm.training) tp_folded_conv_end(layer);
        if (tp_can_fold(&args.conv, &args.norm) && note_sources(layer, sources)) {
            if (!refold(at, layer, &args.conv, &args.norm, sources)) return tp_poison();
            args.conv.weight = layer->folded->weight;
            args.conv.bias = layer->folded->bias;
            args.batch_norm = false;
        }
    }
    return run_block(at, layer, &args);
}
