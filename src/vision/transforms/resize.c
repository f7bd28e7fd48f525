/* Resizing as Pillow does it: along each direction in turn, every new row is a weighted sum of old ones, in fixed point of 22
 * bits, rounded to bytes in between. Where a picture shrinks, the filter widens with the step, so that nothing is skipped
 * (antialias).
 *
 * Rows are summed whole, which is what vector units like. For sums along a row a strip of rows is transposed, so that columns
 * lie as rows do, and transposed back. */
#include "vision/transforms/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

enum { STRIP = 64, TILE = 8 };

/* ---- filters ---- */

static double sinc(double x) { return x == 0 ? 1 : sin(PI * x) / (PI * x); }

static double box(double x) { return x > -0.5 && x <= 0.5; }

static double bilinear(double x) { return fabs(x) < 1 ? 1 - fabs(x) : 0; }

static double hamming(double x) {
    x = fabs(x);
    if (x >= 1) return 0;
    return x == 0 ? 1 : sinc(x) * (0.54 + 0.46 * cos(PI * x));
}

static double bicubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double lanczos(double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

typedef struct filter {
    double (*value)(double x);
    double support;
} filter;

static const filter filters[] = {
    [TP_INTERPOLATION_BILINEAR] = {bilinear, 1}, [TP_INTERPOLATION_BICUBIC] = {bicubic, 2},
    [TP_INTERPOLATION_BOX] = {box, 0.5},         [TP_INTERPOLATION_HAMMING] = {hamming, 1},
    [TP_INTERPOLATION_LANCZOS] = {lanczos, 3},
};

/* ---- weights ---- */

/* For each of `to` new places: the first old one, how many, and their weights. */
typedef struct weights {
    int64_t to;
    int most; /* of the counts: the room of each in `weight` */
    int64_t *first;
    int *count;
    int32_t *weight;
} weights;

static void weights_free(weights *w) {
    free(w->first);
    free(w->count);
    free(w->weight);
}

static int32_t fixed(double x) {
    double scaled = x * (1 << TP_BYTE_WEIGHT_BITS);
    return (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

/* `room` holds w->most numbers. */
static void weigh_place(weights *w, const filter *f, int64_t from, int64_t place, double *room) {
    double scale = (double)from / (double)w->to, wide = scale < 1 ? 1 : scale;
    double centre = ((double)place + 0.5) * scale, support = f->support * wide, sum = 0;
    int64_t first = (int64_t)(centre - support + 0.5), last = (int64_t)(centre + support + 0.5);
    if (centre - support + 0.5 < 0) first = 0;
    if (last > from) last = from;
    int count = (int)(last - first);
    for (int k = 0; k < count; k++) {
        room[k] = f->value(((double)(k + first) - centre + 0.5) * (1 / wide));
        sum += room[k];
    }
    for (int k = 0; k < count; k++)
        w->weight[place * w->most + k] = fixed(sum != 0 ? room[k] / sum : room[k]);
    w->first[place] = first;
    w->count[place] = count;
}

static bool weights_make(weights *w, const filter *f, int64_t from, int64_t to) {
    double scale = (double)from / (double)to;
    *w = (weights){.to = to, .most = (int)ceil(f->support * (scale < 1 ? 1 : scale)) * 2 + 1};
    w->first = malloc(sizeof *w->first * (size_t)to);
    w->count = malloc(sizeof *w->count * (size_t)to);
    w->weight = malloc(sizeof *w->weight * (size_t)to * (size_t)w->most);
    double *room = malloc(sizeof *room * (size_t)w->most);
    bool fine = w->first && w->count && w->weight && room;
    for (int64_t i = 0; fine && i < to; i++) weigh_place(w, f, from, i, room);
    free(room);
    return fine;
}

/* ---- down: sums of rows ---- */

static void resize_down(const tp_picture *from, tp_picture *to, const weights *w,
                        const tp_kernels *kernels) {
    for (int c = 0; c < from->channels; c++)
        for (int64_t y = 0; y < w->to; y++)
            kernels->weigh_bytes(to->bytes + (c * w->to + y) * to->width,
                                 from->bytes + (c * from->height + w->first[y]) * from->width,
                                 from->width, from->width, w->weight + y * w->most, w->count[y]);
}

/* ---- across: the same on transposed strips ---- */

/* Eight rows of eight bytes as the numbers v[0..7], turned over their diagonal in three steps: blocks of 4, 2 and 1. */
static void turn_tile(uint64_t v[TILE]) {
    static const uint64_t low[3] = {0x00000000ffffffffu, 0x0000ffff0000ffffu, 0x00ff00ff00ff00ffu};
    for (int step = 0, size = 4; step < 3; step++, size /= 2)
        for (int i = 0; i < TILE; i++) {
            if (i & size) continue;
            uint64_t swap = ((v[i] >> (8 * size)) ^ v[i + size]) & low[step];
            v[i] ^= swap << (8 * size);
            v[i + size] ^= swap;
        }
}

/* out (columns, rows) of in (rows, columns); the strides are bytes from row to row. Reads whole bytes only. */
static void transpose(uint8_t *out, int64_t out_stride, const uint8_t *in, int64_t in_stride,
                      int64_t rows, int64_t columns) {
    int64_t whole_rows = rows / TILE * TILE, whole_columns = columns / TILE * TILE;
    for (int64_t y = 0; y < whole_rows; y += TILE)
        for (int64_t x = 0; x < whole_columns; x += TILE) {
            uint64_t v[TILE];
            for (int i = 0; i < TILE; i++) memcpy(&v[i], in + (y + i) * in_stride + x, TILE);
            turn_tile(v);
            for (int i = 0; i < TILE; i++) memcpy(out + (x + i) * out_stride + y, &v[i], TILE);
        }
    for (int64_t y = 0; y < rows; y++)
        for (int64_t x = y < whole_rows ? whole_columns : 0; x < columns; x++)
            out[x * out_stride + y] = in[y * in_stride + x];
}

static bool resize_across(const tp_picture *from, tp_picture *to, const weights *w,
                          const tp_kernels *kernels) {
    uint8_t *turned = calloc((size_t)(from->width + w->to), STRIP);
    if (!turned) return false;
    uint8_t *made = turned + from->width * STRIP;
    int64_t rows = from->channels * from->height;
    for (int64_t y = 0; y < rows; y += STRIP) {
        int64_t n = rows - y < STRIP ? rows - y : STRIP;
        transpose(turned, STRIP, from->bytes + y * from->width, from->width, n, from->width);
        for (int64_t x = 0; x < w->to; x++)
            kernels->weigh_bytes(made + x * STRIP, turned + w->first[x] * STRIP, STRIP, STRIP,
                                 w->weight + x * w->most, w->count[x]);
        transpose(to->bytes + y * w->to, w->to, made, STRIP, w->to, n);
    }
    free(turned);
    return true;
}

/* ---- nearest ---- */

static bool resize_nearest(const tp_picture *from, tp_picture *to) {
    int64_t *column = malloc(sizeof *column * (size_t)to->width);
    if (!column) return false;
    double step = (double)from->width / (double)to->width, place = step * 0.5;
    for (int64_t x = 0; x < to->width; x++, place += step) column[x] = (int64_t)place;
    step = (double)from->height / (double)to->height;
    place = step * 0.5;
    for (int64_t y = 0; y < to->height; y++, place += step)
        for (int c = 0; c < from->channels; c++) {
            const uint8_t *in = from->bytes + (c * from->height + (int64_t)place) * from->width;
            uint8_t *out = to->bytes + (c * to->height + y) * to->width;
            for (int64_t x = 0; x < to->width; x++) out[x] = in[column[x]];
        }
    free(column);
    return true;
}

/* ---- all ---- */

void tp_size_of_shorter(const tp_picture *picture, int64_t size, int64_t most, int64_t *height,
                        int64_t *width) {
    bool lying = picture->width > picture->height;
    int64_t shorter = lying ? picture->height : picture->width;
    int64_t longer = lying ? picture->width : picture->height;
    int64_t new_longer = (int64_t)((double)size * (double)longer / (double)shorter);
    if (most && new_longer > most) {
        size = (int64_t)((double)most * (double)size / (double)new_longer);
        new_longer = most;
    }
    if (size < 1) size = 1;
    *height = lying ? size : new_longer;
    *width = lying ? new_longer : size;
}

/* One direction; the picture becomes the result. */
static tp_error_code resize_one(tp_picture *picture, int64_t size, bool across, const filter *f,
                                const tp_kernels *kernels, tp_why *why) {
    int64_t from = across ? picture->width : picture->height;
    if (from == size) return TP_ERROR_NONE;
    tp_picture made;
    tp_error_code code = tp_picture_new(&made, picture->channels, across ? picture->height : size,
                                        across ? size : picture->width, why);
    if (code) return code;
    weights w;
    bool fine = weights_make(&w, f, from, size);
    if (fine && across)
        fine = resize_across(picture, &made, &w, kernels);
    else if (fine)
        resize_down(picture, &made, &w, kernels);
    weights_free(&w);
    tp_picture_replace(fine ? picture : &made, fine ? made : (tp_picture){0});
    return fine ? TP_ERROR_NONE
                : tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory to resize a picture");
}

tp_error_code tp_picture_resize(tp_picture *picture, int64_t height, int64_t width,
                                tp_interpolation interpolation, const tp_kernels *kernels,
                                tp_why *why) {
    if (picture->height == height && picture->width == width) return TP_ERROR_NONE;
    if (interpolation != TP_INTERPOLATION_NEAREST) {
        const filter *f = &filters[interpolation];
        tp_error_code code = resize_one(picture, width, true, f, kernels, why);
        return code ? code : resize_one(picture, height, false, f, kernels, why);
    }
    tp_picture made;
    tp_error_code code = tp_picture_new(&made, picture->channels, height, width, why);
    if (code) return code;
    if (!resize_nearest(picture, &made)) {
        tp_picture_free(&made);
        return tp_picture_problem(why, TP_ERROR_MEMORY, "out of memory to resize a picture");
    }
    tp_picture_replace(picture, made);
    return TP_ERROR_NONE;
}
