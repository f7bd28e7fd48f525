/* tp_set_float32_matmul_precision(): what is rounded and what is not, gradients, training, and what happens without AVX512-BF16.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/tensors.h"

static bool available(void) { return !tp_precision_fallback(TP_PRECISION_BF16); }

static int reset(void **state) {
    (void)state;
    watch_errors();
    tp_set_float32_matmul_precision(TP_PRECISION_FLOAT32);
    return 0;
}

static void test_is_set_and_told(void **state) {
    (void)state;
    assert_int_equal(tp_get_float32_matmul_precision(), TP_PRECISION_FLOAT32);
    assert_null(tp_precision_fallback(TP_PRECISION_FLOAT32));
    assert_null(tp_precision_fallback(TP_PRECISION_UNCHANGED));
    assert_true(tp_set_float32_matmul_precision(TP_PRECISION_UNCHANGED));
    const char *capability = tp_cpu_capability();
    bool set = tp_set_float32_matmul_precision(TP_PRECISION_BF16);
    assert_int_equal(set, available());
    assert_int_equal(tp_get_float32_matmul_precision(),
                     set ? TP_PRECISION_BF16 : TP_PRECISION_FLOAT32);
    if (!set) assert_non_null(strstr(tp_precision_fallback(TP_PRECISION_BF16), "in float32"));
    assert_true(tp_set_float32_matmul_precision(TP_PRECISION_UNCHANGED));
    assert_int_equal(tp_get_float32_matmul_precision(),
                     set ? TP_PRECISION_BF16 : TP_PRECISION_FLOAT32);
    assert_string_equal(tp_cpu_capability(), capability);
    assert_true(tp_set_float32_matmul_precision(TP_PRECISION_FLOAT32));
    assert_int_equal(tp_get_float32_matmul_precision(), TP_PRECISION_FLOAT32);
}

/* The largest difference, as a share of the largest element. */
static double difference(tp_tensor *a, tp_tensor *b) {
    double most = tp_item(tp_max(tp_abs(tp_sub(a, b)))), size = tp_item(tp_max(tp_abs(b)));
    assert_false(isnan(most));
    return most / size;
}

/* A small network in that precision: its result and three gradients, float32 all of them. */
static void run_network(tp_precision precision, tp_tensor **out) {
    tp_set_float32_matmul_precision(precision);
    tp_manual_seed(4);
    tp_tensor *x = tp_requires_grad(tp_randn(tp_shape(32, 8, 12, 12)));
    tp_tensor *kernel = tp_requires_grad(tp_randn(tp_shape(32, 8, 3, 3)));
    tp_tensor *weight = tp_requires_grad(tp_randn(tp_shape(64, 32 * 36)));
    tp_tensor *y = tp_conv2d(x, kernel, .stride = 2, .padding = 1);
    out[0] = tp_linear(tp_flatten(y), weight);
    tp_backward(tp_sum(tp_mul(out[0], out[0])));
    out[1] = tp_grad(x), out[2] = tp_grad(kernel), out[3] = tp_grad(weight);
    for (int i = 0; i < 4; i++) assert_int_equal(tp_dtype_of(out[i]), TP_FLOAT32);
}

static void test_results_and_gradients(void **state) {
    (void)state;
    if (!available()) skip();
    TP_SCOPE {
        tp_tensor *exact[4], *rough[4], *again[4];
        run_network(TP_PRECISION_FLOAT32, exact);
        run_network(TP_PRECISION_BF16, rough);
        for (int i = 0; i < 4; i++) {
            double d = difference(rough[i], exact[i]);
            /* 8 bits, and sums in which errors partly cancel: neither float32 nor far from it */
            if (!(d > 1e-4 && d < 2e-2)) fail_msg("tensor %d: %g", i, d);
        }
        run_network(TP_PRECISION_FLOAT32, again);
        for (int i = 0; i < 4; i++) assert_true(difference(again[i], exact[i]) == 0);
    }
}

static void test_doubles_stay_doubles(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_randn(tp_shape(64, 64), .dtype = TP_FLOAT64);
        tp_tensor *b = tp_randn(tp_shape(64, 64), .dtype = TP_FLOAT64);
        tp_tensor *exact = tp_matmul(a, b);
        tp_set_float32_matmul_precision(TP_PRECISION_BF16);
        assert_true(difference(tp_matmul(a, b), exact) == 0);
    }
}

/* ---- training ---- */

enum { SAMPLES = 8000, TESTS = 5000 };

typedef struct kit {
    tp_module *net;
    tp_optim *optim;
    tp_loader *train, *test;
} kit;

