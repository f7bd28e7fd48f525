/* Pictures that a CSV file lists. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/dataset.h"
#include "tensor/tensor.h"
#include "vision/csv.h"
#include "vision/image/picture.h"
#include "vision/pictures/files.h"

enum { PATH_MOST = 2048, MOST_CLASSES = 1 << 16 };

static const char op[] = "image_csv";

/* The columns that are used; -1 where there is none. */
typedef enum which { FILE_COLUMN, LABEL, NUMBER, PARTITION, COLUMNS } which;

typedef struct reader {
    tp_location at;
    const tp_picture_set_args *args;
    tp_csv csv;
    int column[COLUMNS];
    char root[PATH_MOST];
    tp_file_list list;
} reader;

static bool fail(const reader *r, tp_error_code code, const char *got, const char *want) {
    tp_fail(r->at, op, code, tp_text("%.200s: %s", r->args->path, got), want, NULL);
    return false;
}

static bool fail_line(const reader *r, const char *got, const char *want) {
    return fail(r, TP_ERROR_FORMAT, tp_text("line %lld: %s", (long long)r->csv.line, got), want);
}

static bool out_of_memory(const reader *r) {
    tp_fail_memory(r->at, op, r->csv.size);
    return false;
}

/* The same where a class is asked for. */
static int64_t no_class(const reader *r) {
    out_of_memory(r);
    return -1;
}

/* ---- columns ---- */

static bool find_column(reader *r, which w, const char *asked, const char *const *usual,
                        const char *kind) {
    r->column[w] = -1;
    if (asked) {
        r->column[w] = tp_csv_column(&r->csv, asked);
        return r->column[w] >= 0 ||
               fail_line(r, tp_text("no column \"%.60s\"", asked), "its name in the first line");
    }
    for (; *usual && r->column[w] < 0; usual++) r->column[w] = tp_csv_column(&r->csv, *usual);
    return r->column[w] >= 0 || !kind ||
           fail_line(r, tp_text("no column with the %s", kind),
                     "one of the usual names, or .file_column and .label_column");
}

static bool find_columns(reader *r) {
    static const char *const files[] = {"filename", "file", "path", "image", "image_path", NULL};
    static const char *const labels[] = {"label",          "class",  "category",
                                         "semantic_label", "target", NULL};
    static const char *const numbers[] = {"numeric_label", "class_id", "class_index", "label_id",
                                          NULL};
    static const char *const partitions[] = {"partition", "split", "subset", "set", NULL};
    const tp_picture_set_args *a = r->args;
    if (!find_column(r, FILE_COLUMN, a->file_column, files, "file") ||
        !find_column(r, NUMBER, a->number_column, numbers, NULL) ||
        !find_column(r, LABEL, a->label_column, labels, r->column[NUMBER] < 0 ? "label" : NULL) ||
        !find_column(r, PARTITION, a->partition_column, partitions, NULL))
        return false;
    if (r->column[LABEL] < 0) r->column[LABEL] = r->column[NUMBER];
    return !a->partition || r->column[PARTITION] >= 0 ||
           fail_line(r,
                     tp_text("no column with the partition, and \"%.40s\" is wanted", a->partition),
                     NULL);
}

static const char *field(const reader *r, which w) {
    return r->column[w] >= 0 && r->column[w] < r->csv.count ? r->csv.field[r->column[w]] : "";
}

/* ---- rows ---- */

/* Where the files are: beside the list, or in its folder "images". */
static bool find_root(reader *r, const char *first) {
    char path[PATH_MOST], parent[PATH_MOST];
    const char *slash = strrchr(r->args->path, '/');
    int length = slash ? (int)(slash - r->args->path) : 1;
    if (r->args->root) {
        snprintf(r->root, sizeof r->root, "%s", r->args->root);
        return true;
    }
    snprintf(parent, sizeof parent, "%.*s", length, slash ? r->args->path : ".");
    snprintf(r->root, sizeof r->root, "%s", parent);
    if (snprintf(path, sizeof path, "%s/%s", parent, first) < PATH_MOST && access(path, R_OK) == 0)
        return true;
    if (snprintf(path, sizeof path, "%s/images/%s", parent, first) < PATH_MOST &&
        access(path, R_OK) == 0)
        snprintf(r->root, sizeof r->root, "%.2000s/images", parent);
    return true;
}

