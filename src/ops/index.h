/* What the files about indexing share. */
#ifndef TP_OPS_INDEX_H
#define TP_OPS_INDEX_H

#include "tensor/tensor.h"

/* The values of an index tensor as contiguous int64, checked to lie in [0, size) (negative ones wrapped first where they are
 * welcome): index itself where that can be. NULL after reporting. */
tp_tensor *tp_index_values(tp_location at, const char *op, tp_tensor *index, int64_t size,
                           bool negative);

/* x as contiguous (outer, size, inner); its places index[0..count) along the middle go to out (outer, count, inner). */
typedef struct tp_rows {
    int64_t outer, size, inner, count;
} tp_rows;
void tp_rows_take(const tp_rows *rows, tp_tensor *out, const tp_tensor *x, const int64_t *index);
/* The other way round: source (outer, count, inner) is added to x, in the order of index. */
void tp_rows_add(const tp_rows *rows, tp_tensor *x, const tp_tensor *source, const int64_t *index);

#endif
