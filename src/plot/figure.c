/* Figures as objects: memory, what they become, copies of what they are given. */
#include "plot/figure.h"

#include <string.h>
#include <taper/ops.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "tensor/tensor.h"

/* Before each piece of a figure's memory. */
typedef struct tp_block {
    struct tp_block *next;
    double align[1]; /* what follows is aligned for anything */
} tp_block;

void *tp_figure_hold(tp_location at, tp_figure *figure, size_t bytes) {
    tp_block *block = tp_new(sizeof *block + bytes);
    if (!block) {
        tp_fail_memory(at, "plot", bytes);
        return NULL;
    }
    block->next = figure->blocks;
    figure->blocks = block;
    return block + 1;
}

static void *copy(tp_location at, tp_figure *figure, const void *data, size_t bytes, bool *fine) {
    void *to = data ? tp_figure_hold(at, figure, bytes) : NULL;
    if (to) memcpy(to, data, bytes);
    if (data && !to) *fine = false;
    return to;
}

const char *tp_figure_text(tp_location at, tp_figure *figure, const char *text, bool *fine) {
    return copy(at, figure, text, text ? strlen(text) + 1 : 0, fine);
}

const double *tp_figure_numbers(tp_location at, tp_figure *figure, const double *numbers,
                                size_t count, bool *fine) {
    return copy(at, figure, numbers, count * sizeof *numbers, fine);
}

const char *const *tp_figure_names(tp_location at, tp_figure *figure, const char *const *names,
                                   size_t count, bool *fine) {
    const char **to = names ? tp_figure_hold(at, figure, count * sizeof *to) : NULL;
    for (size_t i = 0; to && i < count; i++)
        to[i] = tp_figure_text(at, figure, names[i] ? names[i] : "", fine);
    if (names && !to) *fine = false;
    return to;
}

tp_figure *tp_figure_new_at(tp_location at, tp_figure_args args) {
    tp_figure *figure = tp_new(sizeof *figure);
    if (!figure) {
        tp_fail_memory(at, "figure_new", sizeof *figure);
        return NULL;
    }
    if (!(args.width > 0)) args.width = 440;
    if (!(args.height > 0)) args.height = 300;
    bool fine = true;
    args.title = tp_figure_text(at, figure, args.title, &fine);
    args.subtitle = tp_figure_text(at, figure, args.subtitle, &fine);
    args.x_label = tp_figure_text(at, figure, args.x_label, &fine);
    args.y_label = tp_figure_text(at, figure, args.y_label, &fine);
    figure->at = at;
    figure->args = args;
    figure->last = &figure->series;
    if (fine) return figure;
    tp_figure_free(figure);
    return NULL;
}

void tp_figure_free(tp_figure *figure) {
    if (!figure) return;
    for (tp_block *block = figure->blocks; block;) {
        tp_block *next = block->next;
        tp_delete(block);
        block = next;
    }
    tp_delete(figure);
}

static const char *kind_text(tp_plot_kind kind) {
    static const char *const texts[] = {
        "nothing", "lines, points or a histogram", "bars", "a heat map", "pictures", "a network"};
    return texts[kind];
}

bool tp_figure_is_empty(const tp_figure *figure) {
    switch (figure->kind) {
    case TP_PLOT_AXES:
    case TP_PLOT_BARS: return !figure->series;
    case TP_PLOT_HEAT_MAP: return !figure->values;
    case TP_PLOT_PICTURES: return !figure->pixels;
    case TP_PLOT_NETWORK: return !figure->layers;
    default: return true;
    }
}

bool tp_figure_become(tp_location at, const char *op, tp_figure *figure, tp_plot_kind kind,
                      bool alone) {
    if (!figure) return false;
    if (tp_figure_is_empty(figure) || (figure->kind == kind && !alone)) {
        figure->kind = kind;
        return true;
    }
    tp_fail(at, op, TP_ERROR_ARGUMENT, tp_text("a figure that has %s", kind_text(figure->kind)),
            "a new figure", "tp_plot_save_panels() puts several figures in one picture");
    return false;
}

tp_series *tp_figure_add(tp_location at, tp_figure *figure, tp_series_kind kind,
                         const char *label) {
    tp_series *series = tp_figure_hold(at, figure, sizeof *series);
    bool fine = series != NULL;
    if (!fine) return NULL;
    series->kind = kind;
    series->label = tp_figure_text(at, figure, label, &fine);
    if (!fine) return NULL;
    *figure->last = series;
    figure->last = &series->next;
    return series;
}

double *tp_figure_tensor(tp_location at, const char *op, tp_figure *figure, const tp_tensor *x) {
    if (!x || x->life != TP_ALIVE || x->poison) {
        if (x && x->life == TP_ALIVE)
            tp_surface();
        else
            (void)tp_usable(at, op, x);
        return NULL;
    }
    double *values = tp_figure_hold(at, figure, (size_t)x->numel * sizeof *values);
    bool fine = values != NULL;
    TP_NO_GRAD
        TP_SCOPE {
            tp_tensor *wide =
                fine ? tp_to_at(at, (tp_tensor *)x, TP_FLOAT64) : NULL; /* nothing is recorded */
            fine = fine && !tp_is_poison(wide) && tp_copy_out_at(at, wide, values);
        }
    return fine ? values : NULL;
}
