/* conv1d, conv2d and their transposes: arguments, forward, backward.
 *
 * A transposed convolution is the input gradient of a convolution, and its own gradients are that convolution and its weight
 * gradient with the two sides exchanged: all of them are the same three kernels. Backward of a convolution with a fused
 * activation is one pass over the gradient (activation, sum for the bias), then the two products. */
#include "ops/conv.h"

#include "backend/backend.h"
#include "ops/loop.h"
#include "ops/noted.h"

enum { X, WEIGHT, BIAS }; /* inputs */
/* node->integer; where values were saved, -1 if not */
enum {
    SLOT_X,
    SLOT_WEIGHT,
    SLOT_Y,
    FUSED = TP_NOTED_CONV_FUSED, /* the activation */
    GROUPS,
    STRIDE_H,
    STRIDE_W,
    DILATION_H,
    DILATION_W,
    TOP,
    LEFT
};

/* ---- backward ---- */

/* Sizes of a (N, C, H, W) tensor with or without N, or of a line without H. */
typedef struct sizes {
    int64_t n, c, h, w;
} sizes;

static sizes sizes_of(const tp_tensor *x, int dims) {
    bool batched = x->ndim == dims + 2;
    return (sizes){batched ? x->shape[0] : 1, x->shape[batched],
                   dims == 2 ? x->shape[x->ndim - 2] : 1, x->shape[x->ndim - 1]};
}

static bool is_transposed(const tp_node *node) {
    return node->op == &tp_op_conv_transpose1d || node->op == &tp_op_conv_transpose2d;
}

tp_conv_shape tp_conv_noted(const tp_node *node, const tp_tensor *gy) {
    const int64_t *v = node->integer;
    const tp_tensor *weight = node->inputs[WEIGHT];
    int dims = weight->ndim - 2;
    sizes x = sizes_of(node->inputs[X], dims), y = sizes_of(gy, dims);
    sizes in = is_transposed(node) ? y : x, out = is_transposed(node) ? x : y;
    return (tp_conv_shape){.images = x.n,
                           .groups = v[GROUPS],
                           .in_channels = in.c,
                           .in_h = in.h,
                           .in_w = in.w,
                           .out_channels = out.c,
                           .out_h = out.h,
                           .out_w = out.w,
                           .kernel_h = dims == 2 ? weight->shape[2] : 1,
                           .kernel_w = weight->shape[weight->ndim - 1],
                           .stride_h = v[STRIDE_H],
                           .stride_w = v[STRIDE_W],
                           .dilation_h = v[DILATION_H],
                           .dilation_w = v[DILATION_W],
                           .top = v[TOP],
                           .left = v[LEFT]};
}

/* Sends the gradient of the bias and returns that of what the activation got, contiguous; poison after an error. */
static tp_tensor *pass_back(tp_node *node, tp_tensor *g) {
    tp_epilogue activation = (tp_epilogue)node->integer[FUSED];
    g = tp_dense(node->at, node->op->name, g);
    if (g->poison || (activation == TP_EPILOGUE_NONE && !tp_needs(node, BIAS))) return g;
    int dims = node->inputs[WEIGHT]->ndim - 2;
    sizes s = sizes_of(g, dims);
    tp_conv_pass_args args = {.images = s.n,
                              .channels = s.c,
                              .pixels = s.h * s.w,
                              .g = g->data,
                              .activation = activation,
                              .slope = node->number[0]};
    tp_tensor *gz = g, *bias = NULL;
    if (activation != TP_EPILOGUE_NONE) {
        tp_tensor *y = tp_saved(node, (int)node->integer[SLOT_Y]);
        if (!y) return tp_poison();
        args.y = y->data;
        if (tp_needs(node, X) || tp_needs(node, WEIGHT)) {
            gz = tp_make_like(node->at, node->op->name, g);
            if (gz->poison) return gz;
            args.gz = gz->data;
        }
    }
    bool direct = false;
    if (tp_needs(node, BIAS)) {
        bias = tp_grad_target(node, BIAS, &args.accumulate);
        direct = bias != NULL;
        if (!bias) bias = tp_make_like(node->at, node->op->name, node->inputs[BIAS]);
        if (bias->poison) return bias;
        args.sum = bias->data;
    }
    tp_context *context = tp_ctx();
    context->kernels->conv.pass[tp_float_index(g->dtype)](tp_context_pool(context), &args);
    if (bias && !direct) tp_send(node, BIAS, bias);
    return gz;
}

