/* Reductions, norms, running sums and softmax, held to the reference vectors: values, indices and gradients, in float64 and in
 * float32, contiguous and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include <taper/ops/reduce.h>
#include <taper/ops/shape.h>
#include <taper/runtime.h>

#include "support/tensors.h"

/* ---- one case: which function, which options ---- */

typedef struct call {
    const char *op;
    tp_tensor *x;
    tp_shape dims;
    int dim;
    bool keepdim;
    tp_tensor *indices;
    const golden_case *c;
} call;

static tp_tensor *call_norm(const call *k) {
    double p = golden_number(k->c, "p", 2);
    return tp_norm(k->x, p == 0 ? TP_NORM_COUNT : p, .dims = k->dims, .keepdim = k->keepdim);
}

static tp_tensor *call_var(const call *k) {
    int64_t correction = golden_integer(k->c, "correction", 1);
    tp_var_args args = {k->x, k->dims, k->keepdim, (int)correction, correction == 0};
    return k->op[0] == 'v' ? tp_var_at(TP_HERE, args) : tp_std_at(TP_HERE, args);
}

/* Functions of the arguments that most reductions take. */
static const struct plain {
    const char *name;
    tp_tensor *(*function)(tp_location at, tp_reduce_args args);
} plain[] = {{"sum", tp_sum_at},   {"mean", tp_mean_at},          {"prod", tp_prod_at},
             {"amax", tp_amax_at}, {"amin", tp_amin_at},          {"any", tp_any_at},
             {"all", tp_all_at},   {"logsumexp", tp_logsumexp_at}};
static const struct along {
    const char *name;
    tp_tensor *(*function)(tp_location at, tp_tensor *x, int dim);
} along[] = {{"cumsum", tp_cumsum_at},
             {"cumprod", tp_cumprod_at},
             {"softmax", tp_softmax_at},
             {"log_softmax", tp_log_softmax_at}};

static tp_tensor *apply(call *k) {
    bool largest = strstr(k->op, "max") != NULL, whole = k->dims.ndim == 0;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(k->op, plain[i].name) == 0)
            return plain[i].function(TP_HERE, (tp_reduce_args){k->x, k->dims, k->keepdim});
    for (size_t i = 0; i < sizeof along / sizeof along[0]; i++)
        if (strcmp(k->op, along[i].name) == 0) return along[i].function(TP_HERE, k->x, k->dim);
    if (strcmp(k->op, "norm") == 0) return call_norm(k);
    if (strcmp(k->op, "var") == 0 || strcmp(k->op, "std") == 0) return call_var(k);
    if (strncmp(k->op, "arg", 3) == 0) {
        tp_argmax_args args = {k->x, k->dim, k->keepdim, !whole};
        return largest ? tp_argmax_at(TP_HERE, args) : tp_argmin_at(TP_HERE, args);
    }
    assert_true(strcmp(k->op, "max") == 0 || strcmp(k->op, "min") == 0);
    if (whole) return largest ? tp_max(k->x) : tp_min(k->x);
    tp_max_dim_args args = {k->x, k->dim, k->keepdim, &k->indices};
    return largest ? tp_max_dim_at(TP_HERE, args) : tp_min_dim_at(TP_HERE, args);
}

/* ---- holding a case to its vectors ---- */

typedef enum form { AS_IT_IS, SINGLE, SCATTERED, FORMS } form;

static int run_case(const golden_case *c, form how) {
    static const char *const name[FORMS] = {"", " in float32", " scattered"};
    const golden_tensor *golden_x = golden_need(c, "x");
    bool floating = golden_x->integers == NULL;
    if (how == SINGLE && (!floating || strcmp(c->name, "var/offset") == 0))
        return 0; /* float32 cannot hold its input */
    double tolerance = how == SINGLE ? 3e-6 : 1e-13;
    call k = {
        .op = golden_word(c, "op", ""), .c = c, .keepdim = golden_integer(c, "keepdim", 0) == 1};
    k.x = from_golden(golden_x, how == SINGLE ? TP_FLOAT32 : TP_DTYPE_DEFAULT);
    if (how == SCATTERED) k.x = scattered(k.x);
    if (floating) tp_requires_grad(k.x);
    int64_t list[TP_MAX_DIMS];
    int count = golden_list(c, "dim", list, TP_MAX_DIMS);
    k.dims = tp_shape_make(count > 0 ? (size_t)count : 0, list);
    k.dim = count > 0 ? (int)list[0] : 0;
    tp_tensor *y = apply(&k);
    if (golden_integer(c, "error", 0)) return tp_is_poison(y) && take_error().count == 1 ? 0 : 1;
    char what[200];
    snprintf(what, sizeof what, "%s%s", c->name, name[how]);
    int wrong = !same_as_golden(golden_need(c, "y"), y, tolerance, tolerance, what);
    const golden_tensor *indices = golden_find(c, "indices");
    if (indices) wrong += !same_as_golden(indices, k.indices, 0, 0, what);
    const golden_tensor *dy = golden_find(c, "dy");
    if (!dy || wrong) return wrong;
    tp_tensor *g = from_golden(dy, tp_dtype_of(y));
    if (!tp_backward(y, g)) return wrong + 1;
    strcat(what, ": gradient");
    return wrong +
           !same_as_golden(golden_need(c, "dx"), tp_grad(k.x), tolerance * 4, tolerance * 4, what);
}

