/* ReduceLROnPlateau. */
#include <math.h>

#include "optim/schedule.h"

enum {
    MAX,
    ABSOLUTE,
    FACTOR,
    PATIENCE,
    THRESHOLD,
    COOLDOWN,
    MIN_LR,
    EPS,
    BEST,
    BAD_EPOCHS,
    COOLDOWN_LEFT
};

const tp_schedule_kind tp_schedule_kind_plateau = {
    .name = "ReduceLROnPlateau",
    .op = "reduce_lr_on_plateau",
    .numbers = {"max", "absolute", "factor", "patience", "threshold", "cooldown", "min_lr", "eps",
                "best", "num_bad_epochs", "cooldown_counter"}};

static bool fits(tp_location at, bool fine, const char *name, double value, const char *want) {
    if (!fine)
        tp_fail(at, "reduce_lr_on_plateau", TP_ERROR_VALUE, tp_text("%s = %g", name, value), want,
                NULL);
    return fine;
}

tp_schedule *tp_reduce_lr_on_plateau_at(tp_location at, tp_reduce_lr_on_plateau_args args) {
    double factor = tp_or_default(args.factor, 0.1);
    double patience = tp_or_default(args.patience, 10);
    double threshold = tp_or_default(args.threshold, 1e-4);
    if (!fits(at, factor >= 0 && factor < 1, "factor", factor, "0 <= factor < 1") ||
        !fits(at, patience >= 0 && patience == floor(patience), "patience", patience,
              "a whole number of at least 0") ||
        !fits(at, threshold >= 0, "threshold", threshold, "at least 0") ||
        !fits(at, args.cooldown >= 0, "cooldown", (double)args.cooldown, "at least 0"))
        return NULL;
    tp_schedule *s = tp_schedule_new(at, &tp_schedule_kind_plateau, args.optim);
    if (!s) return NULL;
    s->numbers[MAX] = args.max;
    s->numbers[ABSOLUTE] = args.absolute;
    s->numbers[FACTOR] = factor;
    s->numbers[PATIENCE] = patience;
    s->numbers[THRESHOLD] = threshold;
    s->numbers[COOLDOWN] = (double)args.cooldown;
    s->numbers[MIN_LR] = args.min_lr;
    s->numbers[EPS] = tp_or_default(args.eps, 1e-8);
    s->numbers[BEST] = args.max ? -INFINITY : INFINITY;
    return s;
}

/* NaN is never better. */
static bool better(const tp_schedule *s, double value) {
    double best = s->numbers[BEST], threshold = s->numbers[THRESHOLD];
    bool max = s->numbers[MAX] != 0;
    if (s->numbers[ABSOLUTE] != 0) return max ? value > best + threshold : value < best - threshold;
    return max ? value > best * (1 + threshold) : value < best * (1 - threshold);
}

void tp_schedule_step_plateau(tp_schedule *s, double value) {
    double *n = s->numbers;
    s->last_epoch++;
    if (better(s, value)) {
        n[BEST] = value;
        n[BAD_EPOCHS] = 0;
    } else {
        n[BAD_EPOCHS]++;
    }
    if (n[COOLDOWN_LEFT] > 0) {
        n[COOLDOWN_LEFT]--;
        n[BAD_EPOCHS] = 0;
    }
    bool reduce = n[BAD_EPOCHS] > n[PATIENCE];
    if (reduce) {
        n[COOLDOWN_LEFT] = n[COOLDOWN];
        n[BAD_EPOCHS] = 0;
    }
    for (int g = 0; g < s->groups; g++) {
        double now = tp_optim_lr(s->optim, g), lower = fmax(now * n[FACTOR], n[MIN_LR]);
        if (reduce && now - lower > n[EPS]) tp_optim_set_lr(s->optim, g, lower);
        s->last_lr[g] = tp_optim_lr(s->optim, g);
    }
}
