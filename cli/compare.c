#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "run_folder.h"

enum { TEXT = 96, MOST_LINES = 7 };

/* A run as its folder tells it. */
typedef struct compared {
    const char *folder;
    char name[TEXT]; /* what sets it apart: "lr 0.1, seed 2" */
    job job;
    tp_history history;
    double test_accuracy, test_loss, seconds, parameters;
    int group; /* runs that differ in the seed alone are one */
} compared;

typedef struct comparison {
    compared runs[MOST_RUNS];
    int count, groups;
    const option *varied[8]; /* options in which runs differ, the seed last */
    int varied_count;
    tp_report *report;
    tp_figure *panels[2]; /* of the picture: results, curves */
} comparison;

/* ---- reading ---- */

/* A number of a line of JSON that we wrote; NaN where it is not there or null. */
static double json_number(const char *line, const char *key) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\": ", key);
    const char *place = strstr(line, wanted);
    if (!place) return NAN;
    char *end;
    double value = strtod(place + strlen(wanted), &end);
    return end == place + strlen(wanted) ? NAN : value;
}

static bool read_run(compared *run, const char *folder) {
    char path[PATH_SIZE], line[4096] = "";
    run->folder = folder;
    run->job = job_defaults();
    if (!run_read_config(&run->job, folder) ||
        !tp_history_read_csv(run_path(path, folder, "history.csv"), &run->history))
        return false;
    FILE *stream = fopen(run_path(path, folder, "result.json"), "r");
    if (stream) {
        if (!fgets(line, sizeof line, stream)) line[0] = 0;
        fclose(stream);
    }
    run->test_accuracy = json_number(line, "test_accuracy");
    run->test_loss = json_number(line, "test_loss");
    run->seconds = json_number(line, "train_seconds");
    run->parameters = json_number(line, "parameters");
    if (isnan(run->seconds)) run->seconds = run->history.seconds;
    return true;
}

static const char *value_of(const compared *run, const option *o, char *buffer) {
    const char *text = options_text(o, &run->job, buffer, TEXT);
    return text ? text : "";
}

static bool same_value(const compared *a, const compared *b, const option *o) {
    char first[TEXT], second[TEXT];
    return strcmp(value_of(a, o, first), value_of(b, o, second)) == 0;
}

