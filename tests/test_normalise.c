/* Normalisation against PyTorch: values, gradients, running statistics; layers, errors, the same bits at any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "support/op_cases.h"

/* ---- reference vectors ---- */

/* The input of that name, NULL where the case has none. */
static tp_tensor *input(const op_call *call, const char *key) {
    int n = 0;
    for (int i = 0; i < call->c->n_tensors && n < call->n; i++) {
        const char *name = call->c->tensors[i].key;
        if (name[0] == 'y' || (name[0] == 'd' && name[1])) continue;
        if (strcmp(name, key) == 0) return call->in[n];
        n++;
    }
    return NULL;
}

static int64_t call_batch_norm(op_call *k) {
    tp_tensor *mean = tp_clone(tp_detach(input(k, "mean")));
    tp_tensor *var = tp_clone(tp_detach(input(k, "var")));
    k->out[0] = tp_batch_norm(input(k, "x"), mean, var, input(k, "weight"), input(k, "bias"),
                              .training = golden_integer(k->c, "training", 0) != 0,
                              .momentum = golden_number(k->c, "momentum", 0),
                              .eps = golden_number(k->c, "eps", 0));
    k->out[1] = mean;
    k->out[2] = var;
    return 3;
}

static tp_module *batch_norm_layer(const op_call *k) {
    tp_nn_batch_norm_args args = {.features = tp_size(k->in[0], 1),
                                  .momentum = golden_number(k->c, "momentum", 0),
                                  .cumulative = golden_integer(k->c, "cumulative", 0) != 0,
                                  .no_affine = golden_integer(k->c, "affine", 1) == 0,
                                  .no_running_stats = golden_integer(k->c, "track", 1) == 0,
                                  .dtype = tp_dtype_of(k->in[0])};
    return tp_ndim(k->in[0]) == 4 ? tp_nn_batch_norm2d_at(TP_HERE, args)
                                  : tp_nn_batch_norm1d_at(TP_HERE, args);
}

static int64_t call_batch_norm_steps(op_call *k) {
    tp_module *layer = batch_norm_layer(k);
    int64_t results = 2;
    assert_non_null(layer);
    for (int i = 0; i < 3; i++) k->out[0] = tp_call(layer, k->in[i]);
    tp_eval(layer);
    k->out[1] = tp_call(layer, k->in[3]);
    if (golden_integer(k->c, "track", 1)) {
        static const char *const names[] = {"running_mean", "running_var", "num_batches_tracked"};
        for (int i = 0; i < 3; i++) k->out[results++] = tp_clone(tp_get_tensor(layer, names[i]));
    }
    tp_module_free(layer);
    return results;
}

static int64_t one(op_call *k, tp_tensor *y) {
    k->out[0] = y;
    return 1;
}
static int64_t call_layer_norm(op_call *k) {
    return one(k, tp_layer_norm(input(k, "x"), shape_option(k->c, "shape"), input(k, "weight"),
                                input(k, "bias"), .eps = golden_number(k->c, "eps", 0)));
}
static int64_t call_group_norm(op_call *k) {
    return one(k,
               tp_group_norm(input(k, "x"), golden_integer(k->c, "groups", 0), input(k, "weight"),
                             input(k, "bias"), .eps = golden_number(k->c, "eps", 0)));
}
static int64_t call_instance_norm(op_call *k) {
    tp_tensor *mean = tp_clone(tp_detach(input(k, "mean")));
    tp_tensor *var = tp_clone(tp_detach(input(k, "var")));
    k->out[0] = tp_instance_norm(input(k, "x"), mean, var, input(k, "weight"), input(k, "bias"),
                                 .training = golden_integer(k->c, "training", 0) != 0,
                                 .momentum = golden_number(k->c, "momentum", 0));
    k->out[1] = mean;
    k->out[2] = var;
    return 3;
}
static int64_t call_local_response_norm(op_call *k) {
    return one(k, tp_local_response_norm(input(k, "x"), golden_integer(k->c, "size", 0),
                                         .alpha = golden_number(k->c, "alpha", 0),
                                         .k = golden_number(k->c, "k", 0)));
}

static const op_case table[] = {
    {"layer_norm", call_layer_norm},       {"group_norm", call_group_norm},
    {"instance_norm", call_instance_norm}, {"local_response_norm", call_local_response_norm},
    {"batch_norm", call_batch_norm},       {"batch_norm_steps", call_batch_norm_steps},
};

