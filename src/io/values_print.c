/* Values as Python prints them. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/values.h"

enum { MOST_MEMBERS = 8, DEEPEST = 4 };

static void print_text(const char *text, size_t length, FILE *stream) {
    fputc('\'', stream);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n')
            fputs("\\n", stream);
        else if (c == '\'' || c == '\\')
            fprintf(stream, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            fprintf(stream, "\\x%02x", c);
        else
            fputc(c, stream);
    }
    fputc('\'', stream);
}

/* The shortest digits that give the same number again, and a point in it as Python has. Where fewer than DBL_DIG do, printing so
 * many ends in zeros, which %g leaves out; only below the normal numbers a search from 1 on is needed. */
static void print_float(double value, FILE *stream) {
    char digits[40];
    int precision = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
    if (isnan(value) || isinf(value)) {
        fputs(isnan(value) ? "nan" : value < 0 ? "-inf" : "inf", stream);
        return;
    }
    do snprintf(digits, sizeof digits, "%.*g", precision, value);
    while (strtod(digits, NULL) != value && ++precision < 18);
    fputs(digits, stream);
    if (!strpbrk(digits, ".e")) fputs(".0", stream);
}

static void print(const tp_value *value, int depth, FILE *stream);

static void print_members(const tp_value *value, int depth, FILE *stream) {
    static const char *const open[] = {"[", "(", "{", "{"}, *const close[] = {"]", ")", "}", "}"};
    int which = value->kind - TP_VALUE_LIST;
    size_t count = tp_value_count(value);
    fputs(open[which], stream);
    for (size_t i = 0; i < count && depth < DEEPEST && i < MOST_MEMBERS; i++) {
        if (i) fputs(", ", stream);
        if (value->kind == TP_VALUE_DICT) {
            print(tp_value_key(value, i), depth + 1, stream);
            fputs(": ", stream);
        }
        print(tp_value_item(value, i), depth + 1, stream);
    }
    if (count > MOST_MEMBERS || (count && depth >= DEEPEST))
        fprintf(stream, "%s... %zu in all", depth >= DEEPEST ? "" : ", ", count);
    else if (value->kind == TP_VALUE_TUPLE && count == 1)
        fputc(',', stream);
    fputs(close[which], stream);
}

static void print(const tp_value *value, int depth, FILE *stream) {
    size_t size;
    switch (tp_value_kind_of(value)) {
    case TP_VALUE_BOOL: fputs(tp_value_bool(value) ? "True" : "False", stream); return;
    case TP_VALUE_INT: fprintf(stream, "%lld", (long long)tp_value_int(value)); return;
    case TP_VALUE_FLOAT: print_float(tp_value_float(value), stream); return;
    case TP_VALUE_STR: print_text(value->is.text, value->count, stream); return;
    case TP_VALUE_NAME: fputs(tp_value_str(value), stream); return;
    case TP_VALUE_BYTES:
        tp_value_bytes(value, &size);
        fprintf(stream, "<%zu bytes>", size);
        return;
    case TP_VALUE_TENSOR: fprintf(stream, "<%s>", tp_tensor_text(value->tensor)); return;
    case TP_VALUE_LIST:
    case TP_VALUE_TUPLE:
    case TP_VALUE_SET:
    case TP_VALUE_DICT: print_members(value, depth, stream); return;
    default: fputs("None", stream); return;
    }
}

void tp_value_print(const tp_value *value, FILE *stream) { print(value, 0, stream); }
