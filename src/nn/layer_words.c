/* The words of the layers' language: what each makes of its settings. */
#include "nn/layer_words.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static tp_module *wrong_shape(tp_text_item *item, const char *want, const char *hint) {
    return tp_text_complain(item, tp_text("%s reaches it", tp_shape_text(item->shape)), want, hint);
}

/* How many features, or channels, reach a layer for (C), (C, L) or (C, H, W). */
static int64_t channels(const tp_text_item *item) { return item->shape.dims[0]; }

/* ---- dense layers and shapes ---- */

static tp_module *make_linear(tp_text_item *item) {
    if (item->shape.ndim != 1)
        return wrong_shape(item, "one dimension of features", "put `flatten` before it");
    return tp_nn_linear_at(item->at,
                           (tp_nn_linear_args){.in_features = channels(item),
                                               .out_features = tp_text_whole(item, "out", 1, 1),
                                               .no_bias = !tp_text_flag(item, "bias", true)});
}

static tp_module *make_dropout(tp_text_item *item) {
    double p = tp_text_number(item, "p", 0.5);
    if (!(p >= 0 && p <= 1))
        return tp_text_complain(item, "no probability", "a number from 0 to 1", NULL);
    return tp_nn_dropout_at(item->at, p);
}

/* ---- activations ---- */

static tp_module *make_leaky_relu(tp_text_item *item) {
    return tp_nn_leaky_relu_at(
        item->at, (tp_nn_leaky_relu_args){.negative_slope = tp_text_number(item, "slope", 0)});
}

static tp_module *make_elu(tp_text_item *item) {
    return tp_nn_elu_at(item->at, (tp_nn_elu_args){.alpha = tp_text_number(item, "alpha", 0)});
}

static tp_module *make_softplus(tp_text_item *item) {
    return tp_nn_softplus_at(item->at,
                             (tp_nn_softplus_args){.beta = tp_text_number(item, "beta", 0)});
}

static tp_module *make_gelu(tp_text_item *item) {
    return tp_nn_gelu_at(item->at, (tp_nn_gelu_args){0});
}

/* Classes are the first dimension behind the batch. */
static tp_module *make_softmax(tp_text_item *item) { return tp_nn_softmax_at(item->at, 1); }

static tp_module *make_log_softmax(tp_text_item *item) { return tp_nn_log_softmax_at(item->at, 1); }

static tp_module *make_layer_norm(tp_text_item *item) {
    return tp_nn_layer_norm_at(item->at, (tp_nn_layer_norm_args){.normalized_shape = item->shape});
}

/* One slope, or one for each channel. */
static tp_module *make_prelu(tp_text_item *item) {
    int64_t count = tp_text_whole(item, "slopes", 1, 1);
    return item->failed ? NULL
                        : tp_nn_prelu_at(item->at, (tp_nn_prelu_args){.num_parameters = count});
}

static tp_module *make_hardtanh(tp_text_item *item) {
    tp_nn_hardtanh_args args = {.min_val = tp_text_number(item, "min", -1),
                                .max_val = tp_text_number(item, "max", 1)};
    return item->failed ? NULL : tp_nn_hardtanh_at(item->at, args);
}

#define PLAIN(name) \
    static tp_module *make_##name(tp_text_item *item) { return tp_nn_##name##_at(item->at); }
PLAIN(flatten)
PLAIN(identity)
PLAIN(relu)
PLAIN(sigmoid)
PLAIN(tanh)
PLAIN(silu)
PLAIN(step)
PLAIN(relu6)
PLAIN(hardswish)
PLAIN(hardsigmoid)
PLAIN(selu)
PLAIN(mish)
PLAIN(softsign)
PLAIN(logsigmoid)
#undef PLAIN

static const tp_layer_word words[] = {
    {"linear", make_linear, "out! bias", "linear:OUT[,bias=0]"},
    {"flatten", make_flatten, "", "flatten"},
    {"relu", make_relu, "", "relu"},
    {"leaky_relu", make_leaky_relu, "slope", "leaky_relu[:SLOPE]"},
    {"prelu", make_prelu, "slopes", "prelu[:SLOPES]"},
    {"elu", make_elu, "alpha", "elu[:ALPHA]"},
    {"gelu", make_gelu, "", "gelu"},
    {"silu", make_silu, "", "silu"},
    {"softplus", make_softplus, "beta", "softplus[:BETA]"},
    {"sigmoid", make_sigmoid, "", "sigmoid"},
    {"tanh", make_tanh, "", "tanh"},
    {"hardtanh", make_hardtanh, "min max", "hardtanh[:MIN,MAX]"},
    {"relu6", make_relu6, "", "relu6"},
    {"hardswish", make_hardswish, "", "hardswish"},
    {"hardsigmoid", make_hardsigmoid, "", "hardsigmoid"},
    {"selu", make_selu, "", "selu"},
    {"mish", make_mish, "", "mish"},
    {"softsign", make_softsign, "", "softsign"},
    {"logsigmoid", make_logsigmoid, "", "logsigmoid"},
    {"step", make_step, "", "step"},
    {"layernorm", make_layer_norm, "", "layernorm"},
    {"softmax", make_softmax, "", "softmax"},
    {"log_softmax", make_log_softmax, "", "log_softmax"},
    {"dropout", make_dropout, "p", "dropout[:P]"},
    {"identity", make_identity, "", "identity"},
};

const tp_layer_word *tp_layer_word_get(size_t i) {
    if (i < tp_image_word_count) return &tp_image_words[i];
    i -= tp_image_word_count;
    return i < LENGTH(words) ? &words[i] : NULL;
}

const char *tp_layer_text_usage(size_t i) {
    const tp_layer_word *word = tp_layer_word_get(i);
    return word ? word->usage : NULL;
}
