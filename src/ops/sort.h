/* Sorting for other operations. */
#ifndef TP_OPS_SORT_H
#define TP_OPS_SORT_H

#include "tensor/tensor.h"

/* Sorts the rows of n of x, contiguous, into out, and where the values were into index (int64). False after reporting. */
bool tp_sort_rows(tp_location at, const char *op, tp_tensor *out, tp_tensor *index,
                  const tp_tensor *x, int64_t n, bool descending);

#endif
