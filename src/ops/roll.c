/* roll: moved along dimensions, round the ends. A copy. */
#include <taper/ops/shape.h>

#include "ops/loop.h"
#include "ops/shape.h"

/* One dimension, by 0 < shift < its size. */
static tp_tensor *roll_once(tp_location at, tp_tensor *x, int dim, int64_t shift) {
    int64_t size = x->shape[dim];
    tp_tensor *out = tp_make_like(at, "roll", x);
    if (out->poison) return out;
    int64_t from[2] = {0, size - shift}, to[2] = {shift, 0}, length[2] = {size - shift, shift};
    for (int k = 0; k < 2; k++) {
        tp_tensor *source = tp_part(at, "roll", x, dim, from[k], length[k]);
        tp_tensor *target = tp_part(at, "roll", out, dim, to[k], length[k]);
        if (source->poison || target->poison) return tp_poison();
        tp_copy_elements(target, source);
        tp_free(source);
        tp_free(target);
    }
    return out;
}

static int64_t wrap_shift(int64_t shift, int64_t size) {
    int64_t rest = size ? shift % size : 0;
    return rest < 0 ? rest + size : rest;
}

/* Along each dimension by shift[d]; flat: as one row by shift[0]. Never x itself. */
static tp_tensor *rolled(tp_location at, tp_tensor *x, const int64_t *shift, bool flat) {
    tp_tensor *out = x;
    if (flat) {
        out = tp_reshape_at(at, out, (tp_shape){.ndim = 1, .dims = {x->numel}});
        int64_t by = out->poison ? 0 : wrap_shift(shift[0], x->numel);
        if (by) out = roll_once(at, out, 0, by);
        if (out->poison || by) return out->poison ? out : tp_reshape_at(at, out, tp_shape_copy(x));
        out = x;
    }
    for (int d = 0; d < x->ndim && !flat && !out->poison; d++) {
        int64_t by = wrap_shift(shift[d], x->shape[d]);
        if (by) out = roll_once(at, out, d, by);
    }
    if (out != x) return out;
    out = tp_make_like(at, "roll", x);
    if (!out->poison) tp_copy_elements(out, x);
    return out;
}

enum { FLAT = TP_MAX_DIMS }; /* node->integer[d]: shift of dimension d; [FLAT]: as one row */

static void roll_backward(tp_node *node, tp_tensor *const *grads) {
    int64_t back[TP_MAX_DIMS];
    for (int d = 0; d < TP_MAX_DIMS; d++) back[d] = -node->integer[d];
    tp_send(node, 0, rolled(node->at, grads[0], back, node->integer[FLAT] != 0));
}

static tp_tensor *roll_apply(tp_tensor *const *inputs, int variant) {
    if (variant == 1) return tp_roll(inputs[0], tp_shape(4));
    return tp_roll(inputs[0], tp_shape(-1, 5), .dims = tp_dims(0, -1));
}

static const tp_op_sample roll_samples[] = {
    {0, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {1, 1, {TP_SHAPE_OF(2, 3)}, 0, 0, 0},
    {0, 1, {TP_SHAPE_OF(0, 3)}, 0, 0, 0},
    {0},
};
const tp_op tp_op_roll = {
    .name = "roll", .backward = roll_backward, .apply = roll_apply, .samples = roll_samples};

tp_tensor *tp_roll_at(tp_location at, tp_roll_args args) {
    tp_tensor *x = args.x;
    TP_CHECK(at, "roll", x);
    bool flat = args.dims.ndim == 0;
    if (args.shifts.ndim < 1 || args.dims.ndim < 0 ||
        args.shifts.ndim != (flat ? 1 : args.dims.ndim))
        return tp_fail(at, "roll", TP_ERROR_ARGUMENT,
                       tp_text("%d shifts for %d dimensions", args.shifts.ndim, args.dims.ndim),
                       "one shift for each dimension, or one and no dimensions", NULL);
    int64_t shift[TP_MAX_DIMS] = {0};
    for (int i = 0; i < args.dims.ndim; i++) {
        int d = tp_wrap_dim(at, "roll", args.dims.dims[i], x->ndim);
        if (d < 0) return tp_poison();
        int64_t size = x->ndim ? x->shape[d] : 1;
        shift[d] = wrap_shift(shift[d] + wrap_shift(args.shifts.dims[i], size), size);
    }
    if (flat) shift[0] = wrap_shift(args.shifts.dims[0], x->numel);
    tp_grad_mode mode = tp_grad_mode_begin(false);
    tp_tensor *out = rolled(at, x, shift, flat);
    tp_grad_mode_end(&mode);
    if (out->poison) return out;
    tp_node *node = tp_record(at, &tp_op_roll, out, 1, &x);
    if (node) {
        for (int d = 0; d < TP_MAX_DIMS; d++) node->integer[d] = shift[d];
        node->integer[FLAT] = flat;
    }
    return out;
}