static void test_vectors(void **state) {
    (void)state;
    assert_true(
        run_op_cases_close("normalise", table, sizeof table / sizeof table[0], 1e-10, 2e-5) >= 40);
}

/* ---- batch norm ---- */

static void test_batch_norm_refuses(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(2, 3)), *three = tp_ones(tp_shape(3));
        assert_true(tp_is_poison(tp_batch_norm(x)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "batch_norm", __LINE__ - 1));
        assert_true(
            tp_is_poison(tp_batch_norm(x, .training = true, .weight = tp_to(three, TP_FLOAT64))));
        assert_int_equal(take_error().code, TP_ERROR_DTYPE);
        assert_true(
            tp_is_poison(tp_batch_norm(x, .training = true, .activation = TP_ACTIVATION_TANH)));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
        assert_true(tp_is_poison(tp_batch_norm(tp_to(x, TP_INT64), .training = true)));
        assert_true(had_error(TP_ERROR_DTYPE, "batch_norm", __LINE__ - 1));
        assert_null(tp_nn_batch_norm2d(-1));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
        assert_null(tp_nn_batch_norm2d(3, .dtype = TP_INT64));
        assert_int_equal(take_error().code, TP_ERROR_DTYPE);
        tp_module *layer = tp_nn_batch_norm2d(3);
        assert_true(tp_is_poison(tp_call(layer, x)));
        seen_error error = take_error();
        assert_int_equal(error.code, TP_ERROR_SHAPE);
        assert_non_null(strstr(error.text, "BatchNorm2d"));
        tp_module_free(layer);
    }
}

/* A batch without samples leaves the running values alone. */
static void test_batch_norm_of_nothing(void **state) {
    (void)state;
    tp_module *layer = tp_nn_batch_norm2d(3);
    TP_SCOPE {
        tp_tensor *y = tp_call(layer, tp_zeros(tp_shape(0, 3, 4, 4)));
        assert_true(tp_ndim(y) == 4 && tp_numel(y) == 0);
        assert_true(tp_equal(tp_get_tensor(layer, "running_mean"), tp_zeros(tp_shape(3))));
        tp_backward(tp_sum(y));
        assert_true(tp_equal(tp_grad(tp_get_tensor(layer, "weight")), tp_zeros(tp_shape(3))));
    }
    tp_module_free(layer);
    assert_int_equal(take_error().count, 0);
}

static void test_batch_norm_layer(void **state) {
    (void)state;
    char text[128];
    tp_module *layer = tp_nn_batch_norm2d(64);
    layer->describe(layer, text, sizeof text);
    assert_string_equal(text, "64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True");
    static const char *const keys[] = {"weight", "bias", "running_mean", "running_var",
                                       "num_batches_tracked"};
    tp_named_list state_dict = tp_state_dict(layer);
    assert_int_equal(state_dict.count, 5);
    for (int i = 0; i < 5; i++) assert_string_equal(state_dict.items[i].name, keys[i]);
    assert_int_equal(tp_dtype_of(state_dict.items[4].tensor), TP_INT64);
    assert_int_equal(tp_parameters(layer).count, 2);
    tp_module_free(layer);
    layer = tp_nn_batch_norm1d(3, .cumulative = true, .no_affine = true);
    layer->describe(layer, text, sizeof text);
    assert_string_equal(text,
                        "3, eps=1e-05, momentum=None, affine=False, track_running_stats=True");
    tp_module_free(layer);
}

/* The activation in the same pass gives the same bits as the two operations. */
static void test_batch_norm_with_relu_equals_its_parts(void **state) {
    (void)state;
    TP_SCOPE {
        tp_manual_seed(2);
        tp_tensor *x = tp_randn(tp_shape(5, 6, 7, 3), .requires_grad = true);
        tp_tensor *weight = tp_randn(tp_shape(6), .requires_grad = true);
        tp_tensor *bias = tp_randn(tp_shape(6), .requires_grad = true), *first[4];
        for (int fused = 0; fused < 2; fused++) {
            tp_tensor *y =
                tp_batch_norm(x, .weight = weight, .bias = bias, .training = true,
                              .activation = fused ? TP_ACTIVATION_RELU : TP_ACTIVATION_NONE);
            if (!fused) y = tp_relu(y);
            tp_backward(tp_sum(tp_square(y)));
            tp_tensor *now[] = {tp_detach(y), tp_clone(tp_grad(x)), tp_clone(tp_grad(weight)),
                                tp_clone(tp_grad(bias))};
            for (int i = 0; i < 4; i++) {
                if (fused) assert_true(tp_allclose(first[i], now[i], .rtol = 1e-6, .atol = 1e-6));
                first[i] = now[i];
            }
            tp_clear_grad(x), tp_clear_grad(weight), tp_clear_grad(bias);
        }
    }
}

