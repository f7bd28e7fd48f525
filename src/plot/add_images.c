/* Pictures in a figure: any tensor that can be seen becomes bytes of red, green and blue. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "plot/figure.h"
#include "tensor/tensor.h"

/* (N, C, H, W) of what the tensor's dimensions mean. False where they mean no pictures. */
static bool read_shape(const tp_tensor *x, bool single, int64_t out[4]) {
    int extra = x->ndim + (int)single; /* 3 or 4 */
    if (extra != 3 && extra != 4) return false;
    int first = single ? 0 : 1;
    out[0] = single ? 1 : x->shape[0];
    out[1] = extra == 4 ? x->shape[first] : 1;
    out[2] = x->shape[x->ndim - 2];
    out[3] = x->shape[x->ndim - 1];
    return (out[1] == 1 || out[1] == 3) && x->numel > 0 && x->numel <= 1 << 28;
}

/* What values are black and white. */
static void find_range(const double *values, size_t count, bool bytes, bool stretch, double *low,
                       double *high) {
    *low = INFINITY, *high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        *low = fmin(*low, values[i]);
        *high = fmax(*high, values[i]);
    }
    if (stretch || (!bytes && (*low < 0 || *high > 1))) return;
    *low = 0;
    *high = bytes ? 255 : 1;
}

/* values (C, H, W) to pixels (H, W, 3). */
static void paint(unsigned char *pixels, const double *values, const int64_t shape[4], double low,
                  double high) {
    size_t plane = (size_t)(shape[2] * shape[3]);
    for (size_t i = 0; i < plane; i++)
        for (size_t c = 0; c < 3; c++) {
            double value = values[(shape[1] == 3 ? c * plane : 0) + i];
            double share = high > low ? (value - low) / (high - low) : 0.5;
            share = isfinite(share) ? fmin(fmax(share, 0), 1) : 0;
            pixels[3 * i + c] = (unsigned char)lround(255 * share);
        }
}

static unsigned char *pixels_of(tp_location at, const tp_images_args *args, const double *values,
                                const int64_t shape[4]) {
    size_t one = (size_t)(shape[1] * shape[2] * shape[3]), count = (size_t)shape[0];
    size_t area = 3 * (size_t)(shape[2] * shape[3]);
    unsigned char *pixels = tp_figure_hold(at, args->figure, count * area);
    bool bytes = !tp_is_float_type(args->images->dtype);
    double low = 0, high = 0;
    find_range(values, count * one, bytes, false, &low, &high);
    for (size_t i = 0; pixels && i < count; i++) {
        if (args->scale_each) find_range(values + i * one, one, bytes, true, &low, &high);
        paint(pixels + i * area, values + i * one, shape, low, high);
    }
    return pixels;
}

static bool add(tp_location at, const char *op, const tp_images_args *args, bool single) {
    tp_figure *figure = args->figure;
    if (!tp_figure_become(at, op, figure, TP_PLOT_PICTURES, true)) return false;
    const double *values = tp_figure_tensor(at, op, figure, args->images);
    if (!values) return false;
    int64_t shape[4];
    if (!read_shape(args->images, single, shape)) {
        tp_fail(at, op, TP_ERROR_SHAPE, tp_tensor_text(args->images),
                single ? "(C, H, W) or (H, W), C 1 or 3" : "(N, C, H, W) or (N, H, W), C 1 or 3",
                "tp_select() takes a channel, tp_unsqueeze() adds a dimension");
        return false;
    }
    bool fine = true;
    size_t count = (size_t)shape[0];
    figure->pictures = (int)shape[0];
    figure->height = (int)shape[2], figure->width = (int)shape[3];
    figure->pixels = pixels_of(at, args, values, shape);
    figure->names = tp_figure_names(at, figure, args->captions, count, &fine);
    figure->across = args->columns > 0 ? args->columns : 0;
    figure->size = args->size > 0 ? args->size : 0;
    bool *marked = args->marked ? tp_figure_hold(at, figure, count) : NULL;
    if (marked) memcpy(marked, args->marked, count);
    figure->marked = marked;
    return fine && figure->pixels && (marked || !args->marked);
}

bool tp_plot_images_at(tp_location at, tp_images_args args) {
    return add(at, "plot_images", &args, false);
}

bool tp_plot_image_at(tp_location at, tp_images_args args) {
    return add(at, "plot_image", &args, true);
}
