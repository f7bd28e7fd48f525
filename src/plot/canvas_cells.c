/* Figures as characters of a terminal: lines as Braille dots, eight to a cell, texts as they are. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "plot/canvas.h"

static tp_cell *cell_at(tp_cells *t, int column, int row) {
    if (column < 0 || row < 0 || column >= t->columns || row >= t->rows) return NULL;
    return &t->cells[(size_t)row * (size_t)t->columns + (size_t)column];
}

/* Sets the dot at a place given in cells. */
static void set_dot(tp_cells *t, double x, double y, tp_ink ink) {
    static const unsigned char bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    tp_cell *cell = cell_at(t, (int)floor(x), (int)floor(y));
    if (!cell || cell->text) return;
    if (ink < TP_INK_SERIES && cell->dots && cell->ink >= TP_INK_SERIES) return;
    if (cell->ink < TP_INK_SERIES && ink >= TP_INK_SERIES) cell->dots = 0;
    cell->dots |= bits[(int)(4 * (y - floor(y)))][(int)(2 * (x - floor(x)))];
    cell->ink = ink;
}

static void draw_line(tp_canvas *canvas, const tp_point *points, size_t count, tp_ink ink,
                      double width, tp_dash dash) {
    tp_cells *t = (tp_cells *)canvas;
    (void)width;
    if (ink == TP_INK_GRID) return;
    double done = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        double x = points[i].x * t->x_scale, y = points[i].y * t->y_scale;
        double dx = points[i + 1].x * t->x_scale - x, dy = points[i + 1].y * t->y_scale - y;
        int steps = (int)ceil(fmax(fabs(dx) * 2, fabs(dy) * 4)) + 1;
        for (int k = 0; k <= steps; k++, done++)
            if (dash == TP_DASH_SOLID || ink >= TP_INK_SERIES || fmod(done, 4) < 2)
                set_dot(t, x + dx * k / steps, y + dy * k / steps, ink);
    }
}

static void draw_area(tp_canvas *canvas, const tp_point *points, size_t count, tp_ink ink,
                      double opacity) {
    (void)canvas, (void)points, (void)count, (void)ink, (void)opacity; /* bands would hide lines */
}

static tp_colour mixed(tp_ink ink, double share) {
    tp_colour a = tp_ink_colours[1][TP_INK_PAPER], b = tp_ink_colours[1][ink];
    return (tp_colour){(unsigned char)lround(a.r + (b.r - a.r) * share),
                       (unsigned char)lround(a.g + (b.g - a.g) * share),
                       (unsigned char)lround(a.b + (b.b - a.b) * share)};
}

/* Shading of a whole cell without colours. */
static unsigned int shade(const tp_cells *t, double share) {
    static const unsigned int blocks[] = {' ', 0x2591, 0x2592, 0x2593, 0x2588};
    static const char plain[] = " .:*#";
    int level = (int)fmin(fmax(share * 5, 0), 4);
    return t->ascii ? (unsigned int)plain[level] : blocks[level];
}

static void fill(tp_cells *t, tp_cell *cell, tp_ink ink, double opacity) {
    if (t->colour) {
        cell->filled = true;
        cell->upper = cell->lower = mixed(ink, opacity);
    } else {
        cell->text = shade(t, opacity);
    }
}

/* Cells whose middle is covered; at least one wherever there is anything. */
static void draw_box(tp_canvas *canvas, double x, double y, double width, double height, tp_ink ink,
                     double opacity, const char *title) {
    tp_cells *t = (tp_cells *)canvas;
    (void)title;
    if (height <= 0 || width <= 0) return;
    int left = (int)lround(x * t->x_scale), right = (int)lround((x + width) * t->x_scale);
    int top = (int)lround(y * t->y_scale), bottom = (int)lround((y + height) * t->y_scale);
    if (right == left) right++;
    if (bottom == top) bottom++;
    for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++) {
            tp_cell *cell = cell_at(t, column, row);
            if (cell) fill(t, cell, ink, opacity);
        }
}

static void draw_marker(tp_canvas *canvas, tp_point at, tp_shape_kind shape, tp_ink ink,
                        const char *title) {
    static const unsigned int marks[TP_MARKERS] = {0x25cf, 0x25a0, 0x25c6, 0x25b2};
    static const char plain[TP_MARKERS] = {'o', '#', '+', 'x'};
    tp_cells *t = (tp_cells *)canvas;
    (void)title;
    tp_cell *cell = cell_at(t, (int)floor(at.x * t->x_scale), (int)floor(at.y * t->y_scale));
    if (!cell) return;
    cell->text = t->ascii ? (unsigned int)plain[shape] : marks[shape];
    cell->ink = ink;
}

/* The next code point of UTF-8. */
static unsigned int next_code(const char **text) {
    const unsigned char *p = (const unsigned char *)*text;
    int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
    unsigned int code = more == 3 ? *p & 7U : more == 2 ? *p & 15U : more == 1 ? *p & 31U : *p;
    p++;
    for (; more && (*p & 0xc0) == 0x80; more--) code = code << 6 | (*p++ & 63U);
    *text = (const char *)p;
    return code;
}

static int length_of(const char *text) {
    int length = 0;
    while (*text) next_code(&text), length++;
    return length;
}

