/* Figures on a terminal. */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "plot/figure.h"

/* ---- sixels: six rows of dots in each character, a colour at a time (DEC STD 070) ---- */

enum { LEVELS = 6, SIXEL_COLOURS = LEVELS * LEVELS * LEVELS };

static int colour_of(const unsigned char *p) {
    int index = 0;
    for (int c = 0; c < 3; c++) index = index * LEVELS + (p[c] * (LEVELS - 1) + 127) / 255;
    return index;
}

/* One run of equal sixels. */
static void put_run(FILE *out, int bits, int count) {
    if (count > 3)
        fprintf(out, "!%d%c", count, 63 + bits);
    else
        for (int i = 0; i < count; i++) fputc(63 + bits, out);
}

static void put_colour_row(const tp_raster *r, const unsigned char *indices, int top, int colour,
                           FILE *out) {
    int last = -1, count = 0;
    fprintf(out, "#%d", colour);
    for (int x = 0; x < r->columns; x++) {
        int bits = 0;
        for (int k = 0; k < 6 && top + k < r->rows; k++)
            if (indices[k * r->columns + x] == colour) bits |= 1 << k;
        if (bits != last && count) put_run(out, last, count), count = 0;
        last = bits;
        count++;
    }
    put_run(out, last, count);
    fputc('$', out);
}

static void put_sixels(const tp_raster *r, unsigned char *indices, FILE *out) {
    fprintf(out, "\x1bPq\"1;1;%d;%d", r->columns, r->rows);
    for (int i = 0; i < SIXEL_COLOURS; i++)
        fprintf(out, "#%d;2;%d;%d;%d", i, i / (LEVELS * LEVELS) * 20, i / LEVELS % LEVELS * 20,
                i % LEVELS * 20);
    for (int top = 0; top < r->rows; top += 6) {
        bool used[SIXEL_COLOURS] = {false};
        for (int k = 0; k < 6 && top + k < r->rows; k++)
            for (int x = 0; x < r->columns; x++) {
                const unsigned char *p =
                    r->pixels + 3 * ((size_t)(top + k) * (size_t)r->columns + (size_t)x);
                indices[k * r->columns + x] = (unsigned char)colour_of(p);
                used[indices[k * r->columns + x]] = true;
            }
        for (int i = 0; i < SIXEL_COLOURS; i++)
            if (used[i]) put_colour_row(r, indices, top, i, out);
        fputc('-', out);
    }
    fputs("\x1b\\\n", out);
}

static bool show_sixel(const tp_plot_show_args *args) {
    tp_raster raster;
    tp_point size = tp_figure_size(args->figure, 0);
    bool fine = tp_raster_begin(&raster, size.x, size.y, 1.5, false);
    unsigned char *indices = fine ? tp_new(6 * (size_t)raster.columns) : NULL;
    if (indices) {
        tp_figure_draw(args->figure, &raster.base, 0, 0, size.x);
        put_sixels(&raster, indices, args->stream);
    }
    tp_delete(indices);
    tp_raster_end(&raster);
    return indices != NULL;
}

static bool show_text(const tp_plot_show_args *args) {
    tp_cells cells;
    tp_point size = tp_figure_size(args->figure, 0);
    bool ascii = args->kind == TP_TERMINAL_ASCII;
    int columns = args->columns > 0 ? args->columns : 80;
    bool fine = tp_cells_begin(&cells, size.x, size.y, columns, ascii, !ascii && !args->no_colour);
    if (fine) {
        tp_figure_draw(args->figure, &cells.base, 0, 0, size.x);
        tp_cells_print(&cells, args->stream);
    }
    tp_cells_end(&cells);
    return fine;
}

bool tp_plot_show_at(tp_location at, tp_plot_show_args args) {
    if (!args.figure) return false;
    if (!args.stream || tp_figure_is_empty(args.figure)) {
        tp_fail(at, "plot_show", TP_ERROR_ARGUMENT,
                args.stream ? "a figure with nothing in it" : "no stream",
                "a stream and a figure that was drawn into", NULL);
        return false;
    }
    if (args.kind == TP_TERMINAL_SIXEL ? show_sixel(&args) : show_text(&args)) return true;
    tp_fail_memory(at, "plot_show", 0);
    return false;
}
