/* Metrics of tensors that are at hand. */
#include <math.h>
#include <taper/ops.h>

#include "base/alloc.h"
#include "tensor/tensor.h"
#include "train/score.h"

static bool bad(tp_location at, const char *op, tp_error_code code, const tp_tensor *prediction,
                const tp_tensor *labels, const char *want) {
    tp_fail(
        at, op, code,
        tp_text("prediction %s and labels %s", tp_tensor_text(prediction), tp_tensor_text(labels)),
        want, NULL);
    return false;
}

static bool usable(tp_location at, const char *op, const tp_tensor *x) {
    if (x && x->life == TP_ALIVE && !x->poison) return true;
    if (x && x->life == TP_ALIVE)
        tp_surface();
    else
        (void)tp_usable(at, op, x);
    return false;
}

static bool usable_pair(tp_location at, const char *op, const tp_tensor *prediction,
                        const tp_tensor *labels) {
    if (!usable(at, op, prediction) || !usable(at, op, labels)) return false;
    if (!tp_is_float_type(prediction->dtype) || labels->dtype != TP_INT64)
        return bad(at, op, TP_ERROR_DTYPE, prediction, labels, "floating and int64");
    if (prediction->ndim != 2 || labels->ndim != 1 || prediction->shape[0] != labels->shape[0])
        return bad(at, op, TP_ERROR_SHAPE, prediction, labels, "(N, C) and (N)");
    return true;
}

/* Scores all rows; false after an error, a label that is no class among them. */
static bool score_all(tp_location at, const char *op, tp_score *score, const tp_tensor *prediction,
                      const tp_tensor *labels) {
    if (!usable_pair(at, op, prediction, labels)) return false;
    bool fine = true;
    TP_NO_GRAD
        TP_SCOPE {
            /* The ops take pointers to what they may record; nothing is recorded here. */
            tp_tensor *x = tp_contiguous_at(at, (tp_tensor *)prediction);
            tp_tensor *y = tp_contiguous_at(at, (tp_tensor *)labels);
            fine = !tp_is_poison(x) && !tp_is_poison(y);
            int64_t passed =
                fine ? tp_score_rows(score, x->data, x->dtype == TP_FLOAT64, x->shape[0],
                                     x->shape[1], (const int64_t *)(const void *)y->data)
                     : 0;
            if (passed) {
                tp_fail(at, op, TP_ERROR_INDEX,
                        tp_text("%lld labels that are no class", (long long)passed),
                        tp_text("0 <= label < %lld", (long long)x->shape[1]), NULL);
                fine = false;
            }
        }
    return fine;
}

double tp_accuracy_at(tp_location at, const tp_tensor *prediction, const tp_tensor *labels) {
    tp_score score = {0};
    return score_all(at, "accuracy", &score, prediction, labels) ? tp_score_accuracy(&score) : NAN;
}

double tp_topk_accuracy_at(tp_location at, const tp_tensor *prediction, const tp_tensor *labels,
                           int64_t k) {
    if (k < 1) {
        tp_fail(at, "topk_accuracy", TP_ERROR_ARGUMENT, tp_text("k = %lld", (long long)k),
                "k of at least 1", NULL);
        return NAN;
    }
    tp_score score = {.k = k};
    if (!score_all(at, "topk_accuracy", &score, prediction, labels)) return NAN;
    return score.rows ? (double)score.among / (double)score.rows : NAN;
}

double tp_binary_accuracy_at(tp_location at, const tp_tensor *prediction, const tp_tensor *target,
                             double threshold) {
    const char *op = "binary_accuracy";
    if (!usable(at, op, prediction) || !usable(at, op, target)) return NAN;
    if (!tp_shapes_equal(prediction, target)) {
        bad(at, op, TP_ERROR_SHAPE, prediction, target, "two of the same shape");
        return NAN;
    }
    int64_t correct = 0;
    bool fine = true;
    TP_NO_GRAD
        TP_SCOPE {
            tp_tensor *yes = tp_gt(tp_to((tp_tensor *)prediction, TP_FLOAT64), threshold);
            tp_tensor *is = tp_gt(tp_to((tp_tensor *)target, TP_FLOAT64), 0.5);
            tp_tensor *same = tp_contiguous_at(at, tp_eq_at(at, yes, is));
            fine = !tp_is_poison(same);
            for (int64_t i = 0; fine && i < same->numel; i++) correct += same->data[i] != 0;
        }
    return fine && prediction->numel ? (double)correct / (double)prediction->numel : NAN;
}

