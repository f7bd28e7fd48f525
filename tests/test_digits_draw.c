/* The built-in digits: the same bytes everywhere, balanced, varied, and readable by simple means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vision/digits_draw.h"
#include "vision/digits_strokes.h"

enum { PIXELS = TP_DIGITS_PIXELS };

static uint64_t fnv1a(uint64_t value, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        value = (value ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return value;
}

static void draw(uint64_t seed, uint64_t index, uint8_t *out) {
    tp_digits_draw(seed, index, tp_digits_label(seed, index), out);
}

/* Checksum of images and labels first .. first+count-1. */
static uint64_t checksum(uint64_t seed, uint64_t first, int count) {
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < count; i++) {
        uint8_t image[PIXELS], label = (uint8_t)tp_digits_label(seed, first + (uint64_t)i);
        tp_digits_draw(seed, first + (uint64_t)i, label, image);
        sum = fnv1a(fnv1a(sum, &label, 1), image, PIXELS);
    }
    return sum;
}

static void expect_checksum(uint64_t seed, uint64_t first, int count, uint64_t want) {
    uint64_t got = checksum(seed, first, count);
    if (got != want)
        fail_msg("seed %llu from %llu: checksum %016llx", (unsigned long long)seed,
                 (unsigned long long)first, (unsigned long long)got);
}

/* The data set is part of what a seed promises: a change here changes everybody's results. */
static void test_same_bytes(void **state) {
    (void)state;
    expect_checksum(1, 0, 2000, UINT64_C(0x3fc9d4cd1ba7d8a5));
    expect_checksum(0, 60000, 500, UINT64_C(0xb1d0f8a7986612ab));
    expect_checksum(UINT64_MAX, UINT64_MAX - 99, 100, UINT64_C(0x53a93a74c936ec6f));
}

static void test_models(void **state) {
    (void)state;
    for (int digit = 0; digit < 10; digit++) {
        int shares = 0;
        for (int m = 0; m < TP_DIGIT_MODELS; m++) {
            const tp_digit_model *model = &tp_digit_models[digit][m];
            shares += model->share;
            if (model->count == 0) {
                assert_int_equal(model->share, 0);
                continue;
            }
            assert_true(model->count >= 2 && model->count <= TP_DIGIT_KNOTS);
            assert_true(model->share > 0 && model->width >= 20 && model->width <= 100);
            assert_int_equal(model->knots[model->count - 1].kind, TP_KNOT_LIFT);
            int run = 0; /* knots since the last end: a stroke of one would have no direction */
            for (int i = 0; i < model->count; i++) {
                const tp_digit_knot *k = &model->knots[i];
                assert_true(k->x >= 0 && k->x <= 100 && k->y >= 0 && k->y <= 100);
                run++;
                if (k->kind == TP_KNOT_SMOOTH) continue;
                assert_true(run >= 2);
                run = k->kind == TP_KNOT_CORNER ? 1 : 0;
            }
        }
        assert_int_equal(shares, 100);
    }
}

static void test_labels(void **state) {
    (void)state;
    int same_order = 0, first[10] = {0};
    for (uint64_t ten = 0; ten < 1000; ten++) {
        int seen = 0;
        bool same = true;
        for (uint64_t i = 0; i < 10; i++) {
            int label = tp_digits_label(3, 10 * ten + i);
            assert_true(label >= 0 && label < 10);
            seen |= 1 << label;
            if (i == 0) first[label]++;
            same = same && label == tp_digits_label(3, i);
        }
        assert_int_equal(seen, 1023);
        same_order += same;
    }
    assert_true(same_order <= 2); /* the first ten themselves, and hardly others */
    for (int digit = 0; digit < 10; digit++) assert_true(first[digit] > 60 && first[digit] < 140);
}

