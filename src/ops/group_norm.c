/* group_norm: the channels of a sample are normalised in groups. Moments and sums are taken plane by plane (one channel of one
 * sample), joined to groups, and every plane is then scaled with numbers of its own. */
#include <math.h>
#include <taper/ops/norm.h>

#include "ops/loop.h"
#include "ops/normalise.h"
#include "ops/noted.h"

enum { X, WEIGHT, BIAS };
enum { SAVED_X, SAVED_STATISTICS, SAVED_WEIGHT };
enum { GROUPS = TP_NOTED_GROUPS }; /* node->integer */
enum { MEAN, SCALE, SHIFT, SLOPE, OFFSET, TABLE_ROWS };

extern const tp_op tp_op_group_norm;

/* (N, C, inner) in groups of `width` channels. */
typedef struct grouping {
    int64_t batch, channels, groups, width, inner;
    tp_norm_layout planes;
} grouping;

static grouping group(const tp_tensor *x, int64_t groups) {
    grouping g = {.batch = x->shape[0], .channels = x->shape[1], .groups = groups, .inner = 1};
    for (int d = 2; d < x->ndim; d++) g.inner *= x->shape[d];
    g.width = g.channels / groups;
    int64_t planes = g.batch * g.channels;
    g.planes = (tp_norm_layout){.rows = planes, .n = g.inner, .period = planes, .parts = 1};
    return g;
}

static double *doubles(const tp_tensor *x) { return (double *)(void *)x->data; }

static tp_tensor *make_doubles(tp_location at, int64_t rows, int64_t columns) {
    return tp_make(at, "group_norm", TP_FLOAT64, 2, (const int64_t[]){rows, columns});
}

/* Mean and sum of squared distances of planes (first, second) to mean and 1 / deviation of groups. */
static void join_groups(const grouping *g, const double *first, const double *second, double eps,
                        double *mean, double *inverse) {
    double n = (double)g->inner, m = n * (double)g->width;
    for (int64_t i = 0; i < g->batch * g->groups; i++) {
        double sum = 0, square = 0;
        for (int64_t c = i * g->width; c < (i + 1) * g->width; c++) sum += first[c];
        mean[i] = sum / (double)g->width;
        for (int64_t c = i * g->width; c < (i + 1) * g->width; c++) {
            double far = first[c] - mean[i];
            square += second[c] + n * far * far;
        }
        inverse[i] = 1 / sqrt(square / m + eps);
    }
}

/* Mean, scale and shift of every plane, (rows, N C) in x's type. */
static tp_tensor *make_table(tp_location at, const grouping *g, tp_dtype dtype,
                             const tp_tensor *statistics, const tp_tensor *weight,
                             const tp_tensor *bias) {
    int64_t planes = g->planes.rows;
    tp_tensor *table = tp_make(at, "group_norm", dtype, 2, (const int64_t[]){TABLE_ROWS, planes});
    if (table->poison) return table;
    const double *mean = doubles(statistics), *inverse = mean + g->batch * g->groups;
    for (int64_t p = 0; p < planes; p++) {
        int64_t i = p / g->width, c = p % g->channels;
        double scale = inverse[i] * (weight ? tp_norm_get(weight->data, dtype, c) : 1);
        double shift = bias ? tp_norm_get(bias->data, dtype, c) : 0;
        tp_norm_set(table->data, dtype, MEAN * planes + p, mean[i]);
        double rest = mean[i] - tp_norm_get(table->data, dtype, MEAN * planes + p);
        tp_norm_set(table->data, dtype, SCALE * planes + p, scale);
        tp_norm_set(table->data, dtype, SHIFT * planes + p, shift - rest * scale);
    }
    return table;
}

static tp_normalise_args table_args(const tp_tensor *table) {
    int64_t row = table->shape[1] * (int64_t)tp_item_size(table->dtype);
    return (tp_normalise_args){.mean = table->data + MEAN * row,
                               .scale = table->data + SCALE * row,
                               .shift = table->data + SHIFT * row};
}

/* ---- forward ---- */

