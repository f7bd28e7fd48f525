/** @file ops/index.h
 *  Choosing elements by index tensors and by masks. All of these copy.
 *
 *  Indices are int64 or int32 tensors. One that is out of range is an INDEX error that names it, its position and the size.
 *  Gradients flow to values, never to indices or masks; where an element was chosen several times its gradients add up.
 */
#ifndef TAPER_OPS_INDEX_H
#define TAPER_OPS_INDEX_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** @name By index
 *  @{ */
/** The places along dim that a vector of indices names, in its order: tp_index_select(x, 0, rows).
 *  Errors: INDEX (negative indices too), SHAPE, DTYPE. */
TP_API tp_tensor *tp_index_select_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index);
#define tp_index_select(x, dim, index) tp_index_select_at(TP_HERE, x, dim, index)
/** x[indices] as in PyTorch: x (n, d...) and indices of any shape s give (s, d...), the lookup of an embedding; negative
 *  indices count from the end. A bool tensor of the first sizes of x instead chooses where it is true: (count, rest...).
 *  Errors: INDEX, SHAPE, DTYPE. */
TP_API tp_tensor *tp_index_at(tp_location at, tp_tensor *x, tp_tensor *indices);
#define tp_index(x, indices) tp_index_at(TP_HERE, x, indices)
/** Elements by their place in reading order, in the shape of the index; negative ones count from the end.
 *  Errors: INDEX, DTYPE. */
TP_API tp_tensor *tp_take_at(tp_location at, tp_tensor *x, tp_tensor *index);
#define tp_take(x, index) tp_take_at(TP_HERE, x, index)
/** x with the i-th place of source along dim added to its place index[i]. source has x's sizes except along dim, where it
 *  has as many as index. Errors: INDEX, SHAPE, DTYPE. */
TP_API tp_tensor *tp_index_add_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index,
                                  tp_tensor *source);
#define tp_index_add(x, dim, index, source) tp_index_add_at(TP_HERE, x, dim, index, source)

/** out[i][j][k] = x[i][index[i][j][k]][k] for dim 1: the result has the shape of the index, which has as many dimensions
 *  as x and is nowhere larger, except along dim. Errors: INDEX, SHAPE, DTYPE. */
TP_API tp_tensor *tp_gather_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index);
#define tp_gather(x, dim, index) tp_gather_at(TP_HERE, x, dim, index)
/** x with out[i][index[i][j][k]][k] = source[i][j][k] for dim 1. Of several values for one place the last in reading order
 *  stays. The index is nowhere larger than source, nor than x except along dim. Errors: INDEX, SHAPE, DTYPE. */
TP_API tp_tensor *tp_scatter_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index,
                                tp_tensor *source);
#define tp_scatter(x, dim, index, source) tp_scatter_at(TP_HERE, x, dim, index, source)
/** tp_scatter() of one number. */
TP_API tp_tensor *tp_scatter_value_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index,
                                      double value);
#define tp_scatter_value(x, dim, index, value) tp_scatter_value_at(TP_HERE, x, dim, index, value)
/** As tp_scatter(), but adding to what is there; several values for one place all count. */
TP_API tp_tensor *tp_scatter_add_at(tp_location at, tp_tensor *x, int dim, tp_tensor *index,
                                    tp_tensor *source);
#define tp_scatter_add(x, dim, index, source) tp_scatter_add_at(TP_HERE, x, dim, index, source)
/** @} */

/** @name By mask
 *  @{ */
/** The elements of x where mask (bool) is true, in reading order, as a vector; x and mask broadcast.
 *  Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_masked_select_at(tp_location at, tp_tensor *x, tp_tensor *mask);
#define tp_masked_select(x, mask) tp_masked_select_at(TP_HERE, x, mask)
/** x with the elements where mask is true replaced by those of source in reading order; mask broadcasts to x. Errors: SHAPE
 *  also where source has too few elements, DTYPE. */
TP_API tp_tensor *tp_masked_scatter_at(tp_location at, tp_tensor *x, tp_tensor *mask,
                                       tp_tensor *source);
#define tp_masked_scatter(x, mask, source) tp_masked_scatter_at(TP_HERE, x, mask, source)
/** The places of the elements of x that are not 0 (NaN is not), in reading order, one a row: (count, ndim) int64. */
TP_API tp_tensor *tp_nonzero_at(tp_location at, tp_tensor *x);
#define tp_nonzero(x) tp_nonzero_at(TP_HERE, x)
/** @} */

TP_END_DECLS

#endif
