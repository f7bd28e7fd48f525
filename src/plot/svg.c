/* Learning curves as SVG, written directly: no library, no fonts of our own, sharp at any size. */
#include <math.h>

#include "io/file.h"
#include "plot/curves.h"

enum { WIDTH = 960, HEIGHT = 432, TOP = 104, BOTTOM = 52, LEFT = 70, GAP = 84, RIGHT = 24 };

/* Where a panel lies and what its axes span. */
typedef struct frame {
    FILE *out;
    const tp_panel *panel;
    const tp_history *history;
    double x, y, width, height;    /* of the plot area, in pixels */
    double first, last, low, high; /* epochs; values */
} frame;

static double x_of(const frame *f, double epoch) {
    return f->x + f->width * (epoch - f->first) / (f->last - f->first);
}

static double y_of(const frame *f, double value) {
    return f->y + f->height * (f->high - value) / (f->high - f->low);
}

/* 1, 2 or 5 times a power of ten, so that about `count` steps span the range. */
static double nice_step(double range, int count) {
    double rough = range / count, power = pow(10, floor(log10(rough))), part = rough / power;
    return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static void write_text(FILE *out, const char *text) {
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else if ((unsigned char)*text >= 0x20)
            fputc(*text, out);
    }
}

static void draw_axes(const frame *f) {
    FILE *out = f->out;
    double step = nice_step(f->high - f->low, 5);
    int digits = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    fputs("<g class=\"grid\">\n", out);
    for (double v = ceil(f->low / step - 1e-9) * step; v <= f->high + 1e-9 * step; v += step) {
        double y = y_of(f, v);
        fprintf(out, "<path d=\"M%.1f %.1fh%.1f\"/>", f->x, y, f->width);
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.*f</text>\n", f->x - 8,
                y + 4, digits, fabs(v) < 1e-9 * step ? 0 : v);
    }
    fputs("</g>\n<g class=\"ticks\">\n", out);
    step = fmax(1, nice_step(f->last - f->first, 8));
    for (double e = ceil(f->first / step) * step; e <= f->last; e += step) {
        fprintf(out, "<path d=\"M%.1f %.1fv5\"/>", x_of(f, e), f->y + f->height);
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.0f</text>\n", x_of(f, e),
                f->y + f->height + 20, e);
    }
    fprintf(out, "<path d=\"M%.1f %.1fh%.1f\"/>\n</g>\n", f->x, f->y + f->height, f->width);
    fprintf(out,
            "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">epoch</text>\n",
            f->x + f->width / 2, f->y + f->height + 42);
    fprintf(out,
            "<text class=\"label\" transform=\"translate(%.1f %.1f) rotate(-90)\""
            " text-anchor=\"middle\">%s</text>\n",
            f->x - 48, f->y + f->height / 2, f->panel->axis);
    fprintf(out, "<text class=\"panel\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", f->x, f->y - 12,
            f->panel->title);
}

/* The line of training or validation; dots where there are few epochs. */
static void draw_line(const frame *f, bool valid) {
    const tp_history *h = f->history;
    const char *colour = valid ? TP_PLOT_VALID : TP_PLOT_TRAIN;
    bool on = false;
    fprintf(f->out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"", colour);
    for (size_t i = 0; i < h->count; i++) {
        double value = f->panel->value(&h->epochs[i], valid);
        if (isfinite(value))
            fprintf(f->out, "%c%.2f %.2f", on ? 'L' : 'M', x_of(f, (double)h->epochs[i].epoch),
                    y_of(f, value));
        on = isfinite(value);
    }
    fputs("\"/>\n", f->out);
    for (size_t i = 0; h->count <= 30 && i < h->count; i++) {
        double value = f->panel->value(&h->epochs[i], valid);
        if (isfinite(value))
            fprintf(f->out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"3\" fill=\"%s\"/>\n",
                    x_of(f, (double)h->epochs[i].epoch), y_of(f, value), colour);
    }
}

