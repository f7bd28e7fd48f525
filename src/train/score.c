#include "train/score.h"

#include <math.h>

#include "tensor/tensor.h"

/* How many values stand before the label's: those larger, and equal ones to its left. A NaN is larger than all numbers. The loops
 * have no branches, so that compilers make vectors of them. */
#define DEFINE_RANK(type)                                                          \
    static int64_t rank_##type(const type *row, int64_t classes, int64_t label) {  \
        type mine = row[label];                                                    \
        int64_t before = 0;                                                        \
        if (mine != mine) {                                                        \
            for (int64_t j = 0; j < label; j++) before += row[j] != row[j];        \
            return before;                                                         \
        }                                                                          \
        int larger = 0;                                                            \
        for (int64_t j = 0; j < label; j++) larger += !(row[j] < mine);            \
        for (int64_t j = label + 1; j < classes; j++) larger += !(row[j] <= mine); \
        return larger;                                                             \
    }                                                                              \
    static int64_t largest_##type(const type *row, int64_t classes) {              \
        int64_t best = 0;                                                          \
        for (int64_t j = 0; j < classes; j++) {                                    \
            if (row[j] != row[j]) return j;                                        \
            if (row[j] > row[best]) best = j;                                      \
        }                                                                          \
        return best;                                                               \
    }
DEFINE_RANK(float)
DEFINE_RANK(double)

int64_t tp_score_rows(tp_score *score, const void *values, bool is_double, int64_t n,
                      int64_t classes, const int64_t *labels) {
    int64_t passed = 0, correct = 0, among = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t label = labels[i];
        if (label < 0 || label >= classes) {
            passed++;
            continue;
        }
        const float *row = is_double ? NULL : (const float *)values + i * classes;
        const double *wide = is_double ? (const double *)values + i * classes : NULL;
        int64_t rank =
            is_double ? rank_double(wide, classes, label) : rank_float(row, classes, label);
        correct += rank == 0;
        among += rank < score->k;
        if (!score->confusion) continue;
        int64_t taken = is_double ? largest_double(wide, classes) : largest_float(row, classes);
        score->confusion[label * score->classes + taken]++;
    }
    score->rows += n - passed;
    score->correct += correct;
    score->among += among;
    return passed;
}

static bool binary_threshold(tp_loss_function loss, double *threshold) {
    *threshold = loss == (tp_binary_cross_entropy) ? 0.5 : 0;
    return loss == (tp_binary_cross_entropy) || loss == (tp_binary_cross_entropy_with_logits);
}

/* Both contiguous, of one floating type. */
static void score_binary(tp_score *score, const tp_tensor *output, const tp_tensor *target,
                         double threshold) {
    int64_t n = output->numel, correct = 0;
    if (output->dtype == TP_FLOAT32) {
        const float *x = (const float *)(const void *)output->data;
        const float *y = (const float *)(const void *)target->data;
        float limit = (float)threshold;
        for (int64_t i = 0; i < n; i++) correct += (x[i] > limit) == (y[i] > 0.5F);
    } else {
        const double *x = (const double *)(const void *)output->data;
        const double *y = (const double *)(const void *)target->data;
        for (int64_t i = 0; i < n; i++) correct += (x[i] > threshold) == (y[i] > 0.5);
    }
    score->rows += n;
    score->correct += correct;
}

void tp_score_batch(tp_score *score, tp_loss_function loss, const tp_tensor *output,
                    const tp_tensor *target) {
    double threshold;
    if (!tp_is_float_type(output->dtype) || !output->contiguous || !target->contiguous ||
        !output->data || !target->data)
        return;
    if (target->dtype == TP_INT64 && output->ndim == 2 && target->ndim == 1 &&
        output->shape[0] == target->shape[0]) {
        if (score->confusion && score->classes != output->shape[1]) return;
        tp_score_rows(score, output->data, output->dtype == TP_FLOAT64, output->shape[0],
                      output->shape[1], (const int64_t *)(const void *)target->data);
    } else if (binary_threshold(loss, &threshold) && tp_shapes_equal(output, target) &&
               output->dtype == target->dtype) {
        score_binary(score, output, target, threshold);
    }
}

double tp_score_accuracy(const tp_score *score) {
    return score->rows ? (double)score->correct / (double)score->rows : NAN;
}
