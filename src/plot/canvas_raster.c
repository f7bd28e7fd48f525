/* Figures as dots, with smooth edges. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "plot/canvas.h"

static void blend(tp_raster *raster, int x, int y, tp_colour c, double share) {
    if (x < 0 || y < 0 || x >= raster->columns || y >= raster->rows || share <= 0) return;
    if (share > 1) share = 1;
    unsigned char *p = raster->pixels + 3 * ((size_t)y * (size_t)raster->columns + (size_t)x);
    p[0] = (unsigned char)lround(p[0] + (c.r - p[0]) * share);
    p[1] = (unsigned char)lround(p[1] + (c.g - p[1]) * share);
    p[2] = (unsigned char)lround(p[2] + (c.b - p[2]) * share);
}

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

/* The part of a raster that a box from low to high covers, edges included. */
typedef struct span {
    int first, last;
} span;
static span span_of(double low, double high, int size) {
    return (span){(int)clamp(floor(low), 0, size), (int)clamp(ceil(high), 0, size)};
}

static double distance(tp_point p, tp_point a, tp_point b) {
    double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double t = length > 0 ? clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0, 1) : 0;
    return hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

void tp_raster_stroke(tp_raster *raster, tp_point a, tp_point b, double width, tp_colour colour) {
    double reach = width / 2 + 1;
    span xs = span_of(fmin(a.x, b.x) - reach, fmax(a.x, b.x) + reach, raster->columns);
    span ys = span_of(fmin(a.y, b.y) - reach, fmax(a.y, b.y) + reach, raster->rows);
    for (int y = ys.first; y < ys.last; y++)
        for (int x = xs.first; x < xs.last; x++)
            blend(raster, x, y, colour,
                  width / 2 + 0.5 - distance((tp_point){x + 0.5, y + 0.5}, a, b));
}

/* Draws from a to b the parts that are dashes; *phase is how far into the pattern the line has come. */
static void dashed(tp_raster *raster, tp_point a, tp_point b, double width, tp_colour colour,
                   const double *lengths, double *phase) {
    double length = hypot(b.x - a.x, b.y - a.y), total = 0, done = 0;
    int count = 0;
    while (count < 4 && lengths[count] > 0) total += lengths[count++] * raster->scale;
    while (done < length) {
        double in = fmod(*phase, total), end = 0;
        int part = -1;
        while (part + 1 < count && in >= end) end += lengths[++part] * raster->scale;
        double step = fmin(fmax(end - in, 1e-3), length - done);
        if (part % 2 == 0) {
            double s = done / length, t = (done + step) / length;
            tp_raster_stroke(raster, (tp_point){a.x + s * (b.x - a.x), a.y + s * (b.y - a.y)},
                             (tp_point){a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)}, width,
                             colour);
        }
        *phase += step, done += step;
    }
}

static void draw_line(tp_canvas *canvas, const tp_point *points, size_t count, tp_ink ink,
                      double width, tp_dash dash) {
    tp_raster *r = (tp_raster *)canvas;
    tp_colour colour = tp_ink_colours[r->dark][ink];
    double phase = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        tp_point a = {points[i].x * r->scale, points[i].y * r->scale};
        tp_point b = {points[i + 1].x * r->scale, points[i + 1].y * r->scale};
        if (dash == TP_DASH_SOLID)
            tp_raster_stroke(r, a, b, width * r->scale, colour);
        else
            dashed(r, a, b, width * r->scale, colour, tp_dash_lengths[dash], &phase);
    }
}

/* Whether a point lies inside of a polygon. */
static bool inside(const tp_point *points, size_t count, double scale, double x, double y) {
    bool in = false;
    for (size_t i = 0, k = count - 1; i < count; k = i++) {
        double xi = points[i].x * scale, yi = points[i].y * scale;
        double xk = points[k].x * scale, yk = points[k].y * scale;
        if ((yi > y) != (yk > y) && x < (xk - xi) * (y - yi) / (yk - yi) + xi) in = !in;
    }
    return in;
}

static void draw_area(tp_canvas *canvas, const tp_point *points, size_t count, tp_ink ink,
                      double opacity) {
    enum { FINE = 3 };
    tp_raster *r = (tp_raster *)canvas;
    double left = INFINITY, right = -INFINITY, top = INFINITY, bottom = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        left = fmin(left, points[i].x * r->scale), right = fmax(right, points[i].x * r->scale);
        top = fmin(top, points[i].y * r->scale), bottom = fmax(bottom, points[i].y * r->scale);
    }
    if (!count) return;
    span xs = span_of(left, right, r->columns), ys = span_of(top, bottom, r->rows);
    for (int y = ys.first; y < ys.last; y++)
        for (int x = xs.first; x < xs.last; x++) {
            int hits = 0;
            for (int k = 0; k < FINE * FINE; k++)
                hits += inside(points, count, r->scale, x + (0.5 + k % FINE) / FINE,
                               y + (0.5 + (k - k % FINE) / (double)FINE) / FINE);
            blend(r, x, y, tp_ink_colours[r->dark][ink], opacity * hits / (FINE * FINE));
        }
}

