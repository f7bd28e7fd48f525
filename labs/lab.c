/* See lab.h. */
#include "lab.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OWN_OPTIONS = 8, TEXT_BYTES = 2048, TEXTS = 4096 };

/* The lab and what only this file knows of it. */
typedef struct session {
    lab lab; /* first */
    const char *names[OWN_OPTIONS], *values[OWN_OPTIONS];
    int own;
    char *texts[TEXTS]; /* freed at the end */
    int text_count;
    double start;
    bool told;    /* where the digits come from */
    bool lacking; /* data that the lab cannot do without */
} session;

double lab_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static session *of(const lab *l) { return (session *)(uintptr_t)l; }

const char *lab_text(lab *l, const char *format, ...) {
    session *s = of(l);
    char text[TEXT_BYTES];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (s->text_count == TEXTS) return "";
    char *copy = strdup(text);
    if (!copy) return "";
    return s->texts[s->text_count++] = copy;
}

/* ---- options ---- */

static void usage(FILE *stream, const char *name, const char *title, const char *options) {
    fprintf(stream,
            "usage: taper lab run %s [--quick] [--data DIR] [--out DIR] [--seed N]%s%s%s\n\n%s.\n\n"
            "  --quick       a few seconds instead of the full setting\n"
            "  --data DIR    where mnist/, dogs/, grocery/ and photos/ are (TAPER_DATA)\n"
            "  --out DIR     where the report goes (runs/labs/%s)\n"
            "  --seed N      of everything random (42)\n",
            name, options ? " [--" : "", options ? options : "", options ? " VALUE]" : "", title,
            name);
}

/* "--name value" or "--name=value" at *i; NULL where argv has another option there. */
static const char *value_of(const char *name, int argc, char **argv, int *i) {
    size_t length = strlen(name);
    const char *text = argv[*i];
    if (strncmp(text, "--", 2) != 0 || strncmp(text + 2, name, length) != 0) return NULL;
    if (text[2 + length] == '=') return text + 2 + length + 1;
    if (text[2 + length] != 0 || *i + 1 >= argc) return NULL;
    return argv[++*i];
}

static bool read_own(session *s, const char *options, int argc, char **argv, int *i) {
    char name[32];
    int used = 0;
    for (const char *at = options; at && sscanf(at, "%31s%n", name, &used) == 1; at += used) {
        const char *value = value_of(name, argc, argv, i);
        if (!value || s->own == OWN_OPTIONS) continue;
        s->names[s->own] = lab_text(&s->lab, "%s", name);
        s->values[s->own++] = value;
        return true;
    }
    return false;
}

static bool read_common(lab *l, int argc, char **argv, int *i) {
    const char *value;
    if (strcmp(argv[*i], "--quick") == 0) return l->quick = true;
    if ((value = value_of("data", argc, argv, i))) return (l->data = value) != NULL;
    if ((value = value_of("out", argc, argv, i))) return (l->out = value) != NULL;
    if (!(value = value_of("seed", argc, argv, i))) return false;
    char *end;
    l->seed = strtoull(value, &end, 10);
    return *value && !*end;
}

const char *lab_option(const lab *l, const char *name, const char *otherwise) {
    const session *s = of(l);
    for (int i = 0; i < s->own; i++)
        if (strcmp(s->names[i], name) == 0) return s->values[i];
    return otherwise;
}

/* Every folder on the way to `path`. */
static void make_folders(const char *path) {
    char part[1024];
    for (size_t i = 1; path[i - 1] && i < sizeof part; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            fprintf(stderr, "lab: cannot make the folder %s: %s\n", part, strerror(errno));
            exit(1);
        }
    }
}

