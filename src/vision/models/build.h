/* What the families of models share: assembling modules, and torchvision's initial values. */
#ifndef TP_VISION_MODELS_BUILD_H
#define TP_VISION_MODELS_BUILD_H

#include <taper/models.h>

#include "nn/layers.h"

/* A layer of the kind that most models are made of, with the location `at` of the caller:
 * TP_CONV(in, out, kernel, .stride = 2). */
#define TP_CONV(...)     tp_nn_conv2d_at(at, (tp_nn_conv2d_args){.in_channels = __VA_ARGS__})
#define TP_MAX_POOL(...) tp_nn_max_pool2d_at(at, (tp_pool_args){.kernel = __VA_ARGS__})
#define TP_BATCH_NORM(n) tp_nn_batch_norm2d_at(at, (tp_nn_batch_norm_args){.features = (n)})
#define TP_LINEAR(in, out) \
    tp_nn_linear_at(at, (tp_nn_linear_args){.in_features = (in), .out_features = (out)})

/* A child that a module is to have. Without a name it is none. */
typedef struct tp_named_child {
    const char *name;
    tp_module *child;
} tp_named_child;
enum { TP_MOST_CHILDREN = 12 };

/* A module of `bytes` bytes with these children, up to the first one that has neither name nor
 * child. Takes over all of them, also where one is NULL because its constructor failed: then the
 * others are freed and NULL comes back. */
void *tp_build_module(tp_location at, size_t bytes, const char *type, tp_forward forward,
                      const tp_named_child children[TP_MOST_CHILDREN]);

/* The child of that name; NULL where there is none. */
tp_module *tp_child_named(const tp_module *module, const char *name);

/* Forward of a model with the children features, avgpool and classifier. */
tp_tensor *tp_features_forward(tp_module *module, tp_tensor *x);

/* The number of channels of the sample in args, 3 where it has none. */
int64_t tp_model_channels(const tp_model_args *args);
/* The probability in args, or the published one. */
double tp_model_dropout(const tp_model_args *args, double published);

/* What most of torchvision's constructors end with: convolutions are drawn from N(0, 2 / fan_out)
 * and, where `linear`, linear layers from N(0, 0.01^2); their biases are 0. Frees the model and
 * returns NULL after an error. */
tp_module *tp_model_draw(tp_location at, tp_module *model, bool linear);

/* Builds one kind of a family: `kind` is the family's own. args has num_classes. */
typedef tp_module *(*tp_model_maker)(tp_location at, const tp_model_args *args, const void *kind);

/* Checks the options, puts num_classes in where it was left out, and builds. */
tp_module *tp_model_make(tp_location at, const char *op, tp_model_args args, int64_t num_classes,
                         tp_model_maker make, const void *kind);

/* Makes a family's public constructor of a maker and a kind, for ImageNet's thousand classes. */
#define TP_MODEL_FUNCTION(name, make, kind)                          \
    tp_module *tp_##name##_at(tp_location at, tp_model_args args) {  \
        return tp_model_make(at, #name, args, 1000, (make), (kind)); \
    }

#endif
