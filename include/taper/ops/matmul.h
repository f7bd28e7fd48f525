/** @file ops/matmul.h
 *  Products of vectors and matrices, and the linear layer.
 *
 *  Both operands must have the same type: float32, float64 (with gradients) or an integer type. Strides do not matter:
 *  transposed and expanded operands are multiplied where they lie.
 */
#ifndef TAPER_OPS_MATMUL_H
#define TAPER_OPS_MATMUL_H

#include <taper/tensor.h>

TP_BEGIN_DECLS

/** Product of two tensors as torch.matmul: vectors (n) (n) give a scalar; matrices (n, k) (k, m) give (n, m); a vector on
 *  the left is a row, on the right a column, and its dimension goes away; more dimensions are a batch of matrices, and
 *  batches broadcast: (2, 1, n, k) (3, k, m) gives (2, 3, n, m).
 *  Errors: SHAPE where the inner sizes differ, an operand is a scalar or batches do not broadcast; DTYPE. */
TP_API tp_tensor *tp_matmul_at(tp_location at, tp_tensor *a, tp_tensor *b);
#define tp_matmul(a, b) tp_matmul_at(TP_HERE, a, b)

/** Product of two matrices: (n, k) (k, m) gives (n, m). Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_mm_at(tp_location at, tp_tensor *a, tp_tensor *b);
#define tp_mm(a, b) tp_mm_at(TP_HERE, a, b)

/** Products of two stacks of matrices of one length: (b, n, k) (b, k, m) gives (b, n, m). Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_bmm_at(tp_location at, tp_tensor *a, tp_tensor *b);
#define tp_bmm(a, b) tp_bmm_at(TP_HERE, a, b)

/** Matrix times vector: (n, k) (k) gives (n). Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_mv_at(tp_location at, tp_tensor *matrix, tp_tensor *vector);
#define tp_mv(matrix, vector) tp_mv_at(TP_HERE, matrix, vector)

/** Inner product of two vectors of one length: (n) (n) gives a scalar. Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_dot_at(tp_location at, tp_tensor *a, tp_tensor *b);
#define tp_dot(a, b) tp_dot_at(TP_HERE, a, b)

/** Outer product of two vectors, torch.outer: (n) (m) gives (n, m) with a_i b_j. Errors: SHAPE, DTYPE. */
TP_API tp_tensor *tp_outer_at(tp_location at, tp_tensor *a, tp_tensor *b);
#define tp_outer(a, b) tp_outer_at(TP_HERE, a, b)

/** beta input + alpha a b: a (n, k), b (k, m), and an input that broadcasts to (n, m). Where beta is 0 the values of the
 *  input do not matter, NaN included. Integers take whole factors. Errors: SHAPE, DTYPE, ARGUMENT. */
TP_API tp_tensor *tp_addmm_at(tp_location at, tp_tensor *input, tp_tensor *a, tp_tensor *b,
                              double beta, double alpha);
#define tp_addmm(input, a, b, beta, alpha) tp_addmm_at(TP_HERE, input, a, b, beta, alpha)
/** x = beta x + alpha a b in place, Tensor.addmm_: x (n, m), a (n, k), b (k, m). Returns x. Errors: those of tp_addmm(), and GRAPH
 *  where a gradient flows through one of them while recording. */
TP_API tp_tensor *tp_addmm_inplace_at(tp_location at, tp_tensor *x, tp_tensor *a, tp_tensor *b,
                                      double beta, double alpha);
#define tp_addmm_(x, a, b, beta, alpha) tp_addmm_inplace_at(TP_HERE, x, a, b, beta, alpha)

/** What tp_linear() can apply to its result on the way to memory. */
typedef enum tp_activation {
    TP_ACTIVATION_NONE,
    TP_ACTIVATION_RELU,       /**< max(z, 0) */
    TP_ACTIVATION_LEAKY_RELU, /**< z where z > 0, else negative_slope z */
    TP_ACTIVATION_SIGMOID,    /**< 1 / (1 + exp(-z)) */
    TP_ACTIVATION_TANH        /**< tanh(z) */
} tp_activation;

/** Arguments of tp_linear. */
typedef struct tp_linear_args {
    tp_tensor *x;             /**< (..., in) */
    tp_tensor *weight;        /**< (out, in), as PyTorch stores it */
    tp_tensor *bias;          /**< (out), or NULL */
    tp_activation activation; /**< fused: the same values as the op of its own, in one pass */
    double negative_slope;    /**< of the leaky ReLU: 0.01 */
} tp_linear_args;
/** x weight^T + bias, then the activation: (..., in) gives (..., out). tp_linear(x, w, b),
 *  tp_linear(x, w, NULL), tp_linear(x, w, b, .activation = TP_ACTIVATION_RELU).
 *  Errors: SHAPE, DTYPE (floats of one type). */
TP_API tp_tensor *tp_linear_at(tp_location at, tp_linear_args args);
#define tp_linear(...) tp_linear_at(TP_HERE, TP_MAKE(tp_linear_args, .x = __VA_ARGS__))

TP_END_DECLS

#endif
