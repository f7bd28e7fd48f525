/* Counting right predictions, fast enough to do at every step. */
#ifndef TP_TRAIN_SCORE_H
#define TP_TRAIN_SCORE_H

#include <taper/loss.h>
#include <taper/metrics.h>

/* What is counted over the batches of an epoch. */
typedef struct tp_score {
    int64_t rows;       /* whose label is a class: labels that the loss ignores are not */
    int64_t correct;    /* of these, the label has the largest value */
    int64_t among;      /* of these, the label is among the k largest values */
    int64_t k;          /* 0: not wanted */
    int64_t classes;    /* sides of the confusion matrix */
    int64_t *confusion; /* (classes, classes), or NULL */
} tp_score;

/* Adds a batch where its right predictions can be counted: output (N, C) with labels (N) int64, or, where the loss is binary cross
 * entropy, output and target of the same shape. Leaves the score alone otherwise. */
void tp_score_batch(tp_score *score, tp_loss_function loss, const tp_tensor *output,
                    const tp_tensor *target);
/* Adds rows of contiguous values (n, classes) with labels (n). Labels that are no class are passed over; returns how many. */
int64_t tp_score_rows(tp_score *score, const void *values, bool is_double, int64_t n,
                      int64_t classes, const int64_t *labels);
/* correct / rows, NaN for no rows. */
double tp_score_accuracy(const tp_score *score);

#endif
