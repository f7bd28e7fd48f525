/* The convolution in float, and the transposed one, as plainly as can be said: for each result, channels of the source, then rows and
 * columns of the kernel, one product after the other to one sum, zeros around the source left out; then the bias, then the activation. This is
 * the order of additions that exported C has (io/deploy), and what TAPER_CONV=plain makes the library do: slow, on one
 * thread, and the same bits on every instruction set without fused multiply-add. */
#include "backend/conv_plain.h"

#include <stdlib.h>
#include <string.h>

bool tp_conv_plain_wanted(void) {
    const char *wanted = getenv("TAPER_CONV");
    return wanted && strcmp(wanted, "plain") == 0;
}

/* Sum for one result; x and weight begin with the first channel of the group. */
static float sum_at(const tp_conv_shape *s, const float *x, const float *weight, int64_t i,
                    int64_t j) {
    int64_t channels = s->in_channels / s->groups;
    int64_t row = i * s->stride_h - s->top, column = j * s->stride_w - s->left;
    float sum = 0;
    for (int64_t c = 0; c < channels; c++, x += s->in_h * s->in_w)
        for (int64_t a = 0; a < s->kernel_h; a++)
            for (int64_t b = 0; b < s->kernel_w; b++) {
                int64_t h = row + a * s->dilation_h, w = column + b * s->dilation_w;
                if (h < 0 || h >= s->in_h || w < 0 || w >= s->in_w) continue;
                sum += x[h * s->in_w + w] * weight[(c * s->kernel_h + a) * s->kernel_w + b];
            }
    return sum;
}

/* Applies the activation as the products do it: to a product of nothing added to what is there. */
static bool activate(const tp_kernels *kernels, tp_pool *pool, const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t columns = s->out_h * s->out_w;
    tp_gemm_args nothing = {.m = s->images * s->out_channels,
                            .n = columns,
                            .a = args->result,
                            .b = args->result,
                            .c = args->result,
                            .c_row = columns,
                            .alpha = 1,
                            .beta = 1,
                            .activation = args->activation,
                            .slope = args->slope};
    return kernels->gemm[0](pool, &nothing);
}

static void forward(const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
    const float *bias = args->bias;
    float *y = args->result;
    for (int64_t n = 0; n < s->images; n++)
        for (int64_t o = 0; o < s->out_channels; o++) {
            const float *x =
                (const float *)args->x + (n * s->in_channels + o / out * in) * s->in_h * s->in_w;
            const float *weight = (const float *)args->weight + o * in * s->kernel_h * s->kernel_w;
            for (int64_t i = 0; i < s->out_h; i++)
                for (int64_t j = 0; j < s->out_w; j++)
                    *y++ = sum_at(s, x, weight, i, j) + (bias ? bias[o] : 0);
        }
}

/* The sum for place (h, w) of channel c of x: over what was made of it. y and weight begin with the first channel of the group. */
static float back_sum_at(const tp_conv_shape *s, const float *y, const float *weight, int64_t c,
                         int64_t h, int64_t w) {
    int64_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
    float sum = 0;
    for (int64_t o = 0; o < out; o++, y += s->out_h * s->out_w)
        for (int64_t a = 0; a < s->kernel_h; a++)
            for (int64_t b = 0; b < s->kernel_w; b++) {
                int64_t i = h + s->top - a * s->dilation_h, j = w + s->left - b * s->dilation_w;
                if (i < 0 || j < 0 || i % s->stride_h || j % s->stride_w) continue;
                i /= s->stride_h;
                j /= s->stride_w;
                if (i >= s->out_h || j >= s->out_w) continue;
                sum += y[i * s->out_w + j] *
                       weight[((o * in + c) * s->kernel_h + a) * s->kernel_w + b];
            }
    return sum;
}

static void backward(const tp_conv_args *args) {
    const tp_conv_shape *s = &args->shape;
    int64_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
    const float *bias = args->bias;
    float *x = args->result;
    for (int64_t n = 0; n < s->images; n++)
        for (int64_t c = 0; c < s->in_channels; c++) {
            int64_t first = c / in * out; /* channel of y */
            const float *y =
                (const float *)args->y + (n * s->out_channels + first) * s->out_h * s->out_w;
            const float *weight =
                (const float *)args->weight + first * in * s->kernel_h * s->kernel_w;
            for (int64_t h = 0; h < s->in_h; h++)
                for (int64_t w = 0; w < s->in_w; w++)
                    *x++ = back_sum_at(s, y, weight, c % in, h, w) + (bias ? bias[c] : 0);
        }
}

bool tp_conv_plain(const tp_kernels *kernels, tp_pool *pool, tp_conv_kind kind,
                   const tp_conv_args *args) {
    if (args->accumulate || args->statistics || kind == TP_CONV_GRAD_WEIGHT) return false;
    if (kind == TP_CONV_GRAD_INPUT) {
        backward(args);
        return true;
    }
    forward(args);
    return args->activation == TP_EPILOGUE_NONE || activate(kernels, pool, args);
}
