/* instance_norm and local_response_norm: made of other operations. */
#include <taper/ops/arithmetic.h>
#include <taper/ops/elementwise.h>
#include <taper/ops/norm.h>
#include <taper/ops/pad.h>
#include <taper/ops/pool.h>
#include <taper/ops/reduce.h>
#include <taper/ops/shape.h>

#include "autograd/node.h"
#include "ops/loop.h"

/* ---- instance_norm: a batch of one with N C channels ---- */

/* (C) repeated for every sample; NULL stays NULL. */
static tp_tensor *for_every_sample(tp_location at, tp_tensor *parameter, int64_t batch) {
    return parameter ? tp_repeat_at(at, parameter, tp_shape(batch)) : NULL;
}

/* The running values become the means over the batch of what each sample made of them. */
static bool mean_over_batch(tp_location at, tp_tensor *running, tp_tensor *every, int64_t batch) {
    if (!running) return true;
    tp_tensor *rows = tp_reshape_at(at, every, tp_shape(batch, running->numel));
    tp_tensor *mean = tp_mean_at(at, (tp_reduce_args){.x = rows, .dims = tp_dims(0)});
    if (tp_is_poison(mean) || !tp_begin_edit(at, "instance_norm", running)) return false;
    tp_copy_elements(running, mean);
    return true;
}

static tp_tensor *normalise_instances(tp_location at, tp_batch_norm_args args) {
    tp_tensor *x = args.x, *mean = args.running_mean, *var = args.running_var;
    int64_t batch = x->shape[0], channels = x->shape[1];
    tp_shape one = {.ndim = x->ndim, .dims = {1, batch * channels}};
    for (int d = 2; d < x->ndim; d++) one.dims[d] = x->shape[d];
    args.x = tp_reshape_at(at, x, one);
    args.training = true;
    args.weight = for_every_sample(at, args.weight, batch);
    args.bias = for_every_sample(at, args.bias, batch);
    tp_grad_mode mode = tp_grad_mode_begin(false);
    args.running_mean = for_every_sample(at, mean, batch);
    args.running_var = for_every_sample(at, var, batch);
    tp_grad_mode_end(&mode);
    tp_tensor *y = tp_batch_norm_at(at, args);
    mode = tp_grad_mode_begin(false);
    bool fine = !tp_is_poison(y) && mean_over_batch(at, mean, args.running_mean, batch) &&
                mean_over_batch(at, var, args.running_var, batch);
    tp_grad_mode_end(&mode);
    return fine ? tp_reshape_at(at, y, tp_shape_copy(x)) : tp_poison();
}

/* Without running values: each channel a group of its own, which a graph can say for a batch of any size. */
static tp_tensor *normalise_alone(tp_location at, tp_batch_norm_args args) {
    return tp_group_norm_at(at, (tp_group_norm_args){.x = args.x,
                                                     .num_groups = args.x->shape[1],
                                                     .weight = args.weight,
                                                     .bias = args.bias,
                                                     .eps = args.eps});
}

tp_tensor *tp_instance_norm_at(tp_location at, tp_batch_norm_args args) {
    TP_CHECK(at, "instance_norm", args.x);
    if (args.x->ndim < 3)
        return tp_fail(at, "instance_norm", TP_ERROR_SHAPE, tp_tensor_text(args.x),
                       "(N, C, L) or (N, C, H, W)", NULL);
    if (args.activation != TP_ACTIVATION_NONE)
        return tp_fail(at, "instance_norm", TP_ERROR_ARGUMENT, "an activation", "none", NULL);
    if (!args.training && args.running_mean && args.running_var) return tp_batch_norm_at(at, args);
    int64_t planes = args.x->shape[0] * args.x->shape[1];
    bool alone = !args.running_mean && !args.running_var && args.x->numel > planes;
    if (alone) return normalise_alone(at, args);
    return args.x->numel > 0 ? normalise_instances(at, args) : tp_batch_norm_at(at, args);
}

/* ---- local_response_norm ---- */

/* Means of the squares of `size` neighbouring channels: an average pool over channels, with zeros beyond the ends. */
static tp_tensor *neighbour_squares(tp_location at, tp_tensor *x, int64_t size) {
    int64_t batch = x->shape[0], channels = x->shape[1];
    int64_t inner = batch * channels > 0 ? x->numel / (batch * channels) : 1;
    tp_tensor *flat = tp_reshape_at(at, tp_square_at(at, x), tp_shape(batch, 1, channels, inner));
    tp_tensor *bordered =
        tp_pad_at(at, (tp_pad_args){.x = flat, .sides = tp_shape(0, 0, size / 2, (size - 1) / 2)});
    tp_tensor *mean =
        tp_avg_pool2d_at(at, (tp_pool_args){.x = bordered, .kernel_hw = {size, 1}, .stride = 1});
    return tp_reshape_at(at, mean, tp_shape_copy(x));
}

tp_tensor *tp_local_response_norm_at(tp_location at, tp_local_response_norm_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, "local_response_norm", x);
    double alpha = args.alpha != 0 ? args.alpha : 1e-4, beta = args.beta != 0 ? args.beta : 0.75,
           k = args.k != 0 ? args.k : 1;
    if (x->ndim < 2)
        return tp_fail(at, "local_response_norm", TP_ERROR_SHAPE, tp_tensor_text(x), "(N, C, ...)",
                       NULL);
    if (args.size < 1)
        return tp_fail(at, "local_response_norm", TP_ERROR_ARGUMENT,
                       tp_text("size %lld", (long long)args.size), "at least 1", NULL);
    if (x->numel == 0) return tp_clone_at(at, x);
    tp_tensor *mean = neighbour_squares(at, x, args.size);
    if (tp_is_poison(mean)) return mean;
    tp_tensor *base = tp_add_real_at(at, tp_mul_real_at(at, mean, alpha), k);
    return tp_div_at(at, x, tp_pow_real_at(at, base, beta));
}
