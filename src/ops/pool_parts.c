/* lp_pool and max_unpool: made of other operations. */
#include <taper/ops/arithmetic.h>
#include <taper/ops/elementwise.h>
#include <taper/ops/index.h>
#include <taper/ops/shape.h>

#include "ops/pool.h"

/* ---- lp_pool ---- */

/* (mean of x^p times the size of the window)^(1/p); below 0, where an odd p leads, 0. */
static tp_tensor *lp_pool(tp_location at, const char *op, int dims, tp_pool_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, op, x);
    tp_window window;
    if (!tp_pool_types(at, op, x) || !tp_window_of(at, op, &args, dims, TP_POOL_OF_LP, &window))
        return tp_poison();
    if (window.padding[0] || window.padding[1])
        return tp_fail(at, op, TP_ERROR_ARGUMENT, "padding", "none", "tp_pad() goes before it");
    double p = args.norm_type != 0 ? args.norm_type : 2;
    args.norm_type = 0;
    args.x = tp_pow_real_at(at, x, p);
    tp_tensor *mean = dims == 1 ? tp_avg_pool1d_at(at, args) : tp_avg_pool2d_at(at, args);
    if (tp_is_poison(mean)) return mean;
    double size = (double)(window.kernel[0] * window.kernel[1]);
    tp_tensor *sum = tp_mul_real_at(at, tp_relu_at(at, mean), size);
    return tp_pow_real_at(at, sum, 1 / p);
}

tp_tensor *tp_lp_pool2d_at(tp_location at, tp_pool_args args) {
    return lp_pool(at, "lp_pool2d", 2, args);
}

tp_tensor *tp_lp_pool1d_at(tp_location at, tp_pool_args args) {
    return lp_pool(at, "lp_pool1d", 1, args);
}

/* ---- max_unpool ---- */

/* The shape that x is spread out to; ndim -1 after an error. */
static tp_shape unpooled_shape(tp_location at, const char *op, const tp_tensor *x, int dims,
                               const tp_pool_args *args) {
    tp_shape shape = tp_shape_copy(x);
    tp_window window;
    if (!tp_window_of(at, op, args, dims, TP_POOL_OF_UNPOOL, &window))
        return (tp_shape){.ndim = -1};
    for (int d = 2 - dims; d < 2; d++) {
        int at_dim = x->ndim - 2 + d;
        int64_t size =
            (x->shape[at_dim] - 1) * window.stride[d] - 2 * window.padding[d] + window.kernel[d];
        int64_t wanted = args->output_hw[d];
        shape.dims[at_dim] = wanted ? wanted : size;
        bool near =
            !wanted || (wanted > size - window.stride[d] && wanted < size + window.stride[d]);
        if (shape.dims[at_dim] >= 1 && near) continue;
        tp_fail(at, op, TP_ERROR_SHAPE,
                tp_text("%s to a size of %lld at dimension %d", tp_tensor_text(x),
                        (long long)shape.dims[at_dim], at_dim),
                tp_text("%lld, or what differs by less than the stride", (long long)size), NULL);
        return (tp_shape){.ndim = -1};
    }
    return shape;
}

static tp_tensor *max_unpool(tp_location at, const char *op, int dims, tp_tensor *indices,
                             tp_pool_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, op, x);
    TP_CHECK(at, op, indices);
    if (!tp_pool_types(at, op, x)) return tp_poison();
    if ((x->ndim != dims + 1 && x->ndim != dims + 2) || !tp_shapes_equal(x, indices))
        return tp_fail(at, op, TP_ERROR_SHAPE,
                       tp_text("x %s and indices %s", tp_tensor_text(x), tp_tensor_text(indices)),
                       dims == 1 ? "both (N, C, L) or (C, L)" : "both (N, C, H, W) or (C, H, W)",
                       NULL);
    tp_shape shape = unpooled_shape(at, op, x, dims, &args);
    if (shape.ndim < 0) return tp_poison();
    int64_t planes = 1, in = 1, out = 1;
    for (int d = 0; d < x->ndim; d++) {
        bool outer = d < x->ndim - dims;
        planes *= outer ? x->shape[d] : 1;
        in *= outer ? 1 : x->shape[d];
        out *= outer ? 1 : shape.dims[d];
    }
    tp_tensor *zeros = tp_full_at(at, (tp_full_args){tp_shape(planes, out), 0, x->dtype, false});
    tp_tensor *spread =
        tp_scatter_at(at, zeros, 1, tp_reshape_at(at, indices, tp_shape(planes, in)),
                      tp_reshape_at(at, x, tp_shape(planes, in)));
    return tp_reshape_at(at, spread, shape);
}

tp_tensor *tp_max_unpool2d_at(tp_location at, tp_tensor *indices, tp_pool_args args) {
    return max_unpool(at, "max_unpool2d", 2, indices, args);
}

tp_tensor *tp_max_unpool1d_at(tp_location at, tp_tensor *indices, tp_pool_args args) {
    return max_unpool(at, "max_unpool1d", 1, indices, args);
}
