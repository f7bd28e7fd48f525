/* Convolutional layers. */
#include <stdio.h>
#include <taper/nn/conv.h>

#include "nn/fuse.h"
#include "nn/layers.h"

/* ---- forward ---- */

tp_tensor *tp_conv_layer_forward(tp_module *module, tp_tensor *x) {
    const tp_conv_layer *l = (const tp_conv_layer *)module;
    if (l->dims == 1)
        return tp_conv1d_at(tp_module_at(), (tp_conv1d_args){.x = x,
                                                             .weight = l->weight,
                                                             .bias = l->bias,
                                                             .stride = l->stride[1],
                                                             .padding = l->padding[1],
                                                             .dilation = l->dilation[1],
                                                             .groups = l->groups,
                                                             .same = l->same,
                                                             .padding_mode = l->padding_mode,
                                                             .activation = l->activation,
                                                             .negative_slope = l->negative_slope});
    if (l->norm || l->pool) return tp_fused_conv_forward((tp_conv_layer *)module, x);
    return tp_conv2d_at(tp_module_at(), tp_conv_layer_args(l, x));
}

tp_conv2d_args tp_conv_layer_args(const tp_conv_layer *l, tp_tensor *x) {
    return (tp_conv2d_args){.x = x,
                            .weight = l->weight,
                            .bias = l->bias,
                            .stride_hw = {l->stride[0], l->stride[1]},
                            .padding_hw = {l->padding[0], l->padding[1]},
                            .dilation_hw = {l->dilation[0], l->dilation[1]},
                            .groups = l->groups,
                            .same = l->same,
                            .padding_mode = l->padding_mode,
                            .activation = l->activation,
                            .negative_slope = l->negative_slope};
}

static void conv_release(tp_module *module) { tp_folded_conv_end((tp_conv_layer *)module); }

static tp_tensor *transpose_forward(tp_module *module, tp_tensor *x) {
    const tp_conv_layer *l = (const tp_conv_layer *)module;
    if (l->dims == 1)
        return tp_conv_transpose1d_at(
            tp_module_at(), (tp_conv_transpose1d_args){.x = x,
                                                       .weight = l->weight,
                                                       .bias = l->bias,
                                                       .stride = l->stride[1],
                                                       .padding = l->padding[1],
                                                       .output_padding = l->output_padding[1],
                                                       .dilation = l->dilation[1],
                                                       .groups = l->groups});
    return tp_conv_transpose2d_at(
        tp_module_at(), (tp_conv_transpose2d_args){
                            .x = x,
                            .weight = l->weight,
                            .bias = l->bias,
                            .stride_hw = {l->stride[0], l->stride[1]},
                            .padding_hw = {l->padding[0], l->padding[1]},
                            .output_padding_hw = {l->output_padding[0], l->output_padding[1]},
                            .dilation_hw = {l->dilation[0], l->dilation[1]},
                            .groups = l->groups});
}

/* ---- what reports say ---- */

/* A growing text, as snprintf counts it. */
typedef struct text {
    char *buffer;
    size_t size;
    int length;
} text;

static void add(text *t, const char *format, const char *name, int64_t a, int64_t b) {
    bool room = (size_t)t->length < t->size;
    t->length +=
        snprintf(room ? t->buffer + t->length : NULL, room ? t->size - (size_t)t->length : 0,
                 format, name, (long long)a, (long long)b);
}

/* ", name=(a, b)", or "(a,)" for a line, unless both are `usual` */
static void add_pair(text *t, const tp_conv_layer *l, const char *name, const int64_t *pair,
                     int64_t usual) {
    if (l->dims == 1 && pair[1] != usual) add(t, ", %s=(%lld,)", name, pair[1], 0);
    if (l->dims == 2 && (pair[0] != usual || pair[1] != usual))
        add(t, ", %s=(%lld, %lld)", name, pair[0], pair[1]);
}

