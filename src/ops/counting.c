/* bincount and one_hot: from labels to counts and rows. */
#include <taper/ops/sort.h>

#include "ops/reduce.h"

/* The largest of n labels, -1 for none. False (reported) where one is negative. */
static bool largest_label(tp_location at, const char *op, tp_error_code code, const int64_t *label,
                          int64_t n, int64_t *largest) {
    *largest = -1;
    for (int64_t i = 0; i < n; i++) {
        if (TP_UNLIKELY(label[i] < 0)) {
            tp_fail(at, op, code,
                    tp_text("%lld at position %lld of %lld", (long long)label[i], (long long)i,
                            (long long)n),
                    "0 or more", NULL);
            return false;
        }
        if (label[i] > *largest) *largest = label[i];
    }
    return true;
}

/* Adds up weights where the labels say, in the type of the result. */
static void add_weights(tp_tensor *out, const int64_t *label, const tp_tensor *weights) {
    for (int64_t i = 0; i < weights->numel; i++) {
        if (out->dtype == TP_FLOAT32)
            ((float *)(void *)out->data)[label[i]] +=
                ((const float *)(const void *)weights->data)[i];
        else
            ((double *)(void *)out->data)[label[i]] +=
                ((const double *)(const void *)weights->data)[i];
    }
}

tp_tensor *tp_bincount_at(tp_location at, tp_bincount_args args) {
    tp_tensor *x = args.x, *weights = args.weights;
    TP_CHECK(at, "bincount", x);
    if (weights) TP_CHECK(at, "bincount", weights);
    if (x->ndim != 1)
        return tp_fail(at, "bincount", TP_ERROR_SHAPE, tp_tensor_text(x), "one dimension, (n)",
                       "tp_ravel() it");
    if (tp_is_float_type(x->dtype))
        return tp_fail(at, "bincount", TP_ERROR_DTYPE, tp_tensor_text(x), "whole numbers", NULL);
    if (weights && !tp_shapes_equal(x, weights))
        return tp_fail(at, "bincount", TP_ERROR_SHAPE,
                       tp_text("%s and weights %s", tp_tensor_text(x), tp_tensor_text(weights)),
                       "the same shape", NULL);
    if (args.minlength < 0)
        return tp_fail(at, "bincount", TP_ERROR_ARGUMENT,
                       tp_text(".minlength = %lld", (long long)args.minlength), "0 or more", NULL);
    tp_tensor *labels = tp_packed(at, "bincount", tp_cast(at, "bincount", x, TP_INT64));
    if (labels->poison) return labels;
    const int64_t *label = (const int64_t *)(const void *)labels->data;
    int64_t size;
    if (!largest_label(at, "bincount", TP_ERROR_VALUE, label, x->numel, &size)) return tp_poison();
    size = size + 1 > args.minlength ? size + 1 : args.minlength;
    tp_dtype dtype = !weights ? TP_INT64 : weights->dtype == TP_FLOAT32 ? TP_FLOAT32 : TP_FLOAT64;
    tp_tensor *out = tp_make(at, "bincount", dtype, 1, &size);
    if (out->poison) return out;
    tp_fill_elements(out, 0);
    if (!weights) {
        int64_t *count = (int64_t *)(void *)out->data;
        for (int64_t i = 0; i < x->numel; i++) count[label[i]]++;
        return out;
    }
    tp_tensor *values = tp_make(at, "bincount", dtype, 1, weights->shape);
    if (values->poison) return values;
    tp_copy_elements(values, weights);
    add_weights(out, label, values);
    return out;
}

tp_tensor *tp_one_hot_at(tp_location at, tp_tensor *labels, int64_t classes) {
    TP_CHECK(at, "one_hot", labels);
    if (labels->dtype != TP_INT64)
        return tp_fail(at, "one_hot", TP_ERROR_DTYPE, tp_tensor_text(labels),
                       "labels of type int64", "convert them: tp_to(labels, TP_INT64)");
    if (classes < 0 || labels->ndim == TP_MAX_DIMS)
        return tp_fail(at, "one_hot", TP_ERROR_ARGUMENT,
                       tp_text("%lld classes for %s", (long long)classes, tp_tensor_text(labels)),
                       "a number of classes, and labels of at most 7 dimensions", NULL);
    if (classes == 0 && labels->numel == 0)
        return tp_fail(at, "one_hot", TP_ERROR_VALUE, tp_tensor_text(labels),
                       "the number of classes where there is no label", NULL);
    labels = tp_packed(at, "one_hot", labels);
    if (labels->poison) return labels;
    const int64_t *label = (const int64_t *)(const void *)labels->data;
    int64_t largest;
    if (!largest_label(at, "one_hot", TP_ERROR_INDEX, label, labels->numel, &largest))
        return tp_poison();
    if (classes == 0) classes = largest + 1;
    for (int64_t i = 0; largest >= classes; i++)
        if (label[i] == largest)
            return tp_fail(at, "one_hot", TP_ERROR_INDEX,
                           tp_text("label %lld at position %lld of %lld", (long long)largest,
                                   (long long)i, (long long)labels->numel),
                           tp_text("0 to %lld", (long long)classes - 1), NULL);
    tp_shape shape = tp_shape_copy(labels);
    shape.dims[shape.ndim++] = classes;
    tp_tensor *out = tp_make_shape(at, "one_hot", TP_INT64, shape);
    if (out->poison) return out;
    tp_fill_elements(out, 0);
    int64_t *row = (int64_t *)(void *)out->data;
    for (int64_t i = 0; i < labels->numel; i++) row[i * classes + label[i]] = 1;
    return out;
}
