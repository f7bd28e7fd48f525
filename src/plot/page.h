/* The page around a report. */
#ifndef TP_PLOT_PAGE_H
#define TP_PLOT_PAGE_H

#include <stdio.h>
#include <taper/export.h>

/* contents: links to the sections as HTML; "" leaves them out. */
void tp_page_begin(FILE *stream, const char *title, const char *subtitle, const char *contents);
void tp_page_end(FILE *stream);
/* Prints a page as PDF. False after an error (UNSUPPORTED without Chromium, FILE), reported. */
bool tp_page_print(tp_location at, const char *page, const char *pdf);

#endif
