/* Lines, points and histograms between two axes. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "plot/figure.h"

enum { FEW_POINTS = 30, TICK_GAP = 7, LABEL_LINE = 19 };

typedef struct frame {
    const tp_drawing *d;
    tp_axis x, y;
} frame;

/* ---- ranges ---- */

static double x_of(const tp_series *s, size_t i) { return s->x ? s->x[i] : (double)i; }

static void widen(tp_axis *axis, double value) {
    if (!isfinite(value) || (axis->scale == TP_AXIS_LOG && value <= 0)) return;
    axis->low = fmin(axis->low, value);
    axis->high = fmax(axis->high, value);
}

static void widen_by_series(frame *f, const tp_series *s) {
    if (s->kind == TP_SERIES_VERTICAL) widen(&f->x, s->x[0]);
    if (s->kind == TP_SERIES_HORIZONTAL) widen(&f->y, s->y[0]);
    if (s->kind == TP_SERIES_VERTICAL || s->kind == TP_SERIES_HORIZONTAL) return;
    for (size_t i = 0; i < s->count + (s->kind == TP_SERIES_BINS); i++) widen(&f->x, x_of(s, i));
    for (size_t i = 0; i < s->count; i++) {
        widen(&f->y, s->y[i]);
        if (s->low) widen(&f->y, s->low[i]), widen(&f->y, s->high[i]);
    }
    if (s->kind == TP_SERIES_BINS) widen(&f->y, 0);
}

static bool whole_numbers(const tp_figure *figure) {
    for (const tp_series *s = figure->series; s; s = s->next)
        for (size_t i = 0; s->kind != TP_SERIES_HORIZONTAL && s->x && i < s->count; i++)
            if (x_of(s, i) != floor(x_of(s, i))) return false;
    return true;
}

static bool has_points(const tp_figure *figure) {
    for (const tp_series *s = figure->series; s; s = s->next)
        if (s->kind == TP_SERIES_POINTS) return true;
    return false;
}

/* Chooses the ends of both axes. Lines use the whole width; points get a little room at the sides. */
static void choose_ranges(frame *f) {
    const tp_figure *figure = f->d->figure;
    const tp_figure_args *args = &figure->args;
    f->x = (tp_axis){.scale = args->x_scale, .low = INFINITY, .high = -INFINITY};
    f->y = (tp_axis){.scale = args->y_scale, .low = INFINITY, .high = -INFINITY};
    for (const tp_series *s = figure->series; s; s = s->next) widen_by_series(f, s);
    if (!(f->x.low <= f->x.high)) f->x.low = f->x.scale ? 0.1 : 0, f->x.high = 1;
    if (!(f->y.low <= f->y.high)) f->y.low = f->y.scale ? 0.1 : 0, f->y.high = 1;
    if (has_points(figure) && f->x.scale == TP_AXIS_LINEAR) {
        double room = 0.04 * (f->x.high - f->x.low);
        f->x.low -= room, f->x.high += room;
    }
    if (f->y.scale == TP_AXIS_LOG) f->y.low /= 1.15, f->y.high *= 1.15;
    /* what is never negative and comes near to 0 is read best from 0 */
    if (f->y.scale == TP_AXIS_LINEAR && f->y.low > 0 && f->y.low < 0.25 * f->y.high) f->y.low = 0;
    if (args->x_min != 0 || args->x_max != 0) f->x.low = args->x_min, f->x.high = args->x_max;
    if (args->y_min != 0 || args->y_max != 0) f->y.low = args->y_min, f->y.high = args->y_max;
}

