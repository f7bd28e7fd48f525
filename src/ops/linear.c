/* linear: x weight^T + bias and an activation in one product; the gradients through products too.
 *
 * Backward is one pass over the gradient of the result (activation, sum for the bias), then the product dy W for x and
 * dy^T x for the weight, which an optimiser may take over, see autograd/lazy.h. */
#include <taper/ops/matmul.h>

#include "autograd/lazy.h"
#include "autograd/node.h"
#include "backend/backend.h"
#include "ops/loop.h"
#include "ops/noted.h"

enum { X, WEIGHT, BIAS }; /* inputs */
enum {
    SLOT_X,
    SLOT_WEIGHT,
    SLOT_Y,
    FORM = TP_NOTED_LINEAR_FORM
}; /* node->integer: where values were saved, -1 if not; the activation */
enum { BLOCK_ELEMENTS = 1 << 16 }; /* of a gradient that are worth another thread */

_Static_assert((int)TP_ACTIVATION_RELU == (int)TP_EPILOGUE_RELU &&
                   (int)TP_ACTIVATION_LEAKY_RELU == (int)TP_EPILOGUE_LEAKY_RELU &&
                   (int)TP_ACTIVATION_SIGMOID == (int)TP_EPILOGUE_SIGMOID &&
                   (int)TP_ACTIVATION_TANH == (int)TP_EPILOGUE_TANH,
               "activations and epilogues have the same numbers");

/* ---- rows ---- */

/* x (..., k) seen as rows of one distance. */
typedef struct rows {
    int64_t count, width;
    int64_t row, col; /* strides */
} rows;

/* False where no distance fits and x has to be copied. */
static bool rows_of(const tp_tensor *x, rows *r) {
    int last = x->ndim - 1;
    *r = (rows){.count = 1, .width = x->shape[last], .row = 0, .col = x->stride[last]};
    if (x->numel == 0) {
        for (int d = 0; d < last; d++) r->count *= x->shape[d];
        r->row = r->width;
        return true;
    }
    for (int d = last - 1; d >= 0; d--) {
        if (x->shape[d] == 1) continue;
        if (r->count == 1)
            r->row = x->stride[d];
        else if (x->stride[d] != r->row * r->count)
            return false;
        r->count *= x->shape[d];
    }
    if (r->count == 1) r->row = r->width;
    return true;
}

/* x as a matrix of that many rows without a node; x itself where it is one. */
static tp_tensor *as_matrix(const tp_node *node, tp_tensor *x, const rows *r) {
    if (x->ndim == 2) return x;
    return tp_make_view(node->at, "linear", x, (tp_shape){.ndim = 2, .dims = {r->count, r->width}},
                        (const int64_t[]){r->row, r->col}, 0);
}

/* ---- backward: what is no product ---- */

typedef struct grad_task {
    tp_linear_grad_args args;
    tp_linear_grad_fn kernel;
    int64_t block; /* rows */
    int64_t item;  /* bytes of an element */
    char *partial; /* (blocks, columns): the sums of each block, or NULL */
} grad_task;

static void run_blocks(void *arg, int64_t begin, int64_t end) {
    const grad_task *task = arg;
    tp_linear_grad_args args = task->args;
    int64_t offset = begin * args.columns * task->item;
    args.rows = end - begin;
    args.g = (const char *)args.g + offset;
    if (args.y) args.y = (const char *)args.y + offset;
    if (args.gz) args.gz = (char *)args.gz + offset;
    args.accumulate = false;
    if (task->partial) args.sum = task->partial + begin / task->block * args.columns * task->item;
    task->kernel(&args);
}