/* The class's number of a row that says it: its name goes to that place. */
static int64_t numbered_class(reader *r) {
    char *stop;
    const char *text = field(r, NUMBER), *name = field(r, LABEL);
    long long number = strtoll(text, &stop, 10);
    if (stop == text || *stop || number < 0 || number >= MOST_CLASSES) {
        fail_line(r, tp_text("\"%.60s\" is no number of a class", text), "0, 1, 2, ...");
        return -1;
    }
    while (r->list.class_count <= number)
        if (!tp_file_list_add_class(&r->list, "")) return no_class(r);
    if (r->args->classes_of || strcmp(r->list.classes[number], name) == 0) return number;
    if (r->list.classes[number][0]) {
        fail_line(r, tp_text("class %lld is called \"%.60s\"", number, name),
                  tp_text("\"%.60s\", as before", r->list.classes[number]));
        return -1;
    }
    return tp_file_list_rename_class(&r->list, (int)number, name) ? number : no_class(r);
}

static int64_t class_of_row(reader *r) {
    if (r->column[NUMBER] >= 0) return numbered_class(r);
    const char *name = field(r, LABEL);
    int64_t label = tp_file_list_class(&r->list, name);
    if (label >= 0) return label;
    if (r->args->classes_of) {
        fail_line(r, tp_text("class \"%.60s\"", name),
                  tp_text("the classes of %s", r->args->classes_of->name));
        return -1;
    }
    if (r->list.class_count >= MOST_CLASSES || !tp_file_list_add_class(&r->list, name))
        return no_class(r);
    return r->list.class_count - 1;
}

static bool read_row(reader *r) {
    const char *file = field(r, FILE_COLUMN);
    if (!file[0]) return fail_line(r, "no file", NULL);
    /* the class counts even where the row is of another partition, so that all have the same numbers */
    int64_t label = class_of_row(r);
    if (label < 0) return false;
    if (r->args->partition && strcmp(field(r, PARTITION), r->args->partition) != 0) return true;
    if (!r->root[0] && !find_root(r, file)) return false;
    char path[PATH_MOST];
    bool whole = file[0] == '/';
    if (snprintf(path, sizeof path, "%s%s%s", whole ? "" : r->root, whole ? "" : "/", file) >=
        PATH_MOST)
        return fail_line(r, "a path too long", NULL);
    return tp_file_list_add(&r->list, path, label) || out_of_memory(r);
}

static bool read_rows(reader *r) {
    tp_why why = {""};
    tp_csv_result result = tp_csv_next(&r->csv, &why);
    if (result == TP_CSV_END)
        return fail(r, TP_ERROR_FORMAT, "it is empty", "a line of column names");
    if (result == TP_CSV_ROW && !find_columns(r)) return false;
    if (r->args->classes_of && !tp_file_list_take_classes(&r->list, r->args->classes_of))
        return out_of_memory(r);
    while (result == TP_CSV_ROW && (result = tp_csv_next(&r->csv, &why)) == TP_CSV_ROW)
        if (!read_row(r)) return false;
    if (result == TP_CSV_DAMAGED) return fail(r, TP_ERROR_FORMAT, why.text, NULL);
    if (r->list.count) return true;
    return fail(r, TP_ERROR_VALUE,
                r->args->partition ? tp_text("no row of partition \"%.40s\"", r->args->partition)
                                   : "no rows",
                NULL);
}

tp_dataset *tp_image_csv_at(tp_location at, tp_picture_set_args args) {
    reader r = {.at = at, .args = &args};
    uint8_t *bytes = NULL;
    size_t size;
    tp_why why = {""};
    bool fine = args.path && (!args.classes_of || tp_dataset_usable(at, op, args.classes_of));
    if (!args.path) tp_fail(at, op, TP_ERROR_ARGUMENT, "NULL", "the path of a CSV file", NULL);
    if (fine) {
        tp_error_code code = tp_picture_read_file(args.path, &bytes, &size, &why);
        fine = !code || fail(&r, code, why.text, NULL);
    }
    if (fine) {
        tp_csv_begin(&r.csv, (char *)bytes, size);
        fine = read_rows(&r) && (r.column[NUMBER] >= 0 || args.classes_of ||
                                 tp_file_list_sort_classes(&r.list) || out_of_memory(&r));
    }
    free(bytes);
    if (fine) {
        const char *part = args.partition ? args.partition : "";
        return tp_picture_files_new(
            at, op, tp_text("%.60s%s%.30s", args.path, part[0] ? ", " : "", part), &r.list, &args);
    }
    tp_file_list_free(&r.list);
    tp_transform_free(args.transform);
    return NULL;
}
