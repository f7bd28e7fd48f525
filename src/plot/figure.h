/* What a figure holds, and how it is laid out. */
#ifndef TP_PLOT_FIGURE_H
#define TP_PLOT_FIGURE_H

#include <taper/plot.h>

#include "plot/canvas.h"

typedef enum tp_plot_kind {
    TP_PLOT_NOTHING,
    TP_PLOT_AXES,
    TP_PLOT_BARS,
    TP_PLOT_HEAT_MAP,
    TP_PLOT_PICTURES,
    TP_PLOT_NETWORK
} tp_plot_kind;

typedef enum tp_series_kind {
    TP_SERIES_LINE,
    TP_SERIES_POINTS,
    TP_SERIES_BINS, /* x has one edge more than y has values */
    TP_SERIES_VERTICAL,
    TP_SERIES_HORIZONTAL,
    TP_SERIES_BARS
} tp_series_kind;

typedef struct tp_series {
    struct tp_series *next;
    tp_series_kind kind;
    const char *label; /* NULL: not in the legend */
    size_t count;
    const double *x, *y, *low, *high; /* x NULL: 0, 1, 2, ...; low NULL: no band */
    int colour;                       /* 0 to TP_PALETTE - 1 */
    tp_dash dash;
    tp_shape_kind shape;
} tp_series;

/* A layer of a network. */
typedef struct tp_network_layer {
    size_t inputs, outputs;
    const double *weights, *biases; /* (outputs, inputs); (outputs) or NULL */
} tp_network_layer;

struct tp_figure {
    tp_location at; /* where it was made */
    tp_figure_args args;
    tp_plot_kind kind;
    struct tp_block *blocks; /* all memory of the figure, in a list */
    tp_series *series, **last;
    int series_count;
    /* bars; rows and columns of a heat map; captions of pictures (.names); inputs and
     * outputs of a network (.names, .columns) */
    const char *const *names, *const *columns;
    size_t rows, cells; /* of a heat map: rows, columns */
    const double *values;
    bool no_numbers, shade_rows;
    /* pictures */
    const unsigned char *pixels; /* (pictures, height, width, 3) */
    int pictures, height, width, across;
    double size;
    const bool *marked;
    /* a network */
    const tp_network_layer *layers;
    size_t layer_count;
};

/* Zeroed memory that ends with the figure. NULL when out of memory, reported. */
void *tp_figure_hold(tp_location at, tp_figure *figure, size_t bytes);
/* Copies; NULL for NULL, and when out of memory, which sets *fine to false. */
const char *tp_figure_text(tp_location at, tp_figure *figure, const char *text, bool *fine);
const double *tp_figure_numbers(tp_location at, tp_figure *figure, const double *numbers,
                                size_t count, bool *fine);
const char *const *tp_figure_names(tp_location at, tp_figure *figure, const char *const *names,
                                   size_t count, bool *fine);
/* Whether there is nothing to be drawn: nothing was put in, or only what was refused. */
bool tp_figure_is_empty(const tp_figure *figure);
/* Makes the figure one of that kind. False where it is another, reported; silent for a figure that is NULL. */
bool tp_figure_become(tp_location at, const char *op, tp_figure *figure, tp_plot_kind kind,
                      bool alone);
/* A new series at the end; NULL when out of memory, reported. */
tp_series *tp_figure_add(tp_location at, tp_figure *figure, tp_series_kind kind, const char *label);
/* The elements of a tensor as doubles that end with the figure. NULL after an error, reported. */
double *tp_figure_tensor(tp_location at, const char *op, tp_figure *figure, const tp_tensor *x);

/* ---- layout ---- */
/* The size that the figure takes where `width` is wanted; 0: its own. */
tp_point tp_figure_size(const tp_figure *figure, double width);
/* Draws it with its upper left corner there. */
void tp_figure_draw(const tp_figure *figure, tp_canvas *canvas, double x, double y, double width);

/* A drawing under way: the figure on a canvas, and the area that is left for the plot itself. */
typedef struct tp_drawing {
    const tp_figure *figure;
    tp_canvas *canvas;
    double x, y, width, height;
} tp_drawing;
void tp_draw_axes(const tp_drawing *d);
void tp_draw_bars(const tp_drawing *d);
void tp_draw_heat_map(const tp_drawing *d);
void tp_draw_pictures(const tp_drawing *d);
void tp_draw_network(const tp_drawing *d);
/* What these need below the head, for a width; 0: what figure.args.height leaves. */
double tp_bars_height(const tp_figure *figure, double width);
double tp_heat_map_height(const tp_figure *figure, double width);
double tp_pictures_height(const tp_figure *figure, double width);
double tp_network_height(const tp_figure *figure, double width);

static inline tp_ink tp_series_ink(int colour) {
    return (tp_ink)((int)TP_INK_SERIES + colour % (int)TP_PALETTE);
}
enum { TP_FONT = 12, TP_TITLE_FONT = 15, TP_NUMBER_TEXT = 32 };
/* Readers' fonts may be wider than ours: the room that a text gets for its width. */
#define TP_ROOM 1.22
/* Draws a text in the font of labels. */
void tp_draw_text(tp_canvas *canvas, double x, double y, tp_anchor anchor, tp_ink ink,
                  const char *text);
/* The text cut with dots so that it takes at most `width`. */
const char *tp_fit_text(char *buffer, size_t size, const char *text, double font, double width);

/* ---- axes ---- */
typedef struct tp_axis {
    tp_axis_scale scale;
    double low, high; /* values at its ends */
    double from, to;  /* where these are, in pixels */
    double step;      /* of a linear axis */
    int count;        /* ticks */
    double ticks[24];
    char text[24][TP_NUMBER_TEXT];
} tp_axis;
/* Chooses ends and about `wanted` ticks; whole: only whole numbers. `exact`: the ends stay as they are. */
void tp_axis_choose(tp_axis *axis, int wanted, bool whole, bool exact);
double tp_axis_place(const tp_axis *axis, double value);
/* A value as short text: at most `digits` significant digits. */
void tp_number_text(char *buffer, double value, int digits);

/* ---- output ---- */
/* The numbers behind a figure as CSV; false where it has none. */
bool tp_figure_csv(const tp_figure *figure, FILE *stream);
/* The figure as SVG for a page that has tp_svg_style(). */
void tp_figure_svg(const tp_figure *figure, FILE *stream, bool alone);

#endif
