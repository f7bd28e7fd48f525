/* Layers that run as one operation give what they give one by one: values, gradients, running statistics, evaluation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/optim.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "support/tensors.h"

/* ---- networks ---- */

typedef tp_module *(*maker)(tp_dtype dtype);

static tp_module *block(tp_dtype dtype) {
    return tp_nn_sequential(tp_nn_conv2d(3, 6, 3, .padding = 1, .dtype = dtype),
                            tp_nn_batch_norm2d(6, .dtype = dtype), tp_nn_relu(),
                            tp_nn_max_pool2d(2));
}
static tp_module *block_without_pool(tp_dtype dtype) {
    return tp_nn_sequential(tp_nn_conv2d(3, 5, 3, .stride = 2, .no_bias = true, .dtype = dtype),
                            tp_nn_batch_norm2d(5, .dtype = dtype), tp_nn_relu());
}
static tp_module *norm_alone(tp_dtype dtype) {
    return tp_nn_sequential(
        tp_nn_conv2d(3, 4, 1, .dtype = dtype),
        tp_nn_batch_norm2d(4, .momentum = 0.5, .no_affine = true, .dtype = dtype));
}
static tp_module *pool_behind_activation(tp_dtype dtype) {
    return tp_nn_sequential(tp_nn_conv2d(3, 4, 5, .padding = 2, .dtype = dtype), tp_nn_relu(),
                            tp_nn_max_pool2d(2), tp_nn_conv2d(4, 3, 3, .dtype = dtype),
                            tp_nn_leaky_relu(.negative_slope = 0.1),
                            tp_nn_max_pool2d(3, .stride = 2, .padding = 1));
}
static tp_module *norm_first(tp_dtype dtype) {
    return tp_nn_sequential(tp_nn_batch_norm2d(3, .dtype = dtype), tp_nn_relu(),
                            tp_nn_max_pool2d(3, .stride = 2, .padding = 1, .ceil_mode = true));
}
static tp_module *norm_and_pool(tp_dtype dtype) {
    return tp_nn_sequential(tp_nn_conv2d(3, 4, 3, .groups = 1, .dilation = 2, .dtype = dtype),
                            tp_nn_batch_norm2d(4, .no_running_stats = true, .dtype = dtype),
                            tp_nn_max_pool2d(2, .stride = 1));
}
static tp_module *depthwise(tp_dtype dtype) {
    return tp_nn_sequential(tp_nn_conv2d(3, 6, 3, .groups = 3, .dtype = dtype),
                            tp_nn_batch_norm2d(6, .cumulative = true, .dtype = dtype), tp_nn_relu(),
                            tp_nn_conv2d(6, 4, 3, .padding = 1, .dtype = dtype),
                            tp_nn_batch_norm2d(4, .dtype = dtype), tp_nn_relu());
}
static const struct {
    const char *name;
    maker make;
} nets[] = {
    {"conv, norm, relu, pool", block},  {"conv, norm, relu", block_without_pool},
    {"conv, norm", norm_alone},         {"conv, activation, pool", pool_behind_activation},
    {"norm, relu, pool", norm_first},   {"conv, norm, pool", norm_and_pool},
    {"depthwise and plain", depthwise},
};
enum { NETS = sizeof nets / sizeof nets[0] };

/* ---- comparing ---- */

static tp_tensor *look(tp_module *module, tp_tensor *x, tp_tensor *y, void *user) {
    (void)module, (void)x, (void)y, (void)user;
    return NULL;
}

/* The same weights; one with a hook at every layer, so that each runs by itself. */
static void make_pair(maker make, tp_dtype dtype, tp_module *pair[2]) {
    for (int k = 0; k < 2; k++) {
        tp_manual_seed(11);
        pair[k] = make(dtype);
        assert_non_null(pair[k]);
        tp_named_list list = tp_state_dict(pair[k]);
        TP_NO_GRAD {
            for (size_t i = 0; i < list.count; i++)
                if (strstr(list.items[i].name, "1.bias") || strstr(list.items[i].name, "1.weight"))
                    tp_uniform_(list.items[i].tensor, -1, 1);
        }
    }
    for (int i = 0; i < tp_child_count(pair[1]); i++)
        assert_true(tp_add_hook(tp_child_get(pair[1], i), look, NULL) > 0);
}

