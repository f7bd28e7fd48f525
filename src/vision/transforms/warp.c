/* Rotation and affine maps as Pillow computes them: nearest in fixed point of 16 bits, bilinear and bicubic in double,
 * results cut to whole numbers. */
#include <math.h>
#include <string.h>

#include "vision/transforms/picture_ops.h"

#define PI 3.14159265358979323846

static double radians(double degrees) { return degrees * PI / 180; }

/* ---- nearest ---- */

static int64_t fixed(double value) { return (int64_t)floor(value * 65536 + 0.5); }

/* Whether every corner is near enough for 16.16 fixed point. */
static bool fits_fixed(const tp_warp *w) {
    for (int corner = 0; corner < 4; corner++) {
        double x = corner & 1 ? (double)w->width : 0, y = corner & 2 ? (double)w->height : 0;
        const double *m = w->matrix;
        if (!(fabs(x * m[0] + y * m[1] + m[2]) < 32768 && fabs(x * m[3] + y * m[4] + m[5]) < 32768))
            return false;
    }
    return true;
}

/* The pixel at a place of the old picture for all channels of a new one. */
static void copy_pixel(const tp_picture *from, int64_t x, int64_t y, tp_picture *to, int64_t at) {
    int64_t plane = from->height * from->width, new_plane = to->height * to->width;
    for (int c = 0; c < to->channels; c++)
        to->bytes[c * new_plane + at] = from->bytes[c * plane + y * from->width + x];
}

static void warp_fixed(const tp_picture *from, const tp_warp *w, tp_picture *to) {
    const double *m = w->matrix;
    int64_t a0 = fixed(m[0]), a1 = fixed(m[1]), a3 = fixed(m[3]), a4 = fixed(m[4]);
    int64_t a2 = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), a5 = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
    for (int64_t y = 0; y < to->height; y++) {
        int64_t xx = a2 + y * a1, yy = a5 + y * a4;
        for (int64_t x = 0; x < to->width; x++, xx += a0, yy += a3) {
            int64_t column = xx >> 16, row = yy >> 16;
            if (column >= 0 && column < from->width && row >= 0 && row < from->height)
                copy_pixel(from, column, row, to, y * to->width + x);
        }
    }
}

/* Rows stay rows: places are added up in double. */
static void warp_scale(const tp_picture *from, const tp_warp *w, tp_picture *to) {
    const double *m = w->matrix;
    double yy = m[5] + m[4] * 0.5;
    for (int64_t y = 0; y < to->height; y++, yy += m[4]) {
        if (!(yy >= 0 && yy < (double)from->height)) continue;
        double xx = m[2] + m[0] * 0.5;
        for (int64_t x = 0; x < to->width; x++, xx += m[0])
            if (xx >= 0 && xx < (double)from->width)
                copy_pixel(from, (int64_t)xx, (int64_t)yy, to, y * to->width + x);
    }
}

static void warp_nearest(const tp_picture *from, const tp_warp *w, tp_picture *to) {
    const double *m = w->matrix;
    for (int64_t y = 0; y < to->height; y++)
        for (int64_t x = 0; x < to->width; x++) {
            double column = m[0] * ((double)x + 0.5) + m[1] * ((double)y + 0.5) + m[2];
            double row = m[3] * ((double)x + 0.5) + m[4] * ((double)y + 0.5) + m[5];
            if (column >= 0 && column < (double)from->width && row >= 0 &&
                row < (double)from->height)
                copy_pixel(from, (int64_t)column, (int64_t)row, to, y * to->width + x);
        }
}

/* ---- between pixels ---- */

static int64_t clip(int64_t at, int64_t size) { return at < 0 ? 0 : at < size ? at : size - 1; }

static double along_linear(const uint8_t *row, const int64_t *column, double d) {
    double a = row[column[0]], b = row[column[1]];
    return a + (b - a) * d;
}

