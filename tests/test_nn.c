/* Modules: building, running, watching, naming, loading, what goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/nn.h>
#include <taper/ops.h>
#include <taper/ops/reduce.h>
#include <taper/random.h>
#include <taper/runtime.h>

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

static bool close_to(const tp_tensor *a, const tp_tensor *b, double tolerance) {
    if (!tp_same_shape(a, b)) return false;
    int64_t n = tp_numel(a);
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = tp_get(tp_ravel((tp_tensor *)a), i), y = tp_get(tp_ravel((tp_tensor *)b), i);
        double off = fabs(x - y) / (1 + fabs(y));
        if (!(off <= worst)) worst = off;
    }
    return worst <= tolerance;
}

static bool same_bits(tp_tensor *a, tp_tensor *b) { return close_to(a, b, 0); }

static tp_module *small_mlp(void) {
    return tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(12, 8), tp_nn_relu(), tp_nn_linear(8, 5),
                            tp_nn_tanh(), tp_nn_linear(5, 3));
}

/* ---- a module of one's own ---- */

typedef struct net {
    tp_module base;
    tp_module *hidden, *out;
    tp_tensor *scale;
    int *released;
} net;

static tp_tensor *net_forward(tp_module *m, tp_tensor *x) {
    net *n = (net *)m;
    return tp_mul(tp_call(n->out, tp_relu(tp_call(n->hidden, x))), n->scale);
}

static void net_release(tp_module *m) { ++*((net *)m)->released; }

static net *net_new(int *released) {
    net *n = tp_module_new(net, net_forward);
    n->base.release = net_release;
    n->released = released;
    n->scale = tp_parameter(n, "scale", tp_full(tp_shape(3), 2));
    tp_buffer(n, "steps", tp_zeros(tp_shape(), .dtype = TP_INT64));
    n->hidden = tp_child(n, "hidden", tp_nn_sequential(tp_nn_linear(4, 6), tp_nn_sigmoid()));
    n->out = tp_child(n, "out", tp_nn_linear(6, 3, .no_bias = true));
    return n;
}

static void test_own_module(void **state) {
    (void)state;
    int released = 0;
    size_t before = (size_t)tp_memory_get_stats().live_tensors;
    net *n = net_new(&released);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(7, 4)), *y = tp_call(n, x);
        tp_tensor *w = tp_get_tensor(n, "hidden.0.weight"), *b = tp_get_tensor(n, "hidden.0.bias");
        tp_tensor *h = tp_relu(tp_sigmoid(tp_add(tp_matmul(x, tp_t(w)), b)));
        tp_tensor *want = tp_mul(tp_matmul(h, tp_t(tp_get_tensor(n, "out.weight"))), n->scale);
        assert_true(close_to(y, want, 1e-6));
        tp_backward(tp_sum(y));
        assert_non_null(tp_grad(n->scale));
        assert_non_null(tp_grad(w));
    }
    no_error();
    assert_string_equal(tp_module_type(n), "net");
    assert_string_equal(tp_module_name(n->out), "out");
    assert_int_equal(tp_child_count(n), 2);
    assert_ptr_equal(tp_child_get(n, -1), n->out);
    assert_ptr_equal(tp_get_module(n, "hidden.1"), tp_child_get(n->hidden, 1));
    assert_ptr_equal(tp_get_module(n, ""), &n->base);
    tp_module_free(n);
    assert_int_equal(released, 1);
    assert_int_equal(tp_memory_get_stats().live_tensors, before);
    assert_int_equal(tp_memory_get_stats().live_nodes, 0);
    no_error();
}

static void test_lists_have_pytorchs_order_and_keys(void **state) {
    (void)state;
    int released = 0;
    net *n = net_new(&released);
    static const char *const keys[] = {"scale", "steps", "hidden.0.weight", "hidden.0.bias",
                                       "out.weight"};
    tp_named_list all = tp_state_dict(n), trained = tp_parameters(n);
    assert_int_equal(all.count, 5);
    for (size_t i = 0; i < 5; i++) assert_string_equal(all.items[i].name, keys[i]);
    assert_int_equal(trained.count, 4);
    assert_string_equal(trained.items[1].name, "hidden.0.weight");
    assert_ptr_equal(tp_get_tensor(n, "out.weight"), all.items[4].tensor);
    assert_int_equal(tp_parameter_count(n), 3 + 24 + 6 + 18);
    /* a list made anew when something was added below */
    tp_child(n, "extra", tp_nn_linear(2, 2));
    assert_int_equal(tp_state_dict(n).count, 7);
    assert_int_equal(tp_state_dict(n->hidden).count, 2);
    assert_string_equal(tp_state_dict(n->hidden).items[0].name, "0.weight");
    tp_module_free(n);
    no_error();
}