/* Runs one kernel into the gradient of input i. */
static void send_product(tp_node *node, int i, tp_conv_kind kind, tp_conv_args *args) {
    tp_tensor *direct = tp_grad_target(node, i, &args->accumulate), *out = direct;
    if (!out) out = tp_make_like(node->at, node->op->name, node->inputs[i]);
    if (!out->poison) {
        tp_context *context = tp_ctx();
        args->result = out->data;
        if (!tp_conv_run(context->kernels, tp_context_pool(context), kind,
                         tp_float_index(out->dtype), args))
            out = tp_fail_memory(node->at, node->op->name, 0);
    }
    if (!direct || out->poison) tp_send(node, i, out);
}

void tp_conv_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *gz = pass_back(node, grads[0]);
    if (gz->poison) {
        for (int i = 0; i < node->n_inputs; i++) tp_send(node, i, gz);
        return;
    }
    tp_conv_shape shape = tp_conv_noted(node, gz);
    bool transposed = is_transposed(node);
    if (tp_needs(node, WEIGHT)) {
        tp_tensor *x = tp_saved(node, (int)node->integer[SLOT_X]);
        if (!x) return;
        tp_conv_args args = {.shape = shape,
                             .x = transposed ? gz->data : x->data,
                             .y = transposed ? x->data : gz->data};
        send_product(node, WEIGHT, TP_CONV_GRAD_WEIGHT, &args);
    }
    if (tp_needs(node, X)) {
        tp_tensor *weight = tp_saved(node, (int)node->integer[SLOT_WEIGHT]);
        if (!weight) return;
        tp_conv_args args = {.shape = shape, .weight = weight->data, .x = gz->data, .y = gz->data};
        send_product(node, X, transposed ? TP_CONV_FORWARD : TP_CONV_GRAD_INPUT, &args);
    }
}

/* ---- forward ---- */

/* The tensors of a call. */
typedef struct call {
    tp_conv_form form;
    tp_tensor *x, *weight, *bias;
    tp_activation activation;
    double slope;
    bool hidden;        /* bias and activation are recorded by somebody else */
    double *statistics; /* (2, O): receives sums over the result and over its squares; or NULL */
} call;

static bool refuse(tp_location at, const call *c, tp_error_code code, const char *want,
                   const char *hint) {
    tp_fail(at, c->form.name, code,
            tp_text("x %s, weight %s%s%s", tp_tensor_text(c->x), tp_tensor_text(c->weight),
                    c->bias ? " and bias " : "", c->bias ? tp_tensor_text(c->bias) : ""),
            want, hint);
    return false;
}

/* Types and channels; the sizes are tp_conv_form_fill()'s. */
static bool operands_fit(tp_location at, const call *c, int64_t groups) {
    const tp_tensor *x = c->x, *w = c->weight, *b = c->bias;
    int dims = c->form.dims;
    if (!tp_is_float_type(x->dtype) || x->dtype != w->dtype || (b && b->dtype != x->dtype))
        return refuse(at, c, TP_ERROR_DTYPE, "all float32 or all float64",
                      "tp_to() converts; images as bytes must become floats first");
    const char *want = dims == 1 ? "weight (O, C / groups, K) and bias (O)"
                                 : "weight (O, C / groups, KH, KW) and bias (O)";
    if (c->form.transposed)
        want = dims == 1 ? "weight (C, O / groups, K) and bias (O)"
                         : "weight (C, O / groups, KH, KW) and bias (O)";
    int64_t out = c->form.out_channels;
    if (w->ndim != dims + 2 || (b && (b->ndim != 1 || b->shape[0] != out)))
        return refuse(at, c, TP_ERROR_SHAPE, want, NULL);
    if (x->ndim < dims + 1) return true; /* reported with the sizes */
    int64_t channels = x->shape[x->ndim - dims - 1];
    bool fits = c->form.transposed ? w->shape[0] == channels : w->shape[1] * groups == channels;
    return fits || refuse(at, c, TP_ERROR_SHAPE, want,
                          tp_text("x has %lld channels, in %lld groups", (long long)channels,
                                  (long long)groups));
}