static double cubic(double v1, double v2, double v3, double v4, double d) {
    double p2 = -v1 + v3, p3 = 2 * (v1 - v2) + v3 - v4, p4 = -v1 + v2 - v3 + v4;
    return v2 + d * (p2 + d * (p3 + d * p4));
}

static double along_cubic(const uint8_t *row, const int64_t *column, double d) {
    return cubic(row[column[0]], row[column[1]], row[column[2]], row[column[3]], d);
}

/* The value of one channel around row y, columns as given. A row below the picture repeats the one before it. */
static double mix_rows(const uint8_t *plane, int64_t height, int64_t width, int64_t y,
                       const int64_t *column, double dx, double dy, bool is_cubic) {
    double v[4];
    for (int i = 0; i < (is_cubic ? 4 : 2); i++) {
        int64_t row = i == 0 ? clip(y, height) : y + i;
        if (row < 0 || row >= height)
            v[i] = v[i - 1];
        else
            v[i] = is_cubic ? along_cubic(plane + row * width, column, dx)
                            : along_linear(plane + row * width, column, dx);
    }
    return is_cubic ? cubic(v[0], v[1], v[2], v[3], dy) : v[0] + (v[1] - v[0]) * dy;
}

/* One new pixel from the place (x, y) inside the old picture. */
static void mix_pixel(const tp_picture *from, double x, double y, bool is_cubic, tp_picture *to,
                      int64_t at) {
    x -= 0.5, y -= 0.5;
    double floor_x = floor(x), floor_y = floor(y);
    int64_t first = (int64_t)floor_x - is_cubic, row = (int64_t)floor_y - is_cubic, column[4];
    for (int i = 0; i < 4; i++) column[i] = clip(first + i, from->width);
    int64_t plane = from->height * from->width, new_plane = to->height * to->width;
    for (int c = 0; c < to->channels; c++) {
        double v = mix_rows(from->bytes + c * plane, from->height, from->width, row, column,
                            x - floor_x, y - floor_y, is_cubic);
        to->bytes[c * new_plane + at] = (uint8_t)(v <= 0 ? 0 : v >= 255 ? 255 : v);
    }
}

static void warp_between(const tp_picture *from, const tp_warp *w, tp_picture *to) {
    const double *m = w->matrix;
    bool is_cubic = w->interpolation == TP_INTERPOLATION_BICUBIC;
    for (int64_t y = 0; y < to->height; y++)
        for (int64_t x = 0; x < to->width; x++) {
            double xin = (double)x + 0.5, yin = (double)y + 0.5;
            double xx = m[0] * xin + m[1] * yin + m[2], yy = m[3] * xin + m[4] * yin + m[5];
            if (xx >= 0 && xx < (double)from->width && yy >= 0 && yy < (double)from->height)
                mix_pixel(from, xx, yy, is_cubic, to, y * to->width + x);
        }
}

tp_error_code tp_picture_warp(tp_picture *picture, const tp_warp *w, tp_why *why) {
    tp_picture made;
    tp_error_code code = tp_picture_new(&made, picture->channels, w->height, w->width, why);
    if (code) return code;
    size_t plane = (size_t)(made.height * made.width);
    for (int c = 0; c < made.channels; c++)
        memset(made.bytes + (size_t)c * plane, w->fill[c], plane);
    if (w->interpolation == TP_INTERPOLATION_BILINEAR ||
        w->interpolation == TP_INTERPOLATION_BICUBIC)
        warp_between(picture, w, &made);
    else if (w->matrix[1] == 0 && w->matrix[3] == 0)
        warp_scale(picture, w, &made);
    else if (fits_fixed(w))
        warp_fixed(picture, w, &made);
    else
        warp_nearest(picture, w, &made);
    tp_picture_replace(picture, made);
    return TP_ERROR_NONE;
}

/* ---- rotation ---- */

static double to_15_digits(double x) { return nearbyint(x * 1e15) / 1e15; }

