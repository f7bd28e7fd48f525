/* Weights and biases as PyTorch's layers make them. */
#include <math.h>
#include <taper/init.h>

#include "nn/layers.h"

/* Uniform in +-bound; PyTorch draws also where the bound is 0. */
static bool draw(tp_location at, tp_tensor *x, double bound) {
    tp_grad_mode mode = tp_grad_mode_begin(false);
    bool fine = !tp_is_poison(tp_uniform_at(at, x, -bound, bound, NULL));
    tp_grad_mode_end(&mode);
    return fine;
}

/* Makes x a parameter once it was drawn; frees it where that, or the drawing, has failed. */
static tp_tensor *adopt(tp_location at, tp_module *module, const char *name, tp_tensor *x,
                        bool drawn) {
    if (drawn && tp_add_parameter(at, module, name, x)) return x;
    tp_free(x);
    return NULL;
}

tp_tensor *tp_make_weight(tp_location at, tp_module *module, tp_shape shape, tp_dtype dtype) {
    tp_tensor *weight = tp_empty_at(at, (tp_create_args){shape, dtype, false});
    bool drawn =
        !tp_is_poison(tp_init_kaiming_uniform_at(at, (tp_init_kaiming_args){weight, .a = sqrt(5)}));
    return adopt(at, module, "weight", weight, drawn);
}

tp_tensor *tp_make_bias(tp_location at, tp_module *module, int64_t features, int64_t fan_in,
                        tp_dtype dtype) {
    tp_tensor *bias = tp_empty_at(at, (tp_create_args){tp_shape(features), dtype, false});
    double bound = fan_in ? 1 / sqrt((double)fan_in) : 0;
    return adopt(at, module, "bias", bias, draw(at, bias, bound));
}

tp_tensor *tp_make_constant(tp_location at, tp_module *module, const char *name, tp_shape shape,
                            double value, tp_dtype dtype, bool buffer) {
    tp_tensor *x = tp_full_at(at, (tp_full_args){shape, value, dtype, false});
    tp_tensor *added =
        buffer ? tp_buffer_at(at, module, name, x) : tp_parameter_at(at, module, name, x);
    if (!tp_is_poison(added)) return added;
    tp_free(x);
    return NULL;
}
