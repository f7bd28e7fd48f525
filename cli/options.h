/* Command-line options from a table: parsing, help, and a sentence for each mistake. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum option_kind {
    OPTION_HEADING, /* only a line in the help: `name` is the heading */
    OPTION_FLAG,    /* bool */
    OPTION_COUNT,   /* int64_t, at least `least` */
    OPTION_NUMBER,  /* double, at least `least` */
    OPTION_TEXT,    /* const char * */
} option_kind;

typedef struct option {
    const char *name; /* without the dashes: "batch-size" */
    option_kind kind;
    const char *value; /* how the help calls its value: "N" */
    const char *help;  /* what it means and its default; may have several lines */
    size_t place;      /* offset of the value in the settings */
    double least;
} option;

enum { MAX_POSITIONAL = 64 };

typedef struct positional {
    int count;
    const char *text[MAX_POSITIONAL];
} positional;

/* Reads argv into *settings. `--name value`, `--name=value`, and `--no-name` for a flag; "--" ends the options. False, after a
 * sentence on stderr with the nearest right word, where something is wrong. */
bool options_read(const option *table, size_t count, const char *verb, int argc, char **argv,
                  void *settings, positional *rest);

/* Sets one option from text, as a file gives it; a flag takes "true" or "false". False after a sentence on stderr. */
bool options_set(const option *table, size_t count, const char *verb, const char *name,
                 const char *value, void *settings);
/* The value of an option as options_set() takes it, in a buffer or in the settings themselves; NULL where it was left out. */
const char *options_text(const option *o, const void *settings, char *buffer, size_t size);

/* The table as help text, two columns. */
void options_help(FILE *stream, const option *table, size_t count);

#endif
