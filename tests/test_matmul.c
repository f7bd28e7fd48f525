/* Products: values and gradients against PyTorch, strides of every kind, errors, the fused linear layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <taper/autograd.h>
#include <taper/memory.h>
#include <taper/ops.h>
#include <taper/runtime.h>

#include "support/golden.h"
#include "support/tensors.h"

static golden_file *vectors;

static uint64_t noise_state = 1;

/* Values between -2 and 2. */
static tp_tensor *noise_at(tp_create_args args) {
    tp_tensor *x = tp_empty_at(TP_HERE, args);
    for (int64_t i = 0; i < tp_numel(x); i++) {
        noise_state = noise_state * 6364136223846793005u + 1442695040888963407u;
        double value = (double)(noise_state >> 11) / 9007199254740992.0 * 4 - 2;
        if (tp_dtype_of(x) == TP_FLOAT32)
            ((float *)tp_data(x))[i] = (float)value;
        else
            ((double *)tp_data(x))[i] = value;
    }
    return x;
}
#define noise(...) noise_at(TP_MAKE(tp_create_args, .shape = __VA_ARGS__))

/* ---- reference vectors ---- */

typedef tp_tensor *(*caller)(const golden_case *c, tp_tensor **inputs);

static tp_tensor *call_matmul(const golden_case *c, tp_tensor **in) {
    tp_tensor *a = golden_integer(c, "transpose_a", 0) ? tp_t(in[0]) : in[0];
    tp_tensor *b = golden_integer(c, "transpose_b", 0) ? tp_t(in[1]) : in[1];
    return tp_matmul(a, b);
}
static tp_tensor *call_outer(const golden_case *c, tp_tensor **in) {
    (void)c;
    return tp_outer(in[0], in[1]);
}
static tp_tensor *call_dot(const golden_case *c, tp_tensor **in) {
    (void)c;
    return tp_dot(in[0], in[1]);
}
static tp_tensor *call_mv(const golden_case *c, tp_tensor **in) {
    (void)c;
    return tp_mv(in[0], in[1]);
}
static tp_tensor *call_mm(const golden_case *c, tp_tensor **in) {
    (void)c;
    return tp_mm(in[0], in[1]);
}
static tp_tensor *call_bmm(const golden_case *c, tp_tensor **in) {
    (void)c;
    return tp_bmm(in[0], in[1]);
}
static tp_tensor *call_addmm(const golden_case *c, tp_tensor **in) {
    return tp_addmm(in[0], in[1], in[2], golden_number(c, "beta", 1), golden_number(c, "alpha", 1));
}
static tp_tensor *call_linear(const golden_case *c, tp_tensor **in) {
    return tp_linear(in[0], in[1], golden_find(c, "bias") ? in[2] : NULL);
}

static const struct op_case {
    const char *name, *keys[3];
    caller call;
} op_cases[] = {
    {"matmul", {"a", "b"}, call_matmul},
    {"outer", {"a", "b"}, call_outer},
    {"dot", {"a", "b"}, call_dot},
    {"mv", {"a", "b"}, call_mv},
    {"mm", {"a", "b"}, call_mm},
    {"bmm", {"a", "b"}, call_bmm},
    {"addmm", {"c", "a", "b"}, call_addmm},
    {"linear", {"x", "weight", "bias"}, call_linear},
};

/* One case in one type; `spread` runs it on leaves whose memory has gaps. */
static void run_case(const golden_case *c, const struct op_case *op, tp_dtype dtype, bool spread) {
    TP_SCOPE {
        tp_tensor *in[3] = {NULL};
        for (int i = 0; i < 3 && op->keys[i]; i++) {
            const golden_tensor *t = golden_find(c, op->keys[i]);
            if (!t) continue;
            in[i] = from_golden(t, dtype);
            if (spread) in[i] = scattered(in[i]);
            tp_requires_grad(in[i]);
        }
        tp_tensor *y = op->call(c, in);
        if (golden_integer(c, "error", 0)) {
            assert_true(tp_is_poison(y));
            assert_int_equal(take_error().code, TP_ERROR_SHAPE);
            continue;
        }
        assert_true(same_as_golden(golden_need(c, "y"), y, 1e-12, 0, "y"));
        for (int round = 1; round <= 2;
             round++) { /* the second adds to the gradients of the first */
            assert_true(tp_backward(y, from_golden(golden_need(c, "dy"), dtype),
                                    .retain_graph = round == 1));
            for (int i = 0; i < 3 && op->keys[i]; i++) {
                char key[32];
                snprintf(key, sizeof key, "d%s", op->keys[i]);
                const golden_tensor *want = golden_find(c, key);
                if (!want) continue;
                tp_tensor *g = tp_grad(in[i]);
                assert_non_null(g);
                tp_tensor *share = tp_mul(g, tp_full_like(g, 1.0 / round));
                assert_true(same_as_golden(want, share, 1e-12, 0, key));
            }
        }
    }
}

