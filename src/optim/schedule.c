/* Schedules: what all kinds share. */
#include "optim/schedule.h"

#include <math.h>

#include "base/alloc.h"

/* ---- life ---- */

tp_schedule *tp_schedule_new(tp_location at, const tp_schedule_kind *kind, tp_optim *optim) {
    if (!optim) {
        tp_fail(at, kind->op, TP_ERROR_ARGUMENT, "NULL where an optimiser is needed", NULL, NULL);
        return NULL;
    }
    tp_schedule *schedule = tp_new(sizeof *schedule);
    size_t bytes = sizeof(double) * (size_t)optim->count;
    if (schedule) schedule->base = tp_new(bytes);
    if (schedule) schedule->last_lr = tp_new(bytes);
    if (!schedule || !schedule->base || !schedule->last_lr) {
        tp_fail_memory(at, kind->op, sizeof *schedule);
        tp_schedule_free(schedule);
        return NULL;
    }
    schedule->kind = kind;
    schedule->groups = optim->count;
    for (int g = 0; g < optim->count; g++) {
        tp_optim_group *group = optim->groups[g];
        if (!optim->schedules) group->initial_lr = group->lr; /* the first schedule */
        schedule->base[g] = group->initial_lr;
        schedule->last_lr[g] = group->lr;
    }
    schedule->optim = optim;
    schedule->next = optim->schedules;
    optim->schedules = schedule;
    return schedule;
}

void tp_schedule_free(tp_schedule *schedule) {
    if (!schedule) return;
    for (size_t i = 0; schedule->parts && i < schedule->n_parts; i++)
        tp_schedule_free(schedule->parts[i]);
    if (schedule->optim) {
        tp_schedule **link = &schedule->optim->schedules;
        while (*link != schedule) link = &(*link)->next;
        *link = schedule->next;
    }
    tp_list_clear(&schedule->listing);
    tp_delete(schedule->parts);
    tp_delete(schedule->milestones);
    tp_delete(schedule->base);
    tp_delete(schedule->last_lr);
    tp_delete(schedule);
}

void tp_optim_leave_schedules(tp_optim *optim) {
    while (optim->schedules) {
        tp_schedule *schedule = optim->schedules;
        optim->schedules = schedule->next;
        schedule->optim = NULL;
    }
}

bool tp_schedule_milestones(tp_location at, tp_schedule *schedule, const int64_t *milestones,
                            size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (milestones && milestones[i] >= (i ? milestones[i - 1] : 0)) continue;
        tp_fail(at, schedule->kind->op, TP_ERROR_VALUE,
                milestones ? tp_text("milestone %lld as number %zu", (long long)milestones[i], i)
                           : "no milestones",
                "milestones of at least 0 in rising order", NULL);
        return false;
    }
    schedule->milestones = tp_new((count ? count : 1) * sizeof(double));
    if (!schedule->milestones) {
        tp_fail_memory(at, schedule->kind->op, count * sizeof(double));
        return false;
    }
    schedule->n_milestones = count;
    for (size_t i = 0; i < count; i++) schedule->milestones[i] = (double)milestones[i];
    return true;
}

/* ---- steps ---- */

void tp_schedule_apply(tp_schedule *schedule) {
    for (int g = 0; g < schedule->groups; g++) {
        schedule->last_lr[g] = schedule->kind->rate(schedule, schedule->base[g]);
        tp_optim_set_lr(schedule->optim, g, schedule->last_lr[g]);
        if (!schedule->kind->momentum) continue;
        double momentum = schedule->kind->momentum(schedule);
        if (!isnan(momentum)) tp_optim_set_momentum(schedule->optim, g, momentum);
    }
}

/* Whether it can be stepped at all. */
static bool usable(tp_location at, const tp_schedule *schedule) {
    if (schedule && schedule->optim) return true;
    tp_fail(at, "schedule_step", TP_ERROR_ARGUMENT,
            schedule ? "a schedule whose optimiser has ended" : "NULL where a schedule is needed",
            NULL, NULL);
    return false;
}

bool tp_schedule_step_at(tp_location at, tp_schedule *schedule) {
    if (!usable(at, schedule)) return false;
    if (schedule->kind == &tp_schedule_kind_plateau) {
        tp_fail(at, "schedule_step", TP_ERROR_ARGUMENT, "a schedule that waits for a plateau",
                "the value that it looks at", "call tp_schedule_step_metric(schedule, loss)");
        return false;
    }
    if (schedule->kind == &tp_schedule_kind_sequential)
        return tp_schedule_step_sequential(at, schedule);
    if (!tp_schedule_goes_on(at, schedule)) return false;
    schedule->last_epoch++;
    tp_schedule_apply(schedule);
    return true;
}

bool tp_schedule_step_metric_at(tp_location at, tp_schedule *schedule, double value) {
    if (!usable(at, schedule)) return false;
    if (schedule->kind != &tp_schedule_kind_plateau) return tp_schedule_step_at(at, schedule);
    tp_schedule_step_plateau(schedule, value);
    return true;
}

/* ---- what it is ---- */

bool tp_schedule_needs_metric(const tp_schedule *schedule) {
    return schedule && schedule->kind == &tp_schedule_kind_plateau;
}

int64_t tp_schedule_last_epoch(const tp_schedule *schedule) {
    return schedule ? (int64_t)schedule->last_epoch : 0;
}

double tp_schedule_last_lr(const tp_schedule *schedule, int group) {
    return schedule && group >= 0 && group < schedule->groups ? schedule->last_lr[group] : NAN;
}

const char *tp_schedule_name(const tp_schedule *schedule) {
    return schedule ? schedule->kind->name : "";
}

/* ---- state ---- */

static void list_one(tp_listing *list, tp_schedule *s, const char *prefix) {
    tp_list_numbers(list, &s->last_epoch, -1, "%slast_epoch", prefix);
    tp_list_numbers(list, s->base, s->groups, "%sbase_lrs", prefix);
    tp_list_numbers(list, s->last_lr, s->groups, "%s_last_lr", prefix);
    for (int i = 0; s->kind->numbers[i]; i++)
        tp_list_numbers(list, &s->numbers[i], -1, "%s%s", prefix, s->kind->numbers[i]);
    if (s->milestones)
        tp_list_numbers(list, s->milestones, (int64_t)s->n_milestones, "%smilestones", prefix);
    for (size_t i = 0; i < s->n_parts; i++) {
        char longer[128];
        snprintf(longer, sizeof longer, "%sschedules.%zu.", prefix, i);
        list_one(list, s->parts[i], longer);
    }
}

/* Fills the list where it is empty. False after reporting. */
static bool list_all(tp_location at, const char *op, tp_schedule *schedule) {
    if (!schedule) {
        tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL where a schedule is needed", NULL, NULL);
        return false;
    }
    if (schedule->listing.count) return true;
    uint32_t errors_before = tp_ctx()->error.count;
    list_one(&schedule->listing, schedule, "");
    if (!schedule->listing.failed) return true;
    tp_list_clear(&schedule->listing);
    if (tp_ctx()->error.count == errors_before) tp_fail_memory(at, op, 0);
    return false;
}

tp_named_list tp_schedule_state_dict_at(tp_location at, tp_schedule *schedule) {
    if (!list_all(at, "schedule_state_dict", schedule)) return (tp_named_list){0};
    return tp_list_show(&schedule->listing);
}

bool tp_schedule_load_state_at(tp_location at, tp_schedule *schedule, const tp_named_tensor *items,
                               size_t count) {
    return list_all(at, "schedule_load_state", schedule) &&
           tp_list_load(at, "schedule_load_state", &schedule->listing, items, count);
}
