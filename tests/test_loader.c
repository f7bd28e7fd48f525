/* Loaders. Orders are PyTorch's (tests/golden/random.txt). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/data.h>
#include <taper/memory.h>
#include <taper/random.h>

#include "support/golden.h"
#include "support/noted.h"
#include "support/samples.h"

static golden_file *golden;

static int set_up(void **state) {
    (void)state;
    note_errors();
    tp_manual_seed(1);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    int64_t live = tp_memory_get_stats().live_tensors;
    tp_shutdown();
    size_t bytes = tp_memory_get_stats().live_bytes;
    tp_shutdown();
    if (live || bytes) print_error("%lld tensors and %zu bytes left\n", (long long)live, bytes);
    return live != 0 || bytes != 0;
}

/* ---- loaders ---- */

static void test_batches(void **state) {
    (void)state;
    tp_loader *ld = tp_loader_new(numbers(10), .batch_size = 4);
    tp_loader *whole = tp_loader_new(numbers(10), .batch_size = 4, .drop_last = true);
    assert_int_equal(tp_loader_batches(ld), 3);
    assert_int_equal(tp_loader_batches(whole), 2);
    assert_int_equal(tp_loader_samples(ld), 10);
    assert_int_equal(tp_loader_samples(whole), 8);
    tp_batch b;
    for (int epoch = 1; epoch <= 2; epoch++) {
        int64_t i = 0, batches = 0;
        while (tp_next(ld, &b)) {
            assert_int_equal(b.number, batches++);
            assert_int_equal(b.size, i < 8 ? 4 : 2);
            assert_true(tp_ndim(b.x) == 2 && tp_size(b.x, 0) == b.size && tp_size(b.x, 1) == 2);
            assert_true(tp_ndim(b.y) == 1 && tp_dtype_of(b.y) == TP_INT64);
            for (int64_t k = 0; k < b.size; k++, i++) {
                assert_int_equal(b.index[k], i);
                assert_true(tp_get(b.x, k, 1) == -(double)i);
                assert_true(tp_get(b.y, k) == (double)(i % 10));
            }
        }
        assert_int_equal(i, 10);
        assert_int_equal(tp_loader_epoch(ld), epoch);
    }
    int64_t count = 0;
    while (tp_next(whole, &b)) count += b.size;
    assert_int_equal(count, 8);
    no_error();
    tp_loader_free(ld);
    tp_loader_free(whole);
    tp_loader_free(NULL);
}

static void check_order(const golden_case *c, const char *key, tp_loader *ld) {
    const golden_tensor *want = golden_need(c, key);
    tp_batch b;
    size_t at = 0;
    while (tp_next(ld, &b))
        for (int64_t k = 0; k < b.size; k++) assert_int_equal(b.index[k], want->integers[at++]);
    assert_int_equal(at, want->count);
}

static void test_order_is_pytorchs(void **state) {
    (void)state;
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(golden, c, "loader/")) != NULL;) {
        uint64_t seed = (uint64_t)golden_integer(c, "seed", 0);
        bool own = strstr(c->name, "own") != NULL;
        if (own && seed == 0) continue; /* 0 stands for no seed */
        tp_manual_seed(own ? 99 : seed);
        tp_loader *ld = tp_loader_new(numbers(golden_integer(c, "n", 0)), .batch_size = 7,
                                      .shuffle = true, .seed = own ? seed : 0);
        check_order(c, "first", ld);
        check_order(c, "second", ld);
        if (!own) { /* the thread's generator has moved as PyTorch's default one */
            TP_SCOPE {
                float after = (float)tp_item(tp_rand(tp_shape(1)));
                assert_true(golden_close_float(golden_need(c, "after"), &after, 1, 0, 0, c->name));
            }
        }
        tp_loader_free(ld);
        cases++;
    }
    assert_true(cases >= 6);
    no_error();
}

