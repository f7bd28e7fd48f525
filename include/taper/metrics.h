/** @file metrics.h
 *  How good predictions are: accuracy, top-k, the confusion matrix and what follows from it.
 *
 *  The prediction of a class is the index of the largest value in a row, the first of equal ones; a NaN counts as the largest, as for
 *  tp_argmax().
 */
#ifndef TAPER_METRICS_H
#define TAPER_METRICS_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** Share of rows whose largest value stands at the label: prediction (N, C) floating, labels (N) int64. NaN for no rows, and
 *  after an error (SHAPE, DTYPE, INDEX for a label that is no class). */
TP_API double tp_accuracy_at(tp_location at, const tp_tensor *prediction, const tp_tensor *labels);
#define tp_accuracy(prediction, labels) tp_accuracy_at(TP_HERE, prediction, labels)
/** Share of rows whose label is among the k largest values. Errors: as tp_accuracy(), and ARGUMENT for k < 1. */
TP_API double tp_topk_accuracy_at(tp_location at, const tp_tensor *prediction,
                                  const tp_tensor *labels, int64_t k);
#define tp_topk_accuracy(prediction, labels, k) tp_topk_accuracy_at(TP_HERE, prediction, labels, k)
/** Share of predictions on the right side of a threshold, for two classes: prediction and target of the same shape, the target
 *  (floating or bool) above 0.5 for yes. The threshold is 0 for logits and 0.5 for probabilities. */
TP_API double tp_binary_accuracy_at(tp_location at, const tp_tensor *prediction,
                                    const tp_tensor *target, double threshold);
#define tp_binary_accuracy(prediction, target, threshold) \
    tp_binary_accuracy_at(TP_HERE, prediction, target, threshold)

/** Arguments of tp_confusion_matrix. */
typedef struct tp_confusion_matrix_args {
    const tp_tensor *prediction; /**< (N, C) floating, or (N) int64: the classes themselves */
    const tp_tensor *labels;     /**< (N) int64 */
    int64_t classes;             /**< needed where the prediction is (N); else C */
} tp_confusion_matrix_args;
/** How often samples of class i (row) were taken for class j (column): (C, C) int64. */
TP_API tp_tensor *tp_confusion_matrix_at(tp_location at, tp_confusion_matrix_args args);
#define tp_confusion_matrix(...) \
    tp_confusion_matrix_at(TP_HERE, TP_MAKE(tp_confusion_matrix_args, .prediction = __VA_ARGS__))

/** What a confusion matrix says about one class. A ratio whose denominator is 0 is 0. */
typedef struct tp_class_scores {
    double precision; /**< of those taken for it, the share that is */
    double recall;    /**< of those that are, the share taken for it */
    double f1;        /**< their harmonic mean */
    int64_t support;  /**< how many there are */
} tp_class_scores;
/** The scores of class `label` from a confusion matrix (C, C) int64; of label -1 the mean over all classes ("macro"), with the
 *  sum of the supports. All NaN after an error. */
TP_API tp_class_scores tp_class_scores_at(tp_location at, const tp_tensor *confusion,
                                          int64_t label);
#define tp_class_scores_of(confusion, label) tp_class_scores_at(TP_HERE, confusion, label)

TP_END_DECLS

#endif
