/* Cross entropy on logits. Forward works out the gradient as well, while the row is at hand; backward hands it on.
 *
 * The kernel wants rows of logits: classes that are not the last dimension are moved there, (N, C, d1, ...) to
 * (N, d1, ..., C), and the gradient is seen through the strides that undo it. */
#include "nn/losses/loss.h"

enum {
    SLOT_INPUT,
    SLOT_TARGET,
    APART
}; /* node->integer: where the gradients were saved, -1 if not; reduction none */
enum { INPUT, TARGET };
enum { SPLIT = 1 << 14 }; /* logits that are worth another thread */

typedef struct rows_task {
    tp_cross_entropy_rows rows;
    void (*kernel)(const tp_cross_entropy_rows *rows);
    int64_t item;
} rows_task;

static void run_rows(void *arg, int64_t begin, int64_t end) {
    const rows_task *t = arg;
    tp_cross_entropy_rows r = t->rows;
    int64_t offset = begin * r.classes * t->item;
    r.rows = end - begin;
    r.logits = (const char *)r.logits + offset;
    if (r.label) r.label += begin;
    if (r.probability) r.probability = (const char *)r.probability + offset;
    r.loss = (char *)r.loss + begin * t->item;
    if (r.gradient) r.gradient = (char *)r.gradient + offset;
    if (r.target_gradient) r.target_gradient = (char *)r.target_gradient + offset;
    t->kernel(&r);
}

/* x (N, C, d1, ...) with the classes last, contiguous. */
static tp_tensor *classes_last(tp_location at, tp_tensor *x) {
    if (x->ndim <= 2) return tp_packed(at, "cross_entropy", x);
    tp_shape shape = tp_shape_copy(x);
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++) {
        int from = d == 0 ? 0 : d == x->ndim - 1 ? 1 : d + 1;
        shape.dims[d] = x->shape[from];
        stride[d] = x->stride[from];
    }
    return tp_packed(at, "cross_entropy", tp_make_view(at, "cross_entropy", x, shape, stride, 0));
}