static void test_vectors(void **state) {
    (void)state;
    int cases = 0;
    for (golden_case *c = NULL; (c = golden_next(vectors, c, "")) != NULL;) {
        const char *name = golden_word(c, "op", "");
        const struct op_case *op = NULL;
        for (size_t i = 0; i < sizeof op_cases / sizeof op_cases[0]; i++)
            if (strcmp(op_cases[i].name, name) == 0) op = &op_cases[i];
        assert_non_null(op);
        run_case(c, op, TP_FLOAT64, false);
        run_case(c, op, TP_FLOAT64, true);
        run_case(c, op, TP_FLOAT32, false);
        run_case(c, op, TP_FLOAT32, true);
        cases++;
    }
    assert_true(cases >= 50);
}

/* ---- strides ---- */

static double at3(const tp_tensor *x, int64_t i, int64_t j, int64_t k) {
    return tp_get_at(TP_HERE, x, tp_shape(i, j, k));
}

/* Every way to lay out (3, 4, 5) x (3, 5, 2), batches in a stack, in the rows, repeated, reversed. */
static void test_layouts(void **state) {
    (void)state;
    for (int way = 0; way < 6; way++) {
        TP_SCOPE {
            noise_state = 1;
            tp_tensor *a = noise(tp_shape(3, 4, 5), .dtype = TP_FLOAT64);
            tp_tensor *b = noise(tp_shape(3, 5, 2), .dtype = TP_FLOAT64);
            if (way == 1) a = tp_transpose(noise(tp_shape(3, 5, 4), .dtype = TP_FLOAT64), 1, 2);
            if (way == 2) a = tp_transpose(noise(tp_shape(4, 3, 5), .dtype = TP_FLOAT64), 0, 1);
            if (way == 3)
                b = tp_expand(noise(tp_shape(5, 2), .dtype = TP_FLOAT64), tp_shape(3, 5, 2));
            if (way == 4) a = tp_flip(a, tp_dims(0, 2)), b = tp_flip(b, tp_dims(1));
            if (way == 5)
                a = tp_slice(noise(tp_shape(3, 8, 10), .dtype = TP_FLOAT64), 1, 0, TP_END, 2),
                a = tp_slice(a, 2, -1, TP_END, -2);
            tp_tensor *y = tp_matmul(a, b);
            assert_true(tp_same_shape(y, tp_empty(tp_shape(3, 4, 2))));
            for (int64_t i = 0; i < 3; i++)
                for (int64_t r = 0; r < 4; r++)
                    for (int64_t c = 0; c < 2; c++) {
                        double sum = 0;
                        for (int64_t k = 0; k < 5; k++) sum += at3(a, i, r, k) * at3(b, i, k, c);
                        assert_true(fabs(at3(y, i, r, c) - sum) < 1e-12);
                    }
        }
    }
}

static tp_tensor *batched(tp_tensor *const *in, int n, void *user) {
    (void)n, (void)user;
    return tp_matmul(tp_transpose(in[0], -1, -2), in[1]);
}

/* Gradients where each operand is repeated along other batch dimensions, with four of them. */
static void test_broadcast_gradients(void **state) {
    (void)state;
    static const int64_t shapes[][2][6] = {
        {{2, 1, 3, 2}, {1, 2, 3, 2}},
        {{1, 1, 3, 2}, {2, 2, 3, 2}},
        {{2, 2, 3, 2}, {1, 1, 3, 2}},
        {{1, 2, 3, 2}, {2, 1, 3, 2}},
    };
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        TP_SCOPE {
            tp_tensor *in[2];
            for (int i = 0; i < 2; i++)
                in[i] =
                    tp_requires_grad(noise(tp_shape_make(4, shapes[k][i]), .dtype = TP_FLOAT64));
            assert_true(tp_gradcheck(batched, in, 2));
        }
    }
    TP_SCOPE {
        tp_tensor *in[2] = {noise(tp_shape(2, 1, 2, 1, 3, 2), .dtype = TP_FLOAT64),
                            noise(tp_shape(1, 2, 2, 2, 3, 2), .dtype = TP_FLOAT64)};
        tp_requires_grad(in[0]), tp_requires_grad(in[1]);
        assert_true(tp_gradcheck(batched, in, 2));
    }
}

