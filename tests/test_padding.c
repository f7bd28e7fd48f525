/* Padding against PyTorch, its layers and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/random.h>

#include "support/op_cases.h"

static int64_t call_pad(op_call *k) {
    static const char *const names[] = {"zeros", "reflect", "replicate", "circular"};
    tp_pad_args args = {.x = k->in[0],
                        .sides = shape_option(k->c, "sides"),
                        .value = golden_number(k->c, "value", 0)};
    while (strcmp(names[args.mode], golden_word(k->c, "mode", "zeros")) != 0)
        args.mode = (tp_pad_mode)(args.mode + 1);
    k->out[0] = tp_pad_at(TP_HERE, args);
    return 1;
}

static const op_case table[] = {{"pad", call_pad}};

static void test_vectors(void **state) {
    (void)state;
    assert_true(run_op_cases("padding", table, 1) >= 13);
}

static void check_layer(tp_module *layer, tp_tensor *x, tp_tensor *want, const char *text) {
    char described[128];
    assert_non_null(layer);
    assert_true(tp_equal(tp_call(layer, x), want));
    layer->describe(layer, described, sizeof described);
    assert_string_equal(described, text);
    tp_module_free(layer);
}

static void test_layers(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 3, 5, 4)), *line = tp_randn(tp_shape(2, 3, 5));
        tp_shape sides = tp_shape(1, 2, 0, 3), ones = tp_shape(1, 1, 1, 1), ends = tp_shape(2, 1);
        check_layer(tp_nn_zero_pad2d(tp_shape(1)), x, tp_pad(x, ones), "(1, 1, 1, 1)");
        check_layer(tp_nn_constant_pad2d(sides, 0.5), x, tp_pad(x, sides, .value = 0.5),
                    "padding=(1, 2, 0, 3), value=0.5");
        check_layer(tp_nn_constant_pad1d(ends, 0), line, tp_pad(line, ends),
                    "padding=(2, 1), value=0");
        check_layer(tp_nn_reflection_pad2d(sides), x, tp_pad(x, sides, TP_PAD_REFLECT),
                    "(1, 2, 0, 3)");
        check_layer(tp_nn_reflection_pad1d(ends), line, tp_pad(line, ends, TP_PAD_REFLECT),
                    "(2, 1)");
        check_layer(tp_nn_replication_pad2d(sides), x, tp_pad(x, sides, TP_PAD_REPLICATE),
                    "(1, 2, 0, 3)");
        check_layer(tp_nn_replication_pad1d(tp_shape(1)), line,
                    tp_pad(line, tp_shape(1, 1), TP_PAD_REPLICATE), "(1, 1)");
        check_layer(tp_nn_circular_pad2d(sides), x, tp_pad(x, sides, TP_PAD_CIRCULAR),
                    "(1, 2, 0, 3)");
        assert_null(tp_nn_zero_pad2d(tp_shape(1, 2)));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
    }
}

static void test_refuses(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(2, 3));
        assert_true(tp_is_poison(tp_pad(x, tp_shape(1))));
        assert_true(had_error(TP_ERROR_ARGUMENT, "pad", __LINE__ - 1));
        assert_true(tp_is_poison(tp_pad(x, tp_shape(1, 1, 1, 1, 1, 1))));
        assert_true(had_error(TP_ERROR_ARGUMENT, "pad", __LINE__ - 1));
        assert_true(tp_is_poison(tp_pad(x, tp_shape(-2, -2))));
        assert_true(had_error(TP_ERROR_SHAPE, "pad", __LINE__ - 1));
        assert_true(tp_is_poison(
            tp_pad(tp_zeros(tp_shape(2, 0)), tp_shape(1, 0), .mode = TP_PAD_REPLICATE)));
        assert_int_equal(take_error().code, TP_ERROR_SHAPE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_refuses),
    };
    watch_errors();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
