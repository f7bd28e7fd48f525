/* Dropout (Srivastava and others, 2014). */
#include <stdio.h>
#include <taper/nn.h>
#include <taper/ops/arithmetic.h>

#include "autograd/node.h"
#include "base/pool.h"
#include "base/random.h"
#include "nn/module.h"
#include "ops/loop.h"

enum { STREAM = 0x64726f70, GRAIN = 1 << 14, DRAW_GRAIN = 1 << 12 };

typedef struct dropout_work {
    uint64_t key;
    double keep, scale;
    uint8_t *mask;
    void *out;
    const void *x;
    bool is_double;
    void (*kernel)(int64_t n, void *out, const void *x, const uint8_t *mask, double scale);
} dropout_work;

/* Which elements stay depends on the key and their position alone, so the chunks may run anywhere.
 */
static void draw_mask(void *arg, int64_t begin, int64_t end) {
    dropout_work *work = arg;
    tp_philox_bernoulli(work->key, STREAM, 0, (uint64_t)begin, work->mask + begin, end - begin,
                        work->keep);
}

static void apply_mask(void *arg, int64_t begin, int64_t end) {
    const dropout_work *work = arg;
    tp_dtype dtype = work->is_double ? TP_FLOAT64 : TP_FLOAT32;
    size_t offset = (size_t)begin * tp_item_size(dtype);
    work->kernel(end - begin, (char *)work->out + offset, (const char *)work->x + offset,
                 work->mask + begin, work->scale);
}

static tp_tensor *masked(tp_location at, tp_tensor *x, const tp_tensor *mask, double scale) {
    tp_tensor *out = tp_make_like(at, "dropout", x);
    if (tp_is_poison(out)) return out;
    dropout_work work = {.scale = scale,
                         .mask = (uint8_t *)mask->data,
                         .out = out->data,
                         .x = x->data,
                         .is_double = x->dtype == TP_FLOAT64,
                         .kernel = tp_ctx()->kernels->masked[tp_float_index(x->dtype)]};
    tp_parallel_for(tp_context_pool(tp_ctx()), x->numel, tp_even_grain(x->numel, GRAIN), apply_mask,
                    &work);
    return out;
}

static void dropout_backward(tp_node *node, tp_tensor *const *grads) {
    tp_tensor *mask = tp_saved(node, 0);
    if (!mask || !tp_needs(node, 0)) return;
    tp_send(node, 0,
            masked(node->at, tp_dense(node->at, "dropout", grads[0]), mask, node->number[0]));
}

static tp_tensor *dropout_keyed(tp_location at, tp_tensor *x, double p, uint64_t key);

static tp_tensor *dropout_apply(tp_tensor *const *inputs, int variant) {
    static const double p[] = {0.5, 0.25, 1};
    return dropout_keyed(TP_HERE, inputs[0], p[variant], 7);
}

static const tp_op_sample dropout_samples[] = {
    {0, 1, {TP_SHAPE_OF(3, 5)}, -1, 1, 0},
    {1, 1, {TP_SHAPE_OF(7)}, -1, 1, 0},
    {2, 1, {TP_SHAPE_OF(2, 2)}, -1, 1, 0},
    {0, 1, {TP_SHAPE_OF(2, 0, 3)}, -1, 1, 0},
    {0},
};

extern const tp_op tp_op_dropout;
const tp_op tp_op_dropout = {.name = "dropout",
                             .backward = dropout_backward,
                             .apply = dropout_apply,
                             .samples = dropout_samples};

static tp_tensor *dropout_keyed(tp_location at, tp_tensor *x, double p, uint64_t key) {
    tp_tensor *dense = tp_dense(at, "dropout", x);
    TP_CHECK(at, "dropout", dense);
    tp_tensor *mask = tp_make(at, "dropout", TP_UINT8, x->ndim, x->shape);
    if (tp_is_poison(mask)) return mask;
    dropout_work work = {.key = key, .keep = 1 - p, .mask = (uint8_t *)mask->data};
    tp_parallel_for(tp_context_pool(tp_ctx()), x->numel, tp_even_grain(x->numel, DRAW_GRAIN),
                    draw_mask, &work);
    double scale = p < 1 ? 1 / (1 - p) : 0;
    tp_tensor *out = masked(at, dense, mask, scale);
    tp_node *node = tp_is_poison(out) ? NULL : tp_record(at, &tp_op_dropout, out, 1, &dense);
    if (node) {
        tp_save(node, mask);
        node->number[0] = scale;
    }
    tp_free(mask); /* the node keeps its bytes */
    return out;
}

tp_tensor *tp_dropout_at(tp_location at, tp_tensor *x, double p) {
    TP_CHECK(at, "dropout", x);
    if (!tp_is_float_type(x->dtype))
        return tp_fail(at, "dropout", TP_ERROR_DTYPE, tp_tensor_text(x), "a floating type", NULL);
    if (!(p >= 0 && p <= 1))
        return tp_fail(at, "dropout", TP_ERROR_VALUE, tp_text("p = %g", p),
                       "a probability, 0 <= p <= 1", NULL);
    if (p == 0) return x;
    /* One draw of the thread's generator keys the mask: seeding it again, or loading its state,
     * brings the same masks back. */
    return dropout_keyed(at, x, p, tp_random64(&tp_ctx()->generator));
}

tp_tensor *tp_dropout2d_at(tp_location at, tp_tensor *x, double p) {
    TP_CHECK(at, "dropout2d", x);
    if (x->ndim < 2)
        return tp_fail(at, "dropout2d", TP_ERROR_SHAPE, tp_tensor_text(x), "(N, C, ...)", NULL);
    if (p == 0) return x;
    tp_shape shape = {.ndim = x->ndim, .dims = {x->shape[0], x->shape[1]}};
    for (int d = 2; d < x->ndim; d++) shape.dims[d] = 1;
    tp_tensor *kept = tp_full_at(at, (tp_full_args){shape, 1, x->dtype, false});
    return tp_mul_at(at, x, tp_dropout_at(at, kept, p));
}

typedef struct tp_dropout_layer {
    tp_module base;
    double p;
} tp_dropout_layer;

static tp_tensor *dropout_forward(tp_module *module, tp_tensor *x) {
    double p = ((const tp_dropout_layer *)module)->p;
    return module->evaluating ? x : tp_dropout_at(tp_module_at(), x, p);
}

static tp_tensor *dropout2d_forward(tp_module *module, tp_tensor *x) {
    double p = ((const tp_dropout_layer *)module)->p;
    return module->evaluating ? x : tp_dropout2d_at(tp_module_at(), x, p);
}

static int dropout_describe(const tp_module *module, char *buffer, size_t size) {
    return snprintf(buffer, size, "p=%g, inplace=False", ((const tp_dropout_layer *)module)->p);
}

static tp_module *new_layer(tp_location at, const char *op, const char *type, tp_forward forward,
                            double p) {
    if (!(p >= 0 && p <= 1)) {
        tp_fail(at, op, TP_ERROR_VALUE, tp_text("p = %g", p), "a probability, 0 <= p <= 1", NULL);
        return NULL;
    }
    tp_dropout_layer *layer = tp_layer_new(at, sizeof *layer, type, forward);
    if (!layer) return NULL;
    layer->p = p;
    layer->base.describe = dropout_describe;
    return &layer->base;
}

tp_module *tp_nn_dropout_at(tp_location at, double p) {
    return new_layer(at, "nn_dropout", "Dropout", dropout_forward, p);
}

tp_module *tp_nn_dropout2d_at(tp_location at, double p) {
    return new_layer(at, "nn_dropout2d", "Dropout2d", dropout2d_forward, p);
}
