/* Random tensors against PyTorch's: streams, the order in which tensors that are not contiguous are filled, wrong arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <taper/random.h>

#include "ops/loop.h"
#include "support/tensors.h"

/* The views of family_random_ops.py on contiguous memory. */
static tp_tensor *layout(const char *name, tp_dtype dtype) {
    static const struct {
        const char *name;
        int64_t memory;
        tp_shape shape;
        int64_t stride[3], offset;
    } table[] = {
        {"transposed", 35, {2, {7, 5}}, {1, 7}, 0}, {"permuted", 24, {3, {4, 2, 3}}, {1, 12, 4}, 0},
        {"sliced", 48, {2, {3, 3}}, {16, 2}, 1},    {"single", 24, {3, {6, 1, 4}}, {1, 6, 6}, 0},
        {"empty", 0, {2, {4, 0}}, {1, 4}, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) != 0) continue;
        tp_tensor *memory = tp_zeros(tp_shape(table[i].memory), .dtype = dtype);
        return tp_make_view(TP_HERE, "layout", memory, table[i].shape, table[i].stride,
                            table[i].offset);
    }
    fail_msg("unknown layout %s", name);
    return NULL;
}

/* Probabilities from 0 to 1 in the order of memory. */
static tp_tensor *probabilities(const char *name, tp_dtype dtype) {
    tp_tensor *view = layout(name, dtype);
    if (view->numel == 0) return view;
    bool sliced = strcmp(name, "sliced") == 0;
    int64_t n = sliced ? 48 : strcmp(name, "transposed") == 0 ? 35 : 24;
    char *first = view->data - (sliced ? tp_item_size(dtype) : 0);
    tp_tensor *values = tp_linspace(0, 1, n, .dtype = dtype);
    memcpy(first, values->data, (size_t)n * tp_item_size(dtype));
    return view;
}

static tp_tensor *run(const golden_case *c, const char *kind, const char *name, tp_dtype dtype) {
    tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
    if (strcmp(kind, "each") == 0) return tp_bernoulli(probabilities(name, dtype));
    tp_tensor *x = layout(name, dtype);
    if (strcmp(kind, "uniform") == 0) return tp_uniform_(x, -1, 3);
    if (strcmp(kind, "normal") == 0) return tp_normal_(x, 1, 2);
    if (strcmp(kind, "bernoulli") == 0) return tp_bernoulli_(x, 0.3);
    return strcmp(kind, "rand_like") == 0 ? tp_rand_like(x) : tp_randn_like(x);
}

static void test_layouts(void **state) {
    static const char *const kinds[] = {"uniform",   "normal",     "bernoulli",
                                        "rand_like", "randn_like", "each"};
    golden_file *file = *state;
    int bad = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        char prefix[32];
        int seen = 0;
        snprintf(prefix, sizeof prefix, "%s/", kinds[k]);
        bool exact = strstr(kinds[k], "norm") == NULL && strstr(kinds[k], "randn") == NULL;
        for (golden_case *c = NULL; (c = golden_next(file, c, prefix)); seen++) {
            const golden_tensor *y = golden_need(c, "y");
            double tolerance = exact ? 0 : strcmp(y->dtype, "float32") == 0 ? 3e-7 : 1e-15;
            TP_SCOPE {
                tp_tensor *x =
                    run(c, kinds[k], golden_word(c, "layout", ""), dtype_of_name(y->dtype));
                bad += !same_as_golden(y, x, tolerance, tolerance, c->name);
            }
        }
        assert_true(seen == 10);
    }
    assert_int_equal(bad, 0);
}

static void test_whole_numbers(void **state) {
    golden_file *file = *state;
    int bad = 0, seen = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "randint/")); seen++) {
        const golden_tensor *y = golden_need(c, "y");
        TP_SCOPE {
            tp_manual_seed(8);
            bad += !same_as_golden(
                y, tp_randint(3, 90, tp_shape(2, 5), .dtype = dtype_of_name(y->dtype)), 0, 0,
                c->name);
        }
    }
    for (golden_case *c = NULL; (c = golden_next(file, c, "randperm/")); seen++)
        TP_SCOPE {
            tp_generator *own = tp_generator_new(9);
            bad += !same_as_golden(golden_need(c, "y"),
                                   tp_randperm(golden_integer(c, "n", 0), .generator = own), 0, 0,
                                   c->name);
            tp_generator_free(own);
        }
    assert_int_equal(seen, 8);
    assert_int_equal(bad, 0);
}

