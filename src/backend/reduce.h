/* The part of the table of kernels that reduces, sorts, and measures losses. Everything here is contiguous; a tensor is seen
 * as (outer, n, inner), n being what is worked along. What a kernel adds up, it adds in an order that n and inner alone
 * decide, so that results repeat at any number of threads. */
#ifndef TP_BACKEND_REDUCE_H
#define TP_BACKEND_REDUCE_H

#include <taper/tensor.h>

typedef enum tp_reduce_kind {
    TP_REDUCE_SUM,  /* integers and bool sum to int64 */
    TP_REDUCE_PROD, /* likewise */
    TP_REDUCE_MAX,  /* NaN wins, as PyTorch */
    TP_REDUCE_MIN,
    TP_REDUCE_SUM_SQUARES, /* floats only, like the next four */
    TP_REDUCE_SUM_ABS,
    TP_REDUCE_MAX_ABS,
    TP_REDUCE_MIN_ABS,
    TP_REDUCE_COUNT_NONZERO, /* as a number of x's type */
    TP_REDUCE_ANY,           /* to bool, like the next */
    TP_REDUCE_ALL,
    TP_REDUCE_COUNT
} tp_reduce_kind;

/* (outer, n, inner) to (outer, inner). Rows of inner elements lie `step` apart: inner itself, or more where outer is 1 and
 * the caller hands over some of the columns (then at least 64, beginning at a multiple of 64). divisor: what float sums are
 * divided by at the end; 1 otherwise. */
typedef void (*tp_reduce_fn)(void *out, const void *x, int64_t outer, int64_t n, int64_t inner,
                             int64_t step, double divisor);
/* Where the largest (smallest) lies along n, the first of equals, NaN before all: (outer, inner) of int64; value, unless NULL,
 * receives it. n is at least 1. */
typedef void (*tp_arg_fn)(int64_t *index, void *value, const void *x, int64_t outer, int64_t n,
                          int64_t inner);
/* From (outer, n, inner) to the same shape. */
typedef void (*tp_along_fn)(void *out, const void *x, int64_t outer, int64_t n, int64_t inner);
/* Its gradient, from that of the result and from what was saved. */
typedef void (*tp_along_grad_fn)(void *gx, const void *g, const void *saved, int64_t outer,
                                 int64_t n, int64_t inner);
/* Sorts each of rows of n: out receives the values in order, index where they were. Stable; NaN counts as largest. scratch:
 * n of int64 and n of the type of x. */
typedef void (*tp_sort_fn)(void *out, int64_t *index, const void *x, int64_t rows, int64_t n,
                           bool descending, void *scratch);

typedef struct tp_reduce_kernels {
    tp_reduce_fn reduce[TP_REDUCE_COUNT][TP_DTYPE_COUNT];
    tp_arg_fn argmax[TP_DTYPE_COUNT], argmin[TP_DTYPE_COUNT];
    tp_along_fn cumsum[TP_DTYPE_COUNT], cumprod[TP_DTYPE_COUNT]; /* integers to int64 */
    /* gx of a product over n, right for zeros as well; of cumprod; g is (outer, inner) and (outer, n, inner) */
    tp_along_grad_fn prod_grad[2], cumprod_grad[2];        /* saved: x */
    tp_along_fn softmax[2], log_softmax[2], logsumexp[2];  /* logsumexp: (outer, inner) */
    tp_along_grad_fn softmax_grad[2], log_softmax_grad[2]; /* saved: the result */
    tp_sort_fn sort[TP_DTYPE_COUNT];
} tp_reduce_kernels;

/* Rows of logits (rows, classes) against a label or a distribution each. */
typedef struct tp_cross_entropy_rows {
    int64_t rows, classes;
    const void *logits;
    const int64_t *label;    /* (rows), checked; or NULL */
    const void *probability; /* (rows, classes) where label is NULL */
    const void *weight;      /* (classes) or NULL */
    double smoothing;        /* 0 to 1 */
    int64_t ignore;          /* rows of this label give 0 */
    void *loss;              /* (rows) */
    void *gradient;          /* (rows, classes), or NULL where nobody wants it; times scale */
    void *target_gradient;   /* (rows, classes) of the probabilities, or NULL; times scale */
    double scale;
} tp_cross_entropy_rows;

typedef enum tp_loss_kind {
    TP_LOSS_MSE,
    TP_LOSS_L1,
    TP_LOSS_SMOOTH_L1, /* p: beta > 0 */
    TP_LOSS_HUBER,     /* p: delta */
    TP_LOSS_BCE,
    TP_LOSS_BCE_LOGITS,
    TP_LOSS_KL,
    TP_LOSS_KL_LOG, /* the target is a logarithm too */
    TP_LOSS_COUNT
} tp_loss_kind;

/* n elements of input and target. */
typedef struct tp_loss_elements {
    int64_t n;
    const void *input, *target;
    const void *weight;     /* (n) or NULL */
    const void *pos_weight; /* (n) or NULL: BCE_LOGITS only */
    void *loss;             /* (n) or NULL; not scaled */
    void *gradient;         /* (n), d(loss)/d(input) times scale, or NULL */
    void *target_gradient;  /* (n), d(loss)/d(target) times scale, or NULL */
    double scale;
    double p;
} tp_loss_elements;

typedef struct tp_loss_kernels {
    void (*cross_entropy[2])(const tp_cross_entropy_rows *rows);
    /* Returns the sum of the losses. */
    double (*elements[TP_LOSS_COUNT][2])(const tp_loss_elements *elements);
} tp_loss_kernels;

#endif