static void check_close(const char *net, const char *what, tp_tensor *a, tp_tensor *b,
                        double tolerance) {
    if (!tp_allclose(a, b, .rtol = tolerance, .atol = tolerance))
        fail_msg("%s: %s differs between fused and one by one", net, what);
}

static void check_state(const char *net, tp_module *const pair[2], double tolerance) {
    tp_named_list a = tp_state_dict(pair[0]), b = tp_state_dict(pair[1]);
    for (size_t i = 0; i < a.count; i++)
        check_close(net, a.items[i].name, a.items[i].tensor, b.items[i].tensor, tolerance);
}

static void check_grads(const char *net, tp_module *const pair[2], double tolerance) {
    tp_named_list a = tp_parameters(pair[0]), b = tp_parameters(pair[1]);
    for (size_t i = 0; i < a.count; i++) {
        assert_non_null(tp_grad(a.items[i].tensor));
        check_close(net, a.items[i].name, tp_grad(a.items[i].tensor), tp_grad(b.items[i].tensor),
                    tolerance);
    }
}

/* One step forward and back with both; evaluation mode where asked. */
static void check_step(const char *net, tp_module *const pair[2], tp_tensor *x, double tolerance) {
    tp_tensor *y[2], *gx[2];
    for (int k = 0; k < 2; k++) {
        tp_tensor *in = tp_requires_grad(tp_clone(tp_detach(x)));
        for (size_t i = 0; i < tp_parameters(pair[k]).count; i++)
            tp_clear_grad(tp_parameters(pair[k]).items[i].tensor);
        y[k] = tp_call(pair[k], in);
        assert_false(tp_is_poison(y[k]));
        tp_tensor *up = tp_reshape(tp_sin(tp_arange(0, tp_numel(y[k]))), tp_shape_of(y[k]));
        assert_true(tp_backward(tp_sum(tp_mul(y[k], tp_to(up, tp_dtype_of(x))))));
        gx[k] = tp_grad(in);
    }
    check_close(net, "the result", y[0], y[1], tolerance);
    check_close(net, "the gradient of x", gx[0], gx[1], tolerance);
    check_grads(net, pair, tolerance * 10);
    check_state(net, pair, tolerance);
}

static void check_net(int n, tp_dtype dtype, double tolerance) {
    tp_module *pair[2];
    make_pair(nets[n].make, dtype, pair);
    for (int step = 0; step < 3; step++)
        TP_SCOPE {
            tp_tensor *x = tp_randn(tp_shape(4, 3, 13, 12), .dtype = dtype);
            check_step(nets[n].name, pair, x, tolerance);
        }
    tp_eval(pair[0]), tp_eval(pair[1]);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 3, 9, 10), .dtype = dtype);
        check_step(nets[n].name, pair, x, tolerance);
        TP_NO_GRAD {
            check_close(nets[n].name, "evaluation", tp_call(pair[0], x), tp_call(pair[1], x),
                        tolerance);
            check_close(nets[n].name, "a second evaluation", tp_call(pair[0], x),
                        tp_call(pair[1], x), tolerance);
        }
    }
    tp_module_free(pair[0]);
    tp_module_free(pair[1]);
}

static void test_fused_equals_its_parts(void **state) {
    (void)state;
    for (int n = 0; n < NETS; n++) {
        check_net(n, TP_FLOAT64, 1e-11);
        check_net(n, TP_FLOAT32, 2e-5);
        seen_error error = take_error();
        if (error.count) fail_msg("%s: %s", nets[n].name, error.text);
    }
}

/* ---- which ones are fused ---- */

static int operations(const tp_tensor *y) {
    char text[4096] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");
    tp_graph_print(stream, y);
    fclose(stream);
    int lines = 0;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    return lines;
}

