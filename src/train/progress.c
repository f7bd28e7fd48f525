#include "train/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "train/clock.h"
#include "train/run.h"

#define UPDATE_SECONDS 0.1  /* between two states of the bar */
#define LINE_SECONDS   10.0 /* between two lines within an epoch */

enum { LINE_BYTES = 512, NARROWEST_BAR = 8, WIDEST_BAR = 30 };

/* A line as it grows; what does not fit is cut. */
typedef struct line {
    char text[LINE_BYTES];
    size_t used;
} line;

static void put(line *l, const char *format, ...) TP_PRINTF(2, 3);
static void put(line *l, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int n = vsnprintf(l->text + l->used, sizeof l->text - l->used, format, list);
    va_end(list);
    if (n > 0) l->used += (size_t)n;
    if (l->used >= sizeof l->text) l->used = sizeof l->text - 1;
}

static void send(const tp_show *show, const line *l) { show->sink(l->text, l->used, show->user); }

static void to_stderr(const char *text, size_t length, void *user) {
    (void)user;
    fwrite(text, 1, length, stderr);
    fflush(stderr);
}

/* ---- setting up ---- */

static bool on_terminal(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

void tp_show_begin(tp_show *show, const tp_fit_args *args) {
    const char *no_colour = getenv("NO_COLOR");
    *show = (tp_show){.kind = args->progress,
                      .sink = args->sink ? args->sink : to_stderr,
                      .user = args->sink ? args->sink_user : NULL,
                      .started = tp_clock()};
    if (show->kind == TP_PROGRESS_AUTO)
        show->kind = on_terminal() ? TP_PROGRESS_BAR : TP_PROGRESS_LINES;
    show->colour = show->kind == TP_PROGRESS_BAR && !(no_colour && no_colour[0]) && on_terminal();
}

/* Characters in a line of the terminal. */
static int width_of_terminal(void) {
#ifdef TIOCGWINSZ
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
#endif
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return width > 0 && width < 10000 ? (int)width : 80;
}

void tp_show_epoch(tp_show *show, const tp_run *run) {
    if (show->kind == TP_PROGRESS_NONE) return;
    show->epoch_started = run->started;
    show->epoch_first = run->samples;
    show->next = run->started + (show->kind == TP_PROGRESS_BAR ? UPDATE_SECONDS : LINE_SECONDS);
}

/* ---- within an epoch ---- */

static void put_duration(line *l, double seconds) {
    long long s = (long long)(seconds + 0.5);
    if (s >= 3600)
        put(l, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        put(l, "%lld:%02lld", s / 60, s % 60);
}

/* Seconds to the end of the last epoch at the pace so far; early stopping may come before. */
static double seconds_left(const tp_show *show, const tp_run *run, double now) {
    int64_t done = run->history.steps - show->first_step;
    int64_t all = run->args.epochs * run->batches;
    int64_t taken = run->epoch * run->batches + run->batch;
    if (run->args.max_steps > 0 && run->args.max_steps < all) all = run->args.max_steps;
    return done > 0 ? (now - show->started) / (double)done * (double)(all - taken) : 0;
}

static int digits_of(int64_t n) {
    int digits = 1;
    for (; n > 9; n /= 10) digits++;
    return digits;
}

static void put_epoch(line *l, const tp_run *run, int64_t epoch) {
    put(l, "epoch %*lld/%lld", digits_of(run->args.epochs), (long long)epoch,
        (long long)run->args.epochs);
}

static void put_bar(line *l, const tp_show *show, int width, double share) {
    int full = (int)(share * width + 0.5);
    put(l, show->colour ? " \033[36m[" : " [");
    for (int i = 0; i < width; i++) put(l, i < full ? "=" : i == full ? ">" : ".");
    put(l, show->colour ? "]\033[0m" : "]");
}

/* "loss 0.1234  acc 96.31 %" over the epoch so far */
static void put_running(line *l, const tp_run *run) {
    double accuracy = tp_score_accuracy(&run->score);
    put(l, "  loss %.4f", run->samples ? run->loss_sum / (double)run->samples : NAN);
    if (!isnan(accuracy)) put(l, "  acc %.2f %%", 100 * accuracy);
}

void tp_show_step(tp_show *show, const tp_run *run, double now) {
    if (show->kind == TP_PROGRESS_NONE || now < show->next) return;
    bool bar = show->kind == TP_PROGRESS_BAR;
    show->next = now + (bar ? UPDATE_SECONDS : LINE_SECONDS);
    double share = run->batches ? (double)run->batch / (double)run->batches : 1;
    double seconds = now - show->epoch_started;
    double rate = seconds > 0 ? (double)(run->samples - show->epoch_first) / seconds : 0;

    line head = {.used = 0}, numbers = {.used = 0}, pace = {.used = 0}, all = {.used = 0};
    put_epoch(&head, run, run->epoch + 1);
    put_running(&numbers, run);
    put(&pace, "  %.0f/s  ", rate);
    put_duration(&pace, seconds_left(show, run, now));
    put(&pace, " left");
    /* The bar takes what is free, then the pace makes room, then the bar. */
    int free_columns = width_of_terminal() - 1 - (int)(head.used + numbers.used) - 3 - 5;
    bool with_pace = !bar || free_columns - (int)pace.used >= NARROWEST_BAR;
    if (with_pace) free_columns -= (int)pace.used;
    int width = free_columns > WIDEST_BAR ? WIDEST_BAR : free_columns;
    put(&all, "%s%s", bar ? "\r" : "", head.text);
    if (bar && width >= NARROWEST_BAR) put_bar(&all, show, width, share);
    put(&all, " %3.0f%%%s%s%s", 100 * share, numbers.text, with_pace ? pace.text : "",
        bar ? "\033[K" : "\n");
    show->open = bar;
    send(show, &all);
}

/* ---- between epochs ---- */

/* Takes a bar off the line. */
static void put_start(tp_show *show, line *l) {
    if (show->open) put(l, "\r\033[K");
    show->open = false;
}

void tp_show_epoch_end(tp_show *show, const tp_run *run, const tp_epoch *epoch) {
    if (show->kind == TP_PROGRESS_NONE) return;
    line l = {.used = 0};
    put_start(show, &l);
    /* short enough for 80 columns: behind "valid" stand its loss and accuracy, as before it */
    put_epoch(&l, run, epoch->epoch);
    put(&l, "  loss %.4f", epoch->train_loss);
    if (!isnan(epoch->train_accuracy)) put(&l, "  acc %.2f %%", 100 * epoch->train_accuracy);
    if (!isnan(epoch->valid_loss)) put(&l, "  valid %.4f", epoch->valid_loss);
    if (!isnan(epoch->valid_accuracy)) put(&l, "  %.2f %%", 100 * epoch->valid_accuracy);
    if (run->args.schedule) put(&l, "  lr %.3g", epoch->lr);
    put(&l, "  %.1f s%s\n", epoch->seconds,
        !epoch->best   ? ""
        : show->colour ? "  \033[32mbest\033[0m"
                       : "  best");
    send(show, &l);
}

/* Text in lines of at most 78 characters, each behind six spaces. */
static void send_wrapped(const tp_show *show, const char *text) {
    enum { COLUMNS = 72 };
    while (*text) {
        size_t length = strlen(text), cut = length;
        if (length > COLUMNS)
            for (cut = COLUMNS; cut > 0 && text[cut] != ' ';) cut--;
        if (!cut) cut = length > COLUMNS ? COLUMNS : length;
        line l = {.used = 0};
        put(&l, "      %.*s\n", (int)cut, text);
        send(show, &l);
        for (text += cut; *text == ' ';) text++;
    }
}

void tp_show_hint(tp_show *show, const tp_hint *hint) {
    if (show->kind == TP_PROGRESS_NONE) return;
    line l = {.used = 0};
    put_start(show, &l);
    put(&l, "%shint: %s%s (step %lld)\n", show->colour ? "\033[33m" : "", hint->title,
        show->colour ? "\033[0m" : "", (long long)hint->step);
    send(show, &l);
    send_wrapped(show, hint->reason);
    send_wrapped(show, hint->fix);
}

void tp_show_note(tp_show *show, const char *note) {
    if (show->kind == TP_PROGRESS_NONE || !note) return;
    line l = {.used = 0};
    put_start(show, &l);
    put(&l, "%s\n", note);
    send(show, &l);
}

static void put_interrupted(line *l, const tp_run *run) {
    put(l, "Interrupted after step %lld, in epoch %lld.", (long long)run->history.steps,
        (long long)run->epoch + (run->batch > 0));
    if (run->args.checkpoint && run->args.resume_hint)
        put(l, " All of it is in %s; to go on: %s\n", run->args.checkpoint, run->args.resume_hint);
    else if (run->args.checkpoint)
        put(l, " All of it is in %s; to go on, run the same again with .resume = true\n",
            run->args.checkpoint);
    else
        put(l, " There is no checkpoint to go on from: none was asked for.\n");
}

void tp_show_end(tp_show *show, const tp_run *run) {
    if (show->kind == TP_PROGRESS_NONE) return;
    const tp_fit_args *args = &run->args;
    line l = {.used = 0};
    put_start(show, &l);
    switch (run->history.stop) {
    case TP_STOP_INTERRUPTED: put_interrupted(&l, run); break;
    case TP_STOP_PATIENCE:
        put(&l,
            "Stopped early: the %s loss did not fall by %g for %lld epoch%s; lowest in epoch %lld.\n",
            args->valid ? "validation" : "training", args->min_delta, (long long)run->waiting,
            run->waiting == 1 ? "" : "s", (long long)run->history.best_epoch);
        break;
    default: break;
    }
    if (args->restore_best && run->best && run->history.stop != TP_STOP_ERROR &&
        run->history.best_epoch)
        put(&l, "The weights are those of epoch %lld.\n", (long long)run->history.best_epoch);
    if (l.used) send(show, &l);
}