/* What is about one start or the machine and not about the result. */
static bool is_beside_the_point(const char *name) {
    static const char *const names[] = {"out",   "resume",  "quiet",   "json",   "progress",
                                        "plots", "threads", "workers", "doctor", "events"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

static void find_varied(comparison *c) {
    const option *seed = NULL;
    for (size_t i = 0; i < job_option_count && c->varied_count < 7; i++) {
        const option *o = &job_options[i];
        if (o->kind == OPTION_HEADING || is_beside_the_point(o->name)) continue;
        bool varies = false;
        for (int k = 1; k < c->count; k++)
            varies = varies || !same_value(&c->runs[0], &c->runs[k], o);
        if (!varies) continue;
        if (strcmp(o->name, "seed") == 0)
            seed = o;
        else
            c->varied[c->varied_count++] = o;
    }
    if (seed) c->varied[c->varied_count++] = seed;
}

static bool is_seed(const option *o) { return strcmp(o->name, "seed") == 0; }

/* Names runs by what sets them apart, and puts those that differ in the seed alone into one group. */
static void name_runs(comparison *c) {
    for (int i = 0; i < c->count; i++) {
        compared *run = &c->runs[i];
        size_t used = 0;
        char buffer[TEXT];
        run->group = -1;
        for (int k = 0; k < c->varied_count && used < sizeof run->name; k++)
            used += (size_t)snprintf(run->name + used, sizeof run->name - used, "%s%s %s",
                                     k ? ", " : "", c->varied[k]->name,
                                     value_of(run, c->varied[k], buffer));
        if (!used) snprintf(run->name, sizeof run->name, "%s", run->folder);
        for (int other = 0; other < i && run->group < 0; other++) {
            bool same = c->varied_count > 0;
            for (int k = 0; k < c->varied_count; k++)
                same = same &&
                       (is_seed(c->varied[k]) || same_value(run, &c->runs[other], c->varied[k]));
            if (same) run->group = c->runs[other].group;
        }
        if (run->group < 0) run->group = c->groups++;
    }
}

/* The name of a group: that of its first run without the seed, or how many seeds where nothing else differs. */
static void group_name(const comparison *c, int group, char *name) {
    int i = 0;
    while (c->runs[i].group != group) i++;
    char buffer[TEXT];
    size_t used = 0;
    name[0] = 0;
    for (int k = 0; k < c->varied_count && used < TEXT; k++)
        if (!is_seed(c->varied[k]))
            used +=
                (size_t)snprintf(name + used, TEXT - used, "%s%s %s", used ? ", " : "",
                                 c->varied[k]->name, value_of(&c->runs[i], c->varied[k], buffer));
    if (used) return;
    if (c->varied_count > 0)
        snprintf(name, TEXT, "%d seeds", c->count);
    else
        snprintf(name, TEXT, "%s", c->runs[i].name);
}

/* ---- what is shown ---- */

static double final_score(const compared *run) { return run->test_accuracy; }

static int best_run(const comparison *c) {
    int best = -1;
    for (int i = 0; i < c->count; i++)
        if (isfinite(final_score(&c->runs[i])) &&
            (best < 0 || final_score(&c->runs[i]) > final_score(&c->runs[best])))
            best = i;
    return best;
}

static void add_headlines(const comparison *c) {
    double seconds = 0;
    for (int i = 0; i < c->count; i++) seconds += c->runs[i].seconds;
    int best = best_run(c);
    if (best >= 0) {
        tp_report_headline(c->report, "Best test accuracy", "%.2f %%",
                           100 * final_score(&c->runs[best]));
        tp_report_headline(c->report, "Best run", "%s", c->runs[best].name);
    }
    tp_report_headline(c->report, "Runs", "%d", c->count);
    tp_report_headline(c->report, "Training time", "%.1f s", seconds);
}

static void put_number(char *text, const char *format, double value) {
    text[0] = 0;
    if (!isfinite(value)) return;
    snprintf(text, TEXT, format, value);
}

/* The lowest loss of validation, else of training. */
static double best_loss(const compared *run) {
    return run->history.best_epoch > 0 ? run->history.best_loss : NAN;
}

static bool add_table(const comparison *c) {
    enum { AFTER = 6 };
    static const char *const after[AFTER] = {"Test accuracy", "Test loss",  "Best loss",
                                             "Best epoch",    "Parameters", "Time"};
    const char *names[8 + AFTER + 1];
    int columns = 0;
    names[columns++] = "Run";
    for (int k = 0; k < c->varied_count; k++) names[columns++] = c->varied[k]->name;
    for (int k = 0; k < AFTER; k++) names[columns++] = after[k];
    size_t cells_count = (size_t)(columns * c->count);
    char *texts = calloc(cells_count, TEXT);
    const char **cells = calloc(cells_count, sizeof *cells);
    for (int i = 0; texts && cells && i < c->count; i++) {
        const compared *run = &c->runs[i];
        char *row = texts + (size_t)(i * columns) * TEXT;
        for (int k = 0; k < columns; k++) cells[i * columns + k] = row + k * TEXT;
        char buffer[TEXT];
        snprintf(row, TEXT, "%s", run->folder);
        for (int k = 0; k < c->varied_count; k++)
            snprintf(row + (k + 1) * TEXT, TEXT, "%s", value_of(run, c->varied[k], buffer));
        char *at = row + (c->varied_count + 1) * TEXT;
        put_number(at, "%.2f %%", 100 * run->test_accuracy);
        put_number(at + TEXT, "%.4f", run->test_loss);
        put_number(at + 2 * TEXT, "%.4f", best_loss(run));
        put_number(at + 3 * TEXT, "%.0f", (double)run->history.best_epoch);
        put_number(at + 4 * TEXT, "%.0f", run->parameters);
        put_number(at + 5 * TEXT, "%.1f s", run->seconds);
    }
    bool fine = texts && cells &&
                tp_report_table(c->report, names, (size_t)columns, cells, (size_t)c->count);
    free(texts);
    free(cells);
    return fine;
}

/* ---- figures ---- */

/* Adds a figure to the report and keeps it as a panel of the picture, in the place of the one before. */
static bool show_figure(comparison *c, tp_figure *figure, int panel) {
    bool fine = tp_report_figure(c->report, figure);
    tp_figure_free(c->panels[panel]);
    c->panels[panel] = figure;
    return fine;
}

typedef double (*run_value)(const tp_epoch *epoch);
static double train_loss(const tp_epoch *e) { return e->train_loss; }
static double valid_loss(const tp_epoch *e) { return e->valid_loss; }
static double valid_accuracy(const tp_epoch *e) { return 100 * e->valid_accuracy; }
static double train_accuracy(const tp_epoch *e) { return 100 * e->train_accuracy; }

/* Mean, lowest and highest of a group's runs at an epoch; NaN where none has come so far. */
static void summarize(const comparison *c, int group, size_t epoch, run_value value,
                      double out[3]) {
    double sum = 0, low = INFINITY, high = -INFINITY;
    int count = 0;
    for (int i = 0; i < c->count; i++) {
        const tp_history *h = &c->runs[i].history;
        if (c->runs[i].group != group || epoch >= h->count) continue;
        double v = value(&h->epochs[epoch]);
        if (!isfinite(v)) continue;
        sum += v, count++;
        low = fmin(low, v), high = fmax(high, v);
    }
    out[0] = count ? sum / count : NAN;
    out[1] = count ? low : NAN;
    out[2] = count ? high : NAN;
}

static size_t longest(const comparison *c, int group) {
    size_t count = 0;
    for (int i = 0; i < c->count; i++)
        if (c->runs[i].group == group && c->runs[i].history.count > count)
            count = c->runs[i].history.count;
    return count;
}

static bool has_seeds(const comparison *c) { return c->groups < c->count; }

static bool add_line(const comparison *c, tp_figure *figure, int group, run_value value) {
    size_t count = longest(c, group);
    double *numbers = calloc(4 * count + 1, sizeof *numbers);
    if (!numbers) return false;
    double *x = numbers, *mean = x + count, *low = mean + count, *high = low + count;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        double out[3];
        summarize(c, group, i, value, out);
        x[i] = (double)i + 1;
        mean[i] = out[0], low[i] = out[1], high[i] = out[2];
        any = any || isfinite(mean[i]);
    }
    char name[TEXT];
    group_name(c, group, name);
    bool band = has_seeds(c), fine = true;
    if (any)
        fine = tp_plot_line(figure, x, mean, count, .label = name, .low = band ? low : NULL,
                            .high = band ? high : NULL);
    free(numbers);
    return fine;
}

/* The groups that are drawn: all, or those with the best and the worst ends where there are too many to tell apart. */
static bool is_drawn(const comparison *c, int group) {
    if (c->groups <= MOST_LINES) return true;
    int better = 0;
    double mine = -INFINITY;
    for (int i = 0; i < c->count; i++)
        if (c->runs[i].group == group) mine = fmax(mine, final_score(&c->runs[i]));
    for (int g = 0; g < c->groups; g++) {
        double other = -INFINITY;
        for (int i = 0; i < c->count; i++)
            if (c->runs[i].group == g) other = fmax(other, final_score(&c->runs[i]));
        better += other > mine || (other == mine && g < group);
    }
    return better < MOST_LINES;
}

static bool add_curves(comparison *c, const char *title, const char *axis, run_value value) {
    bool any = false;
    for (int i = 0; i < c->count; i++)
        for (size_t e = 0; e < c->runs[i].history.count; e++)
            any = any || isfinite(value(&c->runs[i].history.epochs[e]));
    if (!any) return true;
    tp_figure *figure = tp_figure_new(title, .x_label = "epoch", .y_label = axis, .height = 340);
    bool fine = figure != NULL;
    for (int g = 0; fine && g < c->groups; g++)
        if (is_drawn(c, g)) fine = add_line(c, figure, g, value);
    return show_figure(c, figure, 1) && fine;
}

/* The one option that is a number and differs, the seed aside; NULL where it is not one alone. */
static const option *single_number(const comparison *c) {
    const option *only = NULL;
    for (int k = 0; k < c->varied_count; k++) {
        if (is_seed(c->varied[k])) continue;
        if (only) return NULL;
        only = c->varied[k];
    }
    return only && (only->kind == OPTION_NUMBER || only->kind == OPTION_COUNT) ? only : NULL;
}

typedef struct dot {
    double x, mean, low, high;
} dot;

static int by_x(const void *a, const void *b) {
    double x = ((const dot *)a)->x, y = ((const dot *)b)->x;
    return (x > y) - (x < y);
}

static dot dot_of(const comparison *c, int group, const option *o) {
    dot d = {NAN, 0, INFINITY, -INFINITY};
    int count = 0;
    char buffer[TEXT];
    for (int i = 0; i < c->count; i++) {
        if (c->runs[i].group != group) continue;
        const char *text = value_of(&c->runs[i], o, buffer);
        double v = 100 * final_score(&c->runs[i]);
        if (*text) d.x = strtod(text, NULL);
        if (!isfinite(v)) continue;
        d.mean += v, count++;
        d.low = fmin(d.low, v), d.high = fmax(d.high, v);
    }
    d.mean = count ? d.mean / count : NAN;
    return d;
}

/* Test accuracy over the option: what a sweep is made for. */
static bool add_sweep(comparison *c) {
    const option *o = single_number(c);
    dot dots[MOST_RUNS];
    int count = 0;
    for (int g = 0; o && g < c->groups; g++) {
        dot d = dot_of(c, g, o);
        if (isfinite(d.x) && isfinite(d.mean)) dots[count++] = d;
    }
    if (count < 2) return true;
    qsort(dots, (size_t)count, sizeof *dots, by_x);
    double x[MOST_RUNS], y[MOST_RUNS], low[MOST_RUNS], high[MOST_RUNS];
    for (int i = 0; i < count; i++)
        x[i] = dots[i].x, y[i] = dots[i].mean, low[i] = dots[i].low, high[i] = dots[i].high;
    bool log = x[0] > 0 && x[count - 1] / x[0] >= 20, band = has_seeds(c);
    char title[TEXT];
    snprintf(title, sizeof title, "Test accuracy by %s", o->name);
    tp_figure *figure = tp_figure_new(
        title, .subtitle = band ? "mean of the seeds, lowest to highest" : NULL, .x_label = o->name,
        .y_label = "accuracy (%)", .height = 340, .x_scale = log ? TP_AXIS_LOG : TP_AXIS_LINEAR);
    bool fine = tp_plot_line(figure, x, y, (size_t)count, .low = band ? low : NULL,
                             .high = band ? high : NULL);
    return show_figure(c, figure, 0) && fine;
}

static bool add_bars(comparison *c) {
    char texts[MOST_RUNS][TEXT];
    const char *names[MOST_RUNS];
    double values[MOST_RUNS], low[MOST_RUNS], high[MOST_RUNS];
    int count = 0;
    for (int g = 0; g < c->groups; g++) {
        dot d = dot_of(c, g, &job_options[1]);
        if (!isfinite(d.mean)) continue;
        group_name(c, g, texts[count]);
        names[count] = texts[count];
        values[count] = d.mean, low[count] = d.low, high[count] = d.high;
        count++;
    }
    if (!count) return true;
    bool band = has_seeds(c);
    tp_figure *figure = tp_figure_new(
        "Test accuracy", .subtitle = band ? "mean of the seeds, lowest to highest" : NULL,
        .y_label = "accuracy (%)", .height = 340);
    bool fine = tp_plot_bars(figure, names, values, (size_t)count, .low = band ? low : NULL,
                             .high = band ? high : NULL);
    return show_figure(c, figure, 0) && fine;
}

/* ---- the page ---- */

static void add_common(const comparison *c) {
    tp_report_section(c->report, "In common");
    char buffer[TEXT];
    for (size_t i = 0; i < job_option_count; i++) {
        const option *o = &job_options[i];
        if (o->kind == OPTION_HEADING || is_beside_the_point(o->name)) continue;
        bool varies = false;
        for (int k = 0; k < c->varied_count; k++) varies = varies || c->varied[k] == o;
        const char *text = value_of(&c->runs[0], o, buffer);
        if (!varies && *text && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
            tp_report_fact(c->report, o->name, "%s", text);
    }
    tp_report_fact(c->report, "Version", "Taper %s", tp_version());
}

static bool add_all(comparison *c) {
    add_headlines(c);
    tp_report_section(c->report, "Results");
    bool fine = (single_number(c) ? add_sweep(c) : add_bars(c)) && add_table(c);
    tp_report_section(c->report, "Curves");
    if (c->groups > MOST_LINES)
        tp_report_text(c->report, "The %d best of %d.", (int)MOST_LINES, c->groups);
    fine = fine && add_curves(c, "Training loss", "mean loss", train_loss) &&
           add_curves(c, "Validation loss", "mean loss", valid_loss) &&
           add_curves(c, "Training accuracy", "accuracy (%)", train_accuracy) &&
           add_curves(c, "Validation accuracy", "accuracy (%)", valid_accuracy);
    add_common(c);
    return fine;
}

/* Runs as they were read become a page and a picture. */
static bool write_all(comparison *c, const char *title, const compare_paths *paths) {
    char subtitle[64];
    find_varied(c);
    name_runs(c);
    snprintf(subtitle, sizeof subtitle, "Comparison of %d runs", c->count);
    c->report = tp_report_new(title, .subtitle = subtitle);
    bool fine =
        c->report && add_all(c) && tp_report_write(c->report, paths->page, .pdf = paths->pdf);
    int first = c->panels[0] ? 0 : 1, panels = (c->panels[0] != NULL) + (c->panels[1] != NULL);
    if (fine && paths->picture && panels)
        fine = tp_plot_save_panels(&c->panels[first], (size_t)panels, paths->picture,
                                   .title = title, .subtitle = subtitle);
    tp_report_free(c->report);
    tp_figure_free(c->panels[0]);
    tp_figure_free(c->panels[1]);
    return fine;
}

bool compare_runs(const char *const *folders, int count, const char *title, compare_paths paths) {
    if (count > MOST_RUNS) {
        report_failure("at most %d runs fit on a page.", (int)MOST_RUNS);
        return false;
    }
    comparison *c = calloc(1, sizeof *c);
    if (!c) {
        report_failure("out of memory.");
        return false;
    }
    bool fine = true;
    for (; fine && c->count < count; c->count++)
        fine = read_run(&c->runs[c->count], folders[c->count]);
    fine = fine && write_all(c, title, &paths);
    for (int i = 0; i < c->count; i++) {
        tp_history_free(&c->runs[i].history);
        job_release(&c->runs[i].job);
    }
    free(c);
    return fine;
}
