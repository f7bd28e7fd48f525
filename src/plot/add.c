/* What can be drawn into a figure: each function copies what it is given. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "plot/figure.h"
#include "tensor/tensor.h"

static bool refuse(tp_location at, const char *op, const char *got, const char *want) {
    tp_fail(at, op, TP_ERROR_ARGUMENT, got, want, NULL);
    return false;
}

/* Gives a series the next colour, or the wanted one; dashes and markers change with each series, so that two are told apart
 * without any colour. */
static void dress(tp_figure *figure, tp_series *series, int colour) {
    int number = figure->series_count++;
    series->colour = colour > 0 ? (colour - 1) % TP_PALETTE : number % TP_PALETTE;
    series->dash = (tp_dash)(number % TP_DASHES);
    series->shape = (tp_shape_kind)(number % TP_MARKERS);
}

/* ---- axes ---- */

static bool add_points(tp_location at, const char *op, tp_series_kind kind,
                       const tp_plot_args *args) {
    tp_figure *figure = args->figure;
    if (!figure) return false;
    if (!args->y && args->count) return refuse(at, op, "y NULL", "numbers");
    if (!args->low != !args->high) return refuse(at, op, ".low or .high alone", "both or neither");
    if (args->colour < 0) return refuse(at, op, "a negative .colour", "1 to 7, or 0");
    if (!tp_figure_become(at, op, figure, TP_PLOT_AXES, false)) return false;
    bool fine = true;
    const double *x = tp_figure_numbers(at, figure, args->x, args->count, &fine);
    const double *y = tp_figure_numbers(at, figure, args->y, args->count, &fine);
    const double *low = tp_figure_numbers(at, figure, args->low, args->count, &fine);
    const double *high = tp_figure_numbers(at, figure, args->high, args->count, &fine);
    tp_series *series = fine ? tp_figure_add(at, figure, kind, args->label) : NULL;
    if (!series) return false;
    series->count = args->count;
    series->x = x, series->y = y, series->low = low, series->high = high;
    dress(figure, series, args->colour);
    return true;
}

bool tp_plot_line_at(tp_location at, tp_plot_args args) {
    return add_points(at, "plot_line", TP_SERIES_LINE, &args);
}

bool tp_plot_scatter_at(tp_location at, tp_plot_args args) {
    return add_points(at, "plot_scatter", TP_SERIES_POINTS, &args);
}

static bool add_rule(tp_location at, const char *op, tp_series_kind kind,
                     const tp_rule_args *args) {
    if (!args->figure) return false;
    if (!isfinite(args->value)) return refuse(at, op, "NaN or Inf", "a number");
    if (!tp_figure_become(at, op, args->figure, TP_PLOT_AXES, false)) return false;
    double *value = tp_figure_hold(at, args->figure, sizeof *value);
    tp_series *series = value ? tp_figure_add(at, args->figure, kind, args->label) : NULL;
    if (!value || !series) return false;
    *value = args->value;
    series->count = 1;
    series->x = series->y = value;
    return true;
}

bool tp_plot_vertical_at(tp_location at, tp_rule_args args) {
    return add_rule(at, "plot_vertical", TP_SERIES_VERTICAL, &args);
}

bool tp_plot_horizontal_at(tp_location at, tp_rule_args args) {
    return add_rule(at, "plot_horizontal", TP_SERIES_HORIZONTAL, &args);
}

/* ---- histogram ---- */

static void sort_numbers(double *x, size_t count) { /* Shell sort: no memory, no function calls */
    for (size_t gap = count / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < count; i++) {
            double value = x[i];
            size_t k = i;
            for (; k >= gap && x[k - gap] > value; k -= gap) x[k] = x[k - gap];
            x[k] = value;
        }
}

/* How many bins sorted values want: 2 (quartile range) / cube root of n wide. */
static int bins_for(const double *x, size_t count) {
    double range = x[count - 1] - x[0], middle = x[count * 3 / 4] - x[count / 4];
    double width = 2 * middle / cbrt((double)count);
    double bins = width > 0 ? ceil(range / width) : 10;
    return (int)fmin(fmax(bins, 5), 60);
}

