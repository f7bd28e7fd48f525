#include "nn/losses/elements.h"

enum {
    INPUT,
    TARGET
}; /* inputs, and places in node->integer: where the gradients were saved, -1 if not */
enum {
    GRAIN = 1 << 14, /* elements that are worth another thread, and are summed by themselves */
    FEW = 64         /* sums of stretches that fit on the stack */
};

typedef struct task {
    tp_loss_elements all;
    double (*kernel)(const tp_loss_elements *elements);
    int64_t item;
    double *sums; /* one for each stretch */
} task;

static const void *past(const void *data, int64_t bytes) {
    return data ? (const char *)data + bytes : NULL;
}
static void *past_mutable(void *data, int64_t bytes) { return data ? (char *)data + bytes : NULL; }

static void run_stretch(void *arg, int64_t begin, int64_t end) {
    const task *t = arg;
    tp_loss_elements part = t->all;
    int64_t offset = begin * t->item;
    part.n = end - begin;
    part.input = past(part.input, offset);
    part.target = past(part.target, offset);
    part.weight = past(part.weight, offset);
    part.pos_weight = past(part.pos_weight, offset);
    part.loss = past_mutable(part.loss, offset);
    part.gradient = past_mutable(part.gradient, offset);
    part.target_gradient = past_mutable(part.target_gradient, offset);
    t->sums[begin / GRAIN] = t->kernel(&part);
}

/* The sum of all, joined in the order of the stretches. False when out of memory. */
static bool run(tp_location at, const char *op, const tp_loss_elements *all, tp_loss_kind kind,
                tp_dtype dtype, double *sum) {
    tp_context *context = tp_ctx();
    double few[FEW];
    task t = {*all, context->kernels->loss.elements[kind][tp_float_index(dtype)],
              (int64_t)tp_item_size(dtype), few};
    if (all->n <= GRAIN) {
        *sum = t.kernel(all);
        return true;
    }
    int64_t stretches = (all->n + GRAIN - 1) / GRAIN;
    tp_tensor *many = NULL;
    if (stretches > FEW) {
        many = tp_make(at, op, TP_FLOAT64, 1, &stretches);
        if (many->poison) return false;
        t.sums = (double *)(void *)many->data;
    }
    tp_parallel_for(tp_context_pool(context), all->n, GRAIN, run_stretch, &t);
    *sum = 0;
    for (int64_t i = 0; i < stretches; i++) *sum += t.sums[i];
    if (many) tp_free(many);
    return true;
}

/* A gradient for x where it is wanted; *fine turns false when out of memory. */
static tp_tensor *gradient_for(tp_location at, const char *op, const tp_tensor *x, bool recording,
                               bool *fine) {
    if (!recording || !tp_differentiable(x)) return NULL;
    tp_tensor *gradient = tp_make_like(at, op, x);
    *fine = *fine && !gradient->poison;
    return gradient;
}

static int save_gradient(tp_node *node, tp_tensor *gradient) {
    if (!gradient) return -1;
    tp_save(node, gradient);
    tp_free(gradient); /* the node alone holds it */
    return node->n_saved - 1;
}

static double scale_of(const tp_tensor *x, tp_reduction reduction) {
    if (reduction == TP_REDUCTION_MEAN) return 1 / (double)x->numel;
    if (reduction == TP_REDUCTION_BATCHMEAN) return 1 / (double)(x->ndim ? x->shape[0] : 1);
    return 1;
}

/* Of nothing, a mean is 0 / 0. */
static tp_tensor *scalar(tp_location at, const char *op, tp_dtype dtype, double sum, double scale) {
    tp_tensor *out = tp_make(at, op, dtype, 0, NULL);
    if (out->poison) return out;
    double value = sum * scale;
    if (dtype == TP_FLOAT32)
        *(float *)(void *)out->data = (float)value;
    else
        *(double *)(void *)out->data = value;
    return out;
}

tp_tensor *tp_elements_run(tp_location at, const tp_elements_args *args) {
    const char *op = args->op->name;
    tp_tensor *x = tp_packed(at, op, args->input), *t = tp_packed(at, op, args->target);
    if (x->poison || t->poison) return tp_poison();
    tp_tensor *inputs[] = {args->input, args->target};
    bool apart = args->reduction == TP_REDUCTION_NONE, recording = tp_would_record(2, inputs),
         fine = true;
    tp_tensor *gx = gradient_for(at, op, args->input, recording, &fine);
    tp_tensor *gt = gradient_for(at, op, args->target, recording, &fine);
    tp_tensor *losses = apart ? tp_make_like(at, op, x) : NULL;
    if (!fine || (apart && losses->poison)) return tp_poison();
    tp_loss_elements all = {.n = x->numel,
                            .input = x->data,
                            .target = t->data,
                            .weight = args->weight ? args->weight->data : NULL,
                            .pos_weight = args->pos_weight ? args->pos_weight->data : NULL,
                            .loss = apart ? losses->data : NULL,
                            .gradient = gx ? gx->data : NULL,
                            .target_gradient = gt ? gt->data : NULL,
                            .scale = scale_of(x, args->reduction),
                            .p = args->p};
    double sum;
    if (!run(at, op, &all, args->kind, x->dtype, &sum)) return tp_poison();
    tp_tensor *out = apart ? losses : scalar(at, op, x->dtype, sum, all.scale);
    if (!recording || out->poison) return out;
    tp_node *node = tp_record(at, args->op, out, 2, inputs);
    if (!node) return out;
    node->integer[INPUT] = save_gradient(node, gx);
    node->integer[TARGET] = save_gradient(node, gt);
    return out;
}

void tp_elements_backward(tp_node *node, tp_tensor *const *grads) {
    for (int i = INPUT; i <= TARGET; i++) {
        if (node->integer[i] < 0 || !tp_needs(node, i)) continue;
        tp_tensor *saved = tp_saved(node, (int)node->integer[i]);
        if (!saved) return;
        tp_send(node, i, tp_loss_scaled(node, saved, grads[0]));
    }
}
