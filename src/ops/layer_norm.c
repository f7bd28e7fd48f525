/* layer_norm: every row of the last dimensions is brought to mean 0 and deviation 1. As batch_norm.c, with rows in place of
 * channels, and a weight and a bias for each place in the row. */
#include <math.h>
#include <taper/ops/norm.h>

#include "ops/loop.h"
#include "ops/normalise.h"
#include "ops/noted.h"

enum { X, WEIGHT, BIAS };
enum { SAVED_X, SAVED_STATISTICS, SAVED_WEIGHT };
enum { MEAN, SCALE, SHIFT, SLOPE, OFFSET, TABLE_ROWS };

extern const tp_op tp_op_layer_norm;

/* Rows of n, one set of parameters each. */
static tp_norm_layout row_layout(const tp_tensor *x, int64_t n) {
    int64_t rows = n ? x->numel / n : 0;
    return (tp_norm_layout){.rows = rows, .n = n, .period = rows, .parts = 1};
}

static double *doubles(const tp_tensor *x) { return (double *)(void *)x->data; }

static tp_tensor *make_table(tp_location at, tp_dtype dtype, const tp_tensor *statistics) {
    int64_t rows = statistics->shape[1];
    tp_tensor *table = tp_make(at, "layer_norm", dtype, 2, (const int64_t[]){TABLE_ROWS, rows});
    if (table->poison) return table;
    const double *mean = doubles(statistics), *inverse = mean + rows;
    for (int64_t r = 0; r < rows; r++) {
        tp_norm_set(table->data, dtype, MEAN * rows + r, mean[r]);
        tp_norm_set(table->data, dtype, SCALE * rows + r, inverse[r]);
        double rest = mean[r] - tp_norm_get(table->data, dtype, MEAN * rows + r);
        tp_norm_set(table->data, dtype, SHIFT * rows + r, -rest * inverse[r]);
    }
    return table;
}

static tp_normalise_args table_args(const tp_tensor *table) {
    int64_t row = table->shape[1] * (int64_t)tp_item_size(table->dtype);
    return (tp_normalise_args){.mean = table->data + MEAN * row,
                               .scale = table->data + SCALE * row,
                               .shift = table->data + SHIFT * row,
                               .slope = table->data + SLOPE * row,
                               .offset = table->data + OFFSET * row};
}

/* ---- forward ---- */

/* A parameter as it is, or ones or zeros in its place: the kernels know only one form. */
static tp_tensor *parameter_or(tp_location at, tp_tensor *parameter, const tp_tensor *x, int64_t n,
                               double value) {
    if (parameter) return tp_dense(at, "layer_norm", parameter);
    tp_tensor *constant = tp_make(at, "layer_norm", x->dtype, 1, &n);
    if (!constant->poison) tp_fill_elements(constant, value);
    return constant;
}

static void row_statistics(const tp_norm_layout *layout, const tp_tensor *x, double eps,
                           tp_tensor *statistics) {
    double *mean = doubles(statistics), *inverse = mean + layout->rows;
    tp_norm_run(layout, tp_ctx()->kernels->norm.rows.moments[tp_float_index(x->dtype)], x->dtype,
                (tp_normalise_args){.x = x->data, .first = mean, .second = inverse});
    for (int64_t r = 0; r < layout->rows; r++)
        inverse[r] = 1 / sqrt(inverse[r] / (double)layout->n + eps);
}

static tp_tensor *run_layer_norm(tp_location at, tp_tensor *x, tp_tensor *weight, tp_tensor *bias,
                                 int64_t n, double eps) {
    tp_norm_layout layout = row_layout(x, n);
    tp_tensor *out = tp_make_like(at, "layer_norm", x);
    tp_tensor *statistics =
        tp_make(at, "layer_norm", TP_FLOAT64, 2, (const int64_t[]){2, layout.rows});
    tp_tensor *full = parameter_or(at, weight, x, n, 1), *shift = parameter_or(at, bias, x, n, 0);
    if (out->poison || statistics->poison || full->poison || shift->poison) return tp_poison();
    if (x->numel > 0) {
        row_statistics(&layout, x, eps, statistics);
        tp_tensor *table = make_table(at, x->dtype, statistics);
        if (table->poison) return table;
        tp_normalise_args pass = table_args(table);
        pass.x = x->data;
        pass.y = out->data;
        pass.weight = full->data;
        pass.bias = shift->data;
        tp_norm_run(&layout, tp_ctx()->kernels->norm.rows_affine.apply[tp_float_index(x->dtype)],
                    x->dtype, pass);
        tp_free(table);
    }
    tp_node *node = tp_record(at, &tp_op_layer_norm, out, 3, (tp_tensor *[]){x, weight, bias});
    if (node) {
        tp_save(node, x);
        tp_save(node, statistics);
        tp_save(node, full);
        node->number[TP_NOTED_EPS] = eps;
    }
    tp_free(statistics); /* the node keeps its bytes */
    return out;
}

