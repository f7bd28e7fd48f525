/* batch_norm: two passes forward (moments, result), two backward (sums, gradient of x), and the activation in them.
 *
 * With far = x - mean and scale = weight / sqrt(var + eps): y = far scale + bias, and in training, over the m elements of a channel,
 * dx = scale (dy - sum(dy) / m - far sum(dy far) / (m (var + eps))). */
#include "ops/batch_norm.h"

#include <math.h>

#include "ops/loop.h"
#include "ops/noted.h"

/* Inputs. No gradient goes to the running values; they are there for whoever reads the graph, as eps is. */
enum { X, WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, LEFT_OUT, INPUTS };
enum {
    SAVED_X,
    SAVED_STATISTICS,
    SAVED_TAPS
}; /* slots; taps only of a pool; weight and bias follow */
/* node->integer, behind the windows of the pool; slots are -1 where nothing was saved */
enum { FLAGS = TP_NOTED_NORM_FLAGS, WEIGHT_SLOT, BIAS_SLOT };
enum { TRAINING = 1, RELU = TP_NOTED_NORM_RELU, POOLED = TP_NOTED_NORM_POOLED }; /* flags */
/* Statistics are (2, C) float64: the mean, and 1 / sqrt(var + eps). */
enum { TABLE_MEAN, TABLE_SCALE, TABLE_SHIFT, TABLE_SLOPE, TABLE_OFFSET, TABLE_ROWS };

extern const tp_op tp_op_batch_norm;

/* (N, C, ...) as (N, C, inner); in planes whatever their size where a pool follows. */
static tp_norm_layout layout_of(const tp_tensor *x, bool planes) {
    int64_t inner = 1;
    for (int d = 2; d < x->ndim; d++) inner *= x->shape[d];
    if (inner == 1 && planes)
        return (tp_norm_layout){
            .rows = x->shape[0] * x->shape[1], .n = 1, .period = x->shape[1], .parts = x->shape[0]};
    return tp_norm_layout_of(x->shape[0], x->shape[1], inner);
}

static double *doubles(const tp_tensor *x) { return (double *)(void *)x->data; }

static tp_tensor *make_doubles(tp_location at, int64_t rows, int64_t columns) {
    return tp_make(at, "batch_norm", TP_FLOAT64, 2, (const int64_t[]){rows, columns});
}

/* What the mean lost on its way into the table of float32: large against a deviation that is small against the mean. */
static double mean_rest(const tp_tensor *table, const double *mean, int64_t c) {
    return mean[c] - tp_norm_get(table->data, table->dtype, TABLE_MEAN * table->shape[1] + c);
}

/* The parameters of a pass, (rows, C) in x's type: mean, scale and shift of each channel, and room for slope and offset. */
static tp_tensor *make_table(tp_location at, tp_dtype dtype, const tp_tensor *statistics,
                             const tp_tensor *weight, const tp_tensor *bias) {
    int64_t channels = statistics->shape[1];
    const double *mean = doubles(statistics), *inverse = mean + channels;
    tp_tensor *table = tp_make(at, "batch_norm", dtype, 2, (const int64_t[]){TABLE_ROWS, channels});
    if (table->poison) return table;
    for (int64_t c = 0; c < channels; c++) {
        double scale = inverse[c] * (weight ? tp_norm_get(weight->data, dtype, c) : 1);
        double shift = bias ? tp_norm_get(bias->data, dtype, c) : 0;
        tp_norm_set(table->data, dtype, TABLE_MEAN * channels + c, mean[c]);
        tp_norm_set(table->data, dtype, TABLE_SCALE * channels + c, scale);
        tp_norm_set(table->data, dtype, TABLE_SHIFT * channels + c,
                    shift - mean_rest(table, mean, c) * scale);
    }
    return table;
}

static const void *table_row(const tp_tensor *table, int row) {
    return table->data + row * table->shape[1] * (int64_t)tp_item_size(table->dtype);
}

