/* The losses, held to the reference vectors: every reduction and option, values and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include <taper/loss.h>
#include <taper/runtime.h>

#include "support/tensors.h"

typedef struct call {
    const golden_case *c;
    tp_tensor *x, *target, *weight, *pos_weight;
    tp_reduction reduction;
} call;

static int64_t ignored(const golden_case *c) {
    int64_t index = golden_integer(c, "ignore_index", -100);
    return TP_IGNORE(index);
}

static tp_tensor *apply(const call *k) {
    const char *op = golden_word(k->c, "op", "");
    tp_tensor *x = k->x, *t = k->target;
    if (strcmp(op, "cross_entropy") == 0) {
        if (golden_find(k->c, "probabilities"))
            return tp_cross_entropy(x, t, k->weight, .reduction = k->reduction,
                                    .label_smoothing = golden_number(k->c, "label_smoothing", 0));
        return tp_cross_entropy(x, t, k->weight, ignored(k->c),
                                golden_number(k->c, "label_smoothing", 0), k->reduction);
    }
    if (strcmp(op, "nll_loss") == 0)
        return tp_nll_loss(x, t, k->weight, ignored(k->c), k->reduction);
    if (strcmp(op, "binary_cross_entropy") == 0) return tp_bce_loss(x, t, k->weight, k->reduction);
    if (strcmp(op, "binary_cross_entropy_with_logits") == 0)
        return tp_bce_with_logits_loss(x, t, k->weight, k->pos_weight, k->reduction);
    if (strcmp(op, "mse_loss") == 0) return tp_mse_loss(x, t, k->reduction);
    if (strcmp(op, "l1_loss") == 0) return tp_l1_loss(x, t, k->reduction);
    if (strcmp(op, "huber_loss") == 0)
        return tp_huber_loss(x, t, golden_number(k->c, "delta", 1), k->reduction);
    if (strcmp(op, "smooth_l1_loss") == 0) {
        double beta = golden_number(k->c, "beta", 1);
        return beta == 0 ? tp_l1_loss(x, t, k->reduction)
                         : tp_smooth_l1_loss(x, t, beta, k->reduction);
    }
    assert_string_equal(op, "kl_div");
    return tp_kl_div(x, t, golden_integer(k->c, "log_target", 0) == 1, k->reduction);
}

typedef enum form { AS_IT_IS, SINGLE, SCATTERED, FORMS } form;

static tp_tensor *input(const golden_case *c, const char *key, form how) {
    const golden_tensor *t = golden_find(c, key);
    if (!t) return NULL;
    tp_tensor *x = from_golden(t, how == SINGLE ? TP_FLOAT32 : TP_DTYPE_DEFAULT);
    return how == SCATTERED ? scattered(x) : x;
}

static int run_case(const golden_case *c, form how) {
    static const char *const words[] = {"mean", "sum", "none", "batchmean"};
    double tolerance = how == SINGLE ? 2e-6 : 1e-13;
    const char *reduction = golden_word(c, "reduction", "mean");
    call k = {.c = c};
    while (strcmp(words[k.reduction], reduction) != 0) k.reduction++;
    k.x = input(c, "x", how);
    k.target = input(c, golden_find(c, "probabilities") ? "probabilities" : "target", how);
    k.weight = input(c, "weight", how);
    k.pos_weight = input(c, "pos_weight", how);
    bool both = golden_find(c, "dtarget") || golden_find(c, "dprobabilities");
    tp_requires_grad(k.x);
    if (both) tp_requires_grad(k.target);
    tp_tensor *y = apply(&k);
    if (golden_integer(c, "error", 0)) return tp_is_poison(y) && take_error().count == 1 ? 0 : 1;
    if (!same_as_golden(golden_need(c, "y"), y, tolerance, tolerance, c->name)) return 1;
    if (golden_number(c, "beta", 1) == 0)
        return 0; /* at its kink torch has the slope -1, and l1 0 */
    if (!tp_backward(y, from_golden(golden_need(c, "dy"), tp_dtype_of(y)))) return 1;
    int wrong =
        !same_as_golden(golden_need(c, "dx"), tp_grad(k.x), tolerance * 4, tolerance * 4, c->name);
    if (!both) return wrong;
    const char *key = golden_find(c, "dtarget") ? "dtarget" : "dprobabilities";
    return wrong + !same_as_golden(golden_need(c, key), tp_grad(k.target), tolerance * 4,
                                   tolerance * 4, c->name);
}