/* How many elements the last dimensions of x have that normalized_shape names; -1 after an error. */
static int64_t row_length(tp_location at, const tp_layer_norm_args *args) {
    const tp_tensor *x = args->x;
    tp_shape shape = args->normalized_shape;
    bool fits = shape.ndim >= 1 && shape.ndim <= x->ndim;
    int64_t n = 1;
    for (int d = 0; fits && d < shape.ndim; d++) {
        fits = shape.dims[d] == x->shape[x->ndim - shape.ndim + d];
        n *= shape.dims[d];
    }
    const tp_tensor *parameters[2] = {args->weight, args->bias};
    for (int i = 0; fits && i < 2; i++) {
        const tp_tensor *p = parameters[i];
        fits = !p || (p->ndim == shape.ndim && p->numel == n);
        for (int d = 0; fits && p && d < p->ndim; d++) fits = p->shape[d] == shape.dims[d];
    }
    if (fits) return n;
    tp_fail(at, "layer_norm", TP_ERROR_SHAPE,
            tp_text("x %s, normalized_shape %s%s%s", tp_tensor_text(x), tp_shape_text(shape),
                    args->weight ? ", weight " : "",
                    args->weight ? tp_tensor_text(args->weight) : ""),
            "the last dimensions of x, weight and bias in that shape", NULL);
    return -1;
}

tp_tensor *tp_layer_norm_at(tp_location at, tp_layer_norm_args args) {
    tp_tensor *x = args.x, *weight = args.weight, *bias = args.bias;
    TP_CHECK(at, "layer_norm", x);
    if (weight) TP_CHECK(at, "layer_norm", weight);
    if (bias) TP_CHECK(at, "layer_norm", bias);
    int64_t n = row_length(at, &args);
    if (n < 0) return tp_poison();
    if (!tp_is_float_type(x->dtype) || (weight && weight->dtype != x->dtype) ||
        (bias && bias->dtype != x->dtype))
        return tp_fail(at, "layer_norm", TP_ERROR_DTYPE, tp_tensor_text(x),
                       "all float32 or all float64", NULL);
    x = tp_dense(at, "layer_norm", x);
    if (x->poison) return x;
    return run_layer_norm(at, x, weight, bias, n, args.eps != 0 ? args.eps : 1e-5);
}

/* ---- backward ---- */

static void send_parameters(tp_node *node, const tp_norm_layout *rows, tp_normalise_args args,
                            tp_dtype dtype) {
    if (!tp_needs(node, WEIGHT) && !tp_needs(node, BIAS)) return;
    /* the columns' layout: sums of blocks of rows */
    tp_norm_layout layout = tp_norm_layout_of(rows->rows, rows->n, 1);
    tp_tensor *sums = tp_make(node->at, "layer_norm", TP_FLOAT64, 2,
                              (const int64_t[]){2 * layout.parts + 1, rows->n});
    if (sums->poison) return;
    double *total = doubles(sums);
    args.first = total + rows->n;
    args.second = args.first + layout.parts * rows->n;
    tp_norm_run(&layout, tp_ctx()->kernels->norm.column_grads[tp_float_index(dtype)], dtype, args);
    const double *parts[] = {NULL, args.first, args.second};
    for (int i = WEIGHT; i <= BIAS; i++) {
        if (!tp_needs(node, i)) continue;
        tp_tensor *grad =
            tp_make(node->at, "layer_norm", dtype, node->inputs[i]->ndim, node->inputs[i]->shape);
        tp_norm_join_sums(&layout, parts[i], total);
        for (int64_t c = 0; !grad->poison && c < rows->n; c++)
            tp_norm_set(grad->data, dtype, c, total[c]);
        tp_send(node, i, grad);
    }
    tp_free(sums);
}

