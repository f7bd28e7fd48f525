/* conv_block: a convolution, batch norm, activation and max pool in few passes. */
#include <math.h>
#include <taper/ops/conv_block.h>

#include "backend/backend.h"
#include "ops/batch_norm.h"
#include "ops/conv.h"
#include "ops/conv_block.h"
#include "ops/loop.h"

static bool has_pool(const tp_conv_block_args *args) {
    return args->max_pool.kernel != 0 || args->max_pool.kernel_hw[0] != 0;
}

static bool block_fits(tp_location at, const tp_conv_block_args *args) {
    bool plain =
        args->conv.activation == TP_ACTIVATION_NONE && args->norm.activation == TP_ACTIVATION_NONE;
    bool normed = !args->batch_norm || args->activation == TP_ACTIVATION_NONE ||
                  args->activation == TP_ACTIVATION_RELU;
    if (plain && normed) return true;
    tp_fail(at, "conv_block", TP_ERROR_ARGUMENT,
            plain ? "an activation that batch norm cannot apply" : "an activation inside",
            plain ? "TP_ACTIVATION_NONE or _RELU behind batch norm"
                  : "the activation of the whole, in .activation",
            NULL);
    return false;
}

static tp_tensor *pooled(tp_location at, const tp_conv_block_args *args, tp_tensor *y) {
    if (!has_pool(args) || tp_is_poison(y)) return y;
    tp_pool_args pool = args->max_pool;
    pool.x = y;
    tp_tensor *out = tp_max_pool2d_at(at, pool);
    if (y->owner == TP_OWNER_SCOPE) tp_free(y); /* what backward needs of it stays with the graph */
    return out;
}

/* ---- in training: the convolution counts for batch norm ---- */

static tp_tensor *normed_in_training(tp_location at, tp_conv_block_args *args) {
    tp_conv2d_args conv = args->conv;
    tp_batch_norm_call call = {.args = args->norm, .left_out = conv.bias};
    tp_window window;
    TP_CHECK(at, "conv_block", conv.weight);
    if (conv.bias) TP_CHECK(at, "conv_block", conv.bias);
    if (has_pool(args)) {
        if (!tp_window_of(at, "max_pool2d", &args->max_pool, 2, TP_POOL_OF_MAX, &window))
            return tp_poison();
        call.window = &window;
        call.ceil_mode = args->max_pool.ceil_mode;
    }
    if (conv.bias && (conv.weight->ndim == 0 || conv.bias->ndim != 1 ||
                      conv.bias->shape[0] != conv.weight->shape[0]))
        call.left_out = NULL; /* the convolution reports it */
    else
        conv.bias = NULL; /* the mean takes it away again */
    int64_t channels = conv.weight->ndim ? conv.weight->shape[0] : 0;
    tp_tensor *sums = tp_make(at, "conv_block", TP_FLOAT64, 2, (const int64_t[]){2, channels});
    if (sums->poison) return sums;
    tp_tensor *z = tp_conv2d_counted(at, conv, (double *)(void *)sums->data);
    if (tp_is_poison(z)) return z;
    call.args.x = z;
    call.args.activation = args->activation;
    call.sums = (const double *)(const void *)sums->data;
    tp_tensor *y = tp_batch_norm_run(at, &call);
    tp_free(sums);
    tp_free(z); /* its bytes stay with the graph as long as they are needed */
    return y;
}

/* ---- in evaluation: batch norm becomes part of the weights ---- */

static double value_or(const tp_tensor *x, int64_t c, double otherwise) {
    return x ? tp_norm_get(x->data, x->dtype, c * x->stride[0]) : otherwise;
}

