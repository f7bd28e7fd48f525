/* CSV as in RFC 4180, with what people write: quotes that are doubled, lines that end in LF or CRLF, commas, semicolons or
 * tabs, a byte order mark. */
#ifndef TP_VISION_CSV_H
#define TP_VISION_CSV_H

#include <taper/data.h>

enum { TP_CSV_MOST_FIELDS = 256 };

typedef struct tp_csv {
    char *text; /* changed as it is read */
    size_t size, at;
    char separator;
    int64_t line; /* where the row begins that was read last, from 1 */
    int64_t next_line;
    int count; /* fields of that row */
    char *field[TP_CSV_MOST_FIELDS];
} tp_csv;

/* Begins to read text[0 .. size], whose last byte, text[size], must be writable too. Finds the separator. */
void tp_csv_begin(tp_csv *csv, char *text, size_t size);
typedef enum tp_csv_result { TP_CSV_ROW, TP_CSV_END, TP_CSV_DAMAGED } tp_csv_result;
/* Reads the next row into field[0 .. count), as strings inside the text. Empty lines are passed over. */
tp_csv_result tp_csv_next(tp_csv *csv, tp_why *why);
/* The column of that name in the row just read, in any case of its letters; -1 where there is none. */
int tp_csv_column(const tp_csv *csv, const char *name);

#endif
