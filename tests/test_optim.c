/* Optimisers against PyTorch's, their state, clipping, life and groups. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <taper/memory.h>
#include <taper/ops.h>
#include <taper/optim.h>

#include "support/golden.h"
#include "support/tensors.h"

/* ---- the cases of the file ---- */

/* A number of a case, where an explicit 0 is TP_ZERO and an absent one is left out; `suffix` "_b": of the second group. */
static double given(const golden_case *c, const char *key, const char *suffix) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", key, suffix);
    double value = golden_number(c, name, 0);
    return value == 0 && golden_word(c, name, NULL) ? TP_ZERO : value;
}

static bool flag(const golden_case *c, const char *key) { return golden_integer(c, key, 0); }

static tp_optim *adam_of(const golden_case *c, tp_tensor *const *parameters, size_t count,
                         bool decoupled) {
    double beta1 = 0, beta2 = 0; /* the file has "0.5,0.99" */
    const char *betas = golden_word(c, "betas", NULL);
    if (betas) assert_int_equal(sscanf(betas, "%lf,%lf", &beta1, &beta2), 2);
    tp_adam_args args = {.parameters = parameters,
                         .count = count,
                         .lr = given(c, "lr", ""),
                         .beta1 = beta1,
                         .beta2 = beta2,
                         .eps = given(c, "eps", ""),
                         .weight_decay = given(c, "weight_decay", ""),
                         .amsgrad = flag(c, "amsgrad"),
                         .maximize = flag(c, "maximize")};
    return decoupled ? tp_adamw_at(TP_HERE, args) : tp_adam_at(TP_HERE, args);
}

/* The optimiser that a case describes. */
static tp_optim *optim_of(const golden_case *c, tp_tensor *const *parameters, size_t count) {
    const char *op = golden_word(c, "op", "");
    if (!strcmp(op, "sgd"))
        return tp_sgd(NULL, .parameters = parameters, .count = count, .lr = given(c, "lr", ""),
                      .momentum = given(c, "momentum", ""), .dampening = given(c, "dampening", ""),
                      .weight_decay = given(c, "weight_decay", ""), .nesterov = flag(c, "nesterov"),
                      .maximize = flag(c, "maximize"));
    if (!strcmp(op, "adam")) return adam_of(c, parameters, count, false);
    if (!strcmp(op, "adamw")) return adam_of(c, parameters, count, true);
    if (!strcmp(op, "rmsprop"))
        return tp_rmsprop(NULL, .parameters = parameters, .count = count, .lr = given(c, "lr", ""),
                          .alpha = given(c, "alpha", ""), .eps = given(c, "eps", ""),
                          .momentum = given(c, "momentum", ""),
                          .weight_decay = given(c, "weight_decay", ""),
                          .centered = flag(c, "centered"));
    if (!strcmp(op, "adagrad"))
        return tp_adagrad(NULL, .parameters = parameters, .count = count, .lr = given(c, "lr", ""),
                          .eps = given(c, "eps", ""), .lr_decay = given(c, "lr_decay", ""),
                          .weight_decay = given(c, "weight_decay", ""),
                          .initial_accumulator_value = given(c, "initial_accumulator_value", ""));
    return NULL;
}

/* The gradient of the generator's formula; see family_optim.py. */
static void put_gradient(tp_tensor *x, int64_t step, int64_t k, double pull) {
    double values[8], here[8];
    for (int64_t i = 0; i < tp_numel(x); i++)
        values[i] = (double)((7 * step + 5 * i + 3 * k + step * i) % 17 - 8) / 8;
    TP_SCOPE {
        assert_true(tp_copy_out(tp_to(tp_detach(x), TP_FLOAT64), here));
        for (int64_t i = 0; i < tp_numel(x); i++) values[i] += pull * here[i];
        tp_tensor *g = tp_from_data(values, tp_shape_of(x), .dtype = TP_FLOAT64);
        tp_set_grad(x, tp_to(g, tp_dtype_of(x)));
    }
}

/* How the parameters lie before the optimiser gets them. */
typedef enum layout { PLAIN, VIEWED, SCATTERED, BLOB, LAYOUTS } layout;

static double blobs[2][8];

