/* The part of the table of kernels that normalises: batch, group, instance and layer normalisation are these few passes with
 * other numbers.
 *
 * Two layouts. Rows: row r of n neighbouring elements has the parameters number (first_row + r) mod period: planes of images.
 * Columns: element c of each row has the parameters number c: features of samples. */
#ifndef TP_BACKEND_NORM_H
#define TP_BACKEND_NORM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tp_normalise_args {
    int64_t rows, n;
    int64_t first_row, period; /* rows layout only */
    const void *x;             /* (rows, n) */
    const void *g;             /* gradient of the result, likewise */
    void *y;                   /* result, or gradient of x */
    /* y = (x - mean) scale + shift, then max(y, 0) where relu is set; the gradient is masked in the same way first. */
    const void *mean, *scale, *shift;
    bool relu;
    /* gx = g scale + (x - mean) slope + offset; slope NULL: gx = g scale. */
    const void *slope, *offset;
    /* rows_affine: a weight and a bias for each place in the row on top: y = (x - mean) scale weight + bias. */
    const void *weight, *bias;
    /* moments: mean and sum of squared distances from it. grad_sums: sum of g and of g (x - mean). One of each for every row;
     * in the columns layout for every column. */
    double *first, *second;
} tp_normalise_args;
typedef void (*tp_norm_fn)(const tp_normalise_args *args);

typedef struct tp_norm_passes {
    tp_norm_fn moments[2], apply[2], grad_sums[2], grad_apply[2]; /* float32, float64 */
} tp_norm_passes;

typedef struct tp_norm_kernels {
    tp_norm_passes rows, columns;
    /* Layer normalisation: rows with a mean and a scale each, columns with a weight and a bias each (never NULL here). moments
     * are those of rows. grad_sums: of g weight and g weight (x - mean) for every row. */
    tp_norm_passes rows_affine;
    /* Sum of g (x - mean) scale and of g for every column: the gradients of weight and bias. */
    tp_norm_fn column_grads[2];
} tp_norm_kernels;

#endif