static void send_x(tp_node *node, const tp_norm_layout *layout, tp_normalise_args args,
                   tp_tensor *table, const tp_tensor *statistics) {
    tp_tensor *gx = tp_make_like(node->at, "layer_norm", node->inputs[X]);
    tp_tensor *sums =
        tp_make(node->at, "layer_norm", TP_FLOAT64, 2, (const int64_t[]){2, layout->rows});
    if (!gx->poison && !sums->poison) {
        const tp_norm_passes *passes = &tp_ctx()->kernels->norm.rows_affine;
        int kind = tp_float_index(gx->dtype);
        const double *mean = doubles(statistics), *inverse = mean + layout->rows;
        double n = (double)layout->n;
        args.first = doubles(sums);
        args.second = args.first + layout->rows;
        tp_norm_run(layout, passes->grad_sums[kind], gx->dtype, args);
        for (int64_t r = 0; r < layout->rows; r++) {
            double rest = mean[r] - tp_norm_get(table->data, table->dtype, r);
            double far = args.second[r] - rest * args.first[r];
            double slope = -inverse[r] * inverse[r] * inverse[r] * far / n;
            double offset = -inverse[r] * args.first[r] / n - rest * slope;
            tp_norm_set(table->data, table->dtype, SLOPE * layout->rows + r, slope);
            tp_norm_set(table->data, table->dtype, OFFSET * layout->rows + r, offset);
        }
        args.y = gx->data;
        tp_norm_run(layout, passes->grad_apply[kind], gx->dtype, args);
    }
    tp_send(node, X, sums->poison ? sums : gx);
    tp_free(sums);
}

static void layer_norm_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *x = tp_saved(node, SAVED_X), *statistics = tp_saved(node, SAVED_STATISTICS);
    tp_tensor *weight = tp_saved(node, SAVED_WEIGHT);
    if (!x || !statistics || !weight) return;
    if (x->numel == 0) {
        for (int i = 0; i < node->n_inputs; i++) {
            if (!tp_needs(node, i)) continue;
            tp_tensor *zero = tp_make_like(node->at, "layer_norm", node->inputs[i]);
            if (!zero->poison) tp_fill_elements(zero, 0);
            tp_send(node, i, zero);
        }
        return;
    }
    tp_norm_layout layout = row_layout(x, weight->numel);
    tp_tensor *g = tp_dense(node->at, "layer_norm", grads[0]);
    tp_tensor *table = make_table(node->at, x->dtype, statistics);
    if (g->poison || table->poison) {
        tp_send(node, X, tp_poison());
        return;
    }
    tp_normalise_args args = table_args(table);
    args.x = x->data;
    args.g = g->data;
    args.weight = weight->data;
    send_parameters(node, &layout, args, x->dtype);
    if (tp_needs(node, X)) send_x(node, &layout, args, table, statistics);
}

/* ---- descriptor ---- */

static tp_tensor *layer_norm_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0];
    tp_shape shape = {.ndim = variant ? 1 : 2};
    for (int d = 0; d < shape.ndim; d++) shape.dims[d] = x->shape[x->ndim - shape.ndim + d];
    if (variant == 2) return tp_layer_norm(x, shape, .eps = 0.1);
    return tp_layer_norm(x, shape, inputs[1], inputs[2]);
}

static const tp_op_sample layer_norm_samples[] = {
    {0, 3, {TP_SHAPE_OF(3, 2, 4), TP_SHAPE_OF(2, 4), TP_SHAPE_OF(2, 4)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(3, 19), TP_SHAPE_OF(19), TP_SHAPE_OF(19)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(5), TP_SHAPE_OF(5), TP_SHAPE_OF(5)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(0, 5), TP_SHAPE_OF(5), TP_SHAPE_OF(5)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(2, 3, 4)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_layer_norm = {.name = "layer_norm",
                                .backward = layer_norm_backward,
                                .apply = layer_norm_apply,
                                .samples = layer_norm_samples};
