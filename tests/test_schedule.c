/* Learning-rate schedules against PyTorch's, their state, and what they refuse. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <taper/memory.h>
#include <taper/schedule.h>

#include "support/golden.h"
#include "support/tensors.h"

/* An optimiser over one parameter. */
static tp_optim *optimiser(double lr, double momentum) {
    tp_tensor *p = tp_keep(tp_zeros(tp_shape(1), .requires_grad = true));
    return tp_sgd(NULL, .parameters = &p, .count = 1, .lr = lr, .momentum = momentum);
}

static void end(tp_optim *optim) {
    tp_tensor *p = tp_optim_parameter(optim, 0);
    tp_optim_free(optim);
    tp_free(p);
}

/* A number of a case, where an explicit 0 is TP_ZERO and an absent one is left out. */
static double given(const golden_case *c, const char *key) {
    double value = golden_number(c, key, 0);
    return value == 0 && golden_word(c, key, NULL) ? TP_ZERO : value;
}

static tp_schedule *one_cycle(const golden_case *c, tp_optim *opt) {
    return tp_one_cycle_lr(
        opt, .max_lr = given(c, "max_lr"), .total_steps = golden_integer(c, "total_steps", 0),
        .epochs = golden_integer(c, "epochs", 0),
        .steps_per_epoch = golden_integer(c, "steps_per_epoch", 0),
        .pct_start = given(c, "pct_start"),
        .linear = !strcmp(golden_word(c, "anneal_strategy", "cos"), "linear"),
        .three_phase = golden_integer(c, "three_phase", 0),
        .no_cycle_momentum = !golden_integer(c, "cycle_momentum", 1),
        .base_momentum = given(c, "base_momentum"), .max_momentum = given(c, "max_momentum"),
        .div_factor = given(c, "div_factor"), .final_div_factor = given(c, "final_div_factor"));
}

static tp_schedule *plateau(const golden_case *c, tp_optim *opt) {
    return tp_reduce_lr_on_plateau(
        opt, .max = !strcmp(golden_word(c, "mode", "min"), "max"),
        .absolute = !strcmp(golden_word(c, "threshold_mode", "rel"), "abs"),
        .factor = given(c, "factor"), .patience = given(c, "patience"),
        .threshold = given(c, "threshold"), .cooldown = golden_integer(c, "cooldown", 0),
        .min_lr = golden_number(c, "min_lr", 0), .eps = given(c, "eps"));
}

/* The schedule that a case describes. */
static tp_schedule *schedule_of(const golden_case *c, tp_optim *opt) {
    const char *op = golden_word(c, "op", "");
    int64_t milestones[8];
    int count = golden_list(c, "milestones", milestones, 8);
    if (!strcmp(op, "step_lr"))
        return tp_step_lr(opt, .step_size = golden_integer(c, "step_size", 0),
                          .gamma = given(c, "gamma"));
    if (!strcmp(op, "multistep_lr"))
        return tp_multistep_lr(opt, .milestones = milestones, .count = (size_t)count,
                               .gamma = given(c, "gamma"));
    if (!strcmp(op, "exponential_lr")) return tp_exponential_lr(opt, .gamma = given(c, "gamma"));
    if (!strcmp(op, "cosine_annealing_lr"))
        return tp_cosine_annealing_lr(opt, .t_max = golden_integer(c, "T_max", 0),
                                      .eta_min = golden_number(c, "eta_min", 0));
    if (!strcmp(op, "linear_lr"))
        return tp_linear_lr(opt, .start_factor = given(c, "start_factor"),
                            .end_factor = given(c, "end_factor"),
                            .total_iters = golden_integer(c, "total_iters", 0));
    if (!strcmp(op, "constant_lr"))
        return tp_constant_lr(opt, .factor = given(c, "factor"),
                              .total_iters = golden_integer(c, "total_iters", 0));
    if (!strcmp(op, "one_cycle_lr")) return one_cycle(c, opt);
    if (!strcmp(op, "reduce_lr_on_plateau")) return plateau(c, opt);
    if (!strcmp(op, "sequential_lr")) { /* warm-up of that many steps, then a half cosine */
        int64_t steps = golden_integer(c, "warmup", 0);
        tp_schedule *next = tp_cosine_annealing_lr(opt, .t_max = golden_integer(c, "T_max", 0));
        return tp_warmup_lr(opt, .steps = steps, .next = next,
                            .start_factor = given(c, "start_factor"));
    }
    return NULL;
}

