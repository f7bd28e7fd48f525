#include "report.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <taper/error.h>
#include <unistd.h>

#include "io/json.h"

/* The place in our source that an error carries is of no use here, so it is left out. */
static void print_error(const tp_error *error, void *user) {
    (void)user;
    fflush(stdout);
    fprintf(stderr, "taper: %s: %s", error->op, tp_error_text(error->code));
    if (error->got && *error->got) fprintf(stderr, ": %s", error->got);
    if (error->want && *error->want) fprintf(stderr, "; wanted: %s", error->want);
    if (error->hint && *error->hint) fprintf(stderr, "; %s", error->hint);
    fputc('\n', stderr);
}

void report_errors(void) { tp_set_error_handler(print_error, NULL); }

int report_failure(const char *format, ...) {
    va_list list;
    fflush(stdout);
    fputs("taper: ", stderr);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    return EXIT_FAILED;
}

void report_json_string(FILE *stream, const char *text) {
    size_t left = strlen(text), valid = tp_utf8_valid((const unsigned char *)text, left);
    fputc('"', stream);
    for (; left; left--, text++) {
        unsigned char c = (unsigned char)*text;
        if (!valid) {
            fputc('?', stream);
            valid = tp_utf8_valid((const unsigned char *)text + 1, left - 1);
            continue;
        }
        if (c == '"' || c == '\\')
            fprintf(stream, "\\%c", c);
        else if (c < 0x20)
            fprintf(stream, "\\u%04x", c);
        else
            fputc(c, stream);
        valid--;
    }
    fputc('"', stream);
}

bool shows_colour(FILE *stream) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return !(no && *no) && !(term && strcmp(term, "dumb") == 0) && isatty(fileno(stream));
}

bool shows_blocks(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }

int terminal_width(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const char *columns = getenv("COLUMNS");
    int width = columns ? atoi(columns) : 0;
    return width > 0 ? width : 80;
}
