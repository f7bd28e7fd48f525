/* tp_check_backward: a right backward passes; of each planted mistake it says what it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <taper/check.h>
#include <taper/ops.h>
#include <taper/random.h>
#include <taper/train.h>

#include "support/clean.h"

/* mean over the batch of the squares of x w + b: x (N, 4), w (4, 3), b (3) */
static tp_tensor *layer(tp_tensor *const *in, int n, void *user) {
    (void)n, (void)user;
    tp_tensor *y = tp_add(tp_matmul(in[0], in[1]), in[2]);
    return tp_div(tp_sum(tp_square(y)), (double)tp_size(in[0], 0));
}

typedef enum mistake {
    NONE,
    SIGN,
    NO_MEAN,
    MEAN_TWICE,
    NO_SUM,
    TRANSPOSED,
    FACTOR,
    ZERO,
    NOT_FINITE,
    OTHER_INPUT,
    SHAPE,
    VALUES,
    MISSING
} mistake;

/* The right gradients, and then the mistake. */
static void layer_backward(tp_tensor *const *in, int n, tp_tensor *grad, tp_tensor **grads,
                           void *user) {
    (void)n;
    double count = (double)tp_size(in[0], 0);
    tp_tensor *y = tp_add(tp_matmul(in[0], in[1]), in[2]);
    tp_tensor *dy = tp_mul(tp_mul(y, 2 / count), grad);
    grads[0] = tp_matmul(dy, tp_t(in[1]));
    grads[1] = tp_matmul(tp_t(in[0]), dy);
    grads[2] = tp_sum(dy, .dims = tp_dims(0));
    switch (*(mistake *)user) {
    case NONE: break;
    case SIGN: grads[1] = tp_neg(grads[1]); break;
    case NO_MEAN: grads[1] = tp_mul(grads[1], count); break;
    case MEAN_TWICE: grads[1] = tp_div(grads[1], count); break;
    case NO_SUM: grads[2] = dy; break;
    case TRANSPOSED: grads[1] = tp_t(grads[1]); break;
    case FACTOR: grads[1] = tp_mul(grads[1], 0.5); break;
    case ZERO: grads[1] = tp_zeros_like(grads[1]); break;
    case NOT_FINITE: grads[1] = tp_div(grads[1], 0.0); break;
    case OTHER_INPUT: grads[1] = grads[0]; break;
    case SHAPE: grads[1] = tp_reshape(grads[1], tp_shape(2, 6)); break;
    case VALUES: grads[1] = tp_add(grads[1], 0.1); break;
    case MISSING: grads[1] = NULL; break;
    }
}

/* Checks with one mistake; the verdict on input i is to be that fault, and the others right. */
static void expect(mistake m, int input, tp_backward_fault fault, const char *word) {
    tp_backward_verdict v[3];
    tp_manual_seed(3);
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(5, 4)), *w = tp_randn(tp_shape(4, 3)),
                  *b = tp_randn(tp_shape(3));
        bool right = tp_check_backward(layer, layer_backward, tp_list(x, w, b), .user = &m,
                                       .verdicts = v, .quiet = true, .all = true,
                                       .names = (const char *const[]){"x", "w", "b"});
        assert_int_equal(right, fault == TP_BACKWARD_RIGHT);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(v[i].fault, i == input ? fault : TP_BACKWARD_RIGHT);
    if (word && !strstr(v[input].text, word)) fail_msg("\"%s\" has no \"%s\"", v[input].text, word);
}

static void test_right(void **state) {
    (void)state;
    expect(NONE, 0, TP_BACKWARD_RIGHT, NULL);
}