static tp_tensor *parameter(const golden_tensor *t, tp_dtype dtype, layout how, int k) {
    tp_tensor *x = from_golden(t, dtype);
    if (how == SCATTERED) x = scattered(x);
    if (how == BLOB) {
        tp_copy_out(x, blobs[k]);
        x = tp_from_blob(blobs[k], tp_shape_of(x), .dtype = dtype);
    }
    return tp_keep(tp_requires_grad(x));
}

/* Compares a parameter or state with what the file has at this step, if it has it. */
static void compare(const golden_case *c, const char *stem, const char *suffix, int64_t step,
                    const tp_tensor *x, double tolerance) {
    char key[96];
    snprintf(key, sizeof key, "%s%s_%lld", stem, suffix, (long long)step);
    const golden_tensor *want = golden_find(c, key);
    if (want) assert_true(same_as_golden(want, x, tolerance, tolerance, key));
}

static const tp_tensor *named(tp_named_list list, const char *name) {
    for (size_t i = 0; i < list.count; i++)
        if (!strcmp(list.items[i].name, name)) return list.items[i].tensor;
    return NULL;
}

/* Compares the state of both parameters. */
static void compare_state(const golden_case *c, tp_optim *optim, int64_t step) {
    static const char *const states[] = {"momentum_buffer", "exp_avg",    "exp_avg_sq", "sum",
                                         "max_exp_avg_sq",  "square_avg", "grad_avg"};
    tp_named_list list = tp_optim_state_dict(optim);
    assert_true(list.count > 0);
    for (size_t s = 0; s < sizeof states / sizeof *states; s++) {
        for (int k = 0; k < 2; k++) {
            char name[64], stem[64];
            snprintf(name, sizeof name, "state.%d.%s", k, states[s]);
            snprintf(stem, sizeof stem, "%s_%c", states[s], "wb"[k]);
            const tp_tensor *x = named(list, name);
            char key[96];
            snprintf(key, sizeof key, "%s_%lld", stem, (long long)step);
            assert_true(x || !golden_find(c, key));
            if (x) compare(c, stem, "", step, x, 1e-11);
        }
    }
}

static void run_case(const golden_case *c, tp_dtype dtype, layout how) {
    const char *suffix = dtype == TP_FLOAT32 ? "32" : "";
    double tolerance = dtype == TP_FLOAT32 ? 2e-5 : 1e-11, pull = golden_number(c, "pull", 0);
    tp_scope scope = tp_scope_begin();
    tp_tensor *p[2] = {parameter(golden_need(c, "w"), dtype, how, 0),
                       parameter(golden_need(c, "b"), dtype, how, 1)};
    tp_tensor *views[2] = {NULL, NULL};
    if (how == VIEWED)
        for (int k = 0; k < 2; k++) views[k] = tp_keep(tp_detach(p[k]));
    tp_optim *optim = optim_of(c, p, 2);
    assert_non_null(optim);
    for (int64_t step = 1; step <= 100; step++) {
        for (int k = 0; k < 2; k++) put_gradient(p[k], step, k, pull);
        assert_true(tp_step(optim));
        compare(c, "w", suffix, step, p[0], tolerance);
        compare(c, "b", suffix, step, p[1], tolerance);
        if (views[0]) compare(c, "w", suffix, step, views[0], tolerance);
        if (dtype == TP_FLOAT64) compare_state(c, optim, step);
    }
    tp_optim_free(optim);
    for (int k = 0; k < 2; k++) {
        tp_free(p[k]);
        tp_free(views[k]);
    }
    tp_scope_end(&scope);
}

static void test_golden(void **state) {
    (void)state;
    golden_file *file = golden_load("optim");
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, ""));) {
        if (!golden_find(c, "w_100")) continue;
        run_case(c, TP_FLOAT32, PLAIN);
        for (layout how = PLAIN; how < LAYOUTS; how++) run_case(c, TP_FLOAT64, how);
        cases++;
    }
    assert_int_equal(cases, 27);
    golden_free(file);
}

