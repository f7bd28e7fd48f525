/* Networks written as text: what is built, and what is said about mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "support/clean.h"

/* The text gives a network of these types. */
static void check_types(const char *text, tp_shape sample, const char *const *types, int count) {
    tp_module *m = tp_nn_from_text(text, sample);
    assert_non_null(m);
    assert_int_equal(tp_child_count(m), count);
    for (int i = 0; i < count; i++)
        assert_string_equal(tp_module_type(tp_child_get(m, i)), types[i]);
    tp_module_free(m);
}

static void layers_come_in_order(void **state) {
    (void)state;
    static const char *const types[] = {"Flatten", "Linear", "ReLU", "Linear"};
    check_types("flatten linear:128 relu linear:10", tp_shape(1, 28, 28), types, 4);
    check_types("  flatten\tlinear:128\n relu  linear:10 ", tp_shape(1, 28, 28), types, 4);
}

static void every_word_of_the_list_is_understood(void **state) {
    (void)state;
    for (size_t i = 0; tp_layer_text_usage(i); i++) {
        /* "leaky_relu[:SLOPE]" without its numbers, then with one */
        char text[64];
        const char *usage = tp_layer_text_usage(i), *colon = strchr(usage, ':');
        int length = (int)strcspn(usage, "[:");
        bool needs = colon && usage[length] == ':';
        snprintf(text, sizeof text, "%.*s%s", length, usage, needs ? ":1" : "");
        tp_shape sample = strncmp(usage, "linear:", 7) == 0 ? tp_shape(4) : tp_shape(4, 9, 9);
        tp_module *m = tp_nn_from_text(text, sample);
        assert_non_null(m);
        tp_module_free(m);
        if (!colon || needs) continue;
        bool whole = strstr(usage, "[:K") || strstr(usage, "[:S") || strstr(usage, "affine");
        const char *number = strstr(usage, "affine") ? "1" : whole ? "4" : "0.25";
        snprintf(text, sizeof text, "%.*s:%s", length, usage, number);
        m = tp_nn_from_text(text, sample);
        assert_non_null(m);
        tp_module_free(m);
    }
}

static void sizes_of_inputs_are_found(void **state) {
    (void)state;
    tp_module *m = tp_nn_from_text("flatten linear:7 tanh linear:2", tp_shape(3, 4, 5));
    assert_non_null(m);
    assert_int_equal(tp_parameter_count(m), 60 * 7 + 7 + 7 * 2 + 2);
    TP_SCOPE {
        tp_tensor *y = tp_call(m, tp_zeros(tp_shape(6, 3, 4, 5)));
        assert_int_equal(tp_size(y, 0), 6);
        assert_int_equal(tp_size(y, 1), 2);
    }
    tp_module_free(m);
}

static void numbers_reach_the_layer(void **state) {
    (void)state;
    tp_module *m = tp_nn_from_text("leaky_relu:0.25", tp_shape(1));
    assert_non_null(m);
    TP_SCOPE {
        float values[] = {-4, 8};
        tp_tensor *y = tp_call(m, tp_from_data(values, tp_shape(2, 1)));
        assert_float_equal(tp_get(y, 0, 0), -1, 0);
        assert_float_equal(tp_get(y, 1, 0), 8, 0);
    }
    tp_module_free(m);
}

/* Text, what the error must say, and at which column. */
static void check_refused(const char *text, const char *column, const char *word) {
    assert_null(tp_nn_from_text(text, tp_shape(1, 28, 28)));
    seen_error error = take_error();
    assert_int_equal(error.count, 1);
    assert_int_equal(error.code, TP_ERROR_ARGUMENT);
    if (column && !strstr(error.text, column)) fail_msg("no \"%s\" in: %s", column, error.text);
    if (!strstr(error.text, word)) fail_msg("no \"%s\" in: %s", word, error.text);
}

