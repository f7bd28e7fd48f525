/* The training doctor: each mistake, planted, is found; healthy runs get no hint, and no run is changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <taper/taper.h>

#include "support/clean.h"

/* ---- helpers ---- */

static bool has_hint(const tp_hint *hints, size_t count, tp_hint_kind kind) {
    for (size_t i = 0; i < count; i++)
        if (hints[i].kind == kind) return hints[i].reason[0] && hints[i].fix[0];
    return false;
}

static void print_hints(const tp_hint *hints, size_t count) {
    for (size_t i = 0; i < count; i++)
        print_message("  hint %s: %s\n    %s\n", hints[i].title, hints[i].reason, hints[i].fix);
}

/* Ends a history; whether it had a hint of that kind, and at most `others` beside it. */
static bool found(tp_history *h, tp_hint_kind kind, size_t others) {
    bool fine = has_hint(h->hints, h->hint_count, kind) && h->hint_count <= others + 1;
    if (!fine) print_hints(h->hints, h->hint_count);
    tp_history_free(h);
    return fine;
}

static bool silent(tp_history *h, const char *what) {
    bool fine = h->hint_count == 0 && h->stop == TP_STOP_EPOCHS;
    if (!fine) print_message("%s, %s:\n", what, tp_stop_text(h->stop));
    print_hints(h->hints, h->hint_count);
    tp_history_free(h);
    return fine;
}

static tp_module *mlp(void) {
    return tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 64), tp_nn_relu(),
                            tp_nn_linear(64, 10));
}

static void scale(tp_module *module, const char *name, double factor) {
    TP_NO_GRAD
        TP_SCOPE { tp_mul_(tp_get_tensor(module, name), factor); }
}

/* Trains on some digits and ends all but the history. */
typedef struct plan {
    tp_module *model;
    tp_dataset *data, *valid;
    double lr, momentum;
    bool sgd, unshuffled;
    int64_t batch_size, epochs;
    tp_loss_function loss;
} plan;

static tp_history train(plan p) {
    tp_loader *loader = tp_loader_new(p.data ? p.data : tp_digits("train", .count = 1600),
                                      .batch_size = p.batch_size ? p.batch_size : 16,
                                      .shuffle = !p.unshuffled, .seed = 3);
    tp_loader *valid = p.valid ? tp_loader_new(p.valid, .batch_size = 200) : NULL;
    tp_optim *optim =
        p.sgd ? tp_sgd(p.model, .lr = p.lr, .momentum = p.momentum) : tp_adam(p.model, .lr = p.lr);
    tp_history h = tp_fit(p.model, loader, .valid = valid, .optim = optim, .loss = p.loss,
                          .epochs = p.epochs ? p.epochs : 2);
    tp_optim_free(optim);
    tp_loader_free(loader);
    tp_loader_free(valid);
    tp_module_free(p.model);
    return h;
}

/* ---- planted mistakes ---- */

static void test_initial_loss(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_module *model = mlp();
    scale(model, "3.weight", 100);
    tp_history h = train((plan){.model = model});
    assert_true(found(&h, TP_HINT_INITIAL_LOSS, 1));
}

static tp_tensor *loss_over_all(tp_tensor *output, tp_tensor *target) {
    return tp_div(tp_cross_entropy(output, target), 10);
}

static void test_divided_loss(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_history h = train((plan){.model = mlp(), .loss = loss_over_all});
    assert_true(found(&h, TP_HINT_INITIAL_LOSS, 0));
}

static void test_softmax(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_module *model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 10), tp_nn_softmax(1));
    tp_history h = train((plan){.model = model});
    assert_true(found(&h, TP_HINT_SOFTMAX, 0));
}

/* Points of the plane with 1 where x0 + x1 > 0. */
static tp_dataset *half_planes(int64_t count) {
    tp_dataset *data = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(count, 2));
        tp_tensor *y = tp_to(tp_gt(tp_sum(x, .dims = tp_dims(1), .keepdim = true), 0), TP_FLOAT32);
        data = tp_tensor_dataset(x, y);
    }
    return data;
}

static void test_sigmoid(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_module *model =
        tp_nn_sequential(tp_nn_linear(2, 8), tp_nn_tanh(), tp_nn_linear(8, 1), tp_nn_sigmoid());
    tp_history h = train((plan){
        .model = model, .data = half_planes(1600), .loss = tp_binary_cross_entropy_with_logits});
    assert_true(found(&h, TP_HINT_SIGMOID, 0));
}

/* A loop of one's own over digits; what is forgotten is named. */
typedef struct forgetful {
    bool zero_grad, train_mode, eval_mode;
} forgetful;

