/* Pictures in a grid, each with a caption below it. */
#include <math.h>
#include <string.h>

#include "plot/figure.h"

enum { GAP = 10, CAPTION_LINE = 15, CAPTION = 11, CAPTION_LINES = 3 };

typedef struct sheet {
    int across, down;
    double width, height; /* of a picture */
    double place;         /* from one to the next */
    int lines;            /* of captions */
} sheet;

/* How many lines the longest caption has; a line break in it begins a new one. */
static int caption_lines(const tp_figure *f) {
    int most = 0;
    for (int i = 0; f->names && i < f->pictures; i++) {
        int lines = f->names[i][0] != 0;
        for (const char *p = f->names[i]; *p; p++) lines += *p == '\n';
        if (lines > most) most = lines;
    }
    return most < CAPTION_LINES ? most : CAPTION_LINES;
}

static double widest_caption(const tp_figure *f) {
    double most = 0;
    for (int i = 0; f->names && i < f->pictures; i++) {
        char line[96];
        for (const char *p = f->names[i]; *p;) {
            size_t length = strcspn(p, "\n");
            snprintf(line, sizeof line, "%.*s", (int)(length < 95 ? length : 95), p);
            most = fmax(most, tp_text_width(line, CAPTION));
            p += length + (p[length] == '\n');
        }
    }
    return most;
}

/* Small pictures are enlarged, captions get the room they need, and rows are filled evenly. */
static sheet measure(const tp_figure *f, double width) {
    sheet s = {.lines = caption_lines(f)};
    double ratio = (double)f->width / f->height;
    double wanted = f->size > 0 ? f->size : fmin(fmax(56, f->width), 128) * fmin(ratio, 1.5);
    if (f->size <= 0) wanted = fmax(wanted, fmin(widest_caption(f), 110));
    if (f->pictures == 1 && f->size <= 0) wanted = fmin(width, fmax(160, f->width));
    s.across = f->across ? f->across : (int)fmax(1, floor((width + GAP) / (wanted + GAP)));
    if (s.across > f->pictures) s.across = f->pictures;
    s.down = (f->pictures + s.across - 1) / s.across;
    if (!f->across) s.across = (f->pictures + s.down - 1) / s.down;
    s.place = fmin((width + GAP) / s.across, wanted + GAP + 24);
    s.width = fmin(s.place - GAP, f->size > 0 ? f->size : wanted + 24);
    s.height = s.width / ratio;
    return s;
}

double tp_pictures_height(const tp_figure *figure, double width) {
    sheet s = measure(figure, width);
    return s.down * (s.height + s.lines * CAPTION_LINE + GAP);
}

static void draw_caption(const tp_drawing *d, const sheet *s, int i, double x, double y) {
    const tp_figure *f = d->figure;
    bool marked = f->marked && f->marked[i];
    const char *p = f->names[i];
    for (int line = 0; line < s->lines && *p; line++) {
        char text[96], fitted[96];
        size_t length = strcspn(p, "\n");
        snprintf(text, sizeof text, "%.*s", (int)(length < 95 ? length : 95), p);
        tp_label label = {.x = x + s->width / 2,
                          .y = y + s->height + 12 + line * CAPTION_LINE,
                          .size = CAPTION,
                          .anchor = TP_ANCHOR_MIDDLE,
                          .ink = marked && line == 0 ? TP_INK_NEGATIVE : TP_INK_MUTED,
                          .bold = marked && line == 0};
        label.text = tp_fit_text(fitted, sizeof fitted, text, CAPTION, s->place - 4);
        d->canvas->label(d->canvas, &label);
        p += length + (p[length] == '\n');
    }
}

void tp_draw_pictures(const tp_drawing *d) {
    const tp_figure *f = d->figure;
    sheet s = measure(f, d->width);
    size_t area = 3 * (size_t)f->width * (size_t)f->height;
    for (int i = 0; i < f->pictures; i++) {
        double x = d->x + (double)(i % s.across) * s.place;
        int row = i / s.across;
        double y = d->y + row * (s.height + s.lines * CAPTION_LINE + GAP);
        tp_picture picture = {.x = x,
                              .y = y,
                              .width = s.width,
                              .height = s.height,
                              .columns = f->width,
                              .rows = f->height,
                              .pixels = f->pixels + (size_t)i * area,
                              .text = f->names ? f->names[i] : NULL};
        d->canvas->picture(d->canvas, &picture);
        if (s.lines) draw_caption(d, &s, i, x, y);
    }
}
