/* Random numbers against PyTorch's (tests/golden/random.txt), and what vectors cannot show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/random_fma.h"
#include "support/golden.h"

static golden_file *golden;

static int load_vectors(void **state) {
    (void)state;
    golden = golden_load("random");
    return 0;
}

static int free_vectors(void **state) {
    (void)state;
    golden_free(golden);
    return 0;
}

/* ---- comparing ---- */

static uint64_t fnv1a(const void *bytes, size_t size) {
    uint64_t value = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        value = (value ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return value;
}

/* Floats as integers in their order, so that a difference counts units in the last place. */
static int64_t ordered64(double x) {
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}

static int64_t ordered32(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? (int64_t)INT32_MIN - bits : bits;
}

static int64_t units_apart(const char *dtype, const void *a, const void *b, size_t i) {
    if (strcmp(dtype, "float64") == 0)
        return llabs(ordered64(((const double *)a)[i]) - ordered64(((const double *)b)[i]));
    return llabs(ordered32(((const float *)a)[i]) - ordered32(((const float *)b)[i]));
}

/* The elements of `got` from `start` on are those of `want`: to the bit, or within `units`. */
static void expect_part(const golden_case *c, const char *key, const void *got, size_t start,
                        int units) {
    const golden_tensor *want = golden_need(c, key);
    size_t size = golden_element_size(want->dtype);
    char *bytes = malloc(want->count * size + 1);
    const char *part = (const char *)got + start * size;
    golden_copy(want, bytes);
    for (size_t i = 0; i < want->count; i++) {
        bool same = memcmp(bytes + i * size, part + i * size, size) == 0;
        if (!same && units > 0) same = units_apart(want->dtype, bytes, part, i) <= units;
        if (!same) fail_msg("%s: element %zu differs", c->name, start + i);
    }
    free(bytes);
}

/* A whole result of n elements; the checksum counts where every bit must agree. */
static void expect(const golden_case *c, const void *got, size_t n, int units) {
    if (golden_find(c, "y")) {
        assert_int_equal(golden_need(c, "y")->count, n);
        expect_part(c, "y", got, 0, units);
        return;
    }
    const golden_tensor *head = golden_need(c, "head");
    expect_part(c, "head", got, 0, units);
    expect_part(c, "tail", got, n - golden_need(c, "tail")->count, units);
    if (units > 0) return;
    uint64_t sum = strtoull(golden_word(c, "fnv1a", ""), NULL, 16);
    if (fnv1a(got, n * golden_element_size(head->dtype)) != sum)
        fail_msg("%s: the checksum differs", c->name);
}

static tp_generator seeded(const golden_case *c) {
    tp_generator g;
    tp_generator_seed(&g, strtoull(golden_word(c, "seed", ""), NULL, 10));
    return g;
}

static bool has_type(const golden_case *c, const char *dtype) {
    return strcmp(golden_word(c, "dtype", ""), dtype) == 0;
}

/* How many cases of a prefix ran: none would be a test that cannot fail. */
#define FOR_CASES(c, prefix, at_least) \
    int ran_##c = 0;                   \
    for (golden_case *c = NULL;        \
         (c = golden_next(golden, c, prefix)) != NULL || check_ran(ran_##c, at_least); ran_##c++)

static bool check_ran(int ran, int at_least) {
    assert_true(ran >= at_least);
    return false;
}

/* ---- against PyTorch ---- */

static void test_seeds(void **state) {
    (void)state;
    FOR_CASES(c, "seed/", 7) {
        tp_generator g = seeded(c);
        int64_t got[20];
        tp_random_any_i64(&g, got, 20);
        expect(c, got, 20, 0);
    }
}

static void test_uniform(void **state) {
    (void)state;
    static double buffer[2000];
    FOR_CASES(c, "uniform/", 22) {
        tp_generator g = seeded(c);
        int64_t n = golden_integer(c, "n", 0);
        double low = golden_number(c, "low", 0), high = golden_number(c, "high", 0);
        if (has_type(c, "f32"))
            tp_random_uniform_f32(&g, (float *)buffer, n, low, high);
        else
            tp_random_uniform_f64(&g, buffer, n, low, high);
        expect(c, buffer, (size_t)n, 0);
    }
}

static void test_normal(void **state) {
    (void)state;
    static double buffer[1000];
    FOR_CASES(c, "normal/f", 60) {
        tp_generator g = seeded(c);
        int64_t n = golden_integer(c, "n", 0);
        double mean = golden_number(c, "mean", 0), std = golden_number(c, "std", 0);
        bool single = has_type(c, "f32");
        if (single)
            tp_random_normal_f32(&g, (float *)buffer, n, mean, std);
        else
            tp_random_normal_f64(&g, buffer, n, mean, std);
        /* Blocks of float32 are all ours, to the bit; the rest goes through the C library. */
        expect(c, buffer, (size_t)n, single && n >= 16 ? 0 : 2);
    }
}

static void test_normal_waiting(void **state) {
    (void)state;
    const golden_case *c = golden_need_case(golden, "normal/waiting");
    tp_generator g = seeded(c);
    float got[38];
    double doubles[3];
    tp_random_normal_f32(&g, got, 5, 0, 1);
    tp_random_normal_f32(&g, got + 5, 20, 0, 1);
    tp_random_uniform_f32(&g, got + 25, 3, 0, 1);
    tp_random_normal_f32(&g, got + 28, 4, 0, 1);
    tp_random_normal_f64(&g, doubles, 3, 0, 1);
    for (int i = 0; i < 3; i++) got[32 + i] = (float)doubles[i];
    tp_random_normal_f32(&g, got + 35, 2, 0, 1);
    g = seeded(c);
    tp_random_normal_f32(&g, got + 37, 1, 0, 1);
    expect(c, got, 38, 2);
}

static void test_normal_large(void **state) {
    (void)state;
    const golden_case *c = golden_need_case(golden, "normal/large");
    tp_generator g = seeded(c);
    size_t n = (size_t)golden_integer(c, "n", 0);
    float *got = malloc(n * sizeof *got);
    tp_random_normal_f32(&g, got, (int64_t)n, 0, 1);
    assert_true(fnv1a(got, n * sizeof *got) == strtoull(golden_word(c, "fnv1a", ""), NULL, 16));
    free(got);
}

#define CALL_BY_TYPE(c, function, ...)                                              \
    do {                                                                            \
        if (has_type(c, "f32")) function##_f32(&g, (float *)buffer, __VA_ARGS__);   \
        if (has_type(c, "f64")) function##_f64(&g, (double *)buffer, __VA_ARGS__);  \
        if (has_type(c, "i64")) function##_i64(&g, (int64_t *)buffer, __VA_ARGS__); \
        if (has_type(c, "i32")) function##_i32(&g, (int32_t *)buffer, __VA_ARGS__); \
        if (has_type(c, "u8")) function##_u8(&g, (uint8_t *)buffer, __VA_ARGS__);   \
        if (has_type(c, "bool")) function##_bool(&g, (bool *)buffer, __VA_ARGS__);  \
    } while (0)

static void test_whole_numbers(void **state) {
    (void)state;
    int64_t storage[40];
    void *buffer = storage;
    FOR_CASES(c, "integers/", 22) {
        tp_generator g = seeded(c);
        int64_t n = golden_integer(c, "n", 0);
        int64_t low = golden_integer(c, "low", 0), high = golden_integer(c, "high", 0);
        CALL_BY_TYPE(c, tp_random_integers, n, low, high);
        expect(c, buffer, (size_t)n, 0);
    }
    FOR_CASES(d, "any/", 6) {
        tp_generator g = seeded(d);
        int64_t n = golden_integer(d, "n", 0);
        CALL_BY_TYPE(d, tp_random_any, n);
        expect(d, buffer, (size_t)n, 0);
    }
}

static void test_permutation(void **state) {
    (void)state;
    FOR_CASES(c, "permutation/", 7) {
        tp_generator g = seeded(c);
        size_t n = (size_t)golden_integer(c, "n", 0);
        int64_t *got = malloc(n * sizeof *got + 1);
        tp_random_permutation(&g, got, (int64_t)n);
        expect(c, got, n, 0);
        free(got);
    }
}

static void test_chances(void **state) {
    (void)state;
    float floats[300];
    uint8_t bytes[300];
    FOR_CASES(c, "bernoulli/", 8) {
        tp_generator g = seeded(c);
        int64_t n = golden_integer(c, "n", 0);
        double p = golden_number(c, "p", 0);
        if (has_type(c, "f32"))
            tp_random_bernoulli_f32(&g, floats, n, p);
        else
            tp_random_bernoulli_u8(&g, bytes, n, p);
        expect(c, has_type(c, "f32") ? (void *)floats : bytes, (size_t)n, 0);
    }
    FOR_CASES(d, "each/", 2) {
        tp_generator g = seeded(d);
        const golden_tensor *p = golden_need(d, "p"), *want = golden_need(d, "y");
        golden_copy_float(p, floats);
        if (has_type(d, "f32"))
            tp_random_bernoulli_each_f32(&g, bytes, floats, (int64_t)p->count);
        else
            tp_random_bernoulli_each_f64(&g, bytes, p->values, (int64_t)p->count);
        for (size_t i = 0; i < want->count; i++) assert_int_equal(bytes[i], (int)want->values[i]);
    }
}

static void test_exponential(void **state) {
    (void)state;
    double buffer[50];
    FOR_CASES(c, "exponential/", 2) {
        tp_generator g = seeded(c);
        double rate = golden_number(c, "rate", 0);
        if (has_type(c, "f32"))
            tp_random_exponential_f32(&g, (float *)buffer, 50, rate);
        else
            tp_random_exponential_f64(&g, buffer, 50, rate);
        expect(c, buffer, 50, 2);
    }
}

static void test_loader(void **state) {
    (void)state;
    int64_t order[1000];
    float after;
    FOR_CASES(c, "loader/", 8) {
        tp_generator g = seeded(c);
        int64_t n = golden_integer(c, "n", 0);
        bool own = strncmp(c->name, "loader/own", 10) == 0;
        for (int epoch = 0; epoch < 2; epoch++) {
            if (own)
                tp_random_epoch_own(&g, order, n);
            else
                tp_random_epoch_default(&g, order, n);
            /* With drop_last the last samples do not come: 64 of them divide into batches of 8. */
            assert_int_equal(golden_need(c, "first")->count, n);
            expect_part(c, epoch == 0 ? "first" : "second", order, 0, 0);
            if (own) tp_random_epoch_own_end(&g, n);
        }
        tp_random_uniform_f32(&g, &after, 1, 0, 1);
        expect_part(c, "after", &after, 0, 0);
    }
}

static void test_split(void **state) {
    (void)state;
    FOR_CASES(c, "split/", 6) {
        tp_generator g = seeded(c);
        int64_t n = golden_integer(c, "n", 0), indices[64], sizes[8];
        const golden_tensor *lengths = golden_need(c, "lengths");
        assert_true(n <= 64 && lengths->count <= 8);
        tp_random_split_order(&g, indices, n);
        expect_part(c, "indices", indices, 0, 0);
        if (!golden_integer(c, "fractions", 0)) continue;
        assert_true(tp_random_split_lengths(n, lengths->values, (int)lengths->count, sizes));
        expect_part(c, "sizes", sizes, 0, 0);
    }
    int64_t sizes[2];
    assert_false(tp_random_split_lengths(10, (double[]){0.5, 0.4}, 2, sizes));
    assert_false(tp_random_split_lengths(10, (double[]){0.6, 0.6}, 2, sizes));
    assert_false(tp_random_split_lengths(10, (double[]){1.5, -0.5}, 2, sizes));
    assert_false(tp_random_split_lengths(10, (double[]){NAN, 1}, 2, sizes));
    assert_false(tp_random_split_lengths(10, NULL, 0, sizes));
}

/* nn.Linear and nn.Conv2d: the weight, then the bias, from one stream. */
static void test_layers(void **state) {
    (void)state;
    tp_generator g = {0};
    FOR_CASES(c, "layer/", 6) {
        if (strstr(c->name, "/weight")) g = seeded(c);
        size_t n = (size_t)golden_integer(c, "n", 0);
        double fan_in = golden_number(c, "fan_in", 0);
        /* kaiming_uniform_ with a = sqrt(5): gain sqrt(2 / (1 + 5)), bound sqrt(3) gain / sqrt(fan) */
        double bound = strstr(c->name, "/weight")
                           ? sqrt(3.0) * (sqrt(2.0 / (1 + sqrt(5.0) * sqrt(5.0))) / sqrt(fan_in))
                           : 1 / sqrt(fan_in);
        float *got = malloc(n * sizeof *got);
        tp_random_uniform_f32(&g, got, (int64_t)n, -bound, bound);
        expect(c, got, n, 0);
        free(got);
    }
}

/* ---- on its own ---- */

/* However the stream is cut into calls, the words are the same. */
static void test_pieces(void **state) {
    (void)state;
    static uint32_t whole[5000], pieces[5000];
    tp_generator g, h;
    tp_generator_seed(&g, 12);
    h = g;
    tp_random_words(&g, whole, 5000);
    int64_t done = 0;
    for (int64_t size = 0; done + size <= 4900; size = (size * 7 + 1) % 701) {
        tp_random_words(&h, pieces + done, size);
        done += size;
    }
    for (; done < 5000; done++) pieces[done] = tp_random32(&h);
    assert_memory_equal(whole, pieces, sizeof whole);
    for (uint32_t skip = 0; skip < 4000; skip += 311) {
        tp_generator_seed(&h, 12);
        tp_generator_discard(&h, skip);
        assert_int_equal(tp_random32(&h), whole[skip]);
    }
    tp_generator_seed(&h, 12);
    assert_true(tp_random64(&h) == (((uint64_t)whole[0] << 32) | whole[1]));
}

/* The first outputs that the authors of MT19937 print for seed 5489, and the 10,000th of C++11. */
static void test_twister(void **state) {
    (void)state;
    tp_generator g;
    tp_generator_seed(&g, 5489);
    assert_int_equal(tp_random32(&g), 3499211612u);
    assert_int_equal(tp_random32(&g), 581869302u);
    tp_generator_discard(&g, 9997);
    assert_int_equal(tp_random32(&g), 4123659995u);
}

static void test_saved_state(void **state) {
    (void)state;
    uint8_t bytes[TP_GENERATOR_BYTES + 1];
    tp_generator g, h;
    float a[100], b[100];
    tp_generator_seed(&g, UINT64_C(0x123456789abcdef0));
    for (int used = 0; used < 3; used++) {
        tp_random_normal_one(&g, 0, 1); /* leaves one waiting, then none */
        tp_generator_state_save(&g, bytes);
        memset(&h, 0xa5, sizeof h);
        assert_true(tp_generator_state_load(&h, bytes, TP_GENERATOR_BYTES));
        assert_true(h.seed == g.seed && h.next == g.next);
        for (int i = 0; i < 100; i++) {
            a[i] = (float)tp_random_normal_one(&g, 0, 1);
            b[i] = (float)tp_random_normal_one(&h, 0, 1);
        }
        assert_memory_equal(a, b, sizeof a);
    }
    tp_generator_seed(&g, 1);
    tp_generator_state_save(&g, bytes);
    assert_memory_equal(bytes + 8, "\1\0\0\0\0\0\0\0\x70\2\0\0", 12); /* little-endian anywhere */
    /* Whatever is not a state is refused and leaves the generator alone. */
    h = g;
    assert_false(tp_generator_state_load(&h, bytes, TP_GENERATOR_BYTES - 1));
    assert_false(tp_generator_state_load(&h, bytes, TP_GENERATOR_BYTES + 1));
    assert_false(tp_generator_state_load(&h, bytes, 0));
    static const struct { int at, value; } damage[] = {{0, 'x'}, {7, 2}, {17, 3}, {20, 4}, {36, 1}};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        uint8_t kept = bytes[damage[i].at];
        bytes[damage[i].at] = (uint8_t)damage[i].value;
        assert_false(tp_generator_state_load(&h, bytes, TP_GENERATOR_BYTES));
        bytes[damage[i].at] = kept;
    }
    assert_memory_equal(&h, &g, sizeof h);
    memset(bytes + 40, 0, 4 * TP_MT_WORDS);
    assert_false(tp_generator_state_load(&h, bytes, TP_GENERATOR_BYTES));
    assert_memory_equal(&h, &g, sizeof h);
}

/* The multiply-add without the instruction rounds once, as the C library's does. */
static void test_portable_fma(void **state) {
    (void)state;
    tp_generator g;
    tp_generator_seed(&g, 3);
    for (int i = 0; i < 200000; i++) {
        float x[3];
        for (int k = 0; k < 3; k++) {
            /* any sign and mantissa, exponents close together so that the parts overlap */
            uint32_t word = tp_random32(&g);
            uint32_t bits = (word & 0x807fffffu) | ((0x70u + ((word >> 23) & 31u)) << 23);
            memcpy(&x[k], &bits, sizeof bits);
        }
        float want = fmaf(x[0], x[1], x[2]), got = tp_fma_portable(x[0], x[1], x[2]);
        assert_true(memcmp(&want, &got, sizeof got) == 0);
    }
    /* 1 + 2^-24 + 2^-60: halfway between two floats but for the last part, which double loses */
    assert_true(tp_fma_portable(0x1p-30f, 0x1p-30f, 1.0f) == 1.0f);
    float a = 1.0f + 0x1p-12f;
    assert_true(tp_fma_portable(a, a, 0x1p-60f) == fmaf(a, a, 0x1p-60f));
    assert_true(tp_fma_portable(a, a, -0x1p-60f) == fmaf(a, a, -0x1p-60f));
}

static void test_portable_normal(void **state) {
    (void)state;
    static float a[16000], b[16000];
    tp_generator g;
    tp_generator_seed(&g, 21);
    tp_random_uniform_f32(&g, a, 16000, 0, 1);
    a[0] = a[8] = 0; /* the ends: log 1, angle 0, the smallest and the largest uniforms */
    a[1] = a[9] = 1 - 0x1p-24f;
    a[2] = a[10] = 0x1p-24f;
    a[11] = 0.5f;
    a[12] = 0.25f;
    a[13] = 0.75f;
    memcpy(b, a, sizeof b);
    tp_random_box_muller(a, 16000, 0.25f, 3.0f, false);
    tp_random_box_muller(b, 16000, 0.25f, 3.0f, true);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < 16000; i++) assert_true(fabsf(a[i]) < 20);
}

/* Moments and tails of many normals: no vector would show a wrong scale in rare places. */
static void test_distribution(void **state) {
    (void)state;
    enum { N = 1 << 20 };
    float *x = malloc(N * sizeof *x);
    tp_generator g;
    tp_generator_seed(&g, 77);
    tp_random_normal_f32(&g, x, N, 0, 1);
    double sum = 0, squares = 0, fourth = 0;
    int beyond2 = 0;
    for (int i = 0; i < N; i++) {
        double s = (double)x[i] * (double)x[i];
        sum += (double)x[i];
        squares += s;
        fourth += s * s;
        beyond2 += s > 4;
    }
    assert_true(fabs(sum / N) < 5e-3 && fabs(squares / N - 1) < 7e-3 &&
                fabs(fourth / N - 3) < 5e-2);
    assert_true(fabs((double)beyond2 / N - 0.0455003) < 1e-3);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),           cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),          cmocka_unit_test(test_normal_waiting),
        cmocka_unit_test(test_normal_large),    cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_permutation),     cmocka_unit_test(test_chances),
        cmocka_unit_test(test_exponential),     cmocka_unit_test(test_loader),
        cmocka_unit_test(test_split),           cmocka_unit_test(test_layers),
        cmocka_unit_test(test_pieces),          cmocka_unit_test(test_twister),
        cmocka_unit_test(test_saved_state),     cmocka_unit_test(test_portable_fma),
        cmocka_unit_test(test_portable_normal), cmocka_unit_test(test_distribution),
    };
    return cmocka_run_group_tests_name("random", tests, load_vectors, free_vectors);
}
