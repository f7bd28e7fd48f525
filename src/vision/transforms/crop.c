/* Parts of pictures, margins around them, and mirror images. */
#include <math.h>
#include <string.h>

#include "vision/transforms/picture_ops.h"

/* Where the columns [left, left + width) meet [0, limit). */
static void overlap(int64_t left, int64_t width, int64_t limit, int64_t *first, int64_t *end) {
    *first = left < 0 ? 0 : left;
    *end = left + width < limit ? left + width : limit;
    if (*end < *first) *end = *first;
}

tp_error_code tp_picture_crop(tp_picture *picture, int64_t top, int64_t left, int64_t height,
                              int64_t width, tp_why *why) {
    tp_picture made;
    tp_error_code code = tp_picture_new(&made, picture->channels, height, width, why);
    if (code) return code;
    int64_t first_row, end_row, first, end;
    overlap(top, height, picture->height, &first_row, &end_row);
    overlap(left, width, picture->width, &first, &end);
    if (end - first < width || end_row - first_row < height)
        memset(made.bytes, 0, (size_t)tp_picture_bytes(&made));
    for (int c = 0; c < made.channels; c++)
        for (int64_t y = first_row; y < end_row; y++)
            memcpy(made.bytes + (c * height + y - top) * width + (first - left),
                   picture->bytes + (c * picture->height + y) * picture->width + first,
                   (size_t)(end - first));
    tp_picture_replace(picture, made);
    return TP_ERROR_NONE;
}

/* The place inside [0, size) whose pixel a place outside shows; -1 for the fill. */
static int64_t shown(int64_t at, int64_t size, tp_padding_mode mode) {
    if (at >= 0 && at < size) return at;
    switch (mode) {
    case TP_PADDING_EDGE: return at < 0 ? 0 : size - 1;
    case TP_PADDING_REFLECT: {
        int64_t period = size > 1 ? 2 * (size - 1) : 1;
        at = (at % period + period) % period;
        return at < size ? at : period - at;
    }
    case TP_PADDING_SYMMETRIC:
        at = (at % (2 * size) + 2 * size) % (2 * size);
        return at < size ? at : 2 * size - 1 - at;
    default: return -1;
    }
}

static void pad_row(const tp_picture *from, int c, int64_t row, const tp_padding *p, uint8_t *out,
                    int64_t width) {
    const uint8_t *in = row < 0 ? NULL : from->bytes + (c * from->height + row) * from->width;
    for (int64_t x = 0; x < width; x++) {
        int64_t column = in ? shown(x - p->left, from->width, p->mode) : -1;
        out[x] = column < 0 ? p->fill[c] : in[column];
    }
}

tp_error_code tp_picture_pad(tp_picture *picture, const tp_padding *p, tp_why *why) {
    tp_picture made;
    if (!p->left && !p->top && !p->right && !p->bottom) return TP_ERROR_NONE;
    if (p->left > TP_IMAGE_MOST_BYTES || p->right > TP_IMAGE_MOST_BYTES ||
        p->top > TP_IMAGE_MOST_BYTES || p->bottom > TP_IMAGE_MOST_BYTES)
        return tp_picture_problem(why, TP_ERROR_FORMAT, "a margin too wide");
    tp_error_code code =
        tp_picture_new(&made, picture->channels, picture->height + p->top + p->bottom,
                       picture->width + p->left + p->right, why);
    if (code) return code;
    for (int c = 0; c < made.channels; c++)
        for (int64_t y = 0; y < made.height; y++)
            pad_row(picture, c, shown(y - p->top, picture->height, p->mode), p,
                    made.bytes + (c * made.height + y) * made.width, made.width);
    tp_picture_replace(picture, made);
    return TP_ERROR_NONE;
}

/* Half of a difference, rounded to even as Python does. */
static int64_t half(int64_t difference) { return (int64_t)nearbyint((double)difference / 2); }

tp_error_code tp_picture_centre_crop(tp_picture *picture, int64_t height, int64_t width,
                                     tp_why *why) {
    int64_t down = height - picture->height, across = width - picture->width;
    if (down > 0 || across > 0) {
        tp_padding p = {.mode = TP_PADDING_CONSTANT};
        if (across > 0) p.left = across / 2, p.right = (across + 1) / 2;
        if (down > 0) p.top = down / 2, p.bottom = (down + 1) / 2;
        tp_error_code code = tp_picture_pad(picture, &p, why);
        if (code) return code;
    }
    return tp_picture_crop(picture, half(picture->height - height), half(picture->width - width),
                           height, width, why);
}

void tp_picture_flip_across(tp_picture *picture) {
    for (int64_t y = 0; y < picture->channels * picture->height; y++) {
        uint8_t *row = picture->bytes + y * picture->width;
        for (int64_t a = 0, b = picture->width - 1; a < b; a++, b--) {
            uint8_t swap = row[a];
            row[a] = row[b];
            row[b] = swap;
        }
    }
}

void tp_picture_flip_down(tp_picture *picture) {
    for (int c = 0; c < picture->channels; c++)
        for (int64_t a = 0, b = picture->height - 1; a < b; a++, b--) {
            uint8_t *upper = picture->bytes + (c * picture->height + a) * picture->width;
            uint8_t *lower = picture->bytes + (c * picture->height + b) * picture->width;
            for (int64_t x = 0; x < picture->width; x++) {
                uint8_t swap = upper[x];
                upper[x] = lower[x];
                lower[x] = swap;
            }
        }
}
