/* MobileNetV2 (Sandler and others, 2018), as torchvision has it. */
#include <taper/ops.h>

#include "vision/models/build.h"

enum { STAGES = 7, MOST_LAYERS = 24 };

/* The nearest multiple of 8 that is at least nine tenths of the channels asked for. */
static int64_t rounded(double channels) {
    int64_t near = (int64_t)(channels + 4) / 8 * 8;
    if (near < 8) near = 8;
    return (double)near < 0.9 * channels ? near + 8 : near;
}

/* Convolution, batch norm, ReLU6. */
static tp_module *conv_norm_relu6(tp_location at, int64_t in, int64_t out, int64_t kernel,
                                  int64_t stride, int64_t groups) {
    tp_module *layers[] = {TP_CONV(in, out, kernel, .stride = stride, .padding = (kernel - 1) / 2,
                                   .groups = groups, .no_bias = true),
                           TP_BATCH_NORM(out), tp_nn_relu6_at(at)};
    tp_module *module = tp_nn_sequential_at(at, 3, layers);
    if (module) module->type = "Conv2dNormActivation";
    return module;
}

/* ---- the inverted residual: wide inside, narrow at both ends ---- */

typedef struct inverted_residual {
    tp_module base;
    tp_module *conv;
    bool skips; /* stride 1 and as many channels out as in */
} inverted_residual;

static tp_tensor *inverted_forward(tp_module *module, tp_tensor *x) {
    const inverted_residual *block = (const inverted_residual *)module;
    tp_location at = tp_module_at();
    tp_tensor *y = tp_call_at(at, block->conv, x);
    if (!block->skips) return y;
    tp_tensor *sum = tp_add_at(at, x, y);
    tp_let_go(y, sum);
    return sum;
}

static tp_module *make_inverted(tp_location at, int64_t in, int64_t out, int64_t stride,
                                int64_t expand) {
    int64_t width = in * expand;
    tp_module *layers[4];
    size_t count = 0;
    if (expand != 1) layers[count++] = conv_norm_relu6(at, in, width, 1, 1, 1);
    layers[count++] = conv_norm_relu6(at, width, width, 3, stride, width);
    layers[count++] = TP_CONV(width, out, 1, .no_bias = true);
    layers[count++] = TP_BATCH_NORM(out);
    tp_module *conv = tp_nn_sequential_at(at, count, layers);
    tp_named_child children[TP_MOST_CHILDREN] = {{"conv", conv}};
    inverted_residual *block =
        tp_build_module(at, sizeof *block, "InvertedResidual", inverted_forward, children);
    if (!block) return NULL;
    block->conv = conv;
    block->skips = stride == 1 && in == out;
    return &block->base;
}

/* ---- the network ---- */

static tp_module *mobilenet_features(tp_location at, const tp_model_args *args, int64_t last) {
    static const struct stage {
        int64_t expand, channels, stride;
        int blocks;
    } stages[STAGES] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 2, 3}, {6, 64, 2, 4},
                        {6, 96, 1, 3}, {6, 160, 2, 3}, {6, 320, 1, 1}};
    double factor = args->width_mult > 0 ? args->width_mult : 1;
    tp_module *layers[MOST_LAYERS];
    size_t count = 0;
    int64_t in = rounded(32 * factor);
    layers[count++] =
        conv_norm_relu6(at, tp_model_channels(args), in, 3, args->small_input ? 1 : 2, 1);
    for (int s = 0; s < STAGES; s++) {
        int64_t out = rounded((double)stages[s].channels * factor);
        int64_t stride = args->small_input && s == 1 ? 1 : stages[s].stride;
        for (int i = 0; i < stages[s].blocks; i++) {
            layers[count++] = make_inverted(at, in, out, i ? 1 : stride, stages[s].expand);
            in = out;
        }
    }
    layers[count++] = conv_norm_relu6(at, in, last, 1, 1, 1);
    return tp_nn_sequential_at(at, count, layers);
}

static tp_tensor *mobilenet_forward(tp_module *module, tp_tensor *x) {
    tp_location at = tp_module_at();
    tp_tensor *features = tp_call_at(at, module->children[0], x);
    tp_tensor *pooled = tp_adaptive_avg_pool2d_at(at, features, 1, 1);
    tp_let_go(features, pooled);
    tp_tensor *flat = tp_flatten_at(at, (tp_flatten_args){pooled, .start_dim = 1, .end_dim = -1});
    tp_let_go(pooled, flat);
    return tp_call_at(at, module->children[1], flat);
}

static tp_module *make_mobilenet(tp_location at, const tp_model_args *args, const void *kind) {
    (void)kind;
    int64_t last = rounded(1280 * (args->width_mult > 1 ? args->width_mult : 1));
    tp_module *features = mobilenet_features(at, args, last);
    tp_module *classifier[] = {tp_nn_dropout_at(at, tp_model_dropout(args, 0.2)),
                               TP_LINEAR(last, args->num_classes)};
    tp_named_child children[TP_MOST_CHILDREN] = {
        {"features", features}, {"classifier", tp_nn_sequential_at(at, 2, classifier)}};
    return tp_model_draw(
        at, tp_build_module(at, sizeof(tp_module), "MobileNetV2", mobilenet_forward, children),
        true);
}

TP_MODEL_FUNCTION(mobilenet_v2, make_mobilenet, NULL)