/* Goes on to the next epoch as the generator did. */
static bool step(const golden_case *c, tp_schedule *s, int64_t epoch) {
    const golden_tensor *metric = golden_find(c, "metric");
    return metric ? tp_schedule_step_metric(s, metric->values[epoch]) : tp_schedule_step(s);
}

/* Whether epoch t has the rate and momentum that the file says. */
static void check_epoch(const golden_case *c, const tp_optim *opt, size_t t) {
    double want = golden_need(c, "lr")->values[t], got = tp_optim_lr(opt, 0);
    if (!(fabs(want - got) <= 1e-12 + 1e-10 * fabs(want)))
        fail_msg("%s: epoch %zu: lr %.17g instead of %.17g", c->name, t, got, want);
    const golden_tensor *momentum = golden_find(c, "momentum");
    if (momentum && fabs(momentum->values[t] - tp_optim_momentum(opt, 0)) > 1e-12)
        fail_msg("%s: epoch %zu: momentum %.17g", c->name, t, tp_optim_momentum(opt, 0));
}

/* Every case, straight through. */
static void test_golden(void **state) {
    (void)state;
    golden_file *file = golden_load("optim");
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, ""));) {
        if (!golden_find(c, "lr")) continue;
        tp_optim *opt = optimiser(golden_number(c, "base_lr", 0), golden_number(c, "momentum", 0));
        tp_schedule *s = schedule_of(c, opt);
        if (!s) fail_msg("%s: no schedule", c->name);
        size_t epochs = golden_need(c, "lr")->count;
        for (size_t t = 0; t < epochs; t++) {
            check_epoch(c, opt, t);
            assert_true(tp_schedule_last_lr(s, 0) == tp_optim_lr(opt, 0));
            assert_int_equal(tp_schedule_last_epoch(s), t);
            if (t + 1 < epochs) assert_true(step(c, s, (int64_t)t));
        }
        cases++;
        tp_schedule_free(s);
        end(opt);
    }
    assert_int_equal(cases, 33);
    golden_free(file);
}

/* Every case, interrupted after each epoch: a new optimiser and schedule take over both states. */
static void test_resumed(void **state) {
    (void)state;
    golden_file *file = golden_load("optim");
    for (golden_case *c = NULL; (c = golden_next(file, c, ""));) {
        if (!golden_find(c, "lr")) continue;
        double lr = golden_number(c, "base_lr", 0), momentum = golden_number(c, "momentum", 0);
        tp_optim *opt = optimiser(lr, momentum);
        tp_schedule *s = schedule_of(c, opt);
        size_t epochs = golden_need(c, "lr")->count;
        for (size_t t = 0; t + 1 < epochs && t < 40; t++) {
            assert_true(step(c, s, (int64_t)t));
            check_epoch(c, opt, t + 1);
            tp_optim *later = optimiser(7 * lr, momentum ? 0.5 : 0);
            tp_named_list list = tp_optim_state_dict(opt);
            assert_true(tp_optim_load_state(later, list.items, list.count));
            tp_schedule *resumed = schedule_of(c, later);
            list = tp_schedule_state_dict(s);
            assert_true(tp_schedule_load_state(resumed, list.items, list.count));
            list = tp_optim_state_dict(opt); /* making the schedule has set rates again */
            assert_true(tp_optim_load_state(later, list.items, list.count));
            assert_true(tp_optim_lr(later, 0) == tp_optim_lr(opt, 0));
            assert_true(tp_schedule_last_lr(resumed, 0) == tp_schedule_last_lr(s, 0));
            tp_schedule_free(s);
            end(opt);
            opt = later;
            s = resumed;
        }
        tp_schedule_free(s);
        end(opt);
    }
    golden_free(file);
}