lab *lab_begin(int argc, char **argv, const char *name, const char *title, const char *options) {
    session *s = calloc(1, sizeof *s);
    if (!s) exit(1);
    tp_set_error_handler(NULL, NULL); /* the first error ends the program, with its line */
    lab *l = &s->lab;
    *l = (lab){.name = name, .data = getenv("TAPER_DATA"), .seed = 42};
    for (int i = 1; i < argc; i++) {
        if (read_common(l, argc, argv, &i) || read_own(s, options, argc, argv, &i)) continue;
        bool help = strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
        if (!help) fprintf(stderr, "lab: %s is no option, or lacks its value\n\n", argv[i]);
        usage(help ? stdout : stderr, name, title, options);
        exit(help ? 0 : 2);
    }
    if (!l->out) l->out = lab_text(l, "runs/labs/%s", name);
    make_folders(l->out);
    tp_manual_seed(l->seed);
    s->start = lab_clock();
    printf("%s  %s\n\n", name, title);
    l->report = tp_report_new(title, .subtitle = lab_text(l, "Lab %s, seed %llu%s", name,
                                                          (unsigned long long)l->seed,
                                                          l->quick ? ", quick setting" : ""));
    if (!l->report) exit(1);
    return l;
}

int lab_end(lab *l) {
    session *s = of(l);
    tp_report_section(l->report, "How it was run");
    char own[512] = "";
    for (int i = 0; i < s->own; i++) {
        size_t used = strlen(own);
        snprintf(own + used, sizeof own - used, " --%s %s", s->names[i], s->values[i]);
    }
    tp_report_fact(l->report, "Command", "taper lab run %s%s%s --seed %llu", l->name,
                   l->quick ? " --quick" : "", own, (unsigned long long)l->seed);
    tp_report_fact(l->report, "Time", "%.1f s", lab_clock() - s->start);
    tp_report_fact(l->report, "Taper", "%s, %s instructions, %d threads", TP_VERSION,
                   tp_cpu_capability(), tp_get_num_threads());
    const char *path = lab_file(l, "report.html");
    bool fine = tp_report_write(l->report, path);
    if (fine) printf("\nReport: %s\n", path);
    tp_report_free(l->report);
    bool lacking = s->lacking;
    for (int i = 0; i < s->text_count; i++) free(s->texts[i]);
    free(s);
    return !fine ? 1 : lacking ? LAB_LACKING : 0;
}

/* ---- saying ---- */

void lab_section(lab *l, const char *title) {
    printf("\n%s\n", title);
    for (const char *c = title; *c; c++) putchar('-');
    putchar('\n');
    tp_report_section(l->report, title);
}

/* Text without the marks that the report makes code (`) and bold (**) of, at 88 columns. */
static void print_wrapped(const char *text) {
    int column = 0;
    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " ");
        if (column > 0 && column + 1 + (int)length > 88) putchar('\n'), column = 0;
        if (column > 0) putchar(' '), column++;
        for (size_t i = 0; i < length; i++) {
            bool bold = word[i] == '*' && ((i > 0 && word[i - 1] == '*') || word[i + 1] == '*');
            if (word[i] != '`' && !bold) putchar(word[i]), column++;
        }
        word += length;
        word += strspn(word, " ");
    }
    putchar('\n');
}

void lab_say(lab *l, const char *format, ...) {
    char text[TEXT_BYTES];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    print_wrapped(text);
    fflush(stdout);
    tp_report_text(l->report, "%s", text);
}

void lab_result(lab *l, const char *label, const char *format, ...) {
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    printf("%s: %s\n", label, text);
    fflush(stdout);
    tp_report_headline(l->report, label, "%s", text);
}

