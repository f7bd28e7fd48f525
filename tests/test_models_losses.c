/* The first twenty losses of networks with convolutions agree with PyTorch's from the same seed within 1e-3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <taper/models.h>
#include <taper/taper.h>

#include "support/clean.h"

enum { STEPS = 20 };

static tp_shape with_batch(int64_t count, tp_shape sample) {
    tp_shape batch = {.ndim = sample.ndim + 1, .dims = {count}};
    for (int i = 0; i < sample.ndim; i++) batch.dims[i + 1] = sample.dims[i];
    return batch;
}

/* Batches in order, from the start again at the end. */
static void run_steps(tp_module *m, tp_tensor *x, tp_tensor *y, const golden_case *c,
                      double losses[STEPS]) {
    int64_t batch = golden_integer(c, "batch_size", 0), count = tp_size(x, 0);
    tp_optim *optim = tp_sgd(m, .lr = golden_number(c, "lr", 0));
    for (int step = 0; step < STEPS; step++) {
        TP_SCOPE {
            int64_t start = step * batch % count;
            tp_tensor *loss = tp_cross_entropy(tp_call(m, tp_narrow(x, 0, start, batch)),
                                               tp_narrow(y, 0, start, batch));
            tp_zero_grad(optim);
            tp_backward(loss);
            tp_step(optim);
            losses[step] = tp_item(loss);
        }
    }
    tp_optim_free(optim);
}

static void check_losses(const char *name) {
    golden_file *file = golden_load("models");
    const golden_case *c = golden_need_case(file, name);
    int64_t dims[3], count = golden_integer(c, "count", 0);
    assert_int_equal(golden_list(c, "sample", dims, 3), 3);
    tp_shape sample = tp_shape_make(3, dims);
    tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
    tp_module *m = tp_model_by_name(strchr(name, '/') + 1, .num_classes = 10, .dropout = TP_ZERO);
    assert_non_null(m);
    double losses[STEPS];
    TP_SCOPE {
        tp_tensor *x = tp_rand(with_batch(count, sample));
        run_steps(m, x, tp_randint(0, 10, tp_shape(count)), c, losses);
    }
    tp_module_free(m);
    assert_true(golden_close_double(golden_need(c, "loss32"), losses, STEPS, 1e-3, 0, name));
    assert_true(golden_close_double(golden_need(c, "loss64"), losses, STEPS, 1e-3, 0, name));
    golden_free(file);
}

static void convnet4_learns_as_pytorchs(void **state) {
    (void)state;
    check_losses("losses/convnet4");
}

static void vgg11_learns_as_torchvisions(void **state) {
    (void)state;
    check_losses("losses/vgg11");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLEAN_TEST(convnet4_learns_as_pytorchs),
        CLEAN_TEST(vgg11_learns_as_torchvisions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