static bool loop_finds(forgetful forgets, tp_hint_kind kind, size_t expected) {
    tp_manual_seed(2);
    tp_module *model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 32), tp_nn_relu(),
                                        tp_nn_dropout(0.2), tp_nn_linear(32, 10));
    tp_optim *optim = tp_sgd(model, .lr = 0.01);
    tp_loader *loader = tp_loader_new(tp_digits("train", .count = 640), .batch_size = 32,
                                      .shuffle = true, .seed = 1);
    tp_doctor *doctor = tp_doctor_new(model, .optim = optim, .loader = loader);
    if (forgets.train_mode) tp_eval(model);
    tp_batch b;
    while (tp_next(loader, &b)) {
        tp_tensor *y = tp_call(model, b.x), *loss = tp_cross_entropy(y, b.y);
        if (!forgets.zero_grad) tp_zero_grad(optim);
        tp_backward(loss);
        tp_doctor_step(doctor, &b, y, loss);
        tp_step(optim);
    }
    if (!forgets.eval_mode) tp_eval(model);
    tp_doctor_evaluating(doctor);
    tp_doctor_epoch(doctor, 1, NAN);
    size_t count;
    const tp_hint *hints = tp_doctor_hints(doctor, &count);
    bool fine = expected ? has_hint(hints, count, kind) : count == 0;
    if (!fine) print_hints(hints, count);
    tp_doctor_free(doctor);
    tp_loader_free(loader);
    tp_optim_free(optim);
    tp_module_free(model);
    return fine;
}

static void test_own_loops(void **state) {
    (void)state;
    assert_true(loop_finds((forgetful){.zero_grad = true}, TP_HINT_ZERO_GRAD, 1));
    assert_true(loop_finds((forgetful){.train_mode = true}, TP_HINT_MODE, 1));
    assert_true(loop_finds((forgetful){.eval_mode = true}, TP_HINT_MODE, 1));
    assert_true(loop_finds((forgetful){.zero_grad = false}, TP_HINT_MODE, 0));
}

static void test_dead_units(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_module *model = mlp();
    TP_NO_GRAD
        TP_SCOPE { tp_sub_(tp_get_tensor(model, "1.bias"), 100); }
    tp_history h = train((plan){.model = model});
    assert_true(found(&h, TP_HINT_DEAD_UNITS, 2));
}

static void test_vanishing(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_module *model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 30), tp_nn_sigmoid());
    for (int i = 0; i < 6; i++) {
        tp_sequential_append(model, tp_nn_linear(30, 30));
        tp_sequential_append(model, tp_nn_sigmoid());
    }
    tp_sequential_append(model, tp_nn_linear(30, 10));
    tp_history h = train((plan){.model = model});
    assert_true(found(&h, TP_HINT_VANISHING, 1));
}

static void test_exploding(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_module *model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 30), tp_nn_relu());
    for (int i = 0; i < 4; i++) {
        tp_sequential_append(model, tp_nn_linear(30, 30));
        tp_sequential_append(model, tp_nn_relu());
    }
    tp_sequential_append(model, tp_nn_linear(30, 10));
    for (int i = 1; i <= 9; i += 2) {
        char name[24];
        snprintf(name, sizeof name, "%d.weight", i);
        scale(model, name, 12);
    }
    tp_history h = train((plan){.model = model});
    assert_true(found(&h, TP_HINT_EXPLODING, 3));
}

static void test_rates(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_history h = train((plan){.model = mlp(), .lr = 1});
    assert_true(found(&h, TP_HINT_RATE_HIGH, 2));
    tp_manual_seed(1);
    h = train((plan){.model = mlp(), .lr = 1e-7});
    assert_true(found(&h, TP_HINT_RATE_LOW, 0));
    tp_manual_seed(1);
    h = train((plan){.model = mlp(), .lr = 1e-5, .sgd = true});
    assert_true(found(&h, TP_HINT_RATE_LOW, 0));
}

static bool to_bytes(int64_t index, const void *x, const void *y, void *new_x, void *new_y,
                     void *user, tp_why *why) {
    (void)index, (void)user, (void)why;
    const unsigned char *from = x;
    float *to = new_x;
    for (int i = 0; to && from && i < 784; i++) to[i] = from[i];
    if (new_y && y) memcpy(new_y, y, sizeof(int64_t));
    return true;
}

static void test_raw_input(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_dataset *raw = tp_map(tp_digits("train", .count = 1600), .function = to_bytes,
                             .x_shape = tp_shape(1, 28, 28), .x_dtype = TP_FLOAT32);
    tp_history h = train((plan){.model = mlp(), .data = raw});
    assert_true(found(&h, TP_HINT_RAW_INPUT, 2));
}