/* How much of pixel i lies between low and high. */
static double overlap(int i, double low, double high) {
    return clamp(fmin(high, i + 1) - fmax(low, i), 0, 1);
}

static void draw_box(tp_canvas *canvas, double x, double y, double width, double height, tp_ink ink,
                     double opacity, const char *title) {
    tp_raster *r = (tp_raster *)canvas;
    (void)title;
    double left = x * r->scale, right = (x + width) * r->scale;
    double top = y * r->scale, bottom = (y + height) * r->scale;
    span xs = span_of(left, right, r->columns), ys = span_of(top, bottom, r->rows);
    for (int py = ys.first; py < ys.last; py++)
        for (int px = xs.first; px < xs.last; px++)
            blend(r, px, py, tp_ink_colours[r->dark][ink],
                  opacity * overlap(px, left, right) * overlap(py, top, bottom));
}

static void draw_marker(tp_canvas *canvas, tp_point at, tp_shape_kind shape, tp_ink ink,
                        const char *title) {
    tp_raster *r = (tp_raster *)canvas;
    (void)title;
    tp_point p[4] = {{at.x - 2.9, at.y - 2.9},
                     {at.x + 2.9, at.y - 2.9},
                     {at.x + 2.9, at.y + 2.9},
                     {at.x - 2.9, at.y + 2.9}};
    switch (shape) {
    case TP_MARKER_DIAMOND:
        p[0] = (tp_point){at.x, at.y - 4.1}, p[1] = (tp_point){at.x + 4.1, at.y};
        p[2] = (tp_point){at.x, at.y + 4.1}, p[3] = (tp_point){at.x - 4.1, at.y};
        break;
    case TP_MARKER_TRIANGLE:
        p[0] = (tp_point){at.x, at.y - 3.9}, p[1] = (tp_point){at.x + 3.9, at.y + 2.9};
        p[2] = p[3] = (tp_point){at.x - 3.9, at.y + 2.9};
        break;
    case TP_MARKER_SQUARE: break;
    default: {
        tp_point centre = {at.x * r->scale, at.y * r->scale};
        tp_raster_stroke(r, centre, centre, 6.4 * r->scale, tp_ink_colours[r->dark][ink]);
        return;
    }
    }
    draw_area(canvas, p, 4, ink, 1);
}

static void draw_label(tp_canvas *canvas, const tp_label *label) {
    tp_font_draw((tp_raster *)canvas, label);
}

/* Enlarged pixels stay square; a reduced picture takes the mean over what falls on a dot. */
static void draw_picture(tp_canvas *canvas, const tp_picture *picture) {
    tp_raster *r = (tp_raster *)canvas;
    double left = picture->x * r->scale, top = picture->y * r->scale;
    double width = picture->width * r->scale, height = picture->height * r->scale;
    for (int y = (int)round(top); y < (int)round(top + height); y++)
        for (int x = (int)round(left); x < (int)round(left + width); x++) {
            span cs = span_of((x - left) * picture->columns / width,
                              (x + 1 - left) * picture->columns / width, picture->columns);
            span rs = span_of((y - top) * picture->rows / height,
                              (y + 1 - top) * picture->rows / height, picture->rows);
            if (width >= picture->columns) {
                cs.first = (int)clamp((x + 0.5 - left) * picture->columns / width, 0,
                                      picture->columns - 1);
                rs.first =
                    (int)clamp((y + 0.5 - top) * picture->rows / height, 0, picture->rows - 1);
                cs.last = cs.first + 1, rs.last = rs.first + 1;
            }
            double sum[3] = {0}, n = 0;
            for (int i = rs.first; i < rs.last; i++)
                for (int k = cs.first; k < cs.last; k++, n++)
                    for (int c = 0; c < 3; c++)
                        sum[c] +=
                            picture->pixels[3 * ((size_t)i * (size_t)picture->columns + (size_t)k) +
                                            (size_t)c];
            if (n < 1) continue;
            tp_colour colour = {(unsigned char)lround(sum[0] / n),
                                (unsigned char)lround(sum[1] / n),
                                (unsigned char)lround(sum[2] / n)};
            blend(r, x, y, colour, 1);
        }
}

bool tp_raster_begin(tp_raster *raster, double width, double height, double scale, bool dark) {
    *raster =
        (tp_raster){.base = {draw_line, draw_area, draw_box, draw_marker, draw_label, draw_picture},
                    .columns = (int)ceil(width * scale),
                    .rows = (int)ceil(height * scale),
                    .scale = scale,
                    .dark = dark};
    size_t count = (size_t)raster->columns * (size_t)raster->rows;
    raster->pixels = tp_new(3 * count + 1);
    if (!raster->pixels) return false;
    tp_colour paper = tp_ink_colours[dark][TP_INK_PAPER];
    for (size_t i = 0; i < count; i++) memcpy(raster->pixels + 3 * i, &paper, 3);
    return true;
}

void tp_raster_end(tp_raster *raster) {
    tp_delete(raster->pixels);
    raster->pixels = NULL;
}
