/* The functions of exported C: each is a text, with those that it needs. */
#ifndef TP_IO_DEPLOY_FUNCTIONS_H
#define TP_IO_DEPLOY_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum tp_deploy_function {
    TP_DEPLOY_BITS,
    TP_DEPLOY_EXP_MINUS,
    TP_DEPLOY_EXP,
    TP_DEPLOY_EXP_LANES,
    TP_DEPLOY_LOG_LANES,
    TP_DEPLOY_EXPM1,
    TP_DEPLOY_EXP_FLOAT,
    TP_DEPLOY_SIGMOID_FLOAT,
    TP_DEPLOY_MAGNITUDE,
    TP_DEPLOY_WITH_SIGN,
    TP_DEPLOY_TANH_FLOAT,
    TP_DEPLOY_LOG_FLOAT,
    TP_DEPLOY_LOG1P,
    TP_DEPLOY_ERF,
    TP_DEPLOY_WIDE,
    TP_DEPLOY_POW,
    TP_DEPLOY_ROOT,
    TP_DEPLOY_SQRT,
    TP_DEPLOY_CONV,
    TP_DEPLOY_CONV_TRANSPOSE,
    TP_DEPLOY_DENSE,
    TP_DEPLOY_MAX_POOL,
    TP_DEPLOY_AVERAGE_POOL,
    TP_DEPLOY_GLOBAL_AVERAGE,
    TP_DEPLOY_GLOBAL_MAX,
    TP_DEPLOY_ADAPTIVE_AVERAGE,
    TP_DEPLOY_ADAPTIVE_MAX,
    TP_DEPLOY_RESAMPLE,
    TP_DEPLOY_PAD,
    TP_DEPLOY_SCALE_SHIFT,
    TP_DEPLOY_MOMENTS,
    TP_DEPLOY_LAYER_NORM,
    TP_DEPLOY_GROUP_NORM,
    TP_DEPLOY_SOFTMAX,
    TP_DEPLOY_LOG_SOFTMAX,
    TP_DEPLOY_SOFTMAX_COLUMNS,
    TP_DEPLOY_REDUCE,
    TP_DEPLOY_RELU,
    TP_DEPLOY_LEAKY_RELU,
    TP_DEPLOY_CLIP,
    TP_DEPLOY_HARD_SWISH,
    TP_DEPLOY_HARD_SIGMOID,
    TP_DEPLOY_SIGMOID,
    TP_DEPLOY_SIGMOID_FUSED,
    TP_DEPLOY_TANH,
    TP_DEPLOY_TANH_FUSED,
    TP_DEPLOY_PRELU,
    TP_DEPLOY_ADD,
    TP_DEPLOY_MULTIPLY,
    TP_DEPLOY_PAIRWISE,
    TP_DEPLOY_COPY,
    TP_DEPLOY_TAKE,
    TP_DEPLOY_JOIN,
    TP_DEPLOY_QUANTIZE,
    TP_DEPLOY_CONV_INT8,
    TP_DEPLOY_DENSE_INT8,
    TP_DEPLOY_FUNCTIONS
} tp_deploy_function;

#define TP_DEPLOY_BIT(function) ((uint64_t)1 << (function))

typedef struct tp_deploy_text {
    tp_deploy_function function;
    const char *text; /* NULL ends a list */
    uint64_t
        needs; /* bits of functions that stand before it, in the same list or in an earlier one */
} tp_deploy_text;
/* In this order. */
extern const tp_deploy_text tp_deploy_math[], tp_deploy_window[], tp_deploy_rows[],
    tp_deploy_simple[];

/* Adds what those whose bits are set need. */
uint64_t tp_deploy_needs(uint64_t wanted);
/* Writes those whose bits are set. */
void tp_deploy_functions(FILE *to, uint64_t wanted);

/* Functions of one number, one line each: the operator or operation of a node, and the expression of v, p0 and p1. */
typedef struct tp_deploy_unary {
    const char *op, *name, *expression;
    int parameters;
    uint64_t needs;
} tp_deploy_unary;
/* The number of the row for a node, or -1; and the row. */
int tp_deploy_unary_of(const char *op);
const tp_deploy_unary *tp_deploy_unary_at(int i);
/* What the rows whose bits are set need, and these rows as functions. */
uint64_t tp_deploy_unary_needs(uint64_t wanted);
void tp_deploy_unary_write(FILE *to, uint64_t wanted);

#endif