/* Image i is the same whatever was drawn before, and differs from image j and other seeds. */
static void test_independent(void **state) {
    (void)state;
    static uint8_t forward[200][PIXELS], image[PIXELS];
    for (uint64_t i = 0; i < 200; i++) draw(5, i, forward[i]);
    for (uint64_t i = 200; i-- > 0;) {
        draw(5, i, image);
        assert_memory_equal(image, forward[i], PIXELS);
        draw(6, i, image);
        assert_memory_not_equal(image, forward[i], PIXELS);
        for (uint64_t j = 0; j < i; j++) assert_memory_not_equal(forward[j], forward[i], PIXELS);
    }
}

/* Every image has a fair amount of ink, mostly away from the border. */
static void test_ink(void **state) {
    (void)state;
    double border = 0, all = 0;
    int faint = 0, heavy = 0;
    enum { N = 5000 };
    for (uint64_t i = 0; i < N; i++) {
        uint8_t image[PIXELS];
        int sum = 0, top = 0;
        draw(11, i, image);
        for (int p = 0; p < PIXELS; p++) {
            int row = p / 28, column = p % 28;
            sum += image[p];
            if (image[p] > top) top = image[p];
            if (row < 2 || row > 25 || column < 2 || column > 25) border += image[p];
        }
        all += sum;
        assert_true(top > 90);
        faint += sum < 255 * 20;
        heavy += sum > 255 * 250;
    }
    print_message("ink %.1f pixels, %.4f at the border, %d faint, %d heavy\n", all / N / 255,
                  border / all, faint, heavy);
    assert_true(border / all < 0.05);
    assert_true(faint < N / 100 && heavy < N / 100);
    assert_true(all / N / 255 > 70 && all / N / 255 < 130);
}

static int distance(const uint8_t *a, const uint8_t *b) {
    int sum = 0;
    for (int i = 0; i < PIXELS; i++) {
        int d = a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

/* The mean image of each digit, compared with by distance, is a linear classifier: it must do
 * better than chance by far, and nearest neighbours better than it. A small network is to beat
 * both by far; that is tested where networks are. */
static void test_difficulty(void **state) {
    (void)state;
    enum { KNOWN = 1500, ASKED = 200 };
    static uint8_t known[KNOWN][PIXELS], mean[10][PIXELS], image[PIXELS];
    static int sums[10][PIXELS];
    for (int i = 0; i < KNOWN; i++) {
        draw(1, (uint64_t)i, known[i]);
        for (int p = 0; p < PIXELS; p++) sums[tp_digits_label(1, (uint64_t)i)][p] += known[i][p];
    }
    for (int digit = 0; digit < 10; digit++)
        for (int p = 0; p < PIXELS; p++) mean[digit][p] = (uint8_t)(sums[digit][p] / (KNOWN / 10));
    int linear = 0, neighbours = 0;
    for (int i = 0; i < ASKED; i++) {
        uint64_t index = 60000 + (uint64_t)i;
        int label = tp_digits_label(1, index), best_mean = 0, best = 0;
        draw(1, index, image);
        for (int digit = 1; digit < 10; digit++)
            if (distance(image, mean[digit]) < distance(image, mean[best_mean])) best_mean = digit;
        int least = distance(image, known[0]);
        for (int k = 1; k < KNOWN; k++) {
            int d = distance(image, known[k]);
            if (d < least) {
                least = d;
                best = k;
            }
        }
        linear += best_mean == label;
        neighbours += tp_digits_label(1, (uint64_t)best) == label;
    }
    print_message("of %d: %d by mean images, %d by nearest neighbour\n", ASKED, linear, neighbours);
    assert_true(linear > ASKED * 45 / 100 && linear < ASKED * 80 / 100);
    assert_true(neighbours > linear + ASKED / 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_models),
        cmocka_unit_test(test_labels),     cmocka_unit_test(test_independent),
        cmocka_unit_test(test_ink),        cmocka_unit_test(test_difficulty),
    };
    return cmocka_run_group_tests_name("digits_draw", tests, NULL, NULL);
}
