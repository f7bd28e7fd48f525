/* Lists in CSV: every field is looked at. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "vision/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    tp_csv csv;
    tp_why why;
    size_t length = 0;
    tp_csv_begin(&csv, text, size);
    while (tp_csv_next(&csv, &why) == TP_CSV_ROW) {
        for (int i = 0; i < csv.count; i++) length += strlen(csv.field[i]);
        if (tp_csv_column(&csv, "label") >= csv.count) abort();
    }
    if (length > size) abort(); /* fields do not overlap */
    free(text);
    return 0;
}

void fuzz_seeds(fuzz_take *take, void *user) {
    static const char *const texts[] = {
        "filename,semantic_label,numeric_label,partition\n000001.png,miniature_poodle,5,valid\n",
        "\xef\xbb\xbf\146ile;label\r\n\"a;b.png\";\"the \"\"first\"\"\"\r\n\r\n",
        "path\tclass\n\"two\nlines\"\t\n",
        ",,\n,\"\",\n\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        take(texts[i], strlen(texts[i]), user);
}