static void map_point(const double m[6], double x, double y, double *new_x, double *new_y) {
    *new_x = m[0] * x + m[1] * y + m[2];
    *new_y = m[3] * x + m[4] * y + m[5];
}

/* Makes the result as large as the turned picture. */
static void make_room(tp_warp *w) {
    double *m = w->matrix, width = (double)w->width, height = (double)w->height;
    double low_x = INFINITY, low_y = INFINITY, high_x = -INFINITY, high_y = -INFINITY;
    for (int corner = 0; corner < 4; corner++) {
        double x, y;
        map_point(m, corner & 1 ? width : 0, corner & 2 ? height : 0, &x, &y);
        low_x = fmin(low_x, x), high_x = fmax(high_x, x);
        low_y = fmin(low_y, y), high_y = fmax(high_y, y);
    }
    double new_width = ceil(high_x) - floor(low_x), new_height = ceil(high_y) - floor(low_y);
    map_point(m, -(new_width - width) / 2, -(new_height - height) / 2, &m[2], &m[5]);
    w->width = (int64_t)new_width;
    w->height = (int64_t)new_height;
}

/* Quarter turns need no arithmetic. */
static bool is_quarter(const tp_picture *picture, double degrees, bool expand, int *orientation) {
    static const int orientations[4] = {1, 8, 3, 6}; /* as EXIF calls them */
    double quarters = degrees / 90;
    if (quarters != floor(quarters)) return false;
    int turn = (int)(fmod(quarters, 4) + 4) % 4;
    *orientation = orientations[turn];
    return turn % 2 == 0 || expand || picture->width == picture->height;
}

tp_error_code tp_picture_rotate(tp_picture *picture, double degrees, bool expand,
                                const double *centre, tp_warp warp, tp_why *why) {
    int orientation;
    if (!centre && is_quarter(picture, degrees, expand, &orientation))
        return tp_picture_orient(picture, orientation, why);
    degrees = fmod(degrees, 360);
    if (degrees < 0) degrees += 360;
    double angle = -radians(degrees), cosine = to_15_digits(cos(angle)),
           sine = to_15_digits(sin(angle));
    double x = centre ? centre[0] : (double)picture->width / 2;
    double y = centre ? centre[1] : (double)picture->height / 2;
    double *m = warp.matrix;
    m[0] = cosine, m[1] = sine, m[2] = 0, m[3] = -sine, m[4] = cosine, m[5] = 0;
    double move_x, move_y;
    map_point(m, -x, -y, &move_x, &move_y);
    m[2] = move_x + x, m[5] = move_y + y;
    warp.height = picture->height;
    warp.width = picture->width;
    if (expand) make_room(&warp);
    return tp_picture_warp(picture, &warp, why);
}

/* ---- affine ---- */

tp_error_code tp_picture_affine(tp_picture *picture, const tp_affine *a, tp_warp warp,
                                tp_why *why) {
    double turn = radians(a->degrees), sx = radians(a->shear[0]), sy = radians(a->shear[1]);
    double x = a->centre ? a->centre[0] : (double)picture->width * 0.5;
    double y = a->centre ? a->centre[1] : (double)picture->height * 0.5;
    /* rotation times shears; the inverse of it, for its determinant is 1, maps new places to old ones */
    double p = cos(turn - sy) / cos(sy), q = -cos(turn - sy) * tan(sx) / cos(sy) - sin(turn);
    double r = sin(turn - sy) / cos(sy), s = -sin(turn - sy) * tan(sx) / cos(sy) + cos(turn);
    double *m = warp.matrix;
    m[0] = s / a->scale, m[1] = -q / a->scale, m[3] = -r / a->scale, m[4] = p / a->scale;
    double move_x = -x - a->translate[0], move_y = -y - a->translate[1];
    m[2] = m[0] * move_x + m[1] * move_y + x;
    m[5] = m[3] * move_x + m[4] * move_y + y;
    warp.height = picture->height;
    warp.width = picture->width;
    return tp_picture_warp(picture, &warp, why);
}
