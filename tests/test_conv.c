/* Convolutions: held to PyTorch's values and gradients, sizes without data, layers, what goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "support/op_cases.h"

/* ---- values and gradients ---- */

/* The options of a case; pairs hold one number for a line. */
typedef struct options {
    int64_t stride[2], padding[2], dilation[2], output_padding[2], groups;
    bool same;
    tp_pad_mode mode;
} options;

static options options_of(const golden_case *c) {
    static const char *const modes[] = {"zeros", "reflect", "replicate", "circular"};
    options o = {.groups = golden_integer(c, "groups", 0)};
    golden_list(c, "stride", o.stride, 2);
    golden_list(c, "dilation", o.dilation, 2);
    golden_list(c, "output_padding", o.output_padding, 2);
    const char *padding = golden_word(c, "padding", "valid");
    o.same = strcmp(padding, "same") == 0;
    if (!o.same && strcmp(padding, "valid") != 0) golden_list(c, "padding", o.padding, 2);
    for (int i = 0; i < 4; i++)
        if (strcmp(golden_word(c, "padding_mode", "zeros"), modes[i]) == 0) o.mode = (tp_pad_mode)i;
    return o;
}

static int64_t call_conv2d(op_call *call) {
    options o = options_of(call->c);
    call->out[0] = tp_conv2d(call->in[0], call->in[1], .bias = call->n > 2 ? call->in[2] : NULL,
                             .stride_hw = {o.stride[0], o.stride[1]},
                             .padding_hw = {o.padding[0], o.padding[1]},
                             .dilation_hw = {o.dilation[0], o.dilation[1]}, .groups = o.groups,
                             .same = o.same, .padding_mode = o.mode);
    return 1;
}

static int64_t call_conv1d(op_call *call) {
    options o = options_of(call->c);
    call->out[0] =
        tp_conv1d(call->in[0], call->in[1], .bias = call->n > 2 ? call->in[2] : NULL,
                  .stride = o.stride[0], .padding = o.padding[0], .dilation = o.dilation[0],
                  .groups = o.groups, .same = o.same, .padding_mode = o.mode);
    return 1;
}

static int64_t call_transpose2d(op_call *call) {
    options o = options_of(call->c);
    call->out[0] = tp_conv_transpose2d(
        call->in[0], call->in[1], .bias = call->n > 2 ? call->in[2] : NULL,
        .stride_hw = {o.stride[0], o.stride[1]}, .padding_hw = {o.padding[0], o.padding[1]},
        .output_padding_hw = {o.output_padding[0], o.output_padding[1]},
        .dilation_hw = {o.dilation[0], o.dilation[1]}, .groups = o.groups);
    return 1;
}

static int64_t call_transpose1d(op_call *call) {
    options o = options_of(call->c);
    call->out[0] = tp_conv_transpose1d(
        call->in[0], call->in[1], .bias = call->n > 2 ? call->in[2] : NULL, .stride = o.stride[0],
        .padding = o.padding[0], .output_padding = o.output_padding[0], .dilation = o.dilation[0],
        .groups = o.groups);
    return 1;
}

static void test_values_and_gradients(void **state) {
    (void)state;
    static const op_case table[] = {{"conv2d", call_conv2d},
                                    {"conv1d", call_conv1d},
                                    {"conv_transpose2d", call_transpose2d},
                                    {"conv_transpose1d", call_transpose1d}};
    watch_errors();
    assert_int_equal(run_op_cases("conv", table, 4), 56);
}

/* ---- layers ---- */

static tp_module *layer_of(const char *name) {
    if (strcmp(name, "layer/Conv2d,1") == 0) return tp_nn_conv2d(3, 6, 5, .stride = 2);
    if (strcmp(name, "layer/Conv2d,2") == 0)
        return tp_nn_conv2d(4, 8, .kernel_hw = {3, 2}, .groups = 4, .no_bias = true);
    if (strcmp(name, "layer/Conv2d,3") == 0)
        return tp_nn_conv2d(2, 2, 3, .same = true, .dilation = 2);
    if (strcmp(name, "layer/Conv2d,4") == 0)
        return tp_nn_conv2d(2, 4, 3, .padding_hw = {1, 0}, .padding_mode = TP_PAD_CIRCULAR);
    if (strcmp(name, "layer/Conv1d,5") == 0) return tp_nn_conv1d(3, 4, 7, .padding = 3);
    if (strcmp(name, "layer/ConvTranspose2d,6") == 0)
        return tp_nn_conv_transpose2d(4, 6, 4, .stride = 2, .padding = 1, .groups = 2);
    assert_string_equal(name, "layer/ConvTranspose1d,7");
    return tp_nn_conv_transpose1d(4, 2, 3, .stride = 3, .output_padding = 1);
}

