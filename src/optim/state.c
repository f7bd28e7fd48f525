/* The state of an optimiser as named tensors, and back. */
#include <stddef.h>

#include "optim/optim.h"

/* An option of a group: where it stands, and whether it is a yes or no. */
typedef struct option {
    const char *name;
    size_t place;
    bool flag, fixed;
} option;

#define OPTION(x) offsetof(tp_optim_group, options) + offsetof(tp_update_args, x)

/* By kind, with PyTorch's names; a pair of betas is two numbers. */
static const option options[TP_UPDATE_COUNT][8] = {
    [TP_UPDATE_SGD] = {{"momentum", OPTION(momentum), false, false},
                       {"dampening", OPTION(dampening), false, false},
                       {"nesterov", OPTION(nesterov), true, false}},
    [TP_UPDATE_ADAM] = {{"betas.0", OPTION(beta1), false, false},
                        {"betas.1", OPTION(beta2), false, false},
                        {"eps", OPTION(eps), false, false},
                        {"decoupled_weight_decay", OPTION(decoupled), true, true}},
    [TP_UPDATE_RMSPROP] = {{"momentum", OPTION(momentum), false, false},
                           {"alpha", OPTION(alpha), false, false},
                           {"eps", OPTION(eps), false, false}},
    [TP_UPDATE_ADAGRAD] = {{"lr_decay", offsetof(tp_optim_group, lr_decay), false, false},
                           {"eps", OPTION(eps), false, false}},
};
static const option common[] = {{"lr", offsetof(tp_optim_group, lr), false, false},
                                {"weight_decay", OPTION(weight_decay), false, false},
                                {"maximize", OPTION(maximize), true, false}};

static void list_option(tp_listing *list, tp_optim_group *group, int g, const option *o) {
    void *place = (char *)group + o->place;
    if (o->flag)
        tp_list_flag(list, place, o->fixed, "param_groups.%d.%s", g, o->name);
    else
        tp_list_numbers(list, place, -1, "param_groups.%d.%s", g, o->name);
}

/* A view of one parameter's part of a state. The parameter may have ended: its sizes are still there. */
static tp_tensor *state_view(tp_location at, tp_optim_group *group, size_t i, int s) {
    const tp_optim_slot *slot = &group->slots[i];
    group->state[s]->refs++;
    return tp_own(tp_make_over(at, "optim_state_dict", group->state[s], slot->state[s],
                               group->dtype, tp_shape_copy(slot->tensor)));
}

/* Fills the list where it is empty. False when out of memory, reported. */
static bool list_all(tp_location at, const char *op, tp_optim *optim) {
    tp_listing *list = &optim->listing;
    if (list->count) return true;
    uint32_t errors_before = tp_ctx()->error.count;
    size_t number = 0; /* over all groups, as in PyTorch */
    for (int g = 0; g < optim->count; g++) {
        tp_optim_group *group = optim->groups[g];
        for (size_t i = 0; i < group->count; i++, number++) {
            tp_list_whole(list, &group->slots[i].steps, "state.%zu.step", number);
            for (int s = 0; s < TP_OPTIM_STATES; s++)
                if (group->state[s])
                    tp_list_tensor(list, state_view(at, group, i, s), "state.%zu.%s", number,
                                   optim->kind.state[s]);
        }
    }
    for (int g = 0; g < optim->count; g++) {
        for (size_t k = 0; k < sizeof common / sizeof *common; k++)
            list_option(list, optim->groups[g], g, &common[k]);
        for (const option *o = options[optim->kind.update]; o->name; o++)
            list_option(list, optim->groups[g], g, o);
    }
    if (!list->failed) return true;
    tp_optim_unlist(optim);
    if (tp_ctx()->error.count == errors_before) tp_fail_memory(at, op, 0);
    return false;
}

void tp_optim_unlist(tp_optim *optim) { tp_list_clear(&optim->listing); }

tp_named_list tp_optim_state_dict_at(tp_location at, tp_optim *optim) {
    if (!optim)
        tp_fail(at, "optim_state_dict", TP_ERROR_ARGUMENT, "NULL where an optimiser is needed",
                NULL, NULL);
    if (!optim || !list_all(at, "optim_state_dict", optim)) return (tp_named_list){0};
    return tp_list_show(&optim->listing);
}

bool tp_optim_load_state_at(tp_location at, tp_optim *optim, const tp_named_tensor *items,
                            size_t count) {
    const char *op = "optim_load_state";
    if (!optim) tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL where an optimiser is needed", NULL, NULL);
    return optim && list_all(at, op, optim) && tp_list_load(at, op, &optim->listing, items, count);
}
