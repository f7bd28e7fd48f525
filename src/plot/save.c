/* Figures as files. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "io/file.h"
#include "plot/encode.h"
#include "plot/figure.h"

enum { PANEL_GAP = 12, HEAD = 54, HEAD_SMALL = 34, MARGIN = 10 };

static bool ends_in(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

/* ---- several figures on one canvas ---- */

typedef struct sheet {
    const tp_panels_args *args;
    double width, height, head;
} sheet;

static double row_height(const tp_panels_args *args, size_t first) {
    double height = 0;
    for (size_t i = first; i < args->count && i < first + (size_t)args->columns; i++)
        height = fmax(height, tp_figure_size(args->figures[i], 0).y);
    return height;
}

static double column_width(const tp_panels_args *args) {
    double width = 0;
    for (size_t i = 0; i < args->count; i++)
        width = fmax(width, tp_figure_size(args->figures[i], 0).x);
    return width;
}

static sheet measure(const tp_panels_args *args) {
    sheet s = {.args = args};
    s.head = !args->title ? 0 : args->subtitle ? HEAD : HEAD_SMALL;
    s.width = args->columns * (column_width(args) + PANEL_GAP) - PANEL_GAP;
    s.height = s.head;
    for (size_t i = 0; i < args->count; i += (size_t)args->columns)
        s.height += row_height(args, i) + (i ? PANEL_GAP : 0);
    return s;
}

static void draw(const sheet *s, tp_canvas *canvas) {
    const tp_panels_args *args = s->args;
    tp_label title = {.x = MARGIN, .y = 26, .size = 18, .bold = true, .text = args->title};
    if (args->title) canvas->label(canvas, &title);
    if (args->title && args->subtitle)
        tp_draw_text(canvas, MARGIN, 46, TP_ANCHOR_START, TP_INK_MUTED, args->subtitle);
    double y = s->head, width = column_width(args);
    for (size_t i = 0; i < args->count; i++) {
        size_t column = i % (size_t)args->columns;
        if (i && column == 0) y += row_height(args, i - (size_t)args->columns) + PANEL_GAP;
        tp_figure_draw(args->figures[i], canvas, (double)column * (width + PANEL_GAP), y, width);
    }
}

/* ---- files ---- */

static bool save_svg(tp_location at, const char *op, const sheet *s) {
    tp_file_writer writer;
    if (!tp_file_write_begin(&writer, at, op, s->args->path)) return false;
    const char *title = s->args->title ? s->args->title : s->args->figures[0]->args.title;
    tp_svg svg = tp_svg_begin(writer.stream, s->width, s->height, true, title);
    draw(s, &svg.base);
    tp_svg_end(&svg);
    return tp_file_write_end(&writer);
}

static bool save_png(tp_location at, const char *op, const sheet *s) {
    tp_raster raster;
    double scale = s->args->scale > 0 ? s->args->scale : 2;
    if (!tp_raster_begin(&raster, s->width, s->height, scale, s->args->dark)) {
        tp_fail_memory(at, op, 3 * (size_t)raster.columns * (size_t)raster.rows);
        return false;
    }
    draw(s, &raster.base);
    tp_bytes png = tp_png(raster.pixels, raster.columns, raster.rows);
    tp_raster_end(&raster);
    if (!png.data) {
        tp_fail_memory(at, op, 3 * (size_t)raster.columns * (size_t)raster.rows);
        return false;
    }
    tp_file_writer writer;
    bool fine = tp_file_write_begin(&writer, at, op, s->args->path);
    if (fine) {
        tp_file_write(&writer, png.data, png.size);
        fine = tp_file_write_end(&writer);
    }
    tp_delete(png.data);
    return fine;
}

static bool check(tp_location at, const char *op, const tp_panels_args *args) {
    const char *got = NULL;
    if (!args->path) got = "no path";
    if (!args->count || !args->figures) got = "no figures";
    for (size_t i = 0; !got && i < args->count; i++) {
        if (!args->figures[i]) return false; /* its constructor has reported it */
        if (tp_figure_is_empty(args->figures[i])) got = "a figure with nothing in it";
    }
    if (got)
        tp_fail(at, op, TP_ERROR_ARGUMENT, got, "a path and figures that were drawn into", NULL);
    return !got;
}

static bool save(tp_location at, const char *op, tp_panels_args *args) {
    if (!check(at, op, args)) return false;
    if (args->columns < 1) args->columns = args->count > 1 ? 2 : 1;
    if ((size_t)args->columns > args->count) args->columns = (int)args->count;
    sheet s = measure(args);
    if (ends_in(args->path, ".svg")) return save_svg(at, op, &s);
    if (ends_in(args->path, ".png")) return save_png(at, op, &s);
    tp_fail(at, op, TP_ERROR_ARGUMENT, args->path, "a path that ends in .svg or .png", NULL);
    return false;
}

bool tp_plot_save_panels_at(tp_location at, tp_panels_args args) {
    return save(at, "plot_save_panels", &args);
}

static bool save_csv(tp_location at, const tp_plot_save_args *args) {
    tp_file_writer writer;
    if (!tp_file_write_begin(&writer, at, "plot_save", args->path)) return false;
    if (tp_figure_csv(args->figure, writer.stream)) return tp_file_write_end(&writer);
    tp_file_write_abandon(&writer);
    tp_fail(at, "plot_save", TP_ERROR_ARGUMENT, "a figure without numbers",
            "curves, bars or a heat map", NULL);
    return false;
}

bool tp_plot_save_at(tp_location at, tp_plot_save_args args) {
    if (!args.figure) return false;
    tp_figure *figure = (tp_figure *)args.figure; /* an array of panels is not of const ones */
    tp_panels_args one = {
        .figures = &figure, .count = 1, .path = args.path, .dark = args.dark, .scale = args.scale};
    if (!args.path || !ends_in(args.path, ".csv")) return save(at, "plot_save", &one);
    return check(at, "plot_save", &one) && save_csv(at, &args);
}

void tp_figure_svg(const tp_figure *figure, FILE *stream, bool alone) {
    tp_point size = tp_figure_size(figure, 0);
    tp_svg svg = tp_svg_begin(stream, size.x, size.y, alone, figure->args.title);
    tp_figure_draw(figure, &svg.base, 0, 0, size.x);
    tp_svg_end(&svg);
}
