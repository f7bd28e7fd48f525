/* The handler, the line that it prints, poison, and the first error that surfaces. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/ops.h>

#include "support/clean.h"

static tp_tensor *mismatch(void) { return tp_add(tp_ones(tp_shape(2)), tp_ones(tp_shape(3))); }

static void test_poison(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = mismatch();
        assert_true(tp_is_poison(x) && !tp_is_alive(x));
        tp_tensor *y = tp_sum(tp_mul(tp_exp(x), tp_ones(tp_shape(5)))); /* silently */
        assert_true(tp_is_poison(y));
        assert_int_equal(tp_numel(y), 0);
        assert_null(tp_data(y));
        tp_free(y);
        tp_keep(y);
        seen_error error = take_error();
        assert_int_equal(error.count, 1);
        assert_string_equal(error.op, "add");
    }
}

/* The first error, not the last, surfaces where something cannot be poison. */
static void test_surfaces(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = mismatch();
        tp_reshape(tp_ones(tp_shape(2)), tp_shape(3));
        assert_int_equal(tp_last_error()->code, TP_ERROR_SHAPE);
        assert_string_equal(tp_last_error()->op, "reshape");
        assert_true(isnan(tp_item(x)));
        assert_string_equal(tp_last_error()->op, "add");
        assert_false(tp_backward(x));
        float value;
        assert_false(tp_copy_out(x, &value));
        assert_true(isnan(tp_get(x, 0)));
        assert_int_equal(take_error().count, 6);
        assert_int_equal(tp_last_error()->code, TP_ERROR_NONE); /* forgotten */
        assert_string_equal(tp_last_error()->op, "");
    }
}

static void test_format(void **state) {
    (void)state;
    const tp_error error = {TP_ERROR_SHAPE, "matmul",      "a (2, 3)",
                            "(n, k)",       "transpose b", {"net.c", 7}};
    char line[200], small[10];
    int length = tp_error_format(&error, line, sizeof line);
    assert_string_equal(
        line, "net.c:7: matmul: shapes do not fit: got a (2, 3); want (n, k); transpose b");
    assert_int_equal(length, strlen(line));
    assert_int_equal(tp_error_format(&error, small, sizeof small), length);
    assert_string_equal(small, "net.c:7: ");
    assert_int_equal(tp_error_format(&error, NULL, 0), length);
    const tp_error bare = {TP_ERROR_MEMORY, "add", "", "", "", {NULL, 0}};
    tp_error_format(&bare, line, sizeof line);
    assert_string_equal(line, "add: out of memory");
    for (int code = 0; code < TP_ERROR_COUNT; code++)
        assert_true(strlen(tp_error_text((tp_error_code)code)) > 3);
    assert_non_null(tp_error_text((tp_error_code)999));
}

/* Texts longer than their places are cut, never written past. */
static void test_long_texts(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(1, 1, 1, 1, 1, 1, 1, 1));
        tp_shape huge = {8,
                         {1LL << 50, 1LL << 50, 1LL << 50, 1LL << 50, 1LL << 50, 1LL << 50,
                          1LL << 50, 1LL << 50}};
        assert_true(tp_is_poison(tp_reshape(x, huge)));
        assert_int_equal(take_error().count, 1);
        assert_true(tp_is_poison(tp_zeros(huge)));
        assert_int_equal(take_error().code, TP_ERROR_MEMORY);
    }
}

/* Without a handler: one line on stderr, the output before it, and exit status 1. */
static void test_default(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], 2);
        dup2(ends[1], 1);
        tp_set_error_handler(NULL, NULL);
        printf("before\n"); /* buffered: the handler has to flush it */
        mismatch();
        _exit(0); /* not reached */
    }
    close(ends[1]);
    char text[2048] = "";
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_true(strncmp(text, "before\n", 7) == 0);
    const char *line = text + 7;
    assert_non_null(strstr(line, "test_errors.c:"));
    assert_non_null(strstr(line, ": add: shapes do not fit: got"));
    assert_non_null(strstr(line, "(2,)"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1); /* one line */
}

static void swap(const tp_error *error, void *user) {
    int *count = user;
    ++*count;
    assert_int_equal(error->code, TP_ERROR_SHAPE);
}

static void test_handler_user(void **state) {
    (void)state;
    int count = 0;
    tp_set_error_handler(swap, &count);
    TP_SCOPE {
        mismatch();
        mismatch();
    }
    assert_int_equal(count, 2);
    watch_errors();
    tp_clear_error();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_poison),     CLEAN_TEST(test_surfaces), CLEAN_TEST(test_format),
        CLEAN_TEST(test_long_texts), CLEAN_TEST(test_default),  CLEAN_TEST(test_handler_user),
    };
    return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