static tp_normalise_args table_args(const tp_tensor *table) {
    return (tp_normalise_args){.mean = table_row(table, TABLE_MEAN),
                               .scale = table_row(table, TABLE_SCALE),
                               .shift = table_row(table, TABLE_SHIFT)};
}

/* ---- forward ---- */

/* running = (1 - momentum) running + momentum (batch factor + offset); offset may be NULL. */
static bool move_running(tp_location at, tp_tensor *running, double momentum, const double *batch,
                         double factor, const tp_tensor *offset) {
    if (!running) return true;
    if (!tp_begin_edit(at, "batch_norm", running)) return false;
    for (int64_t c = 0; c < running->numel; c++) {
        int64_t place = c * running->stride[0];
        double old = tp_norm_get(running->data, running->dtype, place);
        double value = batch[c] * factor;
        if (offset) value += tp_norm_get(offset->data, offset->dtype, c * offset->stride[0]);
        tp_norm_set(running->data, running->dtype, place, (1 - momentum) * old + momentum * value);
    }
    return true;
}

/* Mean and sum of squared distances from sums that somebody else took. False where a mean is so large against the deviation
 * that their difference says little: then a pass over x has to tell. */
static bool moments_from_sums(const double *sums, int64_t channels, double m, double *mean,
                              double *square) {
    for (int64_t c = 0; c < channels; c++) {
        double whole = sums[channels + c];
        mean[c] = sums[c] / m;
        square[c] = whole - sums[c] * mean[c];
        if (!(square[c] > 1e-3 * whole) && whole > 0) return false;
        if (square[c] < 0) square[c] = 0;
    }
    return true;
}

/* The same by a pass over x. False when out of memory. */
static bool moments_of(tp_location at, const tp_norm_layout *layout, const tp_tensor *x,
                       double *mean, double *square) {
    int64_t channels = layout->period, parts = layout->parts;
    tp_tensor *sums = make_doubles(at, 2 * parts, channels);
    if (sums->poison) return false;
    double *first = doubles(sums), *second = first + parts * channels;
    tp_norm_run(layout, tp_norm_passes_of(layout)->moments[tp_float_index(x->dtype)], x->dtype,
                (tp_normalise_args){.x = x->data, .first = first, .second = second});
    tp_norm_join_moments(layout, first, second, mean, square);
    tp_free(sums);
    return true;
}

/* Mean and 1 / sqrt(var + eps) of the batch; moves the running values. */
static bool batch_statistics(tp_location at, const tp_norm_layout *layout, tp_batch_norm_call *call,
                             tp_tensor *statistics) {
    const tp_batch_norm_args *args = &call->args;
    const tp_tensor *x = args->x;
    int64_t channels = layout->period;
    double *mean = doubles(statistics), *square = mean + channels;
    int64_t each = x->numel / channels; /* elements of a channel */
    double m = (double)each;
    bool counted = call->sums && moments_from_sums(call->sums, channels, m, mean, square);
    if (!counted && !moments_of(at, layout, x, mean, square)) return false;
    if (!move_running(at, args->running_mean, args->momentum, mean, 1, call->left_out) ||
        !move_running(at, args->running_var, args->momentum, square, 1 / (m - 1), NULL))
        return false;
    for (int64_t c = 0; c < channels; c++) square[c] = 1 / sqrt(square[c] / m + args->eps);
    return true;
}

static void running_statistics(const tp_batch_norm_args *args, tp_tensor *statistics) {
    int64_t channels = statistics->shape[1];
    double *mean = doubles(statistics), *inverse = mean + channels;
    const tp_tensor *middle = args->running_mean, *var = args->running_var;
    for (int64_t c = 0; c < channels; c++) {
        mean[c] = tp_norm_get(middle->data, middle->dtype, c * middle->stride[0]);
        inverse[c] = 1 / sqrt(tp_norm_get(var->data, var->dtype, c * var->stride[0]) + args->eps);
    }
}