static void test_streams(void **state) {
    golden_file *file = golden_load("random");
    (void)state;
    TP_SCOPE {
        const golden_case *c = golden_need_case(file, "uniform/f32/unit/33");
        tp_manual_seed((uint64_t)golden_integer(c, "seed", 0));
        assert_true(tp_initial_seed() == 36);
        assert_true(same_as_golden(golden_need(c, "y"), tp_rand(tp_shape(33)), 0, 0, "rand"));
        c = golden_need_case(file, "normal/f32/0.0/40");
        tp_manual_seed(40);
        tp_tensor *x = tp_randn(tp_shape(4, 10), .requires_grad = true);
        assert_true(tp_wants_grad(x));
        tp_manual_seed(40);
        assert_true(
            same_as_golden(golden_need(c, "y"), tp_randn(tp_shape(40)), 2e-7, 1e-8, "randn"));
        c = golden_need_case(file, "normal/f64/0.0/15");
        tp_generator *own = tp_generator_new(15);
        assert_true(same_as_golden(golden_need(c, "y"),
                                   tp_randn(tp_shape(15), .dtype = TP_FLOAT64, .generator = own),
                                   1e-15, 0, "randn"));
        tp_generator_manual_seed(own, 15);
        assert_true(same_as_golden(golden_need(c, "y"),
                                   tp_randn(tp_shape(15), .dtype = TP_FLOAT64, .generator = own),
                                   1e-15, 0, "again"));
        tp_generator_free(own);
        for (const char *const *dtype = (const char *const[]){"f32", "f64", NULL}; *dtype;
             dtype++) {
            char name[32];
            snprintf(name, sizeof name, "each/%s", *dtype);
            c = golden_need_case(file, name);
            tp_manual_seed(6);
            tp_tensor *p = from_golden(golden_need(c, "p"), TP_DTYPE_DEFAULT);
            assert_true(same_as_golden(golden_need(c, "y"), tp_bernoulli(p), 0, 0, name));
        }
    }
    golden_free(file);
    assert_int_equal(take_error().count, 0);
}

static void test_bernoulli_types(void **state) {
    (void)state;
    TP_SCOPE {
        tp_manual_seed(4);
        tp_tensor *bytes = tp_bernoulli_(tp_zeros(tp_shape(50), .dtype = TP_UINT8), 0.4);
        for (tp_dtype dtype = TP_BOOL; dtype < TP_DTYPE_COUNT; dtype++) {
            tp_manual_seed(4);
            tp_tensor *x = tp_bernoulli_(tp_zeros(tp_shape(50), .dtype = dtype), 0.4);
            for (int i = 0; i < 50; i++) assert_true(tp_get(x, i) == tp_get(bytes, i));
        }
    }
}

static void test_wrong_arguments(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = tp_zeros(tp_shape(3)), *whole = tp_zeros(tp_shape(3), .dtype = TP_INT64);
        assert_true(tp_is_poison(tp_randint(5, 5, tp_shape(2))));
        assert_true(had_error(TP_ERROR_VALUE, "randint", __LINE__ - 1));
        assert_true(tp_is_poison(tp_randint(0, 257, tp_shape(2), .dtype = TP_UINT8)));
        assert_true(had_error(TP_ERROR_VALUE, "randint", __LINE__ - 1));
        assert_true(tp_is_poison(tp_randperm(-1)));
        assert_true(had_error(TP_ERROR_VALUE, "randperm", __LINE__ - 1));
        assert_true(tp_is_poison(tp_rand(tp_shape(2), .dtype = TP_INT32)));
        assert_true(had_error(TP_ERROR_DTYPE, "rand", __LINE__ - 1));
        assert_true(tp_is_poison(tp_randn(tp_shape(-2))));
        assert_true(had_error(TP_ERROR_SHAPE, "randn", __LINE__ - 1));
        assert_true(tp_is_poison(tp_uniform_(x, 2, 1)));
        assert_true(had_error(TP_ERROR_VALUE, "uniform", __LINE__ - 1));
        assert_true(tp_is_poison(tp_normal_(x, 0, -1)));
        assert_true(had_error(TP_ERROR_VALUE, "normal", __LINE__ - 1));
        assert_true(tp_is_poison(tp_normal_(whole, 0, 1)));
        assert_true(had_error(TP_ERROR_DTYPE, "normal", __LINE__ - 1));
        assert_true(tp_is_poison(tp_bernoulli_(x, 1.5)));
        assert_true(had_error(TP_ERROR_VALUE, "bernoulli", __LINE__ - 1));
        assert_true(tp_is_poison(tp_bernoulli(tp_full(tp_shape(2), NAN))));
        assert_true(had_error(TP_ERROR_VALUE, "bernoulli", __LINE__ - 1));
        assert_true(tp_is_poison(tp_rand_like(whole)));
        assert_true(had_error(TP_ERROR_DTYPE, "rand_like", __LINE__ - 1));
        assert_true(tp_is_poison(tp_rand_like(NULL)));
        assert_true(had_error(TP_ERROR_ARGUMENT, "rand_like", __LINE__ - 1));
        assert_true(tp_is_poison(tp_uniform_(tp_requires_grad(tp_zeros(tp_shape(2))), 0, 1)));
        assert_int_equal(take_error().code, TP_ERROR_GRAPH);
    }
}

static int load(void **state) {
    watch_errors();
    *state = golden_load("random_ops");
    return 0;
}

static int unload(void **state) {
    golden_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),         cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_streams),         cmocka_unit_test(test_bernoulli_types),
        cmocka_unit_test(test_wrong_arguments),
    };
    return cmocka_run_group_tests_name("random_ops", tests, load, unload);
}
