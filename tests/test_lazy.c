/* Gradients of linear weights that wait until somebody needs them (autograd/lazy.h): nobody can tell. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/loss.h>
#include <taper/memory.h>
#include <taper/ops.h>
#include <taper/optim.h>
#include <taper/random.h>
#include <taper/runtime.h>

#include "support/tensors.h"

enum { ASK_BEFORE = 1, ASK_AFTER = 2, TWICE = 4 };

/* Some steps of a small net; `how` says when somebody looks at the gradient. Copies the parameters out. */
static void train(int kind, int how, float *out) {
    tp_scope scope = tp_scope_begin();
    tp_manual_seed(5);
    tp_module *net = tp_nn_sequential(tp_nn_linear(48, 33), tp_nn_tanh(), tp_nn_linear(33, 7));
    tp_optim *opt = kind == 0   ? tp_sgd(net, .lr = 0.05)
                    : kind == 1 ? tp_sgd(net, .lr = 0.05, .momentum = 0.9, .weight_decay = 0.01)
                    : kind == 2 ? tp_sgd(net, .lr = 0.05, .momentum = 0.9)
                                : tp_adam(net, .lr = 0.01);
    for (int step = 0; step < 8; step++) {
        TP_SCOPE {
            tp_tensor *x = tp_randn(tp_shape(17, 48)), *y = tp_randn(tp_shape(17, 7));
            tp_zero_grad(opt);
            assert_true(tp_backward(tp_mse_loss(tp_call(net, x), y)));
            if (how & TWICE) assert_true(tp_backward(tp_mse_loss(tp_call(net, tp_mul(x, x)), y)));
            if (how & ASK_BEFORE) assert_non_null(tp_grad(tp_get_tensor(net, "0.weight")));
            if (how & ASK_BEFORE) assert_non_null(tp_grad(tp_get_tensor(net, "2.weight")));
            assert_true(tp_step(opt));
            if (how & ASK_AFTER) {
                tp_tensor *g = tp_grad(tp_get_tensor(net, "2.weight"));
                assert_non_null(g);
                assert_true(isfinite(tp_item(tp_sum(g))));
            }
        }
    }
    tp_named_list list = tp_parameters(net);
    for (size_t i = 0; i < list.count; i++) {
        assert_true(tp_copy_out(list.items[i].tensor, out));
        out += tp_numel(list.items[i].tensor);
    }
    tp_module_free(net);
    tp_optim_free(opt);
    tp_scope_end(&scope);
}

enum { PARAMETERS = 48 * 33 + 33 + 33 * 7 + 7 };

/* Whether somebody looks makes no difference. */
static void test_lazy(void **state) {
    (void)state;
    static float alone[PARAMETERS], seen[PARAMETERS];
    for (int kind = 0; kind < 4; kind++) {
        for (int twice = 0; twice <= TWICE; twice += TWICE) {
            train(kind, twice, alone);
            train(kind, twice | ASK_AFTER, seen);
            assert_memory_equal(alone, seen, sizeof alone);
            train(kind, twice | ASK_BEFORE, seen);
            for (int i = 0; i < PARAMETERS; i++)
                if (!(fabsf(alone[i] - seen[i]) <= 2e-5f))
                    fail_msg("kind %d, twice %d: %d: %g and %g", kind, twice, i, (double)alone[i],
                             (double)seen[i]);
        }
    }
}

/* The gradient that is asked for after the step is that of the values before it, also where a parameter is the input of
 * another layer, and where its input is edited in place in between. */
static void test_lazy_keeps_values(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *w = tp_full(tp_shape(2, 3), 2, .requires_grad = true);
        tp_tensor *x = tp_full(tp_shape(4, 3), 3, .requires_grad = true);
        tp_tensor *p[] = {x, w};
        tp_optim *opt = tp_sgd(NULL, .parameters = p, .count = 2, .lr = 1);
        assert_true(tp_backward(tp_sum(tp_linear(x, w))));
        assert_true(tp_step(opt));
        assert_true(tp_get(x, 0, 0) == 3 - 4); /* 2 outputs of weight 2 */
        assert_true(tp_get(w, 0, 0) == 2 - 12);
        assert_true(tp_get(tp_grad(w), 1, 2) == 12);
        tp_zero_grad(opt);
        tp_tensor *input = tp_full(tp_shape(4, 3), 3);
        assert_true(tp_backward(tp_sum(tp_linear(input, w))));
        tp_fill_(input, 100); /* too late to matter */
        assert_true(tp_get(tp_grad(w), 0, 1) == 12);
        tp_optim_free(opt);
    }
}

/* The weight after some steps of one layer, (out, in) floats, freed by the caller. */
static float *layer_after(int kind, int threads, int64_t in, int64_t out) {
    float *weight = malloc((size_t)(in * out) * sizeof *weight);
    assert_non_null(weight);
    tp_set_num_threads(threads);
    tp_manual_seed(9);
    TP_SCOPE {
        tp_module *net = tp_nn_linear(in, out);
        tp_optim *opt = kind == 0   ? tp_sgd(net, .lr = 0.05)
                        : kind == 1 ? tp_sgd(net, .lr = 0.05, .momentum = 0.9)
                                    : tp_adam(net, .lr = 0.01);
        for (int step = 0; step < 4; step++) {
            TP_SCOPE {
                tp_tensor *x = tp_randn(tp_shape(19, in)), *y = tp_randn(tp_shape(19, out));
                tp_zero_grad(opt);
                assert_true(tp_backward(tp_mse_loss(tp_call(net, x), y)));
                assert_true(tp_step(opt));
            }
        }
        assert_true(tp_copy_out(tp_get_tensor(net, "weight"), weight));
        tp_optim_free(opt);
        tp_module_free(net);
    }
    return weight;
}

/* Blocks of rows go by the number of threads; the bits do not. */
static void test_threads(void **state) {
    (void)state;
    static const int64_t sizes[][2] = {{784, 128}, {300, 129}, {5, 3},    {1200, 70},
                                       {1, 2000},  {4500, 1},  {2100, 9}, {64, 513}};
    static const int threads[] = {2, 3, 7};
    int before = tp_get_num_threads();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int kind = 0; kind < 3; kind++) {
            size_t bytes = (size_t)(sizes[i][0] * sizes[i][1]) * sizeof(float);
            float *one = layer_after(kind, 1, sizes[i][0], sizes[i][1]);
            for (int t = 0; t < 3; t++) {
                float *several = layer_after(kind, threads[t], sizes[i][0], sizes[i][1]);
                assert_memory_equal(one, several, bytes);
                free(several);
            }
            free(one);
        }
    tp_set_num_threads(before);
}

static int setup(void **state) {
    (void)state;
    watch_errors();
    tp_clear_error();
    return 0;
}

/* Nothing of a test is left. */
static int nothing_left(void **state) {
    (void)state;
    seen_error error = take_error();
    if (error.count) print_error("%s\n", error.text);
    tp_scope_end(&(tp_scope){1, true}); /* those that a failed test left open */
    tp_memory_stats stats = tp_memory_get_stats();
    if (stats.live_tensors || stats.live_nodes)
        print_error("%lld tensors, %lld nodes left\n", (long long)stats.live_tensors,
                    (long long)stats.live_nodes);
    return error.count || stats.live_tensors || stats.live_nodes ? -1 : 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, nothing_left)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_lazy), TEST(test_lazy_keeps_values),
                                       TEST(test_threads)};
    return cmocka_run_group_tests_name("lazy", tests, NULL, NULL);
}
