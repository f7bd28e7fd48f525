/* The checkpoints in ../shared/data: networks that were trained with PyTorch give its outputs here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/clean.h"

static golden_file *golden;
static char folder[400];

/* x[n, c, h, w] = ((37 c + 11 h + 7 w + 5 n) mod 255) / 127 - 1, as the generator has it. */
static tp_tensor *pattern(int64_t batch, int64_t channels, int64_t side) {
    tp_tensor *x = tp_empty(tp_shape(batch, channels, side, side));
    float *out = tp_data_float(x);
    for (int64_t n = 0; n < batch; n++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t h = 0; h < side; h++)
                for (int64_t w = 0; w < side; w++)
                    *out++ = (float)((37 * c + 11 * h + 7 * w + 5 * n) % 255) / 127 - 1;
    return x;
}

static tp_tensor *part(const tp_tensor_file *file, const char *format, int i) {
    char name[80];
    snprintf(name, sizeof name, format, i);
    tp_tensor *x = tp_tensor_file_get(file, name);
    if (!x) fail_msg("no tensor %s", name);
    return x;
}

/* Three convolutions with stride 2, pooled after the first two, and one linear layer. */
static tp_tensor *dogs(const tp_tensor_file *file, tp_tensor *x) {
    for (int i = 1; i <= 3; i++) {
        x = tp_conv2d(x, part(file, "state_dict.conv%d.weight", i),
                      .bias = part(file, "state_dict.conv%d.bias", i), .stride = 2, .padding = 2,
                      .activation = TP_ACTIVATION_RELU);
        if (i < 3) x = tp_max_pool2d(x, 2);
    }
    bool source = tp_tensor_file_get(file, "state_dict.fc1.weight") != NULL;
    return tp_linear(tp_flatten(x, 1),
                     part(file, source ? "state_dict.fc%d.weight" : "state_dict.fc_%d.weight", 1),
                     part(file, source ? "state_dict.fc%d.bias" : "state_dict.fc_%d.bias", 1));
}

/* The network of PyTorch's first MNIST example. */
static tp_tensor *mnist(const tp_tensor_file *file, tp_tensor *x) {
    for (int i = 1; i <= 2; i++)
        x = tp_relu(tp_max_pool2d(
            tp_conv2d(x, part(file, "conv%d.weight", i), .bias = part(file, "conv%d.bias", i)), 2));
    x = tp_linear(tp_flatten(x, 1), part(file, "fc%d.weight", 1), part(file, "fc%d.bias", 1),
                  .activation = TP_ACTIVATION_RELU);
    return tp_linear(x, part(file, "fc%d.weight", 2), part(file, "fc%d.bias", 2));
}

static void test_outputs(void **state) {
    (void)state;
    for (golden_case *c = NULL; (c = golden_next(golden, c, "")) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, c->name);
        tp_tensor_file *file = tp_load_tensors(path);
        assert_non_null(file);
        TP_SCOPE {
            bool digits = strncmp(c->name, "mnist", 5) == 0;
            tp_tensor *y = digits ? mnist(file, pattern(2, 1, 28)) : dogs(file, pattern(2, 3, 64));
            assert_true(same_as_golden(golden_need(c, "y"), y, 1e-5, 1e-6, c->name));
        }
        tp_tensor_file_close(file);
    }
}

/* What stands beside the tensors, NumPy's numbers among it. */
static void test_values(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/dogs_target_epoch9.pth.tar", folder);
    tp_tensor_file *file = tp_load_tensors(path);
    const tp_value *root = tp_tensor_file_value(file);
    assert_int_equal(tp_value_int(tp_value_get(root, "epoch")), 9);
    assert_int_equal(tp_value_count(tp_value_get(root, "stats")), 10);
    assert_true(tp_value_float(tp_value_get(root, "stats.0.0")) == 0.5);
    assert_true(tp_value_float(tp_value_get(root, "stats.0.1")) == 0.6976456642150879);
    assert_int_equal(tp_value_count(tp_value_get(root, "state_dict")), 8);
    tp_tensor_file_close(file);
}

static void test_safetensors(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/mnist_tinygrad.safetensors", folder);
    tp_tensor_file *file = tp_load_tensors(path);
    assert_true(tp_tensor_file_list(file).count > 0);
    tp_tensor_file_close(file);
}

int main(void) {
    const char *data = getenv("TAPER_DATA");
    snprintf(folder, sizeof folder, "%s/checkpoints",
             data && data[0] ? data : TP_SOURCE_DIR "/../shared/data");
    if (access(folder, R_OK) != 0) {
        fprintf(stderr, "skipped: no %s (set TAPER_DATA to the folder with checkpoints/)\n",
                folder);
        return 77;
    }
    golden = golden_load("checkpoints");
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_outputs),
        CLEAN_TEST(test_values),
        CLEAN_TEST(test_safetensors),
    };
    int failed = cmocka_run_group_tests_name("checkpoints", tests, NULL, NULL);
    golden_free(golden);
    return failed;
}