/* What tp_print_module writes, without spaces and the newline. */
static void shown_without_spaces(const tp_module *m, char *to, size_t size) {
    FILE *f = tmpfile();
    assert_non_null(f);
    tp_print_module(m, f);
    rewind(f);
    size_t n = 0;
    for (int c; (c = fgetc(f)) != EOF && n + 1 < size;)
        if (c != ' ' && c != '\n') to[n++] = (char)c;
    to[n] = '\0';
    fclose(f);
}

static void test_layers(void **state) {
    (void)state;
    golden_file *file = golden_load("conv");
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "layer/")) != NULL; cases++) {
        tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
        tp_module *m = layer_of(c->name);
        assert_non_null(m);
        char shown[256];
        shown_without_spaces(m, shown, sizeof shown);
        assert_string_equal(shown, golden_word(c, "repr", ""));
        TP_SCOPE {
            const golden_tensor *bias = golden_find(c, "bias");
            assert_true(same_as_golden(golden_need(c, "weight"), tp_get_tensor(m, "weight"), 0, 0,
                                       c->name));
            if (bias) assert_true(same_as_golden(bias, tp_get_tensor(m, "bias"), 0, 0, c->name));
            assert_true(
                same_as_golden(golden_need(c, "next"), tp_rand(tp_shape(4)), 0, 0, c->name));
            tp_tensor *y = tp_call(m, from_golden(golden_need(c, "x"), TP_FLOAT32));
            assert_true(same_as_golden(golden_need(c, "y"), y, 1e-5, 1e-6, c->name));
        }
        tp_module_free(m);
    }
    golden_free(file);
    assert_int_equal(cases, 7);
}

static void test_multiply_adds(void **state) {
    (void)state;
    tp_module *m = tp_nn_sequential(tp_nn_conv2d(3, 6, 5, .stride = 2), tp_nn_relu(),
                                    tp_nn_conv2d(6, 6, 3, .groups = 3, .same = true),
                                    tp_nn_conv_transpose2d(6, 2, 4, .stride = 2));
    tp_summary_table *table = tp_summarize(m, tp_shape(3, 9, 11));
    assert_non_null(table); /* 3x9x11 to 6x3x4, 6x3x4, 2x8x10 */
    assert_int_equal(table->rows[1].multiply_adds, 6 * 3 * 4 * 3 * 25);
    assert_int_equal(table->rows[3].multiply_adds, 6 * 3 * 4 * 2 * 9);
    assert_int_equal(table->rows[4].multiply_adds, 6 * 3 * 4 * 2 * 16);
    tp_summary_free(table);
    tp_module_free(m);
}

static tp_tensor *leave(tp_module *m, tp_tensor *x, tp_tensor *y, void *user) {
    (void)m, (void)x, (void)y;
    ++*(int *)user;
    return NULL;
}

static tp_module *activated(void) {
    return tp_nn_sequential(
        tp_nn_conv2d(3, 7, 3, .padding = 1), tp_nn_relu(), tp_nn_conv2d(7, 20, 3, .stride = 2),
        tp_nn_leaky_relu(0.1), tp_nn_conv2d(20, 16, 3, .padding = 1), tp_nn_tanh(),
        tp_nn_conv2d(16, 8, 3, .padding = 1), tp_nn_sigmoid(), tp_nn_conv2d(8, 5, 1), tp_nn_tanh(),
        tp_nn_conv2d(5, 4, 2, .padding = 1), tp_nn_sigmoid(), tp_nn_flatten());
}

static bool close_to(tp_tensor *a, tp_tensor *b, double tolerance) {
    if (!tp_same_shape(a, b)) return false;
    for (int64_t i = 0; i < tp_numel(a); i++) {
        double x = (double)tp_data_float(a)[i], y = (double)tp_data_float(b)[i];
        if (!(x - y <= tolerance && y - x <= tolerance)) return false;
    }
    return true;
}

