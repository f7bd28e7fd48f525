/* All models by name. */
#include <string.h>

#include "base/nearest.h"
#include "vision/models/build.h"
#include "vision/models/course.h"

typedef struct known_model {
    tp_model_info info;
    tp_module *(*make)(tp_location at, tp_model_args args);
} known_model;

#define IMAGENET(name, text) \
    { {#name, text, TP_SAMPLE(3, 224, 224), 1000}, tp_##name##_at }
static const known_model published[] = {
    IMAGENET(alexnet, "AlexNet (2014)"),
    IMAGENET(vgg11, "VGG, 8 convolutions (2015)"),
    IMAGENET(vgg11_bn, "VGG11 with batch norm"),
    IMAGENET(vgg13, "VGG, 10 convolutions"),
    IMAGENET(vgg13_bn, "VGG13 with batch norm"),
    IMAGENET(vgg16, "VGG, 13 convolutions"),
    IMAGENET(vgg16_bn, "VGG16 with batch norm"),
    IMAGENET(vgg19, "VGG, 16 convolutions"),
    IMAGENET(vgg19_bn, "VGG19 with batch norm"),
    IMAGENET(resnet18, "residual network, 18 layers (2016)"),
    IMAGENET(resnet34, "residual network, 34 layers"),
    IMAGENET(resnet50, "residual network, 50 layers, bottlenecks"),
    IMAGENET(resnet101, "residual network, 101 layers, bottlenecks"),
    IMAGENET(resnet152, "residual network, 152 layers, bottlenecks"),
    IMAGENET(squeezenet1_0, "SqueezeNet 1.0 (2016)"),
    IMAGENET(squeezenet1_1, "SqueezeNet 1.1"),
    IMAGENET(mobilenet_v2, "MobileNetV2 (2018)"),
};
enum { PUBLISHED = sizeof published / sizeof published[0], MOST_NAMES = 64 };

const tp_model_info *tp_model_listing(size_t i) {
    if (i < tp_course_model_count) return &tp_course_models[i].info;
    i -= tp_course_model_count;
    return i < PUBLISHED ? &published[i].info : NULL;
}

static tp_module *unknown_model(tp_location at, const char *name) {
    const char *names[MOST_NAMES];
    size_t count = 0;
    for (const tp_model_info *info; count < MOST_NAMES && (info = tp_model_listing(count)) != NULL;)
        names[count++] = info->name;
    const char *near = name ? tp_nearest_word(name, strlen(name), names, count) : NULL;
    tp_fail(at, "model_by_name", TP_ERROR_ARGUMENT,
            name ? tp_text("no model \"%s\"", name) : "no name", "a name of tp_model_listing()",
            near ? tp_text("did you mean \"%s\"?", near) : "for instance \"resnet18\"");
    return NULL;
}

tp_module *tp_model_by_name_at(tp_location at, tp_model_args args) {
    for (size_t i = 0; args.name && i < PUBLISHED; i++)
        if (strcmp(published[i].info.name, args.name) == 0) return published[i].make(at, args);
    for (size_t i = 0; args.name && i < tp_course_model_count; i++) {
        const tp_course_model *model = &tp_course_models[i];
        if (strcmp(model->info.name, args.name) == 0)
            return tp_model_make(at, model->info.name, args, model->info.num_classes,
                                 tp_make_course_model, model);
    }
    return unknown_model(at, args.name);
}
