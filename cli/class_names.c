#include "class_names.h"

#include <stdlib.h>
#include <string.h>

#include "io/json.h"
#include "report.h"

char *class_names_text(const tp_dataset *dataset, int64_t count) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    for (int64_t i = 0; i < count; i++) {
        fputs(i ? ", " : "[", to);
        report_json_string(to, tp_class_name(dataset, i));
    }
    fputs(count > 0 ? "]" : "[]", to);
    bool fine = !ferror(to);
    if (fclose(to) == 0 && fine) return text;
    free(text);
    return NULL;
}

bool class_names_read(job *j, const char *text) {
    enum { MOST = 1 << 20 };
    if (j->classes < 1 || j->classes > MOST) return false;
    size_t length = strlen(text), count = (size_t)j->classes;
    unsigned char *bytes = job_own(j, strdup(text));
    const char **names = job_own(j, calloc(count + 1, sizeof *names));
    if (!bytes || !names) return false;
    tp_json json = {.begin = bytes, .at = bytes, .end = bytes + length};
    size_t found = 0;
    bool fine = tp_json_expect(&json, '[', "a list is missing");
    for (bool first = true; fine && tp_json_member(&json, ']', &first); found++) {
        const char *name = found < count ? tp_json_string(&json) : NULL;
        fine = name != NULL;
        if (fine) names[found] = name;
    }
    if (!fine || json.why || found != count) return false;
    j->names = names;
    return true;
}
