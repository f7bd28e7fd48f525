/* What the normalisations share: dealing the passes of backend/norm.h to threads, and joining their sums. */
#ifndef TP_OPS_NORMALISE_H
#define TP_OPS_NORMALISE_H

#include "autograd/node.h"
#include "backend/backend.h"

/* How x is laid out for a pass. Sums come in `parts` for each of `period` sets of parameters: part p of set c stands at
 * p * period + c and covers tp_norm_part(layout, p) elements. */
typedef struct tp_norm_layout {
    int64_t rows, n, period;
    bool columns;
    int64_t block; /* columns layout: rows of one part */
    int64_t parts;
} tp_norm_layout;
/* x seen as (batch, channels, inner): rows of inner elements, or columns where inner is 1. */
tp_norm_layout tp_norm_layout_of(int64_t batch, int64_t channels, int64_t inner);
int64_t tp_norm_part(const tp_norm_layout *layout, int64_t part);

/* Runs one pass over all rows in parallel; args has the pointers. The same bits at any number of threads. */
void tp_norm_run(const tp_norm_layout *layout, tp_norm_fn kernel, tp_dtype dtype,
                 tp_normalise_args args);
/* The kernels of the layout. */
static inline const tp_norm_passes *tp_norm_passes_of(const tp_norm_layout *layout) {
    const tp_norm_kernels *norm = &tp_ctx()->kernels->norm;
    return layout->columns ? &norm->columns : &norm->rows;
}

/* Joins the parts of each set: the mean of all elements and the sum of their squared distances from it. */
void tp_norm_join_moments(const tp_norm_layout *layout, const double *first, const double *second,
                          double *mean, double *square);
/* Adds up the parts of each set. */
void tp_norm_join_sums(const tp_norm_layout *layout, const double *parts, double *sum);

/* Reads and writes element i of floats of either type. */
static inline double tp_norm_get(const void *data, tp_dtype dtype, int64_t i) {
    return dtype == TP_FLOAT32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}
static inline void tp_norm_set(void *data, tp_dtype dtype, int64_t i, double value) {
    if (dtype == TP_FLOAT32)
        ((float *)data)[i] = (float)value;
    else
        ((double *)data)[i] = value;
}

/* Whether a parameter, which may be NULL, has `size` elements and x's type; reports. */
bool tp_norm_fits(tp_location at, const char *op, const tp_tensor *x, const char *name,
                  const tp_tensor *parameter, int64_t size);

#endif
