/* Several runs on one page. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include <stdbool.h>

enum { MOST_RUNS = 64 };

/* Where a comparison goes; all but the page may be NULL. */
typedef struct compare_paths {
    const char *page, *pdf;
    const char *picture; /* the results and the last curves beside each other, .svg or .png */
} compare_paths;
/* Writes a report that compares the runs in these folders. False after a sentence on stderr. */
bool compare_runs(const char *const *folders, int count, const char *title, compare_paths paths);

#endif