/* w and b in groups of their own; b has a gradient at every other step only. */
static void test_golden_groups(void **state) {
    (void)state;
    golden_file *file = golden_load("optim");
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "groups/"));) {
        /* these cases start from the values of all others */
        const golden_case *first = golden_need_case(file, "sgd/plain");
        tp_tensor *p[2] = {parameter(golden_need(first, "w"), TP_FLOAT64, PLAIN, 0),
                           parameter(golden_need(first, "b"), TP_FLOAT64, PLAIN, 1)};
        tp_optim *optim = optim_of(c, p, 1);
        assert_int_equal(tp_optim_add_group(optim, .parameters = p + 1, .count = 1,
                                            .lr = given(c, "lr", "_b"),
                                            .weight_decay = given(c, "weight_decay", "_b"),
                                            .momentum = given(c, "momentum", "_b")),
                         1);
        for (int64_t step = 1; step <= 30; step++) {
            tp_zero_grad(optim);
            put_gradient(p[0], step, 0, 0.25);
            if (step % 2 == 0) put_gradient(p[1], step, 1, 0.25);
            assert_true(tp_step(optim));
            compare(c, "w", "", step, p[0], 1e-11);
            compare(c, "b", "", step, p[1], 1e-11);
            if (step % 2 == 0) compare_state(c, optim, step);
        }
        cases++;
        tp_optim_free(optim);
        tp_free(p[0]), tp_free(p[1]);
    }
    assert_int_equal(cases, 3);
    golden_free(file);
}

/* ---- state ---- */

/* Interrupted after each of the first steps, then run on by a fresh optimiser: the same bits. */
static void resume_case(const golden_case *c, int64_t stop) {
    tp_scope scope = tp_scope_begin();
    tp_tensor *p[2] = {parameter(golden_need(c, "w"), TP_FLOAT32, PLAIN, 0),
                       parameter(golden_need(c, "b"), TP_FLOAT32, PLAIN, 1)};
    tp_optim *optim = optim_of(c, p, 2);
    for (int64_t step = 1; step <= stop; step++) {
        for (int k = 0; k < 2; k++)
            if (k == 0 || step % 2) put_gradient(p[k], step, k, 0.25);
        tp_step(optim);
        tp_zero_grad(optim);
    }
    tp_tensor *q[2] = {tp_keep(tp_requires_grad(tp_clone(tp_detach(p[0])))),
                       tp_keep(tp_requires_grad(tp_clone(tp_detach(p[1]))))};
    tp_optim *other = optim_of(c, q, 2);
    tp_optim_set_lr(optim, -1, 0.0123); /* as a schedule would have */
    tp_named_list list = tp_optim_state_dict(optim);
    assert_true(tp_optim_load_state(other, list.items, list.count));
    for (int64_t step = stop + 1; step <= stop + 3; step++) {
        for (int k = 0; k < 2; k++) {
            put_gradient(p[k], step, k, 0.25);
            put_gradient(q[k], step, k, 0.25);
        }
        tp_step(optim);
        tp_step(other);
        for (int k = 0; k < 2; k++)
            assert_memory_equal(tp_data(p[k]), tp_data(q[k]), (size_t)tp_numel(p[k]) * 4);
    }
    tp_optim_free(optim);
    tp_optim_free(other);
    for (int k = 0; k < 2; k++) tp_free(p[k]), tp_free(q[k]);
    tp_scope_end(&scope);
}

static void test_state_resumes(void **state) {
    (void)state;
    golden_file *file = golden_load("optim");
    for (golden_case *c = NULL; (c = golden_next(file, c, ""));)
        if (golden_find(c, "w_100"))
            for (int64_t stop = 0; stop < 4; stop++) resume_case(c, stop);
    golden_free(file);
}