/* Large ones block by block in parallel; the blocks' sums are added in their order. */
static bool run_pass(const tp_node *node, tp_dtype dtype, tp_linear_grad_args *args) {
    tp_context *context = tp_ctx();
    tp_linear_grad_fn kernel = context->kernels->linear_grad[tp_float_index(dtype)];
    if (args->rows * args->columns < 2 * BLOCK_ELEMENTS) {
        kernel(args);
        return true;
    }
    grad_task task = {.args = *args, .kernel = kernel, .item = (int64_t)tp_item_size(dtype)};
    task.block = BLOCK_ELEMENTS / args->columns;
    if (task.block < 64) task.block = 64;
    int64_t blocks = (args->rows + task.block - 1) / task.block;
    tp_tensor *partial = NULL;
    if (args->sum) {
        partial = tp_make(node->at, "linear", dtype, 2, (const int64_t[]){blocks, args->columns});
        if (partial->poison) return false;
        task.partial = partial->data;
    }
    tp_parallel_for(tp_context_pool(context), args->rows, task.block, run_blocks, &task);
    if (!partial) return true;
    kernel(&(tp_linear_grad_args){.rows = blocks,
                                  .columns = args->columns,
                                  .g = partial->data,
                                  .sum = args->sum,
                                  .accumulate = args->accumulate});
    return true;
}

/* Sends the gradient of the bias and returns that of z, contiguous; poison after an error. */
static tp_tensor *pass_back(tp_node *node, tp_tensor *g) {
    tp_epilogue activation = (tp_epilogue)node->integer[FORM];
    tp_tensor *gz = tp_dense(node->at, "linear", g), *bias = NULL, *y = NULL;
    if (gz->poison) return gz;
    bool direct = false, wants_products = tp_needs(node, X) || tp_needs(node, WEIGHT);
    tp_linear_grad_args args = {.columns = gz->shape[gz->ndim - 1],
                                .g = gz->data,
                                .activation = activation,
                                .slope = node->number[0]};
    args.rows = args.columns ? gz->numel / args.columns : 0;
    if (activation != TP_EPILOGUE_NONE) {
        y = tp_saved(node, (int)node->integer[SLOT_Y]);
        if (!y) return tp_poison();
        args.y = y->data;
        if (wants_products) gz = tp_make_like(node->at, "linear", gz);
        if (gz->poison) return gz;
        args.gz = wants_products ? gz->data : NULL;
    }
    if (tp_needs(node, BIAS)) {
        bias = tp_grad_target(node, BIAS, &args.accumulate);
        direct = bias != NULL;
        if (!bias) bias = tp_make_like(node->at, "linear", node->inputs[BIAS]);
        if (bias->poison) return bias;
        args.sum = bias->data;
    }
    if ((args.gz || args.sum) && !run_pass(node, gz->dtype, &args)) return tp_poison();
    if (bias && !direct) tp_send(node, BIAS, bias);
    return gz;
}

/* ---- backward: the products ---- */

static tp_tensor *run_gemm(const tp_node *node, tp_tensor *out, const tp_gemm_args *args) {
    tp_context *context = tp_ctx();
    if (context->kernels->gemm[tp_float_index(out->dtype)](tp_context_pool(context), args))
        return out;
    return tp_fail_memory(node->at, "linear", 0);
}

/* dx = gz weight */
static void send_x(tp_node *node, const tp_tensor *gz, int64_t count) {
    tp_tensor *weight = tp_saved(node, (int)node->integer[SLOT_WEIGHT]);
    if (!weight) return;
    bool accumulate = false;
    tp_tensor *direct = tp_grad_target(node, X, &accumulate), *out = direct;
    if (!out) out = tp_make_like(node->at, "linear", node->inputs[X]);
    if (!out->poison)
        out = run_gemm(node, out,
                       &(tp_gemm_args){.m = count,
                                       .n = weight->shape[1],
                                       .k = weight->shape[0],
                                       .a = gz->data,
                                       .a_row = weight->shape[0],
                                       .a_col = 1,
                                       .b = weight->data,
                                       .b_row = weight->stride[0],
                                       .b_col = weight->stride[1],
                                       .c = out->data,
                                       .c_row = weight->shape[1],
                                       .alpha = 1,
                                       .beta = accumulate});
    if (!direct || out->poison) tp_send(node, X, out);
}