/* ---- the confusion matrix ---- */

static bool count_pairs(tp_location at, const tp_confusion_matrix_args *args, int64_t *cells) {
    const tp_tensor *x = args->prediction, *y = args->labels;
    for (int64_t i = 0; i < y->numel; i++) {
        int64_t taken = *((const int64_t *)(const void *)x->data + i * x->stride[0]);
        int64_t label = *((const int64_t *)(const void *)y->data + i * y->stride[0]);
        if (taken < 0 || label < 0 || taken >= args->classes || label >= args->classes) {
            tp_fail(at, "confusion_matrix", TP_ERROR_INDEX,
                    tp_text("prediction %lld and label %lld at %lld", (long long)taken,
                            (long long)label, (long long)i),
                    tp_text("0 <= class < %lld", (long long)args->classes), NULL);
            return false;
        }
        cells[label * args->classes + taken]++;
    }
    return true;
}

tp_tensor *tp_confusion_matrix_at(tp_location at, tp_confusion_matrix_args args) {
    const char *op = "confusion_matrix";
    TP_CHECK(at, op, args.prediction);
    TP_CHECK(at, op, args.labels);
    bool classes = args.prediction->ndim == 1 && args.prediction->dtype == TP_INT64;
    if (classes) {
        if (!tp_shapes_equal(args.prediction, args.labels) || args.labels->dtype != TP_INT64 ||
            args.classes < 1) {
            bad(at, op, args.classes < 1 ? TP_ERROR_ARGUMENT : TP_ERROR_SHAPE, args.prediction,
                args.labels, "(N) int64 twice and .classes = C, or (N, C) and (N)");
            return tp_poison();
        }
    } else {
        if (!usable_pair(at, op, args.prediction, args.labels)) return tp_poison();
        args.classes = args.prediction->shape[1];
    }
    tp_tensor *out = tp_zeros_at(
        at, (tp_create_args){.shape = {2, {args.classes, args.classes}}, .dtype = TP_INT64});
    TP_CHECK(at, op, out);
    int64_t *cells = (int64_t *)(void *)out->data;
    tp_score score = {.classes = args.classes, .confusion = cells};
    bool fine = classes ? count_pairs(at, &args, cells)
                        : score_all(at, op, &score, args.prediction, args.labels);
    return fine ? out : tp_poison();
}

static double ratio(double a, double b) { return b != 0 ? a / b : 0; }

static tp_class_scores scores_of(const tp_tensor *confusion, int64_t label) {
    int64_t n = confusion->shape[0], of_label = 0, taken = 0;
    const int64_t *cells = (const int64_t *)(const void *)confusion->data;
    const int64_t *stride = confusion->stride;
    for (int64_t i = 0; i < n; i++) {
        of_label += cells[label * stride[0] + i * stride[1]];
        taken += cells[i * stride[0] + label * stride[1]];
    }
    double right = (double)cells[label * (stride[0] + stride[1])];
    tp_class_scores scores = {.precision = ratio(right, (double)taken),
                              .recall = ratio(right, (double)of_label),
                              .f1 = ratio(2 * right, (double)(taken + of_label)),
                              .support = of_label};
    return scores;
}

tp_class_scores tp_class_scores_at(tp_location at, const tp_tensor *confusion, int64_t label) {
    const char *op = "class_scores";
    const tp_class_scores none = {NAN, NAN, NAN, 0};
    if (!usable(at, op, confusion)) return none;
    int64_t n = confusion->ndim == 2 ? confusion->shape[0] : -1;
    if (n < 1 || confusion->shape[1] != n || confusion->dtype != TP_INT64) {
        tp_fail(at, op, TP_ERROR_SHAPE, tp_tensor_text(confusion), "(C, C) int64", NULL);
        return none;
    }
    if (label < -1 || label >= n) {
        tp_fail(at, op, TP_ERROR_INDEX, tp_text("class %lld", (long long)label),
                tp_text("0 <= class < %lld, or -1 for the mean over all", (long long)n), NULL);
        return none;
    }
    if (label >= 0) return scores_of(confusion, label);
    tp_class_scores mean = {0};
    for (int64_t i = 0; i < n; i++) {
        tp_class_scores one = scores_of(confusion, i);
        mean.precision += one.precision / (double)n;
        mean.recall += one.recall / (double)n;
        mean.f1 += one.f1 / (double)n;
        mean.support += one.support;
    }
    return mean;
}