/* A dashed line at the best epoch, a ring round its value. */
static void draw_best(const frame *f) {
    const tp_history *h = f->history;
    if (h->best_epoch < 1 || h->best_epoch > (int64_t)h->count) return;
    const tp_epoch *e = &h->epochs[h->best_epoch - 1];
    bool valid = isfinite(e->valid_loss);
    double x = x_of(f, (double)e->epoch), value = f->panel->value(e, valid);
    fprintf(f->out, "<path class=\"best\" d=\"M%.1f %.1fv%.1f\"/>\n", x, f->y, f->height);
    if (isfinite(value))
        fprintf(f->out, "<circle class=\"ring\" cx=\"%.2f\" cy=\"%.2f\" r=\"6.5\"/>\n", x,
                y_of(f, value));
}

static void draw_panel(frame *f) {
    tp_panel_range(f->panel, f->history, &f->low, &f->high);
    double room = 0.06 * (f->high - f->low);
    if (room <= 0) room = fmax(fabs(f->high) * 0.1, 1e-3);
    f->low -= room, f->high += room;
    if (f->low < 0) f->low = 0;
    if (f->panel == &tp_panels[1] && f->high > 100) f->high = 100;
    draw_axes(f);
    draw_best(f);
    draw_line(f, false);
    if (tp_panel_has(f->panel, f->history, true)) draw_line(f, true);
}

static void draw_key(FILE *out, double x, const char *colour, const char *name) {
    fprintf(out, "<path stroke=\"%s\" stroke-width=\"3\" d=\"M%.0f 55h22\"/>", colour, x);
    fprintf(out, "<text class=\"label\" x=\"%.0f\" y=\"59\">%s</text>\n", x + 28, name);
}

/* Title, and at its right end of the second line the legend. */
static void draw_head(FILE *out, const tp_plot_history_args *args) {
    const tp_history *h = args->history;
    fprintf(out, "<text class=\"title\" x=\"%d\" y=\"30\">", LEFT);
    write_text(out, args->title);
    if (args->subtitle) {
        fputs("<tspan class=\"label\" dx=\"12\">", out);
        write_text(out, args->subtitle);
        fputs("</tspan>", out);
    }
    fputs("</text>\n", out);
    double x = LEFT;
    draw_key(out, x, TP_PLOT_TRAIN, "training");
    x += 106;
    if (tp_panel_has(&tp_panels[0], h, true)) {
        draw_key(out, x, TP_PLOT_VALID, "validation");
        x += 118;
    }
    if (h->best_epoch > 0)
        fprintf(out,
                "<path class=\"best\" d=\"M%.0f 47v16\"/><text class=\"label\" x=\"%.0f\" y=\"59\">"
                "best epoch: %lld</text>\n",
                x + 6, x + 16, (long long)h->best_epoch);
}

static void draw(FILE *out, const tp_plot_history_args *args) {
    const tp_history *h = args->history;
    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
        " viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n"
        "<style>text{fill:#444}.title{font-size:18px;font-weight:bold;fill:#111}"
        ".panel{font-size:14px;font-weight:bold;fill:#111}.label{font-size:13px;font-weight:normal;"
        "fill:#444}.grid path{stroke:#e4e4e4}.ticks path{stroke:#888;fill:none}"
        ".best{stroke:#777;stroke-dasharray:4 4}.ring{fill:none;stroke:#333;stroke-width:1.5}"
        "</style>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    draw_head(out, args);
    int panels =
        tp_panel_has(&tp_panels[1], h, false) || tp_panel_has(&tp_panels[1], h, true) ? 2 : 1;
    double width = (double)(WIDTH - LEFT - RIGHT - (panels - 1) * GAP) / panels;
    double first = (double)h->epochs[0].epoch, last = (double)h->epochs[h->count - 1].epoch;
    if (first == last) first -= 1, last += 1; /* a single epoch stands in the middle */
    for (int i = 0; i < panels; i++) {
        frame f = {.out = out,
                   .panel = &tp_panels[i],
                   .history = h,
                   .x = LEFT + i * (width + GAP),
                   .y = TOP,
                   .width = width,
                   .height = HEIGHT - TOP - BOTTOM,
                   .first = first,
                   .last = last};
        draw_panel(&f);
    }
    fputs("</svg>\n", out);
}

bool tp_plot_svg(tp_location at, const tp_plot_history_args *args) {
    tp_file_writer writer;
    if (!tp_file_write_begin(&writer, at, "plot_history", args->path)) return false;
    draw(writer.stream, args);
    return tp_file_write_end(&writer);
}
