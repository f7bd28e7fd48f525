/* AlexNet (Krizhevsky, 2014), as torchvision has it. */
#include "vision/models/build.h"

static tp_module *alexnet_features(tp_location at, int64_t channels) {
    tp_module *layers[] = {
        TP_CONV(channels, 64, 11, .stride = 4, .padding = 2),
        tp_nn_relu_at(at),
        TP_MAX_POOL(3, .stride = 2),
        TP_CONV(64, 192, 5, .padding = 2),
        tp_nn_relu_at(at),
        TP_MAX_POOL(3, .stride = 2),
        TP_CONV(192, 384, 3, .padding = 1),
        tp_nn_relu_at(at),
        TP_CONV(384, 256, 3, .padding = 1),
        tp_nn_relu_at(at),
        TP_CONV(256, 256, 3, .padding = 1),
        tp_nn_relu_at(at),
        TP_MAX_POOL(3, .stride = 2),
    };
    return tp_nn_sequential_at(at, sizeof layers / sizeof layers[0], layers);
}

static tp_module *alexnet_classifier(tp_location at, const tp_model_args *args) {
    double dropout = tp_model_dropout(args, 0.5);
    tp_module *layers[] = {
        tp_nn_dropout_at(at, dropout),      TP_LINEAR(256 * 6 * 6, 4096), tp_nn_relu_at(at),
        tp_nn_dropout_at(at, dropout),      TP_LINEAR(4096, 4096),        tp_nn_relu_at(at),
        TP_LINEAR(4096, args->num_classes),
    };
    return tp_nn_sequential_at(at, sizeof layers / sizeof layers[0], layers);
}

static tp_module *make_alexnet(tp_location at, const tp_model_args *args, const void *kind) {
    (void)kind;
    tp_named_child children[TP_MOST_CHILDREN] = {
        {"features", alexnet_features(at, tp_model_channels(args))},
        {"avgpool", tp_nn_adaptive_avg_pool2d_at(at, 6, 6)},
        {"classifier", alexnet_classifier(at, args)},
    };
    return tp_build_module(at, sizeof(tp_module), "AlexNet", tp_features_forward, children);
}

TP_MODEL_FUNCTION(alexnet, make_alexnet, NULL)
