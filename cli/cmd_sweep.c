/* taper sweep */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare.h"
#include "report.h"
#include "run_folder.h"
#include "verbs.h"

enum { MOST_VALUES = 32, MOST_OPTIONS = 32 };

/* An option of `taper train` and the values that it goes through; one value where it does not vary. */
typedef struct axis {
    const option *option;
    char *text; /* the values, each ended by 0 */
    const char *values[MOST_VALUES];
    int count;
} axis;

typedef struct sweep {
    const char *out, *title;
    int64_t jobs;
    bool resume, quiet;
    axis axes[MOST_OPTIONS];
    int axis_count;
    int runs;
    char folders[MOST_RUNS][PATH_SIZE];
    pid_t children[MOST_RUNS]; /* 0: not begun; -1: ended */
    bool failed;
} sweep;

static const option table[] = {
    {"Options of its own", OPTION_HEADING, NULL, NULL, 0, 0},
    {"out", OPTION_TEXT, "DIR",
     "folder of the sweep: a folder for each run, report.html and\nsweep.svg (runs/sweep)",
     offsetof(sweep, out), 0},
    {"jobs", OPTION_COUNT, "N",
     "runs at a time (as many as processors; each run then has one thread\nunless --threads says otherwise)",
     offsetof(sweep, jobs), 1},
    {"title", OPTION_TEXT, "TEXT", "heading of the report", offsetof(sweep, title), 0},
    {"resume", OPTION_FLAG, NULL, "leave out runs whose folder has a result already",
     offsetof(sweep, resume), 0},
    {"quiet", OPTION_FLAG, NULL, "print nothing but errors", offsetof(sweep, quiet), 0},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_sweep(FILE *stream) {
    fputs(
        "usage: taper sweep --OPTION VALUE,VALUE,... [options]\n\n"
        "Trains with every combination of some options of `taper train`, several runs at a time, and\n"
        "compares them in one report. Values are separated by commas; those of --model and --data by\n"
        "semicolons.\n\n"
        "  taper sweep --lr 0.1,0.03,0.01,0.003 --optimizer sgd\n"
        "  taper sweep --lr 0.001,0.01 --seed 1,2,3 --epochs 3          curves with bands\n"
        "  taper sweep --per-class 10,30,100,300 --data mnist           how much data it takes\n"
        "  taper sweep --model \"mlp; logistic; flatten linear:30 relu linear:10\"\n\n"
        "Every other option of `taper train` holds for all runs.\n",
        stream);
    options_help(stream, table, OPTIONS);
}

/* ---- the command line ---- */

static const option *find(const option *options, size_t count, const char *name, size_t length) {
    for (size_t i = 0; i < count; i++)
        if (options[i].kind != OPTION_HEADING && strlen(options[i].name) == length &&
            strncmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

/* Cuts the values apart. False after a sentence. */
static bool split_values(axis *a, const char *text) {
    bool layers = strcmp(a->option->name, "model") == 0 || strcmp(a->option->name, "data") == 0;
    char separator = layers ? ';' : ',';
    a->text = strdup(text);
    for (char *at = a->text; at;) {
        char *end = strchr(at, separator);
        if (end) *end++ = 0;
        at += strspn(at, " ");
        for (size_t n = strlen(at); n && at[n - 1] == ' ';) at[--n] = 0;
        if (a->count == MOST_VALUES || !*at) {
            fprintf(stderr, "taper sweep: --%s: %s.\n", a->option->name,
                    *at ? "too many values" : "a value is missing");
            return false;
        }
        a->values[a->count++] = at;
        at = end;
    }
    return a->text != NULL;
}

/* One argument that is an option of `taper train`. */
static bool read_axis(sweep *s, int argc, char **argv, int *i) {
    const char *name = argv[*i] + 2;
    size_t length = strcspn(name, "=");
    bool no = strncmp(name, "no-", 3) == 0;
    const option *o =
        find(job_options, job_option_count, no ? name + 3 : name, no ? length - 3 : length);
    /* the sentence for a wrong name, with the nearest right one */
    job unused = job_defaults();
    if (!o || (no && o->kind != OPTION_FLAG)) {
        positional rest;
        options_read(job_options, job_option_count, "sweep", 1, &argv[*i], &unused, &rest);
        return false;
    }
    if (s->axis_count == MOST_OPTIONS) return report_failure("too many options."), false;
    axis *a = &s->axes[s->axis_count++];
    a->option = o;
    if (o->kind == OPTION_FLAG) return split_values(a, no ? "false" : "true");
    if (!name[length] && *i + 1 >= argc) {
        fprintf(stderr, "taper sweep: --%s needs a value.\n", o->name);
        return false;
    }
    if (!split_values(a, name[length] ? name + length + 1 : argv[++*i])) return false;
    for (int k = 0; k < a->count; k++)
        if (!options_set(job_options, job_option_count, "sweep", o->name, a->values[k], &unused))
            return false;
    return true;
}

static bool read_arguments(sweep *s, int argc, char **argv) {
    positional rest;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0 || !argv[i][2]) {
            fprintf(stderr, "taper sweep: what is \"%s\"? Options begin with two dashes.\n",
                    argv[i]);
            return false;
        }
        const option *own = find(table, OPTIONS, argv[i] + 2, strcspn(argv[i] + 2, "="));
        if (!own) {
            if (!read_axis(s, argc, argv, &i)) return false;
            continue;
        }
        bool two = own->kind != OPTION_FLAG && !strchr(argv[i], '=') && i + 1 < argc;
        if (!options_read(table, OPTIONS, "sweep", two ? 2 : 1, &argv[i], s, &rest)) return false;
        i += two;
    }
    s->runs = 1;
    for (int k = 0; k < s->axis_count && s->runs <= MOST_RUNS; k++) s->runs *= s->axes[k].count;
    if (s->runs < 2 || s->runs > MOST_RUNS) {
        fprintf(stderr,
                s->runs < 2 ? "taper sweep: give an option several values: --lr 0.1,0.01,0.001\n"
                            : "taper sweep: more than %d runs; give fewer values.\n",
                (int)MOST_RUNS);
        return false;
    }
    return true;
}

/* ---- runs ---- */

/* The value that an option has in a run: the last option varies fastest. */
static const char *value_of(const sweep *s, int run, int k) {
    for (int later = s->axis_count - 1; later > k; later--) run /= s->axes[later].count;
    return s->axes[k].values[run % s->axes[k].count];
}

/* "lr=0.1_seed=2", with what cannot stand in a file's name left out. */
static void name_folder(sweep *s, int run) {
    char *path = s->folders[run];
    size_t used = (size_t)snprintf(path, PATH_SIZE, "%s/", s->out), start = used;
    for (int k = 0; k < s->axis_count; k++) {
        if (s->axes[k].count < 2 || used >= PATH_SIZE - 1) continue;
        used += (size_t)snprintf(path + used, PATH_SIZE - used, "%s%s=%s", used > start ? "_" : "",
                                 s->axes[k].option->name, value_of(s, run, k));
    }
    for (char *p = path + start; *p; p++)
        if (strchr("/ :;'\"\\*?<>|", *p)) *p = '-';
    if (strlen(path + start) > 150) snprintf(path + start, 16, "run-%d", run + 1);
}

/* What the folder is called without that of the sweep. */
static const char *short_name(const sweep *s, int run) {
    return s->folders[run] + strlen(s->out) + 1;
}

/* In the child: becomes `taper train` with the run's options, its output in the folder's log. */
static void run_child(const sweep *s, int run) {
    char arguments[MOST_OPTIONS][PATH_SIZE], log[PATH_SIZE], *argv[2 * MOST_OPTIONS + 4];
    char out[] = "--out", threads[] = "--threads", one[] = "1";
    int argc = 0;
    bool has_threads = false;
    for (int k = 0; k < s->axis_count; k++) {
        const option *o = s->axes[k].option;
        const char *value = value_of(s, run, k);
        bool flag = o->kind == OPTION_FLAG;
        has_threads = has_threads || strcmp(o->name, "threads") == 0;
        snprintf(arguments[k], PATH_SIZE, "--%s%s%s%s",
                 flag && strcmp(value, "false") == 0 ? "no-" : "", o->name, flag ? "" : "=",
                 flag ? "" : value);
        argv[argc++] = arguments[k];
    }
    argv[argc++] = out;
    argv[argc++] = (char *)s->folders[run];
    if (!has_threads) argv[argc++] = threads, argv[argc++] = one;
    int stream =
        open(run_path(log, s->folders[run], "log.txt"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (stream >= 0) dup2(stream, STDOUT_FILENO), dup2(stream, STDERR_FILENO);
    int status = cmd_train(argc, argv);
    tp_shutdown();
    fflush(NULL);
    _exit(status);
}

static bool has_result(const char *folder) {
    char path[PATH_SIZE];
    struct stat info;
    return stat(run_path(path, folder, "result.json"), &info) == 0;
}

/* False after a sentence. */
static bool begin_run(sweep *s, int run) {
    if (!run_make_folder(s->folders[run])) return false;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) run_child(s, run);
    if (child < 0) report_failure("cannot start a run: %s.", strerror(errno));
    s->children[run] = child;
    return child > 0;
}

/* Says how a run has come out. */
static void end_run(sweep *s, int run, int status, int done) {
    char path[PATH_SIZE], line[4096] = "";
    s->children[run] = -1;
    bool fine = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FINE;
    if (!fine) {
        s->failed = true;
        report_failure("the run %s has failed; see %s/log.txt.", short_name(s, run),
                       s->folders[run]);
        return;
    }
    FILE *stream = fopen(run_path(path, s->folders[run], "result.json"), "r");
    if (stream) {
        if (!fgets(line, sizeof line, stream)) line[0] = 0;
        fclose(stream);
    }
    const char *accuracy = strstr(line, "\"test_accuracy\": ");
    if (!s->quiet && accuracy)
        printf("%*d/%d  %s: test accuracy %.2f %%\n", s->runs > 9 ? 2 : 1, done, s->runs,
               short_name(s, run), 100 * strtod(accuracy + 17, NULL));
}

static volatile sig_atomic_t interrupted;
static void on_interrupt(int signal) {
    (void)signal;
    interrupted = 1;
}

static int running(const sweep *s) {
    int count = 0;
    for (int i = 0; i < s->runs; i++) count += s->children[i] > 0;
    return count;
}

/* Starts runs as processors become free, and waits for all. Ctrl-C reaches the runs as well: they end after their step. */
static void run_all(sweep *s) {
    struct sigaction action = {.sa_handler = on_interrupt}, before;
    sigaction(SIGINT, &action, &before);
    int next = 0, done = 0;
    while (next < s->runs || running(s)) {
        bool more = next < s->runs && !interrupted;
        if (!more && !running(s)) break;
        if (more && s->resume && has_result(s->folders[next])) {
            s->children[next++] = -1;
            done++;
        } else if (more && running(s) < s->jobs) {
            if (!begin_run(s, next)) s->failed = true, s->children[next] = -1;
            next++;
        } else {
            int status = 0;
            pid_t child = wait(&status);
            for (int i = 0; i < s->runs && child > 0; i++)
                if (s->children[i] == child) end_run(s, i, status, ++done);
        }
    }
    sigaction(SIGINT, &before, NULL);
}

static bool write_report(const sweep *s) {
    const char *folders[MOST_RUNS];
    char path[PATH_SIZE], picture[PATH_SIZE];
    int count = 0;
    for (int i = 0; i < s->runs; i++)
        if (has_result(s->folders[i])) folders[count++] = s->folders[i];
    if (!count) return false;
    run_path(path, s->out, "report.html");
    bool fine = compare_runs(
        folders, count, s->title ? s->title : "Sweep",
        (compare_paths){.page = path, .picture = run_path(picture, s->out, "sweep.svg")});
    if (fine && !s->quiet) printf("report in %s\n", path);
    return fine;
}

int cmd_sweep(int argc, char **argv) {
    sweep *s = calloc(1, sizeof *s);
    if (!s) return report_failure("out of memory.");
    s->out = "runs/sweep";
    int status = EXIT_USAGE;
    if (read_arguments(s, argc, argv)) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        if (s->jobs < 1) s->jobs = processors > 0 ? processors : 1;
        for (int i = 0; i < s->runs; i++) name_folder(s, i);
        status = EXIT_FAILED;
        if (run_make_folder(s->out)) {
            if (!s->quiet)
                printf("%d runs, %lld at a time\n", s->runs,
                       (long long)(s->jobs < s->runs ? s->jobs : s->runs));
            run_all(s);
            if (write_report(s) && !s->failed) status = EXIT_FINE;
            if (interrupted) status = EXIT_INTERRUPTED;
        }
    }
    for (int k = 0; k < s->axis_count; k++) free(s->axes[k].text);
    free(s);
    return status;
}
