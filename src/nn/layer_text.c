/* Networks written as text: "flatten linear:128 relu linear:10". One table holds the words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/nearest.h"
#include "nn/module.h"

enum { MAX_NUMBERS = 4 };

/* One word of the text with its numbers, and what is known of the values that reach it. */
typedef struct item {
    const char *text; /* the whole text */
    const char *start;
    size_t length, name_length;
    int numbers;
    double number[MAX_NUMBERS];
    tp_shape shape; /* of one sample, before and then after the layer */
    tp_location at;
} item;

/* Reports a problem of an item: what is wrong with it, and what would be right. */
static tp_module *complain(const item *it, const char *problem, const char *want,
                           const char *hint) {
    tp_fail(it->at, "nn_from_text", TP_ERROR_ARGUMENT,
            tp_text("\"%.*s\" at column %d: %s", (int)it->length, it->start,
                    (int)(it->start - it->text) + 1, problem),
            want, hint);
    return NULL;
}

static tp_module *make_linear(item *it) {
    if (it->shape.ndim != 1)
        return complain(it, tp_text("%s reaches it", tp_shape_text(it->shape)),
                        "one dimension of features", "put `flatten` before it");
    int64_t out = (int64_t)it->number[0];
    if (out < 1 || (double)out != it->number[0])
        return complain(it, "no number of outputs", "a whole number of at least 1", NULL);
    tp_module *layer = tp_nn_linear_at(
        it->at, (tp_nn_linear_args){.in_features = it->shape.dims[0], .out_features = out});
    it->shape.dims[0] = out;
    return layer;
}

static tp_module *make_flatten(item *it) {
    int64_t numel = tp_shape_numel(it->shape);
    it->shape = tp_shape(numel);
    return tp_nn_flatten_at(it->at);
}

static tp_module *make_dropout(item *it) {
    double p = it->numbers ? it->number[0] : 0.5;
    if (!(p >= 0 && p <= 1)) return complain(it, "no probability", "a number from 0 to 1", NULL);
    return tp_nn_dropout_at(it->at, p);
}

static tp_module *make_leaky_relu(item *it) {
    return tp_nn_leaky_relu_at(
        it->at, (tp_nn_leaky_relu_args){.negative_slope = it->numbers ? it->number[0] : 0});
}

static tp_module *make_elu(item *it) {
    return tp_nn_elu_at(it->at, (tp_nn_elu_args){.alpha = it->numbers ? it->number[0] : 0});
}

static tp_module *make_softplus(item *it) {
    return tp_nn_softplus_at(it->at,
                             (tp_nn_softplus_args){.beta = it->numbers ? it->number[0] : 0});
}

static tp_module *make_gelu(item *it) { return tp_nn_gelu_at(it->at, (tp_nn_gelu_args){0}); }

static tp_module *make_softmax(item *it) { return tp_nn_softmax_at(it->at, -1); }

static tp_module *make_log_softmax(item *it) { return tp_nn_log_softmax_at(it->at, -1); }

#define PLAIN(name) \
    static tp_module *make_##name(item *it) { return tp_nn_##name##_at(it->at); }
PLAIN(relu)
PLAIN(sigmoid)
PLAIN(tanh)
PLAIN(silu)
PLAIN(step)
PLAIN(identity)
#undef PLAIN

typedef struct word {
    const char *name;
    tp_module *(*make)(item *it);
    int least, most;   /* numbers behind the colon */
    const char *usage; /* shown by the command's help and in errors */
} word;

static const word words[] = {
    {"linear", make_linear, 1, 1, "linear:OUT"},
    {"flatten", make_flatten, 0, 0, "flatten"},
    {"relu", make_relu, 0, 0, "relu"},
    {"leaky_relu", make_leaky_relu, 0, 1, "leaky_relu[:SLOPE]"},
    {"elu", make_elu, 0, 1, "elu[:ALPHA]"},
    {"gelu", make_gelu, 0, 0, "gelu"},
    {"silu", make_silu, 0, 0, "silu"},
    {"softplus", make_softplus, 0, 1, "softplus[:BETA]"},
    {"sigmoid", make_sigmoid, 0, 0, "sigmoid"},
    {"tanh", make_tanh, 0, 0, "tanh"},
    {"step", make_step, 0, 0, "step"},
    {"softmax", make_softmax, 0, 0, "softmax"},
    {"log_softmax", make_log_softmax, 0, 0, "log_softmax"},
    {"dropout", make_dropout, 0, 1, "dropout[:P]"},
    {"identity", make_identity, 0, 0, "identity"},
};
enum { WORDS = sizeof words / sizeof words[0] };

const char *tp_layer_text_usage(size_t i) { return i < WORDS ? words[i].usage : NULL; }

static const word *find_word(const item *it) {
    for (int i = 0; i < WORDS; i++)
        if (strlen(words[i].name) == it->name_length &&
            strncmp(words[i].name, it->start, it->name_length) == 0)
            return &words[i];
    return NULL;
}

static tp_module *unknown_word(const item *it) {
    const char *names[WORDS];
    for (int i = 0; i < WORDS; i++) names[i] = words[i].name;
    const char *near = tp_nearest_word(it->start, it->name_length, names, WORDS);
    return complain(it, "no such layer", NULL,
                    near ? tp_text("did you mean \"%s\"?", near)
                         : "linear:OUT, flatten, relu, ... : see `taper help train`");
}

/* Reads ":1,2" behind the name. False where that is not numbers. */
static bool read_numbers(item *it) {
    const char *at = it->start + it->name_length, *end = it->start + it->length;
    while (at < end) {
        char *stop;
        errno = 0;
        if (it->numbers == MAX_NUMBERS) return false;
        double value = strtod(at + 1, &stop);
        if (stop == at + 1 || stop > end || errno || (stop < end && *stop != ',')) return false;
        it->number[it->numbers++] = value;
        at = stop;
    }
    return true;
}

static tp_module *make_layer(item *it) {
    it->name_length = strcspn(it->start, ":, \t\n");
    if (it->name_length > it->length) it->name_length = it->length;
    const word *found = find_word(it);
    if (!found) return unknown_word(it);
    if (!read_numbers(it) || it->numbers < found->least || it->numbers > found->most)
        return complain(it, "its numbers are off", found->usage, NULL);
    return found->make(it);
}

tp_module *tp_nn_from_text_at(tp_location at, const char *text, tp_shape sample) {
    if (!text || tp_shape_numel(sample) < 0) {
        tp_fail(at, "nn_from_text", TP_ERROR_ARGUMENT, text ? "a shape that is none" : "NULL text",
                NULL, NULL);
        return NULL;
    }
    tp_module *model = tp_nn_sequential_at(at, 0, NULL);
    item it = {.text = text, .shape = sample, .at = at};
    const char *place = text;
    while (model && *(place += strspn(place, " \t\n"))) {
        it.start = place;
        it.length = strcspn(place, " \t\n");
        it.numbers = 0;
        memset(it.number, 0, sizeof it.number);
        tp_module *layer = make_layer(&it);
        if (!layer || !tp_sequential_append_at(at, model, layer)) {
            tp_module_free_at(at, model);
            return NULL;
        }
        place += it.length;
    }
    if (model && tp_child_count_at(at, model) == 0) {
        tp_fail(at, "nn_from_text", TP_ERROR_ARGUMENT, "a text without layers",
                "for instance \"flatten linear:128 relu linear:10\"", NULL);
        tp_module_free_at(at, model);
        return NULL;
    }
    return model;
}
