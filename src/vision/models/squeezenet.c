/* SqueezeNet (Iandola and others, 2016), as torchvision has it. */
#include <string.h>
#include <taper/init.h>
#include <taper/ops.h>

#include "vision/models/build.h"

/* ---- the fire module ---- */

/* Children: squeeze, squeeze_activation, expand1x1, expand1x1_activation, expand3x3,
 * expand3x3_activation. (N, in, H, W) to (N, 2 expand, H, W). */
static tp_tensor *fire_forward(tp_module *module, tp_tensor *x) {
    tp_location at = tp_module_at();
    tp_tensor *squeezed = tp_call_chain_at(at, x, 2, module->children);
    tp_tensor *sides[] = {tp_call_chain_at(at, squeezed, 2, module->children + 2),
                          tp_call_chain_at(at, squeezed, 2, module->children + 4)};
    tp_tensor *y = tp_cat_at(at, (tp_tensor_list){2, sides}, 1);
    tp_let_go(squeezed, y);
    for (int i = 0; i < 2; i++) tp_let_go(sides[i], y);
    return y;
}

static tp_module *make_fire(tp_location at, int64_t in, int64_t squeeze, int64_t expand) {
    tp_named_child children[TP_MOST_CHILDREN] = {
        {"squeeze", TP_CONV(in, squeeze, 1)},
        {"squeeze_activation", tp_nn_relu_at(at)},
        {"expand1x1", TP_CONV(squeeze, expand, 1)},
        {"expand1x1_activation", tp_nn_relu_at(at)},
        {"expand3x3", TP_CONV(squeeze, expand, 3, .padding = 1)},
        {"expand3x3_activation", tp_nn_relu_at(at)},
    };
    return tp_build_module(at, sizeof(tp_module), "Fire", fire_forward, children);
}

/* ---- the network ---- */

enum { FIRES = 8, MOST_LAYERS = 16 };

typedef struct squeezenet_kind {
    int64_t channels, kernel; /* of the first convolution, whose stride is 2 */
    bool pool_before[FIRES];  /* a max pooling stands before this fire module */
} squeezenet_kind;

static tp_module *squeezenet_features(tp_location at, int64_t channels,
                                      const squeezenet_kind *kind) {
    static const int64_t squeeze[FIRES] = {16, 16, 32, 32, 48, 48, 64, 64};
    tp_module *layers[MOST_LAYERS] = {TP_CONV(channels, kind->channels, kind->kernel, .stride = 2),
                                      tp_nn_relu_at(at)};
    size_t count = 2;
    int64_t in = kind->channels;
    for (int i = 0; i < FIRES; i++) {
        if (kind->pool_before[i]) layers[count++] = TP_MAX_POOL(3, .stride = 2, .ceil_mode = true);
        layers[count++] = make_fire(at, in, squeeze[i], 4 * squeeze[i]);
        in = 8 * squeeze[i];
    }
    return tp_nn_sequential_at(at, count, layers);
}

static tp_tensor *squeezenet_forward(tp_module *module, tp_tensor *x) {
    tp_location at = tp_module_at();
    tp_tensor *y = tp_call_chain_at(at, x, 2, module->children);
    return tp_flatten_at(at, (tp_flatten_args){y, .start_dim = 1, .end_dim = -1});
}

/* Kaiming's uniform rule for all convolutions but the last. */
static bool draw_convolutions(tp_location at, const tp_module *module, const tp_module *last) {
    for (int i = 0; i < module->child_count; i++)
        if (!draw_convolutions(at, module->children[i], last)) return false;
    if (strcmp(module->type, "Conv2d") != 0) return true;
    tp_tensor *weight = module->tensors[0].tensor, *bias = module->tensors[1].tensor;
    tp_tensor *drawn = module == last
                           ? tp_init_normal_at(at, (tp_init_normal_args){weight, .std = 0.01})
                           : tp_init_kaiming_uniform_at(at, (tp_init_kaiming_args){.x = weight});
    return !tp_is_poison(drawn) && !tp_is_poison(tp_init_constant_at(at, bias, 0));
}

static tp_module *make_squeezenet(tp_location at, const tp_model_args *args, const void *kind) {
    tp_module *features = squeezenet_features(at, tp_model_channels(args), kind);
    tp_module *last = TP_CONV(512, args->num_classes, 1);
    tp_module *classifier[] = {tp_nn_dropout_at(at, tp_model_dropout(args, 0.5)), last,
                               tp_nn_relu_at(at), tp_nn_adaptive_avg_pool2d_at(at, 1, 1)};
    tp_named_child children[TP_MOST_CHILDREN] = {
        {"features", features}, {"classifier", tp_nn_sequential_at(at, 4, classifier)}};
    tp_module *model =
        tp_build_module(at, sizeof(tp_module), "SqueezeNet", squeezenet_forward, children);
    if (!model || draw_convolutions(at, model, last)) return model;
    tp_module_end(model);
    return NULL;
}

static const squeezenet_kind squeezenet1_0 = {96, 7, {[0] = true, [3] = true, [7] = true}};
static const squeezenet_kind squeezenet1_1 = {64, 3, {[0] = true, [2] = true, [4] = true}};

TP_MODEL_FUNCTION(squeezenet1_0, make_squeezenet, &squeezenet1_0)
TP_MODEL_FUNCTION(squeezenet1_1, make_squeezenet, &squeezenet1_1)
