/* taper data: the verb, and its shorter actions. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data_actions.h"
#include "report.h"
#include "run_folder.h"
#include "verbs.h"
#include "words.h"

static const option table[] = {
    {"Options", OPTION_HEADING, NULL, NULL, 0, 0},
    {"split", OPTION_TEXT, "NAME", "train, valid or test (train)", offsetof(data_settings, split),
     0},
    {"count", OPTION_COUNT, "N", "how many pictures to show (6)", offsetof(data_settings, count),
     1},
    {"from", OPTION_COUNT, "N", "the first one, counted from 0 (0)", offsetof(data_settings, from),
     0},
    {"sheet", OPTION_TEXT, "FILE",
     "show: draw a contact sheet with a row for each class instead,\na .png or .svg file",
     offsetof(data_settings, sheet), 0},
    {"per-class", OPTION_COUNT, "N", "pictures of each class on the sheet (8)",
     offsetof(data_settings, per_class), 1},
    {"image-size", OPTION_COUNT, "N",
     "make pictures of folders and lists N x N\n(as they are; 64 where their sizes differ)",
     offsetof(data_settings, job.image_size), 1},
};
enum { OPTIONS = sizeof table / sizeof table[0] };

void help_data(FILE *stream) {
    fputs(
        "usage: taper data list\n"
        "       taper data fetch NAME\n"
        "       taper data show NAME|DIR [options]\n"
        "       taper data stats NAME|DIR [options]\n"
        "       taper data check NAME|DIR [options]\n\n"
        "Lists the data sets, downloads one, shows pictures on the terminal or on a contact sheet,\n"
        "counts classes and measures the pixels, or looks for pictures that cannot be read, occur\n"
        "twice, or stand both in the part to train on and in another. DIR is a folder with IDX\n"
        "files, with CIFAR's files, with a folder for each class (or train, val and test with such\n"
        "folders), or with a CSV list of pictures; also that list itself, or an .npz file.\n\n"
        "  taper data show digits --count 10\n"
        "  taper data show mnist --split test --from 100\n"
        "  taper data show ~/dogs --sheet dogs.png\n"
        "  taper data stats ~/mnist\n"
        "  taper data check ~/dogs\n",
        stream);
    options_help(stream, table, OPTIONS);
}

/* ---- list, fetch ---- */

/* Whether the files are at hand; nothing is downloaded. */
static bool at_hand(const char *name) {
    tp_dataset *set = NULL;
    tp_set_error_handler(data_ignore_error, NULL);
    if (strcmp(name, "mnist") == 0) set = tp_mnist("test", .no_download = true);
    if (strcmp(name, "fashion") == 0) set = tp_fashion_mnist("test", .no_download = true);
    if (strcmp(name, "kmnist") == 0) set = tp_kmnist("test", .no_download = true);
    if (strcmp(name, "cifar10") == 0) set = tp_cifar10("test", .no_download = true);
    if (strcmp(name, "cifar100") == 0) set = tp_cifar100("test", .no_download = true);
    bool found = set != NULL;
    tp_dataset_free(set);
    tp_clear_error();
    report_errors();
    return found;
}

static int list(void) {
    const char *data = getenv("TAPER_DATA");
    for (int i = 0; i < job_known_count; i++) {
        const job_known *k = &job_known_data[i];
        bool here = strcmp(k->name, "digits") == 0 || at_hand(k->name);
        printf("  %-9s %-6s  %s\n", k->name, here ? "here" : "-", k->line);
    }
    printf(
        "  DIR               a folder with IDX files, CIFAR's files, a folder for each class, or a\n"
        "                    CSV list of pictures; also a .csv or .npz file itself\n\n"
        "Those that are not here are looked for in folders of their names below $TAPER_DATA%s%s%s and\n"
        "in the cache, and downloaded there when they are first used, or by `taper data fetch NAME`.\n",
        data ? " (" : "", data ? data : "", data ? ")" : "");
    return EXIT_FINE;
}

/* One line that is written over and over. */
static void show_progress(const char *file, int64_t done, int64_t total, void *user) {
    bool *shown = user;
    const char *slash = strrchr(file, '/');
    if (!isatty(STDERR_FILENO)) return;
    fprintf(stderr, "\r%-32.32s %7.1f MB", slash ? slash + 1 : file, (double)done / 1e6);
    if (total > 0)
        fprintf(stderr, " of %.1f MB, %3.0f %%", (double)total / 1e6,
                100.0 * (double)done / (double)total);
    fputs("   ", stderr);
    *shown = true;
}

static tp_dataset *fetch_split(const char *name, const char *split, bool *shown) {
    tp_mnist_args args = {.split = split, .progress = show_progress, .user = shown};
    if (strcmp(name, "mnist") == 0) return tp_mnist_at(TP_HERE, args);
    if (strcmp(name, "fashion") == 0) return tp_fashion_mnist_at(TP_HERE, args);
    if (strcmp(name, "kmnist") == 0) return tp_kmnist_at(TP_HERE, args);
    if (strcmp(name, "cifar10") == 0) return tp_cifar10_at(TP_HERE, args);
    if (strcmp(name, "cifar100") == 0) return tp_cifar100_at(TP_HERE, args);
    return tp_digits(split);
}

static bool fetch(const char *name) {
    static const char *const splits[] = {"train", "test"};
    if (!job_check_known("data fetch", "data set", name)) return false;
    for (int i = 0; i < 2; i++) {
        bool shown = false;
        tp_dataset *set = fetch_split(name, splits[i], &shown);
        if (shown) fputc('\n', stderr);
        if (!set) return false;
        printf("%s: %lld pictures\n", tp_dataset_name(set), (long long)tp_dataset_size(set));
        tp_dataset_free(set);
    }
    return true;
}

/* ---- the verb ---- */

enum { LIST, FETCH, SHOW, STATS, CHECK, ACTIONS };

static bool act(data_settings *s, int action) {
    if (action == FETCH) return fetch(s->job.data);
    if (!job_check_data("data", s->job.data)) return false;
    if (action == CHECK) return data_check(s);
    job_settle_size(&s->job);
    tp_dataset *dataset = job_open_split(&s->job, s->split);
    if (!dataset) return false;
    tp_dataset_keep(dataset); /* beyond loaders */
    bool fine;
    if (action == STATS)
        fine = data_stats(s, dataset);
    else
        fine = s->sheet ? data_sheet(s, dataset) : data_show(s, dataset);
    tp_dataset_free(dataset);
    return fine;
}

int cmd_data(int argc, char **argv) {
    static const char *const actions[ACTIONS] = {"list", "fetch", "show", "stats", "check"};
    data_settings s = {.job = job_defaults(), .split = "train", .count = 6, .per_class = 8};
    positional rest;
    if (!options_read(table, OPTIONS, "data", argc, argv, &s, &rest)) return EXIT_USAGE;
    if (rest.count == 0) return list();
    if (!word_known("data", "action", rest.text[0], actions, ACTIONS)) return EXIT_USAGE;
    int action = word_index(rest.text[0], actions, ACTIONS);
    if (action == LIST) return list();
    if (rest.count != 2) {
        fprintf(stderr, "taper data %s: which data set? For instance: taper data %s digits\n",
                rest.text[0], rest.text[0]);
        return EXIT_USAGE;
    }
    s.job.data = rest.text[1];
    if (!job_check_split("data", s.split)) return EXIT_USAGE;
    return act(&s, action) ? EXIT_FINE : EXIT_FAILED;
}