static kit kit_new(uint64_t seed) {
    tp_manual_seed(seed);
    kit k = {.net = tp_nn_sequential(tp_nn_conv2d(1, 16, 5, .padding = 2), tp_nn_relu(),
                                     tp_nn_max_pool2d(2), tp_nn_conv2d(16, 32, 3, .stride = 2),
                                     tp_nn_relu(), tp_nn_flatten(), tp_nn_linear(32 * 36, 128),
                                     tp_nn_relu(), tp_nn_linear(128, 10))};
    k.optim = tp_adam(k.net, .lr = 0.001);
    k.train = tp_loader_new(tp_digits("train", .count = SAMPLES), .batch_size = 32, .shuffle = true,
                            .seed = seed);
    k.test = tp_loader_new(tp_digits("test", .count = TESTS), .batch_size = 250);
    return k;
}

static void kit_free(kit *k) {
    tp_loader_free(k->train);
    tp_loader_free(k->test);
    tp_optim_free(k->optim);
    tp_module_free(k->net);
}

static double accuracy(uint64_t seed, tp_precision precision) {
    kit k = kit_new(seed);
    tp_history h = tp_fit(k.net, k.train, .optim = k.optim, .epochs = 3, .precision = precision);
    assert_int_equal(h.stop, TP_STOP_EPOCHS);
    assert_int_equal(tp_get_float32_matmul_precision(), TP_PRECISION_FLOAT32); /* put back */
    tp_evaluation e = tp_evaluate(k.net, k.test);
    assert_true(e.ok);
    tp_history_free(&h);
    kit_free(&k);
    return e.accuracy;
}

/* At most 0.3 points less on average. One seed's two runs differ by 0.3 points either way, since any rounding leads elsewhere: it
 * takes many seeds to tell. */
static void test_trains_as_well(void **state) {
    enum { SEEDS = 9 };
    if (!available()) skip();
    double exact = 0, rough = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        TP_SCOPE {
            exact += accuracy(seed, TP_PRECISION_FLOAT32) / SEEDS;
            rough += accuracy(seed, TP_PRECISION_BF16) / SEEDS;
        }
    }
    (void)state;
    if (!(exact > 0.9) || rough < exact - 0.003)
        fail_msg("means of %.2f %% and %.2f %%", 100 * exact, 100 * rough);
}

static void get_weights(const kit *k, float *out) {
    assert_true(tp_copy_out(tp_get_tensor(k->net, "6.weight"), out));
}

/* Broken off and gone on with, at any number of threads: the same bytes. */
static void test_resumes_to_the_same_bytes(void **state) {
    (void)state;
    enum { WEIGHTS = 128 * 32 * 36 };
    const char *path = "/tmp/taper-precision.safetensors";
    float *whole = malloc(WEIGHTS * sizeof *whole), *broken = malloc(WEIGHTS * sizeof *broken);
    assert_true(whole && broken);
    int threads = tp_get_num_threads();
    tp_set_num_threads(1);
    kit k = kit_new(7);
    tp_history h =
        tp_fit(k.net, k.train, .optim = k.optim, .max_steps = 50, .precision = TP_PRECISION_BF16);
    get_weights(&k, whole);
    tp_history_free(&h);
    kit_free(&k);
    remove(path);
    for (int part = 0; part < 2; part++) {
        tp_set_num_threads(part == 0 ? 2 : 3);
        k = kit_new(7);
        h = tp_fit(k.net, k.train, .optim = k.optim, .max_steps = part == 0 ? 20 : 50,
                   .checkpoint = path, .resume = part == 1, .precision = TP_PRECISION_BF16);
        assert_int_equal(h.stop, TP_STOP_EPOCHS);
        if (part == 1) assert_int_equal(h.resumed_step, 20);
        get_weights(&k, broken);
        tp_history_free(&h);
        kit_free(&k);
    }
    assert_memory_equal(whole, broken, WEIGHTS * sizeof *whole);
    tp_set_num_threads(threads);
    remove(path);
    free(whole);
    free(broken);
}

/* What progress shows. */
static void append(const char *text, size_t length, void *user) { strncat(user, text, length); }

static void test_says_what_it_falls_back_to(void **state) {
    (void)state;
    char shown[4096] = "";
    kit k = kit_new(1);
    tp_history h =
        tp_fit(k.net, k.train, .optim = k.optim, .max_steps = 1, .precision = TP_PRECISION_BF16,
               .progress = TP_PROGRESS_LINES, .sink = append, .sink_user = shown);
    const char *note = tp_precision_fallback(TP_PRECISION_BF16);
    assert_int_equal(strstr(shown, "products are computed in float32") != NULL, note != NULL);
    if (note) assert_non_null(strstr(shown, note));
    tp_history_free(&h);
    kit_free(&k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_is_set_and_told, reset),
        cmocka_unit_test_setup(test_results_and_gradients, reset),
        cmocka_unit_test_setup(test_doubles_stay_doubles, reset),
        cmocka_unit_test_setup(test_trains_as_well, reset),
        cmocka_unit_test_setup(test_resumes_to_the_same_bytes, reset),
        cmocka_unit_test_setup(test_says_what_it_falls_back_to, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