/* A sum over no batches is 0, also where the memory held something else. */
static void test_empty_batch_gradient(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_zeros(tp_shape(0, 2, 3)),
                  *b = tp_ones(tp_shape(3, 2), .requires_grad = true);
        tp_tensor *y = tp_matmul(a, b);
        assert_true(tp_backward(y, tp_zeros_like(y)));
        assert_non_null(tp_grad(b));
        assert_true(tp_equal(tp_grad(b), tp_zeros(tp_shape(3, 2))));
    }
}

static void test_integers(void **state) {
    (void)state;
    TP_SCOPE {
        static const tp_dtype types[] = {TP_INT64, TP_INT32, TP_UINT8};
        for (int t = 0; t < 3; t++) {
            tp_tensor *a = tp_to(tp_reshape(tp_arange(0, 12), tp_shape(2, 2, 3)), types[t]);
            tp_tensor *b = tp_to(tp_reshape(tp_arange(0, 6), tp_shape(3, 2)), types[t]);
            static const int64_t want[] = {10, 13, 28, 40, 46, 67, 64, 94};
            tp_tensor *expected = tp_from_data(want, tp_shape(2, 2, 2), TP_INT64);
            tp_tensor *y = tp_matmul(a, b);
            assert_int_equal(tp_dtype_of(y), types[t]);
            assert_true(tp_equal(tp_to(y, TP_INT64), expected));
        }
        tp_tensor *c = tp_to(tp_ones(tp_shape(2)), TP_INT64);
        tp_tensor *a = tp_reshape(tp_arange(0, 4), tp_shape(2, 2));
        tp_tensor *y = tp_addmm(c, a, a, 3, -1);
        assert_int_equal(tp_get(y, 0, 1), 3 - 3);
        assert_int_equal(tp_get(y, 1, 0), 3 - 6);
        tp_addmm(c, a, a, 0.5, 1);
        assert_true(had_error(TP_ERROR_ARGUMENT, "addmm", __LINE__ - 1));
    }
}

/* beta 0 does not read the input. */
static void test_addmm_ignores_nan(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_ones(tp_shape(2, 2));
        tp_tensor *y = tp_addmm(tp_full(tp_shape(2), NAN), a, a, 0, 1);
        assert_true(tp_equal(y, tp_full(tp_shape(2, 2), 2)));
    }
}

/* ---- errors ---- */

static void test_errors(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *a = tp_ones(tp_shape(2, 3)), *b = tp_ones(tp_shape(2, 3));
        tp_tensor *d = tp_ones(tp_shape(3, 2), .dtype = TP_FLOAT64);
        assert_true(tp_is_poison(tp_matmul(a, b)));
        assert_true(had_error(TP_ERROR_SHAPE, "matmul", __LINE__ - 1));
        tp_matmul(a, d);
        assert_true(had_error(TP_ERROR_DTYPE, "matmul", __LINE__ - 1));
        tp_matmul(a, tp_scalar(1));
        assert_true(had_error(TP_ERROR_SHAPE, "matmul", __LINE__ - 1));
        tp_matmul(tp_ones(tp_shape(2, 2, 3)), tp_ones(tp_shape(3, 3, 2)));
        assert_true(had_error(TP_ERROR_SHAPE, "matmul", __LINE__ - 1));
        tp_matmul(tp_to(a, TP_BOOL), tp_to(d, TP_BOOL));
        assert_true(had_error(TP_ERROR_DTYPE, "matmul", __LINE__ - 1));
        tp_mm(a, tp_ones(tp_shape(3)));
        assert_true(had_error(TP_ERROR_SHAPE, "mm", __LINE__ - 1));
        tp_bmm(tp_ones(tp_shape(1, 2, 3)), tp_ones(tp_shape(2, 3, 2)));
        assert_true(had_error(TP_ERROR_SHAPE, "bmm", __LINE__ - 1));
        tp_mv(a, tp_ones(tp_shape(2)));
        assert_true(had_error(TP_ERROR_SHAPE, "mv", __LINE__ - 1));
        tp_dot(tp_ones(tp_shape(2)), tp_ones(tp_shape(3)));
        assert_true(had_error(TP_ERROR_SHAPE, "dot", __LINE__ - 1));
        tp_outer(a, a);
        assert_true(had_error(TP_ERROR_SHAPE, "outer", __LINE__ - 1));
        tp_addmm(tp_ones(tp_shape(3)), a, tp_ones(tp_shape(3, 2)), 1, 1);
        assert_true(had_error(TP_ERROR_SHAPE, "addmm", __LINE__ - 1));
        tp_linear(a, tp_ones(tp_shape(4, 2)), NULL);
        assert_true(had_error(TP_ERROR_SHAPE, "linear", __LINE__ - 1));
        tp_linear(a, tp_ones(tp_shape(4, 3)), tp_ones(tp_shape(3)));
        assert_true(had_error(TP_ERROR_SHAPE, "linear", __LINE__ - 1));
        tp_linear(tp_to(a, TP_UINT8), tp_ones(tp_shape(4, 3)), NULL);
        assert_true(had_error(TP_ERROR_DTYPE, "linear", __LINE__ - 1));
        tp_linear(tp_scalar(1), tp_ones(tp_shape(4, 3)), NULL);
        assert_true(had_error(TP_ERROR_SHAPE, "linear", __LINE__ - 1));
        tp_linear(NULL, b, NULL);
        assert_true(had_error(TP_ERROR_ARGUMENT, "linear", __LINE__ - 1));
        assert_true(tp_is_poison(tp_linear(tp_matmul(a, b), d, NULL))); /* poison stays silent: */
        assert_int_equal(take_error().count, 1);                        /* matmul's alone */
    }
}

