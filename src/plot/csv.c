/* The numbers behind a figure, for any program that reads tables. */
#include <math.h>
#include <string.h>

#include "plot/figure.h"

static void put_text(FILE *out, const char *text) {
    bool quote = text[strcspn(text, ",\"\n")] != 0;
    if (quote) fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    if (quote) fputc('"', out);
}

static void put_number(FILE *out, double value) {
    if (isfinite(value)) fprintf(out, "%.9g", value);
}

static const char *name_of(const char *label, const char *axis, const char *otherwise) {
    return label ? label : axis ? axis : otherwise;
}

static bool is_curve(const tp_series *s) {
    return s->kind == TP_SERIES_LINE || s->kind == TP_SERIES_POINTS;
}

static bool same_x(const tp_series *a, const tp_series *b) {
    if (a->count != b->count || !a->x != !b->x) return false;
    return !a->x || memcmp(a->x, b->x, a->count * sizeof *a->x) == 0;
}

static double x_at(const tp_series *s, size_t i) { return s->x ? s->x[i] : (double)i; }

/* x and a column for each series, where all have the same x. */
static void write_wide(const tp_figure *f, const tp_series *first, FILE *out) {
    put_text(out, name_of(f->args.x_label, NULL, "x"));
    for (const tp_series *s = first; s; s = s->next) {
        if (!is_curve(s)) continue;
        const char *name = name_of(s->label, f->args.y_label, "y");
        fputc(',', out);
        put_text(out, name);
        if (s->low) fprintf(out, ",%s low,%s high", name, name);
    }
    fputc('\n', out);
    for (size_t i = 0; i < first->count; i++) {
        put_number(out, x_at(first, i));
        for (const tp_series *s = first; s; s = s->next) {
            if (!is_curve(s)) continue;
            fputc(',', out);
            put_number(out, s->y[i]);
            if (!s->low) continue;
            fputc(',', out);
            put_number(out, s->low[i]);
            fputc(',', out);
            put_number(out, s->high[i]);
        }
        fputc('\n', out);
    }
}

/* A line for each point of each series. */
static void write_long(const tp_figure *f, const tp_series *first, FILE *out) {
    fputs("series,", out);
    put_text(out, name_of(f->args.x_label, NULL, "x"));
    fputc(',', out);
    put_text(out, name_of(f->args.y_label, NULL, "y"));
    fputc('\n', out);
    int number = 0;
    for (const tp_series *s = first; s; s = s->next) {
        char buffer[32];
        snprintf(buffer, sizeof buffer, "series %d", ++number);
        for (size_t i = 0; is_curve(s) && i < s->count; i++) {
            put_text(out, name_of(s->label, NULL, buffer));
            fputc(',', out);
            put_number(out, x_at(s, i));
            fputc(',', out);
            put_number(out, s->y[i]);
            fputc('\n', out);
        }
    }
}

static bool write_axes(const tp_figure *f, FILE *out) {
    const tp_series *first = f->series;
    while (first && !is_curve(first) && first->kind != TP_SERIES_BINS) first = first->next;
    if (!first) return false;
    if (first->kind == TP_SERIES_BINS) {
        fputs("series,from,to,count\n", out);
        for (const tp_series *s = first; s; s = s->next)
            for (size_t i = 0; s->kind == TP_SERIES_BINS && i < s->count; i++) {
                put_text(out, name_of(s->label, NULL, "values"));
                fprintf(out, ",%.9g,%.9g,%.0f\n", s->x[i], s->x[i + 1], s->y[i]);
            }
        return true;
    }
    bool wide = true;
    for (const tp_series *s = first; s; s = s->next)
        if (is_curve(s) && !same_x(first, s)) wide = false;
    if (wide)
        write_wide(f, first, out);
    else
        write_long(f, first, out);
    return true;
}

static bool write_bars(const tp_figure *f, FILE *out) {
    put_text(out, name_of(f->args.x_label, NULL, "name"));
    for (const tp_series *s = f->series; s; s = s->next) {
        fputc(',', out);
        put_text(out, name_of(s->label, f->args.y_label, "value"));
    }
    fputc('\n', out);
    for (size_t i = 0; i < f->rows; i++) {
        put_text(out, f->names[i]);
        for (const tp_series *s = f->series; s; s = s->next) {
            fputc(',', out);
            put_number(out, s->y[i]);
        }
        fputc('\n', out);
    }
    return true;
}

static bool write_matrix(const tp_figure *f, FILE *out) {
    for (size_t k = 0; k < f->cells; k++) {
        fputc(',', out);
        if (f->columns)
            put_text(out, f->columns[k]);
        else
            fprintf(out, "%zu", k);
    }
    fputc('\n', out);
    for (size_t i = 0; i < f->rows; i++) {
        if (f->names)
            put_text(out, f->names[i]);
        else
            fprintf(out, "%zu", i);
        for (size_t k = 0; k < f->cells; k++) {
            fputc(',', out);
            put_number(out, f->values[i * f->cells + k]);
        }
        fputc('\n', out);
    }
    return true;
}

/* A line for each weight; neurons and inputs count from 1. */
static bool write_network(const tp_figure *f, FILE *out) {
    fputs("layer,neuron,input,weight\n", out);
    for (size_t k = 0; k < f->layer_count; k++) {
        const tp_network_layer *layer = &f->layers[k];
        for (size_t o = 0; o < layer->outputs; o++) {
            for (size_t i = 0; i < layer->inputs; i++) {
                fprintf(out, "%zu,%zu,%zu,", k + 1, o + 1, i + 1);
                put_number(out, layer->weights[o * layer->inputs + i]);
                fputc('\n', out);
            }
            if (!layer->biases) continue;
            fprintf(out, "%zu,%zu,bias,", k + 1, o + 1);
            put_number(out, layer->biases[o]);
            fputc('\n', out);
        }
    }
    return true;
}

bool tp_figure_csv(const tp_figure *figure, FILE *stream) {
    switch (figure->kind) {
    case TP_PLOT_AXES: return write_axes(figure, stream);
    case TP_PLOT_BARS: return write_bars(figure, stream);
    case TP_PLOT_HEAT_MAP: return write_matrix(figure, stream);
    case TP_PLOT_NETWORK: return write_network(figure, stream);
    default: return false;
    }
}
