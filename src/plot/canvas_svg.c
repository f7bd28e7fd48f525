/* Figures as SVG, written directly: sharp at any size, in the reader's own font. */
#include <string.h>

#include "plot/canvas.h"
#include "plot/encode.h"

static FILE *stream_of(tp_canvas *canvas) { return ((tp_svg *)canvas)->stream; }

void tp_write_escaped(FILE *stream, const char *text) {
    for (; text && *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '&': fputs("&amp;", stream); break;
        case '"': fputs("&quot;", stream); break;
        default:
            if ((unsigned char)*text >= 0x20 || *text == '\n') fputc(*text, stream);
        }
    }
}

static void write_title(FILE *out, const char *title) {
    fputs("<title>", out);
    tp_write_escaped(out, title);
    fputs("</title>", out);
}

static void draw_line(tp_canvas *canvas, const tp_point *points, size_t count, tp_ink ink,
                      double width, tp_dash dash) {
    FILE *out = stream_of(canvas);
    fprintf(out, "<path class=\"tl k-%s\" stroke-width=\"%g\"", tp_ink_names[ink], width);
    for (int i = 0; i < 4 && tp_dash_lengths[dash][i] > 0; i++)
        fprintf(out, "%s%g", i ? " " : " stroke-dasharray=\"", tp_dash_lengths[dash][i]);
    if (dash != TP_DASH_SOLID) fputc('"', out);
    fputs(" d=\"", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%c%.2f %.2f", i ? 'L' : 'M', points[i].x, points[i].y);
    fputs("\"/>\n", out);
}

static void draw_area(tp_canvas *canvas, const tp_point *points, size_t count, tp_ink ink,
                      double opacity) {
    FILE *out = stream_of(canvas);
    fprintf(out, "<path class=\"f-%s\" fill-opacity=\"%.3g\" d=\"", tp_ink_names[ink], opacity);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%c%.2f %.2f", i ? 'L' : 'M', points[i].x, points[i].y);
    fputs("z\"/>\n", out);
}

static void draw_box(tp_canvas *canvas, double x, double y, double width, double height, tp_ink ink,
                     double opacity, const char *title) {
    FILE *out = stream_of(canvas);
    fprintf(out, "<rect class=\"f-%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"",
            tp_ink_names[ink], x, y, width, height);
    if (opacity < 1) fprintf(out, " fill-opacity=\"%.3g\"", opacity);
    fputc('>', out);
    if (title) write_title(out, title);
    fputs("</rect>\n", out);
}

static void draw_marker(tp_canvas *canvas, tp_point at, tp_shape_kind shape, tp_ink ink,
                        const char *title) {
    static const char *const paths[TP_MARKERS] = {
        "m-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z", "m-2.9 -2.9h5.8v5.8h-5.8z",
        "m0 -4.1l4.1 4.1l-4.1 4.1l-4.1 -4.1z", "m0 -3.9l3.9 6.8h-7.8z"};
    FILE *out = stream_of(canvas);
    fprintf(out, "<path class=\"f-%s\" d=\"M%.2f %.2f%s\">", tp_ink_names[ink], at.x, at.y,
            paths[shape]);
    if (title) write_title(out, title);
    fputs("</path>\n", out);
}

static void draw_label(tp_canvas *canvas, const tp_label *label) {
    static const char *const anchors[] = {"start", "middle", "end"};
    FILE *out = stream_of(canvas);
    fprintf(out, "<text class=\"f-%s\" font-size=\"%g\"", tp_ink_names[label->ink], label->size);
    if (label->upright)
        fprintf(out, " transform=\"translate(%.1f %.1f) rotate(-90)\"", label->x, label->y);
    else
        fprintf(out, " x=\"%.1f\" y=\"%.1f\"", label->x, label->y);
    if (label->anchor) fprintf(out, " text-anchor=\"%s\"", anchors[label->anchor]);
    if (label->bold) fputs(" font-weight=\"600\"", out);
    fputc('>', out);
    tp_write_escaped(out, label->text);
    fputs("</text>\n", out);
}

static void draw_picture(tp_canvas *canvas, const tp_picture *picture) {
    FILE *out = stream_of(canvas);
    fprintf(out,
            "<image x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\""
            " preserveAspectRatio=\"none\"%s href=\"data:image/png;base64,",
            picture->x, picture->y, picture->width, picture->height,
            picture->columns * 2 <= picture->width ? " style=\"image-rendering:pixelated\"" : "");
    tp_write_png_base64(out, picture->pixels, picture->columns, picture->rows);
    fputs("\">", out);
    if (picture->text) write_title(out, picture->text);
    fputs("</image>\n", out);
}

/* ---- frame ---- */

void tp_svg_style(FILE *stream) {
    for (int dark = 0; dark < 2; dark++) {
        if (dark) fputs("@media screen and (prefers-color-scheme:dark){", stream);
        for (int i = 0; i < TP_INKS; i++) {
            tp_colour c = tp_ink_colours[dark][i];
            fprintf(stream, ".f-%s{fill:#%02x%02x%02x}.k-%s{stroke:#%02x%02x%02x}", tp_ink_names[i],
                    c.r, c.g, c.b, tp_ink_names[i], c.r, c.g, c.b);
        }
        if (dark) fputc('}', stream);
    }
    fputs(".tl{fill:none;stroke-linejoin:round;stroke-linecap:butt}", stream);
}

tp_svg tp_svg_begin(FILE *stream, double width, double height, bool alone, const char *title) {
    fprintf(stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\""
            " viewBox=\"0 0 %.0f %.0f\" role=\"img\" font-family=\"system-ui, 'Segoe UI',"
            " Helvetica, Arial, sans-serif\">\n",
            width, height, width, height);
    if (title && *title) write_title(stream, title);
    if (alone) {
        fputs("<style>", stream);
        tp_svg_style(stream);
        fputs("</style>\n<rect class=\"f-paper\" width=\"100%\" height=\"100%\"/>\n", stream);
    }
    return (tp_svg){{draw_line, draw_area, draw_box, draw_marker, draw_label, draw_picture},
                    stream};
}

void tp_svg_end(tp_svg *svg) { fputs("</svg>\n", svg->stream); }
