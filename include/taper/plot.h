/** @file plot.h
 *  Figures: lines, scatter, bars, histograms, heat maps, pictures, small networks, as SVG, as PNG and on a terminal.
 *
 *      tp_figure *f = tp_figure_new("Loss", .x_label = "epoch", .y_label = "mean loss");
 *      tp_plot_line(f, epochs, train, count, .label = "training");
 *      tp_plot_line(f, epochs, valid, count, .label = "validation");
 *      tp_plot_save(f, "loss.svg");
 *      tp_figure_free(f);
 *
 *  A figure is either axes (lines, scatter and histograms on one pair of axes), bars, a heat map, pictures, or a network; mixing them is an
 *  error (ARGUMENT). Numbers and texts are copied. Colours are Okabe and Ito's (2008), which people with colour-blindness tell
 *  apart; lines differ in dashes and markers too. Nothing has to be adjusted: ticks, margins, legends and the side on which bars
 *  lie follow from what is drawn.
 *
 *  Where a figure is NULL, because tp_figure_new() failed and reported it, each function returns false.
 */
#ifndef TAPER_PLOT_H
#define TAPER_PLOT_H

#include <stdio.h>
#include <taper/ops/shape.h>
#include <taper/tensor.h>

TP_BEGIN_DECLS

/** A figure, made of one or several plots. */
typedef struct tp_figure tp_figure;

/** How an axis counts. */
typedef enum tp_axis_scale {
    TP_AXIS_LINEAR,
    TP_AXIS_LOG /**< each step a factor; values that are not above 0 are left out */
} tp_axis_scale;

/** Arguments of tp_figure_new. */
typedef struct tp_figure_args {
    const char *title;    /**< may be NULL */
    const char *subtitle; /**< a smaller line below it; may be NULL */
    const char *x_label, *y_label;
    tp_axis_scale x_scale, y_scale;
    double x_min, x_max; /**< both 0: what the data need */
    double y_min, y_max; /**< likewise */
    double width;        /**< in pixels of the SVG: 440 */
    double height;       /**< 300; pictures and bars that lie on their side take what they need */
} tp_figure_args;
/** A new figure: tp_figure_new("Loss", .x_label = "epoch"). Owned by the user; NULL when out of memory. */
TP_API tp_figure *tp_figure_new_at(tp_location at, tp_figure_args args);
#define tp_figure_new(...) tp_figure_new_at(TP_HERE, TP_MAKE(tp_figure_args, .title = __VA_ARGS__))
/** Ends it; NULL is fine. */
TP_API void tp_figure_free(tp_figure *figure);

/** @name On axes
 *  @{ */
/** Arguments of tp_plot_line and tp_plot_scatter. */
typedef struct tp_plot_args {
    tp_figure *figure;
    const double *x; /**< NULL: 0, 1, 2, ... */
    const double *y; /**< a NaN leaves a gap */
    size_t count;
    const char *label; /**< in the legend; may be NULL */
    const double *low,
        *high; /**< a band from low to high around the line, say over several seeds; both or neither */
    int colour; /**< 1 to 7 for one of the palette's; 0: the next one. Two series of one colour differ in dashes. */
} tp_plot_args;
/** A line through points. */
TP_API bool tp_plot_line_at(tp_location at, tp_plot_args args);
#define tp_plot_line(figure_, x_, y_, ...) \
    tp_plot_line_at(                       \
        TP_HERE, TP_MAKE(tp_plot_args, .figure = figure_, .x = x_, .y = y_, .count = __VA_ARGS__))
/** Points; `low` and `high` are error bars. */
TP_API bool tp_plot_scatter_at(tp_location at, tp_plot_args args);
#define tp_plot_scatter(figure_, x_, y_, ...) \
    tp_plot_scatter_at(                       \
        TP_HERE, TP_MAKE(tp_plot_args, .figure = figure_, .x = x_, .y = y_, .count = __VA_ARGS__))