static void test_what_runs_as_one(void **state) {
    (void)state;
    tp_module *net = block(TP_FLOAT32);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 3, 8, 8));
        int fused = operations(tp_call(net, x)); /* a convolution and the rest, and leaves */
        tp_module *relu = tp_child_get(net, 2);
        int hook = tp_add_hook(relu, look, NULL);
        int watched = operations(tp_call(net, x));
        assert_true(watched > fused);
        tp_remove_hook(relu, hook);
        assert_int_equal(operations(tp_call(net, x)), fused);
        assert_null(tp_capture(net, "1"));
        assert_true(operations(tp_call(net, x)) > fused);
        assert_non_null(tp_capture(net, "1"));
        tp_capture_end(net, "1");
    }
    tp_module_free(net);
    assert_int_equal(take_error().count, 0);
}

/* ---- folded weights follow the weights ---- */

static void same_in_evaluation(tp_module *const pair[2], tp_tensor *x, const char *when) {
    TP_NO_GRAD { check_close(when, "evaluation", tp_call(pair[0], x), tp_call(pair[1], x), 2e-5); }
}

static void test_folded_weights_are_made_again(void **state) {
    (void)state;
    tp_module *pair[2];
    make_pair(block, TP_FLOAT32, pair);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 3, 9, 10));
        tp_eval(pair[0]), tp_eval(pair[1]);
        same_in_evaluation(pair, x, "at first");
        TP_NO_GRAD {
            for (int k = 0; k < 2; k++) tp_mul_(tp_get_tensor(pair[k], "0.weight"), 3);
        }
        same_in_evaluation(pair, x, "after an edit");
        for (int k = 0; k < 2; k++) tp_set(tp_get_tensor(pair[k], "1.running_var"), 7, 2);
        same_in_evaluation(pair, x, "after an element was set");
        for (int k = 0; k < 2; k++) {
            tp_train(pair[k]);
            tp_optim *sgd = tp_sgd(pair[k], .lr = 0.5);
            tp_backward(tp_mean(tp_square(tp_call(pair[k], x))));
            tp_step(sgd);
            tp_optim_free(sgd);
            tp_eval(pair[k]);
        }
        same_in_evaluation(pair, x, "after a step");
        tp_named_tensor zero = {"1.bias", tp_zeros(tp_shape(6))};
        for (int k = 0; k < 2; k++) assert_true(tp_load_state(pair[k], &zero, 1, .partial = true));
        same_in_evaluation(pair, x, "after loading");
        for (int k = 0; k < 2; k++) tp_data_float(tp_get_tensor(pair[k], "0.weight"))[0] = 5;
        same_in_evaluation(pair, x, "after writing through a pointer");
        for (int k = 0; k < 2; k++) tp_data_float(tp_get_tensor(pair[k], "0.weight"))[0] = -5;
        same_in_evaluation(pair, x, "after writing through it again");
    }
    tp_module_free(pair[0]);
    tp_module_free(pair[1]);
    seen_error error = take_error();
    if (error.count) fail_msg("%s", error.text);
}

/* ---- the functional form ---- */

static tp_tensor *block_of(tp_tensor *const *in, int n, void *user) {
    const int *form = user;
    (void)n;
    tp_conv_block_args args = {.conv = {in[0], in[1], in[2], .padding = 1},
                               .batch_norm = *form != 2,
                               .norm = {.weight = in[3], .bias = in[4], .training = true},
                               .activation = TP_ACTIVATION_RELU};
    if (*form != 1) args.max_pool.kernel = 2;
    return tp_conv_block_at(TP_HERE, args);
}

static void test_gradients_of_the_functional_form(void **state) {
    (void)state;
    TP_SCOPE {
        tp_manual_seed(4);
        tp_tensor *in[] = {tp_randn(tp_shape(2, 2, 4, 5), .dtype = TP_FLOAT64),
                           tp_randn(tp_shape(3, 2, 3, 3), .dtype = TP_FLOAT64),
                           tp_randn(tp_shape(3), .dtype = TP_FLOAT64),
                           tp_rand(tp_shape(3), .dtype = TP_FLOAT64),
                           tp_randn(tp_shape(3), .dtype = TP_FLOAT64)};
        for (int i = 0; i < 5; i++) tp_requires_grad(in[i]);
        for (int form = 0; form < 3; form++)
            if (!tp_gradcheck(block_of, in, form == 2 ? 3 : 5, &form))
                fail_msg("form %d: %s", form, take_error().text);
        for (int form = 0; form < 2; form++) { /* nothing in, nothing out */
            tp_tensor *none[] = {tp_zeros(tp_shape(0, 2, 4, 5), .dtype = TP_FLOAT64), in[1], in[2],
                                 in[3], in[4]};
            tp_tensor *y = block_of(none, 5, &form);
            assert_true(tp_ndim(y) == 4 && tp_numel(y) == 0);
            assert_true(tp_backward(tp_sum(y)));
        }
    }
    seen_error error = take_error();
    if (error.count) fail_msg("%s", error.text);
}

