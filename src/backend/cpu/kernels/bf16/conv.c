/* Convolutions of float32 whose operands are rounded to bfloat16, with sums in float32. The operands are copied once, in pairs
 * (pairs.h): two channels of the source for the forward pass and the gradient of x, two images for the gradient of the weight.
 * What is left is a convolution of half as many channels or images, which the templates of the float32 kernels make. */
#include "backend/backend.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "backend/cpu/kernels/bf16/pairs.h"
#include "backend/cpu/kernels/conv_axis.h"
#include "backend/cpu/kernels/conv_config.h"
#include "backend/cpu/kernels/conv_shuffle.h"
#include "backend/cpu/kernels/conv_tiles.h"
#include "backend/cpu/kernels/gemm_config.h"
#include "backend/cpu/kernels/gemm_shuffle.h"

#define REAL      float
#define REAL_BITS 32
#define INTEGER   int32_t
#define UNSIGNED  uint32_t
#define NAME(x)   x##_bf16
#include "backend/cpu/kernels/conv_tmpl.h"

#include "conv_pairs.h"

/* Scratch for so many pairs of two operands. */
static bool take_pairs(tp_pool *pool, int64_t first, int64_t second, float **a, float **b) {
    int64_t line = 16, pairs = (first + line - 1) / line * line;
    *a = tp_pool_scratch_slot(pool, tp_pool_worker(pool), TP_SCRATCH_PAIRS,
                              (size_t)(pairs + second) * sizeof(float));
    *b = *a ? *a + pairs : NULL;
    return *a;
}

/* Pairs of channels in x, pairs of columns of the weight. */
static bool forward(tp_pool *pool, const tp_conv_args *args) {
    tp_conv_args half = *args;
    tp_conv_shape *s = &half.shape;
    int64_t plane = s->in_h * s->in_w, taps = s->kernel_h * s->kernel_w;
    int64_t depth = s->in_channels / s->groups, pairs = (depth + 1) / 2;
    float *x, *weight;
    if (!take_pairs(pool, s->images * s->groups * pairs * plane, s->out_channels * pairs * taps, &x,
                    &weight))
        return false;
    pair_planes(pool, &(planes){x, args->x, s->images * s->groups, depth, plane});
    pair_planes(pool, &(planes){weight, args->weight, s->out_channels, depth, taps});
    s->in_channels = s->groups * pairs;
    half.x = x, half.weight = weight;
    return conv_forward_bf16(pool, &half);
}

/* Pairs of channels in y, pairs of rows of the weight. */
static bool grad_input(tp_pool *pool, const tp_conv_args *args) {
    tp_conv_args half = *args;
    tp_conv_shape *s = &half.shape;
    int64_t plane = s->out_h * s->out_w, taps = s->kernel_h * s->kernel_w;
    int64_t depth = s->out_channels / s->groups, pairs = (depth + 1) / 2;
    int64_t row = s->in_channels / s->groups * taps;
    float *y, *weight;
    if (!take_pairs(pool, s->images * s->groups * pairs * plane, s->groups * pairs * row, &y,
                    &weight))
        return false;
    pair_planes(pool, &(planes){y, args->y, s->images * s->groups, depth, plane});
    pair_planes(pool, &(planes){weight, args->weight, s->groups, depth, row});
    s->out_channels = s->groups * pairs;
    half.y = y, half.weight = weight;
    return conv_grad_input_bf16(pool, &half);
}

/* Pairs of images. */
static bool grad_weight(tp_pool *pool, const tp_conv_args *args) {
    tp_conv_args half = *args;
    tp_conv_shape *s = &half.shape;
    int64_t in = s->in_channels * s->in_h * s->in_w, out = s->out_channels * s->out_h * s->out_w;
    int64_t pairs = (s->images + 1) / 2;
    float *x, *y;
    if (!take_pairs(pool, pairs * in, pairs * out, &x, &y)) return false;
    pair_planes(pool, &(planes){x, args->x, 1, s->images, in});
    pair_planes(pool, &(planes){y, args->y, 1, s->images, out});
    s->images = pairs;
    half.x = x, half.y = y;
    return conv_grad_weight_bf16(pool, &half);
}

void tp_register_conv_bf16(tp_kernels *kernels);

void tp_register_conv_bf16(tp_kernels *kernels) {
    kernels->conv_bf16[TP_CONV_FORWARD] = forward;
    kernels->conv_bf16[TP_CONV_GRAD_INPUT] = grad_input;
    kernels->conv_bf16[TP_CONV_GRAD_WEIGHT] = grad_weight;
}