static void save_for_backward(tp_node *node, const call *c, tp_tensor *out) {
    const tp_conv_form *f = &c->form;
    int64_t *v = node->integer;
    v[SLOT_X] = v[SLOT_WEIGHT] = v[SLOT_Y] = -1;
    if (tp_needs(node, WEIGHT)) v[SLOT_X] = node->n_saved, tp_save(node, c->x);
    if (tp_needs(node, X)) v[SLOT_WEIGHT] = node->n_saved, tp_save(node, c->weight);
    if (c->activation) v[SLOT_Y] = node->n_saved, tp_save(node, out);
    v[FUSED] = (int64_t)c->activation;
    v[GROUPS] = f->groups;
    v[STRIDE_H] = f->h.stride, v[STRIDE_W] = f->w.stride;
    v[DILATION_H] = f->h.dilation, v[DILATION_W] = f->w.dilation;
    v[TOP] = f->h.before, v[LEFT] = f->w.before;
    node->number[0] = c->slope;
}

static tp_tensor *run(tp_location at, const tp_op *op, call *c) {
    const char *name = op->name;
    tp_tensor *x = c->x = tp_conv_padded(at, &c->form, c->x);
    if (x->poison || (x = c->x = tp_dense(at, name, x))->poison) return x;
    tp_tensor *weight = c->weight = tp_dense(at, name, c->weight);
    if (c->bias) c->bias = tp_dense(at, name, c->bias);
    tp_tensor *out = tp_make_shape(at, name, x->dtype, tp_conv_form_shape(&c->form));
    if (out->poison || weight->poison || (c->bias && c->bias->poison)) return tp_poison();
    if (c->slope == 0) c->slope = 0.01;
    tp_conv_args args = {.shape = tp_conv_kernel_shape(&c->form),
                         .x = x->data,
                         .y = x->data,
                         .weight = weight->data,
                         .result = out->data,
                         .bias = c->bias ? c->bias->data : NULL,
                         .activation = (tp_epilogue)c->activation,
                         .slope = c->slope,
                         .statistics = c->statistics};
    tp_context *context = tp_ctx();
    tp_conv_kind kind = c->form.transposed ? TP_CONV_GRAD_INPUT : TP_CONV_FORWARD;
    if (!tp_conv_run(context->kernels, tp_context_pool(context), kind, tp_float_index(x->dtype),
                     &args))
        return tp_fail_memory(at, name, 0);
    if (c->hidden) {
        c->bias = NULL;
        c->activation = TP_ACTIVATION_NONE;
    }
    tp_node *node = tp_record(at, op, out, 3, (tp_tensor *[]){x, weight, c->bias});
    if (node) save_for_backward(node, c, out);
    return out;
}

/* Checks everything and runs. */
static tp_tensor *convolve(tp_location at, const tp_op *op, call *c,
                           const tp_conv_options *options) {
    const tp_tensor *w = c->weight;
    int64_t groups = options->groups ? options->groups : 1;
    c->form.name = op->name;
    if (w->ndim >= 2)
        c->form.out_channels = c->form.transposed ? w->shape[1] * groups : w->shape[0];
    if (!operands_fit(at, c, groups)) return tp_poison();
    if (!tp_conv_form_fill(at, &c->form, tp_shape_copy(c->x), w->shape + 2, options))
        return tp_poison();
    return run(at, op, c);
}

