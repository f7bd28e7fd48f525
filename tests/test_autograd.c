/* The tape: recording, backward, gradients of leaves, functions of the user's own, and what is shown of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/ops.h>

#include "support/clean.h"

static tp_tensor *leaf(double value) {
    return tp_full(tp_shape(2), value, .dtype = TP_FLOAT64, .requires_grad = true);
}

/* ---- who wants a gradient ---- */

static void test_requires_grad(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(2));
        assert_false(tp_wants_grad(x));
        assert_true(tp_is_leaf(x));
        assert_ptr_equal(tp_requires_grad(x), x);
        assert_true(tp_wants_grad(x));
        tp_tensor *y = tp_mul(x, x);
        assert_true(tp_wants_grad(y));
        assert_false(tp_is_leaf(y));
        assert_false(tp_wants_grad(tp_mul(tp_ones(tp_shape(2)), tp_ones(tp_shape(2)))));
        assert_true(tp_is_poison(tp_set_requires_grad(y, false)));
        assert_true(had_error(TP_ERROR_GRAPH, "requires_grad", __LINE__ - 1));
        assert_ptr_equal(tp_set_requires_grad(y, true), y);
        tp_set_requires_grad(x, false);
        assert_true(tp_is_leaf(tp_mul(x, x)));
        assert_true(tp_is_poison(tp_requires_grad(tp_arange(0, 3))));
        assert_true(had_error(TP_ERROR_DTYPE, "requires_grad", __LINE__ - 1));
        assert_false(tp_wants_grad(NULL));
    }
}

static void test_modes(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(3);
        TP_NO_GRAD {
            assert_false(tp_is_grad_enabled());
            assert_true(tp_is_leaf(tp_mul(x, x)));
            TP_ENABLE_GRAD { assert_false(tp_is_leaf(tp_mul(x, x))); }
            assert_false(tp_is_grad_enabled());
        }
        assert_true(tp_is_grad_enabled());
        for (int i = 0; i < 3; i++) {
            TP_NO_GRAD {
                if (i == 1) break; /* leaves the block alone */
                continue;          /* NOLINT(readability-redundant-control-flow): what is tested */
            }
            assert_true(tp_is_grad_enabled());
        }
        tp_tensor *d = tp_detach(tp_mul(x, x));
        assert_true(tp_is_leaf(d) && !tp_wants_grad(d));
        assert_true(tp_data(tp_detach(x)) == tp_data(x));
    }
    assert_int_equal(tp_memory_get_stats().live_nodes, 0);
}

static double early_return(tp_tensor *x) {
    TP_NO_GRAD {
        TP_SCOPE { return tp_item(tp_sum(x)); }
    }
    return -1;
}

static void test_early_return(void **state) {
    (void)state;
    TP_SCOPE {
        assert_true(early_return(tp_ones(tp_shape(3))) == 3);
        assert_true(tp_is_grad_enabled());
    }
}

/* ---- backward ---- */

static void test_backward(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(3), *c = tp_full(tp_shape(2), 5, .dtype = TP_FLOAT64);
        assert_null(tp_grad(x));
        assert_true(tp_backward(tp_sum(tp_mul(tp_mul(x, x), c)))); /* 5 x^2: 10 x */
        assert_true(tp_get(tp_grad(x), 1) == 30);
        assert_null(tp_grad(c));
        assert_true(tp_backward(tp_sum(x))); /* adds */
        assert_true(tp_get(tp_grad(x), 0) == 31);
        tp_clear_grad(x);
        assert_null(tp_grad(x));
        /* a given gradient, a value that is used twice, a leaf itself */
        double weights[] = {1, 10};
        tp_tensor *g = tp_from_data(weights, tp_shape(2), .dtype = TP_FLOAT64);
        tp_tensor *y = tp_add(tp_mul(x, x), x);
        assert_true(tp_backward(y, .gradient = g));
        assert_true(tp_get(tp_grad(x), 0) == 7 && tp_get(tp_grad(x), 1) == 70);
        assert_true(tp_get(g, 1) == 10);
        tp_clear_grad(x);
        assert_true(tp_backward(x, .gradient = g));
        assert_true(tp_get(tp_grad(x), 1) == 10);
        tp_tensor *s = tp_scalar(2, .requires_grad = true);
        assert_true(tp_backward(s));
        assert_true(tp_item(tp_grad(s)) == 1);
    }
}

