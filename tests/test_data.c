/* Data sets: parts, maps, errors. Splits are PyTorch's (tests/golden/random.txt). */
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

/* ---- parts ---- */

static void test_random_split(void **state) {
    (void)state;
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(golden, c, "split/")) != NULL; cases++) {
        const golden_tensor *lengths = golden_need(c, "lengths"), *sizes = golden_need(c, "sizes"),
                            *indices = golden_need(c, "indices");
        tp_dataset *parts[8];
        tp_generator *g = tp_generator_new((uint64_t)golden_integer(c, "seed", 0));
        assert_true(tp_random_split(numbers(golden_integer(c, "n", 0)), lengths->values,
                                    (int)lengths->count, parts, .generator = g));
        size_t at = 0;
        for (size_t i = 0; i < lengths->count; i++) {
            assert_int_equal(tp_dataset_size(parts[i]), sizes->integers[i]);
            tp_loader *ld = tp_loader_new(parts[i], .batch_size = 3);
            tp_batch b;
            while (tp_next(ld, &b))
                for (int64_t k = 0; k < b.size; k++)
                    assert_true(tp_get(b.x, k, 0) == (double)indices->integers[at++]);
            tp_loader_free(ld);
        }
        assert_int_equal(at, indices->count);
        tp_generator_free(g);
    }
    assert_true(cases >= 5);
    tp_dataset *parts[2], *d = tp_dataset_keep(numbers(10));
    const double bad[] = {0.5, 0.25}, negative[] = {-1, 11}, more[] = {4, 7};
    FAILS(ARGUMENT, "random_split", assert_false(tp_random_split(d, bad, 2, parts)));
    FAILS(ARGUMENT, "random_split", assert_false(tp_random_split(d, negative, 2, parts)));
    FAILS(ARGUMENT, "random_split", assert_false(tp_random_split(d, more, 2, parts)));
    assert_null(parts[0]);
    tp_dataset_free(d);
}

static void test_subsets(void **state) {
    (void)state;
    const int64_t some[] = {30, 2, 2, 49}, inner[] = {3, 0}, far[] = {0, 50};
    tp_dataset *d = tp_dataset_keep(numbers(50));
    FAILS(INDEX, "subset", assert_null(tp_subset(d, far, 2)));
    tp_dataset *s = tp_subset(tp_subset(d, some, 4), inner, 2);
    assert_int_equal(tp_dataset_size(s), 2);
    tp_loader *ld = tp_loader_new(s, .batch_size = 5, .workers = 1);
    tp_batch b;
    assert_true(tp_next(ld, &b));
    assert_true(tp_get(b.x, 0, 0) == 49 && tp_get(b.x, 1, 0) == 30 && tp_get(b.y, 0) == 9);
    tp_loader_free(ld);
    ld = tp_loader_new(tp_subset(d, NULL, 0), .batch_size = 5,
                       .shuffle = true); /* no samples, no batches */
    assert_false(tp_next(ld, &b));
    assert_false(tp_next(ld, &b));
    tp_loader_free(ld);
    no_error();
    tp_dataset_free(d);
}

static void test_balanced_subset(void **state) {
    (void)state;
    tp_dataset *d =
        tp_dataset_keep(numbers(95)); /* 10 of each of the classes 0 to 4, 9 of the others */
    tp_loader *ld = tp_loader_new(tp_balanced_subset(d, 2), .batch_size = 20);
    tp_batch b;
    assert_true(tp_next(ld, &b));
    for (int k = 0; k < 20; k++)
        assert_true(tp_get(b.x, k, 0) == k); /* the first of each, in their order */
    tp_loader_free(ld);
    double sums[2];
    for (int seed = 1; seed <= 2; seed++) {
        TP_SCOPE {
            tp_dataset *s = tp_balanced_subset(d, 9, .seed = (uint64_t)seed);
            tp_tensor *y = tp_dataset_labels(s);
            int count[10] = {0};
            for (int k = 0; k < 90; k++) count[(int)tp_get(y, k)]++;
            for (int k = 0; k < 10; k++) assert_int_equal(count[k], 9);
            tp_batch few;
            assert_true(tp_dataset_batch(s, ((int64_t[]){0, 1, 2}), 3, &few));
            sums[seed - 1] =
                tp_get(few.x, 0, 0) * 10000 + tp_get(few.x, 1, 0) * 100 + tp_get(few.x, 2, 0);
            tp_dataset_free(s);
        }
    }
    assert_true(sums[0] != sums[1]);
    FAILS(VALUE, "balanced_subset", assert_null(tp_balanced_subset(d, 10)));
    FAILS(ARGUMENT, "balanced_subset", assert_null(tp_balanced_subset(d, -1)));
    assert_int_equal(tp_dataset_size(d), 95);
    tp_dataset_free(d);
    TP_SCOPE {
        tp_dataset *bare = tp_tensor_dataset(tp_ones(tp_shape(3)), NULL);
        FAILS(DTYPE, "dataset_labels", assert_null(tp_balanced_subset(bare, 1)));
        tp_dataset_free(bare);
    }
}

/* ---- map ---- */

static bool negate(int64_t i, const void *x, const void *y, void *new_x, void *new_y, void *user,
                   tp_why *why) {
    (void)i, (void)why;
    if (new_x)
        for (int p = 0; p < PIXELS; p++)
            ((uint8_t *)new_x)[p] = (uint8_t)(255 - ((const uint8_t *)x)[p]);
    if (new_y) *(int64_t *)new_y = *(const int64_t *)y + *(int *)user;
    return true;
}

