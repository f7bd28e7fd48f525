/* Runs an element-wise kernel over tensors of any strides, broadcast, in parallel where that pays. */
#ifndef TP_OPS_LOOP_H
#define TP_OPS_LOOP_H

#include "backend/backend.h"
#include "tensor/tensor.h"

/* The shape that all of the inputs broadcast to. False (SHAPE reported, naming the dimension) where they do not. */
bool tp_broadcast(tp_location at, const char *op, int n, tp_tensor *const *inputs, tp_shape *shape);

/* operand[0] is the result; every other one broadcasts to its shape (checked by the caller). NULL operands are handed to the
 * kernel as NULL with stride 0. The number of operands is at most TP_MAX_OPERANDS. */
void tp_loop_run(tp_loop_fn kernel, int operands, tp_tensor *const *operand, const double *p);

/* x converted to dtype, contiguous or not as it comes; x itself where it already has it. Recorded (gradient casts back). */
tp_tensor *tp_cast(tp_location at, const char *op, tp_tensor *x, tp_dtype dtype);
/* x itself where contiguous, else a contiguous copy. Recorded. */
tp_tensor *tp_dense(tp_location at, const char *op, tp_tensor *x);
/* Copies the elements of from (broadcast, cast) into to. Not recorded. */
void tp_copy_elements(tp_tensor *to, tp_tensor *from);
/* to += scale * from, same shape and floating type. Not recorded. */
void tp_accumulate(tp_tensor *to, tp_tensor *from, double scale);
/* x *= scale, and to = scale * from; same shape and floating type. Not recorded. */
void tp_scale_elements(tp_tensor *x, double scale);
void tp_scale_into(tp_tensor *to, tp_tensor *from, double scale);
/* Sets every element. Not recorded. */
void tp_fill_elements(tp_tensor *x, double value);

/* The type of a op b after promotion as torch.result_type: tensors of no dimensions count less than others of the same
 * category or higher. */
tp_dtype tp_result_type(int n, tp_tensor *const *inputs);

#endif
