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
        if (x->life == TP_ALIVE)
            tp_lazy_compute(x); /* the gradient stays the parameter's */
        else
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
static bool acceptable(tp_location at, const char *op, const tp_optim *optim,
                       const tp_optim_group *group, const tp_tensor *x, size_t i) {
    if (!tp_usable(at, op, x)) {
        if (x && x->poison) tp_surface();
        return false;
    }
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
        at, op, code,
        tp_text("%s as parameter %zu%s%s", problem, i, x->name ? ", " : "", x->name ? x->name : ""),
        "leaves of one floating type", NULL);
    return false;
}

static tp_optim_group *group_empty(tp_location at, const char *op, size_t count) {
    tp_optim_group *group = tp_new(sizeof *group);
    if (group) group->slots = tp_new(count * sizeof *group->slots);
    if (group && group->slots) return group;
    tp_fail_memory(at, op, count * sizeof(tp_optim_slot));
    tp_delete(group);
    return NULL;
}

static tp_optim_group *group_new(tp_location at, const char *op, tp_optim *optim,
                                 const tp_update_args *options, tp_optim_source source) {
    tp_named_list list = {0};
    if (source.module) {
        list = tp_parameters_at(at, source.module);
        source.count = list.count;
    }
    if (source.count == 0 || (!source.module && !source.parameters)) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "no parameters",
                "a module with parameters, or .parameters and .count", NULL);
        return NULL;
    }
    tp_optim_group *group = group_empty(at, op, source.count);
    if (!group) return NULL;
    group->options = *options;
    group->lr = options->lr;
    group->initial_lr = options->lr;
    for (size_t i = 0; i < source.count; i++) {
        tp_tensor *x = source.module ? list.items[i].tensor : source.parameters[i];
        if (!acceptable(at, op, optim, group, x, i)) {
            tp_optim_group_free(group);
            return NULL;
        }
        tp_hold(x);
        group->slots[i].tensor = x;
        group->count = i + 1;
    }
    group->dtype = group->slots[0].tensor->dtype;
    if (tp_optim_flatten(at, op, optim, group)) return group;
    tp_optim_group_free(group);
    return NULL;
}

static int group_add(tp_location at, const char *op, tp_optim *optim, const tp_update_args *options,
                     double lr_decay, tp_optim_source source) {
    tp_optim_group *group = group_new(at, op, optim, options, source);
    if (!group) return -1;
    tp_optim_group **groups =
        tp_resize(optim->groups, sizeof(tp_optim_group *) * (size_t)(optim->count + 1));
    if (!groups) {
        tp_fail_memory(at, op, sizeof(tp_optim_group *));
        tp_optim_group_free(group);
        return -1;
    }
    tp_optim_unlist(optim);
    group->lr_decay = lr_decay;
    optim->groups = groups;
    optim->groups[optim->count] = group;
    return optim->count++;
}

/* ---- life ---- */

tp_optim *tp_optim_new(tp_location at, tp_optim_kind kind, const tp_update_args *options,
                       double initial, double lr_decay, tp_optim_source source) {
    tp_optim *optim = tp_new(sizeof *optim);
    if (!optim) {
        tp_fail_memory(at, kind.op, sizeof *optim);
        return NULL;
    }
    optim->kind = kind;
    optim->initial = initial;
    if (group_add(at, kind.op, optim, options, lr_decay, source) == 0) return optim;
    tp_optim_free(optim);
    return NULL;
}

void tp_optim_free(tp_optim *optim) {
    if (!optim) return;
    tp_optim_unlist(optim);
    tp_optim_leave_schedules(optim);
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

/* The kinds whose momentum needs a state, and have none because they were made without one. */
static bool has_no_momentum(const tp_optim *optim) {
    switch (optim->kind.update) {
    case TP_UPDATE_SGD: return !optim->kind.state[0];
    case TP_UPDATE_RMSPROP: return !optim->kind.state[2];
    case TP_UPDATE_ADAGRAD: return true;
    default: return false;
    }
}

int tp_optim_add_group_at(tp_location at, tp_group_args args) {
    const char *op = "optim_add_group";
    if (!given(at, op, args.optim)) return -1;
    const tp_optim_group *first = args.optim->groups[0];
    bool adam = args.optim->kind.update == TP_UPDATE_ADAM;
    double momentum =
        tp_or_default(args.momentum, adam ? first->options.beta1 : first->options.momentum);
    tp_update_args options = first->options;
    options.lr = tp_or_default(args.lr, first->lr);
    options.weight_decay = tp_or_default(args.weight_decay, options.weight_decay);
    if (!tp_optim_options_fit(at, op, options.lr, options.weight_decay, momentum)) return -1;
    if (momentum != 0 && has_no_momentum(args.optim)) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "a momentum for one group of an optimiser without",
                "a momentum when the optimiser is made", NULL);
        return -1;
    }
    if (adam && momentum >= 1) {
        tp_fail(at, op, TP_ERROR_VALUE, tp_text("momentum (beta1) = %g", momentum),
                "0 <= beta1 < 1", NULL);
        return -1;
    }
    if (adam)
        options.beta1 = momentum;
    else
        options.momentum = momentum;
    return group_add(at, op, args.optim, &options, first->lr_decay,
                     (tp_optim_source){args.module, args.parameters, args.count});
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
            x->has_grad = x->used_grad = false;
        }
    }
}
