/* What figures and reports left in the test's folder, and a figure to write. Include behind cmocka.h. */
#ifndef TAPER_TESTS_FIGURES_H
#define TAPER_TESTS_FIGURES_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <taper/plot.h>

#include "folder.h"

static inline const char *path_of(const char *name) {
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A whole file, ended by 0; the caller frees it. */
static inline char *read_file(const char *name, size_t *size) {
    FILE *stream = fopen(path_of(name), "rb");
    assert_non_null(stream);
    char *text = calloc(1, 1 << 22);
    *size = fread(text, 1, (1 << 22) - 1, stream);
    fclose(stream);
    return text;
}

static inline bool file_has(const char *name, const char *wanted) {
    size_t size;
    char *text = read_file(name, &size);
    bool has = strstr(text, wanted) != NULL;
    if (!has) print_message("%s has no %s\n", name, wanted);
    free(text);
    return has;
}

static inline int count_of(const char *name, const char *wanted) {
    size_t size;
    char *text = read_file(name, &size);
    int count = 0;
    for (const char *p = text; (p = strstr(p, wanted)); p++) count++;
    free(text);
    return count;
}

static inline tp_figure *lines(void) {
    static const double y[] = {3, 2, NAN, 1, 0.5}, z[] = {1, 4, 2, 3, 5};
    tp_figure *f = tp_figure_new("a < b & \"c\"", .x_label = "step", .y_label = "loss");
    assert_true(tp_plot_line(f, NULL, y, 5, .label = "one"));
    assert_true(tp_plot_line(f, NULL, z, 5, .label = "two"));
    assert_true(tp_plot_vertical(f, 3, .label = "here"));
    return f;
}

#endif
