/** @file report.h
 *  Reports: one HTML file that holds everything, opens offline, on a laptop and a phone, in light and dark, and prints.
 *
 *      tp_report *r = tp_report_new("Learning rates", .subtitle = "MLP on MNIST");
 *      tp_report_headline(r, "Best accuracy", "%.2f %%", 100 * best);
 *      tp_report_section(r, "Curves");
 *      tp_report_text(r, "Above `lr = %g` the loss no longer falls.", limit);
 *      tp_report_figure(r, figure, .caption = "Loss after each epoch");
 *      tp_report_write(r, "report.html");
 *      tp_report_free(r);
 *
 *  What is added is copied. Texts are shown as they are; what stands between two ` is set as code and between two ** in bold.
 *  Where a report or a figure is NULL, because its constructor failed and reported it, each function returns false.
 */
#ifndef TAPER_REPORT_H
#define TAPER_REPORT_H

#include <taper/plot.h>

TP_BEGIN_DECLS

/** A report that is being written. */
typedef struct tp_report tp_report;

/** Arguments of tp_report_new. */
typedef struct tp_report_args {
    const char *title;    /**< required */
    const char *subtitle; /**< a line below it; may be NULL */
} tp_report_args;
/** An empty report, owned by the user; NULL after an error (ARGUMENT without a title, MEMORY). */
TP_API tp_report *tp_report_new_at(tp_location at, tp_report_args args);
#define tp_report_new(...) tp_report_new_at(TP_HERE, TP_MAKE(tp_report_args, .title = __VA_ARGS__))
/** Ends it; NULL is fine. */
TP_API void tp_report_free(tp_report *report);

/** @name Contents, in the order in which they are added
 *  @{ */
/** A result that is to be seen first: a number with a few words above it. Several stand side by side. */
TP_API bool tp_report_headline(tp_report *report, const char *label, const char *format, ...)
    TP_PRINTF(3, 4);
/** A heading; also a line of the contents on top of the page. */
TP_API bool tp_report_section(tp_report *report, const char *title);
/** A smaller heading. */
TP_API bool tp_report_subsection(tp_report *report, const char *title);
/** A paragraph, as printf writes it. */
TP_API bool tp_report_text(tp_report *report, const char *format, ...) TP_PRINTF(2, 3);
/** A line of a table of two columns: what, and its value. Several in a row make one table. */
TP_API bool tp_report_fact(tp_report *report, const char *name, const char *format, ...)
    TP_PRINTF(3, 4);
/** Text in which every character has the same width: code, a summary, what a terminal showed. */
TP_API bool tp_report_pre(tp_report *report, const char *text);
/** Something to notice: a title, why, and what to do. `advice` may be NULL. */
TP_API bool tp_report_notice(tp_report *report, const char *title, const char *text,
                             const char *advice);

/** Arguments of tp_report_figure. */
typedef struct tp_report_figure_args {
    tp_report *report;
    const tp_figure *figure; /**< stays the caller's */
    const char *caption;     /**< below it; may be NULL */
    bool wide;               /**< takes the whole width instead of standing beside the next one */
} tp_report_figure_args;
/** A figure, with a link to the numbers behind it. Several in a row stand side by side where the page is wide enough. */
TP_API bool tp_report_figure_at(tp_location at, tp_report_figure_args args);
#define tp_report_figure(report_, ...) \
    tp_report_figure_at(TP_HERE,       \
                        TP_MAKE(tp_report_figure_args, .report = report_, .figure = __VA_ARGS__))

/** Arguments of tp_report_table. */
typedef struct tp_report_table_args {
    tp_report *report;
    const char *const *names; /**< of the columns */
    size_t columns;
    const char *const
        *cells; /**< rows * columns texts, row after row; NULL stands for an empty cell */
    size_t rows;
    const char *caption;
    bool last_is_total; /**< sets off the last row */
} tp_report_table_args;
/** A table. Columns of numbers are aligned on the right by themselves. */
TP_API bool tp_report_table_at(tp_location at, tp_report_table_args args);
#define tp_report_table(report_, names_, columns_, cells_, ...)                          \
    tp_report_table_at(TP_HERE,                                                          \
                       TP_MAKE(tp_report_table_args, .report = report_, .names = names_, \
                               .columns = columns_, .cells = cells_, .rows = __VA_ARGS__))
/** @} */

/** Arguments of tp_report_write. */
typedef struct tp_report_write_args {
    const tp_report *report;
    const char *path; /**< of the page: "report.html" */
    const char *pdf;  /**< prints it there as well, by Chromium; NULL: does not */
} tp_report_write_args;
/** Writes the page; more may be added and written again afterwards. False after an error: FILE, MEMORY, and UNSUPPORTED for .pdf
 *  where Chromium is not installed. */
TP_API bool tp_report_write_at(tp_location at, tp_report_write_args args);
#define tp_report_write(report_, ...) \
    tp_report_write_at(TP_HERE,       \
                       TP_MAKE(tp_report_write_args, .report = report_, .path = __VA_ARGS__))
/** The program that would print a PDF, "chromium"; NULL where there is none. */
TP_API const char *tp_report_browser(void);

TP_END_DECLS

#endif
