/* Typical mistakes: each gives exactly one error, of the right kind, that names the right operation and the line on which it
 * was called, and says something about what was given. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <taper/data.h>
#include <taper/loss.h>
#include <taper/ops.h>
#include <taper/optim.h>
#include <taper/random.h>
#include <taper/schedule.h>

#include "support/clean.h"

static int mistakes, wrong;

/* Whether the mistake was reported as it should be; prints what was instead. */
static void reported(tp_error_code code, const char *op, int line) {
    seen_error error = take_error();
    mistakes++;
    if (error.count == 1 && error.code == code && !strcmp(error.op, op) && error.line == line &&
        strstr(error.text, "got "))
        return;
    print_error("line %d: wanted one \"%s\" of %s, had %d: %s\n", line, tp_error_text(code), op,
                error.count, error.count ? error.text : "none");
    wrong++;
}

/* The expression, which stands on one line, is the mistake of calling op. */
#define MISTAKE(code, op, ...)                   \
    do {                                         \
        (void)(__VA_ARGS__);                     \
        reported(TP_ERROR_##code, op, __LINE__); \
    } while (0)

/* ---- shapes and types of operations ---- */

static void test_shapes(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_ones(tp_shape(2, 3)), *b = tp_ones(tp_shape(4, 5));
        MISTAKE(SHAPE, "add", tp_add(a, b));
        MISTAKE(SHAPE, "mul", tp_mul(a, tp_ones(tp_shape(2))));
        MISTAKE(SHAPE, "matmul", tp_matmul(a, b));
        MISTAKE(SHAPE, "matmul", tp_matmul(a, a));
        MISTAKE(SHAPE, "linear", tp_linear(a, b));
        MISTAKE(SHAPE, "linear", tp_linear(a, tp_ones(tp_shape(4, 3)), tp_ones(tp_shape(5))));
        MISTAKE(SHAPE, "reshape", tp_reshape(a, tp_shape(4, 2)));
        MISTAKE(SHAPE, "reshape", tp_reshape(a, tp_shape(-1, -1)));
        MISTAKE(SHAPE, "expand", tp_expand(a, tp_shape(3, 3)));
        MISTAKE(SHAPE, "cat", tp_cat(tp_list(a, b), 0));
        MISTAKE(SHAPE, "stack", tp_stack(tp_list(a, b), 0));
        MISTAKE(SHAPE, "zeros", tp_zeros(tp_shape(2, -3)));
        MISTAKE(SHAPE, "item", tp_item(a));
    }
}

static void test_dims_and_indices(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_ones(tp_shape(2, 3)), *index = tp_full(tp_shape(2), 7, .dtype = TP_INT64);
        MISTAKE(INDEX, "sum", tp_sum(a, .dims = tp_dims(2)));
        MISTAKE(INDEX, "softmax", tp_softmax(a, 2));
        MISTAKE(INDEX, "transpose", tp_transpose(a, 0, 2));
        MISTAKE(INDEX, "select", tp_select(a, 0, 2));
        MISTAKE(INDEX, "index_select", tp_index_select(a, 0, index));
        MISTAKE(INDEX, "get", tp_get(a, 0, 3));
        MISTAKE(INDEX, "get", tp_get(a, 0));
    }
}

static void test_types(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_ones(tp_shape(3)), *whole = tp_arange(0, 3);
        MISTAKE(DTYPE, "requires_grad", tp_requires_grad(whole));
        MISTAKE(DTYPE, "index_select", tp_index_select(a, 0, a));
        MISTAKE(DTYPE, "mean", tp_mean(whole));
        MISTAKE(DTYPE, "matmul", tp_matmul(tp_ones(tp_shape(2, 3)), whole));
        MISTAKE(ARGUMENT, "add", tp_add(a, (tp_tensor *)NULL));
    }
}

/* ---- gradients ---- */

static void test_gradients(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *w = tp_full(tp_shape(3), 2, .requires_grad = true);
        tp_tensor *c = tp_full(tp_shape(3), 5), *y, *loss;
        MISTAKE(GRAPH, "backward", tp_backward(tp_mul(w, c)));
        MISTAKE(GRAPH, "backward", tp_backward(tp_sum(c)));
        MISTAKE(GRAPH, "fill", tp_fill_(w, 1));
        MISTAKE(GRAPH, "add", tp_add_(w, c));
        y = tp_mul(w, c), loss = tp_sum(y);
        int line = __LINE__ - 1;
        tp_backward(loss);
        tp_backward(loss);
        reported(TP_ERROR_GRAPH, "mul", line);
        loss = tp_sum(tp_mul(w, c));
        line = __LINE__ - 1;
        tp_fill_(c, 0);
        tp_backward(loss);
        reported(TP_ERROR_MODIFIED, "mul", line);
        MISTAKE(GRAPH, "requires_grad", tp_set_requires_grad(y, false));
        MISTAKE(SHAPE, "set_grad", (tp_set_grad(w, tp_ones(tp_shape(4))), 0));
    }
}

static void test_lifetimes(void **state) {
    (void)state;
    tp_tensor *gone = NULL;
    TP_SCOPE { gone = tp_ones(tp_shape(2)); }
    TP_SCOPE {
        MISTAKE(DEAD, "mul", tp_mul(gone, gone));
        MISTAKE(DEAD, "item", tp_item(gone));
        MISTAKE(DEAD, "backward", tp_backward(gone));
    }
}