/* The gradient is a copy of its own: adding to it later does not change what was given. */
static void test_gradient_is_a_copy(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(1), *g = tp_full(tp_shape(2), 2, .dtype = TP_FLOAT64);
        tp_set_grad(x, g);
        assert_true(tp_backward(tp_sum(x)));
        assert_true(tp_get(tp_grad(x), 0) == 3 && tp_get(g, 0) == 2);
        tp_set_grad(x, NULL);
        assert_null(tp_grad(x));
        tp_set_grad(x, tp_ones(tp_shape(2)));
        assert_true(had_error(TP_ERROR_SHAPE, "set_grad", __LINE__ - 1)); /* float32 */
        tp_tensor *a = leaf(1), *b = leaf(1); /* one gradient sent to two leaves */
        assert_true(tp_backward(tp_add(a, b), .gradient = g));
        assert_true(tp_backward(tp_sum(a)));
        assert_true(tp_get(tp_grad(a), 0) == 3 && tp_get(tp_grad(b), 0) == 2);
    }
}

static void test_backward_twice(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(3);
        tp_tensor *y = tp_sum(tp_mul(x, x));
        int line = __LINE__ - 1;
        assert_true(tp_backward(y, .retain_graph = true));
        assert_true(tp_backward(y, .retain_graph = true));
        assert_true(tp_get(tp_grad(x), 0) == 12);
        assert_true(tp_backward(y));
        assert_false(tp_backward(y));
        assert_true(had_error(TP_ERROR_GRAPH, "mul", line));
        assert_true(tp_get(tp_grad(x), 0) == 18);
    }
}

static void test_backward_refused(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(3), *y = tp_mul(x, x);
        assert_false(tp_backward(y));
        assert_true(had_error(TP_ERROR_GRAPH, "backward", __LINE__ - 1));
        assert_false(tp_backward(y, .gradient = tp_ones(tp_shape(3))));
        assert_true(had_error(TP_ERROR_SHAPE, "backward", __LINE__ - 1));
        assert_false(tp_backward(tp_ones(tp_shape(1))));
        assert_true(had_error(TP_ERROR_GRAPH, "backward", __LINE__ - 1));
        assert_false(tp_backward(NULL));
        assert_true(had_error(TP_ERROR_ARGUMENT, "backward", __LINE__ - 1));
        TP_NO_GRAD { y = tp_sum(x); }
        assert_false(tp_backward(y));
        assert_true(had_error(TP_ERROR_GRAPH, "backward", __LINE__ - 1));
    }
}

static void test_retain_grad(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(3), *y = tp_mul(x, x), *z = tp_mul(y, y);
        tp_retain_grad(y);
        assert_true(tp_backward(tp_sum(tp_add(z, y)))); /* dy = 2 y + 1 */
        assert_true(tp_get(tp_grad(y), 0) == 19);
        assert_null(tp_grad(z));
        assert_true(tp_get(tp_grad(x), 0) == 19 * 6);
        assert_true(tp_is_poison(tp_retain_grad(tp_ones(tp_shape(1)))));
        assert_true(had_error(TP_ERROR_GRAPH, "retain_grad", __LINE__ - 1));
    }
}

/* ---- edits in place ---- */

static void test_edits(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(3), *c = tp_full(tp_shape(2), 5, .dtype = TP_FLOAT64);
        tp_tensor *y = tp_sum(tp_mul(x, c));
        int line = __LINE__ - 1;
        tp_fill_(c, 1);
        assert_false(tp_backward(y)); /* needs the c of before */
        assert_true(had_error(TP_ERROR_MODIFIED, "mul", line));
        assert_true(tp_is_poison(tp_fill_(x, 1)));
        assert_true(had_error(TP_ERROR_GRAPH, "fill", __LINE__ - 1));
        TP_NO_GRAD { assert_false(tp_is_poison(tp_fill_(x, 1))); }
        assert_true(tp_get(x, 1) == 1);
        /* through a view */
        tp_tensor *v = tp_detach(c);
        y = tp_sum(tp_mul(x, c));
        line = __LINE__ - 1;
        tp_set(v, 9, 0);
        assert_false(tp_backward(y));
        assert_true(had_error(TP_ERROR_MODIFIED, "mul", line));
        /* a sum does not need its inputs: editing them is fine */
        y = tp_sum(tp_add(x, c));
        tp_fill_(c, 7);
        assert_true(tp_backward(y));
        assert_true(tp_get(tp_grad(x), 0) == 1);
    }
}

