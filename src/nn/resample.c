/* Upsample, PixelShuffle, PixelUnshuffle. */
#include <stdio.h>
#include <taper/nn.h>

#include "nn/module.h"

typedef struct upsample_layer {
    tp_module base;
    tp_interpolate_args args; /* x is set for the call */
} upsample_layer;

static tp_tensor *upsample_forward(tp_module *module, tp_tensor *x) {
    tp_interpolate_args args = ((const upsample_layer *)module)->args;
    args.x = x;
    return tp_interpolate_at(tp_module_at(), args);
}

static int upsample_describe(const tp_module *module, char *buffer, size_t size) {
    static const char *const modes[] = {"nearest", "linear", "bilinear", "bicubic"};
    const tp_interpolate_args *args = &((const upsample_layer *)module)->args;
    const char *mode = modes[args->mode];
    if (args->scale_hw[0] != 0)
        return snprintf(buffer, size, "scale_factor=(%g, %g), mode=%s", args->scale_hw[0],
                        args->scale_hw[1], mode);
    if (args->scale != 0)
        return snprintf(buffer, size, "scale_factor=%.1f, mode=%s", args->scale, mode);
    if (args->size_hw[0])
        return snprintf(buffer, size, "size=(%lld, %lld), mode=%s", (long long)args->size_hw[0],
                        (long long)args->size_hw[1], mode);
    return snprintf(buffer, size, "size=%lld, mode=%s", (long long)args->size, mode);
}

tp_module *tp_nn_upsample_at(tp_location at, tp_interpolate_args args) {
    bool sized = args.size || args.size_hw[0], scaled = args.scale != 0 || args.scale_hw[0] != 0;
    if (sized == scaled || (unsigned)args.mode > TP_BICUBIC) {
        tp_fail(at, "nn_upsample", TP_ERROR_ARGUMENT,
                sized ? "a size and a scale" : "neither a size nor a scale, or no such mode",
                "one of them, and one of the modes", NULL);
        return NULL;
    }
    upsample_layer *layer = tp_layer_new(at, sizeof *layer, "Upsample", upsample_forward);
    if (!layer) return NULL;
    layer->args = args;
    layer->base.describe = upsample_describe;
    return &layer->base;
}

/* ---- pixels and channels ---- */

typedef struct shuffle_layer {
    tp_module base;
    int64_t factor;
    bool back;
} shuffle_layer;

static tp_tensor *shuffle_forward(tp_module *module, tp_tensor *x) {
    const shuffle_layer *layer = (const shuffle_layer *)module;
    return layer->back ? tp_pixel_unshuffle_at(tp_module_at(), x, layer->factor)
                       : tp_pixel_shuffle_at(tp_module_at(), x, layer->factor);
}

static int shuffle_describe(const tp_module *module, char *buffer, size_t size) {
    const shuffle_layer *layer = (const shuffle_layer *)module;
    return snprintf(buffer, size, "%s=%lld", layer->back ? "downscale_factor" : "upscale_factor",
                    (long long)layer->factor);
}

static tp_module *new_shuffle(tp_location at, const char *type, int64_t factor, bool back) {
    if (factor < 1) {
        tp_fail(at, type, TP_ERROR_ARGUMENT, tp_text("a factor of %lld", (long long)factor),
                "at least 1", NULL);
        return NULL;
    }
    shuffle_layer *layer = tp_layer_new(at, sizeof *layer, type, shuffle_forward);
    if (!layer) return NULL;
    layer->factor = factor;
    layer->back = back;
    layer->base.describe = shuffle_describe;
    return &layer->base;
}

tp_module *tp_nn_pixel_shuffle_at(tp_location at, int64_t upscale_factor) {
    return new_shuffle(at, "PixelShuffle", upscale_factor, false);
}

tp_module *tp_nn_pixel_unshuffle_at(tp_location at, int64_t downscale_factor) {
    return new_shuffle(at, "PixelUnshuffle", downscale_factor, true);
}
