#include "optim/optim.h"

#include <math.h>

#include "autograd/lazy.h"
#include "base/alloc.h"

/* ---- groups ---- */

void tp_optim_group_free(tp_optim_group *group) {
    if (!group) return;
    for (size_t i = 0; group->slots && i < group->count; i++) {
        tp_tensor *x = group->slots[i].tensor;
        if (!x) continue;
        x->lazy_allowed = false;
        tp_lazy_drop(x);
        tp_drop(x);
    }
    tp_storage_release(group->values);
    tp_storage_release(group->gradients);
    for (int s = 0; s < TP_OPTIM_STATES; s++) tp_storage_release(group->state[s]);
    tp_delete(group->slots);
    tp_delete(group);
}

static bool contains(const tp_optim *optim, const tp_tensor *x) {
    for (int g = 0; g < optim->count; g++)
        for (size_t i = 0; i < optim->groups[g]->count; i++)
            if (optim->groups[g]->slots[i].tensor == x) return true;
    return false;
}

/* Checks one parameter against those before it. */
static bool acceptable(tp_location at, const tp_optim *optim, const tp_optim_group *group,
                       const tp_tensor *x, size_t i) {
    if (x && x->poison) return false;
    if (!tp_usable(at, "optim", x)) return false;
    const char *problem = NULL;
    tp_error_code code = TP_ERROR_ARGUMENT;
    if (x->node)
        problem = "the result of a recorded operation", code = TP_ERROR_GRAPH;
    else if (!tp_is_float_type(x->dtype))
        problem = tp_tensor_text(x), code = TP_ERROR_DTYPE;
    else if (i > 0 && x->dtype != group->slots[0].tensor->dtype)
        problem = "parameters of two types in one group", code = TP_ERROR_DTYPE;
    else if (contains(optim, x))
        problem = "a parameter that is in a group already";
    for (size_t k = 0; !problem && k < i; k++)
        if (group->slots[k].tensor == x) problem = "the same parameter twice";
    if (!problem) return true;
    tp_fail(
        at, "optim", code,
        tp_text("%s as parameter %zu%s%s", problem, i, x->name ? ", " : "", x->name ? x->name : ""),
        "leaves of one floating type", NULL);
    return false;
}

static tp_optim_group *group_new(tp_location at, tp_optim *optim, const tp_update_args *options,
                                 tp_module *module, tp_tensor *const *parameters, size_t count) {
    tp_named_list list = {0};
    if (module) {
        list = tp_parameters_at(at, module);
        count = list.count;
    }
    if (count == 0) {
        tp_fail(at, "optim", TP_ERROR_ARGUMENT, "no parameters",
                "a module with parameters, or .parameters and .count", NULL);
        return NULL;
    }
    tp_optim_group *group = tp_new(sizeof *group);
    if (group) group->slots = tp_new(count * sizeof *group->slots);
    if (!group || !group->slots) {
        tp_fail_memory(at, "optim", count * sizeof(tp_optim_slot));
        tp_delete(group);
        return NULL;
    }
    group->options = *options;
    group->lr = options->lr;
    for (size_t i = 0; i < count; i++) {
        tp_tensor *x = module ? list.items[i].tensor : parameters[i];
        if (!acceptable(at, optim, group, x, i)) {
            tp_optim_group_free(group);
            return NULL;
        }
        tp_hold(x);
        group->slots[i].tensor = x;
        group->count = i + 1;
    }
    group->dtype = group->slots[0].tensor->dtype;
    if (tp_optim_flatten(at, optim, group)) return group;
    tp_optim_group_free(group);
    return NULL;
}

static int group_add(tp_location at, tp_optim *optim, const tp_update_args *options,
                     tp_module *module, tp_tensor *const *parameters, size_t count) {
    tp_optim_group *group = group_new(at, optim, options, module, parameters, count);
    if (!group) return -1;
    tp_optim_group **groups =
        tp_resize(optim->groups, sizeof(tp_optim_group *) * (size_t)(optim->count + 1));
    if (!groups) {
        tp_fail_memory(at, "optim", sizeof(tp_optim_group *));
        tp_optim_group_free(group);
        return -1;
    }
    optim->groups = groups;
    optim->groups[optim->count] = group;
    return optim->count++;
}