/* Each group starts from a rate of its own. */
static void test_groups(void **state) {
    (void)state;
    tp_optim *opt = optimiser(0.4, 0);
    tp_tensor *q = tp_keep(tp_zeros(tp_shape(2), .requires_grad = true));
    tp_optim_add_group(opt, .parameters = &q, .count = 1, .lr = 0.04);
    tp_schedule *s = tp_step_lr(opt, .step_size = 2, .gamma = 0.5);
    for (int t = 0; t < 4; t++) assert_true(tp_schedule_step(s));
    assert_true(fabs(tp_optim_lr(opt, 0) - 0.1) < 1e-15);
    assert_true(fabs(tp_optim_lr(opt, 1) - 0.01) < 1e-15);
    assert_true(isnan(tp_schedule_last_lr(s, 2)));
    /* a second schedule starts from the same rates, not from those of now; the first one after all are gone does */
    tp_schedule *second = tp_exponential_lr(opt, .gamma = 0.5);
    assert_true(tp_optim_lr(opt, 0) == 0.4);
    tp_schedule_step(second);
    tp_schedule_free(s);
    tp_schedule_free(second);
    tp_schedule *third = tp_exponential_lr(opt, .gamma = 0.5);
    assert_true(tp_optim_lr(opt, 0) == 0.2);
    /* a plateau moves every group */
    tp_schedule_free(third);
    tp_schedule *plateau = tp_reduce_lr_on_plateau(opt, .patience = TP_ZERO, .min_lr = 0.015);
    tp_schedule_step_metric(plateau, 1);
    tp_schedule_step_metric(plateau, 1);
    assert_true(fabs(tp_optim_lr(opt, 0) - 0.02) < 1e-15);
    assert_true(fabs(tp_optim_lr(opt, 1) - 0.015) < 1e-15);
    tp_schedule_free(plateau);
    end(opt);
    tp_free(q);
}

/* One cycle moves beta1 of Adam; the one after the last step goes no further, the next is an error. */
static void test_one_cycle_ends(void **state) {
    (void)state;
    tp_tensor *p = tp_keep(tp_zeros(tp_shape(1), .requires_grad = true));
    tp_optim *opt = tp_adam(NULL, .parameters = &p, .count = 1);
    tp_schedule *s = tp_one_cycle_lr(opt, .max_lr = 1, .total_steps = 10, .linear = true);
    assert_true(tp_optim_momentum(opt, 0) == 0.95);
    for (int t = 0; t < 9; t++) assert_true(tp_schedule_step(s));
    assert_true(fabs(tp_optim_lr(opt, 0) - 4e-6) < 1e-15);
    assert_true(tp_optim_momentum(opt, 0) == 0.95);
    assert_true(tp_schedule_step(s));
    assert_true(fabs(tp_optim_lr(opt, 0) - 4e-6) < 1e-15);
    assert_false(tp_schedule_step(s));
    assert_true(had_error(TP_ERROR_VALUE, "schedule_step", __LINE__ - 1));
    tp_schedule_free(s);
    s = tp_one_cycle_lr(opt, .max_lr = 1, .total_steps = 1); /* a rise of no steps */
    assert_true(isfinite(tp_optim_lr(opt, 0)));
    tp_schedule_free(s);
    end(opt);
}

