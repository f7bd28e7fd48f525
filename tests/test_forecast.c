/* What a model will need is told before it is trained: held to what the allocator then measures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/optim.h>
#include <taper/random.h>

#include "base/trace.h"
#include "support/clean.h"

/* ---- traces ---- */

static tp_block_trace trace_of(int64_t *events, size_t count) {
    return (tp_block_trace){.events = events, .count = count};
}

static void blocks_grow_in_a_straight_line(void **state) {
    (void)state;
    int64_t a[] = {1000, 64, -64, 5000, -1000, -5000}, b[] = {1000, 128, -128, 9000, -1000, -9000};
    tp_block_trace first = trace_of(a, 6), second = trace_of(b, 6);
    /* for three: 1000 takes a block of 1024, 13000 one of 14336 */
    assert_int_equal(tp_block_trace_peak(&first, 1, &second, 2, 3), 1024 + 14336);
    assert_int_equal(tp_block_trace_peak(&first, 1, &second, 2, 1), 1024 + 5120);
    second.count = 4; /* other steps: the peaks grow in place of the blocks */
    assert_int_equal(tp_block_trace_peak(&first, 1, &second, 2, 3),
                     1024 + 5120 + 2 * (10240 - 5120));
}

/* ---- against the allocator ---- */

static tp_shape batch_of(int64_t count, tp_shape sample) {
    tp_shape batch = {.ndim = sample.ndim + 1, .dims = {count}};
    for (int i = 0; i < sample.ndim; i++) batch.dims[i + 1] = sample.dims[i];
    return batch;
}

static size_t measured_evaluation(tp_module *m, tp_shape batch) {
    tp_memory_reset_peak();
    tp_eval(m);
    TP_NO_GRAD {
        for (int call = 0; call < 2; call++) /* the second one finds the folded weights there */
            TP_SCOPE { tp_call(m, tp_zeros(batch)); }
    }
    tp_train(m);
    return tp_memory_get_stats().peak_bytes;
}

static size_t measured_training(tp_module *m, tp_shape batch) {
    tp_memory_reset_peak();
    tp_optim *optim = tp_adam(m);
    for (int step = 0; step < 2; step++) {
        TP_SCOPE {
            tp_tensor *loss = tp_mean(tp_square(tp_call(m, tp_zeros(batch))));
            tp_zero_grad(optim);
            tp_backward(loss);
            tp_step(optim);
        }
    }
    size_t peak = tp_memory_get_stats().peak_bytes;
    tp_optim_free(optim);
    return peak;
}

static void check_near(const char *what, int64_t told, size_t measured) {
    double ratio = (double)told / (double)measured;
    if (!(ratio > 0.85 && ratio < 1.15))
        fail_msg("%s: %lld bytes were told, %zu measured (%.2f)", what, (long long)told, measured,
                 ratio);
}

/* Takes the model over. */
static void check_forecast(const char *what, tp_module *m, tp_shape sample, int64_t count) {
    assert_non_null(m);
    tp_memory_forecast told = tp_predict_memory(m, sample, .batch_size = count);
    check_near(what, told.inference, measured_evaluation(m, batch_of(count, sample)));
    check_near(what, told.training, measured_training(m, batch_of(count, sample)));
    tp_module_free(m);
}

static void perceptrons_need_what_was_told(void **state) {
    (void)state;
    const char *mlp = "flatten linear:128 relu linear:64 relu linear:10";
    check_forecast("mlp, 32", tp_nn_from_text(mlp, tp_shape(1, 28, 28)), tp_shape(1, 28, 28), 32);
    check_forecast("mlp, 1", tp_nn_from_text(mlp, tp_shape(1, 28, 28)), tp_shape(1, 28, 28), 1);
    check_forecast("mlp, 2000", tp_nn_from_text(mlp, tp_shape(1, 28, 28)), tp_shape(1, 28, 28),
                   2000);
    check_forecast(
        "wide",
        tp_nn_from_text("linear:900 gelu dropout:0.3 linear:500 tanh linear:3", tp_shape(40)),
        tp_shape(40), 300);
}

