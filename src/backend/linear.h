/* The part of a linear layer's gradient that is not a product of matrices. */
#ifndef TP_BACKEND_LINEAR_H
#define TP_BACKEND_LINEAR_H

#include "backend/gemm.h"

/* One pass over g, the gradient of the layer's result y = activation(z): the gradient of z and its sum over the rows. */
typedef struct tp_linear_grad_args {
    int64_t rows, columns; /* of g, y and gz, each contiguous */
    const void *g;
    const void *y;   /* needed unless activation is NONE */
    void *gz;        /* g * activation'(z); NULL where it is not wanted; may be g itself */
    void *sum;       /* (columns), of gz over the rows; NULL where it is not wanted */
    bool accumulate; /* sum += instead of sum = */
    tp_epilogue activation;
    double slope;
} tp_linear_grad_args;

/* The order of additions depends on rows and columns alone. */
typedef void (*tp_linear_grad_fn)(const tp_linear_grad_args *args);

#endif
