/* Which kernels make a convolution. */
#include "backend/backend.h"
#include "backend/bf16.h"

bool tp_winograd_wins(tp_conv_kind kind, const tp_conv_shape *s) {
    bool fits = (s->kernel_h == 3 || s->kernel_h == 5) && s->kernel_w == s->kernel_h &&
                s->stride_h == 1 && s->stride_w == 1 && s->dilation_h == 1 && s->dilation_w == 1 &&
                s->groups == 1;
    if (!fits) return false;
    /* Measured, see docs/convolution.md: the transforms pay where there are channels to share
     * them; those of the gradient of the weight want a few pixels besides. */
    if (kind == TP_CONV_GRAD_WEIGHT)
        return s->in_channels >= 6 && s->images * s->out_h * s->out_w >= 8;
    bool forward = kind == TP_CONV_FORWARD;
    int64_t made = forward ? s->out_channels : s->in_channels;
    int64_t summed = forward ? s->in_channels : s->out_channels;
    return made >= 5 && summed >= 6 && s->in_channels * s->out_channels >= 64 &&
           s->out_h * s->out_w > 1;
}

bool tp_conv_run(const tp_kernels *kernels, tp_pool *pool, tp_conv_kind kind, int type,
                 const tp_conv_args *args) {
    bool is_float = type == 0;
    if (is_float && kernels->conv_bf16[kind] && tp_conv_bf16_wins(kind, &args->shape))
        return kernels->conv_bf16[kind](pool, args);
    bool winograd = is_float && !kernels->conv.in_order && tp_winograd_wins(kind, &args->shape);
    return winograd ? kernels->winograd.run[kind](pool, args)
                    : kernels->conv.run[kind][type](pool, args);
}
