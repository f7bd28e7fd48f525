/* The small networks of courses, as layers written out. */
#include "vision/models/course.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vision/models/build.h"

#define BLOCK(channels) "conv:" #channels ",k=3,p=1 bn relu "

/* OUT stands for the number of classes. */
const tp_course_model tp_course_models[] = {
    {{"mlp", "perceptron with two hidden layers, 128 and 64", TP_SAMPLE(1, 28, 28), 10},
     "flatten linear:128 relu linear:64 relu linear:OUT"},
    {{"logistic", "logistic regression", TP_SAMPLE(1, 28, 28), 10}, "flatten linear:OUT"},
    {{"lenet5", "LeNet-5 (LeCun and others, 1998)", TP_SAMPLE(1, 28, 28), 10},
     "conv:6,k=5,p=2 tanh avgpool:2 conv:16,k=5 tanh avgpool:2 conv:120,k=5 tanh "
     "flatten linear:84 tanh linear:OUT"},
    {{"dogs_cnn", "two convolutions of stride 2", TP_SAMPLE(3, 64, 64), 10},
     "conv:6,k=5,s=2 relu conv:10,k=5,s=2 relu flatten linear:OUT"},
    {{"convnet", "one convolution, 500 hidden units", TP_SAMPLE(1, 28, 28), 10},
     "conv:8,k=5,p=2 relu maxpool:2 flatten linear:500 relu linear:OUT"},
    {{"convnet2", "convnet with dropout", TP_SAMPLE(1, 28, 28), 10},
     "conv:8,k=5,p=2 relu maxpool:2 flatten dropout:0.5 linear:500 relu linear:OUT"},
    {{"convnet3", "three convolutions, 128 and 256 hidden units", TP_SAMPLE(1, 28, 28), 10},
     "conv:16,k=5,p=2 relu maxpool:2 conv:32,k=5,p=2 relu maxpool:2 conv:64,k=5,p=2 relu "
     "maxpool:2 flatten dropout:0.5 linear:128 relu dropout:0.5 linear:256 relu linear:OUT"},
    {{"convnet4", "six convolutions with batch norm", TP_SAMPLE(1, 28, 28), 10},
     BLOCK(64) BLOCK(64) "maxpool:2 dropout:0.4 " BLOCK(128)
         BLOCK(128) "maxpool:2 dropout:0.4 " BLOCK(256)
             BLOCK(256) "avgpool:7 flatten dropout:0.5 linear:OUT"},
    {{"grocery_cnn", "four convolutions, 70,000 parameters", TP_SAMPLE(3, 64, 64), 43},
     BLOCK(24) "maxpool:2 " BLOCK(40) "maxpool:2 " BLOCK(56) "maxpool:2 " BLOCK(
         72) "maxpool:2 "
             "adaptive_avgpool:1 flatten dropout:0.2 linear:OUT"},
    {{"one_digit", "is it this digit? one output from 0 to 1", TP_SAMPLE(1, 28, 28), 1},
     "flatten linear:256 leaky_relu linear:OUT sigmoid"},
    {{"gan_discriminator", "real or not? 512, 256, 128 hidden units", TP_SAMPLE(784), 1},
     "flatten linear:512 leaky_relu:0.2 dropout:0 linear:256 leaky_relu:0.2 dropout:0 "
     "linear:128 leaky_relu:0.2 dropout:0 linear:OUT sigmoid"},
    {{"gan_generator", "pictures of 784 pixels from 100 numbers", TP_SAMPLE(100), 784},
     "linear:128 leaky_relu:0.2 linear:256 leaky_relu:0.2 linear:512 leaky_relu:0.2 linear:OUT "
     "sigmoid"},
};
const size_t tp_course_model_count = sizeof tp_course_models / sizeof tp_course_models[0];

/* Copies the layers with OUT replaced, and the probability of every dropout where one is given. */
static void write_layers(char *text, size_t size, const char *layers, const tp_model_args *args) {
    static const char out[] = "OUT", drop[] = "dropout:";
    size_t used = 0;
    while (*layers && used + 32 < size) {
        if (strncmp(layers, out, sizeof out - 1) == 0) {
            used +=
                (size_t)snprintf(text + used, size - used, "%lld", (long long)args->num_classes);
            layers += sizeof out - 1;
        } else if (strncmp(layers, drop, sizeof drop - 1) == 0) {
            size_t length = strcspn(layers, " ");
            double published = atof(layers + sizeof drop - 1);
            used += (size_t)snprintf(text + used, size - used, "%s%g", drop,
                                     tp_model_dropout(args, published));
            layers += length;
        } else {
            text[used++] = *layers++;
        }
    }
    text[used] = 0;
}

tp_module *tp_make_course_model(tp_location at, const tp_model_args *args, const void *kind) {
    const tp_course_model *model = kind;
    char text[640];
    write_layers(text, sizeof text, model->layers, args);
    return tp_nn_from_text_at(at, text, args->sample.ndim ? args->sample : model->info.sample);
}
