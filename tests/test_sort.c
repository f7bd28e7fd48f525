/* Sorting and counting, held to the reference vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <taper/autograd.h>
#include <taper/ops/sort.h>
#include <taper/runtime.h>

#include "support/tensors.h"

/* Up to three results, in the order of torch. */
typedef struct results {
    tp_tensor *y[3];
    int count;
} results;

static results apply(const golden_case *c, tp_tensor *x) {
    const char *op = golden_word(c, "op", "");
    results r = {.count = 1};
    int dim = (int)golden_integer(c, "dim", 0);
    bool descending = golden_integer(c, "descending", 0) == 1;
    if (strcmp(op, "sort") == 0) {
        r.y[0] = tp_sort(x, dim, descending, .indices = &r.y[1]);
        r.count = 2;
    } else if (strcmp(op, "argsort") == 0) {
        r.y[0] = tp_argsort(x, dim, descending);
    } else if (strcmp(op, "topk") == 0) {
        r.y[0] = tp_topk(x, golden_integer(c, "k", 0), dim,
                         .smallest = golden_integer(c, "largest", 1) == 0, .indices = &r.y[1]);
        r.count = 2;
    } else if (strcmp(op, "unique") == 0) {
        r.y[0] = tp_unique(x, .inverse = &r.y[1], .counts = &r.y[2]);
        r.count = 3;
    } else if (strcmp(op, "unique_consecutive") == 0) {
        r.y[0] = tp_unique_consecutive(x, .inverse = &r.y[1], .counts = &r.y[2]);
        r.count = 3;
    } else if (strcmp(op, "one_hot") == 0) {
        r.y[0] = tp_one_hot(x, golden_integer(c, "num_classes", 0));
    } else {
        assert_string_equal(op, "bincount");
        const golden_tensor *weights = golden_find(c, "weights");
        r.y[0] = tp_bincount(x, weights ? from_golden(weights, TP_DTYPE_DEFAULT) : NULL,
                             golden_integer(c, "minlength", 0));
    }
    return r;
}

static int run_case(const golden_case *c, bool as_scattered) {
    const golden_tensor *input = golden_find(c, "x");
    tp_tensor *x = from_golden(input ? input : golden_need(c, "input"), TP_DTYPE_DEFAULT);
    if (as_scattered) x = scattered(x);
    bool floating = tp_dtype_is_floating(tp_dtype_of(x));
    if (floating) tp_requires_grad(x);
    results r = apply(c, x);
    if (golden_integer(c, "error", 0))
        return tp_is_poison(r.y[0]) && take_error().count == 1 ? 0 : 1;
    int wrong = 0;
    for (int i = 0; i < r.count; i++) {
        const char key[] = {'y', (char)('0' + i), 0};
        wrong += !same_as_golden(golden_need(c, r.count == 1 ? "y" : key), r.y[i], 0, 0, c->name);
    }
    const golden_tensor *dy = golden_find(c, "dy0");
    if (wrong || !dy) return wrong;
    if (!tp_backward(r.y[0], from_golden(dy, TP_DTYPE_DEFAULT))) return 1;
    return !same_as_golden(golden_need(c, "dx0"), tp_grad(x), 0, 0, c->name);
}

static void holds_to_the_reference(void **state) {
    (void)state;
    static const char *const families[] = {"sort/",  "argsort/",  "topk/",
                                           "unique", "bincount/", "one_hot/"};
    watch_errors();
    golden_file *file = golden_load("index");
    int wrong = 0, cases = 0;
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
        for (golden_case *c = NULL; (c = golden_next(file, c, families[f])) != NULL;)
            for (int form = 0; form < 2; form++)
                TP_SCOPE {
                    cases++;
                    int bad = run_case(c, form == 1);
                    seen_error left = take_error();
                    if (left.count) bad++, fprintf(stderr, "%s: %s\n", c->name, left.text);
                    wrong += bad != 0;
                }
    golden_free(file);
    assert_true(cases >= 100);
    assert_int_equal(wrong, 0);
}

/* ---- large ones, by what must hold ---- */

static float noise(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (float)(int64_t)(*seed >> 40) / 100;
}

static void long_rows_are_in_order_and_stable(void **state) {
    (void)state;
    enum { ROWS = 3, N = 20011 };
    tp_tensor *x = tp_empty(tp_shape(ROWS, N)), *where;
    float *value = tp_data_float(x);
    uint64_t seed = 3;
    for (int i = 0; i < ROWS * N; i++) value[i] = noise(&seed) - (float)((int)noise(&seed) % 7);
    for (int descending = 0; descending < 2; descending++) {
        tp_tensor *y = tp_sort(x, 1, .descending = descending == 1, .indices = &where);
        const float *in_order = tp_data_float(y);
        const int64_t *place = tp_data(where);
        for (int r = 0; r < ROWS; r++)
            for (int i = 0; i < N; i++) {
                assert_true(in_order[r * N + i] == value[r * N + place[r * N + i]]);
                if (i == 0) continue;
                float before = in_order[r * N + i - 1], here = in_order[r * N + i];
                assert_true(descending ? before >= here : before <= here);
                if (before == here) assert_true(place[r * N + i - 1] < place[r * N + i]);
            }
    }
}

static void the_number_of_threads_does_not_matter(void **state) {
    (void)state;
    enum { ROWS = 70, N = 500 };
    tp_tensor *x = tp_empty(tp_shape(ROWS, N)), *where[2];
    uint64_t seed = 8;
    for (int i = 0; i < ROWS * N; i++) tp_data_float(x)[i] = noise(&seed);
    for (int t = 0; t < 2; t++) {
        tp_set_num_threads(t ? 3 : 1);
        where[t] = tp_argsort(x, 0);
    }
    assert_memory_equal(tp_data(where[0]), tp_data(where[1]), ROWS * N * sizeof(int64_t));
    tp_set_num_threads(1);
}

static void mistakes_are_named(void **state) {
    (void)state;
    watch_errors();
    tp_tensor *x = tp_ones(tp_shape(2, 3));
    const int64_t labels[] = {0, 7, -1};
    tp_tensor *y = tp_from_data(labels, tp_shape(3), TP_INT64), *where;
    tp_sort(x, 2, .indices = &where);
    assert_true(had_error(TP_ERROR_INDEX, "sort", __LINE__ - 1));
    assert_true(tp_is_poison(where));
    tp_topk(x, 4, 1);
    assert_true(had_error(TP_ERROR_SHAPE, "topk", __LINE__ - 1));
    tp_bincount(x);
    assert_true(had_error(TP_ERROR_SHAPE, "bincount", __LINE__ - 1));
    tp_bincount(y);
    assert_true(had_error(TP_ERROR_VALUE, "bincount", __LINE__ - 1));
    tp_bincount(tp_ones(tp_shape(3)));
    assert_true(had_error(TP_ERROR_DTYPE, "bincount", __LINE__ - 1));
    tp_one_hot(x, 3);
    assert_true(had_error(TP_ERROR_DTYPE, "one_hot", __LINE__ - 1));
    tp_one_hot(tp_from_data(labels, tp_shape(2), TP_INT64), 7);
    assert_true(had_error(TP_ERROR_INDEX, "one_hot", __LINE__ - 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_to_the_reference),
        cmocka_unit_test(long_rows_are_in_order_and_stable),
        cmocka_unit_test(the_number_of_threads_does_not_matter),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
