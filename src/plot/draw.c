/* A figure as a whole: title, legend, and the area below them for the plot. */
#include <math.h>
#include <string.h>

#include "plot/figure.h"

enum { TITLE_LINE = 22, SUBTITLE_LINE = 17, LEGEND_LINE = 20, KEY = 26, KEY_GAP = 16, MARGIN = 10 };

void tp_draw_text(tp_canvas *canvas, double x, double y, tp_anchor anchor, tp_ink ink,
                  const char *text) {
    tp_label label = {.x = x, .y = y, .size = TP_FONT, .anchor = anchor, .ink = ink, .text = text};
    canvas->label(canvas, &label);
}

const char *tp_fit_text(char *buffer, size_t size, const char *text, double font, double width) {
    snprintf(buffer, size, "%s", text);
    size_t length = strlen(buffer);
    if (TP_ROOM * tp_text_width(buffer, font) <= width + 0.5) return buffer;
    while (length > 1) {
        do length--;
        while (length > 1 && ((unsigned char)buffer[length] & 0xc0) == 0x80);
        if (length + 3 >= size) continue;
        memcpy(buffer + length, "..", 3);
        if (TP_ROOM * tp_text_width(buffer, font) <= width) break;
    }
    return buffer;
}

/* ---- legend ---- */

static bool in_legend(const tp_figure *figure, const tp_series *series) {
    return series->label && *series->label &&
           (figure->kind == TP_PLOT_AXES || figure->kind == TP_PLOT_BARS);
}

static double entry_width(const tp_series *series) {
    return KEY + TP_ROOM * tp_text_width(series->label, TP_FONT) + KEY_GAP;
}

/* How many lines the legend needs. */
static int legend_lines(const tp_figure *figure, double width) {
    double x = 0;
    int lines = 0;
    for (const tp_series *s = figure->series; s; s = s->next) {
        if (!in_legend(figure, s)) continue;
        if (!lines || x + entry_width(s) - KEY_GAP > width) x = 0, lines++;
        x += entry_width(s);
    }
    return lines;
}

static void draw_key(tp_canvas *canvas, const tp_series *series, double x, double y) {
    tp_ink ink = tp_series_ink(series->colour);
    tp_point line[2] = {{x, y}, {x + KEY - 6, y}};
    tp_point upright[2] = {{x + KEY / 2.0 - 3, y - 7}, {x + KEY / 2.0 - 3, y + 7}};
    switch (series->kind) {
    case TP_SERIES_VERTICAL:
        canvas->line(canvas, upright, 2, TP_INK_MUTED, 1.2, TP_DASH_LONG);
        break;
    case TP_SERIES_HORIZONTAL:
        canvas->line(canvas, line, 2, TP_INK_MUTED, 1.2, TP_DASH_LONG);
        break;
    case TP_SERIES_POINTS:
        canvas->marker(canvas, (tp_point){x + KEY / 2.0 - 3, y}, series->shape, ink, NULL);
        break;
    case TP_SERIES_LINE:
        canvas->line(canvas, line, 2, ink, 2, series->dash);
        if (series->count <= 30)
            canvas->marker(canvas, (tp_point){x + KEY / 2.0 - 3, y}, series->shape, ink, NULL);
        break;
    default: canvas->box(canvas, x + 4, y - 5, 12, 10, ink, 0.9, NULL); break;
    }
}

static void draw_legend(const tp_figure *figure, tp_canvas *canvas, double left, double top,
                        double width) {
    double x = 0, y = top - LEGEND_LINE / 2.0;
    bool first = true;
    for (const tp_series *s = figure->series; s; s = s->next) {
        if (!in_legend(figure, s)) continue;
        if (first || x + entry_width(s) - KEY_GAP > width) x = 0, y += LEGEND_LINE;
        first = false;
        draw_key(canvas, s, left + x, y);
        char text[160];
        tp_draw_text(canvas, left + x + KEY, y + 4, TP_ANCHOR_START, TP_INK_MUTED,
                     tp_fit_text(text, sizeof text, s->label, TP_FONT, width - KEY));
        x += entry_width(s);
    }
}

/* ---- the whole ---- */

static double head_height(const tp_figure *figure, double width) {
    double height = MARGIN;
    if (figure->args.title) height += TITLE_LINE;
    if (figure->args.subtitle) height += SUBTITLE_LINE;
    int lines = legend_lines(figure, width - 2.0 * MARGIN);
    return height + lines * LEGEND_LINE + (lines ? 4 : 0);
}

tp_point tp_figure_size(const tp_figure *figure, double width) {
    if (!(width > 0)) width = figure->args.width;
    double needed = 0, head = head_height(figure, width), inner = width - 2.0 * MARGIN;
    if (figure->kind == TP_PLOT_BARS) needed = tp_bars_height(figure, inner);
    if (figure->kind == TP_PLOT_HEAT_MAP) needed = tp_heat_map_height(figure, inner);
    if (figure->kind == TP_PLOT_PICTURES) needed = tp_pictures_height(figure, inner);
    if (figure->kind == TP_PLOT_NETWORK) needed = tp_network_height(figure, inner);
    return (tp_point){width, needed > 0 ? head + needed + MARGIN : figure->args.height};
}

static double draw_head(const tp_figure *figure, tp_canvas *canvas, double left, double top,
                        double width) {
    char text[256];
    double y = top + MARGIN;
    tp_label label = {.x = left + MARGIN, .y = y + 15, .size = TP_TITLE_FONT, .bold = true};
    if (figure->args.title) {
        label.text =
            tp_fit_text(text, sizeof text, figure->args.title, TP_TITLE_FONT, width - 2.0 * MARGIN);
        canvas->label(canvas, &label);
        y += TITLE_LINE;
    }
    if (figure->args.subtitle) {
        tp_draw_text(
            canvas, left + MARGIN, y + 12, TP_ANCHOR_START, TP_INK_MUTED,
            tp_fit_text(text, sizeof text, figure->args.subtitle, TP_FONT, width - 2.0 * MARGIN));
        y += SUBTITLE_LINE;
    }
    int lines = legend_lines(figure, width - 2.0 * MARGIN);
    if (lines) draw_legend(figure, canvas, left + MARGIN, y, width - 2.0 * MARGIN);
    return y + lines * LEGEND_LINE + (lines ? 4 : 0);
}

void tp_figure_draw(const tp_figure *figure, tp_canvas *canvas, double x, double y, double width) {
    tp_point size = tp_figure_size(figure, width);
    double top = draw_head(figure, canvas, x, y, size.x);
    tp_drawing d = {.figure = figure,
                    .canvas = canvas,
                    .x = x + MARGIN,
                    .y = top,
                    .width = size.x - 2.0 * MARGIN,
                    .height = y + size.y - MARGIN - top};
    switch (figure->kind) {
    case TP_PLOT_AXES: tp_draw_axes(&d); break;
    case TP_PLOT_BARS: tp_draw_bars(&d); break;
    case TP_PLOT_HEAT_MAP: tp_draw_heat_map(&d); break;
    case TP_PLOT_PICTURES: tp_draw_pictures(&d); break;
    case TP_PLOT_NETWORK: tp_draw_network(&d); break;
    default: break;
    }
}