static void test_pictures_become_floats(void **state) {
    (void)state;
    int released = 0;
    tp_dataset *d = tp_dataset_keep(pictures_new(7, &released));
    tp_loader *plain = tp_loader_new(d, .batch_size = 3),
              *raw = tp_loader_new(d, .batch_size = 3, .raw = true);
    tp_loader *normal = tp_loader_new(d, .batch_size = 3, .mean = {0.5, 0.25}, .std = {0.5, 0.125});
    tp_batch a;
    while (tp_next(plain, &a)) {
        tp_batch b, c;
        assert_true(tp_next(raw, &b));
        assert_true(tp_next(normal, &c));
        assert_true(tp_ndim(a.x) == 4 && tp_size(a.x, 1) == CHANNELS &&
                    tp_dtype_of(b.x) == TP_UINT8);
        for (int64_t k = 0; k < a.size; k++)
            for (int p = 0; p < PIXELS; p++) {
                int64_t i = k * PIXELS + p;
                double byte = pixel(a.index[k], p), value = byte / 255;
                int channel = p / (SIDE * SIDE);
                assert_true(((uint8_t *)tp_data(b.x))[i] == byte);
                assert_true(fabs(tp_data_float(a.x)[i] - value) < 1e-6);
                double want = channel ? (value - 0.25) / 0.125 : (value - 0.5) / 0.5;
                assert_true(fabs(tp_data_float(c.x)[i] - want) < 1e-5);
            }
    }
    assert_string_equal(tp_class_name(d, 1), "dog");
    assert_string_equal(tp_class_name(d, 5), "5");
    no_error();
    tp_loader_free(plain);
    tp_loader_free(raw);
    tp_loader_free(normal);
    assert_int_equal(released, 0);
    tp_dataset_free(d);
    assert_int_equal(released, 1);
}

/* What a run of two epochs delivers, as one number and one list of sample numbers. */
static double checksum(tp_loader *ld, int64_t *order) {
    tp_batch b;
    double sum = 0;
    int64_t at = 0;
    for (int epoch = 0; epoch < 2; epoch++)
        while (tp_next(ld, &b)) {
            for (int64_t k = 0; k < b.size; k++) order[at++] = b.index[k];
            const float *x = tp_data(b.x);
            for (int64_t i = 0; i < tp_numel(b.x); i++)
                sum += (double)x[i] * (double)(i + 1 + b.number);
            for (int64_t i = 0; i < b.size; i++)
                sum += (double)((int64_t *)tp_data(b.y))[i] * (double)i;
        }
    return sum;
}

static void test_workers_change_nothing(void **state) {
    (void)state;
    int released = 0;
    enum { N = 1003 };
    static int64_t want[2 * N], got[2 * N];
    double first = 0;
    for (int workers = 0; workers <= 5; workers++) {
        tp_loader *ld = tp_loader_new(pictures_new(N, &released), .batch_size = 16, .shuffle = true,
                                      .seed = 3, .workers = workers, .prefetch = workers % 3 + 1);
        double sum = checksum(ld, workers ? got : want);
        if (!workers) first = sum;
        assert_true(sum == first);
        if (workers) assert_memory_equal(got, want, sizeof got);
        tp_loader_free(ld);
    }
    assert_int_equal(released, 6);
    no_error();
}

static void test_kept_batches_stay_as_they_are(void **state) {
    (void)state;
    for (int workers = 0; workers <= 2; workers += 2) {
        tp_loader *ld =
            tp_loader_new(numbers(64), .batch_size = 4, .workers = workers, .prefetch = 1);
        tp_batch b;
        tp_tensor *kept[16];
        int count = 0;
        while (tp_next(ld, &b)) kept[count++] = tp_keep(b.x);
        assert_int_equal(count, 16);
        for (int i = 0; i < 16; i++) {
            for (int k = 0; k < 4; k++) assert_true(tp_get(kept[i], k, 0) == 4 * i + k);
            tp_free(kept[i]);
        }
        tp_loader_free(ld);
    }
    no_error();
}

static void test_steps_make_no_system_allocation(void **state) {
    (void)state;
    int released = 0;
    for (int workers = 0; workers <= 2; workers++) {
        tp_loader *ld = tp_loader_new(pictures_new(400, &released), .batch_size = 8,
                                      .shuffle = true, .workers = workers);
        tp_batch b;
        int64_t before = 0, step = 0;
        for (int epoch = 0; epoch < 3; epoch++)
            while (tp_next(ld, &b)) {
                if (step++ == 3) before = tp_memory_get_stats().system_allocations;
            }
        assert_int_equal(tp_memory_get_stats().system_allocations, before);
        tp_loader_free(ld);
    }
    no_error();
}