static bool batch_norm_fits(tp_location at, const tp_batch_norm_args *args) {
    const tp_tensor *x = args->x;
    if (x->ndim < 2 || !tp_is_float_type(x->dtype)) {
        tp_fail(at, "batch_norm", x->ndim < 2 ? TP_ERROR_SHAPE : TP_ERROR_DTYPE, tp_tensor_text(x),
                "(N, C, ...) of float32 or float64", NULL);
        return false;
    }
    int64_t channels = x->shape[1];
    if (!tp_norm_fits(at, "batch_norm", x, "running_mean", args->running_mean, channels) ||
        !tp_norm_fits(at, "batch_norm", x, "running_var", args->running_var, channels) ||
        !tp_norm_fits(at, "batch_norm", x, "weight", args->weight, channels) ||
        !tp_norm_fits(at, "batch_norm", x, "bias", args->bias, channels))
        return false;
    if (args->activation != TP_ACTIVATION_NONE && args->activation != TP_ACTIVATION_RELU) {
        tp_fail(at, "batch_norm", TP_ERROR_ARGUMENT, "an activation that it cannot apply",
                "TP_ACTIVATION_NONE or _RELU", NULL);
        return false;
    }
    if (!args->training && (!args->running_mean || !args->running_var)) {
        tp_fail(at, "batch_norm", TP_ERROR_ARGUMENT, "no running_mean or no running_var",
                "both, or .training = true", NULL);
        return false;
    }
    if (!args->training || x->numel != channels || channels == 0) return true;
    tp_fail(at, "batch_norm", TP_ERROR_SHAPE, tp_tensor_text(x),
            "more than one value a channel in training",
            "the variance of a single value is 0: a last batch of one sample? drop_last leaves it "
            "out");
    return false;
}

/* Contiguous, all of them; false when out of memory. */
static bool make_dense(tp_location at, tp_batch_norm_args *args) {
    args->x = tp_dense(at, "batch_norm", args->x);
    if (args->weight) args->weight = tp_dense(at, "batch_norm", args->weight);
    if (args->bias) args->bias = tp_dense(at, "batch_norm", args->bias);
    return !args->x->poison && !(args->weight && args->weight->poison) &&
           !(args->bias && args->bias->poison);
}

static void save_for_backward(tp_node *node, const tp_batch_norm_call *call, tp_tensor *statistics,
                              tp_tensor *taps, const tp_pooling_args *pooling) {
    const tp_batch_norm_args *args = &call->args;
    bool relu = args->activation == TP_ACTIVATION_RELU;
    tp_save(node, args->x);
    tp_save(node, statistics);
    if (taps) {
        tp_save(node, taps);
        tp_pool_note(node, pooling);
    }
    node->integer[FLAGS] =
        (args->training ? TRAINING : 0) | (relu ? RELU : 0) | (taps ? POOLED : 0);
    node->number[TP_NOTED_EPS] = args->eps;
    node->integer[WEIGHT_SLOT] = node->integer[BIAS_SLOT] = -1;
    if (args->weight) {
        node->integer[WEIGHT_SLOT] = node->n_saved;
        tp_save(node, args->weight);
    }
    if (args->bias && relu) {
        node->integer[BIAS_SLOT] = node->n_saved;
        tp_save(node, args->bias);
    }
}

/* The last pass: normalised, activated, pooled. False when out of memory. */
static bool apply(tp_location at, const tp_norm_layout *layout, const tp_batch_norm_call *call,
                  const tp_tensor *statistics, tp_tensor *out, tp_tensor *taps,
                  tp_pooling_args *pooling) {
    const tp_batch_norm_args *args = &call->args;
    const tp_tensor *x = args->x;
    int kind = tp_float_index(x->dtype);
    tp_tensor *table = make_table(at, x->dtype, statistics, args->weight, args->bias);
    if (table->poison) return false;
    tp_normalise_args pass = table_args(table);
    pass.x = x->data;
    pass.y = out->data;
    pass.relu = args->activation == TP_ACTIVATION_RELU;
    tp_norm_fn kernel = tp_norm_passes_of(layout)->apply[kind];
    bool fine = true;
    if (call->window) {
        pooling->y = out->data;
        pooling->taps = taps ? taps->data : NULL;
        tp_norm_pool both = {.norm = tp_ctx()->kernels->norm.rows.apply[kind],
                             .args = pass,
                             .pool = tp_ctx()->kernels->pool.max[kind],
                             .pooling = *pooling};
        fine = tp_norm_pool_run(at, &both, layout, x->dtype);
    } else {
        tp_norm_run(layout, kernel, x->dtype, pass);
    }
    tp_free(table);
    return fine;
}