static void mistakes_name_column_and_word(void **state) {
    (void)state;
    check_refused("flatten linaer:128 relu", "at column 9", "did you mean \"linear\"");
    check_refused("flaten", "at column 1", "did you mean \"flatten\"");
    check_refused("flatten leakyrelu", "at column 9", "did you mean \"leaky_relu\"");
    check_refused("linear:10", "at column 1", "put `flatten` before it");
    check_refused("flatten linear", "at column 9", "linear:OUT");
    check_refused("flatten linear:0", "at column 9", "at least 1");
    check_refused("flatten linear:2.5", "at column 9", "whole number");
    check_refused("flatten linear:-3", "at column 9", "at least 1");
    check_refused("flatten linear:1,2", "at column 9", "0 or 1");
    check_refused("flatten linear:ten", "at column 9", "linear:OUT");
    check_refused("flatten relu:1", "at column 9", "relu");
    check_refused("flatten  dropout:1.5", "at column 10", "from 0 to 1");
    check_refused("flatten linear:1e30", "at column 9", "whole number");
    check_refused("", NULL, "without layers");
    check_refused("  \t ", NULL, "without layers");
    assert_null(tp_nn_from_text(NULL, tp_shape(1)));
    assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
}

/* A text, a sample, and the shape of what comes out of a batch of two. */
static void check_result(const char *text, tp_shape sample, tp_shape want) {
    tp_module *m = tp_nn_from_text(text, sample);
    if (!m) fail_msg("%s: %s", text, take_error().text);
    tp_shape batch = {.ndim = sample.ndim + 1, .dims = {2}};
    for (int i = 0; i < sample.ndim; i++) batch.dims[i + 1] = sample.dims[i];
    TP_SCOPE {
        tp_tensor *y = tp_call(m, tp_rand(batch));
        if (tp_ndim(y) != want.ndim + 1) fail_msg("%s: %d dimensions", text, tp_ndim(y));
        for (int i = 0; i < want.ndim; i++)
            if (tp_size(y, i + 1) != want.dims[i])
                fail_msg("%s: %lld along %d", text, (long long)tp_size(y, i + 1), i);
    }
    tp_module_free(m);
}

static void layers_over_pictures_take_their_settings(void **state) {
    (void)state;
    tp_shape rgb = tp_shape(3, 32, 24);
    check_result("conv:8,k=5,p=2 relu maxpool:2", rgb, tp_shape(8, 16, 12));
    check_result("conv:8", rgb, tp_shape(8, 30, 22));
    check_result("conv:8,7x3,2x1,3x1", rgb, tp_shape(8, 16, 24));
    check_result("conv:9,k=3,p=same,g=3,bias=0", rgb, tp_shape(9, 32, 24));
    check_result("conv:4,k=3,d=2,p=2x0", rgb, tp_shape(4, 32, 20));
    check_result("depthwise:5,s=2,p=2,m=4", rgb, tp_shape(12, 16, 12));
    check_result("conv_transpose:6,k=4,s=2,p=1", rgb, tp_shape(6, 64, 48));
    check_result("conv_transpose:6,k=3,s=2,op=1", rgb, tp_shape(6, 66, 50));
    check_result("maxpool:3,s=2,p=1 avgpool avgpool:k=2x3", rgb, tp_shape(3, 4, 2));
    check_result("maxpool:5,ceil=1", rgb, tp_shape(3, 7, 5));
    check_result("bn adaptive_avgpool:7x5 adaptive_maxpool:2", rgb, tp_shape(3, 2, 2));
    check_result("zero_pad:1 reflect_pad:2 replicate_pad:3 circular_pad:4", rgb,
                 tp_shape(3, 52, 44));
    check_result("conv:4,k=5,s=2,p=2 bn relu maxpool:2 adaptive_avgpool:3", tp_shape(2, 40),
                 tp_shape(4, 3)); /* signals */
    check_result("linear:5 bn layernorm prelu:5 hardtanh:-2,2", tp_shape(4), tp_shape(5));
    check_result("conv:8,p=same groupnorm:4 instancenorm:1 lrn:3 layernorm prelu:8", rgb,
                 tp_shape(8, 32, 24));
    check_result("upsample:2 upsample:1.5,mode=bilinear", rgb, tp_shape(3, 96, 72));
    check_result("conv:8,p=same pixel_shuffle:2 instancenorm", rgb, tp_shape(2, 64, 48));
    check_result("conv:8,k=5,p=2 relu maxpool:2 flatten linear:500 relu linear:10",
                 tp_shape(1, 28, 28), tp_shape(10));
    check_result("conv:8,k=3,p=1 2*((conv:8,k=3,p=1 bn relu conv:8,k=3,p=1 bn)+ relu) "
                 "(conv:16,k=3,s=2,p=1 bn relu conv:16,k=3,p=1 bn)+(conv:16,k=1,s=2 bn) relu",
                 rgb, tp_shape(16, 16, 12));
}