static int conv_describe(const tp_module *module, char *buffer, size_t size) {
    static const char *const modes[] = {"zeros", "reflect", "replicate", "circular"};
    const tp_conv_layer *l = (const tp_conv_layer *)module;
    text t = {buffer, size, 0};
    add(&t, "%s%lld, %lld", "", l->in_channels, l->out_channels);
    add_pair(&t, l, "kernel_size", l->kernel, -1);
    add_pair(&t, l, "stride", l->stride, -1);
    if (l->same) add(&t, "%s", ", padding=same", 0, 0);
    add_pair(&t, l, "padding", l->padding, 0);
    add_pair(&t, l, "dilation", l->dilation, 1);
    add_pair(&t, l, "output_padding", l->output_padding, 0);
    if (l->groups != 1) add(&t, "%sgroups=%lld", ", ", l->groups, 0);
    if (!l->bias) add(&t, "%s", ", bias=False", 0, 0);
    if (l->padding_mode) add(&t, ", padding_mode=%s", modes[l->padding_mode], 0, 0);
    return t.length;
}

static int64_t conv_multiply_adds(const tp_module *module, const tp_tensor *x, const tp_tensor *y) {
    const tp_conv_layer *l = (const tp_conv_layer *)module;
    int64_t kernel = (l->dims == 2 ? l->kernel[0] : 1) * l->kernel[1];
    if (module->forward == transpose_forward)
        return tp_numel(x) * (l->out_channels / l->groups) * kernel;
    return tp_numel(y) * (l->in_channels / l->groups) * kernel;
}

/* ---- building ---- */

/* What the four constructors have in common: the options of a layer before they are checked. Pairs may be NULL. */
typedef struct options {
    const char *name, *type; /* "nn_conv2d", "Conv2d" */
    int dims;
    int64_t in_channels, out_channels, groups;
    int64_t kernel, stride, padding, dilation, output_padding;
    const int64_t *kernel_hw, *stride_hw, *padding_hw, *dilation_hw, *output_padding_hw;
    bool same, no_bias;
    tp_pad_mode padding_mode;
    tp_dtype dtype;
} options;

/* The pair where one was given, else the number in both places. */
static void fill_pair(int64_t *to, int64_t both, const int64_t *pair, int64_t if_zero) {
    bool given = pair && (pair[0] || pair[1]);
    for (int i = 0; i < 2; i++) {
        to[i] = given ? pair[i] : both;
        if (to[i] == 0) to[i] = if_zero;
    }
}

static bool check_options(tp_location at, const options *o, const tp_conv_layer *l) {
    bool fits = l->in_channels >= 1 && l->out_channels >= 1 && l->groups >= 1;
    fits = fits && l->in_channels % l->groups == 0 && l->out_channels % l->groups == 0;
    if (!fits)
        tp_fail(at, o->name, TP_ERROR_ARGUMENT,
                tp_text("%lld channels in, %lld out, %lld groups", (long long)l->in_channels,
                        (long long)l->out_channels, (long long)l->groups),
                "at least 1 of each, and groups that divide both numbers of channels", NULL);
    for (int i = 0; i < 2 && fits; i++) {
        fits = l->kernel[i] >= 1 && l->stride[i] >= 1 && l->dilation[i] >= 1 &&
               l->padding[i] >= 0 && l->output_padding[i] >= 0 && !(l->same && l->stride[i] != 1);
        if (!fits)
            tp_fail(at, o->name, TP_ERROR_ARGUMENT,
                    tp_text("kernel %lld, stride %lld, dilation %lld, padding %s%lld",
                            (long long)l->kernel[i], (long long)l->stride[i],
                            (long long)l->dilation[i], l->same ? "same + " : "",
                            (long long)l->padding[i]),
                    "kernel, stride and dilation of at least 1, padding of at least 0",
                    l->same ? "same wants stride 1" : NULL);
    }
    if (fits && o->dtype && o->dtype != TP_FLOAT32 && o->dtype != TP_FLOAT64) {
        tp_fail(at, o->name, TP_ERROR_DTYPE, tp_dtype_name(o->dtype), "float32 or float64", NULL);
        return false;
    }
    return fits;
}

static bool make_parameters(tp_location at, tp_conv_layer *l, const options *o) {
    bool transposed = l->base.forward == transpose_forward;
    tp_shape shape = {.ndim = 2};
    shape.dims[0] = transposed ? l->in_channels : l->out_channels;
    shape.dims[1] = (transposed ? l->out_channels : l->in_channels) / l->groups;
    int64_t fan_in = shape.dims[1];
    for (int i = 2 - l->dims; i < 2; i++) {
        shape.dims[shape.ndim++] = l->kernel[i];
        fan_in *= l->kernel[i];
    }
    l->weight = tp_make_weight(at, &l->base, shape, o->dtype);
    if (!l->weight || o->no_bias) return l->weight != NULL;
    l->bias = tp_make_bias(at, &l->base, l->out_channels, fan_in, o->dtype);
    return l->bias != NULL;
}

