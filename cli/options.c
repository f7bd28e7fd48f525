#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { MAX_NAMES = 96, COLUMN = 24 };

static bool named(const option *o, const char *text, size_t length) {
    return o->kind != OPTION_HEADING && strlen(o->name) == length &&
           strncmp(o->name, text, length) == 0;
}

static const option *find(const option *table, size_t count, const char *text, size_t length) {
    for (size_t i = 0; i < count; i++)
        if (named(&table[i], text, length)) return &table[i];
    return NULL;
}

static bool unknown(const option *table, size_t count, const char *verb, const char *text,
                    size_t length) {
    const char *names[MAX_NAMES];
    size_t n = 0;
    for (size_t i = 0; i < count && n < MAX_NAMES; i++)
        if (table[i].kind != OPTION_HEADING) names[n++] = table[i].name;
    const char *near = tp_nearest_word(text, length, names, n);
    if (near)
        fprintf(stderr, "taper %s: there is no option --%.*s; did you mean --%s?\n", verb,
                (int)length, text, near);
    else
        fprintf(stderr, "taper %s: there is no option --%.*s; `taper help %s` lists them.\n", verb,
                (int)length, text, verb);
    return false;
}

static bool bad_value(const char *verb, const option *o, const char *value) {
    const char *kind = o->kind == OPTION_COUNT ? "a whole number" : "a number";
    fprintf(stderr, "taper %s: --%s takes %s of at least %g, not \"%s\".\n", verb, o->name, kind,
            o->least, value);
    return false;
}

/* Stores a value where the table says. */
static bool store(const char *verb, const option *o, const char *value, void *settings) {
    char *place = (char *)settings + o->place;
    char *stop = NULL;
    errno = 0;
    if (o->kind == OPTION_TEXT) {
        memcpy(place, &value, sizeof value);
        return true;
    }
    if (o->kind == OPTION_COUNT) {
        long long number = strtoll(value, &stop, 10);
        if (errno || stop == value || *stop || (double)number < o->least)
            return bad_value(verb, o, value);
        int64_t wide = number;
        memcpy(place, &wide, sizeof wide);
        return true;
    }
    double number = strtod(value, &stop);
    if (errno || stop == value || *stop || !isfinite(number) || number < o->least)
        return bad_value(verb, o, value);
    memcpy(place, &number, sizeof number);
    return true;
}

/* One argument that begins with two dashes; takes the next one where it needs a value. */
static bool read_option(const option *table, size_t count, const char *verb, int argc, char **argv,
                        int *i, void *settings) {
    const char *text = argv[*i] + 2;
    size_t length = strcspn(text, "=");
    const char *value = text[length] ? text + length + 1 : NULL;
    bool no = false;
    const option *o = find(table, count, text, length);
    if (!o && strncmp(text, "no-", 3) == 0) {
        o = find(table, count, text + 3, length - 3);
        no = o && o->kind == OPTION_FLAG;
        if (!no) o = NULL;
    }
    if (!o) return unknown(table, count, verb, text, length);
    if (o->kind == OPTION_FLAG) {
        if (value) {
            fprintf(stderr, "taper %s: --%s stands alone, without a value.\n", verb, o->name);
            return false;
        }
        *(bool *)((char *)settings + o->place) = !no;
        return true;
    }
    if (!value && *i + 1 >= argc) {
        fprintf(stderr, "taper %s: --%s needs a value: --%s %s.\n", verb, o->name, o->name,
                o->value);
        return false;
    }
    return store(verb, o, value ? value : argv[++*i], settings);
}

bool options_read(const option *table, size_t count, const char *verb, int argc, char **argv,
                  void *settings, positional *rest) {
    rest->count = 0;
    bool only_positional = false;
    for (int i = 0; i < argc; i++) {
        if (!only_positional && strcmp(argv[i], "--") == 0) {
            only_positional = true;
        } else if (!only_positional && strncmp(argv[i], "--", 2) == 0) {
            if (!read_option(table, count, verb, argc, argv, &i, settings)) return false;
        } else if (!only_positional && argv[i][0] == '-' && argv[i][1]) {
            fprintf(stderr, "taper %s: options begin with two dashes; what is %s?\n", verb,
                    argv[i]);
            return false;
        } else if (rest->count == MAX_POSITIONAL) {
            fprintf(stderr, "taper %s: too many arguments.\n", verb);
            return false;
        } else {
            rest->text[rest->count++] = argv[i];
        }
    }
    return true;
}

bool options_set(const option *table, size_t count, const char *verb, const char *name,
                 const char *value, void *settings) {
    const option *o = find(table, count, name, strlen(name));
    if (!o) return unknown(table, count, verb, name, strlen(name));
    if (o->kind != OPTION_FLAG) return store(verb, o, value, settings);
    *(bool *)((char *)settings + o->place) = strcmp(value, "true") == 0;
    return true;
}

const char *options_text(const option *o, const void *settings, char *buffer, size_t size) {
    const char *place = (const char *)settings + o->place;
    if (o->kind == OPTION_FLAG) return *(const bool *)place ? "true" : "false";
    if (o->kind == OPTION_TEXT) {
        const char *text;
        memcpy(&text, place, sizeof text);
        return text;
    }
    if (o->kind == OPTION_COUNT) {
        int64_t number;
        memcpy(&number, place, sizeof number);
        if ((double)number < o->least) return NULL;
        snprintf(buffer, size, "%lld", (long long)number);
        return buffer;
    }
    double number;
    memcpy(&number, place, sizeof number);
    if (o->kind != OPTION_NUMBER || number < o->least) return NULL;
    /* the shortest text that reads back as the same number */
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buffer, size, "%.*g", digits, number);
        if (strtod(buffer, NULL) == number) break;
    }
    return buffer;
}

/* A help text whose further lines stand under the first. */
static void print_column(FILE *stream, const char *text) {
    while (*text) {
        size_t length = strcspn(text, "\n");
        fprintf(stream, "%.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
        if (*text) fprintf(stream, "%*s", COLUMN + 2, "");
    }
}

void options_help(FILE *stream, const option *table, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (table[i].kind == OPTION_HEADING) {
            fprintf(stream, "\n%s\n", table[i].name);
            continue;
        }
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", table[i].name, table[i].value ? " " : "",
                 table[i].value ? table[i].value : "");
        fprintf(stream, "  %-*s", COLUMN, left);
        if (strlen(left) >= COLUMN) fprintf(stream, "\n%*s", COLUMN + 2, "");
        print_column(stream, table[i].help);
    }
}