static void mistakes_over_pictures_are_found(void **state) {
    (void)state;
    check_refused("flatten conv:8", "at column 9", "(784,) reaches it");
    check_refused("conv:8,k=0", "at column 1", "at least 1");
    check_refused("conv:8,k=31", "at column 1", "the height of the result would be");
    check_refused("conv:8,p=some", "at column 1", "p is some");
    check_refused("conv:8,g=3", "at column 1", "3");
    check_refused("conv:8 conv:9,s=2,p=same", "at column 8", "stride");
    check_refused("maxpool:2,p=2", "at column 1", "half");
    check_refused("maxpool:2,s=0", "at column 1", "at least 1");
    check_refused("(conv:8,k=3,p=1 bn)+", "at column 1", "(...)+(conv:64,k=1,s=2 bn)");
    check_refused("reflect_pad:28", "at column 1", "28");
}

static void groups_nest_and_repeat(void **state) {
    (void)state;
    tp_module *m = tp_nn_from_text("flatten 2*( linear:6 relu ) (linear:5(relu(tanh)))linear:2",
                                   tp_shape(2, 3));
    assert_non_null(m);
    static const char *const keys[] = {"1.0.weight", "1.0.bias", "2.0.weight", "2.0.bias",
                                       "3.0.weight", "3.0.bias", "4.weight",   "4.bias"};
    tp_named_list list = tp_parameters(m);
    assert_int_equal(list.count, 8);
    for (size_t i = 0; i < list.count; i++) assert_string_equal(list.items[i].name, keys[i]);
    assert_string_equal(tp_module_type(tp_get_module(m, "3.1.1.0")), "Tanh");
    tp_module_free(m);
}

static void residual_blocks_add(void **state) {
    (void)state;
    tp_module *m =
        tp_nn_from_text("(linear:4 tanh)+ relu (linear:3)+(linear:3,bias=0)", tp_shape(4));
    assert_non_null(m);
    static const char *const keys[] = {"0.body.0.weight", "0.body.0.bias", "2.body.0.weight",
                                       "2.body.0.bias", "2.shortcut.0.weight"};
    tp_named_list list = tp_parameters(m);
    assert_int_equal(list.count, 5);
    for (size_t i = 0; i < list.count; i++) assert_string_equal(list.items[i].name, keys[i]);
    TP_SCOPE {
        tp_tensor *x = tp_requires_grad(tp_randn(tp_shape(2, 4)));
        tp_tensor *h = tp_relu(tp_add(tp_call(tp_get_module(m, "0.body"), x), x));
        tp_tensor *y = tp_add(tp_call(tp_get_module(m, "2.body"), h),
                              tp_call(tp_get_module(m, "2.shortcut"), h));
        assert_true(tp_allclose(tp_call(m, x), y));
        tp_backward(tp_sum(tp_call(m, x)));
        assert_non_null(tp_grad(x));
    }
    tp_module_free(m);
}

