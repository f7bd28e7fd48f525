/* What the losses share: checks and the labels. */
#ifndef TP_NN_LOSSES_LOSS_H
#define TP_NN_LOSSES_LOSS_H

#include <taper/loss.h>

#include "ops/reduce.h"

/* Floating input; false after reporting. */
bool tp_loss_input(tp_location at, const char *op, const tp_tensor *input);
/* A target of the input's shape and type; false after reporting. */
bool tp_loss_alike(tp_location at, const char *op, const tp_tensor *input, const tp_tensor *target);
/* weight as many contiguous elements as the input has, expanded where it is smaller; poison after reporting. what: its name. */
tp_tensor *tp_loss_weight(tp_location at, const char *op, tp_tensor *weight, const tp_tensor *input,
                          const char *what);
/* False (reported) for a reduction that the loss does not know. */
bool tp_loss_reduction(tp_location at, const char *op, tp_reduction reduction, bool batchmean);

/* Labels against an input of (C), (N, C) or (N, C, d1, ...). */
typedef struct tp_labels {
    tp_along a;     /* (N, C, d1 ...) of the input */
    tp_shape shape; /* of the labels */
    int64_t ignore;
    double weight;      /* of those that count, together */
    tp_tensor *labels;  /* contiguous */
    tp_tensor *weights; /* contiguous, or NULL */
} tp_labels;
/* The dimension of the classes and the shape of the labels; false after reporting. */
bool tp_labels_shape(tp_location at, const char *op, const tp_tensor *input, tp_labels *l);
/* Checks class weights; false after reporting. */
bool tp_labels_weights(tp_location at, const char *op, const tp_tensor *input, tp_tensor *weight,
                       tp_labels *l);
/* Checks shape and type of the labels, and each of them against the number of classes, and adds up weights; false after
 * reporting. */
bool tp_labels_check(tp_location at, const char *op, const tp_tensor *input, tp_tensor *target,
                     tp_labels *l);

/* The saved gradient `saved` times the incoming g (a scalar, or one that broadcasts); a view of it where g is 1. */
tp_tensor *tp_loss_scaled(tp_node *node, tp_tensor *saved, tp_tensor *g);

#endif