/* Columns of a terminal that the text takes: bytes that go on with a character do not count. */
static int width_of(const char *text) {
    int width = 0;
    for (; text && *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(const char *text, int width, bool last) {
    printf("%s%*s", text ? text : "", last ? 0 : width + 2 - width_of(text), "");
}

void lab_table(lab *l, const char *const *names, size_t columns, const char *const *cells,
               size_t rows) {
    for (size_t r = 0; r <= rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            int width = width_of(names[c]);
            for (size_t k = 0; k < rows; k++) {
                int cell = width_of(cells[k * columns + c]);
                width = cell > width ? cell : width;
            }
            print_cell(r == 0 ? names[c] : cells[(r - 1) * columns + c], width, c + 1 == columns);
        }
        putchar('\n');
    }
    fflush(stdout);
    tp_report_table(l->report, names, columns, cells, rows);
}

void lab_figure(lab *l, tp_figure *figure, const char *name, const char *caption) {
    if (!figure) return;
    tp_plot_save(figure, lab_file(l, lab_text(l, "%s.svg", name)));
    tp_report_figure(l->report, figure, .caption = caption);
    tp_figure_free(figure);
}

void lab_print(lab *l, const char *name, const tp_tensor *x) {
    char text[TEXT_BYTES], line[TEXT_BYTES + 64];
    tp_format(x, text, sizeof text);
    /* rows stand below each other */
    snprintf(line, sizeof line, strchr(text, '\n') ? "%s:\n%s" : "%s = %s", name, text);
    puts(line);
    tp_report_pre(l->report, line);
}

/* ---- data ---- */

static bool exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

static bool has_mnist(const char *folder) {
    static const char *const names[] = {
        "%s/train-images-idx3-ubyte.gz", "%s/train-images-idx3-ubyte",
        "%s/mnist/train-images-idx3-ubyte.gz", "%s/mnist/train-images-idx3-ubyte"};
    char path[1024];
    for (size_t i = 0; folder && i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, names[i], folder);
        if (exists(path)) return true;
    }
    return false;
}

tp_dataset *lab_digits(lab *l, const char *split) {
    session *s = of(l);
    l->real = has_mnist(l->data);
    if (!s->told && l->real) lab_say(l, "Data: MNIST, from %s.", l->data);
    if (!s->told && !l->real)
        lab_say(l, "Data: **synthetic digits**, drawn at run time. `--data DIR` with the files of "
                   "MNIST gives the assignment's own numbers.");
    s->told = true;
    return l->real ? tp_mnist(split, .root = l->data) : tp_digits(split, .seed = l->seed);
}

const char *lab_folder(lab *l, const char *name) {
    const char *path = l->data ? lab_text(l, "%s/%s", l->data, name) : NULL;
    if (path && exists(path)) return path;
    lab_say(l,
            "This lab needs the folder `%s`, which is not there: give the folder that holds it by "
            "`--data DIR` or the environment variable `TAPER_DATA`.",
            path ? path : name);
    of(l)->lacking = true;
    return NULL;
}

const char *lab_file(lab *l, const char *name) { return lab_text(l, "%s/%s", l->out, name); }

/* ---- training ---- */

tp_progress lab_progress(const lab *l) {
    (void)l;
    return isatty(STDERR_FILENO) ? TP_PROGRESS_BAR : TP_PROGRESS_NONE;
}

/* One column of a history, in percent for accuracies; freed by the caller. */
static double *column(const tp_history *h, bool accuracy, bool valid) {
    double *values = calloc(h->count + 1, sizeof *values);
    if (!values) exit(1);
    for (size_t i = 0; i < h->count; i++) {
        const tp_epoch *e = &h->epochs[i];
        values[i] = accuracy ? 100 * (valid ? e->valid_accuracy : e->train_accuracy)
                             : (valid ? e->valid_loss : e->train_loss);
    }
    return values;
}

static tp_figure *curves(const tp_history *h, bool accuracy, const char *title) {
    double *epoch = calloc(h->count + 1, sizeof *epoch);
    if (!epoch) exit(1);
    for (size_t i = 0; i < h->count; i++) epoch[i] = (double)h->epochs[i].epoch;
    double *train = column(h, accuracy, false), *valid = column(h, accuracy, true);
    tp_figure *f = tp_figure_new(title, .x_label = "epoch", .y_label = accuracy ? "%" : NULL);
    tp_plot_line(f, epoch, train, h->count, .label = "training");
    if (!isnan(valid[0])) tp_plot_line(f, epoch, valid, h->count, .label = "validation");
    if (h->best_epoch) tp_plot_vertical(f, (double)h->best_epoch, .label = "best epoch");
    free(epoch);
    free(train);
    free(valid);
    return f;
}

void lab_curves(lab *l, const tp_history *history, const char *name, const char *caption) {
    if (history->count == 0) return;
    lab_figure(l, curves(history, false, "Loss"), lab_text(l, "%s-loss", name), caption);
    if (!isnan(history->epochs[0].train_accuracy))
        lab_figure(l, curves(history, true, "Accuracy"), lab_text(l, "%s-accuracy", name), caption);
}
