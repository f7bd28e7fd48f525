/* Finding a learning rate, learning a batch by heart, histories read back, and the report of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/taper.h>
#include <unistd.h>

#include "support/clean.h"

static tp_module *mlp(void) {
    return tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 32), tp_nn_relu(),
                            tp_nn_dropout(0.1), tp_nn_linear(32, 10));
}

/* The bytes of a weight, and the next random number: what a trial must not change. */
typedef struct trace {
    float weights[32 * 784];
    double next, lr;
} trace;

static void take_trace(tp_module *model, tp_optim *optim, trace *t) {
    memcpy(t->weights, tp_data(tp_get_tensor(model, "1.weight")), sizeof t->weights);
    t->lr = tp_optim_lr(optim, 0);
}

static void test_find_lr(void **state) {
    (void)state;
    tp_manual_seed(1);
    static trace before, after;
    tp_module *model = mlp();
    tp_optim *optim = tp_adam(model, .lr = 0.123);
    tp_loader *loader = tp_loader_new(tp_digits("train", .count = 3200), .batch_size = 32,
                                      .shuffle = true, .seed = 1);
    take_trace(model, optim, &before);
    tp_rate_curve curve = tp_find_lr(model, loader, .optim = optim);
    take_trace(model, optim, &after);
    assert_true(curve.ok);
    assert_true(curve.count > 50 && curve.count <= 200);
    assert_float_equal(curve.rates[0], 1e-6, 1e-12);
    /* Adam learns these digits with rates round 0.003 */
    assert_true(curve.suggestion > 3e-4 && curve.suggestion < 3e-2);
    assert_memory_equal(before.weights, after.weights, sizeof before.weights);
    assert_float_equal(after.lr, 0.123, 0);
    assert_true(tp_is_training(model));
    /* the same again, to the bit: loader, optimiser and random numbers are back too */
    tp_rate_curve again = tp_find_lr(model, loader, .optim = optim);
    assert_int_equal(again.count, curve.count);
    assert_memory_equal(again.losses, curve.losses, curve.count * sizeof(double));
    tp_figure *figure = tp_rate_curve_figure(&curve);
    assert_non_null(figure);
    tp_figure_free(figure);
    tp_rate_curve_free(&again);
    tp_rate_curve_free(&curve);
    tp_rate_curve_free(&curve);
    assert_null(tp_rate_curve_figure(&curve));
    assert_true(had_error(TP_ERROR_ARGUMENT, "rate_curve_figure", __LINE__ - 1));
    assert_false(tp_find_lr(model, loader).ok);
    assert_true(had_error(TP_ERROR_ARGUMENT, "find_lr", __LINE__ - 1));
    tp_loader_free(loader);
    tp_optim_free(optim);
    tp_module_free(model);
}

static void test_overfit(void **state) {
    (void)state;
    tp_manual_seed(1);
    static trace before, after;
    tp_module *model = mlp();
    tp_optim *optim = tp_adam(model);
    tp_loader *loader = tp_loader_new(tp_digits("train", .count = 320), .batch_size = 32);
    take_trace(model, optim, &before);
    tp_overfit_result r = tp_overfit_batch(model, loader, .optim = optim);
    take_trace(model, optim, &after);
    assert_true(r.ok && r.learned);
    assert_true(r.last_loss < 0.5 * r.first_loss && r.steps < 300);
    assert_memory_equal(before.weights, after.weights, sizeof before.weights);
    tp_optim_set_lr(optim, -1, 1e-9);
    r = tp_overfit_batch(model, loader, .optim = optim, .steps = 30);
    assert_true(r.ok && !r.learned);
    assert_int_equal(r.steps, 30);
    tp_loader_free(loader);
    tp_optim_free(optim);
    tp_module_free(model);
}