static void holds_to_the_reference(void **state) {
    (void)state;
    watch_errors();
    golden_file *file = golden_load("reduce");
    int wrong = 0, cases = 0;
    for (golden_case *c = NULL; (c = golden_next(file, c, "")) != NULL;)
        for (form how = AS_IT_IS; how < FORMS; how++)
            TP_SCOPE {
                cases++;
                int bad = run_case(c, how);
                seen_error left = take_error();
                if (left.count) bad++, fprintf(stderr, "%s: %s\n", c->name, left.text);
                wrong += bad != 0;
            }
    golden_free(file);
    assert_true(cases > 900);
    assert_int_equal(wrong, 0);
}

/* ---- sizes of all kinds, against sums in double ---- */

static double noise(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)(*seed >> 11) / 9007199254740992.0 * 2 - 0.9;
}

static tp_tensor *noisy(tp_shape shape) {
    tp_tensor *x = tp_empty(shape);
    uint64_t seed = 11;
    for (int64_t i = 0; i < tp_numel(x); i++) tp_data_float(x)[i] = (float)noise(&seed);
    return x;
}

/* The sum of x over dimension 1 of (outer, n, inner), and that of the sizes. */
static void reduce_long_way(const float *x, const int64_t *size, int64_t o, int64_t c, double *sum,
                            double *whole, float *top) {
    *sum = *whole = 0;
    *top = -INFINITY;
    for (int64_t i = 0; i < size[1]; i++) {
        float v = x[(o * size[1] + i) * size[2] + c];
        *sum += (double)v;
        *whole += fabs((double)v);
        if (v > *top) *top = v;
    }
}

