/* Reports: HTML is written as things are added, into memory; the page around it when it is saved. */
#include <taper/report.h>

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "io/file.h"
#include "plot/encode.h"
#include "plot/figure.h"
#include "plot/page.h"

/* What stands open, because several of a kind share a frame. */
typedef enum open_kind { OPEN_NOTHING, OPEN_HEADLINES, OPEN_FACTS, OPEN_FIGURES } open_kind;

struct tp_report {
    tp_location at;
    char *title, *subtitle;
    FILE *stream, *contents; /* the page; the list of its sections */
    char *body, *list;
    size_t body_size, list_size;
    open_kind open;
    int sections;
    int figures; /* that have numbers */
};

/* ---- life ---- */

tp_report *tp_report_new_at(tp_location at, tp_report_args args) {
    if (!args.title) {
        tp_fail(at, "report_new", TP_ERROR_ARGUMENT, "no title", "a title", NULL);
        return NULL;
    }
    tp_report *report = tp_new(sizeof *report);
    if (report) {
        report->at = at;
        report->title = tp_string_copy(args.title);
        report->subtitle = tp_string_copy(args.subtitle ? args.subtitle : "");
        report->stream = open_memstream(&report->body, &report->body_size);
        report->contents = open_memstream(&report->list, &report->list_size);
        if (report->title && report->subtitle && report->stream && report->contents) return report;
    }
    tp_report_free(report);
    tp_fail_memory(at, "report_new", sizeof *report);
    return NULL;
}

void tp_report_free(tp_report *report) {
    if (!report) return;
    if (report->stream) fclose(report->stream);
    if (report->contents) fclose(report->contents);
    free(report->body); /* open_memstream's */
    free(report->list);
    tp_delete(report->title);
    tp_delete(report->subtitle);
    tp_delete(report);
}

/* ---- pieces ---- */

/* Closes what stands open unless it is of that kind, and opens that. */
static void open_frame(tp_report *report, open_kind kind) {
    static const char *const begins[] = {"", "<div class=\"headlines\">\n",
                                         "<div class=\"scroll\"><table class=\"facts\"><tbody>\n",
                                         "<div class=\"figures\">\n"};
    static const char *const ends[] = {"", "</div>\n", "</tbody></table></div>\n", "</div>\n"};
    if (report->open == kind) return;
    fputs(ends[report->open], report->stream);
    fputs(begins[kind], report->stream);
    report->open = kind;
}

/* Text with `code` and **bold**. A mark that has no partner stays as it is. */
static void write_marked(FILE *out, const char *text) {
    char piece[2] = "";
    while (*text) {
        bool bold = text[0] == '*' && text[1] == '*';
        size_t mark = bold ? 2 : *text == '`' ? 1 : 0;
        const char *end = mark ? strstr(text + mark, bold ? "**" : "`") : NULL;
        if (!end || end == text + mark) {
            piece[0] = *text++;
            tp_write_escaped(out, piece);
            continue;
        }
        fputs(bold ? "<strong>" : "<code>", out);
        for (const char *p = text + mark; p < end; p++) {
            piece[0] = *p;
            tp_write_escaped(out, piece);
        }
        fputs(bold ? "</strong>" : "</code>", out);
        text = end + mark;
    }
}

/* A formatted text, or NULL when out of memory (reported); ended by tp_delete(). */
static char *format_text(const tp_report *report, const char *format, va_list list) {
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length >= 0 ? tp_new((size_t)length + 1) : NULL;
    if (text)
        vsnprintf(text, (size_t)length + 1, format, list);
    else
        tp_fail_memory(report->at, "report", (size_t)length);
    return text;
}

/* A label and a formatted text between pieces of HTML, in a frame of that kind. */
static bool put(tp_report *report, int frame, const char *const *html, const char *label,
                const char *format, va_list list) {
    char *text = format_text(report, format, list);
    if (!text) return false;
    open_frame(report, frame);
    fputs(html[0], report->stream);
    if (label) write_marked(report->stream, label);
    fputs(html[1], report->stream);
    write_marked(report->stream, text);
    fputs(html[2], report->stream);
    tp_delete(text);
    return true;
}

bool tp_report_headline(tp_report *report, const char *label, const char *format, ...) {
    static const char *const html[] = {"<div><span>", "</span><b>", "</b></div>\n"};
    if (!report) return false;
    va_list list;
    va_start(list, format);
    bool fine = put(report, OPEN_HEADLINES, html, label, format, list);
    va_end(list);
    return fine;
}

