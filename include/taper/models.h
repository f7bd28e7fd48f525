/** @file models.h
 *  Networks by name: torchvision's classic ones, with its state-dict keys, its initialisation and
 *  its random stream, so that one seed builds one network there and here; and the small ones of
 *  courses on deep learning.
 *
 *      tp_module *net = tp_vgg16();                                  1000 classes, as published
 *      tp_module *net = tp_resnet18(.num_classes = 10, .small_input = true);
 *      tp_module *net = tp_model_by_name("convnet4", .dropout = TP_ZERO);
 *
 *  Each returns a module that the caller owns, or NULL after an error: ARGUMENT for a name or an
 *  option that makes no sense, MEMORY. Input is (N, C, H, W), output (N, num_classes), not
 *  normalised.
 */
#ifndef TAPER_MODELS_H
#define TAPER_MODELS_H

#include <taper/nn.h>

TP_BEGIN_DECLS

/** Options of all models; each ignores what it has no use for. */
typedef struct tp_model_args {
    const char *name;    /**< for tp_model_by_name alone */
    int64_t num_classes; /**< 1000; 10 for the networks of courses */
    double dropout; /**< probability of every dropout layer; 0: the published one, TP_ZERO: none */
    double width_mult; /**< factor of all channel counts of MobileNetV2: 1 */
    /** Shape of one sample, tp_shape(1, 28, 28). torchvision's models take the number of channels
     *  from it, those of courses the sizes of their linear layers too. Empty: as published. */
    tp_shape sample;
    /** For pictures of 32 to 64 pixels a side: ResNet begins with a 3x3 convolution of stride 1 and
     *  has no max pooling (He and others, 2016, section 4.2); MobileNetV2 keeps stride 1 in its
     *  first convolution and its second stage. */
    bool small_input;
    bool zero_init_residual; /**< ResNet's blocks begin as identities: their last weights are 0 */
    /** Weights are not drawn but left as they lie in memory: for a model that is loaded next. */
    bool no_init;
} tp_model_args;

/** What is known of a model before it is built. */
typedef struct tp_model_info {
    const char *name;    /**< "vgg16" */
    const char *text;    /**< one line about it */
    tp_shape sample;     /**< shape of one sample as published */
    int64_t num_classes; /**< as published */
} tp_model_info;
/** The i-th model of the listing; NULL past the last. */
TP_API const tp_model_info *tp_model_listing(size_t i);
/** A model by the name that the listing has for it. An unknown name is an ARGUMENT error with the
 *  nearest one. */
TP_API tp_module *tp_model_by_name_at(tp_location at, tp_model_args args);
#define tp_model_by_name(...) \
    tp_model_by_name_at(TP_HERE, TP_MAKE(tp_model_args, .name = __VA_ARGS__))

/** @cond */
#define TP_MODEL(function, ...) function(TP_HERE, TP_MAKE(tp_model_args, .name = NULL, __VA_ARGS__))
/** @endcond */

/** @name torchvision's
 *  @{ */
/** AlexNet as in "One weird trick for parallelizing convolutional neural networks" (Krizhevsky,
 *  2014): 61,100,840 parameters. Pictures of at least 63 x 63. */
TP_API tp_module *tp_alexnet_at(tp_location at, tp_model_args args);
#define tp_alexnet(...) TP_MODEL(tp_alexnet_at, __VA_ARGS__)

/** VGG with 11 to 19 layers (Simonyan and Zisserman, 2015), _bn with batch norm behind each
 *  convolution. Pictures of at least 32 x 32. 132,863,336 parameters. */
TP_API tp_module *tp_vgg11_at(tp_location at, tp_model_args args);
#define tp_vgg11(...) TP_MODEL(tp_vgg11_at, __VA_ARGS__)
/** 132,868,840 parameters. */
TP_API tp_module *tp_vgg11_bn_at(tp_location at, tp_model_args args);
#define tp_vgg11_bn(...) TP_MODEL(tp_vgg11_bn_at, __VA_ARGS__)
/** 133,047,848 parameters. */
TP_API tp_module *tp_vgg13_at(tp_location at, tp_model_args args);
#define tp_vgg13(...) TP_MODEL(tp_vgg13_at, __VA_ARGS__)
/** 133,053,736 parameters. */
TP_API tp_module *tp_vgg13_bn_at(tp_location at, tp_model_args args);
#define tp_vgg13_bn(...) TP_MODEL(tp_vgg13_bn_at, __VA_ARGS__)
/** 138,357,544 parameters. */
TP_API tp_module *tp_vgg16_at(tp_location at, tp_model_args args);
#define tp_vgg16(...) TP_MODEL(tp_vgg16_at, __VA_ARGS__)
/** 138,365,992 parameters. */
TP_API tp_module *tp_vgg16_bn_at(tp_location at, tp_model_args args);
#define tp_vgg16_bn(...) TP_MODEL(tp_vgg16_bn_at, __VA_ARGS__)
/** 143,667,240 parameters. */
TP_API tp_module *tp_vgg19_at(tp_location at, tp_model_args args);
#define tp_vgg19(...) TP_MODEL(tp_vgg19_at, __VA_ARGS__)
/** 143,678,248 parameters. */
TP_API tp_module *tp_vgg19_bn_at(tp_location at, tp_model_args args);
#define tp_vgg19_bn(...) TP_MODEL(tp_vgg19_bn_at, __VA_ARGS__)

/** Residual networks (He and others, 2016), version 1.5: a bottleneck's stride is in its 3x3
 *  convolution. 11,689,512 parameters. */
TP_API tp_module *tp_resnet18_at(tp_location at, tp_model_args args);
#define tp_resnet18(...) TP_MODEL(tp_resnet18_at, __VA_ARGS__)
/** 21,797,672 parameters. */
TP_API tp_module *tp_resnet34_at(tp_location at, tp_model_args args);
#define tp_resnet34(...) TP_MODEL(tp_resnet34_at, __VA_ARGS__)
/** 25,557,032 parameters. */
TP_API tp_module *tp_resnet50_at(tp_location at, tp_model_args args);
#define tp_resnet50(...) TP_MODEL(tp_resnet50_at, __VA_ARGS__)
/** 44,549,160 parameters. */
TP_API tp_module *tp_resnet101_at(tp_location at, tp_model_args args);
#define tp_resnet101(...) TP_MODEL(tp_resnet101_at, __VA_ARGS__)
/** 60,192,808 parameters. */
TP_API tp_module *tp_resnet152_at(tp_location at, tp_model_args args);
#define tp_resnet152(...) TP_MODEL(tp_resnet152_at, __VA_ARGS__)

/** SqueezeNet 1.0 (Iandola and others, 2016): 1,248,424 parameters. Pictures of at least 21 x 21. */
TP_API tp_module *tp_squeezenet1_0_at(tp_location at, tp_model_args args);
#define tp_squeezenet1_0(...) TP_MODEL(tp_squeezenet1_0_at, __VA_ARGS__)
/** Its lighter form: 1,235,496 parameters. Pictures of at least 17 x 17. */
TP_API tp_module *tp_squeezenet1_1_at(tp_location at, tp_model_args args);
#define tp_squeezenet1_1(...) TP_MODEL(tp_squeezenet1_1_at, __VA_ARGS__)

/** MobileNetV2 (Sandler and others, 2018): 3,504,872 parameters. */
TP_API tp_module *tp_mobilenet_v2_at(tp_location at, tp_model_args args);
#define tp_mobilenet_v2(...) TP_MODEL(tp_mobilenet_v2_at, __VA_ARGS__)
/** @} */

TP_END_DECLS

#endif
