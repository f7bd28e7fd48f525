/** @file ops/sort.h
 *  Sorting and counting.
 *
 *  Sorting is stable; NaN counts as larger than every number, and so comes last, or first where descending.
 */
#ifndef TAPER_OPS_SORT_H
#define TAPER_OPS_SORT_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** @name Sorting
 *  @{ */
/** Arguments of tp_sort and tp_argsort. */
typedef struct tp_sort_args {
    tp_tensor *x;
    int dim;
    bool descending;
    tp_tensor **
        indices; /**< tp_sort(): receives where the values were, int64, in the shape of x; may be left out */
} tp_sort_args;
/** The values in order along dim: tp_sort(x, -1, .descending = true, .indices = &where). Gradients go back to where the
 *  values were. Errors: INDEX. */
TP_API tp_tensor *tp_sort_at(tp_location at, tp_sort_args args);
#define tp_sort(...) tp_sort_at(TP_HERE, TP_MAKE(tp_sort_args, .x = __VA_ARGS__))
/** The places alone, int64: x in order is x at these places along dim. */
TP_API tp_tensor *tp_argsort_at(tp_location at, tp_sort_args args);
#define tp_argsort(...) tp_argsort_at(TP_HERE, TP_MAKE(tp_sort_args, .x = __VA_ARGS__))

/** Arguments of tp_topk. */
typedef struct tp_topk_args {
    tp_tensor *x;
    int64_t k;
    int dim;
    bool smallest; /**< the k smallest instead, from the smallest up */
    tp_tensor **
        indices; /**< receives where they were, int64, in the shape of the result; may be left out */
} tp_topk_args;
/** The k largest along dim from the largest down: tp_topk(x, 5, -1, .indices = &where). Errors: INDEX; SHAPE where there
 *  are fewer than k. */
TP_API tp_tensor *tp_topk_at(tp_location at, tp_topk_args args);
#define tp_topk(...) tp_topk_at(TP_HERE, TP_MAKE(tp_topk_args, .x = __VA_ARGS__))
/** @} */

/** @name Counting (no gradients)
 *  @{ */
/** Arguments of tp_unique and tp_unique_consecutive. */
typedef struct tp_unique_args {
    tp_tensor *x;
    tp_tensor **
        inverse; /**< receives for each element of x its place in the result, int64, in the shape of x */
    tp_tensor **counts; /**< receives how often each occurs, int64, in the shape of the result */
} tp_unique_args;
/** The different values of all of x in rising order, one dimension: tp_unique(x, .counts = &counts). */
TP_API tp_tensor *tp_unique_at(tp_location at, tp_unique_args args);
#define tp_unique(...) tp_unique_at(TP_HERE, TP_MAKE(tp_unique_args, .x = __VA_ARGS__))
/** Each stretch of equal neighbours, in reading order, as one. */
TP_API tp_tensor *tp_unique_consecutive_at(tp_location at, tp_unique_args args);
#define tp_unique_consecutive(...) \
    tp_unique_consecutive_at(TP_HERE, TP_MAKE(tp_unique_args, .x = __VA_ARGS__))

/** Arguments of tp_bincount. */
typedef struct tp_bincount_args {
    tp_tensor *x;       /**< (n) of whole numbers, none negative */
    tp_tensor *weights; /**< (n): add these instead of 1 */
    int64_t minlength;  /**< at least so many places */
} tp_bincount_args;
/** How often each whole number occurs: (largest + 1), int64; with weights their sums, float32 for float32 and float64 else.
 *  Errors: VALUE for a negative number, SHAPE, DTYPE. */
TP_API tp_tensor *tp_bincount_at(tp_location at, tp_bincount_args args);
#define tp_bincount(...) tp_bincount_at(TP_HERE, TP_MAKE(tp_bincount_args, .x = __VA_ARGS__))

/** Rows of zeros with a one at the place of the label: (...) gives (..., classes), int64. classes 0 stands for as many as the
 *  largest label needs. Errors: INDEX for a label that is no class, DTYPE for labels that are not int64. */
TP_API tp_tensor *tp_one_hot_at(tp_location at, tp_tensor *labels, int64_t classes);
#define tp_one_hot(labels, classes) tp_one_hot_at(TP_HERE, labels, classes)
/** @} */

TP_END_DECLS

#endif
