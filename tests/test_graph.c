/* What is shown of the recorded graph, and the search for NaN and Inf in it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <taper/loss.h>
#include <taper/nn.h>
#include <taper/ops.h>

#include "support/clean.h"

/* What a printer writes about x. */
static const char *shown(void (*print)(FILE *, const tp_tensor *), const tp_tensor *x) {
    static char text[8192];
    FILE *stream = tmpfile();
    assert_non_null(stream);
    print(stream, x);
    rewind(stream);
    size_t length = fread(text, 1, sizeof text - 1, stream);
    text[length] = 0;
    fclose(stream);
    return text;
}

/* How often a word stands in a text. */
static int count(const char *text, const char *word) {
    int found = 0;
    for (const char *at = text; (at = strstr(at, word)); at++) found++;
    return found;
}

static void test_print(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_full(tp_shape(2, 3), 2, .requires_grad = true), *c = tp_ones(tp_shape(3));
        tp_tensor *aside = tp_exp(x); /* not on the way to y */
        tp_tensor *y = tp_sum(tp_mul(tp_add(x, c), x));
        const char *text = shown(tp_graph_print, y);
        const char *sum = strstr(text, "sum"), *mul = strstr(text, "mul"),
                   *add = strstr(text, "add");
        assert_true(sum && mul && add && sum < mul && mul < add); /* newest first */
        assert_int_equal(count(text, "\n"), 3);
        assert_int_equal(count(text, "test_graph.c:"), 3);
        assert_int_equal(count(text, "leaf (2, 3)"), 2);
        assert_int_equal(count(text, "constant (3,)"), 1);
        assert_null(strstr(text, "exp"));
        assert_null(strstr(text, "consumed"));
        assert_int_equal(count(shown(tp_graph_print, y), "\n"), 3); /* printing leaves no marks */
        assert_true(tp_backward(y));
        assert_non_null(strstr(shown(tp_graph_print, y), "consumed"));
        assert_int_equal(count(shown(tp_graph_print, aside), "\n"), 1);
        assert_int_equal(count(shown(tp_graph_print, c), "no recorded operation"), 1);
        assert_int_equal(count(shown(tp_graph_print, NULL), "no recorded operation"), 1);
    }
}

static void test_dot(void **state) {
    (void)state;
    TP_SCOPE {
        tp_module *net = tp_nn_sequential(tp_nn_linear(3, 4), tp_nn_tanh(), tp_nn_linear(4, 2));
        tp_tensor *loss = tp_sum(tp_call(net, tp_ones(tp_shape(5, 3))));
        const char *text = shown(tp_graph_dot, loss);
        assert_true(strncmp(text, "digraph", 7) == 0);
        assert_string_equal(text + strlen(text) - 2, "}\n");
        assert_non_null(strstr(text, "weight"));
        assert_int_equal(count(text, "{"), count(text, "}"));
        assert_true(count(text, "->") >= 7); /* 2 weights, 2 biases, the input, the links */
        tp_module_free(net);
    }
}

/* The first bad value is reported with the operation, line and layer that made it; then the mode is off. */
static void test_anomaly_forward(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(3), .requires_grad = true);
        tp_log(x);
        assert_int_equal(take_error().count, 0);
        tp_set_detect_anomaly(true);
        tp_tensor *y = tp_add(x, x);
        y = tp_log(y);
        assert_true(had_error(TP_ERROR_NUMBER, "log", __LINE__ - 1));
        tp_exp(tp_mul(y, y)); /* Inf again: silence */
    }
    tp_set_detect_anomaly(false);
}

static void test_anomaly_backward(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(3), .requires_grad = true);
        tp_set_detect_anomaly(true);
        tp_tensor *y = tp_sqrt(x); /* 0, with a slope without bounds */
        int line = __LINE__ - 1;
        assert_false(tp_backward(tp_sum(y)));
        seen_error error = take_error();
        assert_int_equal(error.code, TP_ERROR_NUMBER);
        assert_int_equal(error.line, line);
        assert_non_null(strstr(error.text, "sqrt (backward)"));
    }
    tp_set_detect_anomaly(false);
}

static void test_anomaly_layer(void **state) {
    (void)state;
    TP_SCOPE {
        tp_module *net = tp_nn_sequential(tp_nn_linear(2, 2), tp_nn_softplus(), tp_nn_linear(2, 1));
        tp_tensor *weight = tp_get_tensor(net, "2.weight");
        TP_NO_GRAD { tp_fill_(weight, INFINITY); }
        tp_set_detect_anomaly(true);
        tp_call(net, tp_ones(tp_shape(4, 2)));
        seen_error error = take_error();
        assert_int_equal(error.code, TP_ERROR_NUMBER);
        assert_string_equal(error.op, "linear");
        assert_non_null(strstr(error.text, "in layer 2"));
        tp_module_free(net);
    }
    tp_set_detect_anomaly(false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_print),           CLEAN_TEST(test_dot),
        CLEAN_TEST(test_anomaly_forward), CLEAN_TEST(test_anomaly_backward),
        CLEAN_TEST(test_anomaly_layer),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
