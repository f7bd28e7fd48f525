/** @file ops/reduce.h
 *  Sums, means, extrema, norms, softmax: fewer numbers out of many.
 *
 *  Most reduce over any dimensions: all of them unless .dims names some, tp_sum(x), tp_sum(x, .dims = tp_dims(0, -1)).
 *  With .keepdim the reduced dimensions stay, with size 1. Of nothing, a sum is 0, a product 1, a mean NaN; what has no
 *  largest element is an error. Sums are added in an order that only the sizes decide, and joined in double: the same bits
 *  at any number of threads.
 *
 *  Errors of all: INDEX for a dimension that is not there, ARGUMENT for one named twice, DTYPE where whole numbers make no
 *  sense, MEMORY.
 */
#ifndef TAPER_OPS_REDUCE_H
#define TAPER_OPS_REDUCE_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** Arguments of the reductions over any dimensions. */
typedef struct tp_reduce_args {
    tp_tensor *x;
    tp_shape dims; /**< dimensions to reduce, tp_dims(0, 2); all of them when left out */
    bool keepdim;  /**< keep the reduced dimensions with size 1 */
} tp_reduce_args;

/** @name Sums
 *  @{ */
/** The sum; whole numbers and bool sum to int64: tp_sum(x), tp_sum(x, .dims = tp_dims(1), .keepdim = true). */
TP_API tp_tensor *tp_sum_at(tp_location at, tp_reduce_args args);
#define tp_sum(...) tp_sum_at(TP_HERE, TP_MAKE(tp_reduce_args, .x = __VA_ARGS__))
/** The mean. Errors: DTYPE for whole numbers, convert them first. */
TP_API tp_tensor *tp_mean_at(tp_location at, tp_reduce_args args);
#define tp_mean(...) tp_mean_at(TP_HERE, TP_MAKE(tp_reduce_args, .x = __VA_ARGS__))
/** The product; of whole numbers in int64. */
TP_API tp_tensor *tp_prod_at(tp_location at, tp_reduce_args args);
#define tp_prod(...) tp_prod_at(TP_HERE, TP_MAKE(tp_reduce_args, .x = __VA_ARGS__))

/** Arguments of tp_var and tp_std. */
typedef struct tp_var_args {
    tp_tensor *x;
    tp_shape dims;
    bool keepdim;
    int correction; /**< divide by n - correction; left out (or 0) stands for 1, which makes the estimate unbiased */
    bool biased; /**< divide by n: what torch calls unbiased=False or correction=0 */
} tp_var_args;
/** The variance, in two passes: sum (x - mean)^2 / (n - 1). NaN for a single value. Errors: DTYPE. */
TP_API tp_tensor *tp_var_at(tp_location at, tp_var_args args);
#define tp_var(...) tp_var_at(TP_HERE, TP_MAKE(tp_var_args, .x = __VA_ARGS__))
/** The standard deviation, the root of tp_var(). */
TP_API tp_tensor *tp_std_at(tp_location at, tp_var_args args);
#define tp_std(...) tp_std_at(TP_HERE, TP_MAKE(tp_var_args, .x = __VA_ARGS__))
/** @} */

/** @name Extrema
 *  NaN counts as larger and as smaller than everything, so that it is not overlooked.
 *  @{ */
/** The largest element of all; its gradient is shared among equals. Errors: SHAPE for no elements. */
TP_API tp_tensor *tp_max_at(tp_location at, tp_tensor *x);
#define tp_max(x) tp_max_at(TP_HERE, x)
/** The smallest element of all. */
TP_API tp_tensor *tp_min_at(tp_location at, tp_tensor *x);
#define tp_min(x) tp_min_at(TP_HERE, x)
/** The largest over any dimensions; its gradient is shared among equals. */
TP_API tp_tensor *tp_amax_at(tp_location at, tp_reduce_args args);
#define tp_amax(...) tp_amax_at(TP_HERE, TP_MAKE(tp_reduce_args, .x = __VA_ARGS__))
/** The smallest over any dimensions. */
TP_API tp_tensor *tp_amin_at(tp_location at, tp_reduce_args args);
#define tp_amin(...) tp_amin_at(TP_HERE, TP_MAKE(tp_reduce_args, .x = __VA_ARGS__))

/** Arguments of tp_max_dim and tp_min_dim. */
typedef struct tp_max_dim_args {
    tp_tensor *x;
    int dim;
    bool keepdim;
    tp_tensor *
        *indices; /**< receives where they were, int64, the first of equals; may be left out */
} tp_max_dim_args;
/** The largest along one dimension, torch.max(x, dim): tp_max_dim(x, 1, .indices = &where). Its gradient goes to that place. */
TP_API tp_tensor *tp_max_dim_at(tp_location at, tp_max_dim_args args);
#define tp_max_dim(...) tp_max_dim_at(TP_HERE, TP_MAKE(tp_max_dim_args, .x = __VA_ARGS__))
/** The smallest along one dimension. */
TP_API tp_tensor *tp_min_dim_at(tp_location at, tp_max_dim_args args);
#define tp_min_dim(...) tp_min_dim_at(TP_HERE, TP_MAKE(tp_max_dim_args, .x = __VA_ARGS__))