bool tp_plot_histogram_at(tp_location at, tp_histogram_args args) {
    const char *op = "plot_histogram";
    tp_figure *figure = args.figure;
    if (!tp_figure_become(at, op, figure, TP_PLOT_AXES, false)) return false;
    if (args.bins < 0) return refuse(at, op, "a negative .bins", "a number of bins, or 0");
    double *values = tp_figure_tensor(at, op, figure, args.values);
    if (!values) return false;
    size_t count = 0, all = (size_t)args.values->numel;
    for (size_t i = 0; i < all; i++)
        if (isfinite(values[i])) values[count++] = values[i];
    if (!count) return refuse(at, op, "no finite values", "at least one");
    sort_numbers(values, count);
    int bins = args.bins ? args.bins : bins_for(values, count);
    double low = values[0], high = values[count - 1];
    if (low == high) low -= 0.5, high += 0.5;
    double *edges = tp_figure_hold(at, figure, ((size_t)bins + 1) * sizeof *edges);
    double *counts = edges ? tp_figure_hold(at, figure, (size_t)bins * sizeof *counts) : NULL;
    tp_series *series = counts ? tp_figure_add(at, figure, TP_SERIES_BINS, args.label) : NULL;
    if (!edges || !counts || !series) return false;
    for (int i = 0; i <= bins; i++) edges[i] = low + (high - low) * i / bins;
    for (size_t i = 0; i < count; i++) {
        int bin = (int)((values[i] - low) / (high - low) * bins);
        counts[bin < bins ? bin : bins - 1]++;
    }
    series->count = (size_t)bins;
    series->x = edges, series->y = counts;
    dress(figure, series, 0);
    return true;
}

/* ---- bars ---- */

bool tp_plot_bars_at(tp_location at, tp_bars_args args) {
    const char *op = "plot_bars";
    tp_figure *figure = args.figure;
    if (!figure) return false;
    if (!args.names || !args.values || !args.count)
        return refuse(at, op, "no bars", "names and values");
    if (!args.low != !args.high) return refuse(at, op, ".low or .high alone", "both or neither");
    if (!tp_figure_become(at, op, figure, TP_PLOT_BARS, false)) return false;
    if (figure->rows && figure->rows != args.count)
        return refuse(at, op, tp_text("%zu values", args.count),
                      tp_text("%zu, as many as the first bars", figure->rows));
    bool fine = true;
    if (!figure->names) figure->names = tp_figure_names(at, figure, args.names, args.count, &fine);
    const double *y = tp_figure_numbers(at, figure, args.values, args.count, &fine);
    const double *low = tp_figure_numbers(at, figure, args.low, args.count, &fine);
    const double *high = tp_figure_numbers(at, figure, args.high, args.count, &fine);
    tp_series *series = fine ? tp_figure_add(at, figure, TP_SERIES_BARS, args.label) : NULL;
    if (!series) return false;
    figure->rows = series->count = args.count;
    series->y = y, series->low = low, series->high = high;
    dress(figure, series, 0);
    return true;
}

/* ---- heat map ---- */

bool tp_plot_heat_map_at(tp_location at, tp_heat_map_args args) {
    const char *op = "plot_heat_map";
    tp_figure *figure = args.figure;
    if (!tp_figure_become(at, op, figure, TP_PLOT_HEAT_MAP, true)) return false;
    const double *values = tp_figure_tensor(at, op, figure, args.values);
    if (!values) return false;
    if (args.values->ndim != 2 || !args.values->numel) {
        tp_fail(at, op, TP_ERROR_SHAPE, tp_tensor_text(args.values), "(rows, columns)", NULL);
        return false;
    }
    bool fine = true;
    figure->rows = (size_t)args.values->shape[0];
    figure->cells = (size_t)args.values->shape[1];
    figure->names = tp_figure_names(at, figure, args.rows, figure->rows, &fine);
    figure->columns = tp_figure_names(at, figure, args.columns, figure->cells, &fine);
    figure->values = values;
    figure->no_numbers = args.no_numbers;
    figure->shade_rows = args.shade_rows;
    return fine;
}