/* Chooses ticks and margins; the width of the numbers on the left decides where the plot begins. */
static void place_frame(frame *f) {
    const tp_drawing *d = f->d;
    const tp_figure_args *args = &d->figure->args;
    double bottom = LABEL_LINE + (args->x_label ? LABEL_LINE : 0), left = 0;
    bool exact = args->y_min != 0 || args->y_max != 0;
    tp_axis_choose(&f->y, (int)((d->height - bottom) / 42), false, exact);
    for (int i = 0; i < f->y.count; i++)
        left = fmax(left, TP_ROOM * tp_text_width(f->y.text[i], TP_FONT));
    left += TICK_GAP + (args->y_label ? LABEL_LINE : 0);
    f->y.from = d->y + d->height - bottom, f->y.to = d->y + 6;
    f->x.from = d->x + left, f->x.to = d->x + d->width - 12;
    bool one = f->x.low == f->x.high;
    tp_axis_choose(&f->x, (int)((f->x.to - f->x.from) / 60), whole_numbers(d->figure), !one);
}

/* ---- frame ---- */

static void draw_frame(const frame *f) {
    tp_canvas *c = f->d->canvas;
    const tp_figure_args *args = &f->d->figure->args;
    for (int i = 0; i < f->y.count; i++) {
        double y = tp_axis_place(&f->y, f->y.ticks[i]);
        tp_point line[2] = {{f->x.from, y}, {f->x.to, y}};
        c->line(c, line, 2, TP_INK_GRID, 1, TP_DASH_SOLID);
        tp_draw_text(c, f->x.from - TICK_GAP, y + 4, TP_ANCHOR_END, TP_INK_MUTED, f->y.text[i]);
    }
    tp_point base[2] = {{f->x.from, f->y.from}, {f->x.to, f->y.from}};
    c->line(c, base, 2, TP_INK_AXIS, 1, TP_DASH_SOLID);
    for (int i = 0; i < f->x.count; i++) {
        double x = tp_axis_place(&f->x, f->x.ticks[i]);
        tp_point line[2] = {{x, f->y.from}, {x, f->y.from + 4}};
        c->line(c, line, 2, TP_INK_AXIS, 1, TP_DASH_SOLID);
        tp_draw_text(c, x, f->y.from + 17, TP_ANCHOR_MIDDLE, TP_INK_MUTED, f->x.text[i]);
    }
    if (args->x_label)
        tp_draw_text(c, (f->x.from + f->x.to) / 2, f->y.from + 17 + LABEL_LINE - 1,
                     TP_ANCHOR_MIDDLE, TP_INK_MUTED, args->x_label);
    tp_label upright = {.x = f->d->x + 10,
                        .y = (f->y.from + f->y.to) / 2,
                        .size = TP_FONT,
                        .anchor = TP_ANCHOR_MIDDLE,
                        .ink = TP_INK_MUTED,
                        .upright = true,
                        .text = args->y_label};
    if (args->y_label) c->label(c, &upright);
}

/* ---- series ---- */

static double limit(double value, double a, double b) {
    return fmin(fmax(value, fmin(a, b)), fmax(a, b));
}

/* Where a point lies, kept inside of the frame; false where it cannot be shown. */
static bool place(const frame *f, double x, double y, tp_point *out) {
    if (!isfinite(x) || !isfinite(y) || (f->x.scale == TP_AXIS_LOG && x <= 0) ||
        (f->y.scale == TP_AXIS_LOG && y <= 0))
        return false;
    out->x = limit(tp_axis_place(&f->x, x), f->x.from, f->x.to);
    out->y = limit(tp_axis_place(&f->y, y), f->y.from, f->y.to);
    return true;
}

static void draw_band(const frame *f, const tp_series *s, tp_point *points) {
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) count += place(f, x_of(s, i), s->high[i], &points[count]);
    for (size_t i = s->count; i-- > 0;) count += place(f, x_of(s, i), s->low[i], &points[count]);
    tp_canvas *c = f->d->canvas;
    if (count > 2) c->area(c, points, count, tp_series_ink(s->colour), 0.18);
}