/** Arguments of tp_argmax and tp_argmin. */
typedef struct tp_argmax_args {
    tp_tensor *x;
    int dim; /**< second by position: tp_argmax(x, 1) */
    bool keepdim;
    bool
        along; /**< set by the macro where more than x is given: look along dim, else through all elements */
} tp_argmax_args;
/** 1 where more than one argument is given, at most 5. */
#define TP_MORE_THAN_ONE(...)                                     TP_SIXTH(__VA_ARGS__, 1, 1, 1, 1, 0, 0)
#define TP_SIXTH(first, second, third, fourth, fifth, sixth, ...) sixth
/** Where the largest lies, int64: tp_argmax(x) counts through all elements in reading order, tp_argmax(x, dim) and
 *  tp_argmax(x, dim, .keepdim = true) look along a dimension. The first of equals. Errors: SHAPE for nothing to look at. */
TP_API tp_tensor *tp_argmax_at(tp_location at, tp_argmax_args args);
#define tp_argmax(...)                                              \
    tp_argmax_at(TP_HERE, TP_MAKE(tp_argmax_args, .x = __VA_ARGS__, \
                                  .along = TP_MORE_THAN_ONE(__VA_ARGS__)))
/** Where the smallest lies. */
TP_API tp_tensor *tp_argmin_at(tp_location at, tp_argmax_args args);
#define tp_argmin(...)                                              \
    tp_argmin_at(TP_HERE, TP_MAKE(tp_argmax_args, .x = __VA_ARGS__, \
                                  .along = TP_MORE_THAN_ONE(__VA_ARGS__)))
/** @} */

/** @name Logic
 *  @{ */
/** Whether any element is not 0 (NaN is not), as bool. */
TP_API tp_tensor *tp_any_at(tp_location at, tp_reduce_args args);
#define tp_any(...) tp_any_at(TP_HERE, TP_MAKE(tp_reduce_args, .x = __VA_ARGS__))
/** Whether no element is 0, as bool. */
TP_API tp_tensor *tp_all_at(tp_location at, tp_reduce_args args);
#define tp_all(...) tp_all_at(TP_HERE, TP_MAKE(tp_reduce_args, .x = __VA_ARGS__))
/** @} */

/** @name Norms
 *  @{ */
/** For .p of tp_norm(): count the elements that are not 0. */
#define TP_NORM_COUNT 1e-300

/** Arguments of tp_norm. */
typedef struct tp_norm_args {
    tp_tensor *x;
    double
        p; /**< (sum |x|^p)^(1/p): any number, INFINITY (largest), -INFINITY (smallest), TP_NORM_COUNT; left out 2 */
    tp_shape dims;
    bool keepdim;
} tp_norm_args;
/** The p-norm of the elements taken as vectors, torch.linalg.vector_norm: tp_norm(x), tp_norm(x, 1, .dims = tp_dims(1)).
 *  Errors: DTYPE for whole numbers; SHAPE for the extremes of nothing. */
TP_API tp_tensor *tp_norm_at(tp_location at, tp_norm_args args);
#define tp_norm(...) tp_norm_at(TP_HERE, TP_MAKE(tp_norm_args, .x = __VA_ARGS__))
/** @} */

/** @name Along one dimension
 *  @{ */
/** Running sums: y_i = x_0 + ... + x_i along dim; whole numbers in int64. */
TP_API tp_tensor *tp_cumsum_at(tp_location at, tp_tensor *x, int dim);
#define tp_cumsum(x, dim) tp_cumsum_at(TP_HERE, x, dim)
/** Running products. */
TP_API tp_tensor *tp_cumprod_at(tp_location at, tp_tensor *x, int dim);
#define tp_cumprod(x, dim) tp_cumprod_at(TP_HERE, x, dim)
/** exp(x_i) / sum_j exp(x_j) along dim, for numbers of any size. Errors: DTYPE for whole numbers. */
TP_API tp_tensor *tp_softmax_at(tp_location at, tp_tensor *x, int dim);
#define tp_softmax(x, dim) tp_softmax_at(TP_HERE, x, dim)
/** The logarithm of that, x_i - ln sum_j exp(x_j), without the loss of digits. */
TP_API tp_tensor *tp_log_softmax_at(tp_location at, tp_tensor *x, int dim);
#define tp_log_softmax(x, dim) tp_log_softmax_at(TP_HERE, x, dim)
/** ln sum exp(x), over any dimensions. Errors: DTYPE for whole numbers. */
TP_API tp_tensor *tp_logsumexp_at(tp_location at, tp_reduce_args args);
#define tp_logsumexp(...) tp_logsumexp_at(TP_HERE, TP_MAKE(tp_reduce_args, .x = __VA_ARGS__))
/** @} */

TP_END_DECLS

#endif