static void test_scopes(void **state) {
    (void)state;
    tp_loader *outer = tp_loader_new(numbers(6), .batch_size = 2),
              *inner = tp_loader_new(numbers(6), .batch_size = 2);
    tp_batch a, b;
    int64_t before = tp_memory_get_stats().live_tensors;
    int steps = 0;
    while (tp_next(outer, &a)) {
        tp_tensor *mine = tp_ones(tp_shape(3));
        while (tp_next(inner, &b)) {
            if (steps++ % 2) break; /* leaves its scope open */
        }
        assert_true(tp_is_alive(mine) && tp_is_alive(a.x));
        TP_SCOPE {
            tp_tensor *here = tp_ones(tp_shape(1));
            tp_loader_reset(inner);
            assert_true(tp_is_alive(here)); /* resetting closed nothing of ours */
            assert_true(tp_next(inner, &b));
            assert_int_equal(b.number, 0);
        }
        assert_true(tp_is_alive(mine));
    }
    tp_loader_free(inner);
    tp_loader_free(outer);
    assert_int_equal(tp_memory_get_stats().live_tensors,
                     before - 4); /* the two data sets' tensors */
    no_error();
}

/* ---- cursor ---- */

static void test_cursor(void **state) {
    (void)state;
    static const int stops[] = {0, 1, 5, 13, 14, 20, 26, 27};
    for (int mode = 0; mode < 6; mode++) {
        int workers = mode % 2 * 2;
        uint64_t seed = mode / 2 == 1 ? 77 : 0;
        bool shuffle = mode / 2 != 2;
        for (size_t s = 0; s < sizeof stops / sizeof *stops; s++) {
            tp_manual_seed(5);
            tp_loader *a =
                tp_loader_new(numbers(50), .batch_size = 4, .shuffle = shuffle, .seed = seed);
            tp_batch b;
            for (int i = 0; i < stops[s]; i++)
                tp_next(a, &b); /* an epoch is 13 batches and an end */
            unsigned char bytes[TP_LOADER_STATE_BYTES];
            tp_loader_save_state(a, bytes);
            tp_generator *g = tp_generator_new(0);
            int64_t want[40], count = 0;
            /* What follows, with the thread's generator put where it was: by drawing the rest twice
             * from the same seed. */
            for (int i = 0; i < 30; i++) want[count++] = tp_next(a, &b) ? b.index[0] : -1;
            tp_manual_seed(5);
            tp_loader *again =
                tp_loader_new(numbers(50), .batch_size = 4, .shuffle = shuffle, .seed = seed);
            for (int i = 0; i < stops[s]; i++) tp_next(again, &b);
            tp_loader *c = tp_loader_new(numbers(50), .batch_size = 4, .shuffle = shuffle,
                                         .seed = seed, .workers = workers);
            assert_true(tp_loader_load_state(c, bytes, sizeof bytes));
            assert_int_equal(tp_loader_epoch(c), tp_loader_epoch(again));
            for (int i = 0; i < 30; i++)
                assert_int_equal(tp_next(c, &b) ? b.index[0] : -1, want[i]);
            tp_generator_free(g);
            tp_loader_free(again);
            tp_loader_free(a);
            tp_loader_free(c);
        }
    }
    no_error();
}

static void test_cursor_refuses(void **state) {
    (void)state;
    tp_loader *a = tp_loader_new(numbers(50), .batch_size = 4, .shuffle = true);
    tp_loader *b = tp_loader_new(numbers(50), .batch_size = 5, .shuffle = true);
    tp_loader *c = tp_loader_new(numbers(50), .batch_size = 4);
    unsigned char bytes[TP_LOADER_STATE_BYTES];
    tp_loader_save_state(a, bytes);
    FAILS(STATE, "loader_load_state", assert_false(tp_loader_load_state(b, bytes, sizeof bytes)));
    FAILS(STATE, "loader_load_state", assert_false(tp_loader_load_state(c, bytes, sizeof bytes)));
    FAILS(STATE, "loader_load_state", assert_false(tp_loader_load_state(a, bytes, 100)));
    for (int i = 0; i < 400; i++) { /* damaged bytes never do more than be refused */
        unsigned char torn[TP_LOADER_STATE_BYTES];
        memcpy(torn, bytes, sizeof torn);
        torn[(i * 37) % (int)sizeof torn] ^= (unsigned char)(1 + i % 255);
        tp_batch batch;
        if (tp_loader_load_state(a, torn, sizeof torn)) tp_next(a, &batch);
    }
    noted.count = 0;
    tp_loader_free(a);
    tp_loader_free(b);
    tp_loader_free(c);
}

static int load(void **state) {
    (void)state;
    golden = golden_load("random");
    return 0;
}

static int unload(void **state) {
    (void)state;
    golden_free(golden);
    return 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_batches),
        TEST(test_order_is_pytorchs),
        TEST(test_pictures_become_floats),
        TEST(test_workers_change_nothing),
        TEST(test_kept_batches_stay_as_they_are),
        TEST(test_steps_make_no_system_allocation),
        TEST(test_scopes),
        TEST(test_cursor),
        TEST(test_cursor_refuses),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