/* ---- the operations ---- */

static tp_tensor *conv2d(tp_location at, tp_conv2d_args a, double *statistics, bool hidden) {
    TP_CHECK(at, "conv2d", a.x);
    TP_CHECK(at, "conv2d", a.weight);
    if (a.bias) TP_CHECK(at, "conv2d", a.bias);
    call c = {.form = {.dims = 2},
              .x = a.x,
              .weight = a.weight,
              .bias = a.bias,
              .activation = a.activation,
              .slope = a.negative_slope,
              .hidden = hidden,
              .statistics = statistics};
    return convolve(at, &tp_op_conv2d, &c,
                    &(tp_conv_options){.stride = a.stride,
                                       .padding = a.padding,
                                       .dilation = a.dilation,
                                       .groups = a.groups,
                                       .stride_hw = a.stride_hw,
                                       .padding_hw = a.padding_hw,
                                       .dilation_hw = a.dilation_hw,
                                       .sides = a.padding_sides,
                                       .same = a.same,
                                       .mode = a.padding_mode});
}

tp_tensor *tp_conv2d_at(tp_location at, tp_conv2d_args a) { return conv2d(at, a, NULL, false); }

tp_tensor *tp_conv2d_counted(tp_location at, tp_conv2d_args a, double *statistics) {
    return conv2d(at, a, statistics, false);
}

tp_tensor *tp_conv2d_hidden(tp_location at, tp_conv2d_args a) { return conv2d(at, a, NULL, true); }

tp_tensor *tp_conv1d_at(tp_location at, tp_conv1d_args a) {
    TP_CHECK(at, "conv1d", a.x);
    TP_CHECK(at, "conv1d", a.weight);
    if (a.bias) TP_CHECK(at, "conv1d", a.bias);
    call c = {.form = {.dims = 1},
              .x = a.x,
              .weight = a.weight,
              .bias = a.bias,
              .activation = a.activation,
              .slope = a.negative_slope};
    return convolve(at, &tp_op_conv1d, &c,
                    &(tp_conv_options){.stride = a.stride,
                                       .padding = a.padding,
                                       .dilation = a.dilation,
                                       .groups = a.groups,
                                       .sides = a.padding_sides,
                                       .same = a.same,
                                       .mode = a.padding_mode});
}

tp_tensor *tp_conv_transpose2d_at(tp_location at, tp_conv_transpose2d_args a) {
    TP_CHECK(at, "conv_transpose2d", a.x);
    TP_CHECK(at, "conv_transpose2d", a.weight);
    if (a.bias) TP_CHECK(at, "conv_transpose2d", a.bias);
    call c = {
        .form = {.dims = 2, .transposed = true}, .x = a.x, .weight = a.weight, .bias = a.bias};
    return convolve(at, &tp_op_conv_transpose2d, &c,
                    &(tp_conv_options){.stride = a.stride,
                                       .padding = a.padding,
                                       .dilation = a.dilation,
                                       .extra = a.output_padding,
                                       .groups = a.groups,
                                       .stride_hw = a.stride_hw,
                                       .padding_hw = a.padding_hw,
                                       .dilation_hw = a.dilation_hw,
                                       .extra_hw = a.output_padding_hw});
}

tp_tensor *tp_conv_transpose1d_at(tp_location at, tp_conv_transpose1d_args a) {
    TP_CHECK(at, "conv_transpose1d", a.x);
    TP_CHECK(at, "conv_transpose1d", a.weight);
    if (a.bias) TP_CHECK(at, "conv_transpose1d", a.bias);
    call c = {
        .form = {.dims = 1, .transposed = true}, .x = a.x, .weight = a.weight, .bias = a.bias};
    return convolve(at, &tp_op_conv_transpose1d, &c,
                    &(tp_conv_options){.stride = a.stride,
                                       .padding = a.padding,
                                       .dilation = a.dilation,
                                       .extra = a.output_padding,
                                       .groups = a.groups});
}
