/* A matrix as cells, shaded by value. */
#include <math.h>
#include <string.h>

#include "plot/figure.h"

enum { LABEL_LINE = 19, NAME_GAP = 7, SMALL = 10, MOST_NUMBERS = 40 };

typedef struct grid {
    const tp_drawing *d;
    double left, top, cell_width, cell_height;
    double below, above; /* the largest distance below and above 0 */
    bool upright;        /* names of columns read from below to above */
} grid;

static const char *name_of(const char *const *names, size_t i, char *buffer) {
    if (names) return names[i];
    snprintf(buffer, TP_NUMBER_TEXT, "%zu", i);
    return buffer;
}

static double widest(const char *const *names, size_t count) {
    char buffer[TP_NUMBER_TEXT];
    double width = 0;
    for (size_t i = 0; i < count; i++)
        width = fmax(width, TP_ROOM * tp_text_width(name_of(names, i, buffer), TP_FONT));
    return width;
}

/* The measures that follow from the width alone. */
static grid measure(const tp_figure *f, double width) {
    grid g = {0};
    double names = fmin(widest(f->names, f->rows), width * 0.3);
    g.left = names + NAME_GAP + (f->args.y_label ? LABEL_LINE : 0);
    g.cell_width = fmin((width - g.left) / (double)f->cells, 64);
    g.cell_height = fmin(fmax(g.cell_width, 9), fmax(30, 300.0 / (double)f->rows));
    if (f->cells > 3 * f->rows) g.cell_height = fmax(g.cell_height, 14);
    g.cell_height = fmin(g.cell_height, 40);
    g.upright = widest(f->columns, f->cells) > g.cell_width - 4 && f->columns;
    return g;
}

static double column_names_height(const tp_figure *f, const grid *g) {
    if (!g->upright) return LABEL_LINE;
    return fmin(widest(f->columns, f->cells), 110) + NAME_GAP + 3;
}

double tp_heat_map_height(const tp_figure *figure, double width) {
    grid g = measure(figure, width);
    return g.cell_height * (double)figure->rows + column_names_height(figure, &g) +
           (figure->args.x_label ? LABEL_LINE : 0);
}

static double row_sum(const tp_figure *f, size_t row) {
    double sum = 0;
    for (size_t k = 0; k < f->cells; k++) sum += f->values[row * f->cells + k];
    return sum;
}

/* How dark a cell is, from -1 to 1. */
static double shade_of(const grid *g, size_t row, size_t column) {
    const tp_figure *f = g->d->figure;
    double value = f->values[row * f->cells + column];
    if (!isfinite(value)) return 0;
    if (f->shade_rows) {
        double sum = row_sum(f, row);
        return sum > 0 ? sqrt(fmax(value / sum, 0))
                       : 0; /* the root: single mistakes are seen too */
    }
    double most = fmax(g->below, g->above);
    return most > 0 ? value / most : 0;
}

static void find_extremes(grid *g) {
    const tp_figure *f = g->d->figure;
    for (size_t i = 0; i < f->rows * f->cells; i++) {
        if (!isfinite(f->values[i])) continue;
        g->above = fmax(g->above, f->values[i]);
        g->below = fmax(g->below, -f->values[i]);
    }
}

/* Whether the widest number fits into a cell. */
static bool numbers_fit(const grid *g) {
    const tp_figure *f = g->d->figure;
    char text[TP_NUMBER_TEXT];
    if (f->no_numbers || g->cell_height < SMALL + 3) return false;
    if (f->rows > MOST_NUMBERS || f->cells > MOST_NUMBERS) return false;
    for (size_t i = 0; i < f->rows * f->cells; i++) {
        tp_number_text(text, f->values[i], 2);
        if (tp_text_width(text, SMALL) > g->cell_width - 3) return false;
    }
    return true;
}

