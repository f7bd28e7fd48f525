/* What stands between a convolution and the result of conv_block without batch norm: bias, activation and max pool as one
 * recorded operation.
 *
 * The convolution applies bias and activation while it stores; what is recorded for it has neither. So all of the step back from
 * the pooled gradient to that of the bare convolution is here: mask and bias on what is pooled, a quarter of the size or less,
 * then spread out once. The convolution's result is not kept. */
#include "backend/backend.h"
#include "ops/conv.h"
#include "ops/conv_block.h"
#include "ops/loop.h"
#include "ops/noted.h"
#include "ops/pool.h"

enum { Z, BIAS };                      /* inputs */
enum { SAVED_Y, SAVED_TAPS };          /* slots */
enum { FUSED = TP_NOTED_BLOCK_FUSED }; /* node->integer: the activation */
enum { SLOPE };                        /* node->number */

/* ---- backward ---- */

/* Sends the gradient of the bias and returns that behind the activation, still pooled; poison after an error. */
static tp_tensor *masked(tp_node *node, tp_tensor *g) {
    tp_epilogue activation = (tp_epilogue)node->integer[FUSED];
    tp_tensor *y = tp_saved(node, SAVED_Y), *bias = NULL, *out = g;
    if (!y) return tp_poison();
    tp_conv_pass_args args = {.images = g->shape[0],
                              .channels = g->shape[1],
                              .pixels = g->shape[2] * g->shape[3],
                              .g = g->data,
                              .y = y->data,
                              .activation = activation,
                              .slope = node->number[SLOPE]};
    if (activation != TP_EPILOGUE_NONE) {
        out = tp_make_like(node->at, "conv_block", g);
        if (out->poison) return out;
        args.gz = out->data;
    }
    if (tp_needs(node, BIAS)) {
        bias = tp_make_like(node->at, "conv_block", node->inputs[BIAS]);
        if (bias->poison) return bias;
        args.sum = bias->data;
    }
    tp_context *context = tp_ctx();
    if (args.gz || args.sum)
        context->kernels->conv.pass[tp_float_index(g->dtype)](tp_context_pool(context), &args);
    if (bias) tp_send(node, BIAS, bias);
    return out;
}

static void conv_block_backward(tp_node *node, tp_tensor *const *grads) {
    const tp_tensor *z = node->inputs[Z];
    tp_tensor *g = tp_dense(node->at, "conv_block", grads[0]);
    if (!g->poison) g = masked(node, g);
    tp_tensor *taps = tp_saved(node, SAVED_TAPS);
    if (g->poison || !taps || !tp_needs(node, Z)) {
        if (g->poison) tp_send(node, Z, g);
        return;
    }
    tp_tensor *gz = tp_make(node->at, "conv_block", z->dtype, z->ndim, z->shape);
    if (!gz->poison && gz->numel > 0) {
        size_t item = tp_item_size(z->dtype);
        tp_pooling_run run = {.kernel = tp_ctx()->kernels->pool.max_grad[tp_float_index(z->dtype)],
                              .args = tp_pool_noted(node, z, g, 2)};
        run.args.x = g->data;
        run.args.y = gz->data;
        run.args.taps = taps->data;
        run.x_plane = (size_t)(run.args.h.out * run.args.w.out) * item;
        run.y_plane = (size_t)(run.args.h.in * run.args.w.in) * item;
        run.taps_plane = (size_t)(run.args.h.out * run.args.w.out) * tp_item_size(taps->dtype);
        tp_pool_planes(node->at, "conv_block", &run);
    }
    tp_send(node, Z, gz);
}

/* ---- forward ---- */

tp_tensor *tp_conv_pool(tp_location at, const tp_conv2d_args *conv, const tp_pool_args *max_pool) {
    tp_window window;
    tp_pooling_args pooling = {0};
    if (!tp_window_of(at, "max_pool2d", max_pool, 2, TP_POOL_OF_MAX, &window)) return tp_poison();
    tp_tensor *z = tp_conv2d_hidden(at, *conv), *taps = NULL;
    if (tp_is_poison(z)) return z;
    tp_tensor *inputs[] = {z, conv->bias};
    tp_shape shape =
        tp_pool_fit(at, "max_pool2d", tp_shape_copy(z), 2, &window, max_pool->ceil_mode, &pooling);
    if (shape.ndim < 0) return tp_poison();
    tp_tensor *out = tp_make_shape(at, "conv_block", z->dtype, shape);
    if (tp_would_record(2, inputs))
        taps =
            tp_make_shape(at, "conv_block", tp_pool_small(&pooling) ? TP_UINT8 : TP_INT32, shape);
    if (out->poison || (taps && taps->poison)) return tp_poison();
    size_t item = tp_item_size(z->dtype), pooled = (size_t)(pooling.h.out * pooling.w.out);
    pooling.x = z->data;
    pooling.y = out->data;
    pooling.taps = taps ? taps->data : NULL;
    tp_pooling_run run = {.kernel = tp_ctx()->kernels->pool.max[tp_float_index(z->dtype)],
                          .args = pooling,
                          .x_plane = (size_t)(pooling.h.in * pooling.w.in) * item,
                          .y_plane = pooled * item,
                          .taps_plane = taps ? pooled * tp_item_size(taps->dtype) : 0};
    tp_pool_planes(at, "conv_block", &run);
    tp_node *node = tp_record(at, &tp_op_conv_block, out, 2, inputs);
    if (node) {
        tp_save(node, out);
        tp_save(node, taps);
        tp_pool_note(node, &pooling);
        node->integer[FUSED] = (int64_t)conv->activation;
        node->number[SLOPE] = conv->negative_slope != 0 ? conv->negative_slope : 0.01;
    }
    if (taps) tp_free(taps); /* the node keeps its bytes */
    tp_free(z);              /* nobody needs its values any more */
    return out;
}

/* ---- descriptor ---- */

static tp_tensor *conv_block_apply(tp_tensor *const *inputs, int variant) {
    tp_conv_block_args args = {.conv = {inputs[0], inputs[1], inputs[2], .padding = 1},
                               .max_pool = {.kernel = 2}};
    switch (variant) {
    case 1:
        args.activation = TP_ACTIVATION_TANH;
        args.max_pool = (tp_pool_args){.kernel = 3, .stride = 2, .padding = 1};
        break;
    case 2:
        args.activation = TP_ACTIVATION_LEAKY_RELU;
        args.negative_slope = 0.3;
        break;
    case 3: args.conv.bias = NULL; break;
    default: args.activation = TP_ACTIVATION_RELU;
    }
    return tp_conv_block_at(TP_HERE, args);
}

static const tp_op_sample conv_block_samples[] = {
    {0, 3, {TP_SHAPE_OF(2, 2, 4, 6), TP_SHAPE_OF(3, 2, 3, 3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(1, 2, 5, 4), TP_SHAPE_OF(2, 2, 3, 3), TP_SHAPE_OF(2)}, 0, 0, 0},
    {2, 3, {TP_SHAPE_OF(2, 1, 5, 5), TP_SHAPE_OF(2, 1, 3, 3), TP_SHAPE_OF(2)}, 0, 0, 0},
    {3, 2, {TP_SHAPE_OF(1, 2, 4, 4), TP_SHAPE_OF(2, 2, 1, 1)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(0, 2, 4, 4), TP_SHAPE_OF(3, 2, 3, 3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_conv_block = {.name = "conv_block",
                                .backward = conv_block_backward,
                                .apply = conv_block_apply,
                                .samples = conv_block_samples};