static tp_module *make_layer(tp_location at, const options *o, tp_forward forward) {
    tp_conv_layer *l = tp_layer_new(at, sizeof *l, o->type, forward);
    if (!l) return NULL;
    l->dims = o->dims;
    l->in_channels = o->in_channels;
    l->out_channels = o->out_channels;
    l->groups = o->groups ? o->groups : 1;
    fill_pair(l->kernel, o->kernel, o->kernel_hw, 0);
    fill_pair(l->stride, o->stride, o->stride_hw, 1);
    fill_pair(l->padding, o->padding, o->padding_hw, 0);
    fill_pair(l->dilation, o->dilation, o->dilation_hw, 1);
    fill_pair(l->output_padding, o->output_padding, o->output_padding_hw, 0);
    l->same = o->same;
    l->padding_mode = o->padding_mode;
    l->base.describe = conv_describe;
    l->base.release = conv_release;
    l->base.multiply_adds = conv_multiply_adds;
    if (check_options(at, o, l) && make_parameters(at, l, o)) return &l->base;
    tp_module_end(&l->base);
    return NULL;
}

tp_module *tp_nn_conv2d_at(tp_location at, tp_nn_conv2d_args a) {
    options o = {.name = "nn_conv2d", .type = "Conv2d", .dims = 2, .in_channels = a.in_channels};
    o.out_channels = a.out_channels, o.groups = a.groups;
    o.kernel = a.kernel, o.kernel_hw = a.kernel_hw;
    o.stride = a.stride, o.stride_hw = a.stride_hw;
    o.padding = a.padding, o.padding_hw = a.padding_hw;
    o.dilation = a.dilation, o.dilation_hw = a.dilation_hw;
    o.same = a.same, o.no_bias = a.no_bias, o.padding_mode = a.padding_mode, o.dtype = a.dtype;
    return make_layer(at, &o, tp_conv_layer_forward);
}

tp_module *tp_nn_conv1d_at(tp_location at, tp_nn_conv1d_args a) {
    options o = {.name = "nn_conv1d", .type = "Conv1d", .dims = 1, .in_channels = a.in_channels};
    o.out_channels = a.out_channels, o.groups = a.groups;
    o.kernel = a.kernel, o.stride = a.stride, o.padding = a.padding, o.dilation = a.dilation;
    o.same = a.same, o.no_bias = a.no_bias, o.padding_mode = a.padding_mode, o.dtype = a.dtype;
    return make_layer(at, &o, tp_conv_layer_forward);
}

tp_module *tp_nn_conv_transpose2d_at(tp_location at, tp_nn_conv_transpose2d_args a) {
    options o = {.name = "nn_conv_transpose2d", .type = "ConvTranspose2d", .dims = 2};
    o.in_channels = a.in_channels, o.out_channels = a.out_channels, o.groups = a.groups;
    o.kernel = a.kernel, o.kernel_hw = a.kernel_hw;
    o.stride = a.stride, o.stride_hw = a.stride_hw;
    o.padding = a.padding, o.padding_hw = a.padding_hw;
    o.dilation = a.dilation, o.dilation_hw = a.dilation_hw;
    o.output_padding = a.output_padding, o.output_padding_hw = a.output_padding_hw;
    o.no_bias = a.no_bias, o.dtype = a.dtype;
    return make_layer(at, &o, transpose_forward);
}

tp_module *tp_nn_conv_transpose1d_at(tp_location at, tp_nn_conv_transpose1d_args a) {
    options o = {.name = "nn_conv_transpose1d", .type = "ConvTranspose1d", .dims = 1};
    o.in_channels = a.in_channels, o.out_channels = a.out_channels, o.groups = a.groups;
    o.kernel = a.kernel, o.stride = a.stride, o.padding = a.padding, o.dilation = a.dilation;
    o.output_padding = a.output_padding, o.no_bias = a.no_bias, o.dtype = a.dtype;
    return make_layer(at, &o, transpose_forward);
}
