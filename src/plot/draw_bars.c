/* Bars by name: upright where the names fit below them, else on their side. */
#include <math.h>

#include "plot/figure.h"

enum { SIDE_BAR = 22, LABEL_LINE = 19, TICK_GAP = 7, NAME_LINE = 20 };

static double widest_name(const tp_figure *figure) {
    double widest = 0;
    for (size_t i = 0; i < figure->rows; i++)
        widest = fmax(widest, TP_ROOM * tp_text_width(figure->names[i], TP_FONT));
    return widest;
}

static bool on_side(const tp_figure *figure, double width) {
    double slot = (width - 60) / (double)figure->rows;
    return widest_name(figure) > slot - 6 || figure->rows > 24;
}

static double group_height(const tp_figure *figure) {
    return figure->series_count > 1 ? 12.0 * figure->series_count + 10 : SIDE_BAR;
}

double tp_bars_height(const tp_figure *figure, double width) {
    if (!on_side(figure, width)) return 0;
    return group_height(figure) * (double)figure->rows + 2.0 * LABEL_LINE;
}

static tp_axis value_axis(const tp_figure *figure) {
    tp_axis axis = {.low = 0, .high = 0};
    for (const tp_series *s = figure->series; s; s = s->next)
        for (size_t i = 0; i < s->count; i++) {
            double low = s->low ? fmin(s->low[i], s->y[i]) : s->y[i];
            double high = s->high ? fmax(s->high[i], s->y[i]) : s->y[i];
            if (isfinite(low)) axis.low = fmin(axis.low, low);
            if (isfinite(high)) axis.high = fmax(axis.high, high);
        }
    if (axis.low == axis.high) axis.high = 1;
    if (figure->args.y_min != 0 || figure->args.y_max != 0)
        axis.low = figure->args.y_min, axis.high = figure->args.y_max;
    return axis;
}

/* Where the bars lie: along the names, and across from the line of 0. */
typedef struct bars {
    const tp_drawing *d;
    tp_axis axis;
    bool side;
    double first, slot; /* begin of the first name's place, and its length */
} bars;

/* A box between two values, from `begin` along the names. */
static void draw_box(const bars *b, double begin, double thick, double low, double high, tp_ink ink,
                     const char *title) {
    double p = tp_axis_place(&b->axis, low), q = tp_axis_place(&b->axis, high);
    tp_canvas *c = b->d->canvas;
    if (b->side)
        c->box(c, fmin(p, q), begin, fabs(q - p), thick, ink, 0.92, title);
    else
        c->box(c, begin, fmin(p, q), thick, fabs(q - p), ink, 0.92, title);
}

static void draw_error_bar(const bars *b, double at, double low, double high) {
    double p = tp_axis_place(&b->axis, low), q = tp_axis_place(&b->axis, high);
    tp_point line[2] = {{at, p}, {at, q}};
    if (b->side) line[0] = (tp_point){p, at}, line[1] = (tp_point){q, at};
    tp_canvas *c = b->d->canvas;
    c->line(c, line, 2, TP_INK_TEXT, 1.3, TP_DASH_SOLID);
}

static void draw_group(const bars *b, size_t i) {
    const tp_figure *figure = b->d->figure;
    double thick = fmin(b->slot * 0.76, 64) / figure->series_count;
    double begin = b->first + ((double)i + 0.5) * b->slot - thick * figure->series_count / 2;
    for (const tp_series *s = figure->series; s; s = s->next, begin += thick) {
        if (!isfinite(s->y[i])) continue;
        char number[TP_NUMBER_TEXT], title[128];
        tp_number_text(number, s->y[i], 4);
        snprintf(title, sizeof title, "%.60s%s%.24s: %s", figure->names[i], s->label ? ", " : "",
                 s->label ? s->label : "", number);
        draw_box(b, begin, thick * (figure->series_count > 1 ? 0.94 : 1), 0, s->y[i],
                 tp_series_ink(s->colour), title);
        if (s->low) draw_error_bar(b, begin + thick / 2, s->low[i], s->high[i]);
    }
}