/* ---- long and wide graphs ---- */

static void test_deep(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(1), *one = tp_full(tp_shape(2), 1, .dtype = TP_FLOAT64);
        tp_tensor *y = x;
        for (int i = 0; i < 100000; i++) y = i % 2 ? tp_mul(y, one) : tp_add(y, one);
        assert_true(tp_backward(tp_sum(y)));
        assert_true(tp_get(tp_grad(x), 0) == 1);
        /* never walked: freed all the same */
        y = x;
        for (int i = 0; i < 100000; i++) y = tp_mul(y, one);
    }
    assert_int_equal(tp_memory_get_stats().live_nodes, 0);
    /* each link dies before the next one is made, but for the graph */
    tp_scope outer = tp_scope_begin();
    tp_tensor *x = leaf(1), *y = x;
    for (int i = 0; i < 100000; i++)
        TP_SCOPE { y = tp_escape(tp_neg(y)); }
    assert_true(tp_backward(tp_sum(y)));
    assert_true(tp_get(tp_grad(x), 0) == 1);
    tp_scope_end(&outer);
}

/* The graph outlives the scope in which it was made. */
static tp_tensor *square_sum(tp_tensor *x) {
    TP_SCOPE {
        tp_tensor *y = tp_mul(x, x);
        return tp_escape(tp_sum(y));
    }
    return NULL;
}

static void test_graph_outlives_scope(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = leaf(4), *y = square_sum(x);
        assert_true(tp_is_alive(y));
        assert_true(tp_item(y) == 32);
        assert_true(tp_backward(y));
        assert_true(tp_get(tp_grad(x), 0) == 8);
    }
    tp_tensor *kept = NULL; /* the leaf goes before its graph */
    TP_SCOPE { kept = tp_keep(tp_sum(tp_mul(leaf(2), leaf(3)))); }
    assert_true(tp_backward(kept));
    tp_free(kept);
}

/* Each node's saved values go back as soon as it has been walked. */
static void test_memory_falls(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(1000, 100), .requires_grad = true);
        size_t before = tp_memory_get_stats().live_bytes;
        tp_tensor *loss = NULL;
        TP_SCOPE {
            tp_tensor *y = x;
            for (int i = 0; i < 10; i++) y = tp_sin(y);
            loss = tp_escape(tp_sum(y));
        }
        size_t full = tp_memory_get_stats().live_bytes;
        assert_true(full - before > 9 * 400000u);
        tp_memory_reset_peak();
        assert_true(tp_backward(loss));
        assert_true(tp_memory_get_stats().peak_bytes < full + 4 * 420000u);
        assert_true(tp_memory_get_stats().live_bytes < before + 2 * 420000u); /* the gradient */
    }
}

/* ---- functions of the user's own ---- */

typedef struct cube_user {
    int forward, backward;
    bool wrong, wrong_slot;
} cube_user;

static tp_tensor *cube_forward(tp_function_context *context, tp_tensor *const *inputs, int n,
                               void *user) {
    assert_int_equal(n, 2);
    assert_false(tp_is_grad_enabled());
    ((cube_user *)user)->forward++;
    tp_save_for_backward(context, inputs[0]);
    assert_true(tp_needs_input_grad(context, 0));
    assert_false(tp_needs_input_grad(context, 1));
    return tp_mul(tp_mul(inputs[0], inputs[0]), inputs[0]);
}

static void cube_backward(tp_function_context *context, tp_tensor *grad, tp_tensor **grads, int n,
                          void *user) {
    assert_int_equal(n, 2);
    cube_user *u = user;
    u->backward++;
    tp_tensor *x = tp_saved_tensor(context, 0);
    if (!x) return;
    tp_tensor *slope = tp_mul(tp_mul(x, x), u->wrong ? 2.9 : 3);
    grads[0] = tp_mul(grad, slope);
    if (u->wrong_slot) assert_null(tp_saved_tensor(context, 1));
}

static const tp_function cube = {"cube", cube_forward, cube_backward};

static tp_tensor *apply_cube(tp_tensor *const *inputs, int n, void *user) {
    tp_tensor *both[] = {inputs[0], tp_ones(tp_shape(1))};
    (void)n;
    return tp_function_apply(&cube, both, 2, user);
}

