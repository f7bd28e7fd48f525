/* Residual networks (He and others, 2016), as torchvision has them. */
#include <stdio.h>
#include <taper/init.h>
#include <taper/ops.h>

#include "vision/models/build.h"

enum { STAGES = 4, MOST_BLOCKS = 40 };

typedef struct resnet_kind {
    int blocks[STAGES];
    bool bottleneck; /* 1x1, 3x3, 1x1 with four times the channels in place of 3x3, 3x3 */
} resnet_kind;

/* ---- blocks ---- */

/* Children: conv1, bn1, relu, conv2, bn2 and, in a bottleneck, conv3, bn3. */
typedef struct resnet_block {
    tp_module base;
    tp_module *convs[3], *norms[3];
    int count; /* 2 or 3 convolutions */
    tp_module *relu;
    tp_module *downsample; /* NULL where the shapes agree */
} resnet_block;

static tp_tensor *block_forward(tp_module *module, tp_tensor *x) {
    const resnet_block *block = (const resnet_block *)module;
    tp_location at = tp_module_at();
    tp_module *body[8]; /* one activation serves behind each convolution but the last */
    size_t count = 0;
    for (int i = 0; i < block->count; i++) {
        body[count++] = block->convs[i];
        body[count++] = block->norms[i];
        if (i + 1 < block->count) body[count++] = block->relu;
    }
    tp_tensor *y = tp_call_chain_at(at, x, count, body);
    tp_tensor *identity = block->downsample ? tp_call_at(at, block->downsample, x) : x;
    tp_tensor *out = tp_residual_sum(at, y, identity, block->relu);
    tp_let_go(y, out);
    if (identity != x) tp_let_go(identity, out);
    return out;
}

/* Without bias, since batch norm follows. */
static tp_module *plain_conv(tp_location at, int64_t in, int64_t out, int64_t kernel,
                             int64_t stride) {
    return TP_CONV(in, out, kernel, .stride = stride, .padding = kernel / 2, .no_bias = true);
}

static tp_module *make_downsample(tp_location at, int64_t in, int64_t out, int64_t stride) {
    tp_module *layers[] = {plain_conv(at, in, out, 1, stride), TP_BATCH_NORM(out)};
    return tp_nn_sequential_at(at, 2, layers);
}

/* (N, in, H, W) to (N, out, H / stride, W / stride). */
static tp_module *make_block(tp_location at, bool bottleneck, int64_t in, int64_t out,
                             int64_t stride) {
    bool projected = stride != 1 || in != out;
    tp_module *downsample = projected ? make_downsample(at, in, out, stride) : NULL;
    int64_t width = bottleneck ? out / 4 : out;
    tp_module *convs[3] = {plain_conv(at, in, width, bottleneck ? 1 : 3, bottleneck ? 1 : stride),
                           plain_conv(at, width, width, 3, bottleneck ? stride : 1),
                           bottleneck ? plain_conv(at, width, out, 1, 1) : NULL};
    tp_module *norms[3] = {TP_BATCH_NORM(width), TP_BATCH_NORM(width),
                           bottleneck ? TP_BATCH_NORM(out) : NULL};
    tp_module *relu = tp_nn_relu_at(at);
    tp_named_child children[TP_MOST_CHILDREN] = {
        {"conv1", convs[0]},
        {"bn1", norms[0]},
        {bottleneck ? NULL : "relu", relu},
        {"conv2", convs[1]},
        {"bn2", norms[1]},
        {bottleneck ? "conv3" : NULL, convs[2]},
        {bottleneck ? "bn3" : NULL, norms[2]},
        {bottleneck ? "relu" : NULL, relu},
        {projected ? "downsample" : NULL, downsample},
    };
    resnet_block *block = tp_build_module(
        at, sizeof *block, bottleneck ? "Bottleneck" : "BasicBlock", block_forward, children);
    if (!block) return NULL;
    for (int i = 0; i < 3; i++) block->convs[i] = convs[i], block->norms[i] = norms[i];
    block->count = bottleneck ? 3 : 2;
    block->relu = relu;
    block->downsample = downsample;
    return &block->base;
}

