/* How much memory a model will need: a small batch, and one of another size, run as they would in earnest while the
 * blocks that they take are noted; every block grows in a straight line with the batch. What the run changes is put
 * back: gradients, running statistics, the stream of random numbers, modes. */
#include <string.h>
#include <taper/ops.h>

#include "autograd/grad.h"
#include "autograd/lazy.h"
#include "autograd/node.h"
#include "base/alloc.h"
#include "base/trace.h"
#include "nn/fuse.h"
#include "nn/module.h"
#include "nn/quiet.h"
#include "ops/loop.h"

/* A parameter's gradient as it was, or a buffer's values. */
typedef struct kept {
    tp_tensor *tensor;
    tp_tensor *grad, *copy;
    bool has_grad, lazy_allowed;
} kept;

typedef struct forecast {
    tp_module *module;
    tp_shape sample;
    tp_location at;
    kept *state;
    size_t count;
    bool *modes; /* of all modules, in the order of their visit */
    size_t visited;
} forecast;

/* ---- the state of the model, kept and put back ---- */

static void note_mode(tp_module *module, void *user) {
    forecast *f = user;
    f->modes[f->visited++] = module->evaluating;
}

static void restore_mode(tp_module *module, void *user) {
    forecast *f = user;
    module->evaluating = f->modes[f->visited++];
}

static void count_module(tp_module *module, void *user) {
    (void)module;
    ++*(size_t *)user;
}

/* Gives the parameter a gradient's memory of its own, as an optimiser would: it is no part of the
 * trace. */
static bool keep_parameter(kept *k) {
    tp_tensor *x = k->tensor;
    bool settled = !x->lazy || tp_lazy_compute(x);
    *k = (kept){x, x->grad, NULL, x->has_grad, x->lazy_allowed};
    x->grad = NULL;
    x->has_grad = false;
    if (!settled) return false;
    x->lazy_allowed = x->ndim == 2;
    return !x->requires_grad || tp_grad_memory(x);
}

static void restore_parameter(const kept *k) {
    tp_tensor *x = k->tensor;
    tp_lazy_drop(x);
    tp_free(x->grad);
    x->grad = k->grad;
    x->has_grad = k->has_grad;
    x->lazy_allowed = k->lazy_allowed;
}

static bool keep_buffer(forecast *f, kept *k) {
    k->copy = tp_make_like(f->at, "predict_memory", k->tensor);
    if (tp_is_poison(k->copy)) return false;
    tp_copy_elements(k->copy, k->tensor);
    return true;
}

static bool keep_state(forecast *f) {
    tp_named_list all = tp_state_dict_at(f->at, f->module);
    size_t modules = 0;
    tp_apply_at(f->at, f->module, count_module, &modules);
    f->state = tp_new((all.count + 1) * sizeof *f->state);
    f->modes = tp_new(modules + 1);
    if (!f->state || !f->modes) return false;
    tp_apply_at(f->at, f->module, note_mode, f);
    bool fine = true;
    for (size_t i = 0; fine && i < all.count; i++) {
        kept *k = &f->state[f->count++];
        k->tensor = all.items[i].tensor;
        fine = k->tensor->requires_grad ? keep_parameter(k) : keep_buffer(f, k);
    }
    return fine;
}

static void restore_state(forecast *f) {
    for (size_t i = 0; i < f->count; i++) {
        kept *k = &f->state[i];
        if (k->copy && !tp_is_poison(k->copy)) tp_copy_elements(k->tensor, k->copy);
        if (!k->copy) restore_parameter(k);
    }
    f->visited = 0;
    if (f->modes) tp_apply_at(f->at, f->module, restore_mode, f);
    tp_delete(f->state);
    tp_delete(f->modes);
}

static void clear_gradients(const forecast *f) {
    for (size_t i = 0; i < f->count; i++)
        if (!f->state[i].copy) tp_clear_grad(f->state[i].tensor);
}

/* ---- runs ---- */

static tp_tensor *zeros(const forecast *f, int64_t samples) {
    tp_shape shape = {.ndim = f->sample.ndim + 1, .dims = {samples}};
    for (int i = 0; i < f->sample.ndim; i++) shape.dims[i + 1] = f->sample.dims[i];
    tp_dtype dtype = TP_DTYPE_DEFAULT;
    for (size_t i = 0; i < f->count && !dtype; i++)
        if (!f->state[i].copy) dtype = f->state[i].tensor->dtype;
    return tp_zeros_at(f->at, (tp_create_args){shape, dtype, false});
}

/* One step, or one evaluation; false after an error. */
static bool run(forecast *f, int64_t samples, bool training, tp_block_trace *trace) {
    tp_scope scope = tp_scope_begin();
    tp_grad_mode mode = tp_grad_mode_begin(training);
    tp_block_trace_begin(trace);
    tp_tensor *x = zeros(f, samples);
    tp_tensor *y = tp_call_at(f->at, f->module, x);
    bool fine = !tp_is_poison(y);
    if (fine && training) {
        tp_tensor *loss = tp_mean_at(f->at, (tp_reduce_args){.x = tp_square_at(f->at, y)});
        fine = tp_backward_at(f->at, (tp_backward_args){.x = loss});
    }
    clear_gradients(f);
    tp_grad_mode_end(&mode);
    tp_scope_end(&scope);
    tp_block_trace_end();
    return fine;
}

