/* The pooling layers. */
#include <stdio.h>
#include <taper/nn.h>

#include "nn/pooling.h"

/* ---- windows ---- */

typedef tp_tensor *(*pool_fn)(tp_location at, tp_pool_args args);

static tp_tensor *pool_forward(tp_module *module, tp_tensor *x) {
    tp_pool_args args = ((const tp_pool_layer *)module)->args;
    args.x = x;
    return ((const tp_pool_layer *)module)->run(tp_module_at(), args);
}

/* "2", or "(2, 3)" where the directions differ; in a buffer of tp_text. */
static const char *pair_text(const tp_pool_layer *layer, const int64_t pair[2]) {
    if (layer->dims == 1 || pair[0] == pair[1]) return tp_text("%lld", (long long)pair[1]);
    return tp_text("(%lld, %lld)", (long long)pair[0], (long long)pair[1]);
}

static int max_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_pool_layer *layer = (const tp_pool_layer *)module;
    const tp_window *w = &layer->window;
    return snprintf(
        buffer, size, "kernel_size=%s, stride=%s, padding=%s, dilation=%s, ceil_mode=%s",
        pair_text(layer, w->kernel), pair_text(layer, w->stride), pair_text(layer, w->padding),
        pair_text(layer, w->dilation), layer->args.ceil_mode ? "True" : "False");
}

static int average_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_pool_layer *layer = (const tp_pool_layer *)module;
    const tp_window *w = &layer->window;
    return snprintf(buffer, size, "kernel_size=%s, stride=%s, padding=%s",
                    pair_text(layer, w->kernel), pair_text(layer, w->stride),
                    pair_text(layer, w->padding));
}

static int lp_describe(const tp_module *module, char *buffer, size_t size) {
    const tp_pool_layer *layer = (const tp_pool_layer *)module;
    const tp_window *w = &layer->window;
    return snprintf(buffer, size, "norm_type=%g, kernel_size=%s, stride=%s, ceil_mode=%s",
                    layer->args.norm_type != 0 ? layer->args.norm_type : 2,
                    pair_text(layer, w->kernel), pair_text(layer, w->stride),
                    layer->args.ceil_mode ? "True" : "False");
}

static tp_module *new_pool(tp_location at, const char *type, int dims, unsigned takes, pool_fn run,
                           tp_pool_args args) {
    tp_window window;
    if (!tp_window_of(at, type, &args, dims, takes, &window)) return NULL;
    tp_pool_layer *layer = tp_layer_new(at, sizeof *layer, type, pool_forward);
    if (!layer) return NULL;
    layer->args = args;
    layer->window = window;
    layer->dims = dims;
    layer->run = run;
    layer->base.describe = takes == TP_POOL_OF_MAX  ? max_describe
                           : takes == TP_POOL_OF_LP ? lp_describe
                                                    : average_describe;
    return &layer->base;
}

bool tp_is_max_pool2d(const tp_module *module) {
    return module->forward == pool_forward &&
           ((const tp_pool_layer *)module)->run == tp_max_pool2d_at;
}

tp_module *tp_nn_max_pool2d_at(tp_location at, tp_pool_args args) {
    return new_pool(at, "MaxPool2d", 2, TP_POOL_OF_MAX, tp_max_pool2d_at, args);
}

tp_module *tp_nn_max_pool1d_at(tp_location at, tp_pool_args args) {
    return new_pool(at, "MaxPool1d", 1, TP_POOL_OF_MAX, tp_max_pool1d_at, args);
}

tp_module *tp_nn_avg_pool2d_at(tp_location at, tp_pool_args args) {
    return new_pool(at, "AvgPool2d", 2, TP_POOL_OF_AVERAGE, tp_avg_pool2d_at, args);
}

tp_module *tp_nn_avg_pool1d_at(tp_location at, tp_pool_args args) {
    return new_pool(at, "AvgPool1d", 1, TP_POOL_OF_AVERAGE, tp_avg_pool1d_at, args);
}

tp_module *tp_nn_lp_pool2d_at(tp_location at, tp_pool_args args) {
    return new_pool(at, "LPPool2d", 2, TP_POOL_OF_LP, tp_lp_pool2d_at, args);
}

tp_module *tp_nn_lp_pool1d_at(tp_location at, tp_pool_args args) {
    return new_pool(at, "LPPool1d", 1, TP_POOL_OF_LP, tp_lp_pool1d_at, args);
}

/* ---- adaptive ---- */

typedef struct adaptive_layer {
    tp_module base;
    int dims;
    bool max;
    int64_t h, w;
} adaptive_layer;

static tp_tensor *adaptive_forward(tp_module *module, tp_tensor *x) {
    const adaptive_layer *layer = (const adaptive_layer *)module;
    tp_location at = tp_module_at();
    tp_adaptive_max_pool_args args = {x, layer->h, layer->w, NULL};
    if (layer->max)
        return layer->dims == 2 ? tp_adaptive_max_pool2d_at(at, args)
                                : tp_adaptive_max_pool1d_at(at, args);
    return layer->dims == 2 ? tp_adaptive_avg_pool2d_at(at, x, layer->h, layer->w)
                            : tp_adaptive_avg_pool1d_at(at, x, layer->h);
}

static const char *size_text(int64_t size) {
    return size ? tp_text("%lld", (long long)size) : "None";
}

static int adaptive_describe(const tp_module *module, char *buffer, size_t size) {
    const adaptive_layer *layer = (const adaptive_layer *)module;
    if (layer->dims == 1) return snprintf(buffer, size, "output_size=%s", size_text(layer->h));
    return snprintf(buffer, size, "output_size=(%s, %s)", size_text(layer->h), size_text(layer->w));
}

static tp_module *new_adaptive(tp_location at, const char *type, int dims, bool max, int64_t h,
                               int64_t w) {
    if (h < 0 || w < 0) {
        tp_fail(at, type, TP_ERROR_ARGUMENT,
                tp_text("sizes %lld, %lld", (long long)h, (long long)w),
                "at least 1, or 0 for the size of what comes", NULL);
        return NULL;
    }
    adaptive_layer *layer = tp_layer_new(at, sizeof *layer, type, adaptive_forward);
    if (!layer) return NULL;
    layer->dims = dims;
    layer->max = max;
    layer->h = h;
    layer->w = w;
    layer->base.describe = adaptive_describe;
    return &layer->base;
}

tp_module *tp_nn_adaptive_avg_pool2d_at(tp_location at, int64_t h, int64_t w) {
    return new_adaptive(at, "AdaptiveAvgPool2d", 2, false, h, w);
}

tp_module *tp_nn_adaptive_avg_pool1d_at(tp_location at, int64_t length) {
    return new_adaptive(at, "AdaptiveAvgPool1d", 1, false, length, 0);
}

tp_module *tp_nn_adaptive_max_pool2d_at(tp_location at, int64_t h, int64_t w) {
    return new_adaptive(at, "AdaptiveMaxPool2d", 2, true, h, w);
}

tp_module *tp_nn_adaptive_max_pool1d_at(tp_location at, int64_t length) {
    return new_adaptive(at, "AdaptiveMaxPool1d", 1, true, length, 0);
}
