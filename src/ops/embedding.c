/* embedding: rows by number. */
#include <string.h>
#include <taper/ops/embedding.h>

#include "ops/index.h"
#include "ops/loop.h"
#include "ops/shape.h"

enum { INDEX, WEIGHT };
enum { PADDING_ROW }; /* node->integer: the row without a gradient, or -1 */

extern const tp_op tp_op_embedding;

static tp_rows rows_of(const tp_tensor *weight, const tp_tensor *index) {
    return (tp_rows){1, weight->shape[0], weight->shape[1], index->numel};
}

static void embedding_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *index = tp_saved(node, 0);
    const tp_tensor *weight = node->inputs[WEIGHT];
    if (!index || !tp_needs(node, WEIGHT)) return;
    tp_tensor *g = tp_dense(node->at, "embedding", grads[0]);
    tp_tensor *out = tp_make(node->at, "embedding", weight->dtype, 2, weight->shape);
    if (!g->poison && !out->poison) {
        tp_rows rows = rows_of(out, index);
        int64_t skipped = node->integer[PADDING_ROW];
        size_t row = (size_t)out->shape[1] * tp_item_size(out->dtype);
        tp_fill_elements(out, 0);
        if (out->numel > 0 && index->numel > 0)
            tp_rows_add(&rows, out, g, (const int64_t *)(const void *)index->data);
        if (skipped >= 0 && row > 0) memset(out->data + (size_t)skipped * row, 0, row);
    }
    tp_send(node, WEIGHT, g->poison ? g : out);
}

static bool embedding_fits(tp_location at, tp_embedding_args *args) {
    const tp_tensor *weight = args->weight;
    if (weight->ndim != 2 || args->input->ndim >= TP_MAX_DIMS) {
        tp_fail(
            at, "embedding", TP_ERROR_SHAPE,
            tp_text("input %s and weight %s", tp_tensor_text(args->input), tp_tensor_text(weight)),
            "a weight of (n, d)", NULL);
        return false;
    }
    if (!args->has_padding) return true;
    int64_t n = weight->shape[0], i = args->padding_idx;
    args->padding_idx = i < 0 ? i + n : i;
    if (args->padding_idx >= 0 && args->padding_idx < n) return true;
    tp_fail(at, "embedding", TP_ERROR_INDEX, tp_text("padding_idx %lld", (long long)i),
            tp_text("%lld to %lld", (long long)-n, (long long)n - 1), NULL);
    return false;
}

tp_tensor *tp_embedding_at(tp_location at, tp_embedding_args args) {
    TP_CHECK(at, "embedding", args.input);
    TP_CHECK(at, "embedding", args.weight);
    if (!embedding_fits(at, &args)) return tp_poison();
    tp_tensor *weight = tp_dense(at, "embedding", args.weight);
    if (weight->poison) return weight;
    tp_tensor *index = tp_index_values(at, "embedding", args.input, weight->shape[0], false);
    if (!index) return tp_poison();
    tp_shape shape = tp_shape_copy(args.input);
    shape.dims[shape.ndim++] = weight->shape[1];
    tp_tensor *out = tp_make_shape(at, "embedding", weight->dtype, shape);
    if (out->poison) return out;
    tp_rows rows = rows_of(weight, index);
    if (out->numel > 0)
        tp_rows_take(&rows, out, weight, (const int64_t *)(const void *)index->data);
    tp_node *node = tp_record(at, &tp_op_embedding, out, 2, (tp_tensor *[]){args.input, weight});
    if (node) {
        tp_save(node, index);
        node->integer[PADDING_ROW] = args.has_padding ? args.padding_idx : -1;
    }
    return out;
}

/* ---- descriptor ---- */

static tp_tensor *embedding_apply(tp_tensor *const *inputs, int variant) {
    static const int64_t places[] = {1, 0, 2, 1, 1, 2};
    tp_shape shape = variant == 2 ? tp_shape(0, 2) : variant ? tp_shape(6) : tp_shape(2, 3);
    tp_tensor *index = tp_from_data(places, shape, TP_INT64);
    return tp_embedding(index, inputs[0]);
}

static const tp_op_sample embedding_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 4)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(3, 1)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(3, 0)}, 0, 0, 0},
    {2, 1, {TP_SHAPE_OF(3, 2)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_embedding = {.name = "embedding",
                               .backward = embedding_backward,
                               .apply = embedding_apply,
                               .samples = embedding_samples};
