/* Products of stacks of matrices with any strides, over the gemm kernels: what matmul, linear and their gradients
 * have in common. */
#ifndef TP_OPS_PRODUCT_H
#define TP_OPS_PRODUCT_H

#include "tensor/tensor.h"

/* A stack of matrices: strides in elements. */
typedef struct tp_matrix {
    char *data;
    int64_t row, col;
    int64_t batch[TP_MAX_DIMS]; /* one for each batch dimension; 0 where the matrix is shared */
} tp_matrix;

/* c = alpha a b + beta c for each place of the batch: a (m, k), b (k, n), c (m, n) with c.col == 1.
 * A batch dimension in which c's stride is 0 is summed over. Nothing is copied: strides do the rest. */
typedef struct tp_product {
    tp_dtype dtype; /* floats, or integers with whole alpha and beta */
    int batch_dims;
    int64_t batch[TP_MAX_DIMS];
    int64_t m, n, k;
    tp_matrix a, b, c;
    double alpha, beta;
} tp_product;

/* False when out of memory (not reported). p is changed on the way. */
bool tp_product_run(tp_product *p);

/* The same for int64, int32 and uint8, in product_int.c. */
void tp_product_run_integer(const tp_product *p);

/* True where a and b can be multiplied as far as their types go: floats or integers, both the same. Reports. */
bool tp_product_types(tp_location at, const char *op, const tp_tensor *a, const tp_tensor *b);

/* The memory for the gradient of input i, contiguous in its shape: the leaf's own where that can be, and then *beta says
 * whether to add to what is there; *direct is false for a fresh one, which is to be sent once filled. NULL when out of
 * memory (reported). */
struct tp_node;
tp_tensor *tp_product_target(struct tp_node *node, int i, double *beta, bool *direct);

#endif