/* ---- sequential ---- */

static tp_tensor *leave(tp_module *m, tp_tensor *x, tp_tensor *y, void *user) {
    (void)m, (void)x, (void)y;
    ++*(int *)user;
    return NULL;
}

static tp_module *every_activation(void) {
    return tp_nn_sequential(tp_nn_linear(6, 9), tp_nn_relu(), tp_nn_linear(9, 7),
                            tp_nn_leaky_relu(0.2), tp_nn_linear(7, 8), tp_nn_sigmoid(),
                            tp_nn_linear(8, 4), tp_nn_tanh(), tp_nn_linear(4, 4),
                            tp_nn_leaky_relu(), tp_nn_gelu(), tp_nn_linear(4, 3),
                            tp_nn_residual(tp_nn_linear(3, 3), tp_nn_identity()), tp_nn_relu(),
                            tp_nn_residual(tp_nn_linear(3, 3), tp_nn_identity()), tp_nn_tanh());
}

static void test_fused_equals_unfused(void **state) {
    (void)state;
    int seen = 0;
    tp_module *fused = every_activation(), *plain = every_activation();
    tp_named_list a = tp_parameters(fused), b = tp_parameters(plain);
    assert_true(tp_load_state(plain, a.items, a.count));
    for (int i = 0; i < tp_child_count(plain); i++)
        tp_add_hook(tp_child_get(plain, i), leave, &seen); /* nothing to fuse now */
    TP_SCOPE {
        tp_tensor *x = tp_requires_grad(tp_randn(tp_shape(11, 6))),
                  *x2 = tp_requires_grad(tp_clone(tp_detach(x)));
        tp_tensor *y = tp_call(fused, x), *y2 = tp_call(plain, x2);
        assert_true(close_to(y, y2, 1e-6));
        tp_backward(tp_sum(tp_mul(y, y)));
        tp_backward(tp_sum(tp_mul(y2, y2)));
        assert_true(close_to(tp_grad(x), tp_grad(x2), 1e-5));
        for (size_t i = 0; i < a.count; i++)
            assert_true(close_to(tp_grad(a.items[i].tensor), tp_grad(b.items[i].tensor), 1e-5));
    }
    assert_int_equal(seen, 16);
    no_error();
    tp_module_free(fused);
    tp_module_free(plain);
}

static void test_sequential_drops_what_it_no_longer_needs(void **state) {
    (void)state;
    tp_module *m = tp_nn_sequential(tp_nn_identity(), tp_nn_linear(4, 4), tp_nn_gelu(),
                                    tp_nn_identity(), tp_nn_elu(), tp_nn_softmax(1));
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(3, 4));
        int64_t before = tp_memory_get_stats().live_tensors;
        TP_NO_GRAD {
            tp_tensor *y = tp_call(m, x);
            assert_int_equal(tp_memory_get_stats().live_tensors, before + 1);
            assert_true(tp_is_alive(x) && tp_is_alive(y));
        }
        tp_tensor *z = tp_call(m, x); /* with a graph: what backward needs stays */
        tp_backward(tp_sum(tp_mul(z, z)));
        assert_non_null(tp_grad(tp_get_tensor(m, "1.weight")));
    }
    tp_module *nothing = tp_nn_sequential();
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(2));
        assert_ptr_equal(tp_call(nothing, x), x);
        assert_ptr_equal(tp_call(m, tp_zeros(tp_shape(0, 4))) == NULL, false);
    }
    no_error();
    tp_module_free(nothing);
    tp_module_free(m);
}

/* Peak above what is there, while m runs on x without recording. */
static size_t peak_of(tp_module *m, tp_tensor *x) {
    size_t peak = 0;
    TP_NO_GRAD {
        TP_SCOPE {
            tp_memory_reset_peak();
            size_t before = tp_memory_get_stats().live_bytes;
            tp_call(m, x);
            peak = tp_memory_get_stats().peak_bytes - before;
        }
    }
    return peak;
}