static void draw_cell(const grid *g, size_t row, size_t column, bool numbers) {
    const tp_figure *f = g->d->figure;
    tp_canvas *c = g->d->canvas;
    double value = f->values[row * f->cells + column], shade = shade_of(g, row, column);
    double x = g->left + (double)column * g->cell_width, y = g->top + (double)row * g->cell_height;
    char text[TP_NUMBER_TEXT], title[160], a[TP_NUMBER_TEXT], b[TP_NUMBER_TEXT];
    tp_number_text(text, value, 4);
    snprintf(title, sizeof title, "%.48s, %.48s: %s", name_of(f->names, row, a),
             name_of(f->columns, column, b), text);
    double gap = g->cell_width > 12 ? 1 : 0;
    c->box(c, x, y, g->cell_width - gap, g->cell_height - gap,
           shade < 0 ? TP_INK_NEGATIVE : tp_series_ink(0), 0.04 + 0.96 * fabs(shade),
           f->rows * f->cells <= 1600 ? title : NULL);
    if (!numbers || (f->shade_rows && value == 0)) return;
    tp_number_text(text, value, 2);
    tp_label label = {.x = x + (g->cell_width - gap) / 2,
                      .y = y + (g->cell_height - gap) / 2 + 3.5,
                      .size = SMALL,
                      .anchor = TP_ANCHOR_MIDDLE,
                      .ink = fabs(shade) > 0.55 ? TP_INK_ON : TP_INK_TEXT,
                      .text = text};
    c->label(c, &label);
}

/* Every name, or every second, fifth ... where they stand too close. */
static size_t stride_for(double place, double needed) {
    static const size_t strides[] = {1, 2, 5, 10, 20, 50, 100};
    size_t i = 0;
    while (i < 6 && place * (double)strides[i] < needed) i++;
    return strides[i];
}

static void draw_names(const grid *g, double names_width) {
    const tp_figure *f = g->d->figure;
    tp_canvas *c = g->d->canvas;
    char buffer[TP_NUMBER_TEXT], text[96];
    size_t stride = stride_for(g->cell_height, TP_FONT);
    for (size_t i = 0; i < f->rows; i += stride)
        tp_draw_text(
            c, g->left - NAME_GAP, g->top + ((double)i + 0.5) * g->cell_height + 4, TP_ANCHOR_END,
            TP_INK_MUTED,
            tp_fit_text(text, sizeof text, name_of(f->names, i, buffer), TP_FONT, names_width));
    double bottom = g->top + g->cell_height * (double)f->rows;
    stride = stride_for(g->cell_width, g->upright ? TP_FONT : widest(f->columns, f->cells) + 4);
    for (size_t i = 0; i < f->cells; i += stride) {
        double x = g->left + ((double)i + 0.5) * g->cell_width;
        tp_label label = {.x = g->upright ? x + 4 : x,
                          .y = bottom + (g->upright ? NAME_GAP : 15),
                          .size = TP_FONT,
                          .anchor = g->upright ? TP_ANCHOR_END : TP_ANCHOR_MIDDLE,
                          .ink = TP_INK_MUTED,
                          .upright = g->upright};
        label.text = tp_fit_text(text, sizeof text, name_of(f->columns, i, buffer), TP_FONT, 110);
        c->label(c, &label);
    }
}

static void draw_axis_labels(const grid *g) {
    const tp_drawing *d = g->d;
    const tp_figure *f = d->figure;
    double right = g->left + g->cell_width * (double)f->cells;
    if (f->args.x_label)
        tp_draw_text(d->canvas, (g->left + right) / 2, d->y + d->height - 4, TP_ANCHOR_MIDDLE,
                     TP_INK_MUTED, f->args.x_label);
    tp_label upright = {.x = d->x + 10,
                        .y = g->top + g->cell_height * (double)f->rows / 2,
                        .size = TP_FONT,
                        .anchor = TP_ANCHOR_MIDDLE,
                        .ink = TP_INK_MUTED,
                        .upright = true,
                        .text = f->args.y_label};
    if (f->args.y_label) d->canvas->label(d->canvas, &upright);
}

void tp_draw_heat_map(const tp_drawing *d) {
    const tp_figure *f = d->figure;
    grid g = measure(f, d->width);
    double names_width = g.left - NAME_GAP - (f->args.y_label ? LABEL_LINE : 0);
    g.d = d;
    g.left += d->x;
    g.top = d->y;
    find_extremes(&g);
    bool numbers = numbers_fit(&g);
    for (size_t i = 0; i < f->rows; i++)
        for (size_t k = 0; k < f->cells; k++) draw_cell(&g, i, k, numbers);
    draw_names(&g, names_width);
    draw_axis_labels(&g);
}