/* ---- life ---- */

tp_optim *tp_optim_new(tp_location at, tp_optim_kind kind, const tp_update_args *options,
                       double initial, double lr_decay, tp_module *module,
                       tp_tensor *const *parameters, size_t count) {
    tp_optim *optim = tp_new(sizeof *optim);
    if (!optim) {
        tp_fail_memory(at, kind.name, sizeof *optim);
        return NULL;
    }
    optim->kind = kind;
    optim->initial = initial;
    optim->lr_decay = lr_decay;
    if (group_add(at, optim, options, module, parameters, count) == 0) return optim;
    tp_optim_free(optim);
    return NULL;
}

void tp_optim_free(tp_optim *optim) {
    if (!optim) return;
    tp_optim_unlist(optim);
    for (int g = 0; g < optim->count; g++) tp_optim_group_free(optim->groups[g]);
    tp_delete(optim->groups);
    tp_delete(optim);
}

/* Reports NULL where an optimiser is needed. */
static bool given(tp_location at, const char *op, const tp_optim *optim) {
    if (optim) return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL where an optimiser is needed", NULL, NULL);
    return false;
}

int tp_optim_add_group_at(tp_location at, tp_group_args args) {
    if (!given(at, "optim_add_group", args.optim)) return -1;
    tp_update_args options = args.optim->groups[0]->options;
    options.lr = tp_or_default(args.lr, args.optim->groups[0]->lr);
    options.weight_decay = tp_or_default(args.weight_decay, options.weight_decay);
    options.momentum = tp_or_default(args.momentum, options.momentum);
    if (args.optim->kind.update == TP_UPDATE_SGD && options.momentum != 0 &&
        !args.optim->kind.state[0]) {
        tp_fail(at, "optim_add_group", TP_ERROR_ARGUMENT,
                "a momentum for one group of an optimiser without",
                "a momentum when the optimiser is made", NULL);
        return -1;
    }
    return group_add(at, args.optim, &options, args.module, args.parameters, args.count);
}

/* ---- options that schedules move ---- */

int tp_optim_group_count(const tp_optim *optim) { return optim ? optim->count : 0; }

static tp_optim_group *group_at(const tp_optim *optim, int group) {
    return optim && group >= 0 && group < optim->count ? optim->groups[group] : NULL;
}

double tp_optim_lr(const tp_optim *optim, int group) {
    const tp_optim_group *found = group_at(optim, group);
    return found ? found->lr : NAN;
}

void tp_optim_set_lr(tp_optim *optim, int group, double lr) {
    for (int g = 0; optim && g < optim->count; g++)
        if (group == g || group == -1) optim->groups[g]->lr = lr;
}

double tp_optim_momentum(const tp_optim *optim, int group) {
    const tp_optim_group *found = group_at(optim, group);
    if (!found) return NAN;
    return optim->kind.update == TP_UPDATE_ADAM ? found->options.beta1 : found->options.momentum;
}

void tp_optim_set_momentum(tp_optim *optim, int group, double momentum) {
    for (int g = 0; optim && g < optim->count; g++) {
        if (group != g && group != -1) continue;
        tp_update_args *options = &optim->groups[g]->options;
        if (optim->kind.update == TP_UPDATE_ADAM)
            options->beta1 = momentum;
        else
            options->momentum = momentum;
    }
}

const char *tp_optim_name(const tp_optim *optim) { return optim ? optim->kind.name : ""; }

tp_tensor *tp_optim_parameter(const tp_optim *optim, size_t i) {
    for (int g = 0; optim && g < optim->count; g++) {
        if (i < optim->groups[g]->count) return optim->groups[g]->slots[i].tensor;
        i -= optim->groups[g]->count;
    }
    return NULL;
}

void tp_zero_grad_at(tp_location at, tp_optim *optim) {
    if (!given(at, "zero_grad", optim)) return;
    for (int g = 0; g < optim->count; g++) {
        for (size_t i = 0; i < optim->groups[g]->count; i++) {
            tp_tensor *x = optim->groups[g]->slots[i].tensor;
            tp_lazy_drop(x);
            x->has_grad = false;
        }
    }
}