/* Fills out; false when out of memory. */
static bool run_forward(tp_location at, const grouping *g, const tp_group_norm_args *args,
                        tp_tensor *out, tp_tensor *statistics) {
    const tp_tensor *x = args->x;
    const tp_norm_passes *passes = &tp_ctx()->kernels->norm.rows;
    int kind = tp_float_index(x->dtype);
    int64_t planes = g->planes.rows;
    tp_tensor *sums = make_doubles(at, 2, planes);
    if (sums->poison) return false;
    double *first = doubles(sums), *second = first + planes;
    tp_norm_run(&g->planes, passes->moments[kind], x->dtype,
                (tp_normalise_args){.x = x->data, .first = first, .second = second});
    join_groups(g, first, second, args->eps, doubles(statistics),
                doubles(statistics) + g->batch * g->groups);
    tp_free(sums);
    tp_tensor *table = make_table(at, g, x->dtype, statistics, args->weight, args->bias);
    if (table->poison) return false;
    tp_normalise_args pass = table_args(table);
    pass.x = x->data;
    pass.y = out->data;
    tp_norm_run(&g->planes, passes->apply[kind], x->dtype, pass);
    tp_free(table);
    return true;
}

static bool group_norm_fits(tp_location at, const tp_group_norm_args *args) {
    const tp_tensor *x = args->x;
    bool typed = tp_is_float_type(x->dtype);
    if (!typed || x->ndim < 2) {
        tp_fail(at, "group_norm", typed ? TP_ERROR_SHAPE : TP_ERROR_DTYPE, tp_tensor_text(x),
                "(N, C, ...) of float32 or float64", NULL);
        return false;
    }
    int64_t channels = x->shape[1];
    if (args->num_groups < 1 || channels % args->num_groups) {
        tp_fail(at, "group_norm", TP_ERROR_SHAPE,
                tp_text("%s and %lld groups", tp_tensor_text(x), (long long)args->num_groups),
                "a number of channels that the groups divide", NULL);
        return false;
    }
    return tp_norm_fits(at, "group_norm", x, "weight", args->weight, channels) &&
           tp_norm_fits(at, "group_norm", x, "bias", args->bias, channels);
}

tp_tensor *tp_group_norm_at(tp_location at, tp_group_norm_args args) {
    TP_CHECK(at, "group_norm", args.x);
    if (args.weight) TP_CHECK(at, "group_norm", args.weight);
    if (args.bias) TP_CHECK(at, "group_norm", args.bias);
    if (!group_norm_fits(at, &args)) return tp_poison();
    if (args.eps == 0) args.eps = 1e-5;
    args.x = tp_dense(at, "group_norm", args.x);
    if (args.weight) args.weight = tp_dense(at, "group_norm", args.weight);
    if (args.bias) args.bias = tp_dense(at, "group_norm", args.bias);
    tp_tensor *out = tp_make_like(at, "group_norm", args.x);
    if (args.x->poison || out->poison || (args.weight && args.weight->poison) ||
        (args.bias && args.bias->poison))
        return tp_poison();
    grouping g = group(args.x, args.num_groups);
    tp_tensor *statistics = make_doubles(at, 2, g.batch * g.groups);
    if (statistics->poison) return statistics;
    if (args.x->numel > 0 && !run_forward(at, &g, &args, out, statistics)) return tp_poison();
    tp_node *node =
        tp_record(at, &tp_op_group_norm, out, 3, (tp_tensor *[]){args.x, args.weight, args.bias});
    if (node) {
        tp_save(node, args.x);
        tp_save(node, statistics);
        if (args.weight) tp_save(node, args.weight);
        node->integer[GROUPS] = args.num_groups;
        node->number[TP_NOTED_EPS] = args.eps;
    }
    tp_free(statistics); /* the node keeps its bytes */
    return out;
}

/* ---- backward ---- */

/* From the sums of every plane: slope and offset of its part of the gradient of x. */
static void fill_slopes(const grouping *g, tp_tensor *table, const tp_tensor *statistics,
                        const double *first, const double *second) {
    int64_t planes = g->planes.rows;
    double m = (double)(g->width * g->inner);
    const double *inverse = doubles(statistics) + g->batch * g->groups;
    for (int64_t i = 0; i < g->batch * g->groups; i++) {
        double sum = 0, far = 0; /* of g scale and g scale (x - mean) over the group */
        for (int64_t p = i * g->width; p < (i + 1) * g->width; p++) {
            double scale = tp_norm_get(table->data, table->dtype, SCALE * planes + p);
            sum += scale * first[p];
            far += scale * second[p];
        }
        double mean = doubles(statistics)[i];
        double rest = mean - tp_norm_get(table->data, table->dtype, MEAN * planes + i * g->width);
        double slope = -inverse[i] * inverse[i] * far / m, offset = -sum / m - rest * slope;
        for (int64_t p = i * g->width; p < (i + 1) * g->width; p++) {
            tp_norm_set(table->data, table->dtype, SLOPE * planes + p, slope);
            tp_norm_set(table->data, table->dtype, OFFSET * planes + p, offset);
        }
    }
}

