/* taper report */
#include <string.h>

#include "compare.h"
#include "report.h"
#include "run_folder.h"
#include "verbs.h"

typedef struct settings {
    const char *out, *title;
    bool pdf, quiet;
} settings;

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"out", OPTION_TEXT, "FILE", "the page (report.html in the folder of a single run; else here)",
     offsetof(settings, out), 0},
    {"title", OPTION_TEXT, "TEXT", "heading of the page", offsetof(settings, title), 0},
    {"pdf", OPTION_FLAG, NULL, "print it as PDF beside the page, where Chromium is installed",
     offsetof(settings, pdf), 0},
    {"quiet", OPTION_FLAG, NULL, "print nothing but errors", offsetof(settings, quiet), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_report(FILE *stream) {
    fputs(
        "usage: taper report RUN ... [options]\n\n"
        "Several runs on one page: what differs between them, their results, and their curves. Runs\n"
        "that differ in the seed alone become one curve with a band. For a single run its report is\n"
        "written again. The page is one file that opens offline.\n\n"
        "  taper report runs/*                          compare all\n"
        "  taper report runs/a runs/b --title \"With and without dropout\" --pdf\n"
        "  taper report runs/a --pdf                    one run, as PDF too\n",
        stream);
    options_help(stream, table, OPTIONS);
}

/* "page.html" to "page.pdf" */
static const char *pdf_path(const char *page, char *buffer) {
    size_t length = strlen(page);
    bool html = length > 5 && strcmp(page + length - 5, ".html") == 0;
    snprintf(buffer, PATH_SIZE, "%.*s.pdf", (int)(html ? length - 5 : length), page);
    return buffer;
}

/* All that the report of one run needs. */
typedef struct material {
    job job;
    job_data data;
    tp_module *model;
    tp_optim *optim;
    tp_loader *train, *valid, *test;
    tp_history history;
} material;

static bool gather(material *m, const char *folder) {
    char path[PATH_SIZE];
    m->job = job_defaults();
    if (!run_read_config(&m->job, folder)) return false;
    m->model = run_load_model(&m->job, folder);
    if (!m->model || !job_open_data(&m->job, &m->data)) return false;
    m->optim = job_optim(&m->job, m->model);
    int workers = job_workers(&m->job);
    m->train = tp_loader_new(m->data.train, .batch_size = m->job.batch_size, .workers = workers);
    m->test = tp_loader_new(m->data.test, .batch_size = 250, .workers = workers);
    if (m->data.valid)
        m->valid = tp_loader_new(m->data.valid, .batch_size = 250, .workers = workers);
    return m->optim && m->train && m->test &&
           tp_history_read_csv(run_path(path, folder, "history.csv"), &m->history);
}

/* The command that repeats the run: the options that are not what they are by default. */
static const char *command_of(const job *j, char *buffer, size_t size) {
    job defaults = job_defaults();
    size_t used = (size_t)snprintf(buffer, size, "taper train");
    for (size_t i = 0; i < job_option_count && used < size; i++) {
        const option *o = &job_options[i];
        if (o->kind == OPTION_HEADING) continue;
        char first[64], second[64];
        const char *text = options_text(o, j, first, sizeof first);
        const char *usual = options_text(o, &defaults, second, sizeof second);
        if (!text || (usual && strcmp(text, usual) == 0)) continue;
        const char *quote = strpbrk(text, " '\"$&|;<>()*?") ? "'" : "";
        bool flag = o->kind == OPTION_FLAG;
        used += (size_t)snprintf(buffer + used, size - used, " --%s%s%s%s%s%s",
                                 flag && strcmp(text, "false") == 0 ? "no-" : "", o->name,
                                 flag ? "" : " ", flag ? "" : quote, flag ? "" : text,
                                 flag ? "" : quote);
    }
    return buffer;
}

static bool report_one(const char *folder, const settings *s, const char *page, const char *pdf) {
    material m = {0};
    char title[256], command[1024];
    bool fine = gather(&m, folder);
    if (fine) {
        snprintf(title, sizeof title, "%s on %s", m.job.model, m.data.name);
        fine = tp_train_report(
            page, .title = s->title ? s->title : title, .pdf = pdf, .subtitle = "Training run",
            .command = command_of(&m.job, command, sizeof command), .history = &m.history,
            .module = m.model, .optim = m.optim, .train = m.train, .valid = m.valid, .test = m.test,
            .seed = (uint64_t)m.job.seed, .has_seed = true);
    }
    tp_history_free(&m.history);
    tp_loader_free(m.train);
    tp_loader_free(m.valid);
    tp_loader_free(m.test);
    tp_optim_free(m.optim);
    tp_module_free(m.model);
    job_release(&m.job);
    return fine;
}

int cmd_report(int argc, char **argv) {
    settings s = {0};
    positional rest;
    char in_folder[PATH_SIZE], pdf[PATH_SIZE];
    if (!options_read(table, OPTIONS, "report", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count == 0) {
        fprintf(stderr, "taper report: which runs? For instance: taper report runs/*\n");
        return EXIT_USAGE;
    }
    const char *page = s.out;
    if (!page)
        page = rest.count == 1 ? run_path(in_folder, rest.text[0], "report.html") : "report.html";
    pdf_path(page, pdf);
    bool fine = rest.count == 1
                    ? report_one(rest.text[0], &s, page, s.pdf ? pdf : NULL)
                    : compare_runs(rest.text, rest.count, s.title ? s.title : "Comparison",
                                   (compare_paths){.page = page, .pdf = s.pdf ? pdf : NULL});
    if (fine && !s.quiet) printf("%s%s%s\n", page, s.pdf ? " and " : "", s.pdf ? pdf : "");
    return fine ? EXIT_FINE : EXIT_FAILED;
}
