/* Who ends what, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <taper/ops.h>

#include "support/clean.h"

static int64_t live(void) { return tp_memory_get_stats().live_tensors; }

static void test_nested(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_ones(tp_shape(2));
        TP_SCOPE {
            tp_tensor *b = tp_ones(tp_shape(2));
            assert_int_equal(live(), 2);
            assert_true(tp_is_alive(a) && tp_is_alive(b));
        }
        assert_int_equal(live(), 1);
        for (int i = 0; i < 5; i++) {
            TP_SCOPE {
                tp_zeros(tp_shape(3));
                if (i == 1) continue; /* goes on after the block */
                if (i == 3) break;
                tp_zeros(tp_shape(4));
            }
            assert_int_equal(live(), 1);
        }
    }
    assert_int_equal(live(), 0);
}

static int leave_early(int how) {
    TP_SCOPE {
        tp_ones(tp_shape(2));
        TP_SCOPE {
            tp_ones(tp_shape(2));
            if (how == 0) return 10;
            if (how == 1) goto out;
        }
        return 30;
    }
out:
    return 20;
}

static void test_return_and_goto(void **state) {
    (void)state;
    TP_SCOPE {
        for (int how = 0; how < 3; how++) {
            assert_int_equal(leave_early(how), 10 * (how + 1));
            assert_int_equal(live(), 0);
        }
    }
}

/* Scopes by hand: an outer end closes the inner ones, a second end does nothing. */
static void test_by_hand(void **state) {
    (void)state;
    tp_scope outer = tp_scope_begin();
    tp_ones(tp_shape(1));
    tp_scope inner = tp_scope_begin();
    tp_ones(tp_shape(1));
    tp_scope_end(&outer);
    assert_int_equal(live(), 0);
    tp_scope next = tp_scope_begin();
    tp_ones(tp_shape(1));
    tp_scope_end(&outer); /* again */
    assert_int_equal(live(), 1);
    tp_scope_end(&next);
    (void)inner;
    tp_scope_end(NULL);
    assert_int_equal(live(), 0);
}

static tp_tensor *three(void) {
    TP_SCOPE { return tp_escape(tp_full(tp_shape(1), 3)); }
    return NULL;
}

static void test_owners(void **state) {
    (void)state;
    tp_tensor *kept = NULL;
    TP_SCOPE {
        tp_tensor *x = three();
        assert_true(tp_is_alive(x) && tp_item(x) == 3);
        TP_SCOPE { kept = tp_keep(x); }
        TP_SCOPE { tp_escape(kept); } /* the user's stays the user's */
        tp_tensor *y = tp_ones(tp_shape(1));
        tp_free(y); /* before its scope ends */
        assert_int_equal(live(), 1);
    }
    assert_true(tp_item(kept) == 3);
    tp_free(kept);
    tp_free(NULL);
    assert_int_equal(live(), 0);
}

/* A view keeps the bytes alive, not the tensor. */
static void test_views(void **state) {
    (void)state;
    tp_tensor *view = NULL;
    TP_SCOPE { view = tp_keep(tp_select(tp_full(tp_shape(3, 4), 7), 0, 1)); }
    assert_int_equal(live(), 1);
    assert_true(tp_get(view, 3) == 7);
    tp_free(view);
}

static void test_use_after_end(void **state) {
    (void)state;
    tp_tensor *x = NULL;
    TP_SCOPE { x = tp_ones(tp_shape(2)); }
    assert_false(tp_is_alive(x));
    TP_SCOPE {
        assert_true(tp_is_poison(tp_add(x, x)));
        assert_true(had_error(TP_ERROR_DEAD, "add", __LINE__ - 1));
        assert_int_equal(tp_numel(x), 0);
        assert_int_equal(take_error().code, TP_ERROR_DEAD);
        assert_null(tp_data(x));
        assert_int_equal(take_error().code, TP_ERROR_DEAD);
        assert_true(tp_is_poison(tp_keep(x)));
        assert_int_equal(take_error().code, TP_ERROR_DEAD);
        assert_null(tp_grad(x));
        assert_int_equal(take_error().code, TP_ERROR_DEAD);
        tp_free(x);
        assert_int_equal(take_error().code, TP_ERROR_DEAD);
    }
}

/* What the graph still holds is dead to the user all the same. */
static void test_held_by_graph(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_full(tp_shape(2), 3, .requires_grad = true), *y = NULL, *loss = NULL;
        TP_SCOPE {
            y = tp_mul(x, x);
            loss = tp_escape(tp_sum(tp_mul(y, y)));
        }
        assert_false(tp_is_alive(y));
        assert_true(tp_is_poison(tp_add(y, y)));
        assert_true(had_error(TP_ERROR_DEAD, "add", __LINE__ - 1));
        assert_true(tp_backward(loss)); /* which may use it */
        assert_true(tp_get(tp_grad(x), 0) == 4 * 27);
    }
}

/* Too many scopes inside one another are an error, not a crash. */
static void recurse(int depth) {
    TP_SCOPE {
        tp_ones(tp_shape(1));
        if (depth > 0) recurse(depth - 1);
    }
}

static void test_too_deep(void **state) {
    (void)state;
    recurse(200);
    assert_int_equal(take_error().count, 0);
    recurse(300);
    assert_int_equal(take_error().code, TP_ERROR_STATE);
    assert_int_equal(live(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_nested),        CLEAN_TEST(test_return_and_goto),
        CLEAN_TEST(test_by_hand),       CLEAN_TEST(test_owners),
        CLEAN_TEST(test_views),         CLEAN_TEST(test_use_after_end),
        CLEAN_TEST(test_held_by_graph), CLEAN_TEST(test_too_deep),
    };
    return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
