/* One schedule after the other, and warm-up as the common case of it. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "optim/schedule.h"

const tp_schedule_kind tp_schedule_kind_sequential = {.name = "SequentialLR",
                                                      .op = "sequential_lr"};

/* Frees schedules that were taken over for nothing, each once. */
static void release(tp_schedule *const *schedules, size_t count) {
    for (size_t i = 0; schedules && i < count; i++) {
        bool freed = false;
        for (size_t k = 0; k < i; k++) freed = freed || schedules[k] == schedules[i];
        if (!freed) tp_schedule_free(schedules[i]);
    }
}

/* Why a schedule cannot be a part, or NULL. */
static const char *problem_of(const tp_sequential_lr_args *args, size_t i) {
    const tp_schedule *part = args->schedules[i];
    if (part->optim != args->optim) return "of another optimiser";
    if (part->kind == &tp_schedule_kind_plateau) return "ReduceLROnPlateau";
    if (part->kind == &tp_schedule_kind_sequential) return "SequentialLR";
    for (size_t k = 0; k < i; k++)
        if (args->schedules[k] == part) return "there twice";
    return NULL;
}

/* Whether all parts can be used. A NULL was reported when it could not be made. */
static bool usable(tp_location at, const tp_sequential_lr_args *args) {
    if (!args->schedules || args->count == 0) {
        tp_fail(at, "sequential_lr", TP_ERROR_ARGUMENT, "no schedules", "at least one", NULL);
        return false;
    }
    for (size_t i = 0; i < args->count; i++)
        if (!args->schedules[i]) return false;
    for (size_t i = 0; args->optim && i < args->count; i++) {
        const char *problem = problem_of(args, i);
        if (!problem) continue;
        tp_fail(at, "sequential_lr", TP_ERROR_ARGUMENT,
                tp_text("schedule %zu, which is %s", i, problem),
                "different schedules of this optimiser that are functions of the step", NULL);
        return false;
    }
    return true;
}

/* What the part that is running gave last is what the whole gave. */
static void note_rates(tp_schedule *s, const tp_schedule *part) {
    int groups = s->groups < part->groups ? s->groups : part->groups;
    for (int g = 0; g < groups; g++) s->last_lr[g] = part->last_lr[g];
}

tp_schedule *tp_sequential_lr_at(tp_location at, tp_sequential_lr_args args) {
    tp_schedule *s = NULL;
    if (usable(at, &args)) s = tp_schedule_new(at, &tp_schedule_kind_sequential, args.optim);
    if (s && tp_schedule_milestones(at, s, args.milestones, args.count - 1)) {
        s->parts = tp_new(args.count * sizeof *s->parts);
        if (!s->parts) tp_fail_memory(at, "sequential_lr", args.count * sizeof *s->parts);
    }
    if (!s || !s->parts) {
        tp_schedule_free(s);
        release(args.schedules, args.count);
        return NULL;
    }
    memcpy(s->parts, args.schedules, args.count * sizeof *s->parts);
    s->n_parts = args.count;
    tp_schedule_apply(s->parts[0]); /* those after it have set theirs since */
    note_rates(s, s->parts[0]);
    return s;
}

bool tp_schedule_step_sequential(tp_location at, tp_schedule *s) {
    size_t now = 0;
    while (now < s->n_milestones && s->milestones[now] <= s->last_epoch + 1) now++;
    tp_schedule *part = s->parts[now];
    if (now > 0 && s->milestones[now - 1] == s->last_epoch + 1)
        part->last_epoch = 0;
    else if (tp_schedule_goes_on(at, part))
        part->last_epoch++;
    else
        return false;
    s->last_epoch++;
    tp_schedule_apply(part);
    note_rates(s, part);
    return true;
}

tp_schedule *tp_warmup_lr_at(tp_location at, tp_warmup_lr_args args) {
    double start = tp_or_default(args.start_factor, 0.01);
    tp_schedule *warm = NULL;
    if (args.steps < 1 || !(start > 0 && start <= 1))
        tp_fail(at, "warmup_lr", TP_ERROR_VALUE,
                tp_text("%lld steps from factor %g", (long long)args.steps, start),
                "at least 1 step, a factor above 0 and at most 1", NULL);
    else
        warm = tp_linear_lr_at(at, (tp_linear_lr_args){.optim = args.optim,
                                                       .start_factor = start,
                                                       .total_iters = args.steps});
    if (!warm || !args.next) { /* nothing to follow, or nothing to begin with */
        tp_schedule_free(args.next);
        return warm;
    }
    tp_schedule *parts[] = {warm, args.next};
    return tp_sequential_lr_at(
        at, (tp_sequential_lr_args){
                .optim = args.optim, .schedules = parts, .count = 2, .milestones = &args.steps});
}