/* dweight = gz^T x */
static void send_weight(tp_node *node, tp_tensor *gz) {
    tp_tensor *x = tp_saved(node, (int)node->integer[SLOT_X]);
    rows r;
    if (!x || !rows_of(x, &r)) return; /* saved as rows */
    int64_t out_features = node->inputs[WEIGHT]->shape[0];
    if (node->inputs[WEIGHT]->lazy_allowed) {
        tp_tensor *dy = as_matrix(node, gz, &(rows){r.count, out_features, out_features, 1});
        tp_tensor *matrix = as_matrix(node, x, &r);
        if (!dy->poison && !matrix->poison && tp_lazy_defer(node, WEIGHT, dy, matrix)) return;
    }
    bool accumulate = false;
    tp_tensor *direct = tp_grad_target(node, WEIGHT, &accumulate), *out = direct;
    if (!out) out = tp_make_like(node->at, "linear", node->inputs[WEIGHT]);
    if (!out->poison)
        out = run_gemm(node, out,
                       &(tp_gemm_args){.m = out_features,
                                       .n = r.width,
                                       .k = r.count,
                                       .a = gz->data,
                                       .a_row = 1,
                                       .a_col = out_features,
                                       .b = x->data,
                                       .b_row = r.row,
                                       .b_col = r.col,
                                       .c = out->data,
                                       .c_row = r.width,
                                       .alpha = 1,
                                       .beta = accumulate});
    if (!direct || out->poison) tp_send(node, WEIGHT, out);
}

static void linear_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *gz = pass_back(node, grads[0]);
    if (gz->poison) {
        for (int i = 0; i < node->n_inputs; i++) tp_send(node, i, gz);
        return;
    }
    const tp_tensor *x = node->inputs[X];
    int64_t count = 1;
    for (int d = 0; d < x->ndim - 1; d++) count *= x->shape[d];
    if (tp_needs(node, WEIGHT)) send_weight(node, gz);
    if (tp_needs(node, X)) send_x(node, gz, count);
}

/* ---- forward ---- */

static tp_tensor *linear_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0], *bias = variant == 10 ? NULL : inputs[2];
    tp_activation activation = variant < 10 ? (tp_activation)variant : TP_ACTIVATION_NONE;
    return tp_linear(x, inputs[1], bias, .activation = activation, .negative_slope = 0.2);
}