static bool same(const tp_tensor *a, const tp_tensor *b) {
    return tp_same_shape(a, b) &&
           memcmp(tp_data(a), tp_data(b), (size_t)tp_numel(a) * tp_dtype_size(tp_dtype_of(a))) == 0;
}

/* A layer gives what its operation gives and describes itself as PyTorch does. */
static void check_layer(tp_module *layer, tp_tensor *x, tp_tensor *want, const char *text,
                        size_t tensors) {
    char described[128];
    assert_non_null(layer);
    assert_true(same(tp_call(layer, x), want));
    layer->describe(layer, described, sizeof described);
    assert_string_equal(described, text);
    assert_int_equal(tp_state_dict(layer).count, tensors);
    tp_module_free(layer);
}

static void test_other_layers(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 6, 3, 4)), *line = tp_randn(tp_shape(2, 6, 5));
        check_layer(tp_nn_layer_norm(tp_shape(3, 4)), x, tp_layer_norm(x, tp_shape(3, 4)),
                    "(3, 4), eps=1e-05, elementwise_affine=True", 2);
        check_layer(tp_nn_layer_norm(tp_shape(4), .no_affine = true), x,
                    tp_layer_norm(x, tp_shape(4)), "(4,), eps=1e-05, elementwise_affine=False", 0);
        check_layer(tp_nn_group_norm(2, 6), x, tp_group_norm(x, 2), "2, 6, eps=1e-05, affine=True",
                    2);
        check_layer(tp_nn_instance_norm2d(6), x, tp_instance_norm(x, .training = true),
                    "6, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False", 0);
        check_layer(tp_nn_instance_norm1d(6, .affine = true, .running_stats = true), line,
                    tp_instance_norm(line, .training = true),
                    "6, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True", 5);
        check_layer(tp_nn_local_response_norm(5), x, tp_local_response_norm(x, 5),
                    "5, alpha=0.0001, beta=0.75, k=1", 0);
        assert_int_equal(take_error().count, 0);
        assert_null(tp_nn_group_norm(4, 6));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
        assert_null(tp_nn_local_response_norm(0));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
        assert_true(tp_is_poison(tp_group_norm(x, 4)));
        assert_true(had_error(TP_ERROR_SHAPE, "group_norm", __LINE__ - 1));
        assert_true(tp_is_poison(tp_instance_norm(tp_zeros(tp_shape(2, 3)))));
        assert_true(had_error(TP_ERROR_SHAPE, "instance_norm", __LINE__ - 1));
        assert_true(tp_is_poison(tp_layer_norm(tp_to(x, TP_INT64), tp_shape(4))));
        assert_true(had_error(TP_ERROR_DTYPE, "layer_norm", __LINE__ - 1));
    }
}

static void check_threads(tp_shape shape) {
    tp_tensor *x = tp_randn(shape, .requires_grad = true), *first[3];
    tp_tensor *weight = tp_rand(tp_shape(shape.dims[1]), .requires_grad = true);
    for (int threads = 1; threads <= 7; threads++) {
        tp_set_num_threads(threads);
        tp_tensor *y = tp_batch_norm(x, .weight = weight, .training = true);
        tp_clear_grad(x), tp_clear_grad(weight);
        tp_backward(tp_sum(tp_square(y)));
        tp_tensor *now[3] = {y, tp_clone(tp_grad(x)), tp_clone(tp_grad(weight))};
        for (int i = 0; i < 3; i++) {
            if (threads == 1) first[i] = now[i];
            assert_true(same(first[i], now[i]));
        }
    }
    tp_set_num_threads(2);
}

static void test_same_bits_at_any_number_of_threads(void **state) {
    (void)state;
    tp_manual_seed(3);
    TP_SCOPE {
        check_threads(tp_shape(9, 7, 33, 35));
        check_threads(tp_shape(1000, 45));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_batch_norm_refuses),
        cmocka_unit_test(test_batch_norm_of_nothing),
        cmocka_unit_test(test_batch_norm_layer),
        cmocka_unit_test(test_batch_norm_with_relu_equals_its_parts),
        cmocka_unit_test(test_other_layers),
        cmocka_unit_test(test_same_bits_at_any_number_of_threads),
    };
    watch_errors();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