/* ---- linear with an activation ---- */

static tp_tensor *unfused(tp_tensor *z, tp_activation activation) {
    switch (activation) {
    case TP_ACTIVATION_RELU: return tp_relu(z);
    case TP_ACTIVATION_LEAKY_RELU: return tp_leaky_relu(z, .negative_slope = 0.3);
    case TP_ACTIVATION_SIGMOID: return tp_sigmoid(z);
    case TP_ACTIVATION_TANH: return tp_tanh(z);
    default: return z;
    }
}

static void compare(tp_tensor *a, tp_tensor *b, tp_dtype dtype) {
    double tolerance = dtype == TP_FLOAT32 ? 2e-5 : 1e-12;
    assert_non_null(a);
    assert_non_null(b);
    assert_true(tp_allclose(a, b, .rtol = tolerance, .atol = tolerance));
}

/* Fused equals unfused: values, and the gradients of x, weight and bias, in sizes that fill vectors and do not. */
static void check_fused(tp_dtype dtype, tp_activation activation, int64_t batch, int64_t in,
                        int64_t out) {
    TP_SCOPE {
        noise_state = 1;
        tp_tensor *leaf[2][3], *y[2];
        tp_tensor *x = noise(tp_shape(batch, in), .dtype = dtype);
        tp_tensor *w = noise(tp_shape(out, in), .dtype = dtype);
        tp_tensor *b = noise(tp_shape(out), .dtype = dtype);
        tp_tensor *g = noise(tp_shape(batch, out), .dtype = dtype);
        for (int k = 0; k < 2; k++) {
            tp_tensor *source[3] = {x, w, b};
            for (int i = 0; i < 3; i++) leaf[k][i] = tp_requires_grad(tp_clone(source[i]));
            y[k] = k == 0 ? tp_linear(leaf[k][0], leaf[k][1], leaf[k][2], .activation = activation,
                                      .negative_slope = 0.3)
                          : unfused(tp_linear(leaf[k][0], leaf[k][1], leaf[k][2]), activation);
            assert_true(tp_backward(y[k], g));
        }
        compare(y[0], y[1], dtype);
        for (int i = 0; i < 3; i++) compare(tp_grad(leaf[0][i]), tp_grad(leaf[1][i]), dtype);
    }
}

static void test_fused(void **state) {
    (void)state;
    static const int64_t sizes[][3] = {{1, 1, 1},    {10, 784, 128}, {3, 5, 7},      {32, 128, 64},
                                       {65, 33, 67}, {10, 64, 10},   {2000, 20, 70}, {0, 4, 3}};
    for (int a = TP_ACTIVATION_NONE; a <= TP_ACTIVATION_TANH; a++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            check_fused(TP_FLOAT32, (tp_activation)a, sizes[k][0], sizes[k][1], sizes[k][2]);
            check_fused(TP_FLOAT64, (tp_activation)a, sizes[k][0], sizes[k][1], sizes[k][2]);
        }
}