/* The way back: rows seen in the shape of x. */
static tp_tensor *classes_second(tp_location at, tp_tensor *rows, const tp_tensor *x) {
    if (x->ndim <= 2) return rows;
    int64_t stride[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        stride[d] = rows->stride[d == 0 ? 0 : d == 1 ? x->ndim - 1 : d - 1];
    return tp_make_view(at, "cross_entropy", rows, tp_shape_copy(x), stride, 0);
}

/* Runs the kernel over all rows; losses is (rows) and gets the loss of each. */
static void run(tp_cross_entropy_rows *r, tp_dtype dtype) {
    tp_context *context = tp_ctx();
    rows_task task = {*r, context->kernels->loss.cross_entropy[tp_float_index(dtype)],
                      (int64_t)tp_item_size(dtype)};
    int64_t grain = r->classes ? SPLIT / r->classes : 1;
    if (r->rows <= grain)
        task.kernel(r);
    else
        tp_parallel_for(tp_context_pool(context), r->rows, grain > 1 ? grain : 1, run_rows, &task);
}

/* The losses of the rows as the reduction wants them. */
static tp_tensor *result(tp_location at, tp_tensor *losses, tp_shape shape, tp_reduction reduction,
                         double count) {
    if (reduction == TP_REDUCTION_NONE) {
        int64_t stride[TP_MAX_DIMS];
        tp_contiguous_strides(shape.ndim, shape.dims, stride);
        return shape.ndim == 1 ? losses
                               : tp_make_view(at, "cross_entropy", losses, shape, stride, 0);
    }
    tp_tensor *out = tp_reduce_run(at, "cross_entropy", TP_REDUCE_SUM, losses, 1, false, count);
    tp_free(losses);
    return out;
}

/* Rows with the classes last for a gradient, let go by its scope: the node alone holds it. */
static tp_tensor *gradient_for(tp_location at, const tp_tensor *rows, bool wanted) {
    return wanted ? tp_make_like(at, "cross_entropy", rows) : NULL;
}

static int save_gradient(tp_node *node, tp_tensor *gradient) {
    if (!gradient) return -1;
    tp_save(node, gradient);
    tp_free(gradient);
    return node->n_saved - 1;
}

static void cross_entropy_backward(tp_node *node, tp_tensor *const *grads) {
    for (int i = INPUT; i <= TARGET; i++) {
        if (node->integer[i] < 0 || !tp_needs(node, i)) continue;
        tp_tensor *saved = tp_saved(node, (int)node->integer[i]), *x = node->inputs[i],
                  *g = grads[0];
        if (!saved) return;
        saved = classes_second(node->at, saved, x);
        if (node->integer[APART] && !saved->poison)
            g = tp_expand_reduced(node->at, "cross_entropy", g, x, 1u << (x->ndim == 1 ? 0 : 1));
        tp_send(node, i, saved->poison || g->poison ? tp_poison() : tp_loss_scaled(node, saved, g));
    }
}

/* Logits alone, or logits and probabilities that softmax makes of the second input. */
static tp_tensor *cross_entropy_apply(tp_tensor *const *inputs, int variant) {
    static const int64_t numbers[] = {1, 0, 2, -100};
    tp_shape shape = tp_shape_copy(inputs[0]);
    if (shape.ndim > 1) {
        for (int d = 1; d + 1 < shape.ndim; d++) shape.dims[d] = shape.dims[d + 1];
    }
    shape.ndim--;
    tp_tensor *labels = tp_from_data(numbers, shape, TP_INT64);
    static const double weights[] = {0.5, 2, 1};
    switch (variant) {
    case 1: return tp_cross_entropy(inputs[0], labels, .reduction = TP_REDUCTION_NONE);
    case 2:
        return tp_cross_entropy(inputs[0], labels, tp_from_data(weights, tp_shape(3), TP_FLOAT64),
                                .label_smoothing = 0.2, .ignore_index = TP_IGNORE(0));
    case 3: return tp_cross_entropy(inputs[0], inputs[1], .label_smoothing = 0.1);
    case 4:
        return tp_cross_entropy(inputs[0], inputs[1],
                                tp_from_data(weights, tp_shape(3), TP_FLOAT64),
                                .reduction = TP_REDUCTION_NONE);
    default: return tp_cross_entropy(inputs[0], labels);
    }
}
static const tp_op_sample cross_entropy_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(3, 3)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(3)}, 0, 0, 0},
    {3, 2, {TP_SHAPE_OF(2, 3), TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {4, 2, {TP_SHAPE_OF(2, 3, 2), TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_cross_entropy = {"cross_entropy", cross_entropy_backward, NULL,
                                   cross_entropy_apply, cross_entropy_samples};

/* Labels or probabilities: checks them and fills in the row task. False after reporting. */
static bool take_target(tp_location at, const tp_cross_entropy_args *args, tp_labels *l,
                        tp_cross_entropy_rows *r, double *count) {
    tp_tensor *x = args->input, *target = args->target;
    bool probabilities = tp_is_float_type(target->dtype) && tp_shapes_equal(x, target);
    if (!probabilities) {
        if (!tp_labels_check(at, "cross_entropy", x, target, l)) return false;
        r->label = (const int64_t *)(const void *)l->labels->data;
        *count = l->weight;
        return true;
    }
    if (args->ignore_index) {
        tp_fail(at, "cross_entropy", TP_ERROR_ARGUMENT, ".ignore_index with probabilities",
                "labels", NULL);
        return false;
    }
    if (!tp_loss_alike(at, "cross_entropy", x, target)) return false;
    tp_tensor *rows = classes_last(at, target);
    if (rows->poison) return false;
    r->probability = rows->data;
    *count = (double)(l->a.outer * l->a.inner);
    return true;
}

tp_tensor *tp_cross_entropy_at(tp_location at, tp_cross_entropy_args args) {
    tp_tensor *x = args.input, *target = args.target;
    TP_CHECK(at, "cross_entropy", x);
    TP_CHECK(at, "cross_entropy", target);
    tp_labels l = {.ignore = args.ignore_index == 0           ? -100
                             : args.ignore_index == INT64_MIN ? 0
                                                              : args.ignore_index};
    tp_cross_entropy_rows r = {.smoothing = args.label_smoothing, .ignore = l.ignore, .scale = 1};
    double count;
    if (TP_UNLIKELY(!(r.smoothing >= 0 && r.smoothing <= 1)))
        return tp_fail(at, "cross_entropy", TP_ERROR_ARGUMENT,
                       tp_text(".label_smoothing = %g", r.smoothing), "0 to 1", NULL);
    if (!tp_loss_input(at, "cross_entropy", x) ||
        !tp_loss_reduction(at, "cross_entropy", args.reduction, false) ||
        !tp_labels_shape(at, "cross_entropy", x, &l) ||
        !tp_labels_weights(at, "cross_entropy", x, args.weight, &l) ||
        !take_target(at, &args, &l, &r, &count))
        return tp_poison();
    if (args.reduction != TP_REDUCTION_MEAN) count = 1;
    tp_tensor *inputs[] = {x, target}, *logits = classes_last(at, x);
    r.rows = l.a.outer * l.a.inner;
    r.classes = l.a.n;
    tp_tensor *losses = tp_make(at, "cross_entropy", x->dtype, 1, &r.rows);
    if (logits->poison || losses->poison) return tp_poison();
    bool recording = tp_would_record(2, inputs);
    tp_tensor *gx = gradient_for(at, logits, recording && tp_differentiable(x));
    tp_tensor *gt =
        gradient_for(at, logits, recording && r.probability && tp_differentiable(target));
    if ((gx && gx->poison) || (gt && gt->poison)) return tp_poison();
    r.logits = logits->data;
    r.weight = l.weights ? l.weights->data : NULL;
    r.loss = losses->data;
    r.gradient = gx ? gx->data : NULL;
    r.target_gradient = gt ? gt->data : NULL;
    r.scale = 1 / count;
    run(&r, x->dtype);
    tp_tensor *out = result(at, losses, l.shape, args.reduction, count);
    if (!recording || out->poison) return out;
    tp_node *node = tp_record(at, &tp_op_cross_entropy, out, 2, inputs);
    if (!node) return out;
    node->integer[SLOT_INPUT] = save_gradient(node, gx);
    node->integer[SLOT_TARGET] = save_gradient(node, gt);
    node->integer[APART] = args.reduction == TP_REDUCTION_NONE;
    return out;
}

tp_tensor *(tp_cross_entropy)(tp_tensor *input, tp_tensor *target) {
    return tp_cross_entropy_at(TP_MAKE(tp_location, NULL, 0),
                               (tp_cross_entropy_args){.input = input, .target = target});
}
