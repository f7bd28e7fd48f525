/* Padding of a convolution with something other than zeros: the pixels that it repeats are selected row by row and column by
 * column, so that their gradients add up by themselves. */
#include <taper/ops/index.h>

#include "ops/conv.h"
#include "ops/shape.h"

/* Which element of n stands at place i, where 0 is the first one. */
static int64_t source_of(tp_pad_mode mode, int64_t i, int64_t n) {
    switch (mode) {
    case TP_PAD_REFLECT: return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    case TP_PAD_CIRCULAR: return i < 0 ? i + n : i >= n ? i - n : i;
    default: return i < 0 ? 0 : i >= n ? n - 1 : i;
    }
}

/* Once around at most, as in PyTorch. */
static bool reaches(tp_location at, const tp_conv_form *form, const tp_conv_direction *d) {
    int64_t most = form->mode == TP_PAD_REFLECT ? d->in - 1 : d->in;
    if (form->mode == TP_PAD_REPLICATE || (d->before <= most && d->after <= most)) return true;
    tp_fail(at, form->name, TP_ERROR_ARGUMENT,
            tp_text("padding %lld and %lld of %lld elements", (long long)d->before,
                    (long long)d->after, (long long)d->in),
            form->mode == TP_PAD_REFLECT ? "less than there are elements"
                                         : "at most as much as there are elements",
            NULL);
    return false;
}

static tp_tensor *pad_direction(tp_location at, const tp_conv_form *form, tp_conv_direction *d,
                                tp_tensor *x, int dim) {
    if (!d->before && !d->after) return x;
    if (!reaches(at, form, d)) return tp_poison();
    int64_t size = d->before + d->in + d->after;
    if (size < 1)
        return tp_fail(at, form->name, TP_ERROR_SHAPE,
                       tp_text("x %s with %lld elements left", tp_tensor_text(x), (long long)size),
                       "padding_sides that leave something", NULL);
    tp_tensor *index = tp_make(at, form->name, TP_INT64, 1, &size);
    if (index->poison) return index;
    for (int64_t i = 0; i < size; i++)
        ((int64_t *)(void *)index->data)[i] = source_of(form->mode, i - d->before, d->in);
    d->in = size;
    d->before = d->after = 0;
    return tp_index_select_at(at, x, dim, index);
}

tp_tensor *tp_conv_padded(tp_location at, tp_conv_form *form, tp_tensor *x) {
    if (form->mode == TP_PAD_ZEROS) return x;
    if (form->dims == 2) x = pad_direction(at, form, &form->h, x, -2);
    if (x->poison) return x;
    return pad_direction(at, form, &form->w, x, -1);
}
