#include "vision/models/build.h"

#include <math.h>
#include <string.h>
#include <taper/init.h>
#include <taper/ops/shape.h>

/* ---- assembling ---- */

void *tp_build_module(tp_location at, size_t bytes, const char *type, tp_forward forward,
                      const tp_named_child children[TP_MOST_CHILDREN]) {
    tp_module *module = tp_layer_new(at, bytes, type, forward);
    bool fine = module != NULL;
    for (int i = 0; i < TP_MOST_CHILDREN; i++) {
        if (!children[i].name) continue;
        fine = tp_child_at(at, module, children[i].name, children[i].child) && fine;
    }
    if (fine) return module;
    tp_module_end(module);
    return NULL;
}

tp_module *tp_child_named(const tp_module *module, const char *name) {
    for (int i = 0; i < module->child_count; i++)
        if (strcmp(module->children[i]->name, name) == 0) return module->children[i];
    return NULL;
}

tp_tensor *tp_features_forward(tp_module *module, tp_tensor *x) {
    tp_location at = tp_module_at();
    tp_tensor *y = tp_call_chain_at(at, x, 2, module->children);
    tp_tensor *flat = tp_flatten_at(at, (tp_flatten_args){y, .start_dim = 1, .end_dim = -1});
    tp_let_go(y, flat);
    return tp_call_at(at, module->children[2], flat);
}

/* ---- options ---- */

int64_t tp_model_channels(const tp_model_args *args) {
    return args->sample.ndim > 0 ? args->sample.dims[0] : 3;
}

double tp_model_dropout(const tp_model_args *args, double published) {
    return args->dropout != 0 || signbit(args->dropout) ? fabs(args->dropout) : published;
}

static bool options_fit(tp_location at, const char *op, const tp_model_args *args) {
    const char *problem = NULL, *want = NULL;
    if (args->num_classes < 0)
        problem = tp_text("num_classes = %lld", (long long)args->num_classes), want = "at least 1";
    else if (!(args->dropout >= 0 && args->dropout <= 1))
        problem = tp_text("dropout = %g", args->dropout), want = "a probability, 0 <= p <= 1";
    else if (!(args->width_mult >= 0) || args->width_mult > 100)
        problem = tp_text("width_mult = %g", args->width_mult), want = "a factor of up to 100";
    else if (args->sample.ndim && tp_shape_numel(args->sample) <= 0)
        problem = tp_shape_text(args->sample), want = "the shape of one sample, say (3, 224, 224)";
    if (problem) tp_fail(at, op, TP_ERROR_ARGUMENT, problem, want, NULL);
    return !problem;
}

tp_module *tp_model_make(tp_location at, const char *op, tp_model_args args, int64_t num_classes,
                         tp_model_maker make, const void *kind) {
    tp_module_state *state = tp_module_state_get();
    if (!state) {
        tp_fail_memory(at, op, sizeof *state);
        return NULL;
    }
    if (!options_fit(at, op, &args)) return NULL;
    if (!args.num_classes) args.num_classes = num_classes;
    bool skipped = state->skip_init;
    state->skip_init = skipped || args.no_init;
    tp_module *model = make(at, &args, kind);
    state->skip_init = skipped;
    return model;
}

/* ---- initial values ---- */

static tp_tensor *tensor_named(const tp_module *module, const char *name) {
    for (int i = 0; i < module->tensor_count; i++)
        if (strcmp(module->tensors[i].name, name) == 0) return module->tensors[i].tensor;
    return NULL;
}

static bool draw_layer(tp_location at, const tp_module *layer, bool linear) {
    bool conv = strcmp(layer->type, "Conv2d") == 0;
    if (!conv && !(linear && strcmp(layer->type, "Linear") == 0)) return true;
    tp_tensor *weight = tensor_named(layer, "weight"), *bias = tensor_named(layer, "bias");
    tp_tensor *drawn = conv ? tp_init_kaiming_normal_at(
                                  at, (tp_init_kaiming_args){weight, .mode = TP_FAN_OUT,
                                                             .nonlinearity = TP_NONLINEARITY_RELU})
                            : tp_init_normal_at(at, (tp_init_normal_args){weight, .std = 0.01});
    return !tp_is_poison(drawn) && (!bias || !tp_is_poison(tp_init_constant_at(at, bias, 0)));
}

static bool draw(tp_location at, const tp_module *module, bool linear) {
    bool fine = draw_layer(at, module, linear);
    for (int i = 0; fine && i < module->child_count; i++)
        fine = draw(at, module->children[i], linear);
    return fine;
}

tp_module *tp_model_draw(tp_location at, tp_module *model, bool linear) {
    if (!model || draw(at, model, linear)) return model;
    tp_module_end(model);
    return NULL;
}