/* All that is checked and contiguous. */
static tp_tensor *normalise(tp_location at, tp_batch_norm_call *call) {
    const tp_batch_norm_args *args = &call->args;
    tp_tensor *x = args->x, *taps = NULL;
    tp_tensor *inputs[INPUTS] = {
        x, args->weight, args->bias, args->running_mean, args->running_var, call->left_out};
    tp_pooling_args pooling = {0};
    tp_shape shape = tp_shape_copy(x);
    if (call->window)
        shape = tp_pool_fit(at, "max_pool2d", shape, 2, call->window, call->ceil_mode, &pooling);
    if (shape.ndim < 0) return tp_poison();
    tp_tensor *out = tp_make_shape(at, "batch_norm", x->dtype, shape);
    tp_tensor *statistics = make_doubles(at, 2, x->shape[1]);
    if (call->window && tp_would_record(INPUTS, inputs))
        taps =
            tp_make_shape(at, "batch_norm", tp_pool_small(&pooling) ? TP_UINT8 : TP_INT32, shape);
    if (out->poison || statistics->poison || (taps && taps->poison)) return tp_poison();
    tp_norm_layout layout = layout_of(x, call->window != NULL);
    if (x->numel > 0) {
        if (!args->training)
            running_statistics(args, statistics);
        else if (!batch_statistics(at, &layout, call, statistics))
            return tp_poison();
        if (!apply(at, &layout, call, statistics, out, taps, &pooling)) return tp_poison();
    }
    tp_node *node = tp_record(at, &tp_op_batch_norm, out, INPUTS, inputs);
    if (node) save_for_backward(node, call, statistics, taps, &pooling);
    tp_free(statistics); /* the node keeps the bytes of both */
    if (taps) tp_free(taps);
    return out;
}

tp_tensor *tp_batch_norm_run(tp_location at, tp_batch_norm_call *call) {
    tp_batch_norm_args *args = &call->args;
    tp_tensor *all[] = {args->weight, args->bias, args->running_mean, args->running_var};
    TP_CHECK(at, "batch_norm", args->x);
    for (int i = 0; i < 4; i++)
        if (all[i]) TP_CHECK(at, "batch_norm", all[i]);
    if (args->momentum == 0) args->momentum = 0.1;
    if (args->eps == 0) args->eps = 1e-5;
    if (!batch_norm_fits(at, args) || !make_dense(at, args)) return tp_poison();
    return normalise(at, call);
}

tp_tensor *tp_batch_norm_at(tp_location at, tp_batch_norm_args args) {
    return tp_batch_norm_run(at, &(tp_batch_norm_call){.args = args});
}

/* ---- backward ---- */

/* Where the gradients of weight or bias are to be computed: sends sum * factor for each channel. */
static void send_sums(tp_node *node, int input, const double *sum, const double *factor) {
    if (!tp_needs(node, input)) return;
    const tp_tensor *parameter = node->inputs[input];
    tp_tensor *grad = tp_make_like(node->at, "batch_norm", parameter);
    for (int64_t c = 0; !grad->poison && c < grad->numel; c++)
        tp_norm_set(grad->data, grad->dtype, c, sum[c] * (factor ? factor[c] : 1));
    tp_send(node, input, grad);
}

