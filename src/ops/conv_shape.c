/* The arithmetic of convolutions: from sizes and options to the size of the result, and what can be wrong with them. */
#include "ops/conv.h"
#include "ops/shape.h"

/* ---- one direction ---- */

static bool refuse(tp_location at, const tp_conv_form *form, const char *got, const char *want,
                   const char *hint) {
    tp_fail(at, form->name, TP_ERROR_ARGUMENT, got, want, hint);
    return false;
}

static const char *direction_name(const tp_conv_form *form, const tp_conv_direction *d) {
    return form->dims == 1 ? "length" : d == &form->h ? "height" : "width";
}

/* The size of the result, perhaps below 1. */
static int64_t size_of(const tp_conv_form *form, const tp_conv_direction *d) {
    int64_t reach = d->dilation * (d->kernel - 1), padding = d->before + d->after;
    if (form->transposed) return (d->in - 1) * d->stride - padding + reach + d->extra + 1;
    int64_t room = d->in + padding - reach - 1;
    return room < 0 ? -((-room + d->stride - 1) / d->stride) + 1 : room / d->stride + 1;
}

static bool too_small(tp_location at, const tp_conv_form *form, const tp_conv_direction *d,
                      tp_shape x) {
    int64_t padding = d->before + d->after;
    const char *sum =
        form->transposed
            ? tp_text("(%lld - 1) * %lld - %lld + %lld * (%lld - 1) + %lld + 1", (long long)d->in,
                      (long long)d->stride, (long long)padding, (long long)d->dilation,
                      (long long)d->kernel, (long long)d->extra)
            : tp_text("(%lld + %lld - %lld * (%lld - 1) - 1) / %lld + 1", (long long)d->in,
                      (long long)padding, (long long)d->dilation, (long long)d->kernel,
                      (long long)d->stride);
    tp_fail(at, form->name, TP_ERROR_SHAPE,
            tp_text("x %s: the %s of the result would be %s = %lld", tp_shape_text(x),
                    direction_name(form, d), sum, (long long)d->out),
            "at least 1 in each dimension",
            form->transposed ? "less padding" : "a smaller kernel, or padding");
    return false;
}

static bool fill_direction(tp_location at, const tp_conv_form *form, tp_conv_direction *d,
                           tp_shape x) {
    if (d->stride < 1 || d->dilation < 1 || d->kernel < 1)
        return refuse(at, form,
                      tp_text("kernel %lld, stride %lld, dilation %lld", (long long)d->kernel,
                              (long long)d->stride, (long long)d->dilation),
                      "all at least 1", NULL);
    if (form->same) {
        int64_t total = d->dilation * (d->kernel - 1);
        if (d->stride != 1)
            return refuse(at, form, tp_text("same with stride %lld", (long long)d->stride),
                          "stride 1 where the result is to be as large as x", NULL);
        d->before += total / 2;
        d->after += total - total / 2;
    }
    if (d->extra < 0 || (d->extra && d->extra >= d->stride && d->extra >= d->dilation))
        return refuse(at, form,
                      tp_text("output_padding %lld with stride %lld and dilation %lld",
                              (long long)d->extra, (long long)d->stride, (long long)d->dilation),
                      "output_padding below the stride or the dilation", NULL);
    d->out = size_of(form, d);
    return d->out >= 1 || too_small(at, form, d, x);
}

/* ---- both ---- */

static int64_t one_if_zero(int64_t value) { return value ? value : 1; }

/* Direction `which` of a picture: 0 is the height, 1 the width. */
static tp_conv_direction read_options(const tp_conv_options *o, int which, int dims) {
    tp_conv_direction d = {.stride = o->stride,
                           .before = o->padding,
                           .after = o->padding,
                           .dilation = o->dilation,
                           .extra = o->extra};
    if (o->stride_hw && (o->stride_hw[0] || o->stride_hw[1])) d.stride = o->stride_hw[which];
    if (o->dilation_hw && (o->dilation_hw[0] || o->dilation_hw[1]))
        d.dilation = o->dilation_hw[which];
    if (o->padding_hw && (o->padding_hw[0] || o->padding_hw[1]))
        d.before = d.after = o->padding_hw[which];
    if (o->extra_hw && (o->extra_hw[0] || o->extra_hw[1])) d.extra = o->extra_hw[which];
    if (o->sides) { /* left, right, top, bottom */
        d.before += o->sides[dims == 2 && which == 0 ? 2 : 0];
        d.after += o->sides[dims == 2 && which == 0 ? 3 : 1];
    }
    d.stride = one_if_zero(d.stride);
    d.dilation = one_if_zero(d.dilation);
    return d;
}

static bool check_channels(tp_location at, const tp_conv_form *form) {
    if (form->groups >= 1 && form->in_channels % form->groups == 0 &&
        form->out_channels % form->groups == 0 && form->out_channels >= 1)
        return true;
    return refuse(at, form,
                  tp_text("%lld channels in, %lld out, %lld groups", (long long)form->in_channels,
                          (long long)form->out_channels, (long long)form->groups),
                  "groups that divide both numbers of channels", NULL);
}