/* The value that goes into a container inside ends as soon as the first layer there has used it. */
static void test_peak_is_that_of_the_largest_pair(void **state) {
    (void)state;
    enum { WIDTH = 4096, ROWS = 16 };
    tp_module *m = tp_nn_sequential(
        tp_nn_elu(),
        tp_nn_sequential(tp_nn_gelu(),
                         tp_nn_sequential(tp_nn_identity(), tp_nn_elu(), tp_nn_softmax(1)),
                         tp_nn_softmax(1)),
        tp_nn_sequential(), tp_nn_gelu());
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(ROWS, WIDTH));
        size_t pair = 2 * peak_of(tp_child_get(m, 0), x);
        assert_in_range(peak_of(m, x), pair, pair + 4096);
        /* Who looks at a value, or keeps it, still finds it whole. */
        tp_capture(m, "0"), tp_capture(m, "1.1.0");
        tp_tensor *y = tp_call(m, x);
        assert_true(tp_is_alive(tp_capture(m, "0")) && tp_is_alive(tp_capture(m, "1.1.0")));
        assert_true(tp_is_alive(x) && tp_is_alive(y));
    }
    no_error();
    tp_module_free(m);
}

static void test_chain(void **state) {
    (void)state;
    tp_module *first = tp_nn_linear(3, 5), *second = tp_nn_relu(), *third = tp_nn_linear(5, 2);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(4, 3));
        tp_tensor *y = tp_call_chain(x, first, second, third);
        assert_true(close_to(y, tp_call(third, tp_relu(tp_call(first, x))), 1e-6));
        assert_ptr_equal(tp_call_chain_at(TP_HERE, x, 0, NULL), x);
        assert_true(tp_is_alive(x));
        tp_backward(tp_sum(y));
        assert_non_null(tp_grad(tp_get_tensor(first, "weight")));
        FAILS(ARGUMENT, "call", assert_true(tp_is_poison(tp_call_chain(x, first, NULL, third))));
        FAILS(SHAPE, "linear", assert_true(tp_is_poison(tp_call_chain(x, third, second))));
    }
    tp_module_free(first), tp_module_free(second), tp_module_free(third);
}

static void test_append(void **state) {
    (void)state;
    tp_module *m = tp_nn_sequential(tp_nn_linear(2, 3));
    tp_sequential_append(m, tp_nn_relu());
    tp_sequential_append(m, tp_nn_linear(3, 1));
    assert_string_equal(tp_module_name(tp_child_get(m, 2)), "2");
    assert_string_equal(tp_state_dict(m).items[2].name, "2.weight");
    no_error();
    tp_module *inner = tp_child_get(m, 1);
    FAILS(ARGUMENT, "sequential_append", assert_null(tp_sequential_append(inner, tp_nn_relu())));
    tp_module_free(m);
}

/* ---- hooks and captures ---- */

static tp_tensor *doubled(tp_module *m, tp_tensor *x, tp_tensor *y, void *user) {
    (void)m, (void)x, (void)user;
    return tp_mul(y, tp_scalar(2));
}

static void test_hooks(void **state) {
    (void)state;
    tp_module *m = small_mlp();
    int seen = 0;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 3, 4)), *y = tp_call(m, x);
        int first = tp_add_hook(m, doubled, NULL), second = tp_add_hook(m, leave, &seen);
        assert_true(first == 1 && second == 2);
        assert_true(close_to(tp_call(m, x), tp_mul(y, tp_scalar(2)), 1e-6));
        assert_int_equal(seen, 1);
        assert_true(tp_remove_hook(m, first));
        assert_false(tp_remove_hook(m, first));
        assert_true(same_bits(tp_call(m, x), y));
        assert_int_equal(seen, 2);
        assert_true(tp_remove_hook(m, second));
        tp_call(m, x);
        assert_int_equal(seen, 2);
    }
    no_error();
    tp_module_free(m);
}