static void send_parameters(tp_node *node, const grouping *g, const tp_tensor *statistics,
                            const double *first, const double *second) {
    const double *inverse = doubles(statistics) + g->batch * g->groups;
    for (int i = WEIGHT; i <= BIAS; i++) {
        if (!tp_needs(node, i)) continue;
        tp_tensor *grad = tp_make_like(node->at, "group_norm", node->inputs[i]);
        for (int64_t c = 0; !grad->poison && c < g->channels; c++) {
            double sum = 0;
            for (int64_t p = c; p < g->planes.rows; p += g->channels)
                sum += i == BIAS ? first[p] : second[p] * inverse[p / g->width];
            tp_norm_set(grad->data, grad->dtype, c, sum);
        }
        tp_send(node, i, grad);
    }
}

/* Both passes; poison when out of memory. */
static tp_tensor *pass_back(tp_node *node, const grouping *g, const tp_tensor *x,
                            const tp_tensor *grad, const tp_tensor *weight,
                            const tp_tensor *statistics) {
    const tp_norm_passes *passes = &tp_ctx()->kernels->norm.rows;
    int kind = tp_float_index(x->dtype);
    int64_t planes = g->planes.rows;
    tp_tensor *gx = tp_make_like(node->at, "group_norm", x);
    tp_tensor *sums = make_doubles(node->at, 2, planes);
    tp_tensor *table = make_table(node->at, g, x->dtype, statistics, weight, NULL);
    if (gx->poison || sums->poison || table->poison) return tp_poison();
    double *first = doubles(sums), *second = first + planes;
    tp_normalise_args args = table_args(table);
    args.x = x->data;
    args.g = grad->data;
    args.first = first;
    args.second = second;
    tp_norm_run(&g->planes, passes->grad_sums[kind], x->dtype, args);
    for (int64_t p = 0; p < planes; p++) /* what the mean lost in float32 */
        second[p] -= (doubles(statistics)[p / g->width] -
                      tp_norm_get(table->data, table->dtype, MEAN * planes + p)) *
                     first[p];
    send_parameters(node, g, statistics, first, second);
    fill_slopes(g, table, statistics, first, second);
    int64_t row = planes * (int64_t)tp_item_size(table->dtype);
    args.y = gx->data;
    args.slope = table->data + SLOPE * row;
    args.offset = table->data + OFFSET * row;
    if (tp_needs(node, X)) tp_norm_run(&g->planes, passes->grad_apply[kind], x->dtype, args);
    return gx;
}

static void group_norm_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *x = tp_saved(node, SAVED_X), *statistics = tp_saved(node, SAVED_STATISTICS);
    tp_tensor *weight = node->n_saved > SAVED_WEIGHT ? tp_saved(node, SAVED_WEIGHT) : NULL;
    if (!x || !statistics || (node->n_saved > SAVED_WEIGHT && !weight)) return;
    if (x->numel == 0) {
        for (int i = 0; i < node->n_inputs; i++) {
            if (!tp_needs(node, i)) continue;
            tp_tensor *zero = tp_make_like(node->at, "group_norm", node->inputs[i]);
            if (!zero->poison) tp_fill_elements(zero, 0);
            tp_send(node, i, zero);
        }
        return;
    }
    grouping g = group(x, node->integer[GROUPS]);
    tp_tensor *grad = tp_dense(node->at, "group_norm", grads[0]);
    tp_tensor *gx = grad->poison ? grad : pass_back(node, &g, x, grad, weight, statistics);
    if (tp_needs(node, X) || gx->poison) tp_send(node, X, gx);
}

/* ---- descriptor ---- */

static tp_tensor *group_norm_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 9) return tp_group_norm(inputs[0], 2, .eps = 0.1);
    return tp_group_norm(inputs[0], variant, inputs[1], inputs[2]);
}

static const tp_op_sample group_norm_samples[] = {
    {2, 3, {TP_SHAPE_OF(2, 4, 3), TP_SHAPE_OF(4), TP_SHAPE_OF(4)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(2, 3, 2, 2), TP_SHAPE_OF(3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {3, 3, {TP_SHAPE_OF(1, 3, 2, 5), TP_SHAPE_OF(3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {2, 3, {TP_SHAPE_OF(3, 6), TP_SHAPE_OF(6), TP_SHAPE_OF(6)}, 0, 0, 0},
    {2, 3, {TP_SHAPE_OF(0, 6, 2), TP_SHAPE_OF(6), TP_SHAPE_OF(6)}, 0, 0, 0},
    {9, 1, {TP_SHAPE_OF(2, 4, 20)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_group_norm = {.name = "group_norm",
                                .backward = group_norm_backward,
                                .apply = group_norm_apply,
                                .samples = group_norm_samples};
