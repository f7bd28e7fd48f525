/* Several runs on one page. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include <stdbool.h>

enum { MOST_RUNS = 64 };

/* Writes a report that compares the runs in these folders; pdf may be NULL. False after a sentence on stderr. */
bool compare_runs(const char *const *folders, int count, const char *title, const char *path,
                  const char *pdf);

#endif
