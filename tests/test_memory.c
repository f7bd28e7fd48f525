/* Where memory comes from and where it goes back to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <taper/loss.h>
#include <taper/ops.h>
#include <taper/optim.h>
#include <taper/random.h>
#include <taper/runtime.h>
#include <taper/schedule.h>

#include "support/clean.h"

/* An allocator that counts, and looks at what it is asked. Workers of the pool may ask at the same time. */
static int64_t calls, out;
static size_t bytes_out;

static void *take(size_t bytes, void *user) {
    assert_ptr_equal(user, &calls);
    assert_true(bytes > 0 && bytes % 64 == 0);
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&out, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&bytes_out, bytes, __ATOMIC_RELAXED);
    return aligned_alloc(64, bytes);
}

static void give(void *block, size_t bytes, void *user) {
    assert_ptr_equal(user, &calls);
    __atomic_sub_fetch(&out, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&bytes_out, bytes, __ATOMIC_RELAXED);
    free(block);
}

/* A context of its own for one test. */
static int counted(void **state) {
    tp_shutdown();
    calls = out = 0;
    bytes_out = 0;
    tp_set_allocator(&(tp_allocator){take, give, &calls});
    return clean_setup(state);
}

/* Everything goes back to where it came from. */
static int all_back(void **state) {
    int left = clean_teardown(state);
    tp_shutdown();
    if (out || bytes_out) print_error("%lld blocks are not given back\n", (long long)out);
    return left || out || bytes_out ? -1 : 0;
}

#define COUNTED_TEST(name) cmocka_unit_test_setup_teardown(name, counted, all_back)

enum { MLP, MLP_ADAM, MLP_CLIPPED, KINDS };

/* Steps of training on batches of the usual and, at the end of each epoch, of a smaller size. */
static void train(int kind, int threads) {
    tp_set_num_threads(threads);
    tp_manual_seed(1);
    tp_module *net = tp_nn_sequential(tp_nn_flatten(), tp_nn_linear(64, 48), tp_nn_relu(),
                                      tp_nn_dropout(0.1), tp_nn_linear(48, 10));
    tp_optim *opt = kind == MLP_ADAM ? tp_adam(net) : tp_sgd(net, .lr = 0.1, .momentum = 0.9);
    tp_schedule *schedule = tp_exponential_lr(opt, .gamma = 0.9);
    int64_t after_three = 0, tensors = tp_memory_get_stats().live_tensors;
    for (int step = 0; step < 12; step++) {
        TP_SCOPE {
            int64_t batch = step % 3 == 2 ? 7 : 32;
            tp_tensor *x = tp_rand(tp_shape(batch, 8, 8));
            tp_tensor *y = tp_randint(0, 10, tp_shape(batch));
            tp_tensor *loss = tp_cross_entropy(tp_call(net, x), y);
            tp_zero_grad(opt);
            assert_true(tp_backward(loss));
            if (kind == MLP_CLIPPED) tp_clip_grad_norm(opt, 1);
            assert_true(tp_step(opt));
            assert_true(tp_item(loss) > 0);
            if (step % 3 == 2) tp_schedule_step(schedule);
        }
        assert_int_equal(tp_memory_get_stats().live_nodes, 0);
        if (step == 2) after_three = calls;
    }
    assert_int_equal(calls, after_three);
    assert_int_equal(tp_memory_get_stats().system_allocations, calls);
    tp_zero_grad(opt); /* gradients that waited let go of the last batch */
    int64_t now = tp_memory_get_stats().live_tensors;
    tp_schedule_free(schedule);
    tp_optim_free(opt);
    assert_int_equal(now, tensors); /* parameters, their gradients, and state */
    assert_int_equal(tp_memory_get_stats().live_tensors, 8); /* 4 parameters and gradients */
    tp_module_free(net);
}

static void test_training(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int threads = 1; threads <= 2; threads++) {
            train(kind, threads);
            tp_memory_trim();
        }
    }
}

static void test_figures(void **state) {
    (void)state;
    TP_SCOPE { tp_ones(tp_shape(100000)); } /* the pool of threads is there to stay */
    tp_memory_trim();
    int64_t pool = out;
    tp_memory_reset_peak();
    size_t before = tp_memory_get_stats().live_bytes;
    TP_SCOPE {
        tp_ones(tp_shape(1000));
        tp_memory_stats inside = tp_memory_get_stats();
        assert_int_equal(inside.live_tensors, 1);
        assert_true(inside.live_bytes >= before + 4000 && inside.live_bytes < before + 6000);
        TP_SCOPE { tp_ones(tp_shape(100000)); }
    }
    tp_memory_stats after = tp_memory_get_stats();
    assert_int_equal(after.live_bytes, before);
    assert_true(after.peak_bytes > 400000);
    assert_true(after.cached_bytes > 400000);
    tp_memory_reset_peak();
    assert_int_equal(tp_memory_get_stats().peak_bytes, before);
    tp_memory_trim();
    assert_int_equal(tp_memory_get_stats().cached_bytes, 0);
    assert_int_equal(out, pool);
}

/* Every size is aligned, does not overlap its neighbour, and comes back for the same size. */
static void test_sizes(void **state) {
    (void)state;
    TP_SCOPE {
        unsigned char *data[200];
        for (int64_t n = 0; n < 200; n++) {
            tp_tensor *x = tp_empty(tp_shape(n * n * 7 + 1), .dtype = TP_UINT8);
            data[n] = tp_data(x);
            assert_int_equal((uintptr_t)data[n] % 64, 0);
            memset(data[n], (int)n, (size_t)(n * n * 7 + 1));
        }
        for (int64_t n = 0; n < 200; n++)
            for (int64_t i = 0; i < n * n * 7 + 1; i++) assert_int_equal(data[n][i], n % 256);
    }
    int64_t made = calls;
    TP_SCOPE {
        for (int64_t n = 0; n < 200; n++) tp_empty(tp_shape(n * n * 7 + 1), .dtype = TP_UINT8);
    }
    assert_int_equal(calls, made);
}

/* When the system has no more, what waits in other size classes is given back first. */
static size_t limit;
static void *take_limited(size_t bytes, void *user) {
    return bytes_out + bytes > limit ? NULL : take(bytes, user);
}

static void test_trims_itself(void **state) {
    (void)state;
    tp_set_allocator(&(tp_allocator){take_limited, give, &calls});
    limit = 1 << 20;
    TP_SCOPE {
        TP_SCOPE { tp_empty(tp_shape(800 * 1024), .dtype = TP_UINT8); }
        assert_false(tp_is_poison(tp_empty(tp_shape(500 * 1024), .dtype = TP_UINT8)));
        assert_true(tp_is_poison(tp_empty(tp_shape(800 * 1024), .dtype = TP_UINT8)));
        assert_true(had_error(TP_ERROR_MEMORY, "empty", __LINE__ - 1));
        assert_false(tp_is_poison(tp_empty(tp_shape(100), .dtype = TP_UINT8)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        COUNTED_TEST(test_training),
        COUNTED_TEST(test_figures),
        COUNTED_TEST(test_sizes),
        COUNTED_TEST(test_trims_itself),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