/* What cannot be, each with one error that names the function. */
static void test_refused(void **state) {
    (void)state;
    tp_optim *opt = optimiser(0.1, 0), *other = optimiser(0.1, 0);
    assert_null(tp_step_lr(opt));
    assert_true(had_error(TP_ERROR_VALUE, "step_lr", __LINE__ - 1));
    assert_null(tp_step_lr(NULL, .step_size = 3));
    assert_true(had_error(TP_ERROR_ARGUMENT, "step_lr", __LINE__ - 1));
    assert_null(tp_multistep_lr(opt, .milestones = (int64_t[]){5, 3}, .count = 2));
    assert_true(had_error(TP_ERROR_VALUE, "multistep_lr", __LINE__ - 1));
    assert_null(tp_exponential_lr(opt));
    assert_true(had_error(TP_ERROR_VALUE, "exponential_lr", __LINE__ - 1));
    assert_null(tp_cosine_annealing_lr(opt, .t_max = -1));
    assert_true(had_error(TP_ERROR_VALUE, "cosine_annealing_lr", __LINE__ - 1));
    assert_null(tp_linear_lr(opt, .start_factor = 2));
    assert_true(had_error(TP_ERROR_VALUE, "linear_lr", __LINE__ - 1));
    assert_null(tp_constant_lr(opt, .factor = 2));
    assert_true(had_error(TP_ERROR_VALUE, "constant_lr", __LINE__ - 1));
    assert_null(tp_one_cycle_lr(opt, .max_lr = 1, .total_steps = 5));
    assert_true(had_error(TP_ERROR_ARGUMENT, "one_cycle_lr", __LINE__ - 1));
    assert_null(tp_reduce_lr_on_plateau(opt, .factor = 1));
    assert_true(had_error(TP_ERROR_VALUE, "reduce_lr_on_plateau", __LINE__ - 1));
    tp_schedule *part = tp_step_lr(opt, .step_size = 2);
    tp_schedule *parts[] = {part, part};
    assert_null(
        tp_sequential_lr(opt, .schedules = parts, .count = 2, .milestones = (int64_t[]){1}));
    assert_true(had_error(TP_ERROR_ARGUMENT, "sequential_lr", __LINE__ - 1));
    assert_null(tp_warmup_lr(opt, .steps = 5, .next = tp_step_lr(other, .step_size = 2)));
    assert_true(had_error(TP_ERROR_ARGUMENT, "sequential_lr", __LINE__ - 1));
    assert_null(tp_warmup_lr(opt, .next = tp_step_lr(opt, .step_size = 2)));
    assert_true(had_error(TP_ERROR_VALUE, "warmup_lr", __LINE__ - 1));
    tp_schedule *plateau = tp_reduce_lr_on_plateau(opt);
    assert_false(tp_schedule_step(plateau));
    assert_true(had_error(TP_ERROR_ARGUMENT, "schedule_step", __LINE__ - 1));
    assert_true(tp_schedule_needs_metric(plateau));
    /* a state of another kind */
    tp_schedule *step = tp_step_lr(opt, .step_size = 2);
    tp_named_list list = tp_schedule_state_dict(step);
    assert_false(tp_schedule_load_state(plateau, list.items, list.count));
    assert_true(had_error(TP_ERROR_STATE, "schedule_load_state", __LINE__ - 1));
    /* the optimiser ends first */
    end(opt);
    assert_false(tp_schedule_step(step));
    assert_true(had_error(TP_ERROR_ARGUMENT, "schedule_step", __LINE__ - 1));
    assert_false(tp_schedule_step(NULL));
    assert_true(had_error(TP_ERROR_ARGUMENT, "schedule_step", __LINE__ - 1));
    tp_schedule_free(step);
    tp_schedule_free(plateau);
    tp_schedule_free(NULL);
    end(other);
}

static int setup(void **state) {
    (void)state;
    watch_errors();
    return 0;
}

/* Nothing of a test is left. */
static int nothing_left(void **state) {
    (void)state;
    if (take_error().count) return -1;
    return tp_memory_get_stats().live_bytes == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, setup, nothing_left),
        cmocka_unit_test_setup_teardown(test_resumed, setup, nothing_left),
        cmocka_unit_test_setup_teardown(test_groups, setup, nothing_left),
        cmocka_unit_test_setup_teardown(test_one_cycle_ends, setup, nothing_left),
        cmocka_unit_test_setup_teardown(test_refused, setup, nothing_left),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
