/* Descent with momentum where the gradient is an outer product. */
#ifndef TP_BACKEND_MOMENTUM_H
#define TP_BACKEND_MOMENTUM_H

#include "base/pool.h"

/* m = momentum m + dy^T x, w -= lr m */
typedef struct tp_momentum_args {
    int64_t rows, columns,
        depth; /* of w and m, (rows, columns); dy is (depth, rows), x (depth, columns), all contiguous */
    const void *dy, *x;
    void *w, *m;
    double lr, momentum;
    int parts; /* of the rows, one a thread */
} tp_momentum_args;

/* Does nothing and returns false where the columns are no whole vectors: the gradient has to be written then. The bits do not
 * depend on the parts. */
typedef bool (*tp_momentum_fn)(tp_pool *pool, const tp_momentum_args *args);

#endif
