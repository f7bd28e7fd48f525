/* How a run came out: on the terminal, and as one line of JSON. */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include "job.h"

typedef struct result {
    const job *job;
    const tp_history *history;
    const tp_evaluation *test;
    int64_t parameters;
    const char *data, *out;
} result;

void result_print(const result *r);
/* One line with a newline; numbers that were not measured are null. Accuracies are from 0 to 1. */
void result_print_json(const result *r, FILE *stream);
/* The same line in a file. False after a sentence on stderr. */
bool result_write(const result *r, const char *path);

#endif