static void test_mistakes(void **state) {
    (void)state;
    expect(SIGN, 1, TP_BACKWARD_SIGN, "sign");
    expect(NO_MEAN, 1, TP_BACKWARD_NO_MEAN, "1/N of the mean over the batch is missing");
    expect(MEAN_TWICE, 1, TP_BACKWARD_MEAN_TWICE, "divided by N once too often");
    expect(NO_SUM, 2, TP_BACKWARD_NO_SUM, "the sum over the batch is missing");
    expect(TRANSPOSED, 1, TP_BACKWARD_TRANSPOSED, "transpose");
    expect(FACTOR, 1, TP_BACKWARD_FACTOR, "0.5 times");
    expect(ZERO, 1, TP_BACKWARD_ZERO, "0 everywhere");
    expect(NOT_FINITE, 1, TP_BACKWARD_NOT_FINITE, "NaN or Inf");
    expect(OTHER_INPUT, 1, TP_BACKWARD_OTHER_INPUT, "that of input 0");
    expect(SHAPE, 1, TP_BACKWARD_SHAPE, "shape");
    expect(VALUES, 1, TP_BACKWARD_VALUES, "wrong by up to");
    expect(MISSING, 1, TP_BACKWARD_MISSING, "(w)");
}

/* y = a b, element by element; the gradient of a by a instead of b. */
static tp_tensor *product(tp_tensor *const *in, int n, void *user) {
    (void)n, (void)user;
    return tp_mul(in[0], in[1]);
}
static void product_backward(tp_tensor *const *in, int n, tp_tensor *grad, tp_tensor **grads,
                             void *user) {
    (void)n, (void)user;
    grads[0] = tp_mul(grad, in[0]);
    grads[1] = tp_mul(grad, in[0]);
}

static void test_wrong_operand(void **state) {
    (void)state;
    tp_backward_verdict v[2];
    TP_SCOPE {
        tp_tensor *a = tp_randn(tp_shape(3, 2)), *b = tp_randn(tp_shape(3, 2));
        assert_false(tp_check_backward(product, product_backward, tp_list(a, b), .verdicts = v,
                                       .quiet = true));
    }
    /* grad a is what b's has to be, so that either reading is true */
    assert_true(v[0].fault == TP_BACKWARD_OTHER_INPUT || v[0].fault == TP_BACKWARD_OPERAND);
    assert_int_equal(v[1].fault, TP_BACKWARD_RIGHT);
}

static tp_tensor *matrices(tp_tensor *const *in, int n, void *user) {
    (void)n, (void)user;
    return tp_matmul(in[0], in[1]);
}
static void matrices_backward(tp_tensor *const *in, int n, tp_tensor *grad, tp_tensor **grads,
                              void *user) {
    (void)n, (void)user;
    grads[0] = tp_matmul(grad, in[1]); /* the transpose of in[1] is wanted */
    grads[1] = tp_matmul(tp_t(in[0]), grad);
}

static void test_operand_not_transposed(void **state) {
    (void)state;
    tp_backward_verdict v[2];
    TP_SCOPE {
        tp_tensor *a = tp_randn(tp_shape(3, 3)), *b = tp_randn(tp_shape(3, 3));
        assert_false(tp_check_backward(matrices, matrices_backward, tp_list(a, b), .verdicts = v,
                                       .quiet = true));
    }
    assert_int_equal(v[0].fault, TP_BACKWARD_OPERAND);
    assert_non_null(strstr(v[0].text, "input 1"));
    assert_int_equal(v[1].fault, TP_BACKWARD_RIGHT);
}

static void test_reported(void **state) {
    (void)state;
    mistake m = SIGN;
    TP_SCOPE {
        tp_tensor *x = tp_randn(tp_shape(5, 4)), *w = tp_randn(tp_shape(4, 3));
        tp_tensor *b = tp_randn(tp_shape(3));
        assert_false(tp_check_backward(layer, layer_backward, tp_list(x, w, b), .user = &m));
    }
    seen_error error = take_error();
    assert_int_equal(error.code, TP_ERROR_VALUE);
    assert_non_null(strstr(error.text, "right but for its sign"));
    assert_false(tp_check_backward(NULL, layer_backward, tp_list_of(NULL, 0)));
    assert_int_equal(take_error().code, TP_ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_right),         CLEAN_TEST(test_mistakes),
        CLEAN_TEST(test_wrong_operand), CLEAN_TEST(test_operand_not_transposed),
        CLEAN_TEST(test_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