static tp_tensor *strange_linear(tp_tensor *const *in, int n, void *user) {
    int variant = *(int *)user;
    (void)n;
    tp_tensor *x = in[0];                        /* (2, 3, 4) */
    if (variant == 1) x = tp_transpose(x, 0, 1); /* rows of no one distance */
    if (variant == 2) x = tp_flip(x, tp_dims(0, 1, 2));
    if (variant == 3) x = tp_slice(x, 1, 0, TP_END, 2);
    if (variant == 4) x = tp_expand(tp_select(x, 0, 0), tp_shape(5, 3, 4));
    tp_tensor *w = variant == 5 ? tp_t(tp_reshape(in[1], tp_shape(4, 5))) : in[1];
    tp_tensor *y = tp_linear(x, w, in[2], .activation = TP_ACTIVATION_TANH);
    return variant == 6 ? tp_sum(y) : y; /* a gradient with strides of 0 */
}

static void test_linear_layouts(void **state) {
    (void)state;
    for (int variant = 0; variant <= 6; variant++) {
        TP_SCOPE {
            tp_tensor *in[3] = {noise(tp_shape(2, 3, 4), .dtype = TP_FLOAT64),
                                noise(tp_shape(5, 4), .dtype = TP_FLOAT64),
                                noise(tp_shape(5), .dtype = TP_FLOAT64)};
            for (int i = 0; i < 3; i++) tp_requires_grad(in[i]);
            assert_true(tp_gradcheck(strange_linear, in, 3, .user = &variant));
        }
    }
}

/* Only what wants a gradient gets one, and only what that needs is kept. */
static void test_linear_partial(void **state) {
    (void)state;
    for (int mask = 1; mask < 8; mask++) {
        TP_SCOPE {
            tp_tensor *in[3] = {noise(tp_shape(6, 4)), noise(tp_shape(5, 4)), noise(tp_shape(5))};
            for (int i = 0; i < 3; i++)
                if (mask >> i & 1) tp_requires_grad(in[i]);
            tp_tensor *y = tp_linear(in[0], in[1], in[2], .activation = TP_ACTIVATION_RELU);
            assert_true(tp_backward(tp_sum(y)));
            for (int i = 0; i < 3; i++) assert_int_equal(tp_grad(in[i]) != NULL, mask >> i & 1);
        }
    }
}

static void test_linear_modified(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = noise(tp_shape(2, 3)), *w = noise(tp_shape(4, 3), .requires_grad = true);
        tp_tensor *y = tp_linear(x, w, NULL);
        tp_set(x, 1.0, 0, 0);
        assert_false(tp_backward(tp_sum(y)));
        assert_int_equal(take_error().code, TP_ERROR_MODIFIED);
    }
}

/* The same bits at any number of threads, also where the sum for the bias is split. */
static void test_threads(void **state) {
    (void)state;
    TP_SCOPE {
        tp_tensor *x = noise(tp_shape(3001, 40)), *g = noise(tp_shape(3001, 70));
        tp_tensor *first[3] = {NULL};
        int before = tp_get_num_threads();
        for (int threads = 1; threads <= 3; threads++) {
            tp_set_num_threads(threads);
            noise_state = 1;
            tp_tensor *w = noise(tp_shape(70, 40), .requires_grad = true);
            tp_tensor *b = noise(tp_shape(70), .requires_grad = true);
            tp_tensor *y = tp_linear(x, w, b, .activation = TP_ACTIVATION_SIGMOID);
            assert_true(tp_backward(y, g));
            tp_tensor *now[3] = {y, tp_grad(w), tp_grad(b)};
            for (int i = 0; i < 3; i++) {
                if (threads == 1)
                    first[i] = tp_clone(tp_detach(now[i]));
                else
                    assert_true(tp_equal(first[i], tp_detach(now[i])));
            }
        }
        tp_set_num_threads(before);
    }
}

int main(void) {
    watch_errors();
    vectors = golden_load("matmul");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_broadcast_gradients),
        cmocka_unit_test(test_empty_batch_gradient),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_addmm_ignores_nan),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_fused),
        cmocka_unit_test(test_linear_layouts),
        cmocka_unit_test(test_linear_partial),
        cmocka_unit_test(test_linear_modified),
        cmocka_unit_test(test_threads),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    golden_free(vectors);
    tp_shutdown();
    return failed;
}