bool tp_report_section(tp_report *report, const char *title) {
    if (!report) return false;
    open_frame(report, OPEN_NOTHING);
    int number = ++report->sections;
    fprintf(report->stream, "<h2 id=\"s%d\">", number);
    write_marked(report->stream, title);
    fputs("</h2>\n", report->stream);
    fprintf(report->contents, "<a href=\"#s%d\">", number);
    write_marked(report->contents, title);
    fputs("</a>\n", report->contents);
    return true;
}

bool tp_report_subsection(tp_report *report, const char *title) {
    if (!report) return false;
    open_frame(report, OPEN_NOTHING);
    fputs("<h3>", report->stream);
    write_marked(report->stream, title);
    fputs("</h3>\n", report->stream);
    return true;
}

bool tp_report_text(tp_report *report, const char *format, ...) {
    static const char *const html[] = {"<p>", "", "</p>\n"};
    if (!report) return false;
    va_list list;
    va_start(list, format);
    bool fine = put(report, OPEN_NOTHING, html, NULL, format, list);
    va_end(list);
    return fine;
}

bool tp_report_fact(tp_report *report, const char *name, const char *format, ...) {
    static const char *const html[] = {"<tr><th>", "</th><td>", "</td></tr>\n"};
    if (!report) return false;
    va_list list;
    va_start(list, format);
    bool fine = put(report, OPEN_FACTS, html, name, format, list);
    va_end(list);
    return fine;
}

bool tp_report_pre(tp_report *report, const char *text) {
    if (!report) return false;
    open_frame(report, OPEN_NOTHING);
    fputs("<pre>", report->stream);
    tp_write_escaped(report->stream, text);
    fputs("</pre>\n", report->stream);
    return true;
}

bool tp_report_notice(tp_report *report, const char *title, const char *text, const char *advice) {
    if (!report) return false;
    open_frame(report, OPEN_NOTHING);
    fputs("<div class=\"notice\"><b>", report->stream);
    write_marked(report->stream, title);
    fputs("</b><p>", report->stream);
    write_marked(report->stream, text);
    fputs("</p>", report->stream);
    if (advice) {
        fputs("<p class=\"advice\">", report->stream);
        write_marked(report->stream, advice);
        fputs("</p>", report->stream);
    }
    fputs("</div>\n", report->stream);
    return true;
}

/* ---- figures ---- */

static void write_part(FILE *out, const char *text, size_t length) {
    char piece[2] = "";
    for (size_t i = 0; i < length; i++) {
        piece[0] = text[i];
        tp_write_escaped(out, piece);
    }
}

/* A drawing shrinks with the page to three quarters, below which its texts could not be read; then it is scrolled. */
static void write_drawing(FILE *out, const tp_figure *figure) {
    fprintf(out, "<div class=\"drawing\" style=\"--least:%.0fpx\">\n",
            floor(0.7 * figure->args.width));
    tp_figure_svg(figure, out, false);
    fputs("</div>\n", out);
}

/* A link to the numbers, which stand in the link itself. */
static void write_numbers(tp_report *report, const tp_figure *figure) {
    char *text = NULL;
    size_t size = 0;
    FILE *csv = open_memstream(&text, &size);
    bool has = csv && tp_figure_csv(figure, csv);
    if (csv) fclose(csv);
    if (has && text) {
        fprintf(report->stream,
                "<a class=\"numbers\" download=\"figure-%d.csv\" href=\"data:text/csv;base64,",
                ++report->figures);
        tp_write_base64(report->stream, (const unsigned char *)text, size);
        fputs("\">numbers as CSV</a>", report->stream);
    }
    free(text); /* open_memstream's */
}

/* Pictures of a grid as pictures of the page, so that a narrow page has fewer in a row instead of smaller ones: half of a wanted
 * number of columns, whatever fits where none is wanted. */
static void write_pictures(FILE *out, const tp_figure *figure) {
    size_t area = 3 * (size_t)figure->width * (size_t)figure->height;
    double size = figure->size > 0 ? figure->size : figure->pictures == 1 ? 320 : 84;
    if (figure->args.title) {
        fputs("<b>", out);
        write_marked(out, figure->args.title);
        fputs("</b>", out);
    }
    fprintf(out, "<div class=\"pictures%s\" style=\"--size:%.0fpx", figure->across ? " grid" : "",
            size);
    int half = figure->across >= 6 && figure->across % 2 == 0 ? figure->across / 2 : figure->across;
    if (figure->across) fprintf(out, ";--columns:%d;--narrow:%d", figure->across, half);
    fputs("\">\n", out);
    for (int i = 0; i < figure->pictures; i++) {
        const char *caption = figure->names ? figure->names[i] : "";
        bool marked = figure->marked && figure->marked[i];
        size_t first = strcspn(caption, "\n");
        fprintf(out, "<div%s><img%s alt=\"", marked ? " class=\"marked\"" : "",
                figure->width * 2 <= size ? " class=\"pixels\"" : "");
        tp_write_escaped(out, caption);
        fputs("\" src=\"data:image/png;base64,", out);
        tp_write_png_base64(out, figure->pixels + (size_t)i * area, figure->width, figure->height);
        fputs("\">", out);
        if (*caption) {
            fputs("<span>", out);
            write_part(out, caption, first);
            fputs("</span>", out);
            if (caption[first]) write_marked(out, caption + first + 1);
        }
        fputs("</div>\n", out);
    }
    fputs("</div>\n", out);
}