/* Digits in the order of their labels, or those of one label alone. */
static tp_dataset *by_label(int64_t only) {
    enum { COUNT = 1200 };
    tp_dataset *digits = tp_digits("train", .count = COUNT);
    int64_t order[COUNT], count = 0;
    TP_SCOPE {
        const int64_t *labels = tp_data(tp_dataset_labels(digits));
        for (int64_t label = 0; label < 10; label++)
            for (int64_t i = 0; i < COUNT; i++)
                if (labels[i] == label && (only < 0 || label == only)) order[count++] = i;
    }
    return tp_subset(digits, order, count);
}

static void test_labels(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_history h = train((plan){.model = mlp(), .data = by_label(-1), .unshuffled = true});
    assert_true(found(&h, TP_HINT_SORTED, 1));
    tp_manual_seed(1);
    h = train((plan){.model = mlp(), .data = by_label(7)});
    assert_true(found(&h, TP_HINT_ONE_LABEL, 1));
}

static void test_leak(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_dataset *digits = tp_digits("train", .count = 1600);
    int64_t part[200];
    for (int64_t i = 0; i < 200; i++) part[i] = 8 * i;
    tp_history h =
        train((plan){.model = mlp(), .data = digits, .valid = tp_subset(digits, part, 200)});
    assert_true(found(&h, TP_HINT_LEAK, 0));
}

static void test_overfitting(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_dataset *parts[2];
    assert_true(tp_random_split(tp_digits("train", .count = 400), ((double[]){0.5, 0.5}), 2, parts,
                                .seed = 1));
    tp_history h = train(
        (plan){.model = mlp(), .data = parts[0], .valid = parts[1], .epochs = 60, .lr = 0.003});
    assert_true(found(&h, TP_HINT_OVERFITTING, 0));
}

/* A network whose second branch is made and never used. */
typedef struct lazy_net {
    tp_module base;
    tp_module *used, *forgotten;
} lazy_net;

static tp_tensor *lazy_forward(tp_module *module, tp_tensor *x) {
    return tp_call(((lazy_net *)module)->used, x);
}

static void test_no_gradient(void **state) {
    (void)state;
    tp_manual_seed(1);
    lazy_net *net = tp_module_new(lazy_net, lazy_forward);
    net->used = tp_child(net, "used", mlp());
    net->forgotten = tp_child(net, "forgotten", tp_nn_linear(10, 10));
    tp_history h = train((plan){.model = &net->base});
    assert_int_equal(h.hint_count, 1);
    assert_non_null(strstr(h.hints[0].reason, "forgotten.weight"));
    assert_true(found(&h, TP_HINT_NO_GRADIENT, 0));
}

/* ---- healthy runs ---- */

static tp_tensor *smoothed(tp_tensor *output, tp_tensor *target) {
    return tp_cross_entropy(output, target, .label_smoothing = 0.1);
}

/* y = sin(x0) + noise. */
static tp_dataset *waves(int64_t count) {
    tp_dataset *data = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_mul(tp_randn(tp_shape(count, 1)), 2);
        tp_tensor *y = tp_add(tp_sin(x), tp_mul(tp_randn(tp_shape(count, 1)), 0.1));
        data = tp_tensor_dataset(x, y);
    }
    return data;
}

static tp_module *wave_net(void) {
    return tp_nn_sequential(tp_nn_linear(1, 32), tp_nn_tanh(), tp_nn_linear(32, 1));
}

/* One class has 19 of 20 samples. */
static tp_dataset *unbalanced(void) {
    tp_dataset *data = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(1600, 4));
        tp_tensor *y = tp_to(tp_gt(tp_select(x, 1, 0), 1.65), TP_INT64);
        data = tp_tensor_dataset(x, y);
    }
    return data;
}

