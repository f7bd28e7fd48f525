/* Checks that the losses share. */
#include "nn/losses/loss.h"

bool tp_loss_input(tp_location at, const char *op, const tp_tensor *input) {
    if (TP_LIKELY(tp_is_float_type(input->dtype))) return true;
    tp_fail(at, op, TP_ERROR_DTYPE, tp_text("input %s", tp_tensor_text(input)),
            "float32 or float64", NULL);
    return false;
}

/* Whether one could be expanded to the other. */
static bool would_broadcast(const tp_tensor *a, const tp_tensor *b) {
    int ndim = a->ndim < b->ndim ? a->ndim : b->ndim;
    for (int i = 1; i <= ndim; i++) {
        int64_t left = a->shape[a->ndim - i], right = b->shape[b->ndim - i];
        if (left != right && left != 1 && right != 1) return false;
    }
    return true;
}

bool tp_loss_alike(tp_location at, const char *op, const tp_tensor *input,
                   const tp_tensor *target) {
    if (!tp_loss_input(at, op, input)) return false;
    if (TP_UNLIKELY(!tp_shapes_equal(input, target))) {
        const char *hint = NULL;
        if (would_broadcast(input, target)) {
            const char *fewer =
                target->ndim < input->ndim ? "unsqueeze the target" : "squeeze the target";
            hint =
                tp_text("target %s would broadcast against %s: %s",
                        tp_shape_text(tp_shape_copy(target)), tp_shape_text(tp_shape_copy(input)),
                        target->ndim == input->ndim ? "reshape one of them" : fewer);
        }
        tp_fail(at, op, TP_ERROR_SHAPE,
                tp_text("input %s and target %s", tp_tensor_text(input), tp_tensor_text(target)),
                "the same shape", hint);
        return false;
    }
    if (TP_UNLIKELY(input->dtype != target->dtype)) {
        tp_fail(at, op, TP_ERROR_DTYPE,
                tp_text("input %s and target %s", tp_tensor_text(input), tp_tensor_text(target)),
                "the same type",
                tp_text("convert the target: tp_to(target, %s)",
                        input->dtype == TP_FLOAT32 ? "TP_FLOAT32" : "TP_FLOAT64"));
        return false;
    }
    return true;
}

tp_tensor *tp_loss_weight(tp_location at, const char *op, tp_tensor *weight, const tp_tensor *input,
                          const char *what) {
    TP_CHECK(at, op, weight);
    int shift = input->ndim - weight->ndim;
    bool fits = shift >= 0;
    int64_t stride[TP_MAX_DIMS] = {0};
    for (int d = 0; d < weight->ndim && fits; d++) {
        fits = weight->shape[d] == input->shape[d + shift] || weight->shape[d] == 1;
        stride[d + shift] = weight->shape[d] == 1 ? 0 : weight->stride[d];
    }
    if (!fits)
        return tp_fail(
            at, op, TP_ERROR_SHAPE,
            tp_text("%s %s and input %s", what, tp_tensor_text(weight), tp_tensor_text(input)),
            tp_text("a %s that broadcasts to the input", what), NULL);
    if (weight->dtype != input->dtype)
        return tp_fail(
            at, op, TP_ERROR_DTYPE,
            tp_text("%s %s and input %s", what, tp_tensor_text(weight), tp_tensor_text(input)),
            "the same type", NULL);
    return tp_packed(at, op, tp_make_view(at, op, weight, tp_shape_copy(input), stride, 0));
}

bool tp_loss_reduction(tp_location at, const char *op, tp_reduction reduction, bool batchmean) {
    int last = batchmean ? TP_REDUCTION_BATCHMEAN : TP_REDUCTION_NONE;
    if (TP_LIKELY((int)reduction >= 0 && (int)reduction <= last)) return true;
    tp_fail(at, op, TP_ERROR_ARGUMENT,
            reduction == TP_REDUCTION_BATCHMEAN ? ".reduction = TP_REDUCTION_BATCHMEAN"
                                                : tp_text(".reduction = %d", (int)reduction),
            "TP_REDUCTION_MEAN, _SUM or _NONE", NULL);
    return false;
}

/* ---- labels ---- */

bool tp_labels_shape(tp_location at, const char *op, const tp_tensor *input, tp_labels *l) {
    if (input->ndim == 0) {
        tp_fail(at, op, TP_ERROR_SHAPE, tp_text("input %s", tp_tensor_text(input)),
                "(C), (N, C) or (N, C, d1, ...), C being the number of classes", NULL);
        return false;
    }
    int classes = input->ndim == 1 ? 0 : 1;
    l->a = tp_along_dim(input, classes);
    l->shape = tp_reduced_shape(input, 1u << classes, false);
    return true;
}