bool tp_report_figure_at(tp_location at, tp_report_figure_args args) {
    if (!args.report || !args.figure) return false;
    if (tp_figure_is_empty(args.figure)) {
        tp_fail(at, "report_figure", TP_ERROR_ARGUMENT, "a figure with nothing in it",
                "one that was drawn into", NULL);
        return false;
    }
    open_frame(args.report, OPEN_FIGURES);
    FILE *out = args.report->stream;
    fprintf(out, "<figure%s>\n", args.wide ? " class=\"wide\"" : "");
    if (args.figure->kind == TP_PLOT_PICTURES)
        write_pictures(out, args.figure);
    else
        write_drawing(out, args.figure);
    fputs("<figcaption>", out);
    if (args.caption) {
        fputs("<span>", out);
        write_marked(out, args.caption);
        fputs("</span>", out);
    }
    write_numbers(args.report, args.figure);
    fputs("</figcaption></figure>\n", out);
    return true;
}

/* ---- tables ---- */

/* Whether a cell is a number, maybe with a unit or a sign behind it; an empty one may be. */
static bool is_number(const char *cell) {
    if (!cell || !*cell) return true;
    const char *p = cell + (*cell == '-' || *cell == '+');
    return *p >= '0' && *p <= '9';
}

static bool column_is_numbers(const tp_report_table_args *args, size_t column) {
    bool any = false;
    for (size_t i = 0; i < args->rows; i++) {
        const char *cell = args->cells[i * args->columns + column];
        if (!is_number(cell)) return false;
        any = any || (cell && *cell);
    }
    return any && column > 0;
}

bool tp_report_table_at(tp_location at, tp_report_table_args args) {
    if (!args.report) return false;
    if (!args.columns || !args.names || (args.rows && !args.cells)) {
        tp_fail(at, "report_table", TP_ERROR_ARGUMENT, "no columns or no cells",
                "names of columns and rows * columns cells", NULL);
        return false;
    }
    open_frame(args.report, OPEN_NOTHING);
    FILE *out = args.report->stream;
    fputs("<div class=\"scroll\"><table>", out);
    if (args.caption) {
        fputs("<caption>", out);
        write_marked(out, args.caption);
        fputs("</caption>", out);
    }
    fputs("<thead><tr>", out);
    for (size_t k = 0; k < args.columns; k++) {
        fprintf(out, "<th%s>", column_is_numbers(&args, k) ? " class=\"n\"" : "");
        write_marked(out, args.names[k]);
        fputs("</th>", out);
    }
    fputs("</tr></thead><tbody>\n", out);
    for (size_t i = 0; i < args.rows; i++) {
        fputs(args.last_is_total && i + 1 == args.rows ? "<tr class=\"total\">" : "<tr>", out);
        for (size_t k = 0; k < args.columns; k++) {
            const char *cell = args.cells[i * args.columns + k];
            fprintf(out, "<td%s>", column_is_numbers(&args, k) ? " class=\"n\"" : "");
            write_marked(out, cell ? cell : "");
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    return true;
}

/* ---- the page ---- */

bool tp_report_write_at(tp_location at, tp_report_write_args args) {
    tp_report *report =
        (tp_report *)args.report; /* closing what stands open changes nothing that is seen */
    if (!report) return false;
    if (!args.path) {
        tp_fail(at, "report_write", TP_ERROR_ARGUMENT, "no path", "the path of the page", NULL);
        return false;
    }
    open_frame(report, OPEN_NOTHING);
    if (fflush(report->stream) || fflush(report->contents) || ferror(report->stream)) {
        tp_fail_memory(at, "report_write", report->body_size);
        return false;
    }
    tp_file_writer writer;
    if (!tp_file_write_begin(&writer, at, "report_write", args.path)) return false;
    tp_page_begin(writer.stream, report->title, report->subtitle,
                  report->sections > 2 ? report->list : "");
    fwrite(report->body, 1, report->body_size, writer.stream);
    tp_page_end(writer.stream);
    return tp_file_write_end(&writer) && (!args.pdf || tp_page_print(at, args.path, args.pdf));
}
