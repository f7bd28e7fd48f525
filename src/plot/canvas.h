/* What figures are drawn on. A figure is laid out once, in pixels with y downwards; a canvas makes SVG, dots or characters of it. */
#ifndef TP_PLOT_CANVAS_H
#define TP_PLOT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What something is, from which its colour in light and dark follows. */
typedef enum tp_ink {
    TP_INK_TEXT,
    TP_INK_MUTED, /* labels, legends */
    TP_INK_GRID,
    TP_INK_AXIS,
    TP_INK_PAPER,
    TP_INK_ON,       /* text on a filled cell */
    TP_INK_NEGATIVE, /* cells below 0 */
    TP_INK_SERIES,   /* series k of the palette is TP_INK_SERIES + k */
    TP_PALETTE = 7,
    TP_INKS = TP_INK_SERIES + TP_PALETTE
} tp_ink;

typedef struct tp_colour {
    unsigned char r, g, b;
} tp_colour;
extern const tp_colour tp_ink_colours[2][TP_INKS]; /* light, dark */
extern const char *const tp_ink_names[TP_INKS];    /* as classes of SVG: "text", "s1" */

typedef struct tp_point {
    double x, y;
} tp_point;

typedef enum tp_dash {
    TP_DASH_SOLID,
    TP_DASH_LONG,
    TP_DASH_DOTS,
    TP_DASH_MIXED,
    TP_DASHES
} tp_dash;
/* Lengths of a dash, a gap, a dash, a gap; 0 from the first that is not there. */
extern const double tp_dash_lengths[TP_DASHES][4];

typedef enum tp_anchor { TP_ANCHOR_START, TP_ANCHOR_MIDDLE, TP_ANCHOR_END } tp_anchor;

typedef struct tp_label {
    double x, y; /* of the baseline */
    double size; /* of the font, in pixels */
    tp_anchor anchor;
    tp_ink ink;
    bool bold;
    bool upright; /* read from below to above */
    const char *text;
} tp_label;

typedef struct tp_picture {
    double x, y, width, height;  /* where */
    int columns, rows;           /* pixels */
    const unsigned char *pixels; /* (rows, columns, 3) */
    const char *text;            /* what it shows, for those who do not see it; may be NULL */
} tp_picture;

typedef enum tp_shape_kind {
    TP_MARKER_DISC,
    TP_MARKER_SQUARE,
    TP_MARKER_DIAMOND,
    TP_MARKER_TRIANGLE,
    TP_MARKERS
} tp_shape_kind;

typedef struct tp_canvas tp_canvas;
struct tp_canvas {
    void (*line)(tp_canvas *canvas, const tp_point *points, size_t count, tp_ink ink, double width,
                 tp_dash dash);
    /* A filled polygon. */
    void (*area)(tp_canvas *canvas, const tp_point *points, size_t count, tp_ink ink,
                 double opacity);
    /* `title` is shown where somebody points at it; may be NULL. */
    void (*box)(tp_canvas *canvas, double x, double y, double width, double height, tp_ink ink,
                double opacity, const char *title);
    void (*marker)(tp_canvas *canvas, tp_point at, tp_shape_kind shape, tp_ink ink,
                   const char *title);
    void (*label)(tp_canvas *canvas, const tp_label *label);
    void (*picture)(tp_canvas *canvas, const tp_picture *picture);
};

/* Roughly what a text takes in a font of that size; exact for the strokes of font.c. */
double tp_text_width(const char *text, double size);

/* ---- SVG ---- */
typedef struct tp_svg {
    tp_canvas base;
    FILE *stream;
} tp_svg;
/* Begins a drawing. `alone`: a file of its own with its colours; else part of a page that has them (tp_svg_style). */
tp_svg tp_svg_begin(FILE *stream, double width, double height, bool alone, const char *title);
void tp_svg_end(tp_svg *svg);
/* The rules that give the classes their colours, in light and dark. */
void tp_svg_style(FILE *stream);
/* Text with the characters that XML and HTML reserve written as entities. */
void tp_write_escaped(FILE *stream, const char *text);

/* ---- dots ---- */
typedef struct tp_raster {
    tp_canvas base;
    int columns, rows;
    double scale;
    bool dark;
    unsigned char *pixels; /* (rows, columns, 3) */
} tp_raster;
/* False when out of memory. */
bool tp_raster_begin(tp_raster *raster, double width, double height, double scale, bool dark);
void tp_raster_end(tp_raster *raster);
/* The strokes of a text, in the raster's pixels (font.c). */
void tp_font_draw(tp_raster *raster, const tp_label *label);
/* A line with round ends in the raster's pixels. */
void tp_raster_stroke(tp_raster *raster, tp_point a, tp_point b, double width, tp_colour colour);

/* ---- characters ---- */
typedef struct tp_cell {
    unsigned int text; /* code point; 0: none */
    unsigned char dots;
    tp_ink ink;
    bool filled, pictured, bold;
    tp_colour upper, lower; /* of a picture, or filled */
} tp_cell;
typedef struct tp_cells {
    tp_canvas base;
    int columns, rows;
    double x_scale, y_scale; /* cells for a pixel */
    bool ascii, colour;
    tp_cell *cells;
} tp_cells;
bool tp_cells_begin(tp_cells *cells, double width, double height, int columns, bool ascii,
                    bool colour);
void tp_cells_print(const tp_cells *cells, FILE *stream);
void tp_cells_end(tp_cells *cells);

#endif
