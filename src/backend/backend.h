/* The table where ops and machines meet. Ops call through it and know no machine; a backend fills it and knows no
 * shapes. cpu/table.c fills it with the kernels of one instruction set. */
#ifndef TP_BACKEND_BACKEND_H
#define TP_BACKEND_BACKEND_H

#include <taper/tensor.h>

#include "backend/conv.h"
#include "backend/gemm.h"
#include "backend/linear.h"
#include "backend/momentum.h"
#include "backend/norm.h"
#include "backend/pool.h"
#include "backend/reduce.h"
#include "backend/resample.h"
#include "backend/winograd.h"
#include "base/cpu.h"
#include "base/pool.h"

/* Lists of element-wise functions; the .def files are the one place that names them. */
typedef enum tp_unary_kind {
#define UNARY(name, ...) TP_UNARY_##name,
#include "ops/unary.def"
#undef UNARY
    TP_UNARY_COUNT
} tp_unary_kind;

typedef enum tp_binary_kind {
#define BINARY(name, ...)  TP_BINARY_##name,
#define COMPARE(name, ...) TP_BINARY_##name,
#include "ops/binary.def"
#undef BINARY
#undef COMPARE
    TP_BINARY_COUNT
} tp_binary_kind;

enum { TP_MAX_OPERANDS = 5 };
/* 1 among the weights of weigh_bytes is 2 to this. */
enum { TP_BYTE_WEIGHT_BITS = 22 };

/* n elements: pointer[0] is the result, the others are inputs; stride[i] in elements of operand i, may be 0 or negative.
 * p: parameters of the function. All-ones strides are the fast case, and strides 1,0 (a scalar operand) nearly so. */
typedef void (*tp_loop_fn)(int64_t n, void *const *pointer, const int64_t *stride, const double *p);

/* One optimiser step on n contiguous elements; see src/optim. s1, s2, s3: state, may be NULL where unused. */
typedef struct tp_update_args {
    double lr, weight_decay, momentum, dampening, beta1, beta2, eps, alpha, correction1,
        correction2;
    bool nesterov, first, centered, decoupled, maximize, amsgrad;
} tp_update_args;
typedef void (*tp_update_fn)(int64_t n, void *parameter, const void *gradient, void *s1, void *s2,
                             void *s3, const tp_update_args *args);
typedef enum tp_update_kind {
    TP_UPDATE_SGD,     /* s1: momentum */
    TP_UPDATE_ADAM,    /* s1: mean, s2: square, s3: largest square (amsgrad) */
    TP_UPDATE_RMSPROP, /* s1: square, s2: mean (centered), s3: momentum */
    TP_UPDATE_ADAGRAD, /* s1: sum of squares */
    TP_UPDATE_COUNT
} tp_update_kind;

typedef struct tp_kernels {
    const char *name; /* "avx512" */
    /* arrays of [2] are for float32 and float64, of [TP_DTYPE_COUNT] for every dtype; NULL where it makes no sense */
    tp_gemm_fn gemm[2];
    tp_gemm_batched_fn gemm_batched[2];
    tp_linear_grad_fn linear_grad[2];
    tp_conv_kernels conv;
    /* Of float32, rounded to bfloat16, whether that is faster or not; NULL but in the table of tp_kernels_bf16(). gemm_bf16
     * wants m, n and k above 0. */
    tp_gemm_fn gemm_bf16;
    tp_conv_fn conv_bf16[TP_CONV_COUNT];
    tp_winograd_kernels winograd;
    tp_loop_fn unary[TP_UNARY_COUNT][TP_DTYPE_COUNT]; /* out, x of one type; questions give bool */
    tp_loop_fn unary_grad[TP_UNARY_COUNT]
                         [2]; /* gx, g, x, y: y is NULL with stride 0 where not saved, x likewise */
    tp_loop_fn binary[TP_BINARY_COUNT]
                     [TP_DTYPE_COUNT]; /* out, a, b: all of one type; comparisons give bool */
    tp_loop_fn cast[TP_DTYPE_COUNT][TP_DTYPE_COUNT]; /* [to][from]: out, x */
    tp_loop_fn where[TP_DTYPE_COUNT];                /* out, condition (bool), a, b */
    tp_loop_fn axpy[2];                              /* out += p[0] * x */
    tp_reduce_kernels reduce;
    tp_update_fn update[TP_UPDATE_COUNT][2];
    tp_momentum_fn momentum[2]; /* NULL where products are in bfloat16 */
    tp_loss_kernels loss;
    tp_pool_kernels pool;
    tp_norm_kernels norm;
    tp_resample_kernels resample;
    /* out[i] = x[i] * scale where mask[i] is not 0, else 0; out may be x */
    void (*masked[2])(int64_t n, void *out, const void *x, const uint8_t *mask, double scale);
    /* out[i] = x[i] * scale + shift: bytes of images to floats. */
    void (*bytes_to_float)(float *out, const uint8_t *x, int64_t n, float scale, float shift);
    /* out[i] = sum over k < count of weight[k] * x[k * stride + i], in fixed point: rounded, clamped to bytes. */
    void (*weigh_bytes)(uint8_t *out, const uint8_t *x, int64_t stride, int64_t n,
                        const int32_t *weight, int count);
} tp_kernels;

/* Runs the kernel that is fastest for the product, or, where the table promises bits, the direct one. type: 0 for float32, 1 for float64. Otherwise as tp_conv_fn. */
bool tp_conv_run(const tp_kernels *kernels, tp_pool *pool, tp_conv_kind kind, int type,
                 const tp_conv_args *args);

/* The table for a level or the best below it that this build has. Never NULL. */
const tp_kernels *tp_kernels_choose(tp_cpu_level level);
/* The same with products of float32 in bfloat16, see docs/precision.md. NULL where this build, the processor or the level
 * has no AVX512-BF16. */
const tp_kernels *tp_kernels_bf16(tp_cpu_level level);

#endif