static const tp_op_sample linear_samples[] = {
    {0, 3, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(5, 4), TP_SHAPE_OF(5)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(4), TP_SHAPE_OF(5, 4), TP_SHAPE_OF(5)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(2, 3, 4), TP_SHAPE_OF(5, 4), TP_SHAPE_OF(5)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(0, 4), TP_SHAPE_OF(5, 4), TP_SHAPE_OF(5)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(3, 0), TP_SHAPE_OF(5, 0), TP_SHAPE_OF(5)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(5, 4), TP_SHAPE_OF(5)}, 0, 0, 0},
    {2, 3, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(5, 4), TP_SHAPE_OF(5)}, 0, 0, 0},
    {3, 3, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(5, 4), TP_SHAPE_OF(5)}, 0, 0, 0},
    {4, 3, {TP_SHAPE_OF(2, 3, 4), TP_SHAPE_OF(17, 4), TP_SHAPE_OF(17)}, 0, 0, 0},
    {10, 2, {TP_SHAPE_OF(3, 4), TP_SHAPE_OF(5, 4)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_linear = {.name = "linear",
                            .backward = linear_backward,
                            .apply = linear_apply,
                            .samples = linear_samples};

/* True where sizes and types fit; reports otherwise. */
static bool linear_fits(tp_location at, const tp_tensor *x, const tp_tensor *w,
                        const tp_tensor *b) {
    bool fits = w->ndim == 2 && x->ndim >= 1 && x->shape[x->ndim - 1] == w->shape[1] &&
                (!b || (b->ndim == 1 && b->shape[0] == w->shape[0]));
    bool typed = tp_is_float_type(x->dtype) && x->dtype == w->dtype && (!b || b->dtype == x->dtype);
    if (TP_LIKELY(fits && typed)) return true;
    const char *got = tp_text("x %s, weight %s%s%s", tp_tensor_text(x), tp_tensor_text(w),
                              b ? " and bias " : "", b ? tp_tensor_text(b) : "");
    if (!fits) {
        bool unflattened = w->ndim == 2 && x->ndim > 2 && x->shape[x->ndim - 1] != w->shape[1];
        tp_fail(at, "linear", TP_ERROR_SHAPE, got, "x (..., in), weight (out, in) and bias (out)",
                unflattened ? "tp_flatten() makes one row of each sample" : NULL);
    } else {
        tp_fail(at, "linear", TP_ERROR_DTYPE, got, "all float32 or all float64",
                "tp_to() converts; images as bytes must become floats first");
    }
    return false;
}

/* What backward will read. */
static void save_for_backward(tp_node *node, tp_tensor *x, tp_tensor *weight, tp_tensor *out,
                              const tp_linear_args *args) {
    int64_t *slot = node->integer;
    slot[SLOT_X] = slot[SLOT_WEIGHT] = slot[SLOT_Y] = -1;
    if (tp_needs(node, WEIGHT)) slot[SLOT_X] = node->n_saved, tp_save(node, x);
    if (tp_needs(node, X)) slot[SLOT_WEIGHT] = node->n_saved, tp_save(node, weight);
    if (args->activation != TP_ACTIVATION_NONE) slot[SLOT_Y] = node->n_saved, tp_save(node, out);
    slot[FORM] = (int64_t)args->activation;
    node->number[0] = args->negative_slope;
}

tp_tensor *tp_linear_at(tp_location at, tp_linear_args args) {
    tp_tensor *x = args.x, *weight = args.weight, *bias = args.bias;
    TP_CHECK(at, "linear", x);
    TP_CHECK(at, "linear", weight);
    if (bias) TP_CHECK(at, "linear", bias);
    if (!linear_fits(at, x, weight, bias)) return tp_poison();
    if (args.negative_slope == 0) args.negative_slope = 0.01;
    rows r;
    if (!rows_of(x, &r)) {
        x = tp_dense(at, "linear", x);
        if (x->poison) return x;
        rows_of(x, &r);
    }
    if (bias && !bias->contiguous) bias = tp_dense(at, "linear", bias);
    tp_shape shape = {.ndim = x->ndim};
    for (int d = 0; d < x->ndim - 1; d++) shape.dims[d] = x->shape[d];
    shape.dims[x->ndim - 1] = weight->shape[0];
    tp_tensor *out = tp_make_shape(at, "linear", x->dtype, shape);
    if (out->poison || (bias && bias->poison)) return tp_poison();
    tp_gemm_args gemm = {.m = r.count,
                         .n = weight->shape[0],
                         .k = r.width,
                         .a = x->data,
                         .a_row = r.row,
                         .a_col = r.col,
                         .b = weight->data,
                         .b_row = weight->stride[1],
                         .b_col = weight->stride[0],
                         .c = out->data,
                         .c_row = weight->shape[0],
                         .alpha = 1,
                         .bias = bias ? bias->data : NULL,
                         .activation = (tp_epilogue)args.activation,
                         .slope = args.negative_slope};
    tp_context *context = tp_ctx();
    if (!context->kernels->gemm[tp_float_index(x->dtype)](tp_context_pool(context), &gemm))
        return tp_fail_memory(at, "linear", 0);
    tp_node *node = tp_record(at, &tp_op_linear, out, 3, (tp_tensor *[]){x, weight, bias});
    if (node) save_for_backward(node, x, weight, out, &args);
    return out;
}