static void test_fused_equals_unfused(void **state) {
    (void)state;
    int seen = 0;
    tp_module *fused = activated(), *plain = activated();
    tp_named_list a = tp_parameters(fused), b = tp_parameters(plain);
    assert_true(tp_load_state(plain, a.items, a.count));
    for (int i = 0; i < tp_child_count(plain); i++)
        tp_add_hook(tp_child_get(plain, i), leave, &seen); /* nothing to fuse now */
    TP_SCOPE {
        tp_tensor *x = tp_requires_grad(tp_randn(tp_shape(3, 3, 9, 8)));
        tp_tensor *x2 = tp_requires_grad(tp_clone(tp_detach(x)));
        tp_tensor *y = tp_call(fused, x), *y2 = tp_call(plain, x2);
        assert_true(close_to(y, y2, 1e-6));
        tp_backward(tp_sum(tp_mul(y, y)));
        tp_backward(tp_sum(tp_mul(y2, y2)));
        assert_true(close_to(tp_grad(x), tp_grad(x2), 1e-5));
        for (size_t i = 0; i < a.count; i++)
            assert_true(close_to(tp_grad(a.items[i].tensor), tp_grad(b.items[i].tensor), 1e-4));
    }
    assert_int_equal(seen, 13);
    tp_module_free(fused);
    tp_module_free(plain);
}

/* ---- sizes without data ---- */

static void expect_shape(tp_shape got, tp_shape want) {
    assert_int_equal(got.ndim, want.ndim);
    for (int i = 0; i < want.ndim; i++) assert_int_equal(got.dims[i], want.dims[i]);
}

static void test_shapes(void **state) {
    (void)state;
    expect_shape(tp_conv2d_shape(tp_shape(1, 3, 224, 224), 64, 7, .stride = 2, .padding = 3),
                 tp_shape(1, 64, 112, 112));
    expect_shape(tp_conv2d_shape(tp_shape(3, 64, 64), 6, 5, .stride = 2), tp_shape(6, 30, 30));
    expect_shape(tp_conv2d_shape(tp_shape(1, 1, 10, 20), 8, .kernel_hw = {8, 4},
                                 .stride_hw = {2, 1}, .padding_sides = {1, 2, 0, 1}),
                 tp_shape(1, 8, 2, 20));
    expect_shape(tp_conv2d_shape(tp_shape(4, 2, 9, 9), 3, 4, .same = true), tp_shape(4, 3, 9, 9));
    expect_shape(tp_conv1d_shape(tp_shape(2, 3, 10), 5, 3, .dilation = 2), tp_shape(2, 5, 6));
    expect_shape(tp_conv_transpose2d_shape(tp_shape(1, 100, 1, 1), 64, 4), tp_shape(1, 64, 4, 4));
    expect_shape(tp_conv_transpose2d_shape(tp_shape(1, 64, 4, 4), 32, 3, .stride = 2, .padding = 1,
                                           .output_padding = 1),
                 tp_shape(1, 32, 8, 8));
    expect_shape(tp_conv_transpose1d_shape(tp_shape(2, 3, 4), 6, 3, .stride = 3),
                 tp_shape(2, 6, 12));
    TP_SCOPE { /* the op agrees */
        tp_tensor *y = tp_conv2d(tp_ones(tp_shape(1, 2, 10, 20)), tp_ones(tp_shape(8, 2, 8, 4)),
                                 .stride_hw = {2, 1}, .padding_sides = {1, 2, 0, 1});
        expect_shape(tp_shape_of(y), tp_shape(1, 8, 2, 20));
    }
    assert_int_equal(take_error().count, 0);
}

static void test_errors_of_sizes(void **state) {
    (void)state;
    assert_int_equal(tp_conv2d_shape(tp_shape(1, 3, 8, 4), 2, 5).ndim, -1);
    seen_error e = take_error();
    assert_int_equal(e.code, TP_ERROR_SHAPE);
    assert_non_null(
        strstr(e.text, "the width of the result would be (4 + 0 - 1 * (5 - 1) - 1) / 1 + 1 = 0"));
    assert_int_equal(tp_conv1d_shape(tp_shape(3, 4), 2, 3, .dilation = 3).ndim, -1);
    assert_non_null(strstr(take_error().text, "the length of the result would be"));
    assert_int_equal(tp_conv_transpose2d_shape(tp_shape(1, 3, 1, 1), 2, 2, .padding = 1).ndim, -1);
    assert_non_null(
        strstr(take_error().text,
               "the height of the result would be (1 - 1) * 1 - 2 + 1 * (2 - 1) + 0 + 1 = 0"));
    assert_int_equal(tp_conv2d_shape(tp_shape(1, 3, 8, 8), 2, 3, .groups = 2).ndim, -1);
    assert_true(had_error(TP_ERROR_ARGUMENT, "conv2d_shape", __LINE__ - 1));
    assert_int_equal(tp_conv2d_shape(tp_shape(1, 3, 8, 8), 2, 3, .stride = -1).ndim, -1);
    assert_true(had_error(TP_ERROR_ARGUMENT, "conv2d_shape", __LINE__ - 1));
    assert_int_equal(tp_conv2d_shape(tp_shape(8, 8), 2, 3).ndim, -1);
    assert_true(had_error(TP_ERROR_SHAPE, "conv2d_shape", __LINE__ - 1));
}

