/* A network of fully connected neurons: columns from left to right, a line for each weight that is not 0. */
#include <math.h>

#include "plot/figure.h"

enum { RADIUS = 15, PITCH = 36, WIDEST_PITCH = 84, LEAST_HEIGHT = 150, NAME_GAP = 8, CORNERS = 28 };
enum { NUMBER_FONT = 10, MOST_NUMBERS = 40 };

/* Where columns lie; column 0 holds the inputs, column k the neurons of layer k. */
typedef struct sheet {
    const tp_drawing *d;
    double left, right;
} sheet;

static size_t neurons(const tp_figure *f, size_t column) {
    return column ? f->layers[column - 1].outputs : f->layers[0].inputs;
}

static size_t most_neurons(const tp_figure *f) {
    size_t most = 1;
    for (size_t k = 0; k <= f->layer_count; k++)
        if (neurons(f, k) > most) most = neurons(f, k);
    return most;
}

double tp_network_height(const tp_figure *figure, double width) {
    (void)width;
    return fmax(LEAST_HEIGHT, PITCH * (double)most_neurons(figure));
}

static tp_point place(const sheet *s, size_t column, size_t i) {
    const tp_drawing *d = s->d;
    double count = (double)neurons(d->figure, column),
           pitch = fmin(d->height / count, WIDEST_PITCH);
    double share = (double)column / (double)d->figure->layer_count;
    return (tp_point){s->left + share * (s->right - s->left),
                      d->y + d->height / 2 + ((double)i - (count - 1) / 2) * pitch};
}

static double widest(const char *const *names, size_t count) {
    double width = 0;
    for (size_t i = 0; i < count; i++)
        width = fmax(width, TP_ROOM * tp_text_width(names[i], TP_FONT));
    return width;
}

/* ---- weights ---- */

static double largest_weight(const tp_network_layer *layer) {
    double most = 0;
    for (size_t i = 0; i < layer->inputs * layer->outputs; i++)
        if (isfinite(layer->weights[i])) most = fmax(most, fabs(layer->weights[i]));
    return most;
}

static void draw_weights(const sheet *s, size_t column) {
    const tp_network_layer *layer = &s->d->figure->layers[column - 1];
    double most = largest_weight(layer);
    double thin =
        layer->inputs * layer->outputs > 100 ? 0.5 : 1; /* lines that are to be told apart */
    tp_canvas *c = s->d->canvas;
    for (size_t o = 0; o < layer->outputs; o++)
        for (size_t i = 0; i < layer->inputs; i++) {
            double w = layer->weights[o * layer->inputs + i];
            if (!isfinite(w) || w == 0) continue;
            tp_point line[2] = {place(s, column - 1, i), place(s, column, o)};
            c->line(c, line, 2, w > 0 ? TP_INK_SERIES : TP_INK_NEGATIVE,
                    thin * (0.6 + 1.4 * fabs(w) / most), w > 0 ? TP_DASH_SOLID : TP_DASH_LONG);
        }
}

/* The numbers on the lines of a layer; those that fit nowhere on their line are left out. */
typedef struct numbers {
    int count;
    tp_point at[MOST_NUMBERS];
    double width[MOST_NUMBERS];
} numbers;

static bool is_free(const numbers *n, tp_point p, double width) {
    for (int i = 0; i < n->count; i++)
        if (fabs(p.x - n->at[i].x) < (width + n->width[i]) / 2 + 2 &&
            fabs(p.y - n->at[i].y) < NUMBER_FONT + 3)
            return false;
    return true;
}

static void write_centred(const tp_drawing *d, tp_point at, const char *text) {
    tp_label label = {.x = at.x,
                      .y = at.y + 0.36 * NUMBER_FONT,
                      .size = NUMBER_FONT,
                      .anchor = TP_ANCHOR_MIDDLE,
                      .ink = TP_INK_TEXT,
                      .text = text};
    d->canvas->label(d->canvas, &label);
}

