#include "vision/csv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void tp_csv_begin(tp_csv *csv, char *text, size_t size) {
    *csv = (tp_csv){.text = text, .size = size, .separator = ',', .next_line = 1};
    text[size] = 0;
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) csv->at = 3;
    /* the first of them outside of quotes */
    bool quoted = false;
    for (size_t i = csv->at; i < size && text[i] != '\n'; i++) {
        if (text[i] == '"') quoted = !quoted;
        if (quoted || (text[i] != ',' && text[i] != ';' && text[i] != '\t')) continue;
        csv->separator = text[i];
        break;
    }
}

static tp_csv_result damaged(const tp_csv *csv, tp_why *why, const char *reason) {
    snprintf(why->text, sizeof why->text, "line %lld: %s", (long long)csv->line, reason);
    return TP_CSV_DAMAGED;
}

static bool ends_line(const tp_csv *csv, size_t at) {
    return csv->text[at] == '\n' ||
           (csv->text[at] == '\r' && at + 1 < csv->size && csv->text[at + 1] == '\n');
}

/* A field in quotes: moved together where quotes are doubled. Leaves `at` behind the last quote; false where it is missing. */
static bool read_quoted(tp_csv *csv, char **field, char **end) {
    size_t from = csv->at + 1, to = from;
    *field = csv->text + from;
    for (; from < csv->size; from++) {
        if (csv->text[from] == '"' && (from + 1 >= csv->size || csv->text[from + 1] != '"')) break;
        if (csv->text[from] == '"') from++;
        if (csv->text[from] == '\n') csv->next_line++;
        csv->text[to++] = csv->text[from];
    }
    *end = csv->text + to;
    csv->at = from + 1;
    return from < csv->size;
}

static void read_plain(tp_csv *csv, char **field, char **end) {
    *field = csv->text + csv->at;
    while (csv->at < csv->size && csv->text[csv->at] != csv->separator && !ends_line(csv, csv->at))
        csv->at++;
    *end = csv->text + csv->at;
}

/* Passes over what ends a line; false at the end of the text. */
static bool skip_line_end(tp_csv *csv) {
    if (csv->at >= csv->size) return false;
    csv->at += csv->text[csv->at] == '\r' ? 2 : 1;
    csv->next_line++;
    return true;
}

tp_csv_result tp_csv_next(tp_csv *csv, tp_why *why) {
    while (csv->at < csv->size && ends_line(csv, csv->at)) skip_line_end(csv);
    csv->line = csv->next_line;
    csv->count = 0;
    if (csv->at >= csv->size) return TP_CSV_END;
    for (bool more = true; more;) {
        char *field, *end;
        if (csv->count == TP_CSV_MOST_FIELDS) return damaged(csv, why, "more than 256 fields");
        if (csv->text[csv->at] != '"')
            read_plain(csv, &field, &end);
        else if (!read_quoted(csv, &field, &end))
            return damaged(csv, why, "a quote is not closed");
        bool at_end = csv->at >= csv->size || ends_line(csv, csv->at);
        if (!at_end && csv->text[csv->at] != csv->separator)
            return damaged(csv, why, "text behind a quote that was closed");
        if (memchr(field, 0, (size_t)(end - field))) return damaged(csv, why, "a byte 0");
        csv->field[csv->count++] = field;
        more = !at_end;
        if (at_end)
            skip_line_end(csv);
        else
            csv->at++;
        *end = 0; /* over a separator, a line's end or a quote that has been read */
    }
    return TP_CSV_ROW;
}

int tp_csv_column(const tp_csv *csv, const char *name) {
    for (int i = 0; i < csv->count; i++)
        if (strcasecmp(csv->field[i], name) == 0) return i;
    return -1;
}