static void test_errors(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(1, 3, 5, 5)), *w = tp_ones(tp_shape(4, 3, 3, 3));
        tp_tensor *wide = tp_ones(tp_shape(4, 3, 3, 3), .dtype = TP_FLOAT64);
        assert_true(tp_is_poison(tp_conv2d(x, wide)));
        assert_true(had_error(TP_ERROR_DTYPE, "conv2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_conv2d(x, w, .bias = tp_ones(tp_shape(3)))));
        assert_true(had_error(TP_ERROR_SHAPE, "conv2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_conv2d(x, tp_ones(tp_shape(4, 2, 3, 3)))));
        assert_true(had_error(TP_ERROR_SHAPE, "conv2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_conv2d(x, w, .padding = 5, .padding_mode = TP_PAD_REFLECT)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "conv2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_conv2d(x, w, .padding = -1)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "conv2d", __LINE__ - 1));
        assert_true(tp_is_poison(tp_conv2d(x, w, .groups = -1)));
        assert_int_equal(take_error().count, 1);
        assert_true(tp_is_poison(tp_conv2d(NULL, w)));
        assert_int_equal(take_error().count, 1);
    }
    assert_null(tp_nn_conv2d(3, 4, 3, .groups = 2));
    assert_true(had_error(TP_ERROR_ARGUMENT, "nn_conv2d", __LINE__ - 1));
    assert_null(tp_nn_conv2d(3, 4));
    assert_true(had_error(TP_ERROR_ARGUMENT, "nn_conv2d", __LINE__ - 1));
    assert_null(tp_nn_conv2d(3, 4, 3, .same = true, .stride = 2));
    assert_true(had_error(TP_ERROR_ARGUMENT, "nn_conv2d", __LINE__ - 1));
    assert_null(tp_nn_conv1d(3, 4, 3, .dtype = TP_INT64));
    assert_true(had_error(TP_ERROR_DTYPE, "nn_conv1d", __LINE__ - 1));
}

/* ---- bits ---- */

/* A step's values and gradients in one array. */
static float *step_with(int threads, int64_t *count) {
    float *all = NULL;
    tp_set_num_threads(threads);
    tp_manual_seed(5);
    tp_module *m = tp_nn_sequential(
        tp_nn_conv2d(3, 12, 5, .padding = 2), tp_nn_relu(), tp_nn_conv2d(12, 33, 3, .stride = 2),
        tp_nn_relu(), tp_nn_conv2d(33, 64, 3, .padding = 1), tp_nn_relu(),
        tp_nn_conv2d(64, 64, 3, .padding = 1, .groups = 64), tp_nn_conv2d(64, 20, 1));
    TP_SCOPE {
        tp_tensor *x = tp_requires_grad(tp_randn(tp_shape(9, 3, 28, 31)));
        tp_tensor *y = tp_call(m, x);
        tp_backward(tp_sum(tp_mul(y, y)));
        tp_named_list p = tp_parameters(m);
        *count = tp_numel(y) + tp_numel(x);
        for (size_t i = 0; i < p.count; i++) *count += tp_numel(p.items[i].tensor);
        float *to = all = malloc((size_t)*count * sizeof *all);
        assert_non_null(all);
        tp_copy_out(y, to), to += tp_numel(y);
        tp_copy_out(tp_grad(x), to), to += tp_numel(x);
        for (size_t i = 0; i < p.count; to += tp_numel(p.items[i++].tensor))
            tp_copy_out(tp_grad(p.items[i].tensor), to);
    }
    tp_module_free(m);
    return all;
}

static void test_same_bits_at_any_number_of_threads(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 7};
    int64_t count, other;
    float *want = step_with(1, &count);
    for (int i = 1; i < 4; i++) {
        float *got = step_with(threads[i], &other);
        assert_int_equal(count, other);
        assert_memory_equal(want, got, (size_t)count * sizeof *got);
        free(got);
    }
    free(want);
    tp_set_num_threads(0);
    assert_int_equal(take_error().count, 0);
}

static int set_up(void **state) {
    (void)state;
    watch_errors();
    tp_manual_seed(1);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tp_shutdown();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_values_and_gradients),
        TEST(test_layers),
        TEST(test_multiply_adds),
        TEST(test_fused_equals_unfused),
        TEST(test_shapes),
        TEST(test_errors_of_sizes),
        TEST(test_errors),
        TEST(test_same_bits_at_any_number_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
