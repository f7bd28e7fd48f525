/* The reader of the reference vectors itself: format, errors, lookup, comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "support/golden.h"

static golden_file *parse(const char *text, char why[256]) {
    why[0] = '\0';
    return golden_parse("inline", text, strlen(text), why, 256);
}

static void test_reads_a_case(void **state) {
    (void)state;
    char why[256];
    golden_file *file = parse("# comment\n\ncase one/first\noption op add\noption dims 0,-2\n"
                              "option none []\noption alpha -0.5\n"
                              "tensor x float32 [2,3] : 1 -0 inf\n    nan -inf 1e-45\n"
                              "tensor n int64 [] : 9223372036854775807\n"
                              "tensor z bool [0,3] :\ntext shown\n|\n|a  b\n|\n|c\n"
                              "case one/second\ncase two",
                              why);
    assert_string_equal(why, "");
    assert_non_null(file);
    assert_int_equal(file->n_cases, 3);
    golden_case *c = golden_need_case(file, "one/first");
    const golden_tensor *x = golden_need(c, "x");
    assert_string_equal(x->dtype, "float32");
    assert_int_equal(x->ndim, 2);
    assert_int_equal(x->shape[1], 3);
    assert_true(x->values[0] == 1 && signbit(x->values[1]) && isinf(x->values[2]));
    assert_true(isnan(x->values[3]) && x->values[4] == -INFINITY);
    assert_true(x->values[5] == (double)1.40129846e-45f); /* rounded to float, not left decimal */
    assert_true(golden_need(c, "n")->integers[0] == INT64_MAX);
    assert_int_equal(golden_need(c, "z")->count, 0);
    assert_string_equal(golden_text(c, "shown"), "\na  b\n\nc");
    int64_t dims[2];
    assert_int_equal(golden_list(c, "dims", dims, 2), 2);
    assert_true(dims[0] == 0 && dims[1] == -2);
    assert_int_equal(golden_list(c, "none", dims, 2), 0);
    assert_int_equal(golden_list(c, "absent", dims, 2), -1);
    assert_true(golden_number(c, "alpha", 7) == -0.5 && golden_number(c, "beta", 7) == 7);
    assert_string_equal(golden_word(c, "op", ""), "add");
    assert_null(golden_find(c, "y"));
    assert_null(golden_find_case(file, "one"));
    golden_case *second = golden_next(file, golden_next(file, NULL, "one/"), "one/");
    assert_string_equal(second->name, "one/second");
    assert_null(golden_next(file, second, "one/"));
    golden_free(file);
}

static void test_refuses_bad_text(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"option a b\n", "inline:1: option before the first case"},
        {"case a\ntensor x float32 [2] : 1\n", "value 1 of 2"},
        {"case a\ntensor x float32 [2] : 1 2 3\n", "more on this line"},
        {"case a\ntensor x float16 [1] : 1\n", "unknown dtype float16"},
        {"case a\ntensor x int64 [1] : 1.5\n", "value 0 of 1"},
        {"case a\ntensor x int64 [1] : 99999999999999999999\n", "overflows"},
        {"case a\ntensor x float32 [-1] :\n", "bad shape"},
        {"case a\ntensor x float32 [99999,99999] :\n", "too large"},
        {"case a\ntensor x float32 2 : 1 2\n", "a shape in []"},
        {"case a\ntensor x\n", "key and dtype"},
        {"case a\ntext t\ncase b\n", "a line that starts with |"},
        {"case a\nnonsense\n", "inline:2: unknown word nonsense"},
        {"case\n", "inline:1: case"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char why[256];
        assert_null(parse(bad[i].text, why));
        if (!strstr(why, bad[i].part)) fail_msg("'%s' lacks '%s'", why, bad[i].part);
    }
}

static void test_compares(void **state) {
    (void)state;
    char why[256];
    golden_file *file = parse("case a\ntensor x float32 [2,2] : 1 nan inf 0\n"
                              "tensor n uint8 [2] : 1 255\n",
                              why);
    assert_non_null(file);
    const golden_tensor *x = golden_need(file->cases, "x"), *n = golden_need(file->cases, "n");
    float got[4] = {1.0001f, NAN, INFINITY, 1e-6f};
    assert_true(golden_close_float(x, got, 4, 1e-3, 1e-5, "near"));
    double wide[4] = {1.0001, NAN, INFINITY, 1e-6};
    golden_difference d = golden_compare(x, wide, 4, 0, 1e-5);
    assert_true(d.bad == 1 && d.first_bad == 0 && fabs(d.max_relative - 1e-4) < 1e-9);
    wide[0] = 1;
    wide[1] = 0; /* a number where NaN is due */
    assert_int_equal(golden_compare(x, wide, 4, 1, 1).first_bad, 1);
    wide[1] = NAN;
    wide[2] = -INFINITY;
    assert_int_equal(golden_compare(x, wide, 4, 1, 1).bad, 1);
    wide[2] = INFINITY;
    wide[3] = NAN; /* NaN where a number is due */
    assert_int_equal(golden_compare(x, wide, 4, 1, 1).first_bad, 3);
    assert_int_equal(golden_compare(x, wide, 3, 1, 1).bad, 1);
    uint8_t bytes[2];
    golden_copy(n, bytes);
    assert_true(golden_close(n, bytes, 2, 0, 0, "bytes"));
    bytes[1] = 254;
    assert_false(golden_close(n, bytes, 2, 1, 1, "expected complaint"));
    assert_true(golden_same_shape(x, 2, (int64_t[]){2, 2}, "shape"));
    assert_false(golden_same_shape(x, 1, (int64_t[]){4}, "expected complaint"));
    golden_free(file);
}

static void test_loads_every_family(void **state) {
    (void)state;
    static const char *const families[] = {"unary",  "binary", "promote", "reduce",
                                           "matmul", "loss",   "optim",   "index",
                                           "nn",     "train",  "print",   "random"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        golden_file *file = golden_load(families[i]);
        assert_true(file->n_cases > 5);
        golden_free(file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_a_case),
        cmocka_unit_test(test_refuses_bad_text),
        cmocka_unit_test(test_compares),
        cmocka_unit_test(test_loads_every_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