static void test_capture(void **state) {
    (void)state;
    int64_t before = tp_memory_get_stats().live_tensors;
    tp_module *m = small_mlp();
    assert_null(tp_capture(m, "2"));
    assert_null(tp_capture(m, ""));
    tp_tensor *first = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(2, 3, 4));
        tp_tensor *y = tp_call(m, x);
        tp_tensor *w = tp_get_tensor(m, "1.weight"), *b = tp_get_tensor(m, "1.bias");
        first = tp_capture(m, "2");
        assert_true(close_to(
            first, tp_relu(tp_add(tp_matmul(tp_flatten(x, .start_dim = 1), tp_t(w)), b)), 1e-6));
        assert_ptr_equal(tp_capture(m, ""), y);
        tp_retain_grad(first); /* it is the tensor of the graph, not a copy */
        tp_backward(tp_sum(y));
        assert_non_null(tp_grad(first));
    }
    assert_ptr_equal(tp_capture(m, "2"), first); /* it outlives the scope, until the next forward */
    assert_true(tp_is_alive(first));
    TP_SCOPE {
        tp_call(m, tp_ones(tp_shape(5, 12)));
        assert_int_equal(tp_size(tp_capture(m, "2"), 0), 5);
        tp_free(tp_capture(m, "")); /* whoever frees it early finds nothing, and nothing breaks */
        assert_null(tp_capture(m, ""));
    }
    tp_capture_end(m, "2");
    TP_SCOPE { tp_call(m, tp_ones(tp_shape(1, 12))); }
    no_error();
    FAILS(ARGUMENT, "get_module", assert_null(tp_capture(m, "7")));
    assert_non_null(strstr(noted.want, "0, 1, 2, 3, 4, 5"));
    tp_module_free(m);
    assert_int_equal(tp_memory_get_stats().live_tensors, before);
}

/* ---- modes and visits ---- */

static void count_visit(tp_module *m, void *user) {
    char *text = user;
    strcat(text, tp_module_type(m)), strcat(text, " ");
}

static void test_modes_and_apply(void **state) {
    (void)state;
    tp_module *m = tp_nn_sequential(tp_nn_linear(2, 2), tp_nn_sequential(tp_nn_dropout(0.5)));
    char text[200] = "";
    tp_apply(m, count_visit, text);
    assert_string_equal(text, "Linear Dropout Sequential Sequential ");
    tp_module *drop = tp_get_module(m, "1.0");
    assert_true(tp_is_training(drop));
    tp_eval(m);
    assert_false(tp_is_training(drop));
    tp_train(tp_child_get(m, 1));
    assert_true(tp_is_training(drop));
    assert_false(tp_is_training(m));
    tp_module_free(m);
    no_error();
}

/* ---- what goes wrong ---- */

static void test_errors_name_line_and_layer(void **state) {
    (void)state;
    tp_module *m = tp_nn_sequential(
        tp_nn_flatten(), tp_nn_sequential(tp_nn_linear(12, 8), tp_nn_relu()), tp_nn_linear(9, 3));
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(2, 12));
        FAILS(SHAPE, "linear", assert_true(tp_is_poison(tp_call(m, x))));
        assert_non_null(strstr(noted.hint, "in layer 2 (Linear)"));
        FAILS(SHAPE, "linear", assert_true(tp_is_poison(tp_call(m, tp_ones(tp_shape(2, 13))))));
        assert_non_null(strstr(noted.hint, "in layer 1.0 (Linear)"));
        FAILS(ARGUMENT, "Sequential", assert_true(tp_is_poison(tp_call(m, NULL))));
        FAILS(ARGUMENT, "call", assert_true(tp_is_poison(tp_call(NULL, x))));
        FAILS(SHAPE, "add", assert_true(tp_is_poison(tp_add(x, tp_ones(tp_shape(5))))));
        assert_null(strstr(noted.hint, "in ")); /* outside of any layer */
    }
    tp_module_free(m);
}