/* All or nothing, and one error that says what does not fit. */
static void test_state_refused(void **state) {
    (void)state;
    tp_tensor *p[2] = {tp_keep(tp_ones(tp_shape(2, 2), .requires_grad = true)),
                       tp_keep(tp_ones(tp_shape(3), .requires_grad = true))};
    tp_tensor *q[2] = {tp_keep(tp_ones(tp_shape(2, 2), .requires_grad = true)),
                       tp_keep(tp_ones(tp_shape(4), .requires_grad = true))};
    tp_optim *adam = tp_adam(NULL, .parameters = p, .count = 2, .lr = 0.5);
    tp_optim *wrong[] = {tp_adam(NULL, .parameters = q, .count = 2),
                         tp_adam(NULL, .parameters = q, .count = 1),
                         tp_adam(NULL, .parameters = q, .count = 2, .amsgrad = true),
                         tp_adamw(NULL, .parameters = q, .count = 2),
                         tp_sgd(NULL, .parameters = q, .count = 2, .lr = 1)};
    tp_named_list list = tp_optim_state_dict(adam);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        double lr = tp_optim_lr(wrong[i], 0);
        assert_false(tp_optim_load_state(wrong[i], list.items, list.count));
        assert_true(had_error(TP_ERROR_STATE, "optim_load_state", __LINE__ - 1));
        assert_true(tp_optim_lr(wrong[i], 0) == lr);
    }
    assert_false(tp_optim_load_state(adam, list.items, list.count - 1));
    assert_true(had_error(TP_ERROR_STATE, "optim_load_state", __LINE__ - 1));
    assert_false(tp_optim_load_state(adam, NULL, 0));
    assert_true(had_error(TP_ERROR_STATE, "optim_load_state", __LINE__ - 1));
    assert_true(tp_optim_load_state(adam, list.items, list.count));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) tp_optim_free(wrong[i]);
    tp_optim_free(adam);
    for (int k = 0; k < 2; k++) tp_free(p[k]), tp_free(q[k]);
}

/* ---- groups, life, refusals ---- */

static void test_refused(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *p = tp_ones(tp_shape(2), .requires_grad = true), *twice[] = {p, p};
        tp_tensor *whole = tp_ones(tp_shape(2), .dtype = TP_INT64);
        tp_tensor *wide = tp_ones(tp_shape(2), .dtype = TP_FLOAT64, .requires_grad = true);
        tp_tensor *mixed[] = {p, wide}, *result = tp_mul(p, p);
        assert_null(tp_sgd(NULL, .parameters = &p, .count = 1));
        assert_true(had_error(TP_ERROR_ARGUMENT, "sgd", __LINE__ - 1));
        assert_null(tp_sgd(NULL, .lr = 0.1));
        assert_true(had_error(TP_ERROR_ARGUMENT, "sgd", __LINE__ - 1));
        assert_null(tp_sgd(NULL, .lr = 0.1, .parameters = twice, .count = 2));
        assert_true(had_error(TP_ERROR_ARGUMENT, "sgd", __LINE__ - 1));
        assert_null(tp_adam(NULL, .parameters = &whole, .count = 1));
        assert_true(had_error(TP_ERROR_DTYPE, "adam", __LINE__ - 1));
        assert_null(tp_adamw(NULL, .parameters = mixed, .count = 2));
        assert_true(had_error(TP_ERROR_DTYPE, "adamw", __LINE__ - 1));
        assert_null(tp_rmsprop(NULL, .parameters = &result, .count = 1));
        assert_true(had_error(TP_ERROR_GRAPH, "rmsprop", __LINE__ - 1));
        assert_null(tp_adagrad(NULL, .parameters = &p, .count = 1, .lr = -1));
        assert_true(had_error(TP_ERROR_VALUE, "adagrad", __LINE__ - 1));
        assert_null(tp_adam(NULL, .parameters = &p, .count = 1, .beta1 = 1));
        assert_true(had_error(TP_ERROR_VALUE, "adam", __LINE__ - 1));
        assert_null(tp_sgd(NULL, .parameters = &p, .count = 1, .lr = 1, .nesterov = true));
        assert_true(had_error(TP_ERROR_ARGUMENT, "sgd", __LINE__ - 1));
        tp_optim *sgd = tp_sgd(NULL, .parameters = &p, .count = 1, .lr = 1);
        assert_int_equal(tp_optim_add_group(sgd, .parameters = &p, .count = 1), -1);
        assert_true(had_error(TP_ERROR_ARGUMENT, "optim_add_group", __LINE__ - 1));
        assert_int_equal(tp_optim_add_group(sgd, .parameters = &wide, .count = 1, .momentum = 1),
                         -1);
        assert_true(had_error(TP_ERROR_ARGUMENT, "optim_add_group", __LINE__ - 2));
        assert_int_equal(tp_optim_add_group(sgd, .parameters = &wide, .count = 1), 1);
        assert_true(isnan(tp_optim_lr(sgd, 2)));
        tp_optim_free(sgd);
        assert_false(tp_step(NULL));
        assert_true(had_error(TP_ERROR_ARGUMENT, "step", __LINE__ - 1));
        tp_zero_grad(NULL);
        assert_true(had_error(TP_ERROR_ARGUMENT, "zero_grad", __LINE__ - 1));
        tp_optim_free(NULL);
    }
}

