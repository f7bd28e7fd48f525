/* Metrics against counting by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/tensors.h"

static int watch(void **state) {
    (void)state;
    watch_errors();
    return 0;
}

static tp_tensor *labels_of(const int64_t *values, int64_t n) {
    return tp_from_data(values, tp_shape(n), .dtype = TP_INT64);
}

static void test_accuracy(void **state) {
    (void)state;
    TP_SCOPE {
        static const float values[] = {1, 5, 2, 9, 5, 2, 1, 5, 7, 3, 3, 3, 0, -1, NAN};
        static const int64_t right[] = {1, 0, 1, 0, 2};
        tp_tensor *x = tp_from_data(values, tp_shape(5, 3)), *y = labels_of(right, 5);
        /* Rows: yes; yes; second; the first of equals: yes; a NaN is the largest: yes. */
        assert_true(tp_accuracy(x, y) == 0.8);
        assert_true(tp_topk_accuracy(x, y, 1) == 0.8);
        assert_true(tp_topk_accuracy(x, y, 2) == 1);
        assert_true(tp_topk_accuracy(x, y, 9) == 1);
        tp_tensor *wide = tp_to(x, TP_FLOAT64);
        assert_true(tp_accuracy(wide, y) == 0.8);
        assert_true(tp_accuracy(scattered(x), scattered(y)) == 0.8);
        static const int64_t last[] = {2, 2, 2, 2, 1};
        assert_true(tp_accuracy(x, labels_of(last, 5)) == 0.2);
        assert_true(isnan(tp_accuracy(tp_empty(tp_shape(0, 3)), tp_empty(tp_shape(0), TP_INT64))));
    }
    assert_int_equal(take_error().count, 0);
}

/* The same numbers as argmax, on rows with ties and NaN. */
static void test_accuracy_is_that_of_argmax(void **state) {
    (void)state;
    tp_manual_seed(2);
    TP_SCOPE {
        enum { N = 400, C = 7 };
        tp_tensor *x = tp_to(tp_randint(0, 4, tp_shape(N, C)), TP_FLOAT32);
        for (int i = 0; i < 40; i++) tp_set(x, NAN, 10 * i, i % C);
        tp_tensor *y = tp_randint(0, C, tp_shape(N));
        tp_tensor *taken = tp_argmax(x, .dim = 1);
        double right = tp_item(tp_sum(tp_to(tp_eq(taken, y), TP_FLOAT64)));
        assert_true(tp_accuracy(x, y) == right / N);
        tp_tensor *confusion = tp_confusion_matrix(x, y);
        tp_tensor *same = tp_confusion_matrix(taken, y, C);
        assert_true(tp_equal(confusion, same));
        assert_true(tp_item(tp_sum(confusion)) == N);
    }
    assert_int_equal(take_error().count, 0);
}

static void test_binary(void **state) {
    (void)state;
    TP_SCOPE {
        static const float logits[] = {-1, 0.2F, 3, 0}, probabilities[] = {0.2F, 0.6F, 0.9F, 0.5F};
        static const float truth[] = {0, 0, 1, 0};
        tp_tensor *y = tp_from_data(truth, tp_shape(4, 1));
        assert_true(tp_binary_accuracy(tp_from_data(logits, tp_shape(4, 1)), y, 0) == 0.75);
        assert_true(tp_binary_accuracy(tp_from_data(probabilities, tp_shape(4, 1)), y, 0.5) ==
                    0.75);
        assert_true(isnan(tp_binary_accuracy(tp_from_data(logits, tp_shape(4)), y, 0)));
        assert_true(had_error(TP_ERROR_SHAPE, "binary_accuracy", __LINE__ - 1));
    }
}

static void test_scores_of_classes(void **state) {
    (void)state;
    TP_SCOPE {
        /* rows: what it is; columns: what it was taken for. Class 2 is never predicted, class 3 never there. */
        static const int64_t cells[] = {5, 1, 0, 2, 2, 6, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0};
        tp_tensor *m = tp_from_data(cells, tp_shape(4, 4), .dtype = TP_INT64);
        tp_class_scores s = tp_class_scores_of(m, 0);
        assert_true(s.precision == 5.0 / 8 && s.recall == 5.0 / 8 && s.support == 8);
        s = tp_class_scores_of(m, 1);
        assert_true(s.precision == 0.6 && s.recall == 0.75);
        assert_true(fabs(s.f1 - 2 * 0.6 * 0.75 / 1.35) < 1e-15);
        s = tp_class_scores_of(m, 2);
        assert_true(s.precision == 0 && s.recall == 0 && s.f1 == 0 && s.support == 4);
        s = tp_class_scores_of(tp_transpose(m, 0, 1), 1);
        assert_true(s.precision == 0.75 && s.recall == 0.6);
        s = tp_class_scores_of(m, -1);
        assert_true(fabs(s.precision - (0.625 + 0.6) / 4) < 1e-15 && s.support == 20);
    }
    assert_int_equal(take_error().count, 0);
}

static void test_mistakes(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(4, 3)), *y = tp_zeros(tp_shape(4), TP_INT64);
        assert_true(isnan(tp_accuracy(x, tp_zeros(tp_shape(3), TP_INT64))));
        assert_true(had_error(TP_ERROR_SHAPE, "accuracy", __LINE__ - 1));
        assert_true(isnan(tp_accuracy(x, tp_zeros(tp_shape(4)))));
        assert_true(had_error(TP_ERROR_DTYPE, "accuracy", __LINE__ - 1));
        assert_true(isnan(tp_topk_accuracy(x, y, 0)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "topk_accuracy", __LINE__ - 1));
        tp_set(y, 3, 1);
        assert_true(isnan(tp_accuracy(x, y)));
        assert_true(had_error(TP_ERROR_INDEX, "accuracy", __LINE__ - 1));
        assert_true(tp_is_poison(tp_confusion_matrix(x, y)));
        assert_true(had_error(TP_ERROR_INDEX, "confusion_matrix", __LINE__ - 1));
        tp_clear_error();
        assert_true(tp_is_poison(tp_confusion_matrix(y, y, 3)));
        assert_true(had_error(TP_ERROR_INDEX, "confusion_matrix", __LINE__ - 1));
        tp_clear_error();
        assert_true(isnan(tp_class_scores_of(x, 0).f1));
        assert_true(had_error(TP_ERROR_SHAPE, "class_scores", __LINE__ - 1));
        tp_tensor *m = tp_zeros(tp_shape(3, 3), TP_INT64);
        assert_true(isnan(tp_class_scores_of(m, 3).f1));
        assert_true(had_error(TP_ERROR_INDEX, "class_scores", __LINE__ - 1));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accuracy), cmocka_unit_test(test_accuracy_is_that_of_argmax),
        cmocka_unit_test(test_binary),   cmocka_unit_test(test_scores_of_classes),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, watch, NULL);
}
