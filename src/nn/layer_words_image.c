/* The words for layers over signals (channels, length) and pictures (channels, height, width). */
#include "nn/layer_words.h"

static tp_module *wrong_shape(tp_text_item *item) {
    return tp_text_complain(item, tp_text("%s reaches it", tp_shape_text(item->shape)),
                            "(channels, height, width), or (channels, length)", NULL);
}

static bool is_picture(const tp_text_item *item) { return item->shape.ndim == 3; }
static bool is_signal(const tp_text_item *item) { return item->shape.ndim == 2; }

/* How many channels, or features, reach a layer. */
static int64_t channels(const tp_text_item *item) { return item->shape.dims[0]; }

/* ---- convolutions ---- */

static tp_module *conv_of(tp_text_item *item, int64_t out, int64_t groups) {
    if (is_signal(item)) {
        tp_nn_conv1d_args args = {
            .in_channels = channels(item), .out_channels = out, .groups = groups};
        args.kernel = tp_text_whole(item, "k", 1, 3);
        args.stride = tp_text_whole(item, "s", 1, 1);
        args.dilation = tp_text_whole(item, "d", 1, 1);
        args.same = tp_text_is(item, "p", "same");
        if (!args.same) args.padding = tp_text_whole(item, "p", 0, 0);
        args.no_bias = !tp_text_flag(item, "bias", true);
        return item->failed ? NULL : tp_nn_conv1d_at(item->at, args);
    }
    tp_nn_conv2d_args args = {.in_channels = channels(item), .out_channels = out, .groups = groups};
    tp_text_pair(item, "k", 1, 3, args.kernel_hw);
    tp_text_pair(item, "s", 1, 1, args.stride_hw);
    tp_text_pair(item, "d", 1, 1, args.dilation_hw);
    args.same = tp_text_is(item, "p", "same");
    if (!args.same) tp_text_pair(item, "p", 0, 0, args.padding_hw);
    args.no_bias = !tp_text_flag(item, "bias", true);
    return item->failed ? NULL : tp_nn_conv2d_at(item->at, args);
}

static tp_module *make_conv(tp_text_item *item) {
    if (!is_picture(item) && !is_signal(item)) return wrong_shape(item);
    return conv_of(item, tp_text_whole(item, "out", 1, 1), tp_text_whole(item, "g", 1, 1));
}

/* Each channel on its own: as many groups as channels. */
static tp_module *make_depthwise(tp_text_item *item) {
    if (!is_picture(item) && !is_signal(item)) return wrong_shape(item);
    return conv_of(item, channels(item) * tp_text_whole(item, "m", 1, 1), channels(item));
}

static tp_module *make_conv_transpose(tp_text_item *item) {
    if (!is_picture(item)) return wrong_shape(item);
    tp_nn_conv_transpose2d_args args = {.in_channels = channels(item),
                                        .out_channels = tp_text_whole(item, "out", 1, 1)};
    tp_text_pair(item, "k", 1, 3, args.kernel_hw);
    tp_text_pair(item, "s", 1, 1, args.stride_hw);
    tp_text_pair(item, "p", 0, 0, args.padding_hw);
    tp_text_pair(item, "op", 0, 0, args.output_padding_hw);
    args.no_bias = !tp_text_flag(item, "bias", true);
    return item->failed ? NULL : tp_nn_conv_transpose2d_at(item->at, args);
}

/* ---- pooling ---- */

typedef tp_module *(*pooling)(tp_location at, tp_pool_args args);

static tp_module *pool_of(tp_text_item *item, pooling flat, pooling plane) {
    if (!is_picture(item) && !is_signal(item)) return wrong_shape(item);
    tp_pool_args args = {.ceil_mode = tp_text_flag(item, "ceil", false)};
    if (is_signal(item)) {
        args.kernel = tp_text_whole(item, "k", 1, 2);
        args.stride = tp_text_whole(item, "s", 1, args.kernel);
        args.padding = tp_text_whole(item, "p", 0, 0);
        return item->failed ? NULL : flat(item->at, args);
    }
    tp_text_pair(item, "k", 1, 2, args.kernel_hw);
    if (tp_text_setting(item, "s")->given) tp_text_pair(item, "s", 1, 1, args.stride_hw);
    tp_text_pair(item, "p", 0, 0, args.padding_hw);
    return item->failed ? NULL : plane(item->at, args);
}

static tp_module *make_max_pool(tp_text_item *item) {
    return pool_of(item, tp_nn_max_pool1d_at, tp_nn_max_pool2d_at);
}

static tp_module *make_avg_pool(tp_text_item *item) {
    return pool_of(item, tp_nn_avg_pool1d_at, tp_nn_avg_pool2d_at);
}

static tp_module *make_adaptive_avg_pool(tp_text_item *item) {
    if (!is_picture(item) && !is_signal(item)) return wrong_shape(item);
    int64_t size[2];
    tp_text_pair(item, "size", 1, 1, size);
    if (item->failed) return NULL;
    return is_signal(item) ? tp_nn_adaptive_avg_pool1d_at(item->at, size[0])
                           : tp_nn_adaptive_avg_pool2d_at(item->at, size[0], size[1]);
}

static tp_module *make_adaptive_max_pool(tp_text_item *item) {
    if (!is_picture(item) && !is_signal(item)) return wrong_shape(item);
    int64_t size[2];
    tp_text_pair(item, "size", 1, 1, size);
    if (item->failed) return NULL;
    return is_signal(item) ? tp_nn_adaptive_max_pool1d_at(item->at, size[0])
                           : tp_nn_adaptive_max_pool2d_at(item->at, size[0], size[1]);
}

/* ---- normalisation and dropout ---- */

