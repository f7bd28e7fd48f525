#include "nn/fuse.h"

#include "nn/batch_norm.h"
#include "nn/pooling.h"

/* ---- what a layer can take along ---- */

/* The activation that another layer can apply in its own pass. NONE where this layer is none, or one that nobody can. */
static tp_activation activation_of(const tp_module *module, double *slope) {
    if (module->forward != tp_activation_layer_forward) return TP_ACTIVATION_NONE;
    const tp_activation_layer *layer = (const tp_activation_layer *)module;
    switch (layer->kind) {
    case TP_LAYER_RELU: return TP_ACTIVATION_RELU;
    case TP_LAYER_SIGMOID: return TP_ACTIVATION_SIGMOID;
    case TP_LAYER_TANH: return TP_ACTIVATION_TANH;
    case TP_LAYER_LEAKY_RELU:
        *slope = layer->a;
        return layer->a > 0 ? TP_ACTIVATION_LEAKY_RELU
                            : TP_ACTIVATION_NONE; /* backward reads the sign of the output */
    default: return TP_ACTIVATION_NONE;
    }
}

static bool is_batch_norm2d(const tp_module *module) {
    const tp_batch_norm_layer *layer = (const tp_batch_norm_layer *)module;
    return module->forward == tp_batch_norm_layer_forward && layer->dims == 2 && !layer->instance;
}

static bool is_conv2d(const tp_module *module) {
    return module->forward == tp_conv_layer_forward && ((const tp_conv_layer *)module)->dims == 2;
}

/* Whether batch norm is computed with the convolution before it: in training, where that counts for it, and where its running
 * values can go into the weights. */
static bool joins(const tp_conv_layer *conv, const tp_batch_norm_layer *norm) {
    if (norm->features != conv->out_channels ||
        (norm->weight && norm->weight->dtype != conv->weight->dtype))
        return false;
    bool training = !norm->base.evaluating || !norm->running_mean;
    return training || !tp_is_grad_enabled();
}

static bool takes_pool(const tp_module *first, const tp_tensor *x) {
    return x->ndim == 4 && (is_batch_norm2d(first) || is_conv2d(first));
}

/* ---- finding ---- */

/* The layer at place i, unless there is none or somebody looks at what it gives or gets. */
static tp_module *hidden(tp_module *const *layers, int count, int i) {
    return i < count && layers[i] && !layers[i]->watched && !layers[i - 1]->watched ? layers[i]
                                                                                    : NULL;
}

int tp_fusion_find(tp_module *const *layers, int count, const tp_tensor *x, tp_fusion *fusion) {
    tp_module *first = layers[0];
    *fusion = (tp_fusion){0};
    if (!first || tp_module_state_get()->observer) return 1;
    bool linear = first->forward == tp_linear_layer_forward, norm = is_batch_norm2d(first);
    bool residual = first->forward == tp_residual_layer_forward; /* there is tp_add_relu() alone */
    if (!linear && !norm && !residual && first->forward != tp_conv_layer_forward) return 1;
    int n = 1;
    tp_module *next = hidden(layers, count, n);
    if (next && is_conv2d(first) && x->ndim == 4 && is_batch_norm2d(next) &&
        joins((const tp_conv_layer *)first, (const tp_batch_norm_layer *)next)) {
        fusion->norm = (tp_batch_norm_layer *)next;
        next = hidden(layers, count, ++n);
    }
    tp_activation activation = next ? activation_of(next, &fusion->slope) : TP_ACTIVATION_NONE;
    if (activation == TP_ACTIVATION_RELU || (activation && !norm && !residual && !fusion->norm)) {
        fusion->activation = activation;
        next = hidden(layers, count, ++n);
    }
    if (next && takes_pool(first, x) && tp_is_max_pool2d(next)) {
        fusion->pool = (tp_pool_layer *)next;
        n++;
    }
    return n;
}

void tp_fusion_set(tp_module *layer, const tp_fusion *fusion) {
    static const tp_fusion none = {0};
    const tp_fusion *f = fusion ? fusion : &none;
    if (layer->forward == tp_linear_layer_forward) {
        ((tp_linear_layer *)layer)->activation = f->activation;
        ((tp_linear_layer *)layer)->negative_slope = f->slope;
    } else if (layer->forward == tp_conv_layer_forward) {
        tp_conv_layer *conv = (tp_conv_layer *)layer;
        conv->activation = f->activation;
        conv->negative_slope = f->slope;
        conv->norm = f->norm;
        conv->pool = f->pool;
    } else if (layer->forward == tp_residual_layer_forward) {
        ((tp_residual_layer *)layer)->activation = f->activation;
    } else {
        ((tp_batch_norm_layer *)layer)->activation = f->activation;
        ((tp_batch_norm_layer *)layer)->pool = f->pool;
    }
}
