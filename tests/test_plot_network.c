/* Networks as figures: what is drawn, written and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/ops.h>
#include <taper/plot.h>

#include "plot/figure.h"
#include "support/clean.h"

enum { TEXT_BYTES = 1 << 20 };

/* How often the figure's drawing, or its numbers, contain a text. */
static int count_of(const tp_figure *f, bool numbers, const char *wanted) {
    char *text = calloc(1, TEXT_BYTES);
    FILE *stream = fmemopen(text, TEXT_BYTES - 1, "w");
    assert_non_null(stream);
    if (numbers)
        assert_true(tp_figure_csv(f, stream));
    else
        tp_figure_svg(f, stream, true);
    fclose(stream);
    int count = 0;
    for (const char *p = text; (p = strstr(p, wanted)); p++) count++;
    free(text);
    return count;
}

/* A line for each weight that is not 0, a circle for each neuron, and their numbers. */
static void test_drawing(void **state) {
    (void)state;
    static const float w1[] = {1, -1, 0, 0.5F, -1, 1}, w2[] = {1, 1, 1};
    TP_SCOPE {
        tp_figure *f = tp_figure_new("net");
        tp_tensor *first = tp_from_data(w1, tp_shape(3, 2)), *b = tp_full(tp_shape(3), -0.5);
        tp_tensor *second = tp_from_data(w2, tp_shape(1, 3)), *c = tp_zeros(tp_shape(1));
        assert_true(tp_plot_network(f, tp_list(first, second), .biases = tp_list(b, c)));
        assert_int_equal(count_of(f, false, "class=\"tl k-s1\""), 3 + 3);
        assert_int_equal(count_of(f, false, "class=\"tl k-neg\""), 2);
        assert_int_equal(count_of(f, false, "class=\"tl k-text\""), 3 + 1);
        assert_int_equal(count_of(f, false, ">-0.5</text>"), 3);
        assert_int_equal(count_of(f, false, ">-1</text>"), 2);
        assert_int_equal(count_of(f, false, ">x2</text>"), 1);
        assert_int_equal(count_of(f, false, ">y</text>"), 1);
        assert_int_equal(
            count_of(f, true, "layer,neuron,input,weight\n1,1,1,1\n1,1,2,-1\n1,1,bias,-0.5\n"), 1);
        assert_int_equal(count_of(f, true, "\n2,1,3,1\n2,1,bias,0\n"), 1);
        assert_false(tp_plot_network(f, tp_list(first)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "plot_network", __LINE__ - 1));
        tp_figure_free(f);
    }
}

/* Names of one's own; weights laid out otherwise in memory, of another type, or no numbers. */
static void test_given(void **state) {
    (void)state;
    static const char *const in[] = {"age", "size & weight"}, *const out[] = {"yes", "no"};
    TP_SCOPE {
        tp_figure *f = tp_figure_new(NULL);
        tp_tensor *w =
            tp_from_data(((double[]){3, NAN, 0, -4}), tp_shape(2, 2), .dtype = TP_FLOAT64);
        assert_true(tp_plot_network(f, tp_list(tp_t(w)), .inputs = in, .outputs = out));
        assert_int_equal(count_of(f, false, ">size &amp; weight</text>"), 1);
        assert_int_equal(count_of(f, false, ">no</text>"), 1);
        assert_int_equal(count_of(f, false, "class=\"tl k-s1\""), 1);
        assert_int_equal(count_of(f, false, "class=\"tl k-neg\""), 1);
        assert_int_equal(count_of(f, true, "1,1,1,3\n1,1,2,0\n1,2,1,\n1,2,2,-4\n"), 1);
        tp_figure_free(f);
    }
}

/* With many neurons the figure grows, and numbers that have no room are left out. */
static void test_many(void **state) {
    (void)state;
    TP_SCOPE {
        tp_figure *f = tp_figure_new("large");
        assert_true(
            tp_plot_network(f, tp_list(tp_ones(tp_shape(64, 6)), tp_ones(tp_shape(1, 64)))));
        assert_true(tp_figure_size(f, 0).y > 64 * 2 * 15);
        assert_int_equal(count_of(f, false, "class=\"tl k-s1\""), 64 * 7);
        assert_int_equal(count_of(f, false, ">1</text>"), 0);
        tp_figure_free(f);
    }
}

/* What is refused leaves a figure with nothing in it, free for something else. */
static void test_mistakes(void **state) {
    (void)state;
    TP_SCOPE {
        tp_figure *f = tp_figure_new("net");
        tp_tensor *w = tp_ones(tp_shape(3, 2)), *b = tp_ones(tp_shape(2));
        assert_false(tp_plot_network(f, tp_list(w, w)));
        assert_true(had_error(TP_ERROR_SHAPE, "plot_network", __LINE__ - 1));
        assert_false(tp_plot_network(f, tp_list(b)));
        assert_true(had_error(TP_ERROR_SHAPE, "plot_network", __LINE__ - 1));
        assert_false(tp_plot_network(f, tp_list(tp_ones(tp_shape(0, 2)))));
        assert_true(had_error(TP_ERROR_SHAPE, "plot_network", __LINE__ - 1));
        assert_false(tp_plot_network(f, tp_list(w), .biases = tp_list(b)));
        assert_true(had_error(TP_ERROR_SHAPE, "plot_network", __LINE__ - 1));
        assert_false(tp_plot_network(f, tp_list(w), .biases = tp_list(b, b)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "plot_network", __LINE__ - 1));
        assert_false(tp_plot_network(f, tp_list(tp_ones(tp_shape(300, 2)))));
        assert_true(had_error(TP_ERROR_ARGUMENT, "plot_network", __LINE__ - 1));
        assert_false(tp_plot_network(f, tp_list_of(NULL, 0)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "plot_network", __LINE__ - 1));
        assert_false(tp_plot_network(NULL, tp_list(w)));
        assert_false(tp_plot_images(f, tp_ones(tp_shape(4))));
        assert_true(had_error(TP_ERROR_SHAPE, "plot_images", __LINE__ - 1));
        assert_false(tp_plot_show(f, stdout));
        assert_true(had_error(TP_ERROR_ARGUMENT, "plot_show", __LINE__ - 1));
        assert_true(tp_plot_network(f, tp_list(w)));
        tp_figure_free(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_drawing),
        CLEAN_TEST(test_given),
        CLEAN_TEST(test_many),
        CLEAN_TEST(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