/* The peak for `samples`, from runs of two small batches; -1 after an error. */
static int64_t extrapolate(forecast *f, int64_t first, int64_t samples, bool training) {
    tp_block_trace a, b;
    tp_block_trace_begin(&b), tp_block_trace_end();
    bool fine = run(f, first, training, &a) && run(f, first + 1, training, &b);
    if (fine && a.count != b.count) { /* the first run also took what is taken once and kept */
        tp_block_trace_free(&a);
        fine = run(f, first, training, &a);
    }
    int64_t peak = fine ? tp_block_trace_peak(&a, first, &b, first + 1, samples) : -1;
    tp_block_trace_free(&a);
    tp_block_trace_free(&b);
    return peak;
}

/* ---- the forecast ---- */

/* The blocks of parameters and buffers as they lie now, and the bytes of those that are trained. */
typedef struct held_bytes {
    int64_t all, fixed, trained; /* fixed: the blocks of those that are not trained */
} held_bytes;

static held_bytes bytes_of(tp_location at, tp_module *module) {
    tp_named_list list = tp_state_dict_at(at, module);
    held_bytes sum = {0};
    for (size_t i = 0; i < list.count; i++) {
        const tp_tensor *x = list.items[i].tensor;
        size_t bytes = (size_t)x->numel * tp_item_size(x->dtype);
        int64_t block = (int64_t)tp_block_size(bytes);
        sum.all += block;
        if (x->requires_grad)
            sum.trained += (int64_t)bytes;
        else
            sum.fixed += block;
    }
    return sum;
}

/* With the optimiser: values, gradients and its own numbers, each in one block. While it begins the
 * parameters are still there beside it, later the values of a step. */
static int64_t with_optimiser(held_bytes held, int64_t values_kept, int64_t step) {
    int64_t flat = (int64_t)tp_block_size((size_t)held.trained);
    int64_t flats = (2 + (values_kept > 0 ? values_kept : 0)) * flat;
    int64_t before = held.all - held.fixed;
    return held.fixed + flats + (step > before ? step : before);
}

/* Batch norm refuses one sample where a plane has one element, so training may have to begin with two. */
static int64_t training_peak(forecast *f, int64_t samples) {
    tp_train_at(f->at, f->module);
    int64_t peak = extrapolate(f, 1, samples, true);
    return peak >= 0 ? peak : extrapolate(f, 2, samples, true);
}

static void take_folded(tp_module *module, void *user) {
    *(int64_t *)user += tp_folded_bytes_take(module);
}

/* With the weights that evaluation makes once and keeps, those with a batch norm in them. */
static int64_t evaluation_peak(forecast *f, int64_t samples) {
    int64_t folded = 0;
    tp_eval_at(f->at, f->module);
    int64_t peak = extrapolate(f, 1, samples, false);
    tp_apply_at(f->at, f->module, take_folded, &folded);
    return peak < 0 ? peak : peak + folded;
}

tp_memory_forecast tp_predict_memory_at(tp_location at, tp_predict_memory_args args) {
    tp_memory_forecast none = {-1, -1};
    tp_module_state *state = tp_module_state_get();
    if (!state || !tp_module_usable(at, "predict_memory", args.module)) return none;
    if (args.batch_size < 0 || tp_shape_numel(args.sample) < 0 || args.sample.ndim >= TP_MAX_DIMS) {
        tp_fail(at, "predict_memory", TP_ERROR_ARGUMENT,
                tp_text("%lld samples of shape %s", (long long)args.batch_size,
                        tp_shape_text(args.sample)),
                "the shape of one sample, and at least one of them", NULL);
        return none;
    }
    int64_t samples = args.batch_size ? args.batch_size : 32;
    int64_t values = args.optimizer_values ? args.optimizer_values : 2;
    held_bytes held = bytes_of(at, args.module);
    forecast f = {.module = args.module, .sample = args.sample, .at = at};
    struct tp_generator generator = tp_ctx()->generator;
    tp_scope scope = tp_scope_begin();
    tp_quiet quiet;
    tp_quiet_begin(&quiet);
    state->forecasting = true;
    tp_memory_forecast result = none;
    if (keep_state(&f)) {
        result.inference = evaluation_peak(&f, samples);
        result.training = training_peak(&f, samples);
    }
    restore_state(&f);
    state->forecasting = false;
    tp_quiet_end(&quiet);
    tp_scope_end(&scope);
    tp_ctx()->generator = generator;
    if (result.inference >= 0) result.inference += held.all;
    if (result.training >= 0) result.training = with_optimiser(held, values, result.training);
    return result;
}