/* ---- losses ---- */

static void test_losses(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(4, 3)), *labels = tp_arange(0, 4);
        tp_tensor *short_labels = tp_zeros(tp_shape(3), .dtype = TP_INT64);
        tp_tensor *column = tp_zeros(tp_shape(4, 1)), *row = tp_zeros(tp_shape(4));
        /* label 3 of 3 classes */
        MISTAKE(INDEX, "cross_entropy", tp_cross_entropy(x, labels));
        MISTAKE(SHAPE, "cross_entropy", tp_cross_entropy(x, short_labels));
        MISTAKE(SHAPE, "mse_loss", tp_mse_loss(column, row)); /* would broadcast to (4, 4) */
        MISTAKE(SHAPE, "l1_loss", tp_l1_loss(column, row));
        MISTAKE(SHAPE, "binary_cross_entropy", tp_binary_cross_entropy(column, row));
        MISTAKE(DTYPE, "cross_entropy", tp_cross_entropy(x, row));
    }
}

/* ---- modules and optimisers ---- */

static void test_modules(void **state) {
    (void)state;
    TP_SCOPE {
        tp_module *net = tp_nn_sequential(tp_nn_linear(4, 3), tp_nn_relu(), tp_nn_linear(3, 2));
        tp_module *other = tp_nn_sequential(tp_nn_linear(4, 3), tp_nn_relu(), tp_nn_linear(3, 5));
        MISTAKE(ARGUMENT, "get_tensor", tp_get_tensor(net, "3.weight"));
        MISTAKE(ARGUMENT, "call", tp_call(NULL, tp_ones(tp_shape(1, 4))));
        tp_named_list list = tp_state_dict(other);
        MISTAKE(STATE, "load_state", tp_load_state(net, list.items, list.count));
        MISTAKE(STATE, "load_state", tp_load_state(net, list.items, list.count - 1));
        MISTAKE(ARGUMENT, "nn_linear", tp_nn_linear(-1, 3) == NULL);
        MISTAKE(VALUE, "nn_dropout", tp_nn_dropout(1.5) == NULL);
        tp_call(net, tp_ones(tp_shape(2, 5)));
        assert_string_equal(take_error().op, "linear");
        tp_module_free(net);
        tp_module_free(other);
    }
}

static void test_optimisers(void **state) {
    (void)state;
    TP_SCOPE {
        tp_module *net = tp_nn_linear(4, 3), *empty = tp_nn_relu();
        tp_tensor *whole = tp_arange(0, 3);
        MISTAKE(ARGUMENT, "sgd", tp_sgd(net) == NULL); /* no learning rate */
        MISTAKE(ARGUMENT, "adam", tp_adam(empty) == NULL);
        MISTAKE(VALUE, "adam", tp_adam(net, .lr = -1) == NULL);
        MISTAKE(DTYPE, "adamw", tp_adamw(NULL, .parameters = &whole, .count = 1) == NULL);
        MISTAKE(ARGUMENT, "step", tp_step(NULL));
        tp_optim *sgd = tp_sgd(net, .lr = 0.1), *adam = tp_adam(net);
        tp_named_list list = tp_optim_state_dict(sgd);
        MISTAKE(STATE, "optim_load_state", tp_optim_load_state(adam, list.items, list.count));
        MISTAKE(ARGUMENT, "optim_add_group", tp_optim_add_group(sgd, .module = net));
        MISTAKE(VALUE, "step_lr", tp_step_lr(sgd) == NULL);
        tp_schedule *plateau = tp_reduce_lr_on_plateau(sgd);
        MISTAKE(ARGUMENT, "schedule_step", tp_schedule_step(plateau));
        tp_schedule_free(plateau);
        tp_optim_free(sgd);
        tp_optim_free(adam);
        tp_module_free(net);
        tp_module_free(empty);
    }
}

/* ---- data ---- */

static void test_data(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(5, 2)), *y = tp_zeros(tp_shape(4), .dtype = TP_INT64);
        MISTAKE(SHAPE, "tensor_dataset", tp_tensor_dataset(x, y) == NULL);
        tp_dataset *data = tp_tensor_dataset(x, tp_zeros(tp_shape(5), .dtype = TP_INT64));
        tp_dataset_keep(data);
        int64_t far[] = {1, 5};
        MISTAKE(INDEX, "subset", tp_subset(data, far, 2) == NULL);
        MISTAKE(VALUE, "loader_new", tp_loader_new(data, .batch_size = 8, .drop_last = 1) == NULL);
        MISTAKE(VALUE, "balanced_subset", tp_balanced_subset(data, .per_class = 6) == NULL);
        tp_dataset *parts[2];
        double sizes[] = {3, 3};
        MISTAKE(ARGUMENT, "random_split", tp_random_split(data, sizes, 2, parts));
        tp_dataset_free(data);
    }
}

static void test_all_reported(void **state) {
    (void)state;
    assert_true(mistakes >= 40);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(test_shapes),    CLEAN_TEST(test_dims_and_indices),
        CLEAN_TEST(test_types),     CLEAN_TEST(test_gradients),
        CLEAN_TEST(test_lifetimes), CLEAN_TEST(test_losses),
        CLEAN_TEST(test_modules),   CLEAN_TEST(test_optimisers),
        CLEAN_TEST(test_data),      cmocka_unit_test(test_all_reported),
    };
    return cmocka_run_group_tests_name("mistakes", tests, NULL, NULL);
}