static void draw_label(tp_canvas *canvas, const tp_label *label) {
    tp_cells *t = (tp_cells *)canvas;
    int length = length_of(label->text);
    int shift = label->anchor == TP_ANCHOR_MIDDLE ? length / 2
                : label->anchor == TP_ANCHOR_END  ? length
                                                  : 0;
    int column = (int)floor(label->x * t->x_scale), row;
    row = (int)floor((label->y - 0.35 * label->size) * t->y_scale);
    if (label->upright)
        row -= label->anchor == TP_ANCHOR_END ? 0 : shift; /* letters stand below each other */
    else
        column -= shift;
    if (!label->upright && column < 0) column = 0;
    for (const char *text = label->text; *text;) {
        unsigned int code = next_code(&text);
        tp_cell *cell = cell_at(t, column, row);
        if (cell && (code != ' ' || !cell->filled)) {
            cell->text = t->ascii && code > 0x7e ? '?' : code;
            cell->ink = label->ink == TP_INK_ON || cell->filled ? TP_INK_TEXT : label->ink;
            cell->bold = label->bold;
        }
        if (label->upright)
            row++;
        else
            column++;
    }
}

static tp_colour pixel_of(const tp_picture *picture, double u, double v) {
    int column = (int)fmin(fmax(u, 0), picture->columns - 1);
    int row = (int)fmin(fmax(v, 0), picture->rows - 1);
    const unsigned char *p =
        picture->pixels + 3 * ((size_t)row * (size_t)picture->columns + (size_t)column);
    return (tp_colour){p[0], p[1], p[2]};
}

/* Two pixels to a cell, one above the other. */
static void draw_picture(tp_canvas *canvas, const tp_picture *picture) {
    tp_cells *t = (tp_cells *)canvas;
    int left = (int)lround(picture->x * t->x_scale), top = (int)lround(picture->y * t->y_scale);
    int columns = (int)lround(picture->width * t->x_scale);
    int rows = (int)lround(picture->height * t->y_scale);
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++) {
            tp_cell *cell = cell_at(t, left + column, top + row);
            if (!cell) continue;
            double u = (column + 0.5) * picture->columns / columns;
            tp_colour a = pixel_of(picture, u, (row + 0.25) * picture->rows / rows);
            tp_colour b = pixel_of(picture, u, (row + 0.75) * picture->rows / rows);
            cell->text = 0;
            if (t->colour)
                cell->pictured = true, cell->upper = a, cell->lower = b;
            else
                cell->text = shade(t, (a.r + a.g + a.b + b.r + b.g + b.b) / (6 * 255.0));
        }
}

bool tp_cells_begin(tp_cells *cells, double width, double height, int columns, bool ascii,
                    bool colour) {
    *cells =
        (tp_cells){.base = {draw_line, draw_area, draw_box, draw_marker, draw_label, draw_picture},
                   .columns = columns,
                   .x_scale = columns / width,
                   .y_scale = columns / width / 2, /* a cell is twice as high as wide */
                   .ascii = ascii,
                   .colour = colour};
    cells->rows = (int)ceil(height * cells->y_scale);
    cells->cells = tp_new((size_t)cells->rows * (size_t)columns * sizeof *cells->cells + 1);
    return cells->cells != NULL;
}

void tp_cells_end(tp_cells *cells) {
    tp_delete(cells->cells);
    cells->cells = NULL;
}

/* ---- printing ---- */

static void put_code(FILE *out, unsigned int code) {
    if (code < 0x80) {
        fputc((int)code, out);
    } else if (code < 0x800) {
        fputc((int)(0xc0 | code >> 6), out);
        fputc((int)(0x80 | (code & 63)), out);
    } else if (code < 0x10000) {
        fputc((int)(0xe0 | code >> 12), out);
        fputc((int)(0x80 | (code >> 6 & 63)), out);
        fputc((int)(0x80 | (code & 63)), out);
    } else {
        fputc((int)(0xf0 | code >> 18), out);
        fputc((int)(0x80 | (code >> 12 & 63)), out);
        fputc((int)(0x80 | (code >> 6 & 63)), out);
        fputc((int)(0x80 | (code & 63)), out);
    }
}

static void put_colour(FILE *out, int ground, tp_colour c) {
    fprintf(out, "\x1b[%d;2;%d;%d;%dm", ground, c.r, c.g, c.b);
}

/* Texts keep the terminal's own colour, which is readable on any ground; series have one in the middle of both. */
static void put_cell(const tp_cells *t, const tp_cell *cell, FILE *out) {
    unsigned int code = cell->text;
    if (!code && cell->dots) code = t->ascii ? '*' : 0x2800 + cell->dots;
    if (t->colour && cell->pictured && !cell->text) {
        put_colour(out, 38, cell->upper);
        put_colour(out, 48, cell->lower);
        put_code(out, 0x2580);
        fputs("\x1b[0m", out);
        return;
    }
    bool coloured = t->colour && code && cell->ink >= TP_INK_NEGATIVE;
    if (t->colour && cell->filled) put_colour(out, 48, cell->lower);
    if (t->colour && cell->filled && code) put_colour(out, 38, tp_ink_colours[1][TP_INK_TEXT]);
    if (coloured) put_colour(out, 38, tp_ink_colours[1][cell->ink]);
    if (t->colour && cell->bold) fputs("\x1b[1m", out);
    put_code(out, code ? code : ' ');
    if (t->colour && (coloured || cell->filled || cell->bold)) fputs("\x1b[0m", out);
}

static bool empty(const tp_cell *cell) {
    return (!cell->text || cell->text == ' ') && !cell->dots && !cell->filled && !cell->pictured;
}

void tp_cells_print(const tp_cells *cells, FILE *stream) {
    for (int row = 0; row < cells->rows; row++) {
        const tp_cell *line = cells->cells + (size_t)row * (size_t)cells->columns;
        int length = cells->columns;
        while (length && empty(&line[length - 1])) length--;
        for (int i = 0; i < length; i++) put_cell(cells, &line[i], stream);
        fputc('\n', stream);
    }
}