/* Slope and offset of the gradient of x, for far = x - mean. */
static void fill_slopes(tp_tensor *table, const double *sum_g, const double *sum_far,
                        const double *mean, double m) {
    int64_t channels = table->shape[1];
    const double *inverse = mean + channels;
    for (int64_t c = 0; c < channels; c++) {
        double scale = tp_norm_get(table_row(table, TABLE_SCALE), table->dtype, c);
        double slope = -scale * inverse[c] * inverse[c] * sum_far[c] / m;
        tp_norm_set(table->data, table->dtype, TABLE_SLOPE * channels + c, slope);
        tp_norm_set(table->data, table->dtype, TABLE_OFFSET * channels + c,
                    -scale * sum_g[c] / m - mean_rest(table, mean, c) * slope);
    }
}

/* What backward has found out about a call. */
typedef struct backward {
    tp_node *node;
    tp_norm_layout layout;
    tp_tensor *x, *g, *statistics, *table, *taps;
    int64_t flags;
} backward;

/* One of the passes, from the gradient as it is or spread out behind a pool. False when out of memory. */
static bool run_pass(const backward *b, tp_norm_fn kernel, tp_normalise_args args) {
    tp_dtype dtype = b->x->dtype;
    if (!b->taps) {
        tp_norm_run(&b->layout, kernel, dtype, args);
        return true;
    }
    tp_norm_pool both = {.norm = kernel,
                         .args = args,
                         .pool = tp_ctx()->kernels->pool.max_grad[tp_float_index(dtype)],
                         .pooling = tp_pool_noted(b->node, b->x, b->g, 2),
                         .back = true};
    both.pooling.x = b->g->data;
    both.pooling.taps = b->taps->data;
    return tp_norm_pool_run(b->node->at, &both, &b->layout, dtype);
}

/* Both passes; sums has room for 2 + 2 parts rows. False when out of memory. */
static bool run_passes(const backward *b, double *sums, tp_tensor *gx) {
    tp_node *node = b->node;
    int kind = tp_float_index(b->x->dtype);
    int64_t channels = b->layout.period, parts = b->layout.parts;
    const tp_norm_passes *passes =
        b->taps ? &tp_ctx()->kernels->norm.rows : tp_norm_passes_of(&b->layout);
    const double *mean = doubles(b->statistics);
    double *sum_g = sums, *sum_far = sum_g + channels;
    tp_normalise_args args = table_args(b->table);
    args.x = b->x->data;
    args.g = b->g->data;
    args.relu = (b->flags & RELU) != 0;
    if ((b->flags & TRAINING) || tp_needs(node, WEIGHT) || tp_needs(node, BIAS)) {
        args.first = sum_far + channels;
        args.second = args.first + parts * channels;
        if (!run_pass(b, passes->grad_sums[kind], args)) return false;
        tp_norm_join_sums(&b->layout, args.first, sum_g);
        tp_norm_join_sums(&b->layout, args.second, sum_far);
        for (int64_t c = 0; c < channels; c++)
            sum_far[c] -= mean_rest(b->table, mean, c) * sum_g[c];
    }
    send_sums(node, WEIGHT, sum_far, mean + channels);
    send_sums(node, BIAS, sum_g, NULL);
    if (!gx) return true;
    args.y = gx->data;
    args.first = args.second = NULL;
    if (b->flags & TRAINING) {
        int64_t each = b->x->numel / channels; /* elements of a channel */
        fill_slopes(b->table, sum_g, sum_far, mean, (double)each);
        args.slope = table_row(b->table, TABLE_SLOPE);
        args.offset = table_row(b->table, TABLE_OFFSET);
    }
    return run_pass(b, passes->grad_apply[kind], args);
}

static void send_zeros(tp_node *node, int input) {
    if (!tp_needs(node, input)) return;
    tp_tensor *zero = tp_make_like(node->at, "batch_norm", node->inputs[input]);
    if (!zero->poison) tp_fill_elements(zero, 0);
    tp_send(node, input, zero);
}