static void holds_to_the_reference(void **state) {
    (void)state;
    watch_errors();
    golden_file *file = golden_load("loss");
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
    assert_true(cases > 500);
    assert_int_equal(wrong, 0);
}

/* ---- many rows and many classes, against double and the long way ---- */

static double noise(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)(*seed >> 11) / 9007199254740992.0 * 8 - 4;
}

static void cross_entropy_of_any_size(void **state) {
    (void)state;
    static const int64_t sizes[][2] = {{1, 1},    {33, 7},    {100, 16}, {17, 17},
                                       {5, 1000}, {5000, 10}, {40, 33}};
    uint64_t seed = 1;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        TP_SCOPE {
            int64_t rows = sizes[s][0], classes = sizes[s][1];
            tp_tensor *x = tp_empty(tp_shape(rows, classes)),
                      *y = tp_empty(tp_shape(rows), TP_INT64);
            float *logit = tp_data(x);
            int64_t *label = tp_data(y);
            double want = 0;
            for (int64_t i = 0; i < rows; i++) {
                double sum = 0;
                label[i] = (int64_t)(i * 7 % classes);
                for (int64_t c = 0; c < classes; c++) {
                    logit[i * classes + c] = (float)noise(&seed);
                    sum += exp((double)logit[i * classes + c]);
                }
                want += (log(sum) - (double)logit[i * classes + label[i]]) / (double)rows;
            }
            tp_requires_grad(x);
            tp_tensor *loss = tp_cross_entropy(x, y);
            assert_true(fabs(tp_item(loss) - want) <= 2e-6 * (1 + want));
            assert_true(tp_backward(loss));
            const float *g = tp_data(tp_grad(x));
            for (int64_t i = 0; i < rows; i++) {
                double sum = 0, total = 0;
                for (int64_t c = 0; c < classes; c++) sum += exp((double)logit[i * classes + c]);
                for (int64_t c = 0; c < classes; c++) {
                    double p = (exp((double)logit[i * classes + c]) / sum - (c == label[i])) /
                               (double)rows;
                    assert_true(fabs(p - (double)g[i * classes + c]) <= 1e-6 / (double)rows);
                    total += (double)g[i * classes + c];
                }
                assert_true(fabs(total) < 1e-6);
            }
        }
}

static void the_number_of_threads_does_not_matter(void **state) {
    (void)state;
    tp_tensor *x = tp_empty(tp_shape(3000, 40)), *t = tp_empty(tp_shape(3000, 40)),
              *y = tp_empty(tp_shape(3000), TP_INT64);
    uint64_t seed = 5;
    for (int64_t i = 0; i < tp_numel(x); i++) {
        tp_data_float(x)[i] = (float)noise(&seed);
        tp_data_float(t)[i] = (float)noise(&seed);
    }
    for (int64_t i = 0; i < 3000; i++) ((int64_t *)tp_data(y))[i] = i % 40;
    double first[3];
    for (int threads = 1; threads <= 5; threads += 2) {
        tp_set_num_threads(threads);
        double now[3] = {tp_item(tp_cross_entropy(x, y)), tp_item(tp_mse_loss(x, t)),
                         tp_item(tp_smooth_l1_loss(x, t, .reduction = TP_REDUCTION_SUM))};
        if (threads == 1) memcpy(first, now, sizeof now);
        assert_memory_equal(first, now, sizeof now);
    }
    tp_set_num_threads(1);
}