/* A failed backward leaves gradients that mean nothing: a step does nothing. */
static void test_step_after_error(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *p = tp_ones(tp_shape(2), .requires_grad = true);
        tp_optim *sgd = tp_sgd(NULL, .parameters = &p, .count = 1, .lr = 1);
        tp_set_grad(p, tp_ones(tp_shape(2)));
        tp_tensor *loss = tp_sum(tp_mul(p, tp_ones(tp_shape(3))));
        assert_false(tp_backward(loss)); /* the first error surfaces */
        assert_false(tp_step(sgd));      /* silently: it was reported */
        seen_error error = take_error();
        assert_true(error.count == 2 && error.code == TP_ERROR_SHAPE && !strcmp(error.op, "mul"));
        assert_true(tp_get(p, 0) == 1);
        tp_clear_error();
        tp_zero_grad(sgd);
        assert_true(tp_backward(tp_sum(p)));
        assert_true(tp_step(sgd));
        assert_true(tp_get(p, 0) == 0);
        tp_optim_free(sgd);
    }
}

/* The module may end before its optimiser, and the other way round. */
static void test_order_of_ends(void **state) {
    (void)state;
    for (int first = 0; first < 2; first++) {
        TP_SCOPE {
            tp_module *net = tp_nn_sequential(tp_nn_linear(3, 4), tp_nn_relu(), tp_nn_linear(4, 2));
            tp_optim *adam = tp_adam(net);
            tp_tensor *x = tp_ones(tp_shape(5, 3));
            assert_true(tp_backward(tp_sum(tp_call(net, x))));
            assert_true(tp_step(adam));
            if (first) {
                tp_optim_free(adam);
                assert_non_null(tp_grad(tp_get_tensor(net, "0.weight"))); /* it is the tensor's */
                assert_true(tp_backward(tp_sum(tp_call(net, x))));
                tp_optim *sgd = tp_sgd(net, .lr = 0.1);
                assert_true(tp_step(sgd));
                tp_module_free(net);
                tp_optim_free(sgd);
            } else {
                tp_module_free(net);
                assert_true(tp_step(adam)); /* nothing to update */
                tp_zero_grad(adam);
                assert_true(tp_clip_grad_norm(adam, 1) == 0);
                tp_clip_grad_value(adam, 1);
                assert_true(tp_optim_state_dict(adam).count > 0);
                tp_optim_free(adam);
            }
        }
    }
}

/* Two optimisers over the same parameters take turns. */
static void test_two_optimisers(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *p[2] = {tp_ones(tp_shape(3), .requires_grad = true),
                           tp_ones(tp_shape(20), .requires_grad = true)};
        tp_optim *one = tp_sgd(NULL, .parameters = p, .count = 2, .lr = 1, .weight_decay = 0.5);
        tp_optim *two = tp_sgd(NULL, .parameters = p + 1, .count = 1, .lr = 2);
        for (int i = 0; i < 2; i++) tp_set_grad(p[i], tp_ones(tp_shape_of(p[i])));
        assert_true(tp_step(one) && tp_step(two));
        assert_true(tp_get(p[0], 2) == 1 - 1.5);
        assert_true(tp_get(p[1], 19) == 1 - 1.5 - 2);
        tp_optim_free(one);
        assert_true(tp_step(two));
        assert_true(tp_get(p[1], 0) == 1 - 1.5 - 2 - 2);
        tp_optim_free(two);
    }
}