bool tp_labels_weights(tp_location at, const char *op, const tp_tensor *input, tp_tensor *weight,
                       tp_labels *l) {
    l->weights = NULL;
    if (!weight) return true;
    if (weight->life != TP_ALIVE || weight->poison) {
        if (!tp_usable(at, op, weight)) return false;
    }
    if (weight->ndim != 1 || weight->shape[0] != l->a.n) {
        tp_fail(at, op, TP_ERROR_SHAPE,
                tp_text("weight %s and input %s", tp_tensor_text(weight), tp_tensor_text(input)),
                tp_text("one weight a class, (%lld)", (long long)l->a.n), NULL);
        return false;
    }
    if (weight->dtype != input->dtype) {
        tp_fail(at, op, TP_ERROR_DTYPE,
                tp_text("weight %s and input %s", tp_tensor_text(weight), tp_tensor_text(input)),
                "the same type", NULL);
        return false;
    }
    l->weights = tp_packed(at, op, weight);
    return !l->weights->poison;
}

static bool label_shape_fits(tp_location at, const char *op, const tp_tensor *input,
                             const tp_tensor *target, const tp_labels *l) {
    bool fits = target->ndim == l->shape.ndim;
    for (int d = 0; d < l->shape.ndim && fits; d++) fits = target->shape[d] == l->shape.dims[d];
    if (TP_LIKELY(fits)) return true;
    const char *hint = NULL;
    if (target->ndim == 2 && input->ndim == 2 && target->shape[0] == input->shape[0] &&
        target->shape[1] == 1)
        hint = tp_text("target %s would broadcast against %s: squeeze it",
                       tp_shape_text(tp_shape_copy(target)), tp_shape_text(l->shape));
    else if (tp_shapes_equal(input, target))
        hint = "one-hot targets must be floating; labels need no one-hot";
    tp_fail(at, op, TP_ERROR_SHAPE,
            tp_text("input %s and target %s", tp_tensor_text(input), tp_tensor_text(target)),
            tp_text("labels %s for %s classes: (N, C) goes with (N)", tp_shape_text(l->shape),
                    tp_text("%lld", (long long)l->a.n)),
            hint);
    return false;
}

bool tp_labels_check(tp_location at, const char *op, const tp_tensor *input, tp_tensor *target,
                     tp_labels *l) {
    if (TP_UNLIKELY(target->dtype != TP_INT64)) {
        tp_fail(at, op, TP_ERROR_DTYPE, tp_text("target %s", tp_tensor_text(target)),
                "labels of type int64", "convert them: tp_to(target, TP_INT64)");
        return false;
    }
    if (!label_shape_fits(at, op, input, target, l)) return false;
    l->labels = tp_packed(at, op, target);
    if (l->labels->poison) return false;
    const int64_t *label = (const int64_t *)(const void *)l->labels->data;
    int64_t classes = l->a.n, count = l->labels->numel, ignored = 0;
    double total = 0;
    for (int64_t i = 0; i < count; i++) {
        if (label[i] == l->ignore) {
            ignored++;
            continue;
        }
        if (TP_UNLIKELY(label[i] < 0 || label[i] >= classes)) {
            tp_fail(at, op, TP_ERROR_INDEX,
                    tp_text("label %lld at position %lld of %lld", (long long)label[i],
                            (long long)i, (long long)count),
                    tp_text("0 to %lld, as input %s has %lld classes", (long long)classes - 1,
                            tp_tensor_text(input), (long long)classes),
                    label[i] == classes ? "labels count from 0" : NULL);
            return false;
        }
        if (!l->weights) continue;
        const void *w = l->weights->data;
        total += input->dtype == TP_FLOAT32 ? (double)((const float *)w)[label[i]]
                                            : ((const double *)w)[label[i]];
    }
    l->weight = l->weights ? total : (double)(count - ignored);
    return true;
}

tp_tensor *tp_loss_scaled(tp_node *node, tp_tensor *saved, tp_tensor *g) {
    if (g->numel == 1 && g->ndim == 0) {
        double factor = g->dtype == TP_FLOAT32 ? (double)*(const float *)(const void *)g->data
                                               : *(const double *)(const void *)g->data;
        if (factor == 1)
            return tp_make_view(node->at, node->op->name, saved, tp_shape_copy(saved),
                                saved->stride, 0);
    }
    return tp_combine(node->at, node->op->name, TP_BINARY_mul, saved, g);
}