static void test_healthy(void **state) {
    (void)state;
    tp_dataset *parts[2];
    assert_true(tp_random_split(tp_digits("train", .count = 2000), ((double[]){0.8, 0.2}), 2, parts,
                                .seed = 1));
    const plan runs[] = {
        {.model = mlp(), .data = parts[0], .valid = parts[1], .epochs = 3},
        {.model = mlp(), .sgd = true, .lr = 0.05, .momentum = 0.9, .epochs = 3},
        {.model = mlp(), .sgd = true, .lr = 0.01},
        {.model = mlp(), .loss = smoothed, .lr = 0.003},
        {.model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 10)), .sgd = true, .lr = 0.1},
        {.model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 64), tp_nn_tanh(),
                                   tp_nn_linear(64, 64), tp_nn_tanh(), tp_nn_linear(64, 10))},
        {.model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 64), tp_nn_relu(),
                                   tp_nn_dropout(0.5), tp_nn_linear(64, 10)),
         .epochs = 3},
        {.model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 10), tp_nn_log_softmax(1)),
         .loss = tp_nll_loss},
        {.model = tp_nn_sequential(tp_nn_linear(2, 8), tp_nn_tanh(), tp_nn_linear(8, 1)),
         .data = half_planes(1600),
         .loss = tp_binary_cross_entropy_with_logits},
        {.model = tp_nn_sequential(tp_nn_linear(2, 8), tp_nn_tanh(), tp_nn_linear(8, 1),
                                   tp_nn_sigmoid()),
         .data = half_planes(1600),
         .loss = tp_binary_cross_entropy},
        {.model = wave_net(), .data = waves(1600), .loss = tp_mse_loss, .lr = 0.01},
        {.model = wave_net(), .data = waves(400), .loss = tp_mse_loss, .batch_size = 1, .lr = 0.01},
        {.model = tp_nn_sequential(tp_nn_linear(4, 16), tp_nn_relu(), tp_nn_linear(16, 2)),
         .data = unbalanced(),
         .lr = 0.01},
        {.model = mlp(), .data = by_label(-1), .epochs = 3},
    };
    int bad = 0;
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "healthy run %zu", i);
        tp_history h = train(runs[i]);
        bad += !silent(&h, name);
    }
    assert_int_equal(bad, 0);
}

/* ---- it changes nothing ---- */

static void train_bytes(bool doctor, bool sgd, float *out, size_t count) {
    tp_manual_seed(5);
    tp_module *model = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 32), tp_nn_relu(),
                                        tp_nn_dropout(0.3), tp_nn_linear(32, 10));
    tp_loader *loader =
        tp_loader_new(tp_digits("train", .count = 4000), .batch_size = 16, .shuffle = true);
    tp_optim *optim = sgd ? tp_sgd(model, .lr = 0.1) : tp_adam(model);
    tp_history h = tp_fit(model, loader, .optim = optim, .epochs = 2,
                          .doctor = doctor ? TP_DOCTOR_ON : TP_DOCTOR_OFF);
    assert_int_equal(h.stop, TP_STOP_EPOCHS);
    if (!doctor) assert_null(h.hints);
    memcpy(out, tp_data(tp_get_tensor(model, "1.weight")), count * sizeof *out);
    tp_history_free(&h);
    tp_optim_free(optim);
    tp_loader_free(loader);
    tp_module_free(model);
}

static void test_same_bits(void **state) {
    (void)state;
    enum { COUNT = 784 * 32 };
    static float with[COUNT], without[COUNT];
    for (int sgd = 0; sgd < 2; sgd++) {
        train_bytes(true, sgd, with, COUNT);
        train_bytes(false, sgd, without, COUNT);
        assert_memory_equal(with, without, sizeof with);
    }
}

static int calls;
static void count_hint(const tp_hint *hint, void *user) {
    (void)user;
    calls += hint->title != NULL;
}

/* A hint is given once, however often its cause is seen, and NULL is fine everywhere. */
static void test_once(void **state) {
    (void)state;
    tp_module *model = tp_nn_sequential(tp_nn_linear(4, 4), tp_nn_dropout(0.5));
    tp_doctor *doctor = tp_doctor_new(model, .on_hint = count_hint);
    calls = 0;
    for (int i = 0; i < 3; i++) tp_doctor_evaluating(doctor);
    assert_int_equal(calls, 1);
    tp_doctor_free(doctor);
    tp_doctor_free(NULL);
    tp_doctor_step(NULL, NULL, NULL, NULL);
    tp_doctor_evaluating(NULL);
    tp_doctor_epoch(NULL, 0, 0);
    size_t count = 7;
    assert_null(tp_doctor_hints(NULL, &count));
    assert_int_equal(count, 0);
    tp_module_free(model);
    assert_null(tp_doctor_new(NULL));
    seen_error error = take_error();
    assert_int_equal(error.code, TP_ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_initial_loss), CLEAN_TEST(test_divided_loss), CLEAN_TEST(test_softmax),
        CLEAN_TEST(test_sigmoid),      CLEAN_TEST(test_own_loops),    CLEAN_TEST(test_dead_units),
        CLEAN_TEST(test_vanishing),    CLEAN_TEST(test_exploding),    CLEAN_TEST(test_rates),
        CLEAN_TEST(test_raw_input),    CLEAN_TEST(test_labels),       CLEAN_TEST(test_leak),
        CLEAN_TEST(test_overfitting),  CLEAN_TEST(test_no_gradient),  CLEAN_TEST(test_healthy),
        CLEAN_TEST(test_same_bits),    CLEAN_TEST(test_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
