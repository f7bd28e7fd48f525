/* Learning curves as PNG, by running gnuplot: it gets a script on its standard input. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "plot/curves.h"

extern char **environ;

bool tp_plot_has_gnuplot(void) {
    const char *path = getenv("PATH");
    while (path && *path) {
        char name[1024];
        size_t length = strcspn(path, ":");
        snprintf(name, sizeof name, "%.*s/gnuplot", (int)length, path);
        if (access(name, X_OK) == 0) return true;
        path += length + (path[length] == ':');
    }
    return false;
}

/* In single quotes gnuplot takes everything as it is, and two quotes for one. Enhanced text is off. */
static void write_quoted(FILE *out, const char *text) {
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'') fputc('\'', out);
        if ((unsigned char)*text >= 0x20) fputc(*text, out);
    }
    fputc('\'', out);
}

/* The numbers of a panel as a data block: epoch, training, validation, best. */
static void write_block(FILE *out, const tp_panel *panel, int number, const tp_history *h) {
    fprintf(out, "$panel%d << EOD\n", number);
    for (size_t i = 0; i < h->count; i++) {
        const tp_epoch *e = &h->epochs[i];
        bool has_valid = isfinite(e->valid_loss);
        double values[3] = {panel->value(e, false), panel->value(e, true), NAN};
        if (e->epoch == h->best_epoch) values[2] = values[has_valid];
        fprintf(out, "%lld", (long long)e->epoch);
        for (int v = 0; v < 3; v++)
            if (isfinite(values[v]))
                fprintf(out, " %.9g", values[v]);
            else
                fputs(" NaN", out);
        fputc('\n', out);
    }
    fputs("EOD\n", out);
}

static void write_panel(FILE *out, const tp_panel *panel, int number, const tp_history *h) {
    double low, high;
    tp_panel_range(panel, h, &low, &high);
    double room = high > low ? 0.06 * (high - low) : fmax(fabs(high) * 0.1, 1e-3);
    low = fmax(0, low - room), high += room;
    if (panel == &tp_panels[1]) high = fmin(high, 100);
    fprintf(out, "set title '%s' font ',15'\nset ylabel '%s'\nset yrange [%.9g:%.9g]\n",
            panel->title, panel->axis, low, high);
    if (h->best_epoch > 0)
        fprintf(out,
                "set arrow 1 from %lld, graph 0 to %lld, graph 1 nohead dt 2 lc rgb '#777777'\n",
                (long long)h->best_epoch, (long long)h->best_epoch);
    const char *style = h->count <= 30 ? "linespoints pt 7 ps 0.9" : "lines";
    fprintf(out, "plot $panel%d using 1:2 with %s lw 2 lc rgb '" TP_PLOT_TRAIN "' title 'training'",
            number, style);
    if (tp_panel_has(panel, h, true))
        fprintf(out, ", '' using 1:3 with %s lw 2 lc rgb '" TP_PLOT_VALID "' title 'validation'",
                style);
    if (h->best_epoch > 0)
        fprintf(
            out,
            ", '' using 1:4 with points pt 6 ps 2.2 lw 1.5 lc rgb '#333333' title 'best epoch: %lld'",
            (long long)h->best_epoch);
    fputc('\n', out);
}

static void write_script(FILE *out, const tp_plot_history_args *args, const char *path) {
    const tp_history *h = args->history;
    bool both = tp_panel_has(&tp_panels[1], h, false) || tp_panel_has(&tp_panels[1], h, true);
    fputs("set terminal pngcairo noenhanced size 1200,560 font 'sans,12'\nset output ", out);
    write_quoted(out, path);
    fputc('\n', out);
    for (int i = 0; i <= (int)both; i++) write_block(out, &tp_panels[i], i, h);
    fprintf(out, "\nset multiplot layout 1,%d title ", 1 + (int)both);
    char title[512];
    snprintf(title, sizeof title, "%s%s%s", args->title, args->subtitle ? ": " : "",
             args->subtitle ? args->subtitle : "");
    write_quoted(out, title);
    fputs(" font ',17'\nset border 3\nset tics nomirror\nset grid ytics lc rgb '#e4e4e4' lt 1\n"
          "set key top center horizontal outside samplen 2 maxrows 1\nset xlabel 'epoch'\n",
          out);
    double first = (double)h->epochs[0].epoch, last = (double)h->epochs[h->count - 1].epoch;
    double side = first == last ? 1 : 0;
    fprintf(out, "set xrange [%g:%g]\n", first - side, last + side);
    /* whole epochs only, about eight of them */
    double step = fmax(1, ceil((last - first + 1) / 8));
    fprintf(out, "set xtics %g\n", step);
    for (int i = 0; i <= (int)both; i++) write_panel(out, &tp_panels[i], i, h);
    fputs("unset multiplot\nunset output\n", out);
}

/* Starts gnuplot with its standard input on a pipe, everything it says thrown away. Its process, or -1. */
static pid_t start(int *input) {
    int ends[2];
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    char name[] = "gnuplot", *argv[] = {name, NULL};
    pid_t process = -1;
    int error = posix_spawnp(&process, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    if (error) {
        close(ends[1]);
        return -1;
    }
    *input = ends[1];
    return process;
}

/* Runs gnuplot on the script. A gnuplot that ends early must not end us too: SIGPIPE is ignored meanwhile. */
static bool run(const tp_plot_history_args *args, const char *path) {
    int input = -1, status = -1;
    pid_t process = start(&input);
    if (process < 0) return false;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before);
    FILE *out = fdopen(input, "w");
    if (out) {
        write_script(out, args, path);
        fclose(out);
    } else {
        close(input);
    }
    sigaction(SIGPIPE, &before, NULL);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {}
    return out && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool tp_plot_gnuplot(tp_location at, const tp_plot_history_args *args) {
    if (!tp_plot_has_gnuplot()) {
        tp_fail(at, "plot_history", TP_ERROR_UNSUPPORTED, "no gnuplot", NULL,
                "install gnuplot, or draw into an .svg file");
        return false;
    }
    char temporary[1024];
    snprintf(temporary, sizeof temporary, "%s.tmp", args->path);
    if (run(args, temporary) && rename(temporary, args->path) == 0) return true;
    unlink(temporary);
    tp_fail(at, "plot_history", TP_ERROR_FILE, tp_text("%s: gnuplot did not draw it", args->path),
            NULL, "is the folder writable, and can gnuplot draw with pngcairo?");
    return false;
}