static void convolutions_need_what_was_told(void **state) {
    (void)state;
    tp_shape digit = tp_shape(1, 28, 28), picture = tp_shape(3, 64, 64);
    static const char convnet3[] =
        "conv:16,k=5,p=2 relu maxpool:2 conv:32,k=5,p=2 relu maxpool:2 conv:64,k=5,p=2 relu "
        "maxpool:2 flatten dropout:0.5 linear:128 relu dropout:0.5 linear:256 relu linear:10";
    static const char convnet4[] =
        "2*(conv:64,k=3,p=1 bn relu) maxpool:2 dropout:0.4 2*(conv:128,k=3,p=1 bn relu) maxpool:2 "
        "dropout:0.4 2*(conv:256,k=3,p=1 bn relu) avgpool:7 flatten dropout:0.5 linear:10";
    static const char resnet18[] = /* ResNet18's layers */
        "conv:64,k=7,s=2,p=3,bias=0 bn relu maxpool:3,s=2,p=1 "
        "2*((conv:64,k=3,p=1 bn relu conv:64,k=3,p=1 bn)+ relu) "
        "(conv:128,k=3,s=2,p=1 bn relu conv:128,k=3,p=1 bn)+(conv:128,k=1,s=2 bn) relu "
        "(conv:128,k=3,p=1 bn relu conv:128,k=3,p=1 bn)+ relu "
        "(conv:256,k=3,s=2,p=1 bn relu conv:256,k=3,p=1 bn)+(conv:256,k=1,s=2 bn) relu "
        "(conv:256,k=3,p=1 bn relu conv:256,k=3,p=1 bn)+ relu "
        "(conv:512,k=3,s=2,p=1 bn relu conv:512,k=3,p=1 bn)+(conv:512,k=1,s=2 bn) relu "
        "(conv:512,k=3,p=1 bn relu conv:512,k=3,p=1 bn)+ relu adaptive_avgpool:1 flatten linear:10";
    check_forecast("convnet3", tp_nn_from_text(convnet3, digit), digit, 32);
    check_forecast("convnet4", tp_nn_from_text(convnet4, digit), digit, 16);
    check_forecast("resnet18", tp_nn_from_text(resnet18, picture), picture, 16);
}

/* ---- what it must not touch ---- */

static tp_tensor *count_calls(tp_module *m, tp_tensor *x, tp_tensor *y, void *user) {
    (void)m, (void)x, (void)y;
    ++*(int *)user;
    return NULL;
}

static void nothing_is_changed(void **state) {
    (void)state;
    tp_module *m = tp_nn_from_text("linear:4 dropout:0.5 linear:2", tp_shape(3));
    tp_module *dropout = tp_get_module(m, "1");
    int calls = 0;
    tp_add_hook(m, count_calls, &calls);
    tp_eval(dropout);
    TP_SCOPE { tp_backward(tp_sum(tp_call(m, tp_ones(tp_shape(1, 3))))); }
    tp_manual_seed(3);
    tp_tensor *gradient = tp_grad(tp_get_tensor(m, "0.weight"));
    double before = tp_get(gradient, 1, 2);
    tp_memory_forecast told = tp_predict_memory(m, tp_shape(3));
    assert_true(told.inference > 0 && told.training > told.inference);
    assert_ptr_equal(tp_grad(tp_get_tensor(m, "0.weight")), gradient);
    assert_true(tp_get(gradient, 1, 2) == before);
    assert_int_equal(calls, 1);
    assert_true(tp_is_training(m) && !tp_is_training(dropout));
    TP_SCOPE {
        tp_tensor *drawn = tp_rand(tp_shape(1));
        tp_manual_seed(3);
        assert_true(tp_get(drawn, 0) == tp_get(tp_rand(tp_shape(1)), 0));
    }
    tp_module_free(m);
}

static void what_does_not_run_is_no_error(void **state) {
    (void)state;
    tp_module *m = tp_nn_from_text("linear:4 relu", tp_shape(3));
    tp_memory_forecast told = tp_predict_memory(m, tp_shape(5));
    assert_true(told.inference == -1 && told.training == -1);
    assert_int_equal(take_error().count, 0);
    assert_null(tp_summarize(m, tp_shape(5)));
    assert_int_equal(take_error().code, TP_ERROR_SHAPE);
    tp_predict_memory(m, tp_shape(3), .batch_size = -2);
    assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
    tp_module_free(m);
    m = tp_nn_from_text("step", tp_shape(3)); /* nothing to train */
    told = tp_predict_memory(m, tp_shape(3));
    assert_true(told.inference > 0 && told.training == -1);
    tp_module_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(blocks_grow_in_a_straight_line),  CLEAN_TEST(perceptrons_need_what_was_told),
        CLEAN_TEST(convolutions_need_what_was_told), CLEAN_TEST(nothing_is_changed),
        CLEAN_TEST(what_does_not_run_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
