/* Data sets and loaders. Orders and splits are PyTorch's (tests/golden/random.txt). */
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

static golden_file *golden;

static struct noted {
    int count;
    tp_error_code code;
    char op[64], got[512], hint[512];
    int line;
} noted;

static void note(const tp_error *error, void *user) {
    (void)user;
    noted.count++;
    noted.code = error->code;
    noted.line = error->at.line;
    snprintf(noted.op, sizeof noted.op, "%s", error->op);
    snprintf(noted.got, sizeof noted.got, "%s", error->got);
    snprintf(noted.hint, sizeof noted.hint, "%s", error->hint);
}

static int set_up(void **state) {
    (void)state;
    tp_set_error_handler(note, NULL);
    memset(&noted, 0, sizeof noted);
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

static void no_error(void) {
    if (noted.count) fail_msg("%s: got %s; %s", noted.op, noted.got, noted.hint);
}

/* Runs a statement that must report exactly one error, at this line. */
#define FAILS(code_, op_, ...)                          \
    do {                                                \
        no_error();                                     \
        __VA_ARGS__;                                    \
        assert_int_equal(noted.count, 1);               \
        assert_int_equal(noted.code, TP_ERROR_##code_); \
        assert_string_equal(noted.op, op_);             \
        assert_int_equal(noted.line, __LINE__);         \
        noted.count = 0;                                \
        tp_clear_error();                               \
    } while (0)

/* n samples whose x is (2) float32 {i, -i} and whose y is i mod 10; ten times less work than pictures. */
static tp_dataset *numbers(int64_t n) {
    tp_dataset *d = NULL;
    TP_SCOPE {
        tp_tensor *x = tp_empty(tp_shape(n, 2)), *y = tp_empty(tp_shape(n), .dtype = TP_INT64);
        float *px = tp_data(x);
        int64_t *py = tp_data(y);
        for (int64_t i = 0; i < n; i++)
            px[2 * i] = (float)i, px[2 * i + 1] = -(float)i, py[i] = i % 10;
        d = tp_tensor_dataset(x, y);
    }
    return d;
}

/* ---- pictures of one's own ---- */

typedef struct pictures {
    tp_dataset base;
    int *released;
    int64_t broken; /* the sample that cannot be had */
} pictures;

enum { CHANNELS = 2, SIDE = 3, PIXELS = CHANNELS * SIDE * SIDE };

static uint8_t pixel(int64_t i, int p) { return (uint8_t)((i * 7 + p * 13) % 256); }

static bool pictures_get(const tp_dataset *d, int64_t i, void *x, void *y, tp_why *why) {
    if (i == ((const pictures *)d)->broken) {
        snprintf(why->text, sizeof why->text, "picture %lld is torn", (long long)i);
        return false;
    }
    if (x)
        for (int p = 0; p < PIXELS; p++) ((uint8_t *)x)[p] = pixel(i, p);
    if (y) *(int64_t *)y = i % 3;
    return true;
}

static void pictures_release(tp_dataset *d) { ++*((pictures *)d)->released; }

static pictures *pictures_new(int64_t n, int *released) {
    static const char *const names[] = {"cat", "dog", "fox"};
    pictures *p = tp_dataset_new(pictures, pictures_get);
    p->base.name = "pictures";
    p->base.release = pictures_release;
    p->base.size = n;
    p->base.x_shape = tp_shape(CHANNELS, SIDE, SIDE);
    p->base.x_dtype = TP_UINT8;
    p->base.y_dtype = TP_INT64;
    p->base.pictures = true;
    p->base.classes = names;
    p->base.class_count = 3;
    p->released = released;
    p->broken = -1;
    return p;
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
            /* What follows, with the thread's generator put where it was: by drawing the rest twice from the same seed. */
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
        TEST(test_batches),
        TEST(test_order_is_pytorchs),
        TEST(test_pictures_become_floats),
        TEST(test_workers_change_nothing),
        TEST(test_kept_batches_stay_as_they_are),
        TEST(test_steps_make_no_system_allocation),
        TEST(test_scopes),
        TEST(test_cursor),
        TEST(test_cursor_refuses),
        TEST(test_random_split),
        TEST(test_subsets),
        TEST(test_balanced_subset),
        TEST(test_map),
        TEST(test_errors),
        TEST(test_shared_bytes),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
