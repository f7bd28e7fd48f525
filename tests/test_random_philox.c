/* The counter-based generator: known answers, and the place of every word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"

/* The vectors that the authors publish with Random123 (kat_vectors, philox4x32 10). */
static void test_philox_known(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t got[4];
        tp_philox(known[i].counter, known[i].key, got);
        assert_memory_equal(got, known[i].want, sizeof got);
    }
}

static void test_philox_streams(void **state) {
    (void)state;
    enum { N = 1000 };
    const uint64_t seed = UINT64_C(0x1122334455667788), index = UINT64_C(0x99aabbccddeeff00);
    uint32_t whole[N], part[N];
    tp_philox_words(seed, 7, index, 0, whole, N);
    for (uint32_t b = 0; b < N / 4; b++) { /* the documented place of each word */
        uint32_t counter[4] = {b, 7, 0xddeeff00u, 0x99aabbccu}, got[4];
        tp_philox(counter, (uint32_t[2]){0x55667788u, 0x11223344u}, got);
        assert_memory_equal(whole + 4 * b, got, sizeof got);
    }
    for (int first = 0; first < 200; first += 13) {
        for (int n = 0; n < 300; n += 37) {
            tp_philox_words(seed, 7, index, (uint64_t)first, part, n);
            assert_memory_equal(part, whole + first, (size_t)n * sizeof *part);
        }
    }
    float uniform[N];
    tp_philox_uniform(seed, 7, index, 5, uniform, N - 5);
    for (int i = 0; i < N - 5; i++)
        assert_true(uniform[i] == ldexpf((float)(whole[i + 5] >> 8), -24));
    tp_philox_words(seed, 8, index, 0, part, 4);
    assert_memory_not_equal(part, whole, 16);
    tp_philox_words(seed, 7, index + 1, 0, part, 4);
    assert_memory_not_equal(part, whole, 16);
    tp_philox_words(seed + 1, 7, index, 0, part, 4);
    assert_memory_not_equal(part, whole, 16);
}

static void test_philox_bernoulli(void **state) {
    (void)state;
    enum { N = 100000 };
    static uint8_t mask[N];
    static uint32_t words[N];
    tp_philox_words(1, 2, 3, 0, words, N);
    static const double chances[] = {0.1, 0.5, 0.9, 1e-12, 1 - 1e-12};
    for (int k = 0; k < 5; k++) {
        tp_philox_bernoulli(1, 2, 3, 0, mask, N, chances[k]);
        int ones = 0;
        for (int i = 0; i < N; i++) {
            if (k == 1) assert_int_equal(mask[i], words[i] < 0x80000000u);
            assert_true(mask[i] <= 1);
            ones += mask[i];
        }
        double spread = sqrt(chances[k] * (1 - chances[k]) / N);
        assert_true(fabs((double)ones / N - chances[k]) <= 4.5 * spread + 1e-12);
    }
    tp_philox_bernoulli(1, 2, 3, 0, mask, 100, 0);
    for (int i = 0; i < 100; i++) assert_int_equal(mask[i], 0);
    tp_philox_bernoulli(1, 2, 3, 0, mask, 100, 1);
    for (int i = 0; i < 100; i++) assert_int_equal(mask[i], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_known),
        cmocka_unit_test(test_philox_streams),
        cmocka_unit_test(test_philox_bernoulli),
    };
    return cmocka_run_group_tests_name("random_philox", tests, NULL, NULL);
}