static void test_history_csv(void **state) {
    (void)state;
    tp_epoch epochs[2] = {{.epoch = 1,
                           .steps = 10,
                           .train_loss = 2.5,
                           .train_accuracy = NAN,
                           .valid_loss = NAN,
                           .valid_accuracy = NAN,
                           .lr = 0.1,
                           .grad_norm = NAN,
                           .seconds = 0.5,
                           .best = true},
                          {.epoch = 2,
                           .steps = 20,
                           .train_loss = 1.25,
                           .train_accuracy = 0.5,
                           .valid_loss = 1.5,
                           .valid_accuracy = 0.25,
                           .lr = 0.01,
                           .grad_norm = 3,
                           .seconds = 0.25}};
    tp_history h = {.epochs = epochs, .count = 2}, read;
    char path[] = "/tmp/taper-history-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_true(tp_history_write_csv(&h, path));
    assert_true(tp_history_read_csv(path, &read));
    assert_int_equal(read.count, 2);
    assert_true(isnan(read.epochs[0].valid_loss));
    assert_float_equal(read.epochs[1].valid_loss, 1.5, 0);
    assert_float_equal(read.epochs[1].grad_norm, 3, 0);
    assert_int_equal(read.steps, 20);
    assert_int_equal(read.best_epoch, 1);
    assert_float_equal(read.best_loss, 2.5, 0);
    assert_float_equal(read.seconds, 0.75, 1e-9);
    tp_history_free(&read);
    FILE *stream = fopen(path, "a");
    fputs("3,what\n", stream);
    fclose(stream);
    assert_false(tp_history_read_csv(path, &read));
    assert_true(had_error(TP_ERROR_FORMAT, "history_read_csv", __LINE__ - 1));
    unlink(path);
    assert_false(tp_history_read_csv(path, &read));
    assert_true(had_error(TP_ERROR_FILE, "history_read_csv", __LINE__ - 1));
}

static bool file_has(const char *path, const char *wanted) {
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    static char text[1 << 22];
    size_t size = fread(text, 1, sizeof text - 1, stream);
    text[size] = 0;
    fclose(stream);
    bool has = strstr(text, wanted) != NULL;
    if (!has) print_message("no %s\n", wanted);
    return has;
}

static void test_train_report(void **state) {
    (void)state;
    tp_manual_seed(1);
    tp_module *model = mlp();
    tp_optim *optim = tp_adam(model);
    tp_loader *train = tp_loader_new(tp_digits("train", .count = 1000), .batch_size = 20);
    tp_loader *test = tp_loader_new(tp_digits("test", .count = 300), .batch_size = 100);
    char path[] = "/tmp/taper-report-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    tp_history h = tp_fit(model, train, .valid = test, .optim = optim, .epochs = 3, .report = path);
    assert_int_equal(h.stop, TP_STOP_EPOCHS);
    assert_true(file_has(path, "Validation accuracy"));
    tp_eval(model); /* the mode stays as it was */
    assert_true(tp_train_report(path, .title = "A run", .history = &h, .module = model,
                                .optim = optim, .train = train, .valid = test, .test = test,
                                .seed = 11, .has_seed = true));
    assert_false(tp_is_training(model));
    static const char *const wanted[] = {"<h1>A run</h1>",   "Test accuracy",
                                         "Confusion matrix", "Precision",
                                         "Mistakes</h2>",    "Weights of the first layer",
                                         "Activations",      "Gradient norm by layer",
                                         "Time and memory",  "best epoch: ",
                                         "<td>11</td>",      "Multiply-adds"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_true(file_has(path, wanted[i]));
    /* a history alone is enough */
    assert_true(tp_train_report(path, .history = &h));
    assert_true(file_has(path, "Training run"));
    assert_false(tp_train_report(path, .module = model));
    assert_true(had_error(TP_ERROR_ARGUMENT, "report_training", __LINE__ - 1));
    unlink(path);
    tp_history_free(&h);
    tp_loader_free(train);
    tp_loader_free(test);
    tp_optim_free(optim);
    tp_module_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_find_lr),
        CLEAN_TEST(test_overfit),
        CLEAN_TEST(test_history_csv),
        CLEAN_TEST(test_train_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