static bool mean_of(int64_t i, const void *x, const void *y, void *new_x, void *new_y, void *user,
                    tp_why *why) {
    (void)user;
    if (i == 5) {
        snprintf(why->text, sizeof why->text, "five is out");
        return false;
    }
    double sum = 0;
    for (int p = 0; p < PIXELS; p++) sum += ((const uint8_t *)x)[p];
    if (new_x) *(double *)new_x = sum / PIXELS;
    if (new_y) *(int64_t *)new_y = *(const int64_t *)y;
    return true;
}

static void test_map(void **state) {
    (void)state;
    int released = 0, ten = 10;
    tp_dataset *d = (tp_dataset *)pictures_new(8, &released);
    tp_dataset_keep(d);
    tp_loader *ld = tp_loader_new(tp_map(d, negate, &ten), .batch_size = 8, .raw = true);
    tp_batch b;
    assert_true(tp_next(ld, &b));
    for (int i = 0; i < 8 * PIXELS; i++)
        assert_int_equal(((uint8_t *)tp_data(b.x))[i], 255 - pixel(i / PIXELS, i % PIXELS));
    assert_true(tp_get(b.y, 4) == 11);
    tp_loader_free(ld);
    for (int workers = 0; workers < 3; workers += 2) {
        ld = tp_loader_new(tp_map(d, mean_of, .x_dtype = TP_FLOAT64), .batch_size = 2,
                           .workers = workers);
        assert_true(tp_next(ld, &b));
        assert_true(tp_ndim(b.x) == 1 && tp_dtype_of(b.x) == TP_FLOAT64);
        assert_true(tp_next(ld, &b));
        no_error();
        FAILS(VALUE, "next", assert_false(tp_next(ld, &b)));
        assert_string_equal(noted.got, "sample 5: five is out of pictures");
        assert_null(b.x);
        FAILS(VALUE, "next", assert_false(tp_next(ld, &b))); /* it stands where it stood */
        tp_loader_free(ld);
    }
    tp_dataset_free(d);
    assert_int_equal(released, 1);
}

/* ---- what goes wrong ---- */

static void test_errors(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_ones(tp_shape(4, 2)), *y = tp_ones(tp_shape(3));
        FAILS(SHAPE, "tensor_dataset", assert_null(tp_tensor_dataset(x, y)));
        FAILS(SHAPE, "tensor_dataset", assert_null(tp_tensor_dataset(tp_scalar(1), NULL)));
    }
    tp_dataset *three = numbers(3);
    FAILS(VALUE, "loader_new", assert_null(tp_loader_new(three, 4, .drop_last = true)));
    tp_dataset_free(three);
    assert_non_null(strstr(noted.hint, "drop_last"));
    FAILS(ARGUMENT, "loader_new", assert_null(tp_loader_new(numbers(3), .batch_size = -4)));
    FAILS(ARGUMENT, "loader_new", assert_null(tp_loader_new(numbers(3), .workers = -1)));
    FAILS(ARGUMENT, "loader_new", assert_null(tp_loader_new(numbers(3), .mean = {0.5})));
    assert_null(tp_loader_new(NULL)); /* whoever should have made it has reported */
    tp_batch b;
    FAILS(ARGUMENT, "next", assert_false(tp_next(NULL, &b)));
    tp_dataset *d = numbers(3);
    tp_loader *ld = tp_loader_new(d);
    tp_dataset_free(d); /* still in use: nothing happens */
    assert_true(tp_next(ld, &b));
    tp_loader_free(ld);
    FAILS(DEAD, "loader_new", assert_null(tp_loader_new(d)));
    FAILS(DEAD, "dataset_size", tp_dataset_size(d));
    tp_dataset_free(d);
    int released = 0;
    pictures *p = pictures_new(6, &released);
    p->broken = 3;
    for (int workers = 0; workers < 2; workers++) {
        tp_dataset_keep(p);
        ld = tp_loader_new(p, .batch_size = 2, .workers = workers);
        assert_true(tp_next(ld, &b));
        FAILS(VALUE, "next", assert_false(tp_next(ld, &b)));
        assert_string_equal(noted.got, "sample 3: picture 3 is torn of pictures");
        tp_loader_free(ld);
    }
    p->base.x_dtype = TP_FLOAT32;
    FAILS(ARGUMENT, "loader_new", assert_null(tp_loader_new(p)));
    p->base.x_dtype = TP_UINT8;
    tp_dataset_free(&p->base);
}

static void test_shared_bytes(void **state) {
    (void)state;
    tp_dataset *d = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_arange(0, 6), *y = tp_keep(tp_zeros(tp_shape(6), .dtype = TP_UINT8));
        d = tp_tensor_dataset(x, y);
        ((int64_t *)tp_data(x))[2] = 70; /* before the scope ends: the bytes are shared */
        tp_free(y);
    }
    TP_SCOPE {
        tp_batch b;
        assert_true(tp_dataset_batch(d, ((int64_t[]){2, 2, 5}), 3, &b));
        assert_true(tp_get(b.x, 1) == 70 && tp_get(b.x, 2) == 5 && tp_dtype_of(b.x) == TP_INT64);
        assert_true(tp_dtype_of(b.y) == TP_UINT8);
        FAILS(INDEX, "dataset_batch", assert_false(tp_dataset_batch(d, ((int64_t[]){6}), 1, &b)));
    }
    tp_dataset_free(d);
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
        TEST(test_random_split), TEST(test_subsets), TEST(test_balanced_subset),
        TEST(test_map),          TEST(test_errors),  TEST(test_shared_bytes),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