bool tp_conv_form_fill(tp_location at, tp_conv_form *form, tp_shape x, const int64_t *kernel,
                       const tp_conv_options *options) {
    int dims = form->dims;
    bool fits = x.ndim == dims + 1 || x.ndim == dims + 2;
    for (int d = x.ndim - dims - 1; fits && d < x.ndim; d++) fits = x.dims[d] >= 1;
    if (!fits || x.dims[0] < 0) {
        tp_fail(at, form->name, TP_ERROR_SHAPE, tp_text("x %s", tp_shape_text(x)),
                dims == 1 ? "(N, C, L) or (C, L)" : "(N, C, H, W) or (C, H, W)",
                x.ndim == dims ? "tp_unsqueeze(x, 0) makes one channel of it" : NULL);
        return false;
    }
    if (options->padding < 0 ||
        (options->padding_hw && (options->padding_hw[0] < 0 || options->padding_hw[1] < 0)))
        return refuse(at, form, "padding below 0", "at least 0; padding_sides may crop", NULL);
    form->batched = x.ndim == dims + 2;
    form->images = form->batched ? x.dims[0] : 1;
    form->in_channels = x.dims[x.ndim - dims - 1];
    form->groups = one_if_zero(options->groups);
    form->same = options->same;
    form->mode = options->mode;
    form->h = (tp_conv_direction){.in = 1, .kernel = 1, .stride = 1, .dilation = 1, .out = 1};
    form->w = read_options(options, 1, dims);
    form->w.in = x.dims[x.ndim - 1];
    form->w.kernel = kernel[dims - 1];
    if (dims == 2) {
        form->h = read_options(options, 0, dims);
        form->h.in = x.dims[x.ndim - 2];
        form->h.kernel = kernel[0];
    }
    return check_channels(at, form) && (dims == 1 || fill_direction(at, form, &form->h, x)) &&
           fill_direction(at, form, &form->w, x);
}

tp_shape tp_conv_form_shape(const tp_conv_form *form) {
    tp_shape shape = {0};
    if (form->batched) shape.dims[shape.ndim++] = form->images;
    shape.dims[shape.ndim++] = form->out_channels;
    if (form->dims == 2) shape.dims[shape.ndim++] = form->h.out;
    shape.dims[shape.ndim++] = form->w.out;
    return shape;
}

tp_conv_shape tp_conv_kernel_shape(const tp_conv_form *form) {
    const tp_conv_direction *h = &form->h, *w = &form->w;
    tp_conv_shape s = {.images = form->images,
                       .groups = form->groups,
                       .in_channels = form->in_channels,
                       .in_h = h->in,
                       .in_w = w->in,
                       .out_channels = form->out_channels,
                       .out_h = h->out,
                       .out_w = w->out,
                       .kernel_h = h->kernel,
                       .kernel_w = w->kernel,
                       .stride_h = h->stride,
                       .stride_w = w->stride,
                       .dilation_h = h->dilation,
                       .dilation_w = w->dilation,
                       .top = h->before,
                       .left = w->before};
    if (!form->transposed) return s;
    s.in_channels = form->out_channels, s.in_h = h->out, s.in_w = w->out;
    s.out_channels = form->in_channels, s.out_h = h->in, s.out_w = w->in;
    return s;
}

/* ---- the public functions ---- */

static tp_shape shape_or_none(tp_location at, tp_conv_form *form, tp_shape x, const int64_t *kernel,
                              const tp_conv_options *options) {
    if (tp_conv_form_fill(at, form, x, kernel, options)) return tp_conv_form_shape(form);
    return (tp_shape){.ndim = -1};
}

tp_shape tp_conv2d_shape_at(tp_location at, tp_conv2d_shape_args a) {
    tp_conv_form form = {.name = "conv2d_shape", .dims = 2, .out_channels = a.out_channels};
    int64_t kernel[2] = {a.kernel_hw[0] ? a.kernel_hw[0] : a.kernel,
                         a.kernel_hw[1] ? a.kernel_hw[1] : a.kernel};
    return shape_or_none(at, &form, a.x, kernel,
                         &(tp_conv_options){.stride = a.stride,
                                            .padding = a.padding,
                                            .dilation = a.dilation,
                                            .groups = a.groups,
                                            .stride_hw = a.stride_hw,
                                            .padding_hw = a.padding_hw,
                                            .dilation_hw = a.dilation_hw,
                                            .sides = a.padding_sides,
                                            .same = a.same});
}

tp_shape tp_conv1d_shape_at(tp_location at, tp_conv1d_shape_args a) {
    tp_conv_form form = {.name = "conv1d_shape", .dims = 1, .out_channels = a.out_channels};
    return shape_or_none(at, &form, a.x, &a.kernel,
                         &(tp_conv_options){.stride = a.stride,
                                            .padding = a.padding,
                                            .dilation = a.dilation,
                                            .groups = a.groups,
                                            .sides = a.padding_sides,
                                            .same = a.same});
}

tp_shape tp_conv_transpose2d_shape_at(tp_location at, tp_conv_transpose2d_shape_args a) {
    tp_conv_form form = {.name = "conv_transpose2d_shape",
                         .dims = 2,
                         .transposed = true,
                         .out_channels = a.out_channels};
    int64_t kernel[2] = {a.kernel_hw[0] ? a.kernel_hw[0] : a.kernel,
                         a.kernel_hw[1] ? a.kernel_hw[1] : a.kernel};
    return shape_or_none(at, &form, a.x, kernel,
                         &(tp_conv_options){.stride = a.stride,
                                            .padding = a.padding,
                                            .dilation = a.dilation,
                                            .extra = a.output_padding,
                                            .groups = a.groups,
                                            .stride_hw = a.stride_hw,
                                            .padding_hw = a.padding_hw,
                                            .dilation_hw = a.dilation_hw,
                                            .extra_hw = a.output_padding_hw});
}

tp_shape tp_conv_transpose1d_shape_at(tp_location at, tp_conv_transpose1d_shape_args a) {
    tp_conv_form form = {.name = "conv_transpose1d_shape",
                         .dims = 1,
                         .transposed = true,
                         .out_channels = a.out_channels};
    return shape_or_none(at, &form, a.x, &a.kernel,
                         &(tp_conv_options){.stride = a.stride,
                                            .padding = a.padding,
                                            .dilation = a.dilation,
                                            .extra = a.output_padding,
                                            .groups = a.groups});
}