/* A group that has no momentum ignores dampening too; RMSprop likewise. */
static void test_group_without_momentum(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *p = tp_zeros(tp_shape(1), .requires_grad = true);
        tp_tensor *q = tp_zeros(tp_shape(1), .requires_grad = true);
        tp_optim *sgd =
            tp_sgd(NULL, .parameters = &p, .count = 1, .lr = 1, .momentum = 0.9, .dampening = 0.5);
        tp_optim_add_group(sgd, .parameters = &q, .count = 1, .momentum = TP_ZERO);
        for (int i = 0; i < 2; i++) {
            tp_set_grad(p, tp_ones(tp_shape(1)));
            tp_set_grad(q, tp_ones(tp_shape(1)));
            tp_step(sgd);
        }
        assert_true(fabs(tp_item(p) + 1 + 0.9 + 0.5) < 1e-6);
        assert_true(tp_item(q) == -2);
        tp_optim_free(sgd);
    }
}

/* ---- clipping ---- */

static void test_clip(void **state) {
    (void)state;
    golden_file *file = golden_load("optim");
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "clip_grad_"));) {
        for (int wide = 0; wide < 2; wide++) {
            tp_scope scope = tp_scope_begin();
            tp_dtype dtype = wide ? TP_FLOAT64 : TP_FLOAT32;
            tp_tensor *p[4];
            size_t count = 0;
            for (char key[] = "g0"; golden_find(c, key); key[1]++) {
                tp_tensor *g = from_golden(golden_need(c, key), dtype);
                p[count] = tp_zeros_like(g, .requires_grad = true);
                tp_set_grad(p[count++], g);
            }
            p[count] = tp_zeros(tp_shape(2), .dtype = dtype, .requires_grad = true); /* none */
            tp_optim *sgd = tp_sgd(NULL, .parameters = p, .count = count + 1, .lr = 1);
            if (golden_find(c, "total")) {
                double norm = tp_clip_grad_norm(sgd, golden_number(c, "max_norm", 0),
                                                .norm_type = golden_number(c, "norm_type", 0));
                double want = golden_need(c, "total")->values[0];
                assert_true(isnan(want) ? isnan(norm)
                                        : norm == want || fabs(norm - want) < 1e-6 * want);
            } else {
                tp_clip_grad_value(sgd, golden_number(c, "clip_value", 0));
            }
            for (size_t i = 0; i < count; i++) {
                char key[] = "c0";
                key[1] = (char)('0' + i);
                assert_true(same_as_golden(golden_need(c, key), tp_grad(p[i]), 1e-6, 1e-12, key));
            }
            assert_null(tp_grad(p[count]));
            cases++;
            tp_optim_free(sgd);
            tp_scope_end(&scope);
        }
    }
    assert_int_equal(cases, 24);
    golden_free(file);
    tp_clip_grad_value(NULL, 1);
    assert_true(had_error(TP_ERROR_ARGUMENT, "clip_grad_value", __LINE__ - 1));
    assert_true(isnan(tp_clip_grad_norm(NULL, 1)));
    assert_true(had_error(TP_ERROR_ARGUMENT, "clip_grad_norm", __LINE__ - 1));
}

static int setup(void **state) {
    (void)state;
    watch_errors();
    tp_clear_error();
    return 0;
}

/* Nothing of a test is left. */
static int nothing_left(void **state) {
    (void)state;
    seen_error error = take_error();
    if (error.count) print_error("%s\n", error.text);
    tp_scope_end(&(tp_scope){1, true}); /* those that a failed test left open */
    tp_memory_stats stats = tp_memory_get_stats();
    if (stats.live_tensors || stats.live_nodes)
        print_error("%lld tensors, %lld nodes left\n", (long long)stats.live_tensors,
                    (long long)stats.live_nodes);
    return error.count || stats.live_tensors || stats.live_nodes ? -1 : 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, nothing_left)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_golden),        TEST(test_golden_groups),  TEST(test_state_resumes),
        TEST(test_state_refused), TEST(test_refused),        TEST(test_step_after_error),
        TEST(test_order_of_ends), TEST(test_two_optimisers), TEST(test_group_without_momentum),
        TEST(test_clip),
    };
    return cmocka_run_group_tests_name("optim", tests, NULL, NULL);
}