static void mistakes_in_groups_are_found(void **state) {
    (void)state;
    check_refused("flatten (linear:3", "at column 9", "never closed");
    check_refused("flatten linear:3)", "at column 17", "closes nothing");
    check_refused("flatten (linear:3 (relu) tanh))", "at column 31", "closes nothing");
    check_refused("flatten (linear:3)+", "at column 9", "(784,) is to be added");
    check_refused("flatten (linear:3)+(linear:4)", "at column 9", "(4,) is to be added");
    check_refused("flatten (linear:3)+(linaer:3)", "at column 21", "did you mean \"linear\"");
    check_refused("flatten 0*(relu)", "at column 9", "N*(...)");
    check_refused("flatten 3*relu", "at column 9", "N*(...)");
    check_refused("flatten 3", "at column 9", "N*(...)");
    check_refused("flatten 1001*(relu)", "at column 9", "1000");
    check_refused("((((((((((((((((((relu))))))))))))))))))", "at column 17", "at most 16");
    check_refused("flatten linear:out=3,out=4", "at column 9", "linear:OUT");
    check_refused("flatten linear:3,q=4", "at column 9", "linear:OUT");
    check_refused("flatten linear:3,bias=", "at column 9", "linear:OUT");
    check_refused("flatten linear:3,bias", "at column 9", "bias is bias; want 0 or 1");
    check_refused("flatten linear:3x4", "at column 9", "one number");
    check_refused("flatten linear:0x10", "at column 9", "at least 1");
    check_refused("flatten dropout:nan", "at column 9", "a number");
}

/* Nearly any bytes: never a crash, and nothing is left behind. */
static void any_text_is_survived(void **state) {
    (void)state;
    static const char letters[] = "linear:flatten relu,0123456789.e- \t\xc3\xa4()()+*=xp";
    uint32_t x = 12345;
    for (int round = 0; round < 3000; round++) {
        char text[48];
        size_t length = round % (sizeof text - 1);
        for (size_t i = 0; i < length; i++) {
            x = x * 1664525 + 1013904223;
            text[i] = letters[(x >> 16) % (sizeof letters - 1)];
        }
        text[length] = 0;
        tp_module_free(tp_nn_from_text(text, tp_shape(2, 2)));
    }
    take_error();
}

/* ---- out of memory ---- */

typedef struct failing {
    int64_t left; /* allocations that still succeed */
} failing;

static void *failing_allocate(size_t bytes, void *user) {
    failing *f = user;
    return f->left-- > 0 ? aligned_alloc(64, bytes) : NULL;
}

static void failing_release(void *block, size_t bytes, void *user) {
    (void)bytes, (void)user;
    free(block);
}

/* The first, the second, ... allocation fails: one error, and nothing is left behind. */
static void memory_may_end_anywhere(void **state) {
    (void)state;
    tp_set_num_threads(1);
    bool whole = false;
    int64_t step = 0;
    for (; !whole && step < 3000; step++) {
        tp_shutdown();
        watch_errors();
        failing f = {step};
        tp_allocator allocator = {failing_allocate, failing_release, &f};
        tp_set_allocator(&allocator);
        tp_module *m = tp_nn_from_text(
            "conv:2 (bn relu conv:2,p=1)+(conv:2,k=1) relu flatten linear:2", tp_shape(1, 6, 6));
        tp_module_free(m);
        seen_error error = take_error();
        whole = m != NULL;
        if (!whole && error.code != TP_ERROR_MEMORY) fail_msg("%s", error.text);
        if (!whole) assert_int_equal(error.count, 1);
        assert_int_equal(tp_memory_get_stats().live_tensors, 0);
        tp_shutdown();
        tp_set_allocator(NULL);
    }
    watch_errors();
    assert_true(step > 20 && step < 3000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(layers_come_in_order),
        CLEAN_TEST(every_word_of_the_list_is_understood),
        CLEAN_TEST(sizes_of_inputs_are_found),
        CLEAN_TEST(numbers_reach_the_layer),
        CLEAN_TEST(mistakes_name_column_and_word),
        CLEAN_TEST(groups_nest_and_repeat),
        CLEAN_TEST(layers_over_pictures_take_their_settings),
        CLEAN_TEST(mistakes_over_pictures_are_found),
        CLEAN_TEST(residual_blocks_add),
        CLEAN_TEST(mistakes_in_groups_are_found),
        CLEAN_TEST(any_text_is_survived),
        CLEAN_TEST(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