static void draw_markers(const frame *f, const tp_series *s) {
    tp_canvas *c = f->d->canvas;
    char title[128], a[TP_NUMBER_TEXT], b[TP_NUMBER_TEXT];
    tp_point at;
    for (size_t i = 0; i < s->count; i++) {
        if (!place(f, x_of(s, i), s->y[i], &at)) continue;
        tp_number_text(a, x_of(s, i), 6);
        tp_number_text(b, s->y[i], 6);
        snprintf(title, sizeof title, "%.60s%s%s: %s", s->label ? s->label : "",
                 s->label ? ", " : "", a, b);
        c->marker(c, at, s->shape, tp_series_ink(s->colour), s->count <= 200 ? title : NULL);
    }
}

static void draw_error_bars(const frame *f, const tp_series *s) {
    tp_canvas *c = f->d->canvas;
    for (size_t i = 0; i < s->count; i++) {
        tp_point p[2];
        if (place(f, x_of(s, i), s->low[i], &p[0]) && place(f, x_of(s, i), s->high[i], &p[1]))
            c->line(c, p, 2, tp_series_ink(s->colour), 1.2, TP_DASH_SOLID);
    }
}

/* The line in pieces: a value that is not there leaves a gap. */
static void draw_line(const frame *f, const tp_series *s, tp_point *points) {
    tp_canvas *c = f->d->canvas;
    size_t count = 0;
    for (size_t i = 0; i <= s->count; i++) {
        if (i < s->count && place(f, x_of(s, i), s->y[i], &points[count])) {
            count++;
            continue;
        }
        if (count > 1) c->line(c, points, count, tp_series_ink(s->colour), 2, s->dash);
        count = 0;
    }
    if (s->count <= FEW_POINTS) draw_markers(f, s);
}

static void draw_bins(const frame *f, const tp_series *s) {
    tp_canvas *c = f->d->canvas;
    for (size_t i = 0; i < s->count; i++) {
        tp_point a, b;
        char title[96];
        if (!place(f, s->x[i], s->y[i], &a) || !place(f, s->x[i + 1], s->y[i], &b)) continue;
        snprintf(title, sizeof title, "%.4g to %.4g: %.0f", s->x[i], s->x[i + 1], s->y[i]);
        c->box(c, a.x + 0.5, a.y, fmax(b.x - a.x - 1, 0.5), f->y.from - a.y,
               tp_series_ink(s->colour), s->next || f->d->figure->series != s ? 0.6 : 0.9, title);
    }
}

static void draw_rule(const frame *f, const tp_series *s) {
    tp_canvas *c = f->d->canvas;
    bool vertical = s->kind == TP_SERIES_VERTICAL;
    tp_point at;
    if (!place(f, vertical ? s->x[0] : f->x.low, vertical ? f->y.low : s->y[0], &at)) return;
    tp_point line[2] = {{f->x.from, at.y}, {f->x.to, at.y}};
    if (vertical) line[0] = (tp_point){at.x, f->y.from}, line[1] = (tp_point){at.x, f->y.to};
    c->line(c, line, 2, TP_INK_MUTED, 1.2, TP_DASH_LONG);
}

static void draw_series(const frame *f, const tp_series *s) {
    tp_point *points = tp_new((2 * s->count + 1) * sizeof *points);
    if (!points) return; /* a picture without this line is all that can be had */
    switch (s->kind) {
    case TP_SERIES_LINE:
        if (s->low) draw_band(f, s, points);
        draw_line(f, s, points);
        break;
    case TP_SERIES_POINTS:
        if (s->low) draw_error_bars(f, s);
        draw_markers(f, s);
        break;
    case TP_SERIES_BINS: draw_bins(f, s); break;
    default: draw_rule(f, s); break;
    }
    tp_delete(points);
}

void tp_draw_axes(const tp_drawing *d) {
    frame f = {.d = d};
    choose_ranges(&f);
    place_frame(&f);
    draw_frame(&f);
    for (const tp_series *s = d->figure->series; s; s = s->next) draw_series(&f, s);
}