static void test_errors_of_building(void **state) {
    (void)state;
    int64_t before = tp_memory_get_stats().live_tensors;
    FAILS(ARGUMENT, "nn_linear", assert_null(tp_nn_linear(-1, 3)));
    FAILS(DTYPE, "nn_linear", assert_null(tp_nn_linear(2, 3, .dtype = TP_INT64)));
    FAILS(VALUE, "nn_dropout", assert_null(tp_nn_dropout(1.5)));
    /* a constructor inside fails: the others are freed, one error */
    FAILS(ARGUMENT, "nn_linear", assert_null(tp_nn_sequential(tp_nn_relu(), tp_nn_linear(3, -3))));
    tp_module *shared = tp_nn_relu();
    FAILS(STATE, "child", assert_null(tp_nn_sequential(shared, tp_nn_linear(2, 2), shared)));
    tp_module *m = tp_nn_sequential(tp_nn_linear(2, 2));
    FAILS(STATE, "child", assert_null(tp_nn_sequential(tp_nn_relu(), tp_child_get(m, 0))));
    FAILS(STATE, "module_free", tp_module_free(tp_child_get(m, 0)));
    FAILS(ARGUMENT, "child", assert_null(tp_child(m, "0", tp_nn_relu())));
    FAILS(ARGUMENT, "child", assert_null(tp_child(m, "a.b", tp_nn_relu())));
    FAILS(ARGUMENT, "child", assert_null(tp_child(m, "", tp_nn_relu())));
    FAILS(ARGUMENT, "child", assert_null(tp_child(m, "x", m)));
    assert_null(tp_child(m, "x", NULL)); /* reported by whoever made it */
    assert_null(tp_child(NULL, "x", tp_nn_relu()));
    no_error();
    TP_SCOPE {
        tp_tensor *w = tp_get_tensor(m, "0.weight");
        FAILS(STATE, "parameter", assert_true(tp_is_poison(tp_parameter(m, "w", w))));
        FAILS(DTYPE, "parameter", assert_true(tp_is_poison(tp_parameter(m, "w", tp_arange(0, 3)))));
        FAILS(GRAPH, "parameter", assert_true(tp_is_poison(tp_parameter(m, "w", tp_mul(w, w)))));
        FAILS(ARGUMENT, "get_tensor", assert_true(tp_is_poison(tp_get_tensor(m, "0.wait"))));
    }
    FAILS(INDEX, "child_get", assert_null(tp_child_get(m, 1)));
    char not_a_module[sizeof(tp_module)] = {0};
    FAILS(ARGUMENT, "train", tp_train(not_a_module));
    tp_module_free(m);
    tp_module_free(NULL);
    assert_int_equal(tp_memory_get_stats().live_tensors, before);
}

/* ---- out of memory at every place ---- */

typedef struct failing {
    int64_t left; /* allocations until the one that fails; negative: none fails */
} failing;

static void *failing_allocate(size_t bytes, void *user) {
    failing *f = user;
    if (f->left >= 0 && f->left-- == 0) {
        f->left = 0; /* and all that follow */
        return NULL;
    }
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void failing_release(void *block, size_t bytes, void *user) {
    (void)bytes, (void)user;
    free(block);
}

static void build_and_run(void) {
    int released = 0;
    net *n = tp_module_new(net, net_forward);
    if (!n) return;
    n->base.release = net_release;
    n->released = &released;
    n->scale = tp_parameter(n, "scale", tp_full(tp_shape(3), 2));
    n->hidden = tp_child(n, "hidden", tp_nn_sequential(tp_nn_linear(4, 6), tp_nn_sigmoid()));
    n->out = tp_child(n, "out", tp_nn_linear(6, 3, .no_bias = true));
    if (n->hidden && n->out && !tp_is_poison(n->scale)) {
        tp_add_hook(n->out, leave, &released);
        tp_capture(n, "hidden");
        tp_backward(tp_sum(tp_call(n, tp_dropout(tp_ones(tp_shape(2, 4)), 0.5))));
        tp_parameters(n);
        tp_summary_free(tp_summarize(n, tp_shape(4)));
    }
    tp_module_free(n);
}

static void test_out_of_memory(void **state) {
    (void)state;
    tp_set_num_threads(1);
    int64_t step = 0;
    for (bool whole = false; !whole && step < 5000; step++) {
        tp_shutdown();
        tp_set_error_handler(note, NULL);
        noted.count = 0;
        failing f = {step};
        tp_allocator allocator = {failing_allocate, failing_release, &f};
        tp_set_allocator(&allocator);
        TP_SCOPE { build_and_run(); }
        whole = noted.count == 0;
        if (!whole) assert_int_equal(noted.code, TP_ERROR_MEMORY);
        assert_int_equal(tp_memory_get_stats().live_tensors, 0);
        assert_int_equal(tp_memory_get_stats().live_nodes, 0);
        tp_shutdown();
        tp_set_allocator(NULL);
    }
    assert_true(step > 20 && step < 5000);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_own_module),
        TEST(test_lists_have_pytorchs_order_and_keys),
        TEST(test_fused_equals_unfused),
        TEST(test_sequential_drops_what_it_no_longer_needs),
        TEST(test_peak_is_that_of_the_largest_pair),
        TEST(test_chain),
        TEST(test_append),
        TEST(test_hooks),
        TEST(test_capture),
        TEST(test_modes_and_apply),
        TEST(test_errors_name_line_and_layer),
        TEST(test_errors_of_building),
        TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