/** Arguments of tp_plot_histogram. */
typedef struct tp_histogram_args {
    tp_figure *figure;
    const tp_tensor *values; /**< of any shape and type; NaN and Inf are left out */
    const char *label;
    int bins; /**< 0: by Freedman and Diaconis' rule, 5 to 60 */
} tp_histogram_args;
/** How many values lie in each of some intervals of equal width. */
TP_API bool tp_plot_histogram_at(tp_location at, tp_histogram_args args);
#define tp_plot_histogram(figure_, ...) \
    tp_plot_histogram_at(TP_HERE,       \
                         TP_MAKE(tp_histogram_args, .figure = figure_, .values = __VA_ARGS__))

/** Arguments of tp_plot_vertical and tp_plot_horizontal. */
typedef struct tp_rule_args {
    tp_figure *figure;
    double value;
    const char *label; /**< in the legend: "best epoch: 7" */
} tp_rule_args;
/** A dashed line at one x, to mark it. */
TP_API bool tp_plot_vertical_at(tp_location at, tp_rule_args args);
#define tp_plot_vertical(figure_, ...) \
    tp_plot_vertical_at(TP_HERE, TP_MAKE(tp_rule_args, .figure = figure_, .value = __VA_ARGS__))
/** A dashed line at one y. */
TP_API bool tp_plot_horizontal_at(tp_location at, tp_rule_args args);
#define tp_plot_horizontal(figure_, ...) \
    tp_plot_horizontal_at(TP_HERE, TP_MAKE(tp_rule_args, .figure = figure_, .value = __VA_ARGS__))
/** @} */

/** Arguments of tp_plot_bars. */
typedef struct tp_bars_args {
    tp_figure *figure;
    const char *const *names; /**< one a bar */
    const double *values;
    size_t count;
    const char *label;        /**< in the legend, of a group */
    const double *low, *high; /**< error bars; both or neither */
} tp_bars_args;
/** A bar for each name; called again with as many values, bars stand in groups. They lie on their side where the names need it. */
TP_API bool tp_plot_bars_at(tp_location at, tp_bars_args args);
#define tp_plot_bars(figure_, names_, values_, ...)                                    \
    tp_plot_bars_at(TP_HERE, TP_MAKE(tp_bars_args, .figure = figure_, .names = names_, \
                                     .values = values_, .count = __VA_ARGS__))

/** Arguments of tp_plot_heat_map. */
typedef struct tp_heat_map_args {
    tp_figure *figure;
    const tp_tensor *values;                  /**< (rows, columns) */
    const char *const *rows, *const *columns; /**< names; NULL: numbers */
    bool
        no_numbers; /**< do not write the values into the cells; they are left out by themselves where they do not fit */
    bool
        shade_rows; /**< shade each row by its share of the row's sum, as a confusion matrix wants it */
} tp_heat_map_args;
/** A matrix as shaded cells, the first row on top. Negative values have another colour than positive ones. */
TP_API bool tp_plot_heat_map_at(tp_location at, tp_heat_map_args args);
#define tp_plot_heat_map(figure_, ...) \
    tp_plot_heat_map_at(TP_HERE,       \
                        TP_MAKE(tp_heat_map_args, .figure = figure_, .values = __VA_ARGS__))

/** Arguments of tp_plot_images and tp_plot_image. */
typedef struct tp_images_args {
    tp_figure *figure;
    const tp_tensor *
        images; /**< (N, C, H, W) or (N, H, W); of tp_plot_image (C, H, W) or (H, W). C is 1 or 3. */
    const char *const *captions; /**< one a picture; NULL: none */
    const bool *marked;          /**< captions to set off, say wrong predictions; may be NULL */
    int columns;                 /**< 0: what looks even */
    double size;                 /**< width of a picture in pixels; 0: what fits */
    bool
        scale_each; /**< stretch each picture between its own lowest and highest value, as filters want it */
} tp_images_args;
/** Pictures in a grid. Bytes are 0 to 255; floats 0 to 1, or stretched between the lowest and the highest of all where any lies
 *  outside of that. */
TP_API bool tp_plot_images_at(tp_location at, tp_images_args args);
#define tp_plot_images(figure_, ...) \
    tp_plot_images_at(TP_HERE, TP_MAKE(tp_images_args, .figure = figure_, .images = __VA_ARGS__))