static void draw_ticks(const bars *b) {
    const tp_drawing *d = b->d;
    tp_canvas *c = d->canvas;
    double end = b->first + b->slot * (double)d->figure->rows;
    for (int i = 0; i < b->axis.count; i++) {
        double at = tp_axis_place(&b->axis, b->axis.ticks[i]);
        tp_point line[2] = {{b->first, at}, {end, at}};
        if (b->side) line[0] = (tp_point){at, b->first}, line[1] = (tp_point){at, end};
        c->line(c, line, 2, b->axis.ticks[i] == 0 ? TP_INK_AXIS : TP_INK_GRID, 1, TP_DASH_SOLID);
        if (b->side)
            tp_draw_text(c, at, end + 16, TP_ANCHOR_MIDDLE, TP_INK_MUTED, b->axis.text[i]);
        else
            tp_draw_text(c, b->first - TICK_GAP, at + 4, TP_ANCHOR_END, TP_INK_MUTED,
                         b->axis.text[i]);
    }
}

static void draw_axis_labels(const bars *b) {
    const tp_drawing *d = b->d;
    const tp_figure_args *args = &d->figure->args;
    tp_canvas *c = d->canvas;
    double end = b->first + b->slot * (double)d->figure->rows;
    const char *below = b->side ? args->y_label : args->x_label;
    if (below)
        tp_draw_text(c, b->side ? (b->axis.from + b->axis.to) / 2 : (b->first + end) / 2,
                     d->y + d->height - 3, TP_ANCHOR_MIDDLE, TP_INK_MUTED, below);
    if (b->side || !args->y_label) return;
    tp_label upright = {.x = d->x + 10,
                        .y = (b->axis.from + b->axis.to) / 2,
                        .size = TP_FONT,
                        .anchor = TP_ANCHOR_MIDDLE,
                        .ink = TP_INK_MUTED,
                        .upright = true,
                        .text = args->y_label};
    c->label(c, &upright);
}

static void draw_names(const bars *b, double room) {
    tp_canvas *c = b->d->canvas;
    char text[128];
    for (size_t i = 0; i < b->d->figure->rows; i++) {
        double at = b->first + ((double)i + 0.5) * b->slot;
        const char *name = tp_fit_text(text, sizeof text, b->d->figure->names[i], TP_FONT, room);
        if (b->side)
            tp_draw_text(c, b->axis.from - TICK_GAP, at + 4, TP_ANCHOR_END, TP_INK_TEXT, name);
        else
            tp_draw_text(c, at, b->axis.from + 16, TP_ANCHOR_MIDDLE, TP_INK_MUTED, name);
    }
}

static void place_side(bars *b, double *room) {
    const tp_drawing *d = b->d;
    *room = fmin(widest_name(d->figure), d->width * 0.5);
    b->first = d->y;
    b->slot = group_height(d->figure);
    b->axis.from = d->x + *room + TICK_GAP, b->axis.to = d->x + d->width - 14;
    tp_axis_choose(&b->axis, (int)((b->axis.to - b->axis.from) / 70), false,
                   d->figure->args.y_max != 0);
}

static void place_upright(bars *b, double *room) {
    const tp_drawing *d = b->d;
    const tp_figure_args *args = &d->figure->args;
    double left = 0;
    b->axis.from = d->y + d->height - NAME_LINE - (args->x_label ? LABEL_LINE : 0);
    b->axis.to = d->y + 6;
    tp_axis_choose(&b->axis, (int)((b->axis.from - b->axis.to) / 42), false, args->y_max != 0);
    for (int i = 0; i < b->axis.count; i++)
        left = fmax(left, TP_ROOM * tp_text_width(b->axis.text[i], TP_FONT));
    b->first = d->x + left + TICK_GAP + (args->y_label ? LABEL_LINE : 0);
    b->slot = (d->x + d->width - b->first) / (double)d->figure->rows;
    *room = b->slot - 4;
}

void tp_draw_bars(const tp_drawing *d) {
    bars b = {.d = d, .axis = value_axis(d->figure), .side = on_side(d->figure, d->width)};
    double room;
    if (b.side)
        place_side(&b, &room);
    else
        place_upright(&b, &room);
    draw_ticks(&b);
    for (size_t i = 0; i < d->figure->rows; i++) draw_group(&b, i);
    draw_names(&b, room);
    draw_axis_labels(&b);
}