/* ---- the network ---- */

/* Children: conv1, bn1, relu, maxpool, layer1 to layer4, avgpool, fc. */
static tp_tensor *resnet_forward(tp_module *module, tp_tensor *x) {
    tp_location at = tp_module_at();
    int last = module->child_count - 1;
    tp_tensor *y = tp_call_chain_at(at, x, (size_t)last, module->children);
    tp_tensor *flat = tp_flatten_at(at, (tp_flatten_args){y, .start_dim = 1, .end_dim = -1});
    tp_let_go(y, flat);
    return tp_call_at(at, module->children[last], flat);
}

static tp_module *make_stage(tp_location at, const resnet_kind *kind, int stage) {
    int64_t expansion = kind->bottleneck ? 4 : 1, out = (64 << stage) * expansion;
    int64_t in = stage ? out / 2 : 64;
    tp_module *blocks[MOST_BLOCKS];
    for (int i = 0; i < kind->blocks[stage]; i++)
        blocks[i] = make_block(at, kind->bottleneck, i ? out : in, out, i || !stage ? 1 : 2);
    return tp_nn_sequential_at(at, (size_t)kind->blocks[stage], blocks);
}

/* Sets the weight of each block's last batch norm to 0 (Goyal and others, 2017). */
static void begin_as_identity(tp_module *module, void *user) {
    const tp_location *at = user;
    if (module->forward != block_forward) return;
    const resnet_block *block = (const resnet_block *)module;
    tp_init_constant_at(*at, tp_get_tensor_at(*at, block->norms[block->count - 1], "weight"), 0);
}

static tp_module *make_resnet(tp_location at, const tp_model_args *args, const void *which) {
    const resnet_kind *kind = which;
    int64_t channels = tp_model_channels(args);
    bool small = args->small_input;
    tp_named_child children[TP_MOST_CHILDREN] = {
        {"conv1", plain_conv(at, channels, 64, small ? 3 : 7, small ? 1 : 2)},
        {"bn1", TP_BATCH_NORM(64)},
        {"relu", tp_nn_relu_at(at)},
        {"maxpool", small ? tp_nn_identity_at(at) : TP_MAX_POOL(3, .stride = 2, .padding = 1)},
        {"layer1", make_stage(at, kind, 0)},
        {"layer2", make_stage(at, kind, 1)},
        {"layer3", make_stage(at, kind, 2)},
        {"layer4", make_stage(at, kind, 3)},
        {"avgpool", tp_nn_adaptive_avg_pool2d_at(at, 1, 1)},
        {"fc", TP_LINEAR(kind->bottleneck ? 2048 : 512, args->num_classes)},
    };
    tp_module *model = tp_model_draw(
        at, tp_build_module(at, sizeof(tp_module), "ResNet", resnet_forward, children), false);
    if (model && args->zero_init_residual) tp_apply_at(at, model, begin_as_identity, &at);
    return model;
}

static const resnet_kind resnet18 = {{2, 2, 2, 2}, false}, resnet34 = {{3, 4, 6, 3}, false};
static const resnet_kind resnet50 = {{3, 4, 6, 3}, true}, resnet101 = {{3, 4, 23, 3}, true};
static const resnet_kind resnet152 = {{3, 8, 36, 3}, true};

TP_MODEL_FUNCTION(resnet18, make_resnet, &resnet18)
TP_MODEL_FUNCTION(resnet34, make_resnet, &resnet34)
TP_MODEL_FUNCTION(resnet50, make_resnet, &resnet50)
TP_MODEL_FUNCTION(resnet101, make_resnet, &resnet101)
TP_MODEL_FUNCTION(resnet152, make_resnet, &resnet152)
