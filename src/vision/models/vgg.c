/* VGG (Simonyan and Zisserman, 2015), as torchvision has it. */
#include "vision/models/build.h"

enum { STAGES = 5, MOST_LAYERS = 64 };

/* How many convolutions each stage has; a max pooling ends it. */
typedef struct vgg_kind {
    int convolutions[STAGES];
    bool batch_norm;
} vgg_kind;

static tp_module *vgg_features(tp_location at, int64_t channels, const vgg_kind *kind) {
    static const int64_t widths[STAGES] = {64, 128, 256, 512, 512};
    tp_module *layers[MOST_LAYERS];
    size_t count = 0;
    for (int stage = 0; stage < STAGES; stage++) {
        for (int i = 0; i < kind->convolutions[stage]; i++) {
            layers[count++] = TP_CONV(channels, widths[stage], 3, .padding = 1);
            if (kind->batch_norm) layers[count++] = TP_BATCH_NORM(widths[stage]);
            layers[count++] = tp_nn_relu_at(at);
            channels = widths[stage];
        }
        layers[count++] = TP_MAX_POOL(2, .stride = 2);
    }
    return tp_nn_sequential_at(at, count, layers);
}

static tp_module *vgg_classifier(tp_location at, const tp_model_args *args) {
    double dropout = tp_model_dropout(args, 0.5);
    tp_module *layers[] = {
        TP_LINEAR(512 * 7 * 7, 4096),
        tp_nn_relu_at(at),
        tp_nn_dropout_at(at, dropout),
        TP_LINEAR(4096, 4096),
        tp_nn_relu_at(at),
        tp_nn_dropout_at(at, dropout),
        TP_LINEAR(4096, args->num_classes),
    };
    return tp_nn_sequential_at(at, sizeof layers / sizeof layers[0], layers);
}

static tp_module *make_vgg(tp_location at, const tp_model_args *args, const void *kind) {
    tp_named_child children[TP_MOST_CHILDREN] = {
        {"features", vgg_features(at, tp_model_channels(args), kind)},
        {"avgpool", tp_nn_adaptive_avg_pool2d_at(at, 7, 7)},
        {"classifier", vgg_classifier(at, args)},
    };
    return tp_model_draw(
        at, tp_build_module(at, sizeof(tp_module), "VGG", tp_features_forward, children), true);
}

static const vgg_kind vgg11 = {{1, 1, 2, 2, 2}, false}, vgg11_bn = {{1, 1, 2, 2, 2}, true};
static const vgg_kind vgg13 = {{2, 2, 2, 2, 2}, false}, vgg13_bn = {{2, 2, 2, 2, 2}, true};
static const vgg_kind vgg16 = {{2, 2, 3, 3, 3}, false}, vgg16_bn = {{2, 2, 3, 3, 3}, true};
static const vgg_kind vgg19 = {{2, 2, 4, 4, 4}, false}, vgg19_bn = {{2, 2, 4, 4, 4}, true};

TP_MODEL_FUNCTION(vgg11, make_vgg, &vgg11)
TP_MODEL_FUNCTION(vgg11_bn, make_vgg, &vgg11_bn)
TP_MODEL_FUNCTION(vgg13, make_vgg, &vgg13)
TP_MODEL_FUNCTION(vgg13_bn, make_vgg, &vgg13_bn)
TP_MODEL_FUNCTION(vgg16, make_vgg, &vgg16)
TP_MODEL_FUNCTION(vgg16_bn, make_vgg, &vgg16_bn)
TP_MODEL_FUNCTION(vgg19, make_vgg, &vgg19)
TP_MODEL_FUNCTION(vgg19_bn, make_vgg, &vgg19_bn)
