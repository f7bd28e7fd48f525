/* Negative log-likelihood: one element of each row, so that neither way needs a kernel. */
#include "nn/losses/loss.h"

enum { LABELS, WEIGHTS }; /* saved */
enum { IGNORE, APART };   /* node->integer */
enum { SCALE };           /* node->number */

/* What the element of label y counts. */
static double weight_of(const tp_tensor *weights, int64_t y) {
    if (!weights) return 1;
    return weights->dtype == TP_FLOAT32 ? (double)((const float *)(const void *)weights->data)[y]
                                        : ((const double *)(const void *)weights->data)[y];
}

/* Position i of the labels, (N, d1 ...), as the element of class y of (N, C, d1 ...). */
static int64_t place_of(tp_along a, int64_t i, int64_t y) {
    return (i / a.inner * a.n + y) * a.inner + i % a.inner;
}

#define NLL(type)                                                                                 \
    static double forward_##type(const type *x, const tp_labels *l, type *losses) {               \
        const int64_t *label = (const int64_t *)(const void *)l->labels->data;                    \
        double sum = 0;                                                                           \
        for (int64_t i = 0; i < l->labels->numel; i++) {                                          \
            double loss = 0;                                                                      \
            if (label[i] != l->ignore)                                                            \
                loss = -weight_of(l->weights, label[i]) * (double)x[place_of(l->a, i, label[i])]; \
            if (losses) losses[i] = (type)loss;                                                   \
            sum += loss;                                                                          \
        }                                                                                         \
        return sum;                                                                               \
    }                                                                                             \
    static void backward_##type(type *gx, const type *g, int64_t g_step, const tp_labels *l,      \
                                double scale) {                                                   \
        const int64_t *label = (const int64_t *)(const void *)l->labels->data;                    \
        for (int64_t i = 0; i < l->labels->numel; i++)                                            \
            if (label[i] != l->ignore)                                                            \
                gx[place_of(l->a, i, label[i])] =                                                 \
                    (type)(-weight_of(l->weights, label[i]) * scale * (double)g[i * g_step]);     \
    }
NLL(float)
NLL(double)
#undef NLL

static void nll_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *x = node->inputs[0], *g = tp_packed(node->at, "nll_loss", grads[0]);
    tp_labels l = {.a = tp_along_dim(x, x->ndim == 1 ? 0 : 1), .ignore = node->integer[IGNORE]};
    l.labels = tp_saved(node, LABELS);
    l.weights = node->n_saved > WEIGHTS ? tp_saved(node, WEIGHTS) : NULL;
    if (!l.labels || (node->n_saved > WEIGHTS && !l.weights)) return;
    tp_tensor *gx = tp_make_like(node->at, "nll_loss", x);
    if (!gx->poison && !g->poison) {
        void *to = gx->data, *from = g->data;
        tp_fill_elements(gx, 0);
        if (x->dtype == TP_FLOAT32)
            backward_float(to, from, node->integer[APART], &l, node->number[SCALE]);
        else
            backward_double(to, from, node->integer[APART], &l, node->number[SCALE]);
    }
    tp_send(node, 0, g->poison ? g : gx);
}

static tp_tensor *nll_apply(tp_tensor *const *inputs, int variant) {
    static const int64_t numbers[] = {1, 0, 2, 2};
    static const double weights[] = {0.5, 2, 1};
    if (variant == 3)
        return tp_nll_loss(inputs[0], tp_from_data(numbers, tp_shape(0), TP_INT64), NULL, 0,
                           TP_REDUCTION_SUM);
    if (variant == 2)
        return tp_nll_loss(inputs[0], tp_from_data(numbers, tp_shape(2, 2), TP_INT64),
                           tp_from_data(weights, tp_shape(3), TP_FLOAT64), TP_IGNORE(0),
                           TP_REDUCTION_NONE);
    return tp_nll_loss(inputs[0], tp_from_data(numbers, tp_shape(3), TP_INT64), NULL, 0,
                       (tp_reduction)variant);
}
static const tp_op_sample samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(3, 3)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(2, 3, 2)}, 0, 0, 0},
    {3, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {0, 0, {{0, {0}}}, 0, 0, 0},
};
const tp_op tp_op_nll_loss = {"nll_loss", nll_backward, NULL, nll_apply, samples};

tp_tensor *tp_nll_loss_at(tp_location at, tp_nll_loss_args args) {
    tp_tensor *x = args.input;
    TP_CHECK(at, "nll_loss", x);
    TP_CHECK(at, "nll_loss", args.target);
    tp_labels l = {.ignore = args.ignore_index == 0           ? -100
                             : args.ignore_index == INT64_MIN ? 0
                                                              : args.ignore_index};
    if (!tp_loss_input(at, "nll_loss", x) ||
        !tp_loss_reduction(at, "nll_loss", args.reduction, false) ||
        !tp_labels_shape(at, "nll_loss", x, &l) ||
        !tp_labels_weights(at, "nll_loss", x, args.weight, &l) ||
        !tp_labels_check(at, "nll_loss", x, args.target, &l))
        return tp_poison();
    bool apart = args.reduction == TP_REDUCTION_NONE;
    double scale = args.reduction == TP_REDUCTION_MEAN ? 1 / l.weight : 1;
    tp_tensor *packed = tp_packed(at, "nll_loss", x);
    tp_tensor *out =
        tp_make_shape(at, "nll_loss", x->dtype, apart ? l.shape : (tp_shape){.ndim = 0});
    if (packed->poison || out->poison) return tp_poison();
    void *to = out->data;
    const void *from = packed->data;
    if (x->dtype == TP_FLOAT32) {
        double sum = forward_float(from, &l, apart ? to : NULL);
        if (!apart) *(float *)to = (float)(sum * scale);
    } else {
        double sum = forward_double(from, &l, apart ? to : NULL);
        if (!apart) *(double *)to = sum * scale;
    }
    tp_node *node = tp_record(at, &tp_op_nll_loss, out, 1, &x);
    if (node) {
        tp_save(node, l.labels);
        if (l.weights) tp_save(node, l.weights);
        node->integer[IGNORE] = l.ignore;
        node->integer[APART] = apart;
        node->number[SCALE] = scale;
    }
    return out;
}

tp_tensor *(tp_nll_loss)(tp_tensor *input, tp_tensor *target) {
    return tp_nll_loss_at(TP_MAKE(tp_location, NULL, 0),
                          (tp_nll_loss_args){.input = input, .target = target});
}