static void names_are_function_pointers(void **state) {
    (void)state;
    const tp_loss_function losses[] = {tp_mse_loss,   tp_l1_loss,      tp_smooth_l1_loss,
                                       tp_huber_loss, tp_bce_loss,     tp_bce_with_logits_loss,
                                       tp_kl_div,     tp_cross_entropy};
    tp_tensor *x = tp_full(tp_shape(2, 3), 0.25), *t = tp_full(tp_shape(2, 3), 0.5);
    tp_tensor *(*const nll)(tp_tensor *, tp_tensor *) = tp_nll_loss;
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
        assert_true(isfinite(tp_item(losses[i](x, t))));
    assert_true(tp_item(nll(x, tp_zeros(tp_shape(2), TP_INT64))) == -0.25);
    assert_true(tp_item(losses[0](x, t)) == tp_item(tp_mse_loss(x, t)));
}

static void mistakes_are_named(void **state) {
    (void)state;
    watch_errors();
    const int64_t numbers[] = {0, 1, 12, 3};
    tp_tensor *x = tp_ones(tp_shape(4, 10)), *column = tp_ones(tp_shape(4, 1)),
              *flat = tp_ones(tp_shape(4));
    tp_tensor *labels = tp_from_data(numbers, tp_shape(4), TP_INT64);
    tp_tensor *good = tp_zeros(tp_shape(4), TP_INT64);
    tp_cross_entropy(x, labels);
    seen_error e = take_error();
    assert_int_equal(e.code, TP_ERROR_INDEX);
    assert_int_equal(e.line, __LINE__ - 3);
    assert_non_null(strstr(e.text, "label 12 at position 2"));
    assert_non_null(strstr(e.text, "10 classes"));
    tp_mse_loss(column, flat);
    e = take_error();
    assert_int_equal(e.code, TP_ERROR_SHAPE);
    assert_non_null(strstr(e.text, "(4, 1)"));
    assert_non_null(strstr(e.text, "would broadcast"));
    tp_cross_entropy(x, tp_zeros(tp_shape(4, 1), TP_INT64));
    assert_true(had_error(TP_ERROR_SHAPE, "cross_entropy", __LINE__ - 1));
    tp_cross_entropy(x, flat);
    assert_true(had_error(TP_ERROR_DTYPE, "cross_entropy", __LINE__ - 1));
    tp_cross_entropy(good, good);
    assert_true(had_error(TP_ERROR_DTYPE, "cross_entropy", __LINE__ - 1));
    tp_cross_entropy(tp_scalar(1), good);
    assert_true(had_error(TP_ERROR_SHAPE, "cross_entropy", __LINE__ - 1));
    tp_cross_entropy(x, good, .label_smoothing = 1.5);
    assert_true(had_error(TP_ERROR_ARGUMENT, "cross_entropy", __LINE__ - 1));
    tp_cross_entropy(x, good, .weight = tp_ones(tp_shape(9)));
    assert_true(had_error(TP_ERROR_SHAPE, "cross_entropy", __LINE__ - 1));
    tp_nll_loss(x, labels);
    assert_true(had_error(TP_ERROR_INDEX, "nll_loss", __LINE__ - 1));
    tp_bce_loss(tp_full(tp_shape(2), 1.5), tp_ones(tp_shape(2)));
    assert_true(had_error(TP_ERROR_VALUE, "binary_cross_entropy", __LINE__ - 1));
    tp_bce_with_logits_loss(flat, good);
    assert_true(had_error(TP_ERROR_DTYPE, "binary_cross_entropy_with_logits", __LINE__ - 1));
    tp_mse_loss(flat, flat, TP_REDUCTION_BATCHMEAN);
    assert_true(had_error(TP_ERROR_ARGUMENT, "mse_loss", __LINE__ - 1));
    tp_smooth_l1_loss(flat, flat, .beta = -1);
    assert_true(had_error(TP_ERROR_ARGUMENT, "smooth_l1_loss", __LINE__ - 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_to_the_reference),
        cmocka_unit_test(cross_entropy_of_any_size),
        cmocka_unit_test(the_number_of_threads_does_not_matter),
        cmocka_unit_test(names_are_function_pointers),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
