/* What the user sees when something is wrong, and what the terminal can show. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of the command. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

/* From now on errors of the library are one sentence on stderr, and its functions return. */
void report_errors(void);

/* A problem of the command itself: "taper: ...". Returns EXIT_FAILED. */
int report_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether the stream is a terminal that may be coloured. NO_COLOR and TERM=dumb say no. */
bool shows_colour(FILE *stream);
/* Whether the user's locale has the block characters that pictures and bars are made of. */
bool shows_blocks(void);
/* Columns of the terminal; 80 where that is not known. */
int terminal_width(void);

/* The text as a JSON string, in quotes. Bytes that are not UTF-8, which JSON cannot hold, become question marks. */
void report_json_string(FILE *stream, const char *text);

#endif