/** One picture. */
TP_API bool tp_plot_image_at(tp_location at, tp_images_args args);
#define tp_plot_image(figure_, ...) \
    tp_plot_image_at(TP_HERE, TP_MAKE(tp_images_args, .figure = figure_, .images = __VA_ARGS__))

/** Arguments of tp_plot_network. */
typedef struct tp_network_args {
    tp_figure *figure;
    tp_tensor_list weights;     /**< a layer each, (outputs, inputs): tp_list(w1, w2) */
    tp_tensor_list biases;      /**< (outputs) each, written into the neurons; left out: none */
    const char *const *inputs;  /**< names; NULL: x1, x2, ... */
    const char *const *outputs; /**< names; NULL: y1, y2, ... */
} tp_network_args;
/** A small network of fully connected neurons, from left to right. Weights above 0 are solid lines, those below 0 dashed ones of
 *  another colour; the larger, the thicker; none where 0. Numbers stand on lines where they fit. At most 256 neurons a layer.
 *  False after an error: ARGUMENT for no weights or too many neurons, SHAPE where layers do not fit each other. */
TP_API bool tp_plot_network_at(tp_location at, tp_network_args args);
#define tp_plot_network(figure_, ...) \
    tp_plot_network_at(TP_HERE, TP_MAKE(tp_network_args, .figure = figure_, .weights = __VA_ARGS__))

/** @name Where it goes
 *  @{ */
/** Arguments of tp_plot_save. */
typedef struct tp_plot_save_args {
    const tp_figure *figure;
    const char *path; /**< ends in .svg, .png or .csv */
    bool dark;        /**< a PNG on a dark ground; an SVG follows the reader's setting by itself */
    double scale;     /**< pixels of a PNG for one of the figure: 2 */
} tp_plot_save_args;
/** Saves a figure: tp_plot_save(f, "loss.svg"). .csv has the numbers behind it. False after an error: ARGUMENT for another ending
 *  or a figure with nothing in it, FILE, MEMORY. */
TP_API bool tp_plot_save_at(tp_location at, tp_plot_save_args args);
#define tp_plot_save(figure_, ...) \
    tp_plot_save_at(TP_HERE, TP_MAKE(tp_plot_save_args, .figure = figure_, .path = __VA_ARGS__))

/** Arguments of tp_plot_save_panels. */
typedef struct tp_panels_args {
    tp_figure *const *figures;
    size_t count;
    const char *path;     /**< ends in .svg or .png */
    const char *title;    /**< above all; may be NULL */
    const char *subtitle; /**< likewise */
    int columns;          /**< 0: two, or one for a single figure */
    bool dark;            /**< as for tp_plot_save() */
    double scale;         /**< likewise */
} tp_panels_args;
/** Saves several figures as panels of one picture: tp_plot_save_panels(figures, 2, "curves.png"). */
TP_API bool tp_plot_save_panels_at(tp_location at, tp_panels_args args);
#define tp_plot_save_panels(figures_, count_, ...)                                                \
    tp_plot_save_panels_at(TP_HERE, TP_MAKE(tp_panels_args, .figures = figures_, .count = count_, \
                                            .path = __VA_ARGS__))

/** How a terminal shows a figure. */
typedef enum tp_terminal {
    TP_TERMINAL_TEXT,  /**< Unicode: Braille dots and block characters */
    TP_TERMINAL_SIXEL, /**< a picture, on terminals that know sixels */
    TP_TERMINAL_ASCII  /**< characters that every terminal has, without colours */
} tp_terminal;
/** Arguments of tp_plot_show. */
typedef struct tp_plot_show_args {
    const tp_figure *figure;
    FILE *stream;
    tp_terminal kind;
    int columns;    /**< of the terminal: 80 */
    bool no_colour; /**< no escape sequences in TP_TERMINAL_TEXT */
} tp_plot_show_args;
/** Prints a figure on a terminal: tp_plot_show(f, stdout). False after an error. */
TP_API bool tp_plot_show_at(tp_location at, tp_plot_show_args args);
#define tp_plot_show(figure_, ...) \
    tp_plot_show_at(TP_HERE, TP_MAKE(tp_plot_show_args, .figure = figure_, .stream = __VA_ARGS__))
/** @} */

TP_END_DECLS

#endif
