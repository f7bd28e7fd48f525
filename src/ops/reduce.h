/* What the operations that reduce share: which dimensions, the work itself, and the way back. Nothing here is recorded. */
#ifndef TP_OPS_REDUCE_H
#define TP_OPS_REDUCE_H

#include <taper/ops/reduce.h>

#include "autograd/node.h"
#include "backend/backend.h"
#include "ops/loop.h"

/* Dimensions as bits. No dims stands for all of them. False (reported) for one that is not there or named twice. */
bool tp_reduce_mask(tp_location at, const char *op, const tp_tensor *x, tp_shape dims,
                    unsigned *mask);
/* The shape that remains. */
tp_shape tp_reduced_shape(const tp_tensor *x, unsigned mask, bool keepdim);
/* How many elements go into one. */
int64_t tp_reduced_count(const tp_tensor *x, unsigned mask);
/* Reduces x of any strides over the dimensions in mask; float sums are divided by divisor at the end. */
tp_tensor *tp_reduce_run(tp_location at, const char *op, tp_reduce_kind kind, tp_tensor *x,
                         unsigned mask, bool keepdim, double divisor);
/* Seen as (outer, n, inner) for the kernels that work along one dimension. */
typedef struct tp_along {
    int64_t outer, n, inner;
} tp_along;
tp_along tp_along_dim(const tp_tensor *x, int dim);
/* Calls an along kernel in parallel where that pays: out is like x. */
void tp_along_run(tp_along_fn kernel, tp_tensor *out, const tp_tensor *x, tp_along a);
void tp_along_grad_run(tp_along_grad_fn kernel, tp_tensor *gx, const tp_tensor *g,
                       const tp_tensor *saved, tp_along a);

/* y, a result of reducing x over mask, with or without the reduced dimensions, as a view of x's shape. */
tp_tensor *tp_expand_reduced(tp_location at, const char *op, tp_tensor *y, const tp_tensor *x,
                             unsigned mask);
/* x itself where contiguous, else a contiguous copy. */
tp_tensor *tp_packed(tp_location at, const char *op, tp_tensor *x);
/* x as (outer..., n) with the dimensions of mask last and merged into one: a view where possible, else a copy. */
tp_tensor *tp_reduced_last(tp_location at, const char *op, tp_tensor *x, unsigned mask);
/* f(a, b), broadcast, of one floating type. */
tp_tensor *tp_combine(tp_location at, const char *op, tp_binary_kind kind, tp_tensor *a,
                      tp_tensor *b);
/* True for float32 and float64; else reports DTYPE with a hint to convert. */
bool tp_floats_only(tp_location at, const char *op, const tp_tensor *x);

#endif