static tp_module *make_batch_norm(tp_text_item *item) {
    tp_nn_batch_norm_args args = {.features = channels(item)};
    if (item->shape.ndim < 1 || item->shape.ndim > 3) return wrong_shape(item);
    return is_picture(item) ? tp_nn_batch_norm2d_at(item->at, args)
                            : tp_nn_batch_norm1d_at(item->at, args);
}

static tp_module *make_group_norm(tp_text_item *item) {
    if (item->shape.ndim < 1) return wrong_shape(item);
    tp_nn_group_norm_args args = {.num_groups = tp_text_whole(item, "groups", 1, 1),
                                  .num_channels = channels(item)};
    return item->failed ? NULL : tp_nn_group_norm_at(item->at, args);
}

static tp_module *make_instance_norm(tp_text_item *item) {
    if (!is_picture(item) && !is_signal(item)) return wrong_shape(item);
    tp_nn_instance_norm_args args = {.features = channels(item),
                                     .affine = tp_text_flag(item, "affine", false)};
    if (item->failed) return NULL;
    return is_signal(item) ? tp_nn_instance_norm1d_at(item->at, args)
                           : tp_nn_instance_norm2d_at(item->at, args);
}

static tp_module *make_lrn(tp_text_item *item) {
    tp_local_response_norm_args args = {.size = tp_text_whole(item, "size", 1, 5),
                                        .alpha = tp_text_number(item, "alpha", 0),
                                        .beta = tp_text_number(item, "beta", 0),
                                        .k = tp_text_number(item, "k", 0)};
    return item->failed ? NULL : tp_nn_local_response_norm_at(item->at, args);
}

static tp_module *make_dropout2d(tp_text_item *item) {
    double p = tp_text_number(item, "p", 0.5);
    if (!is_picture(item)) return wrong_shape(item);
    if (!(p >= 0 && p <= 1))
        return tp_text_complain(item, "no probability", "a number from 0 to 1", NULL);
    return tp_nn_dropout2d_at(item->at, p);
}

/* ---- borders ---- */

#define PADDING(word, layer)                                              \
    static tp_module *make_##word(tp_text_item *item) {                   \
        if (!is_picture(item)) return wrong_shape(item);                  \
        tp_shape sides = tp_shape(tp_text_whole(item, "width", 0, 1));    \
        return item->failed ? NULL : tp_nn_##layer##_at(item->at, sides); \
    }
PADDING(zero_pad, zero_pad2d)
PADDING(reflect_pad, reflection_pad2d)
PADDING(replicate_pad, replication_pad2d)
PADDING(circular_pad, circular_pad2d)
#undef PADDING

/* ---- other sizes ---- */

static tp_module *make_upsample(tp_text_item *item) {
    if (!is_picture(item) && !is_signal(item)) return wrong_shape(item);
    bool bilinear = tp_text_is(item, "mode", "bilinear");
    if (tp_text_setting(item, "mode")->given && !bilinear && !tp_text_is(item, "mode", "nearest"))
        return tp_text_complain(item, "another mode", "mode=nearest or mode=bilinear", NULL);
    tp_interpolate_args args = {.mode = bilinear ? TP_BILINEAR : TP_NEAREST,
                                .scale = tp_text_number(item, "scale", 2)};
    return item->failed ? NULL : tp_nn_upsample_at(item->at, args);
}

static tp_module *make_pixel_shuffle(tp_text_item *item) {
    if (!is_picture(item)) return wrong_shape(item);
    int64_t factor = tp_text_whole(item, "factor", 1, 2);
    return item->failed ? NULL : tp_nn_pixel_shuffle_at(item->at, factor);
}

#define POOL_KEYS "k s p ceil"
const tp_layer_word tp_image_words[] = {
    {"conv", make_conv, "out! k s p d g bias", "conv:OUT[,k=3,s=1,p=0|same,d=1,g=1,bias=1]"},
    {"depthwise", make_depthwise, "k s p d m bias", "depthwise[:K,s=1,p=0|same,d=1,m=1,bias=1]"},
    {"conv_transpose", make_conv_transpose, "out! k s p op bias",
     "conv_transpose:OUT[,k=3,s=1,p=0,op=0,bias=1]"},
    {"maxpool", make_max_pool, POOL_KEYS, "maxpool[:K,s=K,p=0,ceil=0]"},
    {"avgpool", make_avg_pool, POOL_KEYS, "avgpool[:K,s=K,p=0,ceil=0]"},
    {"adaptive_avgpool", make_adaptive_avg_pool, "size!", "adaptive_avgpool:SIZE"},
    {"adaptive_maxpool", make_adaptive_max_pool, "size!", "adaptive_maxpool:SIZE"},
    {"bn", make_batch_norm, "", "bn"},
    {"groupnorm", make_group_norm, "groups!", "groupnorm:GROUPS"},
    {"instancenorm", make_instance_norm, "affine", "instancenorm[:affine=0]"},
    {"lrn", make_lrn, "size alpha beta k", "lrn[:SIZE,alpha=1e-4,beta=0.75,k=1]"},
    {"dropout2d", make_dropout2d, "p", "dropout2d[:P]"},
    {"zero_pad", make_zero_pad, "width!", "zero_pad:WIDTH"},
    {"reflect_pad", make_reflect_pad, "width!", "reflect_pad:WIDTH"},
    {"replicate_pad", make_replicate_pad, "width!", "replicate_pad:WIDTH"},
    {"circular_pad", make_circular_pad, "width!", "circular_pad:WIDTH"},
    {"upsample", make_upsample, "scale mode", "upsample[:SCALE,mode=nearest|bilinear]"},
    {"pixel_shuffle", make_pixel_shuffle, "factor!", "pixel_shuffle:FACTOR"},
};
const size_t tp_image_word_count = sizeof tp_image_words / sizeof tp_image_words[0];