bool tp_fold_batch_norm(tp_location at, const tp_conv2d_args *conv, const tp_batch_norm_args *norm,
                        tp_tensor **weight, tp_tensor **bias) {
    const tp_tensor *from = tp_dense(at, "conv_block", conv->weight);
    int64_t channels = conv->weight->shape[0];
    *weight = tp_make_like(at, "conv_block", conv->weight);
    *bias = tp_make(at, "conv_block", conv->weight->dtype, 1, &channels);
    if (from->poison || (*weight)->poison || (*bias)->poison) return false;
    tp_dtype dtype = from->dtype;
    int64_t each = channels ? from->numel / channels : 0;
    double eps = norm->eps != 0 ? norm->eps : 1e-5;
    for (int64_t c = 0; c < channels; c++) {
        double deviation = sqrt(value_or(norm->running_var, c, 1) + eps);
        double scale = value_or(norm->weight, c, 1) / deviation;
        double shift = value_or(conv->bias, c, 0) - value_or(norm->running_mean, c, 0);
        tp_norm_set((*bias)->data, dtype, c, shift * scale + value_or(norm->bias, c, 0));
        for (int64_t i = c * each; i < (c + 1) * each; i++)
            tp_norm_set((*weight)->data, dtype, i, tp_norm_get(from->data, dtype, i) * scale);
    }
    return true;
}

bool tp_can_fold(const tp_conv2d_args *conv, const tp_batch_norm_args *norm) {
    const tp_tensor *weight = conv->weight;
    const tp_tensor *parts[] = {norm->running_mean, norm->running_var, norm->weight, norm->bias,
                                conv->bias};
    if (norm->training || !norm->running_mean || !norm->running_var || weight->ndim != 4 ||
        !tp_is_float_type(weight->dtype) || tp_is_grad_enabled() ||
        tp_ctx()->kernels->conv.in_order)
        return false;
    for (int i = 0; i < 5; i++)
        if (parts[i] && (parts[i]->ndim != 1 || parts[i]->shape[0] != weight->shape[0] ||
                         parts[i]->dtype != weight->dtype))
            return false;
    return true;
}

static tp_tensor *folded(tp_location at, const tp_conv_block_args *args) {
    tp_conv2d_args conv = args->conv;
    if (!tp_fold_batch_norm(at, &args->conv, &args->norm, &conv.weight, &conv.bias))
        return tp_poison();
    conv.activation = args->activation;
    return pooled(at, args, tp_conv2d_at(at, conv));
}

/* ---- the operation ---- */

static tp_tensor *one_by_one(tp_location at, tp_conv_block_args *args) {
    tp_conv2d_args conv = args->conv;
    if (!args->batch_norm) {
        conv.activation = args->activation;
        conv.negative_slope = args->negative_slope;
        bool batched = conv.x->ndim == 4 && has_pool(args);
        return batched ? tp_conv_pool(at, &conv, &args->max_pool)
                       : pooled(at, args, tp_conv2d_at(at, conv));
    }
    tp_batch_norm_args norm = args->norm;
    norm.x = tp_conv2d_at(at, conv);
    if (tp_is_poison(norm.x)) return norm.x;
    norm.activation = args->activation;
    return pooled(at, args, tp_batch_norm_at(at, norm));
}

tp_tensor *tp_conv_block_at(tp_location at, tp_conv_block_args args) {
    if (!block_fits(at, &args)) return tp_poison();
    TP_CHECK(at, "conv_block", args.conv.x);
    TP_CHECK(at, "conv_block", args.conv.weight);
    tp_tensor *parts[] = {args.conv.bias, args.norm.weight, args.norm.bias, args.norm.running_mean,
                          args.norm.running_var};
    for (int i = 0; i < (args.batch_norm ? 5 : 1); i++)
        if (parts[i]) TP_CHECK(at, "conv_block", parts[i]);
    if (args.batch_norm && args.norm.training && args.conv.x->ndim == 4)
        return normed_in_training(at, &args);
    if (args.batch_norm && tp_can_fold(&args.conv, &args.norm)) return folded(at, &args);
    return one_by_one(at, &args);
}