static void every_size_adds_up(void **state) {
    (void)state;
    static const int64_t sizes[][3] = {{1, 10, 1},     {7, 33, 1},     {3, 64, 1},   {2, 65, 1},
                                       {1, 100003, 1}, {9, 20000, 1},  {1, 32, 128}, {1, 32, 10},
                                       {2, 100, 3},    {1, 60000, 10}, {3, 17, 16},  {2, 130, 70},
                                       {1, 5000, 100}, {1, 3, 70001},  {40, 9, 300}, {1, 1, 20},
                                       {4, 2000, 15},  {1, 700, 4096}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        TP_SCOPE {
            tp_tensor *x = noisy(tp_shape(sizes[s][0], sizes[s][1], sizes[s][2])), *where;
            tp_tensor *sums = tp_sum(x, .dims = tp_dims(1)),
                      *means = tp_mean(x, .dims = tp_dims(1));
            tp_tensor *largest = tp_max_dim(x, 1, .indices = &where),
                      *norms = tp_norm(x, 1, .dims = tp_dims(1));
            tp_tensor *tops = tp_amax(x, .dims = tp_dims(1));
            for (int64_t k = 0; k < tp_numel(sums); k++) {
                double sum, whole;
                float top;
                int64_t o = k / sizes[s][2], c = k % sizes[s][2];
                reduce_long_way(tp_data(x), sizes[s], o, c, &sum, &whole, &top);
                double bound = 3e-7 * whole;
                assert_true(fabs((double)tp_data_float(sums)[k] - sum) <= bound);
                assert_true(fabs((double)tp_data_float(means)[k] * (double)sizes[s][1] - sum) <=
                            bound * 2);
                assert_true(fabs((double)tp_data_float(norms)[k] - whole) <= 1e-6 * whole);
                assert_true(tp_data_float(largest)[k] == top && tp_data_float(tops)[k] == top);
                int64_t place = ((const int64_t *)tp_data(where))[k];
                assert_true(tp_data_float(x)[(o * sizes[s][1] + place) * sizes[s][2] + c] == top);
            }
        }
}

static void long_sums_keep_their_digits(void **state) {
    (void)state;
    tp_tensor *x = tp_full(tp_shape(10000000), 0.1);
    double each = (double)0.1f;
    assert_true(fabs(tp_item(tp_sum(x)) / (each * 1e7) - 1) < 3e-7);
    assert_true(fabs(tp_item(tp_mean(x)) / each - 1) < 3e-7);
    tp_tensor *columns = tp_sum(tp_reshape(x, tp_shape(1000000, 10)), .dims = tp_dims(0));
    for (int c = 0; c < 10; c++) assert_true(fabs(tp_get(columns, c) / (each * 1e6) - 1) < 3e-7);
}

static void the_number_of_threads_does_not_matter(void **state) {
    (void)state;
    tp_tensor *x = noisy(tp_shape(20, 300, 200)), *first[6];
    for (int threads = 1; threads <= 7; threads += 3) {
        tp_set_num_threads(threads);
        tp_tensor *now[6] = {tp_sum(x),
                             tp_sum(x, .dims = tp_dims(0, 2)),
                             tp_var(x, .dims = tp_dims(1)),
                             tp_norm(tp_reshape(x, tp_shape(6000, 200)), .dims = tp_dims(0)),
                             tp_softmax(x, 1),
                             tp_logsumexp(x, .dims = tp_dims(0, 2))};
        for (int i = 0; i < 6; i++) {
            if (threads == 1) first[i] = now[i];
            assert_memory_equal(tp_data(first[i]), tp_data(now[i]),
                                (size_t)tp_numel(now[i]) * sizeof(float));
        }
    }
    tp_set_num_threads(1);
}

static void mistakes_are_named(void **state) {
    (void)state;
    watch_errors();
    tp_tensor *x = tp_ones(tp_shape(2, 3)), *whole = tp_ones(tp_shape(2, 3), TP_INT64),
              *none = tp_ones(tp_shape(0, 3));
    tp_sum(x, .dims = tp_dims(2));
    assert_true(had_error(TP_ERROR_INDEX, "sum", __LINE__ - 1));
    tp_sum(x, .dims = tp_dims(0, -2));
    assert_true(had_error(TP_ERROR_ARGUMENT, "sum", __LINE__ - 1));
    tp_mean(whole);
    assert_true(had_error(TP_ERROR_DTYPE, "mean", __LINE__ - 1));
    tp_softmax(whole, 0);
    assert_true(had_error(TP_ERROR_DTYPE, "softmax", __LINE__ - 1));
    tp_max(none);
    assert_true(had_error(TP_ERROR_SHAPE, "max", __LINE__ - 1));
    tp_argmax(none, 0);
    assert_true(had_error(TP_ERROR_SHAPE, "argmax", __LINE__ - 1));
    tp_argmax(x, 3);
    assert_true(had_error(TP_ERROR_INDEX, "argmax", __LINE__ - 1));
    tp_norm(none, INFINITY);
    assert_true(had_error(TP_ERROR_SHAPE, "norm", __LINE__ - 1));
    tp_var(x, .correction = 2, .biased = true);
    assert_true(had_error(TP_ERROR_ARGUMENT, "var", __LINE__ - 1));
    tp_sum(NULL);
    assert_true(had_error(TP_ERROR_ARGUMENT, "sum", __LINE__ - 1));
}

static void argmax_tells_its_forms_apart(void **state) {
    (void)state;
    const float values[] = {1, 5, 2, 7, 3, 4};
    tp_tensor *x = tp_from_data(values, tp_shape(2, 3));
    assert_true(tp_item(tp_argmax(x)) == 3);
    assert_true(tp_ndim(tp_argmax(x)) == 0);
    tp_tensor *rows = tp_argmax(x, 1), *kept = tp_argmin(x, 0, .keepdim = true);
    assert_true(tp_get(rows, 0) == 1 && tp_get(rows, 1) == 0);
    assert_true(tp_ndim(kept) == 2 && tp_get(kept, 0, 0) == 0 && tp_get(kept, 0, 1) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_to_the_reference),
        cmocka_unit_test(every_size_adds_up),
        cmocka_unit_test(long_sums_keep_their_digits),
        cmocka_unit_test(the_number_of_threads_does_not_matter),
        cmocka_unit_test(argmax_tells_its_forms_apart),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