static void batch_norm_backward(tp_node *node, tp_tensor *const *grads) {
    backward b = {.node = node, .flags = node->integer[FLAGS]};
    b.x = tp_saved(node, SAVED_X);
    b.statistics = tp_saved(node, SAVED_STATISTICS);
    if (b.flags & POOLED) b.taps = tp_saved(node, SAVED_TAPS);
    int weight_slot = (int)node->integer[WEIGHT_SLOT], bias_slot = (int)node->integer[BIAS_SLOT];
    tp_tensor *weight = weight_slot < 0 ? NULL : tp_saved(node, weight_slot);
    tp_tensor *bias = bias_slot < 0 ? NULL : tp_saved(node, bias_slot);
    if (!b.x || !b.statistics || (weight_slot >= 0 && !weight) || (bias_slot >= 0 && !bias)) return;
    send_zeros(node, LEFT_OUT);
    if (b.x->numel == 0) {
        for (int i = X; i <= BIAS; i++) send_zeros(node, i);
        return;
    }
    b.layout = layout_of(b.x, b.taps != NULL);
    b.g = tp_dense(node->at, "batch_norm", grads[0]);
    b.table = make_table(node->at, b.x->dtype, b.statistics, weight, bias);
    tp_tensor *gx = tp_needs(node, X) ? tp_make_like(node->at, "batch_norm", b.x) : NULL;
    tp_tensor *sums = make_doubles(node->at, 2 * b.layout.parts + 2, b.layout.period);
    bool fine = !b.g->poison && !b.table->poison && !(gx && gx->poison) && !sums->poison &&
                run_passes(&b, doubles(sums), gx);
    if (gx || !fine) tp_send(node, X, fine ? gx : tp_poison());
}

/* ---- descriptor ---- */

static tp_tensor *batch_norm_apply(tp_tensor *const *inputs, int variant) {
    tp_tensor *x = inputs[0];
    if (variant == 3) return tp_batch_norm(x, .training = true, .eps = 0.1);
    if (variant == 2) { /* evaluation: mean and variance are given */
        tp_shape channels = tp_shape(x->shape[1]);
        tp_tensor *mean = tp_full(channels, 0.25, .dtype = x->dtype);
        tp_tensor *var = tp_full(channels, 0.5, .dtype = x->dtype);
        return tp_batch_norm(x, mean, var, inputs[1], inputs[2]);
    }
    return tp_batch_norm(x, .weight = inputs[1], .bias = inputs[2], .training = true,
                         .activation = variant ? TP_ACTIVATION_RELU : TP_ACTIVATION_NONE);
}

static const tp_op_sample batch_norm_samples[] = {
    {0, 3, {TP_SHAPE_OF(3, 2, 4, 3), TP_SHAPE_OF(2), TP_SHAPE_OF(2)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(5, 3), TP_SHAPE_OF(3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(2, 3, 5), TP_SHAPE_OF(3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(2, 19, 1, 1), TP_SHAPE_OF(19), TP_SHAPE_OF(19)}, 0, 0, 0},
    {0, 3, {TP_SHAPE_OF(0, 3, 5), TP_SHAPE_OF(3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(3, 2, 4, 3), TP_SHAPE_OF(2), TP_SHAPE_OF(2)}, 0, 0, 0},
    {1, 3, {TP_SHAPE_OF(6, 5), TP_SHAPE_OF(5), TP_SHAPE_OF(5)}, 0, 0, 0},
    {2, 3, {TP_SHAPE_OF(2, 3, 2, 2), TP_SHAPE_OF(3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {2, 3, {TP_SHAPE_OF(1, 3), TP_SHAPE_OF(3), TP_SHAPE_OF(3)}, 0, 0, 0},
    {3, 1, {TP_SHAPE_OF(3, 2, 20)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_batch_norm = {.name = "batch_norm",
                                .backward = batch_norm_backward,
                                .apply = batch_norm_apply,
                                .samples = batch_norm_samples};