static void test_function(void **state) {
    (void)state;
    TP_SCOPE {
        cube_user user = {0};
        tp_tensor *x = leaf(2), *inputs[] = {x};
        tp_tensor *y = apply_cube(inputs, 1, &user);
        assert_true(tp_get(y, 1) == 8);
        assert_true(tp_backward(tp_sum(y)));
        assert_true(tp_get(tp_grad(x), 0) == 12);
        assert_true(user.forward == 1 && user.backward == 1);
        user.wrong_slot = true; /* an error in backward stops it */
        y = apply_cube(inputs, 1, &user);
        assert_false(tp_backward(tp_sum(y)));
        assert_int_equal(take_error().code, TP_ERROR_INDEX);
        user.wrong_slot = false;
        TP_SCOPE { apply_cube(inputs, 1, &user); } /* never walked: its context is freed */
        y = apply_cube(inputs, 1, &user);
        TP_NO_GRAD { tp_fill_(x, 5); }
        int errors = 0;
        assert_false(tp_backward(tp_sum(y)));
        errors = take_error().count;
        assert_int_equal(errors, 1);
        const tp_function none = {"nothing", NULL, NULL};
        assert_true(tp_is_poison(tp_function_apply(&none, inputs, 1, NULL)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "nothing", __LINE__ - 1));
    }
}

/* A function whose result is one of its inputs. */
static tp_tensor *same_forward(tp_function_context *context, tp_tensor *const *inputs, int n,
                               void *user) {
    (void)context, (void)n, (void)user;
    return inputs[0];
}

static void twice_backward(tp_function_context *context, tp_tensor *grad, tp_tensor **grads, int n,
                           void *user) {
    (void)context, (void)n, (void)user;
    grads[0] = tp_mul(grad, 2);
}

static void test_function_gives_its_input(void **state) {
    (void)state;
    TP_SCOPE {
        const tp_function f = {"twice", same_forward, twice_backward};
        tp_tensor *x = leaf(2), *inputs[] = {x};
        tp_tensor *y = tp_function_apply(&f, inputs, 1, NULL);
        assert_true(y != x);
        assert_true(tp_is_leaf(x) && !tp_is_leaf(y));
        assert_true(tp_backward(tp_sum(y)));
        assert_true(tp_get(tp_grad(x), 0) == 2);
    }
}

static void test_gradcheck(void **state) {
    (void)state;
    TP_SCOPE {
        cube_user user = {0};
        double values[] = {0.5, -1.25};
        tp_tensor *x =
            tp_from_data(values, tp_shape(2), .dtype = TP_FLOAT64, .requires_grad = true);
        assert_true(tp_gradcheck(apply_cube, .inputs = &x, .n = 1, .user = &user));
        assert_true(tp_get(x, 0) == 0.5 && tp_get(x, 1) == -1.25); /* put back */
        user.wrong = true;
        assert_false(tp_gradcheck(apply_cube, .inputs = &x, .n = 1, .user = &user));
        assert_true(had_error(TP_ERROR_VALUE, "gradcheck", __LINE__ - 1));
        assert_false(tp_gradcheck(apply_cube, .inputs = &x, .n = 1, .user = &user, .quiet = true));
        assert_int_equal(take_error().count, 0);
        tp_tensor *narrow = tp_ones(tp_shape(2), .requires_grad = true);
        assert_false(tp_gradcheck(apply_cube, .inputs = &narrow, .n = 1, .user = &user));
        assert_true(had_error(TP_ERROR_DTYPE, "gradcheck", __LINE__ - 1));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_requires_grad),
        CLEAN_TEST(test_modes),
        CLEAN_TEST(test_early_return),
        CLEAN_TEST(test_backward),
        CLEAN_TEST(test_gradient_is_a_copy),
        CLEAN_TEST(test_backward_twice),
        CLEAN_TEST(test_backward_refused),
        CLEAN_TEST(test_retain_grad),
        CLEAN_TEST(test_edits),
        CLEAN_TEST(test_deep),
        CLEAN_TEST(test_graph_outlives_scope),
        CLEAN_TEST(test_memory_falls),
        CLEAN_TEST(test_function),
        CLEAN_TEST(test_function_gives_its_input),
        CLEAN_TEST(test_gradcheck),
    };
    return cmocka_run_group_tests_name("autograd", tests, NULL, NULL);
}
