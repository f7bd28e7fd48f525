/* Checkpoints by hand: a loop that is put back goes on as it did; what does not fit is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <taper/taper.h>

#include "support/tensors.h"

static char folder[] = "/tmp/taper_checkpoint_XXXXXX";
static char path[64];

static int make_folder(void **state) {
    (void)state;
    watch_errors();
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/run.ckpt", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

typedef struct kit {
    tp_module *net;
    tp_optim *optim;
    tp_schedule *schedule;
    tp_loader *loader;
} kit;

static kit kit_new(uint64_t seed, int64_t hidden, int workers) {
    tp_manual_seed(seed);
    kit k = {.net = tp_nn_sequential(tp_nn_linear(5, hidden), tp_nn_relu(), tp_nn_dropout(0.5),
                                     tp_nn_linear(hidden, 3))};
    k.optim = tp_adam(k.net, .lr = 0.01, .amsgrad = true);
    k.schedule = tp_exponential_lr(k.optim, .gamma = 0.9);
    TP_SCOPE {
        tp_generator *g = tp_generator_new(8);
        tp_tensor *x = tp_randn(tp_shape(50, 5), .generator = g);
        tp_tensor *y = tp_randint(0, 3, tp_shape(50), .generator = g);
        k.loader = tp_loader_new(tp_tensor_dataset(x, y), .batch_size = 8, .shuffle = true,
                                 .workers = workers);
        tp_generator_free(g);
    }
    return k;
}

static void kit_free(kit *k) {
    tp_loader_free(k->loader);
    tp_schedule_free(k->schedule);
    tp_optim_free(k->optim);
    tp_module_free(k->net);
}

/* Goes on for so many steps over the ends of epochs; the sum of the losses. */
static double go_on(kit *k, int steps) {
    double sum = 0;
    while (steps > 0) {
        tp_batch b;
        if (!tp_next(k->loader, &b)) {
            tp_schedule_step(k->schedule);
            continue;
        }
        tp_tensor *loss = tp_cross_entropy(tp_call(k->net, b.x), b.y);
        sum += tp_item(loss);
        tp_zero_grad(k->optim);
        tp_backward(loss);
        tp_step(k->optim);
        steps--;
    }
    return sum;
}

static bool save(kit *k) {
    return tp_checkpoint_save(path, .module = k->net, .optim = k->optim, .schedule = k->schedule,
                              .loader = k->loader);
}

static bool load(kit *k) {
    return tp_checkpoint_load(path, .module = k->net, .optim = k->optim, .schedule = k->schedule,
                              .loader = k->loader);
}

static void test_goes_on_as_it_did(void **state) {
    (void)state;
    for (int workers = 0; workers < 3; workers++)
        for (int steps = 0; steps < 16; steps += 3) {
            kit a = kit_new(1, 16, workers), b = kit_new(77, 16, (workers + 1) % 3);
            tp_manual_seed(5);
            go_on(&a, steps);
            assert_true(save(&a));
            double expected = go_on(&a, 20);
            go_on(&b, 4);
            assert_true(load(&b));
            assert_true(go_on(&b, 20) == expected);
            kit_free(&a);
            kit_free(&b);
        }
    assert_int_equal(take_error().count, 0);
}

static void test_what_does_not_fit(void **state) {
    (void)state;
    kit a = kit_new(1, 16, 0), b = kit_new(1, 17, 0);
    go_on(&a, 3);
    assert_true(save(&a));
    double before = tp_get(tp_get_tensor(b.net, "0.bias"), 0);
    assert_false(load(&b));
    assert_int_equal(take_error().code, TP_ERROR_STATE);
    assert_true(tp_get(tp_get_tensor(b.net, "0.bias"), 0) == before);

    tp_optim *sgd = tp_sgd(a.net, .lr = 0.1);
    if (sgd) {
        assert_false(tp_checkpoint_load(path, .optim = sgd));
        assert_int_equal(take_error().code, TP_ERROR_STATE);
        tp_optim_free(sgd);
    }
    (void)take_error();
    tp_loader *other = tp_loader_new(tp_loader_dataset(a.loader), .batch_size = 5, .shuffle = true);
    assert_false(tp_checkpoint_load(path, .loader = other));
    assert_int_equal(take_error().code, TP_ERROR_STATE);
    tp_loader_free(other);
    assert_false(tp_checkpoint_load(path, .valid = a.loader));
    assert_int_equal(take_error().code, TP_ERROR_STATE);

    assert_true(tp_save(path, a.net));
    assert_false(load(&a));
    assert_int_equal(take_error().code, TP_ERROR_STATE);
    assert_false(tp_checkpoint_load("/nowhere", .module = a.net));
    assert_int_equal(take_error().code, TP_ERROR_FILE);
    kit_free(&a);
    kit_free(&b);
}

static void test_own_tensors(void **state) {
    (void)state;
    kit a = kit_new(1, 4, 0);
    TP_SCOPE {
        tp_named_tensor own = {"mine", tp_scalar(42)};
        assert_true(tp_checkpoint_save(path, .module = a.net, .extra = &own, .extra_count = 1));
        tp_tensor_file *file = tp_load_tensors(path);
        assert_true(tp_item(tp_tensor_file_get(file, "mine")) == 42);
        assert_non_null(tp_tensor_file_get(file, "model.0.weight"));
        assert_non_null(tp_tensor_file_get(file, "random"));
        assert_null(tp_tensor_file_get(file, "loader"));
        tp_tensor_file_close(file);
        tp_named_tensor clash = {"random", tp_scalar(42)};
        assert_false(tp_checkpoint_save(path, .extra = &clash, .extra_count = 1));
        assert_true(had_error(TP_ERROR_ARGUMENT, "checkpoint_save", __LINE__ - 1));
    }
    kit_free(&a);
    assert_int_equal(take_error().count, 0);
}

/* A checkpoint cut anywhere is refused and changes nothing. */
static void test_cut_short(void **state) {
    (void)state;
    static char bytes[1 << 17];
    kit a = kit_new(1, 4, 0);
    assert_true(save(&a));
    FILE *file = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 0; cut < size; cut += cut < 64 ? 7 : 997) {
        file = fopen(path, "wb");
        assert_int_equal(fwrite(bytes, 1, cut, file), cut);
        fclose(file);
        assert_false(load(&a));
        assert_int_equal(take_error().code, TP_ERROR_FORMAT);
    }
    kit_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on_as_it_did),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_own_tensors),
        cmocka_unit_test(test_cut_short),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
