/* Modules: freezing, loading state, summaries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/random.h>

#include "support/noted.h"

static int set_up(void **state) {
    (void)state;
    note_errors();
    tp_manual_seed(1);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tp_shutdown();
    return 0;
}

static bool same_bits(tp_tensor *a, tp_tensor *b) { return tp_same_shape(a, b) && tp_equal(a, b); }

static tp_module *small_mlp(void) {
    return tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(12, 8), tp_nn_relu(), tp_nn_linear(8, 5),
                            tp_nn_tanh(), tp_nn_linear(5, 3));
}

static void test_freeze(void **state) {
    (void)state;
    tp_module *m = small_mlp();
    TP_SCOPE { tp_backward(tp_sum(tp_call(m, tp_ones(tp_shape(1, 12))))); }
    assert_int_equal(tp_freeze(m, "1"), 2);
    assert_null(tp_grad(tp_get_tensor(m, "1.weight")));
    TP_SCOPE { tp_backward(tp_sum(tp_call(m, tp_ones(tp_shape(1, 12))))); }
    assert_null(tp_grad(tp_get_tensor(m, "1.weight")));
    assert_non_null(tp_grad(tp_get_tensor(m, "3.weight")));
    assert_int_equal(tp_freeze(m, "3.bias"), 1);
    assert_int_equal(tp_freeze(m, NULL), 6);
    TP_SCOPE { assert_false(tp_wants_grad(tp_call(m, tp_ones(tp_shape(1, 12))))); }
    assert_int_equal(tp_unfreeze(m, NULL), 6);
    no_error();
    FAILS(ARGUMENT, "freeze", assert_int_equal(tp_freeze(m, "9"), 0));
    tp_module_free(m);
}

static void test_load_state(void **state) {
    (void)state;
    tp_module *a = small_mlp(), *b = small_mlp();
    tp_named_list from = tp_state_dict(a);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(4, 12));
        assert_false(same_bits(tp_call(a, x), tp_call(b, x)));
        assert_true(tp_load_state(b, from.items, from.count));
        assert_true(same_bits(tp_call(a, x), tp_call(b, x)));
    }
    no_error();
    tp_named_tensor items[8];
    memcpy(items, from.items, 6 * sizeof *items);
    FAILS(STATE, "load_state", assert_false(tp_load_state(b, items + 1, 5)));
    assert_string_equal(noted.got, "missing 1.weight");
    items[6] = (tp_named_tensor){"8.weight", items[0].tensor};
    FAILS(STATE, "load_state", assert_false(tp_load_state(b, items + 1, 6)));
    assert_string_equal(noted.got, "missing 1.weight; unexpected 8.weight");
    TP_SCOPE {
        float before = (float)tp_get(tp_get_tensor(b, "3.weight"), 0, 0);
        tp_named_tensor part[2] = {{"3.weight", tp_zeros(tp_shape(5, 8))},
                                   {"5.bias", tp_zeros(tp_shape(4))}};
        FAILS(STATE, "load_state", assert_false(tp_load_state(b, part, 2, .partial = true)));
        assert_string_equal(noted.got, "shapes differ: 5.bias (4,) for (3,)");
        assert_true((float)tp_get(tp_get_tensor(b, "3.weight"), 0, 0) ==
                    before);                                             /* all or nothing */
        part[1].tensor = tp_full(tp_shape(3), 2.5, .dtype = TP_FLOAT64); /* converted */
        assert_true(tp_load_state(b, part, 2, .partial = true));
        assert_true(tp_get(tp_get_tensor(b, "3.weight"), 4, 7) == 0);
        assert_true(tp_get(tp_get_tensor(b, "5.bias"), 2) == 2.5);
        assert_true(tp_wants_grad(tp_get_tensor(b, "5.bias")));
    }
    no_error();
    tp_module_free(a);
    tp_module_free(b);
}

static void slurp(FILE *file, char *text, size_t size) {
    rewind(file);
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
}

static void test_summary(void **state) {
    (void)state;
    tp_module *m = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(784, 128), tp_nn_relu(),
                                    tp_nn_dropout(0.5), tp_nn_linear(128, 10));
    tp_freeze(m, "1.bias");
    tp_summary_table *t = tp_summarize(m, tp_shape(1, 28, 28));
    assert_non_null(t);
    assert_int_equal(t->count, 6);
    assert_int_equal(t->parameters, 784 * 128 + 128 + 128 * 10 + 10);
    assert_int_equal(t->trainable, t->parameters - 128);
    assert_int_equal(t->multiply_adds, 784 * 128 + 128 * 10);
    assert_int_equal(t->parameter_bytes, 4 * t->parameters);
    assert_int_equal(t->output_bytes, 4 * (784 + 128 * 3 + 10));
    assert_string_equal(t->rows[2].path, "1");
    assert_string_equal(t->rows[3].type, "ReLU"); /* not fused away */
    assert_int_equal(t->rows[3].output.dims[1], 128);
    assert_int_equal(t->rows[0].output.ndim, 2);
    tp_summary_free(t);
    assert_true(tp_is_training(tp_child_get(m, 3))); /* the mode is back */
    char text[4096];
    FILE *file = tmpfile();
    assert_true(tp_summary(m, tp_shape(1, 28, 28), file));
    slurp(file, text, sizeof text);
    assert_non_null(strstr(
        text,
        "\n  1 Linear   (N, 128)                    100,480          100,352\n  2 ReLU     (N, 128)\n"));
    assert_non_null(strstr(text, "parameters     101,770, 101,642 trained, 397.5 KiB\n"));
    no_error();
    FAILS(SHAPE, "linear", assert_null(tp_summarize(m, tp_shape(3))));
    file = tmpfile();
    tp_print_module(m, file);
    slurp(file, text, sizeof text);
    assert_string_equal(
        text,
        "Sequential(\n  (0): Flatten(start_dim=1, end_dim=-1)\n  (1): Linear(in_features=784, out_features=128, bias=True)\n"
        "  (2): ReLU()\n  (3): Dropout(p=0.5, inplace=False)\n  (4): Linear(in_features=128, out_features=10, bias=True)\n)\n");
    tp_module_free(m);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_freeze),
        TEST(test_load_state),
        TEST(test_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