static void write_number(const tp_drawing *d, tp_point p, double width, const char *text) {
    double w = width / 2 + 1, h = NUMBER_FONT / 2.0 + 1;
    tp_point corners[4] = {
        {p.x - w, p.y - h}, {p.x + w, p.y - h}, {p.x + w, p.y + h}, {p.x - w, p.y + h}};
    d->canvas->area(d->canvas, corners, 4, TP_INK_PAPER, 0.85);
    write_centred(d, p, text);
}

static void write_weight(const sheet *s, numbers *n, double w, tp_point a, tp_point b) {
    static const double shares[] = {0.7, 0.6, 0.5, 0.4, 0.3};
    char text[TP_NUMBER_TEXT];
    tp_number_text(text, w, 2);
    double width = TP_ROOM * tp_text_width(text, NUMBER_FONT);
    for (size_t k = 0; k < sizeof shares / sizeof shares[0] && n->count < MOST_NUMBERS; k++) {
        tp_point p = {a.x + shares[k] * (b.x - a.x), a.y + shares[k] * (b.y - a.y)};
        if (!is_free(n, p, width)) continue;
        n->at[n->count] = p;
        n->width[n->count++] = width;
        write_number(s->d, p, width, text);
        return;
    }
}

static void write_weights(const sheet *s, size_t column) {
    const tp_network_layer *layer = &s->d->figure->layers[column - 1];
    numbers n = {0};
    if (layer->inputs * layer->outputs > MOST_NUMBERS) return;
    for (size_t o = 0; o < layer->outputs; o++)
        for (size_t i = 0; i < layer->inputs; i++) {
            double w = layer->weights[o * layer->inputs + i];
            if (isfinite(w) && w != 0)
                write_weight(s, &n, w, place(s, column - 1, i), place(s, column, o));
        }
}

/* ---- neurons ---- */

static void draw_neuron(const tp_drawing *d, tp_point at, const double *bias) {
    tp_point round[CORNERS + 1];
    for (int i = 0; i <= CORNERS; i++) {
        double angle = 6.283185307179586 * i / CORNERS;
        round[i] = (tp_point){at.x + RADIUS * cos(angle), at.y + RADIUS * sin(angle)};
    }
    d->canvas->area(d->canvas, round, CORNERS, TP_INK_PAPER, 1);
    d->canvas->line(d->canvas, round, CORNERS + 1, TP_INK_TEXT, 1.3, TP_DASH_SOLID);
    if (!bias) return;
    char text[TP_NUMBER_TEXT];
    tp_number_text(text, *bias, 2);
    write_centred(d, at, text);
}

static void draw_neurons(const sheet *s, size_t column) {
    const tp_drawing *d = s->d;
    const tp_figure *f = d->figure;
    for (size_t i = 0; i < neurons(f, column); i++) {
        tp_point at = place(s, column, i);
        if (column == 0) {
            d->canvas->marker(d->canvas, at, TP_MARKER_DISC, TP_INK_TEXT, f->names[i]);
            tp_draw_text(d->canvas, at.x - NAME_GAP, at.y + 4, TP_ANCHOR_END, TP_INK_TEXT,
                         f->names[i]);
            continue;
        }
        const double *biases = f->layers[column - 1].biases;
        draw_neuron(d, at, biases ? biases + i : NULL);
        if (column == f->layer_count)
            tp_draw_text(d->canvas, at.x + RADIUS + NAME_GAP, at.y + 4, TP_ANCHOR_START,
                         TP_INK_TEXT, f->columns[i]);
    }
}

void tp_draw_network(const tp_drawing *d) {
    const tp_figure *f = d->figure;
    double names = widest(f->names, neurons(f, 0));
    double outputs = widest(f->columns, neurons(f, f->layer_count));
    sheet s = {.d = d,
               .left = d->x + names + NAME_GAP,
               .right = d->x + d->width - outputs - NAME_GAP - RADIUS};
    for (size_t k = 1; k <= f->layer_count; k++) draw_weights(&s, k);
    for (size_t k = 0; k <= f->layer_count; k++) draw_neurons(&s, k);
    for (size_t k = 1; k <= f->layer_count; k++) write_weights(&s, k);
}