static void test_refuses(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(1, 2, 4, 4)), *w = tp_zeros(tp_shape(3, 2, 3, 3));
        assert_true(tp_is_poison(tp_conv_block(.conv = {.x = x, .weight = w}, .batch_norm = true,
                                               .norm = {.training = true},
                                               .activation = TP_ACTIVATION_TANH)));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
        assert_true(tp_is_poison(
            tp_conv_block(.conv = {.x = x, .weight = w, .activation = TP_ACTIVATION_RELU})));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
        assert_true(
            tp_is_poison(tp_conv_block(.conv = {.x = x, .weight = w}, .max_pool = {.kernel = 5})));
        assert_int_equal(take_error().code, TP_ERROR_SHAPE);
        assert_true(
            tp_is_poison(tp_conv_block(.conv = {.x = x, .weight = w, .bias = tp_zeros(tp_shape(4))},
                                       .batch_norm = true, .norm = {.training = true})));
        assert_int_equal(take_error().code, TP_ERROR_SHAPE);
        assert_true(tp_is_poison(tp_conv_block(.conv = {.x = x, .weight = w}, .batch_norm = true,
                                               .norm = {.training = true},
                                               .max_pool = {.kernel = 2, .padding = 2})));
        assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
    }
}

/* Sums of squares say nothing about a deviation that is tiny against the mean: the block looks again. */
static void test_far_from_zero(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_add(tp_randn(tp_shape(4, 1, 9, 9)), 3000);
        tp_tensor *w = tp_ones(tp_shape(1, 1, 1, 1));
        tp_tensor *y = tp_conv_block(.conv = {.x = x, .weight = w}, .batch_norm = true,
                                     .norm = {.training = true});
        tp_tensor *want = tp_to(tp_batch_norm(tp_to(x, TP_FLOAT64), .training = true), TP_FLOAT32);
        assert_true(tp_allclose(y, want, .rtol = 1e-4, .atol = 1e-4));
    }
    assert_int_equal(take_error().count, 0);
}

static bool same(const tp_tensor *a, const tp_tensor *b) {
    return tp_same_shape(a, b) &&
           memcmp(tp_data(a), tp_data(b), (size_t)tp_numel(a) * tp_dtype_size(tp_dtype_of(a))) == 0;
}

static void test_same_bits_at_any_number_of_threads(void **state) {
    (void)state;
    for (int n = 0; n < NETS; n++) {
        TP_SCOPE {
            tp_manual_seed(5);
            tp_module *net = nets[n].make(TP_FLOAT32);
            tp_tensor *x = tp_randn(tp_shape(9, 3, 20, 23), .requires_grad = true), *first[2];
            static const int threads[] = {1, 2, 3, 7};
            for (int t = 0; t < 4; t++) {
                tp_set_num_threads(threads[t]);
                tp_tensor *y = tp_call(net, x);
                tp_clear_grad(x);
                tp_backward(tp_sum(tp_square(y)));
                tp_tensor *now[2] = {y, tp_clone(tp_grad(x))};
                for (int i = 0; i < 2; i++) {
                    if (t == 0) first[i] = now[i];
                    if (!same(first[i], now[i]))
                        fail_msg("%s: other bits with %d threads", nets[n].name, threads[t]);
                }
            }
            tp_set_num_threads(2);
            tp_module_free(net);
        }
    }
    assert_int_equal(take_error().count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fused_equals_its_parts),
        cmocka_unit_test(test_what_runs_as_one),
        cmocka_unit_test(test_folded_weights_are_made_again),
        cmocka_unit_test(test_gradients_of_the_functional_form),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_far_from_zero),
        cmocka_unit_test(test_same_bits_at_any_number_of_threads),
    };
    watch_errors();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
